import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CarveResult } from '../../shared/jobs.ts';
import { conversations, pcap } from '../fixtures/captures.ts';
import { linesOf, runEnclave } from './run-enclave.ts';

/** `enclave carve` as a user runs it: what it prints, its exit codes, its entry in the audit chain. */

const ROOT = mkdtempSync(join(tmpdir(), 'enclave-carve-cli-'));
const CASE = join(ROOT, 'case.enclave');
const EVIDENCE = join(ROOT, 'evidence');
const OUT = join(ROOT, 'out.pcap');
afterAll(() => rmSync(ROOT, { recursive: true }));

const PACKETS = conversations(20).toSorted((a, b) => a.time - b.time);

beforeAll(async () => {
  mkdirSync(EVIDENCE);
  writeFileSync(join(EVIDENCE, 'a.pcap'), pcap(PACKETS.slice(0, 60)));
  writeFileSync(join(EVIDENCE, 'b.pcap'), pcap(PACKETS.slice(60)));
  for (const args of [
    ['new', CASE],
    ['import', CASE, EVIDENCE, '--no-analyse'],
  ]) {
    const { code, stderr } = await runEnclave(args);
    if (code !== 0) throw new Error(stderr);
  }
}, 60_000);

describe('enclave carve', () => {
  it('prints packets, flows, bytes and hash, and enters them into the audit chain', async () => {
    const { code, stdout, stderr } = await runEnclave([
      'carve',
      CASE,
      '--where',
      'initiator = 175.45.176.3',
      '--out',
      OUT,
    ]);
    expect([code, stderr]).toEqual([0, '']);
    const sha256 = createHash('sha256').update(readFileSync(OUT)).digest('hex');
    const size = readFileSync(OUT).length;
    expect(stdout).toBe(`${OUT}: 6 packets of 1 flow, ${size} bytes, SHA-256 ${sha256}\n`);
    const audit = await runEnclave(['audit', CASE, '--format', 'ndjson']);
    const last = JSON.parse(linesOf(audit.stdout).at(-1) ?? '') as { action: string; detail: unknown };
    const detail: unknown = typeof last.detail === 'string' ? JSON.parse(last.detail) : last.detail;
    expect(last.action).toBe('export');
    expect(detail).toMatchObject({ what: 'packets', where: 'initiator = 175.45.176.3', packets: 6, carved: 1, sha256 });
  });

  it('ends with 3 when evidence is refused, named, and 2 when nothing is left', async () => {
    const path = join(EVIDENCE, 'b.pcap');
    const sound = readFileSync(path);
    writeFileSync(path, Buffer.concat([sound.subarray(0, -1), Buffer.from([sound[sound.length - 1] ^ 1])]));
    const part = await runEnclave(['carve', CASE, '--where', '', '--out', OUT, '--json']);
    expect(part.code).toBe(3);
    expect((JSON.parse(part.stdout) as CarveResult).refused.map((each) => each.path)).toEqual([path]);
    expect(part.stderr).toMatch(/b\.pcap: refused: its SHA-256 is [0-9a-f]{64}, the case has [0-9a-f]{64}\n/);
    expect(part.stderr).toMatch(/10 of the 20 matching flows are of that evidence and were not carved\n/);
    rmSync(OUT);
    const none = await runEnclave(['carve', CASE, '--where', 'initiator = 175.45.176.19', '--out', OUT]);
    expect([none.code, none.stdout, linesOf(none.stderr).length]).toEqual([2, '', 1]);
    expect(existsSync(OUT)).toBe(false);
    writeFileSync(path, sound);
  });

  it('tells wrong use', async () => {
    for (const [args, why] of [
      [['--where', ''], '--out FILE.pcap or FILE.pcapng is missing'],
      [['--where', '', '--out', join(ROOT, 'x.txt')], '--out FILE.pcap or FILE.pcapng is missing'],
      [['--out', OUT], '--where is missing'],
      [['--where', 'nonsense', '--out', OUT], 'filter'],
    ] as const) {
      const { code, stderr } = await runEnclave(['carve', CASE, ...args]);
      expect([code, linesOf(stderr).length]).toEqual([1, 1]);
      expect(stderr).toContain(why);
    }
    const folder = await runEnclave(['carve', CASE, '--where', '', '--out', OUT, '--evidence', join(ROOT, 'nowhere')]);
    expect(folder.code).toBe(2);
  });
});
