import { estimateRow, expectedOf, findingsOf, type Judge, type JudgedRow, verdictRow } from './judged-row.ts';

/** Means of the weekdays, whether the true top is among those told, and whether a rhythm is told where there is one. */
export const judgeWeeklyRhythms: Judge = (findings, truth) =>
  findingsOf(findings, 'weekly-rhythm').flatMap(({ metric, ranking, highest, verdict, parameters }) => {
    if (metric === null || (parameters.category ?? null) !== null) return [];
    const parts = { kind: 'weekly-rhythm', subject: metric, metric } as const;
    if (verdict === 'insufficient-data') return [];
    const rows: JudgedRow[] = [
      verdictRow({ ...parts, measure: 'rhythm told', item: '' }, !truth.isFlatWeek, verdict === 'supported'),
    ];
    const expected = (weekday: number): number =>
      expectedOf(truth, 'weekly-rhythm', metric, String(weekday), metric) ?? 0;
    for (const { weekday, value, interval } of ranking) {
      rows.push(
        estimateRow(
          { ...parts, measure: 'mean of a weekday', item: String(weekday) },
          expected(weekday),
          value,
          interval,
        ),
      );
    }
    if (verdict !== 'supported' || truth.isFlatWeek) return rows;
    const top = [1, 2, 3, 4, 5, 6, 7].toSorted((x, y) => expected(y) - expected(x))[0];
    const isHeld = highest.includes(top);
    rows.push({
      ...parts,
      measure: 'top weekday among those told',
      item: String(top),
      truth: 1,
      estimate: isHeld ? 1 : 0,
      interval: null,
      isCovered: isHeld,
      isFound: null,
      isFalse: false,
    });
    return rows;
  });
