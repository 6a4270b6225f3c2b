import type { EvidenceInfo } from '../casefile/case-reader.ts';
import { ZoneClock } from '../../shared/time.ts';
import { type AnalysisFrame, dateOf, sum } from './analysis-frame.ts';
import { shareOfSilence, WHOLE_DAY_SHARE } from './observed-days.ts';
import type { DayTally } from './traffic-tally.ts';

/** Which days can be compared with one another, and where a change of the recording could pass for a change of habits. */

const HOUR = 3_600_000_000;

/** A day that can be compared with others. */
export interface ComparedDay {
  /** Index in `frame.days`. */
  readonly index: number;
  /** Days on the local calendar since 1970-01-01. */
  readonly day: number;
  /** 1 (Monday) to 7. */
  readonly weekday: number;
  /** Hours observed over those of its weekday's upper median day, at most 1. */
  readonly exposure: number;
}

/**
 * The days with at least three quarters of the hours that their weekday usually has (compare observed-days.ts), with the share of
 * them. An hour counts when the evidence shows a flow and it lies in no outage of the network, and in part where it may be silence
 * (`shareOfSilence`): quiet days are not to be made busier than they were.
 */
export function comparedDays(frame: AnalysisFrame): ComparedDay[] {
  const silence = shareOfSilence(frame.days);
  const hours = frame.days.map(({ day, observed }) =>
    sum(silence.map((share, h) => (frame.outages.hours.has(day * 24 + h) ? 0 : observed[h] === 1 ? 1 : share))),
  );
  const usual = [1, 2, 3, 4, 5, 6, 7].map((weekday) => {
    const counts = hours.filter((_, i) => weekdayOf(frame.days[i]) === weekday).toSorted((x, y) => x - y);
    return counts[Math.floor(counts.length / 2)] ?? 0;
  });
  return frame.days.flatMap((day, index) => {
    const weekday = weekdayOf(day);
    const share = hours[index] === 0 ? 0 : hours[index] / usual[weekday - 1];
    return share >= WHOLE_DAY_SHARE ? [{ index, day: day.day, weekday, exposure: Math.min(1, share) }] : [];
  });
}

function weekdayOf(day: DayTally): number {
  return ZoneClock.weekday(day.day * 24);
}

/** Date of a calendar day since 1970-01-01. */
export function dateOfDay(day: number): string {
  return ZoneClock.day(day * 24);
}

/** A change of how the traffic was recorded. */
export interface RecordingChange {
  /** The calendar day on which it happens. */
  readonly day: number;
  readonly what: 'evidence' | 'sampling' | 'gap';
}

/** Evidence that holds a smaller share of the flows changes nothing worth telling. */
const LEAST_EVIDENCE_SHARE = 0.1;

/** Files that follow one another overlap by an hour at most. */
const HANDOVER = HOUR;

/**
 * Days on which evidence of some weight begins or ends inside the window, the sampling rate changes, or days without comparable
 * observation lie. Files of one format of which one begins where the other ends are one recording, however it was cut into
 * files.
 */
export function recordingChanges(frame: AnalysisFrame, days: readonly ComparedDay[]): RecordingChange[] {
  const changes: RecordingChange[] = [];
  const first = frame.days[0]?.day ?? 0;
  const last = frame.days.at(-1)?.day ?? 0;
  const { clock } = frame.tally;
  const dayOf = (time: number): number => Math.floor(clock.localHour(time) / 24);
  for (const { from, to } of recordings(frame)) {
    if (dayOf(from) > first + 1) changes.push({ day: dayOf(from), what: 'evidence' });
    if (dayOf(to) < last - 1) changes.push({ day: dayOf(to), what: 'evidence' });
  }
  let before: string | null = null;
  for (const { day } of frame.days) {
    const rates = frame.recording.rates(day)?.join(' ') ?? null;
    if (rates === null) continue;
    if (before !== null && rates !== before) changes.push({ day, what: 'sampling' });
    before = rates;
  }
  days.forEach(({ day }, i) => {
    const previous = days[i - 1];
    if (previous !== undefined && day - previous.day > 1)
      changes.push({ day: previous.day + 1, what: 'gap' }, { day, what: 'gap' });
  });
  return changes.toSorted((x, y) => x.day - y.day || (x.what < y.what ? -1 : 1));
}

/** Stretches recorded in one format without a break but for gaps in all evidence, of some weight each. */
function recordings(frame: AnalysisFrame): { from: number; to: number }[] {
  const files = frame.evidence
    .flatMap(({ format, firstSeen, lastSeen, flows }) =>
      firstSeen === null || lastSeen === null ? [] : [{ format, from: firstSeen, to: lastSeen, flows }],
    )
    .toSorted((x, y) => x.from - y.from || x.to - y.to || (x.format < y.format ? -1 : 1));
  const chains: { format: EvidenceInfo['format']; from: number; to: number; flows: number }[] = [];
  for (const file of files) {
    let before: (typeof chains)[number] | undefined;
    for (const chain of chains) {
      const isNearer = before === undefined || chain.to > before.to;
      if (isNearer && chain.format === file.format && follows(frame, chain.to, file.from)) before = chain;
    }
    if (before === undefined) chains.push({ ...file });
    else {
      before.to = Math.max(before.to, file.to);
      before.flows += file.flows;
    }
  }
  const all = sum(chains.map(({ flows }) => flows));
  return chains.filter(({ flows }) => flows >= LEAST_EVIDENCE_SHARE * all);
}

/** Whether evidence that begins at `next` goes on where other ended at `end`: with little overlap, and nothing seen between. */
function follows(frame: AnalysisFrame, end: number, next: number): boolean {
  if (next < end - HANDOVER) return false;
  const { clock } = frame.tally;
  const [from, to] = [clock.localHour(end) + 1, clock.localHour(next)];
  return !frame.days.some(
    ({ day, observed }) =>
      day * 24 < to &&
      day * 24 + 24 > from &&
      observed.some((seen, h) => seen === 1 && day * 24 + h >= from && day * 24 + h < to),
  );
}

/** How a change of the recording is told. */
export function changeInWords({ day, what }: RecordingChange): string {
  const words = {
    evidence: 'evidence begins or ends',
    sampling: 'the sampling rate changes',
    gap: 'days are not observed',
  };
  return `${words[what]} on ${dateOfDay(day)}`;
}

/** Days of the window that cannot be compared, as a filter expression that leaves them out; empty when there are none. */
export function withoutLeftOutDays(
  frame: AnalysisFrame,
  days: readonly ComparedDay[],
  from: number,
  to: number,
): string {
  const compared = new Set(days.map(({ day }) => day));
  const left = frame.days.filter(({ day }) => day >= from && day <= to && !compared.has(day));
  const spans: { from: number; to: number }[] = [];
  for (const { day } of left) {
    const span = spans.at(-1);
    if (span !== undefined && span.to === day) span.to = day + 1;
    else spans.push({ from: day, to: day + 1 });
  }
  return spans.map((span) => ` and not (start >= ${dateOfDay(span.from)} and start < ${dateOfDay(span.to)})`).join('');
}

/** Local days with any flow that were left out. */
export function leftOutDays(frame: AnalysisFrame, days: readonly ComparedDay[]): string[] {
  const compared = new Set(days.map(({ index }) => index));
  return frame.days.filter((_, i) => !compared.has(i)).map(dateOf);
}
