import { describe, expect, it } from 'vitest';
import type { BehaviourMark } from '../../../electron/classify/behaviour/behaviour-mark.ts';
import { type Behaviours, gatherBehaviours } from '../../../electron/classify/behaviour/behaviours.ts';
import { TCP, UDP } from '../../../shared/flow.ts';
import { columnsOf, flow, type GatheredFlow, NOON } from './gathered-flows.ts';

/** Marks of flows, all in one segment, as these behaviours have them or those of the flows themselves. */
function marksOf(
  flows: readonly GatheredFlow[],
  behaviours: Behaviours = gatherBehaviours([columnsOf(flows)], () => undefined),
): (BehaviourMark | null)[] {
  const columns = behaviours.columnsOf(columnsOf(flows));
  return flows.map((_, row) => (columns === null ? null : behaviours.markOf(columns, row)));
}

/** How many flows bear which behaviour. */
function counted(flows: readonly GatheredFlow[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const mark of marksOf(flows)) if (mark !== null) counts[mark.behaviour] = (counts[mark.behaviour] ?? 0) + 1;
  return counts;
}

const list = <Item>(length: number, make: (i: number) => Item): Item[] => Array.from({ length }, (_, i) => make(i));
const SYN = 0x02;
const REFUSED = 0x16;
const bareSyn = (different: Partial<GatheredFlow>): GatheredFlow =>
  flow({ packetsOut: 1, bytesOut: 44, packetsIn: 0, bytesIn: 0, tcpFlags: SYN, state: 'S0', ...different });
const target = (i: number): string => `198.51.${i >> 8}.${i & 255}`;

