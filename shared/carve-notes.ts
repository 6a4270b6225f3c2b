import type { CarveResult } from './jobs.ts';
import { formatCount } from './number-format.ts';

/** What did not go as asked when packets were carved, one a line; empty when all did. */
export function carveNotes({ flows, withoutPackets, unread, otherwise, refused }: CarveResult): string[] {
  const of = (some: number): string => `${formatCount(some)} of the ${formatCount(flows)} matching flows`;
  return [
    ...refused.map(({ id, path, why }) => `evidence ${id}, ${path}: ${why}`),
    ...(unread === 0 ? [] : [`${of(unread)} are of that evidence and were not carved`]),
    ...(withoutPackets === 0 ? [] : [`${of(withoutPackets)} come from flow exports and have no packets`]),
    ...(otherwise === 0 ? [] : [`${of(otherwise)} have another number of packets here than the case counted`]),
  ];
}
