import { FIRST_UPSTREAM } from '../../../electron/sample/ipfix-file.ts';
import type { PlantedEffect } from '../../../electron/sample/truth.ts';
import type { PeriodComparisonFinding } from '../../../shared/finding.ts';
import { estimateRow, expectedOf, findingsOf, type Judge, type JudgedRow, verdictRow } from './judged-row.ts';

/**
 * Changes between periods. Where the profile states a period at the planted date (an event of kind `period`): the ratio of all
 * activity, of a service and of what took its place, and of the way out; changes beyond the least that the finding says it tells must be told. In worlds
 * whose effects do not begin or end inside the window, every change told is false.
 */
export const judgePeriodComparisons: Judge = (findings, truth) => {
  const told = findingsOf(findings, 'period-comparison');
  const rows: JudgedRow[] = [];
  if (!truth.effects.some(isDated)) {
    for (const { subject, metric, periods, verdict } of told) {
      if (verdict === 'insufficient-data') continue;
      const item = `${subject} from ${periods[1].from}`;
      rows.push(
        verdictRow(
          { kind: 'period-comparison', subject, measure: 'no change', metric, item },
          false,
          verdict === 'supported',
        ),
      );
    }
    return rows;
  }
  for (const effect of truth.effects) {
    if (effect.effect !== 'volume' && effect.effect !== 'substitution' && effect.effect !== 'upstream') continue;
    const from = Date.parse(effect.date) + 86_400_000;
    const stated = told.filter(({ periods }) => Date.parse(periods[1].from) === from);
    const changeOf = (subject: string): Change | null => {
      const finding = stated.find((each) => each.subject === subject && each.metric === 'flows');
      const expected = expectedOf(truth, 'period-comparison', subject, 'change', 'flows');
      return finding === undefined || expected === null
        ? null
        : { finding, expected, isLarge: isLarge(finding, expected) };
    };
    const partsOf = (subject: string) =>
      ({ kind: 'period-comparison', subject, metric: 'flows', item: effect.date }) as const;
    if (effect.effect === 'volume') {
      const change = changeOf('volume');
      if (change === null) continue;
      rows.push(estimateOf(partsOf('volume'), 'change of volume', change));
      if (change.isLarge) {
        const isTold = change.finding.verdict === 'supported';
        rows.push(verdictRow({ ...partsOf('volume'), measure: 'volume told' }, true, isTold));
      }
    } else if (effect.effect === 'upstream') {
      // Only flow exports tell the way out.
      const [first, second] = [FIRST_UPSTREAM, effect.nextHop].map((hop) => `upstream:nextHop=${hop}`);
      const change = changeOf(first);
      const taken = stated.find(({ subject }) => subject === second);
      if (change === null || taken === undefined) continue;
      rows.push(estimateOf(partsOf(first), 'change of upstream', change));
      const isRise = taken.verdict === 'supported' && taken.perDay[1] > taken.perDay[0];
      rows.push(verdictRow({ ...partsOf(second), measure: 'upstream told' }, true, isRise));
    } else {
      const [fallen, risen] = [changeOf(`service:${effect.service}`), changeOf(`service:${effect.by}`)];
      for (const change of [fallen, risen]) {
        if (change !== null) rows.push(estimateOf(partsOf(change.finding.subject), 'change of a service', change));
      }
      if (fallen === null || !fallen.isLarge) continue;
      const { finding } = fallen;
      const isFall = finding.verdict === 'supported' && (finding.change ?? 0) < 0;
      rows.push(verdictRow({ ...partsOf(finding.subject), measure: 'fall told' }, true, isFall));
      if (risen === null || !risen.isLarge) continue;
      const isReplaced = isFall && finding.substitutedBy.includes(`service:${effect.by}`);
      rows.push(verdictRow({ ...partsOf(finding.subject), measure: 'substitute told' }, true, isReplaced));
    }
  }
  return rows;
};

interface Change {
  readonly finding: PeriodComparisonFinding;
  readonly expected: number;
  /** Whether it lies beyond the least that the finding says it tells. */
  readonly isLarge: boolean;
}

function isLarge({ minimumDetectableEffect: least }: PeriodComparisonFinding, expected: number): boolean {
  return least !== null && Math.abs(Math.log(1 + expected)) >= Math.log(least);
}

function estimateOf(
  parts: Pick<JudgedRow, 'kind' | 'subject' | 'metric' | 'item'>,
  measure: string,
  { finding, expected }: Change,
): JudgedRow {
  return estimateRow({ ...parts, measure }, expected, finding.value, finding.interval);
}

/** Whether an effect makes one part of the window unlike another. */
function isDated(effect: PlantedEffect): boolean {
  switch (effect.effect) {
    case 'onset':
    case 'volume':
    case 'substitution':
    case 'upstream':
    case 'reconnaissance':
    case 'event-response':
      return true;
    default:
      return 'from' in effect && effect.from !== undefined;
  }
}
