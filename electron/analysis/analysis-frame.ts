import { createHash } from 'node:crypto';
import type { EvidenceInfo } from '../casefile/case-reader.ts';
import { activityInWords } from '../../shared/activity.ts';
import type { DuplicateCounts } from '../../shared/duplicate-counts.ts';
import type { CaseEvent } from '../../shared/event.ts';
import type { Caveat, Coverage, FindingBase, Metric, Verdict } from '../../shared/finding.ts';
import { formatShareInterval } from '../../shared/number-format.ts';
import type { Profile } from '../../shared/profile.ts';
import { ZoneClock, formatUtc } from '../../shared/time.ts';
import type { DailyRecording } from './daily-recording.ts';
import type { Outages } from './outages.ts';
import type { DayResamples } from './statistics/day-bootstrap.ts';
import { type DayTally, SUM_COLUMNS, type TrafficTally } from './traffic-tally.ts';

/** What every kind of finding is made from, and the parts that all findings have alike. */

export const LEVEL = 0.95;
export const RESAMPLES = 1000;
/** Permutations or shifts of a test; the least p is 1 / 2000. */
export const PERMUTATIONS = 1999;
export const SEED = 1;
/** A test rejects when its adjusted p is at most this. */
export const SIGNIFICANCE = 0.05;
/** Fewer local days with traffic than this say too little about days. */
export const MINIMUM_DAYS = 7;
/** Fewer flows than this say too little about a share. */
export const MINIMUM_FLOWS = 100;
/** Days are drawn singly up to this many; beyond, blocks of as many consecutive days as needed. */
export const MOST_BLOCKS = 400;

export interface AnalysisFrame {
  readonly profile: Profile;
  /** Events of the profile and of the case, in order of time. */
  readonly events: readonly CaseEvent[];
  readonly evidence: readonly EvidenceInfo[];
  readonly tally: TrafficTally;
  readonly recording: DailyRecording;
  /** Activity in the shape of probes that no label marks as scans (its `activity…` sums); filter expression, empty = none. */
  readonly probes: { readonly filter: string; readonly tally: TrafficTally };
  /** Local days with any flow in the evidence, ascending. */
  readonly days: readonly DayTally[];
  readonly resamples: DayResamples;
  readonly coverage: Coverage;
  /** Outages of the network; none where they cannot be told. */
  readonly outages: Outages;
  /** Filter expression of activity. */
  readonly activity: string;
  /** Flows that several evidence files hold; null when no evidence overlaps. */
  readonly duplicates: DuplicateCounts | null;
  /** Whether activity leaves out those that other evidence holds as a whole. */
  readonly leaveOutDuplicates: boolean;
  readonly scaled: boolean;
  /** What the labels of activity cannot tell; see `missingLabels` in caveats.ts. */
  readonly missing: MissingLabels;
}

/** Caveats of evidence that has next to no names, or payloads; empty when it has. */
export interface MissingLabels {
  readonly names: readonly Caveat[];
  readonly payload: readonly Caveat[];
}

/** Consecutive days that make one block of the bootstrap. */
export function daysPerBlock(days: number): number {
  return Math.max(1, Math.ceil(days / MOST_BLOCKS));
}

/** Sums a daily figure by the blocks of the bootstrap. */
export function byBlock(frame: AnalysisFrame, daily: (day: DayTally, index: number) => number): Float64Array {
  const series = new Float64Array(frame.resamples.blocks);
  const size = daysPerBlock(frame.days.length);
  frame.days.forEach((day, i) => {
    series[Math.floor(i / size)] += daily(day, i);
  });
  return series;
}

/** Total of a metric over all activity of a day; host-hours are counted apart. */
export function activityOf(day: DayTally, metric: Exclude<Metric, 'host-hours'>): number {
  let total = 0;
  for (let at = SUM_COLUMNS[metric]; at < day.sums.length; at += 3) total += day.sums[at];
  return total;
}

export function sum(values: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i];
  return total;
}

/**
 * The interval of a figure, as it may be told: none by flows and host-hours of sampled data. What is recorded of these are the longer
 * flows; how far all flows differ from them is no matter of chance, and no interval made of days would hold it (Duffield, Lund and Thorup,
 * IEEE Trans. Inf. Theory 51, 2005, need more of a flow than exports keep).
 */
export function toldInterval(
  frame: AnalysisFrame,
  metric: Metric,
  interval: [number, number] | null,
): [number, number] | null {
  return isOfRecorded(frame, metric) ? null : interval;
}

/** Whether a figure by `metric` speaks of recorded flows alone, since the data are sampled. */
export function isOfRecorded(frame: AnalysisFrame, metric: Metric): boolean {
  return frame.scaled && (metric === 'flows' || metric === 'host-hours');
}

