import { z } from 'zod';
import {
  type AddressBlock,
  type AddressWords,
  blocksBetween,
  formatBlock,
  parseAddress,
  parseBlock,
} from '../../shared/address.ts';
import type { Overlay, OverlayKind } from '../../shared/overlay.ts';
import { EnclaveError, ProblemCounter } from '../../shared/problem.ts';
import { type Category, isCategory } from '../../shared/vocabulary.ts';
import {
  AddressTable,
  AddressTableBuilder,
  type AddressTableData,
  asnOf,
  countryOf,
  packOverlay,
  unpackOverlay,
} from '../reference/address-table.ts';
import { isDelegatedFile, readDelegatedInto } from '../reference/delegated-file.ts';
import { columnsOf, delimitedLines, textFault } from '../reference/delimited-lines.ts';
import { LayeredTables, type TableOverlay } from '../reference/layered-tables.ts';
import { isMmdb, readMmdbInto } from '../reference/mmdb.ts';
import type { ReferenceTables } from '../reference/reference-tables.ts';
import { Catalogue, type CatalogueFile, type CatalogueMatch, type CataloguePrefix } from './catalogue.ts';
import { hostNameOf, listedBlock, refanged } from './listed-name.ts';

/**
 * Overlays: what an examiner lays over the shipped catalogue and tables. A file is read once, checked, and kept in the case in
 * a form that every labelling reads again (`data`): JSON, deflated; a list of catalogue files (`services`, `list`), or the runs
 * of an address table (the others).
 */

/** Bytes of a file at most: tables in MMDB, and everything else. */
export const LARGEST_MMDB = 512 * 1024 * 1024;
export const LARGEST_TEXT = 128 * 1024 * 1024;
const LARGEST_JSON = 64 * 1024 * 1024;
/** Services of an overlay, and names and blocks of it, at most. */
export const MOST_SERVICES = 10_000;
const MOST_ENTRIES = 1_000_000;

export type ReadOverlay = Pick<Overlay, 'kind' | 'format' | 'date' | 'entries' | 'notUsed'> & { readonly data: Buffer };

/** What an examiner may say of a file; what is not said is found in it. */
export interface OverlayStatement {
  readonly kind: OverlayKind | null;
  /** ISO 8601 date. */
  readonly date: string | null;
}

/** Reads a file of an overlay. Throws an EnclaveError when it cannot be used at all. @param name of the file, for its messages */
export function readOverlay(file: Buffer, name: string, statement: OverlayStatement): ReadOverlay {
  const { kind, date } = statement;
  const problems = new ProblemCounter();
  const read = isMmdb(file) ? readTable(file, name, kind, problems) : readText(file, name, kind, problems);
  if (read.entries === 0) {
    const first = problems.list()[0];
    const why = first === undefined ? 'it holds no entry' : `${first.message}, first at ${first.firstOffset}`;
    throw unusable(`nothing of the file can be used: ${why}`, name);
  }
  return { ...read, date: date ?? read.date, notUsed: problems.list() };
}

function unusable(what: string, name: string): EnclaveError {
  return new EnclaveError('overlay-unusable', what, name, 'see docs/labels.md for what a file may hold');
}

type Read = Omit<ReadOverlay, 'notUsed'>;

