import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import * as fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { CaseReader } from '../../electron/casefile/case-reader.ts';
import { flowRecords } from '../../electron/casefile/flow-records.ts';
import { compileFilter } from '../../electron/casefile/flow-selection.ts';
import { writeFlows } from '../../electron/casefile/flow-writers.ts';
import type { TableFormat } from '../../electron/casefile/table-writers.ts';
import { type FlowRecord, LABEL_EVIDENCE } from '../../shared/flow.ts';
import { parseFilter } from '../../shared/filter/parse-filter.ts';
import { formatUtc } from '../../shared/time.ts';
import { visibleJson } from '../../shared/visible-text.ts';
import { buildCase, type SyntheticFlow } from './synthetic-case.ts';
import { VARIED_ORGANISATIONS, VARIED_PROFILE, variedFlows } from './varied-flows.ts';

const folder = mkdtempSync(join(tmpdir(), 'enclave-writers-'));
const path = join(folder, 'varied.enclave');
buildCase(path, variedFlows(200), { profile: VARIED_PROFILE, organisations: VARIED_ORGANISATIONS });
const reader = new CaseReader(path);
const records = [...flowRecords(reader)];

afterAll(() => {
  reader.close();
  rmSync(folder, { recursive: true });
});

async function written(format: TableFormat, flows: Iterable<FlowRecord>): Promise<{ bytes: Buffer; chunks: number }> {
  const chunks: Buffer[] = [];
  await writeFlows(format, flows, async (chunk) => {
    await Promise.resolve();
    chunks.push(Buffer.from(chunk));
  });
  return { bytes: Buffer.concat(chunks), chunks: chunks.length };
}

function* repeated(times: number): Generator<FlowRecord> {
  for (let i = 0; i < times; i++) {
    const record = records[i % records.length];
    if (record) yield record;
  }
}

