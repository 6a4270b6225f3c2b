import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { EnclaveError } from '../../shared/problem.ts';
import type { TableSays } from '../../shared/table-says.ts';
import { TABLE_FORMAT, type TableDescription, type TableIndex, type TableKind, tableBytes } from './table-format.ts';

/** Which table said it: for the basis of a label version. `date` is the day the data describe (ISO 8601). */
export interface TableBasis {
  name: string;
  kind: TableKind;
  date: string;
  source: string;
  licence: string;
  sha256: string;
}

const SHIPPED_TABLES = join(import.meta.dirname, 'tables');
const REMEDY = 'install Enclave again';

/**
 * The country and the network of an address at a time, from dated tables: each lookup uses the table nearest in time to
 * the flow, the earlier of two equally near. Tables are decompressed and checked against their SHA-256 on first use.
 *
 * IPv6 is told by /64. 6to4 (RFC 3056) and NAT64 addresses (RFC 6052) stand for the IPv4 address inside them. Private
 * and special-purpose addresses (RFC 6890) have neither country nor network.
 */
export class ReferenceTables {
  readonly basis: readonly TableBasis[];
  readonly #countries: DatedTables;
  readonly #networks: DatedTables;

  private constructor(tables: readonly RangeTable[]) {
    this.basis = tables.map(({ description: { name, kind, dataDate, source, licence, sha256 } }) => ({
      name,
      kind,
      date: dataDate,
      source,
      licence,
      sha256,
    }));
    this.#countries = new DatedTables(tables.filter((table) => table.description.kind === 'country'));
    this.#networks = new DatedTables(tables.filter((table) => table.description.kind === 'network'));
  }

  /** Opens the tables of a directory (default: those shipped). Throws EnclaveError when one is missing. */
  static load(directory: string = SHIPPED_TABLES): ReferenceTables {
    const place = join(directory, 'tables.json');
    let tables: readonly TableDescription[];
    try {
      tables = checkIndex(JSON.parse(readFileSync(place, 'utf8')));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new EnclaveError(
        'reference-table-missing',
        `the list of reference tables cannot be read (${reason})`,
        place,
        REMEDY,
      );
    }
    return new ReferenceTables(tables.map((description) => new RangeTable(description, directory)));
  }

  /**
   * ISO 3166-1 alpha-2 code of the country (and XK) as two packed ASCII letters, `high << 8 | low`; 0 when not known.
   * `timeUs` is microseconds since the epoch. Throws EnclaveError when the table is damaged.
   */
  country(a: number, b: number, c: number, d: number, timeUs: number): number {
    return this.#countries.nearest(timeUs).valueAt(a, b, c, d);
  }

  /** Number of the AS that announced the address; 0 when not known. Time and errors as for `country`. */
  network(a: number, b: number, c: number, d: number, timeUs: number): number {
    return this.#networks.nearest(timeUs).valueAt(a, b, c, d);
  }

