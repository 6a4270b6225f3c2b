import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CUT_SHORT,
  DECODED,
  DEPTH,
  type DecodeResult,
  DESTINATION_PORT,
  HEADER_WORDS,
  IP_BYTES,
  MALFORMED,
  NOT_IP,
  PAYLOAD,
  PAYLOAD_CAPTURED,
  PAYLOAD_LENGTH,
  SOURCE,
  SOURCE_PORT,
} from '../../electron/decode/packet-header.ts';
import { decodePacket } from '../../electron/decode/link-layer.ts';
import { decodeTunnel } from '../../electron/decode/tunnel.ts';
import { bytes, ETHERNET, ipv4, ipv6, u16, UDP_PACKET } from './frames.ts';

fc.configureGlobal({ seed: 20_170_517, numRuns: 1000 });

const INNER = ipv4(UDP_PACKET);
const INNER6 = ipv6(UDP_PACKET, 17);
const FRAME = bytes(ETHERNET, '0800', INNER);
const SNAP = 'aaaa03 000000 0800';
const WLAN = `${'020000000001'.repeat(3)}`;

/** A UDP datagram to this port, from it, or between others. */
function udp(body: Uint8Array, destination: number, source = 40_000): Buffer {
  return ipv4(bytes(u16(source), u16(destination), u16(8 + body.length), '0000', body));
}
const gre = (flags: string, type: string, ...body: (string | Uint8Array)[]): Buffer =>
  ipv4(bytes(flags, type, ...body), { transport: 47 });

/** The packet inside a raw IP packet, of which `captured` bytes are there; other bytes lie around it. */
function inside(packet: Uint8Array, captured = packet.length): { result: DecodeResult; inner: Int32Array } {
  const results = [0xff, 0x45].map((around) => {
    const buffer = Buffer.concat([Buffer.alloc(64, around), packet.subarray(0, captured), Buffer.alloc(64, around)]);
    const outer = new Int32Array(HEADER_WORDS);
    const inner = new Int32Array(HEADER_WORDS);
    inner[DEPTH] = 1;
    if (decodePacket(buffer, 64, 64 + captured, packet.length, 101, outer) !== DECODED) return null;
    const result = decodeTunnel(buffer, outer, inner);
    return { result, inner };
  });
  const [one, other] = results;
  if (one === null || other === null) return { result: NOT_IP, inner: new Int32Array(HEADER_WORDS) };
  expect(one.result).toBe(other.result);
  expect(one.result === DECODED ? other.inner : null).toEqual(one.result === DECODED ? one.inner : null);
  return one;
}

function expectInner({ result, inner }: ReturnType<typeof inside>, ipBytes = 32): void {
  expect(result).toBe(DECODED);
  expect([inner[SOURCE_PORT], inner[DESTINATION_PORT], inner[IP_BYTES]]).toEqual([12_345, 53, ipBytes]);
  expect([inner[PAYLOAD_CAPTURED], inner[PAYLOAD_LENGTH], inner[DEPTH]]).toEqual([4, 4, 1]);
}

const teredoInner = bytes(
  '60000000 000c 11 40',
  '2001000053aa064c0000fbfe3f57fffe 20010db8000000000000000000000001',
  UDP_PACKET,
);
const gtp = (flags: string, ...rest: (string | Uint8Array)[]): Buffer => {
  const body = bytes(...rest);
  return bytes(flags, 'ff', u16(body.length), '00000001', body);
};
const l2tp = (flags: string, ...rest: (string | Uint8Array)[]): Buffer => bytes(flags, ...rest);

const BY_PROTOCOL: readonly (readonly [name: string, packet: Buffer, ipBytes?: number])[] = [
  ['IP in IP', ipv4(INNER, { transport: 4 })],
  ['6in4', ipv4(INNER6, { transport: 41 }), 52],
  ['4in6', ipv6(INNER, 4)],
  ['IPv6 in IPv6', ipv6(INNER6, 41), 52],
  ['IP in IP behind an authentication header', ipv4(bytes('0404 0000', '00'.repeat(20), INNER), { transport: 51 })],
  ['GRE', gre('0000', '0800', INNER)],
  ['GRE with checksum, key and sequence', gre('b000', '0800', '00000000 00000001 00000002', INNER)],
  ['GRE with IPv6', gre('0000', '86dd', INNER6), 52],
  ['GRE over IPv6', ipv6(bytes('0000 0800', INNER), 47)],
  ['GRE, bridged', gre('2000', '6558', '00000001', FRAME)],
  ['GRE with MPLS', gre('0000', '8847', '00010140', INNER)],
  ['GRE of WCCP', gre('0000', '883e', '00000000', INNER)],
  ['PPTP', gre('3001', '880b', '00220001 00000001', 'ff03 0021', INNER)],
  ['PPTP with acknowledgement, compressed PPP', gre('3081', '880b', '00210001 00000001 00000001', '21', INNER)],
  ['ERSPAN I', gre('0000', '88be', FRAME)],
  ['ERSPAN II', gre('1000', '88be', '00000001 10010001 00000000', FRAME)],
  ['ERSPAN III', gre('1000', '22eb', '00000001 20010001 00000000 00000000', FRAME)],
  ['ERSPAN III, IP alone', gre('1000', '22eb', '00000001 20010001 00000000 00000800', INNER)],
  ['ERSPAN III with a subheader', gre('1000', '22eb', '00000001 20010001 00000000 00000001', '00'.repeat(8), FRAME)],
  ['EtherIP', ipv4(bytes('3000', FRAME), { transport: 97 })],
  ['MPLS in IP', ipv4(bytes('00010140', INNER), { transport: 137 })],
  ['L2TPv3', ipv4(bytes('00000001', FRAME), { transport: 115 })],
];

