import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { blockContains, formatBlock, isIpv4, parseBlock, type AddressBlock } from '../../shared/address.ts';
import { EnclaveError } from '../../shared/problem.ts';
import { type Category, isCategory } from '../../shared/vocabulary.ts';
import {
  type Institution,
  INSTITUTION_CLASSES,
  type InstitutionClass,
  type InstitutionTables,
  readInstitutions,
} from './institutions.ts';
import { NameTable } from './name-table.ts';

/**
 * The catalogue: which host names and address blocks belong to which service. Its source is one JSON file a category in
 * `catalogue/`, read as it stands.
 *
 * A block names a service only if nothing but that service's owner uses it. Blocks of clouds, content networks, carriers,
 * hosting firms, protection services (their customers) and antivirus makers (automatic look-ups) name none.
 *
 * Beside services it knows institutions (`institutions.ts`): a host below a university's or a ministry's domain has no service, but a
 * category, a country and the institution's name.
 */

/** A block of a service; `from` and `to` are the first and last day (ISO 8601, UTC) on which it holds. */
export interface CataloguePrefix {
  readonly cidr: string;
  readonly from?: string;
  readonly to?: string;
  readonly source: string;
}

export interface CatalogueService {
  readonly id: string;
  readonly name: string;
  readonly category: Category;
  /** Finer kind within the category, e.g. `mining` in `crypto`. */
  readonly subcategory?: string;
  /** ISO 3166-1 alpha-2 code of the outlet's, institution's or site's country. */
  readonly country?: string;
  /** The firm, where it has several services here. */
  readonly owner?: string;
  /** Each stands for itself and all names below it. */
  readonly domains: readonly string[];
  /** Each stands for itself only. */
  readonly exact: readonly string[];
  readonly prefixes: readonly CataloguePrefix[];
  /** The blocks are all that the firm has: its other services are reached there, too, so an address tells the firm and not the purpose. */
  readonly blocksAreFirms?: boolean;
  readonly note?: string;
  /** Keys of `sources` in `version.json`. */
  readonly source: string;
}

/** A suffix that a country keeps for government, education or research; it names no service. */
export interface CataloguePattern {
  readonly suffix: string;
  readonly country: string;
}

/** One file of the catalogue. */
export interface CatalogueFile {
  readonly category: Category;
  readonly services: readonly CatalogueService[];
  readonly patterns?: readonly CataloguePattern[];
}

export interface CatalogueMatch {
  /** Null for an institution and a country pattern. */
  readonly service: string | null;
  readonly category: Category;
  /** ISO 3166-1 alpha-2 code of the service's, institution's or pattern's country; null when it has none. */
  readonly country: string | null;
  /** The name, the suffix (`*.gov.in` for a country pattern), the domain of an institution or the CIDR block that matched. */
  readonly pattern: string;
  readonly kind: 'domain' | 'exact' | 'institution' | 'pattern' | 'prefix';
  /** Finer kind of the service within the category. */
  readonly subcategory?: string | undefined;
  /** The firm that the service belongs to, where it has several. */
  readonly owner?: string | undefined;
  /** Of a block: the firm's other services are reached there, too. */
  readonly isFirms?: boolean | undefined;
  /** The institution that the entry stands for; country patterns stand for many, `institutionOfMatch` tells which. */
  readonly institution?: Institution | undefined;
}

/** The same with all its properties, whatever they are: labelling asks millions of matches, fastest where all are of one shape. */
export function inOneShape(match: CatalogueMatch): CatalogueMatch {
  const { service, category, country, pattern, kind, subcategory, owner, isFirms, institution } = match;
  return { service, category, country, pattern, kind, subcategory, owner, isFirms, institution };
}

interface DatedBlock {
  readonly block: AddressBlock;
  /** Microseconds since the epoch; valid from here to before `untilUs`. */
  readonly fromUs: number;
  readonly untilUs: number;
  readonly match: CatalogueMatch;
}

const DIRECTORY = join(import.meta.dirname, 'catalogue');
const DAY_US = 86_400_000_000;

