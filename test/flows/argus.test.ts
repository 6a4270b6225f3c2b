import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PcapReader } from '../../electron/capture/pcap.ts';
import { decodePacket } from '../../electron/decode/link-layer.ts';
import {
  DECODED,
  DESTINATION,
  DESTINATION_PORT,
  HEADER_WORDS,
  IP_BYTES,
  SOURCE,
  SOURCE_PORT,
  TRANSPORT,
} from '../../electron/decode/packet-header.ts';
import { ArgusReader, detectArgus } from '../../electron/flows/argus/argus.ts';
import type { EvidenceSink, ExportedFlow } from '../../electron/flows/flow-sink.ts';
import { formatAddress } from '../../shared/address.ts';
import { formatTcpFlags, TCP, UDP } from '../../shared/flow.ts';
import { ProblemCounter } from '../../shared/problem.ts';
import { CORPUS, corpusIsThere } from '../corpus.ts';
import {
  counts,
  dsr,
  encapsulation,
  flowRecord,
  ipv4Key,
  ipv6Key,
  management,
  probe,
  record,
  SECONDS,
  tcpPerformance,
  timeRange,
} from './argus-files.ts';

interface PlainFlow extends Omit<ExportedFlow, 'initiator' | 'responder' | 'exporter'> {
  initiator: string;
  responder: string;
  exporter: string | null;
}

class Collected implements EvidenceSink {
  flows: PlainFlow[] = [];
  problems = new ProblemCounter();
  flow(flow: ExportedFlow): void {
    const { initiator, responder, exporter, ...rest } = flow;
    this.flows.push({
      ...rest,
      initiator: formatAddress(...initiator),
      responder: formatAddress(...responder),
      exporter: exporter === undefined ? null : formatAddress(...exporter),
    });
  }
  answer(): void {
    throw new Error('argus tells no DNS answers');
  }
  logName(): void {
    throw new Error('argus tells no names');
  }
  problem(kind: string, offset: number, message: string): void {
    this.problems.add(kind, offset, message);
  }
  get kinds(): Record<string, number> {
    return Object.fromEntries(this.problems.list().map(({ kind, count }) => [kind, count]));
  }
}

function read(parts: readonly Uint8Array[], piece = Infinity): Collected & { reader: ArgusReader } {
  const bytes = Buffer.concat(parts);
  const found = new Collected();
  const reader = new ArgusReader(found);
  for (let at = 0; at < bytes.length; at += piece) reader.push(bytes.subarray(at, at + piece));
  reader.end();
  return Object.assign(found, { reader });
}

const flowOf = (...parts: Uint8Array[]): PlainFlow => {
  const { flows } = read([management(), flowRecord(parts)]);
  expect(flows).toHaveLength(1);
  return flows[0];
};