const IN_UDP: readonly (readonly [name: string, port: number, body: Buffer, ipBytes?: number])[] = [
  ['VXLAN', 4789, bytes('08000000 00000100', FRAME)],
  ['VXLAN on the port of Linux', 8472, bytes('08000000 00000100', FRAME)],
  ['VXLAN-GPE, IPv6', 4790, bytes('0c000002 00000100', INNER6), 52],
  ['VXLAN-GPE, NSH', 4790, bytes('0c000004 00000100 0fc6 0101 00000101', '00'.repeat(16), INNER)],
  ['Geneve', 6081, bytes('0000 6558 00000100', FRAME)],
  ['Geneve with options', 6081, bytes('0200 0800 00000100', '00'.repeat(8), INNER)],
  ['MPLS', 6635, bytes('00010140', INNER)],
  ['GRE', 4754, bytes('0000 0800', INNER)],
  ['LISP', 4341, bytes('80000001 00000001', INNER)],
  ['TZSP', 37_008, bytes('0100 0001 0a01c8 00 01', FRAME)],
  ['TZSP, wireless', 37_008, bytes('0100 0012 01', `0801 0000 ${WLAN} 1000 ${SNAP}`, INNER)],
  ['GTP-U', 2152, gtp('30', INNER)],
  ['GTP-U with a sequence number', 2152, gtp('32', '00010000', INNER)],
  ['GTP version 0', 3386, bytes('1eff', u16(INNER.length), '00010002 ffffffff 0011223344556677', INNER)],
  ['GTP-U with extensions', 2152, gtp('34', '000000c0 01000185 01000100', INNER)],
  ['Teredo', 3544, teredoInner, 52],
  ['Teredo between clients', 40_001, teredoInner, 52],
  ['Teredo with origin', 3544, bytes('0000 3a2b 3f57fffe', teredoInner), 52],
  [
    'Teredo with authentication and origin',
    3544,
    bytes('0001 0000', '00'.repeat(9), '0000 3a2b 3f57fffe', teredoInner),
    52,
  ],
  ['L2TPv2', 1701, l2tp('0002 0001 0001', 'ff03 0021', INNER)],
  ['L2TPv2 with length, sequence and offset', 1701, l2tp('4a02 0032 0001 0001 0001 0001 0002 0000', '0021', INNER)],
  ['L2TPv3', 1701, bytes('0003 0000 00000001', FRAME)],
  [
    'L2TPv3 with cookie and sequence, PPP',
    1701,
    bytes('0003 0000 00000001', 'aaaaaaaaaaaaaaaa', '40000001', 'ff03 0021', INNER),
  ],
  ['AYIYA', 5072, bytes('4152 11 29 00000000', '00'.repeat(16), '00'.repeat(20), INNER6), 52],
  ['CAPWAP', 5247, bytes('00100200 00000000', FRAME)],
  ['CAPWAP, wireless', 5247, bytes('00100300 00000000', `0801 0000 ${WLAN} 1000 ${SNAP}`, INNER)],
  ['CAPWAP, wireless, swapped', 5247, bytes('00100300 00000000', `0108 0000 ${WLAN} 0010 ${SNAP}`, INNER)],
];

