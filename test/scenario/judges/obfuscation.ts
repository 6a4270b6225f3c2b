import type { PlantedEffect } from '../../../electron/sample/truth.ts';
import { estimateRow, expectedOf, findingsOf, type Judge, type JudgedRow, verdictRow } from './judged-row.ts';

/** Rarer techniques make an interval of a handful of flows. */
const LEAST_SHARE = 0.002;

/** Whether each technique is told where it is planted and nowhere else, and the share of VPN. */
export const judgeObfuscation: Judge = (findings, truth) =>
  findingsOf(findings, 'obfuscation').flatMap(({ technique, metric, verdict, value, interval }) => {
    if (metric !== 'flows') return [];
    const planted = truth.effects.map(techniqueOf);
    const isThere =
      technique === 'all' ? planted.some((each) => each !== null) : planted.some((each) => each === technique);
    const parts = { kind: 'obfuscation', subject: technique, metric: null, item: technique } as const;
    const rows: JudgedRow[] = [verdictRow({ ...parts, measure: 'technique told' }, isThere, verdict === 'supported')];
    const expected = technique === 'vpn' ? expectedOf(truth, 'obfuscation', 'all', 'share', 'flows') : null;
    if (expected !== null && expected > LEAST_SHARE) {
      rows.push(estimateRow({ ...parts, metric: 'flows', measure: 'share' }, expected, value, interval));
    }
    return rows;
  });

function techniqueOf(effect: PlantedEffect): 'vpn' | 'dns-tunnel' | null {
  if (effect.effect === 'vpn' || (effect.effect === 'decoy' && effect.kind === 'vpn')) return 'vpn';
  return effect.effect === 'dns-tunnel' ? 'dns-tunnel' : null;
}
