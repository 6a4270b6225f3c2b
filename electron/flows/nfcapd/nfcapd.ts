import type { EvidenceSink } from '../flow-sink.ts';
import { readU64 } from './nfcapd-values.ts';
import { isRecordHeader, type NfcapdRecords } from './nfcapd-records.ts';
import { NfcapdRecordsV1 } from './nfcapd-v1.ts';
import { NfcapdRecordsV2 } from './nfcapd-v2.ts';

/**
 * Files of nfcapd, sfcapd, nfpcapd and `nfdump -w`: layout 1 of nfdump 1.6 (nffile.h) and layout 2 of nfdump 1.7
 * (nffileV2.h). Neither is specified elsewhere. A header tells the compression; blocks of records follow, each with a
 * header of its own.
 */

const MAGIC = 0xa50c;
const MAGIC_OF_THE_OTHER_ORDER = 0x0ca5;
/** Layout that follows nfdump 1.7's, which is recognised and not read. */
const LAYOUT_3 = 3;

/** Header and statistics of layout 1. */
const HEADER_V1 = 276;
/** Where in it the statistics begin, with the number of flows, and where they end, with the sequence failures. */
const STATISTICS_V1 = 140;
const FAILURES_V1 = 272;
const HEADER_V2 = 40;
const BLOCK_HEADER = 12;
/** Longest block, compressed or not. nfdump writes at most 2 MiB and reads at most 5 MiB. */
export const MAX_BLOCK = 8 << 20;
/** Places that are tried in a file as the beginning of a block after damage. */
export const MAX_TRIALS = 1000;

/** Bytes, inflated ones too, that may be looked at in vain in such places. */
const MAX_TRIED_BYTES = 256 << 20;

const FLAG_BLOCK_UNCOMPRESSED = 1;
const HIGHEST_BLOCK_FLAGS = 7;
/** Bytes taken in at once, of a larger piece. */
const PIECE = 1 << 20;
/** Inflated bytes that are never questioned; beyond, those for each byte of blocks (LZO and LZ4 cannot exceed 255). */
const RATIO_FROM = 64 << 20;
const MAX_RATIO = 1000;
const FIRST_CAPACITY = 1 << 17;

/** Inflates a block; null when it is damaged or more than `maximum` bytes come out. The bytes are good until the next call. */
export type BlockDecompressor = (compressed: Uint8Array, maximum: number) => Uint8Array | null;

/** `lzo`: LZO1X without frame; `lz4`: an LZ4 block without frame; `bz2`, `zstd`: one stream. */
export type BlockDecompressors = Readonly<Record<'lzo' | 'bz2' | 'lz4' | 'zstd', BlockDecompressor>>;

/** By the number in the header of layout 2. */
const COMPRESSIONS = ['none', 'lzo', 'bz2', 'lz4', 'zstd'] as const;
type Compression = (typeof COMPRESSIONS)[number];

interface Layout {
  /** Blocks that the header tells of; 0 = it does not (the collector was still writing). */
  readonly blocks: number;
  /** Undefined: a compression that we do not know. */
  readonly compression: Compression | undefined;
  /** Type of the blocks that hold records. */
  readonly blockType: number;
}

/** Tells a file of nfcapd by its first four bytes; also of layouts and byte orders that are then refused by name. */
export function detectNfcapd(head: Uint8Array): boolean {
  if (head.length < 4) return false;
  const magic = head[0] | (head[1] << 8);
  if (magic === MAGIC) return head[3] === 0 && head[2] >= 1 && head[2] <= LAYOUT_3;
  return magic === MAGIC_OF_THE_OTHER_ORDER && head[2] === 0 && head[3] >= 1 && head[3] <= LAYOUT_3;
}

/**
 * Reads one file of nfcapd, given in pieces of any size. Each flow record is handed on as recorded, one way unless it
 * has counts of both; counts that the collector multiplied by the sampling rate are brought back where the file tells
 * the rate. `locator` is the number of the flow record, as nfdump counts. Holds one block, and what it inflates to.
 *
 * Kinds of problems: `not-nfcapd`, `layout-not-read`, `encrypted-file` (nothing is read); `damaged-block`,
 * `truncated-block`, `block-compression-unknown`, `block-not-read` (the records of a block lost); `damaged-end`, `bomb`
 * (all further ones lost); `damaged-record`, `missing-fields`, `bad-time`, `bad-number`, `event-not-flow` (one record
 * lost); `missing-blocks`, `flow-count-differs`, `record-count-differs`, `extension-unknown`, `no-extension-map`,
 * `too-many-samplers`, `scaled-counts`, `frame-bytes`, `aggregated-flows`, `no-time`, `times-swapped`, `sequence-failures` (none lost). Records
 * of a compressed block stand under the block's offset.
 */
