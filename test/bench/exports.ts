import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { block, fileV2, recordV2 } from '../flows/nfcapd-files.ts';
import { ipfix, set, template } from '../flows/netflow-messages.ts';
import { textTable } from '../score/text-table.ts';

/**
 * `npm run bench:exports -- [--records N] [--format ID]`: how many records a second of each kind of flow export go into a
 * case, labels included, and the memory that takes. The exports are invented: N one-way records of ten minutes, half of
 * them the way back of the other half, where the format has records of one way.
 */

const LAUNCHER = fileURLToPath(new URL('../../electron/cli/launch.js', import.meta.url));
const FROM_MS = Date.UTC(2017, 4, 1);
const SPAN_MS = 600_000;
const BLOCK_RECORDS = 5000;
const MESSAGE_RECORDS = 30;

/** Record `i` of `count`: an even one and the next are the two ways of one flow. */
function invented(i: number, count: number) {
  const flow = i >> 1;
  const isBack = (i & 1) === 1;
  const client = 0xaf2d_b000 + (flow % 1000);
  const server = 0xcb00_0000 + ((flow * 7919) % 60_000);
  const port = 1024 + ((Math.imul(flow, 40_503) >>> 16) % 60_000);
  const ms = FROM_MS + Math.floor((flow * 2 * SPAN_MS) / count);
  return {
    ms,
    source: isBack ? server : client,
    destination: isBack ? client : server,
    sourcePort: isBack ? 443 : port,
    destinationPort: isBack ? port : 443,
    packets: 1 + (flow % 20),
    bytes: 60 + (flow % 14_000),
  };
}

type Invented = ReturnType<typeof invented>;

const dotted = (address: number): string => [24, 16, 8, 0].map((bits) => (address >>> bits) & 255).join('.');

function nfcapd(compression: 'none' | 'lz4') {
  const filler = { first: FROM_MS, last: FROM_MS, packets: 1, bytes: 1, transport: 6, tcpFlags: 0x1b };
  const prototype = recordV2({
    ...filler,
    source: '1.1.1.1',
    destination: '2.2.2.2',
    sourcePort: 1,
    destinationPort: 2,
  });
  return function* (count: number): Generator<Uint8Array> {
    yield fileV2([], { compression, blocks: Math.ceil(count / BLOCK_RECORDS) });
    for (let i = 0; i < count; i += BLOCK_RECORDS) {
      const records: Buffer[] = [];
      for (let n = i; n < Math.min(i + BLOCK_RECORDS, count); n++) {
        const flow = invented(n, count);
        const record = Buffer.from(prototype);
        // Behind the heads of record and element: first, last, received, packets, bytes, ports; then the addresses.
        record.writeBigUInt64LE(BigInt(flow.ms), 16);
        record.writeBigUInt64LE(BigInt(flow.ms + 500), 24);
        record.writeBigUInt64LE(BigInt(flow.packets), 40);
        record.writeBigUInt64LE(BigInt(flow.bytes), 48);
        record.writeUInt16LE(flow.sourcePort, 56);
        record.writeUInt16LE(flow.destinationPort, 58);
        record.writeUInt32LE(flow.source, 68);
        record.writeUInt32LE(flow.destination, 72);
        records.push(record);
      }
      yield block(records, { compression });
    }
  };
}

function* ipfixFile(count: number): Generator<Uint8Array> {
  const fields = [
    [8, 4],
    [12, 4],
    [7, 2],
    [11, 2],
    [4, 1],
    [6, 1],
    [2, 8],
    [1, 8],
    [152, 8],
    [153, 8],
  ] as const;
  const length = fields.reduce((sum, [, bytes]) => sum + bytes, 0);
  yield ipfix([set(2, template(256, fields))]);
  const data = Buffer.from(
    ipfix([
      set(
        256,
        Array.from({ length: length * MESSAGE_RECORDS }, () => 0),
      ),
    ]),
  );
  const head = data.length - length * MESSAGE_RECORDS;
  for (let i = 0; i < count; i += MESSAGE_RECORDS) {
    const message = Buffer.from(data);
    for (let n = 0; n < MESSAGE_RECORDS; n++) {
      const flow = invented(i + n, count);
      const at = head + n * length;
      message.writeUInt32BE(flow.source, at);
      message.writeUInt32BE(flow.destination, at + 4);
      message.writeUInt16BE(flow.sourcePort, at + 8);
      message.writeUInt16BE(flow.destinationPort, at + 10);
      message[at + 12] = 6;
      message[at + 13] = 0x1b;
      message.writeUInt32BE(flow.packets, at + 18);
      message.writeUInt32BE(flow.bytes, at + 26);
      message.writeBigUInt64BE(BigInt(flow.ms), at + 30);
      message.writeBigUInt64BE(BigInt(flow.ms + 500), at + 38);
    }
    yield message;
  }
}

function lines(header: string, line: (flow: Invented, i: number) => string) {
  return function* (count: number): Generator<Uint8Array> {
    yield Buffer.from(header);
    for (let i = 0; i < count;) {
      let text = '';
      for (let n = 0; n < 2000 && i < count; n++, i++) text += line(invented(i, count), i);
      yield Buffer.from(text);
    }
  };
}

