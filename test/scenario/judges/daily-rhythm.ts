import { estimateRow, expectedOf, findingsOf, type Judge, verdictRow } from './judged-row.ts';

/** Share of activity in the active hours that the finding names, and whether a rhythm is told where there is one. */
export const judgeDailyRhythms: Judge = (findings, truth) =>
  findingsOf(findings, 'daily-rhythm').flatMap(
    ({ metric, value, interval, activeFrom, activeTo, verdict, parameters }) => {
      if (metric === null || (parameters.category ?? null) !== null) return [];
      const subject = metric;
      const parts = { kind: 'daily-rhythm', subject, metric, item: '' } as const;
      const rows =
        verdict === 'insufficient-data'
          ? []
          : [verdictRow({ ...parts, measure: 'rhythm told' }, !truth.isFlatDay, verdict === 'supported')];
      if (activeFrom === null || activeTo === null || value === null || verdict !== 'supported') return rows;
      let expected = 0;
      for (let hour = activeFrom; ; hour = (hour + 1) % 24) {
        expected += expectedOf(truth, 'daily-rhythm', subject, String(hour), metric) ?? 0;
        if ((hour + 1) % 24 === activeTo) break;
      }
      return [...rows, estimateRow({ ...parts, measure: 'share in active hours' }, expected, value, interval)];
    },
  );
