import type { ColumnArray } from '../../shared/flow.ts';
import type { CatalogueMatch } from './catalogue.ts';

/**
 * What labels say of addresses, looked up once where it was told lately: flows come from few addresses at a time. Good for
 * one span of time, in which no table changes what it says; another one begins anew.
 */

/** Where it is looked up. Times are microseconds since the epoch; each answer holds between two of `changeTimes`. */
export interface AddressSources {
  /** Index + 1 in the profile's ranges; 0 = in none. */
  range(words: ColumnArray, at: number, timeUs: number): number;
  country(a: number, b: number, c: number, d: number, timeUs: number): number;
  network(a: number, b: number, c: number, d: number, timeUs: number): number;
  service(a: number, b: number, c: number, d: number, timeUs: number): CatalogueMatch | null;
  readonly changeTimes: readonly number[];
}

const SLOT_BITS = 14;
const SLOTS = 1 << SLOT_BITS;
const KNOWS_PLACE = 1;
const KNOWS_SERVICE = 2;

export class AddressLabels {
  readonly #sources: AddressSources;
  /** Ascending, without doubles. */
  readonly #changes: Float64Array;
  /** The span in work, both ends excluded. */
  #after = Infinity;
  #before = -Infinity;
  #generation = 0;
  readonly #keys = new Uint32Array(SLOTS * 4);
  /** Generation in which a slot was filled; 0 = never. */
  readonly #filled = new Float64Array(SLOTS);
  readonly #known = new Uint8Array(SLOTS);
  readonly #ranges = new Uint16Array(SLOTS);
  readonly #countries = new Uint16Array(SLOTS);
  readonly #networks = new Uint32Array(SLOTS);
  readonly #services: (CatalogueMatch | null)[] = Array.from({ length: SLOTS }, () => null);

  constructor(sources: AddressSources) {
    this.#sources = sources;
    const finite = sources.changeTimes.filter((time) => Number.isFinite(time));
    this.#changes = Float64Array.from(new Set(finite)).toSorted();
  }

  /** The slot of an address (four words at `at`), good until the next call with another address or time. */
  slot(words: ColumnArray, at: number, timeUs: number): number {
    // A time that is itself one of change, or no number, has a span of its own.
    if (!(timeUs > this.#after && timeUs < this.#before)) this.#begin(timeUs);
    const a = words[at];
    const b = words[at + 1];
    const c = words[at + 2];
    const d = words[at + 3];
    const hash = Math.imul(d ^ Math.imul(b ^ Math.imul(a, 0x85eb_ca6b), 0xc2b2_ae35) ^ c, 0x9e37_79b1);
    const slot = (hash ^ (hash >>> 15)) >>> (32 - SLOT_BITS);
    const key = slot * 4;
    const keys = this.#keys;
    if (
      this.#filled[slot] === this.#generation &&
      keys[key + 3] === d &&
      keys[key + 1] === b &&
      keys[key] === a &&
      keys[key + 2] === c
    ) {
      return slot;
    }
    keys[key] = a;
    keys[key + 1] = b;
    keys[key + 2] = c;
    keys[key + 3] = d;
    this.#filled[slot] = this.#generation;
    this.#known[slot] = 0;
    this.#ranges[slot] = this.#sources.range(words, at, timeUs);
    return slot;
  }

  #begin(timeUs: number): void {
    this.#generation++;
    const changes = this.#changes;
    let low = 0;
    let high = changes.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (changes[middle] < timeUs) low = middle + 1;
      else high = middle;
    }
    // First change that is not before `timeUs`.
    const next = changes[low] ?? Infinity;
    const isWithin = timeUs < next;
    this.#after = isWithin ? (changes[low - 1] ?? -Infinity) : Infinity;
    this.#before = isWithin ? next : -Infinity;
  }

  /** Index + 1 in the profile's ranges; 0 = in none. */
  range(slot: number): number {
    return this.#ranges[slot];
  }

  /** Whether `country` and `network` were looked up already; if not, they are now. */
  knewPlace(slot: number, timeUs: number): boolean {
    if ((this.#known[slot] & KNOWS_PLACE) !== 0) return true;
    const key = slot * 4;
    const [a, b, c, d] = [this.#keys[key], this.#keys[key + 1], this.#keys[key + 2], this.#keys[key + 3]];
    this.#countries[slot] = this.#sources.country(a, b, c, d, timeUs);
    this.#networks[slot] = this.#sources.network(a, b, c, d, timeUs);
    this.#known[slot] |= KNOWS_PLACE;
    return false;
  }

  /** Two packed letters; 0 when not known. Call `knewPlace` before. */
  country(slot: number): number {
    return this.#countries[slot];
  }

  /** AS number; 0 when not known. Call `knewPlace` before. */
  network(slot: number): number {
    return this.#networks[slot];
  }

  /** The service that an address block names; null when none does. */
  service(slot: number, timeUs: number): CatalogueMatch | null {
    if ((this.#known[slot] & KNOWS_SERVICE) === 0) {
      const key = slot * 4;
      const keys = this.#keys;
      this.#services[slot] = this.#sources.service(keys[key], keys[key + 1], keys[key + 2], keys[key + 3], timeUs);
      this.#known[slot] |= KNOWS_SERVICE;
    }
    return this.#services[slot] ?? null;
  }
}
