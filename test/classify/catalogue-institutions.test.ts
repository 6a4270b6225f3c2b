import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { Catalogue } from '../../electron/classify/catalogue.ts';
import { FlowLabeller, type LabelSources, type SegmentFactsView } from '../../electron/classify/flow-labeller.ts';
import { INSTITUTIONS_DIRECTORY, readInstitutions } from '../../electron/classify/institutions.ts';
import { allocateColumn, FACT_COLUMNS, type FactColumn } from '../../shared/flow.ts';
import { CATEGORIES } from '../../shared/vocabulary.ts';

const catalogue = Catalogue.load();
const { institutions } = readInstitutions();

function told(hostname: string): string | null {
  const institution = catalogue.institutionOf(hostname);
  return institution && `${institution.name} ${institution.country} ${institution.class} ${institution.domain}`;
}

describe('who a host belongs to', () => {
  test.each([
    ['www.iitg.ac.in', 'Indian Institute of Technology Guwahati IN education iitg.ac.in'],
    ['WWW.IITG.AC.IN.', 'Indian Institute of Technology Guwahati IN education iitg.ac.in'],
    ['www.du.ac.in', 'University of Delhi IN education du.ac.in'],
    ['physics.mcgill.ca', 'McGill University CA education mcgill.ca'],
    ['www.uem.mz', 'Eduardo Mondlane University MZ education uem.mz'],
    ['www.nrsc.gov.in', 'National Remote Sensing Centre (ISRO) IN research nrsc.gov.in'],
    ['www.mea.gov.in', 'Ministry of External Affairs IN government mea.gov.in'],
    ['portal.nowhere.gov.in', 'nowhere.gov.in IN government nowhere.gov.in'],
    ['x.y.nowhere.gov.in', 'nowhere.gov.in IN government nowhere.gov.in'],
    ['www.gov.uk', 'gov.uk GB government gov.uk'],
    ['gov.uk', 'gov.uk GB government gov.uk'],
    ['nowhere.ac.in', 'nowhere.ac.in IN education nowhere.ac.in'],
    ['m.nzherald.co.nz', 'The New Zealand Herald NZ news nzherald.co.nz'],
    ['www.maybank2u.com.my', 'Maybank MY bank maybank2u.com.my'],
    ['mail.rediffmail.com', 'Rediffmail IN mail rediffmail.com'],
    ['www.annauniv.edu', 'Anna University IN education annauniv.edu'],
    ['www.un.org', 'United Nations null government un.org'],
    ['www.facebook.com', null],
    ['arxiv.org', null],
    ['iitg.ac.in.example.net', null],
    ['notiitg.example', null],
    ['', null],
    ['10.0.0.1', null],
  ])('%s', (hostname, expected) => {
    expect(told(hostname)).toBe(expected);
  });

  test('any host below an institution is its, any that only ends alike is not', () => {
    const plain = institutions.filter(({ domain }) => catalogue.byName(domain)?.kind === 'institution');
    expect(plain.length).toBeGreaterThan(10_000);
    fc.assert(
      fc.property(fc.stringMatching(/^[a-wyz0-9]{1,8}$/), fc.constantFrom(...plain), (label, institution) => {
        const below = catalogue.institutionOf(`${label}q.${institution.domain}`);
        // Another institution or service may lie below, never above.
        expect(below?.domain.endsWith(institution.domain) ?? true).toBe(true);
        expect(catalogue.institutionOf(`${label}q${institution.domain}`)?.domain).not.toBe(institution.domain);
      }),
      { seed: 11, numRuns: 500 },
    );
  });
});