export class NfcapdReader {
  readonly #sink: EvidenceSink;
  readonly #decompress: BlockDecompressors;
  #layout: Layout | null = null;
  #records: NfcapdRecords | null = null;
  #isRefused = false;
  #isSearching = false;
  /** The search is inside a block that the file cuts short, which was told. */
  #isCut = false;
  /** Where the search began, offset in the file. */
  #lostFrom = 0;
  #trials = 0;
  #triedBytes = 0;
  /** Blocks met, damaged ones included. */
  #blocks = 0;
  #compressed = 0;
  #inflated = 0;

  #buffer: Uint8Array = new Uint8Array(FIRST_CAPACITY);
  #view = new DataView(this.#buffer.buffer);
  #start = 0;
  #end = 0;
  /** Offset in the file of the buffer's first byte. */
  #base = 0;

  constructor(sink: EvidenceSink, decompress: BlockDecompressors) {
    this.#sink = sink;
    this.#decompress = decompress;
  }

  /** Flow records read without fault so far. */
  get records(): number {
    return this.#records?.flow.records ?? 0;
  }

  /** Earliest and latest moment that a record tells of, microseconds since the epoch; null before the first. */
  get firstSeen(): number | null {
    const earliest = this.#records?.flow.earliest ?? Infinity;
    return earliest === Infinity ? null : earliest;
  }

  get lastSeen(): number | null {
    const latest = this.#records?.flow.latest ?? -Infinity;
    return latest === -Infinity ? null : latest;
  }

