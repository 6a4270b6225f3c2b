import { allocateColumn, type ColumnArray, FACT_COLUMNS, type FactColumn, SEGMENT_ROWS } from '../../shared/flow.ts';

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

function allocateAll(): FactArrays {
  const arrays = Object.fromEntries(
    FACT_COLUMN_NAMES.map((name) => [name, allocateColumn(FACT_COLUMNS[name], SEGMENT_ROWS)]),
  );
  return arrays as FactArrays;
}

/**
 * Collects flows into columns and hands over a segment whenever 65,536 are there. Writers fill `arrays` at row `rows` and
 * then call `commitRow`; all arrays are zero beyond `rows`.
 */
export class SegmentBuilder {
  arrays: FactArrays = allocateAll();
  rows = 0;
  /** Flows handed over and waiting. */
  total = 0;
  readonly dictionaries = {
    name: new Dictionary(),
    userAgent: new Dictionary(),
    ja3: new Dictionary(),
    ja4: new Dictionary(),
  };
  readonly #terms = new Dictionary();
  readonly #onFull: (segment: FilledSegment) => void;
  #firstStart = Infinity;
  #lastStart = -Infinity;
  #lastEnd = -Infinity;

  constructor(onFull: (segment: FilledSegment) => void) {
    this.#onFull = onFull;
  }

  /** Number of a term (protocol or rule id) in this builder's numbering; stable for the builder's life. */
  term(id: string): number {
    return this.#terms.number(id);
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
    if (this.rows === SEGMENT_ROWS) this.flush();
  }

  /** Hands over what is there, if anything. */
  flush(): void {
    const { rows } = this;
    if (rows === 0) return;
    const columns: Partial<Record<FactColumn, ColumnArray>> = {};
    for (const name of FACT_COLUMN_NAMES) {
      const used = this.arrays[name].subarray(0, rows * FACT_COLUMNS[name].width);
      if (used.some((value) => value !== 0)) columns[name] = used;
      // Nobody else has seen it, and the garbage collector comes late for memory outside its heap.
      else (used.buffer as ArrayBuffer).transfer(0);
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
    this.arrays = allocateAll();
    this.rows = 0;
    this.#firstStart = Infinity;
    this.#lastStart = -Infinity;
    this.#lastEnd = -Infinity;
    this.#onFull(segment);
  }
}
