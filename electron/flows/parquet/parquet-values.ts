import { damaged } from './parquet-footer.ts';

/**
 * The encodings of values in Parquet pages (Apache Parquet format, Encodings.md), each as a stream of which the next value
 * is taken when it is wanted: what a page claims to hold costs nothing until a row asks for it. All throw ParquetFault when
 * the bytes end early.
 */

/** Definition levels and dictionary numbers: runs of one value, and values of `width` bits (0 to 32) packed together. */
export class RunReader {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  readonly #width: number;
  #at: number;
  /** Values left of the run; `#bit` is where the next one stands when they are packed, -1 when they are all `#value`. */
  #left = 0;
  #bit = -1;
  #value = 0;

  constructor(bytes: Uint8Array, from: number, end: number, width: number) {
    if (width > 32 || end > bytes.length) throw damaged('a run is wider than 32 bits or ends early');
    this.#bytes = bytes;
    this.#at = from;
    this.#end = end;
    this.#width = width;
  }

  next(): number {
    while (this.#left === 0) this.#beginRun();
    this.#left--;
    if (this.#bit < 0) return this.#value;
    const value = bitsAt(this.#bytes, this.#bit, this.#width);
    this.#bit += this.#width;
    return value;
  }

  #byte(): number {
    if (this.#at >= this.#end) throw damaged('a page ends early');
    return this.#bytes[this.#at++];
  }

  #beginRun(): void {
    let header = 0;
    for (let scale = 1, byte = 0x80; byte >= 0x80; scale *= 128) {
      if (scale > 2 ** 28) throw damaged('a run is too long');
      byte = this.#byte();
      header += (byte & 0x7f) * scale;
    }
    if (header % 2 === 0) {
      this.#left = header / 2;
      this.#bit = -1;
      this.#value = 0;
      for (let shift = 0; shift < this.#width; shift += 8) this.#value += this.#byte() * 2 ** shift;
      return;
    }
    // Groups of eight; the last may claim more than is there, since only the values of the page count.
    const bytes = Math.min(((header - 1) / 2) * this.#width, this.#end - this.#at);
    this.#left = this.#width === 0 ? (header - 1) * 4 : Math.floor((bytes * 8) / this.#width);
    this.#bit = this.#at * 8;
    this.#at += bytes;
  }
}

/** `width` bits (0 to 32) from a bit on, the lowest first, as an unsigned number. They must lie in `bytes`. */
function bitsAt(bytes: Uint8Array, bit: number, width: number): number {
  let value = 0;
  for (let got = 0; got < width;) {
    const place = bit + got;
    const skip = place & 7;
    const take = Math.min(8 - skip, width - got);
    value |= ((bytes[place >>> 3] >>> skip) & ((1 << take) - 1)) << got;
    got += take;
  }
  return value >>> 0;
}

/** Whole numbers as differences (DELTA_BINARY_PACKED), in arithmetic modulo 2^64 on two words. */
export class DeltaReader {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #at: number;
  /** Values that there are, as far as told. */
  readonly #count: number;
  readonly #perMiniblock: number;
  readonly #miniblocks: number;
  /** Words of the value that `next` gave last. */
  low = 0;
  high = 0;
  #minLow = 0;
  #minHigh = 0;
  #isFirst = true;
  /** Where the bit widths of the block stand, and which of its miniblocks is being read. */
  #widthsAt = 0;
  #miniblock: number;
  #width = 0;
  #left = 0;
  #bit = 0;

  constructor(bytes: Uint8Array, from: number) {
    this.#bytes = bytes;
    this.#at = from;
    this.#end = bytes.length;
    const block = this.#varint();
    this.#miniblocks = this.#varint();
    this.#count = this.#varint();
    this.#perMiniblock = block / this.#miniblocks;
    this.#miniblock = this.#miniblocks;
    // The specification asks for multiples of 128 and of 32.
    if (!(this.#miniblocks > 0 && Number.isInteger(this.#perMiniblock / 8) && this.#perMiniblock > 0)) {
      throw damaged('blocks of differences have an impossible size');
    }
    this.#zigzag();
    [this.low, this.high] = [this.#minLow, this.#minHigh];
  }

  /** Moves to the next value. */
  next(): void {
    if (this.#isFirst) {
      this.#isFirst = false;
      return;
    }
    while (this.#left === 0) this.#beginMiniblock();
    this.#left--;
    const width = this.#width;
    const low = bitsAt(this.#bytes, this.#bit, Math.min(width, 32));
    const high = width > 32 ? bitsAt(this.#bytes, this.#bit + 32, width - 32) : 0;
    this.#bit += width;
    const sum = (this.low >>> 0) + this.#minLow + low;
    this.low = sum >>> 0;
    this.high = (this.high + this.#minHigh + high + Math.floor(sum / 2 ** 32)) | 0;
  }

  /** Where the bytes behind all the values stand, without reading them one by one. */
  static endOf(bytes: Uint8Array, from: number): number {
    const reader = new DeltaReader(bytes, from);
    for (let left = reader.#count - 1; left > 0; left -= reader.#perMiniblock) reader.#beginMiniblock();
    return reader.#at;
  }

  #byte(): number {
    if (this.#at >= this.#end) throw damaged('a page ends early');
    return this.#bytes[this.#at++];
  }

  /** A number of at most 32 bits. */
  #varint(): number {
    let value = 0;
    for (let scale = 1; scale <= 2 ** 28; scale *= 128) {
      const byte = this.#byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    throw damaged('a number is longer than 32 bits');
  }

  /** Reads a zigzag number of 64 bits into the words of the smallest difference. */
  #zigzag(): void {
    let low = 0;
    let high = 0;
    for (let shift = 0; ; shift += 7) {
      if (shift > 63) throw damaged('a number is longer than 64 bits');
      const byte = this.#byte();
      const bits = byte & 0x7f;
      if (shift < 32) low |= bits << shift;
      if (shift > 25) high |= shift < 32 ? bits >>> (32 - shift) : bits << (shift - 32);
      if (byte < 0x80) break;
    }
    const sign = -(low & 1);
    this.#minLow = (((low >>> 1) | (high << 31)) ^ sign) >>> 0;
    this.#minHigh = (high >>> 1) ^ sign;
  }

  #beginMiniblock(): void {
    if (this.#miniblock === this.#miniblocks) {
      this.#zigzag();
      this.#widthsAt = this.#at;
      this.#at += this.#miniblocks;
      this.#miniblock = 0;
    }
    if (this.#at > this.#end) throw damaged('a page ends early');
    this.#width = this.#bytes[this.#widthsAt + this.#miniblock++];
    this.#bit = this.#at * 8;
    this.#at += (this.#perMiniblock / 8) * this.#width;
    if (this.#width > 64 || this.#at > this.#end) throw damaged('a page ends early');
    this.#left = this.#perMiniblock;
  }
}

/** Most bytes that a text may have when it is put together from the text before it (DELTA_BYTE_ARRAY). */
const MAX_JOINED_TEXT = 65_536;

/** Texts, whichever way their lengths are written. `next` moves to the next one, which lies in `bytes`. */
export interface TextStream {
  bytes: Buffer;
  from: number;
  to: number;
  next(): void;
}

/** PLAIN: each text with its length before it. */
export class PlainTexts implements TextStream {
  readonly bytes: Buffer;
  from = 0;
  to: number;

  constructor(bytes: Buffer, from: number) {
    this.bytes = bytes;
    this.to = from;
  }

  next(): void {
    const { bytes, to } = this;
    if (to + 4 > bytes.length) throw damaged('a page ends early');
    const length = (bytes[to] | (bytes[to + 1] << 8) | (bytes[to + 2] << 16) | (bytes[to + 3] << 24)) >>> 0;
    this.from = to + 4;
    this.to = this.from + length;
    if (this.to > bytes.length) throw damaged('a text ends behind its page');
  }
}

/** DELTA_LENGTH_BYTE_ARRAY: all lengths, then all texts. */
export class DeltaLengthTexts implements TextStream {
  readonly bytes: Buffer;
  readonly #lengths: DeltaReader;
  from = 0;
  to: number;

  constructor(bytes: Buffer, from: number) {
    this.bytes = bytes;
    this.#lengths = new DeltaReader(bytes, from);
    this.to = DeltaReader.endOf(bytes, from);
  }

  next(): void {
    this.#lengths.next();
    this.from = this.to;
    this.to = this.from + this.#lengths.low;
    if (this.to > this.bytes.length) throw damaged('a text ends behind its page');
  }
}

/** DELTA_BYTE_ARRAY: how much each text shares with the one before it, then the rest of each. */
export class DeltaTexts implements TextStream {
  bytes: Buffer = Buffer.alloc(256);
  readonly from = 0;
  to = 0;
  readonly #prefixes: DeltaReader;
  readonly #suffixes: DeltaLengthTexts;

  constructor(bytes: Buffer, from: number) {
    this.#prefixes = new DeltaReader(bytes, from);
    this.#suffixes = new DeltaLengthTexts(bytes, DeltaReader.endOf(bytes, from));
  }

  next(): void {
    this.#prefixes.next();
    this.#suffixes.next();
    const { low: shared } = this.#prefixes;
    const { from, to } = this.#suffixes;
    const length = shared + to - from;
    if (shared > this.to || length > MAX_JOINED_TEXT) throw damaged('a text shares more than the one before it has');
    if (length > this.bytes.length) {
      const larger = Buffer.alloc(Math.max(length, this.bytes.length * 2));
      this.bytes.copy(larger);
      this.bytes = larger;
    }
    this.bytes.set(this.#suffixes.bytes.subarray(from, to), shared);
    this.to = length;
  }
}

/** Unpacks one block of LZ4, in memory of its own; null when it is damaged or more than `maximum` bytes come out. */
export type Lz4Block = (block: Uint8Array, maximum: number) => Uint8Array | null;

/** Unpacks a block of LZ4 that must give `length` bytes; null when it does not. */
export function unlz4(input: Uint8Array, length: number, block: Lz4Block): Uint8Array | null {
  const output = block(input, length);
  return output?.length === length ? output : null;
}

/**
 * Unpacks a page of the codec LZ4, which was never defined: blocks behind two lengths of four bytes each, unpacked and packed, as Hadoop
 * writes them, or one block alone, as older writers in C++ did (apache/parquet-format, Compression.md).
 */
export function unlz4Hadoop(input: Buffer, length: number, block: Lz4Block): Uint8Array | null {
  const output = new Uint8Array(length);
  let at = 0;
  let out = 0;
  while (input.length - at >= 8) {
    const unpacked = input.readUInt32BE(at);
    const from = at + 8;
    const to = from + input.readUInt32BE(at + 4);
    if (to > input.length || unpacked > length - out) break;
    const part = unlz4(input.subarray(from, to), unpacked, block);
    if (part === null) break;
    output.set(part, out);
    at = to;
    out += unpacked;
  }
  return at === input.length && out === length ? output : unlz4(input, length, block);
}

/** Bytes from which a copy by the engine costs less than one in a loop. */
const LONG_COPY = 64;

/**
 * Unpacks Snappy (format_description.txt of google/snappy, without frames).
 *
 * @param length bytes that must come out
 */
export function unsnappy(input: Uint8Array, length: number): Uint8Array {
  const output = new Uint8Array(length);
  let at = 0;
  let out = 0;
  while (at < 5 && (input[at] ?? 0) >= 0x80) at++;
  at++;
  while (at < input.length) {
    const tag = input[at++];
    if ((tag & 3) === 0) {
      let bytes = (tag >>> 2) + 1;
      if (bytes > 60) {
        const wide = bytes - 60;
        bytes = 1;
        for (let i = 0; i < wide; i++) bytes += (input[at + i] ?? 0) * 256 ** i;
        at += wide;
      }
      if (at + bytes > input.length || out + bytes > length) throw damaged('a page does not unpack');
      if (bytes > LONG_COPY) output.set(input.subarray(at, at + bytes), out);
      else for (let i = 0; i < bytes; i++) output[out + i] = input[at + i];
      at += bytes;
      out += bytes;
      continue;
    }
    const wide = tag & 3;
    const bytes = wide === 1 ? ((tag >>> 2) & 7) + 4 : (tag >>> 2) + 1;
    let back = wide === 1 ? (tag >>> 5) * 256 + (input[at] ?? 0) : (input[at] ?? 0) + (input[at + 1] ?? 0) * 256;
    if (wide === 3) back += (input[at + 2] ?? 0) * 65_536 + (input[at + 3] ?? 0) * 16_777_216;
    at += wide === 3 ? 4 : wide;
    if (back === 0 || back > out || out + bytes > length || at > input.length) throw damaged('a page does not unpack');
    for (let i = 0; i < bytes; i++) output[out + i] = output[out - back + i];
    out += bytes;
  }
  if (out !== length) throw damaged('a page does not unpack to its length');
  return output;
}
