import { describe, expect, it } from 'vitest';
import { Random } from '../../../electron/analysis/statistics/random.ts';

describe('xoshiro128**', () => {
  it('gives the outputs of the reference implementation 1.1 from state 1, 2, 3, 4', () => {
    const random = new Random(1, 2, 3, 4);
    const outputs = Array.from({ length: 10 }, () => random.next());
    expect(outputs).toEqual([
      11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804,
    ]);
  });

  it('gives the same run from the same seed, and another from another', () => {
    const run = (seed: number): number[] => {
      const random = Random.seeded(seed);
      return Array.from({ length: 5 }, () => random.next());
    };
    expect(run(7)).toEqual(run(7));
    expect(run(7)).not.toEqual(run(8));
  });

  it('draws every value below the bound about equally often', () => {
    const random = Random.seeded(3);
    const counts = new Float64Array(24);
    for (let i = 0; i < 24_000; i++) counts[random.below(24)]++;
    const chiSquare = counts.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
    // 99.9 % point of chi-square with 23 degrees of freedom.
    expect(chiSquare).toBeLessThan(49.7);
  });

  it('shuffles without losing a value', () => {
    const values = Float64Array.from({ length: 50 }, (_, i) => i);
    Random.seeded(1).shuffle(values);
    expect([...values]).not.toEqual(Array.from({ length: 50 }, (_, i) => i));
    expect([...values].toSorted((x, y) => x - y)).toEqual(Array.from({ length: 50 }, (_, i) => i));
  });

  it('refuses the state that never leaves 0', () => {
    expect(() => new Random(0, 0, 0, 0)).toThrow(RangeError);
  });
});
