import {
  CUT_SHORT,
  DECODED,
  decodeIp,
  decodeIpv4,
  decodeIpv6,
  type DecodeResult,
  ENCRYPTED,
  IP_END,
  MALFORMED,
  NOT_IP,
  u16,
} from './packet-header.ts';

/**
 * What may stand between a link's own header and IP: Ethernet, LLC, PPP, Frame Relay, tags, labels and shims. Each decoder
 * takes the places that `packet-header.ts` tells of and ends in that of the next layer; `layers` counts the headers
 * passed, so that no frame can nest them without bound.
 */

const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_IPV6 = 0x86dd;
/** Smaller values in an EtherType's place are the length of an 802.3 frame, which LLC begins. */
export const LONGEST_802_3 = 1500;
/** Headers, tags and shims before IP. */
export const MAX_LAYERS = 8;
const MAX_LABELS = 16;

/** Ethernet II, 802.3 with LLC, and Cisco's ISL around either. */
export function decodeEthernet(
  bytes: Uint8Array,
  at: number,
  end: number,
  wireEnd: number,
  header: Int32Array,
  layers: number,
): DecodeResult {
  if (end - at < 14) return CUT_SHORT;
  const type = u16(bytes, at + 12);
  // ISL frames go to 01:00:0c:00:00 or 03:00:0c:00:00 and hold 26 bytes before the frame itself; their length lies where
  // the type would, and the nibble behind the 40 bits of address is 0 for Ethernet.
  if ((bytes[at] & 0xfd) === 1 && bytes[at + 1] === 0 && bytes[at + 2] === 0x0c && type < 0x0800) {
    const isIsl = bytes[at + 3] === 0 && bytes[at + 4] === 0 && bytes[at + 5] >>> 4 === 0;
    if (isIsl) {
      if (layers >= MAX_LAYERS) return MALFORMED;
      return decodeEthernet(bytes, at + 26, end, wireEnd, header, layers + 1);
    }
  }
  return decodeEtherType(bytes, at + 14, end, wireEnd, type, header, layers);
}

/** Ethernet with a switch's tag of `length` bytes between addresses and type. */
export function decodeTagged(
  bytes: Uint8Array,
  at: number,
  end: number,
  wireEnd: number,
  length: number,
  header: Int32Array,
  layers: number,
): DecodeResult {
  const type = at + 12 + length;
  if (end - type < 2) return CUT_SHORT;
  return decodeEtherType(bytes, type + 2, end, wireEnd, u16(bytes, type), header, layers + 1);
}

/** What follows an EtherType, which stood before `start`. */
export function decodeEtherType(
  bytes: Uint8Array,
  start: number,
  end: number,
  wireEnd: number,
  etherType: number,
  header: Int32Array,
  layers: number,
): DecodeResult {
  let at = start;
  let type = etherType;
  for (let layer = layers; layer <= MAX_LAYERS; layer++) {
    if (type <= LONGEST_802_3) return decodeLlc(bytes, at, end, wireEnd, header, layer + 1);
    switch (type) {
      case ETHERTYPE_IPV4:
        return decodeIpv4(bytes, at, end, wireEnd, header);
      case ETHERTYPE_IPV6:
        return decodeIpv6(bytes, at, end, wireEnd, header);
      // 802.1Q, 802.1ad and two old vendor values.
      case 0x8100:
      case 0x88a8:
      case 0x9100:
      case 0x9200:
        if (end - at < 4) return CUT_SHORT;
        type = u16(bytes, at + 2);
        at += 4;
        break;
      // VN-Tag and 802.1BR.
      case 0x8926:
        if (end - at < 6) return CUT_SHORT;
        type = u16(bytes, at + 4);
        at += 6;
        break;
      case 0x893f:
        if (end - at < 8) return CUT_SHORT;
        type = u16(bytes, at + 6);
        at += 8;
        break;
      // MACsec (802.1AE): bit 0x08 says encrypted, 0x20 that the channel's name is there.
      case 0x88e5: {
        if (end - at < 6) return CUT_SHORT;
        if ((bytes[at] & 0x08) !== 0) return ENCRYPTED;
        at += (bytes[at] & 0x20) === 0 ? 6 : 14;
        if (end - at < 2) return CUT_SHORT;
        type = u16(bytes, at);
        at += 2;
        break;
      }
      case 0x8847:
      case 0x8848:
        return decodeMpls(bytes, at, end, wireEnd, header, layer + 1);
      case 0x8864:
        return decodePppoe(bytes, at, end, wireEnd, header, layer + 1);
      case 0x880b:
        return decodePpp(bytes, at, end, wireEnd, header, layer + 1);
      // A whole Ethernet frame: bridged, or behind 802.1ah's tag or TRILL's header (RFC 6325).
      case 0x6558:
        return decodeEthernet(bytes, at, end, wireEnd, header, layer + 1);
      case 0x88e7:
        return decodeEthernet(bytes, at + 4, end, wireEnd, header, layer + 1);
      case 0x22f3: {
        if (end - at < 6) return CUT_SHORT;
        const options = ((u16(bytes, at) >>> 6) & 31) * 4;
        return decodeEthernet(bytes, at + 6 + options, end, wireEnd, header, layer + 1);
      }
      case 0x894f:
        return decodeNsh(bytes, at, end, wireEnd, header, layer + 1);
      default:
        return NOT_IP;
    }
  }
  return MALFORMED;
}

