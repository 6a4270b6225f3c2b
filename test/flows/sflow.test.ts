import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PcapReader } from '../../electron/capture/pcap.ts';
import { decodePacket } from '../../electron/decode/link-layer.ts';
import {
  DECODED,
  DESTINATION,
  DESTINATION_PORT,
  HEADER_WORDS,
  PAYLOAD,
  PAYLOAD_CAPTURED,
  SOURCE,
  SOURCE_PORT,
  TRANSPORT,
} from '../../electron/decode/packet-header.ts';
import type { EvidenceSink, ExportedFlow } from '../../electron/flows/flow-sink.ts';
import { isOlderSflow, isSflow5, SflowCollector } from '../../electron/flows/sflow/sflow.ts';
import { MOST_AGENTS } from '../../electron/flows/sflow/sflow-agents.ts';
import { type AddressWords, formatAddress } from '../../shared/address.ts';
import { ICMP, TCP, UDP } from '../../shared/flow.ts';
import { ProblemCounter } from '../../shared/problem.ts';
import { CORPUS, corpusIsThere } from '../corpus.ts';
import {
  datagram,
  ethernet,
  expandedFlowSample,
  flowSample,
  ipv4Packet,
  opaque,
  rawHeader,
  router,
  sampledIpv4,
  sampledIpv6,
  tcpBytes,
} from './sflow-datagrams.ts';

interface PlainFlow extends Omit<ExportedFlow, 'initiator' | 'responder' | 'exporter' | 'nextHop'> {
  initiator: string;
  responder: string;
  exporter: string | null;
  nextHop: string | null;
}

class Collected implements EvidenceSink {
  flows: PlainFlow[] = [];
  problems = new ProblemCounter();
  flow(flow: ExportedFlow): void {
    const { initiator, responder, exporter, nextHop, ...rest } = flow;
    this.flows.push({
      ...rest,
      initiator: formatAddress(...initiator),
      responder: formatAddress(...responder),
      exporter: exporter === undefined ? null : formatAddress(...exporter),
      nextHop: nextHop === undefined ? null : formatAddress(...nextHop),
    });
  }
  answer(): void {
    throw new Error('sFlow tells no DNS answers');
  }
  logName(): void {
    throw new Error('sFlow tells no names');
  }
  problem(kind: string, offset: number, message: string, count?: number): void {
    this.problems.add(kind, offset, message, count);
  }
  get kinds(): Record<string, number> {
    return Object.fromEntries(this.problems.list().map(({ kind, count }) => [kind, count]));
  }
  message(kind: string): string {
    return this.problems.list().find((problem) => problem.kind === kind)?.message ?? '';
  }
}

const SENDER: AddressWords = [0, 0, 0xffff, 0x0a00_0063];
const TIME = 1_700_000_000_000_000;

/** Reads datagrams as packets 1, 2, … of a capture, a second apart. */
function read(...datagrams: Uint8Array[]): Collected & { collector: SflowCollector; counts: number[] } {
  const found = new Collected();
  const collector = new SflowCollector(found);
  const counts = datagrams.map((bytes, index) => {
    // Bytes before and behind, as in a packet.
    const framed = Buffer.concat([Buffer.alloc(42, 0xee), bytes, Buffer.alloc(4, 0xee)]);
    return collector.message(framed, 42, 42 + bytes.length, SENDER, TIME + index * 1e6, index + 1);
  });
  collector.end();
  return Object.assign(found, { collector, counts });
}

const tcpFrame = ethernet(0x0800, ipv4Packet(TCP, 1500, tcpBytes(0x18)));
const tcpSample = flowSample([rawHeader(1, tcpFrame, { length: 1518, stripped: 4 })]);

