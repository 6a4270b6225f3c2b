import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { analyseCase } from '../../electron/analysis/analyse.ts';
import { Random } from '../../electron/analysis/statistics/random.ts';
import { CaseReader, type StoredInstitution } from '../../electron/casefile/case-reader.ts';
import type { Finding, ForeignPresenceFinding } from '../../shared/finding.ts';
import { parseAddress } from '../../shared/address.ts';
import type { Claim } from '../../shared/profile.ts';
import type { CountryTables } from '../../shared/table-says.ts';
import { FIRST_MONDAY, PLANTED_PROFILE, type PlantedFlow, plantCase } from './planted-case.ts';

const folder = mkdtempSync(join(tmpdir(), 'enclave-presence-'));
afterAll(() => rmSync(folder, { recursive: true }));
let cases = 0;

const HOUR = 3_600_000_000;
const DAY = 24 * HOUR;
const DAYS = 28;

const place = (country: string): number => country.charCodeAt(0) * 256 + country.charCodeAt(1);

const INSTITUTIONS: Record<string, StoredInstitution> = {};
for (const [domain, country, kind] of [
  ['iitg.ac.in', 'IN', 'education'],
  ['du.ac.in', 'IN', 'education'],
  ['thehindu.com', 'IN', 'news'],
  ['isro.gov.in', 'IN', 'government'],
  ['sbi.co.in', 'IN', 'bank'],
  ['um.edu.my', 'MY', 'education'],
  ['thestar.com.my', 'MY', 'news'],
  ['unknown.example', null, 'education'],
] as const) {
  INSTITUTIONS[`${domain} (${country ?? ''})`] = { name: domain, country, class: kind, domain };
}

/** Codes that no country has. */
const countryOf = (rank: number): string =>
  (rank < 10 ? 'Q' : rank < 20 ? 'X' : 'Z') + String.fromCharCode(65 + (rank % 10));

/** The kinds of institution that a reader of many countries meets. */
const MANY = ['news', 'paper', 'university', 'authority', 'bank'];
for (let rank = 0; rank < 30; rank++) {
  const code = countryOf(rank);
  for (const kind of MANY) {
    const domain = `${kind}.${code.toLowerCase()}`;
    const of = { paper: 'news', university: 'education', authority: 'government' }[kind] ?? kind;
    INSTITUTIONS[`${domain} (${code})`] = { name: domain, country: code, class: of, domain };
  }
}
for (const domain of ['iitg.ac.in', 'du.ac.in', 'thehindu.com', 'isro.gov.in', 'sbi.co.in']) {
  const of = domain === 'sbi.co.in' ? 'bank' : 'news';
  INSTITUTIONS[`${domain} (IN news)`] = { name: domain, country: 'IN', class: of, domain };
}

function findingsOf(
  flows: PlantedFlow[],
  options: { rows?: number; claims?: Claim[]; tables?: CountryTables } = {},
): Finding[] {
  const path = join(folder, `${cases++}.enclave`);
  const { rows, claims = [], tables = null } = options;
  const profile = { ...PLANTED_PROFILE, globalServices: ['facebook'], claims };
  plantCase(path, [{ path: 'one.pcap', flows }], {
    profile,
    institutions: INSTITUTIONS,
    ...(rows === undefined ? {} : { rows }),
  });
  const reader = new CaseReader(path);
  try {
    return analyseCase(reader, { tables });
  } finally {
    reader.close();
  }
}

function presencesOf(flows: PlantedFlow[], tables?: CountryTables): Map<string, ForeignPresenceFinding> {
  const found = findingsOf(flows, tables && { tables }).filter((finding) => finding.kind === 'foreign-presence');
  return new Map(found.map((finding) => [finding.country, finding]));
}

function flow(day: number, country: string, more: Partial<PlantedFlow> = {}): PlantedFlow {
  return { start: FIRST_MONDAY + day * DAY + 9 * HOUR, ...more, columns: { country: place(country), ...more.columns } };
}

/** Four weeks of plain use of sites in the United States. */
const PLAIN = Array.from({ length: DAYS * 20 }, (_, i) => flow(Math.floor(i / 20), 'US', { category: 'web' }));

