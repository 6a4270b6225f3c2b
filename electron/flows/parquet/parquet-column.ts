import { isUtf8 } from 'node:buffer';
import { brotliDecompressSync, crc32, gunzipSync, zstdDecompressSync } from 'node:zlib';
import {
  type ColumnChunk,
  CompactReader,
  damaged,
  type ParquetColumn,
  ParquetFault,
  type PhysicalType,
  type RandomAccessFile,
  readExactly,
} from './parquet-footer.ts';
import {
  DeltaLengthTexts,
  DeltaReader,
  DeltaTexts,
  type Lz4Block,
  PlainTexts,
  RunReader,
  type TextStream,
  unlz4,
  unlz4Hadoop,
  unsnappy,
} from './parquet-values.ts';

/** Longest page, bytes, packed or unpacked; writers aim at 1 MiB. */
export const MAX_PAGE_BYTES = 64 << 20;
/** Bytes of pages and dictionaries that all columns together may hold at one time. */
export const MAX_HELD_BYTES = 256 << 20;
/** Longest text, bytes; a longer one costs its record. */
export const MAX_TEXT_BYTES = 1 << 20;
/** Page headers are short unless they hold statistics of long texts. */
const HEADER_BYTES = [1024, 1 << 20];

/** Pages of less than so many bytes together, unpacked, are never questioned … */
const FREE_UNPACKED_BYTES = 256 << 20;
/** … nor those of less than so many for each byte of the file. */
const MAX_RATIO = 1000;
/** How often the bytes of a file are read at most: twice, once for the sample; more when columns lie on top of one another. */
const MAX_PASSES = 4;

/**
 * Bytes of the pages of one file: those that the columns of a row group hold at one time, so that hostile pages of many columns
 * stay bounded together, and those read in all, since a footer may name one page any number of times.
 */
export class PageBytes {
  readonly #fileBytes: number;
  #held = 0;
  #packed = 0;
  #unpacked = 0;

  constructor(fileBytes: number) {
    this.#fileBytes = fileBytes;
  }

  /** A row group begins: nothing is held. */
  release(): void {
    this.#held = 0;
  }

  /** @param before bytes that are given up for it @throws ParquetFault `parquet-over-budget` */
  hold(bytes: number, before: number): void {
    this.#held += bytes - before;
    if (this.#held > MAX_HELD_BYTES) {
      const limit = `${MAX_HELD_BYTES >> 20} MiB`;
      throw new ParquetFault('parquet-over-budget', `its pages need more than ${limit} at one time`);
    }
  }

  /** A page is about to be read. @throws ParquetFault `bomb` */
  read(packed: number, unpacked: number): void {
    this.#packed += packed;
    this.#unpacked += unpacked;
    const size = this.#fileBytes;
    if (this.#packed > size * MAX_PASSES) {
      throw new ParquetFault(
        'bomb',
        `columns lie on top of one another, ${this.#packed} bytes of pages in ${size} of the file`,
      );
    }
    if (this.#unpacked > FREE_UNPACKED_BYTES && this.#unpacked > size * MAX_RATIO) {
      throw new ParquetFault(
        'bomb',
        `pages unpack to ${this.#unpacked} bytes, out of ${size} (limit: ${MAX_RATIO} to 1)`,
      );
    }
  }
}

const CODECS = ['none', 'Snappy', 'gzip', 'LZO', 'Brotli', 'LZ4', 'Zstandard', 'LZ4 (raw)'];

function unpack(packed: Uint8Array, codec: number, length: number, lz4Block: Lz4Block): Uint8Array {
  if (codec === 0 || length === 0) return packed;
  const method = CODECS[codec] ?? `method ${codec}`;
  const options = { maxOutputLength: length };
  try {
    switch (codec) {
      case 1:
        return unsnappy(packed, length);
      case 2:
        return gunzipSync(packed, options);
      case 4:
        return brotliDecompressSync(packed, options);
      case 6:
        return zstdDecompressSync(packed, options);
      case 5:
      case 7: {
        const unpacked =
          codec === 7 ? unlz4(packed, length, lz4Block) : unlz4Hadoop(bufferOf(packed), length, lz4Block);
        if (unpacked === null) throw damaged(`a page does not unpack (${method})`);
        return unpacked;
      }
      default:
    }
  } catch (error) {
    if (error instanceof ParquetFault) throw error;
    throw damaged(`a page does not unpack (${method})`);
  }
  throw new ParquetFault('unsupported-parquet', `it is compressed with ${method}, which is not read`);
}

