/**
 * Seeded random numbers, so that every interval and p-value can be computed again to the last digit.
 *
 * xoshiro128** 1.1 (Blackman and Vigna, "Scrambled linear pseudorandom number generators", ACM TOMS 47(4), 2021), its
 * state filled by SplitMix32 (Steele, Lea and Flood's SplitMix with MurmurHash3's 32-bit finaliser) as its authors
 * advise. Not for secrets.
 */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  /** The four 32-bit words of state; at least one must not be 0. */
  constructor(a: number, b: number, c: number, d: number) {
    this.#a = a | 0;
    this.#b = b | 0;
    this.#c = c | 0;
    this.#d = d | 0;
    if ((this.#a | this.#b | this.#c | this.#d) === 0) throw new RangeError('the state of xoshiro128** must not be 0');
  }

  /** A generator from one 32-bit seed. */
  static seeded(seed: number): Random {
    let state = seed | 0;
    const word = (): number => {
      state = (state + 0x9e3779b9) | 0;
      let z = state;
      z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
      z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
      return z ^ (z >>> 16);
    };
    return new Random(word(), word(), word(), word() | 1);
  }

  /** The next 32 bits, 0 to 2^32 - 1. */
  next(): number {
    const scaled = Math.imul(this.#b, 5);
    const result = Math.imul((scaled << 7) | (scaled >>> 25), 9) >>> 0;
    const t = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= t;
    this.#d = (this.#d << 11) | (this.#d >>> 21);
    return result;
  }

  /** An integer from 0 to `bound` - 1 (bound up to 2^20: the bias is below 2^-12 of a draw's chance). */
  below(bound: number): number {
    return Math.floor((this.next() / 0x1_0000_0000) * bound);
  }

  /** Puts the elements in random order, in place (Fisher and Yates, in Durstenfeld's form, CACM 7(7), 1964). */
  shuffle(values: Uint8Array | Float64Array): void {
    for (let i = values.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      const held = values[i];
      values[i] = values[j];
      values[j] = held;
    }
  }
}
