import { type ColumnArray, SEGMENT_ROWS } from '../../shared/flow.ts';
import type { SegmentInfo } from './case-reader.ts';
import { asDoubles, gatherDoubles } from './column-decoding.ts';
import type { FlowSelection } from './flow-selection.ts';
import { countListed, distinctListed, sumListed } from './listed-rows.ts';
import { keepBoth, listMarked } from './mask-loops.ts';

/** Rows of a segment, ascending; null stands for every row. */
export type RowList = Uint16Array | null;

/** Bytes of row lists that one selection may keep: those of 16 million flows. */
const KEPT_BYTES = 32 * 1024 * 1024;

/** Name of all rows of a segment. */
const WHOLE = '';

/** Finds the rows that a selection (default: all) marks; the mask is used again for the next segment. */
function rowLists(selection: FlowSelection | undefined): (segment: SegmentInfo) => RowList {
  if (selection === undefined) return () => null;
  const mask = new Uint8Array(SEGMENT_ROWS);
  return (segment) => {
    const matching = selection.mark(segment, mask);
    if (matching === segment.rows) return null;
    const list = new Uint16Array(matching);
    listMarked(mask, list);
    return list;
  };
}

/** A selection that keeps what it found, up to 32 MiB, for the queries that follow with the same filter. */
export class KeptSelection implements FlowSelection {
  /** Stands for the selected rows of a segment in the names of what is kept of them; null when nothing is to be kept. */
  readonly #name: string | null;
  readonly #find: (segment: SegmentInfo) => RowList;
  readonly #kept = new Map<number, RowList>();
  #bytes = 0;

  /** @param name of the filter, the same for the same filter; null: totals of its rows are not worth keeping */
  constructor(selection: FlowSelection, name: string | null = null) {
    this.#find = rowLists(selection);
    this.#name = name;
  }

  nameOf(segment: SegmentInfo): string | null {
    return this.rows(segment) === null ? WHOLE : this.#name;
  }

  rows(segment: SegmentInfo): RowList {
    const known = this.#kept.get(segment.segment);
    if (known !== undefined) return known;
    const list = this.#find(segment);
    const bytes = list?.byteLength ?? 0;
    if (this.#bytes + bytes <= KEPT_BYTES) {
      this.#bytes += bytes;
      this.#kept.set(segment.segment, list);
    }
    return list;
  }

  mark(segment: SegmentInfo, mask: Uint8Array): number {
    const list = this.rows(segment);
    mask.fill(list === null ? 1 : 0, 0, segment.rows);
    if (list === null) return segment.rows;
    for (let n = 0; n < list.length; n++) mask[list[n]] = 1;
    return list.length;
  }
}

/** A filter and a stretch of time that moves over it: where that holds a whole segment, what was kept of the filter serves. */
export class BrushedSelection extends KeptSelection {
  readonly #filter: KeptSelection;
  readonly #holds: (segment: SegmentInfo) => boolean;
  readonly #inside = new Map<number, boolean>();

  /** @param brush tests of the start alone */
  constructor(filter: KeptSelection, brush: FlowSelection) {
    const scratch = new Uint8Array(SEGMENT_ROWS);
    super({
      mark(segment, mask) {
        const inside = brush.mark(segment, mask);
        if (inside === 0) return 0;
        const matching = filter.mark(segment, scratch);
        return matching === segment.rows ? inside : keepBoth(mask, scratch, segment.rows);
      },
    });
    this.#filter = filter;
    this.#holds = (segment) => brush.mark(segment, scratch) === segment.rows;
  }

  /** Whether the brush holds the whole segment. */
  #isInside(segment: SegmentInfo): boolean {
    let known = this.#inside.get(segment.segment);
    if (known === undefined) this.#inside.set(segment.segment, (known = this.#holds(segment)));
    return known;
  }

  override rows(segment: SegmentInfo): RowList {
    return this.#isInside(segment) ? this.#filter.rows(segment) : super.rows(segment);
  }

  override nameOf(segment: SegmentInfo): string | null {
    return this.#isInside(segment) ? this.#filter.nameOf(segment) : super.nameOf(segment);
  }
}

type Scratch = Uint16Array | Uint32Array | Float64Array;

/**
 * Arrays that columns are picked into, by name: the same for all questions, since a thread answers one after the other.
 * Some megabytes made anew for each would have the garbage collector run for each, too.
 */
const SCRATCH = new Map<string, Scratch>();

/** Goes through the selected rows of one segment after the other, and cuts columns down to them. */
export class SelectedRows {
  /** Selected rows of the segment. */
  rows = 0;
  #list: RowList = null;
  readonly #find: (segment: SegmentInfo) => RowList;
  readonly #nameOf: (segment: SegmentInfo) => string | null;

