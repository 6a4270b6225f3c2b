import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { analyseCase } from '../../electron/analysis/analyse.ts';
import { wilsonInterval } from '../../electron/analysis/statistics/wilson-interval.ts';
import { CaseReader } from '../../electron/casefile/case-reader.ts';
import { compileFilter } from '../../electron/casefile/flow-selection.ts';
import { parseFilter } from '../../shared/filter/parse-filter.ts';
import type { Finding } from '../../shared/finding.ts';
import { SEGMENT_ROWS } from '../../shared/flow.ts';
import { FIRST_MONDAY, PLANTED_PROFILE, type PlantedFlow, plantCase } from './planted-case.ts';

const folder = mkdtempSync(join(tmpdir(), 'enclave-lists-'));
afterAll(() => rmSync(folder, { recursive: true }));
let cases = 0;

const DAY = 86_400_000_000;

const OPTIONS = {
  profile: {
    ...PLANTED_PROFILE,
    watchLists: {
      'security-vendors': ['kaspersky.com', 'mcafee.com', '198.51.100.0/24', 'AS64500'],
      never: ['nobody.example'],
    },
  },
  services: {
    antpool: { subcategory: 'mining', country: 'CN' },
    coinbase: { subcategory: 'exchange', country: 'US' },
  },
};

/** The findings, and how many flows the `where` of each selects. */
function findingsOf(flows: PlantedFlow[], rows?: number): { finding: Finding; selected: number }[] {
  const path = join(folder, `${cases++}.enclave`);
  plantCase(path, [{ path: 'one.pcap', flows }], { ...OPTIONS, ...(rows === undefined ? {} : { rows }) });
  const reader = new CaseReader(path);
  try {
    const mask = new Uint8Array(SEGMENT_ROWS);
    return analyseCase(reader).map((finding) => {
      const selection = compileFilter(parseFilter(finding.where), reader);
      let selected = 0;
      for (const segment of reader.segments()) {
        selection.mark(segment, mask);
        for (let row = 0; row < segment.rows; row++) selected += mask[row];
      }
      return { finding, selected };
    });
  } finally {
    reader.close();
  }
}

/** Ten days of plain use. */
const PLAIN: PlantedFlow[] = Array.from({ length: 200 }, (_, i) => ({
  start: FIRST_MONDAY + Math.floor(i / 20) * DAY + (i % 20) * 3_600e6,
  texts: { name: 'www.example.org' },
}));

const visit = (day: number, more: Partial<PlantedFlow>): PlantedFlow => ({
  start: FIRST_MONDAY + day * DAY + 10 * 3_600e6,
  ...more,
});

describe('watch lists', () => {
  const found = findingsOf(
    [
      ...PLAIN,
      visit(1, { texts: { name: 'www.Kaspersky.com' } }),
      visit(1, { texts: { name: 'support.kaspersky.com' } }),
      visit(2, { texts: { linkedName: 'mcafee.com' } }),
      visit(4, { texts: { name: 'kaspersky.com' }, initiator: '175.45.176.11' }),
      visit(5, { responder: '198.51.100.7' }),
      visit(6, { columns: { asn: 64_500 } }),
      visit(7, { texts: { name: 'dl.kaspersky.com' }, category: 'update' }),
      visit(7, { texts: { name: 'dl.kaspersky.com' }, category: 'infra', protocol: 'dns' }),
      visit(9, { texts: { linkedName: 'www.kaspersky.com' }, category: 'infra', protocol: 'dns' }),
      visit(8, { texts: { name: 'notkaspersky.com' } }),
      visit(8, { texts: { name: 'kaspersky.com.evil.example' } }),
    ],
    37,
  ).filter(({ finding }) => finding.kind === 'watch-list');

  it('are met by names under a domain, address blocks and networks, not by names that look alike', () => {
    const met = found[0];
    expect(met?.finding).toMatchObject({
      list: 'security-vendors',
      verdict: 'supported',
      daysActive: 5,
      shareOfDays: 0.5,
      numerator: 5,
      denominator: 10,
    });
    expect(met?.finding.kind === 'watch-list' && met.finding.members).toEqual([
      { member: 'kaspersky.com', daysActive: 2, flows: 3 },
      { member: '198.51.100.0/24', daysActive: 1, flows: 1 },
      { member: 'AS64500', daysActive: 1, flows: 1 },
      { member: 'mcafee.com', daysActive: 1, flows: 1 },
    ]);
  });

  it('count updates and questions to DNS apart, and select exactly their flows', () => {
    const met = found[0];
    expect(met?.finding.caveats.find(({ id }) => id === 'questions-apart')?.text).toMatch(/^2 further flows/);
    expect(met?.finding.caveats.find(({ id }) => id === 'updates-apart')?.text).toMatch(/^1 further flows/);
    expect(met?.selected).toBe(6);
  });

  it('say so when nothing was met', () => {
    expect(found[1]?.finding).toMatchObject({ list: 'never', verdict: 'not-supported', value: 0, members: [] });
    expect(found[1]?.selected).toBe(0);
  });
});

