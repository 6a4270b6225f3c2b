import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bootstrapInterval,
  expandedTail,
  quantile,
  ratioInterval,
  resampleDays,
  resampledTotals,
  type DayResamples,
} from '../../../electron/analysis/statistics/day-bootstrap.ts';
import { studentTQuantile } from '../../../electron/analysis/statistics/distributions.ts';
import { normalQuantile } from '../../../electron/analysis/statistics/distributions.ts';
import { Random } from '../../../electron/analysis/statistics/random.ts';

/** The interval of percentiles alone: what the accelerated and widened one is held against. */
function percentiles(resamples: DayResamples, part: Float64Array, whole: Float64Array): [number, number] | null {
  const below = resampledTotals(resamples, whole);
  return bootstrapInterval(
    resamples,
    resampledTotals(resamples, part).map((total, r) => total / below[r]),
  );
}

describe('day-block bootstrap', () => {
  it('draws as many blocks as there are, in every resample', () => {
    const { weights } = resampleDays(21, 200, 1, 0.95);
    for (let r = 0; r < 200; r++) {
      expect(weights.subarray(r * 21, (r + 1) * 21).reduce((x, y) => x + y, 0)).toBe(21);
    }
  });

  it('takes quantiles as R does (type 7)', () => {
    const values = Float64Array.from([1, 2, 3, 4, 10]);
    expect(quantile(values, 0.25)).toBe(2);
    expect(quantile(values, 0.9)).toBeCloseTo(7.6, 12);
  });

  it("widens the tails by Hesterberg's formula (n = 20: t = 2.093, tail = Φ(-2.147) = 0.0159)", () => {
    expect(expandedTail(20, 0.95)).toBeCloseTo(0.0159, 4);
    expect(expandedTail(20, 0.95)).toBeLessThan(0.025);
    expect(expandedTail(400, 0.95)).toBeCloseTo(0.025, 3);
  });

  it("comes near Student's interval for a mean of normal values", () => {
    const random = Random.seeded(5);
    const values = Float64Array.from({ length: 40 }, () => {
      let sum = -6;
      for (let i = 0; i < 12; i++) sum += random.next() / 2 ** 32;
      return 100 + 10 * sum;
    });
    const mean = values.reduce((x, y) => x + y, 0) / 40;
    const deviation = Math.sqrt(values.reduce((x, y) => x + (y - mean) ** 2, 0) / 39);
    const half = studentTQuantile(0.975, 39) * (deviation / Math.sqrt(40));
    const resamples = resampleDays(40, 4000, 2, 0.95);
    const ones = new Float64Array(40).fill(1);
    const interval = percentiles(resamples, values, ones);
    expect(interval?.[0]).toBeGreaterThan(mean - half * 1.1);
    expect(interval?.[0]).toBeLessThan(mean - half * 0.9);
    expect(interval?.[1]).toBeGreaterThan(mean + half * 0.9);
    expect(interval?.[1]).toBeLessThan(mean + half * 1.1);
  });

  it('covers a true share of clustered flows about as often as it says', () => {
    // 200 worlds of 21 days; each day draws its own share around 0.4, so flows of a day hang together.
    const random = Random.seeded(11);
    let covered = 0;
    for (let world = 0; world < 200; world++) {
      const total = new Float64Array(21);
      const part = new Float64Array(21);
      for (let day = 0; day < 21; day++) {
        total[day] = 500 + random.below(500);
        part[day] = Math.round(total[day] * (0.3 + (0.2 * random.below(1000)) / 999));
      }
      const resamples = resampleDays(21, 500, world + 1, 0.95);
      const interval = ratioInterval(resamples, part, total, 'share');
      if (interval !== null && interval[0] <= 0.4 && interval[1] >= 0.4) covered++;
    }
    expect(covered).toBeGreaterThanOrEqual(182);
  });

  it('accelerated, misses a mean of skewed values no oftener than stated, and less often from below than the plain one', () => {
    // 500 worlds of 30 days; amounts of a day are exponential with mean 1.
    const random = Random.seeded(17);
    const ones = new Float64Array(30).fill(1);
    const missed = { plain: [0, 0], accelerated: [0, 0] };
    for (let world = 0; world < 500; world++) {
      const amounts = ones.map(() => -Math.log((random.next() + 0.5) / 2 ** 32));
      const resamples = resampleDays(30, 400, world + 1, 0.95);
      const intervals = {
        plain: percentiles(resamples, amounts, ones),
        accelerated: ratioInterval(resamples, amounts, ones, 'rate'),
      };
      for (const kind of ['plain', 'accelerated'] as const) {
        const [low, high] = intervals[kind] ?? [0, 0];
        if (high < 1) missed[kind][0]++;
        if (low > 1) missed[kind][1]++;
      }
    }
    const [above = 0, below = 0] = missed.accelerated;
    expect(above + below).toBeLessThanOrEqual(40);
    expect(above).toBeLessThan(missed.plain[0] ?? 0);
  });

  it('accelerated, holds the mean of days that go on from one another', () => {
    // 300 worlds of 60 days; log-normal amounts, each day's logarithm 0.5 times that of the day before and something new.
    const random = Random.seeded(23);
    const ones = new Float64Array(60).fill(1);
    const gauss = (): number => normalQuantile((random.next() + 0.5) / 2 ** 32);
    const truth = Math.exp(0.5 * 0.4 ** 2);
    let covered = 0;
    let plain = 0;
    for (let world = 0; world < 300; world++) {
      let level = gauss();
      const amounts = ones.map(() => {
        level = 0.5 * level + Math.sqrt(0.75) * gauss();
        return Math.exp(0.4 * level);
      });
      const resamples = resampleDays(60, 400, world + 1, 0.95);
      const holds = (interval: [number, number] | null): boolean =>
        interval !== null && interval[0] <= truth && truth <= interval[1];
      if (holds(ratioInterval(resamples, amounts, ones, 'rate'))) covered++;
      if (holds(percentiles(resamples, amounts, ones))) plain++;
    }
    expect(plain).toBeLessThan(255);
    expect(covered).toBeGreaterThanOrEqual(273);
  });

  it('keeps a ratio of a part to its whole within 0 and 1', () => {
    const days = fc.array(fc.tuple(fc.nat(1000), fc.nat(1000)), { minLength: 2, maxLength: 30 });
    fc.assert(
      fc.property(days, (pairs) => {
        const resamples = resampleDays(pairs.length, 100, 1, 0.95);
        const part = Float64Array.from(pairs, ([x]) => x);
        const whole = Float64Array.from(pairs, ([x, y]) => x + y);
        const interval = ratioInterval(resamples, part, whole, 'share');
        if (interval === null) return;
        expect(interval[0]).toBeGreaterThanOrEqual(0);
        expect(interval[1]).toBeLessThanOrEqual(1);
        expect(interval[0]).toBeLessThanOrEqual(interval[1]);
      }),
      { seed: 1 },
    );
  });

  it('says nothing from one block, or from resamples that say nothing', () => {
    expect(bootstrapInterval(resampleDays(1, 100, 1, 0.95), new Float64Array(100))).toBeNull();
    expect(ratioInterval(resampleDays(1, 100, 1, 0.95), new Float64Array(1), new Float64Array(1), 'rate')).toBeNull();
    expect(bootstrapInterval(resampleDays(5, 100, 1, 0.95), new Float64Array(100).fill(NaN))).toBeNull();
  });
});
