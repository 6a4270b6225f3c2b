import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliDecompressSync, gunzipSync, gzipSync, zstdDecompressSync } from 'node:zlib';
import * as fc from 'fast-check';
import { type DecodedArray, parquetMetadata, parquetReadObjects } from 'hyparquet';
import { type ColumnSource, parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll, describe, expect, it } from 'vitest';
import { unpackLz4Block } from '../../electron/capture/lz4.ts';
import { CaseReader } from '../../electron/casefile/case-reader.ts';
import { flowRecords } from '../../electron/casefile/flow-records.ts';
import { writeFlows } from '../../electron/casefile/flow-writers.ts';
import type { EvidenceSink, ExportedFlow, LogName } from '../../electron/flows/flow-sink.ts';
import { ColumnCursor, PageBytes } from '../../electron/flows/parquet/parquet-column.ts';
import { isParquet, ParquetReader, type RandomAccessFile } from '../../electron/flows/parquet/parquet-file.ts';
import { ParquetFault, readFooter } from '../../electron/flows/parquet/parquet-footer.ts';
import { unlz4Hadoop, unsnappy } from '../../electron/flows/parquet/parquet-values.ts';
import { type AddressWords, formatAddress } from '../../shared/address.ts';
import { type FlowRecord, formatAssembly, formatTcpFlags, transportName } from '../../shared/flow.ts';
import { checkMapping, type Mapping } from '../../shared/mapping.ts';
import { ProblemCounter } from '../../shared/problem.ts';
import { formatUtc } from '../../shared/time.ts';
import { buildCase } from '../casefile/synthetic-case.ts';
import { VARIED_ORGANISATIONS, VARIED_PROFILE, variedFlows } from '../casefile/varied-flows.ts';

class Collected implements EvidenceSink {
  flows: ExportedFlow[] = [];
  answers: unknown[] = [];
  problems = new ProblemCounter();
  flow(flow: ExportedFlow): void {
    const { initiator, responder, exporter, nextHop } = flow;
    const copy = (words: AddressWords): AddressWords => [words[0], words[1], words[2], words[3]];
    this.flows.push({
      ...flow,
      initiator: copy(initiator),
      responder: copy(responder),
      exporter: exporter && copy(exporter),
      nextHop: nextHop && copy(nextHop),
    });
  }
  answer(client: AddressWords, address: AddressWords, name: string, from: number, until: number): void {
    this.answers.push({ client: formatAddress(...client), address: formatAddress(...address), name, from, until });
  }
  logName(_name: LogName): void {
    throw new Error('a Parquet file has no flow ids of its own');
  }
  problem(kind: string, offset: number, message: string): void {
    this.problems.add(kind, offset, message);
  }
}

/** A file in memory that hands out pieces of at most `most` bytes, as a file on the disk may. */
function fileOf(bytes: Uint8Array, most = Infinity): RandomAccessFile {
  return { size: bytes.length, read: (at, length) => bytes.subarray(at, at + Math.min(length, most)) };
}

function read(bytes: Uint8Array, mapping: Mapping | null = null, most = Infinity) {
  const found = new Collected();
  const reader = new ParquetReader(fileOf(bytes, most), mapping, found, unpackLz4Block);
  const progress: number[] = [];
  reader.read((done) => progress.push(done));
  return { found, reader, progress };
}

function mappingOf(fields: object, more: object = {}): Mapping {
  const checked = checkMapping({ name: 'test', format: 'ndjson', direction: 'two-way', bytes: 'ip', fields, ...more });
  if (!checked.ok) throw new Error(checked.fault);
  return checked.mapping;
}

const fixture = (name: string) => readFileSync(join(import.meta.dirname, '../fixtures/parquet', name));
const FIXTURES = ['version-1.parquet', 'version-1-delta.parquet', 'version-2-int96.parquet', 'version-1-lz4.parquet'];

