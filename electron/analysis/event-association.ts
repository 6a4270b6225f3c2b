import type { CaseEvent } from '../../shared/event.ts';
import type { Caveat, EventAssociationFinding, Finding } from '../../shared/finding.ts';
import { formatCount, formatCounted, formatPValue } from '../../shared/number-format.ts';
import { formatUtc } from '../../shared/time.ts';
import { visibleText } from '../../shared/visible-text.ts';
import type { Analysis } from './analysis.ts';
import {
  type AnalysisFrame,
  LEVEL,
  SEED,
  SIGNIFICANCE,
  baseOf,
  hasActivity,
  rounded,
  seenBetween,
} from './analysis-frame.ts';
import { activityCaveats, clockCaveat } from './caveats.ts';
import {
  type EpochAnswer,
  type HourSeries,
  LEAST_WEEKS,
  LEAST_WINDOW_SHARE,
  type LagWindow,
  compareEpochs,
  epochCurve,
  isUsable,
  expectationOfAll,
  undisturbedExpectation,
  weeksOf,
  windowSums,
} from './statistics/superposed-epochs.ts';

/** Hours from the event over which activity is compared; the first window is the one whose ratio is told. */
const WINDOWS: readonly LagWindow[] = [
  { from: 0, to: 24 },
  { from: 0, to: 6 },
  { from: 24, to: 48 },
  { from: -24, to: 0 },
];
const EPOCH_FROM = -24;
const EPOCH_TO = 48;
/** Weeks dealt anew; the least p is about 4 / 40,000 (one for each window), so that it can stand beside some hundred other tests. */
const DRAWS = 39_999;
const LEAST_EVENTS = 5;
/** Events known no better than this are left out: an eighth of the window. */
const MOST_UNCERTAINTY_MINUTES = 180;
const POWER = 0.8;
/** When not even a tripling would have been found, nothing is said of its absence. */
const LARGEST_DETECTABLE = 3;

const METHOD = {
  name: 'Superposed epochs against the same hours of other weeks; permutation of weeks, least p of several lags',
  source: 'Chree, Phil. Trans. R. Soc. A 212 (1913); Westfall and Young (1993); Phipson and Smyth, SAGMB 9 (2010)',
};

interface Hours extends HourSeries {
  /** Local clock hour of index 0, the first hour of a Monday. */
  readonly origin: number;
  readonly expected: Float64Array;
}

/**
 * Whether activity differs around the events of a kind: one finding for each kind of event with any inside the window.
 *
 * `effect` is activity in the 24 clock hours from the event's own over its expectation, from the same hour and weekday of other
 * observed weeks (statistics/superposed-epochs.ts). Tested are four windows of lags together (24 hours before, 6 and 24
 * after, the day after that), in both directions; `lag` is the beginning of the window that stands out most.
 * `minimumDetectableEffect`: the least ratio in the 24 hours after that this test would have found in 80 % of cases at the level
 * that the correction for all tests of the run leaves to a single one.
 *
 * Left out and counted: events known no better than ± 3 hours, events within 24 hours of an earlier one of the kind, and events
 * whose hours are observed by less than three quarters or cannot be matched.
 *
 * `supported`: the corrected p is at most 0.05. `insufficient-data`: fewer than 5 events or 4 weeks, or not supported and not
 * even a tripling would have been found.
 */
export function eventAssociations(): Analysis {
  const tested = new Map<string, EpochAnswer>();
  return {
    findings(frame) {
      const kinds = [...new Set(frame.events.map(({ kind }) => kind))].toSorted();
      if (!kinds.some((kind) => eventsInside(frame, kind).length > 0)) return [];
      const hours = hoursOf(frame);
      return kinds.flatMap((kind) => {
        const inside = eventsInside(frame, kind);
        return inside.length === 0 ? [] : [associationOf(frame, hours, kind, inside, tested)];
      });
    },
    settle(frame, finding, tests) {
      const answer = tested.get(finding.id);
      return answer === undefined || finding.kind !== 'event-association'
        ? finding
        : settled(frame, finding, answer, SIGNIFICANCE / tests);
    },
  };
}

function eventsInside(frame: AnalysisFrame, kind: string): CaseEvent[] {
  const { from, to } = frame.tally;
  return frame.events.filter((event) => event.kind === kind && event.time >= from && event.time <= to);
}

/** Activity by local clock hour over whole weeks; hours without any flow, and outages where they can be told, are not observed. */
function hoursOf(frame: AnalysisFrame): Hours {
  const { days, outages } = frame;
  const first = days[0]?.day ?? 0;
  const last = days.at(-1)?.day ?? 0;
  // Day 0, 1970-01-01, was a Thursday.
  const monday = Math.floor((first + 3) / 7) * 7 - 3;
  const values = new Float64Array((last + 1 - monday) * 24);
  const observed = new Uint8Array(values.length);
  for (const day of days) {
    const at = (day.day - monday) * 24;
    values.set(day.flows, at);
    day.observed.forEach((seen, h) => {
      observed[at + h] = outages.hours.has(day.day * 24 + h) ? 0 : seen;
    });
  }
  const series = { values, observed };
  return { ...series, origin: monday * 24, expected: expectationOfAll(series) };
}

