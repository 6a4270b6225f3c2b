import { isDeepStrictEqual } from 'node:util';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ABSENT_VALUE, JsonFields, NULL, NUMBER, OBJECT, STRING } from '../../electron/flows/json-fields.ts';
import { ZeekReader } from '../../electron/flows/zeek/zeek.ts';
import { formatAddress } from '../../shared/address.ts';
import { readText } from './read-text-export.ts';

const KEYS = ['ts', 'id', 'id.orig_h', 'flow', ['flow', 'start'], ['flow', 'ts'], ['id', 'orig_h']] as const;
const fields = new JsonFields(KEYS);

function scan(text: string): boolean {
  const bytes = Buffer.from(text);
  return fields.scan(bytes, 0, bytes.length);
}

/** What `JSON.parse` makes of the text; undefined when it is no JSON object. */
function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** Value of a key in a parsed object. */
function valueIn(object: Record<string, unknown>, key: (typeof KEYS)[number]): unknown {
  if (typeof key === 'string') return object[key];
  const within = object[key[0]];
  return typeof within === 'object' && within !== null && !Array.isArray(within)
    ? (within as Record<string, unknown>)[key[1]]
    : undefined;
}

/** Keys whose values the scan found other than parsing does, or where it found what is no JSON object. */
function differences(text: string): string[] {
  const object = parsed(text);
  if (object === undefined) return [`not JSON: ${text}`];
  return KEYS.flatMap((key, number) => {
    const kind = fields.kind(number);
    const found = Buffer.from(fields.bytes).toString('latin1', fields.starts[number], fields.ends[number]);
    const value: unknown = kind === ABSENT_VALUE ? undefined : kind === STRING ? found : JSON.parse(found);
    return isDeepStrictEqual(value, valueIn(object, key)) ? [] : [`${String(key)} of ${text}`];
  });
}

const key = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('ts', 'id', 'id.orig_h', 'flow', 'start', 'orig_h') },
  fc.string({ maxLength: 6 }),
);
const { value: anyValue } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    fc.string({ maxLength: 8 }),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(key, tie('value'), { maxKeys: 4, noNullPrototype: true }),
  ),
}));
const anyObject = fc.dictionary(key, anyValue, { maxKeys: 6, noNullPrototype: true });

describe('a scan for known keys', () => {
  it('finds values in the object and in objects of its own, blanks or not', () => {
    expect(scan(' {"ts" : 1.5 ,"x":[1,{"ts":2}],"flow":{"start":"a","deep":{"start":1}}, "id.orig_h":null} ')).toBe(
      true,
    );
    expect(KEYS.map((_, number) => fields.kind(number))).toEqual([
      NUMBER,
      ABSENT_VALUE,
      NULL,
      OBJECT,
      STRING,
      ABSENT_VALUE,
      ABSENT_VALUE,
    ]);
    expect(Buffer.from(fields.bytes).toString('latin1', fields.starts[4], fields.ends[4])).toBe('a');
  });

  it('leaves to JSON.parse what is not plain', () => {
    const deep = `${'['.repeat(20)}${']'.repeat(20)}`;
    for (const text of [
      '{"ts":1,"ts":2}',
      '{"ts":"\\u0031"}',
      '{"\\u0074s":1}',
      '{"x":"é"}',
      `{"x":${deep}}`,
      '{"flow":{"start":1},"flow":{}}',
    ]) {
      expect(parsed(text)).toBeDefined();
      expect(scan(text)).toBe(false);
    }
  });

  it('refuses what is no JSON object', () => {
    for (const text of [
      '',
      '{',
      '[]',
      '{"ts":1,}',
      '{"ts":01}',
      '{"ts":1.}',
      '{"ts":.5}',
      '{"ts":+1}',
      '{"ts":1e}',
      '{"ts":truex}',
      '{"ts":tru',
      '{"ts":1}}',
      '{"ts":"a\tb"}',
      '{"ts":"a\\x"}',
      '{"ts":"a\\u12"}',
      "{'ts':1}",
      '{"ts":[1,]}',
      '{"ts":[1 2]}',
      '{"ts" 1}',
    ]) {
      expect(parsed(text)).toBeUndefined();
      expect(scan(text)).toBe(false);
    }
  });

  it('does not read beyond the end it is given', () => {
    const bytes = Buffer.from('{"ts":"abc","flow":{"start":[true,1.25e3]}}');
    for (let to = 0; to < bytes.length; to++) expect(fields.scan(bytes, 0, to)).toBe(false);
    expect(fields.scan(bytes, 0, bytes.length)).toBe(true);
  });

  it('gives what JSON.parse gives, for any object', () => {
    let plain = 0;
    const wrong: string[] = [];
    fc.assert(
      fc.property(anyObject, fc.constantFrom(0, 1), (object, indent) => {
        const text = JSON.stringify(object, undefined, indent).replaceAll('\n', ' ');
        if (!scan(text)) return;
        plain++;
        wrong.push(...differences(text));
      }),
      { seed: 5, numRuns: 3000 },
    );
    expect(wrong).toEqual([]);
    expect(plain).toBeGreaterThan(1000);
  });

  it('takes nothing that JSON.parse refuses, however a text is damaged', () => {
    const damage = fc.array(fc.tuple(fc.nat(200), fc.constantFrom(...'{}[]",:\\0-.eE tfn\u007f\u0001é')), {
      maxLength: 3,
    });
    const wrong: string[] = [];
    fc.assert(
      fc.property(anyObject, damage, (object, places) => {
        const letters = Array.from(JSON.stringify(object));
        for (const [place, letter] of places) letters[place % letters.length] = letter;
        const text = letters.join('');
        if (scan(text)) wrong.push(...differences(text));
      }),
      { seed: 6, numRuns: 6000 },
    );
    expect(wrong).toEqual([]);
  });
});