/** All values of the readable columns, row by row. */
function valuesOf(bytes: Uint8Array): Record<string, unknown>[] {
  const file = fileOf(bytes, 100);
  const footer = readFooter(file);
  const rows: Record<string, unknown>[] = [];
  for (let number = 0; number < footer.rowGroups; number++) {
    const group = footer.rowGroup(number);
    const pageBytes = new PageBytes(file.size);
    const before = rows.length;
    for (let i = 0; i < group.rows; i++) rows.push({});
    for (const column of footer.columns) {
      const chunk = group.chunks.get(column.path);
      if (chunk === undefined) throw new Error(`no ${column.path}`);
      const cursor = new ColumnCursor(file, column, chunk, pageBytes, unpackLz4Block);
      for (let i = 0; i < group.rows; i++) {
        cursor.next();
        const row = rows[before + i];
        if (row !== undefined) row[column.path] = cursor.value();
      }
    }
  }
  return rows;
}

/** The same by the library that others read Parquet with: times in microseconds, 64-bit numbers as numbers. */
async function valuesByLibrary(bytes: Uint8Array): Promise<Record<string, unknown>[]> {
  const rows: Record<string, unknown>[] = await parquetReadObjects({
    file: { byteLength: bytes.length, slice: (from, to) => Uint8Array.from(bytes.subarray(from, to)).buffer },
    compressors: {
      GZIP: (page) => gunzipSync(page),
      BROTLI: (page) => brotliDecompressSync(page),
      ZSTD: (page) => zstdDecompressSync(page),
      LZ4_RAW: (page, length) => unpackLz4Block(page, length) ?? new Uint8Array(0),
    },
    parsers: {
      timestampFromMilliseconds: (time) => Number(time) * 1000,
      timestampFromMicroseconds: Number,
      timestampFromNanoseconds: (time) => Number(time / 1000n),
    },
  });
  const plain = (value: unknown): unknown => (typeof value === 'bigint' ? Number(value) : (value ?? null));
  return rows.map((row) =>
    Object.fromEntries(
      Object.entries(row).flatMap(([name, value]) => {
        if (Array.isArray(value)) return [];
        if (name !== 'inner') return [[name, plain(value)]];
        return [['inner.proto', plain((value as Record<string, unknown> | null)?.proto)]];
      }),
    ),
  );
}