/**
 * LLC (802.2) with SNAP (RFC 1042, and 802.1H's bridge-tunnel prefix), IP by its own LLC address (RFC 948), or a network
 * protocol's number behind that of OSI (RFC 2684, RFC 2364).
 */
export function decodeLlc(
  bytes: Uint8Array,
  at: number,
  end: number,
  wireEnd: number,
  header: Int32Array,
  layers: number,
): DecodeResult {
  if (end - at < 3) return CUT_SHORT;
  if (bytes[at] === 0x06 && bytes[at + 1] === 0x06 && bytes[at + 2] === 0x03) {
    return decodeIp(bytes, at + 3, end, wireEnd, header);
  }
  if (bytes[at] === 0xfe && bytes[at + 1] === 0xfe && bytes[at + 2] === 0x03) {
    return decodeNlpid(bytes, at + 3, end, wireEnd, header, layers);
  }
  if (bytes[at] !== 0xaa || bytes[at + 1] !== 0xaa || bytes[at + 2] !== 0x03) return NOT_IP;
  return decodeSnap(bytes, at + 3, end, wireEnd, header, layers);
}

/** Organisation and type: EtherTypes, or a bridged frame (RFC 2427: with its check sequence, or without). */
function decodeSnap(
  bytes: Uint8Array,
  at: number,
  end: number,
  wireEnd: number,
  header: Int32Array,
  layers: number,
): DecodeResult {
  if (end - at < 5) return CUT_SHORT;
  if (layers > MAX_LAYERS) return MALFORMED;
  const organisation = (bytes[at] << 16) | u16(bytes, at + 1);
  const type = u16(bytes, at + 3);
  if (organisation === 0 || organisation === 0xf8) {
    return decodeEtherType(bytes, at + 5, end, wireEnd, type, header, layers);
  }
  if (organisation === 0x80c2 && (type === 1 || type === 7)) {
    return decodeEthernet(bytes, at + 5, end, wireEnd, header, layers);
  }
  return NOT_IP;
}

/** Cisco's HDLC: address, control, EtherType. */
export function decodeHdlc(
  bytes: Uint8Array,
  at: number,
  end: number,
  wireEnd: number,
  header: Int32Array,
  layers: number,
): DecodeResult {
  if (end - at < 4) return CUT_SHORT;
  return decodeEtherType(bytes, at + 4, end, wireEnd, u16(bytes, at + 2), header, layers + 1);
}

/** PPPoE session (RFC 2516): six bytes, then PPP. */
export function decodePppoe(
  bytes: Uint8Array,
  at: number,
  end: number,
  wireEnd: number,
  header: Int32Array,
  layers: number,
): DecodeResult {
  if (end - at < 8) return CUT_SHORT;
  return decodePpp(bytes, at + 6, end, wireEnd, header, layers);
}

/** PPP (RFC 1661), address and control there or compressed away, the protocol in one byte or two. */
export function decodePpp(
  bytes: Uint8Array,
  start: number,
  end: number,
  wireEnd: number,
  header: Int32Array,
  layers: number,
): DecodeResult {
  const at = end - start >= 2 && bytes[start] === 0xff && bytes[start + 1] === 0x03 ? start + 2 : start;
  if (end - at < 2) return CUT_SHORT;
  if (layers > MAX_LAYERS) return MALFORMED;
  const isShort = (bytes[at] & 1) === 1;
  const behind = at + (isShort ? 1 : 2);
  switch (isShort ? bytes[at] : u16(bytes, at)) {
    case 0x21:
      return decodeIpv4(bytes, behind, end, wireEnd, header);
    case 0x57:
      return decodeIpv6(bytes, behind, end, wireEnd, header);
    case 0x281:
    case 0x283:
      return decodeMpls(bytes, behind, end, wireEnd, header, layers + 1);
    case 0x3d:
      return decodeMultilink(bytes, behind, end, wireEnd, header, layers + 1);
    default:
      return NOT_IP;
  }
}