describe('flow samples', () => {
  it('makes one flow of one packet of each sampled header', () => {
    const { flows, collector, counts, kinds } = read(datagram([tcpSample, tcpSample]));
    const flow = {
      start: TIME,
      end: TIME,
      initiator: '10.1.0.1',
      responder: '192.0.2.9',
      initiatorPort: 443,
      responderPort: 51_000,
      transport: TCP,
      packetsOut: 1,
      bytesOut: 1500,
      packetsIn: 0,
      bytesIn: 0,
      tcpFlags: 0x18,
      locator: 1.0001,
      sampling: 512,
      oneWay: true,
      exporter: '10.0.0.254',
      nextHop: null,
      inputInterface: 7,
      outputInterface: 9,
    };
    expect(flows).toEqual([flow, { ...flow, locator: 1.0002 }]);
    expect(counts).toEqual([2]);
    expect(collector.records).toBe(2);
    expect([collector.firstSeen, collector.lastSeen]).toEqual([TIME, TIME]);
    expect(kinds).toEqual({});
  });

  it('reads expanded samples, next hops and interfaces, and forgets them for the next sample', () => {
    const full = expandedFlowSample([router('192.0.2.1'), rawHeader(1, tcpFrame)], { rate: 64, input: 70_000 });
    const none = expandedFlowSample([rawHeader(1, tcpFrame)], { outputFormat: 1, output: 256, input: 0xffff_ffff });
    const six = flowSample([rawHeader(1, tcpFrame), router('fd00')], { input: 0x3fff_ffff, output: 0x8000_0003 });
    const { flows } = read(datagram([full, none, six], { agent: 'fd0000000000000000000000000000aa' }));
    expect(
      flows.map(({ sampling, nextHop, inputInterface, outputInterface, exporter }) => [
        sampling,
        nextHop,
        inputInterface,
        outputInterface,
        exporter,
      ]),
    ).toEqual([
      [64, '192.0.2.1', 70_000, 9, 'fd00::aa'],
      [512, null, 0, 0, 'fd00::aa'],
      [512, 'fd00::', 0, 0, 'fd00::aa'],
    ]);
  });

  it('takes the sender for an agent that does not name itself', () => {
    expect(read(datagram([tcpSample], { agent: '0.0.0.0' })).flows[0].exporter).toBe('10.0.0.99');
  });

  it('reads headers of other links', () => {
    const udp = ipv4Packet(UDP, 120, [0, 53, 200, 1, 0, 100, 0, 0]);
    const six = Buffer.concat([
      Buffer.from([0x60, 0, 0, 0, 0, 80, 17, 64]),
      Buffer.from('fd000000000000000000000000000001fd000000000000000000000000000002', 'hex'),
      Buffer.from([0, 53, 200, 1, 0, 80, 0, 0]),
    ]);
    const tagged = ethernet(0x8100, Buffer.concat([Buffer.from([0, 9, 8, 0]), udp]));
    const ppp = Buffer.concat([Buffer.from([0xff, 3, 0, 0x21]), udp]);
    const mpls = Buffer.concat([Buffer.from([0, 1, 0x01, 64]), udp]);
    const of = (protocol: number, frame: Uint8Array) => {
      const { flows } = read(datagram([flowSample([rawHeader(protocol, frame, { length: 200 })])]));
      return flows.map((flow) => [flow.transport, flow.initiatorPort, flow.bytesOut]).flat();
    };
    for (const [protocol, frame] of [
      [11, udp],
      [1, tagged],
      [7, ppp],
      [13, mpls],
      [10, udp],
    ] as const) {
      expect(of(protocol, frame), `protocol ${protocol}`).toEqual([UDP, 53, 120]);
    }
    expect(of(12, six)).toEqual([UDP, 53, 120]);
  });

  it('counts the frame less its link where the header has no length (segmentation offload)', () => {
    const offloaded = ethernet(0x0800, ipv4Packet(TCP, 0, tcpBytes(0x10)));
    const { flows } = read(datagram([flowSample([rawHeader(1, offloaded, { length: 3018, stripped: 4 })])]));
    expect(flows[0].bytesOut).toBe(3000);
  });

  it('keeps type and code of ICMP, of answers too', () => {
    const icmp = (type: number, code: number) => {
      const packet = ipv4Packet(ICMP, 84, [type, code, 0, 0, 0, 1, 0, 1]);
      const [flow] = read(datagram([flowSample([rawHeader(11, packet)])])).flows;
      return [flow.initiator, flow.initiatorPort, flow.responderPort];
    };
    expect(icmp(8, 0)).toEqual(['10.1.0.1', 8, 0]);
    expect(icmp(0, 0)).toEqual(['10.1.0.1', 0, 0]);
    expect(icmp(14, 0)).toEqual(['10.1.0.1', 14, 0]);
    expect(icmp(3, 1)).toEqual(['10.1.0.1', 3, 1]);
  });

  it('reads what the agent read out of the packet, where there is no header, or an unreadable one', () => {
    const four = flowSample([sampledIpv4('10.1.0.1', '192.0.2.9', [900, TCP, 443, 51_000, 0x12])]);
    const six = flowSample([sampledIpv6([1280, UDP, 53, 5353, 0x12])]);
    const both = flowSample([
      rawHeader(99, Buffer.alloc(20)),
      sampledIpv4('10.1.0.1', '192.0.2.9', [900, TCP, 443, 51_000, 0x12]),
    ]);
    const { flows, kinds } = read(datagram([four, six, both]));
    const seen = { initiator: '10.1.0.1', initiatorPort: 443, responderPort: 51_000, bytesOut: 900, tcpFlags: 0x12 };
    expect(flows[0]).toMatchObject(seen);
    expect(flows[1]).toMatchObject({ initiator: 'fd00::1', responder: 'fd00::2', bytesOut: 1280, tcpFlags: 0 });
    expect(flows[2]).toMatchObject(seen);
    expect(kinds).toEqual({});
  });
});

