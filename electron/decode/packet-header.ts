import { ICMP, ICMP6, SCTP, TCP, UDP } from '../../shared/flow.ts';

/**
 * From a captured frame to the headers that make a flow. The result lies in one Int32Array that is written anew for each
 * packet, so that nothing is allocated; 32-bit words are signed there (`>>> 0` gives the address word).
 */

/** Places in the header array. */
export const SOURCE = 0;
export const DESTINATION = 4;
/** Ports; ICMP type and code (see `icmpPorts`). */
export const SOURCE_PORT = 8;
export const DESTINATION_PORT = 9;
/** IP protocol number of the transport. */
export const TRANSPORT = 10;
export const TCP_FLAGS = 11;
export const TCP_SEQUENCE = 12;
/** Bytes of the IP layer as its own length fields say. */
export const IP_BYTES = 13;
/** Offset of the transport payload in the buffer, and how much of it was captured. */
export const PAYLOAD = 14;
export const PAYLOAD_CAPTURED = 15;
/** Payload bytes on the wire, by the length fields. */
export const PAYLOAD_LENGTH = 16;
/** 0 = whole packet, 1 = first fragment, 2 = later fragment (no ports). */
export const FRAGMENT = 17;
export const FRAGMENT_ID = 18;
/** 1 when the packet is the answering half of an ICMP pair. */
export const ICMP_ANSWER = 19;
export const HEADER_WORDS = 20;

/** What became of a frame. */
export const DECODED = 0;
export const NOT_IP = 1;
export const CUT_SHORT = 2;
export const MALFORMED = 3;
export const LINK_UNKNOWN = 4;
export type DecodeResult = typeof DECODED | typeof NOT_IP | typeof CUT_SHORT | typeof MALFORMED | typeof LINK_UNKNOWN;

const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_IPV6 = 0x86dd;
const ETHERTYPE_PPPOE = 0x8864;
/** Stands for "the IP version nibble tells". */
const BY_VERSION = -1;
/** Tags, labels and shims that may stand between the link header and IP. */
const MAX_TAGS = 8;
const MAX_EXTENSION_HEADERS = 16;

/** Link types that are decoded, by their LINKTYPE_ value. */
export const LINK_TYPE_NAMES: Readonly<Record<number, string>> = {
  0: 'NULL',
  1: 'EN10MB',
  9: 'PPP',
  12: 'RAW',
  14: 'RAW',
  50: 'PPP_HDLC',
  51: 'PPP_ETHER',
  101: 'RAW',
  104: 'C_HDLC',
  108: 'LOOP',
  113: 'LINUX_SLL',
  228: 'IPV4',
  229: 'IPV6',
  276: 'LINUX_SLL2',
};

export function linkTypeName(linkType: number): string {
  return LINK_TYPE_NAMES[linkType] ?? `LINKTYPE_${linkType}`;
}

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
  let at = start;
  let etherType: number;
  switch (linkType) {
    case 1:
      if (end - at < 14) return CUT_SHORT;
      etherType = u16(bytes, at + 12);
      at += 14;
      break;
    case 113:
      if (end - at < 16) return CUT_SHORT;
      etherType = u16(bytes, at + 14);
      at += 16;
      break;
    case 276:
      if (end - at < 20) return CUT_SHORT;
      etherType = u16(bytes, at);
      at += 20;
      break;
    case 0:
    case 108:
      // Address families differ between systems and byte orders; the IP version nibble tells as surely.
      if (end - at < 4) return CUT_SHORT;
      at += 4;
      etherType = BY_VERSION;
      break;
    case 9:
    case 50:
      // In either, Cisco's framing begins with the address 0x0f or 0x8f where PPP's begins with 0xff or the protocol.
      if (end - at < 4) return CUT_SHORT;
      if (bytes[at] === 0x0f || bytes[at] === 0x8f) {
        etherType = u16(bytes, at + 2);
        at += 4;
      } else {
        if (bytes[at] === 0xff && bytes[at + 1] === 0x03) at += 2;
        etherType = pppEtherType(bytes, at);
        at += pppLength(bytes, at);
      }
      break;
    case 51:
      etherType = ETHERTYPE_PPPOE;
      break;
    case 104:
      if (end - at < 4) return CUT_SHORT;
      etherType = u16(bytes, at + 2);
      at += 4;
      break;
    case 12:
    case 14:
    case 101:
    case 228:
    case 229:
      etherType = BY_VERSION;
      break;
    default:
      return LINK_UNKNOWN;
  }
  for (let tags = 0; etherType !== ETHERTYPE_IPV4 && etherType !== ETHERTYPE_IPV6 && etherType !== BY_VERSION; tags++) {
    if (tags === MAX_TAGS) return MALFORMED;
    switch (etherType) {
      // 802.1Q, 802.1ad and two old vendor values.
      case 0x8100:
      case 0x88a8:
      case 0x9100:
      case 0x9200:
        if (end - at < 4) return CUT_SHORT;
        etherType = u16(bytes, at + 2);
        at += 4;
        break;
      // MPLS label (RFC 3032); the last of the stack has its bottom bit set and does not tell what follows.
      case 0x8847:
      case 0x8848:
        if (end - at < 4) return CUT_SHORT;
        if ((bytes[at + 2] & 1) === 1) etherType = BY_VERSION;
        at += 4;
        break;
      // PPPoE session (RFC 2516): six bytes, then the PPP protocol.
      case ETHERTYPE_PPPOE:
        if (end - at < 8) return CUT_SHORT;
        etherType = pppEtherType(bytes, at + 6);
        at += 6 + pppLength(bytes, at + 6);
        break;
      default:
        return NOT_IP;
    }
  }
  if (at >= end) return CUT_SHORT;
  const version = bytes[at] >>> 4;
  const onWire = originalLength - (at - start);
  if (version === 4 && etherType !== ETHERTYPE_IPV6) return decodeIpv4(bytes, at, end, onWire, header);
  if (version === 6 && etherType !== ETHERTYPE_IPV4) return decodeIpv6(bytes, at, end, onWire, header);
  return etherType === BY_VERSION ? NOT_IP : MALFORMED;
}

