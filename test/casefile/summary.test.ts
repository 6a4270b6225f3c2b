import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { CaseReader } from '../../electron/casefile/case-reader.ts';
import { flowRecords } from '../../electron/casefile/flow-records.ts';
import { compileFilter } from '../../electron/casefile/flow-selection.ts';
import {
  type Dimension,
  DIMENSIONS,
  largestRows,
  LONGEST_SPAN_HOURS,
  summarise,
} from '../../electron/casefile/summary.ts';
import { parseFilter } from '../../shared/filter/parse-filter.ts';
import { type Metric, METRICS } from '../../shared/finding.ts';
import type { FlowRecord } from '../../shared/flow.ts';
import { parseInstant, ZoneClock } from '../../shared/time.ts';
import { buildCase, type SyntheticCase, type SyntheticFlow } from './synthetic-case.ts';
import { VARIED_ORGANISATIONS, VARIED_PROFILE, variedFlows } from './varied-flows.ts';

const folder = mkdtempSync(join(tmpdir(), 'enclave-summary-'));
const opened: CaseReader[] = [];
let made = 0;

function open(flows: Iterable<SyntheticFlow>, options: SyntheticCase = {}): CaseReader {
  const path = join(folder, `${made++}.enclave`);
  buildCase(path, flows, options);
  const reader = new CaseReader(path);
  opened.push(reader);
  return reader;
}

afterAll(() => {
  for (const reader of opened) reader.close();
  rmSync(folder, { recursive: true });
});

const us = (text: string): number => parseInstant(text, 'UTC') ?? Number.NaN;
const inside = { initiator: '175.45.176.1', responder: '8.8.8.8', subjectSide: 'initiator' as const };

/** A row as the definitions have it, summed with plain maps and texts. */
interface PlainRow {
  value: number;
  flows: number;
  scaled: boolean;
  hostHours: Set<string>;
}

function oracle(records: FlowRecord[], by: Dimension[], metric: Metric): Map<string, PlainRow> {
  const clock = new ZoneClock(VARIED_PROFILE.timeZone);
  const rows = new Map<string, PlainRow>();
  const rowAt = (record: FlowRecord, hour: number): PlainRow => {
    const time = { hour: ZoneClock.hourOfDay(hour), weekday: ZoneClock.weekday(hour), day: ZoneClock.day(hour) };
    const key = JSON.stringify(by.map((name) => ({ ...record, ...time })[name]));
    const row = rows.get(key) ?? { value: 0, flows: 0, scaled: false, hostHours: new Set() };
    rows.set(key, row);
    return row;
  };
  const timed = by.some((name) => name === 'hour' || name === 'weekday' || name === 'day');
  for (const record of records) {
    const first = clock.localHour(us(record.start));
    const end = clock.localHour(us(record.end));
    const last = end > first && end - first < LONGEST_SPAN_HOURS ? end : first;
    rowAt(record, first).flows++;
    const bytes = record.bytesOut + record.bytesIn;
    const packets = record.packetsOut + record.packetsIn;
    const amount = { bytes, packets, flows: 1, 'host-hours': 0 }[metric] * record.sampling;
    const to = metric === 'host-hours' || (timed && metric !== 'flows') ? last : first;
    for (let hour = first; hour <= to; hour++) {
      const row = rowAt(record, hour);
      if (metric === 'host-hours') {
        if (record.host !== null) row.hostHours.add(`${record.host} ${hour}`);
        row.value = row.hostHours.size;
      } else {
        row.value += amount / (to - first + 1);
        row.scaled ||= record.sampling > 1;
      }
    }
  }
  return rows;
}

