import type { Caveat, PeriodComparisonFinding } from '../../shared/finding.ts';
import { formatAmount, formatCount, formatList } from '../../shared/number-format.ts';
import { visibleText } from '../../shared/visible-text.ts';
import type { Analysis } from './analysis.ts';
import {
  type AnalysisFrame,
  LEVEL,
  RESAMPLES,
  SEED,
  SIGNIFICANCE,
  baseOf,
  daysPerBlock,
  hasActivity,
  rounded,
  seenBetween,
  sum,
  toldInterval,
} from './analysis-frame.ts';
import { MINIMUM_SUBJECT_FLOWS } from './activity-subjects.ts';
import { activityCaveats, labelCaveats, sampledFlows, weakLabels } from './caveats.ts';
import {
  type ComparedDay,
  type RecordingChange,
  changeInWords,
  comparedDays,
  dateOfDay,
  leftOutDays,
  recordingChanges,
  withoutLeftOutDays,
} from './compared-days.ts';
import { MOST_PATHS, PATH_FIELDS } from './daily-recording.ts';
import {
  DIVIDING_KINDS,
  type Division,
  divisionsOf,
  isIn,
  isWhole,
  LEAST_DAYS,
  MOST_DIVISIONS,
  PAUSE_DAYS,
  type Period,
} from './period-divisions.ts';
import { missingFor, MOST_SERVICES, MOST_UPSTREAMS, type Subject, subjectsOf, volumes } from './period-subjects.ts';
import { normalQuantile } from './statistics/distributions.ts';
import { changeInterval, gainInterval } from './statistics/period-interval.ts';
import { type PeriodDays, type PeriodTest, comparePeriods } from './statistics/period-test.ts';

/** A change that may be less than by a fifth is not told: no window is like another to the last percent. */
const LEAST_RATIO = 1.2;
/** Permutations at most, and the work that they may make: permutations × days. */
const MOST_PERMUTATIONS = 19_999;
const MOST_PERMUTED_DAYS = 4_000_000;
/** Its own p must be this small, so that no chance change rides on the true ones of a run that the correction counts. */
const OWN_SIGNIFICANCE = 0.0005;
/** Share of changes as large as the least that is told in which it is told. */
const POWER = 0.8;
/** Hits after which more permutations tell nothing; see statistics/sequential-permutations.ts. */
const ENOUGH_HITS = 50;
/** What took a place must have gained by a test of its own. */
const GAIN_SIGNIFICANCE = 0.01;
/** Half of the logarithm of a change must be shared by all activity to lay it to the recording. */
const SHARED_PART = 0.5;
/** Events that a caveat names. */
const NAMED_EVENTS = 5;

interface Compared {
  readonly division: Division;
  readonly subject: Subject;
  readonly test: PeriodTest;
  /** Totals and observed days of either period. */
  readonly totals: [number, number];
  readonly observed: [number, number];
  /** Days by count. */
  readonly days: [number, number];
  /** The days, and the block of the bootstrap that each lies in. */
  readonly series: PeriodDays;
  readonly blocks: readonly number[];
  /** Interval of the change. */
  readonly interval: [number, number] | null;
}

/**
 * What changed between two periods: the halves of the window, and the stretches before and after events of kind `period`,
 * `publication`, `routing` or `sanctions` and before and after a pause of the recording of a week or more. One finding for each division
 * and subject: volume by flows and by bytes, each category and the 40 largest services with at least 20 recorded flows,
 * concealed traffic (`technique:all`), and the way out of the network where flow exports tell it.
 *
 * `change` is the later mean per observed day over the earlier, minus 1. Days of which less than three quarters were observed are
 * left out, the others count by their observed hours, so that outages are no decline. Interval: day-block bootstrap of the log
 * ratio, widened by the square root of the variance inflation of the days; by flows of sampled data it is not told (see `toldInterval`). Test: statistics/period-test.ts.
 *
 * `supported`: the corrected p is at most 0.05, p itself at most 0.0005, and the whole interval beyond a fifth more, or as much less. It is `not-supported` where the
 * sampling rate changed meanwhile and all activity changed alike; `insufficient-data` with fewer than 14 comparable days on either side,
 * when evidence of some weight begins or ends inside the periods, since then the recordings are compared,
 * or when nothing was found of what needs names or payloads that the evidence lacks, or is labelled by behaviour or by the lack of a name.
 * `minimumDetectableEffect`: the ratio of the later mean to the earlier (or its inverse) from which on a change is told in 80 % of cases, by the width
 * of the interval.
 * `substitutedBy`: services of the same category that gained as much a day as the subject lost (intervals overlap), beyond the median change of
 * all services (as Anders and Huber, Genome Biol. 11, 2010, take out a common trend), so that a busier period is no gain.
 */