describe('scans', () => {
  const sweep = (length: number): GatheredFlow[] =>
    list(length, (i) => bareSyn({ initiator: '203.0.113.9', responder: target(i), responderPort: 445 }));

  it('are bare SYNs to many hosts, from seven on', () => {
    expect(counted(sweep(50))).toEqual({ 'horizontal-scan': 50 });
    expect(counted(sweep(7))).toEqual({ 'horizontal-scan': 7 });
    expect(counted(sweep(6))).toEqual({});
    const [mark] = marksOf(sweep(50));
    expect(mark).toMatchObject({ category: 'scan' });
    expect(mark?.detail).toContain('50 targets did not answer on this port or refused, against 0 flows answered');
    expect(mark?.detail).toContain('Jung 2004');
  });

  it('are told without states too, refused ones as well, and half-open ones that found a port', () => {
    const bare = sweep(20).map((one) => ({ ...one, state: null }));
    expect(counted(bare)).toEqual({ 'horizontal-scan': 20 });
    const refused = bare.map((one) => ({ ...one, tcpFlags: REFUSED, packetsIn: 1, bytesIn: 40 }));
    expect(counted(refused)).toEqual({ 'horizontal-scan': 20 });
    const open = {
      ...sweep(1)[0],
      packetsOut: 2,
      bytesOut: 84,
      packetsIn: 1,
      bytesIn: 44,
      state: 'RSTO',
    } as GatheredFlow;
    expect(counted([...sweep(20), open])).toEqual({ 'horizontal-scan': 21 });
    const used = { ...open, bytesIn: 9000, packetsIn: 9, state: 'SF' } as GatheredFlow;
    expect(counted([...sweep(20), used])).toEqual({ 'horizontal-scan': 20 });
  });

  it('are not retries to one host, nor failures among many successes, nor spread over days or ports', () => {
    expect(counted(list(50, () => bareSyn({})))).toEqual({});
    const browsing = list(60, (i) => flow({ responder: target(i + 1000) }));
    const failing = list(20, (i) => bareSyn({ responder: target(i) }));
    expect(counted([...browsing, ...failing])).toEqual({});
    expect(counted(list(30, (i) => bareSyn({ responder: target(i), start: NOON + i * 86_400e6 })))).toEqual({});
    expect(counted(list(60, (i) => bareSyn({ responder: target(i), responderPort: 20_000 + i * 517 })))).toEqual({});
  });

  it('are found behind the browsing of neighbours on another port', () => {
    const browsing = list(300, (i) => flow({ initiator: '203.0.113.9', responder: target(i + 1000) }));
    expect(counted([...browsing, ...sweep(20)])).toEqual({ 'horizontal-scan': 20 });
  });

  it('need more on the ports of the web, where all hosts of a page fail at once, and on UDP few answers', () => {
    const web = (length: number): GatheredFlow[] =>
      list(length, (i) => bareSyn({ responder: target(i), responderPort: 443 }));
    expect(counted(web(49))).toEqual({});
    expect(counted(web(50))).toEqual({ 'horizontal-scan': 50 });
    const asked = (length: number): GatheredFlow[] =>
      list(length, (i) =>
        bareSyn({ transport: UDP, responder: target(i), responderPort: 16_464, bytesOut: 44, tcpFlags: 0 }),
      );
    const answered = asked(30).map((one, i) => ({
      ...one,
      responder: target(i + 500),
      packetsIn: 1,
      bytesIn: 60,
      state: 'SF' as const,
    }));
    expect(counted(asked(140))).toEqual({ 'horizontal-scan': 140 });
    expect(counted([...asked(140), ...answered])).toEqual({});
    expect(counted([...asked(140), ...answered.slice(0, 10)])).toEqual({ 'horizontal-scan': 140 });
  });

  it('are many ports of one host', () => {
    const ports = list(200, (i) => bareSyn({ responderPort: i + 1, state: 'REJ', packetsIn: 1, bytesIn: 40 }));
    expect(counted(ports)).toEqual({ 'vertical-scan': 200 });
    expect(counted(ports.slice(0, 8))).toEqual({});
    const traceroute = list(60, (i) => bareSyn({ transport: UDP, responderPort: 33_434 + i, tcpFlags: 0 }));
    expect(counted(traceroute)).toEqual({});
  });

  it('are not backscatter of a flood, reflection, or what a sample shows', () => {
    const victim = { initiator: '203.0.113.9', initiatorPort: 80 };
    const answers = list(100, (i) =>
      bareSyn({ ...victim, responder: target(i), responderPort: 1025, tcpFlags: 0x12, state: null }),
    );
    const resets = answers.map((one) => ({ ...one, tcpFlags: 0x14 }));
    const turned = list(100, (i) =>
      flow({
        ...victim,
        responder: target(i),
        tcpFlags: 0x16,
        packetsOut: 1,
        bytesOut: 44,
        packetsIn: 1,
        bytesIn: 40,
        state: null,
      }),
    );
    for (const backscatter of [answers, resets, turned]) expect(counted(backscatter)).toEqual({});
    const reflected = list(100, (i) =>
      flow({
        initiator: '203.0.113.9',
        initiatorPort: 123,
        responder: target(i),
        responderPort: 4444,
        transport: UDP,
        packetsOut: 1,
        bytesOut: 100,
        packetsIn: 0,
        bytesIn: 0,
        tcpFlags: 0,
        state: 'S0',
      }),
    );
    expect(counted(reflected)).toEqual({});
    expect(counted(reflected.map((one) => ({ ...one, initiatorPort: 40_000 })))).toEqual({ 'horizontal-scan': 100 });
    expect(counted(sweep(50).map((one) => ({ ...one, sampling: 100 })))).toEqual({});
    const amongEquals = reflected.map((one) => ({ ...one, initiatorPort: 4342, responderPort: 4342 }));
    expect(counted(amongEquals)).toEqual({});
    expect(counted(amongEquals.map((one) => ({ ...one, initiatorPort: 40_000 })))).toEqual({ 'horizontal-scan': 100 });
  });
});

describe('P2P', () => {
  const peer = (i: number): string => `203.${i >> 8}.${i & 255}.7`;
  const overlay = (transport: number): GatheredFlow[] =>
    list(60, (i) =>
      flow({
        transport,
        responder: peer(i),
        responderPort: 10_001 + i * 701,
        initiatorPort: transport === UDP ? 51_413 : 40_000 + i,
        tcpFlags: transport === TCP ? 0x1b : 0,
      }),
    );

  it('is many peers, each with a port of its own, from one UDP port or by TCP', () => {
    expect(counted(overlay(UDP))).toEqual({ 'peer-to-peer': 60 });
    expect(counted(overlay(TCP))).toEqual({ 'peer-to-peer': 60 });
    const [mark] = marksOf([...overlay(UDP), ...overlay(TCP)]);
    expect(mark).toMatchObject({ category: 'p2p', confidence: 45 });
    expect(mark?.detail).toMatch(/60 peers on some \d+ ports, 60 peers by both TCP and UDP/);
  });

  it('marks flows that peers begin, and dead peers, but not the web of the host', () => {
    const back = flow({ initiator: peer(99), responder: '192.0.2.1', initiatorPort: 33_333, responderPort: 51_413 });
    const dead = bareSyn({ responder: peer(98), responderPort: 20_001 });
    expect(
      marksOf([...overlay(UDP), back, dead, flow({})])
        .slice(60)
        .map((mark) => mark?.behaviour),
    ).toEqual(['peer-to-peer', 'peer-to-peer', undefined]);
  });

  it('is not a game server with many clients, nor a client of many servers on one port, nor calls', () => {
    const server = list(100, (i) =>
      flow({
        transport: UDP,
        initiator: peer(i),
        initiatorPort: 20_000 + i,
        responder: '192.0.2.1',
        responderPort: 27_015,
      }),
    );
    expect(counted(server)).toEqual({});
    expect(counted(overlay(TCP).map((one) => ({ ...one, responderPort: 25_565 })))).toEqual({});
    expect(counted(overlay(UDP).slice(0, 9))).toEqual({});
  });
});

