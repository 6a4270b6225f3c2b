/**
 * Numbers that a sender counts on, modulo 2³², followed through what came: what is missing between, tolerant to what comes late
 * or twice, and to senders that begin anew.
 */

export type CountedUnit = 'messages' | 'records';

/** A number farther ahead than this is taken for a new beginning, not for a gap. */
const FARTHEST: Readonly<Record<CountedUnit, number>> = { messages: 1 << 16, records: 1 << 22 };

/** Gaps that something late can still fill; earlier ones are final. */
const OPEN_GAPS = 64;

/** Where, of so many comparisons or more, fewer than one in ten finds the number that follows, nothing is concluded. */
const JUDGED_FROM = 8;
const FITTING = 0.1;

/** Each message covers the numbers from `first` on, `count` of them. */
export class SequenceCount {
  readonly unit: CountedUnit;
  /** Messages whose number could be compared with the one before, and those that follow on it. */
  compared = 0;
  fitting = 0;
  /** Numbers that came. */
  received = 0;
  missing = 0;
  /** Place of the message before which the first gap lay. */
  firstGap = 0;
  /** The number that comes next; -1 = not known. */
  #next = -1;
  /** The number that would go on from the last message out of line; -1 = there was none. */
  #other = -1;
  /** Beginning and end (exclusive) of each open gap. */
  readonly #gaps: number[] = [];

  constructor(unit: CountedUnit) {
    this.unit = unit;
  }

  /** False when too few of the numbers follow on each other to conclude anything from them. */
  get isClear(): boolean {
    return this.compared < JUDGED_FROM || this.fitting >= this.compared * FITTING;
  }

  /** The sender says that it began anew: the next number may be any. */
  restart(): void {
    this.#next = -1;
    this.#other = -1;
  }

  /**
   * @param count -1 = not known: what follows cannot be told
   * @param place of the message, for `firstGap`
   */
  take(first: number, count: number, place: number): void {
    this.received += Math.max(count, 0);
    const next = count < 0 ? -1 : (first + count) >>> 0;
    if (this.#next < 0) {
      this.#next = next;
      return;
    }
    this.compared++;
    const step = (first - this.#next) >>> 0;
    if (step === 0) {
      this.fitting++;
      this.#next = next;
    } else if (step <= FARTHEST[this.unit]) {
      if (this.missing === 0) this.firstGap = place;
      this.missing += step;
      this.#gaps.push(this.#next, first);
      this.#closeFirst();
      this.#next = next;
    } else if (this.#fill(first, count)) {
      this.missing -= count;
    } else if (first === this.#other) {
      // Two that follow on each other: the exporter began anew.
      this.#next = next;
      this.#other = -1;
    } else {
      this.#other = next;
    }
  }

  /** Takes what came late out of the gap that it left; false when it lies in none. */
  #fill(first: number, count: number): boolean {
    const gaps = this.#gaps;
    if (count <= 0) return false;
    for (let i = 0; i < gaps.length; i += 2) {
      const before = (first - gaps[i]) >>> 0;
      const behind = ((gaps[i + 1] - gaps[i]) >>> 0) - before - count;
      if (behind < 0) continue;
      const left: number[] = [];
      if (before > 0) left.push(gaps[i], first);
      if (behind > 0) left.push((first + count) >>> 0, gaps[i + 1]);
      gaps.splice(i, 2, ...left);
      this.#closeFirst();
      return true;
    }
    return false;
  }

  #closeFirst(): void {
    if (this.#gaps.length > OPEN_GAPS * 2) this.#gaps.splice(0, 2);
  }
}
