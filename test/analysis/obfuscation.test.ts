import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { analyseCase } from '../../electron/analysis/analyse.ts';
import { characterEntropy, registeredDomain } from '../../electron/analysis/dns-tunnels.ts';
import { Random } from '../../electron/analysis/statistics/random.ts';
import { CaseReader } from '../../electron/casefile/case-reader.ts';
import { compileFilter } from '../../electron/casefile/flow-selection.ts';
import { parseFilter } from '../../shared/filter/parse-filter.ts';
import type { ObfuscationFinding } from '../../shared/finding.ts';
import { SEGMENT_ROWS } from '../../shared/flow.ts';
import { FIRST_MONDAY, type PlantedFlow, plantCase } from './planted-case.ts';

const folder = mkdtempSync(join(tmpdir(), 'enclave-obfuscation-'));
afterAll(() => rmSync(folder, { recursive: true }));
let cases = 0;

const HOUR = 3_600_000_000;
const DAY = 24 * HOUR;

function obfuscationOf(
  flows: PlantedFlow[],
  rows?: number,
): Map<string, { finding: ObfuscationFinding; selected: number }> {
  const path = join(folder, `${cases++}.enclave`);
  const services = {
    nordvpn: { subcategory: 'provider', country: null },
    'google-dns': { subcategory: 'encrypted-dns', country: null },
  };
  plantCase(path, [{ path: 'one.pcap', flows }], { services, ...(rows === undefined ? {} : { rows }) });
  const reader = new CaseReader(path);
  try {
    const mask = new Uint8Array(SEGMENT_ROWS);
    const found = analyseCase(reader).flatMap((finding) => {
      if (finding.kind !== 'obfuscation') return [];
      const selection = compileFilter(parseFilter(finding.where), reader);
      let selected = 0;
      for (const segment of reader.segments()) {
        selection.mark(segment, mask);
        for (let row = 0; row < segment.rows; row++) selected += mask[row];
      }
      return [[`${finding.technique} ${finding.metric ?? ''}`, { finding, selected }] as const];
    });
    return new Map(found);
  } finally {
    reader.close();
  }
}

/** Ten days, a hundred flows each, a thousand in all. */
const PLAIN: PlantedFlow[] = Array.from({ length: 1000 }, (_, i) => ({
  start: FIRST_MONDAY + Math.floor(i / 100) * DAY + (i % 20) * HOUR + i,
  initiator: `175.45.176.${10 + (i % 10)}`,
}));

const at = (day: number, more: Partial<PlantedFlow>): PlantedFlow => ({
  start: FIRST_MONDAY + day * DAY + 10 * HOUR,
  initiator: '175.45.177.77',
  ...more,
});

describe('obfuscation', () => {
  it('counts each technique by protocol and by providing service, and all together', () => {
    const found = obfuscationOf(
      [
        ...PLAIN,
        ...[1, 2, 3, 4].map((day) => at(day, { protocol: 'openvpn', category: 'vpn' })),
        ...[3, 4].map((day) => at(day, { protocol: 'tls', category: 'vpn', service: 'nordvpn' })),
        ...[5, 6].map((day) => at(day, { protocol: 'tor', category: 'vpn' })),
        at(7, { protocol: 'unknown', columns: { transport: 47 } }),
        at(8, { protocol: 'tls', category: 'vpn', service: 'google-dns' }),
        at(8, { protocol: 'unknown', category: 'vpn', labelEvidence: 'behaviour' }),
      ],
      113,
    );
    const summary = ['all', 'vpn', 'tor', 'proxy', 'tunnel', 'dns-tunnel'].map((technique) => {
      const each = found.get(`${technique} flows`);
      return [technique, each?.finding.numerator, each?.selected, each?.finding.verdict, each?.finding.hosts];
    });
    expect(summary).toEqual([
      ['all', 10, 10, 'supported', 1],
      ['vpn', 7, 7, 'supported', 1],
      ['tor', 2, 2, 'supported', 1],
      ['proxy', 0, 0, 'not-supported', 0],
      ['tunnel', 1, 1, 'not-supported', 1],
      ['dns-tunnel', 0, 0, 'not-supported', 0],
    ]);
    const all = found.get('all flows')?.finding;
    expect(all?.share).toBeCloseTo(10 / 1011, 9);
    expect(all?.caveats.map(({ id }) => id)).toEqual(
      expect.arrayContaining(['tls-apart', 'by-behaviour', 'encrypted-dns-apart']),
    );
  });

  it('bounds what might have stayed unseen when none is seen', () => {
    const none = obfuscationOf(PLAIN).get('all flows')?.finding;
    const hostHours = new Set(PLAIN.map(({ start, initiator }) => `${initiator} ${Math.floor(start / HOUR - 0.5)}`))
      .size;
    expect(none).toMatchObject({ verdict: 'not-supported', value: 0, numerator: 0 });
    expect(none?.interval?.[0]).toBe(0);
    expect(none?.interval?.[1]).toBeCloseTo(3 / hostHours, 3);
  });

  const openvpn = { protocol: 'openvpn', category: 'vpn' } as const;
  /** So many flows a day of ten. */
  const daily = (count: number, more: Partial<PlantedFlow>): PlantedFlow[] =>
    Array.from({ length: 10 * count }, (_, i) => at(i % 10, { ...more, initiator: '175.45.176.200' }));

  it('reaches from the share without what no rule names to that with all of it', () => {
    const vpn = daily(1, openvpn).filter((_, i) => i !== 3);
    const withThem = (more: Partial<PlantedFlow>): ObfuscationFinding | undefined =>
      obfuscationOf([...PLAIN, ...vpn, ...daily(5, more)]).get('vpn flows')?.finding;
    const open = withThem({ protocol: 'unknown', category: 'unknown' });
    expect(open).toMatchObject({ verdict: 'supported', numerator: 9, denominator: 1059 });
    expect(open?.value).toBe(withThem({})?.value);
    expect(open?.interval).toEqual([withThem({})?.interval?.[0], withThem(openvpn)?.interval?.[1]]);
    expect(open?.statement).toContain(', with or without the 4.7 % that no rule names) used virtual private networks');
    expect(open?.caveats.map(({ id }) => id)).toContain('unnamed-activity');
  });

  it('counts a tunnel that no rule names as a tunnel only', () => {
    const gre = daily(5, { protocol: 'unknown', category: 'unknown', columns: { transport: 47 } });
    const found = obfuscationOf([...PLAIN, ...gre]);
    for (const technique of ['tunnel', 'all']) {
      const tunnel = found.get(`${technique} flows`)?.finding;
      expect(tunnel?.numerator).toBe(50);
      expect(tunnel?.caveats.map(({ id }) => id)).not.toContain('unnamed-activity');
    }
  });

  it('bounds what might have stayed unseen by what no rule names, and tells too much of it', () => {
    const unnamed = { protocol: 'unknown', category: 'unknown' } as const;
    const some = obfuscationOf([...PLAIN, ...daily(5, unnamed)]).get('tor flows')?.finding;
    expect(some).toMatchObject({ verdict: 'not-supported', value: 0 });
    expect(some?.interval?.[1]).toBeCloseTo(50 / 1050, 8);
    expect(some?.statement).toContain('might stay unseen, the 4.8 % that no rule names among it');
    const most = obfuscationOf([...PLAIN, ...daily(30, unnamed)]).get('tor flows')?.finding;
    expect(most).toMatchObject({ verdict: 'insufficient-data', value: 0 });
    expect(most?.caveats.map(({ id }) => id)).toContain('too-much-unnamed');
  });
});

