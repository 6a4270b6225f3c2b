import type { Caveat, DailyRhythmFinding, Verdict } from '../../shared/finding.ts';
import { formatCount, formatShare, formatShareInterval } from '../../shared/number-format.ts';
import { ZoneClock } from '../../shared/time.ts';
import type { Analysis } from './analysis.ts';
import { activityCaveats } from './caveats.ts';
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
} from './analysis-frame.ts';
import { wholeDays } from './observed-days.ts';
import { circularShiftTest } from './statistics/circular-shift-test.ts';
import { bootstrapInterval, resampledTotals } from './statistics/day-bootstrap.ts';

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
export function activeHours(profile: readonly number[]): ActiveHours | null {
  const ascending = profile.toSorted((x, y) => x - y);
  const middle = (sum(ascending.slice(0, QUARTER)) + sum(ascending.slice(-QUARTER))) / (2 * QUARTER);
  const high = profile.map((value) => value >= middle);
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

/**
 * When in the day the network is active, in local time, by flows and by bytes.
 *
 * `profile[h]` is the mean activity per observed local hour h (an hour counts as observed when the evidence shows any
 * flow in it, whoever's), scaled to sum 1. `value` is the share of the profile inside the active hours, its interval from
 * the day-block bootstrap with the hours held fixed. `numerator` is all activity, `denominator` the observed local hours.
 *
 * `supported`: at least 7 observed days and 100 activity flows, and the circular shift test rejects a flat profile at
 * 0.05 after correction for all tests of the run. `not-supported`: enough data and no rejection; then no hours are named.
 * A flat profile of which nothing more is known is never called a rhythm. The verdict here is preliminary: `analyse.ts`
 * settles it when the corrected p-values are known.
 */
export function dailyRhythm(frame: AnalysisFrame, metric: RhythmMetric): DailyRhythmFinding {
  const { days, resamples, tally } = frame;
  const { timeZone } = frame.profile;
  const hours = Array.from({ length: 24 }, (_, h) => h);
  const amounts = hours.map((h) => byBlock(frame, (day) => day[metric][h]));
  const observed = hours.map((h) => byBlock(frame, (day) => day.observed[h]));
  const rates = hours.map((h) => sum(amounts[h]) / Math.max(1, sum(observed[h])));
  const total = sum(rates);
  const profile = total > 0 ? rates.map((rate) => rate / total) : [];
  const window = profile.length > 0 ? activeHours(profile) : null;
  const value = window === null ? null : hoursIn(window).reduce((held, h) => held + profile[h], 0);

  let interval: [number, number] | null = null;
  if (window !== null) {
    const resampledRates = hours.map((h) => {
      const counts = resampledTotals(resamples, observed[h]);
      return resampledTotals(resamples, amounts[h]).map((amount, r) => (counts[r] > 0 ? amount / counts[r] : 0));
    });
    const inside = hoursIn(window);
    const shares = new Float64Array(resamples.resamples).map((_, r) => {
      const held = inside.reduce((x, h) => x + resampledRates[h][r], 0);
      return held / resampledRates.reduce((x, values) => x + values[r], 0);
    });
    interval = bootstrapInterval(resamples, shares);
  }

  const activeDays = days.filter(hasActivity).length;
  const isEnough = activeDays >= MINIMUM_DAYS && tally.activityFlows >= MINIMUM_FLOWS;
  const caveats: Caveat[] = [];
  if (!isEnough) {
    caveats.push({
      id: 'too-little-data',
      text:
        `There are ${formatCount(tally.activityFlows)} activity flows on ${activeDays} days; at least ` +
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
  caveats.push(
    {
      id: 'silent-hours',
      text:
        'An hour without any flow in the evidence counts as not observed; where the whole network was silent, the ' +
        'profile is flatter than the truth.',
    },
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
    pValue: isEnough ? shiftTest(frame, metric) : null,
    method: {
      name: 'Hourly profile per observed hour; circular shift test against a flat profile',
      source:
        'Lotwick and Silverman, J. R. Statist. Soc. B 44 (1982); Phipson and Smyth, SAGMB 9 (2010); ' +
        'interval: Carlstein (1986), Hesterberg (2015)',
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
    where: frame.activity,
    numerator: days.reduce((x, day) => x + activityOf(day, metric), 0),
    denominator: days.reduce((x, day) => x + day.observedHours, 0),
    caveats,
  });
  return {
    ...base,
    kind: 'daily-rhythm',
    timeZone,
    profile: profile.map(rounded),
    activeFrom: window?.from ?? null,
    activeTo: window?.to ?? null,
    weekdayVsWeekend: weekdayVsWeekend(frame, metric),
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
    `${formatShare(value)} of the ${metric} of activity (opened from inside the ranges; per observed hour; 95 % interval ` +
    `${formatShareInterval(interval)}) fell between ${clockTime(window.from)} and ${clockTime(window.to)}, ` +
    `${frame.profile.timeZone} time; activity ${seen}.`
  );
}

function clockTime(hour: number): string {
  return `${String(hour).padStart(2, '0')}:00`;
}

function shiftTest(frame: AnalysisFrame, metric: RhythmMetric): number | null {
  const stride = Math.ceil(frame.days.length / MOST_TESTED_DAYS);
  const days = frame.days.filter((_, i) => i % stride === 0);
  const activity = new Float64Array(days.length * 24);
  const observed = new Uint8Array(days.length * 24);
  days.forEach((day, i) => {
    activity.set(day[metric], i * 24);
    observed.set(day.observed, i * 24);
  });
  return circularShiftTest(activity, observed, PERMUTATIONS, SEED);
}

function weekdayVsWeekend(frame: AnalysisFrame, metric: RhythmMetric): number | null {
  const means = [false, true].map((isWeekend) => {
    const days = wholeDays(frame.days).filter((day) => {
      return WEEKEND.includes(ZoneClock.weekday(day.day * 24)) === isWeekend;
    });
    return days.length === 0 ? null : days.reduce((x, day) => x + sum(day[metric]), 0) / days.length;
  });
  const [weekday, weekend] = means;
  return weekday === null || weekend === null || weekend === 0 ? null : rounded(weekday / weekend);
}
