import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PayloadRecogniser } from '../../electron/classify/payload/recogniser.ts';
import { TCP, UDP } from '../../shared/flow.ts';
import { type InspectionResult, NOT_RECOGNISED, Payload, RECOGNISED, WANTS_MORE, WATCH } from '../../shared/payload.ts';
import { clientHello, dnsMessage, quicInitial } from './payload-writer.ts';

fc.configureGlobal({ seed: 20_170_517, numRuns: 300 });

interface Seen {
  result: InspectionResult;
  protocol: string;
  rule: string;
  name: string;
  userAgent: string;
  via: string;
  forwardedFor: string;
  answers: [address: number, name: string, seconds: number][];
}

/** Shows payloads of one flow to a recogniser, between bytes that are not theirs; tells what is known after the last. */
function see(payloads: readonly Uint8Array[], changes: Partial<Payload> = {}, around = 0x41): Seen {
  const answers: Seen['answers'] = [];
  const recogniser = new PayloadRecogniser((_client, address, name, from, until) =>
    answers.push([address[3], name, (until - from) / 1e6]),
  );
  const payload = Object.assign(new Payload(), {
    sourcePort: 50_000,
    destinationPort: 443,
    transport: UDP,
    ...changes,
  });
  let result: InspectionResult = NOT_RECOGNISED;
  let name = '';
  for (const bytes of payloads) {
    payload.bytes = Buffer.concat([Buffer.alloc(8, around), bytes, Buffer.alloc(8, around)]);
    payload.start = 8;
    payload.end = 8 + bytes.length;
    result = recogniser.inspect(payload);
    name ||= payload.name;
    payload.looks++;
  }
  const { protocol, id } = recogniser.rules[payload.rule];
  return {
    result,
    protocol,
    rule: id,
    name,
    userAgent: payload.userAgent,
    via: payload.via,
    forwardedFor: payload.forwardedFor,
    answers,
  };
}

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(/\s/g, ''), 'hex');
const ascii = (text: string): Buffer => Buffer.from(text, 'latin1');

describe('QUIC', () => {
  it('opens the Initial of RFC 9001, A.2, and of RFC 9369, A.2, by the keys that the RFCs print', () => {
    for (const { version, label, type, key } of [
      { version: 1, label: 'quic', type: 0, key: '1f369613dd76d5467730efcbe3b1a22d' },
      { version: 0x6b3343cf, label: 'quicv2', type: 1, key: '8b1a0bc121284290a29e0971b5cd045d' },
    ] as const) {
      const initial = quicInitial({
        version,
        label,
        type,
        destination: hex('8394c8f03e515708'),
        hello: clientHello('example.com'),
      });
      expect(initial.key.toString('hex')).toBe(key);
      expect(see([initial.packet])).toMatchObject({ result: RECOGNISED, protocol: 'quic', name: 'example.com' });
    }
  });

  it('reads the protected packet that RFC 9001, A.2 begins with', () => {
    // The header protection sample and mask of A.2: the packet's first byte and number are 0xc0 and 0x7b9aec34 on the wire.
    const hello = hex(`010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e86804fe3a47f06a2b69484c000004130113020100
      00c000000010000e00000b6578616d706c652e636f6dff01000100000a00080006001d0017001800100007000504616c706e
      000500050100000000003300260024001d00209370b2c9caa47fbabaf4559fedba753de171fa71f50f1ce15d43e994ec74d748
      002b0003020304000d0010000e0403050306030203080408050806002d00020101001c00024001003900320408ffffffffffff
      ffff05048000ffff07048000ffff08011001048000753009011 00f088394c8f03e51570806048000ffff`);
    const { packet } = quicInitial({
      version: 1,
      label: 'quic',
      type: 0,
      destination: hex('8394c8f03e515708'),
      hello,
      number: 2,
      numberLength: 4,
    });
    expect(packet.length).toBe(1200);
    expect(packet.subarray(0, 22).toString('hex')).toBe('c000000001088394c8f03e5157080000449e7b9aec34');
    // First bytes of the protected payload and the tag, as the RFC prints them.
    expect(packet.subarray(22, 38).toString('hex')).toBe('d1b1c98dd7689fb8ec11d242b123dc9b');
    expect(packet.subarray(-16).toString('hex')).toBe('e221af44860018ab0856972e194cd934');
    expect(see([packet]).name).toBe('example.com');
  });

  it('puts a hello together from packets in any order', () => {
    const hello = clientHello('a-very-long-name.example.org', 1500);
    const destination = hex('0102030405060708');
    const part = (from: number, to: number, number: number): Buffer =>
      quicInitial({
        version: 1,
        label: 'quic',
        type: 0,
        destination,
        hello: hello.subarray(from, to),
        offset: from,
        number,
      }).packet;
    const parts = [part(0, 700, 0), part(700, 1200, 1), part(1200, hello.length, 2)];
    for (const order of [
      [0, 1, 2],
      [2, 1, 0],
      [1, 2, 1, 0],
    ]) {
      expect(see(order.map((i) => parts[i])).name).toBe('a-very-long-name.example.org');
    }
    expect(see([parts[1], parts[2]]).name).toBe('');
  });

  it('reads a hello longer than most', () => {
    const hello = clientHello('long.example');
    // The name lies behind an extension of 3,000 bytes (padding, RFC 7685), put in front of the others.
    const extensions = 4 + 2 + 32 + 1 + hello[38] + 2 + hello.readUInt16BE(39 + hello[38]) + 2;
    const padding = Buffer.concat([hex('0015 0bb8'), Buffer.alloc(3000)]);
    const long = Buffer.concat([hello.subarray(0, extensions + 2), padding, hello.subarray(extensions + 2)]);
    long.writeUIntBE(long.length - 4, 1, 3);
    long.writeUInt16BE(long.readUInt16BE(extensions) + padding.length, extensions);
    const packets = [0, 1000, 2000, 3000].map((offset, number) => {
      const piece = long.subarray(offset, offset + 1000);
      const destination = hex('8394c8f03e515708');
      return quicInitial({ version: 1, label: 'quic', type: 0, destination, hello: piece, offset, number }).packet;
    });
    expect(long.length).toBeGreaterThan(3000);
    expect(see(packets)).toMatchObject({ result: RECOGNISED, name: 'long.example' });
    expect(see(packets.toReversed())).toMatchObject({ result: RECOGNISED, name: 'long.example' });
  });

  it('takes no name from a packet that does not authenticate', () => {
    const { packet } = quicInitial({
      version: 1,
      label: 'quic',
      type: 0,
      destination: hex('0102'),
      hello: clientHello('a.example'),
    });
    packet[packet.length - 1] ^= 1;
    expect(see([packet])).toMatchObject({ protocol: 'quic', name: '' });
  });
});

