import { ALL_SITES } from '../../../electron/sample/sites.ts';
import type { WorldTruth } from '../../../electron/sample/truth.ts';
import { estimateRow, expectedOf, findingsOf, type Judge, type JudgedRow, shareMeasure } from './judged-row.ts';

/** Services that make up less than this of what is ranked are too rare to judge an interval by. */
const LEAST_SHARE = 0.01;

/** Shares of ranked services, and whether a first place that is told for certain is the true one. */
export const judgeServiceRankings: Judge = (findings, truth) =>
  findingsOf(findings, 'service-ranking').flatMap(({ category, country, ranking, verdict }) => {
    const subject = category ?? 'everything';
    if (ranking.length === 0) return [];
    if (country !== null) return firstInCountry(truth, country, ranking[0]?.service, verdict === 'supported');
    const rows = ranking.flatMap(({ service, value, interval }): JudgedRow[] => {
      const expected = expectedOf(truth, 'service-ranking', subject, service, 'flows');
      if (expected === null || expected < LEAST_SHARE) return [];
      const parts = {
        kind: 'service-ranking',
        subject,
        measure: shareMeasure(verdict),
        metric: 'flows',
        item: service,
      } as const;
      // One service alone has the whole share, and no interval worth the name.
      return expected === 1 ? [] : [estimateRow(parts, expected, value, interval)];
    });
    const known = truth.quantities.filter((each) => each.kind === 'service-ranking' && each.subject === subject);
    const [first] = known.toSorted((x, y) => y.expected - x.expected);
    if (first === undefined || known.length < 2) return rows;
    const isTold = verdict === 'supported';
    const isRight = ranking[0]?.service === first.item;
    const parts = {
      kind: 'service-ranking',
      subject,
      measure: 'first place',
      metric: 'flows',
      item: first.item,
    } as const;
    rows.push({
      ...parts,
      truth: 1,
      estimate: isTold ? 1 : 0,
      interval: null,
      isCovered: null,
      isFound: isTold && isRight,
      isFalse: isTold && !isRight,
    });
    return rows;
  });

/** The first place among the services of one country; where some are served from another too, it is not known. */
function firstInCountry(truth: WorldTruth, country: string, top: string | undefined, isTold: boolean): JudgedRow[] {
  if (truth.effects.some((effect) => effect.effect === 'decoy' && effect.kind === 'cdn')) return [];
  if (truth.misplaced.includes(country)) return [];
  const [first, second] = truth.quantities
    .filter(
      ({ kind, subject, item }) =>
        kind === 'service-ranking' &&
        subject === 'everything' &&
        ALL_SITES.some((site) => site.service === item && site.country === country),
    )
    .toSorted((x, y) => y.expected - x.expected);
  if (first === undefined || second === undefined) return [];
  const isRight = top === first.item;
  return [
    {
      kind: 'service-ranking',
      subject: `country ${country}`,
      measure: 'first place in a country',
      metric: 'flows',
      item: first.item,
      truth: 1,
      estimate: isTold ? 1 : 0,
      interval: null,
      isCovered: null,
      isFound: isTold && isRight,
      isFalse: isTold && !isRight,
    },
  ];
}
