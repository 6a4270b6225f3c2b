import { decodeLlc } from './encapsulation.ts';
import {
  AGGREGATE,
  AGGREGATE_END,
  AGGREGATE_MESH,
  AGGREGATE_NEXT,
  AGGREGATE_WIRE_END,
  CUT_SHORT,
  type DecodeResult,
  ENCRYPTED,
  i32,
  MALFORMED,
  NOT_IP,
  u16,
} from './packet-header.ts';

/** Wireless frames (IEEE 802.11) and the radio headers that capturing drivers put before them. */

const PRISM_BYTES = 144;
/** Of a subframe of an aggregate (IEEE 802.11-2016, 9.3.2.2): destination, source, length. */
const SUBFRAME_HEADER = 14;

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
 * A data frame; others carry no IP. Of an AGGREGATE only the beginning is looked at: `decodeSubframe` goes on.
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
  if (end - body < SUBFRAME_HEADER) return CUT_SHORT;
  if (subframeEnd(bytes, body) > wireEnd) return MALFORMED;
  header[AGGREGATE_NEXT] = body;
  header[AGGREGATE_END] = end;
  header[AGGREGATE_WIRE_END] = wireEnd;
  header[AGGREGATE_MESH] = isMesh ? 1 : 0;
  return AGGREGATE;
}

/** Where the subframe at `at` ends on the wire, without its padding. */
function subframeEnd(bytes: Uint8Array, at: number): number {
  return at + SUBFRAME_HEADER + u16(bytes, at + 12);
}

/** Whether an aggregate holds a further subframe; what is shorter than one is padding and the frame's check sequence. */
export function hasSubframe(header: Int32Array): boolean {
  return header[AGGREGATE_WIRE_END] - header[AGGREGATE_NEXT] >= SUBFRAME_HEADER;
}

/** The next subframe of an aggregate, whose place `header` has. What is damaged or cut off is the last one found. */
export function decodeSubframe(bytes: Uint8Array, header: Int32Array): DecodeResult {
  const at = header[AGGREGATE_NEXT];
  const end = header[AGGREGATE_END];
  const wireEnd = header[AGGREGATE_WIRE_END];
  header[AGGREGATE_NEXT] = wireEnd;
  const body = at + SUBFRAME_HEADER;
  if (body > end) return CUT_SHORT;
  const to = subframeEnd(bytes, at);
  if (to > wireEnd) return MALFORMED;
  // Padded to four bytes from its own beginning.
  header[AGGREGATE_NEXT] = at + ((to - at + 3) & ~3);
  const last = Math.min(end, to);
  return decodeLlc(bytes, llcAt(bytes, body, last, header[AGGREGATE_MESH] === 1), last, to, header, 1);
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
