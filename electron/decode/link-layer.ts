import {
  decodeEthernet,
  decodeEtherType,
  decodeFrameRelay,
  decodeHdlc,
  decodeLlc,
  decodeMpls,
  decodePpp,
  decodePppoe,
  decodeTagged,
  LONGEST_802_3,
  MAX_LAYERS,
} from './encapsulation.ts';
import { decodeIeee80211, decodeRadioHeader } from './ieee80211.ts';
import {
  decodeJuniper,
  JUNIPER_ATM1,
  JUNIPER_ATM2,
  JUNIPER_CHDLC,
  JUNIPER_ETHER,
  JUNIPER_FRELAY,
  JUNIPER_MLFR,
  JUNIPER_MLPPP,
  JUNIPER_PPP,
  JUNIPER_PPPOE,
  JUNIPER_PPPOE_ATM,
  JUNIPER_VP,
} from './juniper.ts';
import {
  CUT_SHORT,
  decodeIp,
  decodeIpv4,
  decodeIpv6,
  type DecodeResult,
  LINK_UNKNOWN,
  MALFORMED,
  NOT_IP,
  u16,
} from './packet-header.ts';

/** Frames by their link type (LINKTYPE_ values, tcpdump.org's registry). */

const ETHERTYPE_IPV4 = 0x0800;

/**
 * Decodes one frame into `header`.
 *
 * @param start offset of the frame in `bytes`; `end` (exclusive) is where the captured bytes stop
 * @param originalLength bytes of the frame on the wire
 */
export function decodePacket(
  bytes: Uint8Array,
  start: number,
  end: number,
  originalLength: number,
  linkType: number,
  header: Int32Array,
): DecodeResult {
  const wireEnd = start + originalLength;
  if (linkType !== 1) return decodeLink(bytes, start, end, wireEnd, linkType, header, 0);
  if (end - start < 14) return CUT_SHORT;
  const type = u16(bytes, start + 12);
  if (type === ETHERTYPE_IPV4) return decodeIpv4(bytes, start + 14, end, wireEnd, header);
  return decodeEthernet(bytes, start, end, wireEnd, header, 0);
}