  push(chunk: Uint8Array): void {
    if (this.#isRefused) return;
    // A piece larger than what a block needs must not make the buffer grow with it.
    for (let from = 0; from < chunk.length && !this.#isRefused; from += PIECE) {
      this.#append(chunk.subarray(from, from + PIECE));
      this.#consume(false);
    }
  }

  /** Ends the file: reads a last block, whole or not. */
  end(): void {
    if (this.#isRefused) return;
    this.#consume(true);
    if (this.#isRefused) return;
    const left = this.#end - this.#start;
    if (this.#layout === null) {
      this.#sink.problem('not-nfcapd', 0, 'the file ends inside its header');
    } else if (this.#isSearching && !this.#isCut) {
      const message = `no sound block was found in the ${this.#base + this.#end - this.#lostFrom} bytes after the damage`;
      this.#sink.problem('damaged-end', this.#lostFrom, message);
    } else if (left > 0 && !this.#isSearching) {
      this.#sink.problem('truncated-block', this.#offset, 'the file ends inside the header of a block');
    }
    const told = this.#layout?.blocks ?? 0;
    if (told > this.#blocks) {
      const message = `the file has ${this.#blocks} blocks, its header tells of ${told}`;
      this.#sink.problem('missing-blocks', this.#base + this.#end, message);
    }
    this.#records?.compareStatistics(this.#base + this.#end);
  }

  get #offset(): number {
    return this.#base + this.#start;
  }

  #append(piece: Uint8Array): void {
    const left = this.#end - this.#start;
    const needed = left + piece.length;
    if (this.#end + piece.length > this.#buffer.length) {
      if (needed > this.#buffer.length) {
        const larger = new Uint8Array(Math.max(needed, this.#buffer.length * 2));
        larger.set(this.#buffer.subarray(this.#start, this.#end));
        this.#buffer = larger;
        this.#view = new DataView(larger.buffer);
      } else this.#buffer.copyWithin(0, this.#start, this.#end);
      this.#base += this.#start;
      this.#start = 0;
      this.#end = left;
    }
    this.#buffer.set(piece, this.#end);
    this.#end += piece.length;
  }

  #refuse(kind: string, message: string): void {
    this.#sink.problem(kind, 0, message);
    this.#isRefused = true;
  }

  #consume(isLast: boolean): void {
    if (this.#layout === null) this.#readHeader();
    const layout = this.#layout;
    const records = this.#records;
    if (layout === null || records === null) return;
    while (!this.#isRefused && this.#end - this.#start >= BLOCK_HEADER) {
      if (this.#isSearching) {
        if (!this.#search(layout, isLast)) return;
      } else if (!this.#readBlock(layout, records, isLast)) return;
    }
  }

  #readHeader(): void {
    const at = this.#start;
    const length = this.#end - at;
    if (length < 4) return;
    const magic = this.#view.getUint16(at, true);
    const version = this.#view.getUint16(at + 2, true);
    if (magic === MAGIC_OF_THE_OTHER_ORDER) {
      this.#refuse('layout-not-read', 'the file was written on a machine of the other byte order');
    } else if (magic !== MAGIC) {
      this.#refuse('not-nfcapd', 'the file does not begin as those of nfcapd do');
    } else if (version === 1) {
      if (length >= HEADER_V1) this.#readHeaderV1(at);
    } else if (version === 2) {
      if (length >= HEADER_V2) this.#readHeaderV2(at);
    } else {
      const message = `layout ${version} of nfcapd files is not read, only 1 (nfdump 1.6) and 2 (nfdump 1.7)`;
      this.#refuse('layout-not-read', message);
    }
  }

  #readHeaderV1(at: number): void {
    const flags = this.#view.getUint32(at + 4, true);
    let compression: Compression = 'none';
    if (flags & 1) compression = 'lzo';
    else if (flags & 8) compression = 'bz2';
    else if (flags & 16) compression = 'lz4';
    this.#layout = { blocks: this.#view.getUint32(at + 8, true), compression, blockType: 2 };
    this.#records = new NfcapdRecordsV1(this.#sink);
    this.#records.statedFlows = readU64(this.#view, at + STATISTICS_V1);
    this.#records.statedFailures = this.#view.getUint32(at + FAILURES_V1, true);
    this.#start += HEADER_V1;
  }

  #readHeaderV2(at: number): void {
    if (this.#view.getUint8(at + 17) !== 0) {
      this.#refuse('encrypted-file', 'the file is encrypted, and nfcapd files do not hold their key');
      return;
    }
    const appendix = this.#view.getUint16(at + 18, true);
    const blocks = this.#view.getUint32(at + 36, true);
    const compression = COMPRESSIONS[this.#view.getUint8(at + 16)];
    this.#layout = { blocks: blocks + appendix, compression, blockType: 3 };
    this.#records = new NfcapdRecordsV2(this.#sink);
    this.#start += HEADER_V2;
  }

  /** True when the header of a block that can be begins here. */
  #isBlockHeader(at: number): boolean {
    const view = this.#view;
    const size = view.getUint32(at + 4, true);
    const type = view.getUint16(at + 8, true);
    return size <= MAX_BLOCK && type >= 1 && type <= 4 && view.getUint16(at + 10, true) <= HIGHEST_BLOCK_FLAGS;
  }

  #startSearch(from: number, isCut: boolean): void {
    this.#lostFrom = this.#base + from;
    this.#isCut = isCut;
    this.#isSearching = true;
    this.#start = from;
  }

  /** Reads the block at the front; false when more bytes are needed. */
  #readBlock(layout: Layout, records: NfcapdRecords, isLast: boolean): boolean {
    const at = this.#start;
    const offset = this.#offset;
    if (!this.#isBlockHeader(at)) {
      this.#sink.problem('damaged-block', offset, 'no block begins here; searching for the next sound one');
      this.#startSearch(at + 1, false);
      return true;
    }
    const size = this.#view.getUint32(at + 4, true);
    const from = at + BLOCK_HEADER;
    // The header of the next block tells whether the length of this one is true.
    if (this.#end - from < size + BLOCK_HEADER && !isLast) return false;
    this.#blocks++;
    const end = Math.min(this.#end, from + size);
    const isCut = end - from < size;
    const isFollowed = this.#end === end || (this.#end - end >= BLOCK_HEADER && this.#isBlockHeader(end));
    const damage = this.#readRecords(layout, records, at, end, isCut, isFollowed);
    if (damage < 0) this.#start = end;
    else this.#startSearch(damage + 1, isCut);
    return true;
  }

  /**
   * Reads the records of a block.
   *
   * @param isCut the file ends inside it
   * @param isFollowed another block, or the end of the file, follows, so that its length can be trusted
   * @returns where in the buffer the next block is to be searched for, less 1; -1: behind this one
   */
  #readRecords(
    layout: Layout,
    records: NfcapdRecords,
    at: number,
    end: number,
    isCut: boolean,
    isFollowed: boolean,
  ): number {
    const offset = this.#base + at;
    const told = this.#view.getUint32(at, true);
    const type = this.#view.getUint16(at + 8, true);
    const from = at + BLOCK_HEADER;
    const isTrusted = isFollowed && !isCut;
    if (type !== layout.blockType) {
      const message = `a block of type ${type} is not one of flow records of this layout; it was passed over`;
      this.#sink.problem('block-not-read', offset, message);
      return isTrusted ? -1 : at;
    }
    const isCompressed = this.#isCompressed(layout, at);
    if (isCompressed && layout.compression === undefined) {
      const message = `the block of ${told} records is compressed in a way that nfdump 1.7 does not have`;
      this.#sink.problem('block-compression-unknown', offset, message);
      return isTrusted ? -1 : at;
    }
    if (isCut) this.#sink.problem('truncated-block', offset, `the file ends inside a block of ${told} records`);
    if (!isCompressed) {
      const { count, damage } = records.readBlock(this.#view, from, end, {
        base: this.#base,
        isCompressed: false,
        isCut,
        // Where the length may lie, records of the next block could come twice.
        skipsDamage: isFollowed,
      });
      if (damage < 0 && !isCut) this.#compareCount(count, told, offset);
      return isFollowed ? -1 : damage;
    }
    const body = this.#inflate(layout, from, end);
    if (body === null) {
      if (!isCut) this.#sink.problem('damaged-block', offset, `a block of ${told} records cannot be decompressed`);
      return isTrusted ? -1 : at;
    }
    const view = new DataView(body.buffer, body.byteOffset, body.length);
    const how = { base: offset, isCompressed: true, isCut: false, skipsDamage: true };
    const { count, damage } = records.readBlock(view, 0, body.length, how);
    if (damage < 0) this.#compareCount(count, told, offset);
    // What follows the end of the compressed stream may be a swallowed block.
    return isTrusted ? -1 : at;
  }

