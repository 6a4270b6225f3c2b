import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { holdsFilter, joinFilters, splitTime, withTime, withoutFilter } from '../../renderer/state/time-filter.ts';
import { parseFilter } from '../../shared/filter/parse-filter.ts';
import { printFilter } from '../../shared/filter/print-filter.ts';

describe('the time span of the filter', () => {
  it('takes the outermost tests of start out, and leaves the others', () => {
    expect(splitTime('')).toEqual({ rest: '', from: null, to: null });
    expect(splitTime('start >= 2017-05-01 and category = gaming and start < 2017-05-08')).toEqual({
      rest: 'category = gaming',
      from: '2017-05-01',
      to: '2017-05-08',
    });
    expect(splitTime('start >= 2017-05-01 or category = gaming')).toMatchObject({ from: null, to: null });
    expect(splitTime('not start >= 2017-05-01')).toMatchObject({ from: null, rest: 'not start >= 2017-05-01' });
  });

  it('puts a span around a filter with "or" in brackets', () => {
    const where = withTime('category = gaming or category = social', { from: '2017-05-01', to: null });
    expect(where).toBe('(category = gaming or category = social) and start >= 2017-05-01');
  });

  it('replaces the span and keeps the rest, whatever spans come and go', () => {
    const rest = fc.constantFrom('', 'category = gaming', 'a.b = 1 or port = 2', 'port = 80-90 and not country = CN');
    const day = fc.option(fc.integer({ min: 1, max: 28 }).map((n) => `2017-05-${String(n).padStart(2, '0')}`));
    fc.assert(
      fc.property(rest, fc.array(fc.tuple(day, day), { minLength: 1, maxLength: 4 }), (start, spans) => {
        const text = start.replace('a.b = 1', 'host = 10.0.0.1');
        let where = text;
        for (const [from, to] of spans) where = withTime(where, { from, to });
        const [from, to] = spans.at(-1) ?? [null, null];
        expect(splitTime(where)).toEqual({ rest: text === '' ? '' : printFilter(parseFilter(text)), from, to });
      }),
      { seed: 7, numRuns: 200 },
    );
  });

  it('adds a test once, and takes it away again', () => {
    const once = joinFilters('category = gaming', 'country = CN');
    expect(joinFilters(once, 'country = CN')).toBe(once);
    expect(holdsFilter(once, 'country = CN')).toBe(true);
    expect(holdsFilter(once, 'country = US')).toBe(false);
    expect(withoutFilter(once, 'country = CN')).toBe('category = gaming');
    expect(withoutFilter('country = CN', 'country = CN')).toBe('');
    expect(joinFilters('category = gaming or category = web', 'country = CN')).toBe(
      '(category = gaming or category = web) and country = CN',
    );
  });
});
