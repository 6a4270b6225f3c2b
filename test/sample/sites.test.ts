import { describe, expect, it } from 'vitest';
import { Catalogue } from '../../electron/classify/catalogue.ts';
import { ReferenceTables } from '../../electron/reference/reference-tables.ts';
import { ALL_SITES, COUNTRY_BLOCKS } from '../../electron/sample/sites.ts';
import { parseBlock } from '../../shared/address.ts';

/** The sites of made-up worlds hold against what Enclave knows: else a world's truth would be wrong, not its findings. */

const TIME = Date.UTC(2017, 4, 15) * 1000;
const PROBES = 300;

/** Countries that the table of 2017 gives to addresses spread over the block. */
function countriesIn(tables: ReferenceTables, cidr: string): string[] {
  const block = parseBlock(cidr);
  if (block === null) throw new Error(`${cidr} is no block`);
  const size = 2 ** (128 - block.bits);
  const met = new Set<string>();
  for (let i = 0; i < PROBES; i++) {
    const word = (block.words[3] + Math.floor((size * i) / PROBES)) >>> 0;
    const packed = tables.country(0, 0, 0xffff, word, TIME);
    met.add(packed === 0 ? 'none' : String.fromCharCode(packed >>> 8, packed & 0xff));
  }
  return [...met];
}

describe('sites of made-up worlds', () => {
  it('have names that the catalogue gives to the service and the category that they stand for', () => {
    const catalogue = Catalogue.load();
    const wrong = ALL_SITES.flatMap((site) =>
      site.talks.flatMap(({ name }) => {
        const match = name === null ? null : catalogue.byName(name);
        if (name === null) return [];
        const isRight = match?.service === site.service && match.category === site.category;
        return isRight ? [] : [`${name}: ${match?.service ?? '–'}, ${match?.category ?? '–'}`];
      }),
    );
    expect(wrong).toEqual([]);
    expect(ALL_SITES.length).toBeGreaterThan(80);
  });

  it('have addresses in the country that they stand for', () => {
    const tables = ReferenceTables.load();
    const blocks = [
      ...ALL_SITES.flatMap((site) => site.blocks.map((block) => [block, site.country] as const)),
      ...Object.entries(COUNTRY_BLOCKS).flatMap(([code, all]) => all.map((block) => [block, code] as const)),
    ];
    const wrong = blocks.flatMap(([block, code]) => {
      const met = countriesIn(tables, block);
      return met.length === 1 && met[0] === code ? [] : [`${block}: ${met.join(' ')}, not ${code}`];
    });
    expect(wrong).toEqual([]);
  });
});