describe('what makes no flow', () => {
  it('counts what was passed by', () => {
    const arp = flowSample([rawHeader(1, ethernet(0x0806, Buffer.alloc(28)))]);
    const bare = flowSample([opaque(2, Buffer.alloc(24))]);
    const counters = [opaque(2, Buffer.alloc(12)), opaque(4, Buffer.alloc(16))];
    const discarded = opaque(5, Buffer.alloc(32));
    const foreign = opaque(4413 * 4096 + 1, Buffer.alloc(8));
    const found = read(datagram([arp, bare, ...counters, discarded, foreign, tcpSample]));
    expect(found.flows).toHaveLength(1);
    const passed = { 'counter-samples': 2, 'discarded-packets': 1, 'unknown-samples': 1 };
    expect(found.kinds).toEqual({ 'not-ip': 2, ...passed });
  });

  it('counts headers that cannot be read, and rates of 0', () => {
    const cut = flowSample([rawHeader(1, tcpFrame.subarray(0, 30))]);
    const wrong = flowSample([rawHeader(11, Buffer.alloc(40, 0x41))]);
    const token = flowSample([rawHeader(2, tcpFrame)]);
    const untold = flowSample([rawHeader(1, tcpFrame)], { rate: 0 });
    const found = read(datagram([cut, wrong, token, untold]));
    expect(found.flows.map(({ sampling }) => sampling)).toEqual([1]);
    const lost = { 'header-cut': 1, 'header-malformed': 1, 'link-type-unknown': 1 };
    expect(found.kinds).toEqual({ ...lost, 'no-sampling-rate': 1 });
  });

  it('refuses older versions by name', () => {
    const four = datagram([tcpSample], { version: 4 });
    const found = read(four, datagram([tcpSample], { version: 2 }));
    expect(found.counts).toEqual([0, 0]);
    expect(found.kinds).toEqual({ 'sflow-version': 2 });
    expect(found.message('sflow-version')).toContain('sFlow 4');
    // Version 4: no sub-agent, samples without lengths.
    const old = Buffer.alloc(60);
    [4, 1, 0x0a00_0001, 1, 1000, 1, 1].forEach((word, index) => old.writeUInt32BE(word, index * 4));
    expect(isOlderSflow(old, 0, old.length)).toBe(true);
    expect(isOlderSflow(datagram([tcpSample]), 0, 60)).toBe(false);
    expect(isSflow5(old, 0, old.length)).toBe(false);
  });

  it('loses what is cut off or does not fit, and keeps what came before', () => {
    const whole = datagram([tcpSample, tcpSample]);
    for (let length = 0; length < whole.length; length++) {
      const found = read(whole.subarray(0, length));
      expect(found.flows.length).toBe(length < 28 + tcpSample.length ? 0 : 1);
      expect(found.kinds).toEqual({ 'sflow-malformed': 1 });
    }
    const agent = Buffer.from(whole);
    agent.writeUInt32BE(3, 4);
    expect(read(agent).kinds).toEqual({ 'sflow-malformed': 1 });
    const records = Buffer.from(whole);
    records.writeUInt32BE(0xffff_ffff, 28 + 8 + 28);
    expect(read(records).flows).toHaveLength(2);
  });
});

