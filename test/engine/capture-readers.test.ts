import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { isCaptureFile } from '../../electron/engine/capture-readers.ts';

const folder = mkdtempSync(join(tmpdir(), 'enclave-captures-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, bytes: Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

it('tells captures by their first bytes', () => {
  for (const magic of ['d4c3b2a1', 'a1b2c3d4', '4d3cb2a1', '34cdb2a1', '0a0d0d0a', '736e6f6f70000000']) {
    expect(isCaptureFile(file(magic, Buffer.from(magic, 'hex')))).toBe(true);
  }
  for (const [name, bytes] of [
    ['empty', ''],
    ['short', 'd4c3'],
    ['gzip', '1f8b0800'],
    ['text', Buffer.from('#separator \\x09\n').toString('hex')],
    ['almost', '736e6f6f70000001'],
  ] as const) {
    expect(isCaptureFile(file(name, Buffer.from(bytes, 'hex')))).toBe(false);
  }
});

it('says nothing of what is no file, and waits for no pipe', () => {
  const pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  expect([folder, join(folder, 'missing'), pipe].map(isCaptureFile)).toEqual([null, null, null]);
});