/** A PPP protocol number (RFC 1661; one byte when its low bit is set) as the EtherType of the same content, 0 for others. */
function pppEtherType(bytes: Uint8Array, at: number): number {
  const protocol = pppLength(bytes, at) === 1 ? bytes[at] : u16(bytes, at);
  switch (protocol) {
    case 0x21:
      return ETHERTYPE_IPV4;
    case 0x57:
      return ETHERTYPE_IPV6;
    case 0x281:
      return 0x8847;
    default:
      return 0;
  }
}

function pppLength(bytes: Uint8Array, at: number): number {
  return (bytes[at] & 1) === 1 ? 1 : 2;
}

function u16(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 8) | bytes[at + 1];
}

function i32(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
}

/** RFC 791. */
function decodeIpv4(bytes: Uint8Array, at: number, end: number, onWire: number, header: Int32Array): DecodeResult {
  if (end - at < 20) return CUT_SHORT;
  const headerLength = (bytes[at] & 15) * 4;
  if (headerLength < 20) return MALFORMED;
  let total = u16(bytes, at + 2);
  // Segmentation offload leaves the field 0 on the sending host; the frame's length is all there is then.
  if (total === 0) total = onWire;
  if (total < headerLength) return MALFORMED;
  header[SOURCE] = 0;
  header[SOURCE + 1] = 0;
  header[SOURCE + 2] = 0xffff;
  header[SOURCE + 3] = i32(bytes, at + 12);
  header[DESTINATION] = 0;
  header[DESTINATION + 1] = 0;
  header[DESTINATION + 2] = 0xffff;
  header[DESTINATION + 3] = i32(bytes, at + 16);
  header[IP_BYTES] = total;
  const fragment = u16(bytes, at + 6);
  const later = (fragment & 0x1fff) !== 0;
  header[FRAGMENT] = later ? 2 : (fragment & 0x2000) !== 0 ? 1 : 0;
  header[FRAGMENT_ID] = u16(bytes, at + 4);
  const payload = at + headerLength;
  return decodeTransport(bytes, payload, Math.min(end, at + total), at + total, bytes[at + 9], later, header);
}

/** RFC 8200 and the extension headers that may stand before the transport (RFC 7045). */
function decodeIpv6(bytes: Uint8Array, at: number, end: number, onWire: number, header: Int32Array): DecodeResult {
  if (end - at < 40) return CUT_SHORT;
  const payloadLength = u16(bytes, at + 4);
  // 0 with a hop-by-hop header may be a jumbogram (RFC 2675); with offload, the frame's length is all there is.
  const total = payloadLength === 0 && onWire > 40 ? onWire : payloadLength + 40;
  for (let i = 0; i < 4; i++) {
    header[SOURCE + i] = i32(bytes, at + 8 + 4 * i);
    header[DESTINATION + i] = i32(bytes, at + 24 + 4 * i);
  }
  header[IP_BYTES] = total;
  header[FRAGMENT] = 0;
  header[FRAGMENT_ID] = 0;
  const ipEnd = at + total;
  const captured = Math.min(end, ipEnd);
  let next = bytes[at + 6];
  let later = false;
  let cursor = at + 40;
  for (let i = 0; i < MAX_EXTENSION_HEADERS; i++) {
    let length: number;
    switch (next) {
      case 0:
      case 43:
      case 60:
      case 135:
      case 139:
      case 140:
        length = (bytes[cursor + 1] + 1) * 8;
        break;
      case 44: {
        length = 8;
        if (captured - cursor < 8) return CUT_SHORT;
        const fragment = u16(bytes, cursor + 2);
        later = fragment >>> 3 !== 0;
        header[FRAGMENT] = later ? 2 : (fragment & 1) !== 0 ? 1 : 0;
        header[FRAGMENT_ID] = i32(bytes, cursor + 4);
        break;
      }
      default:
        return decodeTransport(bytes, cursor, captured, ipEnd, next, later, header);
    }
    if (captured - cursor < 8) return CUT_SHORT;
    next = bytes[cursor];
    cursor += length;
    if (later) return decodeTransport(bytes, cursor, captured, ipEnd, next, true, header);
    if (cursor > captured) return cursor > ipEnd ? MALFORMED : CUT_SHORT;
  }
  return MALFORMED;
}

