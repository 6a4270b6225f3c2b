import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeLz4Block } from '../../electron/capture/lz4.ts';
import { decompressLzo1x } from '../../electron/capture/lzo1x.ts';
import type { EvidenceSink, ExportedFlow } from '../../electron/flows/flow-sink.ts';
import { type BlockDecompressors, detectNfcapd, MAX_TRIALS, NfcapdReader } from '../../electron/flows/nfcapd/nfcapd.ts';
import { formatAddress } from '../../shared/address.ts';
import { formatTcpFlags } from '../../shared/flow.ts';
import { ProblemCounter } from '../../shared/problem.ts';
import { CORPUS, corpusIsThere } from '../corpus.ts';
import {
  block,
  COMPRESSIONS,
  element,
  exporterRecord,
  extensionMap,
  fileV1,
  fileV2,
  legacySamplerRecord,
  recordsV1,
  recordV2,
  samplerRecord,
  statisticsRecord,
  turnedOver,
  type WrittenFlow,
} from './nfcapd-files.ts';

function lz4(bytes: Uint8Array, maximum: number): Uint8Array | null {
  // No block of LZ4 grows more than 255 times.
  const out = new Uint8Array(Math.min(maximum, bytes.length * 255));
  const { end, sound } = decodeLz4Block(bytes, out, 0, 0);
  return sound ? out.subarray(0, end) : null;
}

function zstd(bytes: Uint8Array, maximum: number): Uint8Array | null {
  try {
    return zstdDecompressSync(bytes, { maxOutputLength: maximum });
  } catch {
    return null;
  }
}

const OWN: BlockDecompressors = { lzo: decompressLzo1x, lz4, zstd, bz2: turnedOver };

/** A flow with its addresses as text, and only those fields that say something. */
interface SeenFlow {
  start: number;
  end: number;
  initiator: string;
  responder: string;
  initiatorPort: number;
  responderPort: number;
  transport: number;
  packetsOut: number;
  bytesOut: number;
  packetsIn: number;
  bytesIn: number;
  tcpFlags: number;
  sampling: number;
  oneWay: boolean;
  locator: number;
  exporter: string | undefined;
  nextHop: string | undefined;
  inputInterface: number;
  outputInterface: number;
}

class Collected implements EvidenceSink {
  flows: SeenFlow[] = [];
  problems = new ProblemCounter();
  flow(flow: ExportedFlow): void {
    const { start, end, initiatorPort, responderPort, transport, packetsOut, bytesOut, packetsIn, bytesIn } = flow;
    this.flows.push({
      start,
      end,
      initiator: formatAddress(...flow.initiator),
      responder: formatAddress(...flow.responder),
      initiatorPort,
      responderPort,
      transport,
      packetsOut,
      bytesOut,
      packetsIn,
      bytesIn,
      tcpFlags: flow.tcpFlags ?? -1,
      sampling: flow.sampling ?? -1,
      oneWay: flow.oneWay ?? false,
      locator: flow.locator,
      exporter: flow.exporter && formatAddress(...flow.exporter),
      nextHop: flow.nextHop && formatAddress(...flow.nextHop),
      inputInterface: flow.inputInterface ?? -1,
      outputInterface: flow.outputInterface ?? -1,
    });
  }
  answer(): void {
    throw new Error('nfcapd has no names');
  }
  logName(): void {
    throw new Error('nfcapd has no names');
  }
  problem(kind: string, offset: number, message: string, count?: number): void {
    this.problems.add(kind, offset, message, count);
  }
  get problemCounts(): Record<string, number> {
    return Object.fromEntries(this.problems.list().map(({ kind, count }) => [kind, count]));
  }
}

function read(bytes: Uint8Array, pieceBytes = bytes.length, decompress = OWN) {
  const found = new Collected();
  const reader = new NfcapdReader(found, decompress);
  for (let at = 0; at < bytes.length; at += pieceBytes) reader.push(bytes.subarray(at, at + pieceBytes));
  reader.end();
  expect(reader.records).toBe(found.flows.length);
  return { ...found, problemCounts: found.problemCounts, list: found.problems.list(), reader };
}

const FLOW: WrittenFlow = {
  first: 1_500_000_000_123,
  last: 1_500_000_004_500,
  source: '175.45.176.1',
  destination: '93.184.216.34',
  sourcePort: 40_000,
  destinationPort: 443,
  transport: 6,
  tcpFlags: 0x1b,
  packets: 12,
  bytes: 3456,
};