describe('values', () => {
  it.each(FIXTURES)('of %s (another writer) are those that another reader finds', async (name) => {
    const bytes = fixture(name);
    const values = valuesOf(bytes);
    expect(values).toHaveLength(40);
    expect(values).toEqual(await valuesByLibrary(bytes));
    expect(values[3]).toMatchObject({
      ts: 1_493_600_004_623_459,
      ts_ns: 1_493_600_004_623_459,
      src: '192.0.2.0',
      dst: '198.51.100.3',
      bytes: 2 ** 40 + 9,
      change: -3 * 2 ** 45,
      up: false,
      host: null,
      'inner.proto': 'udp',
    });
  });

  const columns = (rows: number, seed: number): ColumnSource[] => {
    const sample = <Value>(arbitrary: fc.Arbitrary<Value>): Value[] =>
      fc.sample(arbitrary, { numRuns: rows, seed }) as Value[];
    const optional = <Value>(arbitrary: fc.Arbitrary<Value>) => fc.option(arbitrary, { freq: 4 });
    const wide = fc.bigInt({ min: -(2n ** 53n), max: 2n ** 53n });
    return [
      { name: 'wide', type: 'INT64', data: sample(optional(wide)), encoding: 'DELTA_BINARY_PACKED' },
      { name: 'split', type: 'INT64', data: sample(wide), encoding: 'BYTE_STREAM_SPLIT', nullable: false },
      { name: 'narrow', type: 'INT32', data: sample(optional(fc.integer())), encoding: 'DELTA_BINARY_PACKED' },
      { name: 'few', type: 'INT32', data: sample(optional(fc.integer({ min: 0, max: 5 }))) },
      { name: 'one', type: 'INT32', data: Array<number>(rows).fill(7) },
      { name: 'real', type: 'DOUBLE', data: sample(fc.double({ noNaN: true })), encoding: 'BYTE_STREAM_SPLIT' },
      { name: 'truth', type: 'BOOLEAN', data: sample(optional(fc.boolean())), encoding: 'RLE' },
      { name: 'plainTruth', type: 'BOOLEAN', data: sample(optional(fc.boolean())), encoding: 'PLAIN' },
      { name: 'text', type: 'STRING', data: sample(optional(fc.string())), encoding: 'DELTA_BYTE_ARRAY' },
      { name: 'lengths', type: 'STRING', data: sample(optional(fc.string())), encoding: 'DELTA_LENGTH_BYTE_ARRAY' },
      { name: 'plain', type: 'STRING', data: sample(optional(fc.string({ unit: 'grapheme' }))), encoding: 'PLAIN' },
      { name: 'word', type: 'STRING', data: sample(optional(fc.constantFrom('a', 'b', 'ccc'))) },
      { name: 'never', type: 'STRING', data: Array<null>(rows).fill(null) },
    ] as ColumnSource[];
  };

  it.each([
    [1, 1000, 'UNCOMPRESSED'],
    [700, 60, 'SNAPPY'],
    [3000, 1 << 20, 'GZIP'],
  ] as const)('of every encoding come back: %i rows, pages of %i bytes, %s', async (rows, pageSize, codec) => {
    const bytes = new Uint8Array(
      parquetWriteBuffer({
        columnData: columns(rows, rows),
        codec,
        compressors: { GZIP: (page) => gzipSync(page) },
        pageSize,
        rowGroupSize: 1000,
      }),
    );
    expect(valuesOf(bytes)).toEqual(await valuesByLibrary(bytes));
  });

  it('of LZ4: blocks alone, and behind the lengths that Hadoop writes', () => {
    expect(valuesOf(fixture('version-1-lz4.parquet'))).toEqual(valuesOf(fixture('version-1.parquet')));
    // Five literals and a copy of eight bytes from three before; the last five bytes are literals again.
    const block = Buffer.from([0x54, ...Buffer.from('ababc'), 3, 0, 0x50, ...Buffer.from('vwxyz')]);
    const text = 'ababcabcabcabvwxyz';
    const unpacked = (packed: Buffer, length: number): string | null => {
      const got = unlz4Hadoop(packed, length, unpackLz4Block);
      return got === null ? null : Buffer.from(got).toString();
    };
    const lengths = Buffer.from([0, 0, 0, text.length, 0, 0, 0, block.length]);
    expect(unpacked(block, text.length)).toBe(text);
    expect(unpacked(Buffer.concat([lengths, block]), text.length)).toBe(text);
    expect(unpacked(Buffer.concat([lengths, block, lengths, block]), text.length * 2)).toBe(text + text);
    expect(unpacked(Buffer.concat([lengths, block.subarray(1)]), text.length)).toBeNull();
    expect(unpacked(block, text.length + 1)).toBeNull();
  });

  it('of Snappy: literals of every length of length, copies that overlap', () => {
    const literal = Buffer.from('abc');
    expect(Buffer.from(unsnappy(Buffer.from([3, 8, ...literal]), 3)).toString()).toBe('abc');
    const overlapping = Buffer.from([9, 8, ...literal, 0b00001001, 3]);
    expect(Buffer.from(unsnappy(overlapping, 9)).toString()).toBe('abcabcabc');
    const long = Buffer.alloc(70_000, 'xy');
    const wide = Buffer.from([0xf0, 0xa2, 0x04, 62 << 2, 0x6f, 0x11, 0x01, ...long]);
    expect(Buffer.from(unsnappy(wide, 70_000)).equals(long)).toBe(true);
    // A length of 2^32 - 4 bytes must not be taken for a negative one.
    expect(() => unsnappy(Buffer.from([4, 63 << 2, 0xfb, 0xff, 0xff, 0xff, 1, 2, 3, 4]), 4)).toThrow(ParquetFault);
  });
});

const OTHER = {
  start: { from: 'ts', type: 'unix-s' },
  initiator: { from: 'src' },
  responder: { from: 'dst' },
  responderPort: { from: 'dport' },
  transport: { from: 'inner.proto' },
  bytesOut: { from: 'bytes' },
};

