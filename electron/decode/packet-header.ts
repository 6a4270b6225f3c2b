import { ICMP, ICMP6, SCTP, TCP, UDP } from '../../shared/flow.ts';

/**
 * From an IP packet to the headers that make a flow. The result lies in one Int32Array that is written anew for each
 * packet, so that nothing is allocated; 32-bit words are signed there (`>>> 0` gives the address word).
 *
 * All decoders take the same places: `at` is where their header begins in `bytes`, `end` (exclusive) where the captured
 * bytes stop, `wireEnd` where the bytes on the wire would (`end` or more, unless the file lies). None reads beyond `end`.
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
/** WHOLE, FIRST_FRAGMENT, or LATER_FRAGMENT (no ports). */
export const FRAGMENT = 17;
/** Of fragments only: what identifies the datagram beside its addresses. */
export const FRAGMENT_ID = 18;
/** 1 when the packet is the answering half of an ICMP pair. */
export const ICMP_ANSWER = 19;
/** Where the IP packet ends in the buffer by its own length field. */
export const IP_END = 20;
/** Tunnels around the packet; set by whoever owns the array, not by the decoders. */
export const DEPTH = 21;
/** Of fragments only: place of the fragment's data in the datagram (bytes), 1 when more come behind it, protocol of the
 * datagram's content; offset of the data in the buffer, how much was captured, and how much there is. */
export const FRAGMENT_PLACE = 22;
export const FRAGMENT_MORE = 23;
export const FRAGMENT_PROTOCOL = 24;
export const FRAGMENT_DATA = 25;
export const FRAGMENT_CAPTURED = 26;
export const FRAGMENT_LENGTH = 27;
/** Hop count of the IP header as it came (TTL, hop limit). */
export const TTL = 28;
/** Of TCP: where its options begin in the buffer, up to PAYLOAD; -1 when they were not captured whole. */
export const TCP_OPTIONS = 29;
/** Of an AGGREGATE only: where its next subframe begins in the buffer, where the captured bytes and those on the wire end. */
export const AGGREGATE_NEXT = 30;
export const AGGREGATE_END = 31;
export const AGGREGATE_WIRE_END = 32;
/** 1 when its subframes have a mesh's control before LLC. */
export const AGGREGATE_MESH = 33;
export const HEADER_WORDS = 34;

export const WHOLE = 0;
export const FIRST_FRAGMENT = 1;
export const LATER_FRAGMENT = 2;

/** What became of a frame. */
export const DECODED = 0;
export const NOT_IP = 1;
export const CUT_SHORT = 2;
export const MALFORMED = 3;
export const LINK_UNKNOWN = 4;
/** An encrypted 802.11 or MACsec frame. */
export const ENCRYPTED = 5;
/** An 802.11 frame of several packets (A-MSDU): none is decoded yet, `decodeSubframe` does so one by one. */
export const AGGREGATE = 6;
export type DecodeResult =
  | typeof DECODED
  | typeof NOT_IP
  | typeof CUT_SHORT
  | typeof MALFORMED
  | typeof LINK_UNKNOWN
  | typeof ENCRYPTED
  | typeof AGGREGATE;

/** Authentication Header (RFC 4302). */
const AH = 51;
const MAX_EXTENSION_HEADERS = 16;

/** The IP packet at `at`, of the version that its first nibble tells; NOT_IP when it is neither. */
export function decodeIp(
  bytes: Uint8Array,
  at: number,
  end: number,
  wireEnd: number,
  header: Int32Array,
): DecodeResult {
  if (at >= end) return CUT_SHORT;
  const version = bytes[at] >>> 4;
  if (version === 4) return decodeIpv4(bytes, at, end, wireEnd, header);
  return version === 6 ? decodeIpv6(bytes, at, end, wireEnd, header) : NOT_IP;
}

export function u16(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 8) | bytes[at + 1];
}

export function i32(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
}

/** RFC 791. */
export function decodeIpv4(
  bytes: Uint8Array,
  at: number,
  end: number,
  wireEnd: number,
  header: Int32Array,
): DecodeResult {
  if (at >= end) return CUT_SHORT;
  if (bytes[at] >>> 4 !== 4) return MALFORMED;
  if (end - at < 20) return CUT_SHORT;
  const headerLength = (bytes[at] & 15) * 4;
  if (headerLength < 20) return MALFORMED;
  let total = u16(bytes, at + 2);
  // Segmentation offload leaves the field 0 on the sending host; the frame's length is all there is then.
  if (total === 0) total = wireEnd - at;
  if (total < headerLength) return MALFORMED;
  header[SOURCE] = 0;
  header[SOURCE + 1] = 0;
  header[SOURCE + 2] = 0xffff;
  header[SOURCE + 3] = i32(bytes, at + 12);
  header[DESTINATION] = 0;
  header[DESTINATION + 1] = 0;
  header[DESTINATION + 2] = 0xffff;
  header[DESTINATION + 3] = i32(bytes, at + 16);
  header[TTL] = bytes[at + 8];
  header[IP_BYTES] = total;
  const payload = at + headerLength;
  const ipEnd = at + total;
  const captured = Math.min(end, ipEnd);
  const fragment = u16(bytes, at + 6);
  if ((fragment & 0x3fff) === 0) {
    header[FRAGMENT] = WHOLE;
    return decodeTransport(bytes, payload, captured, ipEnd, bytes[at + 9], false, header);
  }
  const place = (fragment & 0x1fff) * 8;
  const more = (fragment & 0x2000) !== 0;
  noteFragment(header, u16(bytes, at + 4), place, more, bytes[at + 9], payload, captured, ipEnd);
  const result = decodeTransport(bytes, payload, captured, ipEnd, bytes[at + 9], place !== 0, header);
  return result === CUT_SHORT ? firstWithoutPorts(header) : result;
}

