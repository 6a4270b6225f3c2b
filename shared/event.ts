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

/** A file of events with what is in it. */
export interface EventList {
  readonly file: EventFile;
  /** In order of time. */
  readonly events: readonly CaseEvent[];
}

/** A change of the list of events that were entered by hand: both stand for one event restated. */
export interface EventChange {
  readonly remove: CaseEvent | null;
  readonly add: CaseEvent | null;
}

/** The name of the list of events that were entered by hand. No file that is added can have it: names hold no slash. */
export const ENTERED_EVENTS = 'Enclave/entered by hand';

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
