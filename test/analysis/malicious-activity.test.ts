import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, describe, expect, it } from 'vitest';
import { analyseCase } from '../../electron/analysis/analyse.ts';
import { Random } from '../../electron/analysis/statistics/random.ts';
import { CaseReader } from '../../electron/casefile/case-reader.ts';
import { countMatches } from '../../electron/casefile/flow-page.ts';
import { compileFilter } from '../../electron/casefile/flow-selection.ts';
import { parseFilter } from '../../shared/filter/parse-filter.ts';
import type { MaliciousActivityFinding } from '../../shared/finding.ts';
import { CONN_STATES, type FlowColumn, TCP, UDP } from '../../shared/flow.ts';
import type { Profile } from '../../shared/profile.ts';
import { FIRST_MONDAY, PLANTED_PROFILE, type PlantedFlow, plantCase } from './planted-case.ts';

const folder = mkdtempSync(join(tmpdir(), 'enclave-detectors-'));
afterAll(() => rmSync(folder, { recursive: true }));
let cases = 0;

const SECOND = 1_000_000;
const HOUR = 3600 * SECOND;
const HOST = '175.45.176.20';

function detectorsOf(
  flows: PlantedFlow[],
  options: { profile?: Profile; indicator?: string; rows?: number } = {},
): { finding: MaliciousActivityFinding; selected: number } {
  const path = join(folder, `${cases++}.enclave`);
  plantCase(path, [{ path: 'one.pcap', flows }], options);
  if (options.indicator !== undefined) {
    const db = new Database(path);
    db.exec(`INSERT INTO indicatorFile VALUES (1, 'one', 'list.csv', 'list', '', 1, '', 1, '[]')`);
    db.prepare("INSERT INTO indicator (file, kind, value, label) VALUES (1, 'address', ?, '')").run(options.indicator);
    db.close();
  }
  const reader = new CaseReader(path);
  try {
    const finding = analyseCase(reader).find((each) => each.kind === 'malicious-activity');
    if (finding === undefined) throw new Error('no finding about detectors');
    return { finding, selected: countMatches(reader, compileFilter(parseFilter(finding.where), reader)).total };
  } finally {
    reader.close();
  }
}

function answered(at: number, to: string, port: number, more: Partial<PlantedFlow> = {}): PlantedFlow {
  return {
    start: FIRST_MONDAY + at,
    initiator: HOST,
    responder: to,
    ...more,
    columns: {
      initiatorPort: 40_000,
      responderPort: port,
      transport: TCP,
      state: CONN_STATES.indexOf('SF'),
      ...more.columns,
    },
  };
}

const web = Array.from({ length: 400 }, (_, i) =>
  answered(((i * 7919) % 863_999) * SECOND, `203.0.113.${1 + (i % 40)}`, 443),
);
const hitsOf = ({ detectors }: MaliciousActivityFinding): Record<string, number> =>
  Object.fromEntries(detectors.filter(({ hits }) => hits > 0).map(({ id, hits }) => [id, hits]));
const detector = (
  finding: MaliciousActivityFinding,
  id: string,
): MaliciousActivityFinding['detectors'][number] | undefined => finding.detectors.find((each) => each.id === id);