describe('default ports of networks', () => {
  const peers = (length: number, responderPort: number): GatheredFlow[] =>
    list(length, (i) => flow({ responder: target(i), responderPort, initiatorPort: 40_000 + i }));

  it('count when several hosts answer there', () => {
    expect(counted(peers(5, 6881))).toEqual({ 'peers-on-port': 5 });
    expect(counted(peers(5, 8333))).toEqual({ 'coin-nodes': 5 });
    expect(marksOf(peers(5, 8333))[0]).toMatchObject({ category: 'crypto' });
    const discovery = peers(5, 30_303).map((one) => ({ ...one, transport: UDP, initiatorPort: 30_303, tcpFlags: 0 }));
    expect(counted(discovery)).toEqual({ 'coin-nodes': 5 });
    expect(counted(discovery.map((one) => ({ ...one, responderPort: 8333 })))).toEqual({});
    expect(counted(peers(4, 6881))).toEqual({});
    expect(counted(peers(5, 25_565))).toEqual({});
    expect(counted([...peers(4, 6881), bareSyn({ responder: target(9), responderPort: 6881 })])).toEqual({});
  });
});

describe('flows of one UDP socket', () => {
  const udp = { transport: UDP, initiatorPort: 51_518, tcpFlags: 0 } as const;
  const checked = flow({ ...udp, responderPort: 3478 });
  const media = flow({ ...udp, responder: '203.0.113.7', responderPort: 60_312 });
  const called = flow({
    ...media,
    initiator: '203.0.113.7',
    initiatorPort: 60_312,
    responder: '192.0.2.1',
    responderPort: 51_518,
  });

  it('are what the socket spoke on a registered port, whoever began, answered or not', () => {
    const silent = { ...media, responder: '203.0.113.8', packetsIn: 0, bytesIn: 0 };
    const marks = marksOf([checked, media, called, silent]);
    expect(marks.map((mark) => mark?.behaviour)).toEqual([undefined, 'same-socket', 'same-socket', 'same-socket']);
    expect(marks[1]).toMatchObject({ category: 'comms', confidence: 40 });
    expect(marks[1]?.detail).toContain('answered on port 3478, registered for comms');
  });

  it('are not those of another port, host or time, nor told by names, time, a VPN, silence or two kinds', () => {
    const later = { ...media, start: NOON + 1800e6, end: NOON + 1801e6 };
    expect(
      counted([checked, { ...media, initiatorPort: 51_519 }, { ...media, initiator: '192.0.2.2' }, later]),
    ).toEqual({});
    for (const port of [53, 123, 3544]) expect(counted([{ ...checked, responderPort: port }, media])).toEqual({});
    expect(counted([{ ...checked, packetsIn: 0, bytesIn: 0 }, media])).toEqual({});
    expect(counted([checked, { ...checked, responderPort: 27_015 }, media])).toEqual({});
    expect(counted([checked, { ...media, transport: TCP, tcpFlags: 0x1b }])).toEqual({});
  });
});

