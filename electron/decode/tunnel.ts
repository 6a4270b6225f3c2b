import { UDP } from '../../shared/flow.ts';
import { decodeEthernet, decodeEtherType, decodeMpls, decodeNsh, decodePpp, LONGEST_802_3 } from './encapsulation.ts';
import { decodeIeee80211 } from './ieee80211.ts';
import {
  AGGREGATE,
  CUT_SHORT,
  DECODED,
  decodeIp,
  decodeIpv4,
  decodeIpv6,
  type DecodeResult,
  DESTINATION_PORT,
  i32,
  IP_END,
  MALFORMED,
  NOT_IP,
  PAYLOAD,
  PAYLOAD_CAPTURED,
  PAYLOAD_LENGTH,
  SOURCE_PORT,
  TRANSPORT,
  u16,
} from './packet-header.ts';

/**
 * The packet inside a packet. Tunnels with an IP protocol number of their own are taken at their word; those in UDP only
 * when the port, the tunnel's header, and the lengths of the packet inside all fit, so that ordinary traffic on such a
 * port is not misread.
 */

/** Tunnels around an inner flow at most; deeper packets are left in the flow of the tunnel. */
export const MAX_TUNNEL_DEPTH = 4;

/** Bytes behind the inner packet that link padding and check sequences may be. */
const MOST_PADDING = 64;

const VXLAN = 1;
const VXLAN_GPE = 2;
const GENEVE = 3;
const MPLS_IN_UDP = 4;
const GRE_IN_UDP = 5;
const TZSP = 6;
const LISP = 7;
/** From here on either end may have the port. */
const GTP_U = 8;
const TEREDO = 9;
const L2TP = 10;
const AYIYA = 11;
const CAPWAP = 12;
const GTP_0 = 13;

/** Kind of tunnel by UDP port (IANA; 8472 is Linux's for VXLAN). */
const BY_PORT = new Uint8Array(65_536);
BY_PORT[4789] = VXLAN;
BY_PORT[8472] = VXLAN;
BY_PORT[4790] = VXLAN_GPE;
BY_PORT[6081] = GENEVE;
BY_PORT[6635] = MPLS_IN_UDP;
BY_PORT[4754] = GRE_IN_UDP;
BY_PORT[37_008] = TZSP;
BY_PORT[4341] = LISP;
BY_PORT[2152] = GTP_U;
BY_PORT[3386] = GTP_0;
BY_PORT[3544] = TEREDO;
BY_PORT[1701] = L2TP;
BY_PORT[5072] = AYIYA;
BY_PORT[5247] = CAPWAP;

const IPV4_IN_IP = 4;
const IPV6_IN_IP = 41;
const GRE = 47;
const ETHER_IP = 97;
const L2TP_IN_IP = 115;
const MPLS_IN_IP = 137;

/**
 * Decodes the packet that another one carries, whole and as far as it was captured, into `inner`. NOT_IP when it carries
 * none; CUT_SHORT and MALFORMED only where the outer header says that it does.
 *
 * @param outer header of the packet around it, as decoded from `bytes`
 */
export function decodeTunnel(bytes: Uint8Array, outer: Int32Array, inner: Int32Array): DecodeResult {
  const at = outer[PAYLOAD];
  const end = at + outer[PAYLOAD_CAPTURED];
  const wireEnd = at + outer[PAYLOAD_LENGTH];
  if (end === at) return NOT_IP;
  switch (outer[TRANSPORT]) {
    case UDP:
      return decodeInUdp(bytes, at, end, wireEnd, outer, inner);
    case IPV4_IN_IP:
      return checked(decodeIpv4(bytes, at, end, wireEnd, inner), end, wireEnd, inner);
    case IPV6_IN_IP:
      return checked(decodeIpv6(bytes, at, end, wireEnd, inner), end, wireEnd, inner);
    case GRE:
      return checked(decodeGre(bytes, at, end, wireEnd, inner), end, wireEnd, inner);
    // RFC 3378: version 3 and nothing else in two bytes.
    case ETHER_IP:
      if (end - at < 2 || u16(bytes, at) !== 0x3000) return NOT_IP;
      return checked(decodeEthernet(bytes, at + 2, end, wireEnd, inner, 1), end, wireEnd, inner);
    case L2TP_IN_IP:
      return decodeL2tpSession(bytes, at, end, wireEnd, inner);
    case MPLS_IN_IP:
      return checked(decodeMpls(bytes, at, end, wireEnd, inner, 1), end, wireEnd, inner);
    default:
      return NOT_IP;
  }
}

