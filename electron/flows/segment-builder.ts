import { allocateColumn, type ColumnArray, FACT_COLUMNS, type FactColumn, SEGMENT_ROWS } from '../../shared/flow.ts';
import { locatorInFile, packetOf } from './locators.ts';

/** Longest text a dictionary keeps, in UTF-16 units; longer names are cut and counted. */
export const NAME_LIMIT = 4096;

/** Texts of one column of one segment, each stored once. Number 0 is "absent", number n is entry n - 1. */
export class Dictionary {
  readonly entries: string[] = [];
  readonly #numbers = new Map<string, number>();
  /** Texts that were longer than NAME_LIMIT and were cut. */
  cut = 0;

  number(text: string): number {
    if (text === '') return 0;
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    let kept = text;
    if (text.length > NAME_LIMIT) {
      kept = text.slice(0, NAME_LIMIT);
      this.cut++;
    }
    this.entries.push(kept);
    this.#numbers.set(text, this.entries.length);
    return this.entries.length;
  }

  clear(): void {
    this.entries.length = 0;
    this.#numbers.clear();
  }
}

/** A finished segment on its way to the case. `columns` holds only columns that are not 0 in every row. */
export interface FilledSegment {
  readonly rows: number;
  /** Microseconds since the epoch. */
  readonly firstStart: number;
  readonly lastStart: number;
  readonly lastEnd: number;
  readonly columns: Partial<Record<FactColumn, ColumnArray>>;
  readonly dictionaries: Partial<Record<FactColumn, string[]>>;
  /** Ids behind the numbers of the term columns: number n is `terms[n - 1]`. */
  readonly terms: readonly string[];
}

export const FACT_COLUMN_NAMES = Object.keys(FACT_COLUMNS) as FactColumn[];

type FactArrays = {
  [Name in FactColumn]: (typeof FACT_COLUMNS)[Name]['type'] extends 'u8'
    ? Uint8Array
    : (typeof FACT_COLUMNS)[Name]['type'] extends 'u16'
      ? Uint16Array
      : (typeof FACT_COLUMNS)[Name]['type'] extends 'u32'
        ? Uint32Array
        : Float64Array;
};

/** Rows that a builder begins with, and how much more room it makes at a time: most files have few flows. */
const FIRST_ROWS = 256;
const GROWTH = 4;

function allArrays(arrayOf: (name: FactColumn) => ColumnArray): FactArrays {
  return Object.fromEntries(FACT_COLUMN_NAMES.map((name) => [name, arrayOf(name)])) as FactArrays;
}

function allocateAll(rows: number): FactArrays {
  return allArrays((name) => allocateColumn(FACT_COLUMNS[name], rows));
}

/** The same values with room for more rows, zero there. Copied, since moving memory would slow V8's typed arrays down. */
function grown(arrays: FactArrays, rows: number): FactArrays {
  return allArrays((name) => {
    const column = allocateColumn(FACT_COLUMNS[name], rows);
    column.set(arrays[name]);
    return column;
  });
}

/**
 * Collects flows into columns and hands over a segment whenever 65,536 are there. Writers fill `arrays` at row `rows` and
 * then call `commitRow`, which may put larger arrays in their place; all are zero beyond `rows`.
 */
export class SegmentBuilder {
  #capacity = FIRST_ROWS;
  arrays: FactArrays = allocateAll(FIRST_ROWS);
  rows = 0;
  /** Flows handed over and waiting. */
  total = 0;
  readonly dictionaries = {
    name: new Dictionary(),
    userAgent: new Dictionary(),
    ja3: new Dictionary(),
    ja4: new Dictionary(),
    via: new Dictionary(),
    forwardedFor: new Dictionary(),
    synOptions: new Dictionary(),
    enterpriseFields: new Dictionary(),
  };
  readonly #terms = new Dictionary();
  readonly #onFull: (segment: FilledSegment, file: number) => void;
  /** Locators up to this one belong to the files before; one a file. */
  readonly #bases = [0];
  /** Flows handed over, by file. */
  readonly totals = [0];
  #firstStart = Infinity;
  #lastStart = -Infinity;
  #lastEnd = -Infinity;

  /** @param onFull gets segments of one file each, with its number from 0 */
  constructor(onFull: (segment: FilledSegment, file: number) => void) {
    this.#onFull = onFull;
  }

  /** Number of a term (protocol or rule id) in this builder's numbering; stable for the builder's life. */
  term(id: string): number {
    return this.#terms.number(id);
  }

  /** From here on rows whose locator is above `base` are of the next file. */
  beginFile(base: number): void {
    this.#bases.push(base);
    this.totals.push(0);
  }

  /** Names cut at NAME_LIMIT so far. */
  get cutNames(): number {
    return Object.values(this.dictionaries).reduce((sum, dictionary) => sum + dictionary.cut, 0);
  }

