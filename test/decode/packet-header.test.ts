import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CUT_SHORT,
  DECODED,
  decodePacket,
  type DecodeResult,
  DESTINATION,
  DESTINATION_PORT,
  FRAGMENT,
  HEADER_WORDS,
  ICMP_ANSWER,
  IP_BYTES,
  LINK_UNKNOWN,
  MALFORMED,
  NOT_IP,
  PAYLOAD,
  PAYLOAD_CAPTURED,
  PAYLOAD_LENGTH,
  SOURCE,
  SOURCE_PORT,
  TCP_FLAGS,
  TCP_SEQUENCE,
  TRANSPORT,
} from '../../electron/decode/packet-header.ts';

fc.configureGlobal({ seed: 20_170_517, numRuns: 500 });

const LINK_TYPES = [0, 1, 9, 12, 14, 50, 51, 101, 104, 108, 113, 228, 229, 276];

const bytes = (...parts: (string | Uint8Array)[]): Buffer =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part.replaceAll(' ', ''), 'hex') : part)));
const u16 = (value: number): string => value.toString(16).padStart(4, '0');

const UDP_PACKET = bytes('3039 0035 000c 0000 61626364');
/** 198.51.100.2 to 192.0.2.1; fields that tests vary come as options. */
function ipv4(body: Uint8Array, { transport = 17, fragment = 0, total = 20 + body.length, options = '' } = {}): Buffer {
  const words = (20 + options.length / 2) / 4;
  const length = total === 0 ? 0 : total + options.length / 2;
  const head = `${(0x40 + words).toString(16)}00${u16(length)}0007${u16(fragment)}40${transport.toString(16).padStart(2, '0')}`;
  return bytes(head, '0000 c6336402 c0000201', options, body);
}
/** 2001:db8::2 to 2001:db8::1. */
function ipv6(body: Uint8Array, next: number, payloadLength = body.length): Buffer {
  const addresses = '20010db8000000000000000000000002 20010db8000000000000000000000001';
  return bytes('60000000', u16(payloadLength), next.toString(16).padStart(2, '0'), '40', addresses, body);
}

interface Decoded {
  result: DecodeResult;
  header: Int32Array;
}

function decode(frame: Uint8Array, linkType: number, originalLength = frame.length): Decoded {
  const header = new Int32Array(HEADER_WORDS).fill(-1);
  // Other bytes around the frame, so that a read beyond it changes the outcome.
  const buffer = Buffer.concat([Buffer.alloc(64, 0xff), frame, Buffer.alloc(64, 0xff)]);
  const result = decodePacket(buffer, 64, 64 + frame.length, originalLength, linkType, header);
  const other = new Int32Array(HEADER_WORDS).fill(-1);
  const surrounded = Buffer.concat([Buffer.alloc(64, 0x45), frame, Buffer.alloc(64, 0x45)]);
  expect(decodePacket(surrounded, 64, 64 + frame.length, originalLength, linkType, other)).toBe(result);
  const seen = (words: Int32Array): number[] => (result === DECODED ? [...words] : []);
  expect(seen(other)).toEqual(seen(header));
  return { result, header };
}

function expectUdp({ result, header }: Decoded, payloadLength = 4): void {
  expect(result).toBe(DECODED);
  expect([header[SOURCE_PORT], header[DESTINATION_PORT], header[TRANSPORT]]).toEqual([12_345, 53, 17]);
  expect([header[PAYLOAD_CAPTURED], header[PAYLOAD_LENGTH]]).toEqual([payloadLength, payloadLength]);
}

const ETHERNET = '020000000001 020000000002';