const SEEN: SeenFlow = {
  start: 1_500_000_000_123_000,
  end: 1_500_000_004_500_000,
  initiator: '175.45.176.1',
  responder: '93.184.216.34',
  initiatorPort: 40_000,
  responderPort: 443,
  transport: 6,
  packetsOut: 12,
  bytesOut: 3456,
  packetsIn: 0,
  bytesIn: 0,
  tcpFlags: 0x1b,
  sampling: 1,
  oneWay: true,
  locator: 1,
  exporter: undefined,
  nextHop: undefined,
  inputInterface: 0,
  outputInterface: 0,
};

const v2 = (...flows: readonly WrittenFlow[]): Buffer => fileV2([block(flows.map((flow) => recordV2(flow)))]);
const v1 = (...flows: readonly WrittenFlow[]): Buffer =>
  fileV1([
    block(
      flows.flatMap((flow, i) => recordsV1(flow, i)),
      { type: 2 },
    ),
  ]);

const u32 = fc.nat(0xffffffff);
const ipv4 = fc.tuple(fc.integer({ min: 1, max: 223 }), fc.nat(255), fc.nat(255), fc.nat(255)).map((p) => p.join('.'));
const ipv6 = fc
  .tuple(fc.integer({ min: 1, max: 0xffff }), u32, u32, u32)
  .map(([group, b, c, d]) => formatAddress(0x2001_0000 + group, b, c, d));

function flowsOf(ip: fc.Arbitrary<string>): fc.Arbitrary<WrittenFlow> {
  return fc.record(
    {
      first: fc.integer({ min: 1, max: 4_000_000_000_000 }),
      last: fc.constant(0),
      source: ip,
      destination: ip,
      sourcePort: fc.nat(65_535),
      destinationPort: fc.nat(65_535),
      transport: fc.constantFrom(1, 6, 17, 47, 58),
      tcpFlags: fc.nat(255),
      packets: fc.oneof(u32, fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })),
      bytes: fc.oneof(u32, fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })),
      packetsBack: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
      bytesBack: u32,
      inputInterface: u32,
      outputInterface: u32,
      nextHop: ip,
      bgpNextHop: ip,
      sender: ip,
    },
    {
      requiredKeys: [
        'first',
        'last',
        'source',
        'destination',
        'sourcePort',
        'destinationPort',
        'transport',
        'tcpFlags',
        'packets',
        'bytes',
      ],
    },
  );
}

const anyFlow = fc
  .oneof(flowsOf(ipv4), flowsOf(ipv6))
  .chain((flow) => fc.nat(100_000).map((duration) => ({ ...flow, last: flow.first + duration })));

function expectedOf(flow: WrittenFlow, locator: number): SeenFlow {
  const isIcmp = flow.transport === 1 || flow.transport === 58;
  const packetsIn = flow.packetsBack ?? 0;
  const bytesIn = flow.bytesBack ?? 0;
  return {
    start: flow.first * 1000,
    end: flow.last * 1000,
    initiator: flow.source,
    responder: flow.destination,
    initiatorPort: isIcmp ? flow.destinationPort >>> 8 : flow.sourcePort,
    responderPort: isIcmp ? flow.destinationPort & 255 : flow.destinationPort,
    transport: flow.transport,
    packetsOut: flow.packets,
    bytesOut: flow.bytes,
    packetsIn,
    bytesIn,
    tcpFlags: flow.tcpFlags ?? 0,
    sampling: 1,
    oneWay: packetsIn === 0 && bytesIn === 0,
    locator,
    exporter: flow.sender,
    nextHop: flow.nextHop ?? flow.bgpNextHop,
    inputInterface: flow.inputInterface ?? 0,
    outputInterface: flow.outputInterface ?? 0,
  };
}

