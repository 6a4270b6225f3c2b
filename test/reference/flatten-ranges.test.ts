import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AddressSpan, flattenRanges } from '../../build/reference/flatten-ranges.ts';
import { readRangeCsv, wholeNetworks64 } from '../../build/reference/read-range-csv.ts';

const spans = fc.array(
  fc
    .tuple(
      fc.integer({ min: 0, max: 60 }),
      fc.integer({ min: 0, max: 20 }),
      fc.integer({ min: 0, max: 3 }),
      fc.boolean(),
    )
    .map(([first, more, value, fixed]): AddressSpan => ({
      first: BigInt(first),
      last: BigInt(first + more),
      value,
      fixed,
    })),
  { maxLength: 12 },
);

/** The rule read literally: of all spans that hold the number, the fixed, then the smallest, then the last. */
function expectedValue(list: readonly AddressSpan[], number: bigint): number {
  const holding = list.filter(({ first, last }) => first <= number && number <= last);
  const fixed = holding.filter((span) => span.fixed);
  const candidates = fixed.length > 0 ? fixed : holding;
  const sizes = candidates.map(({ first, last }) => Number(last - first));
  return candidates.findLast((_, i) => sizes[i] === Math.min(...sizes))?.value ?? 0;
}

describe('flattenRanges', () => {
  test('gives every number the value of the most specific span', () => {
    fc.assert(
      fc.property(spans, (list) => {
        const flat = flattenRanges(list, 70n);
        expect(flat.starts.every((start) => start < 70n)).toBe(true);
        for (let number = 0n; number < 70n; number++) {
          const run = flat.starts.findLastIndex((start) => start <= number);
          expect(run < 0 ? 0 : flat.values[run]).toBe(expectedValue(list, number));
        }
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  test('joins neighbours of one value and starts at zero', () => {
    const overlapping = [
      { first: 10n, last: 19n, value: 7 },
      { first: 20n, last: 29n, value: 7 },
      { first: 15n, last: 15n, value: 8 },
    ];
    const flat = flattenRanges(overlapping, 100n);
    expect(flat).toEqual({ starts: [0n, 10n, 15n, 16n, 30n], values: [0, 7, 8, 7, 0] });
  });
});

describe('readRangeCsv', () => {
  test('reads quoted names with commas and quotes', () => {
    const rows = readRangeCsv('16777216,16777471,13335,"Cloudflare, Inc."\r\n1,2,3,"LLC ""X"""\n');
    expect(rows[0]).toEqual({ first: 16_777_216n, last: 16_777_471n, fields: ['13335', 'Cloudflare, Inc.'] });
    expect(rows[1]?.fields[1]).toBe('LLC "X"');
  });

  test('refuses a malformed line by its number', () => {
    expect(() => readRangeCsv('1,2,KP\nx,2,KP')).toThrow('line 2');
    expect(() => readRangeCsv('3,2,KP')).toThrow('ends before');
  });
});

test('wholeNetworks64 keeps what covers whole /64 networks and counts the rest', () => {
  const unit = 1n << 64n;
  const cut = wholeNetworks64([
    { first: 4n * unit, last: 6n * unit - 1n, value: 1 },
    { first: 4n * unit + 1n, last: 6n * unit - 1n, value: 2 },
    { first: 9n * unit + 5n, last: 9n * unit + 6n, value: 3 },
  ]);
  expect(cut.spans.map(({ first, last, value }) => [first, last, value])).toEqual([
    [4n, 5n, 1],
    [5n, 5n, 2],
  ]);
  expect(cut.dropped).toBe(1);
});