describe('flow records', () => {
  it('gives five-tuple, counts of IP, times and place', () => {
    const { flows, reader, kinds } = read([management(), flowRecord()]);
    expect(flows).toEqual([
      {
        start: SECONDS * 1e6 + 250_000,
        end: (SECONDS + 2) * 1e6 + 750_000,
        initiator: '10.0.0.1',
        responder: '192.0.2.7',
        initiatorPort: 40_000,
        responderPort: 53,
        transport: UDP,
        packetsOut: 1,
        bytesOut: 60,
        packetsIn: 1,
        bytesIn: 76,
        tcpFlags: 0,
        state: null,
        locator: 2,
        oneWay: false,
        exporter: null,
      },
    ]);
    expect(reader.records).toBe(2);
    expect([reader.firstSeen, reader.lastSeen]).toEqual([flows[0].start, flows[0].end]);
    expect(kinds).toEqual({ 'frame-bytes': 1 });
  });

  it('reads IPv6, reversed keys and version 5', () => {
    expect(flowOf(ipv6Key())).toMatchObject({ initiator: 'fd00::1', responder: 'fd00::2', initiatorPort: 40_000 });
    const reversed = { initiator: '192.0.2.7', responder: '10.0.0.1', initiatorPort: 53, responderPort: 40_000 };
    expect(flowOf(ipv4Key({ subtype: 0x41 }))).toMatchObject(reversed);
    expect(flowOf(ipv6Key({ subtype: 0x41 }))).toMatchObject({ initiator: 'fd00::2', responder: 'fd00::1' });
    const five = read([management({ version: 5 }), flowRecord([], 5)]);
    expect(five.flows).toHaveLength(1);
  });

  it('takes fragments without ports, and ICMP with type and code', () => {
    expect(flowOf(ipv4Key({ qualifier: 0x81 }))).toMatchObject({ initiatorPort: 0, responderPort: 0 });
    const echo = ipv4Key({ transport: 1, sourcePort: 0x0800, destinationPort: 77 });
    expect(flowOf(echo)).toMatchObject({ initiatorPort: 8, responderPort: 0, packetsOut: 1 });
    const icmp6 = ipv6Key({ transport: 58, sourcePort: 0x8701, destinationPort: 9 });
    expect(flowOf(icmp6)).toMatchObject({ initiatorPort: 0x87, responderPort: 1 });
  });

  it('turns a record that began with the answer', () => {
    const reply = ipv4Key({ transport: 1, sourcePort: 0x0800, subtype: 0x41, qualifier: 0x21 });
    const flow = flowOf(reply, counts(6, false, 3, 300, 0, 0));
    expect(flow).toMatchObject({ initiator: '10.0.0.1', responder: '192.0.2.7', initiatorPort: 8, packetsIn: 3 });
    expect(flow).toMatchObject({ packetsOut: 0, bytesOut: 0, bytesIn: 300 - 3 * 14 });
  });

  it('turns TCP whose source is the server: SYN and ACK without SYN, or neither and a server port', () => {
    const key = ipv4Key({ transport: TCP, sourcePort: 443, destinationPort: 50_000 });
    const turned = { initiator: '192.0.2.7', initiatorPort: 50_000, responderPort: 443, packetsOut: 5, packetsIn: 4 };
    const given = { initiator: '10.0.0.1', initiatorPort: 443, packetsOut: 4 };
    const numbers = counts(2, false, 4, 400, 5, 500);
    expect(flowOf(key, numbers, tcpPerformance(0x4, 0x18, 0x10))).toMatchObject(turned);
    expect(flowOf(key, numbers, tcpPerformance(0x6, 0x1a, 0x10))).toMatchObject(turned);
    expect(flowOf(key, numbers, tcpPerformance(0x7, 0x1a, 0x1a))).toMatchObject(given);
  });

  it('tells flags and state of TCP', () => {
    const tcp = (status: number, out: number, back: number) => {
      const { tcpFlags, state } = flowOf(ipv4Key({ transport: TCP }), tcpPerformance(status, out, back));
      return [formatTcpFlags(tcpFlags ?? 0), state];
    };
    expect(tcp(0x7, 0x1a, 0x12)).toEqual(['...AP.S.', 'S1']);
    expect(tcp(0x1f, 0x13, 0x1b)).toEqual(['...AP.SF', 'SF']);
    expect(tcp(0x0f, 0x13, 0x1a)).toEqual(['...AP.SF', 'S2']);
    expect(tcp(0x0f, 0x12, 0x1b)).toEqual(['...AP.SF', 'S3']);
    // A FIN in a record before this one: whose is not told.
    expect(tcp(0x0f, 0x10, 0x10)).toEqual(['...A....', null]);
    expect(tcp(0x3f, 0x10, 0x10)).toEqual(['...A....', 'SF']);
    expect(tcp(0x1, 0x02, 0)).toEqual(['......S.', 'S0']);
    expect(tcp(0x2001, 0x02, 0x14)).toEqual(['...A.RS.', 'REJ']);
    expect(tcp(0x1001, 0x06, 0)).toEqual(['.....RS.', 'RSTOS0']);
    expect(tcp(0x1007, 0x06, 0x12)).toEqual(['...A.RS.', 'RSTO']);
    expect(tcp(0x2007, 0x02, 0x16)).toEqual(['...A.RS.', 'RSTR']);
    // SYN and ACK from the source only: turned, and so is whose reset it was.
    expect(tcp(0x1002, 0x16, 0)).toEqual(['...A.RS.', 'RSTRH']);
    expect(tcp(0x0, 0x18, 0x18)).toEqual(['...AP...', 'OTH']);
    const initial = dsr(0x30, 3, 0, [0x1, 7, 0, 0x2000_0200]);
    expect(flowOf(ipv4Key({ transport: TCP }), initial)).toMatchObject({ tcpFlags: 2, state: 'S0' });
    const status = dsr(0x30, 4, 0, [0x7, 0x1a12_0000]);
    expect(flowOf(ipv4Key({ transport: TCP }), status)).toMatchObject({ tcpFlags: 0x1a, state: 'S1' });
  });

  it('reads counts of every width, of both sides or one', () => {
    for (const withApplication of [false, true]) {
      for (let form = 1; form <= 12; form++) {
        const long = (form - 1) % 4 === 3;
        const packets = long ? 2 ** 34 : 3;
        const bytes = long ? 2 ** 44 : 250;
        const flow = flowOf(counts(form, withApplication, packets, bytes, packets + 1, bytes + 5), encapsulation(0, 0));
        const sides = (form - 1) >> 2;
        expect([flow.packetsOut, flow.bytesOut]).toEqual(sides === 2 ? [0, 0] : [packets, bytes]);
        expect([flow.packetsIn, flow.bytesIn]).toEqual(sides === 1 ? [0, 0] : [packets + 1, bytes + 5]);
      }
    }
  });

  it('reads times of every form', () => {
    const times = (subtype: number, words: number[], qualifier = 0x18) => {
      const { start, end } = flowOf(dsr(3, subtype, qualifier, words));
      return [start - SECONDS * 1e6, end - SECONDS * 1e6];
    };
    const minusOne = 2 ** 32 - 1_000_000;
    expect(times(1, [SECONDS, 5])).toEqual([5, 5]);
    expect(times(2, [SECONDS, 5])).toEqual([5, 5]);
    expect(times(2, [SECONDS, 5, 0, 0])).toEqual([5, 5]);
    expect(times(2, [SECONDS + 1, 5, SECONDS, 9])).toEqual([9, 1_000_005]);
    expect(times(3, [SECONDS, 5, 2_500_000])).toEqual([5, 2_500_005]);
    expect(times(3, [SECONDS, 5000, 2_500_000], 0x19)).toEqual([5, 2505]);
    // Since 3.0.8: which of the four moments are there; all whole, or distances from the first.
    expect(times(0x09, [SECONDS, 5])).toEqual([5, 5]);
    expect(times(0x7a, [SECONDS, 5, SECONDS + 1, 0, SECONDS, 6, SECONDS + 2, 0])).toEqual([5, 2_000_000]);
    expect(times(0x7d, [SECONDS, 5, 100, 1, 200])).toEqual([5, 205]);
    expect(times(0x2d, [SECONDS, 5, minusOne])).toEqual([-999_995, 5]);
    expect(times(0x65, [SECONDS, 5, 7])).toEqual([5, 12]);
  });

  it('takes link headers off that the record names, and tells what it cannot', () => {
    const bytes = (out: number, back: number) => {
      const found = read([management(), flowRecord([counts(2, false, 2, 1000, 1, 500), encapsulation(out, back)])]);
      return [found.flows[0].bytesOut, found.flows[0].bytesIn, Object.keys(found.kinds).join()];
    };
    expect(bytes(0x2, 0x2)).toEqual([972, 486, 'frame-bytes']);
    expect(bytes(0x6, 0x6)).toEqual([964, 482, 'frame-bytes']);
    expect(bytes(0x12, 0)).toEqual([956, 478, 'frame-bytes']);
    expect(bytes(0x2002, 0x2002)).toEqual([968, 484, 'frame-bytes']);
    expect(bytes(0x800, 0x800)).toEqual([992, 496, 'frame-bytes']);
    expect(bytes(0, 0)).toEqual([1000, 500, '']);
    expect(bytes(0x2_0000, 0)).toEqual([1000, 500, 'link-bytes']);
    expect(bytes(0x42, 0)).toEqual([972, 486, 'frame-bytes,tunnel-bytes']);
    const untold = record(0x10, 0x20, [ipv4Key(), timeRange(), counts(2, false, 2, 1000, 1, 500)]);
    expect(read([management({ interfaceType: 1 }), untold]).flows[0].bytesOut).toBe(972);
    expect(read([management(), untold]).kinds).toEqual({ 'link-bytes': 1 });
    expect(flowOf(counts(2, false, 100, 50, 0, 0)).bytesOut).toBe(0);
  });

  it('knows the probe by its address', () => {
    expect(flowOf(probe('10.9.8.7')).exporter).toBe('10.9.8.7');
    expect(flowOf(dsr(1, 3, 0x11, [0x0a09_0807, 0x6574_6830, 1])).exporter).toBe('10.9.8.7');
    expect(flowOf(dsr(1, 1, 2, [0xfd00_0000, 0, 0, 9])).exporter).toBe('fd00::9');
    expect(flowOf(dsr(1, 3, 0x20, [77, 1])).exporter).toBeNull();
    expect(flowOf(dsr(1, 3, 0x21, [0x6162_6364, 1])).exporter).toBeNull();
    expect(flowOf(dsr(1, 3, 0, [0, 1])).exporter).toBeNull();
  });

  it('takes what came from NetFlow as one way and counted in IP', () => {
    const netflow = record(0x30, 0x20, [ipv4Key(), timeRange(), counts(8, false, 9, 900, 0, 0)]);
    const found = read([management(), netflow]);
    expect(found.flows[0]).toMatchObject({ oneWay: true, bytesOut: 900, packetsOut: 9 });
    expect(found.kinds).toEqual({});
  });
});

