import { connect } from 'node:http2';
import { Duplex } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { type AnswerChunk, type FoundName, NameMemory, uidWords } from '../../electron/classify/name-memory.ts';
import { dnsRules } from '../../electron/classify/payload/dns.ts';
import { http2Rule, huffmanText } from '../../electron/classify/payload/http2.ts';
import { httpRequestRule } from '../../electron/classify/payload/http.ts';
import { localNameRules } from '../../electron/classify/payload/local-names.ts';
import type { PayloadRule } from '../../electron/classify/payload/rule.ts';
import { type AddressWords, formatAddress } from '../../shared/address.ts';
import { NAME_ORIGINS, UNASKED_CLIENTS } from '../../shared/flow.ts';
import {
  type InspectionResult,
  NOT_RECOGNISED,
  Payload,
  RECOGNISED,
  RECOGNISED_WANTS_MORE,
  WANTS_MORE,
  WATCH,
} from '../../shared/payload.ts';

const u16 = (value: number): Buffer => Buffer.from([value >>> 8, value & 255]);
const u32 = (value: number): Buffer =>
  Buffer.from([value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255]);
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(/\s/g, ''), 'hex');
const ascii = (text: string): Buffer => Buffer.from(text, 'latin1');
const address = (text: string): number => text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);

interface Packet {
  bytes: Uint8Array;
  from?: string;
  to?: string;
  ports?: readonly [number, number];
  fromInitiator?: boolean;
  rule?: number;
}

/** Lays a packet's payload before a rule, between bytes that are not its own. */
function lay(payload: Payload, { bytes, from = '10.0.0.9', to = '10.0.0.1', ...rest }: Packet): Payload {
  payload.bytes = Buffer.concat([Buffer.alloc(7, 0x41), bytes, Buffer.alloc(7, 0x41)]);
  payload.start = 7;
  payload.end = 7 + bytes.length;
  payload.source.set([0, 0, 0xffff, address(from)]);
  payload.destination.set([0, 0, 0xffff, address(to)]);
  [payload.sourcePort, payload.destinationPort] = rest.ports ?? [40_000, 50_000];
  payload.fromInitiator = rest.fromInitiator ?? true;
  payload.rule = rest.rule ?? 0;
  payload.time = 1e9;
  payload.name = payload.userAgent = '';
  payload.nameOrigin = 0;
  return payload;
}

interface Answer {
  client: string;
  address: string;
  name: string;
  seconds: number;
}

/** What the named rule, or the first that takes a packet, says of packets of different flows. */
function answersOf(
  rulesFor: (sink: (...answer: [AddressWords, AddressWords, string, number, number]) => void) => PayloadRule[],
  packets: readonly Packet[],
): { answers: Answer[]; rules: string[] } {
  const answers: Answer[] = [];
  const rules = rulesFor((client, words, name, from, until) =>
    answers.push({
      client: formatAddress(...client),
      address: formatAddress(...words),
      name,
      seconds: (until - from) / 1e6,
    }),
  );
  const taken = packets.map(
    (packet) => rules.find((rule) => rule.recognise(lay(new Payload(), packet)) === WATCH)?.id ?? '',
  );
  return { answers, rules: taken };
}

const dnsName = (name: string): Buffer =>
  Buffer.concat([
    ...name.split('.').map((label) => Buffer.concat([Buffer.of(label.length), ascii(label)])),
    Buffer.of(0),
  ]);
const dnsRecord = (name: Uint8Array, type: number, ttl: number, data: Uint8Array): Buffer =>
  Buffer.concat([name, u16(type), u16(1), u32(ttl), u16(data.length), data]);
const SAME = hex('c00c');

