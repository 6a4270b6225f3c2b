import fc from 'fast-check';
import { createElement } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { expect, it } from 'vitest';
import { CaseStripDrawing, stripPins, stripSpans } from '../../renderer/charts/case-strip.tsx';
import { DayStrips, dayGrid } from '../../renderer/charts/day-strips.tsx';
import { placeAmong, stackByTime } from '../../renderer/charts/stack-by-time.ts';
import { localMs } from '../../renderer/state/local-time.ts';
import { formatUtc, parseInstant } from '../../shared/time.ts';

const ZONE = 'Asia/Pyongyang';
const us = (local: string): number => parseInstant(local, ZONE) ?? Number.NaN;
const ms = (text: string): number => Date.parse(`${text}Z`);

it('has every step of its span, whatever the rows', () => {
  const span = { first: ms('2017-05-01T09:00'), last: ms('2017-05-10T03:00'), hourly: false };
  const none = stackByTime([], span);
  expect(none.bins.map(({ from }) => from)).toEqual(
    Array.from({ length: 10 }, (_, i) => `2017-05-${String(i + 1).padStart(2, '0')}`),
  );
  const some = stackByTime([{ day: '2017-05-04', value: 3 }], span);
  expect(some.bins).toEqual(none.bins);
  expect(some.layers[0]?.values).toEqual([0, 0, 0, 3, 0, 0, 0, 0, 0, 0]);
});

it.each(['day', 'week', 'month', 'year'])('places moments among bins of a %s', (step) => {
  const days = { day: 100, week: 800, month: 3000, year: 9000 }[step] ?? 0;
  const first = ms('2001-03-07T05:00');
  const { bins, step: made } = stackByTime([], { first, last: first + days * 86_400_000, hourly: false });
  expect(made).toBe(step);
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1, noNaN: true }), (share) => {
      const at = first + share * days * 86_400_000;
      const place = placeAmong(bins, at);
      const bin = bins[Math.floor(place)];
      const from = Date.parse(`${bin?.from ?? ''}T00:00:00Z`);
      const to = Date.parse(`${bin?.to ?? ''}T00:00:00Z`);
      expect(from + (place % 1) * (to - from)).toBeCloseTo(at, -1);
    }),
    { seed: 7, numRuns: 200 },
  );
  expect(placeAmong(bins, first - 1e12)).toBe(0);
  expect(placeAmong(bins, first + 1e12)).toBe(bins.length);
});

it('shows silence and events on the profile’s clock, and leaves out what lies elsewhere', () => {
  const [first, last] = [us('2017-05-01T10:00'), us('2017-05-04T12:00')];
  const span = { first: localMs(first, ZONE), last: localMs(last, ZONE), hourly: false };
  const stack = stackByTime([{ day: '2017-05-02', value: 5 }], span);
  const { bins } = stack;
  const gaps = stripSpans(
    bins,
    [
      { from: us('2017-05-02T12:00'), to: us('2017-05-03T18:00') },
      { from: us('2016-01-01T00:00'), to: us('2016-01-02T00:00') },
    ],
    ZONE,
  );
  expect(gaps).toMatchObject([{ from: 1.5, to: 2.75 }]);
  const event = { label: 'test', kind: 'k', source: 's', uncertaintyMinutes: 0 };
  const pins = stripPins(
    bins,
    [
      { ...event, time: us('2017-05-04T06:00') },
      { ...event, time: 0 },
    ],
    ZONE,
  );
  expect(pins.map(({ at }) => at)).toEqual([3.25]);
  const drawing = {
    stack,
    gaps,
    outages: [],
    pins,
    marked: [0, 5, 0, 0],
    width: 400,
    brush: [1, 2] as const,
    cursor: null,
  };
  const html = renderToStaticMarkup(createElement('svg', null, createElement(CaseStripDrawing, drawing)));
  expect(html).toContain('d="M150 7h125V33H150z" fill="url(#strip-gap)"');
  expect(html).toContain('M325 7l-3.5 -6h7z');
  expect(html).toContain('<rect class="brush" x="100" width="200"');
});

it('fills the hours of consecutive days, and cuts a calendar that is too long', () => {
  const grid = dayGrid([
    { day: '2017-05-03', hour: 23, value: 4 },
    { day: '2017-05-01', hour: 0, value: 1 },
    { day: '2017-05-01', hour: 0, value: 2 },
    { day: null, hour: 3, value: 9 },
    { day: '2017-05-09', hour: 3, value: 0 },
  ]);
  expect(grid.days).toEqual(['2017-05-01', '2017-05-02', '2017-05-03']);
  expect(grid.amounts.map((line) => line.reduce((a, b) => a + b, 0))).toEqual([3, 0, 4]);
  expect(grid.amounts[2]?.[23]).toBe(4);
  const long = dayGrid([
    { day: '2017-05-01', hour: 0, value: 1 },
    { day: '2019-05-01', hour: 0, value: 1 },
  ]);
  expect(long.days).toHaveLength(400);
  expect(long.leftOut).toBe(731 - 400);
  expect(dayGrid([]).days).toEqual([]);
  const props = {
    grid,
    metric: 'flows' as const,
    width: 318,
    cell: null,
    onCell: () => undefined,
    onChoose: () => undefined,
  };
  expect(renderToStaticMarkup(createElement(DayStrips, props))).toContain('the largest cell holds 4 flows');
});

it('knows a moment on the local calendar', () => {
  expect(formatUtc(localMs(us('2017-05-01T10:00'), ZONE) * 1000)).toBe('2017-05-01T10:00:00.000000Z');
});