describe('nfcapd files', () => {
  it('are told by their first bytes', () => {
    expect(detectNfcapd(v1(FLOW))).toBe(true);
    expect(detectNfcapd(v2(FLOW))).toBe(true);
    expect(detectNfcapd(fileV2([], { version: 3 }))).toBe(true);
    expect(detectNfcapd(Uint8Array.of(0xa5, 0x0c, 0, 1))).toBe(true);
    expect(detectNfcapd(Uint8Array.of(0x0c, 0xa5, 4, 0))).toBe(false);
    expect(detectNfcapd(Uint8Array.of(0x0c, 0xa5))).toBe(false);
    expect(detectNfcapd(Buffer.from('#fields\tts'))).toBe(false);
  });

  it('give every flow of layout 2, whatever the compression and the pieces', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(anyFlow, { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 4 }),
        fc.constantFrom(...COMPRESSIONS),
        fc.integer({ min: 1, max: 400 }),
        (blocks, compression, pieceBytes) => {
          const written = blocks.map((flows) =>
            block(
              flows.map((flow) => recordV2(flow)),
              { compression },
            ),
          );
          const { flows, list, reader } = read(fileV2(written, { compression }), pieceBytes);
          const expected = blocks.flat().map((flow, i) => expectedOf(flow, i + 1));
          expect(list).toEqual([]);
          expect(flows).toEqual(expected);
          expect(reader.firstSeen).toBe(Math.min(...expected.map(({ start }) => start)));
          expect(reader.lastSeen).toBe(Math.max(...expected.map(({ end }) => end)));
        },
      ),
      { numRuns: 150, seed: 2 },
    );
  });

  it('give every flow of layout 1, whatever the compression and the pieces', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(anyFlow, { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 4 }),
        fc.constantFrom('none', 'lzo', 'bz2', 'lz4'),
        fc.integer({ min: 1, max: 400 }),
        (blocks, compression, pieceBytes) => {
          const written = blocks.map((flows) =>
            block(
              flows.flatMap((flow, i) => recordsV1(flow, i)),
              { compression, type: 2 },
            ),
          );
          const { flows, list } = read(fileV1(written, compression), pieceBytes);
          expect(list).toEqual([]);
          expect(flows).toEqual(blocks.flat().map((flow, i) => expectedOf(flow, i + 1)));
        },
      ),
      { numRuns: 150, seed: 3 },
    );
  });

  it('may hold blocks that are not compressed among such that are', () => {
    const blocks = [block([recordV2(FLOW)], { compression: 'lzo' }), block([recordV2(FLOW)], { flags: 1 })];
    expect(read(fileV2(blocks, { compression: 'lzo' })).flows).toEqual([SEEN, { ...SEEN, locator: 2 }]);
  });

  it('name the exporter by its number, in both ways of writing addresses', () => {
    for (const [order, text] of [
      ['host', '10.1.2.3'],
      ['network', '10.1.2.3'],
      ['host', '2001:db8::7'],
      ['network', '2001:db8::7'],
    ] as const) {
      const records = [exporterRecord(5, text, order), recordV2({ ...FLOW, exporter: 5 })];
      expect(read(fileV2([block(records)])).flows).toEqual([{ ...SEEN, exporter: text }]);
      const [map, record] = recordsV1({ ...FLOW, exporter: 5 });
      const old = block([exporterRecord(5, text, order), map, record], { type: 2 });
      expect(read(fileV1([old])).flows).toEqual([{ ...SEEN, exporter: text }]);
    }
    expect(read(v2({ ...FLOW, sender: '0.0.0.0', nextHop: '0.0.0.0', bgpNextHop: '10.9.9.9' })).flows).toEqual([
      { ...SEEN, nextHop: '10.9.9.9' },
    ]);
  });

  it('turn a biflow round whose destination opened the connection', () => {
    const flow = { ...FLOW, packetsBack: 7, bytesBack: 700, biflowDirection: 2 };
    const turned = {
      ...SEEN,
      initiator: SEEN.responder,
      responder: SEEN.initiator,
      initiatorPort: 443,
      responderPort: 40_000,
      packetsOut: 7,
      bytesOut: 700,
      packetsIn: 12,
      bytesIn: 3456,
      oneWay: false,
    };
    expect(read(v2(flow, FLOW)).flows).toEqual([turned, { ...SEEN, locator: 2 }]);
  });

  it('leave behind nothing of one record in the next', () => {
    const full: WrittenFlow = {
      ...FLOW,
      packetsBack: 3,
      bytesBack: 300,
      inputInterface: 4,
      outputInterface: 5,
      nextHop: '10.0.0.1',
      bgpNextHop: '10.0.0.2',
      sender: '10.0.0.3',
      isScaled: true,
      ownRate: 3,
      biflowDirection: 2,
      transport: 1,
    };
    expect(read(v2(full, FLOW)).flows[1]).toEqual({ ...SEEN, locator: 2 });
    expect(read(v1(full, FLOW)).flows[1]).toEqual({ ...SEEN, locator: 2 });
  });
});