/** On every second day one flow with each of five institutions of India, and one with a site there. */
const INDIA = Array.from({ length: DAYS / 2 }, (_, i) => i * 2).flatMap((day) => [
  ...['iitg.ac.in', 'du.ac.in', 'thehindu.com', 'isro.gov.in', 'sbi.co.in'].map((domain) =>
    flow(day, 'IN', { category: 'education', texts: { match: `${domain} (IN)` } }),
  ),
  ...Array.from({ length: 15 }, () => flow(day, 'IN')),
]);

/** Torrent peers, a VPN's exits, a cloud and a global service in other countries: more than all else. */
const DECOYS = Array.from({ length: DAYS * 10 }, (_, i) => Math.floor(i / 10)).flatMap((day) => [
  flow(day, 'NZ', { category: 'p2p', protocol: 'bittorrent' }),
  flow(day, 'NZ', { category: 'p2p', protocol: 'edonkey' }),
  flow(day, 'NL', { category: 'vpn' }),
  flow(day, 'SG', { category: 'cloud', service: 'aws' }),
  flow(day, 'IE', { category: 'social', service: 'facebook' }),
]);

describe('presence in a country', () => {
  const found = presencesOf([...PLAIN, ...INDIA, ...DECOYS]);

  it('is flagged by its own institutions in several classes on many days', () => {
    const india = found.get('IN');
    expect(india).toMatchObject({
      verdict: 'supported',
      flagged: true,
      numerator: INDIA.length,
      denominator: PLAIN.length + INDIA.length + DECOYS.length,
      classes: { education: 2, news: 1, government: 1, bank: 1 },
      daysActive: 14,
    });
    expect(india?.localOrganisations[0]).toEqual({ name: 'du.ac.in', class: 'education', daysActive: 14 });
    expect(india?.statement).toMatch(
      /involved addresses placed in India \(IN\).*5 institutions of its own.*driven by education/,
    );
    expect(india?.score).toBeGreaterThan(0.7);
    expect(Object.keys(india?.shareBy ?? {})).toEqual(['flows', 'bytes', 'packets']);
  });

  it('is not flagged by volume that says nothing of a country', () => {
    for (const country of ['NZ', 'NL', 'SG', 'IE', 'US']) {
      expect(found.get(country)).toMatchObject({ verdict: 'not-supported', flagged: false });
    }
    for (const country of ['NZ', 'NL', 'SG', 'IE']) expect(found.get(country)?.withoutGlobalServices).toBe(0);
    expect(found.get('NZ')?.caveats.map(({ id }) => id)).toContain('mostly-global');
    expect(found.get('NZ')?.share).toBeGreaterThan(found.get('IN')?.share ?? 1);
  });

  it('tells what else there is with a country', () => {
    const text = (country: string, id: string): string =>
      found.get(country)?.caveats.find((each) => each.id === id)?.text ?? '';
    expect(text('NZ', 'mostly-global')).toMatch(/100(\.0)? % with peers of file sharing and coins/);
    expect(text('IE', 'mostly-global')).toMatch(/with global services/);
    expect(text('NL', 'vpn-there')).toMatch(/^280 activity flows are with VPN services placed in Netherlands \(NL\)/);
    expect(text('IN', 'mostly-global')).toBe('');
    const ids = presencesOf(INDIA.map((each) => ({ ...each, sampling: 100 })))
      .get('IN')
      ?.caveats.map(({ id }) => id);
    expect(ids).toContain('sampled-visits');
  });

  it('is not flagged for one who reads the sites of many countries', () => {
    // Four weeks, thirty countries, the first of them most: papers, a university, an authority and a bank of each.
    const random = Random.seeded(11);
    const reader = Array.from({ length: 30 }, (_, rank) => {
      const code = countryOf(rank);
      return MANY.flatMap((kind) =>
        Array.from({ length: DAYS }, (_each, day) => day)
          .filter(() => random.below(1000) < 900 / Math.sqrt(rank + 1))
          .map((day) =>
            flow(day, code, { category: 'news', texts: { match: `${kind}.${code.toLowerCase()} (${code})` } }),
          ),
      );
    }).flat();
    const told = presencesOf([...PLAIN, ...reader]);
    const deep = [...told.values()].filter(({ localOrganisations }) => localOrganisations.length === MANY.length);
    expect(deep.length).toBeGreaterThan(20);
    expect([...told.values()].filter(({ flagged }) => flagged)).toEqual([]);
    expect(deep[0]?.caveats.map(({ id }) => id)).toContain('like-other-countries');
    // And one that stands out of them still is.
    const stays = presencesOf([...PLAIN, ...reader.filter((_, i) => i % 7 === 0), ...INDIA, ...INDIA]);
    expect([...stays.values()].filter(({ flagged }) => flagged).map(({ country }) => country)).toEqual(['IN']);
  });

  it('is not flagged by papers alone', () => {
    const papers = INDIA.map((each) =>
      each.texts === undefined
        ? each
        : { ...each, texts: { match: each.texts.match?.replace(' (IN)', ' (IN news)') ?? '' } },
    );
    expect(presencesOf([...PLAIN, ...papers]).get('IN')).toMatchObject({
      flagged: false,
      classes: { news: 4, bank: 1 },
    });
  });

  it('counts what is served from elsewhere for its own country, not for where it stands', () => {
    const hosted = INDIA.map((each) => ({ ...each, columns: { country: place('SG') } }));
    const told = presencesOf([...PLAIN, ...hosted.filter(({ texts }) => texts !== undefined)]);
    expect(told.get('SG')?.withoutGlobalServices).toBe(0);
    expect(told.get('SG')?.caveats.find(({ id }) => id === 'mostly-global')?.text).toMatch(
      /services of another country/,
    );
    expect(told.get('IN')?.withoutGlobalServices).toBeGreaterThan(0.1);
    expect(told.get('IN')).toMatchObject({ flagged: true, numerator: 0 });
  });

  it('needs more than a few visits', () => {
    const once = ['um.edu.my', 'thestar.com.my'].flatMap((domain) =>
      Array.from({ length: 30 }, (_, i) => flow(i % 3, 'MY', { texts: { match: `${domain} (MY)` } })),
    );
    expect(presencesOf([...PLAIN, ...once]).get('MY')).toMatchObject({
      flagged: false,
      classes: { education: 1, news: 1 },
    });
  });

  it('knows an institution wherever it is hosted', () => {
    const hosted = INDIA.map((each) => ({ ...each, columns: { country: place('US') } }));
    expect(presencesOf([...PLAIN, ...hosted]).get('IN')).toMatchObject({ share: 0, classes: { education: 2 } });
  });

  it('does not depend on the cut of segments, and answers claims', () => {
    const claim = (id: string, subject: string, expected: Claim['expected']): Claim => ({
      id,
      text: 'Claimed.',
      source: 'Test',
      kind: 'foreign-presence',
      subject,
      expected,
    });
    const claims = [
      claim('T1', 'countries', { list: ['IN'] }),
      claim('T2', 'countries', { list: ['IN', 'NZ'] }),
      claim('T3', 'country:IN category:education', { value: 2 }),
      claim('T4', 'country:IN category:education', { value: 7 }),
      claim('T5', 'country:IN', { value: 0.12, tolerance: 0.01 }),
    ];
    const flows = [...PLAIN, ...INDIA, ...DECOYS];
    const findings = findingsOf(flows, { claims });
    expect(findingsOf(flows, { claims, rows: 131 })).toEqual(findings);
    const verdicts = findings.flatMap((finding) => (finding.kind === 'claim-check' ? [finding.verdictOnClaim] : []));
    expect(verdicts).toEqual(['holds', 'refuted', 'holds', 'refuted', 'holds']);
  });
});

