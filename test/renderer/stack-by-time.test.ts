import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { binsOfSpan, stackByTime } from '../../renderer/charts/stack-by-time.ts';
import { weekGrid } from '../../renderer/charts/week-heat-map.tsx';
import type { SummaryRowValue } from '../../shared/bridge.ts';

function fixture(name: string): SummaryRowValue[] {
  return JSON.parse(readFileSync(new URL(`fixtures/${name}.json`, import.meta.url), 'utf8')) as SummaryRowValue[];
}

const ROWS = fixture('by-day-and-category');

describe('stackByTime', () => {
  it('keeps every flow of the sample’s first week, eight categories by name', () => {
    const stack = stackByTime(ROWS);
    expect(stack.step).toBe('day');
    expect(stack.bins.map((bin) => bin.from)).toEqual([24, 25, 26, 27, 28, 29, 30].map((day) => `2017-04-${day}`));
    expect(stack.bins.at(-1)?.to).toBe('2017-05-01');
    expect(stack.layers).toHaveLength(9);
    expect(stack.layers.at(-1)).toMatchObject({ name: null, isRest: true });
    const drawn = stack.layers.reduce((sum, layer) => sum + layer.total, 0);
    expect(drawn).toBe(ROWS.reduce((sum, row) => sum + Number(row['value']), 0));
  });

  it('shows days without flows as empty bins', () => {
    const stack = stackByTime([
      { day: '2017-05-01', category: 'web', value: 1 },
      { day: '2017-05-04', category: 'web', value: 2 },
    ]);
    expect(stack.layers[0]?.values).toEqual([1, 0, 0, 2]);
  });

  it('takes wider steps for longer times, and stays small for a lying clock', () => {
    const over = (first: string, last: string): ReturnType<typeof stackByTime> =>
      stackByTime([first, last].map((day) => ({ day, category: 'web', value: 1 })));
    expect(over('2016-01-01', '2016-12-31').step).toBe('week');
    expect(over('2016-01-01', '2016-12-31').bins[0]?.from).toBe('2015-12-28');
    expect(over('2014-01-15', '2017-12-31')).toMatchObject({ step: 'month' });
    const lying = over('1970-01-01', '2255-06-05');
    expect(lying.step).toBe('year');
    expect(lying.bins).toHaveLength(286);
  });

  it('counts what bears no readable date instead of dropping it', () => {
    const stack = stackByTime([
      { day: 'invalid time', category: 'web', value: 5 },
      { day: null, category: 'web', value: 2 },
      { day: '2017-05-01', category: 'web', value: 1 },
    ]);
    expect(stack.undated).toBe(7);
    expect(stackByTime([])).toMatchObject({ bins: [], highest: 0 });
  });

  it('goes by hours when the rows do', () => {
    const stack = stackByTime([
      { day: '2017-05-01', hour: 22, category: 'web', value: 1 },
      { day: '2017-05-02', hour: 1, category: 'web', value: 1 },
    ]);
    expect(stack.bins.map((bin) => bin.from)).toEqual([
      '2017-05-01T22:00',
      '2017-05-01T23:00',
      '2017-05-02T00:00',
      '2017-05-02T01:00',
    ]);
    expect(binsOfSpan(stack.bins, '2017-05-02', null)).toEqual([2, 3]);
  });

  it('finds the bins of a brush it wrote itself', () => {
    const { bins } = stackByTime(ROWS);
    for (let first = 0; first < bins.length; first++) {
      for (let last = first; last < bins.length; last++) {
        expect(binsOfSpan(bins, bins[first]?.from ?? '', bins[last]?.to ?? '')).toEqual([first, last]);
      }
    }
    expect(binsOfSpan(bins, '2019-01-01', null)).toBeNull();
    expect(binsOfSpan(bins, 'last 24h', null)).toBeNull();
  });
});

it('weekGrid keeps every byte of the sample, Monday first', () => {
  const rows = fixture('by-weekday-and-hour');
  const grid = weekGrid(rows);
  expect(grid.map((line) => line.length)).toEqual(Array.from({ length: 7 }, () => 24));
  const first = rows.find((row) => row['weekday'] === 1 && row['hour'] === 9);
  expect(grid[0]?.[9]).toBe(first?.['value']);
  const total = rows.reduce((sum, row) => sum + Number(row['value']), 0);
  expect(grid.flat().reduce((a, b) => a + b, 0)).toBeCloseTo(total, 3);
});
