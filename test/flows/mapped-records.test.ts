import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AddressBuffer,
  clockMicroseconds,
  decimalAsMicroseconds,
  IsoTimes,
  LocalTimes,
  PatternTimes,
  readAddress,
  readAddressAndPort,
  readTcpFlags,
  Transports,
  wholeNumber,
} from '../../electron/flows/text/text-values.ts';
import { formatAddress, parseAddress } from '../../shared/address.ts';
import { checkMapping, type Mapping } from '../../shared/mapping.ts';
import { formatUtc, parseInstant } from '../../shared/time.ts';
import { line, readMapped } from './read-text-export.ts';

function over<T extends unknown[]>(read: (bytes: Uint8Array, from: number, to: number, ...rest: T) => number) {
  // Bytes around the value must not matter.
  return (text: string, ...rest: T): number => {
    const bytes = Buffer.from(`9${text}9`);
    return read(bytes, 1, bytes.length - 1, ...rest);
  };
}

describe('values of text', () => {
  it('are whole numbers, hexadecimal ones, and decimals without a fraction', () => {
    const whole = over(wholeNumber);
    expect(['0', '65535', '80.0', '80.', '0x0303', '9007199254740991'].map((text) => whole(text))).toEqual([
      0, 65_535, 80, 80, 0x0303, 9_007_199_254_740_991,
    ]);
    for (const text of ['', '-1', '+1', '1,234', '1.5', '0x', '1e3', '9007199254740992', ' 1', '1 M']) {
      expect([text, whole(text)]).toEqual([text, Number.NaN]);
    }
  });

  it('are decimal numbers of any unit, to the microsecond without error', () => {
    const decimal = over(decimalAsMicroseconds);
    expect(decimal('1494982923.125', 6)).toBe(1_494_982_923_125_000);
    expect(decimal('1494982923', 6)).toBe(1_494_982_923_000_000);
    expect(decimal('0.0000005', 6)).toBe(1);
    expect(decimal('1494982923125.5', 3)).toBe(1_494_982_923_125_500);
    expect(decimal('1494982923125000.4', 0)).toBe(1_494_982_923_125_000);
    expect(decimal('1494982923125000499', -3)).toBe(1_494_982_923_125_000);
    expect(decimal('1494982923125000500', -3)).toBe(1_494_982_923_125_001);
    expect(decimal('12', -3)).toBe(0);
    for (const text of ['', '.5', '1.', '-1', '1.2.3', '1e3', '99999999999'])
      expect([text, decimal(text, 6)]).toEqual([text, Number.NaN]);
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.constantFrom(6, 3, 0), (us, shift) => {
        const digits = String(us).padStart(shift + 1, '0');
        const text = shift === 0 ? digits : `${digits.slice(0, -shift)}.${digits.slice(-shift)}`;
        expect(decimal(text, shift)).toBe(us);
      }),
      { seed: 1, numRuns: 500 },
    );
  });

  it('are clocks', () => {
    const clock = over(clockMicroseconds);
    expect(['00:00:22.136', '1-02:03:04', '05:06', '00:01:00,5'].map((text) => clock(text))).toEqual([
      22_136_000, 93_784_000_000, 306_000_000, 60_500_000,
    ]);
    for (const text of ['', '5', ':', '1:', '1:2:3:4', '1.5', '1:2.', 'a:b'])
      expect([text, clock(text)]).toEqual([text, Number.NaN]);
  });

  it('are ISO 8601 times with and without zone', () => {
    const iso = over((bytes, from, to) => new IsoTimes(new LocalTimes('Asia/Pyongyang')).read(bytes, from, to));
    const utc = (text: string): string => formatUtc(iso(text));
    expect(utc('2017-05-17T01:02:03.123456789Z')).toBe('2017-05-17T01:02:03.123456Z');
    expect(utc('2017/05/17 01:02:03,5+0830')).toBe('2017-05-16T16:32:03.500000Z');
    expect(utc('2017-05-17 01:02:03 UTC')).toBe('2017-05-17T01:02:03.000000Z');
    expect(utc('2017-05-17T01:02-03')).toBe('2017-05-17T04:02:00.000000Z');
    expect(utc('2017-05-17 01:02:03')).toBe('2017-05-16T16:32:03.000000Z');
    for (const text of [
      '2017-05-17',
      '2017-02-29T00:00:00Z',
      '2017-05-17T24:00:00Z',
      '2017-05/17T00:00:00Z',
      '1969-12-31T23:00:00Z',
      '9999-01-01T00:00:00Z',
      '2017-05-17T00:00:00.Z',
      '2017-05-17T00:00:00+9',
      '2017-05-17T00:00:00Zx',
    ]) {
      expect([text, iso(text)]).toEqual([text, Number.NaN]);
    }
    const times = fc.integer({ min: 86_400_000, max: 4_102_444_800_000 });
    fc.assert(
      fc.property(times, (ms) => {
        const text = new Date(ms).toISOString();
        expect(iso(text)).toBe(ms * 1000);
        expect(iso(text.slice(0, -1))).toBe(parseInstant(text.slice(0, -1), 'Asia/Pyongyang'));
      }),
      { seed: 2, numRuns: 300 },
    );
  });

  it('are times written as a pattern says', () => {
    const read = (text: string, pattern: string): string => {
      const bytes = Buffer.from(text);
      const time = new PatternTimes(pattern, new LocalTimes('UTC')).read(bytes, 0, bytes.length);
      return Number.isNaN(time) ? 'no' : formatUtc(time);
    };
    expect(read('17/05/2017 01:02:03 PM', '%d/%m/%Y %I:%M:%S %p')).toBe('2017-05-17T13:02:03.000000Z');
    expect(read('12/5/17 12:02 am', '%d/%m/%y %I:%M %p')).toBe('2017-05-12T00:02:00.000000Z');
    expect(read('17/May/2017:01:02:03 +0830', '%d/%b/%Y:%T %z')).toBe('2017-05-16T16:32:03.000000Z');
    expect(read('20170517010203.25', '%Y%m%d%H%M%S.%f')).toBe('2017-05-17T01:02:03.250000Z');
    expect(read('May 17  2017 01:02:03', '%b %d %Y %T')).toBe('2017-05-17T01:02:03.000000Z');
    expect(read('100% 2017-05-17 01:02:03', '100%% %F %T')).toBe('2017-05-17T01:02:03.000000Z');
    for (const text of ['', '31/02/2017 01:02:03', '17/05/2017 25:02:03', '17/05/2017 01:02:03x', '17/05/2017']) {
      expect([text, read(text, '%d/%m/%Y %H:%M:%S')]).toEqual([text, 'no']);
    }
  });

  it('are addresses: what parseAddress reads and nothing else, besides zone ids and ports', () => {
    const words: AddressBuffer = [0, 0, 0, 0];
    const read = (text: string): string | null => {
      const bytes = Buffer.from(text);
      return readAddress(bytes, 0, bytes.length, words) ? formatAddress(...words) : null;
    };
    const pieces = fc.array(
      fc.constantFrom(':', '::', '0', '1', 'ffff', 'ab12', 'g', '.', '255', '256', '01', '1.2.3.4'),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(pieces, (parts) => {
        const text = parts.join('');
        // parseAddress lets some texts with three colons pass.
        const parsed = text.includes(':::') ? null : parseAddress(text);
        expect([text, read(text)]).toEqual([text, parsed === null ? null : formatAddress(...parsed)]);
      }),
      { seed: 3, numRuns: 5000 },
    );
    const groups = fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(groups, fc.integer({ min: 0, max: 0xff }), (all, zeros) => {
        const text = all.map((group, at) => (zeros & (1 << at) ? '0' : group.toString(16))).join(':');
        const parsed = parseAddress(text);
        expect(parsed).not.toBeNull();
        if (parsed === null) return;
        const canonical = formatAddress(...parsed);
        expect(read(text)).toBe(canonical);
        expect(read(canonical)).toBe(canonical);
      }),
      { seed: 4, numRuns: 500 },
    );
    expect(read('fe80::1%eth0')).toBe('fe80::1');
    const withPort = (text: string): string => {
      const bytes = Buffer.from(text);
      const port = readAddressAndPort(bytes, 0, bytes.length, words);
      return port < 0 ? 'no' : `${formatAddress(...words)} ${port}`;
    };
    expect(withPort('192.0.2.1:443')).toBe('192.0.2.1 443');
    expect(withPort('[2001:db8::1]:443')).toBe('2001:db8::1 443');
    expect(withPort('2001:db8::1.443')).toBe('2001:db8::1 443');
    for (const text of ['192.0.2.1', '192.0.2.1:', ':443', '192.0.2.1:65536', '[]:1', '2001:db8::1']) {
      expect([text, withPort(text)]).toEqual([text, 'no']);
    }
  });

  it('are transports and TCP flags', () => {
    const transports = new Transports();
    const transport = over((bytes, from, to) => transports.read(bytes, from, to));
    expect(['TCP', 'udp', '6', 'IPv6-ICMP', 'ICMP6', 'IPv6', 'GRE', '255'].map((text) => transport(text))).toEqual([
      6, 17, 6, 58, 58, 41, 47, 255,
    ]);
    for (const text of ['', 'constructor', '256', 'tcpx', '-6', '6a'])
      expect([text, transport(text)]).toEqual([text, Number.NaN]);
    const flags = over(readTcpFlags);
    expect(flags('...AP.SF', undefined)).toBe(0x1b);
    expect(flags('FS PA   ', undefined)).toBe(0x1b);
    expect([
      flags('0x1b', undefined),
      flags('27', undefined),
      flags('1b', 'hex'),
      flags('CEUAPRSF', 'letters'),
    ]).toEqual([27, 27, 27, 255]);
    for (const text of ['X', '70000', '1b']) expect([text, flags(text, undefined)]).toEqual([text, Number.NaN]);
  });
});

