import { createHash } from 'node:crypto';
import {
  appendFileSync,
  closeSync,
  openSync,
  renameSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type EvidenceReading, readEvidence } from '../../electron/capture/evidence-file.ts';
import { withFile } from './evidence-reading.ts';

/** Evidence that somebody else works on while it is read: told whatever was done, and the hash is that of what was read. */

const MIB = 1 << 20;
const bytes = Buffer.alloc(3 * MIB, 'no evidence of anything, ');

interface Read {
  reading: EvidenceReading;
  told: readonly string[];
  hashed: string;
}

/** Reads a file of three pieces, to which `change` is done behind the first. */
function readWhile(change: (path: string) => void): Promise<Read> {
  return withFile(bytes, async (path) => {
    utimesSync(path, 1e9, 1e9);
    const told: string[] = [];
    const hash = createHash('sha256');
    let isChanged = false;
    const reading = await readEvidence(path, {
      choose: () => ({
        format: 'none',
        reader: {
          consume(piece, end) {
            hash.update(piece.subarray(0, end));
            return end;
          },
        },
      }),
      problem: (kind, _offset, message) => told.push(`${kind}: ${message}`),
      progress() {
        if (!isChanged) change(path);
        isChanged = true;
      },
    });
    return { reading, told, hashed: hash.digest('hex') };
  });
}

describe('a file that is read', () => {
  const CHANGED = 'changed-while-read: the file changed while it was read; the hash is of the bytes that were read';
  const GONE =
    'changed-while-read: the file was moved, deleted, or replaced by another while it was read; the hash is of the bytes that were read';
  it.each<[what: string, change: (path: string) => void, mebibytes: number, told: readonly string[]]>([
    ['stays as it is', () => undefined, 3, []],
    ['grows', (path) => appendFileSync(path, bytes), 6, [CHANGED]],
    ['is cut', (path) => truncateSync(path, 2 * MIB), 2, [CHANGED]],
    ['is emptied', (path) => truncateSync(path, 0), 1, [CHANGED]],
    [
      'is written over',
      (path) => {
        const fd = openSync(path, 'r+');
        writeSync(fd, 'something', 2 * MIB);
        closeSync(fd);
      },
      3,
      [CHANGED],
    ],
    [
      'is replaced',
      (path) => {
        writeFileSync(`${path}.new`, bytes);
        renameSync(`${path}.new`, path);
      },
      3,
      [GONE],
    ],
    ['is moved away', (path) => renameSync(path, `${path}.old`), 3, [GONE]],
    ['is deleted', (path) => rmSync(path), 3, [GONE]],
  ])('%s', async (_what, change, mebibytes, expected) => {
    const { reading, told, hashed } = await readWhile(change);
    expect(told).toEqual(expected);
    expect(reading.bytes).toBe(mebibytes * MIB);
    expect(reading.sha256).toBe(hashed);
  });
});