/** The same object with a key that a scan leaves to JSON.parse. */
const parsedTwin = (line: string): string => `${line.slice(0, -1)},"x":${'['.repeat(20)}${']'.repeat(20)}}`;

const odd = fc.oneof(
  fc.constantFrom(
    null,
    true,
    '',
    '-',
    '1.2.3.4',
    '::1',
    '2001:db8::1',
    '1.5',
    '2017-05-17T01:02:03Z',
    'tcp',
    'udp',
    'SF',
  ),
  fc.constantFrom<unknown>(
    0,
    -1,
    443,
    65_536,
    1.5,
    1e20,
    1_495_000_000.123_456,
    1_495_000_000_123,
    1e9,
    {},
    [],
    ['dns'],
  ),
  fc.integer({ min: 0, max: 2 ** 40 }),
  fc.double({ min: 0, max: 2 ** 33, noNaN: true }),
);
/** An object of sound fields, some of them replaced or left out. */
const spoilt = (sound: Record<string, unknown>): fc.Arbitrary<Record<string, unknown>> =>
  fc
    .dictionary(fc.constantFrom(...Object.keys(sound)), fc.option(odd, { nil: undefined }), { maxKeys: 3 })
    .map((replaced) => ({ ...sound, ...replaced }));

describe('a plain line and its parsed twin', () => {
  it('give the same of Zeek logs', () => {
    const conn = {
      ts: 1_495_000_000.5,
      uid: 'C1',
      'id.orig_h': '192.0.2.1',
      'id.orig_p': 40_000,
      'id.resp_h': '2001:db8::7',
      'id.resp_p': 443,
      proto: 'tcp',
      service: 'ssl',
      duration: 0.25,
      conn_state: 'SF',
      history: 'ShADadFf',
      orig_pkts: 3,
      orig_ip_bytes: 400,
      resp_pkts: 4,
      resp_ip_bytes: 5000,
    };
    const tupled = {
      _path: 'dns',
      ts: '2017-05-17T01:02:03.5Z',
      uid: 'C2',
      id: { orig_h: '192.0.2.1', orig_p: 4000, resp_h: '192.0.2.53', resp_p: 53 },
      query: 'example.org',
      qtype: 1,
      rtt: 0.01,
      answers: ['198.51.100.1'],
      TTLs: [60.0],
    };
    const reading = (line: string): unknown => {
      const told: unknown[] = [];
      const reader = new ZeekReader(
        { id: 'zeek-json', log: '' },
        {
          flow: (flow) => told.push({ ...flow }),
          answer: (client, address, ...rest) => told.push([formatAddress(...client), formatAddress(...address), rest]),
          logName: (name) => told.push(name),
          problem: (kind, offset, message) => told.push([kind, offset, message]),
        },
      );
      reader.push(Buffer.from(`${line}\n`));
      reader.end();
      return { told, log: reader.log, records: reader.records, from: reader.firstSeen, to: reader.lastSeen };
    };
    fc.assert(
      fc.property(fc.oneof(spoilt(conn), spoilt(tupled)), (object) => {
        const line = JSON.stringify(object);
        expect(reading(line)).toEqual(reading(parsedTwin(line)));
      }),
      { seed: 7, numRuns: 3000 },
    );
  });

  it('give the same of EVE logs', () => {
    const event = {
      timestamp: '2017-05-17T01:03:00.000000+0000',
      flow_id: 1_357_003_807_701_028,
      event_type: 'flow',
      src_ip: '192.0.2.10',
      src_port: 50_123,
      dest_ip: '2001:db8::9',
      dest_port: 443,
      proto: 'TCP',
      app_proto: 'tls',
      icmp_type: 8,
    };
    const told = {
      pkts_toserver: 9,
      pkts_toclient: 11,
      bytes_toserver: 1326,
      bytes_toclient: 9154,
      pkts: 2,
      bytes: 120,
      start: '2017-05-17T01:02:03.125000+0000',
      end: '2017-05-17T01:02:04.375000+0000',
    };
    const reading = (line: string): unknown => {
      const { found } = readText(Buffer.from(`${line}\n`), { id: 'suricata-eve', mapping: null, origin: 'shipped' });
      return found;
    };
    fc.assert(
      fc.property(
        spoilt(event),
        spoilt(told),
        fc.constantFrom('flow', 'netflow'),
        fc.option(odd, { nil: '1b', freq: 3 }),
        (outer, inner, kind, flags) => {
          const line = JSON.stringify({ ...outer, event_type: kind, [kind]: inner, tcp: { tcp_flags: flags } });
          expect(reading(line)).toEqual(reading(parsedTwin(line)));
        },
      ),
      { seed: 8, numRuns: 3000 },
    );
  });
});
