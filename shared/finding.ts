/** A finding: one statement about the network with its numbers, method, interval, coverage and caveats. */

export const METRICS = ['flows', 'bytes', 'packets', 'host-hours'] as const;
export type Metric = (typeof METRICS)[number];

export type Verdict = 'supported' | 'not-supported' | 'insufficient-data';

export interface Caveat {
  id: string;
  text: string;
}

export interface Coverage {
  /** ISO 8601, UTC; null when the case holds no flow. */
  from: string | null;
  to: string | null;
  /** Share (0..1) of the clock hours between `from` and `to` in which the evidence shows any packet. */
  observedFraction: number;
  /** Sampling rates met, 1 = unsampled, N = 1:N. */
  sampling: number[];
}

/** What every finding carries, whatever its kind. Shares are 0..1, intervals at `level`. */
export interface FindingBase {
  /** Stable across runs on the same data: a hash of kind, subject and parameters. */
  id: string;
  title: string;
  /** One sentence with direction and unit. */
  statement: string;
  verdict: Verdict;
  value: number | null;
  interval: [number, number] | null;
  level: 0.95;
  unit: string;
  pValue: number | null;
  adjustedPValue: number | null;
  method: { name: string; source: string };
  parameters: Record<string, unknown>;
  /** Which flows count, in words ("activity: flows opened from inside the ranges…"). */
  population: string;
  metric: Metric | null;
  /** Filter expression that selects the flows behind it. */
  where: string;
  numerator: number | null;
  denominator: number | null;
  /** True when sampled counts were multiplied by their rate. */
  scaled: boolean;
  caveats: Caveat[];
  coverage: Coverage;
}

export interface ActivityShareFinding extends FindingBase {
  kind: 'activity-share';
  group: string;
  members: string[];
  metric: Metric;
}

export interface ServiceRankingFinding extends FindingBase {
  kind: 'service-ranking';
  category: string | null;
  country: string | null;
  ranking: { service: string; value: number; interval: [number, number] | null; daysActive: number }[];
}

export interface DailyRhythmFinding extends FindingBase {
  kind: 'daily-rhythm';
  timeZone: string;
  /** 24 shares that sum to 1, corrected for coverage; index = local hour. Empty when there is no data. */
  profile: number[];
  activeFrom: number | null;
  /** Exclusive. */
  activeTo: number | null;
  /** Mean activity per observed weekday over mean per observed weekend day; null without both. */
  weekdayVsWeekend: number | null;
}

export interface WeeklyRhythmFinding extends FindingBase {
  kind: 'weekly-rhythm';
  timeZone: string;
  ranking: { weekday: number; value: number; interval: [number, number] | null; daysObserved: number }[];
  /** Weekdays (1 = Monday) that cannot be told apart from the top one. */
  highest: number[];
}

export interface CoverageFinding extends FindingBase {
  kind: 'coverage';
  gaps: { from: string; to: string }[];
  outages: { from: string; to: string }[];
  /** Shares of flows (0..1) that no rule named, and whose content is encrypted. */
  unknownShare: number | null;
  encryptedShare: number | null;
  sampling: number[];
}

export type Finding =
  ActivityShareFinding | ServiceRankingFinding | DailyRhythmFinding | WeeklyRhythmFinding | CoverageFinding;
