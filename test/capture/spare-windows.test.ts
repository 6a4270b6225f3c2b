import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { lookInto } from '../../electron/capture/evidence-file.ts';
import { HEADROOM, PIECE_BYTES } from '../../electron/capture/reading-thread.ts';
import { decodeEvidence } from '../../electron/engine/decode-evidence.ts';
import { DEFAULT_TIMEOUTS } from '../../electron/flows/flow-table.ts';
import { conversations, pcap } from '../fixtures/captures.ts';
import { writeZip } from './archive-writer.ts';

/** The buffers that evidence is read through: one pair for all files of a thread, and never one for two at a time. */

const folder = mkdtempSync(join(tmpdir(), 'enclave-windows-'));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => vi.restoreAllMocks());

const WINDOW = HEADROOM + PIECE_BYTES;

const capture = pcap(conversations(40));
const files = Object.entries({
  'plain.pcap': capture,
  'one.pcap.gz': gzipSync(capture),
  'two.zip': writeZip(
    [
      { name: 'a.pcap', content: Buffer.from(capture) },
      { name: 'b.pcap', content: Buffer.from(pcap(conversations(7))) },
    ],
    { method: 8 },
  ),
  'broken.pcap.gz': gzipSync(capture).subarray(0, -40),
}).map(([name, bytes]) => {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
});

const ignore = (): undefined => undefined;
const decode = (path: string) =>
  decodeEvidence(path, DEFAULT_TIMEOUTS, { segment: ignore, names: ignore, progress: ignore });

/** Windows that were made while something was done. */
async function made(action: () => Promise<unknown>): Promise<number> {
  const spy = vi.spyOn(Buffer, 'allocUnsafeSlow');
  await action();
  return spy.mock.calls.filter(([bytes]) => bytes === WINDOW).length;
}

describe('windows of evidence', () => {
  it('are made once, whatever is read through them, and whether or not it can be read', async () => {
    for (const path of files) await decode(path);
    const count = await made(async () => {
      for (let round = 0; round < 3; round++) for (const path of files) await decode(path);
      await expect(decode(join(folder, 'absent'))).rejects.toMatchObject({ code: 'evidence-unreadable' });
      await expect(decode(folder)).rejects.toMatchObject({ code: 'evidence-unreadable' });
      expect(() => lookInto(files[0] ?? '', () => lookInto(files[1] ?? '', () => JSON.parse('{')))).toThrow(
        SyntaxError,
      );
      await decode(files[1] ?? '');
    });
    expect(count).toBe(0);
  });

  it('serve files that are read at the same time as if each were alone', async () => {
    const alone: unknown[] = [];
    for (const path of files) alone.push(await decode(path));
    const many = [...files, ...files];
    expect(await Promise.all(many.map(decode))).toEqual([...alone, ...alone]);
    expect(await made(() => Promise.all(many.map(decode)))).toBeGreaterThan(0);
  });
});