describe('traps of the source lists', () => {
  test.each([
    // In one list only, or in none.
    ['www.ukm.my', 'Universiti Kebangsaan Malaysia MY education ukm.my'],
    ['www.tu.edu.np', 'Tribhuvan University NP education tu.edu.np'],
    ['www.pust.net', 'Pyongyang University of Science and Technology KP education pust.net'],
    // Under a wrong name in one of them.
    ['www.utoronto.ca', 'University of Toronto CA education utoronto.ca'],
    // net.kp is no public suffix: only the whole name is known.
    ['mail.silibank.net.kp', 'Silibank KP mail silibank.net.kp'],
    ['other.net.kp', null],
    // Mail firms and schools stand among the universities.
    ['gmail.com', null],
    ['outlook.com', null],
    ['newtown.k12.ct.us', null],
    ['government.ind.in', null],
    // .edu is American but for these.
    ['www.skku.edu', 'SungKyunKwan University null education skku.edu'],
    ['www.lau.edu', 'Lebanese American University null education lau.edu'],
    ['www.mit.edu', 'Massachusetts Institute of Technology US education mit.edu'],
    // A certificate check or an update is no visit to a security firm, and none of these is anybody's institution.
    ['s1.symcb.com', null],
    ['www.thuraya.com', null],
  ])('%s', (hostname, expected) => {
    expect(told(hostname)).toBe(expected);
  });
});

describe('the tables', () => {
  test('rows are sorted, once each, in plain lower case, with country codes, sources and clean names', () => {
    const { sources } = JSON.parse(readFileSync(join(INSTITUTIONS_DIRECTORY, 'sources.json'), 'utf8')) as {
      sources: { key: string }[];
    };
    const keys = new Set(sources.map(({ key }) => key));
    for (const file of ['banks.tsv', 'government.tsv', 'research.tsv', 'universities.tsv']) {
      const lines = readFileSync(join(INSTITUTIONS_DIRECTORY, file), 'utf8').trimEnd().split('\n');
      const wrong = lines.filter((line) => {
        const [domain = '', country = '', name = '', source = '', ...more] = line.split('\t');
        return (
          more.length > 0 ||
          !/^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*$/.test(domain) ||
          !/^([A-Z]{2})?$/.test(country) ||
          !/^[^\p{Cc}\p{Cf}]{2,120}$/u.test(name) ||
          source.split(', ').some((key) => !keys.has(key))
        );
      });
      expect([file, ...wrong]).toEqual([file]);
      const domains = lines.map((line) => line.split('\t')[0] ?? '');
      expect([file, new Set(domains).size]).toEqual([file, domains.length]);
      expect(lines).toEqual(lines.toSorted());
    }
    expect(new Set(institutions.map(({ domain }) => domain)).size).toBe(institutions.length);
  });

  test('no institution hides a service: none lies below a service that stands for nobody of its kind', () => {
    const hidden = institutions.filter(({ domain }) => {
      const above = catalogue.byName(domain.slice(domain.indexOf('.') + 1));
      return catalogue.byName(domain)?.kind === 'institution' && above !== null && above.service !== null;
    });
    expect(hidden).toEqual([]);
  });

  test('no institution takes the place of a suffix under which a country keeps many', () => {
    for (const suffix of ['gov.ru', 'govt.nz', 'canada.ca', 'gov.uk', 'ras.ru', 'mil.kr'])
      expect(catalogue.institutionOf(`www.nowhere.${suffix}`)?.domain).toBe(`nowhere.${suffix}`);
  });

  test('the countries of the study have universities, ministries, laboratories, papers, mail and banks', () => {
    const known = new Set(institutions.map((institution) => `${institution.country} ${institution.class}`));
    for (const { domains } of catalogue.services()) {
      const institution = catalogue.institutionOf(domains[0] ?? '');
      if (institution !== null) known.add(`${institution.country} ${institution.class}`);
    }
    const missing = ['IN', 'MY', 'NZ', 'NP', 'KE', 'MZ', 'ID'].flatMap((country) =>
      ['education', 'government', 'research', 'news', 'mail', 'bank']
        .map((kind) => `${country} ${kind}`)
        .filter((key) => !known.has(key)),
    );
    expect(missing).toEqual([]);
    const indian = new Set(institutions.filter(({ country }) => country === 'IN').map(({ name }) => name));
    expect(indian.size).toBeGreaterThan(500);
  });

  const scratch = mkdtempSync(join(tmpdir(), 'enclave-institutions-'));
  afterAll(() => rmSync(scratch, { recursive: true, force: true }));

  test('their hash is part of the catalogue’s, a damaged table is told by its file', () => {
    const directory = join(scratch, 'copy');
    cpSync(INSTITUTIONS_DIRECTORY, directory, { recursive: true });
    expect(Catalogue.load(undefined, directory).sha256).toBe(catalogue.sha256);
    const file = join(directory, 'banks.tsv');
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replace('Maybank', 'Maibank'));
    const other = Catalogue.load(undefined, directory);
    expect(other.sha256).not.toBe(catalogue.sha256);
    expect(other.institutionTables.sha256).not.toBe(catalogue.institutionTables.sha256);
    writeFileSync(file, `no line of a table\n${text}`);
    expect(() => Catalogue.load(undefined, directory)).toThrow(expect.objectContaining({ place: file }));
    rmSync(file);
    expect(() => Catalogue.load(undefined, directory)).toThrow(/banks\.tsv not found/);
  });
});

