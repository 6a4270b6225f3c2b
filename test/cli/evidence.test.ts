import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CaseReader } from '../../electron/casefile/case-reader.ts';
import { CaseWriter, type NameChunk } from '../../electron/casefile/case-writer.ts';
import { readProfile } from '../../electron/cli/profile-file.ts';
import { Engine } from '../../electron/engine/engine.ts';
import type { FlowRecord } from '../../shared/flow.ts';
import type { EvidenceResult, ImportSummary } from '../../shared/jobs.ts';
import { conversations, pcap, pcapng, singlePacketFlows } from '../fixtures/captures.ts';
import { faultsOf, flowLines, flowsApartFromPlace } from './case-state.ts';
import { linesOf, runEnclave } from './run-enclave.ts';

/** What an import makes of good, damaged, compressed, repeated and oddly named evidence. */

const ROOT = mkdtempSync(join(tmpdir(), 'enclave-evidence-'));
const EMPTY = join(ROOT, 'empty.enclave');
const engine = new Engine();
const put = (name: string, content: string | Uint8Array): string => {
  const path = join(ROOT, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, content);
  return path;
};

let caseNumber = 0;
function freshCase(): string {
  const path = join(ROOT, `case-${++caseNumber}.enclave`);
  copyFileSync(EMPTY, path);
  return path;
}

/** Imports into a new case through the engine. */
async function imported(...paths: string[]): Promise<{ summary: ImportSummary; flows: string[]; casePath: string }> {
  const casePath = freshCase();
  const summary = await engine.run('import', { case: casePath, paths });
  expect(await faultsOf(engine, casePath)).toEqual([]);
  return { summary, flows: await flowLines(engine, casePath), casePath };
}

async function only(path: string): Promise<{ evidence: EvidenceResult; flows: string[] }> {
  const { summary, flows } = await imported(path);
  expect(summary.evidence).toHaveLength(1);
  return { evidence: summary.evidence[0], flows };
}

const PACKETS = conversations(40);
const PLAIN = pcap(PACKETS);
/** Long enough for several blocks of zstd. */
const LONG = pcap(conversations(3000));
let plainFlows: string[];

beforeAll(async () => {
  const profile = readProfile('default');
  await engine.run('new', { case: EMPTY, profile, title: '', examiner: '', authority: '' });
  const { flows } = await imported(put('plain.pcap', PLAIN));
  plainFlows = flowsApartFromPlace(flows);
});

afterAll(async () => {
  await engine.close();
  rmSync(ROOT, { recursive: true, force: true });
});

/** A Zeek log of these columns and records. */
const zeek = (path: string, fields: string, ...records: string[]): string =>
  [
    '#separator \\x09',
    '#set_separator\t,',
    '#empty_field\t(empty)',
    '#unset_field\t-',
    `#path\t${path}`,
    `#fields\t${fields.replaceAll(' ', '\t')}`,
    ...records.map((record) => record.replaceAll(' ', '\t')),
    '',
  ].join('\n');

describe('Zeek logs that only name flows', () => {
  const dns = put(
    'zeek/dns.log',
    zeek(
      'dns',
      'ts uid id.orig_h id.orig_p id.resp_h id.resp_p proto trans_id query',
      '1700000000.0 C1 192.0.2.1 40000 198.51.100.1 53 udp 1 www.example.com',
      '1700000001.0 C2 192.0.2.1 40001 198.51.100.1 53 udp 2 mail.example.com',
    ),
  );
  const conn = put(
    'zeek/conn.log',
    zeek(
      'conn',
      'ts uid id.orig_h id.orig_p id.resp_h id.resp_p proto duration orig_ip_bytes resp_ip_bytes orig_pkts resp_pkts conn_state',
      '1700000000.0 C1 192.0.2.1 40000 198.51.100.1 53 udp 0.1 60 120 1 1 SF',
    ),
  );
  const told = (summary: ImportSummary): [string, number][][] =>
    summary.evidence.map(({ problems }) => problems.map(({ kind, count }) => [kind, count]));

  it('are told when the case has no conn log, not when it has one', async () => {
    expect(told((await imported(dns)).summary)).toEqual([[['no-conn-log', 2]]]);
    const both = await imported(conn, dns);
    expect(told(both.summary)).toEqual([[], []]);
    expect(both.flows.join('')).toContain('"hostname":"www.example.com"');
  });
});

