import { estimateRow, expectedOf, findingsOf, type Judge, shareMeasure } from './judged-row.ts';

/** Shares of the world's groups, by every metric. */
export const judgeActivityShares: Judge = (findings, truth) =>
  findingsOf(findings, 'activity-share').flatMap(({ group, metric, value, interval, verdict }) => {
    const expected = expectedOf(truth, 'activity-share', group, '', metric);
    if (expected === null) return [];
    const parts = {
      kind: 'activity-share',
      subject: group,
      measure: shareMeasure(verdict),
      metric,
      item: group,
    } as const;
    return [estimateRow(parts, expected, value, interval)];
  });
