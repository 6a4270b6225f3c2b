import { readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FlowAssembly } from '../../electron/flows/flow-assembly.ts';
import type { EvidenceSink, ExportedFlow, LogName } from '../../electron/flows/flow-sink.ts';
import { DEFAULT_TIMEOUTS } from '../../electron/flows/flow-table.ts';
import { NfcapdReader } from '../../electron/flows/nfcapd/nfcapd.ts';
import type { AddressWords } from '../../shared/address.ts';
import { ASSEMBLY, ICMP, ICMP6, TCP, UDP } from '../../shared/flow.ts';
import { CORPUS, corpusIsThere } from '../corpus.ts';

fc.configureGlobal({ seed: 20_170_517, numRuns: 300 });

const { paired, joined, oneWay, deduplicated } = ASSEMBLY;
const FIN = 1;
const SYN = 2;
const RST = 4;
const PUSH = 8;
const ACK = 16;

const ipv4 = (last: number): AddressWords => [0, 0, 0xffff, 0xaf2d_b000 + last];
const CLIENT = ipv4(1);
const SERVER = ipv4(2);
const ROUTER = ipv4(101);
const OTHER_ROUTER = ipv4(102);
const THIRD_ROUTER = ipv4(103);

/** A one-way UDP record from the client; times in seconds. */
const record = (from: number, to: number, changes: Partial<ExportedFlow> = {}): ExportedFlow => ({
  start: from * 1e6,
  end: to * 1e6,
  initiator: CLIENT,
  responder: SERVER,
  initiatorPort: 40_000,
  responderPort: 53,
  transport: UDP,
  packetsOut: 10,
  bytesOut: 1000,
  packetsIn: 0,
  bytesIn: 0,
  locator: 1,
  oneWay: true,
  exporter: ROUTER,
  inputInterface: 1,
  outputInterface: 2,
  ...changes,
});

const back = (from: number, to: number, changes: Partial<ExportedFlow> = {}): ExportedFlow =>
  record(from, to, {
    initiator: SERVER,
    responder: CLIENT,
    initiatorPort: 53,
    responderPort: 40_000,
    packetsOut: 7,
    bytesOut: 5000,
    inputInterface: 2,
    outputInterface: 1,
    ...changes,
  });

const tcp = (from: number, to: number, tcpFlags: number, changes: Partial<ExportedFlow> = {}): ExportedFlow =>
  record(from, to, { transport: TCP, responderPort: 443, tcpFlags, ...changes });

const tcpBack = (from: number, to: number, tcpFlags: number, changes: Partial<ExportedFlow> = {}): ExportedFlow =>
  back(from, to, { transport: TCP, initiatorPort: 443, tcpFlags, ...changes });

const WHOLE = SYN | ACK | PUSH | FIN;

interface Assembled {
  flows: ExportedFlow[];
  problems: { kind: string; offset: number }[];
  /** Flows given out before the end was told. */
  early: number;
}

/** Runs records through, numbered in their order unless `keepLocators`; the flows come sorted by locator. */
function assemble(records: readonly ExportedFlow[], openFlows?: number, keepLocators = false): Assembled {
  const flows: ExportedFlow[] = [];
  const problems: Assembled['problems'] = [];
  const sink: EvidenceSink = {
    flow: (flow) => flows.push(structuredClone(flow)),
    answer() {},
    logName() {},
    problem: (kind, offset) => problems.push({ kind, offset }),
  };
  const assembly = new FlowAssembly(sink, DEFAULT_TIMEOUTS, openFlows);
  for (const [index, given] of records.entries()) {
    assembly.flow(keepLocators ? given : { ...given, locator: index + 1 });
  }
  const early = flows.length;
  assembly.end();
  return { flows: flows.toSorted((a, b) => a.locator - b.locator), problems, early };
}

/** What a flow counts, short: packets out and in, what was put together. */
const counts = ({ flows }: Assembled): (number | undefined)[][] =>
  flows.map((flow) => [flow.packetsOut, flow.packetsIn, flow.assembly]);