describe('DNS', () => {
  const question = Buffer.concat([dnsName('www.example.com'), u16(1), u16(1)]);
  const answer = Buffer.concat([
    hex('1234 8180 0001 0003 0000 0000'),
    question,
    dnsRecord(SAME, 5, 30, dnsName('edge.example.net')),
    dnsRecord(dnsName('edge.example.net'), 1, 600, u32(address('192.0.2.7'))),
    dnsRecord(dnsName('edge.example.net'), 1, 0x8000_0001, u32(address('192.0.2.8'))),
  ]);

  it('a chain of names leads to the asked one, and is good as long as its shortest step', () => {
    const { answers } = answersOf(dnsRules, [{ bytes: answer, from: '10.0.0.1', to: '10.0.0.9', ports: [53, 40_000] }]);
    expect(answers).toEqual([
      { client: '10.0.0.9', address: '192.0.2.7', name: 'www.example.com', seconds: 30 },
      { client: '10.0.0.9', address: '192.0.2.8', name: 'www.example.com', seconds: 0 },
    ]);
  });

  it('is known in streams on any port by a message that fills its segment', () => {
    const ports = [40_000, 5300] as const;
    const stream = Buffer.concat([u16(answer.length), answer]);
    expect(answersOf(dnsRules, [{ bytes: stream, ports }]).rules).toEqual(['dns-stream']);
    expect(answersOf(dnsRules, [{ bytes: stream, ports }]).answers).toHaveLength(2);
    expect(answersOf(dnsRules, [{ bytes: Buffer.concat([stream, Buffer.of(0)]), ports }]).rules).toEqual(['']);
    expect(answersOf(dnsRules, [{ bytes: stream.subarray(0, -1), ports }]).rules).toEqual(['']);
  });

  it('a name of a question that is damaged behind it is kept on port 53', () => {
    const damaged = Buffer.concat([hex('1234 0100 0001 0000 0000 0000'), dnsName('a.example'), u16(0), u16(0x7777)]);
    const payload = new Payload();
    const rule = dnsRules(() => undefined).find(({ id }) => id === 'dns-message');
    expect(rule?.recognise(lay(payload, { bytes: damaged, ports: [40_000, 53] }))).toBe(WATCH);
    expect(payload.name).toBe('a.example');
  });

  it('of a damaged message no name is no question for the root, and the next message names the flow', () => {
    const rootless = Buffer.concat([hex('1234 0100 0001 0000 2587 0000'), Buffer.of(0), dnsName('a.example')]);
    const answered = Buffer.concat([hex('1234 8000 0001 0025 7300 0000'), dnsName('a.example'), hex('0001 0001')]);
    const payload = new Payload();
    const rule = dnsRules(() => undefined).find(({ id }) => id === 'dns-message');
    expect(rule?.recognise(lay(payload, { bytes: rootless, ports: [40_000, 53] }))).toBe(WATCH);
    expect(payload.name).toBe('');
    payload.rule = 1;
    expect(rule?.recognise(lay(payload, { bytes: answered, ports: [53, 40_000] }))).toBe(WATCH);
    expect(payload.name).toBe('a.example');
  });

  it('by multicast: a host names its own address, not that of others', () => {
    const announced = (name: string, from: string): Answer[] => {
      const bytes = Buffer.concat([
        hex('0000 8400 0000 0002 0000 0001'),
        dnsRecord(dnsName('_http._tcp.local'), 12, 120, dnsName('x.local')),
        dnsRecord(dnsName(name), 1, 120, u32(address('10.0.0.9'))),
        dnsRecord(dnsName(name), 28, 120, Buffer.alloc(16, 1)),
      ]);
      return answersOf(dnsRules, [{ bytes, from, to: '224.0.0.251', ports: [5353, 5353] }]).answers;
    };
    expect(announced('Printer-2.local', '10.0.0.9')).toEqual([
      { client: '224.0.0.251', address: '10.0.0.9', name: 'printer-2.local', seconds: 120 },
    ]);
    expect(announced('printer-2.local', '10.0.0.8')).toEqual([]);
    expect(announced('www.example.com', '10.0.0.9')).toEqual([]);
    expect(announced('a.b.local', '10.0.0.9')).toEqual([]);
  });
});