describe('tunnels', () => {
  it.each(BY_PROTOCOL.map(([name, packet, ipBytes = 32]) => [name, packet, ipBytes] as const))('%s', (...row) => {
    const [, packet, ipBytes] = row;
    expectInner(inside(packet), ipBytes);
    // All but the last bytes of the inner header cut off: said so, since the outer header says what is inside.
    const kept = inside(packet, packet.length - UDP_PACKET.length - 10).result;
    expect([CUT_SHORT, NOT_IP]).toContain(kept);
  });

  it.each(IN_UDP.map(([name, port, body, ipBytes = 32]) => [name, port, body, ipBytes] as const))(
    'in UDP: %s',
    (...row) => {
      const [, port, body, ipBytes] = row;
      expectInner(inside(udp(body, port)), ipBytes);
      // A length that does not fit to the inner packet's own: no tunnel.
      expect(inside(udp(body.subarray(0, -1), port)).result).toBe(NOT_IP);
      expect(inside(udp(bytes(body, Buffer.alloc(70)), port)).result).toBe(NOT_IP);
      expect(inside(udp(body, 40_001)).result).toBe(body.equals(teredoInner) ? DECODED : NOT_IP);
    },
  );

  it('in UDP: either end of the port for those where both have it', () => {
    const ends = IN_UDP.map(([name, port, body]) => [name, inside(udp(body, 40_001, port)).result] as const);
    const oneWay = ends.filter(([, result]) => result === NOT_IP).map(([name]) => name.split(/[ ,-]/)[0]);
    expect([...new Set(oneWay)]).toEqual(['VXLAN', 'Geneve', 'MPLS', 'GRE', 'LISP', 'TZSP']);
  });

  it('a mirrored frame that the switch cut is the part of its packet that is there', () => {
    const { result, inner } = inside(gre('1000', '88be', '00000001 10010401 00000000', FRAME.subarray(0, -3)));
    expect([result, inner[SOURCE_PORT], inner[PAYLOAD_CAPTURED]]).toEqual([DECODED, 12_345, 1]);
    expect(inside(gre('1000', '88be', '00000001 10010001 00000000', FRAME.subarray(0, -3))).result).toBe(MALFORMED);
  });

  it('what only looks like one stays what it is', () => {
    const nothing: Buffer[] = [
      // Other versions and message types of GTP, GTP' and Echo.
      udp(gtp('50', INNER), 2152),
      udp(gtp('20', INNER), 2152),
      udp(bytes('3001 0004 00000000 00010e00'), 2152),
      // Its error indication, with the extension that names a port; its control messages.
      udp(bytes('341a 0014 00000000 00000040 01086800 1000001234 8500040a000001'), 2152),
      udp(bytes('3210 0004 00000000 00010000'), 2123),
      udp(bytes('1e01 0000 00010002 ffffffff 0011223344556677'), 3386),
      // L2TP control, Teredo without a Teredo address, AYIYA that forwards nothing, GRE of another version.
      udp(bytes('c802 000c 0001 0000 0000 0000'), 1701),
      udp(INNER6, 3544),
      udp(bytes('4152 10 29 00000000', '00'.repeat(16), '00'.repeat(20), INNER6), 5072),
      gre('0007', '0800', INNER),
      gre('3001', '880b', '00000001 00000001'),
      // An acknowledgement of PPTP alone, and a keep-alive of GRE.
      gre('2081', '880b', '00000001 00000001'),
      gre('0000', '0000'),
      // ARP in VXLAN, CAPWAP in DTLS and in fragments, STP in GRE.
      udp(bytes('08000000 00000100', ETHERNET, '0806', '00'.repeat(28)), 4789),
      udp(bytes('01000000', FRAME), 5247),
      udp(bytes('00100280 00000000', FRAME), 5247),
      gre('0000', '0026', '424203', '00'.repeat(35)),
      // The packet that an ICMP error quotes.
      ipv4(bytes('0303 0000 00000000', INNER), { transport: 1 }),
    ];
    expect(nothing.map((packet) => inside(packet).result)).toEqual(nothing.map(() => NOT_IP));
    expect(inside(ipv4(INNER6, { transport: 4 })).result).toBe(MALFORMED);
    expect(inside(ipv4(INNER.subarray(0, 12), { transport: 4 })).result).toBe(MALFORMED);
  });

  it('never throws nor reads beyond the packet, and what it finds lies inside', () => {
    const seeds = [...BY_PROTOCOL.map(([, packet]) => packet), ...IN_UDP.map(([, port, body]) => udp(body, port))];
    const changed = fc
      .tuple(fc.constantFrom(...seeds), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }), fc.nat())
      .map(([seed, changes, cut]) => {
        const packet = Buffer.from(seed);
        for (const [place, value] of changes) packet[20 + (place % (packet.length - 20))] = value;
        return { packet, captured: packet.length - (cut % 3 === 0 ? cut % 60 : 0) };
      });
    fc.assert(
      fc.property(changed, ({ packet, captured }) => {
        const { result, inner } = inside(packet, Math.max(0, captured));
        if (result !== DECODED) return;
        const payloadEnd = inner[PAYLOAD_CAPTURED] === 0 ? 0 : inner[PAYLOAD] + inner[PAYLOAD_CAPTURED];
        expect(payloadEnd).toBeLessThanOrEqual(64 + captured);
        expect(inner[IP_BYTES]).toBeLessThanOrEqual(packet.length);
        expect(inner[SOURCE + 2] === 0xffff || inner[IP_BYTES] >= 40).toBe(true);
      }),
    );
  });
});