describe('counts that the collector multiplied', () => {
  const scaled = { ...FLOW, packets: 12_000, bytes: 3_456_000, isScaled: true, exporter: 2 };
  const raw = { ...SEEN, sampling: 1000 };

  it('are brought back by the sampler that it used', () => {
    const withSampler = (sampler: Buffer, flow: WrittenFlow) => read(fileV2([block([sampler, recordV2(flow)])]));
    expect(withSampler(samplerRecord(2, -1, 1, 999), scaled).flows).toEqual([raw]);
    expect(withSampler(legacySamplerRecord(2, -1, 1000), scaled).flows).toEqual([raw]);
    const named = withSampler(samplerRecord(2, 4_294_967_301, 1, 999), { ...scaled, samplerId: 4_294_967_301 });
    expect(named.flows).toEqual([raw]);
    expect(named.list).toEqual([]);
    // Three of ten packets; the collector rounds down.
    const uneven = withSampler(samplerRecord(2, -1, 3, 7), { ...scaled, packets: 40, bytes: 11_520 });
    expect(uneven.flows).toEqual([{ ...SEEN, sampling: 3 }]);
  });

  it('are brought back by the one of several samplers that the record names, or that was set by hand', () => {
    const samplers = [samplerRecord(2, 7, 1, 999), samplerRecord(2, 8, 1, 499)];
    const file = (...further: Buffer[]) => fileV2([block([...samplers, ...further])]);
    expect(read(file(recordV2({ ...scaled, samplerId: 7 }))).flows).toEqual([raw]);
    const halved = { ...raw, packetsOut: 24, bytesOut: 6912, sampling: 500 };
    expect(read(file(recordV2({ ...scaled, samplerId: 8 }))).flows).toEqual([halved]);
    expect(read(file(samplerRecord(2, -3, 1, 999), recordV2({ ...scaled, samplerId: 8 }))).flows).toEqual([raw]);
    expect(read(file(samplerRecord(2, -2, 1, 999), recordV2(scaled))).flows).toEqual([raw]);
    expect(read(file(recordV2(scaled))).problemCounts).toEqual({ 'scaled-counts': 1 });
  });

  it('are brought back by the rate in the record, of early nfdump 1.7', () => {
    expect(read(v2({ ...scaled, ownRate: 1000 })).flows).toEqual([raw]);
  });

  it('are brought back in layout 1 when all samplers of the exporter agree', () => {
    const [map, record] = recordsV1(scaled);
    const file = (...samplers: Buffer[]) => fileV1([block([...samplers, map, record], { type: 2 })]);
    expect(read(file(legacySamplerRecord(2, 3, 1000), legacySamplerRecord(2, 4, 1000))).flows).toEqual([raw]);
    const differing = read(file(legacySamplerRecord(2, 3, 1000), legacySamplerRecord(2, 4, 500)));
    expect(differing.flows).toEqual([{ ...SEEN, packetsOut: 12_000, bytesOut: 3_456_000 }]);
    expect(differing.problemCounts).toEqual({ 'scaled-counts': 1 });
  });

  it('stand as recorded, and are told, when no rate is known or none fits', () => {
    const unknown = read(v2(scaled));
    expect(unknown.flows).toEqual([{ ...SEEN, packetsOut: 12_000, bytesOut: 3_456_000 }]);
    expect(unknown.problemCounts).toEqual({ 'scaled-counts': 1 });
    const misfit = fileV2([block([samplerRecord(2, -1, 1, 6), recordV2(scaled)])]);
    expect(read(misfit).problemCounts).toEqual({ 'scaled-counts': 1 });
  });

  it('are one packet in a record of sfcapd', () => {
    const packet = { ...FLOW, packets: 512, bytes: 512 * 1518, isScaled: true, exporter: 3 };
    const seen = { ...SEEN, packetsOut: 1, bytesOut: 1518, sampling: 512 };
    const second = read(v2({ ...packet, isSflow: true }));
    expect(second.flows).toEqual([seen]);
    expect(second.problemCounts).toEqual({ 'frame-bytes': 1 });
    const [map, record] = recordsV1(packet);
    const first = read(fileV1([block([exporterRecord(3, '10.0.0.9', 'host', 9999), map, record], { type: 2 })]));
    expect(first.flows).toEqual([{ ...seen, exporter: '10.0.0.9' }]);
  });
});