describe('DHCP', () => {
  const message = (op: number, exchange: string, granted: string, options: string): Buffer =>
    Buffer.concat([
      Buffer.from([op, 1, 6, 0]),
      hex(exchange),
      Buffer.alloc(8),
      u32(address(granted)),
      Buffer.alloc(8),
      hex('02000000000a'),
      Buffer.alloc(10 + 64 + 128),
      hex('63825363'),
      hex(options),
    ]);
  const up = { from: '0.0.0.0', to: '255.255.255.255', ports: [68, 67] } as const;
  const down = { from: '10.0.0.1', to: '255.255.255.255', ports: [67, 68] } as const;
  const lease = '330400000e10';
  const host = (name: string): string => `0c${name.length.toString(16).padStart(2, '0')}${ascii(name).toString('hex')}`;
  const learn = (request: string, reply: string, exchange = 'aaaaaaaa'): Answer[] =>
    answersOf(localNameRules, [
      { bytes: message(1, 'aaaaaaaa', '0.0.0.0', request), ...up },
      { bytes: message(2, exchange, '10.0.0.77', reply), ...down },
    ]).answers;

  it('names the granted address as the client named itself, as long as the lease lasts', () => {
    const expected = [{ client: '0.0.0.0', address: '10.0.0.77', name: 'DESKTOP-7', seconds: 3600 }];
    expect(learn(`350103${host('DESKTOP-7')}ff`, `350105${lease}ff`)).toEqual(expected);
    // Option 81 (RFC 4702): as text, and as in DNS.
    expect(learn(`350103 5116 000000 ${ascii('DESKTOP-7.corp.test').toString('hex')}ff`, `350105${lease}ff`)).toEqual(
      expected,
    );
    const wire = dnsName('DESKTOP-7.corp.test');
    expect(
      learn(`350103 51${(wire.length + 3).toString(16)} 040000 ${wire.toString('hex')}ff`, `350105${lease}ff`),
    ).toEqual(expected);
  });

  it.each([
    ['an offer', `350103${host('a')}ff`, `350102${lease}ff`, 'aaaaaaaa'],
    ['a refusal', `350103${host('a')}ff`, '350106ff', 'aaaaaaaa'],
    ['another exchange', `350103${host('a')}ff`, `350105${lease}ff`, 'bbbbbbbb'],
    ['a name of the DNS', `350103${host('www.example.com')}ff`, `350105${lease}ff`, 'aaaaaaaa'],
    ['markup', `350103${host('<b>')}ff`, `350105${lease}ff`, 'aaaaaaaa'],
    ['an option that lies', '3501030cff61', `350105${lease}ff`, 'aaaaaaaa'],
  ])('takes no name from %s', (_what, request, reply, exchange) => {
    expect(learn(request, reply, exchange)).toEqual([]);
  });

  it('tells the client’s system by its vendor class, not the server’s', () => {
    const system = (operation: number, options: string, fromInitiator = true): string => {
      const payload = lay(new Payload(), {
        bytes: message(operation, 'aaaaaaaa', '0.0.0.0', options),
        ...up,
        fromInitiator,
      });
      for (const { recognise } of localNameRules(() => undefined).slice(0, 1)) recognise(payload);
      return payload.userAgent;
    };
    const vendor = `3c08${ascii('MSFT 5.0').toString('hex')}`;
    expect(system(1, `350101${vendor}ff`)).toBe('MSFT 5.0');
    expect(system(1, '350101ff')).toBe('');
    expect(system(1, `3501013c20${ascii('cut').toString('hex')}`)).toBe('');
    expect(system(2, `350105${vendor}ff`, false)).toBe('');
  });
});

