import type { AddressWords } from '../../shared/address.ts';

/**
 * The open flows of a FlowAssembly: one record of 152 bytes each in one typed array, and an outline of 80 bytes in another, found
 * by a hash over the five-tuple. Whoever looks for relatives of a record walks over outlines; nearly all that are none are told to be
 * strangers there.
 *
 * The two ends of a flow are kept in an order of their own, the lower address (then port) first, so that the records of
 * both directions have the same key. Direction 0 is from the low end to the high one, 1 the way back. What exists once a
 * direction lies at its offset + direction. Words are 32 bits; floats and times are float64, over the same memory.
 */
export const STRIDE = 38;
export const FLOATS = STRIDE / 2;

/** The key: addresses of the low and the high end, their ports (low end in the low half), transport and kind. */
export const LOW_ADDRESS = 0;
export const HIGH_ADDRESS = 4;
export const PORTS = 8;
/** IP protocol number in the low byte; TWO_WAY, BEGUN_BY_HIGH. */
export const PROTOCOL = 9;
const KEY_WORDS = 10;
const PREVIOUS = 10;
export const SAMPLING = 11;
/** Of the first record: exporter and next hop (all 0 = not told), interfaces. */
export const EXPORTER = 12;
export const NEXT_HOP = 16;
export const INPUT = 20;
export const OUTPUT = 21;
/** Once a direction: how many records there are. */
export const RECORDS = 22;
/** TCP flags of direction 0 in the low byte, of 1 in the next; bits of ASSEMBLY; index in CONN_STATES. */
export const SEEN = 24;
export const STATUS = 25;
/** Floats, once a direction: counts. */
export const PACKETS = 13;
export const BYTES = 15;
/** Once a direction: of its first record. */
export const LOCATOR = 17;

/** Words of an outline. */
export const OUTLINE = 20;
export const TIMES = OUTLINE / 2;
const HASH = 0;
const NEXT = 1;
/** Times: earliest start and latest end of both directions, microseconds since the epoch. */
const FIRST = 1;
const LAST = 2;
/** Once a direction: where its records were made (a hash of exporter and interfaces). */
export const OBSERVER = 6;
/**
 * Times, once a direction: microseconds since the epoch; time that its records cover together, microseconds. A direction without records
 * starts at Infinity and ends at -Infinity.
 */
export const START = 4;
export const END = 6;
export const COVERED = 8;

/** In PROTOCOL: the records count both directions; the high end is their initiator. */
export const TWO_WAY = 256;
export const BEGUN_BY_HIGH = 512;

/** In STATUS: the slot holds an open flow. */
export const LIVE = 1;
/** An ICMP answer told which end had asked. */
export const ASKED_BY_LOW = 2;
export const ASKED_BY_HIGH = 4;

