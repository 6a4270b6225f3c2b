import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Engine } from '../../electron/engine/engine.ts';
import { type EvidenceForm, writeWorld } from '../../electron/sample/evidence.ts';
import type { WorldTruth } from '../../electron/sample/truth.ts';
import { checkWorld, type World } from '../../electron/sample/world.ts';
import type { Finding } from '../../shared/finding.ts';
import { flowLines } from '../cli/case-state.ts';
import { BASE_WORLDS } from '../scenario/vary-world.ts';
import { compareForms, type FormAgreement, NAMED_KINDS } from '../scenario/compare-forms.ts';
import { profileOf } from '../scenario/world-profile.ts';

/** The same flows in every form: imported as usual they are the same flows, with the same shares, and those of the truth. */

const ROOT = mkdtempSync(join(tmpdir(), 'enclave-forms-'));
const engine = new Engine();
afterAll(async () => {
  await engine.close();
  rmSync(ROOT, { recursive: true, force: true });
});

interface Flow {
  start: string;
  initiator: string;
  initiatorPort: number;
  responder: string;
  responderPort: number;
  transport: string;
  packetsOut: number;
  bytesOut: number;
  packetsIn: number;
  bytesIn: number;
  subjectSide: string;
  category: string;
  service: string | null;
  country: string | null;
  sampling: number;
}

const [dormitory, ministry] = BASE_WORLDS;
/** Every conversation that there is, in ten days. */
const WORLD: World = checkWorld({
  ...ministry,
  days: 10,
  outages: [{ from: '2017-04-05T10:00', hours: 3, kind: 'gap' }],
  tastes: { ...ministry.tastes, p2p: 3, remote: 2 },
  reflections: [{ target: ministry.servers[0].address, port: 3283, start: '2017-04-06T10:00', hours: 1, perHour: 40 }],
  effects: [
    { effect: 'presence', country: 'IN', perDay: 10, inboundPerDay: 2, hosts: 4 },
    { effect: 'vpn', technique: 'openvpn', perDay: 3, hosts: 2 },
    { effect: 'vpn', technique: 'wireguard', perDay: 3, hosts: 2 },
    { effect: 'crypto', role: 'node-activity', perDay: 8, hosts: 1 },
    { effect: 'crypto', role: 'pool-mining', perDay: 4, hosts: 1 },
    {
      effect: 'reconnaissance',
      shape: 'horizontal',
      first: '14.139.64.1',
      country: 'IN',
      targets: 50,
      start: '2017-04-07T03:00',
    },
    {
      effect: 'beacon',
      peer: '46.246.40.12',
      country: 'SE',
      name: 'time.cdn-metrics.test',
      period: 1800,
      jitter: 0.02,
    },
    { effect: 'dns-tunnel', domain: 'a.relay-dns.test', perDay: 30 },
    { effect: 'spam', perDay: 10 },
  ],
});

async function imported(
  world: World,
  form: EvidenceForm,
): Promise<{ flows: Flow[]; truth: WorldTruth; casePath: string }> {
  const folder = join(ROOT, `${world.name}-${form}-${world.sampling}`);
  mkdirSync(folder);
  const { truth } = writeWorld(folder, world, { seed: 5, run: 1, form, runs: 4 });
  const casePath = join(folder, 'case.enclave');
  await engine.run('new', { case: casePath, profile: profileOf(world), title: '', examiner: '', authority: '' });
  const { totals } = await engine.run('import', { case: casePath, paths: [join(folder, 'evidence')] });
  expect(totals).toMatchObject({ rejected: 0, partial: 0 });
  const flows = (await flowLines(engine, casePath)).map((line) => JSON.parse(line) as Flow);
  return { flows, truth, casePath };
}

/** What every form tells of a flow, its start to the millisecond, since exports have no more. */
const told = (flow: Flow): string =>
  [
    flow.start.slice(0, 23),
    flow.initiator,
    flow.transport === 'icmp' ? '' : flow.initiatorPort,
    flow.responder,
    flow.transport === 'icmp' ? '' : flow.responderPort,
    flow.transport,
    flow.packetsOut,
    flow.bytesOut,
    flow.packetsIn,
    flow.bytesIn,
  ].join(' ');

