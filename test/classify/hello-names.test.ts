import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readClientHello } from '../../electron/classify/payload/client-hello.ts';
import { dtlsHelloRule } from '../../electron/classify/payload/dtls.ts';
import { PayloadRecogniser } from '../../electron/classify/payload/recogniser.ts';
import { certificateName } from '../../electron/classify/payload/tls-certificate.ts';
import { tlsRule } from '../../electron/classify/payload/tls.ts';
import { NAME_ORIGINS, TCP } from '../../shared/flow.ts';
import {
  type InspectionResult,
  Payload,
  RECOGNISED,
  RECOGNISED_LOOK_ON,
  RECOGNISED_WANTS_MORE,
} from '../../shared/payload.ts';
import { readExpected } from '../score/expected.ts';
import { ownFlowSource } from '../score/own-flows.ts';

fc.configureGlobal({ seed: 20_170_517, numRuns: 300 });

const u16 = (value: number): Buffer => Buffer.from([value >>> 8, value & 255]);
const u24 = (value: number): Buffer => Buffer.from([value >>> 16, (value >>> 8) & 255, value & 255]);
const list = (values: readonly number[]): Buffer => Buffer.concat(values.map(u16));
const counted = (body: Uint8Array): Buffer => Buffer.concat([u16(body.length), body]);

interface HelloParts {
  version?: number;
  ciphers: readonly number[];
  extensions?: readonly (readonly [type: number, body: Uint8Array])[];
  cookie?: Uint8Array;
}

/** Body of a ClientHello; without extensions as SSL 3 has it. */
function helloBody({ version = 0x0303, ciphers, extensions, cookie }: HelloParts): Buffer {
  const tail =
    extensions === undefined
      ? Buffer.alloc(0)
      : counted(Buffer.concat(extensions.map(([type, body]) => Buffer.concat([u16(type), counted(body)]))));
  const cookies = cookie === undefined ? Buffer.alloc(0) : Buffer.concat([Buffer.of(cookie.length), cookie]);
  const head = [u16(version), Buffer.alloc(32, 7), Buffer.of(0), cookies];
  return Buffer.concat([...head, counted(list(ciphers)), Buffer.from([1, 0]), tail]);
}

const sni = (name: string): Buffer => counted(Buffer.concat([Buffer.of(0), counted(Buffer.from(name, 'latin1'))]));
const alpn = (...names: string[]): Buffer =>
  counted(Buffer.concat(names.map((name) => Buffer.concat([Buffer.of(name.length), Buffer.from(name, 'latin1')]))));
const versions = (...offered: number[]): Buffer => Buffer.concat([Buffer.of(offered.length * 2), list(offered)]);
const handshake = (type: number, body: Uint8Array): Buffer => Buffer.concat([Buffer.of(type), u24(body.length), body]);
const record = (content: Uint8Array, type = 22): Buffer => Buffer.concat([Buffer.from([type, 3, 1]), counted(content)]);

/** A browser's hello, as FoxIO's description of JA4 takes it for its example. */
const EXAMPLE: HelloParts = {
  ciphers: [
    0x2a2a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014, 0x009c, 0x009d,
    0x002f, 0x0035,
  ],
  extensions: [
    [0x1a1a, Buffer.alloc(0)],
    [0x001b, Buffer.from([2, 0, 2])],
    [0x0000, sni('example.com')],
    [0x0033, Buffer.alloc(6)],
    [0x0010, alpn('h2', 'http/1.1')],
    [0x4469, Buffer.alloc(5)],
    [0x0017, Buffer.alloc(0)],
    [0x002d, Buffer.from([1, 1])],
    [0x000d, counted(list([0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601]))],
    [0x0005, Buffer.from([1, 0, 0, 0, 0])],
    [0x0023, Buffer.alloc(0)],
    [0x0012, Buffer.alloc(0)],
    [0x002b, versions(0x4a4a, 0x0304, 0x0303)],
    [0xff01, Buffer.from([0])],
    [0x000b, Buffer.from([1, 0])],
    [0x000a, counted(list([0x8a8a, 29, 23, 24]))],
    [0x0015, Buffer.alloc(20)],
  ],
};

const read = (parts: HelloParts, carrier: 't' | 'q' | 'd' = 't') => {
  const body = helloBody(parts);
  return readClientHello(Buffer.concat([Buffer.of(0xee), body, Buffer.of(0xee)]), 1, 1 + body.length, carrier);
};

