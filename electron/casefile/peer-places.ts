import { SUBJECT_SIDES } from '../../shared/flow.ts';
import type { CountryTables, TableSays } from '../../shared/table-says.ts';
import type { CaseReader, SegmentInfo } from './case-reader.ts';

const RESPONDER = SUBJECT_SIDES.indexOf('responder');
const NONE = SUBJECT_SIDES.indexOf('none');
/** Networks remembered; beyond them all are looked up again. */
const MOST_REMEMBERED = 2_000_000;
/** In place of the number of a place: the flow has no peer. */
export const NO_PEER = 0;

/** What the tables say of an address. */
export interface PeerPlace {
  /** Of each table that knows the address, by its name: the country. */
  readonly byTable: ReadonlyMap<string, string>;
  /** These countries, each once. */
  readonly countries: readonly string[];
}

/**
 * What the dated country tables say of every peer, looked up once for each state of the case: each IPv4 address and each IPv6 /64 once,
 * whatever the time of the flow.
 */
export class PeerPlaces {
  readonly #reader: CaseReader;
  readonly #tables: CountryTables;
  /** The dates of the tables by name, as far as they were asked. */
  readonly dates = new Map<string, string | null>();
  readonly #remembered = new Map<number | string, number>();
  readonly #places: PeerPlace[] = [{ byTable: new Map(), countries: [] }];
  readonly #numbers = new Map<string, number>();

  /** @param tables those of the case; asked for once */
  static of(reader: CaseReader, tables: () => CountryTables): PeerPlaces {
    return reader.ofSnapshot(PeerPlaces, () => new PeerPlaces(reader, tables()));
  }

  private constructor(reader: CaseReader, tables: CountryTables) {
    this.#reader = reader;
    this.#tables = tables;
  }

  /** Of every row: NO_PEER, or the number of the place of its peer. */
  column(segment: SegmentInfo): Uint32Array {
    return this.#reader.derived(segment, 'places', () => this.#read(segment));
  }

  place(number: number): PeerPlace {
    return this.#places[number] ?? this.#places[NO_PEER];
  }

  #read(segment: SegmentInfo): Uint32Array {
    const sides = this.#reader.columnOnce(segment, 'subjectSide');
    const starts = this.#reader.columnOnce(segment, 'start');
    const initiators = this.#reader.columnOnce(segment, 'initiator');
    const responders = this.#reader.columnOnce(segment, 'responder');
    const remembered = this.#remembered;
    const numbers = new Uint32Array(segment.rows);
    for (let row = 0; row < numbers.length; row++) {
      if (sides[row] === NONE) continue;
      const words = sides[row] === RESPONDER ? initiators : responders;
      const at = 4 * row;
      const [a, b, c, d] = [words[at], words[at + 1], words[at + 2], words[at + 3]];
      const key = a === 0 && b === 0 && c === 0xffff ? d : `${a}:${b}${a >>> 16 === 0 ? `:${c}:${d}` : ''}`;
      let number = remembered.get(key);
      if (number === undefined) {
        number = this.#numberOf(this.#tables.countries(a, b, c, d, starts[row]));
        if (remembered.size >= MOST_REMEMBERED) remembered.clear();
        remembered.set(key, number);
      }
      numbers[row] = number;
    }
    return numbers;
  }

  #numberOf(all: readonly TableSays[]): number {
    const byTable = new Map<string, string>();
    for (const { table, date, says } of all) {
      this.dates.set(table, date);
      if (says !== null) byTable.set(table, says);
    }
    const name = JSON.stringify([...byTable]);
    let number = this.#numbers.get(name);
    if (number === undefined) {
      number = this.#places.push({ byTable, countries: [...new Set(byTable.values())] }) - 1;
      this.#numbers.set(name, number);
    }
    return number;
  }
}