describe('names beyond what a case may hold', () => {
  it('are left out and counted, and others stay', () => {
    const casePath = freshCase();
    const writer = CaseWriter.open(casePath, '0');
    const chunk: NameChunk = {
      kind: 'dns-answer',
      rows: 2,
      columns: {
        client: new Uint32Array(8),
        address: new Uint32Array(8),
        name: new Uint32Array([1, 1]),
        from: new Float64Array(2),
        until: new Float64Array(2),
      },
      dictionaries: { name: ['www.example.com'] },
    };
    const held = 8 * 4 * 2 + 2 * 4 + 2 * 8 * 2 + '["www.example.com"]'.length;
    writer.mostNameBytes = held * 2;
    const number = writer.beginEvidence('some.log', 1);
    expect([1, 2, 3].map(() => writer.addNameChunk(number, chunk))).toEqual([true, true, false]);
    expect(writer.addNameChunk(number, { ...chunk, kind: 'log-name' })).toBe(true);
    expect(writer.namesLeftOut(number)).toBe(2);
    writer.abandonEvidence(number);
    const next = writer.beginEvidence('other.log', 1);
    expect(writer.addNameChunk(next, chunk)).toBe(true);
    expect(writer.namesLeftOut(next)).toBe(0);
    writer.close();
  });
});

describe('custody', () => {
  const capture = put('custody.pcap', PLAIN);

  it('makes further hashes in the reading pass, and keeps them with the evidence and in the audit chain', async () => {
    const casePath = freshCase();
    const run = await runEnclave(['import', casePath, capture, '--also-hash', 'sha1,md5', '--json']);
    expect(run.code).toBe(0);
    const [evidence] = (JSON.parse(run.stdout) as ImportSummary).evidence;
    const hex = (name: string): string => createHash(name).update(PLAIN).digest('hex');
    expect(evidence?.custody?.hashes).toEqual({ sha1: hex('sha1'), md5: hex('md5') });
    expect(evidence?.sha256).toBe(hex('sha256'));
    const reader = new CaseReader(casePath);
    const entry = reader.audit().find(({ action }) => action === 'import');
    reader.close();
    expect(JSON.parse(entry?.detail ?? '{}')).toMatchObject({
      opened: 'for reading only',
      hashes: { md5: hex('md5') },
    });
    const html = await engine.run('reportHtml', { case: casePath });
    expect(html.replaceAll(/<[^>]+>|\s/g, '')).toContain(hex('sha1'));
    expect(await faultsOf(engine, casePath)).toEqual([]);
  });

  it.each([
    [2.5, ['--clock-offset=2.5']],
    [-3600, ['--clock-offset=-3600']],
    [-0.5, ['--clock-offset', '-0.5']],
  ])('adds a stated clock offset of %d s to every time, and prints it', async (offset, stated) => {
    const { flows } = await imported(capture);
    const casePath = freshCase();
    const reason = 'compared with <NTP>';
    const args = [...stated, '--clock-reason', reason, '--json'];
    const run = await runEnclave(['import', casePath, capture, ...args]);
    expect(run.code).toBe(0);
    const [evidence] = (JSON.parse(run.stdout) as ImportSummary).evidence;
    expect(evidence?.custody).toEqual({ hashes: {}, clockOffset: offset, clockReason: reason });
    const times = (lines: readonly string[], shift: number): number[] =>
      lines
        .map((line) => JSON.parse(line) as FlowRecord)
        .flatMap(({ start, end }) => [Date.parse(start) + shift * 1000, Date.parse(end) + shift * 1000])
        .toSorted((a, b) => a - b);
    expect(times(await flowLines(engine, casePath), 0)).toEqual(times(flows, offset));
    expect(Date.parse(evidence?.firstSeen ?? '')).toBe(Math.min(...times(flows, offset)));
    const html = await engine.run('reportHtml', { case: casePath });
    expect(html).toContain('compared with &lt;NTP&gt;');
    expect(html).toContain(`${offset > 0 ? '+' : '\u2212'}${Math.abs(offset)} s added to every recorded time`);
    expect(await faultsOf(engine, casePath)).toEqual([]);
  });

  it.each([
    ['a hash that is not known', ['--also-hash', 'crc']],
    ['an offset without a reason', ['--clock-offset=1']],
    ['a reason without an offset', ['--clock-reason', 'x']],
    ['an option in the place of an offset', ['--clock-offset', '--clock-reason', 'x']],
    ['an offset that is no number', ['--clock-offset=soon', '--clock-reason', 'x']],
  ])('refuses %s', async (_what, args) => {
    const casePath = freshCase();
    const { code, stderr } = await runEnclave(['import', casePath, capture, ...args]);
    expect(code).toBe(1);
    expect(linesOf(stderr)).toHaveLength(1);
  });
});