export function periodComparisons(): Analysis {
  const notes = new Map<string, Note>();
  return {
    findings(frame) {
      const days = comparedDays(frame);
      const { divisions, leftOut } = divisionsOf(frame, days);
      const whole = divisions.filter((division) => isWhole(days, division));
      const [halves] = divisions;
      if (halves === undefined) return [];
      if (whole.length === 0) {
        return comparisons(frame, days, halves, [], volumes(frame), 0, notes);
      }
      const { subjects, servicesLeftOut } = subjectsOf(frame);
      const changes = recordingChanges(frame, days);
      return whole.flatMap((division) =>
        comparisons(frame, days, division, changes, subjects, leftOut + servicesLeftOut, notes),
      );
    },
    settle(frame, finding) {
      const note = notes.get(finding.id);
      if (finding.kind !== 'period-comparison' || note === undefined) return finding;
      const ratio = 1 + (finding.change ?? 0);
      const [low, high] = note.interval ?? [0, 0];
      const isLarge = 1 + low >= LEAST_RATIO || 1 + high <= 1 / LEAST_RATIO;
      const isClear = finding.verdict === 'supported' && (finding.pValue ?? 1) <= OWN_SIGNIFICANCE;
      const isSupported = isClear && isLarge && !note.isShared;
      const told: PeriodComparisonFinding = {
        ...finding,
        verdict: isSupported ? 'supported' : note.isBlind ? 'insufficient-data' : 'not-supported',
        substitutedBy: isSupported && ratio < 1 ? note.substitutes : [],
      };
      return { ...told, statement: statementOf(frame, told, note.name) };
    },
  };
}

/** What `settle` needs to know of a finding. */
interface Note {
  /** The subject in words. */
  readonly name: string;
  /** What may have taken its place. */
  readonly substitutes: string[];
  /** Whether its change is laid to the recording. */
  readonly isShared: boolean;
  /** Whether the evidence lacks the names or payloads that the subject goes by. */
  readonly isBlind: boolean;
  /** Of the change, told or not. */
  readonly interval: [number, number] | null;
}

/** The findings of one division; the first subject is the volume by flows. */
function comparisons(
  frame: AnalysisFrame,
  days: readonly ComparedDay[],
  division: Division,
  ofRecording: readonly RecordingChange[],
  subjects: readonly Subject[],
  leftOut: number,
  notes: Map<string, Note>,
): PeriodComparisonFinding[] {
  const changes = ofRecording.filter(
    ({ day, what }) => what !== 'gap' && day > division.earlier.from && day <= division.later.to,
  );
  const isTested = isWhole(days, division) && !changes.some(({ what }) => what === 'evidence');
  const compared = subjects.map((subject) => compare(frame, days, division, subject, isTested));
  const gains = gainsOf(frame, compared);
  const ofAll = compared[0].test.logRatio;
  return compared.map((each) => {
    const finding = findingOf(frame, days, each, { changes, isTested, leftOut, all: subjects });
    notes.set(finding.id, {
      name: each.subject.name,
      substitutes: substitutesOf(each, gains),
      isShared: changes.length > 0 && isSharedChange(each.test.logRatio, ofAll),
      isBlind: missingFor(frame, each.subject).length > 0,
      interval: each.interval,
    });
    return finding;
  });
}

function isSharedChange(change: number, ofAll: number): boolean {
  return Math.sign(change) === Math.sign(ofAll) && Math.abs(ofAll) >= SHARED_PART * Math.abs(change);
}

