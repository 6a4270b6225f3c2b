/**
 * What stands at the end of a Parquet file: its columns, and where their values lie (Apache Parquet format,
 * parquet.thrift; Apache Thrift compact protocol). Nothing is taken at its word: every length is checked against the bytes
 * that are there before anything is allocated for it.
 */

/** Something in a Parquet file that cannot be read. `kind` is that of the problem told. */
export class ParquetFault extends Error {
  readonly kind: string;

  constructor(kind: string, message: string) {
    super(message);
    this.name = 'ParquetFault';
    this.kind = kind;
  }
}

export const damaged = (message: string): ParquetFault => new ParquetFault('damaged-parquet', message);

/** Bytes of a file at a place, at most as many as asked for; none behind its end. Good until the next call. */
export interface RandomAccessFile {
  readonly size: number;
  read(position: number, length: number): Uint8Array;
}

/**
 * The bytes from `position` on, in memory of their own.
 *
 * @throws ParquetFault when the file has fewer
 */
export function readExactly(file: RandomAccessFile, position: number, length: number): Uint8Array {
  if (!(position >= 0 && length >= 0 && position + length <= file.size)) {
    throw damaged(`${length} bytes are said to lie at ${position}, beyond the end of the file`);
  }
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const piece = file.read(position + at, length - at);
    if (piece.length === 0) throw damaged('the file ends early');
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/** Structures inside one another that are followed; parquet.thrift itself needs seven. */
const MAX_DEPTH = 32;

/** Longest name of a column, bytes. */
const MAX_NAME_BYTES = 4096;

const BOOLEAN_TRUE = 1;
const BOOLEAN_FALSE = 2;
const BYTE = 3;
const DOUBLE = 7;
const BINARY = 8;
const LIST = 9;
const SET = 10;
const STRUCT = 12;

/** Reads the compact protocol of Apache Thrift. @throws ParquetFault from every method, when the bytes end early */
export class CompactReader {
  at: number;
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #depth = 0;

  constructor(bytes: Uint8Array, at = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.at = at;
    this.#end = end;
  }

  #byte(): number {
    if (this.at >= this.#end) throw damaged('a structure ends early');
    return this.#bytes[this.at++];
  }

  #varint(): number {
    let value = 0;
    for (let scale = 1, count = 0; count < 10; scale *= 128, count++) {
      const byte = this.#byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    throw damaged('a number is longer than 64 bits');
  }

  /** A signed whole number; beyond 2^53 not exact, which no length or place in a file can be. */
  integer(): number {
    const zigzag = this.#varint();
    return zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
  }

  binary(): Uint8Array {
    const length = this.#varint();
    if (length > this.#end - this.at) throw damaged('a text ends early');
    this.at += length;
    return this.#bytes.subarray(this.at - length, this.at);
  }

  /** The name of a column. */
  name(): string {
    const bytes = this.binary();
    if (bytes.length > MAX_NAME_BYTES) throw damaged(`the name of a column is longer than ${MAX_NAME_BYTES} bytes`);
    return Buffer.from(bytes).toString('utf8');
  }

  /** Reads the fields of a structure: `field` reads one and returns true, or leaves it alone and returns false. */
  struct(field: (id: number, type: number) => boolean): void {
    if (++this.#depth > MAX_DEPTH) throw damaged('structures lie too deep inside one another');
    let id = 0;
    for (let header = this.#byte(); header !== 0; header = this.#byte()) {
      const type = header & 15;
      id = header >> 4 === 0 ? this.integer() : id + (header >> 4);
      if (!field(id, type)) this.#skip(type);
    }
    this.#depth--;
  }

  /** Reads the elements of a list; `element` reads one of them. */
  list(element: (type: number) => void): void {
    const header = this.#byte();
    const size = header >> 4 === 15 ? this.#varint() : header >> 4;
    // Every element takes at least one byte.
    if (size > this.#end - this.at) throw damaged('a list ends early');
    for (let i = 0; i < size; i++) element(header & 15);
  }

  #skip(type: number): void {
    switch (type) {
      case BOOLEAN_TRUE:
      case BOOLEAN_FALSE:
        return;
      case BYTE:
        this.#byte();
        return;
      case 4:
      case 5:
      case 6:
        this.#varint();
        return;
      case DOUBLE:
        this.at += 8;
        return;
      case BINARY:
        this.binary();
        return;
      case LIST:
      case SET:
        if (++this.#depth > MAX_DEPTH) throw damaged('lists lie too deep inside one another');
        this.list((element) => this.#skip(element <= BOOLEAN_FALSE ? BYTE : element));
        this.#depth--;
        return;
      case STRUCT:
        this.struct(() => false);
        return;
      default:
        throw damaged('a field has a type that Parquet does not use');
    }
  }
}

/** Physical types, by their number in parquet.thrift. */
export const PHYSICAL_TYPES = [
  'BOOLEAN',
  'INT32',
  'INT64',
  'INT96',
  'FLOAT',
  'DOUBLE',
  'BYTE_ARRAY',
  'FIXED_LEN_BYTE_ARRAY',
] as const;
export type PhysicalType = (typeof PHYSICAL_TYPES)[number];

/** What the values of a column mean. Times come out in microseconds since the epoch. */
export type ColumnMeaning =
  | 'boolean'
  | 'signed'
  | 'unsigned'
  | 'real'
  | 'text'
  | 'time-ms'
  | 'time-us'
  | 'time-ns'
  /** Not a kind of value that a flow is made of. */
  | 'other';

export interface ParquetColumn {
  /** Names from the root to the leaf, with dots between. */
  readonly path: string;
  readonly type: PhysicalType;
  readonly meaning: ColumnMeaning;
  /** False for times of a clock whose zone the file does not tell. */
  readonly isUtc: boolean;
  /** Definition level of a value that is there; below it, the value is null. */
  readonly maxDefinition: number;
}

/** Where the pages of one column of one row group lie. */
export interface ColumnChunk {
  readonly codec: number;
  readonly start: number;
  readonly end: number;
}

export interface RowGroup {
  readonly rows: number;
  /** By the path of the column. */
  readonly chunks: ReadonlyMap<string, ColumnChunk>;
}

export interface ParquetFooter {
  /** Columns that have one value a row at most, in the order of the file. */
  readonly columns: readonly ParquetColumn[];
  /** Paths of columns with lists, or of a kind that holds nothing a flow is made of. */
  readonly unreadable: readonly string[];
  readonly rowGroups: number;
  /** @throws ParquetFault */
  rowGroup(number: number): RowGroup;
}

/** Longest footer read, bytes. */
export const MAX_FOOTER_BYTES = 64 << 20;
/** Most columns of a file. */
export const MAX_COLUMNS = 16_384;

interface SchemaElement {
  type: PhysicalType | null;
  repetition: number;
  name: string;
  children: number;
  converted: number;
  logical: { id: number; unit: number; isUtc: boolean; isSigned: boolean } | null;
}

const REQUIRED = 0;
const REPEATED = 2;
const magicAt = (bytes: Uint8Array, at: number): string => Buffer.from(bytes.subarray(at, at + 4)).toString('latin1');

/** True for the first bytes of a Parquet file, with a plain or an encrypted footer. */
export function isParquet(head: Uint8Array): boolean {
  return ['PAR1', 'PARE'].includes(magicAt(head, 0));
}

/** @throws ParquetFault when the file has no footer that can be read */
export function readFooter(file: RandomAccessFile): ParquetFooter {
  if (file.size < 12) throw damaged('the file is too short for Parquet');
  const tail = readExactly(file, file.size - 8, 8);
  if (magicAt(tail, 4) === 'PARE') throw new ParquetFault('encrypted-parquet', 'the file is encrypted');
  if (magicAt(tail, 4) !== 'PAR1') {
    throw damaged('the file has no Parquet footer at its end: it was cut short, and its columns cannot be found');
  }
  const length = tail[0] + tail[1] * 256 + tail[2] * 65_536 + tail[3] * 16_777_216;
  if (length > MAX_FOOTER_BYTES) {
    throw new ParquetFault(
      'parquet-over-budget',
      `the footer has ${length} bytes; at most ${MAX_FOOTER_BYTES} are read`,
    );
  }
  const bytes = readExactly(file, file.size - 8 - length, length);
  const reader = new CompactReader(bytes);
  const elements: SchemaElement[] = [];
  const groupsAt: number[] = [];
  reader.struct((id, type) => {
    if (id === 2 && type === LIST) {
      reader.list(() => {
        if (elements.length > MAX_COLUMNS) {
          throw new ParquetFault('parquet-over-budget', `the file has more than ${MAX_COLUMNS} columns`);
        }
        elements.push(schemaElement(reader));
      });
      return true;
    }
    if (id === 4 && type === LIST) {
      reader.list(() => {
        groupsAt.push(reader.at);
        reader.struct(() => false);
      });
      return true;
    }
    return false;
  });
  const { columns, unreadable } = leafColumns(elements);
  return {
    columns,
    unreadable,
    rowGroups: groupsAt.length,
    rowGroup: (number) => readRowGroup(new CompactReader(bytes, groupsAt[number] ?? bytes.length)),
  };
}

function schemaElement(reader: CompactReader): SchemaElement {
  const element: SchemaElement = {
    type: null,
    repetition: REQUIRED,
    name: '',
    children: 0,
    converted: -1,
    logical: null,
  };
  reader.struct((id, type) => {
    switch (id) {
      case 1:
        element.type = PHYSICAL_TYPES[reader.integer()] ?? null;
        return true;
      case 3:
        element.repetition = reader.integer();
        return true;
      case 4:
        element.name = reader.name();
        return true;
      case 5:
        element.children = reader.integer();
        return true;
      case 6:
        element.converted = reader.integer();
        return true;
      case 10:
        if (type !== STRUCT) return false;
        element.logical = logicalType(reader);
        return true;
      default:
        return false;
    }
  });
  return element;
}

/** The union LogicalType: `id` is the number of the member, `unit` that of a TIMESTAMP (1 ms, 2 us, 3 ns). */
function logicalType(reader: CompactReader): NonNullable<SchemaElement['logical']> {
  const logical = { id: 0, unit: 0, isUtc: true, isSigned: true };
  reader.struct((member, type) => {
    logical.id = member;
    if (type !== STRUCT) return false;
    reader.struct((id, inner) => {
      if (member === 8 && id === 1) logical.isUtc = inner === BOOLEAN_TRUE;
      if (member === 10 && id === 2) logical.isSigned = inner === BOOLEAN_TRUE;
      if (member !== 8 || id !== 2 || inner !== STRUCT) return false;
      reader.struct((unit) => {
        logical.unit = unit;
        return false;
      });
      return true;
    });
    return true;
  });
  return logical;
}

/** Members of LogicalType, and values of ConvertedType that say the same in older files. */
const LOGICAL = { string: 1, enumeration: 4, timestamp: 8, integer: 10, json: 12 } as const;
const CONVERTED = { utf8: 0, enumeration: 4, timestampMillis: 9, timestampMicros: 10, uint8: 11, uint64: 14, json: 19 };
const INT_8 = 15;
const INT_64 = 18;

function meaningOf({ type, converted, logical }: SchemaElement): ColumnMeaning {
  switch (type) {
    case 'BOOLEAN':
      return 'boolean';
    case 'FLOAT':
    case 'DOUBLE':
      return 'real';
    case 'INT96':
      return 'time-ns';
    case 'BYTE_ARRAY': {
      // Older writers leave texts unmarked; a decimal or a geometry is marked.
      const texts: readonly number[] = [CONVERTED.utf8, CONVERTED.enumeration, CONVERTED.json, -1];
      const logicalTexts: readonly number[] = [LOGICAL.string, LOGICAL.enumeration, LOGICAL.json];
      return (logical === null ? texts.includes(converted) : logicalTexts.includes(logical.id)) ? 'text' : 'other';
    }
    case 'INT32':
    case 'INT64':
      if (logical?.id === LOGICAL.timestamp)
        return (['other', 'time-ms', 'time-us', 'time-ns'] as const)[logical.unit] ?? 'other';
      if (logical?.id === LOGICAL.integer) return logical.isSigned ? 'signed' : 'unsigned';
      if (logical !== null) return 'other';
      if (converted === CONVERTED.timestampMillis) return 'time-ms';
      if (converted === CONVERTED.timestampMicros) return 'time-us';
      if (converted >= CONVERTED.uint8 && converted <= CONVERTED.uint64) return 'unsigned';
      return converted === -1 || (converted >= INT_8 && converted <= INT_64) ? 'signed' : 'other';
    default:
      return 'other';
  }
}

/** The leaves of the schema, which stands in the file as a list: each element is followed by its children. */
function leafColumns(elements: readonly SchemaElement[]): Pick<ParquetFooter, 'columns' | 'unreadable'> {
  const columns: ParquetColumn[] = [];
  const unreadable: string[] = [];
  /** Groups around the element, each with the children that are still to come. */
  const around: { path: string; maxDefinition: number; isRepeated: boolean; left: number }[] = [];
  for (const [index, element] of elements.entries()) {
    if (index === 0) {
      around.push({ path: '', maxDefinition: 0, isRepeated: false, left: element.children });
      continue;
    }
    while (around.at(-1)?.left === 0) around.pop();
    const parent = around.at(-1);
    if (parent === undefined) throw damaged('the schema holds more columns than it says');
    parent.left--;
    const path = parent.path === '' ? element.name : `${parent.path}.${element.name}`;
    const maxDefinition = parent.maxDefinition + (element.repetition === REQUIRED ? 0 : 1);
    const isRepeated = parent.isRepeated || element.repetition === REPEATED;
    if (element.children > 0) {
      if (around.length >= MAX_DEPTH) throw damaged('the columns lie too deep inside one another');
      around.push({ path, maxDefinition, isRepeated, left: element.children });
      continue;
    }
    const meaning = meaningOf(element);
    if (element.type === null || isRepeated || meaning === 'other') unreadable.push(path);
    else columns.push({ path, type: element.type, meaning, isUtc: element.logical?.isUtc ?? true, maxDefinition });
  }
  return { columns, unreadable };
}

function readRowGroup(reader: CompactReader): RowGroup {
  let rows = 0;
  const chunks = new Map<string, ColumnChunk>();
  reader.struct((id, type) => {
    if (id === 3) {
      rows = reader.integer();
      return true;
    }
    if (id !== 1 || type !== LIST) return false;
    reader.list(() => {
      const found = columnChunk(reader);
      if (found !== null) chunks.set(found.path, found.chunk);
    });
    return true;
  });
  if (rows < 0) throw damaged('a row group has fewer than no rows');
  return { rows, chunks };
}

/** Null when the chunk lies in another file or is encrypted. */
function columnChunk(reader: CompactReader): { path: string; chunk: ColumnChunk } | null {
  const names: string[] = [];
  let [codec, bytes, dataAt, dictionaryAt] = [0, -1, -1, 0];
  let isElsewhere = false;
  reader.struct((id, type) => {
    if (id === 1 || id === 8) isElsewhere = true;
    if (id !== 3 || type !== STRUCT) return false;
    reader.struct((field, inner) => {
      switch (field) {
        case 3:
          if (inner !== LIST) return false;
          reader.list(() => names.push(reader.name()));
          return true;
        case 4:
          codec = reader.integer();
          return true;
        case 7:
          bytes = reader.integer();
          return true;
        case 9:
          dataAt = reader.integer();
          return true;
        case 11:
          dictionaryAt = reader.integer();
          return true;
        default:
          return false;
      }
    });
    return true;
  });
  if (isElsewhere || bytes < 0 || dataAt < 0) return null;
  // A dictionary, where there is one, stands before the data; older writers left 0 for "none".
  const start = dictionaryAt > 0 && dictionaryAt < dataAt ? dictionaryAt : dataAt;
  return { path: names.join('.'), chunk: { codec, start, end: start + bytes } };
}