/** The result, when the packet inside ends where the tunnel's content does; nothing can be cut short where all is there. */
function checked(result: DecodeResult, end: number, wireEnd: number, inner: Int32Array): DecodeResult {
  if (result === CUT_SHORT) return end < wireEnd ? CUT_SHORT : MALFORMED;
  if (result !== DECODED) return result;
  const behind = wireEnd - inner[IP_END];
  return behind >= 0 && behind <= MOST_PADDING ? DECODED : MALFORMED;
}

function decodeInUdp(
  bytes: Uint8Array,
  at: number,
  end: number,
  packetEnd: number,
  outer: Int32Array,
  inner: Int32Array,
): DecodeResult {
  let kind = BY_PORT[outer[DESTINATION_PORT]];
  if (kind === 0) {
    kind = BY_PORT[outer[SOURCE_PORT]];
    if (kind < GTP_U) kind = 0;
  }
  // Teredo's clients also talk to each other and to relays, on any port.
  if (kind === 0 && bytes[at] >>> 4 === 6) kind = TEREDO;
  if (kind === 0) return NOT_IP;
  // 0 is a jumbogram's, or that of a packet not yet segmented.
  const length = u16(bytes, at - 4);
  const wireEnd = length === 0 ? packetEnd : at - 8 + length;
  if (wireEnd > packetEnd || length === 8) return NOT_IP;
  const last = Math.min(end, wireEnd);
  const decoded = decodeKind(kind, bytes, at, last, wireEnd, inner);
  const result = checked(decoded, last, wireEnd, inner);
  return result === DECODED || result === AGGREGATE || result === CUT_SHORT ? result : NOT_IP;
}

function decodeKind(
  kind: number,
  bytes: Uint8Array,
  at: number,
  end: number,
  wireEnd: number,
  inner: Int32Array,
): DecodeResult {
  switch (kind) {
    // RFC 7348: the flag says that the identifier is there.
    case VXLAN:
      if (end - at < 8 || (bytes[at] & 0x08) === 0) return NOT_IP;
      return decodeEthernet(bytes, at + 8, end, wireEnd, inner, 1);
    case VXLAN_GPE:
      return decodeVxlanGpe(bytes, at, end, wireEnd, inner);
    // RFC 8926: version 0, length of the options in words, EtherType.
    case GENEVE:
      if (end - at < 8 || bytes[at] >>> 6 !== 0) return NOT_IP;
      return decodeEtherType(bytes, at + 8 + (bytes[at] & 0x3f) * 4, end, wireEnd, u16(bytes, at + 2), inner, 1);
    case MPLS_IN_UDP:
      return decodeMpls(bytes, at, end, wireEnd, inner, 1);
    case GRE_IN_UDP:
      return decodeGre(bytes, at, end, wireEnd, inner);
    case TZSP:
      return decodeTzsp(bytes, at, end, wireEnd, inner);
    // RFC 9300: eight bytes of flags, nonce and locator bits.
    case LISP:
      return decodeIp(bytes, at + 8, end, wireEnd, inner);
    case GTP_U:
      return decodeGtp(bytes, at, end, wireEnd, inner);
    // 3GPP TS 09.60: version 0 has one port and one header of 20 bytes for everything; 255 is a packet.
    case GTP_0:
      if (end - at < 20 || (bytes[at] & 0xfe) !== 0x1e || bytes[at + 1] !== 0xff) return NOT_IP;
      return u16(bytes, at + 2) === wireEnd - at - 20 ? decodeIp(bytes, at + 20, end, wireEnd, inner) : NOT_IP;
    case TEREDO:
      return decodeTeredo(bytes, at, end, wireEnd, inner);
    case L2TP:
      return decodeL2tp(bytes, at, end, wireEnd, inner);
    case AYIYA:
      return decodeAyiya(bytes, at, end, wireEnd, inner);
    case CAPWAP:
      return decodeCapwap(bytes, at, end, wireEnd, inner);
    default:
      return NOT_IP;
  }
}

