import { describe, expect, it } from 'vitest';
import { boundedShareInterval } from '../../../electron/analysis/statistics/bounded-share.ts';
import { ratioInterval, resampleDays } from '../../../electron/analysis/statistics/day-bootstrap.ts';
import { Random } from '../../../electron/analysis/statistics/random.ts';

const DAYS = 60;
const RESAMPLES = resampleDays(DAYS, 500, 1, 0.95);

describe('interval of a share of which part cannot be told', () => {
  it('is that of the share where there is nothing that cannot be told', () => {
    const random = Random.seeded(3);
    const all = Float64Array.from({ length: DAYS }, () => 200 + random.below(100));
    const named = all.map((value) => 40 + Math.floor(value / 10) + random.below(20));
    const bounded = boundedShareInterval(RESAMPLES, named, new Float64Array(DAYS), all);
    expect(bounded).toEqual(ratioInterval(RESAMPLES, named, all, 'share'));
  });

  it('is 0 to 1 where nothing is known, and null of a single day', () => {
    const all = new Float64Array(DAYS).fill(100);
    expect(boundedShareInterval(RESAMPLES, new Float64Array(DAYS), all, all)).toEqual([0, 1]);
    const one = Float64Array.of(1);
    expect(boundedShareInterval(resampleDays(1, 100, 1, 0.95), one, one, one)).toBeNull();
  });

  it.each([
    ['none', 0],
    ['half', 0.5],
    ['all', 1],
  ] as const)('holds the truth where %s of it belongs to the part, as often as stated', (_, belongs) => {
    const random = Random.seeded(11);
    const runs = 300;
    let held = 0;
    let isHeldByNamed = 0;
    for (let run = 0; run < runs; run++) {
      const all = new Float64Array(DAYS);
      const named = new Float64Array(DAYS);
      const unnamed = new Float64Array(DAYS);
      for (let day = 0; day < DAYS; day++) {
        named[day] = 10 + random.below(41);
        unnamed[day] = random.below(41);
        all[day] = named[day] + unnamed[day] + 40 + random.below(81);
      }
      const truth = (30 + 20 * belongs) / (30 + 20 + 80);
      const [low, high] = boundedShareInterval(RESAMPLES, named, unnamed, all) ?? [1, 0];
      if (low <= truth && truth <= high) held++;
      const [from, to] = ratioInterval(RESAMPLES, named, all, 'share') ?? [1, 0];
      if (from <= truth && truth <= to) isHeldByNamed++;
    }
    expect(held / runs).toBeGreaterThan(0.95);
    // Without the bounds, only where nothing of it belongs.
    expect(isHeldByNamed / runs > 0.9).toBe(belongs === 0);
  });
});
