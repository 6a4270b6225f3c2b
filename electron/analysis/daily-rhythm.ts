import { clockTime } from '../../shared/calendar.ts';
import type { Caveat, DailyRhythmFinding, Verdict } from '../../shared/finding.ts';
import { formatCount, formatCounted, formatShare } from '../../shared/number-format.ts';
import { ZoneClock } from '../../shared/time.ts';
import type { Analysis } from './analysis.ts';
import { activityCaveats, clockCaveat } from './caveats.ts';
import {
  type AnalysisFrame,
  LEVEL,
  MINIMUM_DAYS,
  MINIMUM_FLOWS,
  MOST_BLOCKS,
  PERMUTATIONS,
  RESAMPLES,
  SEED,
  SIGNIFICANCE,
  activityOf,
  baseOf,
  byBlock,
  hasActivity,
  rounded,
  seenBetween,
  sum,
  shareInterval,
  toldInterval,
} from './analysis-frame.ts';
import { shareOfSilence, wholeDays } from './observed-days.ts';
import type { DayTally } from './traffic-tally.ts';
import { circularShiftTest } from './statistics/circular-shift-test.ts';
import { bootstrapInterval, resampledTotals, widenedInterval } from './statistics/day-bootstrap.ts';
import { differencedInflation } from './statistics/variance-inflation.ts';

export const RHYTHM_METRICS = ['flows', 'bytes'] as const;
export type RhythmMetric = (typeof RHYTHM_METRICS)[number];

/** The test reads at most this many days, evenly spaced, so that its cost is bounded. */
const MOST_TESTED_DAYS = 2000;
const WEEKEND = [6, 7];
const QUARTER = 6;

/** Active hours of a local day: from `from` (inclusive) to `to` (exclusive), round midnight when to ≤ from. */
export interface ActiveHours {
  readonly from: number;
  readonly to: number;
}

/**
 * The hours in which a network is awake: the longest run round the clock in which the profile reaches the middle between
 * the mean of its six quietest and the mean of its six busiest hours (full width at half maximum), a single lower hour
 * inside the run notwithstanding. Of equally long runs the one holding more, then the earlier. Null for a profile without
 * contrast.
 */
export function activeHours(profile: ArrayLike<number>): ActiveHours | null {
  const ascending = Float64Array.from(profile).toSorted();
  const middle = (sum(ascending.subarray(0, QUARTER)) + sum(ascending.subarray(-QUARTER))) / (2 * QUARTER);
  const high = Array.from(profile, (value) => value >= middle);
  const filled = high.map((isHigh, h) => isHigh || (high[(h + 23) % 24] && high[(h + 1) % 24]));
  if (filled.every((isHigh) => isHigh) || !filled.includes(true)) return null;
  let best: { from: number; length: number; held: number } | null = null;
  for (let from = 0; from < 24; from++) {
    if (!filled[from] || filled[(from + 23) % 24]) continue;
    let length = 0;
    let held = 0;
    while (filled[(from + length) % 24]) held += profile[(from + length++) % 24];
    if (best === null || length > best.length || (length === best.length && held > best.held)) {
      best = { from, length, held };
    }
  }
  return best === null ? null : { from: best.from, to: (best.from + best.length) % 24 };
}

function hoursIn(window: ActiveHours): number[] {
  const length = (window.to - window.from + 24) % 24 || 24;
  return Array.from({ length }, (_, i) => (window.from + i) % 24);
}

/** What a profile holds in some hours. */
function heldBy(profile: ArrayLike<number>, hours: readonly number[]): number {
  return hours.reduce((held, h) => held + profile[h], 0);
}

/**
 * When in the day the network is active, in local time, by flows and by bytes; without what has the shape of probes (probe-hours.ts).
 *
 * `profile[h]` is the mean activity per observed local hour h (an hour counts as observed when the evidence shows any
 * flow in it, whoever's, and in part where it may be silence, see `shareOfSilence`), scaled to sum 1. `value` is the share of the
 * profile inside the active hours, its interval from the day-block bootstrap with the hours held fixed, widened where days resemble
 * their neighbours (statistics/variance-inflation.ts); the lower end is moved
 * down by what is gained by choosing the hours from the same days (the bootstrap estimate of optimism: Efron, JASA 78, 1983).
 * `numerator` is all activity, `denominator` the observed local hours.
 *
 * `supported`: at least 7 observed days and 100 activity flows, and the circular shift test rejects a flat profile at
 * 0.05 after correction for all tests of the run. `not-supported`: enough data and no rejection; then no hours are named.
 * A flat profile of which nothing more is known is never called a rhythm. The verdict here is preliminary: `analyse.ts`
 * settles it when the corrected p-values are known.
 */
