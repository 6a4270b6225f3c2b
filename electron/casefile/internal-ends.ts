import { type AddressWords, formatAddress } from '../../shared/address.ts';
import { DIRECTIONS } from '../../shared/flow.ts';
import type { CaseReader, SegmentInfo } from './case-reader.ts';
import { PairIndex } from './pair-index.ts';

/** Stands for the ends of a flow that is not internal. */
export const NOT_INTERNAL = 0;

/** The ends of a segment's internal flows, by row: their numbers, or NOT_INTERNAL. */
export interface SegmentEnds {
  readonly byteLength: number;
  readonly initiators: Uint32Array;
  readonly responders: Uint32Array;
}

const NONE = { byteLength: 64 };
const INTERNAL = DIRECTIONS.indexOf('internal');

/**
 * Numbers both ends of a case's internal flows (between two hosts of the profile's ranges) from 1. The numbers hold until
 * the case is read anew; eight bytes a flow are cached with the columns, of segments that hold internal flows.
 */
export class InternalEnds {
  readonly #reader: CaseReader;
  readonly #upper = new PairIndex();
  readonly #prefixes = new PairIndex();
  readonly #addresses = new PairIndex();
  #counted = 0;

  static readonly #ofSnapshot = new WeakMap<object, InternalEnds>();

  /** The numbers for a case as it was read last. */
  static of(reader: CaseReader): InternalEnds {
    let ends = InternalEnds.#ofSnapshot.get(reader.snapshot);
    if (ends === undefined) {
      ends = new InternalEnds(reader);
      InternalEnds.#ofSnapshot.set(reader.snapshot, ends);
    }
    return ends;
  }

  private constructor(reader: CaseReader) {
    this.#reader = reader;
  }

  /** The ends of a segment's flows; null where none is internal. */
  ofSegment(segment: SegmentInfo): SegmentEnds | null {
    const found = this.#reader.derived(segment, 'internal ends', () => this.#read(segment));
    return 'initiators' in found ? found : null;
  }

  #read(segment: SegmentInfo): SegmentEnds | typeof NONE {
    const directions = this.#reader.columnOnce(segment, 'direction');
    if (!directions.includes(INTERNAL)) return NONE;
    const from = this.#reader.columnOnce(segment, 'initiator');
    const to = this.#reader.columnOnce(segment, 'responder');
    const [initiators, responders] = [new Uint32Array(segment.rows), new Uint32Array(segment.rows)];
    for (let row = 0; row < segment.rows; row++) {
      if (directions[row] !== INTERNAL) continue;
      initiators[row] = this.#number(from, row * 4);
      responders[row] = this.#number(to, row * 4);
    }
    const kept = this.#upper.byteLength + this.#prefixes.byteLength + this.#addresses.byteLength;
    this.#reader.countKept(kept - this.#counted);
    this.#counted = kept;
    return { byteLength: initiators.byteLength + responders.byteLength, initiators, responders };
  }

  #number(words: ArrayLike<number>, at: number): number {
    const prefix = this.#prefixes.number(this.#upper.number(words[at], words[at + 1]), words[at + 2]);
    return this.#addresses.number(prefix, words[at + 3]) + 1;
  }

  /** The address of an end; not of NOT_INTERNAL. */
  address(end: number): string {
    const prefix = this.#addresses.first(end - 1);
    const upper = this.#prefixes.first(prefix);
    const words: AddressWords = [
      this.#upper.first(upper),
      this.#upper.second(upper),
      this.#prefixes.second(prefix),
      this.#addresses.second(end - 1),
    ];
    return formatAddress(...words);
  }
}