function compare(
  frame: AnalysisFrame,
  days: readonly ComparedDay[],
  division: Division,
  subject: Subject,
  isTested: boolean,
): Compared {
  const { earlier, later } = division;
  const chosen = days.filter((day) => isIn(day, earlier) || isIn(day, later));
  const isLater = Uint8Array.from(chosen, (day) => (isIn(day, later) ? 1 : 0));
  const values = Float64Array.from(chosen, ({ index }) => subject.daily[index]);
  const exposures = Float64Array.from(chosen, ({ exposure }) => exposure);
  const { unit } = subject;
  const permutations = Math.min(MOST_PERMUTATIONS, Math.max(999, Math.floor(MOST_PERMUTED_DAYS / (chosen.length + 1))));
  const compared = { values, exposures, isLater, weekdays: Uint8Array.from(chosen, ({ weekday }) => weekday), unit };
  const test = comparePeriods(compared, isTested ? permutations : 1, ENOUGH_HITS, SEED);
  const of = (series: Float64Array, side: number): number => sum(series.filter((_, i) => isLater[i] === side));
  const totals: [number, number] = [of(values, 0), of(values, 1)];
  const observed: [number, number] = [of(exposures, 0), of(exposures, 1)];

  const isSeen = totals[0] + totals[1] > 0 && observed[0] > 0 && observed[1] > 0;
  const size = daysPerBlock(frame.days.length);
  const blocks = chosen.map(({ index }) => Math.floor(index / size));
  return {
    division,
    subject,
    test,
    totals,
    observed,
    days: [chosen.length - sum(isLater), sum(isLater)],
    series: compared,
    blocks,
    interval: isSeen ? changeInterval(compared, frame.resamples, blocks, test) : null,
  };
}

/** Service → interval of what it gained a day beyond the median change of all services; only those that can be told. */
function gainsOf(frame: AnalysisFrame, compared: readonly Compared[]): ReadonlyMap<Compared, [number, number]> {
  const services = compared.filter(({ subject }) => subject.isService);
  const trend = Math.exp(
    services.map(({ test }) => test.logRatio).toSorted((x, y) => x - y)[services.length >> 1] ?? 0,
  );
  return new Map(
    services.flatMap((each): [Compared, [number, number]][] => {
      const interval =
        each.interval && gainInterval(each.series, frame.resamples, each.blocks, each.test.inflation, trend);
      return interval === null ? [] : [[each, interval]];
    }),
  );
}

/** Services of the subject's category that gained what it lost: each on its own, or all of them together. */
function substitutesOf(lost: Compared, gains: ReadonlyMap<Compared, [number, number]>): string[] {
  const loss = gains.get(lost);
  if (loss === undefined || loss[1] >= 0) return [];
  const gainers = [...gains].filter(
    ([{ subject, test }, [low]]) =>
      subject.category === lost.subject.category && low > 0 && test.pValue <= GAIN_SIGNIFICANCE,
  );
  const covers = (low: number, high: number): boolean => low <= -loss[0] && high >= -loss[1];
  const alone = gainers.filter(([, gain]) => covers(...gain));
  if (alone.length > 0) return alone.map(([{ subject }]) => subject.id);
  const [low, high] = [0, 1].map((end) => sum(gainers.map(([, gain]) => gain[end])));
  return gainers.length > 1 && covers(low, high) ? gainers.map(([{ subject }]) => subject.id) : [];
}

/** What findings of one division have alike. */
interface Circumstances {
  /** Changes of the recording inside the periods. */
  readonly changes: readonly RecordingChange[];
  readonly isTested: boolean;
  /** Services and divisions that were not compared. */
  readonly leftOut: number;
  /** All subjects, the volumes first. */
  readonly all: readonly Subject[];
}