describe('pairs', () => {
  it('makes one flow of two records of opposite directions that overlap', () => {
    const { flows } = assemble([record(0, 10, { nextHop: THIRD_ROUTER }), back(0.02, 12)]);
    expect(flows).toMatchObject([
      {
        start: 0,
        end: 12e6,
        initiator: CLIENT,
        responder: SERVER,
        initiatorPort: 40_000,
        responderPort: 53,
        transport: UDP,
        packetsOut: 10,
        bytesOut: 1000,
        packetsIn: 7,
        bytesIn: 5000,
        locator: 1,
        sampling: 1,
        oneWay: false,
        exporter: ROUTER,
        nextHop: THIRD_ROUTER,
        inputInterface: 1,
        outputInterface: 2,
        assembly: paired,
      },
    ]);
  });

  it('pairs whichever record comes first', () => {
    const { flows } = assemble([back(0.02, 12), record(0, 10)]);
    expect(flows).toMatchObject([{ initiator: CLIENT, packetsOut: 10, packetsIn: 7, locator: 1, inputInterface: 2 }]);
  });

  it.each([
    ['UDP', 60, [record(0, 1), back(61, 62)], [record(0, 1), back(61.1, 62)]],
    ['TCP', 300, [tcp(0, 1, ACK), tcpBack(301, 302, ACK)], [tcp(0, 1, ACK), tcpBack(301.1, 302, ACK)]],
    ['closed TCP', 60, [tcp(0, 1, FIN), tcpBack(61, 62, ACK)], [tcp(0, 1, FIN), tcpBack(61.1, 62, ACK)]],
  ])('pairs %s records within the idle timeout of %d s, and not beyond', (_, __, within, beyond) => {
    expect(counts(assemble(within))).toEqual([[10, 7, paired]]);
    expect(assemble(beyond).flows).toMatchObject([{ assembly: oneWay }, { assembly: oneWay }]);
  });

  it('marks a record that meets no partner', () => {
    expect(assemble([record(0, 10)]).flows).toMatchObject([
      { initiator: CLIENT, packetsOut: 10, packetsIn: 0, assembly: oneWay, oneWay: true },
    ]);
  });

  it('keeps apart what differs in port, transport, address or sampling', () => {
    const others = [
      back(0, 10, { responderPort: 40_001 }),
      back(0, 10, { transport: TCP }),
      back(0, 10, { initiator: ipv4(3) }),
      back(0, 10, { sampling: 100 }),
    ];
    const { flows } = assemble([record(0, 10), ...others]);
    expect(flows.map((flow) => flow.assembly)).toEqual(Array(5).fill(oneWay));
  });

  it('takes the partner that overlaps rather than one that is only near', () => {
    const { flows } = assemble([record(0, 1000), record(1010, 2000), back(500, 1009)]);
    expect(flows).toMatchObject([
      { start: 0, packetsIn: 7, assembly: paired },
      { start: 1010e6, packetsIn: 0, assembly: oneWay },
    ]);
  });

  it('takes the partner that it overlaps most, then that of its own exporter', () => {
    const early = tcp(0, 50, WHOLE, { packetsOut: 3 });
    const late = tcp(51, 100, WHOLE, { packetsOut: 4 });
    expect(counts(assemble([early, late, tcpBack(45, 95, ACK)]))).toEqual([
      [3, 0, oneWay],
      [4, 7, paired],
    ]);
    expect(counts(assemble([early, late, tcpBack(5, 55, ACK)]))).toEqual([
      [3, 7, paired],
      [4, 0, oneWay],
    ]);
    const elsewhere = { ...early, exporter: OTHER_ROUTER };
    expect(counts(assemble([elsewhere, late, tcpBack(10, 49, ACK)]))).toEqual([
      [3, 7, paired],
      [4, 0, oneWay],
    ]);
    const twice = [record(0, 50, { packetsOut: 1 }), record(0, 50, { packetsOut: 9, exporter: OTHER_ROUTER })];
    for (const given of [twice, twice.toReversed()]) {
      const { flows } = assemble([...given, back(0, 50, { exporter: OTHER_ROUTER })]);
      expect(flows.find((flow) => flow.packetsIn > 0)?.packetsOut).toBe(9);
    }
  });

  it('does not pair a closed flow with a later SYN', () => {
    expect(assemble([tcp(0, 5, WHOLE), tcpBack(6, 9, SYN | ACK)]).flows).toHaveLength(2);
  });

  it('has exporter, interfaces and locator of the record that comes first in the file', () => {
    const records = [record(0, 10, { locator: 5 }), back(0, 10, { locator: 2, exporter: OTHER_ROUTER })];
    expect(assemble(records, undefined, true).flows).toMatchObject([
      { locator: 2, exporter: OTHER_ROUTER, inputInterface: 2, outputInterface: 1 },
    ]);
  });

  it('keeps the flow free of a record that lasts for ages', () => {
    expect(assemble([record(0, 10), back(-1e9, 1e9)]).flows).toMatchObject([
      { packetsOut: 10, assembly: oneWay, start: 0 },
      { packetsIn: 7, assembly: oneWay },
    ]);
  });

  it('pairs IPv6 too, and hosts that talk to themselves stay one way', () => {
    const a: AddressWords = [0x2001_0db8, 0, 0, 1];
    const b: AddressWords = [0x2001_0db8, 0, 0xffff_ffff, 1];
    expect(
      counts(assemble([record(0, 1, { initiator: a, responder: b }), back(0, 1, { initiator: b, responder: a })])),
    ).toEqual([[10, 7, paired]]);
    expect(counts(assemble([record(0, 1, { responder: CLIENT, responderPort: 40_000 })]))).toEqual([[10, 0, oneWay]]);
  });
});

