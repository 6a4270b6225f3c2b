import {
  decodeEthernet,
  decodeEtherType,
  decodeFrameRelay,
  decodeHdlc,
  decodeLlc,
  decodeMpls,
  decodeNlpid,
  decodePpp,
} from './encapsulation.ts';
import {
  CUT_SHORT,
  decodeIp,
  decodeIpv4,
  decodeIpv6,
  type DecodeResult,
  MALFORMED,
  NOT_IP,
  u16,
} from './packet-header.ts';

/**
 * Frames as Juniper's routers write them (LINKTYPE_JUNIPER_*): a magic number, flags, extensions, and for some interface
 * cards a "cookie" before the frame. Juniper has published no description; this follows tcpdump (print-juniper.c) and
 * Wireshark (packet-juniper.c). Kinds of which the two tell different things are not read.
 */

const MAGIC = 0x4d4743;
const INCOMING = 0x01;
const NO_LINK_HEADER = 0x02;
const HAS_EXTENSIONS = 0x80;

/** First byte of the cookies of link services and of adaptive services cards. */
const LINK_SERVICES = 0x54;
const ADAPTIVE_SERVICES = 0x47;

/** PPP protocols that a router sends: IPv4, IPv6, OSI, MPLS, multilink, and their control protocols. */
const PPP_PROTOCOLS: ReadonlySet<number> = new Set([
  0x0021, 0x0057, 0x0023, 0x0281, 0x0283, 0x003d, 0x8021, 0x8057, 0x8023, 0x8281, 0xc021, 0xc023, 0xc223,
]);

export const JUNIPER_MLPPP = 130;
export const JUNIPER_MLFR = 131;
export const JUNIPER_ATM2 = 135;
export const JUNIPER_ATM1 = 137;
export const JUNIPER_PPPOE = 167;
export const JUNIPER_PPPOE_ATM = 168;
export const JUNIPER_ETHER = 178;
export const JUNIPER_PPP = 179;
export const JUNIPER_FRELAY = 180;
export const JUNIPER_CHDLC = 181;
export const JUNIPER_VP = 183;

export function decodeJuniper(
  bytes: Uint8Array,
  start: number,
  end: number,
  wireEnd: number,
  linkType: number,
  header: Int32Array,
  layers: number,
): DecodeResult {
  if (end - start < 4) return CUT_SHORT;
  if (((bytes[start] << 16) | u16(bytes, start + 1)) !== MAGIC) return MALFORMED;
  const flags = bytes[start + 3];
  let at = start + 4;
  if ((flags & HAS_EXTENSIONS) !== 0) {
    if (end - at < 2) return CUT_SHORT;
    at += 2 + u16(bytes, at);
  }
  // Four bytes tell the protocol, in the byte order of the router; IP tells itself.
  if ((flags & NO_LINK_HEADER) !== 0) return decodeIp(bytes, at + 4, end, wireEnd, header);
  switch (linkType) {
    case JUNIPER_MLPPP:
      return decodeMultilinkPpp(bytes, at, end, wireEnd, header, layers + 1);
    case JUNIPER_MLFR:
      return decodeMultilinkFrameRelay(bytes, at, end, wireEnd, header, layers + 1);
    // A first byte of 0x80 is that of a maintenance cell.
    case JUNIPER_ATM1:
      if (end - at < 4) return CUT_SHORT;
      return bytes[at] === 0x80 ? NOT_IP : decodeAtm(bytes, at + 4, end, wireEnd, false, header, layers + 1);
    case JUNIPER_ATM2: {
      if (end - at < 8) return CUT_SHORT;
      if ((bytes[at + 7] & 0x70) !== 0) return NOT_IP;
      const isBridged = (flags & INCOMING) === 0 && (bytes[at + 3] & 0x3f) !== 0;
      const body = at + 8;
      if (isBridged && !isLlc(bytes, body, end)) return decodeEthernet(bytes, body, end, wireEnd, header, layers + 1);
      return decodeAtm(bytes, body, end, wireEnd, true, header, layers + 1);
    }
    case JUNIPER_PPPOE:
    case JUNIPER_ETHER:
      return decodeEthernet(bytes, at, end, wireEnd, header, layers + 1);
    case JUNIPER_PPPOE_ATM:
      if (end - at < 2) return CUT_SHORT;
      return decodeEtherType(bytes, at + 2, end, wireEnd, u16(bytes, at), header, layers + 1);
    case JUNIPER_PPP:
      return decodePpp(bytes, at, end, wireEnd, header, layers + 1);
    case JUNIPER_FRELAY:
      return decodeFrameRelay(bytes, at, end, wireEnd, header, layers + 1);
    case JUNIPER_CHDLC:
      return decodeHdlc(bytes, at, end, wireEnd, header, layers + 1);
    // Voice cards: 18 bytes that say nothing.
    case JUNIPER_VP:
      return decodeIpv4(bytes, at + 18, end, wireEnd, header);
    default:
      return NOT_IP;
  }
}

