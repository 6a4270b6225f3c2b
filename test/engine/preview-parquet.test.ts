import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ColumnSource, parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll, describe, expect, it } from 'vitest';
import { decodeEvidence, decodeRun } from '../../electron/engine/decode-evidence.ts';
import { previewTextExport } from '../../electron/engine/preview-text.ts';
import { DEFAULT_TIMEOUTS } from '../../electron/flows/flow-table.ts';
import { lacksMapping } from '../../renderer/state/mapping-draft.ts';
import { checkMapping, type Mapping } from '../../shared/mapping.ts';
import { runEnclave } from '../cli/run-enclave.ts';

/** A look into Parquet files before they are imported: for the window's editor of mappings, and `enclave mapping`. */

const folder = mkdtempSync(join(tmpdir(), 'enclave-parquet-preview-'));
afterAll(() => rmSync(folder, { recursive: true }));

const ROWS = 50;
const rows = Array.from({ length: ROWS }, (_, i) => i);

/** A file whose columns have these names and hold, in turn, a time, two addresses (the second not in row 2, if `lost`), a port, a protocol, another port, packets and bytes. */
function parquet(name: string, columns: readonly string[], lost: 'nobody' | null = null): string {
  const column = (at: number, type: ColumnSource['type'], data: unknown[]): ColumnSource =>
    ({ name: columns[at] ?? '', type, data, nullable: false }) as ColumnSource;
  const bytes = parquetWriteBuffer({
    columnData: [
      column(
        0,
        'TIMESTAMP',
        rows.map((i) => new Date(Date.UTC(2017, 4, 1) + i * 1234)),
      ),
      column(
        1,
        'STRING',
        rows.map((i) => `192.0.2.${i}`),
      ),
      column(
        2,
        'STRING',
        rows.map((i) => (i === 1 && lost !== null ? lost : `198.51.100.${i % 5}`)),
      ),
      column(
        3,
        'INT32',
        rows.map((i) => [80, 443][i % 2]),
      ),
      column(
        4,
        'STRING',
        rows.map((i) => ['tcp', 'udp'][i % 2]),
      ),
      column(
        5,
        'INT32',
        rows.map((i) => 50_000 + i),
      ),
      column(
        6,
        'INT64',
        rows.map((i) => BigInt(i + 1)),
      ),
      column(
        7,
        'INT64',
        rows.map((i) => BigInt(i * 100)),
      ),
    ],
  });
  const path = join(folder, name);
  writeFileSync(path, new Uint8Array(bytes));
  return path;
}

const ODD = ['wann', 'von', 'nach', 'tor', 'art', 'quelltor', 'pakete', 'menge'];
const USUAL = ['start_time', 'src_ip', 'dst_ip', 'dst_port', 'proto', 'src_port', 'packets', 'bytes'];

function mappingOf(columns: readonly string[]): Mapping {
  const [start = '', initiator = '', responder = '', responderPort = '', transport = ''] = columns;
  const fields = {
    start: { from: start, type: 'iso8601' },
    initiator: { from: initiator },
    responder: { from: responder },
    responderPort: { from: responderPort },
    transport: { from: transport },
  };
  const checked = checkMapping({ name: 'odd', format: 'ndjson', direction: 'one-way', bytes: 'ip', fields });
  if (!checked.ok) throw new Error(checked.fault);
  return checked.mapping;
}

