import type { Category } from '../../../shared/vocabulary.ts';

export const BEHAVIOURS = [
  'horizontal-scan',
  'vertical-scan',
  'peer-to-peer',
  'peers-on-port',
  'coin-nodes',
  'mail-server',
  'ftp-data',
  'call-media',
  'same-socket',
  'dns-tunnel',
  'single-server-tunnel',
  'paced-stream',
  'paced-call',
  'pool-polling',
] as const;
export type Behaviour = (typeof BEHAVIOURS)[number];

/** What a behaviour says of a flow: never a service, and with little confidence. */
export interface BehaviourMark {
  readonly behaviour: Behaviour;
  readonly category: Category;
  /** Percent; judgement, at most 45. */
  readonly confidence: number;
  /** The behaviour with its figures and the published method, in one line. */
  readonly detail: string;
}

/** A figure of a sample, and of the whole, as people read it. */
export function told(count: number): string {
  return Math.round(count).toLocaleString('en-GB');
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 10e6 ? 1 : 0)} MB`;
}

/** Microseconds as minutes or hours. */
export function span(us: number): string {
  const minutes = us / 60e6;
  if (minutes < 2) return `${(us / 1e6).toFixed(0)} s`;
  return minutes < 120 ? `${minutes.toFixed(0)} min` : `${(minutes / 60).toFixed(1)} h`;
}