  /** Microseconds since the epoch: between two of these, each look-up gives the same at all times. */
  get changeTimes(): readonly number[] {
    return [...this.#countries.changeTimes, ...this.#networks.changeTimes];
  }

  /** What every country table says of the address, the one nearest in time first. */
  countries(a: number, b: number, c: number, d: number, timeUs: number): TableSays[] {
    return this.#countries.says(a, b, c, d, timeUs, (value) => String.fromCharCode(value >>> 8, value & 0xff));
  }

  /** What every network table says of the address, the one nearest in time first. */
  networks(a: number, b: number, c: number, d: number, timeUs: number): TableSays[] {
    return this.#networks.says(a, b, c, d, timeUs, (value) => `AS${value}`);
  }

  /** Name of the AS's holder in the table nearest in time, or else in another one; null when none knows it. */
  organisation(asn: number, timeUs: number): string | null {
    return this.#networks.nearest(timeUs).nameOf(asn) ?? this.#networks.anyName(asn);
  }
}

function checkIndex(value: unknown): readonly TableDescription[] {
  const index = value as Partial<TableIndex> | null;
  if (index?.format !== TABLE_FORMAT || !Array.isArray(index.tables)) throw new TypeError('not a list of tables');
  const tables = index.tables as Partial<TableDescription>[];
  for (const table of tables) {
    const sound =
      typeof table.name === 'string' &&
      /^[a-z0-9-]+$/.test(table.name) &&
      typeof table.dataDate === 'string' &&
      !Number.isNaN(Date.parse(table.dataDate)) &&
      typeof table.bytes === 'number' &&
      typeof table.sha256 === 'string';
    if (!sound) throw new TypeError(`entry ${JSON.stringify(table.name)} is wrong`);
  }
  for (const kind of ['country', 'network']) {
    if (!tables.some((table) => table.kind === kind)) throw new TypeError(`no ${kind} table`);
  }
  return index.tables;
}

/** Tables of one kind, chosen by date. */
class DatedTables {
  readonly #tables: readonly RangeTable[];
  /** Microseconds: up to and including `#until[i]`, table i is nearest. */
  readonly #until: Float64Array;
  #last: RangeTable;
  #lastFrom = 0;
  #lastUntil = -1;