describe('a look into a Parquet file', () => {
  it('shows columns and first rows where it cannot be sure, and what a mapping makes of them', async () => {
    const path = parquet('odd.parquet', ODD, 'nobody');
    const unasked = await previewTextExport(path, null);
    expect(unasked).toMatchObject({ kind: 'parquet', columns: ODD, origin: 'refused', look: { format: 'ndjson' } });
    expect(unasked.why[0]).toContain(
      'a Parquet file with the columns wann, von, nach, tor, art, quelltor, pakete, menge',
    );
    expect(unasked.rows.slice(0, 2)).toEqual([
      ['2017-05-01T00:00:00.000000Z', '192.0.2.0', '198.51.100.0', '80', 'tcp', '50000', '1', '0'],
      ['2017-05-01T00:00:01.234000Z', '192.0.2.1', 'nobody', '443', 'udp', '50001', '2', '100'],
    ]);
    const given = mappingOf(ODD);
    const mapped = await previewTextExport(path, given);
    expect(mapped).toMatchObject({ kind: 'parquet', origin: 'given', mapping: given });
    expect(mapped.flows).toHaveLength(20);
    expect(mapped.flows[1]).toMatchObject({
      start: '2017-05-01T00:00:02.468000Z',
      initiator: '192.0.2.2',
      responder: '198.51.100.2',
      responderPort: 80,
      transport: 'tcp',
    });
    expect(mapped.problems).toMatchObject([
      { kind: 'no-end', count: 1, line: 1 },
      { kind: 'bad-address', count: 1, line: 2 },
    ]);
  });

  it('says which columns a mapping asks for in vain', async () => {
    const preview = await previewTextExport(
      parquet('odd.parquet', ODD),
      mappingOf(['when', 'from', 'to', 'port', 'how']),
    );
    expect(preview).toMatchObject({ origin: 'refused', flows: [] });
    expect(preview.why[0]).toContain('start, initiator, responder, transport are not there');
  });

  it('shows the proposal where names and values agree', async () => {
    const path = parquet('sure.parquet', USUAL);
    const sure = await previewTextExport(path, null);
    expect(sure).toMatchObject({ origin: 'proposed', mapping: { fields: { initiator: { from: 'src_ip' } } } });
    expect(sure.confidence).toBeGreaterThanOrEqual(0.9);
    expect(sure.flows).toHaveLength(20);
  });

  it('refuses a damaged file in words, and takes no text for Parquet', async () => {
    const whole = readFileSync(parquet('whole.parquet', ODD));
    const damaged = join(folder, 'damaged.parquet');
    writeFileSync(damaged, whole.subarray(0, whole.length - 20));
    await expect(previewTextExport(damaged, null)).rejects.toMatchObject({ code: 'not-text', place: damaged });
    const text = join(folder, 'text.csv');
    writeFileSync(text, 'a;b;c\n1;2;3\n4;5;6\n');
    expect(await previewTextExport(text, null)).toMatchObject({ kind: 'text', columns: ['a', 'b', 'c'] });
  });

  it('is offered where an import refused the file for its columns', async () => {
    const ignore = (): undefined => undefined;
    const output = { segment: ignore, names: ignore, progress: ignore };
    const { format, problems } = await decodeEvidence(parquet('odd.parquet', ODD), DEFAULT_TIMEOUTS, output);
    expect(lacksMapping({ status: 'rejected', format, problems })).toBe(true);
    const wrong = { mapping: mappingOf(['when', 'from', 'to', 'port', 'how']) };
    const misfit = await decodeEvidence(parquet('odd.parquet', ODD), DEFAULT_TIMEOUTS, output, wrong);
    expect(lacksMapping({ status: 'rejected', ...misfit })).toBe(true);
  });

  it('is not needed where the profile has a mapping for its columns', async () => {
    const ignore = (): undefined => undefined;
    const output = { segment: ignore, names: ignore, progress: ignore };
    const others = [mappingOf(['when', 'from', 'to', 'port', 'how']), mappingOf(ODD)];
    const [decoded] = await decodeRun([parquet('odd.parquet', ODD)], DEFAULT_TIMEOUTS, output, {}, others);
    expect(decoded).toMatchObject({ format: 'parquet', records: ROWS });
  });

  it('is printed by enclave mapping, and read back by import; our own export is known', async () => {
    const path = parquet('guess.parquet', USUAL);
    const printed = await runEnclave(['mapping', path]);
    expect(printed.code).toBe(0);
    const file = join(folder, 'mapping.json');
    writeFileSync(file, printed.stdout);
    expect(checkMapping(JSON.parse(printed.stdout))).toMatchObject({ ok: true });
    const casePath = join(folder, 'one.enclave');
    expect((await runEnclave(['new', casePath])).code).toBe(0);
    const imported = await runEnclave(['import', casePath, path, '--mapping', file, '--no-analyse', '--json']);
    const { evidence } = JSON.parse(imported.stdout.trimEnd().split('\n').at(-1) ?? '') as {
      evidence: { format: string; records: number }[];
    };
    expect(evidence).toMatchObject([{ format: 'parquet', records: ROWS }]);
    const own = join(folder, 'own.parquet');
    expect((await runEnclave(['flows', casePath, '--format', 'parquet', '--out', own])).code).toBe(0);
    expect(await previewTextExport(own, null)).toMatchObject({ origin: 'shipped', mapping: { name: 'Enclave' } });
  });
});
