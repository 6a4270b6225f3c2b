import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { analyseCase } from '../../electron/analysis/analyse.ts';
import { Random } from '../../electron/analysis/statistics/random.ts';
import { CaseReader } from '../../electron/casefile/case-reader.ts';
import { countMatches } from '../../electron/casefile/flow-page.ts';
import { compileFilter } from '../../electron/casefile/flow-selection.ts';
import { parseFilter } from '../../shared/filter/parse-filter.ts';
import type {
  DailyRhythmFinding,
  Finding,
  MaliciousActivityFinding,
  ReconnaissanceFinding,
} from '../../shared/finding.ts';
import { CONN_STATES, type ConnState, ICMP, TCP, UDP } from '../../shared/flow.ts';
import type { Profile } from '../../shared/profile.ts';
import { FIRST_MONDAY, PLANTED_PROFILE, type PlantedFlow, plantCase } from './planted-case.ts';

const folder = mkdtempSync(join(tmpdir(), 'enclave-probes-'));
afterAll(() => rmSync(folder, { recursive: true }));
let cases = 0;

const SECOND = 1_000_000;
const HOUR = 3600 * SECOND;
const DAY = 24 * HOUR;
const HOST = '175.45.176.20';

interface Told {
  findings: Finding[];
  probes: ReconnaissanceFinding[];
  detectors: MaliciousActivityFinding;
  selected: (where: string) => number;
}

function analysed<T>(flows: PlantedFlow[], look: (told: Told) => T, options: Parameters<typeof plantCase>[2] = {}): T {
  const path = join(folder, `${cases++}.enclave`);
  plantCase(path, [{ path: 'one.pcap', flows }], options);
  const reader = new CaseReader(path);
  try {
    const findings = analyseCase(reader);
    const detectors = findings.find((finding) => finding.kind === 'malicious-activity');
    if (detectors === undefined) throw new Error('no finding about detectors');
    return look({
      findings,
      probes: findings.filter((finding) => finding.kind === 'reconnaissance'),
      detectors,
      selected: (where) => countMatches(reader, compileFilter(parseFilter(where), reader)).total,
    });
  } finally {
    reader.close();
  }
}

const outbound = ({ probes }: Told): ReconnaissanceFinding[] =>
  probes.filter(({ direction }) => direction === 'outbound');
const inbound = ({ probes }: Told): ReconnaissanceFinding[] =>
  probes.filter(({ direction }) => direction === 'inbound');
const caveat = (finding: Finding | undefined, id: string): string | undefined =>
  finding?.caveats.find((each) => each.id === id)?.text;

interface Contact {
  at: number;
  to: string;
  port: number;
  from?: string;
  state?: ConnState;
  transport?: number;
  flags?: number;
  ownPort?: number;
  out?: number;
  into?: number;
}

/** One flow; a lone SYN by default. */
function contact(
  { at, to, port, from = HOST, state = 'S0', ...more }: Contact,
  rest: Partial<PlantedFlow> = {},
): PlantedFlow {
  const { columns, ...others } = rest;
  return {
    start: FIRST_MONDAY + at,
    initiator: from,
    responder: to,
    category: 'unknown',
    protocol: 'unknown',
    labelEvidence: 'none',
    ...others,
    columns: {
      initiatorPort: more.ownPort ?? 40_000,
      responderPort: port,
      transport: more.transport ?? TCP,
      state: CONN_STATES.indexOf(state),
      tcpFlags: more.flags ?? 0,
      packetsOut: more.out ?? 1,
      packetsIn: more.into ?? 0,
      ...columns,
    },
  };
}

/** Ten days of browsing by six hosts: most contacts succeed, one in twelve fails. */
function browsing(seed = 1): PlantedFlow[] {
  const random = Random.seeded(seed);
  return Array.from({ length: 3000 }, () =>
    contact(
      {
        at: random.below(10 * 24 * 3600) * SECOND,
        from: `175.45.176.${20 + random.below(6)}`,
        to: `203.0.${random.below(4)}.${1 + random.below(200)}`,
        port: random.below(5) === 0 ? 80 : 443,
        state: random.below(12) === 0 ? 'S0' : 'SF',
        out: 6,
        into: 8,
      },
      { category: 'web', protocol: 'tls', labelEvidence: 'payload' },
    ),
  );
}

