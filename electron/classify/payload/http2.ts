import { NAME_ORIGINS, TCP } from '../../../shared/flow.ts';
import {
  NOT_RECOGNISED,
  type Payload,
  RECOGNISED,
  RECOGNISED_LOOK_ON,
  RECOGNISED_WANTS_MORE,
  WANTS_MORE,
} from '../../../shared/payload.ts';
import { hostOf } from './http.ts';
import { type PayloadRule, startsWith, u24, visibleText } from './rule.ts';

/**
 * HTTP/2 in clear text by its preface (RFC 9113, 3.4), with authority and user agent of the client's first request, whose
 * header block is HPACK (RFC 7541). A connection that was upgraded from HTTP/1 has named its host before.
 */

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const AUTHORITY_ORIGIN = NAME_ORIGINS.indexOf('http-authority');
const FRAME_HEADER = 9;
const HEADERS = 1;
const CONTINUATION = 9;
const END_HEADERS = 4;
const PADDED = 8;
const PRIORITY = 0x20;
/** Largest frame without another setting (RFC 9113, 4.2). */
const MAX_FRAME = 16_384;
const MAX_FIELDS = 128;
/** Entries of the static table (RFC 7541, appendix A): `:authority`, `user-agent`, `via`, and the last one. */
const AUTHORITY = 1;
const USER_AGENT = 58;
const VIA = 60;
const STATIC_ENTRIES = 61;

/**
 * Lengths of the Huffman codes of the 256 bytes and of the end mark (RFC 7541, appendix B). The code is canonical: shorter
 * codes come first, those of one length in the order of their symbols.
 */
const CODE_LENGTHS = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
  6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
  15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
  20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
  22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
  26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
  20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
  30,
]; // prettier-ignore
const LONGEST_CODE = 30;
const END_MARK = 256;

/** By length of code: symbols in order, and the first code. */
const SYMBOLS = Array.from({ length: LONGEST_CODE + 1 }, (_, length) =>
  [...CODE_LENGTHS.keys()].filter((symbol) => CODE_LENGTHS[symbol] === length),
);
const FIRST_CODES = SYMBOLS.reduce<number[]>((codes, _symbols, length) => {
  codes.push(length === 0 ? 0 : (codes[length - 1] + SYMBOLS[length - 1].length) * 2);
  return codes;
}, []);

/** Bytes that a Huffman text stands for; null when it holds the end mark or ends in other bits than ones (RFC 7541, 5.2). */
export function huffmanText(bytes: Uint8Array, start: number, end: number): Uint8Array | null {
  const text: number[] = [];
  let [code, length] = [0, 0];
  for (let at = start; at < end; at++) {
    for (let bit = 7; bit >= 0; bit--) {
      code = code * 2 + ((bytes[at] >>> bit) & 1);
      if (++length > LONGEST_CODE) return null;
      const symbol = SYMBOLS[length][code - FIRST_CODES[length]];
      if (symbol === undefined) continue;
      if (symbol === END_MARK) return null;
      text.push(symbol);
      [code, length] = [0, 0];
    }
  }
  return length < 8 && code === 2 ** length - 1 ? Uint8Array.from(text) : null;
}

/** An integer with a prefix of so many bits (RFC 7541, 5.1); −1 beyond the end or above 2^28. `integerEnd` is behind it. */
let integerEnd = 0;
function readInteger(bytes: Uint8Array, at: number, end: number, prefix: number): number {
  if (at >= end) return -1;
  const most = (1 << prefix) - 1;
  let value = bytes[at] & most;
  integerEnd = at + 1;
  if (value < most) return value;
  for (let shift = 0; shift < 28; shift += 7) {
    if (integerEnd >= end) return -1;
    const byte = bytes[integerEnd++];
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return value;
  }
  return -1;
}

