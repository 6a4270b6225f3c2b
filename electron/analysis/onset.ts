import type { Caveat, OnsetFinding } from '../../shared/finding.ts';
import { formatCount, formatCounted } from '../../shared/number-format.ts';
import { formatUtc } from '../../shared/time.ts';
import type { Analysis } from './analysis.ts';
import {
  type AnalysisFrame,
  LEVEL,
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
import { type ActivitySubject, MINIMUM_SUBJECT_FLOWS, activitySubjects } from './activity-subjects.ts';
import { activityCaveats, labelCaveats, weakLabels } from './caveats.ts';
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
import {
  type DatedChange,
  NegativeBinomialCost,
  datedChange,
  dispersionOf,
  increaseTest,
  levelsOf,
} from './statistics/change-points.ts';
import { studentTQuantile } from './statistics/distributions.ts';

/** Services looked at, those with most flows. */
const MOST_SERVICES = 40;
/** An onset is a rise to at least so many times the level before: few enough that one to five times is seen as such on noisy days. */
const LEAST_RATIO = 3;
/** The new level must have so many recorded flows a day: fewer come and go by chance, a week of them and a week without. */
const LEAST_LEVEL = 5;
/** Days before a rise that must be observed to call it one: a fifth of all, from one week to two; and days after it. */
const FEWEST_DAYS_BEFORE = 7;
const MOST_DAYS_BEFORE = 14;
const DAYS_AFTER = 3;
const MINIMUM_ONSET_DAYS = 14;
/** Steps of one rise that follow each other within these days are one onset, at the first that goes half of the way in logarithms. */
const RISE_DAYS = 7;
/** Permutations at most, and the work that they may make: permutations × days. */
const MOST_PERMUTATIONS = 9999;
const MOST_PERMUTED_DAYS = 2_000_000;
/** Its own p must be this small, so that few chance rises ride on the true ones of a run that the correction counts. */
const OWN_SIGNIFICANCE = 0.003;
/** Hits after which more permutations tell nothing; see statistics/sequential-permutations.ts. */
const ENOUGH_HITS = 50;
/** A change of the recording this near explains a rise that all activity shares. */
const NEAR_DAYS = 1;
/** All activity shares a rise when it is so many times as much as before, within a week on either side. */
const SHARED_RATIO = 2;
const SHARED_DAYS = 7;
/** Events this near are named. */
const EVENT_DAYS = 3;
const DAY = 86_400_000_000;

/**
 * Since when a category, a service or all activity is there: one finding for each subject with at least 20 recorded flows.
 *
 * Flows per local day (scaled to whole days where a part was not observed) are cut into stretches of one level by PELT with a negative
 * binomial cost (statistics/change-points.ts). An onset is the greatest rise to at least three times the mean of all days
 * before and to five recorded flows a day, kept for three observed days or more; `before` and `after` are the means before it and from it until the
 * level falls back below three times that. Falls are told as `episodes` only. Date and `dateInterval` come from the likelihood of each day
 * as the one change between all days before and the level that the rise comes to (`datedChange`); the interval reaches over days that
 * were not observed.
 *
 * `supported`: the permutation test of an increase passes 0.05 after correction for all tests of the run, and 0.003 itself, an onset as above is there, and
 * it is not explained by the recording: when evidence begins or ends, the sampling rate changes or days are missing within a day
 * of it, and all activity rose too, the verdict is `not-supported`. Without names in the evidence no rise of a category or service is
 * `insufficient-data`, as are rises of what is labelled by behaviour or by the lack of a name. Events within three days are named as timing only.
 */
export function onsets(): Analysis {
  /** By id: each finding as it stands when no onset is told, and whether the evidence lacks the names that it goes by. */
  const flat = new Map<string, { finding: OnsetFinding; isBlind: boolean }>();
  return {
    findings(frame) {
      const days = comparedDays(frame);
      const changes = recordingChanges(frame, days);
      const { subjects, leftOut } = activitySubjects(frame, MOST_SERVICES);
      const total = totalSubject(frame);
      const told = days.length < MINIMUM_ONSET_DAYS ? [] : subjects;
      return [total, ...told].map((subject) => {
        const series = seriesOf(frame, days, changes, subject, total, leftOut);
        const without = findingOf(frame, series, null);
        flat.set(without.id, { finding: without, isBlind: isBlind(frame, subject) });
        return series.isShared ? without : findingOf(frame, series, series.rise);
      });
    },
    settle(frame, finding) {
      if (finding.kind !== 'onset') return finding;
      const { verdict, adjustedPValue, pValue } = finding;
      const isOnset = verdict === 'supported' && finding.date !== null && (pValue ?? 1) <= OWN_SIGNIFICANCE;
      const without = flat.get(finding.id);
      const nothing = without?.isBlind === true ? 'insufficient-data' : 'not-supported';
      const told: OnsetFinding = isOnset
        ? finding
        : { ...(without?.finding ?? finding), verdict: nothing, pValue, adjustedPValue };
      return { ...told, statement: statementOf(frame, told) };
    },
  };
}

/** Whether a rise of the subject would go unseen, since the evidence has next to no names. */
function isBlind(frame: AnalysisFrame, subject: ActivitySubject): boolean {
  return subject.labels.length > 0 && frame.missing.names.length > 0;
}

function totalSubject(frame: AnalysisFrame): ActivitySubject {
  return {
    id: 'total',
    name: 'all activity',
    category: null,
    isService: false,
    filter: '',
    labels: [],
    daily: Float64Array.from(frame.days, (day) => activityOf(day, 'flows')),
    recorded: frame.tally.activityFlows,
  };
}

function daysBefore(days: number): number {
  return Math.min(MOST_DAYS_BEFORE, Math.max(FEWEST_DAYS_BEFORE, Math.floor(days / 5)));
}

/** A rise between two stretches; days are indexes of the compared days. */
interface Rise {
  readonly start: number;
  /** First day after it at which the level has fallen back. */
  readonly end: number;
  readonly before: number;
  readonly after: number;
}

/** The rise that an onset is, if there is one, as the levels have it. */
function segmentedRise(cost: NegativeBinomialCost, starts: readonly number[], days: number, unit: number): Rise | null {
  const rises = starts.flatMap((start, at): (Rise & { gain: number; step: number })[] => {
    if (start < daysBefore(days) || days - start < DAYS_AFTER) return [];
    const before = cost.mean(0, start);
    const least = LEAST_RATIO * Math.max(before, 0.5 / start);
    let end = start;
    for (const [i, from] of starts.entries()) {
      const to = starts[i + 1] ?? days;
      if (from !== end) continue;
      if (cost.mean(from, to) < least) break;
      end = to;
    }
    if (end - start < DAYS_AFTER || cost.mean(start, end) < LEAST_LEVEL) return [];
    const gain = cost.of(0, end) - cost.of(0, start) - cost.of(start, end);
    const step = cost.mean(start, starts[at + 1] ?? days);
    return [{ start, end, before: before * unit, after: cost.mean(start, end) * unit, gain, step: step * unit }];
  });
  const [greatest] = rises.toSorted((x, y) => y.gain - x.gain || x.start - y.start);
  if (greatest === undefined) return null;
  // A rise in steps began with the first that is nearer to the new level than to the old.
  const isFirst = ({ start, before, step }: (typeof rises)[number]): boolean =>
    start <= greatest.start && greatest.start - start <= RISE_DAYS && step ** 2 >= before * greatest.after;
  return rises.find(isFirst) ?? greatest;
}

/** A rise on its own day; the levels that were cut for all changes at once may put it some days off. */
interface DatedRise extends Rise, Pick<DatedChange, 'first' | 'last'> {
  /** First days of all levels, that of the rise on its day. */
  readonly starts: readonly number[];
}

function riseOf(cost: NegativeBinomialCost, starts: readonly number[], days: number, unit: number): DatedRise | null {
  const rise = segmentedRise(cost, starts, days, unit);
  if (rise === null) return null;
  const { end } = rise;
  const change = datedChange(cost, 0, end, LEVEL);
  const start = change.day;
  const before = cost.mean(0, start);
  const after = cost.mean(start, end);
  const isSame =
    Math.abs(start - rise.start) <= RISE_DAYS &&
    start >= daysBefore(days) &&
    end - start >= DAYS_AFTER &&
    after >= LEAST_RATIO * before;
  // A step that another follows weeks later is dated by what lies around it.
  if (!isSame) {
    const at = starts.indexOf(rise.start);
    const { first, last } = datedChange(cost, starts[at - 1] ?? 0, starts[at + 1] ?? days, LEVEL);
    return { ...rise, starts, first: Math.min(first, rise.start), last: Math.max(last, rise.start) };
  }
  const [low, high] = [Math.min(start, rise.start), Math.max(start, rise.start)];
  const moved = [...starts.filter((each) => each < low || each > high), start].toSorted((x, y) => x - y);
  return { ...change, start, end, before: before * unit, after: after * unit, starts: moved };
}

/** A subject over the compared days, and what was found in it. */
interface Series {
  readonly subject: ActivitySubject;
  readonly days: readonly ComparedDay[];
  /** Recorded flows per whole day. */
  readonly counts: Float64Array;
  /** Flows that one recorded flow stands for. */
  readonly unit: number;
  readonly isEnough: boolean;
  readonly cost: NegativeBinomialCost;
  readonly starts: readonly number[];
  readonly rise: DatedRise | null;
  /** Whether the rise is taken as one of the recording. */
  readonly isShared: boolean;
  readonly pValue: number | null;
  readonly caveats: Caveat[];
}

function seriesOf(
  frame: AnalysisFrame,
  days: readonly ComparedDay[],
  changes: readonly RecordingChange[],
  subject: ActivitySubject,
  total: ActivitySubject,
  leftOut: number,
): Series {
  const unit = Math.max(1, ...frame.coverage.sampling);
  const counts = Float64Array.from(days, ({ index, exposure }) => subject.daily[index] / exposure / unit);
  const weak = weakLabels(frame, subject.labels);
  const isEnough = days.length >= MINIMUM_ONSET_DAYS && subject.recorded >= MINIMUM_SUBJECT_FLOWS && weak.length === 0;
  const cost = new NegativeBinomialCost(counts, dispersionOf(counts));
  const levels = isEnough ? levelsOf(cost, days.length) : [0];
  const rise = isEnough ? riseOf(cost, levels, days.length, unit) : null;
  const starts = rise?.starts ?? levels;
  const permutations = Math.min(MOST_PERMUTATIONS, Math.max(999, Math.floor(MOST_PERMUTED_DAYS / days.length)));
  const pValue = isEnough
    ? increaseTest(counts, daysBefore(days.length), DAYS_AFTER, permutations, ENOUGH_HITS, SEED)
    : null;
  const near = rise === null ? [] : nearbyChanges(changes, days, rise.start);
  const isShared = rise !== null && near.length > 0 && isSharedByAll(days, total, rise.start);

  const caveats: Caveat[] = isBlind(frame, subject) ? [...frame.missing.names, ...weak] : [...weak];
  if (!isEnough && weak.length === 0) {
    caveats.push({
      id: 'too-little-data',
      text:
        `${formatCounted(days.length, 'day')} can be compared, with ${formatCount(subject.recorded)} recorded flows; at least ` +
        `${MINIMUM_ONSET_DAYS} days and ${MINIMUM_SUBJECT_FLOWS} flows are needed.`,
    });
  }
  if (near.length > 0) {
    caveats.push({
      id: 'recording-changes',
      text:
        `Within a day of the rise the recording changes (${near.map(changeInWords).join('; ')})` +
        (isShared ? ', and all activity rose too: the rise is taken as one of the recording.' : '.'),
    });
  }
  const cut = leftOutDays(frame, days);
  if (cut.length > 0) {
    caveats.push({
      id: 'days-cut',
      text: `${cut.length} days are left out because the evidence shows too little of them.`,
    });
  }
  if (unit > 1) {
    caveats.push({
      id: 'sampling-detection-limit',
      text: `At a sampling of 1:${unit} a level below ${formatCount(unit)} flows a day leaves less than one recorded flow a day.`,
    });
  }
  if (leftOut > 0 && subject.id === 'total') {
    caveats.push({
      id: 'services-left-out',
      text: `Of the services, the ${MOST_SERVICES} with most flows were looked at; ${formatCount(leftOut)} more were not.`,
    });
  }
  caveats.push(...labelCaveats(frame, subject.labels), ...activityCaveats(frame));
  return { subject, days, counts, unit, isEnough, cost, starts, rise, isShared, pValue, caveats };
}

function findingOf(frame: AnalysisFrame, series: Series, rise: DatedRise | null): OnsetFinding {
  const { subject, days, counts, unit, isEnough, cost, starts, pValue, caveats } = series;
  const from = rise === null ? 0 : rise.start;
  const to = rise === null ? days.length : rise.end;
  const firstDay = days[from]?.day ?? frame.days[0]?.day ?? 0;
  const lastDay = days[to - 1]?.day ?? frame.days.at(-1)?.day ?? 0;
  const numerator = sum(days.slice(from, to).map(({ index }) => subject.daily[index]));
  const level = to > from ? sum(counts.subarray(from, to)) / (to - from) : 0;
  const within = subject.filter === '' ? '' : ` and ${subject.filter}`;
  const span = `start >= ${dateOfDay(firstDay)} and start < ${dateOfDay(lastDay + 1)}`;
  const base = baseOf(frame, {
    kind: 'onset',
    subject: subject.id,
    title: `Onset of ${subject.name}`,
    statement: '',
    verdict: isEnough ? 'not-supported' : 'insufficient-data',
    value: level * unit,
    interval: toldInterval(frame, 'flows', levelInterval(counts, from, to, unit)),
    unit: 'flows per day',
    pValue,
    method: {
      name:
        'PELT with negative binomial cost and modified BIC; date most likely right within a day; permutation test of the best ' +
        'rise of logarithms',
      source:
        'Killick, Fearnhead and Eckley, JASA 107 (2012); Zhang and Siegmund, Biometrics 63 (2007); Smith, Biometrika 62 (1975); ' +
        'Worsley, JASA 74 (1979); Besag and Clifford, Biometrika 78 (1991)',
    },
    parameters: {
      subject: subject.id,
      leastRatio: LEAST_RATIO,
      leastLevel: LEAST_LEVEL,
      daysBefore: [FEWEST_DAYS_BEFORE, MOST_DAYS_BEFORE],
      daysAfter: DAYS_AFTER,
      minimumDays: MINIMUM_ONSET_DAYS,
      minimumFlows: MINIMUM_SUBJECT_FLOWS,
      riseDays: RISE_DAYS,
      mostPermutations: MOST_PERMUTATIONS,
      mostPermutedDays: MOST_PERMUTED_DAYS,
      enoughHits: ENOUGH_HITS,
      mostServices: MOST_SERVICES,
      nearDays: NEAR_DAYS,
      sharedRatio: SHARED_RATIO,
      significance: SIGNIFICANCE,
      ownSignificance: OWN_SIGNIFICANCE,
      seed: SEED,
      level: LEVEL,
      timeZone: frame.profile.timeZone,
    },
    metric: 'flows',
    where: `${frame.activity}${within} and ${span}${withoutLeftOutDays(frame, days, firstDay, lastDay)}`,
    numerator,
    denominator: to - from,
    caveats,
  });
  const finding: OnsetFinding = {
    ...base,
    kind: 'onset',
    subject: subject.id,
    date: rise === null ? null : dateOfDay(firstDay),
    dateInterval: rise === null ? null : dateInterval(days, rise),
    before: rise === null ? null : rounded(rise.before),
    after: rise === null ? null : rounded(rise.after),
    beforeInterval: rise === null ? null : toldInterval(frame, 'flows', levelInterval(counts, 0, rise.start, unit)),
    stillActive: rise === null ? null : rise.end === days.length,
    episodes: isEnough
      ? starts.map((start, i) => {
          const end = starts[i + 1] ?? days.length;
          return {
            from: dateOfDay(days[start].day),
            to: dateOfDay(days[end - 1].day),
            perDay: rounded(cost.mean(start, end) * unit),
          };
        })
      : [],
    nearbyEvents: rise === null ? [] : eventsNear(frame, firstDay),
  };
  return { ...finding, statement: statementOf(frame, finding) };
}

/** Student interval of the mean of days, cut off at 0; null with fewer than two days. */
function levelInterval(counts: Float64Array, from: number, to: number, unit: number): [number, number] | null {
  const days = to - from;
  if (days < 2) return null;
  const values = counts.subarray(from, to);
  const mean = sum(values) / days;
  const variance = values.reduce((x, y) => x + (y - mean) ** 2, 0) / (days - 1);
  // Days without any flow still bear out a level of three flows over all of them (rule of three).
  const least = mean === 0 ? 3 / days : 0;
  const half = studentTQuantile((1 + LEVEL) / 2, days - 1) * Math.sqrt(variance / days);
  return roundedInterval([Math.max(0, mean - half) * unit, Math.max(mean + half, least) * unit]);
}

function dateInterval(days: readonly ComparedDay[], { first, last }: DatedRise): [string, string] {
  // What began on a day that was not observed shows on the next that was.
  const earliest = first === 0 ? days[0].day : days[first - 1].day + 1;
  return [dateOfDay(earliest), dateOfDay(days[last].day)];
}

function nearbyChanges(
  changes: readonly RecordingChange[],
  days: readonly ComparedDay[],
  start: number,
): RecordingChange[] {
  const { day } = days[start];
  return changes.filter((change) => Math.abs(change.day - day) <= NEAR_DAYS);
}

/** Whether all activity rose with it: by its mean over a week on either side. */
function isSharedByAll(days: readonly ComparedDay[], total: ActivitySubject, start: number): boolean {
  const mean = (from: number, to: number): number => {
    const part = days.slice(Math.max(0, from), to);
    return sum(part.map(({ index, exposure }) => total.daily[index] / exposure)) / part.length;
  };
  return mean(start, start + SHARED_DAYS) >= SHARED_RATIO * mean(start - SHARED_DAYS, start);
}

function eventsNear(frame: AnalysisFrame, day: number): OnsetFinding['nearbyEvents'] {
  const { clock } = frame.tally;
  const from = clock.startOfLocalHour(day * 24) - EVENT_DAYS * DAY;
  const to = clock.startOfLocalHour(day * 24 + 24) + EVENT_DAYS * DAY;
  return frame.events
    .filter(({ time }) => time >= from && time < to)
    .map(({ time, label, kind }) => ({ time: formatUtc(time), label, kind }));
}

function statementOf(frame: AnalysisFrame, finding: OnsetFinding): string {
  const name = finding.title.slice('Onset of '.length);
  const seen = seenBetween(frame, hasActivity);
  const zone = frame.profile.timeZone;
  const { date, dateInterval: range, before, after, value, interval, beforeInterval } = finding;
  if (finding.verdict === 'insufficient-data')
    return `Too little is observed to tell an onset of ${name}; activity ${seen}.`;
  if (date === null || range === null) {
    return (
      `No onset of ${name} can be told: no lasting rise of activity (flows opened from inside the ranges) to at least ` +
      `${LEAST_RATIO} times the level before; ${formatCount(value)} flows a day; activity ${seen}.`
    );
  }
  const words = (told: readonly [number, number] | null): string =>
    told === null ? '' : ` (95 % interval ${formatCount(told[0])} to ${formatCount(told[1])})`;
  const sure = range[0] === range[1] ? '' : `; 95 % interval ${range[0]} to ${range[1]}`;
  const until = finding.stillActive === true ? 'it lasts until the end of the window' : 'it ends inside the window';
  return (
    `Activity (flows opened from inside the ranges) of ${name} rose on ${date} (${zone}${sure}) from ` +
    `${formatCount(before)} flows a day${words(beforeInterval)} to ${formatCount(after)}${words(interval)}; ${until}; activity ${seen}.`
  );
}
