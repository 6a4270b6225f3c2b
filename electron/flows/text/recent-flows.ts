/** What a log told of its flows lately, by their ids: of as many flows as are given here at least, and at most twice as many. */
export const REMEMBERED_FLOWS = 65_536;

/** A value a flow. */
export class RecentFlows<T> {
  /** Some were forgotten to make room. */
  hasForgotten = false;
  #recent = new Map<string, T>();
  #before = new Map<string, T>();

  get(flow: string): T | undefined {
    // Most logs have no fingerprints at all.
    if (this.#recent.size + this.#before.size === 0) return undefined;
    return this.#recent.get(flow) ?? this.#before.get(flow);
  }

  set(flow: string, value: T): void {
    this.#before.delete(flow);
    this.#recent.set(flow, value);
    if (this.#recent.size < REMEMBERED_FLOWS) return;
    this.hasForgotten ||= this.#before.size > 0;
    this.#before = this.#recent;
    this.#recent = new Map();
  }

  delete(flow: string): void {
    this.#recent.delete(flow);
    this.#before.delete(flow);
  }
}

/** Words of a table of ids, half full at most; an id is two words, both 0 where none is. */
const TABLE_WORDS = REMEMBERED_FLOWS * 4;
const NO_IDS = new Int32Array(2);

/** Flow ids, as hashes of 64 bits: every flow of a log comes by here, and a set of texts costs a tenth of its import. */
export class RecentIds {
  hasForgotten = false;
  #recent = NO_IDS;
  #before = NO_IDS;
  #count = 0;
  #high = 0;
  #low = 0;

  has(flow: string): boolean {
    this.#hash(flow);
    return this.#recent[this.#placeIn(this.#recent)] !== 0 || this.#before[this.#placeIn(this.#before)] !== 0;
  }

  add(flow: string): void {
    if (this.#count === 0) this.#recent = new Int32Array(TABLE_WORDS);
    this.#hash(flow);
    const place = this.#placeIn(this.#recent);
    if (this.#recent[place] !== 0) return;
    this.#recent[place] = this.#high;
    this.#recent[place + 1] = this.#low;
    if (++this.#count < REMEMBERED_FLOWS) return;
    this.hasForgotten ||= this.#before !== NO_IDS;
    this.#before = this.#recent;
    this.#recent = NO_IDS;
    this.#count = 0;
  }

  /** Where the id hashed last stands in a table, or would. */
  #placeIn(table: Int32Array): number {
    let place = (this.#low * 2) & (table.length - 1);
    while (table[place] !== 0 && (table[place] !== this.#high || table[place + 1] !== this.#low)) {
      place = (place + 2) & (table.length - 1);
    }
    return place;
  }

  #hash(flow: string): void {
    let high = 0x9e3779b9 | 0;
    let low = 0x85ebca6b | 0;
    for (let at = 0; at < flow.length; at++) {
      const unit = flow.charCodeAt(at);
      high = Math.imul(high ^ unit, 0x01000193);
      low = Math.imul(low ^ unit ^ (high >>> 15), 0xcc9e2d51 | 0);
    }
    // Not 0, which is nobody's.
    this.#high = high | 1;
    this.#low = low ^ (low >>> 15);
  }
}
