import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { ThreadHash } from '../../electron/capture/evidence-hash.ts';

/** Hashes `count` pieces, of 0 to 999 bytes each, in the thread; gives its digests and those of the same bytes hashed here. */
async function digestsOf(count: number): Promise<[inThread: unknown, here: unknown]> {
  const thread = new ThreadHash(1000, ['md5']);
  const hashes = { sha256: createHash('sha256'), md5: createHash('md5') };
  try {
    for (let i = 0; i < count; i++) {
      const slot = i % thread.buffers.length;
      thread.awaitFree(slot);
      const [start, end] = [i % 7, (i * 389) % 1000];
      const piece = thread.buffers[slot].fill(i % 251).subarray(start, Math.max(start, end));
      for (const hash of Object.values(hashes)) hash.update(piece);
      thread.add(slot, start, Math.max(start, end));
    }
    const here = { sha256: hashes.sha256.digest('hex'), md5: hashes.md5.digest('hex') };
    return [await thread.digest(), here];
  } finally {
    thread.close();
  }
}

it.each([0, 1, 2, 3, 4, 2000])('a thread of its own hashes %d pieces as they were read', async (count) => {
  const [inThread, here] = await digestsOf(count);
  expect(inThread).toEqual(here);
});