/** RFC 8200. */
export function decodeIpv6(
  bytes: Uint8Array,
  at: number,
  end: number,
  wireEnd: number,
  header: Int32Array,
): DecodeResult {
  if (at >= end) return CUT_SHORT;
  if (bytes[at] >>> 4 !== 6) return MALFORMED;
  if (end - at < 40) return CUT_SHORT;
  const payloadLength = u16(bytes, at + 4);
  // 0 with a hop-by-hop header may be a jumbogram (RFC 2675); with offload, the frame's length is all there is.
  const onWire = wireEnd - at;
  const total = payloadLength === 0 && onWire > 40 ? onWire : payloadLength + 40;
  for (let i = 0; i < 4; i++) {
    header[SOURCE + i] = i32(bytes, at + 8 + 4 * i);
    header[DESTINATION + i] = i32(bytes, at + 24 + 4 * i);
  }
  header[TTL] = bytes[at + 7];
  header[IP_BYTES] = total;
  header[FRAGMENT] = WHOLE;
  const ipEnd = at + total;
  const result = decodeExtensions(bytes, at + 40, Math.min(end, ipEnd), ipEnd, bytes[at + 6], header);
  return result === CUT_SHORT && header[FRAGMENT] === FIRST_FRAGMENT ? firstWithoutPorts(header) : result;
}

/** The extension headers that may stand before the transport (RFC 8200, RFC 7045). */
function decodeExtensions(
  bytes: Uint8Array,
  at: number,
  captured: number,
  ipEnd: number,
  first: number,
  header: Int32Array,
): DecodeResult {
  let next = first;
  let cursor = at;
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
        const place = fragment & 0xfff8;
        // Offset 0 with nothing behind it: an atomic fragment (RFC 6946), whole in itself.
        if ((fragment & 0xfff9) === 0) break;
        const data = cursor + 8;
        const protocol = bytes[cursor];
        noteFragment(header, i32(bytes, cursor + 4), place, (fragment & 1) !== 0, protocol, data, captured, ipEnd);
        if (place !== 0) return decodeTransport(bytes, data, captured, ipEnd, protocol, true, header);
        break;
      }
      default:
        return decodeTransport(bytes, cursor, captured, ipEnd, next, false, header);
    }
    if (captured - cursor < 8) return CUT_SHORT;
    next = bytes[cursor];
    cursor += length;
    if (cursor > captured) return cursor > ipEnd ? MALFORMED : CUT_SHORT;
  }
  return MALFORMED;
}

function noteFragment(
  header: Int32Array,
  id: number,
  place: number,
  more: boolean,
  protocol: number,
  data: number,
  captured: number,
  ipEnd: number,
): void {
  header[FRAGMENT] = place === 0 ? FIRST_FRAGMENT : LATER_FRAGMENT;
  header[FRAGMENT_ID] = id;
  header[FRAGMENT_PLACE] = place;
  header[FRAGMENT_MORE] = more ? 1 : 0;
  header[FRAGMENT_PROTOCOL] = protocol;
  header[FRAGMENT_DATA] = data;
  header[FRAGMENT_CAPTURED] = Math.max(0, captured - data);
  header[FRAGMENT_LENGTH] = Math.max(0, ipEnd - data);
}

/**
 * A first fragment, wholly captured, that is too short to hold the ports: only the whole datagram will tell them, so that
 * it counts as a later one. CUT_SHORT when bytes are missing.
 */
function firstWithoutPorts(header: Int32Array): DecodeResult {
  if (header[FRAGMENT_CAPTURED] < header[FRAGMENT_LENGTH]) return CUT_SHORT;
  header[FRAGMENT] = LATER_FRAGMENT;
  header[TRANSPORT] = header[FRAGMENT_PROTOCOL];
  header[SOURCE_PORT] = 0;
  header[DESTINATION_PORT] = 0;
  header[TCP_FLAGS] = 0;
  header[ICMP_ANSWER] = 0;
  header[IP_END] = header[FRAGMENT_DATA] + header[FRAGMENT_LENGTH];
  header[PAYLOAD] = header[FRAGMENT_DATA];
  header[PAYLOAD_CAPTURED] = header[FRAGMENT_CAPTURED];
  header[PAYLOAD_LENGTH] = header[FRAGMENT_LENGTH];
  return DECODED;
}

/** The content of a datagram put together from fragments: `bytes` is all of it, `header` that of one of its fragments. */
export function decodeReassembled(bytes: Uint8Array, header: Int32Array): DecodeResult {
  header[FRAGMENT] = WHOLE;
  const { length } = bytes;
  const protocol = header[FRAGMENT_PROTOCOL];
  const isIpv4 = header[SOURCE] === 0 && header[SOURCE + 1] === 0 && header[SOURCE + 2] === 0xffff;
  const result = isIpv4
    ? decodeTransport(bytes, 0, length, length, protocol, false, header)
    : decodeExtensions(bytes, 0, length, length, protocol, header);
  // A fragment within the fragments: no sender makes one.
  return header[FRAGMENT] === WHOLE ? result : MALFORMED;
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
  header[IP_END] = ipEnd;
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
        header[TCP_OPTIONS] = payload > captured ? -1 : at + 20;
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
      case AH: {
        // What it guards lies open behind it; a second one is left as it is.
        if (captured - at < 12) break;
        const behind = at + (bytes[at + 1] + 2) * 4;
        if (bytes[at] === AH || behind >= captured) break;
        return decodeTransport(bytes, behind, captured, ipEnd, bytes[at], false, header);
      }
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