describe('TLS', () => {
  const record = (body: Uint8Array): Buffer =>
    Buffer.concat([hex('160301'), Buffer.from([body.length >> 8, body.length & 255]), body]);
  const hello = record(clientHello('Mail.Example.ORG'));

  it('takes the server name, in lower case', () => {
    expect(see([hello], { transport: TCP })).toMatchObject({
      result: RECOGNISED,
      protocol: 'tls',
      name: 'mail.example.org',
    });
  });

  it('asks for more until the name is there, wherever the hello is cut', () => {
    for (let cut = 1; cut < hello.length; cut++) {
      const seen = see([hello.subarray(0, cut), hello], { transport: TCP });
      expect([cut, seen.name]).toEqual([cut, 'mail.example.org']);
      expect(see([hello.subarray(0, cut)], { transport: TCP }).result).not.toBe(NOT_RECOGNISED);
    }
  });

  it('knows a hello in the form of version 2 by its lengths', () => {
    const old = (
      version: string,
      ciphers: string,
      challenge = 16,
      length = 9 + ciphers.length / 2 + challenge,
    ): Buffer =>
      Buffer.concat([
        hex(`80${length.toString(16)} 01 ${version} 00${(ciphers.length / 2).toString(16).padStart(2, '0')} 0000`),
        Buffer.of(0, challenge),
        hex(ciphers),
        Buffer.alloc(challenge, 0x5b),
      ]);
    const rule = (bytes: Buffer): string => see([bytes], { transport: TCP }).rule;
    expect(rule(old('0301', '000039000038'))).toBe('tls-compatible-hello');
    expect(rule(old('0002', '010080', 32))).toBe('tls-compatible-hello');
    expect(rule(old('0301', '00003900'))).toBe('');
    expect(rule(old('0301', '000039', 8))).toBe('');
    expect(rule(old('0401', '000039'))).toBe('');
    expect(rule(old('0301', '000039', 16, 40))).toBe('');
  });

  it('knows records of a connection seen midway, and little else', () => {
    const data = (length: number, version = '0303'): Buffer =>
      Buffer.concat([hex(`17${version}`), Buffer.from([length >> 8, length & 255]), Buffer.alloc(length, 7)]);
    expect(see([data(40)], { transport: TCP })).toMatchObject({ protocol: 'tls', rule: 'tls-record', name: '' });
    expect(see([Buffer.concat([data(40), data(200)])], { transport: TCP }).protocol).toBe('tls');
    expect(see([data(1400).subarray(0, 1000)], { transport: TCP }).protocol).toBe('tls');
    expect(see([hex('140303000101 1603030004 0e000000')], { transport: TCP }).protocol).toBe('tls');
    expect(see([data(40, '0503')], { transport: TCP }).protocol).toBe('');
    expect(see([data(20_000)], { transport: TCP }).protocol).toBe('');
    expect(see([Buffer.concat([data(40), ascii('junk behind it')])], { transport: TCP }).protocol).toBe('');
  });
});