  constructor(selection: FlowSelection | undefined) {
    const isKept = selection instanceof KeptSelection;
    this.#find = isKept ? (segment) => selection.rows(segment) : rowLists(selection);
    this.#nameOf = isKept ? (segment) => selection.nameOf(segment) : () => null;
  }

  /** Turns to a segment; false when no row of it is selected. */
  choose(segment: SegmentInfo): boolean {
    this.#list = this.#find(segment);
    this.name = this.#list === null ? WHOLE : this.#nameOf(segment);
    this.rows = this.#list?.length ?? segment.rows;
    return this.rows > 0;
  }

  /** Stands for the selected rows of the segment; null when totals of them are not to be kept. */
  name: string | null = WHOLE;

  /** Numbers of the selected rows in their segment, ascending; null: every row. */
  rowNumbers(): RowList {
    return this.#list;
  }

  /** The selected rows of a column; the array is used again for the next column of this name. */
  pick<Column extends ArrayLike<number>>(name: string, column: Column): ArrayLike<number> {
    const list = this.#list;
    if (list === null) return column;
    const picked = scratchFor(name, column);
    const isPicked = PICKS.some((pick) => pick(list, column, picked));
    if (!isPicked) for (let n = 0; n < list.length; n++) picked[n] = column[list[n]];
    return picked;
  }

  /** The same of a column of counts, which are kept in as few bytes as each segment needs: always as float64. */
  pickCounts(name: string, column: ColumnArray): Float64Array {
    const list = this.#list;
    if (list === null && column instanceof Float64Array) return column;
    const doubles = scratchFor(name, NO_COUNTS) as Float64Array;
    if (list === null) return asDoubles(column, doubles, this.rows);
    gatherDoubles(column, list, doubles);
    return doubles;
  }

  /** Sum over the selected rows of a column of counts. */
  sum(column: ColumnArray): number {
    return sumListed(column, this.#listed());
  }

  /** Adds 1 at the value of each selected row; `counts` reaches beyond the largest value. */
  count(column: ArrayLike<number>, counts: Uint32Array): void {
    countListed(column, this.#listed(), counts);
  }

  /** The values of the selected rows, each once. @param marks by value; all 0, before and after */
  distinct(column: Uint32Array, marks: Uint8Array): Uint32Array {
    return distinctListed(column, this.#listed(), marks);
  }

  #listed(): Uint16Array {
    return this.#list ?? EVERY_ROW.subarray(0, this.rows);
  }
}

const EVERY_ROW = Uint16Array.from({ length: SEGMENT_ROWS }, (_, row) => row);

function scratchFor(name: string, column: ArrayLike<number>): Scratch {
  const bytes = column instanceof Float64Array ? 8 : column instanceof Uint32Array ? 4 : 2;
  const key = `${name}/${bytes}`;
  let scratch = SCRATCH.get(key);
  if (scratch === undefined) {
    if (bytes === 8) scratch = new Float64Array(SEGMENT_ROWS);
    else scratch = bytes === 4 ? new Uint32Array(SEGMENT_ROWS) : new Uint16Array(SEGMENT_ROWS);
    SCRATCH.set(key, scratch);
  }
  return scratch;
}

const NO_COUNTS = new Float64Array(0);

/** What a table holds for each of `rows` values. */
export function lookUp(table: Uint32Array, values: ArrayLike<number>, into: Uint32Array, rows: number): void {
  for (let i = 0; i < rows; i++) into[i] = table[values[i]];
}

/** The same loop for each kind of column: one that meets several kinds runs at a third of the speed. */
const PICKS: readonly ((list: Uint16Array, column: ArrayLike<number>, picked: Scratch) => boolean)[] = [
  (list, column, picked) => {
    if (!(column instanceof Uint8Array && picked instanceof Uint16Array)) return false;
    for (let n = 0; n < list.length; n++) picked[n] = column[list[n]];
    return true;
  },
  (list, column, picked) => {
    if (!(column instanceof Uint16Array && picked instanceof Uint16Array)) return false;
    for (let n = 0; n < list.length; n++) picked[n] = column[list[n]];
    return true;
  },
  (list, column, picked) => {
    if (!(column instanceof Uint32Array && picked instanceof Uint32Array)) return false;
    for (let n = 0; n < list.length; n++) picked[n] = column[list[n]];
    return true;
  },
  (list, column, picked) => {
    if (!(column instanceof Float64Array && picked instanceof Float64Array)) return false;
    for (let n = 0; n < list.length; n++) picked[n] = column[list[n]];
    return true;
  },
];