describe('fingerprints', () => {
  it('JA4 of the example in its description', () => {
    expect(read(EXAMPLE)).toMatchObject({ serverName: 'example.com', ja4: 't13d1516h2_8daaf6152771_e5627efa2ab1' });
    expect(read(EXAMPLE, 'q')?.ja4).toBe('q13d1516h2_8daaf6152771_e5627efa2ab1');
  });

  it('JA3 of the two examples in its description', () => {
    const first = read({
      version: 769,
      ciphers: [47, 53, 5, 10, 49_161, 49_162, 49_171, 49_172, 50, 56, 19, 4],
      extensions: [
        [0, sni('a.example')],
        [10, counted(list([23, 24, 25]))],
        [11, Buffer.from([1, 0])],
      ],
    });
    expect(first?.ja3).toBe('ada70206e40642a3e4461f35503241d5');
    const second = read({ version: 769, ciphers: [4, 5, 10, 9, 100, 98, 3, 6, 19, 18, 99] });
    expect(second).toMatchObject({ serverName: '', ja3: 'de350869b8c85de67a350c8d186f11e6' });
    expect(second?.ja4).toMatch(/^t10i110000_[0-9a-f]{12}_000000000000$/);
  });

  it('reserved values and the order of ciphers and extensions do not change JA4', () => {
    const { ciphers, extensions = [] } = EXAMPLE;
    const turned = { ciphers: ciphers.toReversed().slice(0, 15), extensions: extensions.toReversed().slice(0, 16) };
    expect(read(turned)?.ja4).toBe(read(EXAMPLE)?.ja4);
  });

  it.each([
    [[], '00'],
    [['h2'], 'h2'],
    [['http/1.1'], 'h1'],
    [['h'], 'hh'],
    [['\u00ab\u0000'], 'a0'],
    [['h\u00ff'], '6f'],
  ])('protocols %j make %s', (names, written) => {
    const extensions = [[16, alpn(...names)]] as const;
    expect(read({ ciphers: [1], extensions })?.ja4.slice(8, 10)).toBe(written);
  });

  it.each([
    [[0x0304, 0x0303], '13'],
    [[0x7f1c, 0x0304], '00'],
    [[0xfefd, 0xfeff], 'd1'],
    [[0xfefc], 'd3'],
  ])('the highest number of %j makes version %s', (offered, written) => {
    const extensions = [[43, versions(...offered)]] as const;
    expect(read({ ciphers: [1], extensions })?.ja4.slice(1, 3)).toBe(written);
  });

  it('never throws nor reads beyond its end, whatever the bytes', () => {
    const whole = helloBody(EXAMPLE);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20 }), fc.nat(whole.length - 21), (noise, at) => {
        const body = Buffer.from(whole);
        body.set(noise, at);
        const hello = readClientHello(body, 0, body.length, 't');
        expect(hello?.ja4 ?? 't000000000_000000000000_000000000000').toMatch(/^t.{9}_[0-9a-f]{12}_[0-9a-f]{12}$/);
      }),
    );
    // Only where the extensions begin may a hello end: SSL 3 has none.
    const readable = [...whole.keys()].filter((end) => readClientHello(whole, 0, end, 't') !== null);
    expect(readable.map((end) => end - helloBody({ ciphers: EXAMPLE.ciphers }).length)).toEqual([0, 1]);
  });
});

const der = (tag: number, ...parts: Uint8Array[]): Buffer => {
  const body = Buffer.concat(parts);
  const length = body.length < 128 ? Buffer.of(body.length) : Buffer.concat([Buffer.of(0x82), u16(body.length)]);
  return Buffer.concat([Buffer.of(tag), length, body]);
};
const oid = (...bytes: number[]): Buffer => der(6, Buffer.from(bytes));
const named = (type: number, text: string): Buffer =>
  der(0x31, der(0x30, oid(0x55, 4, type), der(0x0c, Buffer.from(text, 'latin1'))));

