import type { HourGroups } from './flow-groups.ts';
import { LONGEST_SPAN_HOURS } from './local-hours.ts';

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
  readonly #touched = new Uint32Array(LONGEST_SPAN_HOURS);

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
  }

  noteUnspread(cell: number): void {
    this.unspread.set(cell, (this.unspread.get(cell) ?? 0) + 1);
  }

  /** Counts `rows` rows in their cells, an amount (default 1) times its sampling rate each. */
  count(cells: ArrayLike<number>, rows: number, amounts: Amounts | null, rates: ArrayLike<number>): void {
    const { value, flows, scaled } = this;
    if (amounts !== null) {
      const { out, back } = amounts;
      for (let i = 0; i < rows; i++) {
        const cell = cells[i];
        const rate = rates[i] || 1;
        flows[cell]++;
        value[cell] += (out[i] + back[i]) * rate;
        if (rate > 1) scaled[cell] = 1;
      }
    } else if (isSampled(rates, rows)) {
      for (let i = 0; i < rows; i++) {
        const cell = cells[i];
        const rate = rates[i] || 1;
        flows[cell]++;
        value[cell] += rate;
        if (rate > 1) scaled[cell] = 1;
      }
    } else {
      for (let i = 0; i < rows; i++) {
        flows[cells[i]]++;
        value[cells[i]]++;
      }
    }
  }

  /** Counts rows in their cells and adds their amounts in equal parts to the hours they touch. */
  spread(
    cells: ArrayLike<number>,
    { out, back }: Amounts,
    rates: ArrayLike<number>,
    { rows, hours, starts, spans }: RowHours,
    hourGroups: HourGroups,
  ): void {
    for (let i = 0; i < rows; i++) {
      const cell = cells[i];
      const rate = rates[i] || 1;
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

/** True when a rate is more than 1. */
export function isSampled(rates: ArrayLike<number>, rows: number): boolean {
  for (let i = 0; i < rows; i++) if (rates[i] > 1) return true;
  return false;
}
