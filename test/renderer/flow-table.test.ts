import { describe, expect, it } from 'vitest';
import { durationOf, formatDuration, localTime, localTimeOf, offsetName } from '../../renderer/state/local-time.ts';
import { scrollGeometry } from '../../renderer/state/scroll-geometry.ts';
import { filterFault } from '../../renderer/views/filter-bar.tsx';

describe('the flow table', () => {
  it('shows every row of a table that is taller than a browser’s elements may be', () => {
    const total = 10_000_000;
    const top = scrollGeometry(total, 600, 0);
    expect(top.first).toBe(0);
    expect(top.height).toBeLessThan(33_000_000);
    const end = scrollGeometry(total, 600, top.height - 600);
    expect(end.first + end.visible).toBe(total);
  });

  it('scrolls by pixels while it can', () => {
    expect(scrollGeometry(1000, 270, 27 * 40 + 5)).toEqual({ height: 27_000, first: 40, visible: 10 });
    expect(scrollGeometry(0, 270, 0)).toMatchObject({ height: 0, first: 0 });
  });
});

describe('times', () => {
  it('are told on the profile’s clock', () => {
    const us = Date.UTC(2017, 4, 17, 1, 2, 3) * 1000 + 4;
    expect(localTime(us, 'Asia/Pyongyang', 'all')).toBe('2017-05-17 09:32:03.000004');
    expect(localTime(us, 'Asia/Pyongyang', 'minute')).toBe('2017-05-17 09:32');
    expect(localTimeOf('2017-05-17T01:02:03.000004Z', 'UTC', 'millisecond')).toBe('2017-05-17 01:02:03.000');
    expect(localTimeOf('no time', 'UTC', 'all')).toBe('no time');
    expect(offsetName(us, 'Asia/Pyongyang')).toBe('UTC+08:30');
    expect(offsetName(us, 'America/New_York')).toBe('UTC−04:00');
  });

  it('that last are told in two units', () => {
    expect([0.0123, 12, 60, 3600, 90_061, Number.NaN].map(formatDuration)).toEqual([
      '0.012 s',
      '12.0 s',
      '1 min',
      '1 h',
      '1 d 1 h',
      '–',
    ]);
    expect(durationOf({ start: '2017-05-17T00:00:00.000000Z', end: '2017-05-17T00:00:01.500000Z' })).toBe(1.5);
  });
});

it('a fault of the filter names its column and what to do', () => {
  expect(filterFault('category = gaming')).toBeNull();
  expect(filterFault('category = gaming and countri = CN')).toMatchObject({
    column: 23,
    text: expect.stringContaining('did you mean "country"') as string,
  });
});