describe('the initiator of a pair', () => {
  const initiatorOf = (records: ExportedFlow[]): string | undefined => {
    const { flows } = assemble(records);
    expect(flows).toHaveLength(1);
    const [flow] = flows;
    return flow?.initiator[3] === CLIENT[3] ? 'client' : 'server';
  };
  const unknown = { responderPort: 50_000 };
  const unknownBack = { initiatorPort: 50_000 };

  it('sent a SYN without ACK, even if the other record starts earlier', () => {
    expect(initiatorOf([tcp(1, 2, SYN, unknown), tcpBack(0, 2, SYN | ACK, unknownBack)])).toBe('client');
    expect(initiatorOf([tcp(0, 2, RST | ACK), tcpBack(1, 2, SYN)])).toBe('server');
  });

  it('did not send the one packet with SYN and ACK', () => {
    expect(initiatorOf([tcp(0, 2, WHOLE), tcpBack(0, 0, SYN | ACK, { packetsOut: 1 })])).toBe('client');
    const answer = { packetsOut: 1, ...unknownBack };
    expect(initiatorOf([tcpBack(0, 0, SYN | ACK, answer)])).toBe('client');
    expect(initiatorOf([tcp(1, 2, WHOLE, unknown), tcpBack(0, 0, SYN | ACK, answer)])).toBe('client');
  });

  it('is the side of the earlier start when both SYNs were seen', () => {
    expect(initiatorOf([tcp(0, 2, WHOLE), tcpBack(0.001, 2, WHOLE)])).toBe('client');
    expect(initiatorOf([tcp(0.001, 2, WHOLE), tcpBack(0, 2, WHOLE)])).toBe('server');
  });

  it('is not the server, when the flow was seen midway, or in a sample', () => {
    expect(initiatorOf([tcpBack(0, 2, ACK), tcp(0.001, 2, ACK)])).toBe('client');
    expect(initiatorOf([back(0, 2), record(1, 2)])).toBe('client');
    const sampling = 512;
    expect(initiatorOf([tcpBack(0, 2, WHOLE, { sampling }), tcp(1, 2, WHOLE, { sampling })])).toBe('client');
  });

  it('is the side with a dynamic port in a sample, of which the first packet is one of chance', () => {
    const game = { initiatorPort: 51_000, responderPort: 32_803 };
    const answers = { initiatorPort: 32_803, responderPort: 51_000 };
    const sampling = 10;
    for (const alone of [record(0, 1, { ...game, sampling }), back(0, 1, { ...answers, sampling })]) {
      expect(initiatorOf([alone])).toBe('client');
    }
    expect(initiatorOf([back(0, 2, { ...answers, sampling }), record(1, 2, { ...game, sampling })])).toBe('client');
    expect(initiatorOf([back(0, 2, answers), record(1, 2, game)])).toBe('server');
    const both = { initiatorPort: 51_000, responderPort: 52_000 };
    expect(initiatorOf([record(0, 1, { ...both, sampling })])).toBe('client');
  });

  it('is not the server when only the way back was recorded', () => {
    expect(assemble([back(0, 2)]).flows).toMatchObject([
      { initiator: CLIENT, responderPort: 53, packetsOut: 0, packetsIn: 7, bytesIn: 5000, assembly: oneWay },
    ]);
  });

  it('is told by the earlier start, then by the ports', () => {
    expect(initiatorOf([record(1, 2, unknown), back(0, 2, unknownBack)])).toBe('server');
    expect(initiatorOf([record(0, 2, unknown), back(0, 2, unknownBack)])).toBe('server');
    const low = { initiatorPort: 30_000, responderPort: 40_000 };
    expect(initiatorOf([record(0, 2, { responderPort: 30_000 }), back(0, 2, low)])).toBe('client');
  });
});

describe('ICMP', () => {
  const echo = (type: number, transport = ICMP): Partial<ExportedFlow> => ({
    transport,
    initiatorPort: type,
    responderPort: 0,
  });

  it.each([
    [ICMP, 8, 0],
    [ICMP, 13, 14],
    [ICMP6, 128, 129],
  ])('of transport %d makes one flow of request %d and answer %d', (transport, request, answer) => {
    const records = [record(0, 5, echo(request, transport)), back(0, 5, echo(answer, transport))];
    for (const given of [records, records.toReversed()]) {
      expect(assemble(given).flows).toMatchObject([
        { initiator: CLIENT, initiatorPort: request, responderPort: 0, packetsOut: 10, packetsIn: 7, assembly: paired },
      ]);
    }
  });

  it('gives a lone answer to the one who must have asked, unless it went to a group', () => {
    expect(assemble([back(0, 1, echo(0))]).flows).toMatchObject([
      { initiator: CLIENT, initiatorPort: 8, responderPort: 0, packetsOut: 0, packetsIn: 7, assembly: oneWay },
    ]);
    const group: AddressWords = [0, 0, 0xffff, 0xe000_0001];
    expect(assemble([back(0, 1, { ...echo(9), responder: group })]).flows).toMatchObject([
      { initiator: SERVER, responder: group, initiatorPort: 9, packetsOut: 7, packetsIn: 0 },
    ]);
  });

  it('keeps requests of the two directions apart', () => {
    expect(assemble([record(0, 5, echo(8)), back(0, 5, echo(8))]).flows).toHaveLength(2);
  });

  it('leaves two-way records as they are', () => {
    expect(assemble([back(0, 5, { ...echo(0), oneWay: false })]).flows).toMatchObject([
      { initiator: SERVER, initiatorPort: 0, packetsOut: 7, assembly: 0 },
    ]);
  });
});

