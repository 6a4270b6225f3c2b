import type { CellTally } from './cell-tally.ts';
import type { Groups, HourGroups } from './flow-groups.ts';

/**
 * What all flows of one segment add up to, cell by cell: kept, so that a question that takes the segment whole need not
 * look at its flows. Cells are told by what they stand for, since every question numbers its own.
 */
export interface SegmentTotals {
  readonly byteLength: number;
  /** By cell: the numbers of its dimensions' values (see `Groups.valuesOf`), then an hour of its group of hours. */
  readonly keys: Uint32Array;
  readonly value: Float64Array;
  readonly flows: Float64Array;
  readonly scaled: Uint8Array;
  readonly unspread: ReadonlyMap<number, number>;
}

/** What a question counts, and in which cells. */
export interface CountedCells {
  readonly groups: Groups;
  /** Divide the groups; null where no time is asked for. */
  readonly hourGroups: HourGroups | null;
  readonly tally: CellTally;
}

/** Where the totals of whole segments are made, and under which name they are kept. */
export interface KeptTotals {
  readonly name: string;
  /** Dimensions other than time. */
  readonly plain: number;
  /** Empty between two segments. */
  readonly cells: () => CountedCells;
}

/** Stands for totals that would take about as much memory as the columns they are made of. */
export const TOO_MANY_CELLS: SegmentTotals = {
  byteLength: 64,
  keys: new Uint32Array(0),
  value: new Float64Array(0),
  flows: new Float64Array(0),
  scaled: new Uint8Array(0),
  unspread: new Map(),
};

/** Rows that a segment has for each cell, or more, if its totals are kept. */
const ROWS_PER_CELL = 16;

/** Takes what one segment of `rows` rows gave out of cells, which are empty then. @param plain dimensions of the groups */
export function takeTotals({ groups, hourGroups, tally }: CountedCells, plain: number, rows: number): SegmentTotals {
  tally.settle();
  const used: number[] = [];
  for (let cell = 0; cell < tally.value.length; cell++) {
    if (tally.flows[cell] > 0 || tally.value[cell] > 0) used.push(cell);
  }
  if (used.length * ROWS_PER_CELL > rows) {
    tally.clear();
    return TOO_MANY_CELLS;
  }
  const width = plain + 1;
  const keys = new Uint32Array(used.length * width);
  const value = new Float64Array(used.length);
  const flows = new Float64Array(used.length);
  const scaled = new Uint8Array(used.length);
  const unspread = new Map<number, number>();
  for (let n = 0; n < used.length; n++) {
    const cell = used[n];
    const group = hourGroups === null ? cell : hourGroups.cells.firsts[cell];
    groups.valuesOf(group, keys, n * width);
    keys[n * width + plain] = hourGroups === null ? 0 : hourGroups.hourOf(hourGroups.cells.seconds[cell]);
    value[n] = tally.value[cell];
    flows[n] = tally.flows[cell];
    scaled[n] = tally.scaled[cell];
    const long = tally.unspread.get(cell);
    if (long !== undefined) unspread.set(n, long);
  }
  tally.clear();
  return { byteLength: used.length * (width * 4 + 17) + 64, keys, value, flows, scaled, unspread };
}

/** Adds the totals of a segment to those of a question of the same dimensions. */
export function addTotals(
  { keys, value, flows, scaled, unspread }: SegmentTotals,
  { groups, hourGroups, tally }: CountedCells,
  plain: number,
): void {
  const width = plain + 1;
  for (let n = 0; n < value.length; n++) {
    let cell = groups.groupOf(keys, n * width);
    if (hourGroups !== null) {
      const hours = hourGroups.number(keys[n * width + plain] | 0);
      hourGroups.cells.reserve(groups.size, hourGroups.size);
      cell = hourGroups.cells.number(cell, hours);
      tally.reserve(hourGroups.cells.size);
    } else tally.reserve(groups.size);
    tally.add(cell, value[n], flows[n], scaled[n]);
    const long = unspread.get(n);
    if (long !== undefined) tally.noteUnspread(cell, long);
  }
}