const NO_INSTITUTIONS: InstitutionTables = { version: 'none', sha256: '', institutions: [] };
const CLASS_OF_CATEGORY: Partial<Record<Category, InstitutionClass>> = {
  education: 'education',
  research: 'research',
  government: 'government',
  news: 'news',
  email: 'mail',
};
/** Subcategories whose sites are courses and papers for all the world rather than an organisation that one visits. */
const NO_INSTITUTION: ReadonlySet<string> = new Set(['courses', 'literature']);

export class Catalogue {
  readonly version: string;
  /** ISO 8601 day on which the shipped catalogue was last changed; null for others. */
  readonly date: string | null;
  /** SHA-256 (hex) over names and contents of the catalogue's files in alphabetical order, then the institutions' hash. */
  readonly sha256: string;
  /** Version and hash of the institutions' tables. */
  readonly institutionTables: { readonly version: string; readonly sha256: string };
  readonly #services = new Map<string, CatalogueService>();
  readonly #names = new NameTable<CatalogueMatch>();
  /** By length of the block, longest first; within it by hash of the block's words. */
  readonly #blocks: { readonly bits: number; readonly byWords: Map<number, DatedBlock[]> }[] = [];
  /** By the first 16 bits of an IPv4 and of another address: 1 where some block has addresses that begin so. */
  readonly #beginnings4 = new Uint8Array(65_536);
  readonly #beginnings6 = new Uint8Array(65_536);
  readonly #changeTimes: number[] = [];

  private constructor(
    version: string,
    sha256: string,
    files: readonly CatalogueFile[],
    tables: InstitutionTables = NO_INSTITUTIONS,
    date: string | null = null,
  ) {
    this.version = version;
    this.date = date;
    this.sha256 = sha256;
    this.institutionTables = { version: tables.version, sha256: tables.sha256 };
    for (const file of files) {
      for (const pattern of file.patterns ?? []) this.#addPattern(file.category, pattern);
      for (const service of file.services) this.#addService(service);
    }
    for (const institution of tables.institutions) this.#addInstitution(institution);
    this.#blocks.sort((x, y) => y.bits - x.bits);
  }

  /** A catalogue of files that were read and checked elsewhere. Throws TypeError where an entry stands twice or is wrong. */
  static of(version: string, sha256: string, files: readonly CatalogueFile[]): Catalogue {
    return new Catalogue(version, sha256, files);
  }

  /** Reads the shipped catalogue and institutions. Throws EnclaveError when a file is missing or damaged. */
  static load(directory: string = DIRECTORY, institutionsDirectory?: string): Catalogue {
    const tables = readInstitutions(institutionsDirectory);
    const hash = createHash('sha256');
    let version: unknown = null;
    let date: unknown = null;
    const files: CatalogueFile[] = [];
    let place = directory;
    try {
      for (const name of readdirSync(directory).toSorted()) {
        if (!name.endsWith('.json')) continue;
        place = join(directory, name);
        const content = readFileSync(place);
        hash.update(`${name}\0${content.length}\0`).update(content);
        const parsed = JSON.parse(content.toString('utf8')) as CatalogueFile & { version?: unknown; date?: unknown };
        if (name === 'version.json') [version, date] = [parsed.version, parsed.date];
        else if (isCategory(parsed.category) && Array.isArray(parsed.services)) files.push(parsed);
        else throw new TypeError('not a catalogue file');
      }
      place = join(directory, 'version.json');
      if (typeof version !== 'string' || typeof date !== 'string') throw new TypeError('the catalogue has no version');
      hash.update(tables.sha256);
      return new Catalogue(version, hash.digest('hex'), files, tables, date);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new EnclaveError(
        'catalogue-damaged',
        `the catalogue cannot be read (${reason})`,
        place,
        'install Enclave again',
      );
    }
  }

  /** All services, in the order of their category and id. */
  services(): IterableIterator<CatalogueService> {
    return this.#services.values();
  }

  service(id: string): CatalogueService | null {
    return this.#services.get(id) ?? null;
  }

