import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AddressLabels } from '../../electron/classify/address-labels.ts';
import type { CatalogueMatch } from '../../electron/classify/catalogue.ts';

/** Says another thing of each address in each span between changes, and at each change. */
const CHANGES = [100, 200, 200.5, 300];
function era(time: number): number {
  const at = CHANGES.findIndex((change) => time <= change);
  return (at < 0 ? CHANGES.length : at) * 2 + (CHANGES.includes(time) ? 1 : 0) + (Number.isNaN(time) ? 50 : 0);
}
const says = (word: number, time: number): number => ((word * 31 + era(time) * 1009) >>> 0) % 60_000;
const match = (word: number, time: number): CatalogueMatch | null =>
  says(word, time) % 3 === 0
    ? null
    : { service: `s${says(word, time)}`, category: 'social', country: null, pattern: '', kind: 'prefix' };

function labels(): AddressLabels {
  return new AddressLabels({
    range: (words, at, time) => says(words[at + 3], time),
    country: (_a, _b, _c, d, time) => says(d, time) + 1,
    network: (_a, _b, _c, d, time) => says(d, time) + 2,
    service: (_a, _b, _c, d, time) => match(d, time),
    changeTimes: [...CHANGES, Infinity, -Infinity, 200],
  });
}

describe('what was looked up lately', () => {
  it('is what is looked up now, at any time and in any order', () => {
    const time = fc.oneof(
      fc.constantFrom(...CHANGES, 0, Number.NaN, Infinity, -1),
      fc.double({ min: 0, max: 400, noNaN: true }),
    );
    const word = fc.oneof(fc.nat(40), fc.nat(0xffff_ffff));
    fc.assert(
      fc.property(fc.array(fc.tuple(word, time), { maxLength: 200 }), (asked) => {
        const found = labels();
        for (const [d, at] of asked) {
          const slot = found.slot(Uint32Array.of(9, 0, 0, 0xffff, d), 1, at);
          expect(found.range(slot)).toBe(says(d, at));
          found.knewPlace(slot, at);
          expect(found.country(slot)).toBe(says(d, at) + 1);
          expect(found.network(slot)).toBe(says(d, at) + 2);
          expect(found.service(slot, at)).toEqual(match(d, at));
        }
      }),
      { seed: 9, numRuns: 300 },
    );
  });

  it('tells addresses apart that differ in any word', () => {
    const found = labels();
    const differing = [0, 1, 2, 3].map((word) => Uint32Array.from([0, 1, 2, 3], (each) => (each === word ? 7 : 0)));
    for (const words of differing) found.knewPlace(found.slot(words, 0, 50), 50);
    for (const words of differing) expect(found.range(found.slot(words, 0, 50))).toBe(says(words[3] ?? 0, 50));
  });
});