describe('pieces', () => {
  it('joins records that follow each other, of both directions', () => {
    const { flows } = assemble([record(0, 60), back(0, 60), record(60, 120), back(60.5, 119), record(121, 150)]);
    expect(flows).toMatchObject([
      { start: 0, end: 150e6, packetsOut: 30, packetsIn: 14, bytesOut: 3000, locator: 1, assembly: paired | joined },
    ]);
  });

  it('joins two-way pieces, adding both sides, but never turns one round', () => {
    const two = { oneWay: false, packetsIn: 3, bytesIn: 300 };
    expect(counts(assemble([record(0, 60, two), record(60, 90, two)]))).toEqual([[20, 6, joined]]);
    expect(counts(assemble([record(0, 60, two), back(60, 90, two)]))).toEqual([
      [10, 3, 0],
      [7, 3, 0],
    ]);
    expect(counts(assemble([record(0, 60, two), record(60, 90)]))).toEqual([
      [10, 3, 0],
      [10, 0, oneWay],
    ]);
  });

  it('keeps the gap and the length within the timeouts', () => {
    expect(counts(assemble([record(0, 60), record(120, 180)]))).toEqual([[20, 0, oneWay | joined]]);
    expect(assemble([record(0, 60), record(120.1, 180)]).flows).toHaveLength(2);
    expect(counts(assemble([record(0, 1750), record(1760, 1800)]))).toEqual([[20, 0, oneWay | joined]]);
    expect(assemble([record(0, 1750), record(1760, 1801)]).flows).toHaveLength(2);
  });

  it('begins a new flow at a SYN after a close of either side, and only then', () => {
    expect(assemble([tcp(0, 5, WHOLE), tcp(6, 9, WHOLE)]).flows).toHaveLength(2);
    expect(assemble([tcp(0, 5, WHOLE), tcp(5, 9, WHOLE)]).flows).toHaveLength(2);
    const reset = [tcp(0, 5, SYN | ACK), tcpBack(0, 5, RST | ACK), tcp(6, 9, SYN | ACK), tcpBack(6, 9, SYN | ACK)];
    expect(counts(assemble(reset))).toEqual([
      [10, 7, paired],
      [10, 7, paired],
    ]);
    expect(counts(assemble([tcp(0, 5, WHOLE), tcp(6, 9, FIN | ACK)]))).toEqual([[20, 0, oneWay | joined]]);
    expect(counts(assemble([tcp(0, 0, SYN), tcp(3, 3, SYN)]))).toEqual([[20, 0, oneWay | joined]]);
  });

  it('puts a late piece where it belongs, and one too many nowhere', () => {
    const late = [record(0, 60), record(100, 160), record(60, 100), record(-30, 0)];
    expect(assemble(late).flows).toMatchObject([{ start: -30e6, end: 160e6, packetsOut: 40, locator: 1 }]);
    expect(assemble([record(0, 60), record(10, 50)]).flows).toHaveLength(2);
    expect(counts(assemble([record(0, 60), record(60, 120), record(30, 90)]))).toEqual([
      [20, 0, oneWay | joined],
      [10, 0, oneWay],
    ]);
  });

  it('fills a gap longer than the idle timeout once its middle comes', () => {
    expect(counts(assemble([record(0, 60), record(180, 240), record(60, 170)]))).toEqual([[30, 0, oneWay | joined]]);
  });

  it('joins a piece from another exporter if nothing overlaps', () => {
    expect(assemble([record(0, 60), record(70, 90, { exporter: OTHER_ROUTER })]).flows).toMatchObject([
      { packetsOut: 20, exporter: ROUTER, assembly: oneWay | joined },
    ]);
  });

  it('unites flags, keeps the last state and the first names', () => {
    const { flows } = assemble([
      tcp(60, 90, FIN, { oneWay: false, state: 'SF', name: 'second.example', nameOrigin: 'tls-sni', ja3: 'b' }),
      tcp(0, 60, SYN, { oneWay: false, state: 'S1', protocol: 'tls', rule: 'exporter', ja3: 'a' }),
      tcp(90, 95, ACK, { oneWay: false }),
    ]);
    expect(flows).toMatchObject([
      { tcpFlags: FIN | SYN | ACK, state: 'SF', name: 'second.example', protocol: 'tls', rule: 'exporter', ja3: 'b' },
    ]);
  });

  it('takes the state of the later piece whichever comes first', () => {
    const pieces = [tcp(0, 60, SYN, { oneWay: false, state: 'S1' }), tcp(60, 90, FIN, { oneWay: false, state: 'SF' })];
    for (const order of [pieces, pieces.toReversed()]) expect(assemble(order).flows).toMatchObject([{ state: 'SF' }]);
  });

  it('forgets the names of one flow before the next', () => {
    const named = { name: 'a.example', nameOrigin: 'dns-question' } as const;
    const { flows } = assemble([record(0, 1, named), record(1, 2, named), record(500, 501), record(900, 901)]);
    expect(flows.map((flow) => flow.name)).toEqual(['a.example', undefined, undefined]);
  });

  it('does not join what was sampled at another rate; equal rates it does', () => {
    expect(assemble([record(0, 60), record(60, 90, { sampling: 10 })]).flows).toHaveLength(2);
    const sampling = 4_000_000_000;
    expect(assemble([record(0, 60, { sampling }), record(60, 90, { sampling })]).flows).toMatchObject([
      { packetsOut: 20, sampling, assembly: oneWay | joined },
    ]);
  });

  it('makes one flow of samples of single packets, in whatever order', () => {
    const samples = [5, 1, 3, 3, 2].map((at) => record(at, at, { packetsOut: 1, bytesOut: 1500, sampling: 1000 }));
    expect(assemble(samples).flows).toMatchObject([
      { start: 1e6, end: 5e6, packetsOut: 5, bytesOut: 7500, sampling: 1000, assembly: oneWay | joined },
    ]);
  });
});

