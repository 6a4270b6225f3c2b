import { filterValue } from '../../shared/activity.ts';
import type { Caveat, ServiceRankingFinding, Verdict } from '../../shared/finding.ts';
import { formatCount, formatShare, formatShareInterval } from '../../shared/number-format.ts';
import { activityCaveats, labelCaveats } from './caveats.ts';
import {
  type AnalysisFrame,
  LEVEL,
  MINIMUM_DAYS,
  MINIMUM_FLOWS,
  MOST_BLOCKS,
  RESAMPLES,
  SEED,
  baseOf,
  byBlock,
  rounded,
  roundedInterval,
  seenBetween,
  sum,
} from './analysis-frame.ts';
import { ratioInterval, resampledTotals } from './statistics/day-bootstrap.ts';
import type { DayTally } from './traffic-tally.ts';

/** Services told in one ranking; how many more there are is said. */
const LONGEST_RANKING = 20;
/** Share of resamples in which the first must be first for its place to be told. */
const FIRST_PLACE = 0.95;

/**
 * Named services by their share of activity flows: one ranking over everything and one for each category with a named
 * service. The denominator is all activity flows (of the category), named or not, so shares need not sum to 1.
 *
 * `supported` is about the first place only: at least 7 days with such flows and 100 of them, and the same service comes
 * first in at least 95 % of the resampled sets of days (rank stability by bootstrap: Hall and Miller, Ann. Statist. 37,
 * 2009). `not-supported`: enough data, but the first cannot be told from the next. Ties are ordered by name.
 */
export function serviceRankings(frame: AnalysisFrame): ServiceRankingFinding[] {
  const { labels } = frame.tally;
  const categories = new Set(labels.filter((label) => label.service !== null).map((label) => label.category));
  return [null, ...[...categories].toSorted()].map((category) => ranking(frame, category));
}

function ranking(frame: AnalysisFrame, category: string | null): ServiceRankingFinding {
  const { tally, resamples } = frame;
  const counted = tally.labels.map((_, label) => label).filter((label) => matches(frame, label, category));
  const byService = new Map<string, number[]>();
  for (const label of counted) {
    const { service } = tally.labels[label];
    if (service !== null) byService.set(service, [...(byService.get(service) ?? []), label]);
  }
  const flowsOn = (day: DayTally, of: readonly number[]): number =>
    of.reduce((total, label) => total + (day.sums[label * 3] ?? 0), 0);
  const denominators = byBlock(frame, (day) => flowsOn(day, counted));
  const denominator = sum(denominators);
  const services = [...byService]
    .map(([service, of]) => ({ service, of, flows: frame.days.reduce((total, day) => total + flowsOn(day, of), 0) }))
    .toSorted((x, y) => y.flows - x.flows || (x.service < y.service ? -1 : 1));
  const told = services.slice(0, LONGEST_RANKING);
  const resampledAll = resampledTotals(resamples, denominators);
  const resampledServices = told.map(({ of }) =>
    resampledTotals(
      resamples,
      byBlock(frame, (day) => flowsOn(day, of)),
    ),
  );
  const rows = told.map(({ service, of, flows }, i) => ({
    service,
    value: rounded(flows / denominator),
    interval: roundedInterval(ratioInterval(resamples, resampledServices[i], resampledAll)),
    daysActive: frame.days.filter((day) => flowsOn(day, of) > 0).length,
  }));

  const top = told[0];
  const topRow = rows[0];
  const days = frame.days.filter((day) => flowsOn(day, counted) > 0).length;
  const firstShare = shareFirst(resampledServices);
  const subject = category ?? 'everything';
  const of = category === null ? 'activity flows' : `activity flows of category ${category}`;
  const caveats: Caveat[] = [];
  let verdict: Verdict = firstShare >= FIRST_PLACE ? 'supported' : 'not-supported';
  if (top === undefined || days < MINIMUM_DAYS || denominator < MINIMUM_FLOWS) {
    verdict = 'insufficient-data';
    caveats.push({
      id: 'too-little-data',
      text:
        `There are ${formatCount(denominator)} ${of} on ${days} days; at least ${MINIMUM_FLOWS} on ${MINIMUM_DAYS} ` +
        'days are needed.',
    });
  }
  if (verdict === 'not-supported') {
    caveats.push({
      id: 'first-place-open',
      text:
        `${top?.service ?? ''} comes first in ${formatShare(firstShare)} of the resampled sets of days, ` +
        `less than ${formatShare(FIRST_PLACE)}: the order at the top may be chance.`,
    });
  }
  if (services.length > told.length) {
    caveats.push({
      id: 'ranking-cut',
      text: `${services.length - told.length} further services with fewer flows are not listed.`,
    });
  }
  caveats.push(
    { id: 'flows-not-time', text: 'Ranked by number of flows; one visit may open one flow or hundreds.' },
    ...labelCaveats(frame, top?.of ?? []),
    ...activityCaveats(frame),
  );
  const seen = seenBetween(frame, (day) => flowsOn(day, counted) > 0);
  const place = PLACES[verdict];
  const statement =
    top === undefined || topRow === undefined
      ? `No named service was seen in the ${of}, counting flows opened from inside the ranges.`
      : `Of the ${of} (opened from inside the ranges; ${formatCount(denominator)}), ${place} ${top.service} with ` +
        `${formatShare(topRow.value)} (${formatCount(top.flows)} flows; 95 % interval ` +
        `${formatShareInterval(topRow.interval)}); such flows were ${seen}.`;
  const inCategory = category === null ? '' : ` and category = ${filterValue(category)}`;
  const base = baseOf(frame, {
    kind: 'service-ranking',
    subject,
    title: category === null ? 'Most used services' : `Most used services of category ${category}`,
    statement,
    verdict,
    value: topRow?.value ?? null,
    interval: topRow?.interval ?? null,
    unit: `share of ${of}`,
    method: {
      name: 'Ranking by flows with day-block bootstrap intervals and rank stability',
      source: 'Carlstein, Ann. Statist. 14 (1986); Hall and Miller, Ann. Statist. 37 (2009)',
    },
    parameters: {
      metric: 'flows',
      category,
      timeZone: frame.profile.timeZone,
      resamples: RESAMPLES,
      seed: SEED,
      level: LEVEL,
      mostBlocks: MOST_BLOCKS,
      longestRanking: LONGEST_RANKING,
      firstPlaceShare: FIRST_PLACE,
      minimumDays: MINIMUM_DAYS,
      minimumFlows: MINIMUM_FLOWS,
    },
    metric: 'flows',
    where: `${frame.activity}${inCategory}` + (top === undefined ? '' : ` and service = ${filterValue(top.service)}`),
    numerator: top?.flows ?? 0,
    denominator,
    caveats,
  });
  return { ...base, kind: 'service-ranking', category, country: null, ranking: rows };
}

function matches(frame: AnalysisFrame, label: number, category: string | null): boolean {
  return category === null || frame.tally.labels[label].category === category;
}

const PLACES: Readonly<Record<Verdict, string>> = {
  supported: 'the most used named service was',
  'not-supported': 'the named service seen most, though its first place is not certain, was',
  'insufficient-data': 'the named service seen most, in too little data for a ranking, was',
};

/** Share of the resamples in which the first series has the strictly greatest total. */
function shareFirst(totals: readonly Float64Array[]): number {
  const [first, ...others] = totals;
  if (first === undefined) return 0;
  let wins = 0;
  for (let r = 0; r < first.length; r++) if (others.every((other) => other[r] < first[r])) wins++;
  return wins / first.length;
}