const DATA = 0;
const DICTIONARY = 2;
const DATA_V2 = 3;

interface PageHeader {
  kind: number;
  unpacked: number;
  packed: number;
  /** CRC-32 of the packed bytes; null when not told. */
  checksum: number | null;
  values: number;
  encoding: number;
  /** Encoding of the definition levels of a page of version 1, and bytes of levels of version 2. */
  levelEncoding: number;
  definitionBytes: number;
  repetitionBytes: number;
  isPacked: boolean;
}

function pageHeader(reader: CompactReader): PageHeader {
  const header: PageHeader = {
    kind: -1,
    unpacked: -1,
    packed: -1,
    checksum: null,
    values: -1,
    encoding: -1,
    levelEncoding: RLE,
    definitionBytes: 0,
    repetitionBytes: 0,
    isPacked: true,
  };
  reader.struct((id, type) => {
    switch (id) {
      case 1:
        header.kind = reader.integer();
        return true;
      case 2:
        header.unpacked = reader.integer();
        return true;
      case 3:
        header.packed = reader.integer();
        return true;
      case 4:
        header.checksum = reader.integer() >>> 0;
        return true;
      case 5:
      case 7:
      case 8:
        if (type !== 12) return false;
        reader.struct((field, inner) => {
          // Version 2 has the nulls and rows between the values and their encoding.
          const isEncoding = field === (id === 8 ? 4 : 2);
          if (field === 1) header.values = reader.integer();
          else if (isEncoding) header.encoding = reader.integer();
          else if (id === 5 && field === 3) header.levelEncoding = reader.integer();
          else if (id === 8 && field === 5) header.definitionBytes = reader.integer();
          else if (id === 8 && field === 6) header.repetitionBytes = reader.integer();
          else {
            if (id === 8 && field === 7) header.isPacked = inner === 1;
            return false;
          }
          return true;
        });
        return true;
      default:
        return false;
    }
  });
  const { unpacked, packed, values, definitionBytes, repetitionBytes } = header;
  if (unpacked < 0 || packed < 0 || definitionBytes < 0 || repetitionBytes < 0 || (values < 0 && header.kind !== 1)) {
    throw damaged('a page does not tell its size');
  }
  if (unpacked > MAX_PAGE_BYTES || packed > MAX_PAGE_BYTES) {
    const size = Math.max(unpacked, packed);
    throw new ParquetFault('parquet-over-budget', `a page has ${size} bytes; at most ${MAX_PAGE_BYTES} are read`);
  }
  return header;
}

/** Encodings by their number in parquet.thrift. */
const PLAIN = 0;
const PLAIN_DICTIONARY = 2;
const RLE = 3;
const DELTA = 5;
const DELTA_LENGTH = 6;
const DELTA_TEXT = 7;
const RLE_DICTIONARY = 8;
const SPLIT = 9;

const WIDTHS: Readonly<Record<PhysicalType, number>> = {
  BOOLEAN: 0,
  INT32: 4,
  INT64: 8,
  INT96: 12,
  FLOAT: 4,
  DOUBLE: 8,
  BYTE_ARRAY: 0,
  FIXED_LEN_BYTE_ARRAY: 0,
};

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const bufferOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** 2440588 is the Julian day of 1970-01-01. */
const EPOCH_JULIAN_DAY = 2_440_588;
const WORD = 2 ** 32;

/** Nanoseconds in two words as whole microseconds, rounded down, exact where the result is. */
function nanosecondsToMicroseconds(low: number, high: number): number {
  const thousands = Math.floor(high / 1000);
  return thousands * WORD + Math.floor(((high - thousands * 1000) * WORD + low) / 1000);
}

/** A text whose bytes are not UTF-8, or are too many. */
export type TextFault = 'bad-utf8' | 'value-too-long';

/**
 * The values of one column of one row group, a row at a time. Pages are read when their first row is wanted; one page and
 * one dictionary are held.
 */
