/**
 * V8 compiles code as though buffers were never detached, and as though no typed array had another prototype than its own, until
 * either happens once in a thread; then it throws away all code that relied on it: in the midst of an import half a second's work.
 * A thread that will hand on buffers, or get a Buffer from native code, does both before it has compiled anything.
 */
export function giveUpAssumptions(): void {
  new ArrayBuffer(1).transfer();
  Object.setPrototypeOf(new Uint8Array(1), Buffer.prototype);
}