function mapping(changes: Record<string, unknown> = {}, fields: Record<string, unknown> = {}): Mapping {
  const checked = checkMapping({
    name: 'test',
    format: 'csv',
    fields: {
      start: { from: 'start', type: 'iso8601', zone: 'UTC' },
      end: { from: 'end', type: 'iso8601', zone: 'UTC' },
      initiator: { from: 'src' },
      responder: { from: 'dst' },
      initiatorPort: { from: 'sport' },
      responderPort: { from: 'dport' },
      transport: { from: 'proto' },
      packetsOut: { from: 'packets' },
      bytesOut: { from: 'bytes' },
      ...fields,
    },
    direction: 'one-way',
    bytes: 'ip',
    ...changes,
  });
  if (!checked.ok) throw new Error(checked.fault);
  return checked.mapping;
}

const HEADER = 'start,end,src,dst,sport,dport,proto,packets,bytes';
const ROW = '2017-05-17 01:02:03,2017-05-17 01:02:04,192.0.2.1,198.51.100.2,50000,443,tcp,3,400';

describe('mappings', () => {
  it('are checked, and the fault names its place', () => {
    const fault = (changes: Record<string, unknown>, fields: Record<string, unknown> = {}): string => {
      const base = JSON.parse(JSON.stringify(mapping())) as Record<string, unknown>;
      const result = checkMapping({ ...base, ...changes, fields: { ...(base.fields as object), ...fields } });
      return result.ok ? '' : result.fault;
    };
    expect(fault({})).toBe('');
    expect(checkMapping(null)).toMatchObject({ ok: false });
    expect(fault({ colour: 1 })).toMatch(/Unrecognized key/);
    expect(fault({}, { start: { from: 'a', type: 'epoch' } })).toMatch(/^fields\.start\.type: not one of iso8601/);
    expect(fault({}, { start: { from: 'a', type: '%H:%M' } })).toMatch(/^fields\.start\.type/);
    expect(fault({}, { start: { from: 'a', type: '%Q %F %T' } })).toMatch(/^fields\.start\.type/);
    expect(fault({}, { start: { from: 'a', type: 'iso8601', zone: 'Mars' } })).toMatch(
      /^fields\.start\.zone: not an IANA/,
    );
    expect(fault({ header: false })).toMatch(/^fields\.start\.from: without a header/);
    expect(fault({ format: 'ndjson' }, { initiator: { from: 3 } })).toMatch(/^fields\.initiator\.from: JSON has keys/);
    expect(fault({ delimiter: 'a' })).toMatch(/^delimiter/);
    expect(fault({ format: 'space', delimiter: ';' })).toMatch(/^delimiter/);
  });
});

