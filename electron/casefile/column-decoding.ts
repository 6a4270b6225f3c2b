import { type ColumnArray, type ColumnSpec, type FlowColumn, FLOW_COLUMNS } from '../../shared/flow.ts';

/** Bytes of one row of a column as it is stored. */
export function rowBytes(name: FlowColumn): number {
  const { type, width } = FLOW_COLUMNS[name];
  return ELEMENT_BYTES[type] * width;
}

const ELEMENT_BYTES: Readonly<Record<ColumnSpec['type'], number>> = { u8: 1, u16: 2, u32: 4, f64: 8 };

/** Copies a BLOB into an aligned typed array (the case stores little-endian; so do all platforms we run on). */
export function decodeColumn(name: FlowColumn, data: Uint8Array): ColumnArray {
  const bytes = new ArrayBuffer(data.byteLength);
  new Uint8Array(bytes).set(data);
  switch (FLOW_COLUMNS[name].type) {
    case 'u8':
      return new Uint8Array(bytes);
    case 'u16':
      return new Uint16Array(bytes);
    case 'u32':
      return new Uint32Array(bytes);
    case 'f64':
      return new Float64Array(bytes);
  }
}

/**
 * The same numbers in the fewest bytes that hold them; what is not whole or beyond 32 bits stays as it is. Columns are stored
 * for the most that a flow may need, and hardly any segment needs it: 10 million flows of a case that took 620 MB for what
 * the views ask take 260 MB.
 */
export function narrowed(values: ColumnArray): ColumnArray {
  const most = values instanceof Float64Array ? bitsOfWhole(values) : bitsOf(values);
  if (most === null || most >>> 16 !== 0) {
    return most === null || !(values instanceof Float64Array) ? values : Uint32Array.from(values);
  }
  if (most >>> 8 === 0) return values instanceof Uint8Array ? values : Uint8Array.from(values);
  return values instanceof Uint16Array ? values : Uint16Array.from(values);
}

/** All bits that any value has. */
function bitsOf(values: Uint8Array | Uint16Array | Uint32Array): number {
  let bits = 0;
  for (let i = 0; i < values.length; i++) bits |= values[i];
  return bits;
}

/** The same of whole numbers below 2^32; null when there are others. */
function bitsOfWhole(values: Float64Array): number | null {
  let bits = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (value !== value >>> 0) return null;
    bits |= value;
  }
  return bits;
}

/**
 * A column as float64: itself, or a copy in `scratch`. Loops that add up or compare counts so meet one kind of array,
 * whatever the segment's numbers need: one that meets several runs at a third of the speed.
 */
export function asDoubles(values: ColumnArray, scratch: Float64Array, rows: number): Float64Array {
  if (values instanceof Float64Array) return values;
  if (values instanceof Uint16Array) widenWords(values, scratch, rows);
  else if (values instanceof Uint32Array) widenLongs(values, scratch, rows);
  else widenBytes(values, scratch, rows);
  return scratch;
}

function widenBytes(values: Uint8Array, scratch: Float64Array, rows: number): void {
  for (let i = 0; i < rows; i++) scratch[i] = values[i];
}

function widenWords(values: Uint16Array, scratch: Float64Array, rows: number): void {
  for (let i = 0; i < rows; i++) scratch[i] = values[i];
}

function widenLongs(values: Uint32Array, scratch: Float64Array, rows: number): void {
  for (let i = 0; i < rows; i++) scratch[i] = values[i];
}

/** Writes the listed rows of a column as float64, each kind of column in a loop of its own. */
export function gatherDoubles(values: ColumnArray, list: Uint16Array, into: Float64Array): void {
  if (values instanceof Float64Array) gatherFromDoubles(values, list, into);
  else if (values instanceof Uint16Array) gatherFromWords(values, list, into);
  else if (values instanceof Uint32Array) gatherFromLongs(values, list, into);
  else gatherFromBytes(values, list, into);
}

function gatherFromDoubles(values: Float64Array, list: Uint16Array, into: Float64Array): void {
  for (let n = 0; n < list.length; n++) into[n] = values[list[n]];
}

function gatherFromBytes(values: Uint8Array, list: Uint16Array, into: Float64Array): void {
  for (let n = 0; n < list.length; n++) into[n] = values[list[n]];
}

function gatherFromWords(values: Uint16Array, list: Uint16Array, into: Float64Array): void {
  for (let n = 0; n < list.length; n++) into[n] = values[list[n]];
}

function gatherFromLongs(values: Uint32Array, list: Uint16Array, into: Float64Array): void {
  for (let n = 0; n < list.length; n++) into[n] = values[list[n]];
}
