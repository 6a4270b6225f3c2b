import { describe, expect, it } from 'vitest';
import { type PeriodDays, comparePeriods } from '../../../electron/analysis/statistics/period-test.ts';
import { Random } from '../../../electron/analysis/statistics/random.ts';

function daysOf(values: readonly number[], change = values.length / 2): PeriodDays {
  return {
    values: Float64Array.from(values),
    exposures: new Float64Array(values.length).fill(1),
    isLater: Uint8Array.from(values, (_, i) => (i < change ? 0 : 1)),
    weekdays: Uint8Array.from(values, (_, i) => (i % 7) + 1),
    unit: 1,
  };
}

describe('two periods', () => {
  it('tells the ratio of the means per observed day', () => {
    const half = { ...daysOf([10, 10, 40, 40]), exposures: Float64Array.of(1, 1, 0.5, 1) };
    const { logRatio } = comparePeriods(half, 19, 20, 1);
    // Half a flow is added to either total.
    expect(Math.exp(logRatio)).toBeCloseTo(80.5 / 1.5 / (20.5 / 2), 10);
  });

  it('rejects a tripling of two weeks, also from nothing', () => {
    const random = Random.seeded(2);
    const noisy = (mean: number): number => mean + random.below(10);
    expect(
      comparePeriods(daysOf(Array.from({ length: 28 }, (_, i) => noisy(i < 14 ? 20 : 60))), 9999, 50, 1).pValue,
    ).toBe(0.0001);
    const onset = Array.from({ length: 28 }, (_, i) => (i < 14 ? 0 : 1 + random.below(3)));
    expect(comparePeriods(daysOf(onset), 9999, 50, 1).pValue).toBeLessThanOrEqual(0.005);
    expect(comparePeriods(daysOf(Array.from({ length: 28 }, () => 0)), 99, 50, 1).pValue).toBe(1);
  });

  it('takes no weekday for a change: days change places within their weekday', () => {
    // A short later period that holds the busy weekdays only.
    const values = Array.from({ length: 33 }, (_, i) => (i % 7 < 5 ? 100 : 5));
    expect(comparePeriods(daysOf(values, 28), 999, 50, 1).pValue).toBe(1);
  });

  it('holds its level where days hang together', () => {
    const random = Random.seeded(9);
    let rejected = 0;
    for (let run = 0; run < 200; run++) {
      let mood = 0;
      const values = Array.from({ length: 70 }, () => {
        mood = 0.3 * mood + random.below(1000) / 1000 - 0.5;
        return Math.round(100 * Math.exp(mood));
      });
      if (comparePeriods(daysOf(values), 199, 20, run).pValue <= 0.05) rejected++;
    }
    expect(rejected).toBeLessThanOrEqual(20);
  });
});
