import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { getPublicSuffix, parse } from 'tldts';
import { describe, expect, test } from 'vitest';
import { Catalogue, type CatalogueFile } from '../../electron/classify/catalogue.ts';
import { readInstitutions } from '../../electron/classify/institutions.ts';

/** The catalogue against the Public Suffix List: what many share names nobody. */

const DIRECTORY = join(import.meta.dirname, '../../electron/classify/catalogue');
const services = [...Catalogue.load().services()];
const { institutions } = readInstitutions();
const patterns = readdirSync(DIRECTORY)
  .filter((file) => file !== 'version.json')
  .flatMap((file) => (JSON.parse(readFileSync(join(DIRECTORY, file), 'utf8')) as CatalogueFile).patterns ?? []);

/** Top levels that one firm runs for itself. */
const OWN_TOP_LEVELS = ['goog'];
/** In the list as a suffix, yet one body's own site. */
const ONE_BODY = ['parliament.nz'];

describe('public suffixes', () => {
  test('no service stands for a suffix under which anybody registers names', () => {
    const names = services.flatMap(({ id, domains, exact }) =>
      [...domains, ...exact].map((name) => [id, name] as const),
    );
    expect(names.length).toBeGreaterThan(2000);
    const wrong = names.filter(([, name]) => getPublicSuffix(name) === name && !OWN_TOP_LEVELS.includes(name));
    expect(wrong).toEqual([]);
  });

  test('domains that hosting firms hand out to customers name only the firm', () => {
    const carriers = services.filter(({ domains }) =>
      domains.some((name) => {
        const { isPrivate, publicSuffix } = parse(name, { allowPrivateDomains: true });
        return isPrivate === true && publicSuffix === name;
      }),
    );
    const wrong = carriers.filter(({ category }) => !['cloud', 'infra', 'vpn'].includes(category));
    expect(wrong.map(({ id, domains }) => [id, ...domains])).toEqual([]);
    expect(carriers.map(({ id }) => id)).toContain('github');
  });

  test('no institution stands for a public suffix or lies on a shared host', () => {
    const wrong = institutions.filter(({ domain }) => {
      if (ONE_BODY.includes(domain)) return false;
      const { isPrivate, publicSuffix } = parse(domain, { allowPrivateDomains: true });
      return isPrivate === true || publicSuffix === domain || publicSuffix === null;
    });
    expect(wrong).toEqual([]);
  });

  test('a suffix that a country keeps for its institutions is its own or a public one', () => {
    const endings: Readonly<Record<string, string>> = { GB: 'uk', US: '' };
    const wrong = patterns.filter(({ suffix, country }) => {
      const ending = endings[country] ?? country.toLowerCase();
      return ending !== '' && !suffix.endsWith(`.${ending}`);
    });
    expect(wrong).toEqual([]);
    const open = patterns.filter(({ suffix }) => getPublicSuffix(suffix) !== suffix).map(({ suffix }) => suffix);
    // One body's own domain each, or suffixes that the list leaves out.
    expect(open.toSorted()).toEqual([
      'ac.ru',
      'admin.ch',
      'bund.de',
      'canada.ca',
      'edu.ru',
      'ernet.in',
      'gov.ru',
      'mil.ru',
      'mod.uk',
      'parliament.uk',
      'ras.ru',
    ]);
  });
});
