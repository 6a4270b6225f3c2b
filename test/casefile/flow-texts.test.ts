import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FlowTexts, TextCache } from '../../electron/casefile/flow-texts.ts';
import { formatAddress } from '../../shared/address.ts';
import { formatUtc } from '../../shared/time.ts';

describe('FlowTexts', () => {
  it('prints instants as formatUtc does', () => {
    const texts = new FlowTexts();
    const instant = fc.oneof(
      fc.integer({ min: -(2 ** 53) + 1, max: 2 ** 53 - 1 }),
      fc.integer({ min: 1_495_000_000_000_000, max: 1_495_090_000_000_000 }),
      fc.constantFrom(0, -1, 86_399_999_999, 86_400_000_000, 2 ** 53, 0.5, 1e300, Number.NaN, Infinity, -Infinity),
    );
    fc.assert(
      fc.property(instant, (us) => {
        expect(texts.instant(us)).toBe(formatUtc(us));
      }),
      { seed: 7, numRuns: 2000 },
    );
  });

  it('prints addresses as formatAddress does, more of them than it keeps', () => {
    const texts = new FlowTexts();
    const wrong: string[] = [];
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < 40_000; i++) {
        const words = i % 3 === 0 ? [0x2001_0db8, 0, i, 1] : [0, 0, 0xffff, (i * 2_654_435_761) >>> 0];
        const [a = 0, b = 0, c = 0, d = 0] = words;
        const printed = texts.address([9, ...words], 1);
        if (printed !== formatAddress(a, b, c, d)) wrong.push(printed);
      }
    }
    expect(wrong).toEqual([]);
  });
});

describe('TextCache', () => {
  it('gives back a text by its key and no text by another', () => {
    const cache = new TextCache(2);
    let found = 0;
    const wrong: string[] = [];
    for (let i = 0; i < 60_000; i++) {
      cache.key.set([i % 30_000, 7]);
      const known = cache.find();
      if (known === undefined) cache.keep(String(i % 30_000));
      else if (known === String(i % 30_000)) found++;
      else wrong.push(known);
    }
    expect(wrong).toEqual([]);
    expect(found).toBeGreaterThan(4000);
  });

  it('keeps no long text', () => {
    const cache = new TextCache(1);
    for (const [length, kept] of [
      [1024, true],
      [1025, false],
    ] as const) {
      cache.key[0] = length;
      expect(cache.find()).toBe(undefined);
      expect(cache.keep('x'.repeat(length)).length).toBe(length);
      expect(cache.find() !== undefined).toBe(kept);
    }
  });
});
