import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { completeFilter, filterWord } from '../../renderer/state/filter-completion.ts';
import { parseFilter } from '../../shared/filter/parse-filter.ts';

const KNOWN = { service: ['world-of-tanks', 'steam'], country: ['CN', 'US'], range: ['kp-main', 'a "range"'] };

/** Choices at the bar in the text. */
function at(text: string): readonly string[] {
  const cursor = text.indexOf('|');
  return completeFilter(text.replace('|', ''), cursor, KNOWN)?.choices.map((choice) => choice.text) ?? [];
}

describe('completion of the filter', () => {
  it('offers fields, operators, values and connectives in their places', () => {
    expect(at('cat|')).toEqual(['category', 'duplicate', 'indicator', 'locator']);
    expect(at('category |')).toEqual(['=', '!=', 'in']);
    expect(at('hostname |')).toContain('~');
    expect(at('category = ga|')).toEqual(['gaming']);
    expect(at('service = |')).toEqual(['world-of-tanks', 'steam']);
    expect(at('category = gaming |')).toEqual(['and', 'or']);
    expect(at('category in (gaming, str|')).toEqual(['streaming', 'industrial']);
    expect(at('country in (CN) and serv|')).toEqual(['service']);
    expect(at('not cou|')).toEqual(['country']);
    expect(at('transport = ud|')).toEqual(['udp', 'udplite']);
  });

  it('offers filters used before where one word or none is typed', () => {
    const used = ['country = CN', 'category = gaming and country = CN'];
    const offered = (text: string) => completeFilter(text, text.length, KNOWN, used)?.choices ?? [];
    expect(offered('').slice(0, 2)).toEqual(used.map((text) => ({ text, note: 'used before', isWhole: true })));
    expect(offered('').length).toBeGreaterThan(2);
    expect(offered('cou').map(({ text }) => text)).toEqual(['country = CN', 'country']);
    expect(offered('category = g').map(({ text }) => text)).not.toContain(used[1]);
    expect(offered('country = CN').some(({ isWhole }) => isWhole === true)).toBe(false);
  });

  it('replaces the whole word under the cursor', () => {
    expect(completeFilter('catexx = gaming', 3, KNOWN)).toMatchObject({ from: 0, to: 6 });
  });

  it('is quiet where it knows nothing, and inside quotes', () => {
    expect(at('port = |')).toEqual([]);
    expect(at('hostname = "face|')).toEqual([]);
  });

  it('writes values so that the filter reads them back', () => {
    expect(at('range = a|')[0]).toBe('kp-main');
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (value) => {
        const read = parseFilter(`hostname = ${filterWord(value)}`);
        expect(read).toMatchObject({ kind: 'test', values: [{ type: 'text', text: value }] });
      }),
      { seed: 3, numRuns: 500 },
    );
  });

  it('never throws, whatever stands before the cursor', () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(40), (text, cursor) => {
        const found = completeFilter(text, Math.min(cursor, text.length), KNOWN);
        expect(found === null || found.choices.length > 0).toBe(true);
      }),
      { seed: 5, numRuns: 500 },
    );
  });
});
