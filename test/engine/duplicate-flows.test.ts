import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { analyseCase } from '../../electron/analysis/analyse.ts';
import { CaseReader } from '../../electron/casefile/case-reader.ts';
import { CaseWriter } from '../../electron/casefile/case-writer.ts';
import { flowRecords } from '../../electron/casefile/flow-records.ts';
import { readProfile } from '../../electron/cli/profile-file.ts';
import { decodeEvidence } from '../../electron/engine/decode-evidence.ts';
import {
  compareExtents,
  DUPLICATE_LIMITS,
  type Extent,
  findDuplicateFlows,
} from '../../electron/engine/duplicate-flows.ts';
import { labelCase, type LabelTables, loadLabelTables } from '../../electron/engine/label-case.ts';
import { DEFAULT_TIMEOUTS } from '../../electron/flows/flow-table.ts';
import { recordRun, writersOf } from '../../electron/sample/evidence.ts';
import { Population } from '../../electron/sample/population.ts';
import { DPRK_2017, readWorld } from '../../electron/sample/world.ts';
import { duplicateCountsOf } from '../../shared/duplicate-counts.ts';
import { type Duplicate, DUPLICATES, type FlowRecord } from '../../shared/flow.ts';
import { buildCase, type SyntheticFlow } from '../casefile/synthetic-case.ts';
import { CORPUS, corpusIsThere } from '../corpus.ts';
import { conversations, pcap } from '../fixtures/captures.ts';

const ROOT = mkdtempSync(join(tmpdir(), 'enclave-duplicates-'));
let tables: LabelTables;
beforeAll(() => {
  tables = loadLabelTables();
});
afterAll(() => rmSync(ROOT, { recursive: true }));

