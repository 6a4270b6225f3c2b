import type { Caveat, Verdict, WeeklyRhythmFinding } from '../../shared/finding.ts';
import { formatAmount, formatCount, formatList, weekdayName } from '../../shared/number-format.ts';
import { ZoneClock } from '../../shared/time.ts';
import { activityCaveats } from './caveats.ts';
import type { Analysis } from './analysis.ts';
import { RHYTHM_METRICS, type RhythmMetric } from './daily-rhythm.ts';
import {
  type AnalysisFrame,
  LEVEL,
  MINIMUM_FLOWS,
  PERMUTATIONS,
  SEED,
  SIGNIFICANCE,
  activityOf,
  baseOf,
  hasActivity,
  rounded,
  roundedInterval,
  seenBetween,
  sum,
  toldInterval,
} from './analysis-frame.ts';
import { WHOLE_DAY_SHARE, wholeDays } from './observed-days.ts';
import { compareWeekdays } from './statistics/weekday-comparison.ts';

/** Every weekday must be observed this often: two full weeks. */
const MINIMUM_WEEKS = 2;

/**
 * Which weekdays are busiest, in local time, by flows and by bytes.
 *
 * A weekday's value is the mean per observed day of that weekday (which days count as observed: observed-days.ts).
 * `value` is the mean of the top weekday, in units of the metric a day; `highest` names all weekdays that cannot be told
 * from it. `numerator` is all activity, `denominator` the days with any flow.
 *
 * `supported`: every weekday observed at least twice, at least 100 activity flows, and the permutation test rejects "all
 * weekdays alike" within weeks at 0.05 after correction for all tests of the run. The verdict here is
 * preliminary: `analyse.ts` settles it when the corrected p-values are known.
 */
export function weeklyRhythm(frame: AnalysisFrame, metric: RhythmMetric): WeeklyRhythmFinding {
  const { tally } = frame;
  const { timeZone } = frame.profile;
  const days = wholeDays(frame.days).map((day) => ({
    // Day 0, 1970-01-01, was a Thursday.
    week: Math.floor((day.day + 3) / 7),
    weekday: ZoneClock.weekday(day.day * 24),
    value: sum(day[metric]),
  }));
  const compared = compareWeekdays(days, PERMUTATIONS, SEED, LEVEL);
  const top = compared.means[0];
  const fewest = compared.means.length < 7 ? 0 : Math.min(...compared.means.map((mean) => mean.days));
  const isEnough = fewest >= MINIMUM_WEEKS && tally.activityFlows >= MINIMUM_FLOWS;
  const caveats: Caveat[] = [];
  if (!isEnough) {
    caveats.push({
      id: 'too-little-data',
      text:
        `There are ${formatCount(tally.activityFlows)} activity flows, and the least observed weekday was seen ` +
        `${fewest} times; at least ${MINIMUM_FLOWS} flows and ${MINIMUM_WEEKS} of each weekday are needed.`,
    });
  }
  const left = frame.days.length - days.length;
  if (left > 0) {
    caveats.push({
      id: 'days-cut',
      text: `${left} days are left out of the means because the evidence shows too little of them.`,
    });
  }
  caveats.push(...activityCaveats(frame));
  const verdict: Verdict = isEnough ? 'not-supported' : 'insufficient-data';
  const base = baseOf(frame, {
    kind: 'weekly-rhythm',
    subject: metric,
    title: `Weekly rhythm of activity, by ${metric}`,
    statement: '',
    verdict,
    value: top?.mean ?? null,
    interval: toldInterval(frame, metric, top?.interval ?? null),
    unit: `${metric} per day`,
    pValue: isEnough ? compared.pValue : null,
    method: {
      name: 'Means per observed weekday; permutation F test within weeks; studentised-range comparison with the top',
      source:
        'Fisher (1935); Westfall and Young (1993); Hsu, Ann. Statist. 12 (1984); Phipson and Smyth, SAGMB 9 (2010)',
    },
    parameters: {
      metric,
      timeZone,
      permutations: PERMUTATIONS,
      seed: SEED,
      level: LEVEL,
      significance: SIGNIFICANCE,
      wholeDayShare: WHOLE_DAY_SHARE,
      minimumOfEachWeekday: MINIMUM_WEEKS,
      minimumFlows: MINIMUM_FLOWS,
    },
    metric,
    where: frame.activity,
    numerator: frame.days.reduce((x, day) => x + activityOf(day, metric), 0),
    denominator: frame.days.length,
    caveats,
  });
  const finding: WeeklyRhythmFinding = {
    ...base,
    kind: 'weekly-rhythm',
    timeZone,
    ranking: compared.means.map((mean) => ({
      weekday: mean.weekday,
      value: rounded(mean.mean),
      interval: roundedInterval(toldInterval(frame, metric, mean.interval)),
      daysObserved: mean.days,
    })),
    highest: compared.highest,
  };
  return { ...finding, statement: weeklyStatement(frame, finding) };
}

/** The weekly rhythm by each metric. */
export const weeklyRhythms: Analysis = {
  findings: (frame) => RHYTHM_METRICS.map((metric) => weeklyRhythm(frame, metric)),
  settle: (frame, finding) =>
    finding.kind === 'weekly-rhythm' ? { ...finding, statement: weeklyStatement(frame, finding) } : finding,
};

/** The sentence that fits the verdict as settled. */
function weeklyStatement(frame: AnalysisFrame, finding: WeeklyRhythmFinding): string {
  const { metric, timeZone, verdict, ranking, highest, interval } = finding;
  const seen = seenBetween(frame, hasActivity);
  const top = ranking[0];
  if (top === undefined || metric === null) return `No weekday can be named by ${metric ?? ''}: activity ${seen}.`;
  if (verdict === 'not-supported') {
    return (
      `By ${metric}, the weekdays (${timeZone} time) cannot be told apart in activity (flows opened from inside the ` +
      `ranges); activity ${seen}.`
    );
  }
  const others = highest.filter((weekday) => weekday !== top.weekday).map(weekdayName);
  const tied = others.length === 0 ? 'no other weekday comes up to it' : `${formatList(others)} cannot be told from it`;
  const range =
    interval === null
      ? ''
      : `; 95 % interval ${formatAmount(metric, interval[0])} to ${formatAmount(metric, interval[1])}`;
  return (
    `By ${metric}, activity (flows opened from inside the ranges) was highest on ${weekdayName(top.weekday)}s ` +
    `(${timeZone} time), with a mean of ${formatAmount(metric, top.value)} per observed day${range}; ${tied}; ` +
    `activity ${seen}.`
  );
}
