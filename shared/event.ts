import type { Problem } from './problem.ts';
import type { Profile } from './profile.ts';

/** Dated events that activity is compared with: the profile's own, and those of files that the examiner added. */

export interface CaseEvent {
  /** Microseconds since the epoch, UTC. */
  readonly time: number;
  readonly label: string;
  /** What sort of event; analyses compare events of one kind (`missile-launch`). */
  readonly kind: string;
  readonly source: string;
  /** The event happened within this many minutes of `time`. */
  readonly uncertaintyMinutes: number;
}

/** A file of events in a case. */
export interface EventFile {
  /** First 16 hex digits of `sha256`. */
  readonly id: string;
  readonly name: string;
  readonly sha256: string;
  readonly bytes: number;
  /** ISO 8601, UTC. */
  readonly addedAt: string;
  readonly events: number;
  /** Lines that were not understood. */
  readonly notUsed: readonly Problem[];
}

/** The events of a profile, in its order. */
export function profileEvents(profile: Profile): CaseEvent[] {
  return profile.events.map(({ time, label, kind, source, uncertaintyMinutes = 0 }) => ({
    time: Date.parse(time) * 1000,
    label,
    kind,
    source,
    uncertaintyMinutes,
  }));
}