/** A reader of RFC 4180 that knows nothing of the writer. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  const cell = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/y;
  for (let match = cell.exec(text); match !== null && match[0] !== ''; match = cell.exec(text)) {
    row.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '');
    if (match[3] === '\r\n') {
      rows.push(row);
      row = [];
    }
  }
  expect(cell.lastIndex).toBe(0);
  return rows;
}

const UNSEEN = /[\p{Cc}\p{Cf}]/u;

describe('writeFlows', () => {
  it('writes ndjson that gives the records back and shows nothing unseen', async () => {
    const text = (await written('ndjson', records)).bytes.toString();
    const lines = text.split('\n');
    expect(lines.pop()).toBe('');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(records);
    expect(lines.some((line) => line.includes('\\u202e'))).toBe(true);
    expect(lines.filter((line) => UNSEEN.test(line))).toEqual([]);
  });

  it('writes ndjson straight from columns, byte for byte as from the records', async () => {
    const many = join(folder, 'many.enclave');
    buildCase(many, variedFlows(3000), {
      profile: VARIED_PROFILE,
      organisations: VARIED_ORGANISATIONS,
      segmentRows: 700,
    });
    const other = new CaseReader(many);
    const selection = compileFilter(parseFilter('not transport = udp'), other);
    for (const options of [{}, { selection }, { selection, limit: 1000 }]) {
      const expected = [...flowRecords(other, options)].map((record) => `${visibleJson(record)}\n`).join('');
      const direct = (await written('ndjson', flowRecords(other, options))).bytes.toString();
      expect(direct.length).toBeGreaterThan(500_000);
      expect(direct === expected).toBe(true);
    }
    other.close();
  });

  it('tells apart flows of which a single column differs, straight from columns', async () => {
    const bases: SyntheticFlow[] = LABEL_EVIDENCE.flatMap((labelEvidence) => [
      { start: 0, initiator: '10.0.0.1', responder: '10.0.0.2', labelEvidence, linkedName: 'a.test' },
      { start: 0, initiator: '10.0.0.1', responder: '10.0.0.2', labelEvidence, name: 'b.test', linkedName: 'a.test' },
    ]);
    const changes: Partial<SyntheticFlow>[] = [
      {
        name: 'c.test',
        nameOrigin: 'tls-sni',
        linkedName: 'd.test',
        linkedOrigin: 'dns-answer-client',
        match: 'test',
        payloadRule: 'rule',
        protocol: 'tls',
        service: 'steam',
        category: 'gaming',
        confidence: 50,
        transport: 17,
        responderPort: 53,
        tcpFlags: 2,
        state: 'SF',
        subjectSide: 'responder',
        range: 1,
        direction: 'inbound',
        country: 'CN',
        asn: 4837,
        ja3: 'x',
        ja4: 'y',
        userAgent: 'u',
        linkedUserAgent: 'v',
        linkedJa3: 'x2',
        linkedJa4: 'y2',
        sampling: 100,
        depth: 1,
        locator: 9,
        end: 5,
        initiatorPort: 4,
      },
      { transport: 47, subjectSide: 'both', packetsIn: 3, bytesOut: 1e300 },
    ];
    const others = changes.flatMap((change) => Object.entries(change).map(([field, value]) => ({ [field]: value })));
    const alike = join(folder, 'alike.enclave');
    const flows = bases.flatMap((base) => [base, ...others.map((other) => ({ ...base, ...other }))]);
    buildCase(alike, flows, { profile: VARIED_PROFILE, organisations: VARIED_ORGANISATIONS });
    const other = new CaseReader(alike);
    const expected = [...flowRecords(other)].map((record) => visibleJson(record));
    const direct = (await written('ndjson', flowRecords(other))).bytes.toString().split('\n');
    expect(direct).toEqual([...expected, '']);
    other.close();
  });

  it('writes csv by RFC 4180 with a header', async () => {
    const text = (await written('csv', records)).bytes.toString();
    const [header, ...rows] = parseCsv(text);
    expect(header).toEqual(Object.keys(records[0] ?? {}));
    expect(rows.length).toBe(records.length);
    const at = (name: keyof FlowRecord): number => header?.indexOf(name) ?? -1;
    expect(rows.map((row) => row[at('bytesOut')])).toEqual(records.map(({ bytesOut }) => String(bytesOut)));
    expect(rows.map((row) => row[at('organisation')])).toEqual(records.map((record) => record.organisation ?? ''));
    expect(rows.filter((row) => row.some((value) => UNSEEN.test(value)))).toEqual([]);
  });

  it('keeps spreadsheets from running what evidence wrote', async () => {
    const [first] = records;
    if (first === undefined) throw new Error('no record');
    const names = ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '\uff1d1', 'a"b,c', 'x\r\ny', '-', ''];
    const text = (
      await written(
        'csv',
        names.map((hostname) => ({ ...first, hostname, confidence: -1 })),
      )
    ).bytes.toString();
    const [header, ...rows] = parseCsv(text);
    const cells = rows.map((row) => row[header?.indexOf('hostname') ?? -1]);
    expect(cells).toEqual([
      "'=1+1",
      "'+1",
      "'-1",
      "'@SUM(A1)",
      "'\\u0009=1",
      "'\\u000d=1",
      "'\uff1d1",
      'a"b,c',
      'x\\u000d\\u000ay',
      "'-",
      '',
    ]);
    expect(rows.map((row) => row[header?.indexOf('confidence') ?? -1])).toEqual(names.map(() => '-1'));
  });

  it('writes parquet that another reader gives back, in row groups handed on one by one', async () => {
    const count = 35_000;
    const { bytes, chunks } = await written('parquet', repeated(count));
    const file = new Uint8Array(bytes).buffer;
    const metadata = parquetMetadata(file);
    expect(metadata.row_groups.map((group) => Number(group.num_rows))).toEqual([16_384, 16_384, 2232]);
    expect(chunks).toBe(4);
    expect(metadata.schema.slice(1).map(({ name }) => name)).toEqual(Object.keys(records[0] ?? {}));
    const rows = await parquetReadObjects({
      file,
      parsers: { ...TIMES },
      rowStart: count - records.length,
      rowEnd: count,
    });
    const plain = rows.map((row) =>
      Object.fromEntries(
        Object.entries(row).map(([name, value]) => [name, typeof value === 'bigint' ? Number(value) : (value ?? null)]),
      ),
    );
    expect(plain).toEqual(records);
  });

  it('writes parquet of any values: few and many different ones, absent ones, ones of 64 bits', async () => {
    const [first] = records;
    if (first === undefined) throw new Error('no record');
    const column = fc.oneof(
      fc.array(fc.constantFrom(0, 1, 5), { minLength: 40, maxLength: 400 }),
      fc.array(fc.integer({ min: 0, max: 2 ** 53 - 1 }), { minLength: 40, maxLength: 400 }),
      fc.array(fc.integer({ min: -(2 ** 53) + 1, max: 9 }), { minLength: 1, maxLength: 40 }),
    );
    const name = fc.oneof(fc.constantFrom(null, 'a', 'é', '\u{1f600}'), fc.string({ unit: 'grapheme' }));
    await fc.assert(
      fc.asyncProperty(column, fc.array(name, { minLength: 1 }), async (numbers, names) => {
        const odd = numbers.map((number, i) => ({
          ...first,
          bytesIn: number,
          locator: numbers[0] ?? 0,
          asn: i % 7 === 0 ? null : number,
          hostname: names[i % names.length] ?? null,
          userAgent: null,
        }));
        const { bytes } = await written('parquet', odd);
        const rows = await parquetReadObjects({ file: new Uint8Array(bytes).buffer, parsers: { ...TIMES } });
        const chosen = rows.map(({ bytesIn, locator, asn, hostname, userAgent, start }) => ({
          bytesIn: Number(bytesIn),
          locator: Number(locator),
          asn: asn === null || asn === undefined ? null : Number(asn),
          hostname: hostname ?? null,
          userAgent: userAgent ?? null,
          start,
        }));
        expect(chosen).toEqual(
          odd.map(({ bytesIn, locator, asn, hostname, userAgent, start }) => ({
            bytesIn,
            locator,
            asn,
            hostname,
            userAgent,
            start,
          })),
        );
      }),
      { seed: 33, numRuns: 60 },
    );
  });

  it('writes numbers no counter can hold without falling over', async () => {
    const [first] = records;
    if (first === undefined) throw new Error('no record');
    const odd = { ...first, bytesOut: 1e300, bytesIn: Number.NaN, packetsIn: 0.5, start: 'invalid time' };
    const { bytes } = await written('parquet', [odd]);
    const file = new Uint8Array(bytes).buffer;
    const [row] = await parquetReadObjects({ file });
    expect(row).toMatchObject({ bytesOut: 2n ** 63n - 1024n, packetsIn: 0n });
    expect([row?.['bytesIn'] ?? null, row?.['start'] ?? null]).toEqual([null, null]);
  });

  it('writes a header, an empty table or nothing when there is no flow', async () => {
    expect((await written('ndjson', [])).bytes.length).toBe(0);
    expect(parseCsv((await written('csv', [])).bytes.toString()).length).toBe(1);
    const { bytes } = await written('parquet', []);
    const file = new Uint8Array(bytes).buffer;
    expect(await parquetReadObjects({ file })).toEqual([]);
  });

  it('counts the records and waits for the writer', async () => {
    let open = 0;
    for (const format of ['ndjson', 'csv', 'parquet'] as const) {
      const count = await writeFlows(format, repeated(1000), async () => {
        expect(++open).toBe(1);
        await new Promise((resolve) => {
          setImmediate(resolve);
        });
        open--;
      });
      expect(count).toBe(1000);
    }
  });
});

const TIMES = {
  timestampFromMilliseconds: (ms: bigint): string => formatUtc(Number(ms) * 1000),
  timestampFromMicroseconds: (us: bigint): string => formatUtc(Number(us)),
  timestampFromNanoseconds: (ns: bigint): string => formatUtc(Number(ns) / 1000),
  dateFromDays: (days: number): number => days,
  stringFromBytes: (text: Uint8Array | undefined): string | null =>
    text === undefined ? null : new TextDecoder().decode(text),
  geometryFromBytes: (wkb: Uint8Array | undefined): Uint8Array | undefined => wkb,
  geographyFromBytes: (wkb: Uint8Array | undefined): Uint8Array | undefined => wkb,
};