describe('link layers', () => {
  const packet = ipv4(UDP_PACKET);
  it.each([
    ['Ethernet', 1, `${ETHERNET} 0800`],
    ['one VLAN tag', 1, `${ETHERNET} 8100 0064 0800`],
    ['a stack of VLAN tags', 1, `${ETHERNET} 88a8 0001 9100 0002 8100 0003 9200 0004 0800`],
    ['MPLS', 1, `${ETHERNET} 8847 00010040 00020140`],
    ['PPPoE', 1, `${ETHERNET} 8864 1100 0001 0022 0021`],
    ['PPPoE with a short protocol, behind a tag', 1, `${ETHERNET} 8100 0001 8864 1100 0001 0021 21`],
    ['Linux cooked', 113, '0000 0001 0006 020000000002 0000 0800'],
    ['Linux cooked 2', 276, '0800 0000 00000002 0001 00 06 020000000002 0000'],
    ['loopback, little-endian', 0, '02000000'],
    ['loopback, big-endian', 108, '00000002'],
    ['raw', 101, ''],
    ['raw, as BSD numbers it', 12, ''],
    ['IPv4', 228, ''],
    ['PPP', 9, 'ff03 0021'],
    ['PPP without address', 9, '0021'],
    ['PPP in HDLC', 50, 'ff03 21'],
    ['Cisco HDLC where PPP is said', 9, '0f00 0800'],
    ['PPPoE frames', 51, '1100 0001 0022 0021'],
    ['Cisco HDLC', 104, '0f00 0800'],
  ])('%s', (_name, linkType, link) => {
    const frame = bytes(link, packet);
    const decoded = decode(frame, linkType);
    expectUdp(decoded);
    expect(decoded.header[IP_BYTES]).toBe(32);
    expect([...decoded.header.subarray(SOURCE, DESTINATION + 4)].map((word) => word >>> 0)).toEqual([
      0, 0, 0xffff, 0xc6336402, 0, 0, 0xffff, 0xc0000201,
    ]);
    // The frame's padding is no payload.
    expectUdp(decode(Buffer.concat([frame, Buffer.alloc(18)]), linkType));
    for (let cut = 0; cut < frame.length - 4; cut++) {
      const shorter = decode(frame.subarray(0, cut), linkType, frame.length);
      // Four bytes of UDP are enough for the ports.
      const port = shorter.result === DECODED ? shorter.header[SOURCE_PORT] : null;
      expect([shorter.result, port]).toEqual(cut < frame.length - 8 ? [CUT_SHORT, null] : [DECODED, 12_345]);
    }
  });

  it('that carry no IP, or are not known, are told apart from damage', () => {
    expect(decode(bytes(ETHERNET, '0806', Buffer.alloc(28)), 1).result).toBe(NOT_IP);
    expect(decode(bytes(ETHERNET, '0000', packet), 1).result).toBe(NOT_IP);
    expect(decode(bytes(ETHERNET, '8864 1100 0001 0022 c021', packet), 1).result).toBe(NOT_IP);
    expect(decode(bytes(ETHERNET, '8847 00010140', '00000000', packet), 1).result).toBe(NOT_IP);
    expect(decode(bytes(ETHERNET, '0800', ipv6(UDP_PACKET, 17)), 1).result).toBe(MALFORMED);
    expect(decode(bytes(ETHERNET, '8100 0001'.repeat(9), '0800', packet), 1).result).toBe(MALFORMED);
    expect(decode(packet, 147).result).toBe(LINK_UNKNOWN);
  });
});

describe('IPv4', () => {
  it('with options', () => {
    const { header } = decode(ipv4(UDP_PACKET, { options: '0101010101010101' }), 101);
    expect([header[IP_BYTES], header[SOURCE_PORT], header[PAYLOAD_LENGTH]]).toEqual([40, 12_345, 4]);
  });

  it('of length 0 (segmentation offload) counts what was on the wire', () => {
    const frame = bytes(ETHERNET, '0800', ipv4(UDP_PACKET, { total: 0 }));
    const { result, header } = decode(frame, 1, 1514);
    expect([result, header[IP_BYTES], header[PAYLOAD_LENGTH], header[PAYLOAD_CAPTURED]]).toEqual([
      DECODED,
      1500,
      1472,
      4,
    ]);
  });

  it('fragments: the first has ports, later ones none', () => {
    const first = decode(ipv4(UDP_PACKET, { fragment: 0x2000 }), 101).header;
    expect([first[FRAGMENT], first[SOURCE_PORT]]).toEqual([1, 12_345]);
    const later = decode(ipv4(UDP_PACKET, { fragment: 0x2005 }), 101).header;
    expect([later[FRAGMENT], later[SOURCE_PORT], later[IP_BYTES]]).toEqual([2, 0, 32]);
  });

  it('with lying lengths is malformed', () => {
    expect(decode(ipv4(UDP_PACKET, { total: 12 }), 101).result).toBe(MALFORMED);
    expect(decode(bytes('44', ipv4(UDP_PACKET).subarray(1)), 101).result).toBe(MALFORMED);
  });

  it('TCP: flags, sequence and options', () => {
    const segment = bytes('1f90 c001 01020304 00000000 6018 0200 0000 0000 02040218', '6869');
    const { result, header } = decode(ipv4(segment, { transport: 6 }), 101);
    expect(result).toBe(DECODED);
    expect([header[SOURCE_PORT], header[DESTINATION_PORT], header[TCP_SEQUENCE]]).toEqual([8080, 49_153, 0x01020304]);
    expect([header[TCP_FLAGS], header[PAYLOAD_LENGTH], header[PAYLOAD_CAPTURED]]).toEqual([0x18, 2, 2]);
    const short = bytes('1f90 c001 01020304 00000000 4018 0200 0000 0000');
    expect(decode(ipv4(short, { transport: 6 }), 101).result).toBe(MALFORMED);
  });
});