it('data connections of FTP are told by the control connection beside them', () => {
  const control = flow({ responderPort: 21 });
  const data = flow({ initiatorPort: 50_100, responderPort: 50_200 });
  expect(counted([control, data])).toEqual({ 'ftp-data': 1 });
  expect(marksOf([control, data])[1]).toMatchObject({ category: 'files' });
  expect(counted([data])).toEqual({});
  expect(counted([control, { ...data, transport: UDP }])).toEqual({});
  expect(counted([control, { ...data, responderPort: 443 }])).toEqual({});
  expect(counted([control, { ...data, packetsIn: 0, bytesIn: 0 }])).toEqual({});
  expect(counted([control, { ...data, responder: '198.51.100.9' }])).toEqual({});
  expect(counted([{ ...control, packetsIn: 0, bytesIn: 0, tcpFlags: SYN, state: 'S0' }, data])).toEqual({});
  expect(counted([control, { ...data, start: NOON + 86_400e6, end: NOON + 86_401e6 }])).toEqual({});
});

it('voice is told by the signalling of either end, between ports that are registered for nothing', () => {
  const signalling = flow({ transport: UDP, initiatorPort: 5060, responderPort: 5060 });
  const voice = flow({
    transport: UDP,
    initiatorPort: 30_000,
    responder: '198.51.100.9',
    responderPort: 40_392,
    packetsOut: 18,
    packetsIn: 0,
    bytesOut: 18 * 200,
    bytesIn: 0,
  });
  expect(counted([signalling, voice])).toEqual({ 'call-media': 1 });
  expect(counted([signalling, { ...voice, initiator: '198.51.100.9', responder: '192.0.2.1' }])).toEqual({
    'call-media': 1,
  });
  expect(marksOf([signalling, voice])[1]).toMatchObject({ category: 'comms', confidence: 35 });
  expect(counted([voice])).toEqual({});
  expect(counted([{ ...signalling, packetsIn: 0, bytesIn: 0 }, voice])).toEqual({});
  for (const other of [
    { packetsOut: 9, bytesOut: 1800 },
    { bytesOut: 18 * 900 },
    { responderPort: 443 },
    { responderPort: 27_015 },
    { transport: TCP, tcpFlags: 0x1b },
    { initiator: '192.0.2.77' },
    { start: NOON + 86_400e6, end: NOON + 86_401e6 },
  ]) {
    expect(counted([signalling, { ...voice, ...other }])).toEqual({});
  }
});

describe('mail servers', () => {
  const sent = (length: number): GatheredFlow[] =>
    list(length, (i) => flow({ responder: target(i), responderPort: 25 }));
  const received = list(4, (i) => flow({ initiator: target(i), responder: '192.0.2.1', responderPort: 25 }));

  it('speak to many, or are spoken to, on port 25', () => {
    expect(counted(sent(10))).toEqual({ 'mail-server': 10 });
    expect(counted([...sent(3), ...received])).toEqual({ 'mail-server': 7 });
    expect(marksOf([...sent(3), ...received])[0]).toMatchObject({ category: 'email' });
  });

  it('are not a user with a server or two, nor unanswered attempts', () => {
    expect(counted(sent(2))).toEqual({});
    expect(
      counted(sent(6).map((one) => ({ ...one, state: 'S0', packetsIn: 0, bytesIn: 0, packetsOut: 1, bytesOut: 44 }))),
    ).toEqual({});
  });
});

const HOUR = 3600e6;
/** A session cut by an active timeout into pieces of a minute. */
const pieces = (minutes: number, each: Partial<GatheredFlow>): GatheredFlow[] =>
  list(minutes, (i) => flow({ start: NOON + i * 60e6, end: NOON + i * 60e6 + 59e6, ...each }));

