import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { decodeEvidence } from '../../electron/engine/decode-evidence.ts';
import { DEFAULT_TIMEOUTS } from '../../electron/flows/flow-table.ts';
import { ipfix, optionsTemplate, set, template } from '../flows/netflow-messages.ts';
import { block, fileV2, recordV2 } from '../flows/nfcapd-files.ts';

/** Small files that once took far longer to read than they are long: chance does not find them. */

/** CPU time of this process, seconds; all of them took between 7 and more than 120 before they were mended. */
const LIMIT = 4;

async function decode(bytes: Uint8Array) {
  const folder = mkdtempSync(join(tmpdir(), 'enclave-hostile-'));
  try {
    const path = join(folder, 'evidence');
    writeFileSync(path, bytes);
    const ignore = (): undefined => undefined;
    const before = process.cpuUsage();
    const decoded = await decodeEvidence(path, DEFAULT_TIMEOUTS, { segment: ignore, names: ignore, progress: ignore });
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1e6).toBeLessThan(LIMIT);
    const kinds = decoded.problems.map(({ kind, count }) => `${kind} ${count}`);
    return { format: decoded.format, records: decoded.records, kinds };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const times = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));

it('IPFIX: all options templates withdrawn, over and over, where there are thousands of data templates', async () => {
  const templates = times(4, (i) =>
    ipfix([
      set(
        2,
        ...times(1000, (n) =>
          template(256 + i * 1000 + n, [
            [8, 4],
            [12, 4],
          ]),
        ),
      ),
    ]),
  );
  const withdrawals = ipfix([set(3, ...times(16_000, () => [0, 3, 0, 0]))]);
  const { format, kinds } = await decode(Buffer.concat([...templates, ...times(30, () => withdrawals)]));
  expect({ format, kinds }).toEqual({ format: 'ipfix', kinds: [] });
});

it('IPFIX: samplers whose rates change with each record', async () => {
  const options = ipfix([
    set(
      3,
      optionsTemplate(256, 1, [
        [302, 1],
        [305, 1],
        [306, 1],
      ]),
    ),
  ]);
  const rates = ipfix([set(256, ...times(20_000, (i) => [i & 255, 1, 1 + (((i >> 8) + i * 7) % 250)]))]);
  expect(await decode(Buffer.concat([options, ...times(30, () => rates)]))).toMatchObject({ records: 600_000 });
});

const DAMAGE = Buffer.alloc(12, 255);

it('nfcapd: a thousand places that could begin a block of millions of records', async () => {
  const flow = { first: 1.7e12, last: 1.7e12, sourcePort: 1, destinationPort: 2, transport: 6, packets: 1, bytes: 1 };
  const sound = block([recordV2({ ...flow, source: '10.0.0.1', destination: '192.0.2.1' })]);
  const head = Buffer.alloc(12);
  // Read as records, the numbers of such a head lead over the next ones.
  head.writeUInt32LE(0x0004_000b, 0);
  head.writeUInt32LE(0x0068_0005, 4);
  head.writeUInt16LE(3, 8);
  const records = Buffer.alloc(8_000_000, Buffer.from([11, 0, 4, 0]));
  const file = Buffer.concat([fileV2([sound]), DAMAGE, ...times(1000, () => head), records]);
  expect(await decode(file)).toMatchObject({ records: 1, kinds: ['damaged-block 1', 'damaged-end 1'] });
});

it('nfcapd: damage before a thousand blocks that inflate out of all proportion', async () => {
  const packed = zstdCompressSync(Buffer.alloc(7_900_000));
  const bombs = times(990, () => block([packed], { told: 5 }));
  const file = Buffer.concat([fileV2([], { compression: 'zstd' }), DAMAGE, ...bombs]);
  expect((await decode(file)).kinds).toEqual(['damaged-block 1', 'bomb 1']);
});

it('JSON: a line of a hundred thousand objects', async () => {
  const event = { timestamp: '2017-05-17T01:02:03.000000+0000', flow_id: 7, event_type: 'stats' };
  const text = `${JSON.stringify(event)}\n${'{"a":1}'.repeat(100_000)}\n`;
  expect(await decode(Buffer.from(text))).toEqual({
    format: 'suricata-eve',
    records: 1,
    kinds: ['not-an-event 100000', 'unused-event 1', 'no-flow-event 1'],
  });
});

/** A whole number as Thrift's compact protocol has it. */
function zigzag(value: number): number[] {
  const bytes: number[] = [];
  let left = value * 2;
  for (; left >= 128; left = Math.floor(left / 128)) bytes.push((left % 128) + 128);
  return [...bytes, left];
}

it('Parquet: hundreds of row groups whose columns are all one page, which unpacks to 30 MB', async () => {
  const columns = ['id', 'start', 'initiator', 'responder', 'transport', 'subjectSide', 'labelEvidence', 'locator'];
  const unpacked = 30 << 20;
  const packed = zstdCompressSync(Buffer.alloc(unpacked));
  const name = (text: string): number[] => [0x18, text.length, ...Buffer.from(text)];
  const values = [0x2c, 0x15, ...zigzag(1), 0x15, 0, 0x15, ...zigzag(3), 0x15, ...zigzag(3), 0];
  const header = [0x15, 0, 0x15, ...zigzag(unpacked), 0x15, ...zigzag(packed.length), ...values, 0];
  const page = Buffer.concat([Buffer.from(header), packed]);
  const leaf = (column: string): number[] => [0x15, ...zigzag(6), 0x25, 0, ...name(column), 0x25, 0, 0];
  const root = [0x48, 4, ...Buffer.from('root'), 0x15, ...zigzag(columns.length), 0];
  const counts = [
    0x16,
    ...zigzag(1),
    0x16,
    ...zigzag(unpacked),
    0x16,
    ...zigzag(page.length),
    0x26,
    ...zigzag(4),
    0,
    0,
  ];
  const chunk = (column: string): number[] => {
    const head = [0x26, ...zigzag(4), 0x1c, 0x15, ...zigzag(6), 0x19, 0x15, 0, 0x19];
    return [...head, ...name(column), 0x15, ...zigzag(6), ...counts];
  };
  const group = [0x19, (columns.length << 4) | 12, ...columns.flatMap(chunk), 0x16, 0, 0x16, ...zigzag(1), 0];
  const groups = 600;
  const schema = [0x15, ...zigzag(1), 0x19, ((columns.length + 1) << 4) | 12, ...root, ...columns.flatMap(leaf)];
  const list = [0x16, ...zigzag(groups), 0x19, 0xfc, (groups & 127) | 128, groups >> 7];
  const footer = Buffer.from([...schema, ...list, ...times(groups, () => group).flat(), 0]);
  const tail = Buffer.from([0, 0, 0, 0, ...Buffer.from('PAR1')]);
  tail.writeUInt32LE(footer.length);
  const { format, kinds } = await decode(Buffer.concat([Buffer.from('PAR1'), page, footer, tail]));
  expect(format).toBe('parquet');
  expect(kinds).toEqual(['bad-time 1', `bomb ${groups - 1}`]);
});
