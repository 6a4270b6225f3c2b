import type { TableSays } from '../../shared/table-says.ts';
import type { AddressTable } from './address-table.ts';
import type { ReferenceTables } from './reference-tables.ts';

/** A table of a case, laid over the shipped ones. */
export interface TableOverlay {
  readonly name: string;
  /** ISO 8601 date; null when not told. */
  readonly date: string | null;
  readonly table: AddressTable;
}

const DAY_US = 86_400_000_000;

/**
 * Countries and networks by the overlays of a case, then by the shipped tables. Of overlays that know an address, those
 * without a date come first (the latest added before), then the one nearest in time to the flow. What an overlay does not
 * know the next one is asked, and the shipped tables last.
 */
export class LayeredTables {
  readonly #shipped: ReferenceTables;
  readonly #overlays: readonly TableOverlay[];
  readonly #orders = new Map<number, readonly TableOverlay[]>();
  readonly #names = new Map<number, string>();
  /** As `ReferenceTables.changeTimes`. */
  readonly changeTimes: readonly number[];

  /** @param overlays in the order they were added */
  constructor(shipped: ReferenceTables, overlays: readonly TableOverlay[]) {
    this.#shipped = shipped;
    this.#overlays = overlays;
    for (const { table } of overlays) {
      for (const { asn, organisation } of table.facts) {
        if (asn !== 0 && organisation !== null) this.#names.set(asn, organisation);
      }
    }
    const dated = overlays.flatMap(({ date }) => (date === null ? [] : [Date.parse(date) * 1000]));
    this.changeTimes = [
      ...shipped.changeTimes,
      ...overlays.flatMap(({ table }) => table.changeTimes),
      // Which of two is the nearer one changes on the day in the middle between them.
      ...dated.flatMap((one) => dated.flatMap((other) => (one < other ? daysAround((one + other) / 2) : []))),
    ];
  }

  /** As `ReferenceTables.country`. */
  country(a: number, b: number, c: number, d: number, timeUs: number): number {
    if (this.#overlays.length === 0) return this.#shipped.country(a, b, c, d, timeUs);
    for (const { table } of this.#orderAt(timeUs)) {
      const country = table.find(a, b, c, d, timeUs)?.country ?? null;
      if (country !== null) return packed(country);
    }
    return this.#shipped.country(a, b, c, d, timeUs);
  }

  /** As `ReferenceTables.network`. */
  network(a: number, b: number, c: number, d: number, timeUs: number): number {
    if (this.#overlays.length === 0) return this.#shipped.network(a, b, c, d, timeUs);
    for (const { table } of this.#orderAt(timeUs)) {
      const asn = table.find(a, b, c, d, timeUs)?.asn ?? 0;
      if (asn !== 0) return asn;
    }
    return this.#shipped.network(a, b, c, d, timeUs);
  }

  /** As `ReferenceTables.organisation`. */
  organisation(asn: number, timeUs: number): string | null {
    return this.#names.get(asn) ?? this.#shipped.organisation(asn, timeUs);
  }

  /** What every table says of the address, in the order of precedence; the first is what `country` returns. */
  countries(a: number, b: number, c: number, d: number, timeUs: number): TableSays[] {
    const over = this.#orderAt(timeUs).flatMap(({ name, date, table }) => {
      const country = table.find(a, b, c, d, timeUs)?.country ?? null;
      return country === null ? [] : [{ table: `overlay ${name}`, date, says: country }];
    });
    return [...over, ...this.#shipped.countries(a, b, c, d, timeUs)];
  }

  /** What every table says of the address, as `AS64496`; the first is what `network` returns. */
  networks(a: number, b: number, c: number, d: number, timeUs: number): TableSays[] {
    const over = this.#orderAt(timeUs).flatMap(({ name, date, table }) => {
      const asn = table.find(a, b, c, d, timeUs)?.asn ?? 0;
      return asn === 0 ? [] : [{ table: `overlay ${name}`, date, says: `AS${asn}` }];
    });
    return [...over, ...this.#shipped.networks(a, b, c, d, timeUs)];
  }

  #orderAt(timeUs: number): readonly TableOverlay[] {
    if (this.#overlays.length < 2) return this.#overlays;
    const day = Math.floor(timeUs / DAY_US);
    let order = this.#orders.get(day);
    if (order === undefined) {
      if (this.#orders.size > 10_000) this.#orders.clear();
      const far = ({ date }: TableOverlay): number =>
        date === null ? -1 : Math.abs(Date.parse(date) * 1000 - day * DAY_US);
      order = this.#overlays.toReversed().toSorted((x, y) => far(x) - far(y));
      this.#orders.set(day, order);
    }
    return order;
  }
}

/** Beginnings of the day of a moment, and of those around it. */
function daysAround(timeUs: number): number[] {
  const day = Math.floor(timeUs / DAY_US);
  return [day - 1, day, day + 1, day + 2].map((each) => each * DAY_US);
}

function packed(country: string): number {
  return country.charCodeAt(0) * 256 + country.charCodeAt(1);
}
