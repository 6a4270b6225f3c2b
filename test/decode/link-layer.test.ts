import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeSubframe, hasSubframe } from '../../electron/decode/ieee80211.ts';
import { decodePacket } from '../../electron/decode/link-layer.ts';
import { linkTypeName } from '../../electron/decode/link-type-names.ts';
import {
  AGGREGATE,
  CUT_SHORT,
  DECODED,
  type DecodeResult,
  DESTINATION,
  ENCRYPTED,
  HEADER_WORDS,
  IP_BYTES,
  LINK_UNKNOWN,
  MALFORMED,
  NOT_IP,
  PAYLOAD,
  PAYLOAD_CAPTURED,
  PAYLOAD_LENGTH,
  SOURCE,
  SOURCE_PORT,
} from '../../electron/decode/packet-header.ts';
import { bytes, decode, ETHERNET, expectUdp, ipv4, ipv6, UDP_PACKET } from './frames.ts';

fc.configureGlobal({ seed: 20_170_517, numRuns: 1000 });

const LINK_TYPES = [
  0, 1, 6, 7, 8, 9, 10, 12, 14, 19, 50, 51, 100, 101, 104, 105, 106, 107, 108, 109, 113, 117, 119, 122, 123, 127, 129,
  130, 131, 135, 137, 138, 149, 163, 166, 167, 168, 178, 179, 180, 181, 183, 192, 204, 205, 206, 219, 226, 228, 229,
  239, 240, 258, 276, 281, 282, 284, 285, 289,
];

/** A frame of 802.11 that holds several packets, with what becomes of each. */
function expectAggregate(frame: Buffer, results: readonly DecodeResult[], originalLength = frame.length): void {
  expect(decode(frame, 105, originalLength).result).toBe(AGGREGATE);
  const header = new Int32Array(HEADER_WORDS);
  const surrounded = Buffer.concat([Buffer.alloc(64, 0xff), frame, Buffer.alloc(64, 0xff)]);
  decodePacket(surrounded, 64, 64 + frame.length, originalLength, 105, header);
  const got: DecodeResult[] = [];
  while (hasSubframe(header)) {
    const result = decodeSubframe(surrounded, header);
    if (result === DECODED) expectUdp({ result, header });
    got.push(result);
  }
  expect(got).toEqual(results);
}

const packet = ipv4(UDP_PACKET);
const MACS = '020000000001 020000000002 020000000003';
const SNAP = 'aaaa03 000000';
/** Data from the station to the access point; with quality of service. */
const WLAN = `0801 0000 ${MACS} 1000`;
const QOS = `8801 0000 ${MACS} 1000 0000`;
const RADIOTAP = '0000 0c00 00800000 10020000';

