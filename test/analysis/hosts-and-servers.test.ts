import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { analyseCase } from '../../electron/analysis/analyse.ts';
import { CaseReader } from '../../electron/casefile/case-reader.ts';
import type { Finding, HostProfileFinding, ServerInventoryFinding } from '../../shared/finding.ts';
import { CONN_STATES, UDP } from '../../shared/flow.ts';
import type { Profile } from '../../shared/profile.ts';
import { FIRST_MONDAY, PLANTED_PROFILE, type PlantedFlow, plantCase } from './planted-case.ts';

const folder = mkdtempSync(join(tmpdir(), 'enclave-hosts-'));
afterAll(() => rmSync(folder, { recursive: true }));
let cases = 0;

function findingsOf(flows: PlantedFlow[], options: { rows?: number; profile?: Profile } = {}): Finding[] {
  const path = join(folder, `${cases++}.enclave`);
  plantCase(path, [{ path: 'one.pcap', flows }], options);
  const reader = new CaseReader(path);
  try {
    return analyseCase(reader);
  } finally {
    reader.close();
  }
}

const HOUR = 3_600_000_000;
const DAY = 24 * HOUR;

function hostsOf(findings: Finding[]): HostProfileFinding[] {
  return findings.filter((finding) => finding.kind === 'host-profile');
}

function serversOf(findings: Finding[]): ServerInventoryFinding[] {
  return findings.filter((finding) => finding.kind === 'server-inventory');
}

/** Ten days of a host: Xinhua from 8 to 10, then Youku until 12, ten flows an hour; one game at 23 on the third day. */
function habits(initiator: string): PlantedFlow[] {
  const flows: PlantedFlow[] = [];
  for (let day = 0; day < 10; day++) {
    for (let i = 0; i < 40; i++) {
      const hour = 8 + Math.floor(i / 10);
      const isNews = hour < 10;
      flows.push({
        start: FIRST_MONDAY + day * DAY + hour * HOUR + i * 1e6,
        initiator,
        category: isNews ? 'news' : 'streaming',
        service: isNews ? 'xinhua' : 'youku',
      });
    }
  }
  flows.push({ start: FIRST_MONDAY + 2 * DAY + 23 * HOUR, initiator, category: 'gaming', service: null });
  return flows;
}