/** A string literal as visible text (RFC 7541, 5.2); null when it is malformed. `integerEnd` is behind it. */
function readText(bytes: Uint8Array, at: number, end: number): string | null {
  const isHuffman = at < end && bytes[at] >= 0x80;
  const length = readInteger(bytes, at, end, 7);
  const from = integerEnd;
  if (length < 0 || from + length > end) return null;
  integerEnd = from + length;
  if (!isHuffman) return visibleText(bytes, from, integerEnd);
  const text = huffmanText(bytes, from, integerEnd);
  return text === null ? null : visibleText(text, 0, text.length);
}

/**
 * Takes authority and user agent of a header block. The block is the connection's first, so that what it refers to in the
 * dynamic table stands in itself, which no client has been seen to do with these two; such a reference is passed over.
 */
function readHeaderBlock(payload: Payload, bytes: Uint8Array, start: number, end: number): void {
  let at = start;
  for (let fields = 0; at < end && fields < MAX_FIELDS; fields++) {
    const first = bytes[at];
    if (first >= 0x80 || (first & 0xe0) === 0x20) {
      // An indexed field, whose value no static entry of the two has; or a new size of the table.
      if (readInteger(bytes, at, end, first >= 0x80 ? 7 : 5) < 0) return;
      at = integerEnd;
      continue;
    }
    const index = readInteger(bytes, at, end, (first & 0xc0) === 0x40 ? 6 : 4);
    if (index < 0) return;
    const name = index === 0 ? readText(bytes, integerEnd, end) : '';
    const value = name === null ? null : readText(bytes, integerEnd, end);
    if (value === null) return;
    at = integerEnd;
    if (index > STATIC_ENTRIES) continue;
    if (index === AUTHORITY || name === ':authority' || (name === 'host' && payload.name === '')) {
      payload.name = hostOf(value);
      payload.nameOrigin = AUTHORITY_ORIGIN;
    } else if (index === USER_AGENT || name === 'user-agent') payload.userAgent = value;
    else if (index === VIA || name === 'via') payload.via ||= value;
    else if (name === 'x-forwarded-for' || name === 'forwarded') payload.forwardedFor ||= value;
  }
}

/** Walks the client's frames to its first request; true when that was there. */
function readFrames(payload: Payload): boolean {
  const { bytes, start, end } = payload;
  let at = start + PREFACE.length;
  let block = new Uint8Array(0);
  while (at + FRAME_HEADER <= end) {
    const length = u24(bytes, at);
    const type = bytes[at + 3];
    const flags = bytes[at + 4];
    let from = at + FRAME_HEADER;
    at = from + length;
    if (length > MAX_FRAME) return true;
    if (at > end) return false;
    if (type !== HEADERS && (type !== CONTINUATION || block.length === 0)) continue;
    let to = at;
    if (type === HEADERS && (flags & PADDED) !== 0) to -= bytes[from++];
    if (type === HEADERS && (flags & PRIORITY) !== 0) from += 5;
    if (from > to || block.length + to - from > MAX_FRAME) return true;
    block = Buffer.concat([block, bytes.subarray(from, to)]);
    if ((flags & END_HEADERS) === 0) continue;
    readHeaderBlock(payload, block, 0, block.length);
    return true;
  }
  return false;
}

export const http2Rule: PayloadRule = {
  id: 'http2-preface',
  protocol: 'http2',
  transport: TCP,
  firstBytes: [0x50],
  recognise(payload) {
    const { bytes, start, end } = payload;
    if (payload.rule !== 0 && !payload.fromInitiator) return RECOGNISED_LOOK_ON;
    if (!startsWith(bytes, start, end, PREFACE)) {
      if (payload.rule !== 0) return RECOGNISED;
      return end - start < PREFACE.length && startsWith(bytes, start, end, PREFACE.slice(0, end - start))
        ? WANTS_MORE
        : NOT_RECOGNISED;
    }
    return readFrames(payload) ? RECOGNISED : RECOGNISED_WANTS_MORE;
  },
};