describe('mapped records', () => {
  it('become flows with the line as locator', () => {
    const found = readMapped(`${HEADER}\n${ROW}\n\n${ROW}\n`, mapping(), 7);
    expect(found.flows.map(line)).toEqual(
      Array(2).fill('01:02:03.000 01:02:04.000 192.0.2.1:50000 > 198.51.100.2:443 tcp 3/400 0/0'),
    );
    expect(found.flows.map(({ locator, oneWay, sampling }) => [locator, oneWay, sampling])).toEqual([
      [2, true, 1],
      [4, true, 1],
    ]);
    expect(found.told).toEqual([]);
  });

  it('that are wrong are lost alone, under their line', () => {
    const bad = (from: string, to: string): string => ROW.replace(from, to);
    const rows = [
      bad('2017-05-17 01:02:03', 'yesterday'),
      bad('2017-05-17 01:02:03', ''),
      bad('192.0.2.1', '192.0.2.256'),
      bad('198.51.100.2', '-'),
      bad('50000', '65536'),
      bad(',443', ',https'),
      bad('400', '-400'),
      bad('tcp', 'tpc'),
      bad('tcp', ''),
      bad(',400', ''),
      ROW,
    ];
    const found = readMapped([HEADER, ...rows].join('\n'), mapping());
    expect(found.told).toEqual([
      ['bad-time', 2, 2],
      ['bad-address', 2, 4],
      ['bad-number', 3, 6],
      ['unknown-transport', 2, 9],
      ['wrong-columns', 1, 11],
    ]);
    expect(found.flows.map(({ locator }) => locator)).toEqual([12]);
    expect(found.problems.list()[0]?.message).toBe(
      'start is not a time between 1970 and 2255 of the type that the mapping states',
    );
  });

  it('that end before they start lie between the two times, and are told', () => {
    const [usual] = readMapped(`${HEADER}\n${ROW.replace('01:02:03', '01:02:01')}`, mapping()).flows;
    const turned = ROW.replace('01:02:04', '01:02:01').replace('01:02:03', '01:02:04');
    const found = readMapped(`${HEADER}\n${turned}`, mapping());
    expect(found.flows.map(({ start, end }) => [start, end])).toEqual([[usual?.start, usual?.end]]);
    expect(found.told).toEqual([['times-swapped', 1, 2]]);
  });

  it('have ICMP type and code where the mapping says', () => {
    const icmp = (sport: string, dport: string, how: Record<string, unknown>, fields = {}): string => {
      const row = ROW.replace('50000,443,tcp', `${sport},${dport},icmp`);
      const [flow] = readMapped(`${HEADER}\n${row}`, mapping(how, fields)).flows;
      return flow === undefined ? 'none' : `${flow.initiatorPort}/${flow.responderPort}`;
    };
    expect(icmp('8', '0', {})).toBe('8/0');
    expect(icmp('0', '771', { icmp: 'responder-port' })).toBe('3/3');
    expect(icmp('0', '8.0', { icmp: 'responder-port' })).toBe('8/0');
    expect(icmp('0', '3.300', { icmp: 'responder-port' })).toBe('none');
    expect(icmp('0x0105', '0x4d00', { icmp: 'initiator-port' })).toBe('5/1');
    expect(
      icmp('3', '1', { icmp: 'responder-port' }, { icmpType: { from: 'sport' }, icmpCode: { from: 'dport' } }),
    ).toBe('3/1');
    expect(icmp('spi', 'x', {})).toBe('none');
  });

  it('of transports without ports need none', () => {
    const [flow] = readMapped(`${HEADER}\n${ROW.replace('50000,443,tcp', '0xfeedbeef,,esp')}`, mapping()).flows;
    expect(flow).toMatchObject({ transport: 50, initiatorPort: 0, responderPort: 0 });
  });

  it('may tell ports behind addresses, addresses as numbers or padded, and sums of both directions', () => {
    const { fields, ...rest } = mapping();
    const { initiatorPort: _, responderPort: __, ...others } = fields;
    const bare: Mapping = { ...rest, fields: others };
    const ends = ROW.replace('192.0.2.1,198.51.100.2', '192.0.2.1:50000,[2001:db8::2]:443');
    expect(readMapped(`${HEADER}\n${ends}`, bare).flows.map(line)).toEqual([
      '01:02:03.000 01:02:04.000 192.0.2.1:50000 > 2001:db8::2:443 tcp 3/400 0/0',
    ]);
    const numbers = ROW.replace('192.0.2.1,198.51.100.2', '3221225985,198.051.100.002');
    const types = { initiator: { from: 'src', type: 'integer' }, responder: { from: 'dst', type: 'zero-padded' } };
    expect(readMapped(`${HEADER}\n${numbers}`, mapping({}, types)).flows.map(line)).toEqual([
      '01:02:03.000 01:02:04.000 192.0.2.1:50000 > 198.51.100.2:443 tcp 3/400 0/0',
    ]);
    const sums = mapping(
      { direction: 'two-way' },
      { packetsTotal: { from: 'packets' }, bytesTotal: { from: 'bytes' }, packetsOut: { from: 'sport' } },
    );
    const found = readMapped(`${HEADER}\n${ROW}\n${ROW.replace('50000', '2')}`, sums);
    expect(found.told).toEqual([['bad-number', 1, 2]]);
    expect(found.flows.map(line)).toEqual(['01:02:03.000 01:02:04.000 192.0.2.1:2 > 198.51.100.2:443 tcp 2/400 1/0']);
  });

  it('carry flags, state, sampling, exporter, names and protocol, and forget them for the next', () => {
    const rich = mapping(
      { bytes: 'frame' },
      {
        tcpFlags: { from: 'flags' },
        state: { from: 'state' },
        sampling: { from: 'rate' },
        exporter: { from: 'router' },
        nextHop: { from: 'hop' },
        inputInterface: { from: 'in' },
        protocol: { from: 'app' },
        name: { from: 'sni', origin: 'tls-sni' },
        userAgent: { from: 'ua' },
        ja3: { from: 'ja3' },
      },
    );
    const text = [
      `${HEADER},flags,state,rate,router,hop,in,app,sni,ua,ja3`,
      `${ROW},...AP.SF,SF,100,203.0.113.1,0.0.0.0,3,ssl,"=cmd|'/c x'!A1 \u202e<b>",curl,abcd`,
      `${ROW},-,,,,,,,,,`,
      `${ROW},.,odd,1,::,2001:db8::1,0,constructor,-,-,-`,
    ].join('\n');
    const found = readMapped(text, rich);
    expect(found.flows[0]).toMatchObject({
      tcpFlags: 0x1b,
      state: 'SF',
      sampling: 100,
      exporter: [0, 0, 0xffff, 0xcb007101],
      nextHop: undefined,
      inputInterface: 3,
      protocol: 'tls',
      rule: 'export-protocol',
      name: "=cmd|'/c x'!A1 \u202e<b>",
      nameOrigin: 'tls-sni',
      userAgent: 'curl',
      ja3: 'abcd',
    });
    const none = {
      protocol: undefined,
      rule: undefined,
      name: undefined,
      nameOrigin: undefined,
      userAgent: undefined,
      ja3: undefined,
    };
    expect(found.flows[1]).toMatchObject({
      tcpFlags: 0,
      state: null,
      sampling: 1,
      exporter: undefined,
      inputInterface: 0,
      ...none,
    });
    expect(found.flows[2]).toMatchObject({ nextHop: [0x20010db8, 0, 0, 1], exporter: undefined, ...none });
    expect(found.told).toEqual([
      ['frame-bytes', 1, 2],
      ['unknown-conn-state', 1, 4],
    ]);
  });

  it('are those that the mapping asks for; what the exporter lost is told apart', () => {
    const only = mapping({ only: { from: 'proto', is: ['tcp', 'udp'], lost: ['LOST'] } });
    const found = readMapped([HEADER, ROW, ROW.replace('tcp', 'arp'), ROW.replace('tcp', 'LOST')].join('\n'), only);
    expect(found.flows).toHaveLength(1);
    expect(found.told).toEqual([
      ['row-passed-by', 1, 3],
      ['exporter-lost-records', 1, 4],
    ]);
  });

  it('read in a zone that nobody stated are told once', () => {
    const open = mapping({}, { start: { from: 'start', type: 'iso8601' } });
    expect(readMapped(`${HEADER}\n${ROW}\n${ROW}`, open).told).toEqual([['time-zone-assumed', 1, 2]]);
    const zoned = mapping(
      {},
      {
        start: { from: 'start', type: 'iso8601', zone: 'Asia/Pyongyang' },
        end: { from: 'end', type: 'iso8601', zone: 'Asia/Pyongyang' },
      },
    );
    const found = readMapped(`${HEADER}\n${ROW}`, zoned);
    expect(found.told).toEqual([]);
    expect(found.flows.map(({ start }) => formatUtc(start))).toEqual(['2017-05-16T16:32:03.000000Z']);
  });

  it('of a table without the columns needed are lost, each', () => {
    const found = readMapped(`a,b\n1,2\n3,4`, mapping());
    expect(found.told).toEqual([
      ['column-not-found', 1, 1],
      ['missing-fields', 2, 2],
      ['no-flows', 1, 1],
    ]);
  });

  it('of JSON are found by paths, own keys with dots first, in texts and numbers alike', () => {
    const json = mapping(
      { format: 'ndjson' },
      {
        start: { from: 'time.first', type: 'unix-ms' },
        end: { from: ['time.last', 'time.final'], type: 'unix-s' },
        initiator: { from: 'source.ip' },
        responder: { from: 'dst' },
      },
    );
    const object = {
      'time.first': 1494982923125,
      time: { final: '1494982924.5' },
      source: { ip: '192.0.2.1' },
      dst: '2001:db8::2',
      sport: '50000',
      dport: 443,
      proto: 6,
      packets: 3,
      bytes: '400',
    };
    const found = readMapped(
      [
        JSON.stringify(object),
        JSON.stringify({ ...object, sport: -1 }),
        JSON.stringify({ ...object, proto: 6.5 }),
        JSON.stringify({ ...object, dst: `2001:db8::2${' '.repeat(200)}` }),
        JSON.stringify({ ...object, source: { ip: ['192.0.2.1'] } }),
        JSON.stringify({ ...object, bytes: '4\u01310' }),
        '{"__proto__": {"dst": 1}}',
      ].join('\n'),
      json,
    );
    expect(found.flows.map(line)).toEqual([
      '01:02:03.125 01:02:04.500 192.0.2.1:50000 > 2001:db8::2:443 tcp 3/400 0/0',
    ]);
    expect(found.told).toEqual([
      ['bad-number', 2, 2],
      ['unknown-transport', 1, 3],
      ['bad-address', 2, 4],
      ['bad-time', 1, 7],
    ]);
  });
});