const isActivity = ({ subjectSide, category, responder }: Flow): boolean =>
  subjectSide === 'initiator' && category !== 'scan' && responder !== ministry.servers[0].address;

describe('one world in every form', () => {
  const forms = new Map<EvidenceForm, Awaited<ReturnType<typeof imported>>>();
  beforeAll(async () => {
    for (const form of ['zeek', 'ipfix-and-dns', 'pcap'] as const) forms.set(form, await imported(WORLD, form));
  });
  const of = (form: EvidenceForm): Flow[] => forms.get(form)?.flows ?? [];

  it('holds the same flows: ends, times, packets, bytes', () => {
    const wanted = of('zeek').map(told).toSorted();
    expect(wanted.length).toBeGreaterThan(3000);
    for (const form of ['ipfix-and-dns', 'pcap'] as const) {
      const [have, want] = [new Set(of(form).map(told)), new Set(wanted)];
      expect(wanted.filter((line) => !have.has(line)).slice(0, 3)).toEqual([]);
      expect([...have].filter((line) => !want.has(line)).slice(0, 3)).toEqual([]);
      expect(of(form)).toHaveLength(wanted.length);
    }
  });

  /** What of `shares` (name, found, planted) differs by more than `tolerance` of itself. */
  const off = (shares: readonly (readonly [string, number, number | undefined])[], tolerance: number): string[] =>
    shares
      .filter(([, found, planted]) => planted === undefined || Math.abs(found / planted - 1) > tolerance)
      .map(([name, found, planted]) => `${name}: ${found}, planted ${planted ?? 'nothing'}`);

  it('has the shares of the truth, as far as the form has names', () => {
    const shares = [...forms].map(([form, { flows, truth }]) => {
      const activity = flows.filter(isActivity);
      const social = activity.filter(({ category }) => category === 'social');
      const planted = truth.quantities.find(({ subject, metric }) => subject === 'social-media' && metric === 'flows');
      return [form, social.length / activity.length, planted?.realised] as const;
    });
    // Probes are labelled by behaviour, which may miss single ones.
    expect(off(shares, 0.02)).toEqual([]);
  });

  it('tells the truth of itself: the same whatever the form', () => {
    const truths = [...forms.values()].map(({ truth }) => JSON.stringify(truth));
    expect(new Set(truths).size).toBe(1);
  });

  it.each(['zeek', 'pcap'] as const)('has labels that a perfect observer would give: %s', (form) => {
    const { flows, truth } = forms.get(form) ?? { flows: [], truth: null };
    const activity = flows.filter(isActivity);
    const share = (counts: (flow: Flow) => boolean): number => activity.filter(counts).length / activity.length;
    const services = ['facebook', 'youku', 'gmail', 'world-of-tanks', 'bitcoin-network'].map((service) => {
      const planted = truth?.quantities.find(({ item, subject }) => item === service && subject === 'everything');
      return [service, share((flow) => flow.service === service), planted?.realised] as const;
    });
    const india = truth?.quantities.find(({ kind, subject }) => kind === 'foreign-presence' && subject === 'IN');
    const countries = [['IN', share(({ country }) => country === 'IN'), india?.realised] as const];
    expect(off([...services, ...countries], 0.03)).toEqual([]);
    expect(share(({ category }) => category === 'unknown')).toBeLessThan(0.03);
  });
});

/** Kinds whose subjects are labels, or that go by what was spoken: without payload there are fewer, or they are bounded by what no rule names. */
const NEED_LABELS: ReadonlySet<string> = new Set(['activity-share', 'onset', 'period-comparison', 'obfuscation']);