describe('presence under each country table', () => {
  /** Where the peers of a country are, by what the labels say: 198.51.100.x, x the country's place in this list. */
  const COUNTRIES = ['US', 'IN', 'NZ', 'NL', 'SG', 'IE'];
  const at = (flows: PlantedFlow[], last: (i: number, country: string) => number): PlantedFlow[] =>
    flows.map((each, i) => {
      const packed = each.columns?.country ?? 0;
      const country = String.fromCharCode(packed >>> 8, packed & 0xff);
      return { ...each, responder: `198.51.100.${last(i, country)}` };
    });
  const planted = at([...PLAIN, ...INDIA, ...DECOYS], (_, country) => COUNTRIES.indexOf(country));
  /** Two tables, of which the first is that of the labels; the second places every peer by the last octet of its address. */
  const tables = (second: (last: number) => string | null): CountryTables => ({
    countries: (_a, _b, _c, d) => [
      { table: 'first', date: '2017-07-01', says: COUNTRIES[d & 0xff] ?? 'US' },
      { table: 'second', date: null, says: second(d & 0xff) },
    ],
  });
  const without = presencesOf(planted);

  it('is that of the labels where all tables agree, or know nothing', () => {
    const found = presencesOf(
      planted,
      tables((last) => (last === 0 ? null : (COUNTRIES[last] ?? null))),
    );
    for (const [country, { byTable, statement, ...finding }] of found) {
      const { share, withoutGlobalServices, flagged } = finding;
      expect(byTable).toEqual([
        { table: 'first', date: '2017-07-01', share, withoutGlobalServices, flagged },
        { table: 'second', date: null, share, withoutGlobalServices, flagged },
      ]);
      const { byTable: none, statement: plain, ...same } = without.get(country) ?? { byTable: null, statement: '' };
      expect(none).toEqual([]);
      expect(finding).toEqual(same);
      expect(statement.replace(' by each of 2 country tables', '')).toBe(plain);
    }
    expect(found.get('IN')?.flagged).toBe(true);
  });

  it('is what the case would say if the labels had been made by that table', () => {
    // India's addresses lie in New Zealand, those of the torrent peers there in India.
    const swapped = (last: number): string => ({ 1: 'NZ', 2: 'IN' })[last] ?? COUNTRIES[last] ?? 'US';
    const found = presencesOf(planted, tables(swapped));
    const relabelled = planted.map((each) => {
      const last = parseAddress(each.responder ?? '')?.[3] ?? 0;
      return { ...each, columns: { ...each.columns, country: place(swapped(last & 0xff)) } };
    });
    const other = presencesOf(relabelled);
    for (const [country, { share, withoutGlobalServices, flagged }] of other) {
      expect(found.get(country)?.byTable?.[1]).toEqual({
        table: 'second',
        date: null,
        share,
        withoutGlobalServices,
        flagged,
      });
    }
    expect(found.get('IN')?.statement).toMatch(
      /placed in India \(IN\) \(\d+(\.\d+)? % to \d+(\.\d+)? % by single country tables\); of the/,
    );
    // Presence goes by the names of institutions, so that it is told all the same, and the share is not.
    expect(found.get('IN')).toMatchObject({ verdict: 'supported', flagged: true });
    expect(found.get('IN')?.caveats.find(({ id }) => id === 'tables-differ')?.text).toMatch(
      /^The share depends on the country table: \d+(\.\d+)? % by first \(of 2017-07-01\) and \d+(\.\d+)? % by second\.$/,
    );
  });

  it('cannot be told where it hangs on the table', () => {
    // By the second table what is elsewhere lies in thirty countries, each with more than India has.
    const institutions = INDIA.filter(({ texts }) => texts !== undefined);
    const flows = at([...PLAIN, ...PLAIN, ...PLAIN, ...PLAIN, ...institutions], (i, country) =>
      country === 'IN' ? 1 : 100 + (i % 30),
    );
    const claims: Claim[] = [
      {
        id: 'X1',
        text: 'Presence in India',
        source: 'made up',
        kind: 'foreign-presence',
        subject: 'IN',
        expected: { verdict: 'supported' },
      },
    ];
    const split = tables((last) => (last === 1 ? 'IN' : countryOf(last - 100)));
    const found = findingsOf(flows, { tables: split, claims });
    const india = found.find((finding) => finding.kind === 'foreign-presence' && finding.country === 'IN');
    expect(india).toMatchObject({
      verdict: 'insufficient-data',
      flagged: false,
      byTable: [{ flagged: true }, { flagged: false }],
    });
    const why = 'Whether India (IN) meets what presence is told by depends on the country table';
    expect(india?.caveats.find(({ id }) => id === 'tables-decide')?.text).toBe(
      `${why}: it does by first (of 2017-07-01), it does not by second.`,
    );
    expect(found.find(({ kind }) => kind === 'claim-check')).toMatchObject({ verdictOnClaim: 'cannot-be-told' });
  });

  it('leaves what the profile places where it is', () => {
    const placed = planted.map((each) => ({ ...each, columns: { ...each.columns, country: place('KP') } }));
    const found = presencesOf(
      placed,
      tables(() => 'CN'),
    );
    expect(found.get('KP')?.byTable?.map(({ share }) => share)).toEqual([1, 1]);
  });
});
