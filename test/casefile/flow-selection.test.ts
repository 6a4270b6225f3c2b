import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { CaseReader } from '../../electron/casefile/case-reader.ts';
import { flowRecords } from '../../electron/casefile/flow-records.ts';
import { compileFilter } from '../../electron/casefile/flow-selection.ts';
import { type AddressWords, isIpv4, parseAddress } from '../../shared/address.ts';
import type { FilterCondition, FilterTest, FilterValue } from '../../shared/filter/expression.ts';
import { lastOfBlock } from '../../shared/filter/address-span.ts';
import { FILTER_FIELD_NAMES, type FilterField, fieldSpec, operatorsOf } from '../../shared/filter/fields.ts';
import { parseFilter } from '../../shared/filter/parse-filter.ts';
import type { FlowRecord } from '../../shared/flow.ts';
import { parseInstant } from '../../shared/time.ts';
import { buildCase } from './synthetic-case.ts';
import { VARIED_INDICATORS, VARIED_ORGANISATIONS, VARIED_PROFILE, variedFlows } from './varied-flows.ts';

const folder = mkdtempSync(join(tmpdir(), 'enclave-selection-'));
const path = join(folder, 'varied.enclave');
const flows = variedFlows(400);
buildCase(path, flows, {
  profile: VARIED_PROFILE,
  organisations: VARIED_ORGANISATIONS,
  indicators: VARIED_INDICATORS,
  segmentRows: 64,
});
const reader = new CaseReader(path);
const records = [...flowRecords(reader)];
const ZONE = VARIED_PROFILE.timeZone;

afterAll(() => {
  reader.close();
  rmSync(folder, { recursive: true });
});

const instants = new Map<string, number>();

function us(text: string): number {
  const value = instants.get(text) ?? parseInstant(text, ZONE);
  if (value === null) throw new Error(`not a time: ${text}`);
  instants.set(text, value);
  return value;
}

const LAST_SEEN = Math.max(...records.map((record) => us(record.end)));

function words(text: string): AddressWords {
  const parsed = parseAddress(text);
  if (parsed === null) throw new Error(`not an address: ${text}`);
  return parsed;
}

const big = ([a, b, c, d]: AddressWords): bigint =>
  (BigInt(a) << 96n) | (BigInt(b) << 64n) | (BigInt(c) << 32n) | BigInt(d);

const clock = new Intl.DateTimeFormat('sv-SE', { timeZone: ZONE, dateStyle: 'short', timeStyle: 'medium' });

/** What the clock on the wall shows, as if it were UTC. */
function wallClock(time: string): Date {
  return new Date(`${clock.format(us(time) / 1000).replace(' ', 'T')}Z`);
}

type Plain = string | number | null;

/** The values of a field in a record: none when absent, two for `address` and `port`. */
function valuesOf(record: FlowRecord, field: FilterField): (string | number)[] {
  const all: Record<string, Plain[]> = {
    bytes: [record.bytesOut + record.bytesIn],
    packets: [record.packetsOut + record.packetsIn],
    duration: [(us(record.end) - us(record.start)) / 1e6],
    depth: [Number(record.id.split(':')[2])],
    hour: [wallClock(record.start).getUTCHours()],
    weekday: [wallClock(record.start).getUTCDay() || 7],
    port: [record.initiatorPort, record.responderPort],
    address: [record.initiator, record.responder],
    indicator: [record.indicator, ...(record.indicator?.split('; ') ?? [])],
  };
  const plain: Partial<Record<string, Plain>> = { ...record };
  return (all[field] ?? [plain[field] ?? null]).filter((value) => value !== null);
}

/** What a test means, written as plainly as can be: an oracle for the columns. */
function holds(test: FilterTest, record: FlowRecord): boolean {
  const present = valuesOf(record, test.field);
  if (test.operator === '!=') return !present.some((value) => test.values.some((wanted) => equals(value, wanted)));
  if (test.operator === '=' || test.operator === 'in')
    return present.some((value) => test.values.some((wanted) => equals(value, wanted)));
  const wanted = test.values[0];
  if (wanted === undefined) throw new Error('no value');
  if (wanted.type === 'text') return present.some((value) => like(String(value), wanted.text));
  const limit = wanted.type === 'number' ? wanted.low : timeOf(wanted);
  return present.some((value) => {
    const here = typeof value === 'number' ? value : us(value);
    if (test.operator === '<') return here < limit;
    if (test.operator === '<=') return here <= limit;
    return test.operator === '>' ? here > limit : here >= limit;
  });
}

function timeOf(value: FilterValue): number {
  if (value.type === 'instant') return value.us;
  if (value.type === 'local') return us(value.text);
  if (value.type === 'last')
    return LAST_SEEN - value.count * { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 }[value.unit] * 1e6;
  throw new Error('not a time');
}