describe('duplicates', () => {
  const other = { exporter: OTHER_ROUTER };
  const left = (records: ExportedFlow[]): [(number | undefined)[][], Assembled['problems']] => {
    const assembled = assemble(records);
    return [counts(assembled), assembled.problems];
  };

  it('leaves out the records of a second exporter, of both directions and all pieces', () => {
    const records = [record(0, 60), back(0, 60), record(60, 100), back(60, 100)];
    const seconds = records.map((given) => ({ ...given, ...other, start: given.start + 3000, end: given.end + 3000 }));
    for (const order of [[...records, ...seconds], records.flatMap((given, i) => [given, seconds[i] ?? given])]) {
      const assembled = assemble(order);
      expect(assembled.flows).toMatchObject([
        { end: 100e6, exporter: ROUTER, packetsOut: 20, packetsIn: 14, assembly: paired | joined | deduplicated },
      ]);
      expect(assembled.problems.map((problem) => problem.kind)).toEqual(Array(4).fill('duplicate-record'));
      const places = order.flatMap((given, i) => (given.exporter === OTHER_ROUTER ? [i + 1] : []));
      expect(places).toContain(assembled.problems[0]?.offset);
    }
  });

  it('does so for other interfaces of the same exporter, and for two-way records', () => {
    expect(left([record(0, 60), record(0, 60, { inputInterface: 7 })])).toEqual([
      [[10, 0, oneWay | deduplicated]],
      [{ kind: 'duplicate-record', offset: 2 }],
    ]);
    const two = { oneWay: false, packetsIn: 3, bytesIn: 300 };
    expect(left([record(0, 60, two), record(0, 60, { ...two, ...other })])).toEqual([
      [[10, 3, deduplicated]],
      [{ kind: 'duplicate-record', offset: 2 }],
    ]);
  });

  it('takes over the direction that only the second exporter saw', () => {
    const [flows, problems] = left([record(0, 60), record(0, 60, other), back(0, 60, other)]);
    expect(flows).toEqual([[10, 7, paired | deduplicated]]);
    expect(problems).toEqual([{ kind: 'duplicate-record', offset: 2 }]);
  });

  it.each([
    ['another time', record(70, 90, { ...other, packetsOut: 9 })],
    ['less than half in common', record(45, 80, other)],
    ['more packets', record(0, 60, { ...other, packetsOut: 12 })],
    ['as many packets but other sizes', record(0, 60, { ...other, bytesOut: 1400 })],
    ['the same exporter and interfaces', record(0, 60)],
  ])('keeps every packet of a record of %s', (_, second) => {
    const { flows, problems } = assemble([record(0, 60), second]);
    expect(flows.reduce((sum, flow) => sum + flow.packetsOut, 0)).toBe(10 + second.packetsOut);
    expect(problems).toEqual([]);
  });

  it('takes neither flags nor marks from what is left out', () => {
    const { flows } = assemble([
      tcp(0, 60, ACK),
      tcp(0, 30, ACK, { ...other, packetsOut: 5, bytesOut: 500 }),
      tcp(30, 60, PUSH, { ...other, packetsOut: 5, bytesOut: 500 }),
    ]);
    expect(flows).toMatchObject([{ packetsOut: 10, tcpFlags: ACK, assembly: oneWay | deduplicated }]);
  });

  it('allows one packet more or less, and a link header', () => {
    expect(left([record(0, 60), record(0, 60, { ...other, packetsOut: 11, bytesOut: 2500 })])[0]).toHaveLength(1);
    expect(left([record(0, 60), record(0, 60, { ...other, bytesOut: 1220 })])[0]).toHaveLength(1);
  });

  it('allows the clocks to differ by 0.1 s', () => {
    const single = { packetsOut: 1, bytesOut: 60 };
    expect(left([record(0, 0, single), record(0.1, 0.1, { ...single, ...other })])[0]).toEqual([
      [1, 0, oneWay | deduplicated],
    ]);
    expect(left([record(0, 0, single), record(0.2, 0.2, { ...single, ...other })])[0]).toEqual([
      [2, 0, oneWay | joined],
    ]);
  });

  it('judges samples by what chance allows', () => {
    const sampled = (packetsOut: number, sampling: number, changes: Partial<ExportedFlow> = {}): ExportedFlow =>
      record(0, 60, { packetsOut, sampling, bytesOut: packetsOut * 500, ...changes });
    // One rate: 10 % or 2 packets.
    expect(left([sampled(100, 1000), sampled(110, 1000, other)])[0]).toHaveLength(1);
    expect(left([sampled(100, 1000), sampled(120, 1000, other)])[0]).toHaveLength(2);
    expect(left([sampled(3, 1000), sampled(1, 1000, other)])[0]).toHaveLength(1);
    // 10,000 packets sampled at 1:100 are 100 ± 30.
    expect(left([sampled(10_000, 1), sampled(129, 100, other)])[0]).toEqual([[10_000, 0, oneWay | deduplicated]]);
    expect(left([sampled(10_000, 1), sampled(75, 100, other)])[0]).toHaveLength(1);
    expect(left([sampled(10_000, 1), sampled(50, 100, other)])[0]).toHaveLength(2);
    // Single samples of one moment are of different packets.
    const moment = { packetsOut: 1, sampling: 1000 };
    expect(left([record(1, 1, moment), record(1, 1, { ...moment, ...other })])).toEqual([
      [[2, 0, oneWay | joined]],
      [],
    ]);
  });

  it('leaves samples of two exporters apart that cannot be of the same flow', () => {
    const samples = (count: number, changes: Partial<ExportedFlow>): ExportedFlow[] =>
      Array.from({ length: count }, (_, i) => record(i, i, { packetsOut: 1, sampling: 1000, ...changes }));
    expect(left([...samples(30, {}), ...samples(20, other)])).toEqual([
      [
        [30, 0, oneWay | joined],
        [20, 0, oneWay | joined],
      ],
      [],
    ]);
  });

  it('does not mix directions of different rates', () => {
    const [flows, problems] = left([
      record(0, 60, { packetsOut: 10_000 }),
      record(0, 60, { ...other, packetsOut: 100, sampling: 100 }),
      back(0, 60, { ...other, packetsOut: 90, sampling: 100 }),
    ]);
    expect(flows).toHaveLength(2);
    expect(problems).toEqual([]);
  });
});