/** An X.509 certificate with these names, as far as its names go; signature and key are blank. */
function certificate({
  common,
  alternatives = [],
  unit,
}: {
  common?: string;
  alternatives?: string[];
  unit?: string;
}): Buffer {
  const units = unit === undefined ? [] : [named(11, unit)];
  const subject = [named(6, 'KP'), named(10, 'Example'), ...units, ...(common === undefined ? [] : [named(3, common)])];
  const names = alternatives.map((name) => der(0x82, Buffer.from(name, 'latin1')));
  const usage = der(0x30, oid(0x55, 0x1d, 15), der(1, Buffer.of(255)), der(4, der(3, Buffer.from([5, 160]))));
  const alternative = der(0x30, oid(0x55, 0x1d, 17), der(4, der(0x30, der(0x87, Buffer.alloc(4)), ...names)));
  const body = der(
    0x30,
    der(0xa0, der(2, Buffer.of(2))),
    der(2, Buffer.alloc(9, 1)),
    der(0x30, oid(42, 1)),
    der(0x30, named(3, 'issuer.example')),
    der(0x30, der(0x17, Buffer.from('170517000000Z')), der(0x17, Buffer.from('180517000000Z'))),
    der(0x30, ...subject),
    der(0x30, der(0x30, oid(42, 2)), der(3, Buffer.alloc(300))),
    der(0xa3, der(0x30, usage, alternative)),
  );
  return der(0x30, body, der(0x30, oid(42, 1)), der(3, Buffer.alloc(64)));
}

describe('certificates', () => {
  it.each([
    [{ common: 'WWW.Example.com' }, 'www.example.com'],
    [{ common: '*.example.com', alternatives: ['example.com'] }, '*.example.com'],
    [{ common: 'Example Ltd', alternatives: ['mail.example.org', 'b.example'] }, 'mail.example.org'],
    [{ alternatives: ['not a name', '-', 'x.example'] }, 'x.example'],
    [{ common: '10.0.0.1' }, ''],
    [{ common: 'localhost' }, ''],
    [{ common: 'a..example' }, ''],
    [{ common: '<b>.example' }, ''],
    [{}, ''],
  ])('of %j: "%s"', (names, expected) => {
    const bytes = certificate(names);
    const framed = Buffer.concat([Buffer.alloc(3, 0x30), bytes, Buffer.alloc(3, 0x30)]);
    expect(certificateName(framed, 3, 3 + bytes.length)).toBe(expected);
  });

  it('ends with the bytes, whatever they are', () => {
    const bytes = certificate({ common: 'Example Ltd', alternatives: ['mail.example.org'] });
    for (let end = 0; end < bytes.length; end++) expect(certificateName(bytes, 0, end)).toBe('');
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, value) => {
        const bent = Buffer.from(bytes);
        bent[at] = value;
        expect(certificateName(bent, 0, bent.length)).toMatch(/^(?:\*\.)?[a-z0-9_.-]*$/);
      }),
    );
  });
});

interface Learnt {
  results: InspectionResult[];
  name: string;
  origin: string;
  ja4: string;
}

/** Shows heads of a TCP stream, or datagrams, to a rule that knows the flow from the first on. */
function show(rule: typeof tlsRule, conversation: readonly (readonly [side: '>' | '<', bytes: Uint8Array])[]): Learnt {
  const payload = new Payload();
  const learnt: Learnt = { results: [], name: '', origin: 'none', ja4: '' };
  for (const [side, bytes] of conversation) {
    payload.bytes = Buffer.concat([Buffer.alloc(5, 22), bytes, Buffer.alloc(5, 22)]);
    payload.start = 5;
    payload.end = 5 + bytes.length;
    payload.fromInitiator = side === '>';
    payload.name = payload.ja4 = '';
    payload.nameOrigin = 0;
    const result = rule.recognise(payload);
    learnt.results.push(result);
    if (result !== 0 && result !== 4) payload.rule = 1;
    if (learnt.name === '' && payload.name !== '') {
      learnt.name = payload.name;
      learnt.origin = NAME_ORIGINS[payload.nameOrigin] ?? '';
    }
    learnt.ja4 ||= payload.ja4;
  }
  return learnt;
}