function findingOf(
  frame: AnalysisFrame,
  days: readonly ComparedDay[],
  compared: Compared,
  { changes, isTested, leftOut, all }: Circumstances,
): PeriodComparisonFinding {
  const { division, subject, test, totals, observed, interval } = compared;
  const { earlier, later } = division;
  const { metric } = subject;
  const isComparable = observed[0] > 0 && observed[1] > 0;
  const isEnough = isWhole(days, division) && totals[0] + totals[1] >= MINIMUM_SUBJECT_FLOWS * subject.unit;
  const weak = weakLabels(frame, subject.labels);
  const isJudged = isTested && isEnough && weak.length === 0;
  const change = !isComparable || totals[0] + totals[1] === 0 ? null : Math.exp(test.logRatio) - 1;
  const perDay: [number, number] = isComparable ? [totals[0] / observed[0], totals[1] / observed[1]] : [0, 0];
  const volume = all.find((each) => each.id === 'volume' && each.metric === metric);
  const shareOf = (total: number, period: Period): number | null => {
    const of = sum(days.filter((day) => isIn(day, period)).map(({ index }) => volume?.daily[index] ?? 0));
    return of === 0 ? null : rounded(total / of);
  };
  const caveats: Caveat[] = [...missingFor(frame, subject), ...weak];
  if (!isEnough) {
    caveats.push({
      id: 'too-little-data',
      text:
        `${compared.days[0]} and ${compared.days[1]} days can be compared, with too few of them or of flows; at least ` +
        `${LEAST_DAYS} days on either side and ${MINIMUM_SUBJECT_FLOWS} recorded flows are needed.`,
    });
  }
  if (changes.length > 0) {
    caveats.push({
      id: 'recording-changes',
      text:
        `Inside the two periods the recording changes (${changes.map(changeInWords).join('; ')})` +
        (changes.some(({ what }) => what === 'evidence')
          ? ': recordings would be compared, not what was recorded.'
          : '; a change that all activity shares is laid to it.'),
    });
  }
  const cut = leftOutDays(frame, days);
  if (cut.length > 0) {
    caveats.push({
      id: 'days-cut',
      text: `${cut.length} days are left out because the evidence shows too little of them.`,
    });
  }
  if (totals[0] === 0 || totals[1] === 0) {
    caveats.push({
      id: 'none-in-one-period',
      text: 'In one of the periods none was seen: the change is a bound, half a recorded flow taken for none.',
    });
  }
  const events = frame.events.filter(({ kind, time }) => {
    const day = Math.floor(frame.tally.clock.localHour(time) / 24);
    return DIVIDING_KINDS.includes(kind) && day >= earlier.from && day <= later.to;
  });
  if (events.length > 0) {
    const named = events
      .slice(0, NAMED_EVENTS)
      .map(({ label, kind }) => `“${visibleText(label)}” (${visibleText(kind)})`);
    const more = events.length > NAMED_EVENTS ? ` and ${events.length - NAMED_EVENTS} more` : '';
    caveats.push({
      id: 'events-inside',
      text: `Inside the periods lie ${formatList(named)}${more}: timing only; being written about can change what people do.`,
    });
  }
  if (leftOut > 0 && subject.id === 'volume') {
    caveats.push({
      id: 'comparisons-left-out',
      text: `${formatCount(leftOut)} services or divisions of the window more were not compared.`,
    });
  }
  if (subject.id === 'volume' && PATH_FIELDS.some((field) => frame.recording.isFull(field))) {
    caveats.push({
      id: 'paths-not-told',
      text: `The flow exports name more than ${MOST_PATHS} next hops, exporters or interfaces, too many to be followed.`,
    });
  }
  caveats.push(...sampledFlows(frame, metric), ...labelCaveats(frame, subject.labels), ...activityCaveats(frame));
  const within = subject.filter === '' ? '' : ` and ${subject.filter}`;
  const whereOf = ({ from, to }: Period): string =>
    `${frame.activity}${within} and start >= ${dateOfDay(from)} and start < ${dateOfDay(to + 1)}` +
    withoutLeftOutDays(frame, days, from, to);
  const base = baseOf(frame, {
    kind: 'period-comparison',
    subject: `${subject.id} ${division.by}`,
    title: `Change of ${subject.name}${subject.id === 'volume' ? ` by ${metric}` : ''}, ${division.words}`,
    statement: '',
    verdict: isJudged ? 'not-supported' : 'insufficient-data',
    value: change,
    interval: change === null ? null : toldInterval(frame, metric, interval),
    unit: 'relative change per observed day',
    pValue: isJudged ? test.pValue : null,
    method: {
      name: 'Ratio of means per observed day; studentised permutation test within weekdays; day-block bootstrap interval',
      source:
        'Neuhaus, Ann. Statist. 21 (1993); Janssen, Stat. Probab. Lett. 36 (1997); Newey and West, Econometrica 55 (1987); ' +
        'Besag and Clifford, Biometrika 78 (1991); Carlstein, Ann. Statist. 14 (1986)',
    },
    parameters: {
      subject: subject.id,
      metric,
      division: division.by,
      leastDays: LEAST_DAYS,
      leastRatio: LEAST_RATIO,
      mostPermutations: MOST_PERMUTATIONS,
      mostPermutedDays: MOST_PERMUTED_DAYS,
      enoughHits: ENOUGH_HITS,
      resamples: RESAMPLES,
      mostServices: MOST_SERVICES,
      mostUpstreams: MOST_UPSTREAMS,
      minimumFlows: MINIMUM_SUBJECT_FLOWS,
      dividingKinds: DIVIDING_KINDS,
      pauseDays: PAUSE_DAYS,
      mostDivisions: MOST_DIVISIONS,
      gainSignificance: GAIN_SIGNIFICANCE,
      sharedPart: SHARED_PART,
      significance: SIGNIFICANCE,
      ownSignificance: OWN_SIGNIFICANCE,
      seed: SEED,
      level: LEVEL,
      timeZone: frame.profile.timeZone,
    },
    metric,
    where: whereOf(later),
    numerator: totals[1],
    denominator: totals[0],
    caveats,
  });
  const finding: PeriodComparisonFinding = {
    ...base,
    kind: 'period-comparison',
    periods: [
      { from: dateOfDay(earlier.from), to: dateOfDay(earlier.to) },
      { from: dateOfDay(later.from), to: dateOfDay(later.to) },
    ],
    subject: subject.id,
    change: change === null ? null : rounded(change),
    minimumDetectableEffect: isJudged && change !== null && interval !== null ? rounded(leastTold(interval)) : null,
    substitutedBy: [],
    perDay: [rounded(perDay[0]), rounded(perDay[1])],
    shares: [shareOf(totals[0], earlier), shareOf(totals[1], later)],
    whereEarlier: whereOf(earlier),
  };
  return { ...finding, statement: statementOf(frame, finding, subject.name) };
}

