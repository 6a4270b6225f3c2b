import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { detectIpfixFile, IpfixFileReader } from '../../electron/flows/netflow/ipfix-file.ts';
import { CORPUS, corpusIsThere } from '../corpus.ts';
import { collect, CollectedFlows, ipfix, ipv4, line, netflow9, set, template, uint } from './netflow-messages.ts';

const TEMPLATE = ipfix([
  set(
    2,
    template(300, [
      [8, 4],
      [12, 4],
      [4, 1],
      [1, 4],
      [150, 4],
    ]),
  ),
]);
const message = (...counts: number[]): Uint8Array =>
  ipfix([
    set(
      300,
      ...counts.map((count) => [...ipv4('10.0.0.1'), ...ipv4('10.0.0.2'), 6, ...uint(count, 4), ...uint(1e9, 4)]),
    ),
  ]);
const join = (...parts: readonly (readonly number[] | Uint8Array)[]): Uint8Array =>
  Buffer.concat(parts.map((part) => Buffer.from(part)));

function read(bytes: Uint8Array, piece = bytes.length) {
  const found = new CollectedFlows();
  const reader = new IpfixFileReader(found);
  for (let at = 0; at < bytes.length; at += piece) reader.push(bytes.subarray(at, at + piece));
  reader.end();
  return { found, reader, problems: found.problemCounts, counts: found.flows.map((flow) => flow.bytesOut) };
}

describe('IPFIX files', () => {
  const sound = join(TEMPLATE, message(1, 2), message(3));

  it('are known by their beginning', () => {
    expect(detectIpfixFile(sound)).toBe(true);
    expect(detectIpfixFile(sound.subarray(0, 20))).toBe(true);
    expect(detectIpfixFile(message(1))).toBe(true);
    expect(detectIpfixFile(sound.subarray(0, 19))).toBe(false);
    expect(detectIpfixFile(netflow9([set(0, template(300, [[8, 4]]))]))).toBe(false);
    expect(detectIpfixFile(new Uint8Array(64))).toBe(false);
    expect(detectIpfixFile(Buffer.from('\0\n plain text after a line feed, long enough'))).toBe(false);
  });

  it('are read whole and in pieces of any size, records numbered on', () => {
    for (const piece of [1, 7, 1000]) {
      const { counts, found, reader, problems } = read(sound, piece);
      expect(counts).toEqual([1, 2, 3]);
      expect(found.flows.map((flow) => flow.locator)).toEqual([1, 2, 3]);
      expect(found.flows[0].exporter).toBeUndefined();
      expect([reader.records, reader.firstSeen, reader.lastSeen]).toEqual([3, 1e15, 1e15]);
      expect(problems).toEqual({});
    }
  });

  it('longer than what is held at once lose nothing', () => {
    const many = join(TEMPLATE, ...Array.from({ length: 300 }, () => message(...Array.from({ length: 120 }, () => 1))));
    expect(many.length).toBeGreaterThan(2 * 262_144);
    expect(read(many).counts).toHaveLength(36_000);
    expect(read(many, 65_536).counts).toHaveLength(36_000);
  });

  it('go on behind damage', () => {
    const garbage = join(TEMPLATE, message(1), [1, 2, 3, 0, 10, 0, 20, 5], message(2), message(3));
    const damaged = read(garbage);
    expect(damaged.counts).toEqual([1, 2, 3]);
    expect(damaged.problems).toEqual({ 'damaged-message': 1 });
    expect(damaged.found.problems.list()[0].firstOffset).toBe(TEMPLATE.length + message(1).length);
    const long = message(2);
    long[2] = 200;
    expect(read(join(TEMPLATE, message(1), long, message(3))).counts).toEqual([1, 3]);
  });

  it('that end inside a message give the records that are whole', () => {
    const { counts, problems } = read(join(TEMPLATE, message(1), message(2, 3).subarray(0, -5)));
    expect(counts).toEqual([1, 2]);
    expect(problems).toEqual({ 'truncated-message': 1 });
  });

  it('give places of problems as byte offsets', () => {
    const orphan = ipfix([set(400, [1, 2, 3, 4])]);
    const { found } = read(join(sound, orphan));
    expect(found.problems.list()).toMatchObject([{ kind: 'data-before-template', firstOffset: sound.length + 20 }]);
  });

  it('survive any bytes in bounded time', () => {
    const hostile = fc.array(
      fc.oneof(
        fc.constant([...TEMPLATE]),
        fc.constant([...message(1, 2)]),
        fc.constant([0, 10, 255, 255, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 255]),
        fc.array(fc.constantFrom(0, 10, 2, 255, 20), { maxLength: 60 }),
      ),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(hostile, fc.integer({ min: 1, max: 400 }), (parts, piece) => {
        const bytes = join(...parts);
        return read(bytes, piece).reader.records === read(bytes).reader.records;
      }),
      { numRuns: 300, seed: 4 },
    );
    const header = [0, 10, 255, 255, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 255];
    const began = process.cpuUsage();
    read(Buffer.alloc(1_000_000, Buffer.from(header)));
    read(Buffer.alloc(1_000_000, Buffer.from([0, 10, 0, 24])));
    expect(process.cpuUsage(began).user).toBeLessThan(2e6);
  });
});

describe.skipIf(!corpusIsThere)('IPFIX files of the corpus (skipped without ../shared/corpus)', () => {
  /** Flows, packets and octets as tshark 4.4 reads the same messages, wrapped in UDP. */
  const FILES: readonly (readonly [string, number, number, number, Record<string, number>])[] = [
    ['ipfixcol/02-odid4.ipfix', 117, 1488, 1_193_362, { 'enterprise-fields': 1 }],
    ['ipfixcol/03-odid0-a.ipfix', 151, 1429, 1_074_097, { 'enterprise-fields': 1 }],
    ['ipfixcol/04-odid256,512.ipfix', 22, 181, 57_404, { 'enterprise-fields': 1, 'enterprise-fields-cut': 1 }],
    // An options template laid out as NetFlow v9 has it stands in this one.
    [
      'ipfixcol/enterprise-from-nfv9.ipfix',
      57,
      131,
      54_543,
      { 'enterprise-fields': 1, 'bad-template': 1, 'data-before-template': 1 },
    ],
    ['ipfixcol/missing-template-258.ipfix', 4, 7, 1270, { 'data-before-template': 1 }],
    ['ipfixcol/only-data-no-templates.ipfix', 0, 0, 0, { 'data-before-template': 3 }],
    ['ipfixcol/bad-length-in-set-very-long.ipfix', 0, 0, 0, { 'damaged-message': 1 }],
    ['generated/softflowd.ipfix', 237, 2966, 1_084_271, {}],
  ];
  for (const [path, flows, packets, bytes, problems] of FILES) {
    it(`${path}: what tshark finds`, () => {
      const file = readFileSync(CORPUS + path);
      expect(detectIpfixFile(file.subarray(0, 4096))).toBe(true);
      const { found, problems: told } = read(file, 1000);
      expect([found.flows.length, found.packets, found.bytes]).toEqual([flows, packets, bytes]);
      expect(told).toEqual(problems);
    });
  }

  it('has the same flows as the datagrams that the file was made of', () => {
    const file = read(readFileSync(`${CORPUS}generated/softflowd.ipfix`)).found.flows.map(line);
    expect(file).toEqual(collect(`${CORPUS}generated/softflowd-ipfix.pcap`).found.flows.map(line));
  });
});