/** Link headers before an IPv4 packet, of which every cut is seen as one. */
const LINKS: readonly (readonly [name: string, linkType: number, link: string])[] = [
  ['Ethernet', 1, `${ETHERNET} 0800`],
  ['one VLAN tag', 1, `${ETHERNET} 8100 0064 0800`],
  ['a stack of VLAN tags', 1, `${ETHERNET} 88a8 0001 9100 0002 8100 0003 9200 0004 0800`],
  ['VN-Tag', 1, `${ETHERNET} 8926 00010002 0800`],
  ['802.1BR', 1, `${ETHERNET} 893f 000100020003 0800`],
  ['802.1ah', 1, `${ETHERNET} 88a8 0001 88e7 00123456 ${ETHERNET} 0800`],
  ['TRILL', 1, `${ETHERNET} 22f3 0041 0001 0002 00000000 ${ETHERNET} 0800`],
  ['MACsec with integrity only', 1, `${ETHERNET} 88e5 2000 00000001 0200000000020001 0800`],
  ['802.3 with SNAP', 1, `${ETHERNET} 0028 ${SNAP} 0800`],
  ['802.3 with SNAP behind a tag, bridge-tunnel prefix', 1, `${ETHERNET} 8100 0001 0028 aaaa03 0000f8 0800`],
  ['802.3 with IP in LLC', 1, `${ETHERNET} 0023 060603`],
  ["Cisco's ISL", 1, `01000c000000 020000000002 0044 aaaa03 00000c 00c8 0000 0000 ${ETHERNET} 0800`],
  ['MPLS', 1, `${ETHERNET} 8847 00010040 00020140`],
  ['PPPoE', 1, `${ETHERNET} 8864 1100 0001 0022 0021`],
  ['PPPoE with a short protocol, behind a tag', 1, `${ETHERNET} 8100 0001 8864 1100 0001 0021 21`],
  ['NSH', 1, `${ETHERNET} 894f 0fc2 0101 00000101`],
  ['Linux cooked', 113, '0000 0001 0006 020000000002 0000 0800'],
  ['Linux cooked, LLC', 113, `0000 0001 0006 020000000002 0000 0004 ${SNAP} 0800`],
  ['Linux cooked, PPP device', 113, '0000 0200 0000 0000000000000000 0800'],
  ['Linux cooked, Frame Relay device', 113, '0000 0302 0000 0000000000000000 0000 0401 03cc'],
  ['Linux cooked, radiotap device', 113, `0000 0323 0000 0000000000000000 0000 ${RADIOTAP} ${WLAN} ${SNAP} 0800`],
  ['Linux cooked, wireless device, sent by the machine itself', 113, '0004 0321 0006 020000000002 0000 0800'],
  ['Linux cooked 2', 276, '0800 0000 00000002 0001 00 06 020000000002 0000'],
  ['Linux cooked 2, wireless device', 276, `0000 0000 00000002 0321 00 06 020000000002 0000 ${WLAN} ${SNAP} 0800`],
  ['loopback, little-endian', 0, '02000000'],
  ['loopback, big-endian', 108, '00000002'],
  ['raw', 101, ''],
  ['raw, as BSD numbers it', 12, ''],
  ['IPv4', 228, ''],
  ['SLIP', 8, '00'.repeat(16)],
  ['PPP', 9, 'ff03 0021'],
  ['PPP without address', 9, '0021'],
  ['PPP in HDLC', 50, 'ff03 21'],
  ['PPP with MPLS', 9, 'ff03 0281 00010140'],
  ['PPP multilink, long numbers', 9, 'ff03 003d 80000001 0021'],
  ['PPP multilink, short numbers', 9, 'ff03 003d c001 21'],
  ['PPP behind a direction', 204, '01 ff03 0021'],
  ['PPP of pppd', 166, '0103 0021'],
  ['Cisco HDLC where PPP is said', 9, '0f00 0800'],
  ['PPPoE frames', 51, '1100 0001 0022 0021'],
  ['Cisco HDLC', 104, '0f00 0800'],
  ['Cisco HDLC behind a direction', 205, '00 0f00 0800'],
  ['Frame Relay', 107, '0401 03 cc'],
  ['Frame Relay, long address', 107, '04000203 03 cc'],
  ['Frame Relay, SNAP', 107, '0401 03 00 80 000000 0800'],
  ['Frame Relay, bridged', 107, `0401 03 00 80 0080c2 0007 ${ETHERNET} 0800`],
  ['Frame Relay, PPP', 206, '00 0401 03 cf 0021'],
  ['Frame Relay of Cisco', 107, '0401 0800'],
  ['Token Ring', 6, `1040 020000000001 020000000002 ${SNAP} 0800`],
  ['Token Ring with a route', 6, `1040 020000000001 820000000002 06c0 0011 0020 ${SNAP} 0800`],
  ['FDDI', 10, `57 020000000001 020000000002 ${SNAP} 0800`],
  ['ATM, LLC', 100, `${SNAP} 0800`],
  ['SunATM', 123, `02000064 ${SNAP} 0800`],
  ['IP over Fibre Channel', 122, `${'00'.repeat(16)} ${SNAP} 0800`],
  ['IP over IEEE 1394', 138, `0200000000000001 0200000000000002 0800`],
  ['OpenBSD enc', 109, '02000000 00001000 00000002'],
  ['OpenBSD pflog', 117, `3d020000 ${'00'.repeat(60)}`],
  ['Solaris ipnet', 226, `0202 0000 ${'00'.repeat(20)}`],
  ['netANALYZER', 240, `00000000 ${ETHERNET} 0800`],
  ['switch tag', 281, `${ETHERNET} 00000001 0800`],
  ['switch tag in front', 282, `00000001 ${ETHERNET} 0800`],
  ['switch tag with its own type', 285, `${ETHERNET} dada0000 00010000 0800`],
  ['MPLS alone', 219, '00010140'],
  ['802.11', 105, `${WLAN} ${SNAP} 0800`],
  ['802.11 between access points', 105, `0803 0000 ${MACS} 1000 020000000004 ${SNAP} 0800`],
  ['802.11, quality of service', 105, `${QOS} ${SNAP} 0800`],
  ['802.11, HT control', 105, `8881 0000 ${MACS} 1000 0000 00000000 ${SNAP} 0800`],
  ['802.11s, one hop', 105, `8802 0000 ${MACS} 1000 0001 00 1f 00000001 ${SNAP} 0800`],
  [
    '802.11s, through a mesh',
    105,
    `8803 0000 ${MACS} 1000 020000000004 0001 02 1f 00000001 ${MACS.slice(0, 25)} ${SNAP} 0800`,
  ],
  ['radiotap', 127, `${RADIOTAP} ${QOS} ${SNAP} 0800`],
  ['Prism', 119, `44000000 90000000 ${'00'.repeat(136)} ${WLAN} ${SNAP} 0800`],
  ['AVS where Prism is said', 119, `80211001 00000040 ${'00'.repeat(56)} ${WLAN} ${SNAP} 0800`],
  ['AVS', 163, `80211001 00000040 ${'00'.repeat(56)} ${WLAN} ${SNAP} 0800`],
  ['PPI', 192, `0000 0800 69000000 ${WLAN} ${SNAP} 0800`],
  ['ARCNET of BSD, RFC 1201', 7, '0200 d4 00 0001'],
  ['ARCNET of BSD, RFC 1051', 7, '0200 f0'],
  ['ARCNET of BSD, exception frame', 7, '0200 d4 ff0000 d4 00 0001'],
  ['ARCNET of BSD, first frame of a split packet', 7, '0200 d4 01 0001'],
  ['ARCNET of Linux, RFC 1201', 129, '0200 00c0 d4 00 0001'],
  ['ARCNET of Linux, RFC 1051', 129, '0200 00c0 f0'],
  ['Juniper, multilink PPP, its own cookie', 130, '4d474301 0001 0021'],
  ['Juniper, multilink PPP, a link of a bundle', 130, '4d474301 ff030021'],
  ['Juniper, multilink PPP, link services', 130, '4d474300 54000001 0021'],
  ['Juniper, multilink PPP, adaptive services', 130, '4d474300 4700000000000008'],
  ['Juniper, multilink Frame Relay', 131, '4d474301 0001 03 cc'],
  ['Juniper, multilink Frame Relay, link services', 131, '4d474301 54000001 03 cc'],
  ['Juniper, multilink Frame Relay, adaptive services', 131, '4d474300 4700000000200008 00064140'],
  ['Juniper, ATM1, LLC', 137, `4d474301 01000020 ${SNAP} 0800`],
  ['Juniper, ATM1, NLPID of Cisco', 137, '4d474301 01000020 03cc'],
  ['Juniper, ATM1, NLPID in LLC', 137, '4d474301 01000020 fefe03 cc'],
  ['Juniper, ATM2, LLC', 135, `4d474301 0000002000000000 ${SNAP} 0800`],
  ['Juniper, ATM2, bridged', 135, `4d474300 0000002100000000 ${ETHERNET} 0800`],
  ['Juniper, ATM2, PPP', 135, '4d474301 0000002100000000 0021'],
  ['Juniper, ATM2, IP alone', 135, '4d474301 0000002100000000'],
  ['Juniper, PPPoE', 167, `4d474301 ${ETHERNET} 8864 1100 0001 0022 0021`],
  ['Juniper, PPPoE over ATM', 168, '4d474301 8864 1100 0001 0022 0021'],
  ['Juniper, Ethernet with extensions', 178, `4d474381 0006 030106 0e0102 ${ETHERNET} 0800`],
  ['Juniper, Ethernet, no link header', 178, '4d474303 02000000'],
  ['Juniper, PPP', 179, '4d474301 ff030021'],
  ['Juniper, Frame Relay', 180, '4d474301 0401 03cc'],
  ['Juniper, Cisco HDLC', 181, '4d474301 0f00 0800'],
  ['Juniper, voice', 183, `4d474301 ${'00'.repeat(18)}`],
  ['ATSC 3.0', 289, '0020'],
  ['ATSC 3.0, long header with sub-stream and extension', 289, '0820 03 07 f001 0102'],
  ['ATSC 3.0, first segment', 289, '1020 00'],
  ['PKTAP', 258, `0c000000 01000000 01000000 ${ETHERNET} 0800`],
];