describe('sessions', () => {
  const tunnel = {
    transport: UDP,
    responderPort: 4501,
    packetsOut: 900,
    bytesOut: 180_000,
    packetsIn: 1500,
    bytesIn: 1_400_000,
    tcpFlags: 0,
  };
  const call = {
    transport: UDP,
    responderPort: 30_000,
    packetsOut: 3000,
    bytesOut: 600_000,
    packetsIn: 2950,
    bytesIn: 590_000,
    tcpFlags: 0,
  };
  const stream = { packetsOut: 3000, bytesOut: 160_000, packetsIn: 6000, bytesIn: 8_400_000 };
  const pool = { responderPort: 3333, packetsOut: 6, bytesOut: 700, packetsIn: 8, bytesIn: 2400 };

  it('of one server alone are a tunnel', () => {
    expect(counted(pieces(30, tunnel))).toEqual({ 'single-server-tunnel': 30 });
    expect(marksOf(pieces(30, tunnel))[0]?.detail).toContain(
      '47 MB in 30 min with one port of one server, 100 % of the host',
    );
    const others = list(20, (i) => flow({ responder: target(i), bytesIn: 1_000_000 }));
    expect(counted([...pieces(30, tunnel), ...others])).toEqual({});
    expect(counted(pieces(8, tunnel))).toEqual({});
    expect(counted(pieces(30, { ...tunnel, bytesOut: 50_000 }))).toEqual({});
    expect(counted(pieces(30, { ...tunnel, packetsIn: 5000 }))).toEqual({});
    expect(counted(pieces(30, { ...tunnel, transport: TCP, responderPort: 22 }))).toEqual({});
  });

  it('at the pace of a codec, alike both ways, are calls', () => {
    expect(counted(pieces(5, call))).toEqual({ 'paced-call': 5 });
    expect(marksOf(pieces(5, call))[0]).toMatchObject({ category: 'comms' });
    expect(counted(pieces(5, { ...call, packetsIn: 1000 }))).toEqual({});
    expect(counted(pieces(5, { ...call, bytesIn: 3_000_000 }))).toEqual({});
  });

  it('paced in full packets one way are streams', () => {
    expect(counted(pieces(5, stream))).toEqual({ 'paced-stream': 5 });
    expect(counted(pieces(5, { ...stream, bytesIn: 300e6, packetsIn: 220_000 }))).toEqual({});
    expect(counted(pieces(5, { ...stream, bytesIn: 700_000 }))).toEqual({});
    expect(counted(pieces(5, { ...stream, responderPort: 873 }))).toEqual({});
  });

  it('of few small messages for long are polls of a pool', () => {
    expect(counted(pieces(60, pool))).toEqual({ 'pool-polling': 60 });
    expect(marksOf(pieces(60, pool))[0]).toMatchObject({ category: 'crypto', confidence: 25 });
    expect(counted(pieces(60, { ...pool, responderPort: 443 }))).toEqual({});
    expect(counted(pieces(60, { ...pool, bytesIn: 430 }))).toEqual({});
    expect(counted(pieces(10, pool))).toEqual({});
  });

  it('with a port 53 are DNS tunnels; so are many long queries', () => {
    const dns = { transport: UDP, responderPort: 53, tcpFlags: 0 };
    const lasting = { ...dns, packetsOut: 600, bytesOut: 90_000, packetsIn: 600, bytesIn: 150_000 };
    expect(counted(pieces(3, lasting))).toEqual({ 'dns-tunnel': 3 });
    const query = (bytesOut: number): GatheredFlow[] =>
      list(150, (i) =>
        flow({
          ...dns,
          start: NOON + i * 1e6,
          end: NOON + i * 1e6,
          initiatorPort: 30_000 + i,
          packetsOut: 1,
          bytesOut,
          packetsIn: 1,
          bytesIn: 300,
        }),
      );
    expect(counted(query(220))).toEqual({ 'dns-tunnel': 150 });
    expect(counted(query(75))).toEqual({});
    expect(counted([...query(75), ...query(75), ...query(220)])).toEqual({});
  });

  it('are cut at midnight UTC: each day by itself', () => {
    const late = pieces(16, tunnel).map((one, i) => ({
      ...one,
      start: NOON + 12 * HOUR + (i - 8) * 60e6,
      end: NOON + 12 * HOUR + (i - 8) * 60e6 + 59e6,
    }));
    expect(counted(late)).toEqual({});
  });
});

describe('any order and any cut into segments', () => {
  it('gives the same marks', () => {
    const flows = [
      ...list(40, (i) => bareSyn({ initiator: '203.0.113.9', responder: target(i), responderPort: 23 })),
      ...list(60, (i) =>
        flow({
          transport: UDP,
          responder: target(i + 500),
          responderPort: 2000 + i * 701,
          initiatorPort: 51_413,
          tcpFlags: 0,
        }),
      ),
      ...pieces(30, {
        initiator: '192.0.2.77',
        transport: UDP,
        responderPort: 4501,
        packetsOut: 900,
        bytesOut: 180_000,
        packetsIn: 1500,
        bytesIn: 1_400_000,
      }),
    ];
    const whole = marksOf(flows);
    expect(whole.filter((mark) => mark === null)).toEqual([]);
    const turned = flows.toReversed();
    const segments = [turned.slice(0, 37), turned.slice(37, 90), turned.slice(90)].map(columnsOf);
    const behaviours = gatherBehaviours(segments, () => undefined);
    expect(marksOf(flows, behaviours)).toEqual(whole);
  });
});
