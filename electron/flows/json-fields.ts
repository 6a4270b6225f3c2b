/**
 * Values of known keys of a JSON object (RFC 8259) in bytes, found in one scan without building the object: exports have
 * many keys that nobody asks for.
 *
 * Only plain objects are read so: ASCII, no escapes in keys and in the values asked for, no known key twice, at most 16
 * containers deep. `scan` refuses the others, and whatever is no JSON; `JSON.parse` has the last word on them.
 */

export const ABSENT_VALUE = 0;
export const STRING = 1;
export const NUMBER = 2;
export const ARRAY = 3;
export const OBJECT = 4;
export const TRUE = 5;
export const FALSE = 6;
export const NULL = 7;

/** A key of the object itself, or of an object that is the value of such a key. */
export type JsonKey = string | readonly [within: string, key: string];

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
const TAB = 0x09;
const CARRIAGE_RETURN = 0x0d;
const COLON = 0x3a;
const COMMA = 0x2c;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const MINUS = 0x2d;
const DOT = 0x2e;
const DIGIT_0 = 0x30;
const DEEPEST = 16;

const ESCAPES = new Set(Array.from('"\\/bfnrt', (letter) => letter.charCodeAt(0)));
const LITERALS = new Map([
  [0x74, { bytes: Buffer.from('true'), kind: TRUE }],
  [0x66, { bytes: Buffer.from('false'), kind: FALSE }],
  [0x6e, { bytes: Buffer.from('null'), kind: NULL }],
]);

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= DIGIT_0 && byte <= DIGIT_0 + 9;
}

/** The object itself; containers within it have the number of their key + 1. */
const ROOT = 0;
const UNKNOWN_CONTAINER = -1;

/** Names of which the numbers are kept, and the longest of them. */
const KEPT_NAMES = 512;
const LONGEST_KEPT = 64;
const NOT_KEPT = -1;
const NOT_PLAIN = -2;

/** Bytes that stand for themselves in a string: printable ASCII but the quote and the backslash. */
const PLAIN = Uint8Array.from({ length: 256 }, (_, byte) =>
  Number(byte >= SPACE && byte <= 0x7e && byte !== QUOTE && byte !== BACKSLASH),
);

export class JsonFields {
  /** Bytes that were scanned last. */
  bytes: Uint8Array = new Uint8Array(0);
  /** By key: where its value begins and ends; of a string, between the quotes. Good for keys that are there. */
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** One bit a key: those that are there. */
  readonly presence: Int32Array;
  readonly #kinds: Uint8Array;
  /** Names asked for, then others met, each with the quote behind it. */
  readonly #names: Buffer[] = [];
  readonly #containers = new Int32Array(KEPT_NAMES);
  readonly #asked: number;
  /** Open addressing by hash of container and name: number of the name + 1. */
  readonly #slots = new Uint16Array(4 * KEPT_NAMES);
  /** By name + 1, 0 standing for none: the name that came next the last time. Objects of one writer are alike. */
  readonly #following = new Int32Array(KEPT_NAMES + 1);
  #last = NOT_KEPT;
  #at = 0;
  #to = 0;
  #hasEscape = false;

  /** @param keys at most 512; their numbers are their places in this list */
  constructor(keys: readonly JsonKey[]) {
    const place = (name: string): number => keys.indexOf(name);
    this.#asked = keys.length;
    this.starts = new Int32Array(keys.length);
    this.ends = new Int32Array(keys.length);
    this.presence = new Int32Array((keys.length + 31) >>> 5);
    this.#kinds = new Uint8Array(keys.length);
    for (const key of keys) {
      const [container, name] = typeof key === 'string' ? [ROOT, key] : [place(key[0]) + 1, key[1]];
      let hash = container;
      for (const letter of Buffer.from(name)) hash = (Math.imul(hash, 31) + letter) | 0;
      this.#keep(container, Buffer.from(`${name}"`), hash);
    }
  }

