import { lab, rgb } from 'd3';
import { describe, expect, it } from 'vitest';
import { CATEGORY_COLOURS, COMMON, categoryColour, contrast, inkOn } from '../../renderer/category-colours.ts';
import { CATEGORIES } from '../../shared/vocabulary.ts';

/** Full dichromacy in linear RGB: Machado, Oliveira and Fernandes, IEEE TVCG 15 (2009), table 1, severity 1.0. */
const SIMULATIONS = {
  'no blindness': [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
} as const;

function toLinear(value: number): number {
  const share = value / 255;
  return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
}

function fromLinear(value: number): number {
  const share = Math.min(1, Math.max(0, value));
  return 255 * (share <= 0.0031308 ? share * 12.92 : 1.055 * share ** (1 / 2.4) - 0.055);
}

function seen(colour: string, matrix: readonly (readonly number[])[]): ReturnType<typeof lab> {
  const { r, g, b } = rgb(colour);
  const linear = [toLinear(r), toLinear(g), toLinear(b)];
  const [red = 0, green = 0, blue = 0] = matrix.map((row) =>
    fromLinear(row.reduce((sum, weight, i) => sum + weight * (linear[i] ?? 0), 0)),
  );
  return lab(rgb(red, green, blue));
}

/** CIE76 difference; about 2.3 is just noticeable. */
function difference(one: ReturnType<typeof lab>, other: ReturnType<typeof lab>): number {
  return Math.hypot(one.l - other.l, one.a - other.a, one.b - other.b);
}

describe('colours of categories', () => {
  it('gives each category a colour of its own', () => {
    const colours = Object.keys(CATEGORIES).map((category) => categoryColour(category).toLowerCase());
    expect(new Set(colours).size).toBe(colours.length);
    expect(categoryColour('no such category')).toBe(CATEGORY_COLOURS.unknown);
  });

  it.each(Object.entries(SIMULATIONS))('keeps the common ones apart with %s', (_, matrix) => {
    for (const one of COMMON) {
      for (const other of COMMON) {
        if (one >= other) continue;
        const apart = difference(seen(CATEGORY_COLOURS[one], matrix), seen(CATEGORY_COLOURS[other], matrix));
        expect(apart, `${one} and ${other}`).toBeGreaterThan(10);
      }
    }
  });

  it('measures contrast as WCAG does', () => {
    expect(contrast('#000000', '#ffffff')).toBeCloseTo(21, 5);
    expect(contrast('#767676', '#ffffff')).toBeCloseTo(4.54, 2);
  });

  it.each(Object.entries(CATEGORY_COLOURS))('can be written on: %s', (_, colour) => {
    expect(contrast(colour, inkOn(colour))).toBeGreaterThanOrEqual(4.5);
  });
});