describe('HTTP', () => {
  const request = ascii(
    'POST /form?a=b HTTP/1.1\r\nHost: WWW.Example.com:8080\r\nX-Y: z\r\nUser-Agent: Red Star\r\n\r\nbody',
  );
  it('takes host and user agent, wherever the header is cut', () => {
    for (let cut = 1; cut < request.length - 4; cut++) {
      const seen = see([request.subarray(0, cut), request], { transport: TCP });
      expect([cut, seen.protocol, seen.name, seen.userAgent]).toEqual([cut, 'http', 'www.example.com', 'Red Star']);
    }
  });

  it('knows an answer, and not just any text', () => {
    expect(see([ascii('HTTP/1.0 404 Not Found\r\n\r\n')], { transport: TCP }).protocol).toBe('http');
    expect(see([ascii('GET away from here\r\nplease\r\n')], { transport: TCP }).protocol).toBe('');
    expect(see([ascii('POSTAL\r\n')], { transport: TCP }).protocol).toBe('');
  });

  it('of a request that a proxy passed on tell which way it came and for whom, the first line of each', () => {
    const fields = [
      'Host: a.test',
      'VIA: 1.1 proxy.test',
      'Via: 1.0 other',
      'X-Forwarded-For: 10.0.0.7, 10.0.0.8',
      'Forwarded: for=x',
    ];
    const seen = see([ascii(`GET / HTTP/1.1\r\n${fields.join('\r\n')}\r\n\r\n`)], { transport: TCP });
    expect([seen.name, seen.via, seen.forwardedFor]).toEqual(['a.test', '1.1 proxy.test', '10.0.0.7, 10.0.0.8']);
  });

  it('shows control characters of a host, so that none acts', () => {
    const seen = see([ascii('GET / HTTP/1.1\r\nHost: a\u001b[31mb\u00e2\r\n\r\n')], { transport: TCP });
    expect(seen.name).toBe(String.raw`a\x1b[31mb\xe2`);
  });
});

describe('DNS', () => {
  const to53 = { destinationPort: 53 };
  it('takes the first question and the addresses of an answer', () => {
    expect(see([dnsMessage({ name: 'WWW.Example.org' })], to53)).toMatchObject({
      result: WATCH,
      protocol: 'dns',
      name: 'www.example.org',
    });
    const answer = dnsMessage({ name: 'www.example.org', addresses: [0xc0000201, 0xc0000202], ttl: 300 });
    expect(see([answer], { sourcePort: 53, destinationPort: 50_000 }).answers).toEqual([
      [0xc0000201, 'www.example.org', 300],
      [0xc0000202, 'www.example.org', 300],
    ]);
  });

  it('prints bytes that are no letter as \\DDD (RFC 4343)', () => {
    expect(see([dnsMessage({ name: 'a\u0000b\\.example' })], to53).name).toBe(String.raw`a\000b\092.example`);
  });

  it('ends at pointers that lead in a circle', () => {
    const loop = hex('1234 0100 0001 0000 0000 0000 c00c 0001 0001');
    expect(see([loop], to53)).toMatchObject({ protocol: 'dns', name: '' });
    const two = hex('1234 0100 0001 0000 0000 0000 0161 c010 0162 c00c 0001 0001');
    expect(see([two], to53).name).toBe('');
  });

  it('knows a cut or damaged message by its header on port 53 only', () => {
    const cut = dnsMessage({ name: 'www.example.org' }).subarray(0, 20);
    expect(see([cut], to53)).toMatchObject({ protocol: 'dns', name: '' });
    expect(see([cut], { destinationPort: 5000 }).protocol).toBe('');
    expect(see([cut, dnsMessage({ name: 'b.example' })], to53).name).toBe('b.example');
  });

  it('is told from its multicast forms by the port at the other end', () => {
    const query = dnsMessage({ name: 'printer.example' });
    const protocol = (sourcePort: number, destinationPort: number): string =>
      see([query], { sourcePort, destinationPort }).protocol;
    for (const [port, form] of [
      [5353, 'mdns'],
      [5355, 'llmnr'],
      [137, ''],
    ] as const) {
      expect([protocol(port, 53), protocol(53, port)]).toEqual(['dns', 'dns']);
      expect([protocol(port, port), protocol(50_000, port), protocol(port, 50_000)]).toEqual([form, form, form]);
    }
  });

  it('over TCP waits for the whole message', () => {
    const message = dnsMessage({ name: 'www.example.org', addresses: [1], ttl: 60 });
    const stream = Buffer.concat([Buffer.from([message.length >> 8, message.length & 255]), message]);
    const tcp = { transport: TCP, sourcePort: 53, destinationPort: 50_000 };
    expect(see([stream.subarray(0, 16)], tcp).result).toBe(WANTS_MORE);
    expect(see([stream.subarray(0, 16), stream], tcp)).toMatchObject({
      protocol: 'dns',
      answers: [[1, 'www.example.org', 60]],
    });
  });
});