/** GRE (RFC 2784, RFC 2890), PPTP's version 1 (RFC 2637), and ERSPAN (draft-foschiano-erspan). */
function decodeGre(bytes: Uint8Array, at: number, end: number, wireEnd: number, inner: Int32Array): DecodeResult {
  if (end - at < 4) return CUT_SHORT;
  const flags = u16(bytes, at);
  const type = u16(bytes, at + 2);
  const version = flags & 7;
  const hasSequence = (flags & 0x1000) !== 0;
  let body = at + 4;
  // Checksum, key, sequence; the routing of RFC 1701 has long been given up.
  if ((flags & 0x4000) !== 0) return NOT_IP;
  if ((flags & 0x8000) !== 0) body += 4;
  if ((flags & 0x2000) !== 0) body += 4;
  if (hasSequence) body += 4;
  if (version === 1) {
    if (type !== 0x880b) return NOT_IP;
    if ((flags & 0x0080) !== 0) body += 4;
    // An acknowledgement alone carries nothing.
    return body === wireEnd ? NOT_IP : decodePpp(bytes, body, end, wireEnd, inner, 1);
  }
  if (version !== 0) return NOT_IP;
  switch (type) {
    // ERSPAN of type I has no header of its own and no sequence number; type II has both.
    case 0x88be:
      if (!hasSequence) return decodeEthernet(bytes, body, end, wireEnd, inner, 1);
      return decodeMirrored(bytes, body, 8, end, wireEnd, inner);
    // Type III: twelve bytes, and eight more when the last bit says so.
    case 0x22eb:
      if (end - body < 12) return CUT_SHORT;
      return decodeMirrored(bytes, body, 12 + (bytes[body + 11] & 1) * 8, end, wireEnd, inner);
    // WCCP: version 2 puts four bytes before IP.
    case 0x883e:
      if (end - body < 5) return CUT_SHORT;
      return decodeIpv4(bytes, bytes[body] >>> 4 === 4 ? body : body + 4, end, wireEnd, inner);
    // Keep-alives are empty and of type 0; small numbers are no lengths here (RFC 1701: 0x00fe is OSI).
    default:
      if (type <= LONGEST_802_3 || body === wireEnd) return NOT_IP;
      return decodeEtherType(bytes, body, end, wireEnd, type, inner, 1);
  }
}

/**
 * A frame behind `length` bytes of ERSPAN, in type III perhaps a packet alone (frame type 2); a bit there says that the switch
 * cut it off.
 */
function decodeMirrored(
  bytes: Uint8Array,
  at: number,
  length: number,
  end: number,
  wireEnd: number,
  inner: Int32Array,
): DecodeResult {
  if (end - at < length) return CUT_SHORT;
  const isPacket = length > 8 && ((bytes[at + 10] >>> 2) & 31) === 2;
  const result = isPacket
    ? decodeIp(bytes, at + length, end, wireEnd, inner)
    : decodeEthernet(bytes, at + length, end, wireEnd, inner, 1);
  const isCut = (bytes[at + 2] & 0x04) !== 0;
  if (result === DECODED && isCut) inner[IP_END] = Math.min(inner[IP_END], wireEnd);
  return result;
}