describe('compressed captures', () => {
  it.each([
    ['pcap.gz', () => gzipSync(PLAIN)],
    ['pcap.zst', () => zstdCompressSync(PLAIN)],
    ['pcapng', () => pcapng(PACKETS)],
    ['pcapng.gz', () => gzipSync(pcapng(PACKETS))],
    ['pcapng.zst', () => zstdCompressSync(pcapng(PACKETS))],
    // Names say nothing: the content does.
    ['pcap.gz', () => Buffer.concat([gzipSync(PLAIN.subarray(0, 5000)), gzipSync(PLAIN.subarray(5000))])],
  ])('%s gives the flows of the plain capture', async (format, make) => {
    const { evidence, flows } = await only(put('compressed.bin', make()));
    expect(evidence).toMatchObject({ format, status: 'imported', packets: 240, problems: [] });
    expect(flows).toHaveLength(40);
    expect(flowsApartFromPlace(flows)).toEqual(plainFlows);
  });

  it.each([
    ['gz', gzipSync],
    ['zst', zstdCompressSync],
  ])('what a cut .%s still gives is imported, and the cut is told', async (kind, compress) => {
    const whole = compress(LONG);
    const { evidence, flows } = await only(put(`cut.pcap.${kind}`, whole.subarray(0, whole.length - 20)));
    expect(evidence.status).toBe('partial');
    const told = evidence.problems.find((problem) => problem.kind === 'damaged-compression');
    expect(told).toMatchObject({ count: 1, firstOffset: whole.length - 20 });
    expect(flows.length).toBeGreaterThan(10);
    expect(evidence.flows).toBe(flows.length);
  });
});

describe('damaged captures', () => {
  it('a cut capture is partly read, with the place of the cut', async () => {
    const recordAt = PLAIN.length - pcap(PACKETS.slice(-1)).length + 24;
    const path = put('cut.pcap', PLAIN.subarray(0, PLAIN.length - 10));
    const { evidence, flows } = await only(path);
    expect(evidence).toMatchObject({ status: 'partial', packets: 239 });
    expect(evidence.problems).toEqual([
      expect.objectContaining({ kind: 'truncated-packet', count: 1, firstOffset: recordAt }),
    ]);
    expect(flows).toHaveLength(40);
    const run = await runEnclave(['import', freshCase(), path, '--no-analyse']);
    expect(run.code).toBe(3);
    expect(run.stderr).toContain(`(${path}, byte ${recordAt})`);
  });

  it('a length that lies costs some packets, and reading goes on behind it', async () => {
    const damagedAt = pcap(PACKETS.slice(0, 120)).length;
    const bytes = Buffer.from(PLAIN);
    bytes.writeUInt32LE(0x7fffffff, damagedAt + 8);
    const { evidence, flows } = await only(put('damaged.pcap', bytes));
    expect(evidence.status).toBe('partial');
    expect(evidence.problems).toEqual([
      expect.objectContaining({ kind: 'damaged-record', count: 1, firstOffset: damagedAt }),
    ]);
    expect(evidence.packets).toBe(239);
    expect(flows).toHaveLength(40);
  });

  it('a length that is a little too short or too long is found out', async () => {
    const damagedAt = pcap(PACKETS.slice(0, 120)).length;
    for (const wrong of [-7, 9, 900]) {
      const bytes = Buffer.from(PLAIN);
      bytes.writeUInt32LE(bytes.readUInt32LE(damagedAt + 8) + wrong, damagedAt + 8);
      const { evidence, flows } = await only(put(`shifted${wrong}.pcap`, bytes));
      expect(evidence.status).toBe('partial');
      // Nothing of what was read out of step may pass for traffic of another century.
      expect(evidence.firstSeen).toMatch(/^2017-05-08/);
      expect(evidence.lastSeen).toMatch(/^2017-05-08/);
      expect(flows.length).toBeGreaterThanOrEqual(35);
      expect(flows.length).toBeLessThanOrEqual(41);
    }
  });

  it('zeroed bytes in the middle of a pcapng cost some packets only', async () => {
    const bytes = pcapng(PACKETS);
    bytes.fill(0, bytes.length >> 1, (bytes.length >> 1) + 300);
    const { evidence, flows } = await only(put('damaged.pcapng', bytes));
    expect(evidence.status).toBe('partial');
    expect(evidence.problems.map((problem) => problem.kind)).toContain('damaged-block');
    expect(evidence.packets).toBeGreaterThan(230);
    expect(flows.length).toBeGreaterThanOrEqual(39);
  });
});