describe('odd records', () => {
  it('with events that are no traffic are counted and left out', () => {
    const event = { ...FLOW, packets: 0, bytes: 0, isEvent: true };
    const flows = [
      { ...event, firewallEvent: 1 },
      { ...event, firewallEvent: 3 },
      { ...event, firewallEvent: 2, bytes: 99 },
    ];
    for (const file of [v2(...flows), v1(...flows)]) {
      const { flows: seen, problemCounts } = read(file);
      expect(seen.map(({ locator, bytesOut }) => [locator, bytesOut])).toEqual([
        [2, 0],
        [3, 99],
      ]);
      expect(problemCounts).toEqual({ 'event-not-flow': 1 });
    }
  });

  it('with start and end the wrong way round are put right and told', () => {
    const swapped = { ...FLOW, first: FLOW.last, last: FLOW.first };
    expect(read(v2(swapped)).flows).toEqual([SEEN]);
    expect(read(v2(swapped)).problemCounts).toEqual({ 'times-swapped': 1 });
  });

  it('without a time, or with one beyond 2255, or with counts beyond 2^53', () => {
    const received = read(v2({ ...FLOW, first: 0, last: 0, received: 1_500_000_009_000 }));
    expect(received.flows).toEqual([{ ...SEEN, start: 1_500_000_009_000_000, end: 1_500_000_009_000_000 }]);
    expect(received.problemCounts).toEqual({ 'no-time': 1 });
    expect(read(v2({ ...FLOW, first: 0 })).problemCounts).toEqual({ 'bad-time': 1 });
    expect(read(v2({ ...FLOW, last: 2 ** 53 })).problemCounts).toEqual({ 'bad-time': 1 });
    expect(read(v2({ ...FLOW, bytes: 2 ** 60 })).problemCounts).toEqual({ 'bad-number': 1 });
  });

  it('without addresses, or that stand for several flows', () => {
    const withoutAddress = Buffer.from(recordV2(FLOW));
    withoutAddress.writeUInt16LE(6, 64);
    expect(read(fileV2([block([withoutAddress])])).problemCounts).toEqual({ 'missing-fields': 1 });
    const several = read(v2({ ...FLOW, aggregated: 5 }));
    expect(several.flows).toEqual([SEEN]);
    expect(several.problemCounts).toEqual({ 'aggregated-flows': 1 });
  });

  it('with extensions that nobody knows lose nothing else', () => {
    const record = recordV2(FLOW, [element(77, Buffer.alloc(9)), element(29, Buffer.from('GET / HTTP/1.1'))]);
    const second = read(fileV2([block([record, recordV2(FLOW)])]));
    expect(second.flows).toEqual([SEEN, { ...SEEN, locator: 2 }]);
    expect(second.problemCounts).toEqual({ 'extension-unknown': 1 });

    const flow = { ...FLOW, inputInterface: 7 };
    const [, old] = recordsV1(flow);
    const longer = Buffer.concat([old, Buffer.alloc(40)]);
    longer.writeUInt16LE(longer.length, 2);
    const first = read(fileV1([block([extensionMap(1, [5, 99]), longer], { type: 2 })]));
    expect(first.flows).toEqual([{ ...SEEN, inputInterface: 7 }]);
    expect(first.problemCounts).toEqual({ 'extension-unknown': 1 });

    const withoutMap = read(fileV1([block([old], { type: 2 })]));
    expect(withoutMap.flows).toEqual([SEEN]);
    expect(withoutMap.problemCounts).toEqual({ 'no-extension-map': 1 });
  });
});