export function dailyRhythm(frame: AnalysisFrame, metric: RhythmMetric): DailyRhythmFinding {
  const { days, resamples, tally, probes } = frame;
  const { timeZone } = frame.profile;
  const hours = Array.from({ length: 24 }, (_, h) => h);
  const hourly = withoutProbes(frame, metric);
  const amounts = hours.map((h) => byBlock(frame, (_, i) => hourly[i][h]));
  const silence = shareOfSilence(days);
  const observed = hours.map((h) => byBlock(frame, (day) => (day.observed[h] === 1 ? 1 : silence[h])));
  const rates = hours.map((h) => sum(amounts[h]) / Math.max(1, sum(observed[h])));
  const total = sum(rates);
  const profile = total > 0 ? rates.map((rate) => rate / total) : [];
  const window = profile.length > 0 ? activeHours(profile) : null;
  const value = window === null ? null : heldBy(profile, hoursIn(window));

  let interval: [number, number] | null = null;
  if (window !== null) {
    const resampledRates = hours.map((h) => {
      const counts = resampledTotals(resamples, observed[h]);
      return resampledTotals(resamples, amounts[h]).map((amount, r) => (counts[r] > 0 ? amount / counts[r] : 0));
    });
    const inside = hoursIn(window);
    const resampled = new Float64Array(24);
    const optimism: number[] = [];
    const shares = new Float64Array(resamples.resamples).map((_, r) => {
      const all = resampledRates.reduce((x, values) => x + values[r], 0);
      for (const h of hours) resampled[h] = resampledRates[h][r] / all;
      const own = all > 0 ? activeHours(resampled) : null;
      if (own !== null) optimism.push(heldBy(resampled, hoursIn(own)) - heldBy(profile, hoursIn(own)));
      return heldBy(resampled, inside);
    });
    const ends = bootstrapInterval(resamples, shares);
    const gained = Math.max(0, sum(optimism) / Math.max(1, optimism.length));
    const held = byBlock(frame, (_, i) => heldBy(hourly[i], inside) - (value ?? 0) * sum(hourly[i]));
    const wide = ends && value !== null ? widenedInterval(value, ends, differencedInflation(held), 'share') : null;
    interval = toldInterval(frame, metric, wide && [Math.max(0, wide[0] - gained), wide[1]]);
  }

  const activeDays = days.filter(hasActivity).length;
  const isEnough = activeDays >= MINIMUM_DAYS && tally.activityFlows >= MINIMUM_FLOWS;
  const caveats: Caveat[] = [];
  if (!isEnough) {
    caveats.push({
      id: 'too-little-data',
      text:
        `There are ${formatCount(tally.activityFlows)} activity flows on ${formatCounted(activeDays, 'day')}; at least ` +
        `${MINIMUM_FLOWS} on ${MINIMUM_DAYS} days are needed.`,
    });
  }
  const unobserved = hours.filter((h) => sum(observed[h]) === 0);
  if (unobserved.length > 0 && days.length > 0) {
    caveats.push({
      id: 'hours-never-observed',
      text: `No evidence shows any flow in the local hours ${unobserved.join(', ')}; they stand at 0 in the profile.`,
    });
  }
  if (probes.filter !== '') {
    caveats.push({
      id: 'probes-left-out',
      text:
        `${formatCounted(probes.tally.activityFlows, 'activity flow')} in the shape of probes out of the ranges, which labels do ` +
        'not mark as scans, are left out; other figures about activity count them.',
    });
  }
  const silentHours = days.length * 24 - days.reduce((x, day) => x + day.observedHours, 0);
  const silentObserved = observed.reduce((x, counts) => x + sum(counts), 0) + silentHours - days.length * 24;
  caveats.push(
    {
      id: 'silent-hours',
      text:
        `An hour without any flow in the evidence may be silence or a gap. Of ${formatCounted(silentHours, 'such hour')} at least ` +
        `${formatCount(Math.round(silentObserved))} are silence, as hours with one and with two flows tell; the others count as ` +
        'not observed. Where more of them were silence, the profile is flatter than the truth.',
    },
    clockCaveat(frame),
    ...activityCaveats(frame),
  );
  const verdict: Verdict = isEnough ? 'not-supported' : 'insufficient-data';
  const base = baseOf(frame, {
    kind: 'daily-rhythm',
    subject: metric,
    title: `Daily rhythm of activity, by ${metric}`,
    statement: dailyStatement(frame, metric, window, value, interval),
    verdict,
    value,
    interval,
    unit: `share of ${metric} in the active hours`,
    pValue: isEnough ? shiftTest(frame, hourly) : null,
    method: {
      name: 'Hourly profile per observed hour; circular shift test against a flat profile',
      source:
        'Lotwick and Silverman, J. R. Statist. Soc. B 44 (1982); Phipson and Smyth, SAGMB 9 (2010); ' +
        'observed hours: Chao (1984); interval: Carlstein (1986), Hesterberg (2015), Efron (1983), Hall and Van Keilegom (2003)',
    },
    parameters: {
      metric,
      timeZone,
      activeHours: 'longest run of hours at or above the middle of the six quietest and the six busiest hours',
      weekend: WEEKEND,
      shifts: PERMUTATIONS,
      mostTestedDays: MOST_TESTED_DAYS,
      significance: SIGNIFICANCE,
      resamples: RESAMPLES,
      seed: SEED,
      level: LEVEL,
      mostBlocks: MOST_BLOCKS,
      minimumDays: MINIMUM_DAYS,
      minimumFlows: MINIMUM_FLOWS,
    },
    metric,
    where: `${frame.activity}${probes.filter === '' ? '' : ` and not ${probes.filter}`}`,
    numerator: totalOf(days, metric) - totalOf(probes.tally.days(), metric),
    denominator: observed.reduce((x, counts) => x + sum(counts), 0),
    caveats,
  });
  return {
    ...base,
    kind: 'daily-rhythm',
    timeZone,
    profile: profile.map(rounded),
    activeFrom: window?.from ?? null,
    activeTo: window?.to ?? null,
    weekdayVsWeekend: weekdayVsWeekend(frame, hourly),
  };
}