describe('NetBIOS', () => {
  const encoded = (name: string, kind: number): Buffer => {
    const bytes = Buffer.concat([ascii(name.padEnd(15)), Buffer.of(kind)]);
    const letters = [...bytes].flatMap((byte) => [0x41 + (byte >>> 4), 0x41 + (byte & 15)]);
    return Buffer.concat([Buffer.of(32), Buffer.from(letters), Buffer.of(0)]);
  };
  const datagram = (name: string, kind: number, own: string): Buffer =>
    Buffer.concat([
      hex('1102 0001'),
      u32(address(own)),
      u16(138),
      hex('00aa 0000'),
      encoded(name, kind),
      encoded('WORKGROUP', 0x1e),
      Buffer.alloc(60),
    ]);
  const broadcast = { to: '10.0.0.255', ports: [138, 138] } as const;

  it('takes the name that a host sends with its own address', () => {
    const read = (name: string, kind: number, own = '10.0.0.9'): Answer[] =>
      answersOf(localNameRules, [{ bytes: datagram(name, kind, own), ...broadcast }]).answers;
    expect(read('FILESERVER', 0)).toEqual([
      { client: '255.255.255.255', address: '10.0.0.9', name: 'FILESERVER', seconds: 720 },
    ]);
    expect(read('FILESERVER', 0, '10.0.0.8')).toEqual([]);
    expect(read('WORKGROUP', 0x1d)).toEqual([]);
    expect(read('A.EXAMPLE', 0)).toEqual([]);
  });

  it('takes a registration, not one of a group', () => {
    const register = (flags: number): Answer[] => {
      const bytes = Buffer.concat([
        hex('0007 2910 0001 0000 0000 0001'),
        encoded('LAPTOP', 0x20),
        hex('0020 0001 c00c 0020 0001 0000012c 0006'),
        u16(flags),
        u32(address('10.0.0.9')),
      ]);
      return answersOf(localNameRules, [{ bytes, to: '10.0.0.255', ports: [137, 137] }]).answers;
    };
    expect(register(0)).toEqual([{ client: '255.255.255.255', address: '10.0.0.9', name: 'LAPTOP', seconds: 300 }]);
    expect(register(0x8000)).toEqual([]);
  });
});

