import { describe, expect, it } from 'vitest';
import { normalQuantile } from '../../../electron/analysis/statistics/distributions.ts';
import { Random } from '../../../electron/analysis/statistics/random.ts';
import { differencedInflation, varianceInflation } from '../../../electron/analysis/statistics/variance-inflation.ts';

const random = Random.seeded(31);
const gauss = (): number => normalQuantile((random.next() + 0.5) / 2 ** 32);

/** Each value `correlation` times that before and something new, with variance 1. */
function series(length: number, correlation: number): Float64Array {
  let level = gauss();
  return Float64Array.from({ length }, () => {
    level = correlation * level + Math.sqrt(1 - correlation ** 2) * gauss();
    return level;
  });
}

describe('variance inflation told by differences', () => {
  it('is (1 + r) / (1 - r) of a long series, about 1 of independent values', () => {
    expect(differencedInflation(series(20_000, 0))).toBeLessThan(1.05);
    // Values three to seven apart still resemble one another a little: somewhat less than 1.86 and 3.
    expect(differencedInflation(series(20_000, 0.3))).toBeCloseTo(1.85, 0);
    const half = differencedInflation(series(20_000, 0.5));
    expect(half).toBeGreaterThan(2.5);
    expect(half).toBeLessThan(3.1);
  });

  it('takes a change of level for no correlation, where residuals do', () => {
    // One change by four standard deviations in the middle of sixty days, in the mean over a hundred series.
    const levels = Array.from({ length: 100 }, () => series(60, 0).map((value, i) => value + (i < 30 ? -2 : 2)));
    const mean = (of: (level: Float64Array) => number): number => levels.reduce((x, level) => x + of(level), 0) / 100;
    expect(mean(differencedInflation)).toBeLessThan(2.5);
    expect(mean((level) => varianceInflation(level))).toBeGreaterThan(8);
  });

  it('is 1 for values that do not differ, and for few', () => {
    expect(differencedInflation(new Float64Array(30).fill(4))).toBe(1);
    expect(differencedInflation(Float64Array.from([1, 2, 1, 3, 1, 2, 4, 5]))).toBe(1);
  });
});