describe('what is missing', () => {
  const at = (sequence: number, options: { uptime?: number; subAgent?: number; drops?: number } = {}): Uint8Array => {
    const { uptime = sequence * 10, subAgent = 0, drops = 0 } = options;
    return datagram([flowSample([rawHeader(1, tcpFrame)], { drops })], { sequence, uptime, subAgent });
  };

  it('counts datagrams missing by their numbers, each sub-agent by itself', () => {
    const found = read(at(1), at(2), at(5), at(9, { subAgent: 1 }), at(10, { subAgent: 1 }), at(7));
    expect(found.flows).toHaveLength(6);
    expect(found.kinds).toEqual({ 'sflow-gap': 3 });
    expect(found.message('sflow-gap')).toBe(
      '3 of 9 datagrams (33.3 %) of 2 agents are missing by their numbers, the first before packet 3',
    );
  });

  it('counts flow samples missing by the numbers of their source, and takes a late datagram out of its gap', () => {
    const sampled = (sequence: number, first: number): Uint8Array =>
      datagram([flowSample([rawHeader(1, tcpFrame)], { number: first })], { sequence, uptime: sequence * 10 });
    const found = read(sampled(1, 10), sampled(2, 14), sampled(4, 17), sampled(3, 15));
    expect(found.kinds).toEqual({ 'sflow-samples-missing': 4 });
    expect(found.message('sflow-samples-missing')).toBe(
      '4 of 8 flow samples (50.0 %) are missing by their numbers, the first before packet 2',
    );
  });

  it('takes a late datagram and a new beginning for no gap, and the number for one that wraps', () => {
    expect(read(at(100), at(99), at(101)).kinds).toEqual({});
    expect(read(at(5000), at(1, { uptime: 3 }), at(2, { uptime: 13 })).kinds).toEqual({});
    expect(read(at(5), at(4000, { uptime: 3 })).kinds).toEqual({});
    expect(read(at(2 ** 32 - 1, { uptime: 5 }), at(0, { uptime: 6 })).kinds).toEqual({});
  });

  it('leaves a datagram out that comes twice', () => {
    const found = read(at(1), at(1), at(2));
    expect(found.flows).toHaveLength(2);
    expect(found.kinds).toEqual({ 'sflow-repeated': 1 });
  });

  it('sums up the samples that sources dropped', () => {
    const other = datagram([flowSample([rawHeader(1, tcpFrame)], { source: 4, drops: 50 })], {
      sequence: 4,
      uptime: 40,
    });
    const found = read(at(1, { drops: 10 }), at(2, { drops: 13 }), at(3, { drops: 2 }), other);
    expect(found.kinds).toEqual({ 'sflow-dropped': 3 });
    expect(found.message('sflow-dropped')).toContain('dropped 3 of 7 samples');
  });

  it('bounds the agents that it watches, and says so', () => {
    const agents = Array.from({ length: MOST_AGENTS + 2 }, (_, subAgent) => at(1, { subAgent }));
    const found = read(...agents);
    expect(found.flows).toHaveLength(MOST_AGENTS + 2);
    expect(found.kinds).toEqual({ 'sflow-agents-over-budget': 1 });
    expect(found.message('sflow-agents-over-budget')).toContain('not in 2 datagrams');
  });
});