describe('what makes no flow', () => {
  it('counts frames without IP, other records, and what the probe dropped', () => {
    const arp = dsr(2, 6, 4, [0x0001_0800, 0x0604_0001, 0, 1, 2]);
    const event = record(0x40, 0x20, [dsr(0x50, 0, 0, [1])]);
    const llc = dsr(2, 0x41, 3, [1, 2, 3, 4]);
    const found = read([management({ dropped: 7 }), flowRecord([arp]), flowRecord([llc]), event]);
    expect(found.flows).toHaveLength(0);
    expect(found.reader.records).toBe(4);
    expect(found.kinds).toEqual({ 'not-ip': 2, 'unused-record': 1, 'probe-dropped': 1 });
  });

  it('loses records without key, time or counts, with an impossible time or count', () => {
    const lost = (parts: Uint8Array[]): string => {
      const found = read([management(), record(0x10, 0x20, parts), flowRecord()]);
      expect(found.flows).toHaveLength(1);
      expect(found.flows[0].locator).toBe(3);
      const [problem] = found.problems.list();
      expect(problem.firstOffset).toBe(128);
      return problem.kind;
    };
    const numbers = counts(1, false, 1, 60, 0, 0);
    expect(lost([timeRange(), numbers])).toBe('missing-fields');
    expect(lost([ipv4Key(), numbers])).toBe('missing-fields');
    expect(lost([ipv4Key(), timeRange()])).toBe('missing-fields');
    expect(lost([ipv4Key({ subtype: 3 }), timeRange(), numbers])).toBe('missing-fields');
    expect(lost([ipv4Key(), timeRange(), dsr(0x10, 1, 4, [1, 2])])).toBe('missing-fields');
    expect(lost([ipv4Key(), dsr(3, 1, 0x18, [SECONDS, 1_000_001]), numbers])).toBe('bad-time');
    expect(lost([ipv4Key(), dsr(3, 1, 0x18, [0xefff_ffff, 0]), numbers])).toBe('bad-time');
    expect(lost([ipv4Key(), dsr(3, 5, 0x1a, [1, 2]), numbers])).toBe('bad-time');
    expect(lost([ipv4Key(), timeRange(), dsr(0x10, 1, 8, [0, 1, 0xffff_ffff, 1])])).toBe('bad-number');
  });

  it('tells of addresses cut by an aggregation', () => {
    const key = Buffer.from(ipv4Key({ qualifier: 0x41 }));
    key.set([16, 32], 18);
    expect(read([management(), flowRecord([key])]).kinds).toMatchObject({ 'masked-addresses': 1 });
    key.set([32, 0], 18);
    expect(read([management(), flowRecord([key])]).kinds).not.toHaveProperty('masked-addresses');
  });

  it('refuses version 2 by name', () => {
    expect(detectArgus(management({ version: 2 }))).toBe(true);
    const found = read([management({ version: 2 }), flowRecord()]);
    expect(found.flows).toHaveLength(0);
    expect(found.kinds).toEqual({ 'argus-version': 1 });
  });

  it('is not taken for argus without its mark', () => {
    expect(detectArgus(management())).toBe(true);
    expect(detectArgus(management({ version: 5 }))).toBe(true);
    expect(detectArgus(flowRecord())).toBe(false);
    expect(detectArgus(management().subarray(0, 11))).toBe(false);
    expect(detectArgus(new Uint8Array(0))).toBe(false);
  });
});