export class ColumnCursor {
  readonly column: ParquetColumn;
  readonly #file: RandomAccessFile;
  readonly #pages: PageBytes;
  readonly #codec: number;
  readonly #lz4Block: Lz4Block;
  readonly #end: number;
  #at: number;
  #rowsLeft = 0;
  #pageBytes = 0;
  #dictionaryBytes = 0;
  #levels: RunReader | null = null;
  #body: Buffer = Buffer.alloc(0);
  #view: DataView = viewOf(this.#body);
  #encoding = PLAIN;
  /** Where the values of the page begin, and how many of them were taken (PLAIN, SPLIT). */
  #place = 0;
  #index = 0;
  /** Streams of the page, made when its first value is wanted: a page of nulls has none. */
  #started = false;
  #runs: RunReader | null = null;
  #deltas: DeltaReader | null = null;
  #texts: TextStream | null = null;
  #dictionaryNumbers: Float64Array | null = null;
  #dictionaryBody: Buffer = Buffer.alloc(0);
  /** Where each text of the dictionary begins and ends, and the texts that were asked for. */
  #dictionaryPlaces: Uint32Array | null = null;
  #dictionaryTexts: (string | undefined)[] = [];
  /** Number in the dictionary of the text of the row; -1 when it stands in the page itself. */
  #entry = -1;
  readonly #scratch = new DataView(new ArrayBuffer(12));

  /** The row has no value. */
  isNull = true;
  /** The row's value, unless it is a text; times in microseconds since the epoch. */
  number = Number.NaN;
  /** Why the row's text could not be given, asked after `text`. */
  textFault: TextFault | null = null;

  constructor(file: RandomAccessFile, column: ParquetColumn, chunk: ColumnChunk, pages: PageBytes, lz4Block: Lz4Block) {
    if (!(chunk.start >= 4 && chunk.end <= file.size)) throw damaged(`column ${column.path} lies outside the file`);
    this.#file = file;
    this.column = column;
    this.#codec = chunk.codec;
    this.#lz4Block = lz4Block;
    this.#at = chunk.start;
    this.#end = chunk.end;
    this.#pages = pages;
  }

  #unpack(packed: Uint8Array, length: number): Uint8Array {
    return unpack(packed, this.#codec, length, this.#lz4Block);
  }