const nameless = handshake(1, helloBody({ ciphers: [0x2f], extensions: [[13, counted(list([0x0401]))]] }));
const serverHello = (extensions: readonly (readonly [number, Uint8Array])[] = []): Buffer => {
  const tail = counted(Buffer.concat(extensions.map(([type, body]) => Buffer.concat([u16(type), counted(body)]))));
  return handshake(2, Buffer.concat([u16(0x0303), Buffer.alloc(32), Buffer.of(0), u16(0x2f), Buffer.of(0), tail]));
};
const certificates = (...chain: Uint8Array[]): Buffer => {
  const all = Buffer.concat(chain.map((each) => Buffer.concat([u24(each.length), each])));
  return handshake(11, Buffer.concat([u24(all.length), all]));
};
const chain = certificates(certificate({ common: 'mail.example.kp' }), certificate({ common: 'ca.example' }));

describe('a TLS server up to 1.2', () => {
  it('is named by its certificate when the hello has no name', () => {
    const flight = Buffer.concat([record(serverHello()), record(chain)]);
    const seen = show(tlsRule, [
      ['>', record(nameless)],
      ['<', flight.subarray(0, 200)],
      ['<', flight],
    ]);
    expect(seen).toMatchObject({
      results: [RECOGNISED_LOOK_ON, RECOGNISED_WANTS_MORE, RECOGNISED],
      name: 'mail.example.kp',
      origin: 'tls-certificate',
    });
    expect(seen.ja4).toMatch(/^t12i0101/);
  });

  it('is named by it too when the hello was not seen, or its messages share and split records', () => {
    const joined = Buffer.concat([serverHello(), chain]);
    const split = [joined.subarray(0, 150), joined.subarray(150, 290), joined.subarray(290)].map((each) =>
      record(each),
    );
    expect(show(tlsRule, [['<', Buffer.concat(split)]])).toMatchObject({
      name: 'mail.example.kp',
      results: [RECOGNISED],
    });
  });

  it('is not when the hello names it, the session is resumed, or TLS 1.3 hides the rest', () => {
    const hello = handshake(1, helloBody({ ciphers: [0x2f], extensions: [[0, sni('a.example')]] }));
    expect(show(tlsRule, [['>', record(hello)]])).toMatchObject({ results: [RECOGNISED], name: 'a.example' });
    const resumed = Buffer.concat([record(serverHello()), record(Buffer.of(1), 20)]);
    expect(
      show(tlsRule, [
        ['>', record(nameless)],
        ['<', resumed],
      ]),
    ).toMatchObject({ results: [5, RECOGNISED], name: '' });
    const newer = Buffer.concat([record(serverHello([[43, u16(0x0304)]])), record(chain)]);
    expect(
      show(tlsRule, [
        ['>', record(nameless)],
        ['<', newer],
      ]),
    ).toMatchObject({ results: [5, RECOGNISED], name: '' });
  });
});

describe('a certificate of a program’s maker', () => {
  const ruleOf = (parts: { common?: string; unit?: string }): string => {
    const recogniser = new PayloadRecogniser(() => undefined);
    const payload = Object.assign(new Payload(), { transport: TCP, destinationPort: 443 });
    for (const [fromInitiator, bytes] of [
      [true, record(nameless)],
      [false, Buffer.concat([record(serverHello()), record(certificates(certificate(parts)))])],
    ] as const) {
      Object.assign(payload, { fromInitiator, bytes, start: 0, end: bytes.length });
      recogniser.inspect(payload);
    }
    return recogniser.rules[payload.rule]?.id ?? '';
  };

  it('tells the protocol or service', () => {
    expect(ruleOf({ common: 'AnyDesk Client' })).toBe('anydesk-certificate');
    expect(ruleOf({ common: 'FGT1', unit: 'FortiGate' })).toBe('forticlient-certificate');
    expect(ruleOf({ common: 'NVIDIA GameStream Server' })).toBe('geforce-now-certificate');
  });

  it('does not by a likeness', () => {
    expect(ruleOf({ common: 'AnyDesk Clients' })).toBe('tls-handshake');
    expect(ruleOf({ common: 'FortiGate' })).toBe('tls-handshake');
  });
});

