import { formatAddress } from '../../shared/address.ts';
import { formatUtc } from '../../shared/time.ts';

/** Texts of flows made before: those of neighbours are often the same. Memory is bounded. */
export class FlowTexts {
  readonly #instants = new InstantTexts();
  readonly #addresses = new TextCache(4);

  /** An instant (µs) as `formatUtc` prints it. */
  instant(us: number): string {
    return this.#instants.text(us);
  }

  /** The address whose four words start at `at`. */
  address(words: ArrayLike<number>, at: number): string {
    const { key } = this.#addresses;
    for (let i = 0; i < 4; i++) key[i] = words[at + i];
    return this.#addresses.find() ?? this.#addresses.keep(formatAddress(key[0], key[1], key[2], key[3]));
  }
}

/** Texts that a cache holds at most. */
const PLACES = 1 << 14;
/** Longer texts are not kept: names may be long, and a cache must not be. */
const LONGEST_KEPT = 1024;

/** Texts by keys of so many 32-bit words; of keys that share a place the last one is kept. */
export class TextCache {
  /** The key to look up, filled by the caller. */
  readonly key: Uint32Array;
  readonly #keys: Uint32Array;
  readonly #texts: (string | undefined)[] = Array.from({ length: PLACES });
  /** Where `key` belongs, as `find` saw it last. */
  #place = 0;

  constructor(width: number) {
    this.key = new Uint32Array(width);
    this.#keys = new Uint32Array(width * PLACES);
  }

  /** The text of `key`, if it is there. */
  find(): string | undefined {
    const [{ key }, keys] = [this, this.#keys];
    let mixed = 0;
    for (let i = 0; i < key.length; i++) mixed = Math.imul(mixed ^ key[i], 0x9e3779b1) ^ (mixed >>> 15);
    const place = (mixed ^ (mixed >>> 16)) & (PLACES - 1);
    this.#place = place;
    const known = this.#texts[place];
    if (known === undefined) return undefined;
    for (let i = 0; i < key.length; i++) if (keys[place * key.length + i] !== key[i]) return undefined;
    return known;
  }

  /** Keeps the text of the key that `find` has just missed, and returns it. */
  keep(text: string): string {
    if (text.length > LONGEST_KEPT) return text;
    this.#keys.set(this.key, this.#place * this.key.length);
    this.#texts[this.#place] = text;
    return text;
  }
}

const DAY = 86_400_000_000;
const TWO_DIGITS = Array.from({ length: 60 }, (_, value) => String(value).padStart(2, '0'));
const THREE_DIGITS = Array.from({ length: 1000 }, (_, value) => String(value).padStart(3, '0'));

/** Instants as `formatUtc` prints them, with the text of the day met last at hand. */
class InstantTexts {
  #day = Number.NaN;
  /** `2017-05-17T` */
  #prefix = '';

  text(us: number): string {
    if (!Number.isSafeInteger(us)) return formatUtc(us);
    const day = Math.floor(us / DAY);
    if (day !== this.#day) {
      this.#day = day;
      this.#prefix = formatUtc(day * DAY).slice(0, -'00:00:00.000000Z'.length);
    }
    const ms = Math.floor((us - day * DAY) / 1000);
    const micros = us - day * DAY - ms * 1000;
    const second = Math.floor(ms / 1000);
    const minute = Math.floor(second / 60);
    const hour = Math.floor(minute / 60);
    return (
      `${this.#prefix}${TWO_DIGITS[hour]}:${TWO_DIGITS[minute - hour * 60]}:${TWO_DIGITS[second - minute * 60]}` +
      `.${THREE_DIGITS[ms - second * 1000]}${THREE_DIGITS[micros]}Z`
    );
  }
}
