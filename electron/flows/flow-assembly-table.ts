import type { AddressWords } from '../../shared/address.ts';

/**
 * The open flows of a FlowAssembly: one record of 216 bytes each in one typed array, found by a hash over the five-tuple.
 *
 * The two ends of a flow are kept in an order of their own, the lower address (then port) first, so that the records of
 * both directions have the same key. Direction 0 is from the low end to the high one, 1 the way back. What exists once a
 * direction lies at its offset + direction. Words are 32 bits; floats are float64, over the same memory.
 */
export const STRIDE = 54;
export const FLOATS = STRIDE / 2;

/** The key: addresses of the low and the high end, their ports (low end in the low half), transport and kind. */
export const LOW_ADDRESS = 0;
export const HIGH_ADDRESS = 4;
export const PORTS = 8;
/** IP protocol number in the low byte; TWO_WAY, BEGUN_BY_HIGH. */
export const PROTOCOL = 9;
const KEY_WORDS = 10;
const HASH = 10;
export const NEXT = 11;
const PREVIOUS = 12;
export const SAMPLING = 13;
/** Of the first record: exporter and next hop (all 0 = not told), interfaces. */
export const EXPORTER = 14;
export const NEXT_HOP = 18;
export const INPUT = 22;
export const OUTPUT = 23;
/** Once a direction: where its records were made (a hash of exporter and interfaces), and how many there are. */
export const OBSERVER = 24;
export const RECORDS = 26;
/** TCP flags of direction 0 in the low byte, of 1 in the next; bits of ASSEMBLY; index in CONN_STATES. */
export const SEEN = 28;
export const STATUS = 29;
/** Once a direction: microseconds since the epoch; time that its records cover together, microseconds; counts. */
export const START = 15;
export const END = 17;
export const COVERED = 19;
export const PACKETS = 21;
export const BYTES = 23;
/** Once a direction: of its first record. */
export const LOCATOR = 25;

/** In PROTOCOL: the records count both directions; the high end is their initiator. */
export const TWO_WAY = 256;
export const BEGUN_BY_HIGH = 512;

/** In STATUS: the slot holds an open flow. */
export const LIVE = 1;
/** An ICMP answer told which end had asked. */
export const ASKED_BY_LOW = 2;
export const ASKED_BY_HIGH = 4;

const INITIAL_SLOTS = 1024;

function mix(hash: number, word: number): number {
  const k = Math.imul(word, 0xcc9e2d51);
  const h = hash ^ Math.imul((k << 15) | (k >>> 17), 0x1b873593);
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
}

function finish(hash: number): number {
  let h = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** Where a record was made, as a number; equal for records of one exporter and pair of interfaces (MurmurHash3). */
export function observerOf(exporter: AddressWords, input: number, output: number): number {
  const hash = mix(mix(mix(mix(0, exporter[0]), exporter[1]), exporter[2]), exporter[3]);
  return finish(mix(mix(hash, input), output));
}

/** Slots for flows. `allocate` gives one to fill, `link` opens it once it is hashed, `unlink` gives it back. */
export class AssemblyTable {
  /** Replaced when the table grows. */
  words: Int32Array;
  floats: Float64Array;
  /** Slots from 0 up to here were given out at some time. */
  used = 0;
  readonly #limit: number;
  #capacity: number;
  #heads: Int32Array;
  #free = -1;

  /** @param limit slots at most */
  constructor(limit: number) {
    this.#limit = limit;
    this.#capacity = Math.min(limit, INITIAL_SLOTS);
    this.words = new Int32Array(this.#capacity * STRIDE);
    this.floats = new Float64Array(this.words.buffer);
    this.#heads = newHeads(this.#capacity);
  }

  /** A slot whose words are whatever they were; −1 when every one is taken. */
  allocate(): number {
    if (this.#free >= 0) {
      const slot = this.#free;
      this.#free = this.words[slot * STRIDE + NEXT];
      return slot;
    }
    if (this.used === this.#capacity) {
      if (this.#capacity === this.#limit) return -1;
      this.#grow();
    }
    return this.used++;
  }

  /** Works out and keeps the hash of a filled slot, open or not. */
  hash(slot: number): void {
    const { words } = this;
    const at = slot * STRIDE;
    let hash = mix(mix(words[at + 3], words[at + 7]), words[at + PORTS]);
    if ((words[at] | words[at + 1] | words[at + 4] | words[at + 5]) !== 0) {
      hash = mix(mix(mix(mix(hash, words[at]), words[at + 1]), words[at + 4]), words[at + 5]);
    }
    // Of IPv4 the third word is the same in all.
    if (words[at + 2] !== 0xffff || words[at + 6] !== 0xffff) hash = mix(mix(hash, words[at + 2]), words[at + 6]);
    words[at + HASH] = finish(mix(hash, words[at + PROTOCOL]));
  }

  /** First slot of the chain in which flows of this slot's key lie, newest first; −1 = none. */
  first(slot: number): number {
    return this.#heads[this.words[slot * STRIDE + HASH] & (this.#heads.length - 1)];
  }

  isSameKey(slot: number, other: number): boolean {
    const { words } = this;
    const a = slot * STRIDE;
    const b = other * STRIDE;
    if (words[a + HASH] !== words[b + HASH]) return false;
    for (let i = 0; i < KEY_WORDS; i++) if (words[a + i] !== words[b + i]) return false;
    return true;
  }

  link(slot: number): void {
    this.words[slot * STRIDE + STATUS] |= LIVE;
    this.#enter(slot);
  }

  /** Ends an open flow; its slot goes back, its words stay until the next allocation. */
  unlink(slot: number): void {
    const { words } = this;
    const at = slot * STRIDE;
    const next = words[at + NEXT];
    const previous = words[at + PREVIOUS];
    if (previous < 0) this.#heads[words[at + HASH] & (this.#heads.length - 1)] = next;
    else words[previous * STRIDE + NEXT] = next;
    if (next >= 0) words[next * STRIDE + PREVIOUS] = previous;
    words[at + STATUS] = 0;
    words[at + NEXT] = this.#free;
    this.#free = slot;
  }

  #enter(slot: number): void {
    const { words } = this;
    const at = slot * STRIDE;
    const bucket = words[at + HASH] & (this.#heads.length - 1);
    const next = this.#heads[bucket];
    words[at + NEXT] = next;
    words[at + PREVIOUS] = -1;
    if (next >= 0) words[next * STRIDE + PREVIOUS] = slot;
    this.#heads[bucket] = slot;
  }

  #grow(): void {
    this.#capacity = Math.min(this.#limit, this.#capacity * 2);
    const words = new Int32Array(this.#capacity * STRIDE);
    words.set(this.words);
    this.words = words;
    this.floats = new Float64Array(words.buffer);
    this.#heads = newHeads(this.#capacity);
    for (let slot = 0; slot < this.used; slot++) {
      if ((words[slot * STRIDE + STATUS] & LIVE) !== 0) this.#enter(slot);
    }
  }
}

function newHeads(capacity: number): Int32Array {
  return new Int32Array(2 ** Math.round(Math.log2(capacity * 2))).fill(-1);
}