describe('what an address is called', () => {
  const client = [0, 0, 0xffff, address('10.0.0.9')] as const;
  const peer = [0, 0, 0xffff, address('10.0.0.77')] as const;
  /** Who asked, the name, and seconds from and until which the answer holds. */
  type AnswerRow = readonly [client: readonly number[], name: string, from: number, until?: number];
  const memoryOf = (rows: readonly AnswerRow[]): NameMemory => {
    const names = [...new Set(rows.map(([, name]) => name))];
    const chunk: AnswerChunk = {
      rows: rows.length,
      client: Uint32Array.from(rows.flatMap(([who]) => who)),
      address: Uint32Array.from(rows.flatMap(() => peer)),
      name: Uint32Array.from(rows, ([, name]) => names.indexOf(name) + 1),
      from: Float64Array.from(rows, ([, , from]) => from * 1e6),
      until: Float64Array.from(rows, ([, , , until = 1e9]) => until * 1e6),
      names,
    };
    return new NameMemory([chunk], []);
  };
  const find = (rows: readonly AnswerRow[]): FoundName => {
    const found = { name: '', origin: 0, rival: '' };
    memoryOf(rows).byAddress(Uint32Array.from(client), 0, Uint32Array.from(peer), 0, 500e6, found);
    return found;
  };
  const called = (rows: readonly AnswerRow[]): [string, string | undefined] => {
    const { name, origin } = find(rows);
    return [name, NAME_ORIGINS[origin]];
  };

  it("is what the client was told, then what others were, then what the host says of itself, then the file's own record", () => {
    const other = [0, 0, 0xffff, address('10.0.0.8')];
    const rows: AnswerRow[] = [
      [client, 'asked', 1],
      [other, 'others', 2],
      [UNASKED_CLIENTS['dhcp-lease'], 'lease', 3],
      [UNASKED_CLIENTS['mdns-announcement'], 'announced.local', 4],
      [UNASKED_CLIENTS['netbios-name'], 'NETBIOS', 5],
      [UNASKED_CLIENTS['name-record'], 'record', 6],
    ];
    const expected = [
      ['asked', 'dns-answer-client'],
      ['others', 'dns-answer-other-client'],
      ['lease', 'dhcp-lease'],
      ['announced.local', 'mdns-announcement'],
      ['NETBIOS', 'netbios-name'],
      ['record', 'name-record'],
    ];
    for (const [i, name] of expected.entries()) expect(called(rows.slice(i))).toEqual(name);
    expect(
      called([
        [other, 'older', 1],
        [other, 'newer', 2],
      ]),
    ).toEqual(['newer', 'dns-answer-other-client']);
  });

  it('holds as long as the answer, and ten minutes for clients that keep it; not before it was given', () => {
    expect(called([[client, 'kept', -900, -99]])[0]).toBe('kept');
    expect(called([[client, 'gone', -900, -101]])[0]).toBe('');
    expect(called([[client, 'other clock', 502]])[0]).toBe('other clock');
    expect(called([[client, 'later', 503]])[0]).toBe('');
  });

  it('has a rival where two names were valid at once: of the client itself, or else of the others', () => {
    const other = [0, 0, 0xffff, address('10.0.0.8')];
    const record = UNASKED_CLIENTS['name-record'];
    const rival = (...rows: AnswerRow[]): [string, string] => {
      const found = find(rows);
      return [found.name, found.rival];
    };
    expect(rival([client, 'a', 1], [client, 'b', 2])).toEqual(['b', 'a']);
    expect(rival([client, 'a', 1, 499], [client, 'b', 2])).toEqual(['b', '']);
    expect(rival([client, 'a', 1], [client, 'a', 2])).toEqual(['a', '']);
    expect(rival([client, 'a', 1], [other, 'b', 2])).toEqual(['a', '']);
    expect(rival([other, 'a', 1], [other, 'b', 2], [record, 'c', 3])).toEqual(['b', 'a']);
    expect(rival([other, 'a', 1], [record, 'c', 3])).toEqual(['a', '']);
    const many = Array.from({ length: 100 }, (_, i): AnswerRow => [client, 'b', 2 + i]);
    expect(rival([client, 'a', 1], ...many)).toEqual(['b', '']);
  });
});

describe('what another log says of a flow', () => {
  it('holds fingerprints; cases of before have none', () => {
    const uids = ['C1', 'C2'];
    const chunk = {
      rows: 2,
      uid: Uint32Array.from(uids.flatMap((uid) => uidWords(uid))),
      name: Uint32Array.from([1, 0]),
      origin: Uint8Array.from([NAME_ORIGINS.indexOf('zeek-ssl'), 0]),
      protocol: Uint32Array.from([1, 1]),
      userAgent: new Uint32Array(2),
      names: ['a.example'],
      protocols: ['tls'],
      userAgents: [],
    };
    const prints = { ja3: Uint32Array.from([0, 1]), ja4: Uint32Array.from([0, 1]), ja3s: ['33'], ja4s: ['44'] };
    const linked = (memory: NameMemory): unknown[] => uids.map((uid) => memory.byUid(...uidWords(uid)));
    expect(linked(new NameMemory([], [{ ...chunk, ...prints }]))).toMatchObject([
      { name: 'a.example', ja3: '', ja4: '' },
      { name: '', ja3: '33', ja4: '44' },
    ]);
    expect(linked(new NameMemory([], [chunk]))).toMatchObject([{ ja3: '' }, { ja3: '' }]);
  });
});

