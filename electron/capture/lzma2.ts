import { ContainerFault } from './container-fault.ts';

/** LZMA2, the compression inside xz (7-Zip's LZMA specification by Igor Pavlov; chunks as in The .xz File Format 1.2.1). */

/** No chunk gives more, bytes. */
const MAX_CHUNK_OUTPUT = 1 << 21;
/** The dictionary is moved to the front of its buffer after so many bytes. */
const SLACK = 16 << 20;

const STATES = 12;
const MIN_MATCH = 2;
const HALF = 1024;
const FLIP = 0x80000000 | 0;

/** Places of the probabilities in one array. */
const IS_MATCH = 0;
const IS_REP = IS_MATCH + STATES * 16;
const IS_REP_0 = IS_REP + STATES;
const IS_REP_1 = IS_REP_0 + STATES;
const IS_REP_2 = IS_REP_1 + STATES;
const IS_REP_0_LONG = IS_REP_2 + STATES;
const SLOT = IS_REP_0_LONG + STATES * 16;
const SPECIAL = SLOT + 4 * 64;
const ALIGN = SPECIAL + 115;
const MATCH_LENGTH = ALIGN + 16;
const LENGTH_SIZE = 2 + 16 * 8 + 16 * 8 + 256;
const REP_LENGTH = MATCH_LENGTH + LENGTH_SIZE;
const LITERAL = REP_LENGTH + LENGTH_SIZE;

const damaged = (why: string): ContainerFault => new ContainerFault('damaged-compression', why);

export class Lzma2Decoder {
  readonly #dictionaryBytes: number;
  readonly #out: Buffer;
  /** Where the next byte goes; the dictionary lies before it. */
  #to = 0;
  /** Bytes since the dictionary was reset. */
  #position = 0;
  readonly #probabilities = new Uint16Array(LITERAL + (0x300 << 4));
  #contextBits = 0;
  #literalMask = 0;
  #positionMask = 0;
  #state = 0;
  #rep0 = 0;
  #rep1 = 0;
  #rep2 = 0;
  #rep3 = 0;
  #needsDictionary = true;
  #needsState = true;
  #needsProperties = true;
  #in: Uint8Array = new Uint8Array(0);
  #at = 0;
  #range = 0;
  #code = 0;

  /** @param dictionaryBytes how far back matches may reach, at most 2³¹ */
  constructor(dictionaryBytes: number) {
    this.#dictionaryBytes = Math.max(dictionaryBytes, 4096);
    this.#out = Buffer.allocUnsafeSlow(this.#dictionaryBytes + SLACK + MAX_CHUNK_OUTPUT);
  }

  /** Bytes of a chunk from its control byte on that must be there to decode it, as far as the first bytes tell; 0 = end. */
  static chunkBytes(head: Uint8Array): number {
    const control = head[0];
    if (control === 0) return 0;
    if (control < 3) return 4 + ((head[1] << 8) | head[2]);
    return (control >= 0xc0 ? 7 : 6) + ((head[3] << 8) | head[4]);
  }

