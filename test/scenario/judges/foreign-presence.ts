import { estimateRow, expectedOf, findingsOf, type Judge, type JudgedRow, verdictRow } from './judged-row.ts';

/**
 * Whether presence is told where it is planted and nowhere else (decoys apart), though a table places the country's addresses in
 * another; and the share of each country that tables agree on.
 */
export const judgeForeignPresence: Judge = (findings, truth) => {
  const told = findingsOf(findings, 'foreign-presence');
  if (told.length === 0) return [];
  const rows: JudgedRow[] = [];
  // Probes that no label marks count as activity with the country that they go to, which the true share leaves out.
  const probed = new Set(truth.effects.map((effect) => (effect.effect === 'reconnaissance' ? effect.country : null)));
  for (const [country, planted] of Object.entries(truth.countries)) {
    const finding = told.find((each) => each.country === country);
    const parts = { kind: 'foreign-presence', subject: country, metric: null, item: country } as const;
    const measure = { presence: 'presence told', decoy: 'decoy left alone', none: 'nothing told' }[planted];
    rows.push(verdictRow({ ...parts, measure }, planted === 'presence', finding?.flagged ?? false));
    const expected = expectedOf(truth, 'foreign-presence', country, 'share', 'flows');
    const isPlaced = !probed.has(country) && !truth.misplaced.includes(country);
    if (finding !== undefined && expected !== null && expected > 0.005 && isPlaced) {
      rows.push(
        estimateRow({ ...parts, metric: 'flows', measure: 'share' }, expected, finding.value, finding.interval),
      );
    }
  }
  for (const { country, flagged } of told) {
    if (Object.hasOwn(truth.countries, country)) continue;
    rows.push(
      verdictRow(
        { kind: 'foreign-presence', subject: country, metric: null, item: country, measure: 'nothing told' },
        false,
        flagged,
      ),
    );
  }
  return rows;
};