describe('damage', () => {
  const flows = Array.from({ length: 30 }, (_, i) => ({ ...FLOW, sourcePort: 1000 + i }));
  const records = flows.map((flow) => recordV2(flow));
  const length = records[0].length;
  const ports = (file: Uint8Array): number[] => read(file).flows.map(({ initiatorPort }) => initiatorPort);
  const allPorts = flows.map(({ sourcePort }) => sourcePort);

  it('in one record costs that record, and is told with its place', () => {
    const damaged = [...records];
    damaged[10] = Buffer.from(records[10]);
    damaged[10].writeUInt16LE(9999, 14);
    const file = fileV2([block(damaged)]);
    expect(ports(file)).toEqual(allPorts.filter((port) => port !== 1010));
    expect(read(file).list).toEqual([
      {
        kind: 'damaged-record',
        count: 1,
        firstOffset: 52 + 10 * length,
        message: 'the parts of the record do not add up to its size',
      },
    ]);
  });

  it('in the size of a record costs that record, in either layout', () => {
    for (const size of [0, 3, 13, 65_535]) {
      const damaged = [...records];
      damaged[10] = Buffer.from(records[10]);
      damaged[10].writeUInt16LE(size, 2);
      expect(ports(fileV2([block(damaged)]))).toEqual(allPorts.filter((port) => port !== 1010));

      const [[map]] = flows.map((flow) => recordsV1(flow));
      const old = flows.map((flow) => recordsV1(flow)[1]);
      old[10].writeUInt16LE(size, 2);
      expect(ports(fileV1([block([map, ...old], { type: 2 })]))).toEqual(allPorts.filter((port) => port !== 1010));
    }
  });

  it('in the length of a block costs no record of another block', () => {
    const cut = (from: number, to: number, options = {}) => block(records.slice(from, to), options);
    for (const size of [0, 50, 700, 100_000, 0xffffffff]) {
      const file = fileV2([cut(0, 10), cut(10, 20, { size }), cut(20, 30)]);
      const seen = ports(file);
      expect(new Set(seen).size).toBe(seen.length);
      expect(seen).toEqual(expect.arrayContaining([...allPorts.slice(0, 10), ...allPorts.slice(20)]));
      expect(read(file).list.length).toBeGreaterThan(0);
      for (const compression of ['lzo', 'zstd'] as const) {
        const blocks = [cut(0, 10, { compression }), cut(10, 20, { compression, size }), cut(20, 30, { compression })];
        const compressed = ports(fileV2(blocks, { compression }));
        expect(new Set(compressed).size).toBe(compressed.length);
        expect(compressed).toEqual(expect.arrayContaining([...allPorts.slice(0, 10), ...allPorts.slice(20)]));
      }
    }
  });

  it('inside a compressed block costs that block', () => {
    const blocks = [0, 10, 20].map((from) => block(records.slice(from, from + 10), { compression: 'zstd' }));
    blocks[1].fill(0x55, 20);
    const { problemCounts, list } = read(fileV2(blocks, { compression: 'zstd' }));
    expect(ports(fileV2(blocks, { compression: 'zstd' }))).toEqual([...allPorts.slice(0, 10), ...allPorts.slice(20)]);
    expect(problemCounts).toEqual({ 'damaged-block': 1 });
    expect(list[0].firstOffset).toBe(40 + blocks[0].length);
    expect(list[0].message).toBe('a block of 10 records cannot be decompressed');
  });

  it('at the end keeps what came before', () => {
    const file = fileV2([block(records.slice(0, 10)), block(records.slice(10))]);
    const cut = file.subarray(0, file.length - 5 * length - 7);
    expect(ports(cut)).toEqual(allPorts.slice(0, 24));
    expect(read(cut).problemCounts).toEqual({ 'truncated-block': 1 });
    const early = read(file.subarray(0, 40 + 12 + 10 * length));
    expect(early.flows.length).toBe(10);
    expect(early.problemCounts).toEqual({ 'missing-blocks': 1 });
    expect(read(file.subarray(0, 30)).problemCounts).toEqual({ 'not-nfcapd': 1 });
    // While the collector writes, the header does not tell of blocks.
    expect(read(fileV2([block(records)], { blocks: 0 })).list).toEqual([]);
  });

  it('of a count that is not true is told', () => {
    const stated = fileV2([block(records), block([statisticsRecord(31)])]);
    expect(read(stated).problemCounts).toEqual({ 'flow-count-differs': 1 });
    expect(read(fileV2([block(records), block([statisticsRecord(30)])])).list).toEqual([]);
    expect(read(fileV1([], 'none', 5)).problemCounts).toEqual({ 'flow-count-differs': 1 });
    expect(read(fileV2([block(records, { told: 31 })])).problemCounts).toEqual({ 'record-count-differs': 1 });
  });

  it('before the collector is told as the file states it', () => {
    const stated = read(fileV2([block(records), block([statisticsRecord(30, 53)])]));
    expect(stated.problemCounts).toEqual({ 'sequence-failures': 53 });
    expect(stated.list[0]?.message).toContain('53 failures in the sequence numbers of its exporters');
    expect(read(fileV1([], 'none', 0, 7)).problemCounts).toEqual({ 'sequence-failures': 7 });
  });

  it('gives up after so many places that look like a block', () => {
    const decoy = Buffer.alloc(12);
    decoy.writeUInt32LE(1, 0);
    decoy.writeUInt32LE(8, 4);
    decoy.writeUInt16LE(3, 8);
    const decoys = Buffer.concat(Array.from({ length: MAX_TRIALS + 10 }, () => [decoy, Buffer.alloc(8, 255)]).flat());
    const file = fileV2([block(records), Buffer.alloc(12, 255), decoys, block(records)]);
    const { flows: seen, problemCounts } = read(file);
    expect(seen.length).toBe(30);
    expect(problemCounts).toEqual({ 'damaged-block': 1, 'damaged-end': 1 });
  });

  it('stops at blocks that inflate out of all proportion', () => {
    const bomb = block([Buffer.alloc(8 << 20)]);
    const small = zstdCompressSync(bomb.subarray(12));
    const head = Buffer.from(bomb.subarray(0, 12));
    head.writeUInt32LE(small.length, 4);
    const file = fileV2([...Array.from({ length: 20 }, () => Buffer.concat([head, small])), block(records)], {
      compression: 'zstd',
    });
    const { problemCounts } = read(file);
    expect(problemCounts['bomb']).toBe(1);
  });
});