/** An interval of shares in words. */
export function shareInterval(interval: readonly [number, number] | null): string {
  return interval === null ? 'no interval is told' : `95 % interval ${formatShareInterval(interval)}`;
}

/** Rounds to nine significant digits: more than any interval here can bear, and the same on every platform. */
export function rounded(value: number): number {
  return Number.isFinite(value) ? Number(value.toPrecision(9)) : 0;
}

export function roundedInterval(interval: readonly [number, number] | null): [number, number] | null {
  return interval === null ? null : [rounded(interval[0]), rounded(interval[1])];
}

/** Date (YYYY-MM-DD) of a tally's local day. */
export function dateOf(day: DayTally): string {
  return ZoneClock.day(day.day * 24);
}

/** `2017-04-24 00:03` on the clock of the profile's zone, as statements tell a time; the zone is told beside it. */
export function localMinute(frame: AnalysisFrame, us: number): string {
  return formatUtc(us + frame.tally.clock.offsetMinutes(us) * 60e6)
    .slice(0, 16)
    .replace('T', ' ');
}

/** Whether a figure is of sampled counts multiplied by their rate: hours of hosts are not. */
function isScaled(frame: AnalysisFrame, metric: Metric | null): boolean {
  return frame.scaled && metric !== null && metric !== 'host-hours';
}

/** "seen between 2017-04-24 and 2017-05-14 (Asia/Pyongyang), on 21 days" for days that pass `counts`, of a figure by this metric. */
export function seenBetween(
  frame: AnalysisFrame,
  counts: (day: DayTally) => boolean,
  metric: Metric = 'flows',
): string {
  const days = frame.days.filter(counts);
  const first = days[0];
  const last = days.at(-1);
  if (first === undefined || last === undefined) return 'none was seen';
  const zone = frame.profile.timeZone;
  const number = days.length === 1 ? '1 day' : `${days.length} days`;
  const scaled = isScaled(frame, metric) ? '; sampled counts are multiplied by their rate' : '';
  return `seen between ${dateOf(first)} and ${dateOf(last)} (${zone}), on ${number}${scaled}`;
}

/** "flows of the case between 2017-04-24 and 2017-05-14 (Asia/Pyongyang)": the window that a count speaks of. */
export function caseWindow(frame: AnalysisFrame): string {
  const first = frame.days[0];
  const last = frame.days.at(-1);
  if (first === undefined || last === undefined) return 'no flow of the case';
  return `flows of the case between ${dateOf(first)} and ${dateOf(last)} (${frame.profile.timeZone})`;
}

/** Verdict of a search: `supported` when it found, `not-supported` when it would have found, else too little to tell. */
export function verdictOf(isFound: boolean, wouldFind: boolean): Verdict {
  if (isFound) return 'supported';
  return wouldFind ? 'not-supported' : 'insufficient-data';
}

export function hasActivity(day: DayTally): boolean {
  return day.flows.some((flows) => flows > 0);
}

/** Id of a finding: 16 hex digits of a SHA-256 over kind, subject and parameters, never over the data. */
export function findingId(kind: string, subject: string, parameters: Record<string, unknown>): string {
  const text = JSON.stringify([kind, subject, parameters]);
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

export interface FindingParts {
  kind: string;
  subject: string;
  title: string;
  statement: string;
  verdict: Verdict;
  value: number | null;
  interval: readonly [number, number] | null;
  unit: string;
  pValue?: number | null;
  method: { name: string; source: string };
  parameters: Record<string, unknown>;
  population?: string;
  metric: Metric | null;
  where: string;
  numerator: number | null;
  denominator: number | null;
  caveats: Caveat[];
}

/** Fills the fields that every finding carries. */
export function baseOf(frame: AnalysisFrame, parts: FindingParts): FindingBase {
  const { kind, subject, parameters, metric } = parts;
  return {
    id: findingId(kind, subject, parameters),
    title: parts.title,
    statement: parts.statement,
    verdict: parts.verdict,
    value: parts.value === null ? null : rounded(parts.value),
    interval: roundedInterval(parts.interval),
    level: LEVEL,
    unit: parts.unit,
    pValue: parts.pValue ?? null,
    adjustedPValue: null,
    method: parts.method,
    parameters,
    population: parts.population ?? activityInWords(frame.leaveOutDuplicates),
    metric,
    where: parts.where,
    numerator: parts.numerator === null ? null : rounded(parts.numerator),
    denominator: parts.denominator === null ? null : rounded(parts.denominator),
    scaled: isScaled(frame, metric),
    caveats: parts.caveats,
    coverage: frame.coverage,
  };
}