/** The daily rhythm by each metric. */
export const dailyRhythms: Analysis = {
  findings: (frame) => RHYTHM_METRICS.map((metric) => dailyRhythm(frame, metric)),
  settle: (frame, finding) =>
    finding.kind === 'daily-rhythm' && finding.verdict !== 'supported' ? withoutHours(frame, finding) : finding,
};

/** The finding for a profile that cannot be told from a flat one: it names no hours. */
function withoutHours(frame: AnalysisFrame, finding: DailyRhythmFinding): DailyRhythmFinding {
  const seen = seenBetween(frame, hasActivity);
  return {
    ...finding,
    value: null,
    interval: null,
    activeFrom: null,
    activeTo: null,
    statement:
      `By ${finding.metric ?? ''}, activity (flows opened from inside the ranges) cannot be told from activity spread ` +
      `evenly over the day, ${finding.timeZone} time; activity ${seen}.`,
  };
}

function dailyStatement(
  frame: AnalysisFrame,
  metric: RhythmMetric,
  window: ActiveHours | null,
  value: number | null,
  interval: [number, number] | null,
): string {
  const seen = seenBetween(frame, hasActivity);
  if (window === null) return `No active hours can be told by ${metric}: activity ${seen}.`;
  return (
    `${formatShare(value)} of the ${metric} of activity (opened from inside the ranges; per observed hour; ` +
    `${shareInterval(interval)}) fell between ${clockTime(window.from)} and ${clockTime(window.to)}, ` +
    `${frame.profile.timeZone} time; activity ${seen}.`
  );
}

function shiftTest(frame: AnalysisFrame, hourly: readonly Float64Array[]): number | null {
  const stride = Math.ceil(frame.days.length / MOST_TESTED_DAYS);
  const tested = frame.days.flatMap((day, i) => (i % stride === 0 ? [{ day, amounts: hourly[i] }] : []));
  const activity = new Float64Array(tested.length * 24);
  const observed = new Uint8Array(tested.length * 24);
  tested.forEach(({ day, amounts }, i) => {
    activity.set(amounts, i * 24);
    observed.set(day.observed, i * 24);
  });
  return circularShiftTest(activity, observed, PERMUTATIONS, SEED);
}

function weekdayVsWeekend(frame: AnalysisFrame, hourly: readonly Float64Array[]): number | null {
  const whole = new Set(wholeDays(frame.days));
  const means = [false, true].map((isWeekend) => {
    const totals = frame.days.flatMap((day, i) =>
      whole.has(day) && WEEKEND.includes(ZoneClock.weekday(day.day * 24)) === isWeekend ? [sum(hourly[i])] : [],
    );
    return totals.length === 0 ? null : sum(totals) / totals.length;
  });
  const [weekday, weekend] = means;
  return weekday === null || weekend === null || weekend === 0 ? null : rounded(weekday / weekend);
}

/** Activity of each day by the hour, without what has the shape of probes. */
function withoutProbes({ days, probes }: AnalysisFrame, metric: RhythmMetric): Float64Array[] {
  const probed = new Map(probes.tally.days().map((day) => [day.day, day[metric]]));
  return days.map((day) => {
    const left = probed.get(day.day);
    return left === undefined ? day[metric] : day[metric].map((amount, h) => amount - left[h]);
  });
}

function totalOf(days: readonly DayTally[], metric: RhythmMetric): number {
  return days.reduce((x, day) => x + activityOf(day, metric), 0);
}
