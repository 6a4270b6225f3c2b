import { decodeLlc } from './encapsulation.ts';
import {
  CUT_SHORT,
  DECODED,
  DECODED_FIRST,
  type DecodeResult,
  ENCRYPTED,
  i32,
  MALFORMED,
  NOT_IP,
  u16,
} from './packet-header.ts';

/** Wireless frames (IEEE 802.11) and the radio headers that capturing drivers put before them. */

const PRISM_BYTES = 144;

/** A frame of link type 105 (bare), 119 (Prism, or AVS in its place), 127 (radiotap) or 163 (AVS). */
export function decodeRadioHeader(
  bytes: Uint8Array,
  at: number,
  end: number,
  wireEnd: number,
  linkType: number,
  header: Int32Array,
  layers: number,
): DecodeResult {
  if (end - at < 8) return CUT_SHORT;
  let length = 0;
  if (linkType === 127) {
    if (bytes[at] !== 0) return MALFORMED;
    length = bytes[at + 2] | (bytes[at + 3] << 8);
    if (length < 8) return MALFORMED;
  } else if (linkType !== 105) {
    // AVS begins with its magic number and its length, both big-endian.
    const isAvs = i32(bytes, at) >>> 8 === 0x802110;
    if (linkType === 163 && !isAvs) return MALFORMED;
    length = isAvs ? i32(bytes, at + 4) : PRISM_BYTES;
    if (length < 8 || length > 1024) return MALFORMED;
  }
  return decodeIeee80211(bytes, at + length, end, wireEnd, false, header, layers + 1);
}

/**
 * A data frame; others carry no IP. Of an aggregate (A-MSDU) only the first packet is decoded, and DECODED_FIRST tells so.
 *
 * @param isSwapped the fields of 16 bits stand the other way round, as some CAPWAP devices send them
 */
export function decodeIeee80211(
  bytes: Uint8Array,
  at: number,
  end: number,
  wireEnd: number,
  isSwapped: boolean,
  header: Int32Array,
  layers: number,
): DecodeResult {
  if (end - at < 24) return end - at < 2 || isData(bytes[isSwapped ? at + 1 : at]) ? CUT_SHORT : NOT_IP;
  const control = bytes[isSwapped ? at + 1 : at];
  const flags = bytes[isSwapped ? at : at + 1];
  // Version 0, type data, and with data (the bit 0x40 says without).
  if (!isData(control)) return NOT_IP;
  if ((flags & 0x40) !== 0) return ENCRYPTED;
  // Later fragments hold no header.
  if ((bytes[isSwapped ? at + 23 : at + 22] & 15) !== 0) return NOT_IP;
  let length = (flags & 3) === 3 ? 30 : 24;
  const isQos = (control & 0x80) !== 0;
  let isAggregate = false;
  let isMesh = false;
  if (isQos) {
    if (end - at < length + 2) return CUT_SHORT;
    isAggregate = (bytes[at + length] & 0x80) !== 0;
    isMesh = (flags & 2) !== 0 && (bytes[at + length + 1] & 1) !== 0;
    length += 2;
    if ((flags & 0x80) !== 0) length += 4;
  }
  let body = at + length;
  // Some drivers pad the header to four bytes.
  if ((length & 3) !== 0 && end - body >= 4 && bytes[body] !== 0xaa && u16(bytes, body + 2) === 0xaaaa) body += 2;
  if (!isAggregate) return decodeLlc(bytes, llcAt(bytes, body, end, isMesh), end, wireEnd, header, layers + 1);
  // Destination, source, length, then LLC; padded to four bytes.
  if (end - body < 14) return CUT_SHORT;
  const next = body + ((u16(bytes, body + 12) + 17) & ~3);
  const result = decodeLlc(bytes, llcAt(bytes, body + 14, end, isMesh), end, wireEnd, header, layers + 1);
  return result === DECODED && wireEnd - next >= 14 ? DECODED_FIRST : result;
}

/**
 * Where LLC begins in a body: in a mesh behind its control (IEEE 802.11-2012, 8.2.4.7.3), flags, lifetime, a number of four bytes and
 * at most two further addresses. The bit that announces it means other things outside of a mesh, so that LLC has to stand there.
 */
function llcAt(bytes: Uint8Array, body: number, end: number, isMesh: boolean): number {
  if (!isMesh || end - body < 1 || bytes[body] > 2) return body;
  const behind = body + 6 + 6 * bytes[body];
  return end - behind < 2 || u16(bytes, behind) === 0xaaaa ? behind : body;
}

function isData(control: number): boolean {
  return (control & 0x4f) === 0x08;
}
