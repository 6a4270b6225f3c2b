import { createHash } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { FAILED, HEADROOM, PIECE_BYTES, ReadingThread } from '../../electron/capture/reading-thread.ts';

/** Bytes in which every word tells its place. */
function numbered(length: number): Buffer {
  const words = new Uint32Array(Math.ceil(length / 4));
  for (let i = 0; i < words.length; i++) words[i] = i;
  return Buffer.from(words.buffer, 0, length);
}

describe('the reading thread', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'enclave-reading-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const thread = new ReadingThread();
  const lengths = [0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 20 * PIECE_BYTES + 5];

  it.each(lengths)('gives a file of %d bytes in pieces, one file after another, and its digests', async (length) => {
    const content = numbered(length);
    const file = path.join(folder, String(length));
    writeFileSync(file, content);
    const fd = openSync(file, 'r');
    try {
      thread.begin({ fd, also: ['md5'] });
      const pieces: Buffer[] = [];
      for (let got = thread.take(); got > 0; got = thread.take()) {
        pieces.push(Buffer.from(thread.buffer.subarray(HEADROOM, HEADROOM + got)));
        // Whatever is written before a piece is the decoder's.
        thread.following.fill(255, HEADROOM - 10, HEADROOM);
      }
      expect(Buffer.concat(pieces).equals(content)).toBe(true);
      expect(await thread.digest()).toEqual({
        sha256: createHash('sha256').update(content).digest('hex'),
        md5: createHash('md5').update(content).digest('hex'),
      });
    } finally {
      closeSync(fd);
    }
  });

  it('tells that a file cannot be read', () => {
    const other = new ReadingThread();
    const fd = openSync(folder, 'r');
    try {
      other.begin({ fd, also: [] });
      expect(other.take()).toBe(FAILED);
    } finally {
      closeSync(fd);
      other.end();
    }
  });
});