describe('a file of others', () => {
  it.each(FIXTURES)('%s is read through a mapping; the type of times is that of the column', (name) => {
    const { found, reader, progress } = read(fixture(name), mappingOf(OTHER), 64);
    const kinds = Object.fromEntries(found.problems.list().map(({ kind, count }) => [kind, count]));
    // Of 40 rows, every sixth has no transport and every seventh no responder.
    expect(kinds).toMatchObject({ 'bad-address': 6, 'unknown-transport': 6 });
    expect(found.flows).toHaveLength(28);
    expect(reader).toMatchObject({ isReadable: true, records: 28, mapping: { name: 'test' } });
    expect(found.flows[0]).toMatchObject({
      start: 1_493_600_001_623_457,
      end: 1_493_600_001_623_457,
      responderPort: 443,
      transport: 17,
      bytesOut: 2 ** 40 + 1,
      locator: 2,
    });
    expect(reader.firstSeen).toBe(1_493_600_001_623_457);
    expect(progress.at(-1)).toBeLessThanOrEqual(fixture(name).length);
    expect(progress).toEqual(progress.toSorted((one, other) => one - other));
  });

  it('times without a zone are those of the mapping, or UTC, and that is told', () => {
    const local = (zone: object) => ({ ...OTHER, start: { from: 'local', type: 'iso8601', ...zone } });
    const utc = read(fixture('version-1.parquet'), mappingOf(local({})));
    expect(utc.found.flows[0]?.start).toBe(1_493_600_001_623_457);
    expect(utc.found.problems.list().map(({ kind }) => kind)).toContain('time-zone-assumed');
    const seoul = read(fixture('version-1.parquet'), mappingOf(local({ zone: 'Asia/Seoul' })));
    expect(seoul.found.flows[0]?.start).toBe(1_493_600_001_623_457 - 9 * 3600e6);
  });

  const table = (names: readonly [string, string, string, string]) => {
    const column = (name: string, type: ColumnSource['type'], data: unknown[]): ColumnSource =>
      ({ name, type, data, nullable: false }) as ColumnSource;
    const numbers = Array.from({ length: 50 }, (_, i) => i);
    const [start, source, destination, transport] = names;
    return new Uint8Array(
      parquetWriteBuffer({
        columnData: [
          column(
            start,
            'TIMESTAMP',
            numbers.map((i) => new Date(Date.UTC(2017, 4, 1) + i * 1234)),
          ),
          column(
            source,
            'STRING',
            numbers.map((i) => `192.0.2.${i}`),
          ),
          column(
            destination,
            'STRING',
            numbers.map((i) => `198.51.100.${i % 5}`),
          ),
          column(
            'src_port',
            'INT32',
            numbers.map((i) => 50_000 + i),
          ),
          column(
            'dst_port',
            'INT32',
            numbers.map((i) => [80, 443][i % 2]),
          ),
          column(
            transport,
            'STRING',
            numbers.map((i) => ['tcp', 'udp'][i % 2]),
          ),
          column(
            'packets',
            'INT64',
            numbers.map((i) => BigInt(i + 1)),
          ),
          column(
            'bytes',
            'INT64',
            numbers.map((i) => BigInt(i * 100)),
          ),
        ],
      }),
    );
  };

  it('whose columns suggest what they mean is read without a mapping, and that is told', () => {
    const { found, reader } = read(table(['start_time', 'src_ip', 'dst_ip', 'proto']));
    expect(found.problems.list()[0]?.kind).toBe('mapping-proposed');
    expect(reader.records).toBe(50);
    expect(found.flows[3]).toMatchObject({
      start: Date.UTC(2017, 4, 1) * 1000 + 3 * 1_234_000,
      initiator: [0, 0, 0xffff, 0xc0000203],
      responder: [0, 0, 0xffff, 0xc6336403],
      initiatorPort: 50_003,
      responderPort: 443,
      transport: 17,
      packetsOut: 4,
      bytesOut: 300,
    });
  });

  it('whose columns suggest nothing is refused with their names', () => {
    const { found, reader } = read(table(['a\u202e', 'b', 'c', 'd']));
    expect(reader).toMatchObject({ isReadable: false, records: 0, firstSeen: null, mapping: null });
    const [problem] = found.problems.list();
    expect(problem?.kind).toBe('no-mapping');
    expect(problem?.message).toContain('--mapping FILE');
    expect(problem?.message).toContain('a\\u202e, b, c, src_port');
  });

  it('that lacks what the mapping names, or holds it as lists, is told', () => {
    const lacking = read(fixture('version-1.parquet'), mappingOf({ ...OTHER, responder: { from: 'peer' } }));
    expect(lacking.found.problems.list()).toMatchObject([{ kind: 'missing-fields' }]);
    const lists = read(
      fixture('version-1.parquet'),
      mappingOf({ ...OTHER, packetsOut: { from: 'list.list.element' } }),
    );
    expect(lists.found.problems.list()[0]).toMatchObject({ kind: 'unread-columns' });
    expect(lists.found.flows).toHaveLength(28);
  });
});