describe('what passes', () => {
  it('hands on records of whole connections, answers, names and problems at once', () => {
    const seen: string[] = [];
    const name: LogName = { uid: 'C1', time: 0, origin: 'zeek-ssl', protocol: 'tls' };
    const assembly = new FlowAssembly(
      {
        flow: (flow) => seen.push(`flow ${flow.uid}`),
        answer: (...given) => seen.push(`answer ${given[2]}`),
        logName: (given) => seen.push(`name ${given.uid}`),
        problem: (kind) => seen.push(kind),
      },
      DEFAULT_TIMEOUTS,
    );
    assembly.flow(record(0, 60, { uid: 'C1', oneWay: false }));
    assembly.flow(record(60, 90, { uid: 'C1', oneWay: false }));
    assembly.answer(CLIENT, SERVER, 'a.example', 0, 1);
    assembly.logName(name);
    assembly.problem('bad-record', 1, 'for the test');
    expect(seen).toEqual(['flow C1', 'flow C1', 'answer a.example', 'name C1', 'bad-record']);
    assembly.end();
    expect(seen).toHaveLength(5);
  });

  it('does not choke on numbers that no record should have', () => {
    const odd = [
      record(Number.NaN, 0),
      record(0, Infinity),
      record(0, 1, { initiatorPort: 70_000 }),
      record(0, 1, { responderPort: -1 }),
      record(0, 1, { transport: 300 }),
      record(10, 5),
    ];
    const { flows, early } = assemble(odd);
    expect(early).toBe(5);
    expect(flows.at(-1)).toMatchObject({ start: 10e6, end: 10e6 });
  });
});

describe('when flows are given out', () => {
  const distinct = (i: number, at: number): ExportedFlow => record(at, at + 1, { initiator: [0, 0, 0xffff, i] });

  it('waits for the idle and the active timeout, no longer', () => {
    const records = Array.from({ length: 20_000 }, (_, i) => distinct(i, i));
    const { flows, early, problems } = assemble(records);
    expect(flows).toHaveLength(20_000);
    expect(problems).toEqual([]);
    // Open at the end: those of the last 1,860 s, and those that a round of the sweeper has not come to.
    expect(early).toBeLessThan(20_000 - 1860);
    expect(early).toBeGreaterThan(20_000 - 1860 - 2000);
  });

  it('keeps a flow that it put together with a later one', () => {
    const later = { exporter: OTHER_ROUTER };
    const filler = (from: number, to: number): ExportedFlow[] =>
      Array.from({ length: 2 * (to - from) }, (_, i) => distinct(from * 2 + i, from + i / 2));
    const { flows } = assemble([
      record(0, 60),
      record(100, 1700, later),
      ...filler(1700, 2600),
      record(1750, 1790, later),
    ]);
    expect(flows.filter((flow) => flow.initiator[3] === CLIENT[3])).toMatchObject([{ packetsOut: 30, end: 1790e6 }]);
  });

  it('is moved neither by some absurd times ahead nor by some behind', () => {
    for (const time of [-62_135_596_800, 0, 4e9, 9e15]) {
      const records = Array.from({ length: 6000 }, (_, i) => {
        const host: AddressWords = [0, 0, 0xffff, i >>> 1];
        if (i % 10 === 5) return record(time, time, { initiator: ipv4(i) });
        const at = 1e9 + i / 20;
        return i % 2 === 0 ? record(at, at, { initiator: host }) : back(at, at, { responder: host });
      });
      const { flows } = assemble(records, 1000);
      expect(flows.filter((flow) => flow.assembly === paired)).toHaveLength(2400);
      expect(flows.reduce((sum, flow) => sum + flow.packetsOut + flow.packetsIn, 0)).toBe(3600 * 10 + 2400 * 7);
    }
    const ahead = Array.from({ length: 1000 }, (_, i) => (i % 2 === 0 ? distinct(i, 0) : distinct(i, 9e9)));
    expect(assemble(ahead).early).toBe(0);
    const behind = Array.from({ length: 20_000 }, (_, i) => distinct(i, i % 10 === 0 ? -9e9 : i));
    expect(assemble(behind).early).toBeGreaterThan(10_000);
  });

  it('keeps no more flows open than it may, and says when that cost the wait', () => {
    const crowd = Array.from({ length: 1000 }, (_, i) => distinct(i, i / 1000));
    const { flows, early, problems } = assemble(crowd, 100);
    expect(flows).toHaveLength(1000);
    expect(early).toBe(900);
    expect(problems).toHaveLength(900);
    expect(new Set(problems.map((problem) => problem.kind))).toEqual(new Set(['assembly-over-budget']));

    const slow = Array.from({ length: 5000 }, (_, i) => distinct(i, i));
    expect(assemble(slow, 1000).problems).toEqual([]);
  });

  it('makes room among the old flows, not among those in use', () => {
    const records = Array.from({ length: 9000 }, (_, i) =>
      i % 3 === 0 ? record(i / 6, i / 6 + 0.5, { packetsOut: 1 }) : distinct(i, i / 6),
    );
    const busy = assemble(records, 1000).flows.filter((flow) => flow.initiator[3] === CLIENT[3]);
    expect(busy.map((flow) => flow.packetsOut)).toEqual([3000]);
  });

  it('does not hang on one five-tuple without end', () => {
    const records = Array.from({ length: 3000 }, (_, i) => tcp(i, i, WHOLE, { packetsOut: 1 }));
    const { flows, problems } = assemble(records);
    expect(flows).toHaveLength(3000);
    expect(problems[0]?.kind).toBe('assembly-over-budget');
  });
});

