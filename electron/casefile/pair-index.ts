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

  get byteLength(): number {
    return this.#firsts.byteLength + this.#seconds.byteLength + this.#slots.byteLength;
  }

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
      const found = this.#slots[slot];
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
    this.#firsts = grown(firsts, firsts.length * 2);
    this.#seconds = grown(seconds, firsts.length * 2);
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

function grown(array: Uint32Array, length: number): Uint32Array<ArrayBuffer> {
  const longer = new Uint32Array(length);
  longer.set(array);
  return longer;
}

/** 16 MiB. */
const GRID_CELLS = 1 << 22;
const NOT_MET = 0xffff_ffff;

/**
 * Numbers pairs as PairIndex does, of which both halves are numbered from 0: as long as all possible pairs fit into
 * 4,194,304 cells a look-up is one step into a table, beyond that it goes by PairIndex.
 */
export class PairGrid {
  /** Pairs known. */
  size = 0;
  firsts = new Uint32Array(64);
  seconds = new Uint32Array(64);
  /** Number + 1 of the pair at `first * stride + second`; 0 = not met. */
  #cells = new Uint32Array(0);
  #stride = 0;
  #rows = 0;
  #hashed: PairIndex | null = null;

  /** Makes room: halves asked for from now on are below these. */
  reserve(firsts: number, seconds: number): void {
    if (this.#hashed !== null || (firsts <= this.#rows && seconds <= this.#stride)) return;
    this.#rows = powerOfTwo(Math.max(firsts, this.#rows));
    this.#stride = powerOfTwo(Math.max(seconds, this.#stride));
    if (this.#rows * this.#stride > GRID_CELLS) {
      this.#cells = new Uint32Array(0);
      this.#hashed = new PairIndex();
      for (let i = 0; i < this.size; i++) this.#hashed.number(this.firsts[i], this.seconds[i]);
      return;
    }
    this.#cells = new Uint32Array(this.#rows * this.#stride);
    for (let i = 0; i < this.size; i++) this.#cells[this.firsts[i] * this.#stride + this.seconds[i]] = i + 1;
  }

  /** The number of a pair; a new pair gets the next one. */
  number(first: number, second: number): number {
    if (this.#hashed === null) {
      const cell = first * this.#stride + second;
      const known = this.#cells[cell];
      if (known !== 0) return known - 1;
      this.#cells[cell] = this.size + 1;
      return this.#add(first, second);
    }
    const number = this.#hashed.number(first, second);
    return number < this.size ? number : this.#add(first, second);
  }

  /** For a grid of one first half, 0: numbers its pairs up to `seconds`, so that each bears its second half's number. */
  numberAlike(seconds: number): void {
    this.reserve(1, seconds);
    while (this.size < seconds) this.number(0, this.size);
  }

  #add(first: number, second: number): number {
    if (this.size === this.firsts.length) {
      this.firsts = grown(this.firsts, this.size * 2);
      this.seconds = grown(this.seconds, this.size * 2);
    }
    this.firsts[this.size] = first;
    this.seconds[this.size] = second;
    return this.size++;
  }

  /** Writes the number of each pair, of the entries at one place below `rows`, to that place of `into`. */
  numberAll(firsts: ArrayLike<number>, seconds: ArrayLike<number>, into: Uint32Array, rows: number): void {
    const [cells, stride] = [this.#cells, this.#stride];
    if (this.#hashed !== null) {
      for (let i = 0; i < rows; i++) into[i] = this.number(firsts[i], seconds[i]);
      return;
    }
    // Pairs not met yet are looked for afterwards, so that the loop over all has no branch.
    let missing = 0;
    for (let i = 0; i < rows; i++) {
      const number = cells[firsts[i] * stride + seconds[i]] - 1;
      missing |= number >>> 31;
      into[i] = number;
    }
    if (missing === 0) return;
    for (let i = 0; i < rows; i++) if (into[i] === NOT_MET) into[i] = this.number(firsts[i], seconds[i]);
  }
}

function powerOfTwo(atLeast: number): number {
  let power = 1;
  while (power < atLeast) power *= 2;
  return power;
}