describe('cryptocurrency', () => {
  const node = (day: number): PlantedFlow => visit(day, { category: 'crypto', protocol: 'bitcoin', service: null });
  const crypto = (flows: PlantedFlow[]): ReturnType<typeof findingsOf> =>
    findingsOf([...PLAIN, ...flows]).filter(({ finding }) => finding.kind === 'cryptocurrency');

  it('keeps node, pool and exchange apart', () => {
    const found = crypto([
      ...[3, 4, 5].map(node),
      ...[5, 6].map((day) => visit(day, { category: 'crypto', protocol: 'stratum', service: 'antpool' })),
      ...[5, 7].map((day) => visit(day, { category: 'crypto', protocol: 'tls', service: 'antpool' })),
      ...[1, 2, 3, 4].map((day) => visit(day, { category: 'crypto', protocol: 'tls', service: 'coinbase' })),
    ]);
    expect(
      found.map(({ finding, selected }) => [
        finding.kind === 'cryptocurrency' && [finding.role, finding.coin],
        finding.verdict,
        finding.numerator,
        selected,
      ]),
    ).toEqual([
      [['node-activity', null], 'supported', 3, 3],
      [['pool-mining', null], 'supported', 4, 4],
      [['wallet-or-exchange', null], 'supported', 4, 4],
      [['node-activity', 'bitcoin'], 'supported', 3, 3],
    ]);
    expect(found[0]?.finding.caveats.map(({ id }) => id)).toContain('node-is-no-miner');
    expect(found[0]?.finding.statement).not.toMatch(/mining/);
    expect(found[1]?.finding.caveats.map(({ id }) => id)).toContain('no-hash-rate');
    expect(found[1]?.finding).toMatchObject({ perDay: 0.4, hosts: 1, daysActive: 3 });
  });

  it('suspects a proxy behind many sessions with one pool', () => {
    const sessions = Array.from({ length: 60 }, () =>
      visit(5, { category: 'crypto', protocol: 'stratum', service: 'antpool' }),
    );
    const pool = crypto(sessions)[1]?.finding;
    expect(pool?.caveats.find(({ id }) => id === 'proxy-suspected')?.text).toContain('60 sessions');
    expect(pool?.verdict).toBe('not-supported');
  });

  it('tells no mining by likeness: most of its flows only behave so', () => {
    const like = (day: number): PlantedFlow =>
      visit(day, { category: 'crypto', protocol: 'unknown', service: null, labelEvidence: 'behaviour' });
    const known = visit(2, { category: 'crypto', protocol: 'stratum', service: 'antpool' });
    const pool = crypto([...[2, 3, 4].map(like), known])[1]?.finding;
    expect(pool).toMatchObject({ verdict: 'insufficient-data', numerator: 4, daysActive: 3 });
    expect(pool?.statement).toContain('behave like mining with a pool');
    expect(crypto([like(2), known, { ...known, start: known.start + DAY }])[1]?.finding.verdict).toBe('supported');
  });

  it('finds none where there is none', () => {
    for (const { finding, selected } of crypto([])) {
      expect(finding).toMatchObject({ verdict: 'not-supported', value: 0, numerator: 0 });
      expect(selected).toBe(0);
    }
  });
});

describe('the Wilson interval', () => {
  // Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
  it.each([
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ])('%i of %i', (hits, trials, low, high) => {
    const [from, to] = wilsonInterval(hits, trials, 0.95);
    expect(from).toBeCloseTo(low, 4);
    expect(to).toBeCloseTo(high, 4);
  });
});
