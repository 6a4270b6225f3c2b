import { expect, it } from 'vitest';
import { periodHints } from '../../renderer/state/period-hints.ts';

const us = (iso: string): number => Date.parse(iso) * 1000;

it('hints two weeks that follow each other, on the profile’s days', () => {
  // Half past midnight in Pyongyang.
  const seen = { firstSeen: us('2017-04-01T16:00:00Z'), lastSeen: us('2017-07-01T00:00:00Z') };
  expect(periodHints(seen, 'Asia/Pyongyang')).toEqual([
    { from: '2017-04-02', to: '2017-04-09' },
    { from: '2017-04-09', to: '2017-04-16' },
  ]);
});

it('hints the halves of a short case, and single days of a shorter one', () => {
  const firstSeen = us('2017-04-01T10:00:00Z');
  expect(periodHints({ firstSeen, lastSeen: us('2017-04-06T10:00:00Z') }, 'UTC')[1]).toEqual({
    from: '2017-04-04',
    to: '2017-04-07',
  });
  expect(periodHints({ firstSeen, lastSeen: firstSeen }, 'UTC')[0]).toEqual({ from: '2017-04-01', to: '2017-04-02' });
});