/** What an adaptive services card says of the frame behind its cookie. */
function decodeBehindServices(
  bytes: Uint8Array,
  cookie: number,
  end: number,
  wireEnd: number,
  header: Int32Array,
  layers: number,
): DecodeResult {
  if (end - cookie < 8) return CUT_SHORT;
  const at = cookie + 8;
  switch (bytes[cookie + 5] & 0x70) {
    case 0x00:
      return decodeIpv4(bytes, at, end, wireEnd, header);
    case 0x10:
      return decodeIpv6(bytes, at, end, wireEnd, header);
    case 0x20:
      return decodeMpls(bytes, at, end, wireEnd, header, layers);
    default:
      return NOT_IP;
  }
}

/** A bundle's frame has a cookie; that of one of its links has PPP's address or protocol in its place. */
function decodeMultilinkPpp(
  bytes: Uint8Array,
  at: number,
  end: number,
  wireEnd: number,
  header: Int32Array,
  layers: number,
): DecodeResult {
  if (end - at < 4) return CUT_SHORT;
  if (bytes[at] === LINK_SERVICES) return decodePpp(bytes, at + 4, end, wireEnd, header, layers);
  if (bytes[at] === ADAPTIVE_SERVICES) {
    // To the routing engine: there is no IP, but IS-IS in PPP.
    if (end - at >= 5 && bytes[at + 4] === 0x0c) return NOT_IP;
    return decodeBehindServices(bytes, at, end, wireEnd, header, layers);
  }
  const first = u16(bytes, at);
  const second = u16(bytes, at + 2);
  if (first === 0xff03) return decodePpp(bytes, at, end, wireEnd, header, layers);
  if (second === 0xff03 || PPP_PROTOCOLS.has(second)) return decodePpp(bytes, at + 2, end, wireEnd, header, layers);
  return PPP_PROTOCOLS.has(first) ? decodePpp(bytes, at, end, wireEnd, header, layers) : NOT_IP;
}

function decodeMultilinkFrameRelay(
  bytes: Uint8Array,
  at: number,
  end: number,
  wireEnd: number,
  header: Int32Array,
  layers: number,
): DecodeResult {
  if (at >= end) return CUT_SHORT;
  if (bytes[at] === ADAPTIVE_SERVICES) return decodeBehindServices(bytes, at, end, wireEnd, header, layers);
  const control = at + (bytes[at] === LINK_SERVICES ? 4 : 2);
  if (control >= end) return CUT_SHORT;
  return bytes[control] === 0x03 ? decodeNlpid(bytes, control + 1, end, wireEnd, header, layers) : NOT_IP;
}

function isLlc(bytes: Uint8Array, at: number, end: number): boolean {
  if (end - at < 3) return true;
  return (u16(bytes, at) === 0xaaaa || u16(bytes, at) === 0xfefe) && bytes[at + 2] === 0x03;
}

/** RFC 2684 in its forms: LLC, Cisco's NLPID behind 0x03, PPP (RFC 2364), or IP alone. */
function decodeAtm(
  bytes: Uint8Array,
  at: number,
  end: number,
  wireEnd: number,
  mayBePpp: boolean,
  header: Int32Array,
  layers: number,
): DecodeResult {
  if (end - at < 3) return CUT_SHORT;
  if (isLlc(bytes, at, end)) return decodeLlc(bytes, at, end, wireEnd, header, layers);
  if (bytes[at] === 0x03) return decodeNlpid(bytes, at + 1, end, wireEnd, header, layers);
  if (mayBePpp && PPP_PROTOCOLS.has(u16(bytes, at))) return decodePpp(bytes, at, end, wireEnd, header, layers);
  return decodeIp(bytes, at, end, wireEnd, header);
}