function sweep(count: number, more: Partial<Contact> = {}): PlantedFlow[] {
  return Array.from({ length: count }, (_, i) =>
    contact({ at: 3 * DAY + i * 2 * SECOND, to: `14.139.${Math.floor(i / 200)}.${1 + (i % 200)}`, port: 445, ...more }),
  );
}

const portsOf = (count: number, more: Partial<Contact> = {}): PlantedFlow[] =>
  Array.from({ length: count }, (_, i) =>
    contact({ at: 3 * DAY + i * SECOND, to: '14.139.64.9', port: 1 + i, ...more }),
  );

function daily(days: number, flows: number, gap: number, more: Partial<Contact> = {}): PlantedFlow[] {
  return Array.from({ length: days * flows }, (_, i) =>
    contact({
      at: (1 + Math.floor(i / flows)) * DAY + (i % flows) * gap,
      to: '14.139.64.9',
      port: 3389,
      state: 'REJ',
      into: 1,
      ...more,
    }),
  );
}

describe('reconnaissance', () => {
  it('finds many failed targets of one port, and selects exactly those flows', () => {
    analysed([...browsing(), ...sweep(45)], (told) => {
      const [finding, ...others] = outbound(told);
      expect(others).toEqual([]);
      expect(finding).toMatchObject({
        verdict: 'supported',
        source: HOST,
        shape: 'horizontal',
        targets: 45,
        numerator: 45,
        denominator: 45,
        targetPorts: ['tcp/445'],
        reflectionRuledOut: true,
        from: '2017-04-26T15:30:00.000000Z',
      });
      expect(finding?.statement).toMatch(
        /^Possible reconnaissance, opened from inside the ranges: .*What for cannot be told\.$/,
      );
      expect(told.selected(finding?.where ?? '')).toBe(45);
      expect(told.detectors).toMatchObject({ verdict: 'supported', hits: 1 });
      expect(told.detectors.detectors.find(({ id }) => id === 'scan-out')).toMatchObject({ hits: 1, hosts: [HOST] });
      expect(told.selected(told.detectors.where)).toBe(45);
    });
  });

  it('leaves probes that no label marks as scans out of the daily rhythm', () => {
    const rhythm = ({ findings }: Told): DailyRhythmFinding | undefined =>
      findings.find((finding) => finding.kind === 'daily-rhythm' && finding.metric === 'flows') as
        DailyRhythmFinding | undefined;
    const quiet = analysed(browsing(), (told) => rhythm(told));
    analysed([...browsing(), ...sweep(900, { from: '175.45.176.200' })], (told) => {
      const finding = rhythm(told);
      expect(finding?.profile).toEqual(quiet?.profile);
      expect(finding?.numerator).toBe(3000);
      expect(told.selected(finding?.where ?? '')).toBe(3000);
      expect(caveat(finding, 'probes-left-out')).toMatch(/^900 activity flows in the shape of probes/);
    });
    expect(caveat(quiet, 'probes-left-out')).toBeUndefined();
  });

  it('takes probes that no rule names for the use of no group', () => {
    analysed([...browsing(), ...sweep(900, { from: '175.45.176.200' })], ({ findings }) => {
      const shares = findings.filter((finding) => finding.kind === 'activity-share' && finding.metric !== 'host-hours');
      expect(shares.length).toBeGreaterThan(0);
      for (const share of shares) {
        expect(share).toMatchObject({ unnamedShare: 0, numerator: 0, interval: null, verdict: 'not-supported' });
        expect(share.denominator).toBeGreaterThan(0);
      }
    });
  });

  it('finds many ports of one target', () => {
    analysed([...browsing(), ...portsOf(40)], (told) => {
      const [finding] = outbound(told);
      expect(finding).toMatchObject({ shape: 'vertical', targets: 1, denominator: 40 });
      expect(told.selected(finding?.where ?? '')).toBe(40);
    });
  });

  it('finds one target probed day after day, but not a program that retries all day', () => {
    analysed([...browsing(), ...daily(4, 20, 3 * SECOND)], (told) => {
      const [finding] = outbound(told);
      expect(finding).toMatchObject({ shape: 'repeated-probe', targets: 1, denominator: 80 });
      expect(told.selected(finding?.where ?? '')).toBe(80);
      expect(caveat(finding, 'may-be-retries')).toBeDefined();
    });
    analysed([...browsing(), ...daily(4, 20, 1.1 * HOUR)], (told) => {
      const [finding] = outbound(told);
      expect(finding).toMatchObject({ verdict: 'not-supported', source: null });
      expect(caveat(finding, 'shapes-ruled-out')).toContain('1 that retry all day');
    });
  });

  it('finds a sweep by echo requests', () => {
    analysed([...browsing(), ...sweep(45, { transport: ICMP, ownPort: 8, port: 0 })], (told) => {
      expect(outbound(told)[0]).toMatchObject({ shape: 'horizontal', targets: 45, targetPorts: ['icmp'] });
    });
  });

  it('names the classes of targets', () => {
    const flows = sweep(45).map((flow, i) => (i < 3 ? { ...flow, texts: { match: 'nrsc.gov.in' } } : flow));
    const institution = { name: 'NRSC', country: 'IN', class: 'research', domain: 'nrsc.gov.in' };
    analysed(
      [...browsing(), ...flows],
      (told) => {
        expect(outbound(told)[0]?.targetClasses).toEqual({ research: 3, unknown: 42 });
        expect(outbound(told)[0]?.statement).toContain('targets of known class: research 3');
      },
      { institutions: { 'nrsc.gov.in': institution } },
    );
  });

  it('is silent where nothing is, and says what the least is', () => {
    for (const seed of [1, 2, 3]) {
      analysed(browsing(seed), (told) => {
        expect(told.probes.map(({ verdict }) => verdict)).toEqual(['not-supported', 'insufficient-data']);
        expect(outbound(told)[0]?.statement).toContain('30 failed targets of one port in an hour');
        expect(told.detectors).toMatchObject({ verdict: 'not-supported', hits: 0 });
        expect(told.detectors.statement).toContain('is not ruled out');
      });
    }
  });

  it.each<[string, PlantedFlow[]]>([
    ['too few targets', sweep(25)],
    ['answers of a flooded server, SYN-ACK alone', sweep(300, { state: null, flags: 0x12, ownPort: 80, port: 40_001 })],
    ['RST alone', sweep(300, { state: null, flags: 0x14, ownPort: 1200, port: 40_001 })],
    ['UDP answers out of a reflector’s port', sweep(300, { transport: UDP, state: null, ownPort: 3283, port: 7777 })],
    ['UDP questions to a reflector’s port', sweep(300, { transport: UDP, state: null, port: 3283 })],
    ['a resolver', sweep(300, { transport: UDP, state: null, port: 53 })],
    ['groups', sweep(300, { transport: UDP, state: null, port: 7777, to: '239.255.255.250' })],
    [
      'a mail server of which a third of the peers are gone',
      sweep(300, { port: 25 }).map((flow, i) =>
        i % 3 === 0 ? flow : { ...flow, columns: { ...flow.columns, state: CONN_STATES.indexOf('SF'), packetsIn: 9 } },
      ),
    ],
    [
      'a peer of an overlay',
      sweep(300, { port: 6881 }).flatMap((flow, i) => [flow, ...(i % 9 === 0 ? [{ ...flow, category: 'p2p' }] : [])]),
    ],
    [
      'half an hour without a way out',
      Array.from({ length: 300 }, (_, i) =>
        contact({
          at: 3 * DAY + i * 5 * SECOND,
          from: `175.45.176.${20 + (i % 6)}`,
          to: `203.0.9.${1 + (i % 250)}`,
          port: i % 6 === 0 ? 993 : 443,
        }),
      ),
    ],
  ])('does not take for a probe: %s', (_, flows) => {
    analysed([...browsing(), ...flows], (told) => {
      expect(outbound(told).map(({ verdict }) => verdict)).toEqual(['not-supported']);
    });
  });

  it('rules an hour without a way out aside by name', () => {
    const dead = Array.from({ length: 100 }, (_, i) => [
      contact({ at: 3 * DAY + i * 5 * SECOND, from: '175.45.176.21', to: `203.0.9.${1 + i}`, port: 443 }),
      contact({ at: 3 * DAY + i * 5 * SECOND, to: `203.0.8.${1 + i}`, port: 993 }),
    ]).flat();
    analysed([...browsing(), ...dead], (told) => {
      expect(caveat(outbound(told)[0], 'shapes-ruled-out')).toContain('while contacts with the web failed too');
    });
  });

  it('tells probes into the ranges in a table of their own, and not forged ones', () => {
    const into = (flow: PlantedFlow): PlantedFlow => ({ ...flow, subjectSide: 'responder' });
    const strangers = ['198.51.100.7', '198.51.100.8'].flatMap((from, k) =>
      Array.from({ length: 60 + k }, (_, i) =>
        into(contact({ at: DAY + i * SECOND, from, to: `175.45.177.${1 + i}`, port: 23 })),
      ),
    );
    const forged = Array.from({ length: 12 * 30 }, (_, i) =>
      into(
        contact({
          at: DAY + i * SECOND,
          from: `192.0.2.${1 + (i % 12)}`,
          to: '175.45.177.9',
          port: 1 + Math.floor(i / 12),
        }),
      ),
    );
    analysed([...browsing(), ...strangers, ...forged], (told) => {
      const [all, ...largest] = inbound(told);
      expect(all).toMatchObject({ verdict: 'supported', source: null, value: 2, targets: 61 });
      expect(all?.sources.map(({ source, targets }) => [source, targets])).toEqual([
        ['198.51.100.8', 61],
        ['198.51.100.7', 60],
      ]);
      expect(caveat(all, 'shapes-ruled-out')).toContain('1 targets probed by many sources at once');
      expect(largest.map(({ source }) => source)).toEqual(['198.51.100.8', '198.51.100.7']);
      expect(largest.map(({ where }) => told.selected(where))).toEqual([61, 60]);
      expect(outbound(told)[0]?.verdict).toBe('not-supported');
      expect(told.detectors.hits).toBe(0);
    });
  });

  it('reads a lone SYN of sampled data only, and tells how large a probe must be', () => {
    const sampled = (flow: PlantedFlow): PlantedFlow => ({ ...flow, sampling: 100 });
    const seen = browsing().map((flow, i) =>
      sampled({
        ...flow,
        columns: { ...flow.columns, state: 0, packetsOut: 1, packetsIn: 0, tcpFlags: i % 8 === 0 ? 2 : 0x18 },
      }),
    );
    analysed([...seen, ...sweep(40, { state: null, flags: 2 }).map(sampled)], (told) => {
      const [finding] = outbound(told);
      expect(finding).toMatchObject({ verdict: 'supported', shape: 'horizontal', value: 4000 });
      expect(finding?.interval?.[0]).toBeCloseTo(2858, -1);
      expect(finding?.interval?.[1]).toBeCloseTo(5447, -1);
      expect(caveat(finding, 'sampled-probes')).toBeDefined();
      expect(told.selected(finding?.where ?? '')).toBe(40);
    });
    analysed(seen, (told) => {
      expect(outbound(told)[0]).toMatchObject({ verdict: 'not-supported' });
      expect(caveat(outbound(told)[0], 'least-probe')).toContain('1:100');
    });
  });

  it('says so when flows do not tell whether they were answered', () => {
    const mute = sweep(300, { state: null });
    analysed(mute, (told) => {
      expect(outbound(told)[0]).toMatchObject({ verdict: 'insufficient-data', reflectionRuledOut: false });
      expect(caveat(outbound(told)[0], 'too-little-data')).toContain('do not tell whether they were answered');
      expect(told.detectors.detectors.find(({ id }) => id === 'scan-out')?.ran).toBe(false);
    });
  });

  it('leaves out excluded addresses', () => {
    const profile: Profile = { ...PLANTED_PROFILE, excluded: [{ cidr: `${HOST}/32`, why: 'An embassy' }] };
    analysed([...browsing(), ...sweep(45)], (told) => expect(outbound(told)[0]?.verdict).toBe('not-supported'), {
      profile,
    });
  });

  it('does not depend on the order of flows nor on how they are cut, and is the same twice', () => {
    const flows = [...browsing(), ...sweep(45), ...portsOf(40), ...daily(4, 20, 3 * SECOND)];
    const told = ({ findings }: Told): string =>
      JSON.stringify(findings.filter(({ kind }) => kind === 'reconnaissance' || kind === 'malicious-activity'));
    const whole = analysed(flows, told);
    expect(analysed(flows, told)).toBe(whole);
    expect(analysed(flows.toReversed(), told, { rows: 997 })).toBe(whole);
  });
});