let serial = 0;
/** A file of its own folder, so that its name may repeat. */
function evidence(name: string, bytes: Buffer | string): string {
  const folder = join(ROOT, String(++serial));
  mkdirSync(folder);
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

/** A labelled case of these files, imported in their order. */
async function caseOf(files: readonly string[], leaveOutDuplicates?: boolean): Promise<string> {
  const path = join(ROOT, `${++serial}.enclave`);
  const facts = { title: '', examiner: '', authority: '', profile: readProfile('dprk-2017'), version: '0' };
  const writer = CaseWriter.create(path, facts);
  for (const file of files) {
    const number = writer.beginEvidence(file, statSync(file).size);
    const decoded = await decodeEvidence(file, DEFAULT_TIMEOUTS, {
      segment: (segment) => writer.addSegment(number, segment),
      names: (chunk) => writer.addNameChunk(number, chunk),
      progress: () => undefined,
    });
    const custody = { hashes: {}, clockOffset: 0, clockReason: '' };
    const format = decoded.format ?? 'none';
    writer.finishEvidence(number, { ...decoded, format, status: 'imported', custody });
  }
  labelCase(writer, tables, () => undefined, leaveOutDuplicates);
  writer.close();
  return path;
}

function reading<T>(path: string, read: (reader: CaseReader) => T): T {
  const reader = new CaseReader(path);
  try {
    return read(reader);
  } finally {
    reader.close();
  }
}

const flowsOf = (path: string): FlowRecord[] => reading(path, (reader) => [...flowRecords(reader)]);
const countsOf = (path: string) => reading(path, (reader) => duplicateCountsOf(reader.labelBasis()));

const EXTENT: Extent = { flows: 1, start: 100e6, end: 200e6, packets: 50, scaledPackets: 50, scaledBytes: 5e4 };

describe('compareExtents', () => {
  it.each<[string, Partial<Extent>, Duplicate]>([
    ['the same', {}, 'same'],
    ['a cut of it', { start: 150e6, end: 160e6, packets: 3, scaledPackets: 3, scaledBytes: 200 }, 'same'],
    ['clocks that differ by a second', { start: 101e6, end: 201e6 }, 'same'],
    ['clocks that differ by more, packets in common', { start: 101.1e6, end: 201.1e6 }, 'part'],
    ['two packets more', { packets: 52 }, 'same'],
    ['three packets more', { packets: 53 }, 'part'],
    ['longer', { end: 300e6 }, 'part'],
    ['the end of it and beyond', { start: 199e6, end: 300e6 }, 'part'],
    ['right after it', { start: 200.1e6, end: 300e6 }, null],
    [
      'one packet right after it',
      { start: 200.1e6, end: 200.1e6, packets: 1, scaledPackets: 1, scaledBytes: 40 },
      null,
    ],
    ['the same span with hardly a packet', { packets: 4, scaledPackets: 4, scaledBytes: 160 }, null],
    ['the same span, sampled', { packets: 1, scaledPackets: 60, scaledBytes: 6e4 }, 'same'],
    ['the same span, packets merged by offloading', { packets: 4, scaledPackets: 4, scaledBytes: 4.9e4 }, 'same'],
    ['the same span, counts not told', { packets: 0, scaledPackets: 0, scaledBytes: 0 }, 'same'],
  ])('%s', (_what, change, expected) => {
    expect(compareExtents({ ...EXTENT, ...change }, EXTENT)).toBe(expected);
  });

  it('takes flows of a moment with clocks apart for the same only when they are alike', () => {
    const moment: Extent = { flows: 1, start: 5e6, end: 5e6, packets: 1, scaledPackets: 1, scaledBytes: 60 };
    expect(compareExtents({ ...moment, start: 5.8e6, end: 5.8e6 }, moment)).toBe('same');
    expect(compareExtents({ ...moment, start: 6.2e6, end: 6.2e6 }, moment)).toBeNull();
    expect(compareExtents({ ...moment, start: 5.8e6, end: 5.8e6, packets: 9 }, moment)).toBeNull();
  });
});

const FILES = ['00000000000000a1', '00000000000000b2', '00000000000000c3'];

/** Flows of few five-tuples in three files; flows of one tuple in one file follow each other, as flow tables make them. */
const fewTuples: fc.Arbitrary<SyntheticFlow[]> = fc
  .array(
    fc.record({
      evidence: fc.constantFrom(...FILES),
      tuple: fc.integer({ min: 0, max: 7 }),
      swapped: fc.boolean(),
      gap: fc.integer({ min: 1, max: 6e6 }),
      lasting: fc.constantFrom(0, 0, 300_000, 2e6, 9e6),
      packetsOut: fc.integer({ min: 0, max: 9 }),
      bytesOut: fc.integer({ min: 0, max: 9 }).map((n) => n * 100),
      sampling: fc.constantFrom(0, 1, 10),
    }),
    { minLength: 2, maxLength: 160 },
  )
  .map((drawn) => {
    const clocks = new Map<string, number>();
    const flows = drawn.map(({ evidence: file, tuple, swapped, gap, lasting, ...counts }): SyntheticFlow => {
      const key = `${file}/${tuple}`;
      const start = (clocks.get(key) ?? 1.5e15) + gap;
      clocks.set(key, start + lasting);
      const one = { address: '175.45.176.1', port: 1000 + (tuple >> 1) };
      const other = { address: tuple & 1 ? '2001:db8::1' : '8.8.8.8', port: 443 };
      const [from, to] = swapped ? [other, one] : [one, other];
      return {
        evidence: file,
        start,
        end: start + lasting,
        initiator: from.address,
        initiatorPort: from.port,
        responder: to.address,
        responderPort: to.port,
        transport: 17,
        ...counts,
      };
    });
    return FILES.flatMap((file) => flows.filter((flow) => flow.evidence === file));
  });

const totalOf = (flows: readonly SyntheticFlow[], of: (flow: SyntheticFlow) => number): number =>
  flows.reduce((sum, flow) => sum + of(flow), 0);
const endOf = (flow: SyntheticFlow): number => flow.end ?? flow.start;
const tupleOf = (flow: SyntheticFlow): string =>
  [`${flow.initiator} ${flow.initiatorPort}`, `${flow.responder} ${flow.responderPort}`].toSorted().join();

function extentOf(flows: readonly SyntheticFlow[]): Extent {
  const packets = (flow: SyntheticFlow): number => flow.packetsOut ?? 0;
  const rate = (flow: SyntheticFlow): number => flow.sampling || 1;
  return {
    flows: flows.length,
    start: Math.min(...flows.map((flow) => flow.start)),
    end: Math.max(...flows.map(endOf)),
    packets: totalOf(flows, packets),
    scaledPackets: totalOf(flows, (flow) => packets(flow) * rate(flow)),
    scaledBytes: totalOf(flows, (flow) => (flow.bytesOut ?? 0) * rate(flow)),
  };
}

/** The definition, written as plainly as can be. */
function expectedOf(flows: readonly SyntheticFlow[]): Duplicate[] {
  const files = FILES.flatMap((id) => {
    const own = flows.filter((flow) => flow.evidence === id);
    return own.length === 0 ? [] : [{ id, own, from: extentOf(own).start, to: extentOf(own).end }];
  }).toSorted((x, y) => x.from - y.from || y.to - x.to || (x.id < y.id ? -1 : 1));
  return flows.map((flow) => {
    const own = files.find(({ id }) => id === flow.evidence);
    if (own === undefined) throw new Error('no such file');
    let found: Duplicate = null;
    for (const file of files.slice(0, files.indexOf(own))) {
      const common = Math.min(file.to, own.to) - Math.max(file.from, own.from);
      if (common < Math.min(1e6, (file.to - file.from) / 2, (own.to - own.from) / 2)) continue;
      const within = (slack: number): SyntheticFlow[] =>
        file.own.filter(
          (other) =>
            tupleOf(other) === tupleOf(flow) &&
            other.start <= endOf(flow) + slack &&
            endOf(other) >= flow.start - slack,
        );
      const around = within(0).length > 0 ? within(0) : within(1e6);
      if (around.length === 0) continue;
      const compared = compareExtents(extentOf([flow]), extentOf(around));
      if (compared === 'same' || found === null) found = compared;
      if (found === 'same') break;
    }
    return found;
  });
}

function foundIn(path: string, limits = DUPLICATE_LIMITS) {
  return reading(path, (reader) => {
    const { columns, counts } = findDuplicateFlows(reader, () => undefined, limits);
    const found = reader.segments().flatMap(({ segment, rows }) => {
      const column = columns.get(segment) ?? new Uint8Array(rows);
      return [...column].map((number) => DUPLICATES[number] ?? null);
    });
    return { found, counts };
  });
}

describe('findDuplicateFlows', () => {
  it('finds what the definition says, in one pass or many', () => {
    const met = new Set<Duplicate>();
    fc.assert(
      fc.property(fewTuples, (flows) => {
        const path = join(ROOT, `${++serial}.enclave`);
        buildCase(path, flows, { segmentRows: 7 });
        const expected = expectedOf(flows);
        for (const found of expected) met.add(found);
        const { found, counts } = foundIn(path);
        expect(found).toEqual(expected);
        expect(counts?.same ?? 0).toBe(expected.filter((each) => each === 'same').length);
        expect(counts?.part ?? 0).toBe(expected.filter((each) => each === 'part').length);
        expect(counts?.notCompared ?? 0).toBe(0);
        expect(foundIn(path, { flowsAtOnce: 80, passes: 9 }).found).toEqual(expected);
        rmSync(path);
      }),
      { seed: 5, numRuns: 40, endOnFailure: true },
    );
    expect(met).toEqual(new Set([null, 'same', 'part']));
  });

  it('is bounded, and tells how many flows it did not compare', () => {
    const flows = FILES.slice(0, 2).flatMap((file) =>
      Array.from({ length: 100 }, (_, i) => ({
        evidence: file,
        start: 1.5e15 + i * 1e6,
        initiator: '10.0.0.1',
        initiatorPort: i + 1,
        responder: '8.8.8.8',
        responderPort: 53,
        packetsOut: 1,
      })),
    );
    const path = join(ROOT, `${++serial}.enclave`);
    buildCase(path, flows);
    expect(foundIn(path).counts).toMatchObject({ same: 100, part: 0, notCompared: 0, pairsInAll: 1 });
    expect(foundIn(path, { flowsAtOnce: 64, passes: 8 }).counts).toMatchObject({ same: 100, notCompared: 0 });
    const { counts } = foundIn(path, { flowsAtOnce: 120, passes: 1 });
    expect(counts).toMatchObject({ same: 20, notCompared: 80 });
  });

  it('takes a hundred thousand flows of one five-tuple in short time', () => {
    const flows = FILES.slice(0, 2).flatMap((file) =>
      Array.from({ length: 50_000 }, (_, i) => ({
        evidence: file,
        start: 1.5e15 + i * 1000,
        end: 1.5e15 + i * 1000 + 3e6,
        initiator: '10.0.0.1',
        responder: '8.8.8.8',
        transport: 47,
        packetsOut: 1,
      })),
    );
    const path = join(ROOT, `${++serial}.enclave`);
    buildCase(path, flows);
    const begun = performance.now();
    expect(foundIn(path).counts).toMatchObject({ same: 50_000, part: 0 });
    expect(performance.now() - begun).toBeLessThan(5000);
  });

  it('does not take a ping in one direction for one in the other', () => {
    const ping = { start: 1.5e15, end: 1.5e15 + 5e6, transport: 1, initiatorPort: 8, packetsOut: 5, packetsIn: 5 };
    const [one, other] = ['10.0.0.1', '10.0.0.2'];
    const path = join(ROOT, `${++serial}.enclave`);
    buildCase(path, [
      { ...ping, evidence: FILES[0], initiator: one, responder: other },
      { ...ping, evidence: FILES[1], initiator: other, responder: one },
      { ...ping, evidence: FILES[1], initiator: one, responder: other },
    ]);
    expect(foundIn(path).found).toEqual([null, null, 'same']);
  });
});

describe('two overlapping cuts of one capture', () => {
  const packets = conversations(600);
  // The first ends with two packets of conversation 400; the second begins with the last three of conversation 200.
  const cuts = [pcap(packets.slice(0, 2402)), pcap(packets.slice(1203))];
  let [files, path] = [[''], ''];
  beforeAll(async () => {
    files = [evidence('one.pcap', cuts[0] ?? ''), evidence('two.pcap', cuts[1] ?? '')];
    path = await caseOf(files);
  });

  it('share 200 flows wholly and one in part', () => {
    const flows = flowsOf(path);
    expect(flows.length).toBe(401 + 400);
    const first = flows[0]?.evidence;
    expect(flows.filter((flow) => flow.evidence === first && flow.duplicate !== null)).toEqual([]);
    const found = flows.flatMap(({ duplicate, initiatorPort }) =>
      duplicate === null ? [] : [{ duplicate, initiatorPort }],
    );
    expect(found.filter(({ duplicate }) => duplicate === 'same').map((flow) => flow.initiatorPort)).toEqual(
      Array.from({ length: 200 }, (_, i) => 20_200 + i),
    );
    expect(found.filter(({ duplicate }) => duplicate === 'part').map((flow) => flow.initiatorPort)).toEqual([20_400]);
    const second = flows.at(-1)?.evidence;
    expect(countsOf(path)).toEqual({
      same: 200,
      part: 1,
      notCompared: 0,
      pairsInAll: 1,
      pairs: [{ evidence: second, alsoIn: first, same: 200, part: 1 }],
    });
  });

  it('do so in whatever order they are imported', async () => {
    const lines = (of: string): string[] =>
      flowsOf(of)
        .map((flow) => JSON.stringify(flow))
        .toSorted();
    expect(lines(await caseOf(files.toReversed()))).toEqual(lines(path));
  });

  it('are told in every finding, and left out of activity where the examiner chose so', async () => {
    const caveatOf = (of: string): string[] =>
      reading(of, (reader) => [
        ...new Set(
          analyseCase(reader).map(({ caveats }) => caveats.find(({ id }) => id === 'duplicate-flows')?.text ?? 'none'),
        ),
      ]);
    const both =
      'Evidence overlaps: of 801 flows of the case, 200 lie wholly and 1 in part in other evidence too, as far as ' +
      'addresses, ports, times and packets tell (two.pcap in one.pcap: 200 wholly, 1 in part).';
    expect(caveatOf(path)).toEqual([`${both} All of them count, so that the traffic in them counts twice.`]);

    const without = await caseOf(files, true);
    expect(caveatOf(without)).toEqual([
      `${both} The former are left out of activity, by the examiner’s choice; figures about all flows count them, and ` +
        'parts count twice.',
    ]);
    const flowsBehind = (of: string): number[] =>
      reading(of, (reader) =>
        analyseCase(reader).flatMap((finding) =>
          finding.kind === 'activity-share' && finding.metric === 'flows' ? [finding.denominator ?? 0] : [],
        ),
      );
    // Five of the hosts are servers by the profile.
    expect(new Set(flowsBehind(path))).toEqual(new Set([801 - 5]));
    expect(new Set(flowsBehind(without))).toEqual(new Set([601 - 5]));
    const findings = reading(without, (reader) => analyseCase(reader));
    const aboutUsers = findings.filter(({ population }) => population.startsWith('activity:'));
    expect(aboutUsers.length).toBeGreaterThan(0);
    for (const { where, population } of aboutUsers) {
      expect(where).toContain('not duplicate = same');
      expect(population).toContain('without flows that other evidence of the case holds too');
    }
  });

  it('keeps the choice when labels are made anew, until it is taken back, and enters it into the audit chain', async () => {
    const without = await caseOf(files, true);
    const choices = (): unknown[] =>
      reading(without, (reader) =>
        reader.audit().flatMap(({ action, detail }) => {
          if (action !== 'label') return [];
          return [(JSON.parse(detail) as { basis: { duplicates?: { leftOut?: unknown } } }).basis.duplicates?.leftOut];
        }),
      );
    const writer = CaseWriter.open(without, 'test');
    labelCase(writer, tables, () => undefined);
    expect(writer.meta('leaveOutDuplicates')).toBe('yes');
    labelCase(writer, tables, () => undefined, false);
    expect(writer.meta('leaveOutDuplicates')).toBe('no');
    writer.close();
    expect(choices()).toEqual([true, true, false]);
  });
});

describe('one capture, whole and with 60 bytes of each packet', () => {
  const packets = conversations(40);
  const cut = packets.map((packet) => {
    const record = pcap([packet]).subarray(pcap([]).length);
    const captured = Math.min(60, packet.frame.length);
    record.writeUInt32LE(captured, 8);
    return record.subarray(0, 16 + captured);
  });
  const files = [evidence('whole.pcap', pcap(packets)), evidence('cut.pcap', Buffer.concat([pcap([]), ...cut]))];

  it.each([
    ['whole first', files],
    ['cut first', files.toReversed()],
  ])('keeps the flows that tell more, %s', async (_order, inOrder) => {
    const flows = flowsOf(await caseOf(inOrder));
    expect(flows.length).toBe(80);
    const kept = flows.filter(({ duplicate }) => duplicate === null);
    expect(kept.length).toBe(40);
    expect(kept.every(({ hostname }) => hostname !== null)).toBe(true);
    expect(flows.filter(({ duplicate }) => duplicate === 'same').every(({ hostname }) => hostname === null)).toBe(true);
  });
});

describe('evidence that does not overlap', () => {
  it('is not looked at: the labels say nothing of duplicates', async () => {
    const packets = conversations(40);
    const path = await caseOf([
      evidence('one.pcap', pcap(packets.slice(0, 120))),
      evidence('two.pcap', pcap(packets.slice(120))),
    ]);
    expect(flowsOf(path).filter(({ duplicate }) => duplicate !== null)).toEqual([]);
    expect(countsOf(path)).toBeNull();
    reading(path, (reader) => expect(reader.labelBasis()).not.toHaveProperty('duplicates'));
  });

  it('holds no duplicates where other traffic went on at the same time', async () => {
    const shifted = conversations(40, 500).map(({ time, frame }) => ({ time: time - 500 * 200_000, frame }));
    const path = await caseOf([evidence('one.pcap', pcap(conversations(40))), evidence('two.pcap', pcap(shifted))]);
    expect(flowsOf(path).filter(({ duplicate }) => duplicate !== null)).toEqual([]);
    expect(countsOf(path)).toMatchObject({ same: 0, part: 0, pairs: [] });
  });
});

describe('a capture and the Zeek log of it', () => {
  it('hold the same flows, and those of the log are the duplicates', async () => {
    const population = new Population({ ...readWorld(DPRK_2017), days: 1 }, 7);
    const folder = join(ROOT, 'same-day');
    const writers = [...writersOf('zeek', folder, population, 1), ...writersOf('pcap', folder, population, 1)];
    const { flows: causes } = recordRun(
      population,
      1,
      writers.map((writer) => ({ writer, holds: () => true })),
    );
    const flows = Object.values(causes).reduce((sum, count) => sum + count, 0);
    const path = await caseOf([join(folder, 'conn.log.gz'), join(folder, 'capture.pcap')]);
    const found = flowsOf(path);
    const [logged, captured] = [found.slice(0, flows), found.slice(flows)];
    expect(flows).toBeGreaterThan(500);
    expect(captured.filter(({ duplicate }) => duplicate !== null)).toEqual([]);
    expect(logged.filter(({ duplicate }) => duplicate !== 'same')).toEqual([]);
  });

  it.skipIf(!corpusIsThere)(
    'agree on a trace of Zeek, by the row that Zeek wrote (needs ../shared/corpus)',
    async () => {
      const name = 'zeek/Traces/auth_change_session_keys.pcap';
      const line = readFileSync(`${CORPUS}expected.jsonl`, 'utf8')
        .split('\n')
        .find((each) => each.includes(name) && each.includes('"log":"conn"'));
      const { rows } = JSON.parse(line ?? '{}') as { rows: Record<string, unknown>[] };
      const { src_ip, src_port, dst_ip, dst_port, ...row } = rows[0] ?? {};
      // Zeek's test masks the time; it is that of the capture's first packet.
      const conn = {
        ...row,
        ts: 1_427_304_960.695733,
        'id.orig_h': src_ip,
        'id.orig_p': src_port,
        'id.resp_h': dst_ip,
        'id.resp_p': dst_port,
      };
      const path = await caseOf([CORPUS + name, evidence('conn.log', `${JSON.stringify(conn)}\n`)]);
      expect(flowsOf(path).map(({ duplicate }) => duplicate)).toEqual([null, 'same']);
    },
  );
});
