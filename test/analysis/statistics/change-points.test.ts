import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  NegativeBinomialCost,
  datedChange,
  dispersionOf,
  increaseTest,
  levelsOf,
} from '../../../electron/analysis/statistics/change-points.ts';
import { logGamma } from '../../../electron/analysis/statistics/distributions.ts';
import { Random } from '../../../electron/analysis/statistics/random.ts';
import { sequentialPValue } from '../../../electron/analysis/statistics/sequential-permutations.ts';
import { varianceInflation } from '../../../electron/analysis/statistics/variance-inflation.ts';

/** Explosions in British coal mines by year, 1851 to 1962 (Jarrett, Biometrika 66, 1979). */
const COAL = Float64Array.from(
  (
    '4 5 4 1 0 4 3 4 0 6 3 3 4 0 2 6 3 3 5 4 5 3 1 4 4 1 5 5 3 4 2 5 2 2 3 4 2 1 3 2 2 1 1 1 1 3 0 0 1 0 1 1 0 0 3 1 0 3 2 2 ' +
    '0 1 1 1 0 1 0 1 0 0 0 2 1 0 0 0 1 1 0 2 3 3 1 1 2 1 1 1 1 2 4 2 0 0 0 1 4 0 0 0 1 0 0 0 0 0 1 0 0 1 0 1'
  )
    .split(' ')
    .map(Number),
);

describe('levels of counts', () => {
  const cost = new NegativeBinomialCost(COAL, dispersionOf(COAL));

  it('finds the one change of the coal mining disasters where the literature has it', () => {
    // Raftery and Akman (Biometrika 73, 1986): change about 1890, 95 % from 1887 to 1895, 3.1 a year before and 0.9 after.
    const [first, change, ...more] = levelsOf(cost, COAL.length);
    expect([first, more]).toEqual([0, []]);
    expect(1851 + (change ?? 0)).toBeGreaterThanOrEqual(1887);
    expect(1851 + (change ?? 0)).toBeLessThanOrEqual(1895);
    expect(cost.mean(0, change ?? 1)).toBeCloseTo(3.1, 1);
    expect(cost.mean(change ?? 1, COAL.length)).toBeCloseTo(0.9, 1);
    const { day, first: low, last: high } = datedChange(cost, 0, COAL.length, 0.95);
    expect([1851 + day >= 1889, 1851 + day <= 1892]).toEqual([true, true]);
    // A little more than theirs, since years vary more here than Poisson counts do.
    expect([1851 + low, 1851 + high]).toEqual([1887, 1897]);
  });

  it('takes the likelihood of the negative binomial', () => {
    const size = 1 / dispersionOf(COAL);
    const direct = (from: number, to: number): number => {
      const mean = cost.mean(from, to);
      return COAL.subarray(from, to).reduce(
        (x, count) =>
          x -
          2 *
            (logGamma(count + size) -
              logGamma(size) -
              logGamma(count + 1) +
              size * Math.log(size / (size + mean)) +
              count * Math.log(mean / (size + mean))),
        0,
      );
    };
    const gain = cost.of(0, 112) - cost.of(0, 40) - cost.of(40, 112);
    expect(gain).toBeCloseTo(direct(0, 112) - direct(0, 40) - direct(40, 112), 6);
  });

  it('prunes nothing that the full search would have chosen', () => {
    const full = (of: NegativeBinomialCost, days: number): number => {
      const penalty = 3 * Math.log(days);
      const least = [-penalty];
      for (let to = 1; to <= days; to++) {
        least[to] = Infinity;
        for (let from = 0; from < to; from++) {
          least[to] = Math.min(
            least[to],
            (least[from] ?? 0) + of.of(from, to) + Math.log((to - from) / days) + penalty,
          );
        }
      }
      return least[days] ?? 0;
    };
    const paid = (of: NegativeBinomialCost, starts: readonly number[], days: number): number =>
      starts.reduce((x, start, i) => {
        const end = starts[i + 1] ?? days;
        return x + of.of(start, end) + Math.log((end - start) / days) + (i === 0 ? 0 : 3 * Math.log(days));
      }, 0);
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 60 }), { minLength: 1, maxLength: 60 }), (counts) => {
        const values = Float64Array.from(counts);
        const of = new NegativeBinomialCost(values, dispersionOf(values));
        expect(paid(of, levelsOf(of, values.length), values.length)).toBeCloseTo(full(of, values.length), 6);
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  it('tells the dispersion of made-up counts', () => {
    const random = Random.seeded(3);
    const unit = (): number => (random.next() + 0.5) / 2 ** 32;
    // Exponential means: variance of the mean = its square, so φ = 1; a change of level in the middle adds little.
    const counts = Float64Array.from({ length: 3000 }, (_, i) => Math.round(-Math.log(unit()) * (i < 1500 ? 50 : 200)));
    expect(dispersionOf(counts)).toBeGreaterThan(0.85);
    expect(dispersionOf(counts)).toBeLessThan(1.15);
    expect(dispersionOf(new Float64Array(5))).toBe(0.02);
  });
});

