import { filterValue } from '../../shared/activity.ts';
import { type ActivityShareFinding, type Caveat, METRICS, type Metric, type Verdict } from '../../shared/finding.ts';
import { formatAmount, formatCount, formatCounted, formatList, formatShare } from '../../shared/number-format.ts';
import { isCategory } from '../../shared/vocabulary.ts';
import { activityCaveats, labelCaveats, sampledFlows } from './caveats.ts';
import {
  type AnalysisFrame,
  LEVEL,
  MINIMUM_DAYS,
  MINIMUM_FLOWS,
  MOST_BLOCKS,
  RESAMPLES,
  SEED,
  activityOf,
  baseOf,
  byBlock,
  hasActivity,
  rounded,
  roundedInterval,
  seenBetween,
  sum,
  shareInterval,
  toldInterval,
} from './analysis-frame.ts';
import { boundedShareInterval } from './statistics/bounded-share.ts';
import { ratioInterval } from './statistics/day-bootstrap.ts';
import { type DayTally, sumOfLabels } from './traffic-tally.ts';
import {
  REACH_METHOD,
  REACH_SOURCE,
  reachInWords,
  TOO_MUCH_UNNAMED,
  unnamedByDay,
  unnamedCaveat,
} from './unnamed-activity.ts';

/** A group seen on fewer days than this has no interval worth telling. */
export const MINIMUM_GROUP_DAYS = 3;
/** An interval that reaches further than this from the share tells too little. */
export const LARGEST_HALF_WIDTH = 0.1;

/**
 * What share of activity belongs to each group of the profile, by all four metrics side by side: one finding a group and
 * metric, since a share of flows, of bytes, of packets and of host-hours are four different things.
 *
 * Interval: accelerated day-block bootstrap, widened where days resemble their neighbours (see `ratioInterval`); a day holds what starts on
 * it. Activity that no rule names may be the group's or not, but for flows in the shape of probes: the interval reaches from the share without
 * it to the share with all of it (see `boundedShareInterval`); the value is the share without it. `supported` means that the share can be
 * told: activity on at least 7 local days and of at least 100 flows, the group seen on at least 3 days, and an interval that reaches at most
 * 10 percentage points from the share to either side. `not-supported`: enough data, and no flow of the group. Otherwise `insufficient-data`,
 * as are shares by flows and host-hours of sampled data; the value is told all the same. No test is made, so there is no p-value.
 *
 * A share of host-hours is of all distinct host-hours with activity; shares of several groups may sum to more than 1.
 */
export function activityShares(frame: AnalysisFrame): ActivityShareFinding[] {
  const names = Object.keys(frame.profile.groups);
  const hostHours = hostHoursByDay(frame, names.length);
  return names.flatMap((name, group) => groupShares(frame, name, group, hostHours));
}

interface HostHoursByDay {
  readonly all: Float64Array;
  readonly ofGroup: readonly Float64Array[];
  /** With activity that no rule names, and none of the group. */
  readonly unnamed: readonly Float64Array[];
}

function hostHoursByDay(frame: AnalysisFrame, groups: number): HostHoursByDay {
  const position = new Map(frame.days.map((day, i) => [day.day, i]));
  const all = new Float64Array(frame.days.length);
  const ofGroup = Array.from({ length: groups }, () => new Float64Array(frame.days.length));
  const unnamed = ofGroup.map(() => new Float64Array(frame.days.length));
  const { hostHours, unnamedGroup } = frame.tally;
  hostHours.forEach((hour, inGroup) => {
    const day = position.get(Math.floor(hour / 24));
    if (day === undefined) return;
    all[day]++;
    const isUnnamed = inGroup(unnamedGroup);
    ofGroup.forEach((counts, group) => {
      if (inGroup(group)) counts[day]++;
      else if (isUnnamed) unnamed[group][day]++;
    });
  });
  return { all, ofGroup, unnamed };
}

/** Filter words for a group: its categories and its services. */
export function groupFilter(members: readonly string[]): string {
  const categories = members.filter(isCategory);
  const services = members.filter((member) => !isCategory(member)).map(filterValue);
  const parts: string[] = [];
  if (categories.length > 0) parts.push(`category in (${categories.join(', ')})`);
  if (services.length > 0) parts.push(`service in (${services.join(', ')})`);
  return parts.length > 1 ? `(${parts.join(' or ')})` : parts.join('');
}

