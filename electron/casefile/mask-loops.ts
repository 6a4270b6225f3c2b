/**
 * Loops over the rows of a segment that filters are made of. Each stands by itself and meets one kind of array: a loop inside
 * a closure that is called once a segment is compiled anew for every query, and one that meets several kinds runs at a third
 * of the speed. A mask holds 1 for a row that matches, else 0.
 */

/** Rows that match, of the first `rows`. */
export function countMarked(mask: Uint8Array, rows: number): number {
  let ones = 0;
  for (let i = 0; i < rows; i++) ones += mask[i];
  return ones;
}

/** Turns the first `rows` over. */
export function invert(mask: Uint8Array, rows: number): void {
  for (let i = 0; i < rows; i++) mask[i] ^= 1;
}

/** Leaves what both masks mark, and returns how many rows that are. */
export function keepBoth(mask: Uint8Array, other: Uint8Array, rows: number): number {
  let ones = 0;
  for (let i = 0; i < rows; i++) {
    const both = mask[i] & other[i];
    mask[i] = both;
    ones += both;
  }
  return ones;
}

/** Writes the numbers of the marked rows, ascending, until `list` is full: there must be as many. */
export function listMarked(mask: Uint8Array, list: Uint16Array): void {
  const { length } = list;
  for (let row = 0, n = 0; n < length; row++) {
    list[n] = row;
    n += mask[row];
  }
}

/** Gives each listed row the mark that stands at its place in the list, and returns how many are marked. */
export function keepListed(mask: Uint8Array, list: Uint16Array, marks: Uint8Array): number {
  let ones = 0;
  for (let n = 0; n < list.length; n++) {
    mask[list[n]] = marks[n];
    ones += marks[n];
  }
  return ones;
}

/** Marks rows whose value the table marks, besides those marked before. */
export function markTabled(values: ArrayLike<number>, table: Uint8Array, mask: Uint8Array, rows: number): void {
  if (values instanceof Uint8Array) markTabledBytes(values, table, mask, rows);
  else if (values instanceof Uint16Array) markTabledWords(values, table, mask, rows);
  else for (let i = 0; i < rows; i++) mask[i] |= table[values[i]];
}

function markTabledBytes(values: Uint8Array, table: Uint8Array, mask: Uint8Array, rows: number): void {
  for (let i = 0; i < rows; i++) mask[i] |= table[values[i]];
}

function markTabledWords(values: Uint16Array, table: Uint8Array, mask: Uint8Array, rows: number): void {
  for (let i = 0; i < rows; i++) mask[i] |= table[values[i]];
}

/** Marks rows from `low` to `high`, besides those marked before. */
export function markBetween(
  values: ArrayLike<number>,
  low: number,
  high: number,
  mask: Uint8Array,
  rows: number,
): void {
  if (values instanceof Float64Array) markDoublesBetween(values, low, high, mask, rows);
  else if (values instanceof Uint32Array) markLongsBetween(values, low, high, mask, rows);
  else for (let i = 0; i < rows; i++) if (values[i] >= low && values[i] <= high) mask[i] = 1;
}

/** Without a branch, which a half of the rows would take by surprise. */
function markDoublesBetween(values: Float64Array, low: number, high: number, mask: Uint8Array, rows: number): void {
  for (let i = 0; i < rows; i++) mask[i] |= Number(values[i] >= low) & Number(values[i] <= high);
}

function markLongsBetween(values: Uint32Array, low: number, high: number, mask: Uint8Array, rows: number): void {
  for (let i = 0; i < rows; i++) mask[i] |= Number(values[i] >= low) & Number(values[i] <= high);
}

/** Marks rows where the sum of two columns lies from `low` to `high`, besides those marked before. */
export function markSumBetween(
  a: Float64Array,
  b: Float64Array,
  low: number,
  high: number,
  mask: Uint8Array,
  rows: number,
): void {
  for (let i = 0; i < rows; i++) {
    const sum = a[i] + b[i];
    mask[i] |= Number(sum >= low) & Number(sum <= high);
  }
}
