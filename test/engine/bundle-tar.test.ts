import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { isBundleTar, unpackBundleTar, writeBundleTar } from '../../electron/engine/bundle-tar.ts';
import { SampleRandom } from '../../electron/sample/sample-random.ts';

/** A bundle as one file: read by GNU tar, and every bit of it counts. */

const ROOT = mkdtempSync(join(tmpdir(), 'enclave-tar-'));
afterAll(() => rmSync(ROOT, { recursive: true }));

const FILES: Readonly<Record<string, Buffer>> = {
  'case.enclave': Buffer.alloc(1024, 'c'),
  'manifest.json': Buffer.from('{}'),
  [`evidence/0123456789abcdef-${'n'.repeat(80)}`]: Buffer.alloc(513, 'e'),
  'report.html': Buffer.alloc(0),
};
const folder = join(ROOT, 'made');
for (const [path, content] of Object.entries(FILES)) {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), content);
}

function written(name: string): Buffer {
  const fd = openSync(join(ROOT, name), 'w');
  writeBundleTar(folder, Object.keys(FILES), '2026-11-22T12:00:00.500Z', fd, () => undefined);
  closeSync(fd);
  return readFileSync(join(ROOT, name));
}

let unpacked = 0;
/** The fault of an archive, or the first file that came out otherwise; null when all is as it was. */
function faultOf(archive: Uint8Array): string | null {
  const [tar, into] = [join(ROOT, 'tried.tar'), join(ROOT, `into-${++unpacked}`)];
  writeFileSync(tar, archive);
  mkdirSync(into);
  const fault = unpackBundleTar(tar, into, () => undefined);
  const changed = (path: string): boolean => !readFileSync(join(into, path)).equals(FILES[path] ?? Buffer.alloc(0));
  const found = fault ?? Object.keys(FILES).find(changed) ?? null;
  rmSync(into, { recursive: true });
  return found;
}

const archive = written('one.tar');

it('is the same twice, unpacks, and is told by its name', () => {
  expect(written('two.tar').equals(archive)).toBe(true);
  expect(archive.length % 10_240).toBe(0);
  expect(faultOf(archive)).toBeNull();
  expect([isBundleTar(join(ROOT, 'one.tar')), isBundleTar(folder)]).toEqual([true, false]);
});

it('is what GNU tar lists and compares', () => {
  const run = spawnSync('tar', ['-xvf', join(ROOT, 'one.tar'), '-C', ROOT], { encoding: 'utf8' });
  if (run.error !== undefined) return;
  expect([run.status, run.stderr]).toEqual([0, '']);
  expect(run.stdout.trim().split('\n')).toEqual(Object.keys(FILES).map((path) => `bundle/${path}`));
  for (const [path, content] of Object.entries(FILES)) {
    expect(readFileSync(join(ROOT, 'bundle', path)).equals(content)).toBe(true);
  }
});

it('tells each changed bit, cut and addition, and never writes outside its folder', () => {
  const random = new SampleRandom(11);
  const unseen: number[] = [];
  for (let i = 0; i < 200; i++) {
    const bit = Math.floor(random.unit() * archive.length * 8);
    const changed = Buffer.from(archive);
    changed[bit >> 3] ^= 1 << (bit & 7);
    if (faultOf(changed) === null) unseen.push(bit);
  }
  expect(unseen).toEqual([]);
  for (const length of [0, 511, 600, 2048, archive.length - 1, archive.length - 10_240]) {
    expect(faultOf(archive.subarray(0, length))).not.toBeNull();
  }
  expect(faultOf(Buffer.concat([archive, Buffer.alloc(10_240)]))).toContain('what follows the last file');
  const outside = Buffer.from(archive.toString('latin1').replaceAll('case.enclave', '../e.enclave'), 'latin1');
  expect(faultOf(outside)).toBe('the header at byte 0 is not as Enclave writes it');
});