describe('peers', () => {
  it('µTP by two packets that answer each other', () => {
    const syn = hex('41004567 ed639296 00000000 00100000 23c60000');
    const state = hex('21004567 ed639341 00000000 00100000 456723c6');
    const recogniser = new PayloadRecogniser(() => undefined);
    const exchange = (second: Buffer): string => {
      const payload = Object.assign(new Payload(), { transport: UDP, sourcePort: 1024, destinationPort: 1025 });
      for (const [bytes, fromInitiator] of [
        [syn, true],
        [second, false],
      ] as const) {
        Object.assign(payload, { bytes, start: 0, end: bytes.length, fromInitiator });
        recogniser.inspect(payload);
      }
      return recogniser.rules[payload.rule].protocol;
    };
    expect(exchange(state)).toBe('bittorrent');
    expect(exchange(hex('21004567 ed639341 00000000 00100000 45670000'))).toBe('');
    expect(exchange(hex('21009999 ed639341 00000000 00100000 456723c6'))).toBe('');
  });

  it('SSH, BitTorrent and Bitcoin by their first bytes', () => {
    const first = (bytes: Buffer): string => see([bytes], { transport: TCP }).protocol;
    expect(first(ascii('SSH-2.0-OpenSSH_7.4\r\n'))).toBe('ssh');
    expect(first(ascii(`\u0013BitTorrent protocol${'\0'.repeat(48)}`))).toBe('bittorrent');
    expect(first(hex('f9beb4d9 76657273696f6e0000000000 66000000 00000000'))).toBe('bitcoin');
    expect(first(hex('f9beb4d9 76657273696f6e0000000000 66000070 00000000'))).toBe('');
  });
});

describe('any bytes', () => {
  const seeds = [
    clientHello('a.example'),
    Buffer.concat([hex('16030100c8'), clientHello('a.example')]),
    dnsMessage({ name: 'www.example.org', addresses: [1, 2], ttl: 1 }),
    quicInitial({ version: 1, label: 'quic', type: 0, destination: hex('0102'), hello: clientHello('a.example') })
      .packet,
    ascii('GET / HTTP/1.1\r\nHost: a\r\n\r\n'),
    Buffer.concat([
      hex('0d 0102030405060708 51303433 00'),
      ascii('CHLO'),
      hex('01000000'),
      ascii('SNI\0'),
      hex('03000000'),
      ascii('a.b'),
    ]),
  ];
  const almost = fc
    .tuple(fc.constantFrom(...seeds), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }), fc.nat())
    .map(([seed, changes, cut]) => {
      const bytes = Buffer.from(seed);
      for (const [place, value] of changes) bytes[place % Math.min(bytes.length, 80)] = value;
      return bytes.subarray(0, 1 + (cut % (bytes.length * 2)));
    });
  const payload = fc.oneof(fc.uint8Array({ minLength: 1, maxLength: 100 }), almost);

  it('never throw, never give a text with control characters, and the bytes around them do not matter', () => {
    fc.assert(
      fc.property(
        fc.array(payload, { minLength: 1, maxLength: 3 }),
        fc.constantFrom(TCP, UDP),
        fc.constantFrom(53, 443, 5353),
        (all, transport, port) => {
          const seen = see(all, { transport, destinationPort: port });
          expect(see(all, { transport, destinationPort: port }, 0x03)).toEqual(seen);
          expect(seen.name + seen.userAgent).toMatch(/^[\x20-\x7e]*$/);
          expect(seen.answers.every(([, name]) => /^[\x21-\x7e]+$/.test(name))).toBe(true);
        },
      ),
    );
  });
});