  /** Ends the row being filled; hands the segment over when it is full. */
  commitRow(): void {
    const row = this.rows++;
    this.total++;
    const start = this.arrays.start[row] ?? 0;
    const end = this.arrays.end[row] ?? 0;
    if (start < this.#firstStart) this.#firstStart = start;
    if (start > this.#lastStart) this.#lastStart = start;
    if (end > this.#lastEnd) this.#lastEnd = end;
    if (this.rows === this.#capacity) this.#makeRoom();
  }

  #makeRoom(): void {
    if (this.#capacity === SEGMENT_ROWS) return this.flush();
    this.#capacity = Math.min(this.#capacity * GROWTH, SEGMENT_ROWS);
    this.arrays = grown(this.arrays, this.#capacity);
  }

  /** Hands over what is there, if anything. */
  flush(): void {
    const { rows } = this;
    if (rows === 0) return;
    const columns: Partial<Record<FactColumn, ColumnArray>> = {};
    const isFull = rows === SEGMENT_ROWS;
    for (const name of FACT_COLUMN_NAMES) {
      const used = this.arrays[name].subarray(0, rows * FACT_COLUMNS[name].width);
      if (!isAllZero(used)) columns[name] = used;
      // Nobody else has seen it, and the garbage collector comes late for memory outside its heap.
      else if (!isFull) (used.buffer as ArrayBuffer).transfer(0);
    }
    const dictionaries: Partial<Record<FactColumn, string[]>> = {};
    for (const [name, dictionary] of Object.entries(this.dictionaries)) {
      if (dictionary.entries.length > 0) dictionaries[name as FactColumn] = [...dictionary.entries];
      dictionary.clear();
    }
    const segment: FilledSegment = {
      rows,
      firstStart: this.#firstStart,
      lastStart: this.#lastStart,
      lastEnd: this.#lastEnd,
      columns,
      dictionaries,
      terms: [...this.#terms.entries],
    };
    if (isFull) {
      // Where one segment is full another one will be; what stayed zero in the one can serve in the other.
      const { arrays } = this;
      this.arrays = allArrays((name) =>
        name in columns ? allocateColumn(FACT_COLUMNS[name], SEGMENT_ROWS) : arrays[name],
      );
    } else {
      this.#capacity = FIRST_ROWS;
      this.arrays = allocateAll(FIRST_ROWS);
    }
    this.rows = 0;
    this.#firstStart = Infinity;
    this.#lastStart = -Infinity;
    this.#lastEnd = -Infinity;
    if (this.#bases.length === 1) this.#handOver(segment, 0);
    else for (const [file, part] of this.#byFile(segment)) this.#handOver(part, file);
  }

  #handOver(segment: FilledSegment, file: number): void {
    this.totals[file] = (this.totals[file] ?? 0) + segment.rows;
    this.#onFull(segment, file);
  }

  #fileOf(locator: number): number {
    const number = packetOf(locator);
    return this.#bases.findLastIndex((base) => number > base);
  }

  /** Divides a segment by the files in which its flows began; locators count from the beginning of each file again. */
  #byFile(segment: FilledSegment): Map<number, FilledSegment> {
    const { rows, columns } = segment;
    const { locator = new Float64Array(rows), tunnel = new Float64Array(rows), payloadAt, nameAt } = columns;
    const rowsOf = new Map<number, number[]>();
    for (let row = 0; row < rows; row++) {
      const file = this.#fileOf(locator[row]);
      // A tunnel that was opened in another file, or a packet there, has no number that would say in which.
      for (const place of [tunnel, payloadAt, nameAt]) {
        if (place === undefined) continue;
        place[row] = this.#fileOf(place[row]) === file ? locatorInFile(place[row], this.#bases[file]) : 0;
      }
      locator[row] = locatorInFile(locator[row], this.#bases[file]);
      const known = rowsOf.get(file);
      if (known === undefined) rowsOf.set(file, [row]);
      else known.push(row);
    }
    const [only] = rowsOf.keys();
    if (rowsOf.size === 1 && only !== undefined) return new Map([[only, segment]]);
    return new Map([...rowsOf].map(([file, chosen]) => [file, pickRows(segment, chosen)]));
  }
}

/** By words, which is one loop for columns of every type; each begins its buffer. */
function isAllZero({ buffer, byteLength }: ColumnArray): boolean {
  const words = new Uint32Array(buffer, 0, byteLength >>> 2);
  for (let at = 0; at < words.length; at++) if (words[at] !== 0) return false;
  return new Uint8Array(buffer, words.byteLength, byteLength & 3).every((byte) => byte === 0);
}

/** Some rows of a segment as a segment of its own. Dictionaries are kept whole, so that their numbers hold. */
function pickRows(segment: FilledSegment, chosen: readonly number[]): FilledSegment {
  const columns: Partial<Record<FactColumn, ColumnArray>> = {};
  for (const [name, column] of Object.entries(segment.columns) as [FactColumn, ColumnArray][]) {
    const { width } = FACT_COLUMNS[name];
    const picked = allocateColumn(FACT_COLUMNS[name], chosen.length);
    for (const [to, row] of chosen.entries()) {
      for (let word = 0; word < width; word++) picked[to * width + word] = column[row * width + word];
    }
    columns[name] = picked;
  }
  const starts = chosen.map((row) => segment.columns.start?.[row] ?? 0);
  const ends = chosen.map((row) => segment.columns.end?.[row] ?? 0);
  return {
    ...segment,
    rows: chosen.length,
    firstStart: starts.reduce((a, b) => Math.min(a, b), Infinity),
    lastStart: starts.reduce((a, b) => Math.max(a, b), -Infinity),
    lastEnd: ends.reduce((a, b) => Math.max(a, b), -Infinity),
    columns,
  };
}