interface ChosenEvents {
  /** Indexes of the hours in which the events lie, ascending. */
  readonly hours: number[];
  readonly uncertain: number;
  readonly close: number;
  readonly unmatched: number;
}

/** Expectation from the hours away from all events of the kind, also those that are left out. */
function undisturbedBy(frame: AnalysisFrame, hours: Hours, events: readonly CaseEvent[]): Float64Array {
  const [main] = WINDOWS;
  const reference = Uint8Array.from(hours.observed);
  for (const { time } of events) {
    const hour = frame.tally.clock.localHour(time) - hours.origin;
    reference.fill(0, Math.max(0, hour + main.from), Math.max(0, hour + main.to));
  }
  return undisturbedExpectation(hours, reference);
}

function choose(
  frame: AnalysisFrame,
  hours: Hours,
  undisturbed: Float64Array,
  events: readonly CaseEvent[],
): ChosenEvents {
  const [main] = WINDOWS;
  const chosen: number[] = [];
  const left = { uncertain: 0, close: 0, unmatched: 0 };
  let before = -Infinity;
  for (const { time, uncertaintyMinutes } of events) {
    const hour = frame.tally.clock.localHour(time) - hours.origin;
    if (uncertaintyMinutes > MOST_UNCERTAINTY_MINUTES) left.uncertain++;
    else if (hour - before < main.to) left.close++;
    else if (!isUsable(hours, hours.expected, hour, main) || !isUsable(hours, undisturbed, hour, main))
      left.unmatched++;
    else {
      chosen.push(hour);
      before = hour;
    }
  }
  return { hours: chosen, ...left };
}

function associationOf(
  frame: AnalysisFrame,
  hours: Hours,
  kind: string,
  inside: readonly CaseEvent[],
  tested: Map<string, EpochAnswer>,
): EventAssociationFinding {
  const undisturbed = undisturbedBy(frame, hours, inside);
  const chosen = choose(frame, hours, undisturbed, inside);
  const [main] = WINDOWS;
  const question = {
    series: hours,
    expected: hours.expected,
    undisturbed,
    events: chosen.hours,
    windows: WINDOWS,
    unit: Math.max(1, ...frame.coverage.sampling),
    draws: DRAWS,
    seed: SEED,
    level: LEVEL,
  };
  const sums = windowSums(question, main);
  const effect = sums.expected > 0 ? sums.seen / sums.expected : null;
  const weeks = weeksOf(hours).length;
  const isEnough = chosen.hours.length >= LEAST_EVENTS && weeks >= LEAST_WEEKS && effect !== null;
  const answer = isEnough ? compareEpochs(question) : null;
  const caveats: Caveat[] = [];
  if (answer === null) {
    caveats.push({
      id: 'too-little-data',
      text:
        `${formatCounted(chosen.hours.length, 'event')} of the kind can be compared over ${formatCounted(weeks, 'observed week')}; ` +
        `at least ${LEAST_EVENTS} events and ${LEAST_WEEKS} weeks are needed, and other weeks in which their hours are observed.`,
    });
  }
  const left = leftOut(chosen);
  if (left !== '')
    caveats.push({
      id: 'events-left-out',
      text: `Of ${formatCounted(inside.length, 'event')} inside the window, ${left}.`,
    });
  caveats.push({
    id: 'timing-only',
    text: 'Times are compared, not causes: what else happened in the same hours is not known, and an event may have been expected.',
  });
  caveats.push(clockCaveat(frame), ...activityCaveats(frame));
  const base = baseOf(frame, {
    kind: 'event-association',
    subject: kind,
    title: `Activity around events of kind ${visibleText(kind)}`,
    statement: '',
    verdict: answer === null ? 'insufficient-data' : 'not-supported',
    value: effect,
    interval: answer?.interval ?? null,
    unit: 'ratio of activity to its expectation',
    pValue: answer?.pValue ?? null,
    method: METHOD,
    parameters: {
      eventKind: kind,
      windows: WINDOWS.map(({ from, to }) => [from, to]),
      draws: DRAWS,
      seed: SEED,
      level: LEVEL,
      significance: SIGNIFICANCE,
      power: POWER,
      largestDetectable: LARGEST_DETECTABLE,
      leastEvents: LEAST_EVENTS,
      leastWeeks: LEAST_WEEKS,
      leastWindowShare: LEAST_WINDOW_SHARE,
      mostUncertaintyMinutes: MOST_UNCERTAINTY_MINUTES,
      timeZone: frame.profile.timeZone,
    },
    metric: 'flows',
    where: `${frame.activity} and ${hoursFilter(frame, hours, chosen.hours, main)}`,
    numerator: sums.seen,
    denominator: sums.expected,
    caveats,
  });
  const finding: EventAssociationFinding = {
    ...base,
    kind: 'event-association',
    eventKind: kind,
    events: chosen.hours.length,
    windowDays: (main.to - main.from) / 24,
    lag: answer === null ? null : WINDOWS[answer.strongest].from,
    effect: effect === null ? null : rounded(effect),
    minimumDetectableEffect: null,
    matchedOn: ['hour', 'weekday'],
    epochs: epochCurve(question, EPOCH_FROM, EPOCH_TO).map(({ lag, ratio }) => ({ lag, ratio: rounded(ratio) })),
  };
  if (answer !== null) tested.set(finding.id, answer);
  return { ...finding, statement: statementOf(frame, finding) };
}