describe('HTTP', () => {
  const look = (text: string): [string, string | undefined] => {
    const payload = lay(new Payload(), { bytes: ascii(text) });
    expect(httpRequestRule.recognise(payload)).toBe(RECOGNISED);
    return [payload.name, NAME_ORIGINS[payload.nameOrigin]];
  };

  it.each([
    ['CONNECT a.example:443 HTTP/1.1\r\n\r\n', 'a.example', 'http-connect'],
    ['CONNECT [2001:db8::1]:443 HTTP/1.1\r\nHost: b.example\r\n\r\n', '2001:db8::1', 'http-connect'],
    ['GET http://A.example:8080/x?http://c.example/ HTTP/1.1\r\nHost: b.example\r\n\r\n', 'a.example', 'http-host'],
    ['GET http://u:p@a.example/ HTTP/1.0\r\n\r\n', 'a.example', 'http-host'],
    ['GET /http://c.example/ HTTP/1.1\r\nHost: b.example\r\n\r\n', 'b.example', 'http-host'],
    ['GET / HTTP/1.1\r\nAccept: */*\r\n\r\n', '', 'none'],
  ])('%j names %s', (text, name, origin) => {
    expect(look(text)).toEqual([name, origin]);
  });
});

describe('HTTP/2', () => {
  it('reads the Huffman texts of RFC 7541, C.4 and C.6', () => {
    for (const [coded, text] of [
      ['f1e3c2e5f23a6ba0ab90f4ff', 'www.example.com'],
      ['25a849e95bb8e8b4bf', 'custom-value'],
      ['d07abe941054d444a8200595040b8166e082a62d1bff', 'Mon, 21 Oct 2013 20:13:21 GMT'],
      ['9d29ad171863c78f0b97c8e9ae82ae43d3', 'https://www.example.com'],
    ] as const) {
      const bytes = hex(coded);
      expect(Buffer.from(huffmanText(bytes, 0, bytes.length) ?? []).toString('latin1')).toBe(text);
    }
    // Padding of zeros, of a whole byte, and the end mark.
    for (const wrong of ['f1e3c2e5f23a6ba0ab90f400', 'f1ff', 'fffffffc']) {
      expect(huffmanText(hex(wrong), 0, wrong.length / 2)).toBeNull();
    }
  });

  /** What Node's own client sends first. */
  async function firstBytes(): Promise<Buffer> {
    const sent: Buffer[] = [];
    const wire = new Duplex({
      read: () => undefined,
      write(chunk: Buffer, _encoding, done) {
        sent.push(chunk);
        done();
      },
    });
    const session = connect('http://api.example.org:8080', { createConnection: () => wire });
    session.on('error', () => undefined);
    const request = session.request({ ':path': '/x', 'user-agent': 'Probe/1.0 (x86_64; "q")', cookie: 'a=1' });
    request.on('error', () => undefined);
    request.end();
    await new Promise((done) => setTimeout(done, 100));
    session.destroy();
    return Buffer.concat(sent);
  }

  it('names authority and user agent of the first request', async () => {
    const bytes = await firstBytes();
    const payload = lay(new Payload(), { bytes });
    expect(http2Rule.recognise(payload)).toBe(RECOGNISED);
    expect(payload).toMatchObject({ name: 'api.example.org', userAgent: 'Probe/1.0 (x86_64; "q")' });
    expect(NAME_ORIGINS[payload.nameOrigin]).toBe('http-authority');
    const results = new Set<InspectionResult>();
    for (let end = 1; end < bytes.length; end++) {
      results.add(http2Rule.recognise(lay(new Payload(), { bytes: bytes.subarray(0, end) })));
    }
    expect([...results]).toEqual([WANTS_MORE, RECOGNISED_WANTS_MORE, RECOGNISED]);
    for (let at = 24; at < bytes.length; at++) {
      const bent = Buffer.from(bytes);
      bent[at] ^= 0xff;
      expect(http2Rule.recognise(lay(new Payload(), { bytes: bent }))).not.toBe(NOT_RECOGNISED);
    }
  });
});