const LETTERS = 'abcdefghijklmnopqrstuvwxyz234567';

/** Questions under a domain, each with `length` random letters before it. */
function questions(count: number, length: number, domain: string, initiator = '175.45.176.50'): PlantedFlow[] {
  const random = Random.seeded(7);
  return Array.from({ length: count }, (_, i) => {
    const word = Array.from({ length }, () => LETTERS[random.below(32)] ?? '').join('');
    return {
      start: FIRST_MONDAY + (i % 3) * DAY + 8 * HOUR + i * 1e6,
      initiator,
      category: 'infra',
      protocol: 'dns',
      columns: { transport: 17, responderPort: 53 },
      texts: { name: `${word.slice(0, 60)}.${word.slice(60)}${length > 60 ? '.' : ''}${domain}` },
    };
  });
}

describe('tunnels in DNS questions', () => {
  it('are found by many different long names under one domain', () => {
    const found = obfuscationOf([...PLAIN, ...questions(300, 90, 't.example.com')]).get('dns-tunnel flows');
    expect(found?.finding).toMatchObject({ verdict: 'supported', numerator: 300, hosts: 1, daysActive: 3 });
    expect(found?.selected).toBe(300);
    expect(found?.finding.statement).toContain('175.45.176.50');
  });

  it('are found where a log of names was joined with the flows, and scaled where they are sampled', () => {
    const joined = questions(300, 90, 't.example.com').map(({ texts, ...flow }) => ({
      ...flow,
      sampling: 10,
      texts: { linkedName: texts?.name ?? '' },
    }));
    const found = obfuscationOf([...PLAIN, ...joined]).get('dns-tunnel flows');
    expect(found?.finding).toMatchObject({ verdict: 'supported', numerator: 3000, hosts: 1 });
    expect(found?.selected).toBe(300);
  });

  it.each<[string, PlantedFlow[]]>([
    ['few names', questions(80, 90, 't.example.com')],
    ['short names', questions(300, 12, 'cdn.example.com')],
    ['names asked again and again', [...questions(120, 90, 'x.example'), ...questions(120, 90, 'x.example')]],
    ['reputation look-ups', questions(300, 60, 'avqs.mcafee.com')],
    ['reverse look-ups', questions(300, 60, 'ip6.arpa')],
  ])('are not %s', (_, flows) => {
    expect(obfuscationOf([...PLAIN, ...flows]).get('dns-tunnel flows')?.finding.numerator).toBe(0);
  });

  it('are cut at the domain that was registered', () => {
    expect(registeredDomain('a.b.Example.com.')).toEqual({ domain: 'example.com', before: 'a.b' });
    expect(registeredDomain('x.lib.edu.cn')).toEqual({ domain: 'lib.edu.cn', before: 'x' });
    expect(registeredDomain('t.co.uk')).toEqual({ domain: 't.co.uk', before: '' });
    expect(characterEntropy('abab')).toBe(1);
    expect(characterEntropy('abcdefgh')).toBe(3);
  });
});
