import { findingsOf, type Judge, type JudgedRow, verdictRow } from './judged-row.ts';

/** What is planted is larger than this least size: failed targets, ports, or flows a day. */
const LEAST = { horizontal: 30, vertical: 25, 'repeated-probe': 10 } as const;

/** Probes out of the ranges: each that is planted is told with its host and shape, and no other host is told. */
export const judgeReconnaissance: Judge = (findings, truth) => {
  const told = findingsOf(findings, 'reconnaissance').filter(
    ({ direction, verdict }) => direction === 'outbound' && verdict === 'supported',
  );
  const hosts = new Set<string | null>();
  const rows: JudgedRow[] = [];
  for (const effect of truth.effects) {
    if (effect.effect !== 'reconnaissance') continue;
    hosts.add(effect.host);
    if (effect.targets < 1.5 * LEAST[effect.shape] * truth.sampling) continue;
    const isTold = told.some(({ source, shape }) => source === effect.host && shape === effect.shape);
    const parts = { kind: 'reconnaissance', subject: effect.shape, metric: null, item: effect.host ?? '' } as const;
    rows.push(verdictRow({ ...parts, measure: `${effect.shape} told` }, true, isTold));
  }
  const others = told.filter(({ source }) => !hosts.has(source));
  const parts = { kind: 'reconnaissance', subject: 'any', metric: null, item: others[0]?.source ?? '' } as const;
  return [...rows, verdictRow({ ...parts, measure: 'other hosts left alone' }, false, others.length > 0)];
};