function readText(file: Buffer, name: string, kind: OverlayKind | null, problems: ProblemCounter): Read {
  if (file.length > LARGEST_TEXT) throw unusable(`the file is larger than ${LARGEST_TEXT} bytes`, name);
  const fault = textFault(file);
  if (fault !== null) throw unusable(fault, name);
  const text = file.toString('utf8');
  if (isDelegatedFile(text)) return readTable(text, name, kind, problems);
  if (/^\ufeff?\s*[[{]/.test(text)) return readServices(text, name, kind, problems);
  const first = delimitedLines(text).next();
  const cells = first.done === true ? null : first.value.cells;
  const { header, at } = columnsOf(cells ?? [], TABLE_COLUMNS, []);
  const hasPlaces = at.cidr !== undefined || (at.first !== undefined && at.last !== undefined);
  const isTable = header ? hasPlaces && (at.country !== undefined || at.asn !== undefined) : isTableLine(cells ?? []);
  // GeoLite2's and GeoIP2's CSV: read as a list, each number would become a service.
  if (!isTable && cells?.includes('geoname_id') === true) {
    throw unusable(
      'it names places by numbers, whose countries stand in a second file: take the MaxMind DB instead',
      name,
    );
  }
  const named = columnsOf(cells ?? [], LIST_COLUMNS, []);
  const isList = named.header && (named.at.service !== undefined || named.at.category !== undefined);
  if (kind === 'geo' || kind === 'networks' || kind === 'geo+networks' || (kind === null && isTable && !isList)) {
    return readTable(text, name, kind, problems);
  }
  if (kind === 'services') throw unusable('services are written as JSON', name);
  return readList(text, name, problems);
}

// Tables of addresses

const TABLE_COLUMNS = {
  cidr: ['cidr', 'network', 'prefix', 'block', 'range'],
  first: ['first', 'start', 'start_ip', 'ip_start', 'ip_range_start', 'range_start', 'ip_from'],
  last: ['last', 'end', 'end_ip', 'ip_end', 'ip_range_end', 'range_end', 'ip_to'],
  country: ['country_code', 'country_iso_code', 'cc', 'country'],
  asn: ['asn', 'as', 'autonomous_system_number', 'as_number'],
  organisation: ['organisation', 'organization', 'org', 'as_name', 'autonomous_system_organization', 'name'],
} as const;

/**
 * Columns of a line of a table without a header: a block, or first and last address; then country, AS number, organisation, or the latter two
 * alone (tables of networks).
 */
function tableColumnsOf(cells: readonly string[]): readonly (keyof typeof TABLE_COLUMNS)[] {
  const isRange = boundOf(cells[0] ?? '') !== null && boundOf(cells[1] ?? '') !== null;
  const places = isRange ? (['first', 'last'] as const) : (['cidr'] as const);
  return /^(?:AS)?\d+$/i.test(cells[places.length] ?? '')
    ? [...places, 'asn', 'organisation']
    : [...places, 'country', 'asn', 'organisation'];
}

/** Whether a line without a header is surely one of such a table and not of a list, which has a service behind its block. */
function isTableLine(cells: readonly string[]): boolean {
  const columns = tableColumnsOf(cells);
  const country = cells[columns.indexOf('country')] ?? '';
  if (columns[0] === 'first') return cells.length > 2;
  return parseBlock(cells[0] ?? '') !== null && /^[A-Z]{2}$/.test(country) && countryOf(country) !== null;
}

/** An end of a range: an address, or an IPv4 address as one number, as some tables write it. */
function boundOf(text: string): AddressWords | null {
  if (!/^\d{1,10}$/.test(text)) return parseAddress(text);
  return Number(text) < 2 ** 32 ? [0, 0, 0xffff, Number(text)] : null;
}

function readTable(file: Buffer | string, name: string, kind: OverlayKind | null, problems: ProblemCounter): Read {
  if (kind === 'services' || kind === 'list') throw unusable(`the file is a table of addresses, no ${kind}`, name);
  const table = new AddressTableBuilder();
  let date: string | null = null;
  let format: Overlay['format'] = 'csv';
  if (typeof file !== 'string') {
    if (file.length > LARGEST_MMDB) throw unusable(`the file is larger than ${LARGEST_MMDB} bytes`, name);
    format = 'mmdb';
    try {
      const read = readMmdbInto(file, table);
      date = read.date;
      if (read.damaged > 0) {
        problems.add('damaged', read.firstDamaged, 'a record or node of the database is damaged', read.damaged);
      }
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw unusable(`the MaxMind database cannot be read (${error.message})`, name);
    }
  } else if (isDelegatedFile(file)) {
    format = 'rir-delegated';
    date = readDelegatedInto(file, table, problems);
  } else readTableLines(file, table, problems);
  const entries = table.blocks;
  const data = ofKind(table.finish(), kind);
  if (table.tooSmall > 0)
    problems.add('smaller-than-64', 0, 'IPv6 is told by /64; the block is smaller', table.tooSmall);
  const told = kindOf(data);
  if (told === null) throw unusable(`the table says nothing of ${kind ?? 'countries and networks'}`, name);
  return { kind: told, format, date, entries, data: packOverlay(data) };
}

function readTableLines(text: string, table: AddressTableBuilder, problems: ProblemCounter): void {
  let at: Partial<Record<keyof typeof TABLE_COLUMNS, number>> | null = null;
  for (const { line, cells, fault } of delimitedLines(text)) {
    if (cells === null) {
      problems.add(fault ?? 'bad-line', line, 'the line cannot be cut into cells');
      continue;
    }
    if (at === null) {
      const columns = columnsOf(cells, TABLE_COLUMNS, tableColumnsOf(cells));
      at = columns.at;
      if (columns.header) continue;
    }
    const cell = (column: keyof typeof TABLE_COLUMNS): string => cells[at?.[column] ?? -1] ?? '';
    const blocks = blocksOf(cell('cidr'), cell('first'), cell('last'));
    if (blocks === null) {
      problems.add('bad-block', line, 'the line begins with no address, CIDR block or range of addresses');
      continue;
    }
    const asn = asnOf(cell('asn'));
    const country = countryOf(cell('country'));
    const organisation = asn === 0 || cell('organisation') === '' ? null : cell('organisation').slice(0, 200);
    const value = table.value({ country, asn, organisation, fromUs: null });
    if (value === 0) problems.add('says-nothing', line, 'the line names neither a country nor an AS number');
    else for (const block of blocks) table.add(block, value);
  }
}

function blocksOf(cidr: string, first: string, last: string): readonly AddressBlock[] | null {
  if (first === '' && last === '') {
    const block = parseBlock(cidr);
    return block === null ? null : [block];
  }
  const [from, to] = [boundOf(first), boundOf(last)];
  return from === null || to === null ? null : blocksBetween(from, to);
}

/** Leaves out of a table what the examiner did not ask for. */
function ofKind(data: AddressTableData, kind: OverlayKind | null): AddressTableData {
  if (kind !== 'geo' && kind !== 'networks') return data;
  const facts = data.facts.map(([country, asn, organisation, from]): AddressTableData['facts'][number] =>
    kind === 'geo' ? [country, 0, null, from] : [null, asn, organisation, from],
  );
  return { ...data, facts };
}

function kindOf({ facts }: AddressTableData): OverlayKind | null {
  const geo = facts.some(([country]) => country !== null);
  const networks = facts.some(([, asn]) => asn !== 0);
  if (geo) return networks ? 'geo+networks' : 'geo';
  return networks ? 'networks' : null;
}

// Services and lists

const SERVICE_ID = /^[a-z0-9][a-z0-9-]{0,63}$/;
const isoDay = z.string().refine((text) => /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text)), {
  message: 'not a date (YYYY-MM-DD)',
});
const category = z.string().transform((text, context): Category => {
  if (isCategory(text)) return text;
  context.addIssue({ code: 'custom', message: 'not a category' });
  return z.NEVER;
});
const country = z.string().refine((text) => countryOf(text) === text, { message: 'not a country code' });
const name = z.string().transform((text, context) => {
  const host = hostNameOf(text);
  if (host !== null) return host;
  context.addIssue({ code: 'custom', message: 'not a host name of two labels or more' });
  return z.NEVER;
});
const prefixSchema = z.object({
  cidr: z.string().refine((text) => typeof listedBlock(text) === 'object' && listedBlock(text) !== null, {
    message: 'not an address or CIDR block, or too wide a one',
  }),
  from: isoDay.optional(),
  to: isoDay.optional(),
  source: z.string().max(1000).optional(),
});
const serviceSchema = z.object({
  id: z.string().regex(SERVICE_ID, 'not an id (lower case, digits, hyphens)'),
  name: z.string().max(200).optional(),
  category: category.optional(),
  subcategory: z.string().max(64).optional(),
  country: country.optional(),
  domains: z.array(name).default([]),
  exact: z.array(name).default([]),
  prefixes: z.array(prefixSchema).default([]),
  note: z.string().max(1000).optional(),
  source: z.string().max(1000).optional(),
});
const fileSchema = z.object({
  category: category.optional(),
  date: isoDay.optional(),
  services: z.array(z.unknown()).default([]),
  patterns: z.array(z.unknown()).default([]),
});
const patternSchema = z.object({ suffix: name, country });