function decodeLink(
  bytes: Uint8Array,
  at: number,
  end: number,
  wireEnd: number,
  linkType: number,
  header: Int32Array,
  layers: number,
): DecodeResult {
  const captured = end - at;
  switch (linkType) {
    case 1:
      return decodeEthernet(bytes, at, end, wireEnd, header, layers);
    // BSD loopback (address families differ between systems and byte orders; IP's own nibble tells as surely), OpenBSD.
    case 0:
    case 108:
      return captured < 4 ? CUT_SHORT : decodeIp(bytes, at + 4, end, wireEnd, header);
    case 12:
    case 14:
    case 101:
    case 228:
    case 229:
      return decodeIp(bytes, at, end, wireEnd, header);
    // Token Ring (IEEE 802.5): LLC frames; the first bit of the source tells whether a route lies behind the addresses.
    case 6: {
      if (captured < 15) return CUT_SHORT;
      if ((bytes[at + 1] & 0xc0) !== 0x40) return NOT_IP;
      const route = (bytes[at + 8] & 0x80) === 0 ? 0 : bytes[at + 14] & 0x1f;
      return decodeLlc(bytes, at + 14 + route, end, wireEnd, header, layers + 1);
    }
    // ARCNET: source and destination of a byte each; Linux has two bytes of the hardware's behind them.
    case 7:
      return decodeArcnet(bytes, at + 2, end, wireEnd, header);
    case 129:
      return decodeArcnet(bytes, at + 4, end, wireEnd, header);
    // SLIP: direction and the compressed header.
    case 8:
      return captured < 16 ? CUT_SHORT : decodeIp(bytes, at + 16, end, wireEnd, header);
    case 9:
    case 50:
      // In either, Cisco's framing begins with the address 0x0f or 0x8f where PPP's begins with 0xff or the protocol.
      if (captured < 4) return CUT_SHORT;
      if (bytes[at] === 0x0f || bytes[at] === 0x8f) return decodeHdlc(bytes, at, end, wireEnd, header, layers);
      return decodePpp(bytes, at, end, wireEnd, header, layers);
    // FDDI: asynchronous LLC frames.
    case 10:
      if (captured < 13) return CUT_SHORT;
      if ((bytes[at] & 0xf0) !== 0x50) return NOT_IP;
      return decodeLlc(bytes, at + 13, end, wireEnd, header, layers + 1);
    // RFC 1483 and classical IP over ATM: LLC, or IP alone.
    case 11:
    case 19:
    case 100:
    case 106:
      if (captured > 0 && bytes[at] >>> 4 === 4) return decodeIpv4(bytes, at, end, wireEnd, header);
      return decodeLlc(bytes, at, end, wireEnd, header, layers + 1);
    case 51:
      return decodePppoe(bytes, at, end, wireEnd, header, layers);
    case 104:
      return decodeHdlc(bytes, at, end, wireEnd, header, layers);
    case 105:
    case 119:
    case 127:
    case 163:
      return decodeRadioHeader(bytes, at, end, wireEnd, linkType, header, layers);
    case 107:
      return decodeFrameRelay(bytes, at, end, wireEnd, header, layers);
    // OpenBSD's enc interface: address family, index, flags.
    case 109:
      return captured < 12 ? CUT_SHORT : decodeIp(bytes, at + 12, end, wireEnd, header);
    // Linux cooked: ARPHRD type at 2, protocol at 14.
    case 113:
      if (captured < 16) return CUT_SHORT;
      return decodeCooked(bytes, at + 16, end, wireEnd, u16(bytes, at + 2), u16(bytes, at + 14), header, layers);
    // OpenBSD's packet filter log: its first byte is its length, padded to four bytes.
    case 117: {
      if (captured < 4) return CUT_SHORT;
      const length = (bytes[at] + 3) & ~3;
      return length < 48 ? NOT_IP : decodeIp(bytes, at + length, end, wireEnd, header);
    }
    // IP over Fibre Channel (RFC 2625): two addresses of eight bytes, then LLC.
    case 122:
      return decodeLlc(bytes, at + 16, end, wireEnd, header, layers + 1);
    // SunATM: the low nibble 2 is LLC.
    case 123:
      if (captured < 4) return CUT_SHORT;
      return (bytes[at] & 15) === 2 ? decodeLlc(bytes, at + 4, end, wireEnd, header, layers + 1) : NOT_IP;
    case JUNIPER_MLPPP:
    case JUNIPER_MLFR:
    case JUNIPER_ATM2:
    case JUNIPER_ATM1:
    case JUNIPER_PPPOE:
    case JUNIPER_PPPOE_ATM:
    case JUNIPER_ETHER:
    case JUNIPER_PPP:
    case JUNIPER_FRELAY:
    case JUNIPER_CHDLC:
    case JUNIPER_VP:
      return decodeJuniper(bytes, at, end, wireEnd, linkType, header, layers);
    // IP over IEEE 1394 as Apple writes it: two addresses of eight bytes, EtherType.
    case 138:
      if (captured < 18) return CUT_SHORT;
      return decodeEtherType(bytes, at + 18, end, wireEnd, u16(bytes, at + 16), header, layers + 1);
    // Apple's PKTAP, by its own number and the private one that Apple took: length, 1, link type (little-endian).
    case 149:
    case 258: {
      if (captured < 12) return CUT_SHORT;
      const length = u32Little(bytes, at);
      if (length < 12 || length > 1024 || u32Little(bytes, at + 4) !== 1) return LINK_UNKNOWN;
      if (layers >= MAX_LAYERS) return MALFORMED;
      return decodeLink(bytes, at + length, end, wireEnd, u32Little(bytes, at + 8), header, layers + 1);
    }
    // PPP as pppd sees it (a direction in place of the address), and PPP, Cisco HDLC and Frame Relay behind a direction.
    case 166:
      return captured < 2 ? CUT_SHORT : decodePpp(bytes, at + 2, end, wireEnd, header, layers);
    case 204:
      return decodePpp(bytes, at + 1, end, wireEnd, header, layers);
    case 205:
      return decodeHdlc(bytes, at + 1, end, wireEnd, header, layers);
    case 206:
      return decodeFrameRelay(bytes, at + 1, end, wireEnd, header, layers);
    // Per-Packet Information: length at 2, link type at 4 (little-endian).
    case 192: {
      if (captured < 8) return CUT_SHORT;
      const length = bytes[at + 2] | (bytes[at + 3] << 8);
      if (length < 8 || layers >= MAX_LAYERS) return MALFORMED;
      return decodeLink(bytes, at + length, end, wireEnd, u32Little(bytes, at + 4), header, layers + 1);
    }
    case 219:
      return decodeMpls(bytes, at, end, wireEnd, header, layers);
    // Solaris ipnet.
    case 226:
      return captured < 24 ? CUT_SHORT : decodeIp(bytes, at + 24, end, wireEnd, header);
    case 239:
      return decodeNflog(bytes, at, end, wireEnd, header);
    // netANALYZER: four bytes before an Ethernet frame.
    case 240:
      return decodeEthernet(bytes, at + 4, end, wireEnd, header, layers);
    // Linux cooked 2: protocol at 0, ARPHRD type at 8.
    case 276:
      if (captured < 20) return CUT_SHORT;
      return decodeCooked(bytes, at + 20, end, wireEnd, u16(bytes, at + 8), u16(bytes, at), header, layers);
    // Switch tags (Broadcom, Marvell) behind the addresses, or in front of them.
    case 281:
    case 284:
      return decodeTagged(bytes, at, end, wireEnd, 4, header, layers);
    case 282:
      return decodeEthernet(bytes, at + 4, end, wireEnd, header, layers);
    case 285:
      return decodeTagged(bytes, at, end, wireEnd, 8, header, layers);
    case 289:
      return decodeAlp(bytes, at, end, wireEnd, header);
    default:
      return LINK_UNKNOWN;
  }
}