describe('our own export', () => {
  const folder = mkdtempSync(join(tmpdir(), 'enclave-parquet-'));
  const path = join(folder, 'varied.enclave');
  buildCase(path, variedFlows(300), { profile: VARIED_PROFILE, organisations: VARIED_ORGANISATIONS });
  const reader = new CaseReader(path);
  afterAll(() => {
    reader.close();
    rmSync(folder, { recursive: true });
  });
  /** Flows as a source can give them: times that float64 holds as microseconds, counts below 2^53. */
  const records = [...flowRecords(reader)].filter(
    ({ start, end, bytesOut, bytesIn, packetsOut, packetsIn }) =>
      start <= end && end < '2200' && Math.max(bytesOut, bytesIn, packetsOut, packetsIn) < 2 ** 53,
  );

  const written = async (flows: readonly FlowRecord[]): Promise<Buffer> => {
    const chunks: Buffer[] = [];
    await writeFlows('parquet', flows, (chunk) => void chunks.push(Buffer.from(chunk)));
    return Buffer.concat(chunks);
  };

  it('comes back in, flow for flow', async () => {
    expect(records.length).toBeGreaterThan(50);
    const { found, reader: back } = read(await written(records));
    expect(back).toMatchObject({ mapping: { name: 'Enclave' }, records: records.length });
    const address = (words: AddressWords | undefined) => (words === undefined ? null : formatAddress(...words));
    const isIp = (transport: string) => ['tcp', 'udp', 'icmp', 'icmp6'].includes(transport);
    expect(
      found.flows.map((flow) => ({
        start: formatUtc(flow.start),
        end: formatUtc(flow.end),
        initiator: address(flow.initiator),
        initiatorPort: flow.initiatorPort,
        responder: address(flow.responder),
        responderPort: flow.responderPort,
        transport: transportName(flow.transport),
        counts: [flow.packetsOut, flow.bytesOut, flow.packetsIn, flow.bytesIn],
        tcpFlags: flow.transport === 6 ? formatTcpFlags(flow.tcpFlags ?? 0) : null,
        state: flow.state,
        sampling: flow.sampling,
        exporter: address(flow.exporter),
        nextHop: address(flow.nextHop),
        interfaces: [flow.inputInterface, flow.outputInterface],
        assembly: formatAssembly(flow.assembly ?? 0),
        software: [flow.userAgent ?? null, flow.ja3 ?? null, flow.ja4 ?? null],
        oneWay: flow.oneWay,
        locator: flow.locator,
      })),
    ).toEqual(
      records.map((record, index) => ({
        start: record.start,
        end: record.end,
        initiator: record.initiator,
        initiatorPort: isIp(record.transport) ? record.initiatorPort : 0,
        responder: record.responder,
        responderPort: isIp(record.transport) ? record.responderPort : 0,
        transport: record.transport,
        counts: [record.packetsOut, record.bytesOut, record.packetsIn, record.bytesIn],
        tcpFlags: record.transport === 'tcp' ? record.tcpFlags : null,
        state: record.state,
        sampling: record.sampling,
        exporter: record.exporter,
        nextHop: record.nextHop,
        interfaces: [record.inputInterface ?? 0, record.outputInterface ?? 0],
        assembly: record.assembly,
        software: [record.userAgent, record.ja3, record.ja4],
        oneWay: false,
        locator: index + 1,
      })),
    );
    const tunnels = records.filter(({ tunnel }) => tunnel !== null).length;
    expect(found.problems.list()).toMatchObject([{ kind: 'tunnel-not-kept', count: tunnels }]);
  });

  it('gives names as the flow’s own only where the record says that they are', async () => {
    const [any] = records;
    if (any === undefined) throw new Error('no record');
    const labelled = (protocol: string, labelEvidence: FlowRecord['labelEvidence'], hostname: string | null) => ({
      ...any,
      tunnel: null,
      protocol,
      labelEvidence,
      hostname,
    });
    const { found } = read(
      await written([
        labelled('tls', 'hostname', '<b>=a.example'),
        labelled('dns', 'payload', 'question.example'),
        labelled('tls', 'dns', 'answer.example'),
        labelled('tls', 'payload', 'not-told.example'),
        labelled('bittorrent', 'port', null),
      ]),
    );
    expect(found.flows.map(({ name, nameOrigin, protocol }) => [name, nameOrigin, protocol])).toEqual([
      ['<b>=a.example', 'tls-sni', 'tls'],
      ['question.example', 'dns-question', 'dns'],
      [undefined, undefined, 'tls'],
      [undefined, undefined, 'tls'],
      [undefined, undefined, undefined],
    ]);
    expect(found.answers).toMatchObject([
      { client: '::', address: any.responder, name: 'answer.example' },
      { client: '::', address: any.responder, name: 'not-told.example' },
    ]);
  });
});