function equals(value: string | number, wanted: FilterValue): boolean {
  switch (wanted.type) {
    case 'number':
      return Number(value) >= wanted.low && Number(value) <= wanted.high;
    case 'text':
      return value === wanted.text;
    case 'addresses': {
      const here = words(String(value));
      const sameFamily = isIpv4(here[0], here[1], here[2]) === isIpv4(wanted.low[0], wanted.low[1], wanted.low[2]);
      return sameFamily && big(here) >= big(wanted.low) && big(here) <= big(wanted.high);
    }
    case 'instant':
      return us(String(value)) === wanted.us;
    case 'local':
      return wanted.text.length > 10
        ? us(String(value)) === us(wanted.text)
        : us(String(value)) >= us(wanted.text) && us(String(value)) < us(wanted.text) + 86_400e6;
    case 'last':
      return us(String(value)) >= timeOf(wanted);
  }
}

function like(text: string, pattern: string): boolean {
  const escaped = pattern.split('*').map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  return new RegExp(escaped.join('[^]*'), 'i').test(text);
}

function matches(condition: FilterCondition, record: FlowRecord): boolean {
  switch (condition.kind) {
    case 'test':
      return holds(condition, record);
    case 'not':
      return !matches(condition.operand, record);
    case 'and':
      return condition.operands.every((operand) => matches(operand, record));
    case 'or':
      return condition.operands.some((operand) => matches(operand, record));
  }
}

const record = fc.constantFrom(...records);

/** A value for a field, made from one that some record has, so that tests hold for some flows and not for others. */
function valueFor(field: FilterField, operator: FilterTest['operator']): fc.Arbitrary<FilterValue> {
  const { type, choices } = fieldSpec(field);
  const ranged = operator === '=' || operator === '!=' || operator === 'in';
  return fc.tuple(record, fc.nat(2), fc.nat(128)).map(([from, way, bits]): FilterValue => {
    const known = valuesOf(from, field)[way % 2] ?? valuesOf(from, field)[0];
    switch (type) {
      case 'number': {
        const low = Number(known ?? 7);
        return { type: 'number', low, high: ranged && way === 2 ? low * 2 : low };
      }
      case 'address': {
        const low = words(String(known ?? '10.0.0.1'));
        if (way === 0) return { type: 'addresses', low, high: low };
        const length = isIpv4(low[0], low[1], low[2]) ? 96 + (bits % 33) : bits;
        return { type: 'addresses', low, high: lastOfBlock(low, length) };
      }
      case 'time':
        if (way === 0) return { type: 'instant', us: us(String(known)) };
        if (way === 1) return { type: 'local', text: bits % 2 ? '2017-05-17' : '2017-05-18T03:30' };
        return { type: 'last', count: bits, unit: 'h' };
      case 'choice':
        return { type: 'text', text: String(known ?? choices?.[0] ?? '') };
      case 'transport':
      case 'flowId':
      case 'country':
        return { type: 'text', text: String(known ?? 'CN') };
      case 'text': {
        const text = String(known ?? 'x');
        if (operator !== '~') return { type: 'text', text };
        const middle = Math.floor(text.length / 2);
        return { type: 'text', text: [text.slice(1, 4).toUpperCase(), `${text[0]}*${text[middle]}`, '*'][way] ?? '' };
      }
    }
  });
}

const test: fc.Arbitrary<FilterTest> = fc
  .constantFrom(...FILTER_FIELD_NAMES)
  .chain((field) =>
    fc
      .constantFrom(...operatorsOf(fieldSpec(field).type))
      .chain((operator) =>
        fc
          .array(valueFor(field, operator), { minLength: 1, maxLength: operator === 'in' ? 4 : 1 })
          .map((values): FilterTest => ({ kind: 'test', field, operator, values })),
      ),
  );

const condition = fc.letrec<{ tree: FilterCondition }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3, depthIdentifier: 'tree' },
    { weight: 3, arbitrary: test },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('not' as const), operand: tie('tree') }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constantFrom('and' as const, 'or' as const),
        operands: fc.array(tie('tree'), { minLength: 2, maxLength: 3 }),
      }),
    },
  ),
})).tree;

function selected(expression: Parameters<typeof compileFilter>[0]): string[] {
  const selection = compileFilter(expression, reader);
  const ids: string[] = [];
  let first = 0;
  for (const segment of reader.segments()) {
    const mask = new Uint8Array(segment.rows);
    selection.mark(segment, mask);
    for (let row = 0; row < segment.rows; row++) if (mask[row] === 1) ids.push(records[first + row]?.id ?? '');
    first += segment.rows;
  }
  return ids;
}

const select = (text: string): number => selected(parseFilter(text)).length;
const number = (keep: (record: FlowRecord) => boolean): number => records.filter(keep).length;

