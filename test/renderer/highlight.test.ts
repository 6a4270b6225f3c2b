import { describe, expect, it } from 'vitest';
import { stackByTime } from '../../renderer/charts/stack-by-time.ts';
import { amountsIn, recordMatcher } from '../../renderer/state/highlight.ts';
import type { FlowRecord } from '../../shared/flow.ts';

describe('what is highlighted', () => {
  it('is counted in the bins of a chart, and nowhere else', () => {
    const day = (ms: string): number => Date.parse(`${ms}T00:00:00Z`);
    const span = { first: day('2017-05-01'), last: day('2017-09-30'), hourly: false };
    const { bins, step } = stackByTime([], span);
    expect(step).toBe('week');
    const rows = [
      { day: '2017-05-01', value: 2 },
      { day: '2017-05-07', value: 3 },
      { day: '2017-05-08', value: 4 },
      { day: null, value: 7 },
      { day: '2018-01-01', value: 9 },
    ];
    const amounts = amountsIn(bins, rows);
    expect(amounts.slice(0, 3)).toEqual([5, 4, 0]);
    expect(amounts.reduce((a, b) => a + b, 0)).toBe(9);
    const hours = stackByTime([], { first: day('2017-05-01'), last: day('2017-05-02'), hourly: true }).bins;
    expect(amountsIn(hours, [{ day: '2017-05-01', hour: 7, value: 1 }]).indexOf(1)).toBe(7);
  });

  it('is told of a record by the filters that a click makes', () => {
    const flow = { service: 'steam', category: 'gaming', country: 'PL', host: '10.0.0.1', range: null } as FlowRecord;
    expect(recordMatcher('service = steam')?.(flow)).toBe(true);
    expect(recordMatcher('category = gaming and country = DE')?.(flow)).toBe(false);
    expect(recordMatcher('country = PL or service = youku')?.(flow)).toBe(true);
    expect(recordMatcher('not (category in (news, gaming))')?.(flow)).toBe(false);
    expect(recordMatcher('range = kp-main')?.(flow)).toBe(false);
    expect(recordMatcher('host = 10.0.0.1')?.(flow)).toBe(true);
    expect(recordMatcher('host in (10.0.0.2, 2001:db8::1)')?.(flow)).toBe(false);
    for (const filter of [
      'host = 10.0.0.0/8',
      'bytes > 5',
      'hour = 3',
      'hostname ~ steam',
      'service = steam and bytes > 5',
    ]) {
      expect(recordMatcher(filter)).toBeNull();
    }
  });
});

it('leaves out what lies before the bins, as when a part of the time is shown', () => {
  const bins = [{ from: '2017-05-02T10:00', to: '2017-05-02T11:00' }];
  const rows = [9, 10, 11].map((hour) => ({ day: '2017-05-02', hour, value: hour }));
  expect(amountsIn(bins, rows)).toEqual([10]);
});

it('is counted in minutes where the steps are minutes', () => {
  const times = ['10:00', '10:05', '10:10', '10:15'].map((time) => `2017-05-02T${time}`);
  const bins = times.slice(0, 3).map((from, i) => ({ from, to: times[i + 1] ?? '' }));
  const rows = [5, 9, 12].map((minute) => ({ day: '2017-05-02', hour: 10, minute, value: 1 }));
  expect(amountsIn(bins, rows)).toEqual([0, 2, 1]);
});