/** Collects services so that no name stands twice, as `Catalogue.of` demands. */
class ServiceCollector {
  readonly #services = new Map<string, MutableService>();
  readonly #patterns = new Map<Category, { suffix: string; country: string }[]>();
  readonly #taken = new Set<string>();
  readonly #problems: ProblemCounter;
  readonly #source: string;
  entries = 0;

  constructor(problems: ProblemCounter, source: string) {
    this.#problems = problems;
    this.#source = source;
  }

  /** The service of this id, made when new; null when there are too many, or it has another category. */
  service(id: string, of: Category, place: number): MutableService | null {
    const known = this.#services.get(id);
    if (known !== undefined) {
      if (known.category === of) return known;
      this.#problems.add('two-categories', place, `the service ${id} has another category before`);
      return null;
    }
    if (this.#services.size >= MOST_SERVICES) {
      this.#problems.add('too-many-services', place, `more than ${MOST_SERVICES} services`);
      return null;
    }
    const made: MutableService = {
      id,
      name: id,
      category: of,
      domains: [],
      exact: [],
      prefixes: [],
      source: this.#source,
    };
    this.#services.set(id, made);
    return made;
  }

  domain(service: MutableService, host: string, place: number): void {
    if (this.#isNew(`.${host}`, place)) service.domains.push(host);
  }

  exact(service: MutableService, host: string, place: number): void {
    if (this.#isNew(host, place)) service.exact.push(host);
  }

  prefix(service: MutableService, prefix: CataloguePrefix, place: number): void {
    const { from, to } = prefix;
    if (from !== undefined && to !== undefined && from > to) {
      this.#problems.add('bad-dates', place, 'the block ends before it begins');
    } else if (this.#isNew(`${prefix.cidr} ${from ?? ''} ${to ?? ''}`, place)) service.prefixes.push(prefix);
  }

  pattern(of: Category, suffix: string, inCountry: string, place: number): void {
    if (!this.#isNew(`.${suffix}`, place)) return;
    const known = this.#patterns.get(of) ?? [];
    this.#patterns.set(of, known);
    known.push({ suffix, country: inCountry });
  }

  #isNew(key: string, place: number): boolean {
    if (this.#taken.has(key)) {
      this.#problems.add('stands-twice', place, 'the name or block stands twice; the first one is used');
      return false;
    }
    if (this.entries >= MOST_ENTRIES) {
      this.#problems.add('too-many-entries', place, `more than ${MOST_ENTRIES} names and blocks`);
      return false;
    }
    this.#taken.add(key);
    this.entries++;
    return true;
  }

  files(): CatalogueFile[] {
    const categories = new Set([
      ...[...this.#services.values()].map((each) => each.category),
      ...this.#patterns.keys(),
    ]);
    return [...categories].map((of) => ({
      category: of,
      services: [...this.#services.values()].filter((each) => each.category === of),
      patterns: this.#patterns.get(of) ?? [],
    }));
  }
}

interface MutableService {
  id: string;
  name: string;
  category: Category;
  subcategory?: string;
  country?: string;
  domains: string[];
  exact: string[];
  prefixes: CataloguePrefix[];
  note?: string;
  source: string;
}

/** One file like those of the catalogue, or an array of them. */
function readServices(text: string, file: string, kind: OverlayKind | null, problems: ProblemCounter): Read {
  if (kind !== null && kind !== 'services') throw unusable('the file is JSON, which holds services', file);
  if (text.length > LARGEST_JSON) throw unusable(`JSON longer than ${LARGEST_JSON} characters`, file);
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\ufeff/, ''));
  } catch (error) {
    throw unusable(`it is not JSON (${error instanceof Error ? error.message : String(error)})`, file);
  }
  const collector = new ServiceCollector(problems, file);
  let [place, date]: [number, string | null] = [0, null];
  for (const each of Array.isArray(value) ? value : [value]) {
    const parsed = fileSchema.safeParse(each);
    if (!parsed.success) {
      problems.add('bad-file', place + 1, faultOf(parsed.error, 'not like a file of the catalogue'));
      continue;
    }
    date ??= parsed.data.date ?? null;
    for (const given of parsed.data.services) addService(collector, given, parsed.data.category, ++place, problems);
    for (const given of parsed.data.patterns) {
      const pattern = patternSchema.safeParse(given);
      place++;
      if (!pattern.success) problems.add('bad-pattern', place, faultOf(pattern.error, 'not a pattern'));
      else if (parsed.data.category === undefined) problems.add('no-category', place, 'the pattern has no category');
      else collector.pattern(parsed.data.category, pattern.data.suffix, pattern.data.country, place);
    }
  }
  const { entries } = collector;
  return { kind: 'services', format: 'json', date, entries, data: packOverlay(collector.files()) };
}

function addService(
  collector: ServiceCollector,
  given: unknown,
  ofFile: Category | undefined,
  place: number,
  problems: ProblemCounter,
): void {
  const parsed = serviceSchema.safeParse(given);
  if (!parsed.success) {
    problems.add('bad-service', place, faultOf(parsed.error, 'not a service'));
    return;
  }
  const { domains, exact, prefixes, ...rest } = parsed.data;
  const of = rest.category ?? ofFile;
  if (of === undefined) {
    problems.add('no-category', place, 'the service has no category');
    return;
  }
  const service = collector.service(rest.id, of, place);
  if (service === null) return;
  if (rest.name !== undefined) service.name = rest.name;
  if (rest.country !== undefined) service.country = rest.country;
  if (rest.subcategory !== undefined) service.subcategory = rest.subcategory;
  if (rest.note !== undefined) service.note = rest.note;
  if (rest.source !== undefined) service.source = rest.source;
  for (const host of domains) collector.domain(service, host, place);
  for (const host of exact) collector.exact(service, host, place);
  for (const prefix of prefixes) collector.prefix(service, prefixOf(prefix, service.source), place);
}

function prefixOf(
  {
    cidr,
    from,
    to,
    source,
  }: { cidr: string; from?: string | undefined; to?: string | undefined; source?: string | undefined },
  otherwise: string,
): CataloguePrefix {
  const block = parseBlock(cidr);
  return {
    cidr: block === null ? cidr : formatBlock(block),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    source: source ?? otherwise,
  };
}

function faultOf(error: z.ZodError, otherwise: string): string {
  const issue = error.issues[0];
  return issue === undefined ? otherwise : `${issue.path.join('.') || 'entry'}: ${issue.message}`;
}

const LIST_COLUMNS = {
  pattern: ['pattern', 'domain', 'host', 'hostname', 'name', 'cidr', 'address', 'ip'],
  service: ['service', 'app', 'application'],
  category: ['category'],
  country: ['country', 'country_code', 'cc'],
  from: ['from', 'valid_from'],
  to: ['to', 'valid_to', 'until'],
} as const;

/** Lines of `pattern,service,category,country,from,to`: a name (itself and all below it), `=name` (itself only), address or block. */
function readList(text: string, file: string, problems: ProblemCounter): Read {
  const collector = new ServiceCollector(problems, file);
  let at: Partial<Record<keyof typeof LIST_COLUMNS, number>> | null = null;
  for (const { line, cells, fault } of delimitedLines(text)) {
    if (cells === null) {
      problems.add(fault ?? 'bad-line', line, 'the line cannot be cut into cells');
      continue;
    }
    if (at === null) {
      const columns = columnsOf(cells, LIST_COLUMNS, ['pattern', 'service', 'category', 'country', 'from', 'to']);
      at = columns.at;
      if (columns.header) continue;
    }
    const cell = (column: keyof typeof LIST_COLUMNS): string => cells[at?.[column] ?? -1] ?? '';
    addListed(collector, cell, line, problems);
  }
  const { entries } = collector;
  return { kind: 'list', format: 'csv', date: null, entries, data: packOverlay(collector.files()) };
}

function addListed(
  collector: ServiceCollector,
  cell: (column: keyof typeof LIST_COLUMNS) => string,
  line: number,
  problems: ProblemCounter,
): void {
  const pattern = refanged(cell('pattern'));
  const of = cell('category').toLowerCase() || 'web';
  const id = cell('service').toLowerCase();
  const inCountry = cell('country') === '' ? null : countryOf(cell('country'));
  const block = listedBlock(pattern);
  const host = hostNameOf(pattern.replace(/^(?:=|\*\.|\.)/, ''));
  const [from, to] = [cell('from'), cell('to')];
  if (!isCategory(of)) problems.add('bad-category', line, 'the category is not of the vocabulary');
  else if (cell('country') !== '' && inCountry === null)
    problems.add('bad-country', line, 'the country is no ISO 3166 code');
  else if (id !== '' && !SERVICE_ID.test(id)) {
    problems.add('bad-service', line, 'the service is no id (lower case, digits, hyphens)');
  } else if (block === 'too-broad') problems.add('too-broad', line, 'the block is wider than /8 (IPv6: /16)');
  else if (block === null && host === null)
    problems.add('bad-pattern', line, 'the line names no host, address or block');
  else if (from !== '' || to !== '' ? block === null || !isDay(from) || !isDay(to) : false) {
    problems.add('bad-dates', line, 'dates (YYYY-MM-DD) belong to blocks only');
  } else if (id === '') {
    // Without a service the name stands for a kind of site of a country, as the catalogue's own patterns do.
    if (host === null || inCountry === null || pattern.startsWith('=')) {
      problems.add('no-service', line, 'only names with a country may lack a service');
    } else collector.pattern(of, host, inCountry, line);
  } else {
    const service = collector.service(id, of, line);
    if (service === null) return;
    if (inCountry !== null) service.country ??= inCountry;
    if (block !== null) {
      const dates = { ...(from === '' ? {} : { from }), ...(to === '' ? {} : { to }) };
      collector.prefix(service, prefixOf({ cidr: formatBlock(block), ...dates }, service.source), line);
    } else if (host !== null && pattern.startsWith('=')) collector.exact(service, host, line);
    else if (host !== null) collector.domain(service, host, line);
  }
}

function isDay(text: string): boolean {
  return text === '' || isoDay.safeParse(text).success;
}

// Laid over the shipped ones

/** One layer of names and blocks: an overlay, or the shipped catalogue. */
export interface CatalogueLayer {
  /** `overlay NAME`, or `catalogue VERSION`. */
  readonly name: string;
  readonly date: string | null;
  readonly sha256: string;
  readonly catalogue: Catalogue;
}

/** Services by the overlays of a case, the one added last first, then by the shipped catalogue: the first that knows wins. */
export class LayeredCatalogue {
  readonly layers: readonly CatalogueLayer[];
  /** As `Catalogue.changeTimes`. */
  readonly changeTimes: readonly number[];

  /** @param overlays in the order they were added */
  constructor(shipped: Catalogue, overlays: readonly CatalogueLayer[]) {
    const { version, date, sha256 } = shipped;
    this.layers = [...overlays.toReversed(), { name: `catalogue ${version}`, date, sha256, catalogue: shipped }];
    this.changeTimes = this.layers.flatMap(({ catalogue }) => catalogue.changeTimes);
  }

  /** As `Catalogue.byName`. */
  byName(hostname: string): CatalogueMatch | null {
    for (const { catalogue } of this.layers) {
      const match = catalogue.byName(hostname);
      if (match !== null) return match;
    }
    return null;
  }

  /** As `Catalogue.byAddress`. */
  byAddress(a: number, b: number, c: number, d: number, timeUs: number): CatalogueMatch | null {
    for (const { catalogue } of this.layers) {
      const match = catalogue.byAddress(a, b, c, d, timeUs);
      if (match !== null) return match;
    }
    return null;
  }
}

/** An overlay as the case holds it. */
export interface StoredOverlay {
  readonly overlay: Overlay;
  readonly data: Uint8Array;
}

const isOfServices = ({ kind }: Overlay): boolean => kind === 'services' || kind === 'list';

/** What `make` makes of a stored overlay. Throws an EnclaveError when it is damaged. */
function madeOf<Made>({ overlay, data }: StoredOverlay, make: (stored: unknown) => Made): Made {
  const stored = unpackOverlay(data, overlay.name);
  try {
    return make(stored);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new EnclaveError('overlay-damaged', `an overlay of the case is damaged (${why})`, overlay.name, 'remove it');
  }
}

/** The shipped tables under those of a case. Throws an EnclaveError when a stored overlay is damaged. */
export function layTablesOver(shipped: ReferenceTables, overlays: readonly StoredOverlay[]): LayeredTables {
  const tables = overlays
    .filter(({ overlay }) => !isOfServices(overlay))
    .map((stored): TableOverlay => {
      const { name: file, date } = stored.overlay;
      return { name: file, date, table: madeOf(stored, (data) => new AddressTable(data as AddressTableData)) };
    });
  return new LayeredTables(shipped, tables);
}

/** The same for the catalogue, too. */
export function layOver(
  shipped: { readonly catalogue: Catalogue; readonly reference: ReferenceTables },
  overlays: readonly StoredOverlay[],
): { catalogue: LayeredCatalogue; reference: LayeredTables } {
  const layers = overlays
    .filter(({ overlay }) => isOfServices(overlay))
    .map((stored): CatalogueLayer => {
      const { name: file, date, sha256 } = stored.overlay;
      const catalogue = madeOf(stored, (data) => Catalogue.of(date ?? 'undated', sha256, data as CatalogueFile[]));
      return { name: `overlay ${file}`, date, sha256, catalogue };
    });
  return {
    catalogue: new LayeredCatalogue(shipped.catalogue, layers),
    reference: layTablesOver(shipped.reference, overlays),
  };
}
