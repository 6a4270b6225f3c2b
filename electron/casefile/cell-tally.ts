import type { CaseReader, SegmentInfo } from './case-reader.ts';
import type { HourGroups } from './flow-groups.ts';
import { LONGEST_SPAN_HOURS } from './local-hours.ts';
import type { SelectedRows } from './selected-rows.ts';

/** What is added up, by row: both directions of a flow. */
export interface Amounts {
  readonly out: ArrayLike<number>;
  readonly back: ArrayLike<number>;
}

/** The hours of some rows, see `SegmentHours`. */
export interface RowHours {
  readonly rows: number;
  readonly hours: Int32Array;
  readonly starts: ArrayLike<number>;
  readonly spans: ArrayLike<number>;
}

/** Totals by cell: a group, or a group within a group of hours. */
export class CellTally {
  value = new Float64Array(64);
  flows = new Float64Array(64);
  scaled = new Uint8Array(64);
  /** Flows by cell that are longer than LONGEST_SPAN_HOURS. */
  readonly unspread = new Map<number, number>();
  /** Flows by cell that count once in `flows` and once in `value`, and are not added to them yet. */
  #ones = new Uint32Array(64);
  readonly #touched = new Uint32Array(LONGEST_SPAN_HOURS);

  /** Of its arrays; what is told of few cells aside. */
  get byteLength(): number {
    const { value, flows, scaled } = this;
    return value.byteLength + flows.byteLength + scaled.byteLength + this.#ones.byteLength;
  }

  /** Makes room for cells below `cells`. */
  reserve(cells: number): void {
    if (cells <= this.value.length) return;
    const length = Math.max(cells, this.value.length * 2);
    const { value, flows, scaled } = this;
    this.value = new Float64Array(length);
    this.value.set(value);
    this.flows = new Float64Array(length);
    this.flows.set(flows);
    this.scaled = new Uint8Array(length);
    this.scaled.set(scaled);
    const ones = this.#ones;
    this.#ones = new Uint32Array(length);
    this.#ones.set(ones);
  }

  noteUnspread(cell: number, flows = 1): void {
    this.unspread.set(cell, (this.unspread.get(cell) ?? 0) + flows);
  }

  /**
   * Counts `rows` rows in their cells, an amount (default 1) times its sampling rate (null: none is sampled) each. To be
   * followed by `settle` in the end.
   */
  count(cells: ArrayLike<number>, rows: number, amounts: Amounts | null, rates: ArrayLike<number> | null): void {
    const { value, flows, scaled } = this;
    if (rates === null) {
      if (amounts === null) countOnes(cells, this.#ones, rows);
      else countAmounts(cells, amounts.out, amounts.back, flows, value, rows);
      return;
    }
    for (let i = 0; i < rows; i++) {
      const cell = cells[i];
      const rate = rates[i] || 1;
      flows[cell]++;
      value[cell] += (amounts === null ? 1 : amounts.out[i] + amounts.back[i]) * rate;
      if (rate > 1) scaled[cell] = 1;
    }
  }

  /** Adds what another tally holds for some cells to cells of this one. */
  add(cell: number, value: number, flows: number, scaled: number): void {
    this.value[cell] += value;
    this.flows[cell] += flows;
    this.scaled[cell] |= scaled;
  }

  /** Forgets all totals. */
  clear(): void {
    for (const totals of [this.value, this.flows, this.scaled, this.#ones]) totals.fill(0);
    this.unspread.clear();
  }

  /** Makes `flows` and `value` whole after the last `count`. */
  settle(): void {
    const { value, flows } = this;
    const ones = this.#ones;
    for (let cell = 0; cell < ones.length; cell++) {
      flows[cell] += ones[cell];
      value[cell] += ones[cell];
      ones[cell] = 0;
    }
  }

  /** Counts rows in their cells and adds their amounts in equal parts to the hours they touch. */
  spread(
    cells: ArrayLike<number>,
    { out, back }: Amounts,
    rates: ArrayLike<number> | null,
    { rows, hours, starts, spans }: RowHours,
    hourGroups: HourGroups,
  ): void {
    for (let i = 0; i < rows; i++) {
      const cell = cells[i];
      const rate = rates === null ? 1 : rates[i] || 1;
      const amount = (out[i] + back[i]) * rate;
      this.flows[cell]++;
      if (spans[i] > 1) {
        this.#spreadOne(cell, hours[starts[i]], spans[i], amount, rate > 1, hourGroups);
        continue;
      }
      this.value[cell] += amount;
      if (rate > 1) this.scaled[cell] = 1;
      if (spans[i] === 0) this.noteUnspread(cell);
    }
  }

  #spreadOne(
    startCell: number,
    start: number,
    span: number,
    amount: number,
    isScaled: boolean,
    hourGroups: HourGroups,
  ): void {
    const { cells } = hourGroups;
    const touched = this.#touched;
    let count = 0;
    for (let hour = start; hour < start + span; hour++) {
      if (!hourGroups.isSkipped(hour)) touched[count++] = hourGroups.number(hour);
    }
    const group = cells.firsts[startCell];
    cells.reserve(group + 1, hourGroups.size);
    for (let i = 0; i < count; i++) {
      const cell = cells.number(group, touched[i]);
      this.reserve(cell + 1);
      this.value[cell] += amount / count;
      if (isScaled) this.scaled[cell] = 1;
    }
  }
}

/** Apart, so that the loops meet one kind of amounts and are compiled once. */
function countOnes(cells: ArrayLike<number>, ones: Uint32Array, rows: number): void {
  for (let i = 0; i < rows; i++) ones[cells[i]]++;
}

function countAmounts(
  cells: ArrayLike<number>,
  out: ArrayLike<number>,
  back: ArrayLike<number>,
  flows: Float64Array,
  value: Float64Array,
  rows: number,
): void {
  for (let i = 0; i < rows; i++) {
    const cell = cells[i];
    flows[cell]++;
    value[cell] += out[i] + back[i];
  }
}

/** Sampling rates of the selected rows of a segment; null when no row of the segment has one above 1. */
export function ratesOf(reader: CaseReader, segment: SegmentInfo, selected: SelectedRows): ArrayLike<number> | null {
  const { some } = reader.derived(segment, 'is sampled', () => ({
    byteLength: 8,
    some: reader.column(segment, 'sampling').some((rate) => rate > 1),
  }));
  return some ? selected.pick('rates', reader.column(segment, 'sampling')) : null;
}

/** Bytes or packets of the selected rows of a segment. */
export function amountsOf(
  reader: CaseReader,
  segment: SegmentInfo,
  metric: 'bytes' | 'packets',
  selected: SelectedRows,
): Amounts {
  const [out, back] = metric === 'bytes' ? (['bytesOut', 'bytesIn'] as const) : (['packetsOut', 'packetsIn'] as const);
  return {
    out: selected.pickCounts('out', reader.column(segment, out)),
    back: selected.pickCounts('back', reader.column(segment, back)),
  };
}