describe('the same evidence again', () => {
  it('a second import is told as a duplicate and changes nothing', async () => {
    const path = put('twice.pcap', PLAIN);
    const casePath = freshCase();
    expect((await runEnclave(['import', casePath, path])).code).toBe(0);
    const flows = (await runEnclave(['flows', casePath])).stdout;
    const findings = (await runEnclave(['findings', casePath, '--json'])).stdout;
    const bytes = readFileSync(casePath);
    const again = await runEnclave(['import', casePath, path, '--json']);
    expect(again.code).toBe(0);
    const summary = JSON.parse(linesOf(again.stdout).at(-1) ?? '') as ImportSummary;
    expect(summary.totals).toMatchObject({ files: 1, duplicate: 1, flows: 0 });
    expect(summary.evidence[0].duplicateOf).toBe(summary.evidence[0].id);
    expect((await runEnclave(['flows', casePath])).stdout).toBe(flows);
    expect((await runEnclave(['findings', casePath, '--json'])).stdout).toBe(findings);
    expect(readFileSync(casePath).equals(bytes)).toBe(true);
  });

  it('a file that is named twice, or by a link, or through its folder, counts once', async () => {
    const path = put('once/plain.pcap', PLAIN);
    symlinkSync('plain.pcap', join(ROOT, 'once/link.pcap'));
    symlinkSync('.', join(ROOT, 'once/again'));
    const { summary, flows } = await imported(path, join(ROOT, 'once/link.pcap'), join(ROOT, 'once'), path);
    expect(summary.totals).toMatchObject({ files: 1, imported: 1, flows: 40 });
    expect(flows).toHaveLength(40);
  });

  it('a copy under another name is a duplicate within one import', async () => {
    const { summary, flows } = await imported(put('copies/a.pcap', PLAIN), put('copies/b.pcap', PLAIN));
    expect(summary.evidence.map((evidence) => evidence.status)).toEqual(['imported', 'duplicate']);
    expect(summary.evidence[1].duplicateOf).toBe(summary.evidence[0].id);
    expect(flows).toHaveLength(40);
  });

  it('a link in a folder that leads to a file elsewhere is followed', async () => {
    mkdirSync(join(ROOT, 'links'));
    symlinkSync(put('elsewhere/plain.pcap', PLAIN), join(ROOT, 'links/day-1.pcap'));
    const { summary } = await imported(join(ROOT, 'links'));
    expect(summary.totals).toMatchObject({ files: 1, imported: 1 });
  });
});

describe('names', () => {
  it.each([
    ['line break and escape sequence', 'a\nenclave: all is well\u001b[2J\u001b[31m.pcap'],
    ['direction override', 'invoice\u202Efdp.pcap'],
    ['250 characters', `${'n'.repeat(245)}.pcap`],
    ['HTML and a formula', '=cmd()<img src=x>.pcap'],
  ])('%s: printed on one line, without a character that is not seen', async (_what, name) => {
    const bytes = PLAIN.subarray(0, PLAIN.length - 10);
    const run = await runEnclave(['import', freshCase(), put(`odd/${name}`, bytes)]);
    expect(run.code).toBe(3);
    expect(linesOf(run.stderr)).toHaveLength(1);
    // Table of heading, rule and one file; blank line; totals.
    expect(linesOf(run.stdout)).toHaveLength(5);
    expect(run.stdout + run.stderr).not.toMatch(/(?!\n)[\p{Cc}\p{Bidi_Control}]/u);
    rmSync(join(ROOT, 'odd'), { recursive: true });
  });
});