describe('what is wrong with a file', () => {
  const whole = fixture('version-2-int96.parquet');
  const kindOf = (bytes: Uint8Array): string[] =>
    read(bytes, mappingOf(OTHER))
      .found.problems.list()
      .map(({ kind }) => kind);

  it('is told: cut short, encrypted, no Parquet at all', () => {
    expect(isParquet(whole)).toBe(true);
    expect(isParquet(Buffer.from('PAR'))).toBe(false);
    expect(kindOf(whole.subarray(0, whole.length - 1))).toEqual(['damaged-parquet']);
    expect(kindOf(whole.subarray(0, 8))).toEqual(['damaged-parquet']);
    expect(kindOf(new Uint8Array(0))).toEqual(['damaged-parquet']);
    expect(kindOf(Buffer.concat([whole.subarray(0, -4), Buffer.from('PARE')]))).toEqual(['encrypted-parquet']);
  });

  it('costs the rest of its row group, and the message tells which rows', () => {
    // Pages of the second of three row groups, in which every byte of the values is damaged.
    const file = fileOf(whole);
    const chunk = readFooter(file).rowGroup(1).chunks.get('src');
    if (chunk === undefined) throw new Error('no src');
    const bytes = Buffer.from(whole);
    bytes.fill(0xff, chunk.start, chunk.end);
    const { found } = read(bytes, mappingOf(OTHER));
    const problem = found.problems.list().find(({ kind }) => kind === 'damaged-parquet');
    expect(problem).toMatchObject({ count: 1, firstOffset: 17 });
    expect(problem?.message).toContain('rows 17 to 32 (row group 2)');
    expect(found.flows.some(({ locator }) => locator > 16 && locator <= 32)).toBe(false);
    expect(found.flows.some(({ locator }) => locator > 32)).toBe(true);
  });

  it('is found by the checksum of a page', () => {
    const bytes = Buffer.from(fixture('version-1.parquet'));
    const chunk = readFooter(fileOf(bytes)).rowGroup(0).chunks.get('dport');
    if (chunk === undefined) throw new Error('no dport');
    const last = bytes[chunk.end - 1] ?? 0;
    bytes[chunk.end - 1] = last ^ 1;
    const { found } = read(bytes, mappingOf(OTHER));
    expect(found.problems.list()[0]?.message).toContain('checksum');
  });

  it('in its first rows is told as it is, not as columns that nobody understands', () => {
    const bytes = Buffer.from(fixture('version-1.parquet'));
    const chunk = readFooter(fileOf(bytes)).rowGroup(0).chunks.get('ts');
    if (chunk === undefined) throw new Error('no ts');
    bytes.fill(0xff, chunk.start, chunk.end);
    const { found, reader } = read(bytes);
    expect(reader.isReadable).toBe(false);
    expect(found.problems.list()).toMatchObject([{ kind: 'damaged-parquet' }]);
  });

  it('more rows than bytes can hold are not read', () => {
    const data = Array<number>(100).fill(1);
    const column = (name: string): ColumnSource => ({
      name,
      type: 'INT32',
      data: data as DecodedArray,
      nullable: false,
    });
    const bytes = new Uint8Array(parquetWriteBuffer({ columnData: ['ts', 'src', 'dst', 'inner.proto'].map(column) }));
    const text = Buffer.from(bytes);
    const { metadata_length: length } = parquetMetadata(bytes);
    const footerFrom = bytes.length - 8 - length;
    // 100 as a zigzag number is c8 01: wherever it stands, as rows or values, it becomes 2^27.
    const claim = (footer: Buffer): Buffer =>
      Buffer.concat(
        footer
          .toString('latin1')
          .split('\xc8\x01')
          .flatMap((part, index) => [
            ...(index === 0 ? [] : [Buffer.from([0x80, 0x80, 0x80, 0x80, 0x01])]),
            Buffer.from(part, 'latin1'),
          ]),
      );
    const footer = claim(text.subarray(footerFrom, bytes.length - 8));
    const end = Buffer.alloc(8, 'PAR1');
    end.writeUInt32LE(footer.length, 0);
    expect(kindOf(Buffer.concat([text.subarray(0, footerFrom), footer, end]))).toEqual(['bomb']);
  });

  it('a footer of lists in lists that each claim to be huge takes no memory', () => {
    const footer = Buffer.concat([
      Buffer.from([0x99]),
      ...Array<Buffer>(400).fill(Buffer.from([0xf9, 0xff, 0xff, 0xff, 0x0f])),
    ]);
    const end = Buffer.alloc(8, 'PAR1');
    end.writeUInt32LE(footer.length, 0);
    expect(kindOf(Buffer.concat([Buffer.from('PAR1'), footer, end]))).toEqual(['damaged-parquet']);
  });

  it('a text that is not UTF-8 costs its record', () => {
    const latin1 = Buffer.from('h\xe9llo', 'latin1');
    const text = (name: string, values: (string | Uint8Array)[]): ColumnSource =>
      ({ name, type: 'BYTE_ARRAY', data: values, encoding: 'PLAIN' }) as ColumnSource;
    const bytes = new Uint8Array(
      parquetWriteBuffer({
        columnData: [
          text('ts', ['5', '6']),
          text('src', ['::1', '::1']),
          text('dst', ['::2', '::2']),
          text('inner.proto', ['tcp', 'tcp']),
          text('agent', [latin1, 'curl/8']),
        ],
      }),
    );
    const { found } = read(bytes, mappingOf({ ...OTHER, userAgent: { from: 'agent' } }));
    expect(found.problems.list()[0]).toMatchObject({ kind: 'bad-utf8', count: 1, firstOffset: 1 });
    expect(found.flows).toMatchObject([{ locator: 2, userAgent: 'curl/8', start: 6e6 }]);
  });
});

