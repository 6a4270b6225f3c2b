/**
 * Numbers pairs of unsigned 32-bit integers in the order of their first sight, from 0. An open-addressing table, so that
 * millions of look-ups make no object and no text.
 */
export class PairIndex {
  /** Pairs known. */
  size = 0;
  #firsts = new Uint32Array(64);
  #seconds = new Uint32Array(64);
  /** Number + 1 of the pair in each slot; 0 = empty. At least half the slots are empty. */
  #slots = new Uint32Array(128);
  #mask = 127;
  /** The pair asked for last: rows that follow one another are often alike. */
  #lastFirst = -1;
  #lastSecond = -1;
  #last = 0;

  /** The number of a pair; a new pair gets the next one. */
  number(first: number, second: number): number {
    if (first === this.#lastFirst && second === this.#lastSecond) return this.#last;
    this.#lastFirst = first;
    this.#lastSecond = second;
    this.#last = this.#find(first, second);
    return this.#last;
  }

  #find(first: number, second: number): number {
    let slot = hash(first, second) & this.#mask;
    for (;;) {
      const found = this.#slots[slot] ?? 0;
      if (found === 0) break;
      if (this.#firsts[found - 1] === first && this.#seconds[found - 1] === second) return found - 1;
      slot = (slot + 1) & this.#mask;
    }
    if (this.size === this.#firsts.length) {
      this.#grow();
      slot = this.#emptySlot(first, second);
    }
    this.#firsts[this.size] = first;
    this.#seconds[this.size] = second;
    this.#slots[slot] = ++this.size;
    return this.size - 1;
  }

  first(number: number): number {
    return this.#firsts[number] ?? 0;
  }

  second(number: number): number {
    return this.#seconds[number] ?? 0;
  }

  #emptySlot(first: number, second: number): number {
    let slot = hash(first, second) & this.#mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & this.#mask;
    return slot;
  }

  #grow(): void {
    const [firsts, seconds] = [this.#firsts, this.#seconds];
    this.#firsts = new Uint32Array(firsts.length * 2);
    this.#seconds = new Uint32Array(firsts.length * 2);
    this.#firsts.set(firsts);
    this.#seconds.set(seconds);
    this.#slots = new Uint32Array(firsts.length * 4);
    this.#mask = this.#slots.length - 1;
    for (let i = 0; i < this.size; i++) this.#slots[this.#emptySlot(this.first(i), this.second(i))] = i + 1;
  }
}

/** Mixes as the finaliser of MurmurHash3 does (A. Appleby, 2011). */
function hash(first: number, second: number): number {
  let mixed = Math.imul(first, 0x9e3779b1) ^ second;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