const iso = (ms: number): string => new Date(ms).toISOString();

const CSV_HEADER = 'ts,te,sa,da,sp,dp,pr,flg,ipkt,ibyt\n';
const ZEEK_FIELDS = [
  'ts',
  'uid',
  'id.orig_h',
  'id.orig_p',
  'id.resp_h',
  'id.resp_p',
  'proto',
  'duration',
  'conn_state',
];
const ZEEK_COUNTS = ['orig_pkts', 'orig_ip_bytes', 'resp_pkts', 'resp_ip_bytes'];

const FORMATS: Readonly<Record<string, (count: number) => Generator<Uint8Array>>> = {
  nfcapd: nfcapd('none'),
  'nfcapd-lz4': nfcapd('lz4'),
  ipfix: ipfixFile,
  'zeek-tsv': lines(
    `#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n#fields\t${[...ZEEK_FIELDS, ...ZEEK_COUNTS].join('\t')}\n`,
    (flow, i) =>
      `${flow.ms / 1000}\tC${i}\t${dotted(flow.source)}\t${flow.sourcePort}\t${dotted(flow.destination)}\t` +
      `${flow.destinationPort}\ttcp\t0.5\tSF\t${flow.packets}\t${flow.bytes}\t${flow.packets}\t${flow.bytes}\n`,
  ),
  'nfdump-csv': lines(
    CSV_HEADER,
    (flow) =>
      `${iso(flow.ms).replace('T', ' ').slice(0, 23)},${iso(flow.ms + 500)
        .replace('T', ' ')
        .slice(0, 23)},` +
      `${dotted(flow.source)},${dotted(flow.destination)},${flow.sourcePort},${flow.destinationPort},TCP,...AP.SF,` +
      `${flow.packets},${flow.bytes}\n`,
  ),
  'zeek-json': lines(
    '',
    (flow, i) =>
      `{"_path":"conn","ts":${flow.ms / 1000},"uid":"C${i}","id.orig_h":"${dotted(flow.source)}","id.orig_p":${flow.sourcePort},` +
      `"id.resp_h":"${dotted(flow.destination)}","id.resp_p":${flow.destinationPort},"proto":"tcp","duration":0.5,` +
      `"conn_state":"SF","orig_pkts":${flow.packets},"orig_ip_bytes":${flow.bytes},"resp_pkts":1,"resp_ip_bytes":60}\n`,
  ),
  'suricata-eve': lines(
    '',
    (flow, i) =>
      `{"timestamp":"${iso(flow.ms + 500)}","flow_id":${i + 1},"event_type":"flow","src_ip":"${dotted(flow.source)}",` +
      `"src_port":${flow.sourcePort},"dest_ip":"${dotted(flow.destination)}","dest_port":${flow.destinationPort},"proto":"TCP",` +
      `"flow":{"pkts_toserver":${flow.packets},"pkts_toclient":1,"bytes_toserver":${flow.bytes},"bytes_toclient":60,` +
      `"start":"${iso(flow.ms)}","end":"${iso(flow.ms + 500)}"}}\n`,
  ),
};

const Summary = z.object({
  evidence: z.array(z.object({ records: z.number(), flows: z.number(), format: z.string(), durationMs: z.number() })),
  peakRssBytes: z.number(),
});

const { values } = parseArgs({
  options: { records: { type: 'string', default: '1000000' }, format: { type: 'string' } },
});
const count = Number(values.records);
const chosen = Object.entries(FORMATS).filter(([id]) => values.format === undefined || values.format === id);
const folder = mkdtempSync(join(tmpdir(), 'enclave-bench-'));
const rows: string[][] = [];
try {
  for (const [id, write] of chosen) {
    const file = join(folder, id);
    const fd = openSync(file, 'w');
    for (const piece of write(count)) writeSync(fd, piece);
    closeSync(fd);
    const casePath = join(folder, `${id}.enclave`);
    const run = (...args: string[]): string => {
      const { stdout, stderr, status } = spawnSync(process.execPath, [LAUNCHER, ...args], { encoding: 'utf8' });
      if (status !== 0 && status !== 3) throw new Error(stderr);
      return stdout;
    };
    run('new', casePath, '--profile', 'dprk-2017');
    const begun = performance.now();
    const summary = Summary.parse(
      JSON.parse(run('import', casePath, file, '--no-analyse', '--json').trim().split('\n').at(-1) ?? ''),
    );
    const seconds = (performance.now() - begun) / 1000;
    const [evidence] = summary.evidence;
    rows.push([
      id,
      evidence?.format ?? '',
      (statSync(file).size / 1e6).toFixed(0),
      (evidence?.records ?? 0).toLocaleString('en'),
      (evidence?.flows ?? 0).toLocaleString('en'),
      ((evidence?.durationMs ?? 0) / 1000).toFixed(1),
      seconds.toFixed(1),
      Math.round((evidence?.records ?? 0) / seconds).toLocaleString('en'),
      (summary.peakRssBytes / 1e6).toFixed(0),
    ]);
    rmSync(file);
    rmSync(casePath, { force: true });
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
const header = ['export', 'read as', 'MB', 'records', 'flows', 's to read', 's in all', 'records/s', 'peak MB'];
process.stdout.write(`${textTable(header, rows)}\n`);