describe('findings of one world in every form', () => {
  const findings = new Map<EvidenceForm, readonly Finding[]>();
  beforeAll(async () => {
    const world = { ...WORLD, name: 'told' };
    for (const form of ['zeek', 'ipfix', 'ipfix-and-dns', 'pcap'] as const) {
      findings.set(form, await engine.run('analyse', { case: (await imported(world, form)).casePath }));
    }
  }, 300_000);
  const agreements = (form: EvidenceForm): FormAgreement[] =>
    compareForms(findings.get('zeek') ?? [], findings.get(form) ?? []);

  it('are those of the logs where the evidence has names', () => {
    for (const form of ['ipfix-and-dns', 'pcap'] as const) {
      const others = agreements(form).filter((each) => each.same < each.findings);
      // DNS logs name whom a flow was for, not what was spoken; and what no rule names may be any group's.
      expect(others.map(({ kind }) => kind)).toEqual(form === 'pcap' ? [] : ['activity-share', 'obfuscation']);
      expect(others.filter(({ made, same, withheld }) => same + withheld < made)).toEqual([]);
    }
    // Packets tell more: the coin that a node speaks for, say.
    const values = (form: EvidenceForm): unknown[] | undefined =>
      findings.get(form)?.map(({ id, value }) => [id, value]);
    expect(values('pcap')).toEqual(expect.arrayContaining(values('zeek') ?? []));
  });

  it('go without names as far as names do not matter, and say where they do', () => {
    const agreed = agreements('ipfix');
    const unnamed = agreed.filter(({ kind }) => !NAMED_KINDS.has(kind) && !NEED_LABELS.has(kind));
    expect(unnamed).toHaveLength(8);
    expect(unnamed.filter((each) => each.same < each.findings)).toEqual([]);
    expect(agreed.filter(({ made, same, withheld }) => same + withheld < made)).toEqual([]);
    const named = findings.get('ipfix')?.filter(({ kind }) => NAMED_KINDS.has(kind)) ?? [];
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter(({ verdict }) => verdict === 'not-supported').map(({ title }) => title)).toEqual([]);
    const shares = findings.get('ipfix')?.filter(({ kind }) => kind === 'activity-share') ?? [];
    const withheld = shares.filter(({ verdict }) => verdict === 'insufficient-data');
    expect(withheld.length).toBeGreaterThan(0);
    expect(withheld.filter(({ caveats }) => !caveats.some(({ id }) => id === 'too-much-unnamed'))).toEqual([]);
    const lists = named.filter(({ kind }) => kind === 'watch-list');
    expect(lists.every(({ caveats }) => caveats[0]?.id === 'names-missing')).toBe(true);
  });
});

describe('a sampled world', () => {
  it('loses flows and, scaled, keeps packets and bytes', async () => {
    const sampled: World = { ...dormitory, days: 7, sampling: 20, volume: 3, outages: [] };
    const whole = await imported({ ...sampled, sampling: 1, name: 'unsampled' }, 'ipfix');
    const { flows } = await imported(sampled, 'ipfix');
    expect(new Set(flows.map(({ sampling }) => sampling))).toEqual(new Set([20]));
    expect(flows.length).toBeLessThan(whole.flows.length * 0.8);
    expect(flows.length).toBeGreaterThan(whole.flows.length * 0.1);
    const sum = (of: readonly Flow[], figure: (flow: Flow) => number): number =>
      of.reduce((x, flow) => x + figure(flow), 0);
    const packets = sum(whole.flows, ({ packetsOut, packetsIn }) => packetsOut + packetsIn);
    const seen = sum(flows, ({ packetsOut, packetsIn }) => packetsOut + packetsIn);
    // A binomial count: within five standard deviations.
    expect(Math.abs(seen - packets / 20)).toBeLessThan(5 * Math.sqrt((packets / 20) * 0.95));
    const bytes = sum(whole.flows, ({ bytesOut, bytesIn }) => bytesOut + bytesIn);
    const scaled = 20 * sum(flows, ({ bytesOut, bytesIn }) => bytesOut + bytesIn);
    expect(Math.abs(scaled / bytes - 1)).toBeLessThan(0.05);
  });

  it('is refused in a form that cannot tell of sampling', () => {
    const world = { ...dormitory, days: 1, sampling: 100 };
    const options = { seed: 1, run: 1, form: 'zeek', runs: 1 } as const;
    expect(() => writeWorld(ROOT, world, options)).toThrow(/sampled/);
  });
});
