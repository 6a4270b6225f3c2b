/**
 * The TCP options of a SYN (RFC 9293, 3.1; kinds by IANA): their order, with the values that a system sets by custom, tells
 * families of systems apart (Zalewski, p0f 3; Lippmann et al. 2003). As text in p0f's words: `mss=1460,nop,ws=8,nop,nop,sok`.
 */

const END = 0;
const NOP = 1;
const MAXIMUM_SEGMENT_SIZE = 2;
const WINDOW_SCALE = 3;
const TIMESTAMPS = 8;
/** Kinds without a value that counts here. */
const NAMES: Readonly<Record<number, string>> = { [NOP]: 'nop', 4: 'sok', 5: 'sack', [TIMESTAMPS]: 'ts', 34: 'tfo' };

/**
 * What stands between two places; `eol+N` is an end with N bytes behind it, `?N` another kind, `bad` what does not fit, `none`
 * a header without options.
 */
export function synOptionsText(bytes: Uint8Array, from: number, end: number): string {
  const parts: string[] = [];
  for (let at = from; at < end;) {
    const kind = bytes[at];
    if (kind === END) {
      parts.push(`eol+${end - at - 1}`);
      break;
    }
    const length = kind === NOP ? 1 : at + 1 < end ? bytes[at + 1] : 0;
    if (length === 0 || at + length > end || (kind !== NOP && length < 2)) {
      parts.push('bad');
      break;
    }
    if (kind === MAXIMUM_SEGMENT_SIZE && length === 4) parts.push(`mss=${(bytes[at + 2] << 8) | bytes[at + 3]}`);
    else if (kind === WINDOW_SCALE && length === 3) parts.push(`ws=${bytes[at + 2]}`);
    else parts.push(NAMES[kind] ?? `?${kind}`);
    at += length;
  }
  return parts.join() || 'none';
}

/** Longest options of a TCP header, bytes. */
const LONGEST = 40;
/** Different ones that are kept: numbers fit in 16 bits. */
const MOST = 65_535;
const PLACES = 1 << 12;

/** Options met, by number from 1: the same ones, timestamps apart, come again and again, and cost no new text. */
export class SynOptions {
  readonly texts: string[] = [];
  readonly #numbers = new Map<string, number>();
  /** Bytes and number of the options met last at each place of a hash. */
  readonly #bytes = new Uint8Array(PLACES * LONGEST);
  readonly #lengths = new Int8Array(PLACES).fill(-1);
  readonly #known = new Uint16Array(PLACES);
  readonly #now = new Uint8Array(LONGEST);
  /** SYNs whose options were not kept, since there were too many different ones. */
  overBudget = 0;

  /** Number of the options between two places, at most 40 bytes; 0 when there are too many different ones. */
  number(bytes: Uint8Array, from: number, end: number): number {
    const now = this.#now;
    const length = end - from;
    let hash = length;
    for (let i = 0; i < length; i++) now[i] = bytes[from + i];
    blankTimestamps(now, length);
    for (let i = 0; i < length; i++) hash = Math.imul(hash ^ now[i], 0x01000193);
    const place = (hash ^ (hash >>> 15)) & (PLACES - 1);
    if (this.#lengths[place] === length) {
      let same = 0;
      while (same < length && this.#bytes[place * LONGEST + same] === now[same]) same++;
      if (same === length) return this.#known[place];
    }
    const number = this.#numberOf(synOptionsText(now, 0, length));
    this.#lengths[place] = length;
    this.#bytes.set(now, place * LONGEST);
    this.#known[place] = number;
    return number;
  }

  #numberOf(text: string): number {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    if (this.texts.length === MOST) {
      this.overBudget++;
      return 0;
    }
    this.#numbers.set(text, this.texts.push(text));
    return this.texts.length;
  }
}

/** Clears the values of timestamps, which are others in each SYN. */
function blankTimestamps(bytes: Uint8Array, end: number): void {
  for (let at = 0; at < end && bytes[at] !== END;) {
    const length = bytes[at] === NOP ? 1 : at + 1 < end ? bytes[at + 1] : 0;
    if (length === 0) return;
    if (bytes[at] === TIMESTAMPS) bytes.fill(0, at + 2, Math.min(at + length, end));
    at += length;
  }
}
