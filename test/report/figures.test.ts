import { describe, expect, it } from 'vitest';
import { coverageFigure, shortened } from '../../electron/report/figures.ts';

describe('gaps of the coverage figure', () => {
  const window = { from: 0, to: 1000, fromText: 'a', toText: 'b' };
  const drawn = (gaps: { from: number; to: number }[]): number =>
    coverageFigure([], gaps, window, '').split('fill="url(#silent)"').length - 1;

  it('are one where they lie together, whatever their order', () => {
    expect(drawn([])).toBe(0);
    expect(
      drawn([
        { from: 100, to: 200 },
        { from: 500, to: 600 },
      ]),
    ).toBe(2);
    expect(
      drawn([
        { from: 200.5, to: 300 },
        { from: 100, to: 200 },
      ]),
    ).toBe(1);
    const many = Array.from({ length: 5000 }, (_, i) => ({ from: i / 5, to: i / 5 + 0.1 }));
    expect(drawn(many)).toBe(1);
  });
});

it('cuts names by what they take, not by their number of letters', () => {
  expect(shortened('gaming', 6)).toBe('gaming');
  expect(shortened('streaming', 6)).toBe('stream…');
  expect(shortened('네트워크', 6)).toBe('네트워…');
});