/** The least ratio that is told in 80 % of cases: its test passes, and its interval lies beyond a fifth (normal approximation). */
function leastTold([low, high]: readonly [number, number]): number {
  const beyond = normalQuantile((1 + LEVEL) / 2);
  const error = Math.log((1 + high) / (1 + low)) / (2 * beyond);
  const often = normalQuantile(POWER);
  const tested = (normalQuantile(1 - OWN_SIGNIFICANCE / 2) + often) * error;
  return Math.exp(Math.max(tested, Math.log(LEAST_RATIO) + (beyond + often) * error));
}

function percent(change: number): string {
  const shown = change * 100;
  return `${shown > 0 ? '+' : ''}${formatCount(Math.abs(shown) < 10 ? Math.round(shown * 10) / 10 : Math.round(shown))} %`;
}

function statementOf(frame: AnalysisFrame, finding: PeriodComparisonFinding, name: string): string {
  const { periods, metric, change, interval, verdict, perDay, minimumDetectableEffect: least } = finding;
  const [earlier, later] = periods;
  const zone = frame.profile.timeZone;
  const seen = seenBetween(frame, hasActivity);
  const between = `from ${earlier.from} to ${earlier.to} and from ${later.from} to ${later.to} (${zone})`;
  if (change === null || metric === null) return `The periods ${between} cannot be compared: activity ${seen}.`;
  const measured =
    `${formatAmount(metric, perDay[0])} per observed day, then ${formatAmount(metric, perDay[1])}: ${percent(change)}` +
    (interval === null ? '' : ` (95 % interval ${percent(interval[0])} to ${percent(interval[1])})`);
  const told = {
    supported: `Activity (flows opened from inside the ranges) ${change > 0 ? 'rose' : 'fell'} between the periods`,
    'not-supported':
      'No change of activity (flows opened from inside the ranges) by a fifth or more can be told between the periods',
    'insufficient-data':
      'The data do not suffice to compare activity (flows opened from inside the ranges) in the periods',
  }[verdict];
  const limit =
    verdict !== 'not-supported' || least === null
      ? ''
      : `; a rise to ${formatCount(Math.round(least * 100) / 100)} times as much, or as large a fall, would be told in 80 % of cases`;
  return `${told} ${between}, for ${name}: ${measured}${limit}; activity ${seen}.`;
}
