import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { EnclaveError } from '../../shared/problem.ts';
import type { Category } from '../../shared/vocabulary.ts';

/**
 * Institutions: organisations of a country that its people deal with (universities, laboratories, ministries, papers, banks), so that
 * those contacted can be counted and named. The tables lie in `institutions/`, one file a class, one line a domain:
 * `domain TAB country TAB name TAB sources`, sorted by domain. `universities.tsv` is compiled by `build/compile-institutions.ts`,
 * the others are written by hand. A name says who an institution is, never who used it.
 */

/** Kinds of institution and the category of a flow to one of which no more is known. */
export const INSTITUTION_CLASSES = {
  education: 'education',
  research: 'research',
  government: 'government',
  news: 'news',
  mail: 'email',
  bank: 'reference',
} as const satisfies Record<string, Category>;

export type InstitutionClass = keyof typeof INSTITUTION_CLASSES;

export interface Institution {
  /** As its own list writes it; the domain where no list knows the name. */
  readonly name: string;
  /** ISO 3166-1 alpha-2 code of the institution's country; null when not known. */
  readonly country: string | null;
  readonly class: InstitutionClass;
  /** The institution's own domain, by which it is told from others. */
  readonly domain: string;
}

/** One list that tables were compiled or written from, as in `institutions/sources.json`. */
export interface InstitutionSource {
  readonly key: string;
  /** Package of the npm registry, with version and SHA-512; none for what was written by hand. */
  readonly package?: string;
  readonly version?: string;
  readonly integrity?: string;
  /** Day that the data describe (ISO 8601). */
  readonly dataDate: string;
  readonly licence: string;
  readonly attribution: string;
}

/** The tables and the class of their rows. */
const TABLES: Readonly<Record<string, InstitutionClass>> = {
  'banks.tsv': 'bank',
  'government.tsv': 'government',
  'research.tsv': 'research',
  'universities.tsv': 'education',
};

export const INSTITUTIONS_DIRECTORY = join(import.meta.dirname, 'institutions');

export interface InstitutionTables {
  readonly version: string;
  /** SHA-256 (hex) over names and contents of the directory's files in alphabetical order. */
  readonly sha256: string;
  readonly institutions: readonly Institution[];
}

/** Reads the tables. Throws EnclaveError when a file is missing or damaged. */
export function readInstitutions(directory: string = INSTITUTIONS_DIRECTORY): InstitutionTables {
  const hash = createHash('sha256');
  const institutions: Institution[] = [];
  const missing = new Set(Object.keys(TABLES));
  let version: unknown = null;
  let place = directory;
  try {
    for (const file of readdirSync(directory).toSorted()) {
      if (!file.endsWith('.tsv') && file !== 'sources.json') continue;
      place = join(directory, file);
      const content = readFileSync(place);
      hash.update(`${file}\0${content.length}\0`).update(content);
      const text = content.toString('utf8');
      if (file === 'sources.json') {
        version = (JSON.parse(text) as { version?: unknown }).version;
        continue;
      }
      const kind = TABLES[file];
      if (kind === undefined) throw new TypeError('not a table of institutions');
      missing.delete(file);
      for (const line of text.split('\n')) if (line !== '') institutions.push(institutionOfLine(line, kind));
    }
    place = directory;
    if (missing.size > 0) throw new TypeError(`${[...missing].join(', ')} not found`);
    if (typeof version !== 'string') throw new TypeError('the tables of institutions have no version');
    return { version, sha256: hash.digest('hex'), institutions };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new EnclaveError(
      'catalogue-damaged',
      `the institutions cannot be read (${reason})`,
      place,
      'install Enclave again',
    );
  }
}

function institutionOfLine(line: string, kind: InstitutionClass): Institution {
  const [domain = '', country = '', name = '', sources = ''] = line.split('\t');
  if (domain === '' || name === '' || sources === '') throw new TypeError(`not an institution: ${line.slice(0, 80)}`);
  return { name, country: country === '' ? null : country, class: kind, domain };
}