function groupShares(
  frame: AnalysisFrame,
  name: string,
  group: number,
  hostHours: HostHoursByDay,
): ActivityShareFinding[] {
  const { tally, resamples } = frame;
  const members = frame.profile.groups[name] ?? [];
  const labels = tally.labels.map((_, label) => label).filter((label) => tally.inGroup(label, group));
  const ofGroup = (metric: Metric, day: DayTally, index: number): number =>
    metric === 'host-hours' ? hostHours.ofGroup[group][index] : sumOfLabels(day.sums, labels, metric);
  const unnamedOf = (metric: Metric): Float64Array =>
    metric === 'host-hours'
      ? hostHours.unnamed[group]
      : unnamedByDay(frame, metric, (label) => tally.inGroup(label, group));
  const groupDays = frame.days.filter((day, i) => ofGroup('flows', day, i) > 0).length;
  const activeDays = frame.days.filter(hasActivity).length;

  const figures = METRICS.map((metric) => {
    const numerators = byBlock(frame, (day, i) => ofGroup(metric, day, i));
    const denominators = byBlock(frame, (day, i) =>
      metric === 'host-hours' ? hostHours.all[i] : activityOf(day, metric),
    );
    const told = metric !== 'host-hours' || !tally.hostHours.full;
    const numerator = told ? sum(numerators) : null;
    const denominator = told ? sum(denominators) : null;
    const share = numerator === null || denominator === null || denominator === 0 ? null : numerator / denominator;
    const unnamedDays = unnamedOf(metric);
    const unnamed = byBlock(frame, (_, i) => unnamedDays[i]);
    const unnamedShare = share === null || denominator === null ? null : sum(unnamed) / denominator;
    const drawn =
      numerator !== null && numerator > 0 ? ratioInterval(resamples, numerators, denominators, 'share') : null;
    const bounded =
      unnamedShare !== null && unnamedShare > 0
        ? boundedShareInterval(resamples, numerators, unnamed, denominators)
        : drawn;
    return {
      metric,
      numerator,
      denominator,
      share,
      unnamedShare,
      namedInterval: toldInterval(frame, metric, drawn),
      interval: toldInterval(frame, metric, bounded),
    };
  });

  const shares = figures.map((figure) => figure.share).filter((share) => share !== null);
  const spread = shares.length === 0 ? 0 : Math.max(...shares) - Math.min(...shares);
  return figures.map((figure) => {
    const { metric, numerator, denominator, share, interval, unnamedShare, namedInterval } = figure;
    const [ofRecorded] = sampledFlows(frame, metric);
    const reason =
      ofRecorded === undefined ? whyInsufficient(activeDays, tally.activityFlows, groupDays, figure) : null;
    const isAbsent =
      numerator === 0 &&
      activeDays >= MINIMUM_DAYS &&
      tally.activityFlows >= MINIMUM_FLOWS &&
      !isTooWide(share, interval);
    const verdict: Verdict = isAbsent
      ? 'not-supported'
      : reason === null && ofRecorded === undefined
        ? 'supported'
        : 'insufficient-data';
    const caveats: Caveat[] = ofRecorded === undefined ? [] : [ofRecorded];
    if (verdict === 'insufficient-data' && reason !== null) caveats.push(reason);
    if (isAbsent) {
      caveats.push({
        id: 'none-seen',
        text: 'No flow of the group was seen; that bounds its share by nothing but the number of days watched.',
      });
    }
    const reach = reachInWords(figure);
    if (reach !== '') caveats.push(unnamedCaveat(frame, metric, figure, 'belong to the group'));
    if (share === null && tally.hostHours.full) {
      caveats.push({ id: 'too-many-host-hours', text: 'There are more hosts or host-hours than can be counted.' });
    }
    if (spread >= LARGEST_HALF_WIDTH) {
      const sides = figures.map((side) => `${formatShare(side.share)} by ${side.metric}`);
      caveats.push({
        id: 'metrics-differ',
        text: `The share depends on what is counted: ${formatList(sides)}. Name the metric when repeating it.`,
      });
    }
    caveats.push(...frame.missing.names, ...labelCaveats(frame, labels), ...activityCaveats(frame));
    const seen = seenBetween(frame, hasActivity, metric);
    const statement =
      numerator === 0 && share !== null
        ? `None of the ${formatAmount(metric, denominator)} of activity ${reach === '' ? 'belonged' : 'is known to have belonged'} to ` +
          `${name} (${formatList(members)}${reach === '' ? '' : `; ${shareInterval(interval)}${reach}`}), ` +
          `counting flows opened from inside the ranges; activity ${seen}.`
        : share === null
          ? `No share of ${name} in ${metric} can be told: activity ${seen}.`
          : `${formatShare(share)} of the ${metric} of activity (${formatAmount(metric, numerator)} of ` +
            `${formatAmount(metric, denominator)}; ${shareInterval(interval)}${reach}) belonged to ${name} ` +
            `(${formatList(members)}), counting flows opened from inside the ranges; activity ${seen}.`;
    const base = baseOf(frame, {
      kind: 'activity-share',
      subject: name,
      title: `Share of ${name} in activity, by ${metric}`,
      statement,
      verdict,
      value: share,
      interval,
      unit: `share of ${metric}`,
      method: {
        name:
          'Ratio of totals with accelerated day-block bootstrap interval, widened where days resemble their neighbours' +
          (reach === '' ? '' : REACH_METHOD),
        source:
          'Carlstein, Ann. Statist. 14 (1986); Künsch, Ann. Statist. 17 (1989); ' +
          'Efron, JASA 82 (1987); expanded percentiles: Hesterberg, Am. Stat. 69 (2015); ' +
          'Hall and Van Keilegom, J. R. Statist. Soc. B 65 (2003)' +
          (reach === '' ? '' : REACH_SOURCE),
      },
      parameters: {
        metric,
        members,
        timeZone: frame.profile.timeZone,
        resamples: RESAMPLES,
        seed: SEED,
        level: LEVEL,
        mostBlocks: MOST_BLOCKS,
        minimumDays: MINIMUM_DAYS,
        minimumFlows: MINIMUM_FLOWS,
        minimumGroupDays: MINIMUM_GROUP_DAYS,
        largestHalfWidth: LARGEST_HALF_WIDTH,
      },
      metric,
      where: `${frame.activity} and ${groupFilter(members)}`,
      numerator,
      denominator,
      caveats,
    });
    return {
      ...base,
      kind: 'activity-share',
      group: name,
      members: [...members],
      metric,
      unnamedShare: unnamedShare === null ? null : rounded(unnamedShare),
      namedInterval: roundedInterval(namedInterval),
    };
  });
}