describe('what is refused', () => {
  it('is refused by name', () => {
    const encrypted = fileV2([block([recordV2(FLOW)])], { encryption: 1 });
    expect(read(encrypted).problemCounts).toEqual({ 'encrypted-file': 1 });
    expect(read(fileV2([], { version: 3 })).problemCounts).toEqual({ 'layout-not-read': 1 });
    expect(read(Uint8Array.of(0xa5, 0x0c, 0, 1, 0, 0)).problemCounts).toEqual({ 'layout-not-read': 1 });
    expect(read(Buffer.from('no such file')).problemCounts).toEqual({ 'not-nfcapd': 1 });
    expect(read(Buffer.alloc(0)).problemCounts).toEqual({ 'not-nfcapd': 1 });
    const unknown = [block([recordV2(FLOW)]), block([recordV2(FLOW)], { flags: 1 })];
    const compressed = read(fileV2(unknown, { compression: 9 }));
    expect(compressed.flows).toEqual([SEEN]);
    expect(compressed.problemCounts).toEqual({ 'block-compression-unknown': 1 });
    const other = read(fileV2([block([recordV2(FLOW)], { type: 4 }), block([recordV2(FLOW)])]));
    expect(other.flows).toEqual([SEEN]);
    expect(other.problemCounts).toEqual({ 'block-not-read': 1 });
  });
});

describe('20,000 mutated files', () => {
  const flows = Array.from({ length: 12 }, (_, i) => ({
    ...FLOW,
    sourcePort: i,
    nextHop: '10.0.0.1',
    packetsBack: i,
    bytesBack: i * 100,
    isScaled: i % 2 === 0,
    exporter: 1,
  }));
  const info = [exporterRecord(1, '10.0.0.2', 'host'), samplerRecord(1, -1, 1, 1)];
  const parts = [flows.slice(0, 6), flows.slice(6)];
  const bases = [
    ...COMPRESSIONS.map((compression) =>
      fileV2(
        [
          ...parts.map((part) => block([...info, ...part.map((flow) => recordV2(flow))], { compression })),
          block([statisticsRecord(12)], { flags: 1 }),
        ],
        { compression },
      ),
    ),
    ...(['none', 'lzo', 'lz4'] as const).map((compression) =>
      fileV1(
        parts.map((part) => block([...info, ...part.flatMap((flow) => recordsV1(flow))], { compression, type: 2 })),
        compression,
        12,
      ),
    ),
  ];

  it('are read without a throw, and no flow is made of nothing', () => {
    const change = fc.tuple(fc.nat(4000), fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 2, 3, 255)));
    let untouched = 0;
    fc.assert(
      fc.property(
        fc.constantFrom(...bases),
        fc.array(change, { maxLength: 6 }),
        fc.tuple(fc.nat(3000), fc.nat(3000), fc.nat(200)),
        fc.constantFrom('flip', 'cut', 'splice'),
        fc.integer({ min: 7, max: 5000 }),
        (base, changes, [from, to, count], how, pieceBytes) => {
          let mutated = Buffer.from(base);
          for (const [at, value] of changes) mutated[40 + (at % (base.length - 40))] = value;
          if (how === 'cut') mutated = mutated.subarray(0, from % base.length);
          if (how === 'splice') {
            mutated.copy(mutated, to % base.length, from % base.length, (from % base.length) + count);
          }
          const { flows: seen, list } = read(mutated, pieceBytes);
          const areSound = seen.every(
            ({ start, end, bytesOut, packetsIn }) =>
              start > 0 && end >= start && Number.isSafeInteger(bytesOut) && Number.isSafeInteger(packetsIn),
          );
          // Whoever is missing must have left a word.
          expect(areSound && (seen.length === 12 || list.length > 0)).toBe(true);
          if (seen.length === 12) untouched++;
        },
      ),
      { numRuns: 20_000, seed: 4 },
    );
    expect(untouched).toBeGreaterThan(1000);
    expect(untouched).toBeLessThan(19_000);
  }, 120_000);
});

const hasNfdump = spawnSync('nfdump', ['-V']).status === 0;
const hasBzip2 = spawnSync('bzip2', ['--version'], { input: '' }).status === 0;
const FILES: readonly (readonly [path: string, records: number])[] = [
  ['generated/nfcapd.ipfix.lz4', 237],
  ['generated/nfcapd.v5.none', 231],
  ['generated/nfcapd.v9.lzo', 237],
  ['generated/nfpcapd.bz2.nfcapd.202311140000', 318],
  ['nfdump-go/devtestdata/nfcapd.sample', 3018],
  ['nfdump-go/testdata/nfcapd-empty', 0],
  ['nfdump-go/testdata/nfcapd-small-lzo', 10],
];

function bz2(bytes: Uint8Array): Uint8Array | null {
  const { status, stdout } = spawnSync('bzip2', ['-dc'], { input: bytes, maxBuffer: 1 << 26 });
  return status === 0 ? stdout : null;
}