describe('detectors of malicious activity', () => {
  it('state absence as a limit, and which of them could not run', () => {
    const { finding } = detectorsOf(web);
    expect(finding).toMatchObject({ verdict: 'not-supported', hits: 0, value: 0 });
    expect(finding.statement).toMatch(/^None of \d detectors that ran .* is not ruled out\.$/);
    expect(detector(finding, 'indicators')).toMatchObject({ ran: false });
    expect(finding.caveats.find(({ id }) => id === 'detectors-idle')?.text).toBe(
      'Could not run: indicators and dns-tunnel.',
    );
    expect(finding.detectors.every(({ minimumDetectable }) => /^[A-Z0-9].*\.$/.test(minimumDetectable))).toBe(true);
    expect(detectorsOf(web.slice(0, 20)).finding.verdict).toBe('insufficient-data');
  });

  const mails = (servers: number, gap: number, port = 25): PlantedFlow[] =>
    Array.from({ length: servers }, (_, i) =>
      answered(HOUR + i * gap, `198.51.${Math.floor(i / 200)}.${1 + (i % 200)}`, port),
    );

  it('find mail to many servers, in an hour or over a day, and leave mail servers alone', () => {
    const fast = detectorsOf([...web, ...mails(25, 60 * SECOND)]);
    expect(hitsOf(fast.finding)).toEqual({ 'spam-fan-out': 1 });
    expect(fast.selected).toBe(25);
    expect(hitsOf(detectorsOf([...web, ...mails(35, 0.6 * HOUR)]).finding)).toEqual({ 'spam-fan-out': 1 });
    expect(hitsOf(detectorsOf([...web, ...mails(35, 5 * HOUR)]).finding)).toEqual({});
    const clients = ['198.51.100.1', '198.51.100.2'].map((initiator, i) =>
      answered(i * HOUR, HOST, 25, { initiator, subjectSide: 'responder' }),
    );
    expect(hitsOf(detectorsOf([...web, ...mails(35, 60 * SECOND), ...clients]).finding)).toEqual({});
    const profile: Profile = { ...PLANTED_PROFILE, servers: [`${HOST}/32`] };
    expect(hitsOf(detectorsOf([...web, ...mails(35, 60 * SECOND)], { profile }).finding)).toEqual({});
  });

  it('find worm-like fan-out even where targets answer, or tell nothing', () => {
    expect(hitsOf(detectorsOf([...web, ...mails(60, SECOND, 22)]).finding)).toEqual({ 'worm-fan-out': 1 });
    const mute = mails(60, SECOND, 445).map((flow) => ({ ...flow, columns: { ...flow.columns, state: 0 } }));
    expect(hitsOf(detectorsOf([...web, ...mute]).finding)).toEqual({ 'worm-fan-out': 1 });
    expect(hitsOf(detectorsOf([...web, ...mails(40, SECOND, 22)]).finding)).toEqual({});
  });

  it('find a reflector inside, and tell a victim of reflection as such', () => {
    const udp = (own: number, port: number, into: number): Partial<Record<FlowColumn, number>> => ({
      transport: UDP,
      state: 0,
      initiatorPort: own,
      responderPort: port,
      packetsOut: 1,
      packetsIn: into,
      bytesOut: 60,
      bytesIn: into * 1400,
    });
    const asked = Array.from({ length: 120 }, (_, i) =>
      answered(HOUR + i * SECOND, HOST, 123, {
        initiator: '198.51.100.9',
        subjectSide: 'responder',
        columns: udp(5555, 123, 3),
      }),
    );
    const reflector = detectorsOf([...web, ...asked]);
    expect(hitsOf(reflector.finding)).toEqual({ reflection: 1 });
    expect(reflector.selected).toBe(120);
    const struck = Array.from({ length: 60 }, (_, i) =>
      answered(HOUR + i * SECOND, HOST, 7777, {
        initiator: `198.51.100.${1 + i}`,
        subjectSide: 'responder',
        columns: udp(3283, 7777, 0),
      }),
    );
    const victim = detectorsOf([...web, ...struck]).finding;
    expect(victim.verdict).toBe('not-supported');
    expect(victim.caveats.find(({ id }) => id === 'reflected-onto')?.text).toContain(
      `${HOST}, from UDP port 3283 of 60 sources`,
    );
  });

  it('find hosts that meet indicators', () => {
    const { finding, selected } = detectorsOf(web, { indicator: '203.0.113.7' });
    expect(hitsOf(finding)).toEqual({ indicators: 1 });
    expect(selected).toBe(10);
    expect(hitsOf(detectorsOf(web, { indicator: '203.0.114.7' }).finding)).toEqual({});
  });

  it('find tunnels in questions of DNS', () => {
    const random = Random.seeded(6);
    const label = (): string => Array.from({ length: 40 }, () => random.below(32).toString(32)).join('');
    const questions = Array.from({ length: 150 }, (_, i) =>
      answered(i * 60 * SECOND, '8.8.8.8', 53, {
        protocol: 'dns',
        category: 'infra',
        columns: { transport: UDP, state: 0 },
        texts: { name: `${label()}.a.relay.test` },
      }),
    );
    const { finding, selected } = detectorsOf([...web, ...questions]);
    expect(hitsOf(finding)).toEqual({ 'dns-tunnel': 1 });
    expect(selected).toBe(150);
  });

  it('say nothing of tunnels where questions of DNS are seen and their names are not', () => {
    const questions = Array.from({ length: 200 }, (_, i) =>
      answered(i * 60 * SECOND, '203.0.113.9', 53, {
        protocol: i % 2 === 0 ? 'dns' : 'unknown',
        columns: { transport: UDP },
      }),
    );
    const { finding } = detectorsOf([...web, ...questions].toSorted((x, y) => x.start - y.start));
    expect(finding).toMatchObject({ verdict: 'insufficient-data', hits: 0 });
    expect(detector(finding, 'dns-tunnel')).toMatchObject({
      ran: false,
      minimumDetectable: 'It did not run: of 200 flows of DNS from inside, 0 tell the name that was asked for.',
    });
  });

  it('tell regular calls, which decide nothing', () => {
    const calls = Array.from({ length: 300 }, (_, i) => answered(i * 600 * SECOND, '192.0.2.50', 8443));
    const { finding } = detectorsOf([...web, ...calls]);
    expect(detector(finding, 'beacon')).toMatchObject({ decides: false, hits: 1, hosts: [HOST] });
    expect(finding).toMatchObject({ verdict: 'not-supported', hits: 0 });
    expect(finding.caveats.find(({ id }) => id === 'beacons-do-not-decide')).toBeDefined();
  });

  it('tell what sampling hides', () => {
    const { finding } = detectorsOf(web.map((flow) => ({ ...flow, sampling: 1000 })));
    const least = detector(finding, 'spam-fan-out')?.minimumDetectable ?? '';
    // 20 of n seen at 1:1000 with a chance of 95 %.
    expect(least).toMatch(/^27,\d{3} new mail servers/);
    expect(least).toContain('1:1000');
  });

  it('do not depend on the order of flows', () => {
    const flows = [...web, ...mails(60, SECOND, 22), ...mails(25, 60 * SECOND)];
    const whole = JSON.stringify(detectorsOf(flows).finding);
    expect(JSON.stringify(detectorsOf(flows.toReversed(), { rows: 61 }).finding)).toBe(whole);
  });
});