  /** What the value of a key is; ABSENT_VALUE when it is not there. */
  kind(key: number): number {
    return (this.presence[key >>> 5] & (1 << (key & 31))) === 0 ? ABSENT_VALUE : this.#kinds[key];
  }

  /** Looks through an object that begins at `from` and ends before `to`; false when it is not a plain one. */
  scan(bytes: Uint8Array, from: number, to: number): boolean {
    this.bytes = bytes;
    this.presence.fill(0);
    this.#last = NOT_KEPT;
    this.#at = from;
    this.#to = to;
    this.#blanks();
    if (bytes[this.#at] !== OPEN_OBJECT || !this.#object(ROOT, 1)) return false;
    this.#blanks();
    return this.#at === to;
  }

  #slotOf(hash: number): number {
    return (hash ^ (hash >>> 7) ^ (hash >>> 15)) & (this.#slots.length - 1);
  }

  #blanks(): void {
    const { bytes } = this;
    let at = this.#at;
    while (bytes[at] === SPACE || bytes[at] === TAB || bytes[at] === CARRIAGE_RETURN) at++;
    this.#at = at;
  }

  /** Passes over a name, behind its first quote: its number, or NOT_KEPT, or NOT_PLAIN. */
  #name(container: number): number {
    const { bytes } = this;
    const from = this.#at;
    const guess = this.#following[this.#last + 1];
    if (this.#containers[guess] === container && this.#isText(this.#names[guess], from)) {
      this.#at = from + this.#names[guess].length;
      return (this.#last = guess);
    }
    let hash = container;
    let at = from;
    for (; at < this.#to && PLAIN[bytes[at]] === 1; at++) hash = (Math.imul(hash, 31) + bytes[at]) | 0;
    if (bytes[at] !== QUOTE) return NOT_PLAIN;
    this.#at = at + 1;
    let slot = this.#slotOf(hash);
    let name = this.#slots[slot] - 1;
    while (name >= 0 && !(this.#containers[name] === container && this.#isText(this.#names[name], from))) {
      slot = (slot + 1) % this.#slots.length;
      name = this.#slots[slot] - 1;
    }
    if (name < 0) name = this.#keep(container, Buffer.from(bytes.subarray(from, at + 1)), hash);
    if (name !== NOT_KEPT) this.#following[this.#last + 1] = name;
    return (this.#last = name);
  }

  /** Gives a name its number; NOT_KEPT when there is no room for more, or it is too long. */
  #keep(container: number, name: Buffer, hash: number): number {
    if (this.#names.length === KEPT_NAMES || name.length > LONGEST_KEPT) return NOT_KEPT;
    let slot = this.#slotOf(hash);
    while (this.#slots[slot] !== 0) slot = (slot + 1) % this.#slots.length;
    this.#containers[this.#names.length] = container;
    this.#slots[slot] = this.#names.push(name);
    return this.#names.length - 1;
  }

  #isText(text: Buffer, from: number): boolean {
    const { bytes } = this;
    for (let i = 0; i < text.length; i++) if (text[i] !== bytes[from + i]) return false;
    return true;
  }

  /** From an opening brace to behind the closing one. */
  #object(container: number, depth: number): boolean {
    const { bytes } = this;
    const to = this.#to;
    this.#at++;
    this.#blanks();
    if (bytes[this.#at] === CLOSE_OBJECT) {
      this.#at++;
      return this.#at <= to;
    }
    for (;;) {
      if (bytes[this.#at++] !== QUOTE) return false;
      const name = this.#name(container);
      if (name === NOT_PLAIN) return false;
      if (bytes[this.#at] !== COLON) {
        this.#blanks();
        if (bytes[this.#at] !== COLON) return false;
      }
      if (bytes[++this.#at] <= SPACE) this.#blanks();
      if (name < 0 || name >= this.#asked) {
        if (this.#value(UNKNOWN_CONTAINER, depth) === ABSENT_VALUE) return false;
      } else {
        if (this.kind(name) !== ABSENT_VALUE) return false;
        const start = this.#at;
        const kind = this.#value(name + 1, depth);
        if (kind === ABSENT_VALUE || (kind === STRING && this.#hasEscape)) return false;
        this.#kinds[name] = kind;
        this.starts[name] = kind === STRING ? start + 1 : start;
        this.ends[name] = kind === STRING ? this.#at - 1 : this.#at;
        this.presence[name >>> 5] |= 1 << (name & 31);
      }
      if (bytes[this.#at] <= SPACE) this.#blanks();
      const after = bytes[this.#at++];
      if (this.#at > to) return false;
      if (after === CLOSE_OBJECT) return true;
      if (after !== COMMA) return false;
      if (bytes[this.#at] <= SPACE) this.#blanks();
    }
  }

  #array(depth: number): boolean {
    const { bytes } = this;
    this.#at++;
    this.#blanks();
    if (bytes[this.#at] === CLOSE_ARRAY) {
      this.#at++;
      return this.#at <= this.#to;
    }
    for (;;) {
      if (this.#value(UNKNOWN_CONTAINER, depth) === ABSENT_VALUE) return false;
      this.#blanks();
      const after = bytes[this.#at++];
      if (this.#at > this.#to) return false;
      if (after === CLOSE_ARRAY) return true;
      if (after !== COMMA) return false;
      this.#blanks();
    }
  }

  /** Passes over a value and tells its kind; ABSENT_VALUE when there is none that is plain. */
  #value(container: number, depth: number): number {
    const byte = this.bytes[this.#at];
    if (byte === QUOTE) return this.#string() ? STRING : ABSENT_VALUE;
    if (byte === MINUS || isDigit(byte)) return this.#number() ? NUMBER : ABSENT_VALUE;
    if (byte === OPEN_OBJECT) return depth < DEEPEST && this.#object(container, depth + 1) ? OBJECT : ABSENT_VALUE;
    if (byte === OPEN_ARRAY) return depth < DEEPEST && this.#array(depth + 1) ? ARRAY : ABSENT_VALUE;
    const literal = LITERALS.get(byte);
    if (literal === undefined || !this.#isText(literal.bytes, this.#at)) {
      return ABSENT_VALUE;
    }
    this.#at += literal.bytes.length;
    return this.#at <= this.#to ? literal.kind : ABSENT_VALUE;
  }

  #string(): boolean {
    const { bytes } = this;
    const to = this.#to;
    this.#hasEscape = false;
    for (let at = this.#at + 1; ; at++) {
      while (at < to && PLAIN[bytes[at]] === 1) at++;
      const byte = bytes[at];
      if (byte === QUOTE) {
        this.#at = at + 1;
        return at < to;
      }
      if (byte !== BACKSLASH) return false;
      this.#hasEscape = true;
      at++;
      if (bytes[at] === 0x75) {
        for (let i = 0; i < 4; i++) if (!isHexDigit(bytes[++at])) return false;
      } else if (!ESCAPES.has(bytes[at])) return false;
    }
  }

  #number(): boolean {
    const { bytes } = this;
    let at = this.#at;
    if (bytes[at] === MINUS) at++;
    if (bytes[at] === DIGIT_0) at++;
    else {
      const first = at;
      while (isDigit(bytes[at])) at++;
      if (at === first) return false;
    }
    if (bytes[at] === DOT) {
      const first = ++at;
      while (isDigit(bytes[at])) at++;
      if (at === first) return false;
    }
    if ((bytes[at] | 0x20) === 0x65) {
      at++;
      if (bytes[at] === 0x2b || bytes[at] === MINUS) at++;
      const first = at;
      while (isDigit(bytes[at])) at++;
      if (at === first) return false;
    }
    this.#at = at;
    return at <= this.#to;
  }
}

function isHexDigit(byte: number | undefined): boolean {
  if (byte === undefined) return false;
  const lower = byte | 0x20;
  return isDigit(byte) || (lower >= 0x61 && lower <= 0x66);
}