const INITIAL_SLOTS = 1024;
/** Memory is made for so many times the slots: what is copied has to be touched anew, and what no flow has reached costs nothing. */
const ROOM = 8;

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
  outlines: Int32Array;
  times: Float64Array;
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
    this.outlines = new Int32Array(this.#capacity * OUTLINE);
    this.times = new Float64Array(this.outlines.buffer);
    this.#heads = newHeads(this.#capacity);
  }

  /** A slot whose words are whatever they were; −1 when every one is taken. */
  allocate(): number {
    if (this.#free >= 0) {
      const slot = this.#free;
      this.#free = this.outlines[slot * OUTLINE + NEXT];
      return slot;
    }
    if (this.used === this.#capacity) {
      if (this.#capacity === this.#limit) return -1;
      this.#grow();
    }
    return this.used++;
  }

  /** Draws the outline of a slot that was filled from one record, open or not; observers and times of the directions are there. */
  draw(slot: number): void {
    const { words } = this;
    const at = slot * STRIDE;
    let hash = mix(mix(words[at + 3], words[at + 7]), words[at + PORTS]);
    if ((words[at] | words[at + 1] | words[at + 4] | words[at + 5]) !== 0) {
      hash = mix(mix(mix(mix(hash, words[at]), words[at + 1]), words[at + 4]), words[at + 5]);
    }
    // Of IPv4 the third word is the same in all.
    if (words[at + 2] !== 0xffff || words[at + 6] !== 0xffff) hash = mix(mix(hash, words[at + 2]), words[at + 6]);
    this.outlines[slot * OUTLINE + HASH] = finish(mix(hash, words[at + PROTOCOL]));
    this.redraw(slot);
  }

  /** Draws the outline of a slot anew, to which the records of another one were added. */
  redraw(slot: number): void {
    const { times } = this;
    const at = slot * TIMES;
    times[at + FIRST] = Math.min(times[at + START], times[at + START + 1]);
    times[at + LAST] = Math.max(times[at + END], times[at + END + 1]);
  }

  /** Earliest start of a flow, microseconds since the epoch. */
  startOf(slot: number): number {
    return this.times[slot * TIMES + FIRST];
  }

  /** Latest end. */
  endOf(slot: number): number {
    return this.times[slot * TIMES + LAST];
  }

  /** First slot of the chain in which flows of this slot's key lie, newest first; −1 = none. */
  first(slot: number): number {
    return this.#heads[this.outlines[slot * OUTLINE + HASH] & (this.#heads.length - 1)];
  }

  /** The slot behind this one in its chain; −1 = none. */
  next(slot: number): number {
    return this.outlines[slot * OUTLINE + NEXT];
  }

  /**
   * Whether two slots have one key and may belong together or hold the same packets (rules 1 to 3 of FlowAssembly). No: they
   * lie further apart than `gap`; or one observer saw a direction of both, and its records cover more time than they last together.
   *
   * @param gap longest time between two flows that may have to do with each other, microseconds
   * @param isNew `other` is a record just read: it does not join a flow of another observer of its direction
   */
  mayBeRelated(slot: number, other: number, gap: number, isNew: boolean): boolean {
    if (this.outlines[slot * OUTLINE + HASH] !== this.outlines[other * OUTLINE + HASH]) return false;
    const { times } = this;
    const a = slot * TIMES;
    const b = other * TIMES;
    const shared = Math.min(times[a + LAST], times[b + LAST]) - Math.max(times[a + FIRST], times[b + FIRST]);
    return shared >= -gap && !this.#excludeEachOther(slot, other, isNew) && this.#haveOneKey(slot, other);
  }

  #excludeEachOther(slot: number, other: number, isNew: boolean): boolean {
    const { outlines, times } = this;
    for (let side = 0; side < 2; side++) {
      const a = slot * TIMES + side;
      const b = other * TIMES + side;
      const later = Math.max(times[a + START], times[b + START]);
      if (later === Infinity) continue;
      if (outlines[slot * OUTLINE + OBSERVER + side] !== outlines[other * OUTLINE + OBSERVER + side]) {
        if (isNew) return true;
      } else if (Math.min(times[a + END], times[b + END]) > later) {
        const whole = Math.max(times[a + END], times[b + END]) - Math.min(times[a + START], times[b + START]);
        if (times[a + COVERED] + times[b + COVERED] > whole) return true;
      }
    }
    return false;
  }

  #haveOneKey(slot: number, other: number): boolean {
    const wordsA = slot * STRIDE;
    const wordsB = other * STRIDE;
    for (let i = 0; i < KEY_WORDS; i++) if (this.words[wordsA + i] !== this.words[wordsB + i]) return false;
    return true;
  }

  link(slot: number): void {
    this.words[slot * STRIDE + STATUS] |= LIVE;
    this.#enter(slot);
  }

  /** Ends an open flow; its slot goes back, its words stay until the next allocation. */
  unlink(slot: number): void {
    const { words } = this;
    const outlines = this.outlines;
    const next = outlines[slot * OUTLINE + NEXT];
    const previous = words[slot * STRIDE + PREVIOUS];
    if (previous < 0) this.#heads[outlines[slot * OUTLINE + HASH] & (this.#heads.length - 1)] = next;
    else outlines[previous * OUTLINE + NEXT] = next;
    if (next >= 0) words[next * STRIDE + PREVIOUS] = previous;
    words[slot * STRIDE + STATUS] = 0;
    outlines[slot * OUTLINE + NEXT] = this.#free;
    this.#free = slot;
  }

  #enter(slot: number): void {
    const { words } = this;
    const outlines = this.outlines;
    const bucket = outlines[slot * OUTLINE + HASH] & (this.#heads.length - 1);
    const next = this.#heads[bucket];
    outlines[slot * OUTLINE + NEXT] = next;
    words[slot * STRIDE + PREVIOUS] = -1;
    if (next >= 0) words[next * STRIDE + PREVIOUS] = slot;
    this.#heads[bucket] = slot;
  }

  #makeRoom(): void {
    const room = this.#capacity * ROOM;
    // Not twice for the last few.
    const slots = room * 2 > this.#limit ? this.#limit : room;
    const words = new Int32Array(slots * STRIDE);
    words.set(this.words);
    this.words = words;
    this.floats = new Float64Array(words.buffer);
    const outlines = new Int32Array(slots * OUTLINE);
    outlines.set(this.outlines);
    this.outlines = outlines;
    this.times = new Float64Array(outlines.buffer);
  }

  #grow(): void {
    this.#capacity = Math.min(this.#limit, this.#capacity * 2);
    if (this.#capacity * STRIDE > this.words.length) this.#makeRoom();
    this.#heads = newHeads(this.#capacity);
    const { words } = this;
    for (let slot = 0; slot < this.used; slot++) {
      if ((words[slot * STRIDE + STATUS] & LIVE) !== 0) this.#enter(slot);
    }
  }
}

function newHeads(capacity: number): Int32Array {
  return new Int32Array(2 ** Math.round(Math.log2(capacity * 2))).fill(-1);
}
