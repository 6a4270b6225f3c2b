import { DIRECTIONS } from '../../shared/flow.ts';
import { AddressNumbers } from './address-numbers.ts';
import type { CaseReader, SegmentInfo } from './case-reader.ts';

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
  readonly #addresses = new AddressNumbers();
  #counted = 0;

  /** The numbers for a case as it was read last. */
  static of(reader: CaseReader): InternalEnds {
    return reader.ofSnapshot(InternalEnds, () => new InternalEnds(reader));
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
      initiators[row] = this.#addresses.number(from, row * 4) + 1;
      responders[row] = this.#addresses.number(to, row * 4) + 1;
    }
    const { byteLength } = this.#addresses;
    this.#reader.countKept(byteLength - this.#counted);
    this.#counted = byteLength;
    return { byteLength: initiators.byteLength + responders.byteLength, initiators, responders };
  }

  /** The address of an end; not of NOT_INTERNAL. */
  address(end: number): string {
    return this.#addresses.text(end - 1);
  }
}
