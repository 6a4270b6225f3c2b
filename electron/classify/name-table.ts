/**
 * What is known of host names: entries that stand for a name and all below it, and entries for one name alone. A look-up reads the
 * name once from its end and cuts no strings: 32-bit hashes of whole labels first, then the characters. ASCII letters are compared
 * without case (RFC 4343), other scripts' letters never pass for them; one trailing dot is ignored.
 */

interface Entry<T> {
  readonly name: string;
  suffix: T | null;
  exact: T | null;
}

/** Longest host name in text form (RFC 1035, 3.1: 255 octets on the wire). */
const LONGEST_NAME = 253;
const DOT = 0x2e;

export class NameTable<T> {
  /** Open addressing: pairs of an entry's number from 1, 0 where free, and its hash; at most half is taken. */
  #slots = new Int32Array(2048);
  readonly #entries: Entry<T>[] = [];

  /** The value for a name and all below it. `name` is in lower case, without trailing dot. */
  suffix(name: string): T | null {
    return this.#find(name)?.suffix ?? null;
  }

  setSuffix(name: string, value: T): void {
    this.#made(name).suffix = value;
  }

  exact(name: string): T | null {
    return this.#find(name)?.exact ?? null;
  }

  setExact(name: string, value: T): void {
    this.#made(name).exact = value;
  }

  /** The exact entry of a host name, or else the longest suffix of whole labels; null when none, and beyond 253 characters. */
  match(hostname: string): T | null {
    const end = hostname.charCodeAt(hostname.length - 1) === DOT ? hostname.length - 1 : hostname.length;
    if (end > LONGEST_NAME) return null;
    let found: T | null = null;
    let hash = 0;
    for (let at = end - 1; at >= 0; at--) {
      hash = (Math.imul(hash, 31) + folded(hostname.charCodeAt(at))) | 0;
      if (at > 0 && hostname.charCodeAt(at - 1) !== DOT) continue;
      const entry = this.#at(hash, hostname, at, end);
      if (entry === null) continue;
      if (at === 0 && entry.exact !== null) return entry.exact;
      found = entry.suffix ?? found;
    }
    return found;
  }

  #at(hash: number, text: string, from: number, end: number): Entry<T> | null {
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let slot = (spread(hash) * 2) & mask; ; slot = (slot + 2) & mask) {
      const number = slots[slot] ?? 0;
      if (number === 0) return null;
      if (slots[slot + 1] !== hash) continue;
      const entry = this.#entries[number - 1];
      if (entry !== undefined && isSame(entry.name, text, from, end)) return entry;
    }
  }

  #find(name: string): Entry<T> | null {
    return this.#at(hashOf(name), name, 0, name.length);
  }

  #made(name: string): Entry<T> {
    const known = this.#find(name);
    if (known !== null) return known;
    if ((this.#entries.length + 1) * 4 > this.#slots.length) this.#grow();
    const entry: Entry<T> = { name, suffix: null, exact: null };
    this.#entries.push(entry);
    this.#place(hashOf(name), this.#entries.length);
    return entry;
  }

  #place(hash: number, number: number): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = (spread(hash) * 2) & mask;
    while (slots[slot] !== 0) slot = (slot + 2) & mask;
    slots[slot] = number;
    slots[slot + 1] = hash;
  }

  #grow(): void {
    this.#slots = new Int32Array(this.#slots.length * 2);
    for (const [index, { name }] of this.#entries.entries()) this.#place(hashOf(name), index + 1);
  }
}

function folded(code: number): number {
  return code >= 65 && code <= 90 ? code + 32 : code;
}

function hashOf(name: string): number {
  let hash = 0;
  for (let at = name.length - 1; at >= 0; at--) hash = (Math.imul(hash, 31) + folded(name.charCodeAt(at))) | 0;
  return hash;
}

/** Similar names have similar hashes; their slots shall not lie side by side. */
function spread(hash: number): number {
  return Math.imul(hash ^ (hash >>> 15), 0x9e37_79b1) >>> 7;
}

function isSame(name: string, text: string, from: number, end: number): boolean {
  if (name.length !== end - from) return false;
  for (let at = 0; at < name.length; at++) {
    if (name.charCodeAt(at) !== folded(text.charCodeAt(from + at))) return false;
  }
  return true;
}
