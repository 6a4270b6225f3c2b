import { findingsOf, type Judge, type JudgedRow, verdictRow } from './judged-row.ts';

const DAY = 86_400_000;
/** A server is seen first when it is first visited. */
const DAYS_TO_FIRST_VISIT = 3;

/** Whether every server of the world is listed, since the right day, and no host that serves nobody. */
export const judgeServerInventories: Judge = (findings, truth) => {
  const inventories = findingsOf(findings, 'server-inventory');
  if (inventories.length === 0) return [];
  const listed = inventories.flatMap(({ servers }) => servers);
  const row = (address: string, measure: string, isThere: boolean, isTold: boolean): JudgedRow =>
    verdictRow({ kind: 'server-inventory', subject: address, measure, metric: null, item: address }, isThere, isTold);
  const rows = truth.servers.flatMap(({ address, firstDay }) => {
    const offers = listed.filter((each) => each.address === address);
    const first = Math.min(...offers.map(({ firstSeen }) => Date.parse(firstSeen)));
    const late = (first - Date.parse(firstDay)) / DAY;
    const isInTime = late > -1 && late < DAYS_TO_FIRST_VISIT;
    return [
      row(address, 'server listed', true, offers.length > 0),
      ...(offers.length > 0 ? [row(address, 'first seen', true, isInTime)] : []),
    ];
  });
  const known = new Set(truth.servers.map(({ address }) => address));
  for (const address of new Set(listed.map((each) => each.address))) {
    if (!known.has(address)) rows.push(row(address, 'no server listed', false, true));
  }
  return rows;
};
