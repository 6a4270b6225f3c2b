import { SUBJECT_SIDES } from '../../shared/flow.ts';
import type { CountryAgreement } from '../../shared/jobs.ts';
import type { CaseReader, SegmentInfo } from '../casefile/case-reader.ts';
import { countryCode } from '../casefile/flow-records.ts';
import type { FlowSelection } from '../casefile/flow-selection.ts';
import { SelectedRows } from '../casefile/selected-rows.ts';
import type { TableSays } from '../reference/reference-tables.ts';

/** Where the dated country tables do not agree on the peers of flows. */

const RESPONDER = SUBJECT_SIDES.indexOf('responder');
const NONE = SUBJECT_SIDES.indexOf('none');
/** Other countries told of one. */
const MOST_OTHERS = 5;
/** Networks remembered; beyond them all are looked up again. */
const MOST_REMEMBERED = 2_000_000;
/** In place of the number of a list of countries: no peer, or no two tables that differ. */
const NO_PEER = 0;
const AGREED = 1;

interface Tables {
  countries(a: number, b: number, c: number, d: number, timeUs: number): TableSays[];
}

/** What the tables say of every peer, looked up once for each state of the case: each IPv4 address and each IPv6 /64 once. */
export class PeerPlaces {
  readonly #reader: CaseReader;
  readonly #tables: Tables;
  /** The dates of the tables by name. */
  readonly dates = new Map<string, string | null>();
  readonly #remembered = new Map<number | string, number>();
  /** Lists of two countries or more by number. */
  readonly #lists: (readonly string[])[] = [[], []];
  readonly #numbers = new Map<string, number>();

  /** @param tables those of the case, overlays among them; asked for once */
  static of(reader: CaseReader, tables: () => Tables): PeerPlaces {
    return reader.ofSnapshot(PeerPlaces, () => new PeerPlaces(reader, tables()));
  }

  private constructor(reader: CaseReader, tables: Tables) {
    this.#reader = reader;
    this.#tables = tables;
  }

  /** Of every row: NO_PEER, AGREED, or the number of the countries between which tables differ. */
  column(segment: SegmentInfo): Uint32Array {
    return this.#reader.derived(segment, 'places', () => this.#read(segment));
  }

  countries(number: number): readonly string[] {
    return this.#lists[number] ?? [];
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
    for (const { table, date } of all) this.dates.set(table, date);
    const says = [...new Set(all.flatMap((each) => (each.says === null ? [] : [each.says])))];
    if (says.length < 2) return AGREED;
    const name = says.join();
    const number = this.#numbers.get(name) ?? this.#lists.push(says) - 1;
    this.#numbers.set(name, number);
    return number;
  }
}

/**
 * By the country that the labels in force give: flows of the selection whose peer two of the tables place in two different countries, and which these are. A
 * table that does not know an address does not disagree. Every table is asked, whatever the time of the flow.
 */
export function countryAgreement(reader: CaseReader, selection: FlowSelection, places: PeerPlaces): CountryAgreement {
  const selected = new SelectedRows(selection);
  const counts = new Map<number, { flows: number; disagree: number; others: Map<string, number> }>();
  for (const segment of reader.segments()) {
    if (!selected.choose(segment)) continue;
    const numbers = selected.pick('places', places.column(segment));
    const countries = selected.pick('country', reader.column(segment, 'country'));
    for (let i = 0; i < selected.rows; i++) {
      const number = numbers[i];
      if (number === NO_PEER) continue;
      let count = counts.get(countries[i]);
      if (count === undefined) counts.set(countries[i], (count = { flows: 0, disagree: 0, others: new Map() }));
      count.flows++;
      if (number === AGREED) continue;
      count.disagree++;
      const country = countryCode(countries[i]);
      for (const other of places.countries(number)) {
        if (other !== country) count.others.set(other, (count.others.get(other) ?? 0) + 1);
      }
    }
  }
  return {
    tables: counts.size === 0 ? [] : [...places.dates].map(([table, date]) => ({ table, date })),
    countries: [...counts].map(([packed, { flows, disagree, others }]) => ({
      country: countryCode(packed),
      flows,
      disagree,
      others: [...others]
        .map(([code, times]) => ({ country: code, flows: times }))
        .toSorted((x, y) => y.flows - x.flows || (x.country < y.country ? -1 : 1))
        .slice(0, MOST_OTHERS),
    })),
  };
}
