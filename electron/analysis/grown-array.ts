/** A longer copy of an array of numbers: twice as long, or `atLeast` where that is more. What is new is 0. */
export function grown(array: Float64Array, atLeast?: number): Float64Array<ArrayBuffer>;
export function grown(array: Uint32Array, atLeast?: number): Uint32Array<ArrayBuffer>;
export function grown(array: Float64Array | Uint32Array, atLeast = 0): Float64Array | Uint32Array {
  const length = Math.max(array.length * 2, atLeast);
  const larger = array instanceof Float64Array ? new Float64Array(length) : new Uint32Array(length);
  larger.set(array);
  return larger;
}