/**
 * @param captured where the captured bytes of this IP packet stop
 * @param ipEnd where the IP packet stops by its own length field
 */
function decodeTransport(
  bytes: Uint8Array,
  at: number,
  captured: number,
  ipEnd: number,
  transport: number,
  later: boolean,
  header: Int32Array,
): DecodeResult {
  header[TRANSPORT] = transport;
  header[SOURCE_PORT] = 0;
  header[DESTINATION_PORT] = 0;
  header[TCP_FLAGS] = 0;
  header[ICMP_ANSWER] = 0;
  let payload = at;
  if (!later) {
    switch (transport) {
      case TCP: {
        if (captured - at < 14) {
          if (captured - at < 4) return CUT_SHORT;
          header[SOURCE_PORT] = u16(bytes, at);
          header[DESTINATION_PORT] = u16(bytes, at + 2);
          payload = captured;
          break;
        }
        header[SOURCE_PORT] = u16(bytes, at);
        header[DESTINATION_PORT] = u16(bytes, at + 2);
        header[TCP_SEQUENCE] = i32(bytes, at + 4);
        header[TCP_FLAGS] = bytes[at + 13];
        const length = (bytes[at + 12] >>> 4) * 4;
        if (length < 20) return MALFORMED;
        payload = at + length;
        break;
      }
      case UDP:
      case 136:
        if (captured - at < 8) {
          if (captured - at < 4) return CUT_SHORT;
          payload = captured;
        } else payload = at + 8;
        header[SOURCE_PORT] = u16(bytes, at);
        header[DESTINATION_PORT] = u16(bytes, at + 2);
        break;
      case SCTP:
      case 33:
        if (captured - at < 4) return CUT_SHORT;
        header[SOURCE_PORT] = u16(bytes, at);
        header[DESTINATION_PORT] = u16(bytes, at + 2);
        payload = at + 12;
        break;
      case ICMP:
      case ICMP6:
        if (captured - at < 2) return CUT_SHORT;
        icmpPorts(transport, bytes[at], bytes[at + 1], header);
        payload = at + 8;
        break;
      default:
    }
  }
  header[PAYLOAD] = payload;
  header[PAYLOAD_CAPTURED] = payload < captured ? captured - payload : 0;
  header[PAYLOAD_LENGTH] = payload < ipEnd ? ipEnd - payload : 0;
  return DECODED;
}

/** Request type of an ICMP answer type, −1 when the type answers nothing (RFC 792, RFC 950, RFC 1256). */
function icmpRequestOf(type: number): number {
  switch (type) {
    case 0:
      return 8;
    case 9:
      return 10;
    case 14:
      return 13;
    case 16:
      return 15;
    case 18:
      return 17;
    default:
      return -1;
  }
}

/** The same for ICMPv6 (RFC 4443, RFC 4861, RFC 2710). */
function icmp6RequestOf(type: number): number {
  switch (type) {
    case 129:
      return 128;
    case 131:
      return 130;
    case 134:
      return 133;
    case 136:
      return 135;
    default:
      return -1;
  }
}

/** Whether the packet goes to a multicast group or to all: what is told there answers nobody. */
function isGroup(header: Int32Array): boolean {
  if (header[DESTINATION] === 0 && header[DESTINATION + 1] === 0 && header[DESTINATION + 2] === 0xffff) {
    return header[DESTINATION + 3] >>> 28 >= 14;
  }
  return header[DESTINATION] >>> 24 === 0xff;
}

/**
 * Type and code stand in the port fields, seen from the one who asks: a request has them as (type, code), its answer the
 * other way round under the request's type, so that both make one flow.
 */
function icmpPorts(transport: number, type: number, code: number, header: Int32Array): void {
  const request = transport === ICMP ? icmpRequestOf(type) : icmp6RequestOf(type);
  if (request < 0 || isGroup(header)) {
    header[SOURCE_PORT] = type;
    header[DESTINATION_PORT] = code;
  } else {
    header[SOURCE_PORT] = code;
    header[DESTINATION_PORT] = request;
    header[ICMP_ANSWER] = 1;
  }
}