describe.skipIf(!corpusIsThere)('an export of the corpus (skipped without ../shared/corpus)', () => {
  it('makes the conversations of one-way NetFlow records', () => {
    const records: ExportedFlow[] = [];
    const sink: EvidenceSink = {
      flow: (flow) => records.push(structuredClone(flow)),
      answer() {},
      logName() {},
      problem() {},
    };
    const nothing = (): null => null;
    const reader = new NfcapdReader(sink, { lzo: nothing, bz2: nothing, lz4: nothing, zstd: nothing });
    reader.push(readFileSync(path.join(CORPUS, 'generated', 'nfcapd.v5.none')));
    reader.end();
    const { flows, problems } = assemble(records);
    // `nfdump -I` counts 231 records, 2,949 packets and 1,082,229 bytes; `nfdump -B` makes 99 pairs (of TCP and UDP
    // only; the other pair is 6in4) and leaves as many alone.
    expect(records).toHaveLength(231);
    expect(flows.filter((flow) => flow.assembly === paired)).toHaveLength(100);
    expect(flows.filter((flow) => flow.assembly === oneWay)).toHaveLength(31);
    expect(flows).toHaveLength(131);
    expect(problems).toEqual([]);
    expect(flows.reduce((sum, flow) => sum + flow.packetsOut + flow.packetsIn, 0)).toBe(2949);
    expect(flows.reduce((sum, flow) => sum + flow.bytesOut + flow.bytesIn, 0)).toBe(1_082_229);
    expect(flows.filter((flow) => flow.responderPort === 53 || flow.responderPort === 443).length).toBeGreaterThan(10);
    expect(flows.filter((flow) => flow.initiatorPort === 53 || flow.initiatorPort === 443)).toEqual([]);
  });
});

