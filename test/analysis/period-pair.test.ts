import { afterAll, describe, expect, it } from 'vitest';
import { comparePair } from '../../electron/analysis/period-pair.ts';
import { dateOfDay, dayNumber } from '../../shared/calendar.ts';
import { plantWorld, type PlantedFlow } from './planted-case.ts';
import { PlantedCases, SIX_WEEKS, dayOf, matching, ofKind } from './planted-change.ts';

/** Two periods side by side, beside the finding on the same two. */

const cases = new PlantedCases();
afterAll(() => cases.remove());

const flows = plantWorld(SIX_WEEKS).map((flow, i): PlantedFlow =>
  flow.service === 'facebook' && dayOf(flow) >= 21 && i % 5 !== 0 ? { ...flow, service: 'vk' } : flow,
);
const files = [{ path: 'a', flows }];

describe('two periods', () => {
  const reader = cases.open(files);
  afterAll(() => reader.close());
  const findings = ofKind(cases.findings(files), 'period-comparison').filter(({ metric }) => metric === 'flows');
  const volume = findings.find(({ subject }) => subject === 'volume');
  const where = volume?.where.split(' and start')[0] ?? '';
  const [earlier, later] = (volume?.periods ?? []).map(({ from, to }) => ({
    from,
    to: dateOfDay(dayNumber(to) + 1),
  }));
  if (earlier === undefined || later === undefined) throw new Error('no finding on the volume');

  it('are what the finding on them says, to the last digit', () => {
    const pair = comparePair(reader, { where, by: 'service', metric: 'flows', periods: [earlier, later] });
    expect(pair.unit).toBe('day');
    expect(pair.periods.map(({ daysLeftOut }) => daysLeftOut)).toEqual([0, 0]);
    const rounded = (value: number | null | undefined): number => Number((value ?? Number.NaN).toPrecision(9));
    for (const subject of ['volume', 'service:facebook', 'service:vk']) {
      const finding = findings.find((each) => each.subject === subject);
      const row = subject === 'volume' ? pair.all : pair.rows.find(({ value }) => `service:${value ?? ''}` === subject);
      expect(row?.totals).toEqual([finding?.denominator, finding?.numerator]);
      expect(row?.rates.map(rounded)).toEqual(finding?.perDay.map(rounded));
      expect(rounded(row?.change)).toBe(rounded(finding?.change));
      expect(row?.interval?.map(rounded)).toEqual(finding?.interval?.map(rounded));
    }
  });

  it('have no interval when they are short, overlap, or are cut within a day', () => {
    const ask = (a: typeof earlier, b: typeof earlier) =>
      comparePair(reader, { where, by: 'category', metric: 'bytes', periods: [a, b] });
    const week = { from: earlier.from, to: dateOfDay(dayNumber(earlier.from) + 7) };
    expect(ask(week, later).all.interval).toBeNull();
    const both = { from: earlier.from, to: later.to };
    expect(ask(both, later)).toMatchObject({ overlap: true, all: { interval: null } });
    const hours = { from: `${earlier.from}T06:00`, to: `${earlier.from}T18:00` };
    const cut = ask(hours, later);
    expect(cut).toMatchObject({ unit: 'hour', all: { interval: null } });
    expect(cut.periods[0]).toMatchObject({ hours: 12, compared: 12 });
    expect(cut.all.rates[0]).toBeCloseTo(cut.all.totals[0] / 12, 9);
  });

  it('count each flow at its start, in the periods only', () => {
    const day = dateOfDay(dayNumber(earlier.from) + 3);
    const hours = { from: `${day}T09:00`, to: `${day}T11:00` };
    const pair = comparePair(reader, { where: '', by: 'category', metric: 'flows', periods: [hours, later] });
    expect(pair.all.totals[0]).toBe(matching(reader, `start >= ${hours.from} and start < ${hours.to}`));
    expect(pair.rows.reduce((sum, { totals }) => sum + totals[0], 0)).toBe(pair.all.totals[0]);
  });
});
