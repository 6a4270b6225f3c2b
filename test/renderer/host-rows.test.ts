import { expect, it } from 'vitest';
import { type HostRow, activityLevels, findHosts, hostTable, orderHosts } from '../../renderer/state/host-rows.ts';
import { chosenDay } from '../../renderer/views/day-sequence.tsx';
import type { HostProfileFinding } from '../../shared/finding.ts';

function row(host: string, flows: number, role: HostProfileFinding['role'] | null = null, devices = ''): HostRow {
  const profile = role === null ? null : ({ role } as HostProfileFinding);
  return { host, flows, bytes: flows * 2, firstSeen: 100 - flows, lastSeen: flows, activity: '0z', profile, devices };
}

const ROWS = [
  row('10.0.0.9', 5, 'server'),
  row('2001:db8::1', 7),
  row('10.0.0.10', 6, 'client', 'iPad'),
  row('9.255.0.1', 1, 'gateway', 'Android phone'),
];
const hosts = (rows: readonly HostRow[]): string[] => rows.map(({ host }) => host);

it('orders addresses by number, amounts by size, and what is absent last either way', () => {
  expect(hosts(orderHosts(ROWS, 'host', false))).toEqual(['9.255.0.1', '10.0.0.9', '10.0.0.10', '2001:db8::1']);
  expect(hosts(orderHosts(ROWS, 'flows', true))).toEqual(['2001:db8::1', '10.0.0.10', '10.0.0.9', '9.255.0.1']);
  expect(hosts(orderHosts(ROWS, 'firstSeen', false))).toEqual(hosts(orderHosts(ROWS, 'flows', true)));
  expect(hosts(orderHosts(ROWS, 'role', false))).toEqual(['10.0.0.10', '9.255.0.1', '10.0.0.9', '2001:db8::1']);
  expect(hosts(orderHosts(ROWS, 'role', true))).toEqual(['10.0.0.9', '9.255.0.1', '10.0.0.10', '2001:db8::1']);
  expect(hosts(orderHosts(ROWS, 'devices', true)).slice(0, 2)).toEqual(['10.0.0.10', '9.255.0.1']);
});

it('finds hosts by address, role and device', () => {
  expect(hosts(findHosts(ROWS, '10.0'))).toEqual(['10.0.0.9', '10.0.0.10']);
  expect(hosts(findHosts(ROWS, ' GATE'))).toEqual(['9.255.0.1']);
  expect(hosts(findHosts(ROWS, 'ipad'))).toEqual(['10.0.0.10']);
  expect(findHosts(ROWS, '')).toBe(ROWS);
});

it('reads levels of activity', () => {
  expect(activityLevels('0z')).toEqual([0, 1]);
});

it('makes a table with a column for each bar', () => {
  const list = { hosts: [], all: 4, firstDay: '2017-05-30', daysPerStep: 2, steps: 2 };
  const { heads, rows } = hostTable(list, ROWS.slice(0, 1));
  expect(heads.slice(-2)).toEqual(['2017-05-30', '2017-06-01']);
  expect(rows).toEqual([['10.0.0.9', 'server', '', 5, 10, '1970-01-01 00:00:00', '1970-01-01 00:00:00', 0, 1]]);
});

it('knows the one day of a filter, and none of a longer, shorter or open span', () => {
  expect(chosenDay('category = gaming and start >= 2017-02-28 and start < 2017-03-01')).toBe('2017-02-28');
  for (const where of [
    '',
    'category = gaming',
    'start >= 2017-02-28',
    'start >= 2017-02-28 and start < 2017-03-02',
    'start >= 2017-02-28T06:00 and start < 2017-03-01T06:00',
    'start >= 2017-02-28 and start < 2017-02-28T12:00',
  ]) {
    expect(chosenDay(where)).toBeNull();
  }
});