describe('properties', () => {
  const arbitraryRecord = fc
    .record({
      from: fc.double({ min: -100, max: 5000, noNaN: true }),
      length: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 2500, noNaN: true })),
      client: fc.integer({ min: 1, max: 3 }),
      isBack: fc.boolean(),
      isTwoWay: fc.boolean(),
      transport: fc.constantFrom(TCP, UDP, ICMP),
      flags: fc.constantFrom(0, SYN, SYN | ACK, ACK, WHOLE, RST),
      packets: fc.integer({ min: 0, max: 5 }),
      bytes: fc.integer({ min: 0, max: 9000 }),
      sampling: fc.constantFrom(1, 1, 1, 100, 1000),
      exporter: fc.constantFrom(ROUTER, OTHER_ROUTER, undefined),
      input: fc.integer({ min: 0, max: 2 }),
    })
    .map((given) =>
      (given.isBack ? back : record)(given.from, given.from + given.length, {
        [given.isBack ? 'responder' : 'initiator']: ipv4(given.client),
        transport: given.transport,
        ...(given.transport === ICMP
          ? { initiatorPort: given.isBack ? 0 : 8, responderPort: 0 }
          : { tcpFlags: given.flags }),
        packetsOut: given.packets,
        bytesOut: given.bytes,
        packetsIn: given.isTwoWay ? given.packets + 1 : 0,
        bytesIn: given.isTwoWay ? given.bytes + 1 : 0,
        oneWay: !given.isTwoWay,
        sampling: given.sampling,
        exporter: given.exporter,
        inputInterface: given.input,
      }),
    );

  const sum = (flows: readonly ExportedFlow[], count: (flow: ExportedFlow) => number): number =>
    flows.reduce((total, flow) => total + count(flow), 0);

  it('packets and bytes are conserved, but for those of the duplicates told', () => {
    fc.assert(
      fc.property(fc.array(arbitraryRecord, { maxLength: 60 }), fc.constantFrom(1, 4, 1000), (records, openFlows) => {
        const { flows, problems } = assemble(records, openFlows);
        const leftOut = problems.filter(({ kind }) => kind === 'duplicate-record').length;
        for (const count of [
          (flow: ExportedFlow) => flow.packetsOut + flow.packetsIn,
          (flow: ExportedFlow) => flow.bytesOut + flow.bytesIn,
        ]) {
          const lost = sum(records, count) - sum(flows, count);
          expect(lost).toBeGreaterThanOrEqual(0);
          expect(leftOut > 0 || lost === 0).toBe(true);
        }
        expect(flows.length).toBeLessThanOrEqual(records.length);
        for (const flow of flows) expect(flow.end).toBeGreaterThanOrEqual(flow.start);
      }),
    );
  });

  it('what is left out is exactly the records told, when each is a flow of its own', () => {
    fc.assert(
      fc.property(fc.array(arbitraryRecord, { maxLength: 40 }), (records) => {
        const { flows, problems } = assemble(records);
        const dropped = problems.filter(({ kind }) => kind === 'duplicate-record');
        const joinedAny = flows.some((flow) => ((flow.assembly ?? 0) & joined) !== 0);
        fc.pre(dropped.length > 0 && !joinedAny);
        const left = dropped.map(({ offset }) => records[offset - 1]);
        const lost = sum(records, (flow) => flow.packetsOut + flow.packetsIn);
        const kept = sum(flows, (flow) => flow.packetsOut + flow.packetsIn);
        expect(lost - kept).toBe(
          left.reduce((total, flow) => total + (flow?.packetsOut ?? 0) + (flow?.packetsIn ?? 0), 0),
        );
      }),
      { numRuns: 60 },
    );
  });

  /** Flows that no timeout and no partner ties together: of each five-tuple one every 400 s. */
  const arbitraryFlows = fc
    .array(
      fc.record({
        client: fc.integer({ min: 1, max: 4 }),
        place: fc.integer({ min: 0, max: 4 }),
        from: fc.integer({ min: 0, max: 20 }),
        length: fc.integer({ min: 0, max: 90 }),
        cuts: fc.array(fc.integer({ min: 1, max: 89 }), { maxLength: 3 }),
        transport: fc.constantFrom(TCP, UDP),
        packetsOut: fc.integer({ min: 4, max: 1000 }),
        packetsIn: fc.integer({ min: 4, max: 1000 }),
      }),
      { minLength: 1, maxLength: 12 },
    )
    .map((flows) => [
      ...new Map(flows.map((flow) => [`${flow.client} ${flow.place} ${flow.transport}`, flow])).values(),
    ]);

  it('two-way flows cut into one-way pieces come back whole, in whatever order the pieces lie', () => {
    fc.assert(
      fc.property(arbitraryFlows, fc.infiniteStream(fc.nat()), (flows, random) => {
        const whole: string[] = [];
        const pieces: ExportedFlow[] = [];
        for (const flow of flows) {
          const start = flow.place * 600 + flow.from;
          const client = ipv4(10 + flow.client);
          const edges = [0, ...new Set(flow.cuts.filter((cut) => cut < flow.length)), flow.length].toSorted(
            (a, b) => a - b,
          );
          const parts = edges.length - 1;
          for (let i = 0; i < parts; i++) {
            const from = start + (edges[i] ?? 0);
            const to = start + (edges[i + 1] ?? 0);
            const share = (total: number): number => (i === 0 ? total - (parts - 1) : 1);
            const { transport } = flow;
            const flags = { transport, tcpFlags: transport === TCP ? ACK : 0 };
            const out = share(flow.packetsOut);
            const into = share(flow.packetsIn);
            pieces.push(
              record(from, to, { ...flags, initiator: client, packetsOut: out, bytesOut: out * 100 }),
              back(from, to, { ...flags, responder: client, packetsOut: into, bytesOut: into * 300 }),
            );
          }
          whole.push(
            [start, start + flow.length, client[3], flow.packetsOut, flow.packetsIn, flow.transport].join(' '),
          );
        }
        const keys = new Map(pieces.map((piece) => [piece, random.next().value]));
        const shuffled = pieces.toSorted((a, b) => (keys.get(a) ?? 0) - (keys.get(b) ?? 0));
        const { flows: got, problems } = assemble(shuffled);
        expect(problems).toEqual([]);
        expect(
          got
            .map((flow) =>
              [
                flow.start / 1e6,
                flow.end / 1e6,
                flow.initiator[3],
                flow.packetsOut,
                flow.packetsIn,
                flow.transport,
              ].join(' '),
            )
            .toSorted(),
        ).toEqual(whole.toSorted());
        expect(
          got.every((flow) => flow.bytesOut === flow.packetsOut * 100 && flow.bytesIn === flow.packetsIn * 300),
        ).toBe(true);
        expect(got.every((flow) => ((flow.assembly ?? 0) & paired) !== 0)).toBe(true);
      }),
    );
  });
});