  constructor(tables: readonly RangeTable[]) {
    this.#tables = tables.toSorted((x, y) => x.timeUs - y.timeUs);
    const [first] = this.#tables;
    if (first === undefined) throw new RangeError('no table of this kind');
    this.#last = first;
    this.#until = Float64Array.from(this.#tables, ({ timeUs }, i) => {
      const next = this.#tables[i + 1];
      return next ? (timeUs + next.timeUs) / 2 : Infinity;
    });
  }

  get changeTimes(): number[] {
    return [...this.#until].filter((time) => Number.isFinite(time));
  }

  nearest(timeUs: number): RangeTable {
    if (timeUs > this.#lastFrom && timeUs <= this.#lastUntil) return this.#last;
    let i = 0;
    while (i < this.#tables.length - 1 && !(timeUs <= (this.#until[i] ?? Infinity))) i++;
    this.#last = this.#tables[i] ?? this.#last;
    this.#lastFrom = i === 0 ? -Infinity : (this.#until[i - 1] ?? -Infinity);
    this.#lastUntil = this.#until[i] ?? Infinity;
    return this.#last;
  }

  says(a: number, b: number, c: number, d: number, timeUs: number, text: (value: number) => string): TableSays[] {
    const nearest = this.nearest(timeUs);
    return [nearest, ...this.#tables.filter((table) => table !== nearest)].map((table) => {
      const value = table.valueAt(a, b, c, d);
      const { name, dataDate } = table.description;
      return { table: name, date: dataDate, says: value === 0 ? null : text(value) };
    });
  }

  anyName(asn: number): string | null {
    for (const table of this.#tables) {
      const name = table.nameOf(asn);
      if (name !== null) return name;
    }
    return null;
  }
}

/** Runs of addresses with their values; decompressed on first use. */
class RangeTable {
  readonly description: TableDescription;
  /** Microseconds since the epoch of the day the data describe. */
  readonly timeUs: number;
  readonly #path: string;
  #starts4 = new Uint32Array(0);
  #values4 = new Uint32Array(0);
  #high6 = new Uint32Array(0);
  #low6 = new Uint32Array(0);
  #values6 = new Uint32Array(0);
  /** For each top half of an IPv4 address: the run that holds its first address; one more at the end. */
  #runOfTop = new Uint32Array(0);
  #asns = new Uint32Array(0);
  #nameStarts = new Uint32Array(0);
  #names: Buffer = Buffer.alloc(0);
  #loaded = false;

  constructor(description: TableDescription, directory: string) {
    this.description = description;
    this.timeUs = Date.parse(description.dataDate) * 1000;
    this.#path = join(directory, `${description.name}.bin.br`);
    if (!existsSync(this.#path)) {
      throw new EnclaveError('reference-table-missing', 'a reference table is missing', this.#path, REMEDY);
    }
  }

  valueAt(a: number, b: number, c: number, d: number): number {
    if (!this.#loaded) this.#load();
    if (a === 0 && b === 0 && c === 0xffff) return this.#value4(d);
    if (a === 0x0064_ff9b && b === 0 && c === 0) return this.#value4(d);
    if (a >>> 16 === 0x2002) return this.#value4(((a << 16) | (b >>> 16)) >>> 0);
    return this.#value6(a, b);
  }

  #value4(address: number): number {
    const starts = this.#starts4;
    const top = address >>> 16;
    let low = this.#runOfTop[top] ?? 0;
    let high = this.#runOfTop[top + 1] ?? starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((starts[middle] ?? 0) <= address) low = middle;
      else high = middle - 1;
    }
    return this.#values4[low] ?? 0;
  }

  #value6(highWord: number, lowWord: number): number {
    const highs = this.#high6;
    const lows = this.#low6;
    let low = 0;
    let high = highs.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      const start = highs[middle] ?? 0;
      if (start < highWord || (start === highWord && (lows[middle] ?? 0) <= lowWord)) low = middle;
      else high = middle - 1;
    }
    return this.#values6[low] ?? 0;
  }

  nameOf(asn: number): string | null {
    if (!this.#loaded) this.#load();
    const asns = this.#asns;
    let low = 0;
    let high = asns.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((asns[middle] ?? 0) < asn) low = middle + 1;
      else high = middle;
    }
    if (asns[low] !== asn) return null;
    return this.#names.toString('utf8', this.#nameStarts[low], this.#nameStarts[low + 1]);
  }

  #load(): void {
    const { bytes, sha256 } = this.description;
    let table: Buffer;
    try {
      table = brotliDecompressSync(readFileSync(this.#path), { maxOutputLength: bytes });
    } catch (error) {
      throw this.#damaged(error instanceof Error ? error.message : String(error));
    }
    if (createHash('sha256').update(table).digest('hex') !== sha256) throw this.#damaged('its SHA-256 is another');
    // A copy when needed, since typed arrays must start on a multiple of four bytes.
    const { buffer, byteOffset } = table.byteOffset % 4 === 0 ? table : new Uint8Array(table);
    const [n4 = 0, n6 = 0, named = 0, nameBytes = 0] = new Uint32Array(buffer, byteOffset, 4);
    if (tableBytes(n4, n6, named, nameBytes) !== table.length || n4 === 0 || n6 === 0) {
      throw this.#damaged('its counts and its length disagree');
    }
    let at = byteOffset + 16;
    const words = (count: number): Uint32Array<ArrayBuffer> => {
      const array = new Uint32Array(buffer as ArrayBuffer, at, count);
      at += 4 * count;
      return array;
    };
    this.#starts4 = sumsOf(words(n4));
    this.#high6 = sumsOf(words(n6));
    this.#low6 = words(n6);
    this.#values4 = words(n4);
    this.#values6 = words(n6);
    this.#asns = words(named);
    this.#nameStarts = words(named > 0 ? named + 1 : 0);
    this.#names = Buffer.from(buffer, at, nameBytes);
    this.#runOfTop = runsOfTops(this.#starts4);
    this.#loaded = true;
  }

  #damaged(why: string): EnclaveError {
    return new EnclaveError('reference-table-damaged', `a reference table is damaged (${why})`, this.#path, REMEDY);
  }
}

/** Turns differences into running sums, in place. */
function sumsOf(differences: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  let sum = 0;
  for (let i = 0; i < differences.length; i++) {
    sum += differences[i] ?? 0;
    differences[i] = sum;
  }
  return differences;
}

function runsOfTops(starts: Uint32Array): Uint32Array<ArrayBuffer> {
  const runs = new Uint32Array(65_537);
  let run = 0;
  for (let top = 0; top < 65_536; top++) {
    const first = top * 65_536;
    while (run + 1 < starts.length && (starts[run + 1] ?? 0) <= first) run++;
    runs[top] = run;
  }
  runs[65_536] = starts.length - 1;
  return runs;
}
