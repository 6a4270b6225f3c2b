import { estimateRow, findingsOf, type Judge, type JudgedRow, verdictRow } from './judged-row.ts';

/** Each planted beacon is told with its host, peer and period, and no other pair is. */
export const judgeBeacons: Judge = (findings, truth) => {
  const told = findingsOf(findings, 'beacon').filter(({ verdict }) => verdict === 'supported');
  const planted = truth.effects.filter((effect) => effect.effect === 'beacon');
  const rows: JudgedRow[] = [];
  for (const effect of planted) {
    const found = told.find(({ host, peer }) => host === effect.host && peer === effect.peer);
    const parts = { kind: 'beacon', subject: 'any', metric: null, item: effect.host ?? '' } as const;
    rows.push(verdictRow({ ...parts, measure: 'told' }, true, found !== undefined));
    if (found !== undefined) {
      rows.push(estimateRow({ ...parts, measure: 'period' }, effect.period, found.period, found.interval));
    }
  }
  const others = told.filter(
    ({ host, peer }) => !planted.some((effect) => effect.host === host && effect.peer === peer),
  );
  const item = others[0] === undefined ? '' : `${others[0].host ?? ''} ${others[0].peer ?? ''}`;
  const parts = { kind: 'beacon', subject: 'any', metric: null, item, measure: 'other pairs left alone' } as const;
  return [...rows, verdictRow(parts, false, others.length > 0)];
};
