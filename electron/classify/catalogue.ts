import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { blockContains, formatBlock, parseBlock, type AddressBlock } from '../../shared/address.ts';
import { EnclaveError } from '../../shared/problem.ts';
import { type Category, isCategory } from '../../shared/vocabulary.ts';

/**
 * The catalogue: which host names and address blocks belong to which service. Its source is one JSON file a category in
 * `catalogue/`, read as it stands.
 *
 * A block names a service only if nothing but that service's owner uses it. Blocks of clouds, content networks, carriers,
 * hosting firms, protection services (their customers) and antivirus makers (automatic look-ups) name none.
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
  /** Each stands for itself and all names below it. */
  readonly domains: readonly string[];
  /** Each stands for itself only. */
  readonly exact: readonly string[];
  readonly prefixes: readonly CataloguePrefix[];
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
  /** Null for a country pattern. */
  readonly service: string | null;
  readonly category: Category;
  /** ISO 3166-1 alpha-2 code of the service's or pattern's country; null when it has none. */
  readonly country: string | null;
  /** The name, suffix (`*.gov.in` for a country pattern) or CIDR block that matched. */
  readonly pattern: string;
  readonly kind: 'domain' | 'exact' | 'pattern' | 'prefix';
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

/** Longest host name in text form (RFC 1035, 3.1: 255 octets on the wire). */
const LONGEST_NAME = 253;

export class Catalogue {
  readonly version: string;
  /** SHA-256 (hex) over names and contents of the catalogue's files in alphabetical order. */
  readonly sha256: string;
  readonly #services = new Map<string, CatalogueService>();
  readonly #exact = new Map<string, CatalogueMatch>();
  readonly #suffixes = new Map<string, CatalogueMatch>();
  /** By length of the block, longest first; within it by hash of the block's words. */
  readonly #blocks: { readonly bits: number; readonly byWords: Map<number, DatedBlock[]> }[] = [];

  private constructor(version: string, sha256: string, files: readonly CatalogueFile[]) {
    this.version = version;
    this.sha256 = sha256;
    for (const file of files) {
      for (const pattern of file.patterns ?? []) this.#addPattern(file.category, pattern);
      for (const service of file.services) this.#addService(service);
    }
    this.#blocks.sort((x, y) => y.bits - x.bits);
  }

  /** Reads the shipped catalogue. Throws EnclaveError when a file is missing or damaged. */
  static load(directory: string = DIRECTORY): Catalogue {
    const hash = createHash('sha256');
    let version: unknown = null;
    const files: CatalogueFile[] = [];
    let place = directory;
    try {
      for (const name of readdirSync(directory).toSorted()) {
        if (!name.endsWith('.json')) continue;
        place = join(directory, name);
        const content = readFileSync(place);
        hash.update(`${name}\0${content.length}\0`).update(content);
        const parsed = JSON.parse(content.toString('utf8')) as CatalogueFile & { version?: unknown };
        if (name === 'version.json') version = parsed.version;
        else if (isCategory(parsed.category) && Array.isArray(parsed.services)) files.push(parsed);
        else throw new TypeError('not a catalogue file');
      }
      place = join(directory, 'version.json');
      if (typeof version !== 'string') throw new TypeError('the catalogue has no version');
      return new Catalogue(version, hash.digest('hex'), files);
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
   * The longest entry that a host name ends with, in whole labels: an exact name, then the longest suffix. ASCII letters
   * are compared without case (RFC 4343), one trailing dot is ignored. Null for names longer than 253 characters.
   */
  byName(hostname: string): CatalogueMatch | null {
    let name = hostname.endsWith('.') ? hostname.slice(0, -1) : hostname;
    if (name.length > LONGEST_NAME) return null;
    // toLowerCase() would fold other scripts' letters (U+212A) into ASCII and let them pass for a known name.
    if (/[A-Z]/.test(name)) name = name.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase());
    const exact = this.#exact.get(name);
    if (exact) return exact;
    for (let at = 0; ;) {
      const match = this.#suffixes.get(at === 0 ? name : name.slice(at));
      if (match) return match;
      const dot = name.indexOf('.', at);
      if (dot < 0) return null;
      at = dot + 1;
    }
  }

  /** The longest block that holds the address at a time (microseconds since the epoch). */
  byAddress(a: number, b: number, c: number, d: number, timeUs: number): CatalogueMatch | null {
    for (const { bits, byWords } of this.#blocks) {
      const candidates = byWords.get(wordsHash(a, b, c, d, bits));
      if (candidates === undefined) continue;
      for (const { block, fromUs, untilUs, match } of candidates) {
        if (timeUs >= fromUs && timeUs < untilUs && blockContains(block, a, b, c, d)) return match;
      }
    }
    return null;
  }

  #addService(service: CatalogueService): void {
    if (this.#services.has(service.id)) throw new TypeError(`service ${service.id} stands twice`);
    this.#services.set(service.id, service);
    const { id, category, country = null } = service;
    for (const name of service.domains) {
      const known = this.#suffixes.get(name);
      if (known && known.kind !== 'pattern') throw new TypeError(`${name} stands twice`);
      this.#suffixes.set(name, { service: id, category, country, pattern: name, kind: 'domain' });
    }
    for (const name of service.exact) {
      if (this.#exact.has(name)) throw new TypeError(`${name} stands twice`);
      this.#exact.set(name, { service: id, category, country, pattern: name, kind: 'exact' });
    }
    for (const prefix of service.prefixes) this.#addPrefix(service, prefix);
  }

  #addPattern(category: Category, { suffix, country }: CataloguePattern): void {
    if (this.#suffixes.has(suffix)) return;
    this.#suffixes.set(suffix, { service: null, category, country, pattern: `*.${suffix}`, kind: 'pattern' });
  }

  #addPrefix(service: CatalogueService, prefix: CataloguePrefix): void {
    const { id, category, country = null } = service;
    const block = parseBlock(prefix.cidr);
    const fromUs = prefix.from === undefined ? -Infinity : Date.parse(prefix.from) * 1000;
    const untilUs = prefix.to === undefined ? Infinity : Date.parse(prefix.to) * 1000 + DAY_US;
    if (block === null || !(fromUs < untilUs)) throw new TypeError(`${prefix.cidr} of ${id} is wrong`);
    let group = this.#blocks.find(({ bits }) => bits === block.bits);
    if (group === undefined) {
      group = { bits: block.bits, byWords: new Map() };
      this.#blocks.push(group);
    }
    const key = wordsHash(...block.words, block.bits);
    const match: CatalogueMatch = { service: id, category, country, pattern: formatBlock(block), kind: 'prefix' };
    const same = group.byWords.get(key);
    if (same) same.push({ block, fromUs, untilUs, match });
    else group.byWords.set(key, [{ block, fromUs, untilUs, match }]);
  }
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
