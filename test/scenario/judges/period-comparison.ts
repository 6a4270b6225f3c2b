import type { PlantedEffect } from '../../../electron/sample/truth.ts';
import { estimateRow, expectedOf, findingsOf, type Judge, type JudgedRow, verdictRow } from './judged-row.ts';

/** Changes smaller than this need not be found. */
const LEAST_RATIO = 1.5;

/**
 * Changes between periods. Where the profile states a period at the planted date (an event of kind `period`): the ratio of all
 * activity, and what took a service's place. In worlds whose effects do not begin or end inside the window, every change told is false.
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
    if (effect.effect !== 'volume' && effect.effect !== 'substitution') continue;
    const from = Date.parse(effect.date) + 86_400_000;
    const stated = told.filter(({ periods }) => Date.parse(periods[1].from) === from);
    if (effect.effect === 'volume') {
      const finding = stated.find(({ subject, metric }) => subject === 'volume' && metric === 'flows');
      const expected = expectedOf(truth, 'period-comparison', 'all', 'change', 'flows');
      if (finding === undefined || expected === null) continue;
      const parts = { kind: 'period-comparison', subject: 'volume', metric: 'flows', item: effect.date } as const;
      rows.push(estimateRow({ ...parts, measure: 'change of volume' }, expected, finding.value, finding.interval));
      if (effect.ratio >= LEAST_RATIO) {
        rows.push(verdictRow({ ...parts, measure: 'volume told' }, true, finding.verdict === 'supported'));
      }
    } else if (effect.share >= 1 - 1 / LEAST_RATIO) {
      const finding = stated.find(({ subject }) => subject === `service:${effect.service}`);
      if (finding === undefined) continue;
      const parts = { kind: 'period-comparison', subject: finding.subject, metric: 'flows', item: effect.by } as const;
      const isFall = finding.verdict === 'supported' && (finding.change ?? 0) < 0;
      rows.push(verdictRow({ ...parts, measure: 'fall told' }, true, isFall));
      const isReplaced = isFall && finding.substitutedBy.includes(`service:${effect.by}`);
      rows.push(verdictRow({ ...parts, measure: 'substitute told' }, true, isReplaced));
    }
  }
  return rows;
};

/** Whether an effect makes one part of the window unlike another. */
function isDated(effect: PlantedEffect): boolean {
  switch (effect.effect) {
    case 'onset':
    case 'volume':
    case 'substitution':
    case 'reconnaissance':
    case 'event-response':
      return true;
    default:
      return 'from' in effect && effect.from !== undefined;
  }
}