describe('IPv6', () => {
  const EXTENSION = '00 0104 00000000';
  it.each([
    ['none', '', 17],
    ['hop by hop', `11${EXTENSION}`, 0],
    ['routing, destination options', `3c${EXTENSION} 11 01 0104 00000000 0000000000000000`, 43],
    ['mobility, HIP, shim6', `8b${EXTENSION} 8c${EXTENSION} 11${EXTENSION}`, 135],
  ])('extension headers: %s', (_name, extensions, next) => {
    const body = bytes(extensions, UDP_PACKET);
    const decoded = decode(ipv6(body, next), 101);
    expectUdp(decoded);
    expect(decoded.header[IP_BYTES]).toBe(40 + body.length);
    expect([...decoded.header.subarray(SOURCE, DESTINATION + 4)].map((word) => word >>> 0)).toEqual([
      0x20010db8, 0, 0, 2, 0x20010db8, 0, 0, 1,
    ]);
  });

  it('fragments', () => {
    const first = decode(ipv6(bytes('1100 0001 00000009', UDP_PACKET), 44), 101).header;
    expect([first[FRAGMENT], first[SOURCE_PORT]]).toEqual([1, 12_345]);
    const later = decode(ipv6(bytes('1100 0009 00000009', UDP_PACKET), 44), 101).header;
    expect([later[FRAGMENT], later[SOURCE_PORT], later[TRANSPORT]]).toEqual([2, 0, 17]);
    const atomic = decode(ipv6(bytes('1100 0000 00000009', UDP_PACKET), 44), 101).header;
    expect([atomic[FRAGMENT], atomic[SOURCE_PORT]]).toEqual([0, 12_345]);
  });

  it('payload length 0 counts what was on the wire', () => {
    const { header } = decode(ipv6(UDP_PACKET, 17, 0), 101, 9000);
    expect([header[IP_BYTES], header[PAYLOAD_LENGTH]]).toEqual([9000, 9000 - 48]);
  });

  it('endless extension headers are malformed', () => {
    expect(decode(ipv6(bytes(`00${EXTENSION}`.repeat(40)), 0), 101).result).toBe(MALFORMED);
    expect(decode(ipv6(bytes('11ff 0104 00000000', UDP_PACKET), 0), 101).result).toBe(MALFORMED);
  });
});

describe('ICMP', () => {
  it('has type and code for ports, an answer those of its request', () => {
    const request = decode(ipv4(bytes('0800 0000 0001 0001'), { transport: 1 }), 101).header;
    const answer = decode(ipv4(bytes('0000 0000 0001 0001'), { transport: 1 }), 101).header;
    expect([request[SOURCE_PORT], request[DESTINATION_PORT], request[ICMP_ANSWER]]).toEqual([8, 0, 0]);
    expect([answer[SOURCE_PORT], answer[DESTINATION_PORT], answer[ICMP_ANSWER]]).toEqual([0, 8, 1]);
  });

  it('told to a group answers nobody', () => {
    const advertisement = ipv6(bytes('8600 0000 40000000'), 58);
    expect(decode(advertisement, 101).header[ICMP_ANSWER]).toBe(1);
    advertisement.set(bytes('ff02'), 24);
    const { header } = decode(advertisement, 101);
    expect([header[ICMP_ANSWER], header[SOURCE_PORT], header[DESTINATION_PORT]]).toEqual([0, 134, 0]);
  });
});

describe('any bytes', () => {
  const seeds = [ipv4(UDP_PACKET), ipv6(bytes('3c00010400000000 1100 0001 00000009', UDP_PACKET), 0)];
  const almost = fc
    .tuple(fc.constantFrom(...seeds), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 5 }))
    .map(([seed, changes]) => {
      const frame = Buffer.from(seed);
      for (const [place, value] of changes) frame[place % frame.length] = value;
      return frame;
    });

  it('never throw, nor does anything outside the frame matter', () => {
    const frames = fc.oneof(fc.uint8Array({ maxLength: 120 }), almost);
    fc.assert(
      fc.property(frames, fc.constantFrom(...LINK_TYPES), fc.nat(70_000), (frame, linkType, extra) => {
        const { result, header } = decode(frame, linkType, frame.length + extra);
        if (result !== DECODED) return;
        expect(header[PAYLOAD_CAPTURED]).toBeGreaterThanOrEqual(0);
        expect(header[PAYLOAD_CAPTURED]).toBeLessThanOrEqual(header[PAYLOAD_LENGTH]);
        const payloadEnd = header[PAYLOAD_CAPTURED] === 0 ? 0 : header[PAYLOAD] + header[PAYLOAD_CAPTURED];
        expect(payloadEnd).toBeLessThanOrEqual(64 + frame.length);
        expect(header[SOURCE_PORT]).toBeGreaterThanOrEqual(0);
        expect(header[SOURCE_PORT]).toBeLessThanOrEqual(65_535);
        expect(header[IP_BYTES]).toBeGreaterThan(0);
      }),
    );
  });
});