/** draft-ietf-nvo3-vxlan-gpe: flags say that identifier and next protocol are there. */
function decodeVxlanGpe(bytes: Uint8Array, at: number, end: number, wireEnd: number, inner: Int32Array): DecodeResult {
  if (end - at < 8 || (bytes[at] & 0xfc) !== 0x0c) return NOT_IP;
  const body = at + 8;
  switch (bytes[at + 3]) {
    case 1:
      return decodeIpv4(bytes, body, end, wireEnd, inner);
    case 2:
      return decodeIpv6(bytes, body, end, wireEnd, inner);
    case 3:
      return decodeEthernet(bytes, body, end, wireEnd, inner, 1);
    case 4:
      return decodeNsh(bytes, body, end, wireEnd, inner, 1);
    case 5:
      return decodeMpls(bytes, body, end, wireEnd, inner, 1);
    default:
      return NOT_IP;
  }
}

/** GTP-U version 1 (3GPP TS 29.281): a T-PDU whose length is that of the datagram, with its extension headers. */
function decodeGtp(bytes: Uint8Array, at: number, end: number, wireEnd: number, inner: Int32Array): DecodeResult {
  if (end - at < 8) return NOT_IP;
  const flags = bytes[at];
  if ((flags & 0xf8) !== 0x30 || bytes[at + 1] !== 0xff || u16(bytes, at + 2) !== wireEnd - at - 8) return NOT_IP;
  let body = at + 8;
  if ((flags & 7) !== 0) {
    body += 4;
    // Each extension has its length in words first, the type of the next one last.
    let next = (flags & 4) === 0 ? 0 : bytes[body - 1];
    for (let extension = 0; next !== 0; extension++) {
      if (body >= end) return CUT_SHORT;
      if (extension === 8 || bytes[body] === 0) return NOT_IP;
      body += bytes[body] * 4;
      if (body > end) return CUT_SHORT;
      next = bytes[body - 1];
    }
  }
  return decodeIp(bytes, body, end, wireEnd, inner);
}

/** Teredo (RFC 4380): IPv6 behind authentication and origin, if they are there; one end is a Teredo or link-local address. */
function decodeTeredo(bytes: Uint8Array, start: number, end: number, wireEnd: number, inner: Int32Array): DecodeResult {
  let at = start;
  if (end - at >= 13 && u16(bytes, at) === 1) at += 13 + bytes[at + 2] + bytes[at + 3];
  if (end - at >= 8 && u16(bytes, at) === 0) at += 8;
  // Most of what looks like IPv6 on any port is not: the addresses tell soonest.
  if (end - at < 40 || bytes[at] >>> 4 !== 6) return NOT_IP;
  const fromClient = isTeredo(bytes, at + 8);
  if (!fromClient && !isTeredo(bytes, at + 24)) return NOT_IP;
  const result = decodeIpv6(bytes, at, end, wireEnd, inner);
  if (result !== DECODED) return fromClient ? result : NOT_IP;
  return inner[IP_END] <= wireEnd ? DECODED : NOT_IP;
}

/** 2001::/32, or fe80::/64 as clients and servers use it with each other. */
function isTeredo(bytes: Uint8Array, at: number): boolean {
  const first = i32(bytes, at);
  return first === 0x20010000 || (first === (0xfe800000 | 0) && i32(bytes, at + 4) === 0);
}

/** L2TP over UDP: data messages of version 2 (RFC 2661), and of version 3 (RFC 3931). */
function decodeL2tp(bytes: Uint8Array, at: number, end: number, wireEnd: number, inner: Int32Array): DecodeResult {
  if (end - at < 8) return NOT_IP;
  const flags = u16(bytes, at);
  if (flags === 3) return decodeL2tpSession(bytes, at + 4, end, wireEnd, inner);
  // Control messages, other versions, and bits that are to be 0.
  if ((flags & 0x8000) !== 0 || (flags & 0x34ff) !== 2) return NOT_IP;
  let body = at + 6;
  if ((flags & 0x4000) !== 0) {
    if (u16(bytes, at + 2) !== wireEnd - at) return NOT_IP;
    body += 2;
  }
  if ((flags & 0x0800) !== 0) body += 4;
  if ((flags & 0x0200) !== 0) {
    if (end - body < 2) return NOT_IP;
    body += 2 + u16(bytes, body);
  }
  return decodePpp(bytes, body, end, wireEnd, inner, 1);
}