function leftOut({ uncertain, close, unmatched }: ChosenEvents): string {
  const [main] = WINDOWS;
  const parts = [
    ...(uncertain > 0 ? [`${uncertain} known no better than ± ${MOST_UNCERTAINTY_MINUTES} minutes`] : []),
    ...(close > 0 ? [`${close} within ${main.to} hours of an earlier one`] : []),
    ...(unmatched > 0 ? [`${unmatched} whose hours are not observed or have no match in other weeks`] : []),
  ];
  return parts.length === 0 ? '' : `left out are ${parts.join(', ')}`;
}

/** Filter expression of the window's hours; one that nothing meets when there is no event. */
function hoursFilter(frame: AnalysisFrame, hours: Hours, events: readonly number[], window: LagWindow): string {
  const { clock } = frame.tally;
  const spans = events.map((event) => {
    const from = clock.startOfLocalHour(hours.origin + event + window.from);
    const to = clock.startOfLocalHour(hours.origin + event + window.to);
    return `(start >= ${formatUtc(from)} and start < ${formatUtc(to)})`;
  });
  return spans.length === 0 ? 'start < 1970-01-01' : `(${spans.join(' or ')})`;
}

function settled(frame: AnalysisFrame, finding: EventAssociationFinding, answer: EpochAnswer, alpha: number): Finding {
  const least = answer.minimumDetectable(alpha, POWER);
  const isSupported = finding.verdict === 'supported';
  const isBlind = !isSupported && (least === null || least > LARGEST_DETECTABLE);
  const whole: EventAssociationFinding = {
    ...finding,
    verdict: isBlind ? 'insufficient-data' : finding.verdict,
    lag: isSupported ? finding.lag : null,
    minimumDetectableEffect: least === null ? null : rounded(least),
    caveats: isBlind
      ? [
          {
            id: 'too-little-power',
            text:
              least === null
                ? 'With so few events and weeks, no effect however large would be told from chance.'
                : `Only a ratio of ${formatCount(least)} or more would have been found in ${POWER * 100} % of such cases; ` +
                  'that none was found says little.',
          },
          ...finding.caveats,
        ]
      : finding.caveats,
  };
  return { ...whole, statement: statementOf(frame, whole) };
}

/** Hours from the event in words. */
function windowInWords(lag: number): string {
  if (lag < 0) return `in the ${-lag} hours before`;
  return lag === 0 ? 'in the hours after' : `from ${lag} hours after`;
}

function statementOf(frame: AnalysisFrame, finding: EventAssociationFinding): string {
  const { effect, interval, verdict, events, numerator, denominator, minimumDetectableEffect: least, lag } = finding;
  const kind = visibleText(finding.eventKind);
  const seen = seenBetween(frame, hasActivity);
  if (effect === null) {
    return `Nothing can be said of activity around events of kind ${kind}: ${formatCounted(events, 'event')} can be compared; activity ${seen}.`;
  }
  const range = interval === null ? '' : `; 95 % interval ${formatCount(interval[0])} to ${formatCount(interval[1])}`;
  const measured =
    `In the 24 clock hours from ${formatCounted(events, 'event')} of kind ${kind}, activity (flows opened from inside the ranges) was ` +
    `${formatCount(effect)} times its expectation from the same hours and weekdays of other weeks ` +
    `(${formatCount(numerator)} flows, ${formatCount(denominator)} expected${range})`;
  const power =
    least === null ? '' : `; a ratio of ${formatCount(least)} would have been found in ${POWER * 100} % of such cases`;
  // An interval of one figure may leave out what the tests of a whole run, taken together, do not rule out.
  const leavesOut = interval !== null && (interval[0] > 1 || interval[1] < 1);
  const chance =
    leavesOut && finding.adjustedPValue !== null
      ? `, since among all tests of the run such a ratio may be chance (p ${formatPValue(finding.pValue)}, corrected ${formatPValue(finding.adjustedPValue)})`
      : '';
  const told = {
    supported: `; activity differs from it most ${windowInWords(lag ?? 0)}`,
    'not-supported': `; no difference can be told${chance}${power}`,
    'insufficient-data': `; the data do not suffice to tell a difference${power}`,
  }[verdict];
  return `${measured}${told}; activity ${seen}.`;
}