describe('host profiles', () => {
  const busy = habits('175.45.176.20');
  const shy: PlantedFlow[] = [{ start: FIRST_MONDAY + HOUR, initiator: '175.45.176.9', service: 'baidu' }];
  const profile: Profile = {
    ...PLANTED_PROFILE,
    claims: [
      {
        id: 'T1',
        text: 'Xinhua, then Youku.',
        source: 'Test',
        kind: 'host-profile',
        subject: 'day:2017-04-28',
        expected: { date: '2017-04-28', list: ['xinhua', 'youku'] },
      },
    ],
  };
  const findings = findingsOf([...busy, ...shy], { profile });

  it('come busiest first, with share, services, hours and the days worth telling', () => {
    const [first, second] = hostsOf(findings);
    expect(first).toMatchObject({
      host: '175.45.176.20',
      role: 'client',
      verdict: 'supported',
      numerator: busy.length,
      denominator: busy.length + 1,
      topServices: [
        { service: 'xinhua', flows: 200, daysActive: 10 },
        { service: 'youku', flows: 200, daysActive: 10 },
      ],
      activeHours: { from: 8, to: 12 },
    });
    expect(first?.days).toEqual([
      {
        date: '2017-04-24',
        sequence: [
          { from: '08:00', to: '10:00', service: 'xinhua', category: 'news', flows: 20 },
          { from: '10:00', to: '12:00', service: 'youku', category: 'streaming', flows: 20 },
        ],
      },
      {
        date: '2017-04-26',
        sequence: [
          { from: '08:00', to: '10:00', service: 'xinhua', category: 'news', flows: 20 },
          { from: '10:00', to: '12:00', service: 'youku', category: 'streaming', flows: 20 },
          { from: '23:00', to: '24:00', service: null, category: 'gaming', flows: 1 },
        ],
      },
      expect.objectContaining({ date: '2017-04-28' }),
    ]);
    expect(second).toMatchObject({ host: '175.45.176.9', verdict: 'insufficient-data', numerator: 1 });
  });

  it('let a claim about a day be checked', () => {
    const claim = findings.find((finding) => finding.kind === 'claim-check');
    expect(claim).toMatchObject({ verdictOnClaim: 'holds', restsOn: [hostsOf(findings)[0]?.id] });
  });

  const IPAD = 'Mozilla/5.0 (iPad; CPU OS 10_3_1 like Mac OS X) AppleWebKit/603.1.30 Mobile/14E304 Safari/602.1';
  const WINDOWS =
    'Mozilla/5.0 (Windows NT 6.1; WOW64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/57.0.2987.133 Safari/537.36';

  it('tell the device and why', () => {
    const flows = habits('175.45.176.20').map((flow) => ({ ...flow, texts: { userAgent: IPAD } }));
    const [host] = hostsOf(findingsOf(flows, { rows: 37 }));
    expect(host?.role).toBe('client');
    expect(host?.devices).toEqual([{ kind: 'iPad', why: expect.stringContaining('User-Agent') }]);
  });

  it('take several kinds of device behind one address for a gateway', () => {
    const flows = habits('175.45.176.20').map((flow, i) => ({
      ...flow,
      texts: { linkedUserAgent: i % 2 ? IPAD : WINDOWS },
    }));
    const [host] = hostsOf(findingsOf(flows, { rows: 37 }));
    expect(host?.role).toBe('gateway');
    expect(host?.devices.map(({ kind }) => kind)).toEqual(['Windows 7 PC', 'iPad']);
    expect(host?.caveats.find(({ id }) => id === 'several-devices')?.text).toMatch(/^On 10 of 10 days/);
  });

  it('do not take a change of device from one day to another for a gateway', () => {
    const flows = habits('175.45.176.20').map((flow) => ({
      ...flow,
      texts: { userAgent: flow.start < FIRST_MONDAY + 5 * DAY ? IPAD : WINDOWS },
    }));
    expect(hostsOf(findingsOf(flows))[0]?.role).toBe('client');
  });

  it('are the same whatever the cut of segments', () => {
    expect(findingsOf([...busy, ...shy], { profile, rows: 13 })).toEqual(findings);
  });
});

describe('the inventory of servers', () => {
  const call = (client: number, hours: number, more: Partial<PlantedFlow> = {}): PlantedFlow => ({
    start: FIRST_MONDAY + hours * HOUR,
    end: FIRST_MONDAY + hours * HOUR + 5e6,
    initiator: `203.0.113.${client}`,
    responder: '175.45.176.71',
    subjectSide: 'responder',
    protocol: 'http',
    ...more,
    columns: { responderPort: 80, state: CONN_STATES.indexOf('SF'), ...more.columns },
  });

  it('tells address, protocol, port, first and last time and clients', () => {
    const flows = [
      call(1, 1),
      call(2, 30),
      call(1, 50),
      call(3, 51, {
        responder: '175.45.176.15',
        protocol: 'dns',
        columns: { responderPort: 53, transport: UDP, state: 0 },
      }),
    ];
    const [finding] = serversOf(findingsOf(flows));
    expect(finding).toMatchObject({ verdict: 'supported', value: 1, numerator: 1, denominator: 2, range: 'kp-main' });
    expect(finding?.servers).toEqual([
      {
        address: '175.45.176.71',
        protocol: 'http',
        port: 80,
        firstSeen: '2017-04-23T16:30:00.000000Z',
        lastSeen: '2017-04-25T17:30:05.000000Z',
        clients: 2,
      },
    ]);
  });

  it('leaves out what was refused, not answered, scanned or peer to peer', () => {
    const flows = [1, 2, 3].flatMap((client) => [
      call(client, client, { columns: { responderPort: 22, state: CONN_STATES.indexOf('REJ') } }),
      call(client, client, { columns: { responderPort: 23, packetsIn: 0, state: CONN_STATES.indexOf('S0') } }),
      call(client, client, { category: 'scan', columns: { responderPort: 25 } }),
      call(client, client, { category: 'p2p', protocol: 'bittorrent', columns: { responderPort: 6881 } }),
    ]);
    const [finding] = serversOf(findingsOf(flows));
    expect(finding).toMatchObject({ verdict: 'not-supported', value: 0, servers: [] });
    expect(finding?.caveats.map(({ id }) => id)).toContain('peer-to-peer-left-out');
  });
});
