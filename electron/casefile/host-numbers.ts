import type { AddressWords } from '../../shared/address.ts';
import { SUBJECT_SIDES } from '../../shared/flow.ts';
import { AddressNumbers } from './address-numbers.ts';
import type { CaseReader, SegmentInfo } from './case-reader.ts';

/** Stands for no host. */
export const NO_HOST = 0;

/**
 * Numbers the hosts of a case (the flow's end that lies in the profile's ranges) from 1. The numbers hold until the case is
 * read anew; the column of them is cached with the others, the addresses behind them take about 40 bytes each.
 */
export class HostNumbers {
  readonly #reader: CaseReader;
  readonly #addresses = new AddressNumbers();
  #counted = 0;

  /** The numbers for a case as it was read last. */
  static of(reader: CaseReader): HostNumbers {
    return reader.ofSnapshot(HostNumbers, () => new HostNumbers(reader));
  }

  private constructor(reader: CaseReader) {
    this.#reader = reader;
  }

  /** Numbers given so far and one more, for NO_HOST: all that `column` has handed out are below. */
  get limit(): number {
    return this.#addresses.size + 1;
  }

  /** The number of the host of every row. */
  column(segment: SegmentInfo): Uint32Array {
    return this.#reader.derived(segment, 'host', () => this.#read(segment));
  }

  #read(segment: SegmentInfo): Uint32Array {
    const initiators = this.#reader.columnOnce(segment, 'initiator');
    const responders = this.#reader.columnOnce(segment, 'responder');
    const sides = this.#reader.columnOnce(segment, 'subjectSide');
    const none = SUBJECT_SIDES.indexOf('none');
    const ofResponder = SUBJECT_SIDES.indexOf('responder');
    const numbers = new Uint32Array(segment.rows);
    for (let i = 0; i < numbers.length; i++) {
      const side = sides[i];
      if (side === none || side >= SUBJECT_SIDES.length) continue;
      const words = side === ofResponder ? responders : initiators;
      numbers[i] = this.#addresses.number(words, i * 4) + 1;
    }
    const { byteLength } = this.#addresses;
    this.#reader.countKept(byteLength - this.#counted);
    this.#counted = byteLength;
    return numbers;
  }

  /** The host's address; null for NO_HOST. */
  address(number: number): string | null {
    return number === NO_HOST ? null : this.#addresses.text(number - 1);
  }

  /** The four words of the address of a host; not of NO_HOST. */
  words(number: number): AddressWords {
    return this.#addresses.words(number - 1);
  }
}