  #compareCount(count: number, told: number, offset: number): void {
    if (count === told) return;
    this.#sink.problem('record-count-differs', offset, `the block has ${count} records, its header tells of ${told}`);
  }

  #isCompressed(layout: Layout, at: number): boolean {
    return layout.compression !== 'none' && (this.#view.getUint16(at + 10, true) & FLAG_BLOCK_UNCOMPRESSED) === 0;
  }

  #inflate({ compression }: Layout, from: number, end: number): Uint8Array | null {
    if (compression === undefined || compression === 'none') return null;
    const body = this.#decompress[compression](this.#buffer.subarray(from, end), MAX_BLOCK);
    this.#compressed += end - from;
    this.#inflated += body?.length ?? 0;
    if (this.#inflated <= RATIO_FROM || this.#inflated <= this.#compressed * MAX_RATIO) return body;
    const message = `${this.#inflated} bytes came out of ${this.#compressed} of blocks (limit: ${MAX_RATIO} to 1); reading stopped there`;
    this.#sink.problem('bomb', this.#offset, message);
    this.#isRefused = true;
    return null;
  }

  /** Looks for a block whose records add up to its end; false when more bytes are needed. */
  #search(layout: Layout, isLast: boolean): boolean {
    let at = this.#start;
    for (; this.#end - at >= BLOCK_HEADER; at++) {
      if (this.#view.getUint16(at + 8, true) !== layout.blockType || !this.#isBlockHeader(at)) continue;
      const size = this.#view.getUint32(at + 4, true);
      const from = at + BLOCK_HEADER;
      if (this.#end - from < size) {
        if (isLast) continue;
        this.#start = at;
        return false;
      }
      if (++this.#trials > MAX_TRIALS) {
        this.#refuseRest(`more than ${MAX_TRIALS} places look like the beginning of a block; the rest was given up`);
        return false;
      }
      if (this.#triedBytes > MAX_TRIED_BYTES) {
        const what = `more than ${MAX_TRIED_BYTES} bytes were looked at where blocks seemed to begin`;
        this.#refuseRest(`${what}; the rest was given up`);
        return false;
      }
      const isSound = this.#isSoundBlock(layout, at, from + size);
      if (this.#isRefused) return false;
      if (!isSound) continue;
      this.#isSearching = false;
      break;
    }
    this.#start = at;
    return true;
  }

  #refuseRest(message: string): void {
    this.#sink.problem('damaged-end', this.#lostFrom, message);
    this.#isRefused = true;
  }

  #isSoundBlock(layout: Layout, at: number, end: number): boolean {
    const told = this.#view.getUint32(at, true);
    const from = at + BLOCK_HEADER;
    if (told === 0) return false;
    if (!this.#isCompressed(layout, at)) return this.#holdsRecords(this.#view, from, end, told);
    const body = this.#inflate(layout, from, end);
    if (body === null) return false;
    const isSound = this.#holdsRecords(new DataView(body.buffer, body.byteOffset, body.length), 0, body.length, told);
    if (!isSound) this.#triedBytes += body.length;
    return isSound;
  }

  /** True when the sizes of so many records lead from `from` to `end`. */
  #holdsRecords(view: DataView, from: number, end: number, told: number): boolean {
    let count = 0;
    let at = from;
    while (at < end && count < told && isRecordHeader(view, at, end)) {
      at += view.getUint16(at + 2, true);
      count++;
    }
    if (at === end && count === told) return true;
    this.#triedBytes += at - from;
    return false;
  }
}