describe('damage', () => {
  const records: Uint8Array[] = Array.from({ length: 9 }, (_, index) =>
    flowRecord([ipv4Key({ sourcePort: 50_000 + index })]),
  );
  const ports = (found: Collected): number[] => found.flows.map((flow) => flow.initiatorPort - 50_000);

  it('costs a record whose parts do not fit it, and no other', () => {
    const bad = Buffer.from(records[3]);
    bad[7] = 200;
    const found = read([management(), ...records.with(3, bad)]);
    expect(ports(found)).toEqual([0, 1, 2, 4, 5, 6, 7, 8]);
    expect(found.kinds).toMatchObject({ 'damaged-record': 1 });
    expect(found.problems.list().find(({ kind }) => kind === 'damaged-record')?.firstOffset).toBe(
      128 + 3 * records[0].length,
    );
    expect(found.flows[3].locator).toBe(6);
  });

  it('goes on behind strange bytes, a wrong length, and a record cut in its midst', () => {
    const strange = Buffer.from('strange bytes between records');
    expect(ports(read([management(), ...records.slice(0, 4), strange, ...records.slice(4)]))).toEqual([
      0, 1, 2, 3, 4, 5, 6, 7, 8,
    ]);
    const long = Buffer.from(records[3]);
    long.writeUInt16BE(60_000, 2);
    const behindLong = read([management(), ...records.with(3, long)]);
    expect(ports(behindLong)).toEqual([0, 1, 2, 4, 5, 6, 7, 8]);
    expect(behindLong.kinds).toMatchObject({ 'damaged-record': 1 });
    const cut = records[3].subarray(0, 21);
    expect(ports(read([management(), ...records.with(3, cut)]))).toEqual([0, 1, 2, 4, 5, 6, 7, 8]);
  });

  it('tells a file that ends inside a record', () => {
    const found = read([management(), records[0], records[1].subarray(0, 30)]);
    expect(ports(found)).toEqual([0]);
    expect(found.kinds).toMatchObject({ 'damaged-record': 1 });
    const inHeader = read([management(), records[0], records[1].subarray(0, 3)]);
    expect(inHeader.kinds).toMatchObject({ 'damaged-record': 1 });
  });

  it('reads the same in pieces of any size', () => {
    const long = flowRecord([dsr(0x50, 3, 0, Array<number>(200).fill(1))]);
    const parts = [management(), ...records.slice(0, 4), Buffer.from('?'), ...records.slice(4), long];
    const whole = read(parts);
    expect(whole.flows).toHaveLength(10);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), (piece) => {
        const found = read(parts, piece);
        expect(found.flows).toEqual(whole.flows);
        expect(found.kinds).toEqual(whole.kinds);
      }),
      { numRuns: 40, seed: 5 },
    );
  });

  it('survives 20,000 mutated files', () => {
    const file = Buffer.concat([
      management(),
      ...records.slice(0, 3),
      flowRecord([ipv6Key(), probe('10.1.1.1')]),
      flowRecord([
        ipv4Key({ transport: TCP }),
        tcpPerformance(0x1f, 0x1b, 0x1b),
        dsr(3, 0x7d, 0x18, [SECONDS, 1, 2, 3, 4]),
      ]),
      flowRecord([counts(4, true, 1, 60, 1, 60)]),
      management({ cause: 0x30 }),
    ]);
    const small = fc.nat({ max: file.length - 1 });
    const change = fc.record({ at: small, byte: fc.nat({ max: 255 }), cut: fc.option(small, { freq: 8 }) });
    let kept = 0;
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        let bytes = Buffer.from(file);
        for (const { at, byte, cut } of changes) {
          if (at < bytes.length) bytes[at] = byte;
          if (cut !== null)
            bytes = Buffer.concat([bytes.subarray(0, cut), bytes.subarray(Math.min(bytes.length, cut + 9))]);
        }
        const found = read([bytes]);
        kept += found.flows.length;
        expect(found.flows.length).toBeLessThanOrEqual(6);
        for (const flow of found.flows) {
          expect(flow.end).toBeGreaterThanOrEqual(flow.start);
          expect(flow.bytesOut + flow.bytesIn).toBeGreaterThanOrEqual(0);
        }
      }),
      { numRuns: 20_000, seed: 7 },
    );
    // Most records of most files are whole.
    expect(kept).toBeGreaterThan(20_000 * 4);
  }, 60_000);

  it('does not linger on a megabyte of headers that promise long records', () => {
    const bytes = Buffer.alloc(1 << 20, Buffer.from([0x13, 0x20, 0xff, 0xff]));
    const before = performance.now();
    const found = read([management(), bytes]);
    expect(performance.now() - before).toBeLessThan(5000);
    expect(found.flows).toHaveLength(0);
  });
});