describe('hostile bytes', () => {
  it('never throw, hang or invent: 4,000 damaged files', { timeout: 60_000 }, () => {
    const files = FIXTURES.map(fixture);
    const mapping = mappingOf({ ...OTHER, userAgent: { from: 'host' }, packetsOut: { from: 'change' } });
    const byte = fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 0x7f, 0x80, 0xff));
    let slowest = 0;
    fc.assert(
      fc.property(
        fc.nat(FIXTURES.length - 1),
        fc.boolean(),
        fc.array(fc.tuple(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), byte), {
          minLength: 1,
          maxLength: 6,
        }),
        (which, inFooter, changes) => {
          const bytes = Buffer.from(files[which] ?? '');
          const footerFrom = bytes.length - 8 - bytes.readUInt32LE(bytes.length - 8);
          const [from, to] = inFooter ? [footerFrom, bytes.length - 4] : [4, bytes.length - 8];
          for (const [place, value] of changes) bytes[from + Math.floor(place * (to - from))] = value;
          const began = performance.now();
          const { found } = read(bytes, mapping);
          slowest = Math.max(slowest, performance.now() - began);
          for (const flow of found.flows) {
            expect(Number.isSafeInteger(flow.start) && flow.end >= flow.start).toBe(true);
          }
        },
      ),
      { seed: 4, numRuns: 4000 },
    );
    expect(slowest).toBeLessThan(2000);
  });
});