describe('link layers', () => {
  it.each(LINKS)('%s', (_name, linkType, link) => {
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

  it.each([
    ['Ethernet pseudowire with a control word', 1, `${ETHERNET} 8847 00010140 00000000 ${ETHERNET} 0800`],
    ['Ethernet pseudowire without', 1, `${ETHERNET} 8847 00010140 ${ETHERNET} 0800`],
    ["Ethernet pseudowire to a card of IPv4's nibble", 1, `${ETHERNET} 8847 00010140 4c5e0c112233 020000000001 0800`],
    ["Ethernet pseudowire to a card of IPv6's nibble", 1, `${ETHERNET} 8847 00010140 60fb42112233 020000000001 0800`],
    [
      "Ethernet pseudowire to a card of the channel's nibble",
      1,
      `${ETHERNET} 8847 00010140 10bf48112233 020000000001 0800`,
    ],
    ['802.11 with a padded header', 105, `${QOS} 0000 ${SNAP} 0800`],
    ['netfilter log, little-endian', 239, '0200 0000 0800 0100 08000100 2400 0900'],
    ['netfilter log, big-endian', 239, '0200 0000 0008 0001 08000100 0024 0009'],
  ])('%s', (_name, linkType, link) => {
    const decoded = decode(bytes(link, packet), linkType);
    expectUdp(decoded);
    expect(decoded.header[IP_BYTES]).toBe(32);
  });

  it('802.11: what is encrypted, aggregated, or no data', () => {
    const llc = bytes(SNAP, '0800', packet);
    expect(decode(bytes(`0841 0000 ${MACS} 1000`, llc), 105).result).toBe(ENCRYPTED);
    const subframe = bytes('020000000001 020000000002 0028', llc);
    const one = bytes(`8801 0000 ${MACS} 1000 8000`, subframe);
    expectAggregate(one, [DECODED]);
    expectAggregate(bytes(one, '0000', subframe), [DECODED, DECODED]);
    // One that carries no IP stands before another; a check sequence behind them is none.
    const arp = bytes('020000000001 020000000002 0024', SNAP, '0806', Buffer.alloc(28));
    expectAggregate(bytes(`8801 0000 ${MACS} 1000 8000`, arp, '0000', subframe, '0000 01020304'), [NOT_IP, DECODED]);
    // What is cut off, and what lies about its length, is the last.
    expectAggregate(bytes(one, '0000', subframe.subarray(0, 10)), [DECODED, CUT_SHORT], one.length + 200);
    expectAggregate(bytes(one, '0000 020000000001 020000000002 ffff', llc, subframe), [DECODED, MALFORMED]);
    expect(decode(bytes(`8801 0000 ${MACS} 1000 8000 020000000001 020000000002 ffff`, llc), 105).result).toBe(
      MALFORMED,
    );
    const inMesh = bytes('020000000001 020000000002 002e 00 1f 00000001', llc);
    expectAggregate(bytes(`8802 0000 ${MACS} 1000 8001`, inMesh, inMesh), [DECODED, DECODED]);
    // Outside of a mesh the bit means something else.
    expectUdp(decode(bytes(`8802 0000 ${MACS} 1000 0001`, llc), 105));
    // Beacon, null data, later fragment, acknowledgement.
    for (const frame of [`8000 0000 ${MACS} 1000`, `4801 0000 ${MACS} 1000`, `0801 0000 ${MACS} 1100`]) {
      expect(decode(bytes(frame, llc), 105).result).toBe(NOT_IP);
    }
    expect(decode(bytes('d400 0000 020000000001'), 105).result).toBe(NOT_IP);
  });

  it('that carry no IP, or are not known, are told apart from damage', () => {
    expect(decode(bytes(ETHERNET, '0806', Buffer.alloc(28)), 1).result).toBe(NOT_IP);
    expect(decode(bytes(ETHERNET, '0000', packet), 1).result).toBe(NOT_IP);
    expect(decode(bytes(ETHERNET, '0026 424203', packet), 1).result).toBe(NOT_IP);
    expect(decode(bytes(ETHERNET, '88e5 2c00 00000001', packet), 1).result).toBe(ENCRYPTED);
    expect(decode(bytes(ETHERNET, '8864 1100 0001 0022 c021', packet), 1).result).toBe(NOT_IP);
    expect(decode(bytes(ETHERNET, '8847 00010140', '00000000', packet), 1).result).toBe(NOT_IP);
    expect(decode(bytes(ETHERNET, '8847 00010140', '10000021', packet), 1).result).toBe(NOT_IP);
    expect(decode(bytes('ff03 003d 00000002 0021', packet), 9).result).toBe(NOT_IP);
    expect(decode(bytes(ETHERNET, '0800', ipv6(UDP_PACKET, 17)), 1).result).toBe(MALFORMED);
    expect(decode(bytes(ETHERNET, '8100 0001'.repeat(9), '0800', packet), 1).result).toBe(MALFORMED);
    // Not the first frame of a split packet; ARP; a maintenance cell; no magic number; signalling; concatenated
    // packets; an extension alone.
    expect(decode(bytes('0200 d4 02 0001', packet), 7).result).toBe(NOT_IP);
    expect(decode(bytes('0200 00c0 d5 00 0001', packet), 129).result).toBe(NOT_IP);
    expect(decode(bytes('4d474301 80000000', packet), 137).result).toBe(NOT_IP);
    expect(decode(bytes('4d474301 0000000000000010', packet), 135).result).toBe(NOT_IP);
    expect(decode(bytes('4d474301 4700000000300000', packet), 130).result).toBe(NOT_IP);
    expect(decode(bytes(ETHERNET, '0800', packet), 178).result).toBe(MALFORMED);
    expect(decode(bytes('8020', packet), 289).result).toBe(NOT_IP);
    expect(decode(bytes('1820 00', packet), 289).result).toBe(NOT_IP);
    expect(decode(bytes('0800 05 f10000'), 289).result).toBe(NOT_IP);
    expect(decode(packet, 147).result).toBe(LINK_UNKNOWN);
    expect([1, 187, 189, 227, 147, 5000].map(linkTypeName)).toEqual([
      'EN10MB',
      'BLUETOOTH_HCI_H4',
      'USB_LINUX',
      'CAN_SOCKETCAN',
      'USER0',
      'LINKTYPE_5000',
    ]);
  });

  it('cannot be nested without bound', () => {
    const bridged = bytes(`${ETHERNET} 6558`.repeat(10_000), ETHERNET, '0800', packet);
    expect(decode(bridged, 1).result).toBe(MALFORMED);
    const pseudowires = bytes(`${ETHERNET} 8847 00010140 00000000`.repeat(8000), ETHERNET, '0800', packet);
    expect(decode(pseudowires, 1).result).toBe(NOT_IP);
    expect(decode(bytes('0000 0800 c0000000'.repeat(30_000), packet), 192).result).toBe(MALFORMED);
    expect(decode(bytes(ETHERNET, '0010', `${SNAP} 0010`.repeat(30_000)), 1).result).toBe(MALFORMED);
    expect(decode(bytes('ff03 003d c0000001'.repeat(30_000), packet), 9).result).toBe(NOT_IP);
  });
});

describe('any bytes', () => {
  const seeds = [
    ...LINKS.map(([, linkType, link]) => [linkType, bytes(link, packet)] as const),
    [101, ipv6(bytes('3c00010400000000 1100 0001 00000009', UDP_PACKET), 0)] as const,
    [101, ipv4(bytes('11 04 0000 00000001 00000001', '00'.repeat(12), UDP_PACKET), { transport: 51 })] as const,
  ];
  const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 5 });
  const almost = fc.tuple(fc.constantFrom(...seeds), changes).map(([[linkType, seed], changed]) => {
    const frame = Buffer.from(seed);
    for (const [place, value] of changed) frame[place % frame.length] = value;
    return [linkType, frame] as const;
  });
  const random = fc.tuple(fc.constantFrom(...LINK_TYPES), fc.uint8Array({ maxLength: 120 }));

  it('never throw, nor does anything outside the frame matter', () => {
    fc.assert(
      fc.property(fc.oneof(random, almost), fc.nat(70_000), ([linkType, frame], extra) => {
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
