import fc from 'fast-check';
import { createElement } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, it } from 'vitest';
import { amountScale } from '../../renderer/charts/amount-axis.tsx';
import { csvOf } from '../../renderer/charts/figure-table.ts';
import { binsOfSpan, fineStepFor, stackByTime } from '../../renderer/charts/stack-by-time.ts';
import { TimeStackDrawing, layerName } from '../../renderer/charts/time-stack-chart.tsx';
import { panned, zoomed } from '../../renderer/charts/time-zoom.ts';
import { wholeHours } from '../../renderer/state/whole-hours.ts';

/** The timeline's pure parts: zoom, steps of minutes, layers of any dimension, logarithmic axes, tables. */

const at = (text: string): number => Date.parse(`${text}Z`);
const whole = { first: at('2017-04-01T00:10'), last: at('2017-07-06T22:44') };

describe('zoom', () => {
  it('stays inside the case, in whole minutes, and ends at the whole', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom(0.5, 2), fc.double({ min: 0, max: 1, noNaN: true }))), (steps) => {
        let shown = whole;
        for (const [factor, share] of steps) {
          const around = shown.first + share * (shown.last - shown.first);
          shown = zoomed(shown, whole, factor, around) ?? whole;
          if (shown === whole) continue;
          expect(shown.first).toBeGreaterThanOrEqual(whole.first - 60_000);
          expect(shown.last).toBeLessThanOrEqual(whole.last + 60_000);
          expect(shown.last - shown.first).toBeGreaterThanOrEqual(9 * 60_000);
          expect([shown.first % 60_000, (shown.last + 1) % 60_000]).toEqual([0, 0]);
          expect(around).toBeGreaterThanOrEqual(shown.first - 60_000);
          expect(around).toBeLessThanOrEqual(shown.last + 120_000);
        }
      }),
      { seed: 9, numRuns: 200 },
    );
    const week = { first: at('2017-05-01T00:00'), last: at('2017-05-08T00:00') - 1 };
    expect(panned(week, whole, 0.5).first).toBe(at('2017-05-04T12:00') - 60_000);
    expect(panned(week, whole, -100).first).toBe(at('2017-04-01T00:10'));
  });

  it('goes from minutes to weeks', () => {
    const steps = [0.1, 0.4, 1, 3, 60, 400].map((days) => fineStepFor(days, 'minute'));
    expect(steps).toEqual(['minute', '5 minutes', '15 minutes', 'hour', 'day', 'week']);
    expect(fineStepFor(0.1, 'hour')).toBe('hour');
  });
});

describe('a stack', () => {
  const span = { first: at('2017-05-17T09:00'), last: at('2017-05-17T09:20') - 1, hourly: true };
  const row = (minute: number, service: string | null, value: number) => ({
    day: '2017-05-17',
    hour: 9,
    minute,
    service,
    value,
  });
  const stack = stackByTime([row(0, 'vk', 3), row(7, null, 1), row(45, 'vk', 99)], span, {
    by: 'service',
    step: '5 minutes',
    isClipped: true,
    rest: { rows: [row(5, null, 40)], members: 12 },
  });

  it('has steps of minutes, leaves out what lies outside, and tells absent from the rest', () => {
    expect(stack.bins.map(({ from }) => from.slice(11))).toEqual(['09:00', '09:05', '09:10', '09:15']);
    expect(stack.layers.map((layer) => [layerName(layer, 'service'), layer.values])).toEqual([
      ['vk', [3, 0, 0, 0]],
      ['no service', [0, 1, 0, 0]],
      ['12 others', [0, 40, 0, 0]],
    ]);
    expect(binsOfSpan(stack.bins, '2017-05-17T09:05', '2017-05-17T09:15')).toEqual([1, 2]);
  });

  it('is drawn as rows of which each bar is seen, on a logarithmic axis too, with its pins', () => {
    const drawn = (isLog: boolean): string =>
      renderToStaticMarkup(
        createElement(TimeStackDrawing, {
          stack,
          by: 'service',
          form: 'rows',
          isLog,
          metric: 'flows',
          pins: [{ bin: 1, kind: 'onset' }],
          width: 600,
          height: 240,
          brush: null,
          cursor: null,
        }),
      );
    for (const markup of [drawn(false), drawn(true)]) {
      const heights = [...markup.matchAll(/<path d="M[^h"]*h[\d.]+v([\d.]+)/g)].map(([, height]) => Number(height));
      expect(heights).toHaveLength(3);
      expect(Math.min(...heights)).toBeGreaterThanOrEqual(1);
      expect(markup).toContain('class="time-pins onset"');
      expect(markup).not.toContain('class="time-pins event"');
    }
    expect(drawn(true)).not.toMatch(/NaN|Infinity/);
  });
});

it('a logarithmic axis has whole decades around every amount', () => {
  const { ticks, place } = amountScale({ highest: 4200, lowest: 0.03, count: 3, isLog: true }, [100, 0]);
  expect(ticks).toEqual([0.01, 0.1, 1, 10, 100, 1000, 10_000]);
  expect([place(0), place(0.01), place(10), place(10_000)].map(Math.round)).toEqual([100, 100, 50, 0]);
});

it('periods are widened to whole hours', () => {
  expect(wholeHours({ from: '2017-05-17', to: '2017-05-18' })).toEqual({ from: '2017-05-17', to: '2017-05-18' });
  expect(wholeHours({ from: '2017-05-17T09:05', to: '2017-05-17T23:01' })).toEqual({
    from: '2017-05-17T09:00',
    to: '2017-05-18',
  });
  for (const span of [
    { from: '2017-05-18', to: '2017-05-18' },
    { from: null, to: '2017-05-18' },
    { from: '2017-05-17T00:00:00Z', to: '2017-05-18' },
    { from: '2017-13-40', to: '2017-14-01' },
  ]) {
    expect(wholeHours(span)).toBeNull();
  }
});

it('a table goes out with what it is of in every row, and no formula', () => {
  const table = { heads: ['country', 'flows'], rows: [['=cmd|x', 3.5] as const, ['a "b", c', null] as const] };
  expect(csvOf(table, { filter: 'port = 1, 2' })).toBe(
    'country,flows,filter\r\n\'=cmd|x,3.5,"port = 1, 2"\r\n"a ""b"", c",,"port = 1, 2"\r\n',
  );
});