/**
 * From ARCNET's protocol number on: RFC 1051 goes on with IP, RFC 1201 with a split flag and a sequence number, in an
 * exception frame behind 0xff, padding and the number again. Of a split packet the first frame holds its headers.
 */
function decodeArcnet(
  bytes: Uint8Array,
  start: number,
  end: number,
  wireEnd: number,
  header: Int32Array,
): DecodeResult {
  if (start >= end) return CUT_SHORT;
  const protocol = bytes[start];
  if (protocol === 0xf0) return decodeIpv4(bytes, start + 1, end, wireEnd, header);
  if (end - start < 2) return CUT_SHORT;
  const split = bytes[start + 1] === 0xff ? start + 5 : start + 1;
  if (end - split < 3) return CUT_SHORT;
  // An odd flag is that of the first frame, 0 that of one which is whole.
  if (bytes[split] !== 0 && (bytes[split] & 1) === 0) return NOT_IP;
  const body = split + 3;
  switch (protocol) {
    case 0xd4:
      return decodeIpv4(bytes, body, end, wireEnd, header);
    case 0xc4:
      return decodeIpv6(bytes, body, end, wireEnd, header);
    default:
      return NOT_IP;
  }
}

/**
 * ATSC 3.0's link layer (A/330): packet type 0 is IPv4, whole in a frame or the first segment of it. Concatenated, compressed
 * and other packets are not read.
 */
function decodeAlp(bytes: Uint8Array, at: number, end: number, wireEnd: number, header: Int32Array): DecodeResult {
  if (end - at < 2) return CUT_SHORT;
  if (bytes[at] >>> 5 !== 0) return NOT_IP;
  const isPart = (bytes[at] & 0x10) !== 0;
  const isLong = (bytes[at] & 0x08) !== 0;
  if (!isPart && !isLong) return decodeIpv4(bytes, at + 2, end, wireEnd, header);
  if (isPart && isLong) return NOT_IP;
  if (end - at < 3) return CUT_SHORT;
  // Receivers write packets that hold nothing but an extension of their own.
  if (isLong && (u16(bytes, at) & 0x07ff) === 0 && bytes[at + 2] >>> 3 === 0) return NOT_IP;
  if (isPart && bytes[at + 2] >>> 3 !== 0) return NOT_IP;
  let body = at + 3;
  // A sub-stream's number, and an extension of its type, length less one, and bytes.
  if ((bytes[at + 2] & 2) !== 0) body++;
  if ((bytes[at + 2] & 1) !== 0) {
    if (end - body < 2) return CUT_SHORT;
    body += 3 + bytes[body + 1];
  }
  return decodeIpv4(bytes, body, end, wireEnd, header);
}

function u32Little(bytes: Uint8Array, at: number): number {
  return (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0;
}

/** Behind a Linux cooked header; what the protocol field means hangs on the device's ARPHRD type. */
function decodeCooked(
  bytes: Uint8Array,
  at: number,
  end: number,
  wireEnd: number,
  device: number,
  protocol: number,
  header: Int32Array,
  layers: number,
): DecodeResult {
  switch (device) {
    case 770:
      return decodeFrameRelay(bytes, at, end, wireEnd, header, layers + 1);
    // What the machine itself sends through such a device is noted before it becomes an 802.11 frame.
    case 801:
      if (protocol > LONGEST_802_3) break;
      return decodeIeee80211(bytes, at, end, wireEnd, false, header, layers + 1);
    case 803:
      return decodeRadioHeader(bytes, at, end, wireEnd, 127, header, layers + 1);
    // Netlink: the field is a family.
    case 824:
      return NOT_IP;
    default:
  }
  // Values below the EtherTypes are Linux's own: 4 is LLC, 9 PPP.
  if (protocol > LONGEST_802_3) return decodeEtherType(bytes, at, end, wireEnd, protocol, header, layers + 1);
  if (protocol === 4) return decodeLlc(bytes, at, end, wireEnd, header, layers + 1);
  return protocol === 9 ? decodePpp(bytes, at, end, wireEnd, header, layers + 1) : NOT_IP;
}

/** Linux netfilter log: attributes in the byte order of the machine that wrote them; number 9 holds the packet. */
function decodeNflog(bytes: Uint8Array, start: number, end: number, wireEnd: number, header: Int32Array): DecodeResult {
  if (end - start < 8) return CUT_SHORT;
  // Numbers of attributes are small: the byte that is 0 is the high one.
  const isLittle = bytes[start + 7] === 0;
  let at = start + 4;
  while (end - at >= 4) {
    const length = isLittle ? bytes[at] | (bytes[at + 1] << 8) : u16(bytes, at);
    const type = isLittle ? bytes[at + 2] | (bytes[at + 3] << 8) : u16(bytes, at + 2);
    if (length < 4) return MALFORMED;
    if ((type & 0x7fff) === 9) {
      return decodeIp(bytes, at + 4, Math.min(end, at + length), Math.min(wireEnd, at + length), header);
    }
    at += (length + 3) & ~3;
  }
  return at > end ? CUT_SHORT : NOT_IP;
}