describe('recognition', () => {
  const whole = datagram([tcpSample, opaque(2, Buffer.alloc(12)), expandedFlowSample([rawHeader(1, tcpFrame)])]);

  it('takes whole datagrams only', () => {
    expect(isSflow5(whole, 0, whole.length)).toBe(true);
    for (let length = 0; length < whole.length; length++) expect(isSflow5(whole, 0, length)).toBe(false);
    expect(isSflow5(Buffer.concat([whole, Buffer.alloc(4)]), 0, whole.length + 4)).toBe(false);
    expect(isSflow5(datagram([]), 0, 28)).toBe(false);
    expect(isSflow5(datagram([tcpSample], { version: 4 }), 0, 28 + tcpSample.length)).toBe(false);
  });

  it('takes no other bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 28, maxLength: 400 }), (bytes) => {
        bytes.set([0, 0, 0, 5, 0, 0, 0, 1]);
        bytes.set([0, 0, 0, 1], 24);
        expect(isSflow5(bytes, 0, bytes.length)).toBe(false);
      }),
      { numRuns: 2000, seed: 3 },
    );
  });
});

it('survives 20,000 mutated datagrams', () => {
  const made = [
    datagram([tcpSample, opaque(2, Buffer.alloc(12)), flowSample([sampledIpv6([1280, UDP, 53, 5353, 0])])]),
    datagram([expandedFlowSample([router('192.0.2.1'), rawHeader(1, tcpFrame)])], { agent: 'fd00' }),
  ];
  const change = fc.record({
    at: fc.nat({ max: 330 }),
    word: fc.oneof(fc.nat({ max: 300 }), fc.constantFrom(0xffff_ffff, 0x7fff_ffff, 0x8000_0000)),
    cut: fc.option(fc.nat({ max: 330 }), { freq: 8 }),
  });
  const found = new Collected();
  const collector = new SflowCollector(found);
  let packet = 0;
  fc.assert(
    fc.property(fc.constantFrom(...made), fc.array(change, { minLength: 1, maxLength: 3 }), (one, changes) => {
      let bytes = Buffer.from(one);
      // A number of its own, or it would be left out as one that comes again.
      bytes.writeUInt32BE(packet, one === made[0] ? 16 : 28);
      for (const { at, word, cut } of changes) {
        if (at + 4 <= bytes.length) bytes.writeUInt32BE(word, at);
        if (cut !== null) bytes = bytes.subarray(0, Math.max(1, cut));
      }
      isSflow5(bytes, 0, bytes.length);
      isOlderSflow(bytes, 0, bytes.length);
      const before = found.flows.length;
      const given = collector.message(bytes, 0, bytes.length, undefined, TIME, ++packet);
      expect(given).toBe(found.flows.length - before);
      expect(given).toBeLessThanOrEqual(8);
    }),
    { numRuns: 20_000, seed: 11 },
  );
  collector.end();
  expect(found.flows.length).toBeGreaterThan(5000);
  for (const flow of found.flows) {
    expect(Number.isInteger(flow.bytesOut) && flow.bytesOut >= 0 && flow.bytesOut < 2 ** 32).toBe(true);
  }
}, 60_000);

interface Datagrams {
  found: Collected;
  collector: SflowCollector;
  /** Packets recognised as sFlow, and other packets of UDP. */
  recognised: number;
  others: number;
}

function readCapture(path: string): Datagrams {
  const found = new Collected();
  const collector = new SflowCollector(found);
  const header = new Int32Array(HEADER_WORDS);
  const result = { found, collector, recognised: 0, others: 0 };
  const bytes = readFileSync(CORPUS + path);
  new PcapReader({
    packet(window, start, end, originalLength, time, linkType, number) {
      if (decodePacket(window, start, end, originalLength, linkType, header) !== DECODED) return;
      if (header[TRANSPORT] !== UDP) return;
      const from = header[PAYLOAD];
      const to = from + header[PAYLOAD_CAPTURED];
      if (!isSflow5(window, from, to)) {
        result.others++;
        return;
      }
      result.recognised++;
      collector.message(window, from, to, undefined, time, number);
    },
    problem(kind, offset, message) {
      throw new Error(`${kind} at ${offset}: ${message}`);
    },
  }).consume(bytes, bytes.length, 0, true);
  collector.end();
  return result;
}

const tsharkIsThere = spawnSync('tshark', ['-v']).error === undefined;
const PMACCT = 'generated/pmacct-sflow5.pcap';