describe('interrupts and locks', () => {
  const many = (): string => put('many.pcap', singlePacketFlows(300_000));

  it('a reader that stops early ends `flows` with exit code 0', async () => {
    const casePath = freshCase();
    await engine.run('import', { case: casePath, paths: [many()] });
    const run = await runEnclave(['flows', casePath], { closeStdout: true });
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(run.stdout.length).toBeLessThan(4 << 20);
  });

  it('an interrupt ends an import with 130, and the case holds whole files only', async () => {
    const casePath = freshCase();
    const first = put('plain.pcap', PLAIN);
    expect((await runEnclave(['import', casePath, first])).code).toBe(0);
    const before = await flowLines(engine, casePath);
    // So much that the signal comes before the end on any machine; no two files are the same.
    const sizes = Array.from({ length: 40 }, (_, i) => 50_000 + i);
    for (const size of sizes) put(`piles/${size}.pcap`, singlePacketFlows(size));
    const run = await runEnclave(['import', casePath, join(ROOT, 'piles'), '--json'], {
      signal: { name: 'SIGINT', after: '"progress"' },
    });
    expect(run).toMatchObject({ code: 130, signal: null, stdout: '' });
    const told = linesOf(run.stderr).filter((line) => !line.startsWith('{'));
    expect(told).toEqual([expect.stringMatching(/^enclave: cancelled; /)]);
    const reader = new CaseReader(casePath);
    const held = reader.evidence().map(({ flows }) => flows);
    reader.close();
    expect(held.length).toBeLessThan(1 + sizes.length);
    expect(held).toEqual([40, ...sizes.slice(0, held.length - 1)]);
    const kept = await flowLines(engine, casePath);
    expect(kept).toHaveLength(held.reduce((sum, flows) => sum + flows, 0));
    expect(kept.slice(0, before.length)).toEqual(before);
    expect(await faultsOf(engine, casePath)).toEqual([]);
    expect((await runEnclave(['import', casePath, join(ROOT, 'piles'), '--no-analyse'])).code).toBe(0);
    rmSync(join(ROOT, 'piles'), { recursive: true });
    const whole = await engine.run('overview', { case: casePath });
    expect(whole.flows).toBe(40 + sizes.reduce((sum, size) => sum + size, 0));
  });

  it('a case that another import writes to is told as locked, and can be read meanwhile', async () => {
    const casePath = freshCase();
    const first = put('plain.pcap', PLAIN);
    await engine.run('import', { case: casePath, paths: [first] });
    const busy = new Engine();
    let begun = (): void => undefined;
    const reading = new Promise<void>((done) => {
      begun = done;
    });
    const importing = busy.run(
      'import',
      { case: casePath, paths: [many()] },
      { onProgress: (p) => p.bytes > 0 && begun() },
    );
    await reading;
    // However fast it is, it is at work until the others have tried.
    busy.pause(true);
    const refused = await runEnclave(['import', casePath, first]);
    const read = await runEnclave(['flows', casePath, '--limit', '5']);
    busy.pause(false);
    const summary = await importing;
    await busy.close();
    expect(summary.totals.flows).toBe(300_000);
    expect(linesOf(refused.stderr)).toEqual([
      expect.stringMatching(/^enclave: the case is being written by another Enclave .*; wait until/),
    ]);
    expect(refused.code).toBe(2);
    expect(read.code).toBe(0);
    expect(linesOf(read.stdout)).toHaveLength(5);
    expect(await faultsOf(engine, casePath)).toEqual([]);
  });
});

describe('findings', () => {
  it('made before more evidence came are gone, so that verify finds nothing out of date', async () => {
    const casePath = freshCase();
    expect((await runEnclave(['import', casePath, put('a.pcap', PLAIN)])).code).toBe(0);
    expect(await engine.run('findings', { case: casePath })).not.toEqual([]);
    const more = put('b.pcap', pcap(conversations(30, 5000)));
    expect((await runEnclave(['import', casePath, more, '--no-analyse'])).code).toBe(0);
    expect(await engine.run('findings', { case: casePath })).toEqual([]);
    expect((await runEnclave(['verify', casePath])).code).toBe(0);
  });

  it('a changed byte of the flows is found by verify', async () => {
    const { casePath } = await imported(put('a.pcap', PLAIN));
    const bytes = readFileSync(casePath);
    const path = put('changed.enclave', bytes);
    const at = bytes.indexOf('host-1.example.org');
    expect(at).toBeGreaterThan(0);
    bytes.write('host-2.example.org', at);
    writeFileSync(path, bytes);
    const run = await runEnclave(['verify', path]);
    expect(run.code).toBe(4);
    expect(run.stdout).toMatch(/flows +FAILS +segment 1 was changed/);
    expect(run.stderr).toBe('');
  });
});