describe('labels', () => {
  test('a host of an institution gets category and name, and the institution can be counted', () => {
    const names = ['www.iitg.ac.in', 'mail.iitg.ac.in', 'x.nowhere.gov.in', 'www.du.ac.in', 'www.example.com'];
    const columns = {
      name: Uint32Array.from(names, (_, index) => index + 1),
      transport: new Uint8Array(names.length).fill(6),
    };
    const facts: SegmentFactsView = {
      rows: names.length,
      column: (column: FactColumn) =>
        column === 'name' || column === 'transport'
          ? columns[column]
          : allocateColumn(FACT_COLUMNS[column], names.length),
      dictionary: (column) => (column === 'name' ? names : []),
    };
    const terms: string[] = [];
    const sources: LabelSources = {
      catalogue,
      reference: { country: () => 0, network: () => 0, organisation: () => null, changeTimes: [] },
      memory: { hasAnswers: false, hasLogNames: false, byUid: () => null, byAddress: () => false },
      profile: {
        name: 'plain',
        timeZone: 'UTC',
        ranges: [],
        excluded: [],
        servers: [],
        events: [],
        watchLists: {},
        globalServices: [],
        groups: {},
        claims: [],
        mappings: [],
      },
      termNumber: (id) => (terms.includes(id) ? terms.indexOf(id) + 1 : terms.push(id)),
      termId: (number) => terms[number - 1] ?? null,
    };
    const labeller = new FlowLabeller(sources);
    const labels = labeller.label(facts);
    const text = (column: 'category' | 'service', row: number): string | undefined =>
      terms[(labels.columns[column]?.[row] ?? 0) - 1];
    expect(names.map((_, row) => text('category', row))).toEqual([
      'education',
      'education',
      'government',
      'education',
      'unknown',
    ]);
    expect(names.map((_, row) => text('service', row))).toEqual([
      undefined,
      undefined,
      undefined,
      'delhi-university',
      undefined,
    ]);
    expect(labels.dictionaries.match).toEqual([
      'iitg.ac.in (Indian Institute of Technology Guwahati, IN)',
      'nowhere.gov.in (*.gov.in, IN)',
      'du.ac.in',
    ]);
    expect([...labeller.institutions.keys()]).toEqual(labels.dictionaries.match);
    expect(labeller.institutions.get('du.ac.in')).toEqual({
      name: 'University of Delhi',
      country: 'IN',
      class: 'education',
      domain: 'du.ac.in',
    });
    expect(labeller.institutionsLeftOut).toBe(0);
  });

  test('classes are categories that exist', () => {
    const categories = new Set(institutions.map(({ domain }) => catalogue.byName(domain)?.category ?? 'none'));
    expect([...categories].filter((category) => !Object.hasOwn(CATEGORIES, category))).toEqual([]);
  });
});
