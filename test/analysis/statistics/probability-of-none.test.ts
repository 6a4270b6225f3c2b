import { describe, expect, it } from 'vitest';
import { overdispersion, probabilityOfNone } from '../../../electron/analysis/statistics/probability-of-none.ts';
import { Random } from '../../../electron/analysis/statistics/random.ts';

describe('overdispersion', () => {
  it('is the variance over the mean, about 1 for Poisson counts and the size of the bunch for bunches', () => {
    const random = Random.seeded(1);
    const poisson = (mean: number): number => {
      let count = -1;
      for (let left = 1; left > Math.exp(-mean); count++) left *= random.below(1 << 20) / (1 << 20);
      return count;
    };
    const pairs = (bunch: number) =>
      Array.from({ length: 4000 }, () => [poisson(4) * bunch, poisson(4) * bunch] as const);
    expect(overdispersion(pairs(1))).toBeGreaterThan(0.99);
    expect(overdispersion(pairs(1))).toBeLessThan(1.1);
    expect(overdispersion(pairs(5))).toBeGreaterThan(4.6);
    expect(overdispersion(pairs(5))).toBeLessThan(5.4);
    expect([overdispersion([]), overdispersion([[0, 0]]), overdispersion([[3, 3]])]).toEqual([1, 1, 1]);
  });
});

describe('probability of none', () => {
  it('is that of the Poisson and of the negative binomial distribution at the lower end of the mean', () => {
    // Mean 9 of four: 9 - 1.6449 * √(9 / 4) = 6.5327.
    expect(probabilityOfNone([9, 9, 9, 9], 1)).toBeCloseTo(Math.exp(-6.5327), 6);
    // Factor 4: 9 - 1.6449 * √(36 / 4) = 4.0654; 4^(-4.0654 / 3).
    expect(probabilityOfNone([8, 10, 9, 9], 4)).toBeCloseTo(4 ** (-4.0654 / 3), 5);
  });

  it('promises nothing where little or nothing is known', () => {
    expect(probabilityOfNone([], 1)).toBe(1);
    expect(probabilityOfNone([0, 0, 0], 1)).toBe(1);
    expect(probabilityOfNone([2], 3)).toBe(1);
  });
});