describe('compileFilter', () => {
  it('selects flows that meet any indicator, one of a label, and none', () => {
    const met = number(({ indicator }) => indicator !== null);
    expect(met).toBeGreaterThan(20);
    expect(select('indicator = yes')).toBe(met);
    expect(select('indicator != yes')).toBe(records.length - met);
    expect(select('indicator ~ ye')).toBe(0);
    expect(select('indicator = "videos <b>"')).toBe(
      number(({ indicator }) => indicator?.includes('videos <b>') === true),
    );
    expect(select('indicator = "not met: another host"')).toBe(0);
    expect(select('indicator ~ "outside its validity"')).toBeGreaterThan(0);
  });

  it('selects what the oracle selects, for every field and operator', () => {
    const met = new Set<string>();
    fc.assert(
      fc.property(test, (tree) => {
        const expected = records.filter((flow) => matches(tree, flow)).map(({ id }) => id);
        if (expected.length > 0 && expected.length < records.length) met.add(tree.field);
        expect(selected(tree)).toEqual(expected);
      }),
      { seed: 21, numRuns: 1000 },
    );
    expect([...met].toSorted()).toEqual(FILTER_FIELD_NAMES.toSorted());
  });

  it('selects what the oracle selects, for trees of tests', () => {
    fc.assert(
      fc.property(condition, (tree) => {
        expect(selected(tree)).toEqual(records.filter((flow) => matches(tree, flow)).map(({ id }) => id));
      }),
      { seed: 22, numRuns: 300 },
    );
  });

  it('returns the number of marked rows and marks every row with 0 or 1', () => {
    fc.assert(
      fc.property(condition, (tree) => {
        const selection = compileFilter(tree, reader);
        for (const segment of reader.segments()) {
          const mask = new Uint8Array(segment.rows + 1).fill(7);
          const count = selection.mark(segment, mask);
          expect(mask.subarray(0, segment.rows).reduce((sum, bit) => sum + bit, 0)).toBe(count);
          expect(mask.subarray(0, segment.rows).every((bit) => bit < 2)).toBe(true);
          expect(mask[segment.rows]).toBe(7);
        }
      }),
      { seed: 23, numRuns: 200 },
    );
  });

  it('understands filters as people write them', () => {
    expect(select('')).toBe(400);
    expect(select('category in (streaming, social) and range = "kp-main" and not country = CN')).toBe(
      number(
        (flow) =>
          (flow.category === 'streaming' || flow.category === 'social') &&
          flow.range === 'kp-main' &&
          flow.country !== 'CN',
      ),
    );
    expect(select('country != CN')).toBe(number(({ country }) => country !== 'CN'));
    expect(select('country != CN')).toBeGreaterThan(number(({ country }) => country !== null && country !== 'CN'));
    expect(select('hostname ~ youku')).toBe(number(({ hostname }) => hostname === 'video.YOUKU.com'));
    expect(select('not hostname ~ "*"')).toBe(number(({ hostname }) => hostname === null));
    expect(select('tcpFlags ~ S')).toBe(number(({ tcpFlags }) => tcpFlags?.includes('S') ?? false));
    expect(select('peer in 2001:db8::/32')).toBe(number(({ peer }) => peer?.startsWith('2001:db8:') ?? false));
    expect(select('address = ::/0')).toBe(
      number(({ initiator, responder }) => initiator.includes(':') || responder.includes(':')),
    );
    expect(select('start = 2017-05-17')).toBe(
      number(({ start }) => start >= '2017-05-16T15:30' && start < '2017-05-17T15:30'),
    );
    expect(select('confidence = 0.57')).toBe(number(({ confidence }) => confidence === 0.57));
    expect(select('sampling = 1')).toBe(number(({ sampling }) => sampling === 1));
  });

  it('reads no column when the time range of the segments decides', () => {
    const first = Math.min(...flows.map(({ start }) => start));
    const read: string[] = [];
    const spy = new Proxy(reader, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== 'function') return value;
        return (...given: unknown[]): unknown => {
          if (name === 'column') read.push(String(given[1]));
          return Reflect.apply(value, target, given);
        };
      },
    });
    const selection = compileFilter(parseFilter('bytes > 5 and start < 2001-01-01'), spy);
    const early = compileFilter(parseFilter('start < 2001-01-01 and bytes > 5'), spy);
    const segment = reader.segments()[0];
    if (segment === undefined) throw new Error('no segment');
    expect(first).toBeGreaterThan(us('2001-01-01'));
    expect(early.mark(segment, new Uint8Array(64))).toBe(0);
    expect(read).toEqual([]);
    expect(selection.mark(segment, new Uint8Array(64))).toBe(0);
    expect(read).toEqual([]);
  });
});
