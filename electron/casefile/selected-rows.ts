import { SEGMENT_ROWS } from '../../shared/flow.ts';
import type { SegmentInfo } from './case-reader.ts';
import type { FlowSelection } from './flow-selection.ts';
import { listMarked } from './mask-loops.ts';

/** Rows of a segment, ascending; null stands for every row. */
export type RowList = Uint16Array | null;

/** Bytes of row lists that one selection may keep: those of 32 million flows. */
const KEPT_BYTES = 64 * 1024 * 1024;

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

/** A selection that keeps what it found, up to 64 MiB, for the queries that follow with the same filter. */
export class KeptSelection implements FlowSelection {
  readonly #find: (segment: SegmentInfo) => RowList;
  readonly #kept = new Map<number, RowList>();
  #bytes = 0;

  constructor(selection: FlowSelection) {
    this.#find = rowLists(selection);
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

type Scratch = Uint16Array | Uint32Array | Float64Array;

/** Goes through the selected rows of one segment after the other, and cuts columns down to them. */
export class SelectedRows {
  /** Selected rows of the segment. */
  rows = 0;
  #list: RowList = null;
  readonly #find: (segment: SegmentInfo) => RowList;
  readonly #scratch = new Map<string, Scratch>();

  constructor(selection: FlowSelection | undefined) {
    this.#find = selection instanceof KeptSelection ? (segment) => selection.rows(segment) : rowLists(selection);
  }

  /** Turns to a segment; false when no row of it is selected. */
  choose(segment: SegmentInfo): boolean {
    this.#list = this.#find(segment);
    this.rows = this.#list?.length ?? segment.rows;
    return this.rows > 0;
  }

  /** The selected rows of a column; the array is used again for the next column of this name. */
  pick<Column extends ArrayLike<number>>(name: string, column: Column): ArrayLike<number> {
    const list = this.#list;
    if (list === null) return column;
    const picked = this.#scratchFor(name, column);
    const isPicked = PICKS.some((pick) => pick(list, column, picked));
    if (!isPicked) for (let n = 0; n < list.length; n++) picked[n] = column[list[n]];
    return picked;
  }

  /** Sum over the selected rows of a column. */
  sum(column: ArrayLike<number>): number {
    const list = this.#list;
    if (!(column instanceof Float64Array)) return sumOf(this.pick('sum', column), this.rows);
    return list === null ? sumOf(column, this.rows) : sumOfPicked(column, list);
  }

  #scratchFor(name: string, column: ArrayLike<number>): Scratch {
    let scratch = this.#scratch.get(name);
    if (scratch === undefined) {
      if (column instanceof Float64Array) scratch = new Float64Array(SEGMENT_ROWS);
      else scratch = column instanceof Uint32Array ? new Uint32Array(SEGMENT_ROWS) : new Uint16Array(SEGMENT_ROWS);
      this.#scratch.set(name, scratch);
    }
    return scratch;
  }
}

function sumOf(values: ArrayLike<number>, rows: number): number {
  let sum = 0;
  for (let i = 0; i < rows; i++) sum += values[i];
  return sum;
}

function sumOfPicked(values: Float64Array, list: Uint16Array): number {
  let sum = 0;
  for (let n = 0; n < list.length; n++) sum += values[list[n]];
  return sum;
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