  /**
   * Decodes one chunk.
   *
   * @returns its output, valid until the next call, and the fault that ended it early
   */
  chunk(bytes: Uint8Array): { made: Uint8Array; fault: ContainerFault | null } {
    if (this.#to > this.#dictionaryBytes + SLACK) {
      this.#out.copyWithin(0, this.#to - this.#dictionaryBytes, this.#to);
      this.#to = this.#dictionaryBytes;
    }
    const from = this.#to;
    let fault: ContainerFault | null = null;
    try {
      this.#decode(bytes);
    } catch (error) {
      if (!(error instanceof ContainerFault)) throw error;
      fault = error;
    }
    return { made: this.#out.subarray(from, this.#to), fault };
  }

  #decode(bytes: Uint8Array): void {
    const control = bytes[0];
    if (control === 1 || control >= 0xe0) {
      this.#needsDictionary = false;
      this.#position = 0;
    } else if (this.#needsDictionary) throw damaged('the first chunk of LZMA2 does not reset the dictionary');
    if (control < 3) {
      const data = bytes.subarray(3);
      this.#out.set(data, this.#to);
      this.#to += data.length;
      this.#position += data.length;
      return;
    }
    if (control < 0x80) throw damaged('a chunk of LZMA2 begins wrongly');
    if (control >= 0xc0) {
      this.#setProperties(bytes[5]);
      this.#needsProperties = false;
    } else if (this.#needsProperties) throw damaged('a chunk of LZMA2 comes without properties');
    if (control >= 0xa0) {
      this.#probabilities.fill(HALF);
      this.#state = this.#rep0 = this.#rep1 = this.#rep2 = this.#rep3 = 0;
      this.#needsState = false;
    } else if (this.#needsState) throw damaged('a chunk of LZMA2 comes without a state');
    this.#in = bytes;
    this.#at = control >= 0xc0 ? 6 : 5;
    if (bytes[this.#at++] !== 0) throw damaged('the range coder of LZMA begins wrongly');
    this.#range = -1;
    this.#code = 0;
    for (let i = 0; i < 4; i++) this.#code = (this.#code << 8) | bytes[this.#at++];
    this.#symbols(this.#to + (((control & 0x1f) << 16) | (bytes[1] << 8) | bytes[2]) + 1);
    if (this.#code !== 0 || this.#at !== bytes.length) throw damaged('a chunk of LZMA2 does not end where it says');
  }

  #setProperties(properties: number): void {
    const contextBits = properties % 9;
    const positionBits = Math.floor(properties / 9) % 5;
    const stateBits = Math.floor(properties / 45);
    if (stateBits > 4 || contextBits + positionBits > 4) throw damaged('the properties of LZMA are impossible');
    this.#contextBits = contextBits;
    this.#literalMask = (1 << positionBits) - 1;
    this.#positionMask = (1 << stateBits) - 1;
  }

  /** One bit with the probability at `index`. */
  #bit(index: number): number {
    const probabilities = this.#probabilities;
    const probability = probabilities[index];
    const bound = Math.imul(this.#range >>> 11, probability);
    let bit: number;
    if ((this.#code ^ FLIP) < (bound ^ FLIP)) {
      this.#range = bound;
      probabilities[index] = probability + ((2048 - probability) >>> 5);
      bit = 0;
    } else {
      this.#range = (this.#range - bound) | 0;
      this.#code = (this.#code - bound) | 0;
      probabilities[index] = probability - (probability >>> 5);
      bit = 1;
    }
    if (this.#range >>> 24 === 0) {
      this.#range <<= 8;
      this.#code = (this.#code << 8) | this.#in[this.#at++];
    }
    return bit;
  }

  /** `count` bits of equal chance. */
  #direct(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++) {
      this.#range >>>= 1;
      const bit = this.#code >>> 0 >= this.#range ? 1 : 0;
      if (bit === 1) this.#code = (this.#code - this.#range) | 0;
      value = (value << 1) | bit;
      if (this.#range >>> 24 === 0) {
        this.#range <<= 8;
        this.#code = (this.#code << 8) | this.#in[this.#at++];
      }
    }
    return value;
  }

  /** A number of `count` bits, most significant first. */
  #tree(base: number, count: number): number {
    let symbol = 1;
    for (let i = 0; i < count; i++) symbol = (symbol << 1) | this.#bit(base + symbol);
    return symbol - (1 << count);
  }

  /** A number of `count` bits, least significant first. */
  #reverseTree(base: number, count: number): number {
    let symbol = 1;
    let value = 0;
    for (let i = 0; i < count; i++) {
      const bit = this.#bit(base + symbol);
      symbol = (symbol << 1) | bit;
      value |= bit << i;
    }
    return value;
  }

  #length(base: number, positionState: number): number {
    if (this.#bit(base) === 0) return MIN_MATCH + this.#tree(base + 2 + positionState * 8, 3);
    if (this.#bit(base + 1) === 0) return MIN_MATCH + 8 + this.#tree(base + 130 + positionState * 8, 3);
    return MIN_MATCH + 16 + this.#tree(base + 258, 8);
  }

  #literal(): void {
    const out = this.#out;
    const before = this.#position === 0 ? 0 : out[this.#to - 1];
    const context = ((this.#position & this.#literalMask) << this.#contextBits) + (before >>> (8 - this.#contextBits));
    const base = LITERAL + context * 0x300;
    let symbol = 1;
    if (this.#state >= 7) {
      let match = out[this.#to - this.#rep0 - 1];
      while (symbol < 0x100) {
        const expected = (match >>> 7) & 1;
        match <<= 1;
        const bit = this.#bit(base + ((1 + expected) << 8) + symbol);
        symbol = (symbol << 1) | bit;
        if (expected !== bit) break;
      }
    }
    while (symbol < 0x100) symbol = (symbol << 1) | this.#bit(base + symbol);
    out[this.#to++] = symbol;
    this.#position++;
    this.#state = this.#state < 4 ? 0 : this.#state < 10 ? this.#state - 3 : this.#state - 6;
  }

  #distance(length: number): number {
    const slot = this.#tree(SLOT + Math.min(length - MIN_MATCH, 3) * 64, 6);
    if (slot < 4) return slot;
    const bits = (slot >>> 1) - 1;
    const high = (2 | (slot & 1)) << bits;
    if (slot < 14) return high + this.#reverseTree(SPECIAL + high - slot, bits);
    return (high + (this.#direct(bits - 4) << 4) + this.#reverseTree(ALIGN, 4)) >>> 0;
  }

  /** Decodes literals and matches until the output reaches `limit`. */
  #symbols(limit: number): void {
    const out = this.#out;
    const inEnd = this.#in.length;
    while (this.#to < limit) {
      if (this.#at > inEnd) throw damaged('a chunk of LZMA2 is damaged');
      const positionState = this.#position & this.#positionMask;
      const state = this.#state;
      if (this.#bit(IS_MATCH + state * 16 + positionState) === 0) {
        this.#literal();
        continue;
      }
      let length: number;
      if (this.#bit(IS_REP + state) === 0) {
        this.#rep3 = this.#rep2;
        this.#rep2 = this.#rep1;
        this.#rep1 = this.#rep0;
        length = this.#length(MATCH_LENGTH, positionState);
        this.#rep0 = this.#distance(length);
        this.#state = state < 7 ? 7 : 10;
      } else if (this.#bit(IS_REP_0 + state) === 0) {
        const long = this.#bit(IS_REP_0_LONG + state * 16 + positionState) === 1;
        length = long ? this.#length(REP_LENGTH, positionState) : 1;
        this.#state = long ? (state < 7 ? 8 : 11) : state < 7 ? 9 : 11;
      } else {
        this.#swapRepeats(state);
        length = this.#length(REP_LENGTH, positionState);
        this.#state = state < 7 ? 8 : 11;
      }
      const distance = this.#rep0 + 1;
      if (distance > this.#position || distance > this.#dictionaryBytes || length > limit - this.#to) {
        throw damaged('a match of LZMA reaches outside its data');
      }
      const end = this.#to + length;
      for (let to = this.#to; to < end; to++) out[to] = out[to - distance];
      this.#to = end;
      this.#position += length;
    }
  }

  /** Brings an older distance to the front. */
  #swapRepeats(state: number): void {
    let chosen = this.#rep1;
    if (this.#bit(IS_REP_1 + state) === 1) {
      chosen = this.#rep2;
      if (this.#bit(IS_REP_2 + state) === 1) {
        chosen = this.#rep3;
        this.#rep3 = this.#rep2;
      }
      this.#rep2 = this.#rep1;
    }
    this.#rep1 = this.#rep0;
    this.#rep0 = chosen;
  }
}