  /** Moves to the next row. @throws ParquetFault */
  next(): void {
    while (this.#rowsLeft === 0) this.#readPage();
    this.#rowsLeft--;
    this.isNull = this.#levels !== null && this.#levels.next() < this.column.maxDefinition;
    if (this.isNull) return;
    if (!this.#started) this.#start();
    if (this.#texts !== null) {
      this.#texts.next();
    } else if (this.#runs === null) {
      this.number = this.#deltas === null ? this.#pageNumber() : this.#deltaNumber(this.#deltas);
    } else if (this.column.type === 'BOOLEAN') {
      this.number = this.#runs.next();
    } else {
      this.#lookUp(this.#runs.next());
    }
  }

  #lookUp(entry: number): void {
    const { length } = this.#dictionaryNumbers ?? this.#dictionaryTexts;
    if (entry >= length) throw damaged('a value is not in the dictionary');
    if (this.#dictionaryNumbers === null) this.#entry = entry;
    else this.number = this.#dictionaryNumbers[entry];
  }

  /** The row's text; '' with `textFault` when it cannot be given. */
  text(): string {
    this.textFault = null;
    if (this.#texts !== null) return this.#decode(this.#texts.bytes, this.#texts.from, this.#texts.to);
    const known = this.#dictionaryTexts[this.#entry];
    if (known !== undefined) return known;
    const places = this.#dictionaryPlaces;
    if (places === null) return '';
    const text = this.#decode(this.#dictionaryBody, places[this.#entry * 2], places[this.#entry * 2 + 1]);
    if (this.textFault === null) this.#dictionaryTexts[this.#entry] = text;
    return text;
  }

  /** The row's value as JSON would have it; null also for a text with a fault. */
  value(): string | number | boolean | null {
    this.textFault = null;
    if (this.isNull) return null;
    const { meaning } = this.column;
    if (meaning === 'boolean') return this.number !== 0;
    if (meaning !== 'text') return this.number;
    const text = this.text();
    return this.textFault === null ? text : null;
  }

  #decode(bytes: Buffer, from: number, to: number): string {
    if (to - from > MAX_TEXT_BYTES) {
      this.textFault = 'value-too-long';
      return '';
    }
    let bits = 0;
    for (let at = from; at < to; at++) bits |= bytes[at];
    if (bits < 0x80) return bytes.toString('latin1', from, to);
    if (isUtf8(bytes.subarray(from, to))) return bytes.toString('utf8', from, to);
    this.textFault = 'bad-utf8';
    return '';
  }

  #readHeader(): PageHeader {
    for (const length of HEADER_BYTES) {
      const bytes = readExactly(this.#file, this.#at, Math.min(length, this.#end - this.#at));
      const reader = new CompactReader(bytes);
      try {
        const header = pageHeader(reader);
        this.#at += reader.at;
        return header;
      } catch (error) {
        if (bytes.length < length || !(error instanceof ParquetFault) || error.kind !== 'damaged-parquet') throw error;
      }
    }
    throw damaged('a page has a header that cannot be read');
  }

  #readPage(): void {
    if (this.#at >= this.#end) throw damaged(`column ${this.column.path} has fewer values than the row group has rows`);
    const header = this.#readHeader();
    if (header.packed > this.#end - this.#at) throw damaged('a page ends behind its column');
    if (header.kind !== DATA && header.kind !== DATA_V2 && header.kind !== DICTIONARY) {
      this.#at += header.packed;
      return;
    }
    this.#pages.read(header.packed, header.unpacked);
    const packed = readExactly(this.#file, this.#at, header.packed);
    this.#at += header.packed;
    if (header.checksum !== null && crc32(packed) !== header.checksum) throw damaged('the checksum of a page is wrong');
    if (header.kind === DICTIONARY) this.#readDictionary(header, this.#unpack(packed, header.unpacked));
    else this.#beginPage(header, packed);
  }

  #beginPage(header: PageHeader, packed: Uint8Array): void {
    const { maxDefinition } = this.column;
    const width = 32 - Math.clz32(maxDefinition);
    this.#levels = null;
    this.#pages.hold(header.unpacked, this.#pageBytes);
    this.#pageBytes = header.unpacked;
    if (header.kind === DATA) {
      this.#body = bufferOf(this.#unpack(packed, header.unpacked));
      this.#place = 0;
      if (maxDefinition > 0) {
        if (header.levelEncoding !== RLE) throw unsupported('levels are written in an encoding that was given up');
        const from = 4;
        if (this.#body.length < from) throw damaged('a page ends early');
        const end = from + viewOf(this.#body).getUint32(0, true);
        this.#levels = new RunReader(this.#body, from, end, width);
        this.#place = end;
      }
    } else {
      const before = header.repetitionBytes + header.definitionBytes;
      if (before > packed.length || before > header.unpacked) throw damaged('a page ends early');
      if (maxDefinition > 0) this.#levels = new RunReader(packed, header.repetitionBytes, before, width);
      const values = packed.subarray(before);
      this.#body = bufferOf(header.isPacked ? this.#unpack(values, header.unpacked - before) : values);
      this.#place = 0;
    }
    this.#view = viewOf(this.#body);
    this.#encoding = header.encoding;
    this.#started = false;
    this.#rowsLeft = header.values;
  }

  #readDictionary(header: PageHeader, body: Uint8Array): void {
    const { type, meaning } = this.column;
    const entries = header.values;
    // Every entry takes at least 4 bytes, the length of a text or a number.
    if (entries * 4 > body.length || type === 'BOOLEAN') throw damaged('a dictionary ends early');
    const needed = body.length + entries * (meaning === 'text' ? 32 : 8);
    this.#pages.hold(needed, this.#dictionaryBytes);
    this.#dictionaryBytes = needed;
    if (meaning === 'text') {
      this.#dictionaryBody = bufferOf(body);
      this.#dictionaryPlaces = new Uint32Array(entries * 2);
      this.#dictionaryTexts = [];
      this.#dictionaryTexts.length = entries;
      const texts = new PlainTexts(this.#dictionaryBody, 0);
      for (let entry = 0; entry < entries; entry++) {
        texts.next();
        this.#dictionaryPlaces[entry * 2] = texts.from;
        this.#dictionaryPlaces[entry * 2 + 1] = texts.to;
      }
      return;
    }
    if (entries * WIDTHS[type] > body.length) throw damaged('a dictionary ends early');
    const view = viewOf(body);
    this.#dictionaryNumbers = new Float64Array(entries);
    for (let entry = 0; entry < entries; entry++)
      this.#dictionaryNumbers[entry] = this.#numberAt(view, entry * WIDTHS[type]);
  }

  /** Makes the streams that the encoding of the page needs. */
  #start(): void {
    this.#started = true;
    this.#index = 0;
    this.#runs = null;
    this.#deltas = null;
    this.#texts = null;
    const { type, meaning } = this.column;
    const body = this.#body;
    const from = this.#place;
    const isText = meaning === 'text';
    if (from > body.length) throw damaged('a page ends early');
    switch (this.#encoding) {
      case PLAIN:
        if (isText) this.#texts = new PlainTexts(body, from);
        return;
      case PLAIN_DICTIONARY:
      case RLE_DICTIONARY:
        if (this.#dictionaryNumbers === null && this.#dictionaryPlaces === null)
          throw damaged('a dictionary is missing');
        if (from >= body.length) throw damaged('a page ends early');
        this.#runs = new RunReader(body, from + 1, body.length, body[from]);
        return;
      case RLE:
        if (type !== 'BOOLEAN') break;
        this.#runs = new RunReader(body, from + 4, body.length, 1);
        return;
      case DELTA:
        if (type !== 'INT32' && type !== 'INT64') break;
        this.#deltas = new DeltaReader(body, from);
        return;
      case DELTA_LENGTH:
        if (!isText) break;
        this.#texts = new DeltaLengthTexts(body, from);
        return;
      case DELTA_TEXT:
        if (!isText) break;
        this.#texts = new DeltaTexts(body, from);
        return;
      case SPLIT:
        if (WIDTHS[type] === 0 || type === 'INT96') break;
        return;
      default:
    }
    throw unsupported(`column ${this.column.path} is written in encoding ${this.#encoding}, which is not read`);
  }

  /** The next number that stands in the page itself. */
  #pageNumber(): number {
    const { type } = this.column;
    const body = this.#body;
    const width = WIDTHS[type];
    const index = this.#index++;
    if (type === 'BOOLEAN') {
      const at = this.#place + (index >>> 3);
      if (at >= body.length) throw damaged('a page ends early');
      return (body[at] >>> (index & 7)) & 1;
    }
    if (this.#encoding === PLAIN) {
      const at = this.#place + index * width;
      if (at + width > body.length) throw damaged('a page ends early');
      return this.#numberAt(this.#view, at);
    }
    // All first bytes, then all second ones, and so on.
    const values = Math.floor((body.length - this.#place) / width);
    if (index >= values) throw damaged('a page ends early');
    for (let byte = 0; byte < width; byte++) this.#scratch.setUint8(byte, body[this.#place + byte * values + index]);
    return this.#numberAt(this.#scratch, 0);
  }

  #deltaNumber(deltas: DeltaReader): number {
    deltas.next();
    const { low, high } = deltas;
    return this.#integer(low, this.column.type === 'INT32' ? low >> 31 : high);
  }

  #numberAt(view: DataView, at: number): number {
    switch (this.column.type) {
      case 'INT32': {
        const low = view.getInt32(at, true);
        return this.#integer(low >>> 0, low >> 31);
      }
      case 'INT64':
        return this.#integer(view.getUint32(at, true), view.getInt32(at + 4, true));
      case 'FLOAT':
        return view.getFloat32(at, true);
      case 'DOUBLE':
        return view.getFloat64(at, true);
      case 'INT96': {
        // Nanoseconds of the day, then the Julian day: the time stamps of Impala and older Spark.
        const days = view.getUint32(at + 8, true) - EPOCH_JULIAN_DAY;
        return days * 86_400e6 + nanosecondsToMicroseconds(view.getUint32(at, true), view.getInt32(at + 4, true));
      }
      default:
        return Number.NaN;
    }
  }

  /** @param low unsigned, @param high signed word of a two's complement number */
  #integer(low: number, high: number): number {
    switch (this.column.meaning) {
      case 'unsigned':
        return this.column.type === 'INT32' ? low : (high >>> 0) * WORD + low;
      case 'time-ms':
        return (high * WORD + low) * 1000;
      case 'time-ns':
        return nanosecondsToMicroseconds(low, high);
      default:
        return high * WORD + low;
    }
  }
}

function unsupported(message: string): ParquetFault {
  return new ParquetFault('unsupported-parquet', message);
}
