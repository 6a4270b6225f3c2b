const GROWTH = 4;

/**
 * Counters by key in bounded memory. While the table has room every key is kept. When it is full, only keys whose hash ends in
 * a zero bit stay, then those with two, and so on (distinct sampling: Gibbons, "Distinct sampling for highly-accurate answers to
 * distinct values queries and event reports", VLDB 2001). A key that stays has been counted from its first flow on, and which
 * keys stay depends on the set of keys alone: never on their order.
 */
export class SampledTable {
  /** Counters of the entry at `slot` begin at `slot * stride + keyWords`; all 0 in a new entry. */
  words = new Uint32Array(0);
  /** `floats` of them for each slot, 0 in a new entry. */
  values = new Float64Array(0);
  readonly stride: number;
  readonly keyWords: number;
  readonly floats: number;
  entries = 0;
  #slots = 0;
  #mask = 0;
  readonly #mostSlots: number;
  /** Trailing zero bits that a hash must have. */
  #level = 0;
  #levelMask = 0;

  /**
   * @param keyWords 32-bit words of a key, the first of them never 0
   * @param counters 32-bit words beside the key
   * @param floats float64 values beside them
   * @param mostSlots bound, a power of two; three of four slots are used at most
   */
  constructor(keyWords: number, counters: number, floats: number, mostSlots: number) {
    this.keyWords = keyWords;
    this.stride = keyWords + counters;
    this.floats = floats;
    this.#mostSlots = mostSlots;
    this.#slots = Math.min(4096, mostSlots);
    this.#mask = this.#slots - 1;
    this.words = new Uint32Array(this.#slots * this.stride);
    this.values = new Float64Array(this.#slots * floats);
  }

  /** Keys met for each key kept: 1 while nothing was left out, then 2, 4, … */
  get scale(): number {
    return 2 ** this.#level;
  }

  get slots(): number {
    return this.#slots;
  }

  isUsed(slot: number): boolean {
    return this.words[slot * this.stride] !== 0;
  }

  /** Slot of a key that is there, or -1. */
  find(key: Uint32Array): number {
    const hash = hashOfKey(key, this.keyWords);
    if ((hash & this.#levelMask) !== 0) return -1;
    const slot = this.#probe(key, hash);
    return this.words[slot * this.stride] === 0 ? -1 : slot;
  }

  /** Slot of a key, made when new; -1 when the key is not of the sample. Slots hold until the next call. */
  slotOf(key: Uint32Array): number {
    const hash = hashOfKey(key, this.keyWords);
    if ((hash & this.#levelMask) !== 0) return -1;
    const slot = this.#probe(key, hash);
    const at = slot * this.stride;
    if (this.words[at] !== 0) return slot;
    if (this.entries >= this.#slots * 0.75) {
      this.#makeRoom();
      return this.slotOf(key);
    }
    for (let i = 0; i < this.keyWords; i++) this.words[at + i] = key[i];
    this.entries++;
    return slot;
  }

  #probe(key: Uint32Array, hash: number): number {
    const { words, stride, keyWords } = this;
    // The low bits of kept hashes are all 0.
    let slot = (hash >>> this.#level) & this.#mask;
    for (;;) {
      const at = slot * stride;
      if (words[at] === 0) return slot;
      let same = 0;
      while (same < keyWords && words[at + same] === key[same]) same++;
      if (same === keyWords) return slot;
      slot = (slot + 1) & this.#mask;
    }
  }

  #makeRoom(): void {
    const { words, values, stride, keyWords, floats } = this;
    const slots = this.#slots;
    if (slots < this.#mostSlots) this.#slots = Math.min(slots * GROWTH, this.#mostSlots);
    else {
      this.#level++;
      this.#levelMask = 2 ** this.#level - 1;
    }
    this.#mask = this.#slots - 1;
    this.words = new Uint32Array(this.#slots * stride);
    this.values = new Float64Array(this.#slots * floats);
    this.entries = 0;
    const key = new Uint32Array(keyWords);
    for (let slot = 0; slot < slots; slot++) {
      const at = slot * stride;
      if (words[at] === 0) continue;
      for (let i = 0; i < keyWords; i++) key[i] = words[at + i];
      const hash = hashOfKey(key, keyWords);
      if ((hash & this.#levelMask) !== 0) continue;
      const to = this.#probe(key, hash);
      for (let i = 0; i < stride; i++) this.words[to * stride + i] = words[at + i];
      for (let i = 0; i < floats; i++) this.values[to * floats + i] = values[slot * floats + i];
      this.entries++;
    }
  }
}

/** Mixes a word into a hash (MurmurHash3, Appleby, public domain). */
export function mixed(hash: number, word: number): number {
  let k = Math.imul(word, 0xcc9e2d51);
  k = (k << 15) | (k >>> 17);
  const h = hash ^ Math.imul(k, 0x1b873593);
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
}

/** The last step of that hash: every bit of the input touches every bit of the output. */
export function finished(hash: number): number {
  let h = hash ^ (hash >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}

function hashOfKey(key: Uint32Array, keyWords: number): number {
  let hash = 0x5bd1e995;
  for (let i = 0; i < keyWords; i++) hash = Math.imul(hash ^ key[i], 0x9e3779b1);
  return finished(hash);
}