const raIsThere = spawnSync('ra', ['-h']).error === undefined;

describe('argus’ own client', () => {
  it.skipIf(!raIsThere)('reads what the tests write as the reader does (ra not installed: skipped)', () => {
    const parts: Uint8Array[] = [management()];
    for (let form = 1; form <= 12; form++) {
      // ra does not read single bytes of one side without the application's.
      if (form !== 5 && form !== 9)
        parts.push(flowRecord([ipv4Key({ sourcePort: 1024 + form }), counts(form, false, 3, 200, 4, 210)]));
      parts.push(flowRecord([ipv4Key({ sourcePort: 2048 + form }), counts(form, true, 3, 200, 4, 210)]));
    }
    const whole = [SECONDS, 5, SECONDS + 1, 0, SECONDS, 6, SECONDS + 2, 0];
    parts.push(flowRecord([ipv6Key(), dsr(3, 0x7a, 0x18, whole)]));
    parts.push(flowRecord([ipv6Key({ subtype: 0x41 }), dsr(3, 0x7d, 0x18, [SECONDS, 5, 100, 1, 200])]));
    parts.push(flowRecord([ipv4Key({ subtype: 0x41 }), dsr(3, 0x2d, 0x18, [SECONDS, 5, 90])]));
    const folder = mkdtempSync(join(tmpdir(), 'argus-'));
    try {
      const path = join(folder, 'made.argus');
      writeFileSync(path, Buffer.concat(parts));
      expect(raFlows(path)).toEqual(read(parts).flows.map(asRa));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it.skipIf(!raIsThere || !corpusIsThere)('agrees on the flags of the mix (ra or corpus not there: skipped)', () => {
    const path = `${CORPUS}generated/mix.argus`;
    const flows = read([readFileSync(path)]).flows.map(asRa);
    expect(flows.length).toBe(231);
    expect(raFlows(path)).toEqual(flows);
  });
});

const MAC = /^(..:){5}..$/;

/** Flows of IP as ra prints them: ends, counts, microseconds, TCP flags. */
function raFlows(path: string): string[] {
  const columns = 'proto saddr sport daddr dport spkts dpkts stime ltime state'.split(' ');
  const printed = spawnSync('ra', ['-nr', path, '-Z', 'b', '-u', '-p', '6', '-c', ',', '-s', ...columns], {
    encoding: 'utf8',
  });
  return printed.stdout
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(','))
    .filter(([protocol, source]) => !['man', 'arp'].includes(protocol) && !MAC.test(source))
    .map(([protocol, source, sourcePort, destination, destinationPort, out, back, start, end, state]) => {
      const withPorts = protocol === 'tcp' || protocol === 'udp';
      const ends = withPorts ? `${source}:${sourcePort} ${destination}:${destinationPort}` : `${source} ${destination}`;
      const flags =
        protocol === 'tcp' ? [...'CEUAPRSF'].map((flag) => (state.includes(flag) ? flag : '.')).join('') : '';
      return `${ends} ${out} ${back} ${Math.round(Number(start) * 1e6)} ${Math.round(Number(end) * 1e6)} ${flags}`;
    });
}

function asRa(flow: PlainFlow): string {
  const withPorts = flow.transport === TCP || flow.transport === UDP;
  const { initiator, initiatorPort, responder, responderPort } = flow;
  const ends = withPorts ? `${initiator}:${initiatorPort} ${responder}:${responderPort}` : `${initiator} ${responder}`;
  const flags = flow.transport === TCP ? formatTcpFlags(flow.tcpFlags ?? 0) : '';
  return `${ends} ${flow.packetsOut} ${flow.packetsIn} ${flow.start} ${flow.end} ${flags}`;
}

interface ExpectedFlow {
  id: number;
  l4: string;
  src_ip: string;
  src_port?: number;
  dst_ip: string;
  dst_port?: number;
  packets_c2s: number;
  packets_s2c: number;
  bytes_c2s: number;
  bytes_s2c: number;
  first_ts: number;
  last_ts: number;
}

describe.skipIf(!corpusIsThere)('the mix of the corpus (not there: skipped)', () => {
  const mix = () => read([readFileSync(`${CORPUS}generated/mix.argus`)]);

  it('gives the 231 flows of IP among the 296 that ra counts', () => {
    const lines = readFileSync(`${CORPUS}expected.jsonl`, 'utf8').split('\n');
    const expected = lines
      .filter((line) => line.includes('"generated/mix.argus"') && line.includes('"kind":"flow"'))
      .map((line) => JSON.parse(line) as ExpectedFlow);
    expect(expected).toHaveLength(296);
    const found = mix();
    expect(found.reader.records).toBe(298);
    expect(found.kinds).toEqual({ 'not-ip': 65, 'frame-bytes': 1, 'tunnel-bytes': 1 });
    const flows = new Map(found.flows.map((flow) => [flow.locator, flow]));
    for (const one of expected) {
      const flow = flows.get(one.id + 1);
      expect(flow === undefined, `${one.id} ${one.l4}`).toBe(one.l4 === 'arp' || MAC.test(one.src_ip));
      if (flow === undefined) continue;
      const withPorts = one.l4 === 'tcp' || one.l4 === 'udp';
      const ports = withPorts ? [one.src_port, one.dst_port] : [flow.initiatorPort, flow.responderPort];
      expect([flow.initiator, flow.responder]).toEqual([one.src_ip, one.dst_ip]);
      expect([flow.initiatorPort, flow.responderPort]).toEqual(ports);
      expect([flow.packetsOut, flow.packetsIn]).toEqual([one.packets_c2s, one.packets_s2c]);
      expect([flow.start, flow.end]).toEqual([Math.round(one.first_ts * 1e6), Math.round(one.last_ts * 1e6)]);
      const off = one.bytes_c2s + one.bytes_s2c - flow.bytesOut - flow.bytesIn;
      expect([14, 18]).toContain(off / (flow.packetsOut + flow.packetsIn));
    }
  });

  it('counts the packets of the capture that argus read, and its bytes of IP up to padding', () => {
    const wanted = new Map<string, { packets: number; bytes: number; short: number }>();
    const header = new Int32Array(HEADER_WORDS);
    const address = (at: number): string =>
      formatAddress(header[at] >>> 0, header[at + 1] >>> 0, header[at + 2] >>> 0, header[at + 3] >>> 0);
    const pcap = readFileSync(`${CORPUS}generated/mix.pcap`);
    new PcapReader({
      packet(bytes, start, end, originalLength, _time, linkType) {
        if (decodePacket(bytes, start, end, originalLength, linkType, header) !== DECODED) return;
        if (header[TRANSPORT] !== TCP && header[TRANSPORT] !== UDP) return;
        const source = `${address(SOURCE)}:${header[SOURCE_PORT]}`;
        const key = [source, `${address(DESTINATION)}:${header[DESTINATION_PORT]}`].toSorted().join(' ');
        const sum = wanted.get(key) ?? { packets: 0, bytes: 0, short: 0 };
        sum.packets++;
        sum.bytes += header[IP_BYTES];
        if (header[IP_BYTES] < 46) sum.short += 46 - header[IP_BYTES];
        wanted.set(key, sum);
      },
      problem() {},
    }).consume(pcap, pcap.length, 0, true);

    const got = new Map<string, { packets: number; bytes: number }>();
    for (const flow of mix().flows) {
      if (flow.transport !== TCP && flow.transport !== UDP) continue;
      const ends = [`${flow.initiator}:${flow.initiatorPort}`, `${flow.responder}:${flow.responderPort}`];
      const key = ends.toSorted().join(' ');
      const sum = got.get(key) ?? { packets: 0, bytes: 0 };
      sum.packets += flow.packetsOut + flow.packetsIn;
      sum.bytes += flow.bytesOut + flow.bytesIn;
      got.set(key, sum);
    }
    const differing = [...wanted].filter(([key, { packets, bytes, short }]) => {
      const sum = got.get(key);
      return sum?.packets !== packets || sum.bytes < bytes || sum.bytes > bytes + short;
    });
    expect(wanted.size).toBeGreaterThan(100);
    expect(differing).toEqual([]);
    // Only the flow that argus saw inside GRE has no packet of its own here.
    expect([...got.keys()].filter((key) => !wanted.has(key))).toEqual(['192.168.10.210:5060 192.168.103.40:5060']);
  });
});