describe.skipIf(!corpusIsThere)('captures of the corpus (not there: skipped)', () => {
  it.each([
    [PMACCT, 45, 0, 300, {}],
    ['telegraf/sflow_v5_example.pcap', 1, 0, 0, { 'counter-samples': 1 }],
    ['ndpi/pcap/sflow.pcap', 9, 0, 1, { 'counter-samples': 8 }],
    [
      'wireshark-wiki/SampleCaptures/sFlow-v5-100-ping-per-second.pcap',
      383,
      0,
      710,
      { 'counter-samples': 967, 'not-ip': 14, 'sflow-dropped': 696 },
    ],
  ] as const)('%s', (path, recognised, others, flows, kinds) => {
    const result = readCapture(path);
    expect([result.recognised, result.others]).toEqual([recognised, others]);
    expect(result.collector.records).toBe(flows);
    expect(result.found.kinds).toEqual(kinds);
  });

  it.each(['generated/mix.pcap', 'generated/softflowd-v5.pcap', 'generated/softflowd-ipfix.pcap'])(
    'recognises nothing in %s',
    (path) => {
      const result = readCapture(path);
      expect(result.recognised).toBe(0);
      expect(result.others).toBeGreaterThan(4);
    },
  );

  it('samples conversations of the mix, and about as many packets as there are', () => {
    const conversations = new Set<string>();
    let packets = 0;
    const header = new Int32Array(HEADER_WORDS);
    const address = (at: number): string =>
      formatAddress(header[at] >>> 0, header[at + 1] >>> 0, header[at + 2] >>> 0, header[at + 3] >>> 0);
    const mix = readFileSync(`${CORPUS}generated/mix.pcap`);
    new PcapReader({
      packet(bytes, start, end, originalLength, _time, linkType) {
        if (decodePacket(bytes, start, end, originalLength, linkType, header) !== DECODED) return;
        packets++;
        const ports = `${header[SOURCE_PORT]} ${header[DESTINATION_PORT]}`;
        conversations.add(`${header[TRANSPORT]} ${address(SOURCE)} ${address(DESTINATION)} ${ports}`);
      },
      problem() {},
    }).consume(mix, mix.length, 0, true);
    const { flows } = readCapture(PMACCT).found;
    const strange = flows.filter(
      (flow) =>
        !conversations.has(
          `${flow.transport} ${flow.initiator} ${flow.responder} ${flow.initiatorPort} ${flow.responderPort}`,
        ),
    );
    expect(strange).toEqual([]);
    expect(new Set(flows.map(({ sampling }) => sampling))).toEqual(new Set([10]));
    expect(flows.length * 10).toBeGreaterThan(packets * 0.9);
    expect(flows.length * 10).toBeLessThan(packets * 1.1);
  });

  it.skipIf(!tsharkIsThere)('agrees with tshark on ends and lengths (not installed: skipped)', () => {
    const fields = ['frame.number', 'ip.src', 'ip.dst', 'ip.len'].flatMap((name) => ['-e', name]);
    const printed = spawnSync('tshark', ['-r', CORPUS + PMACCT, '-T', 'fields', ...fields], { encoding: 'utf8' });
    const ours = new Map<number, string[]>();
    for (const flow of readCapture(PMACCT).found.flows) {
      const packet = Math.floor(flow.locator);
      if (flow.initiator.includes(':')) continue;
      ours.set(packet, [...(ours.get(packet) ?? []), `${flow.initiator} ${flow.responder} ${flow.bytesOut}`]);
    }
    let seen = 0;
    for (const line of printed.stdout.trim().split('\n')) {
      const [number, ...lists] = line.split('\t');
      const [sources, destinations, lengths] = lists.map((list) => list.split(','));
      // The first is the datagram's own; tshark also shows packets inside sampled ones, which we leave.
      const theirs = sources.map((source, index) => `${source} ${destinations[index]} ${lengths[index]}`).slice(1);
      let from = 0;
      for (const flow of ours.get(Number(number)) ?? []) {
        from = theirs.indexOf(flow, from) + 1;
        expect(from, `packet ${number}: ${flow}`).toBeGreaterThan(0);
        seen++;
      }
    }
    expect(seen).toBe(299);
  });
});
