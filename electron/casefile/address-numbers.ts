import { type AddressWords, compareAddresses, formatAddress } from '../../shared/address.ts';
import { PairIndex } from './pair-index.ts';

/** Numbers addresses from 0 in the order of their first sight, without an object or a text for any. */
export class AddressNumbers {
  readonly #upper = new PairIndex();
  readonly #prefixes = new PairIndex();
  readonly #addresses = new PairIndex();
  /** The first words asked for last, and their number: those of all IPv4 addresses are the same. */
  #a = -1;
  #b = -1;
  #c = -1;
  #prefix = -1;

  /** Addresses known. */
  get size(): number {
    return this.#addresses.size;
  }

  get byteLength(): number {
    return this.#upper.byteLength + this.#prefixes.byteLength + this.#addresses.byteLength;
  }

  /** Number of the address whose four words begin at `at` of an address column. */
  number(words: ArrayLike<number>, at: number): number {
    const a = words[at];
    const b = words[at + 1];
    const c = words[at + 2];
    if (a !== this.#a || b !== this.#b || c !== this.#c) {
      this.#a = a;
      this.#b = b;
      this.#c = c;
      this.#prefix = this.#prefixes.number(this.#upper.number(a, b), c);
    }
    return this.#addresses.number(this.#prefix, words[at + 3]);
  }

  words(number: number): AddressWords {
    const prefix = this.#addresses.first(number);
    const upper = this.#prefixes.first(prefix);
    return [
      this.#upper.first(upper),
      this.#upper.second(upper),
      this.#prefixes.second(prefix),
      this.#addresses.second(number),
    ];
  }

  text(number: number): string {
    return formatAddress(...this.words(number));
  }

  /** Order of the addresses behind two numbers, which does not depend on the order of their sight. */
  compare(x: number, y: number): number {
    return compareAddresses(this.words(x), this.words(y));
  }
}
