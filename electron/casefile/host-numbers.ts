import { type AddressWords, formatAddress } from '../../shared/address.ts';
import { SUBJECT_SIDES } from '../../shared/flow.ts';
import type { CaseReader, SegmentInfo } from './case-reader.ts';
import { PairIndex } from './pair-index.ts';

/** Stands for no host. */
export const NO_HOST = 0;

/**
 * Numbers the hosts of a case (the flow's end that lies in the profile's ranges) from 1. The numbers hold until the case is
 * read anew; the column of them is cached with the others, the addresses behind them take about 40 bytes each.
 */
export class HostNumbers {
  readonly #reader: CaseReader;
  readonly #upper = new PairIndex();
  readonly #prefixes = new PairIndex();
  readonly #addresses = new PairIndex();
  #counted = 0;

  static readonly #ofSnapshot = new WeakMap<object, HostNumbers>();

  /** The numbers for a case as it was read last. */
  static of(reader: CaseReader): HostNumbers {
    let numbers = HostNumbers.#ofSnapshot.get(reader.snapshot);
    if (numbers === undefined) {
      numbers = new HostNumbers(reader);
      HostNumbers.#ofSnapshot.set(reader.snapshot, numbers);
    }
    return numbers;
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
    let [a, b, c, prefix] = [-1, -1, -1, -1];
    for (let i = 0; i < numbers.length; i++) {
      const side = sides[i];
      if (side === none || side >= SUBJECT_SIDES.length) continue;
      const words = side === ofResponder ? responders : initiators;
      const at = i * 4;
      if (words[at] !== a || words[at + 1] !== b || words[at + 2] !== c) {
        a = words[at];
        b = words[at + 1];
        c = words[at + 2];
        prefix = this.#prefixes.number(this.#upper.number(a, b), c);
      }
      numbers[i] = this.#addresses.number(prefix, words[at + 3]) + 1;
    }
    const kept = this.#upper.byteLength + this.#prefixes.byteLength + this.#addresses.byteLength;
    this.#reader.countKept(kept - this.#counted);
    this.#counted = kept;
    return numbers;
  }

  /** The host's address; null for NO_HOST. */
  address(number: number): string | null {
    return number === NO_HOST ? null : formatAddress(...this.words(number));
  }

  /** The four words of the address of a host; not of NO_HOST. */
  words(number: number): AddressWords {
    const prefix = this.#addresses.first(number - 1);
    const upper = this.#prefixes.first(prefix);
    return [
      this.#upper.first(upper),
      this.#upper.second(upper),
      this.#prefixes.second(prefix),
      this.#addresses.second(number - 1),
    ];
  }
}