describe('summarise', () => {
  const reader = open(variedFlows(300), {
    profile: VARIED_PROFILE,
    organisations: VARIED_ORGANISATIONS,
    segmentRows: 50,
  });

  it('agrees with the definitions for any dimensions, metric and filter', () => {
    fc.assert(
      fc.property(
        fc.subarray([...DIMENSIONS], { minLength: 1, maxLength: 3 }),
        fc.constantFrom(...METRICS),
        fc.constantFrom('', 'transport = tcp', 'country = CN or not hostname ~ "*"', 'port = 4'),
        // 0 words: hours are swept, as where their table would be too large.
        fc.constantFrom(0, 1 << 23),
        (by, metric, where, tableWords) => {
          const selection = compileFilter(parseFilter(where), reader);
          const chosen = [...flowRecords(reader, { selection })];
          const expected = oracle(chosen, by, metric);
          const rows = summarise(reader, { by, metric, selection, tableWords });
          const keep = [...expected].filter(([, row]) => row.flows > 0 || row.value > 0);
          expect(rows.map((row) => JSON.stringify(by.map((name) => row[name]))).toSorted()).toEqual(
            keep.map(([key]) => key).toSorted(),
          );
          const whole =
            metric === 'host-hours'
              ? new Set(keep.flatMap(([, row]) => [...row.hostHours])).size
              : keep.reduce((sum, [, row]) => sum + row.value, 0);
          for (const row of rows) {
            const wanted = expected.get(JSON.stringify(by.map((name) => row[name])));
            const { value = Number.NaN, flows, scaled } = wanted ?? {};
            expect(row.flows).toBe(flows);
            expect(row.scaled).toBe(scaled);
            expect(Math.abs(row.value - value)).toBeLessThanOrEqual(1e-9 * value);
            expect(row.share ?? -1).toBeCloseTo(whole > 0 ? value / whole : -1, 9);
          }
          expect(rows.reduce((sum, row) => sum + row.flows, 0)).toBe(chosen.length);
        },
      ),
      { seed: 31, numRuns: 150 },
    );
  });

  it('tells of the largest rows what it tells of all', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...DIMENSIONS),
        fc.constantFrom(...METRICS),
        fc.constantFrom('', 'transport = tcp', 'country = CN or not hostname ~ "*"', 'port = 4'),
        fc.constantFrom(1, 2, 7, 1000),
        (by, metric, where, most) => {
          const selection = compileFilter(parseFilter(where), reader);
          const rows = summarise(reader, { by: [by], metric, selection });
          expect(largestRows(reader, { by, metric, selection }, most)).toEqual({
            rows: rows.slice(0, most),
            all: rows.length,
            named: rows.filter((row) => row[by] !== null).length,
          });
        },
      ),
      { seed: 32, numRuns: 150 },
    );
  });

  it('puts the largest first and breaks ties by key, absent last', () => {
    const rows = summarise(reader, { by: ['country', 'hour'], metric: 'flows' });
    const order = rows.map((row) => [-row.value, row.country ?? '\uffff', row.hour] as const);
    expect(order).toEqual(
      order.toSorted(([a, b, c], [x, y, z]) => a - x || (b < y ? -1 : b > y ? 1 : Number(c) - Number(z))),
    );
    expect(rows.some((row) => row.country === null)).toBe(true);
  });

  it('prints the keys as asked for, then the numbers', () => {
    const [row] = summarise(open([{ ...inside, start: 0 }]), { by: ['day', 'category'], metric: 'bytes' });
    expect(Object.keys(row ?? {})).toEqual(['day', 'category', 'value', 'share', 'flows', 'scaled']);
  });

  it('spreads bytes over the local clock hours and counts the flow at its start', () => {
    // 10:45 to 12:10 in Pyongyang (UTC+8:30) touches three hours.
    const one = open([{ ...inside, start: us('2017-05-17T02:15Z'), end: us('2017-05-17T03:40Z'), bytesOut: 300 }]);
    expect(summarise(one, { by: ['hour'], metric: 'bytes' })).toEqual([
      { hour: 10, value: 100, share: 1 / 3, flows: 1, scaled: false },
      { hour: 11, value: 100, share: 1 / 3, flows: 0, scaled: false },
      { hour: 12, value: 100, share: 1 / 3, flows: 0, scaled: false },
    ]);
    expect(summarise(one, { by: ['hour'], metric: 'flows' })).toEqual([
      { hour: 10, value: 1, share: 1, flows: 1, scaled: false },
    ]);
    expect(summarise(one, { by: ['day', 'weekday'], metric: 'host-hours' })).toEqual([
      { day: '2017-05-17', weekday: 3, value: 3, share: 1, flows: 1, scaled: false },
    ]);
  });

  it('knows that the clock skips an hour and repeats one', () => {
    const profile = { timeZone: 'Europe/Berlin' };
    const spring = [{ ...inside, start: us('2017-03-26T00:30Z'), end: us('2017-03-26T01:30Z'), bytesOut: 100 }];
    const forward = open(spring, { profile });
    expect(summarise(forward, { by: ['hour'], metric: 'bytes' }).map(({ hour, value }) => [hour, value])).toEqual([
      [1, 50],
      [3, 50],
    ]);
    expect(summarise(forward, { by: ['day'], metric: 'host-hours' })[0]?.value).toBe(2);
    const autumn = [{ ...inside, start: us('2017-10-29T00:30Z'), end: us('2017-10-29T01:30Z'), bytesOut: 100 }];
    expect(
      summarise(open(autumn, { profile }), { by: ['hour'], metric: 'bytes' }).map(({ hour, value }) => [hour, value]),
    ).toEqual([[2, 100]]);
  });

  it.each(['Europe/Berlin', 'Australia/Lord_Howe', 'Pacific/Apia', 'Africa/Casablanca'])(
    'counts the hours that the clock of %s showed, whatever the order of flows and segments',
    (timeZone) => {
      const clock = new ZoneClock(timeZone);
      const from = us('2011-12-20T00:00Z');
      const hour = 3_600_000_000;
      const touching = fc.record({
        // About the year's end that Samoa skipped a day of, and about each change of the other clocks.
        start: fc
          .tuple(fc.constantFrom(0, 103, 120, 285, 290), fc.integer({ min: 0, max: 20 * 48 }))
          .map(([days, half]) => from + days * 24 * hour + half * (hour / 2) + 7),
        lasting: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 60 * hour })),
        host: fc.constantFrom('175.45.176.1', '175.45.176.2', '2001:db8::1'),
        category: fc.constantFrom('gaming', 'social'),
        evidence: fc.constantFrom('00000000000000e1', '00000000000000e2'),
      });
      fc.assert(
        fc.property(fc.array(touching, { minLength: 1, maxLength: 40 }), (touches) => {
          const flows = touches.map(({ start, lasting, host, category, evidence }) => ({
            ...inside,
            evidence,
            initiator: host,
            start,
            end: start + lasting,
            category,
            bytesOut: 1000,
          }));
          const many = open(flows, { profile: { timeZone }, segmentRows: 3 });
          const hostHours = new Map<string, Set<string>>();
          const bytes = new Map<string, number>();
          for (const { start, end, initiator, category } of flows) {
            const hours = new Set<number>();
            for (let instant = start; instant < end; instant += hour / 4) hours.add(clock.localHour(instant));
            hours.add(clock.localHour(end));
            for (const each of hours) {
              const key = `${category} ${ZoneClock.day(each)}`;
              hostHours.set(key, (hostHours.get(key) ?? new Set()).add(`${initiator} ${each}`));
              bytes.set(key, (bytes.get(key) ?? 0) + 1000 / hours.size);
            }
          }
          const asked = { by: ['category', 'day'] as const };
          const counted = summarise(many, { ...asked, metric: 'host-hours' });
          // As swept when the table is too large.
          // Swept, and asked again.
          for (let time = 0; time < 2; time++) {
            expect(summarise(many, { ...asked, metric: 'host-hours', tableWords: 0 })).toEqual(counted);
          }
          expect(new Map(counted.map((row) => [`${row.category} ${row.day}`, row.value]))).toEqual(
            new Map([...hostHours].map(([key, set]) => [key, set.size])),
          );
          const spread = summarise(many, { ...asked, metric: 'bytes' });
          expect(spread.length).toBe(bytes.size);
          for (const row of spread) expect(row.value).toBeCloseTo(bytes.get(`${row.category} ${row.day}`) ?? -1, 6);
          many.close();
          opened.pop();
        }),
        { seed: 32, numRuns: 25 },
      );
    },
  );

  it('counts a host-hour once however many flows touch it, and once for each group', () => {
    const start = us('2017-05-17T02:30Z');
    const shared = open([
      { ...inside, start, category: 'gaming' },
      { ...inside, start: start + 60e6, category: 'gaming' },
      { ...inside, start: start + 120e6, category: 'social' },
      { ...inside, initiator: '175.45.176.2', start, category: 'social' },
      { start, initiator: '1.1.1.1', responder: '2.2.2.2', category: 'web' },
    ]);
    expect(summarise(shared, { by: ['category'], metric: 'host-hours' })).toEqual([
      { category: 'social', value: 2, share: 1, flows: 2, scaled: false },
      { category: 'gaming', value: 1, share: 0.5, flows: 2, scaled: false },
      { category: 'web', value: 0, share: 0, flows: 1, scaled: false },
    ]);
  });

  it('scales by sampling and says so, but neither the count of records nor host-hours', () => {
    const sampled = open([
      { ...inside, start: 0, bytesOut: 10, sampling: 100, country: 'CN' },
      { ...inside, start: 0, bytesOut: 10, country: 'RU' },
    ]);
    expect(summarise(sampled, { by: ['country'], metric: 'bytes' })).toEqual([
      { country: 'CN', value: 1000, share: 1000 / 1010, flows: 1, scaled: true },
      { country: 'RU', value: 10, share: 10 / 1010, flows: 1, scaled: false },
    ]);
    expect(summarise(sampled, { by: ['country'], metric: 'flows' })[0]).toMatchObject({ value: 100, flows: 1 });
    expect(summarise(sampled, { by: ['country'], metric: 'host-hours' })[0]).toMatchObject({ value: 1, scaled: false });
  });

  it('does not spread a flow that claims to last for years, and says so', () => {
    const lying = open([
      { ...inside, start: us('2017-05-17T00:00Z'), end: 2 ** 53, bytesOut: 7 },
      { ...inside, start: us('2017-05-17T00:00Z'), end: 1e300, bytesOut: 7 },
      { ...inside, start: us('2017-05-17T00:00Z'), end: 0, bytesOut: 7 },
    ]);
    expect(summarise(lying, { by: ['day'], metric: 'bytes' })).toEqual([
      { day: '2017-05-17', value: 21, share: 1, flows: 3, scaled: false, unspread: 2 },
    ]);
    expect(summarise(lying, { by: ['direction'], metric: 'host-hours' })).toEqual([
      { direction: 'transit', value: 1, share: 1, flows: 3, scaled: false, unspread: 2 },
    ]);
  });

  it('takes ranges of one label together and absent terms for unknown', () => {
    const flows = [1, 2, 3, 0, 9].map((range) => ({ ...inside, start: 0, range }));
    const labelled = open([...flows, { ...inside, start: 0, protocol: 'unknown' }], { profile: VARIED_PROFILE });
    expect(summarise(labelled, { by: ['range'], metric: 'flows' }).map(({ range, value }) => [range, value])).toEqual([
      [null, 3],
      ['kp-main', 2],
      ['other range', 1],
    ]);
    expect(summarise(labelled, { by: ['protocol'], metric: 'flows' }).map(({ protocol }) => protocol)).toEqual([
      'unknown',
    ]);
  });

  it('tells hosts of both families apart, many of them', () => {
    const flows = Array.from({ length: 5000 }, (_, i) => ({
      ...inside,
      start: i * 60e6,
      initiator: i % 2 === 0 ? `10.${i >> 9}.${(i >> 1) & 255}.1` : `2001:db8::${i.toString(16)}`,
    }));
    const rows = summarise(open(flows, { segmentRows: 999 }), { by: ['host'], metric: 'host-hours' });
    expect(rows.length).toBe(5000);
    expect(new Set(rows.map(({ host }) => host))).toEqual(new Set(flows.map(({ initiator }) => initiator)));
    expect(rows.every((row) => row.value === 1)).toBe(true);
  });

  it('is empty for no flows', () => {
    expect(summarise(open([]), { by: ['category'], metric: 'bytes' })).toEqual([]);
  });
});