/** An interval as it is told of a share, and without activity that no rule names. */
type Intervals = Pick<ActivityShareFinding, 'interval' | 'namedInterval'>;

const FARTHEST = `${LARGEST_HALF_WIDTH * 100} percentage points`;

/** Why a share is not told whose interval reaches too far for what no rule names. */
export function tooMuchUnnamed(): Caveat {
  const text = `Too much activity is named by no rule: with it, the share may be more than ${FARTHEST} larger.`;
  return { id: TOO_MUCH_UNNAMED, text };
}

/** Whether an interval reaches too far from its share to tell it. */
export function isTooWide(share: number | null, interval: readonly [number, number] | null): boolean {
  if (share === null || interval === null) return false;
  return share - interval[0] > LARGEST_HALF_WIDTH || interval[1] - share > LARGEST_HALF_WIDTH;
}

function whyInsufficient(
  activeDays: number,
  flows: number,
  groupDays: number,
  { share, interval, namedInterval }: Intervals & { readonly share: number | null },
): Caveat | null {
  const tooLittle = (text: string): Caveat => ({ id: 'too-little-data', text });
  if (activeDays < MINIMUM_DAYS)
    return tooLittle(`Activity was seen on ${formatCounted(activeDays, 'day')}; at least ${MINIMUM_DAYS} are needed.`);
  if (flows < MINIMUM_FLOWS) {
    return tooLittle(`There are ${formatCount(flows)} activity flows; at least ${MINIMUM_FLOWS} are needed.`);
  }
  if (groupDays > 0 && groupDays < MINIMUM_GROUP_DAYS) {
    return tooLittle(
      `The group was seen on ${formatCounted(groupDays, 'day')}; at least ${MINIMUM_GROUP_DAYS} are needed for an interval.`,
    );
  }
  if (isTooWide(share, interval) && !isTooWide(share, namedInterval)) return tooMuchUnnamed();
  if (interval === null) return tooLittle('No interval can be told.');
  return isTooWide(share, interval) ? tooLittle(`The interval is wider than ± ${FARTHEST}.`) : null;
}