describe('a hello', () => {
  it('is put together from several records', () => {
    const hello = handshake(1, helloBody(EXAMPLE));
    const split = Buffer.concat([
      record(hello.subarray(0, 20)),
      record(hello.subarray(20, 90)),
      record(hello.subarray(90)),
    ]);
    expect(show(tlsRule, [['>', split]])).toMatchObject({ name: 'example.com', results: [RECOGNISED] });
    expect(
      show(tlsRule, [
        ['>', split.subarray(0, 60)],
        ['>', split],
      ]),
    ).toMatchObject({
      name: 'example.com',
      results: [RECOGNISED_WANTS_MORE, RECOGNISED],
    });
  });

  it('gives its name though the capture cut it behind', () => {
    const hello = record(handshake(1, helloBody(EXAMPLE)));
    expect(show(tlsRule, [['>', hello.subarray(0, 150)]])).toMatchObject({
      results: [RECOGNISED_WANTS_MORE],
      name: 'example.com',
      ja4: '',
    });
  });

  it.each([0xfe0d, 0xffce])('tells that another name may be hidden (extension %i)', (type) => {
    const { ciphers, extensions = [] } = EXAMPLE;
    const hello = handshake(1, helloBody({ ciphers, extensions: [...extensions, [type, Buffer.alloc(8)]] }));
    expect(show(tlsRule, [['>', record(hello)]])).toMatchObject({ name: 'example.com', origin: 'tls-sni-ech' });
  });

  it('of DTLS is put together from fragments in any order', () => {
    const body = helloBody({ ...EXAMPLE, version: 0xfefd, cookie: Buffer.alloc(20, 9) });
    const fragment = (from: number, to: number): Buffer => {
      const head = Buffer.concat([Buffer.of(1), u24(body.length), u16(1), u24(from), u24(to - from)]);
      const content = counted(Buffer.concat([head, body.subarray(from, to)]));
      return Buffer.concat([Buffer.from([22, 0xfe, 0xfd]), Buffer.alloc(8), content]);
    };
    const parts = [fragment(0, 70), fragment(70, 180), fragment(180, body.length)] as const;
    for (const order of [parts, parts.toReversed()]) {
      const seen = show(
        dtlsHelloRule,
        order.map((bytes) => ['>', bytes] as const),
      );
      expect(seen).toMatchObject({ name: 'example.com', origin: 'dtls-sni' });
      expect(seen.ja4).toBe('d13d1516h2_8daaf6152771_e5627efa2ab1');
    }
    expect(
      show(dtlsHelloRule, [
        ['>', parts[0]],
        ['>', parts[2]],
      ]).name,
    ).toBe('');
  });
});

const CORPUS = fileURLToPath(new URL('../../../shared/corpus', import.meta.url));
const FILES = [
  'ja4/pcap/https3-301-get.pcap',
  'ja4/pcap/browsers-x509.pcapng',
  'ja4/pcap/ipv6.pcapng',
  'arkime/pcap/curl-enabled-tls13.pcap',
  'ndpi-older/pcap/cloudflare-warp.pcap',
  'ndpi-older/pcap/quic_0RTT.pcap',
  'ndpid-rebuilt/pcap/nordvpn.rebuilt.pcap',
];

describe.skipIf(!existsSync(CORPUS))('captures (skipped where ../shared/corpus is absent)', () => {
  it('fingerprints equal those of Arkime, of the JA4 tools, and of nDPI and nDPId but for its January 2025 version', async () => {
    const expected = readExpected(path.join(CORPUS, 'expected.jsonl'));
    const folder = mkdtempSync(path.join(tmpdir(), 'enclave-hello-'));
    try {
      const flowsOf = ownFlowSource(folder);
      let compared = 0;
      const different: unknown[] = [];
      for (const file of FILES) {
        const got = await flowsOf(path.join(CORPUS, file));
        if ('failure' in got) throw new Error(`${file}: ${got.failure}`);
        for (const { engine, tuple, ja3, ja4 } of expected.get(file) ?? []) {
          if (engine === 'nDPI-dev-20250119' || tuple === null || ja3.length + ja4.length === 0) continue;
          const ours = got.flows.find(
            (flow) => flow.initiator === tuple.source && flow.initiatorPort === tuple.sourcePort && flow.ja3 !== null,
          );
          const same = (theirs: readonly string[], own: string | null | undefined): boolean =>
            theirs.length === 0 || theirs.includes(own ?? '');
          if (!same(ja3, ours?.ja3) || !same(ja4, ours?.ja4)) different.push([file, engine, ja3, ja4, ours]);
          compared++;
        }
      }
      expect(different).toEqual([]);
      expect(compared).toBeGreaterThanOrEqual(15);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }, 60_000);
});