describe('the day of a change', () => {
  it('is within a day at least as often as the likeliest single day, and inside its interval', () => {
    const random = Random.seeded(11);
    const unit = (): number => (random.next() + 0.5) / 2 ** 32;
    let [near, nearByMode] = [0, 0];
    for (let run = 0; run < 300; run++) {
      // Exponential means (φ = 1), five times as much from day 20 on.
      const counts = Float64Array.from({ length: 42 }, (_, i) => Math.round(-Math.log(unit()) * (i < 20 ? 4 : 20)));
      const cost = new NegativeBinomialCost(counts, dispersionOf(counts));
      const { day, first, last } = datedChange(cost, 0, 42, 0.95);
      let mode = 1;
      for (let at = 1; at < 42; at++) {
        if (cost.of(0, at) + cost.of(at, 42) < cost.of(0, mode) + cost.of(mode, 42)) mode = at;
      }
      expect([first <= day, day <= last, first <= mode, mode <= last]).toEqual([true, true, true, true]);
      if (Math.abs(day - 20) <= 1) near++;
      if (Math.abs(mode - 20) <= 1) nearByMode++;
    }
    expect(near).toBeGreaterThan(nearByMode);
    expect(near).toBeGreaterThan(150);
  });

  it('is the first of the new level where nothing leaves a doubt', () => {
    const cost = new NegativeBinomialCost(
      Float64Array.from({ length: 30 }, (_, i) => (i < 12 ? 0 : 40)),
      0.02,
    );
    expect(datedChange(cost, 0, 30, 0.95)).toEqual({ day: 12, first: 12, last: 12 });
  });
});

describe('an increase', () => {
  it('is rejected as chance where there is one, and no oftener than stated where there is none', () => {
    expect(increaseTest(COAL.toReversed(), 7, 3, 999, 20, 1)).toBeLessThanOrEqual(0.001);
    expect(increaseTest(COAL, 7, 3, 999, 20, 1)).toBeGreaterThan(0.2);
    expect(increaseTest(new Float64Array(30), 7, 3, 99, 20, 1)).toBe(1);
    const random = Random.seeded(5);
    let rejected = 0;
    for (let run = 0; run < 200; run++) {
      let mood = 0;
      const counts = Float64Array.from({ length: 60 }, () => {
        mood = 0.3 * mood + random.below(1000) / 1000 - 0.5;
        return Math.round(20 * Math.exp(mood)) + random.below(8);
      });
      if (increaseTest(counts, 7, 3, 199, 20, run) <= 0.05) rejected++;
    }
    expect(rejected).toBeLessThanOrEqual(18);
  });
});

describe('helps of permutation tests', () => {
  it('stops when enough came up, with the p-value of Besag and Clifford', () => {
    expect(sequentialPValue(() => true, 1000, 10)).toBe(1);
    expect(sequentialPValue(() => false, 999, 10)).toBe(0.001);
    let draw = 0;
    expect(sequentialPValue(() => ++draw % 4 === 0, 1000, 10)).toBe(0.25);
    expect(draw).toBe(40);
  });

  it('tells how autocorrelation inflates a variance', () => {
    expect(varianceInflation(new Float64Array(10))).toBe(1);
    expect(varianceInflation(Float64Array.from({ length: 100 }, (_, i) => (i % 2 === 0 ? 1 : -1)))).toBe(1);
    const random = Random.seeded(1);
    let state = 0;
    const series = Float64Array.from({ length: 20_000 }, () => (state = 0.5 * state + random.below(2001) / 1000 - 1));
    // (1 + ρ) / (1 − ρ) = 3 for a first-order autoregression with ρ = 0.5.
    expect(varianceInflation(series)).toBeCloseTo(3, 0);
  });
});
