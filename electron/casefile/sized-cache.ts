/** What the cache can hold: anything that tells its size. */
export interface Sized {
  readonly byteLength: number;
}

/** Keeps values up to a number of bytes, the least recently used out. */
export class SizedCache {
  readonly #bound: number;
  /** The one used last at the end. */
  readonly #values = new Map<string, Sized>();
  /** Bytes of all values, and of what is counted with them. */
  bytes = 0;

  constructor(bound: number) {
    this.#bound = bound;
  }

  /** Whether so many bytes more drive nothing out. */
  hasRoomFor(bytes: number): boolean {
    return this.bytes + bytes <= this.#bound;
  }

  /** The value of this key without using it. */
  peek(key: string): Sized | undefined {
    return this.#values.get(key);
  }

  /** The value of this key: one key stands for one kind of value. */
  remember<Value extends Sized>(key: string, make: () => Value): Value {
    const known = this.#values.get(key);
    if (known) {
      this.#values.delete(key);
      this.#values.set(key, known);
      return known as Value;
    }
    const value = make();
    this.#values.set(key, value);
    this.bytes += value.byteLength;
    for (const [oldest, { byteLength }] of this.#values) {
      if (this.bytes <= this.#bound || oldest === key) break;
      this.#values.delete(oldest);
      this.bytes -= byteLength;
    }
    return value;
  }

  clear(): void {
    this.#values.clear();
    this.bytes = 0;
  }
}