/** A fragment of PPP multilink (RFC 1990): the first of a packet holds its headers. Numbers have 24 bits, or 12. */
function decodeMultilink(
  bytes: Uint8Array,
  at: number,
  end: number,
  wireEnd: number,
  header: Int32Array,
  layers: number,
): DecodeResult {
  if (end - at < 4) return CUT_SHORT;
  if ((bytes[at] & 0x80) === 0) return NOT_IP;
  if ((bytes[at] & 0x3f) === 0) {
    const result = decodePpp(bytes, at + 4, end, wireEnd, header, layers);
    if (result === DECODED || result === CUT_SHORT) return result;
  }
  return (bytes[at] & 0x30) === 0 ? decodePpp(bytes, at + 2, end, wireEnd, header, layers) : NOT_IP;
}

/**
 * A stack of MPLS labels (RFC 3032). The last one does not tell what follows: IP by its nibble and length, or an Ethernet
 * pseudowire with a control word, which begins with the nibble 0 (RFC 4385), or without.
 */
export function decodeMpls(
  bytes: Uint8Array,
  start: number,
  end: number,
  wireEnd: number,
  header: Int32Array,
  layers: number,
): DecodeResult {
  let at = start;
  for (let label = 0; ; label++) {
    if (end - at < 4) return CUT_SHORT;
    if (label === MAX_LABELS) return MALFORMED;
    const isLast = (bytes[at + 2] & 1) === 1;
    at += 4;
    if (isLast) break;
  }
  if (at >= end) return CUT_SHORT;
  const nibble = bytes[at] >>> 4;
  const isIp = nibble === 4 || nibble === 6;
  if (isIp && decodeIp(bytes, at, end, wireEnd, header) === DECODED && header[IP_END] <= wireEnd) return DECODED;
  if (layers < MAX_LAYERS) {
    if (nibble === 0 && decodeEthernet(bytes, at + 4, end, wireEnd, header, layers + 1) === DECODED) return DECODED;
    // Addresses of cards may begin with any nibble, those of IP and of the channel beside a pseudowire (RFC 5586) too.
    if (decodeEthernet(bytes, at, end, wireEnd, header, layers + 1) === DECODED) return DECODED;
  }
  return isIp ? decodeIp(bytes, at, end, wireEnd, header) : NOT_IP;
}

/** Frame Relay (RFC 2427): an address of two to four bytes, then a network protocol's number, or an EtherType (Cisco). */
export function decodeFrameRelay(
  bytes: Uint8Array,
  start: number,
  end: number,
  wireEnd: number,
  header: Int32Array,
  layers: number,
): DecodeResult {
  let last = start;
  while (last < end && last < start + 3 && (bytes[last] & 1) === 0) last++;
  let at = last + 1;
  if (end - at < 2) return CUT_SHORT;
  if ((bytes[last] & 1) === 0) return MALFORMED;
  if (bytes[at] !== 0x03) return decodeEtherType(bytes, at + 2, end, wireEnd, u16(bytes, at), header, layers + 1);
  at++;
  if (bytes[at] === 0) at++;
  return decodeNlpid(bytes, at, end, wireEnd, header, layers + 1);
}

/** A network layer protocol's number (ISO/IEC TR 9577) and what follows it. */
export function decodeNlpid(
  bytes: Uint8Array,
  at: number,
  end: number,
  wireEnd: number,
  header: Int32Array,
  layers: number,
): DecodeResult {
  if (at >= end) return CUT_SHORT;
  switch (bytes[at]) {
    case 0xcc:
      return decodeIpv4(bytes, at + 1, end, wireEnd, header);
    case 0x8e:
      return decodeIpv6(bytes, at + 1, end, wireEnd, header);
    case 0x80:
      return decodeSnap(bytes, at + 1, end, wireEnd, header, layers);
    case 0xcf:
      return decodePpp(bytes, at + 1, end, wireEnd, header, layers);
    default:
      return NOT_IP;
  }
}

/** Network service header (RFC 8300): its length in words, then what follows it. */
export function decodeNsh(
  bytes: Uint8Array,
  at: number,
  end: number,
  wireEnd: number,
  header: Int32Array,
  layers: number,
): DecodeResult {
  if (end - at < 8) return CUT_SHORT;
  const length = (bytes[at + 1] & 0x3f) * 4;
  if (bytes[at] >>> 6 !== 0 || length < 8 || layers > MAX_LAYERS) return MALFORMED;
  switch (bytes[at + 3]) {
    case 1:
      return decodeIpv4(bytes, at + length, end, wireEnd, header);
    case 2:
      return decodeIpv6(bytes, at + length, end, wireEnd, header);
    case 3:
      return decodeEthernet(bytes, at + length, end, wireEnd, header, layers + 1);
    case 5:
      return decodeMpls(bytes, at + length, end, wireEnd, header, layers + 1);
    default:
      return NOT_IP;
  }
}
