import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { activeHours } from '../../electron/analysis/daily-rhythm.ts';

const block = (from: number, to: number, night = 0.1): number[] =>
  Array.from({ length: 24 }, (_, h) => ((from < to ? h >= from && h < to : h >= from || h < to) ? 1 : night));

describe('active hours', () => {
  it('finds a planted block, also round midnight', () => {
    expect(activeHours(block(9, 21))).toEqual({ from: 9, to: 21 });
    expect(activeHours(block(20, 4))).toEqual({ from: 20, to: 4 });
    expect(activeHours(block(0, 7))).toEqual({ from: 0, to: 7 });
  });

  it('bridges a lunch hour, but not a long break', () => {
    const lunch = block(9, 21);
    lunch[13] = 0.2;
    expect(activeHours(lunch)).toEqual({ from: 9, to: 21 });
    const siesta = block(8, 22);
    for (const hour of [13, 14, 15]) siesta[hour] = 0.1;
    expect(activeHours(siesta)).toEqual({ from: 16, to: 22 });
  });

  it('names none in a flat profile', () => {
    expect(activeHours(Array.from({ length: 24 }, () => 1 / 24))).toBeNull();
  });

  it('turns with the clock', () => {
    const profile = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 24, maxLength: 24 });
    fc.assert(
      fc.property(profile, fc.nat(23), (values, turn) => {
        const turned = values.map((_, h) => values[(h - turn + 24) % 24] ?? 0);
        const before = activeHours(values);
        const after = activeHours(turned);
        const length = (window: { from: number; to: number } | null): number | null =>
          window === null ? null : (window.to - window.from + 24) % 24;
        expect(length(after)).toBe(length(before));
      }),
      { seed: 1 },
    );
  });
});