interface NfdumpFlow {
  first: string;
  last: string;
  in_packets: number;
  in_bytes: number;
  proto: number;
  tcp_flags?: string;
  src_port?: number;
  dst_port?: number;
  icmp_type?: number;
  icmp_code?: number;
  src4_addr?: string;
  dst4_addr?: string;
  src6_addr?: string;
  dst6_addr?: string;
  input_snmp?: number;
  output_snmp?: number;
  ip4_next_hop?: string;
  ip6_next_hop?: string;
  ip4_router?: string;
  ip6_router?: string;
  bgp4_next_hop?: string;
  bgp6_next_hop?: string;
}

/** Flows as nfdump tells them, in the words that we compare. */
function byNfdump(path: string): unknown[] {
  const run = spawnSync('nfdump', ['-r', path, '-o', 'json'], {
    env: { ...process.env, TZ: 'UTC' },
    maxBuffer: 1 << 28,
    encoding: 'utf8',
  });
  const objects = (run.stdout.match(/\{[^{}]*\}/g) ?? []).map((text): NfdumpFlow => JSON.parse(text));
  return objects.map((flow) => {
    const times = [flow.first, flow.last].map((text) => Date.parse(`${text}Z`) * 1000).toSorted((a, b) => a - b);
    const given = (address: string | undefined) => (address === '0.0.0.0' || address === '::' ? undefined : address);
    return [
      ...times,
      flow.src4_addr ?? flow.src6_addr,
      flow.dst4_addr ?? flow.dst6_addr,
      flow.icmp_type ?? flow.src_port,
      flow.icmp_code ?? flow.dst_port,
      flow.proto,
      flow.tcp_flags ?? '........',
      flow.in_packets,
      flow.in_bytes,
      flow.input_snmp ?? 0,
      flow.output_snmp ?? 0,
      given(flow.ip4_next_hop ?? flow.ip6_next_hop) ?? given(flow.bgp4_next_hop ?? flow.bgp6_next_hop),
      given(flow.ip4_router ?? flow.ip6_router),
    ];
  });
}

/** A flow as `byNfdump` tells it; nfdump knows counts as the collector multiplied them. */
function inWordsOfNfdump(flow: SeenFlow): unknown[] {
  return [
    flow.start,
    flow.end,
    flow.initiator,
    flow.responder,
    flow.initiatorPort,
    flow.responderPort,
    flow.transport,
    formatTcpFlags(flow.tcpFlags),
    flow.packetsOut * flow.sampling,
    flow.bytesOut * flow.sampling,
    flow.inputInterface,
    flow.outputInterface,
    flow.nextHop,
    flow.exporter,
  ];
}

describe.skipIf(!hasNfdump)('files that we write (skipped without nfdump)', () => {
  it('are to nfdump what they are to us', () => {
    // nfdump's JSON has no TCP flags for ICMP.
    const written = fc.sample(anyFlow, { numRuns: 200, seed: 6 }).map((flow) => ({
      ...flow,
      tcpFlags: flow.transport === 6 ? (flow.tcpFlags ?? 0) : 0,
    }));
    const folder = mkdtempSync(join(tmpdir(), 'enclave-nfcapd-'));
    try {
      const path = join(folder, 'nfcapd.own');
      const records = written.map((flow) => recordV2(flow));
      for (const file of [
        fileV2([block(records, { compression: 'lzo' })], { compression: 'lzo' }),
        fileV2([block(records, { compression: 'lz4' })], { compression: 'lz4' }),
        fileV1([
          block(
            written.flatMap((flow, i) => recordsV1(flow, i)),
            { type: 2 },
          ),
        ]),
      ]) {
        writeFileSync(path, file);
        const { flows } = read(file);
        expect(flows.length).toBe(200);
        expect(flows.map(inWordsOfNfdump)).toEqual(byNfdump(path));
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe.skipIf(!corpusIsThere || !hasNfdump || !hasBzip2)(
  'files of the corpus (skipped without ../shared/corpus, nfdump and bzip2)',
  () => {
    it.each(FILES)('%s gives the %i flows that nfdump gives', (path, records) => {
      expect(existsSync(`${CORPUS}${path}`)).toBe(true);
      const { flows } = read(readFileSync(`${CORPUS}${path}`), 65_536, { ...OWN, bz2 });
      const ours = flows.map(inWordsOfNfdump);
      const theirs = byNfdump(`${CORPUS}${path}`);
      expect(theirs.length).toBe(records);
      expect(ours).toEqual(theirs);
    });

    it('has sampled flows whose packets fit a network again', () => {
      const { flows } = read(readFileSync(`${CORPUS}nfdump-go/testdata/nfcapd-small-lzo`));
      expect(flows.every(({ sampling }) => sampling === 3000)).toBe(true);
      expect(flows.every(({ packetsOut, bytesOut }) => bytesOut / packetsOut <= 1500)).toBe(true);
    });
  },
);