  /**
   * The institution whose host a name is: a university, laboratory, ministry, newspaper, mail firm or bank of a country, by
   * its own entry or by a suffix that a country keeps for its kind (then told by the label before the suffix, `mha.gov.in`). Null
   * for all others, and for services of no one country.
   */
  institutionOf(hostname: string): Institution | null {
    const match = this.byName(hostname);
    return match === null ? null : institutionOfMatch(match, hostname);
  }

  /**
   * The longest entry that a host name ends with, in whole labels: an exact name, then the longest suffix. ASCII letters
   * are compared without case (RFC 4343), one trailing dot is ignored. Null for names longer than 253 characters.
   */
  byName(hostname: string): CatalogueMatch | null {
    return this.#names.match(hostname);
  }

  /** The longest block that holds the address at a time (microseconds since the epoch); a NAT64 address stands for the IPv4 one in it (RFC 6052). */
  byAddress(a: number, b: number, c: number, d: number, timeUs: number): CatalogueMatch | null {
    if (a === 0x0064_ff9b && b === 0 && c === 0) return this.byAddress(0, 0, 0xffff, d, timeUs);
    const isPossible = isIpv4(a, b, c) ? this.#beginnings4[d >>> 16] : this.#beginnings6[a >>> 16];
    if (isPossible === 0) return null;
    for (const { bits, byWords } of this.#blocks) {
      const candidates = byWords.get(wordsHash(a, b, c, d, bits));
      if (candidates === undefined) continue;
      for (const { block, fromUs, untilUs, match } of candidates) {
        if (timeUs >= fromUs && timeUs < untilUs && blockContains(block, a, b, c, d)) return match;
      }
    }
    return null;
  }

  /** Microseconds since the epoch: between two of these, `byAddress` says the same at all times. */
  get changeTimes(): readonly number[] {
    return this.#changeTimes;
  }

  #addService(service: CatalogueService): void {
    if (this.#services.has(service.id)) throw new TypeError(`service ${service.id} stands twice`);
    this.#services.set(service.id, service);
    const { id, category, subcategory, owner, country = null } = service;
    const institution = institutionOfService(service);
    const named = { service: id, category, country, subcategory, owner, institution: institution ?? undefined };
    for (const name of service.domains) {
      const known = this.#names.suffix(name);
      if (known && known.kind !== 'pattern') throw new TypeError(`${name} stands twice`);
      this.#names.setSuffix(name, inOneShape({ ...named, pattern: name, kind: 'domain' }));
    }
    for (const name of service.exact) {
      if (this.#names.exact(name) !== null) throw new TypeError(`${name} stands twice`);
      this.#names.setExact(name, inOneShape({ ...named, pattern: name, kind: 'exact' }));
    }
    for (const prefix of service.prefixes) this.#addPrefix(service, prefix);
  }

  /** A service of the same domain says more, and stays. */
  #addInstitution(institution: Institution): void {
    const { domain, country } = institution;
    const known = this.#names.suffix(domain);
    if (known?.kind === 'institution' || known?.kind === 'pattern') throw new TypeError(`${domain} stands twice`);
    if (known !== null) return;
    const category = INSTITUTION_CLASSES[institution.class];
    const match = { service: null, category, country, pattern: domain, kind: 'institution', institution } as const;
    this.#names.setSuffix(domain, inOneShape(match));
  }

  #addPattern(category: Category, { suffix, country }: CataloguePattern): void {
    if (this.#names.suffix(suffix) !== null) return;
    const match = { service: null, category, country, pattern: `*.${suffix}`, kind: 'pattern' } as const;
    this.#names.setSuffix(suffix, inOneShape(match));
  }

