import { estimateRow, expectedOf, findingsOf, type Judge, type JudgedRow, verdictRow } from './judged-row.ts';

/** Whether each role is told where it is planted and nowhere else, and how many flows a day it makes. */
export const judgeCryptocurrency: Judge = (findings, truth) =>
  findingsOf(findings, 'cryptocurrency').flatMap(({ role, coin, verdict, value, interval }) => {
    if (coin !== null) return [];
    const isThere = truth.effects.some((effect) => effect.effect === 'crypto' && effect.role === role);
    const parts = { kind: 'cryptocurrency', subject: role, metric: null, item: role } as const;
    const rows: JudgedRow[] = [verdictRow({ ...parts, measure: 'role told' }, isThere, verdict === 'supported')];
    const expected = isThere ? expectedOf(truth, 'cryptocurrency', role, 'perDay', 'flows') : null;
    if (expected !== null && expected > 0) {
      rows.push(estimateRow({ ...parts, metric: 'flows', measure: 'flows a day' }, expected, value, interval));
    }
    return rows;
  });
