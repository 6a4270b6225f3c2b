/**
 * Distinct (host, local clock hour) pairs, and which groups each was seen with. Open addressing over typed arrays, so that
 * millions of flows cost no object each. Bounded: when more hosts or pairs turn up than fit, `full` says so and the counts
 * are a lower bound that depends on the order of flows, so that nobody may state them.
 */

/** 4.2 million host-hours: 1,000 hosts round the clock for half a year. */
const MOST_PAIRS = 1 << 22;
const MOST_HOSTS = 1 << 20;

function mix(value: number): number {
  let z = value;
  z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
  z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
  return (z ^ (z >>> 16)) >>> 0;
}

/** Numbers distinct addresses from 0. */
class HostNumbers {
  /** Slot → host number + 1; 0 = free. */
  #slots = new Uint32Array(1 << 10);
  #words = new Uint32Array(4 << 9);
  count = 0;

  /** Number of the address at `at` of an address column; -1 when the limit is reached. */
  number(addresses: ArrayLike<number>, at: number): number {
    const a = addresses[at];
    const b = addresses[at + 1];
    const c = addresses[at + 2];
    const d = addresses[at + 3];
    const mask = this.#slots.length - 1;
    let slot = mix(d ^ Math.imul(c, 0x9e3779b1) ^ Math.imul(b, 0x27d4eb2f) ^ Math.imul(a, 0x165667b1)) & mask;
    for (;;) {
      const held = this.#slots[slot];
      if (held === 0) break;
      const w = (held - 1) * 4;
      const words = this.#words;
      if (words[w + 3] === d && words[w + 2] === c && words[w + 1] === b && words[w] === a) return held - 1;
      slot = (slot + 1) & mask;
    }
    if (this.count === MOST_HOSTS) return -1;
    this.#words.set([a, b, c, d], this.count * 4);
    this.#slots[slot] = ++this.count;
    const number = this.count - 1;
    if (this.count * 2 === this.#slots.length) this.#grow();
    return number;
  }

  #grow(): void {
    const words = new Uint32Array(this.#words.length * 2);
    words.set(this.#words);
    this.#words = words;
    const slots = new Uint32Array(this.#slots.length * 2);
    const mask = slots.length - 1;
    for (let host = 0; host < this.count; host++) {
      const w = host * 4;
      const hash =
        words[w + 3] ^
        Math.imul(words[w + 2], 0x9e3779b1) ^
        Math.imul(words[w + 1], 0x27d4eb2f) ^
        Math.imul(words[w], 0x165667b1);
      let slot = mix(hash) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = host + 1;
    }
    this.#slots = slots;
  }
}

export class HostHours {
  readonly #hosts = new HostNumbers();
  /** Mask words of a pair: 32 groups each. */
  readonly #width: number;
  /** Slot → host number + 1; 0 = free. */
  #host = new Uint32Array(1 << 12);
  #hour = new Int32Array(1 << 12);
  #groups: Uint32Array;
  #count = 0;
  full = false;

  constructor(groups: number) {
    this.#width = Math.max(1, Math.ceil(groups / 32));
    this.#groups = new Uint32Array((1 << 12) * this.#width);
  }

  /** Distinct pairs so far. */
  get count(): number {
    return this.#count;
  }

  /** Number of the host whose address lies at `at` of an address column; -1 when there are too many hosts. */
  hostNumber(addresses: ArrayLike<number>, at: number): number {
    const number = this.#hosts.number(addresses, at);
    if (number < 0) this.full = true;
    return number;
  }

  /** Notes that a host was active in a local clock hour; `masks` from `from` holds the bits of the groups seen. */
  add(host: number, hour: number, masks: ArrayLike<number>, from: number): void {
    const length = this.#host.length;
    let slot = mix(Math.imul(host + 1, 0x9e3779b1) ^ Math.imul(hour, 0x27d4eb2f)) & (length - 1);
    while (this.#host[slot] !== 0 && (this.#host[slot] !== host + 1 || this.#hour[slot] !== hour)) {
      slot = (slot + 1) & (length - 1);
    }
    if (this.#host[slot] === 0) {
      if (this.#count === MOST_PAIRS) {
        this.full = true;
        return;
      }
      this.#host[slot] = host + 1;
      this.#hour[slot] = hour;
      this.#count++;
    }
    for (let word = 0; word < this.#width; word++) this.#groups[slot * this.#width + word] |= masks[from + word];
    if (this.#count * 2 > length) this.#grow();
  }

  /** Calls back once for every pair; `inGroup(g)` tells whether group g was seen with it. Order is not defined. */
  forEach(visit: (hour: number, inGroup: (group: number) => boolean) => void): void {
    let slot = 0;
    const inGroup = (group: number): boolean =>
      (this.#groups[slot * this.#width + (group >>> 5)] & (1 << (group & 31))) !== 0;
    for (; slot < this.#host.length; slot++) if (this.#host[slot] !== 0) visit(this.#hour[slot], inGroup);
  }

  #grow(): void {
    const host = this.#host;
    const hour = this.#hour;
    const groups = this.#groups;
    this.#host = new Uint32Array(host.length * 2);
    this.#hour = new Int32Array(host.length * 2);
    this.#groups = new Uint32Array(groups.length * 2);
    this.#count = 0;
    for (let slot = 0; slot < host.length; slot++) {
      if (host[slot] !== 0) this.add(host[slot] - 1, hour[slot], groups, slot * this.#width);
    }
  }
}