  #addPrefix(service: CatalogueService, prefix: CataloguePrefix): void {
    const { id, category, subcategory, owner, country = null } = service;
    const block = parseBlock(prefix.cidr);
    const fromUs = prefix.from === undefined ? -Infinity : Date.parse(prefix.from) * 1000;
    const untilUs = prefix.to === undefined ? Infinity : Date.parse(prefix.to) * 1000 + DAY_US;
    if (block === null || !(fromUs < untilUs)) throw new TypeError(`${prefix.cidr} of ${id} is wrong`);
    let group = this.#blocks.find(({ bits }) => bits === block.bits);
    if (group === undefined) {
      group = { bits: block.bits, byWords: new Map() };
      this.#blocks.push(group);
    }
    this.#markBeginnings(block);
    if (prefix.from !== undefined) this.#changeTimes.push(fromUs);
    if (prefix.to !== undefined) this.#changeTimes.push(untilUs);
    const key = wordsHash(...block.words, block.bits);
    const pattern = formatBlock(block);
    const isFirms = service.blocksAreFirms;
    const match = inOneShape({
      service: id,
      category,
      country,
      pattern,
      kind: 'prefix',
      subcategory,
      owner,
      isFirms,
    });
    const same = group.byWords.get(key);
    if (same) same.push({ block, fromUs, untilUs, match });
    else group.byWords.set(key, [{ block, fromUs, untilUs, match }]);
  }

  #markBeginnings({ words, bits }: AddressBlock): void {
    const [a, b, c, d] = words;
    const mark = (beginnings: Uint8Array, word: number, given: number): void => {
      const first = word >>> 16;
      beginnings.fill(1, first, first + (given >= 16 ? 1 : 2 ** (16 - given)));
    };
    if (bits >= 96 && isIpv4(a, b, c)) mark(this.#beginnings4, d, bits - 96);
    else {
      // A block of fewer bits may hold the mapped form of IPv4, too.
      if (blockContains({ words, bits }, 0, 0, 0xffff, 0)) this.#beginnings4.fill(1);
      mark(this.#beginnings6, a, bits);
    }
  }
}

/** A host name as it is compared: ASCII letters in lower case, without the trailing dot of the root. */
function foldedName(hostname: string): string {
  const name = hostname.endsWith('.') ? hostname.slice(0, -1) : hostname;
  // toLowerCase() would fold other scripts' letters (U+212A) into ASCII and let them pass for a known name.
  return /[A-Z]/.test(name) ? name.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase()) : name;
}

function institutionOfService(service: CatalogueService): Institution | null {
  const { name, category, subcategory, country, domains } = service;
  const [domain] = domains;
  if (country === undefined || domain === undefined || NO_INSTITUTION.has(subcategory ?? '')) return null;
  const kind = subcategory === 'bank' ? 'bank' : CLASS_OF_CATEGORY[category];
  return kind === undefined ? null : { name, country, class: kind, domain };
}

/**
 * The institution whose host `hostname` is, when `byName` matched it so. Below a suffix that a country keeps for one kind the label
 * before the suffix tells institutions apart (`www.mha.gov.in`: `mha.gov.in`); the name is then not known and the domain stands for it.
 */
export function institutionOfMatch(match: CatalogueMatch, hostname: string): Institution | null {
  if (match.kind !== 'pattern') return match.institution ?? null;
  const kind = CLASS_OF_CATEGORY[match.category];
  if (kind === undefined) return null;
  const suffix = match.pattern.slice(2);
  const before = foldedName(hostname).slice(0, -suffix.length - 1);
  const label = before.slice(before.lastIndexOf('.') + 1);
  // `www.gov.uk` is the government's own site.
  const domain = label === '' || /^www\d*$/.test(label) ? suffix : `${label}.${suffix}`;
  return { name: domain, country: match.country, class: kind, domain };
}

/** A 32-bit hash of the first `bits` bits of an address. */
function wordsHash(a: number, b: number, c: number, d: number, bits: number): number {
  let hash = leading(a, bits);
  hash = Math.imul(hash, 31) + leading(b, bits - 32);
  hash = Math.imul(hash, 31) + leading(c, bits - 64);
  return (Math.imul(hash, 31) + leading(d, bits - 96)) | 0;
}

function leading(word: number, bits: number): number {
  if (bits <= 0) return 0;
  return bits >= 32 ? word | 0 : word & (-1 << (32 - bits));
}