/**
 * A session of L2TP version 3: only its ends know how long the cookie is (0, 4 or 8 bytes), whether four bytes of
 * sequence follow it, and what it carries; taken when one reading fits to the byte.
 */
function decodeL2tpSession(
  bytes: Uint8Array,
  at: number,
  end: number,
  wireEnd: number,
  inner: Int32Array,
): DecodeResult {
  // Session 0 is the control channel.
  if (end - at < 8 || i32(bytes, at) === 0) return NOT_IP;
  for (let before = 4; before <= 16; before += 4) {
    const body = at + before;
    if (decodeEthernet(bytes, body, end, wireEnd, inner, 1) === DECODED && inner[IP_END] === wireEnd) return DECODED;
    if (decodePpp(bytes, body, end, wireEnd, inner, 1) === DECODED && inner[IP_END] === wireEnd) return DECODED;
  }
  return NOT_IP;
}

/** AYIYA (draft-massar-v6ops-ayiya): identity, signature, then IP; operation 1 is "forward". */
function decodeAyiya(bytes: Uint8Array, at: number, end: number, wireEnd: number, inner: Int32Array): DecodeResult {
  if (end - at < 8 || (bytes[at + 2] & 15) !== 1) return NOT_IP;
  const body = at + 8 + (1 << (bytes[at] >>> 4)) + (bytes[at + 1] >>> 4) * 4;
  switch (bytes[at + 3]) {
    case IPV4_IN_IP:
      return decodeIpv4(bytes, body, end, wireEnd, inner);
    case IPV6_IN_IP:
      return decodeIpv6(bytes, body, end, wireEnd, inner);
    default:
      return NOT_IP;
  }
}

/** CAPWAP data (RFC 5415), not in DTLS and not in fragments: an 802.11 frame (bit T), or one of 802.3. */
function decodeCapwap(bytes: Uint8Array, at: number, end: number, wireEnd: number, inner: Int32Array): DecodeResult {
  if (end - at < 8 || bytes[at] !== 0 || (bytes[at + 3] & 0x80) !== 0) return NOT_IP;
  const length = (bytes[at + 1] >>> 3) * 4;
  if (length < 8) return NOT_IP;
  const body = at + length;
  if ((bytes[at + 2] & 1) === 0) return decodeEthernet(bytes, body, end, wireEnd, inner, 1);
  const result = decodeIeee80211(bytes, body, end, wireEnd, false, inner, 1);
  if (result === DECODED || result === AGGREGATE) return result;
  return decodeIeee80211(bytes, body, end, wireEnd, true, inner, 1);
}

/** TZSP: version 1, a received frame, and tags up to the one that ends them. */
function decodeTzsp(bytes: Uint8Array, at: number, end: number, wireEnd: number, inner: Int32Array): DecodeResult {
  if (end - at < 5 || bytes[at] !== 1 || bytes[at + 1] > 1) return NOT_IP;
  let body = at + 4;
  for (let tag = 0; ; tag++) {
    if (end - body < 2 || tag === 32) return NOT_IP;
    const number = bytes[body];
    if (number === 1) break;
    body += number === 0 ? 1 : 2 + bytes[body + 1];
  }
  body++;
  switch (u16(bytes, at + 2)) {
    case 1:
      return decodeEthernet(bytes, body, end, wireEnd, inner, 1);
    case 18:
      return decodeIeee80211(bytes, body, end, wireEnd, false, inner, 1);
    default:
      return NOT_IP;
  }
}
