import { readSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { HashSet } from './evidence-hash.ts';
import { EMPTY, FAILED, HEADROOM, PIECE_BYTES, type ReadingMemory, type ReadingRequest } from './reading-thread.ts';

/** The reading thread: reads a file ahead into shared buffers, in turn, hashes each piece, and gives the digests behind the last. */

/** How long to sleep while every buffer is full, milliseconds; those that are full by then keep the decoder busy for longer. */
const LOOK_EVERY_MS = 4;

const port = parentPort;
if (port === null) throw new Error('reading-worker runs as a worker thread only');
const { buffers, lengths: shared } = workerData as ReadingMemory;
const pieces = buffers.map((buffer) => Buffer.from(buffer, HEADROOM, PIECE_BYTES));
const lengths = new Int32Array(shared);

/** Reads at places of its own, so that the file's position stays where it is. −1 when it cannot be read. */
function read(fd: number, into: Buffer, position: number): number {
  try {
    return readSync(fd, into, 0, PIECE_BYTES, position);
  } catch {
    return FAILED;
  }
}

port.on('message', ({ fd, also }: ReadingRequest) => {
  const hash = new HashSet(also);
  let position = 0;
  for (let slot = 0; ; slot = (slot + 1) % pieces.length) {
    for (let length = Atomics.load(lengths, slot); length !== EMPTY; length = Atomics.load(lengths, slot)) {
      Atomics.wait(lengths, slot, length, LOOK_EVERY_MS);
    }
    const got = read(fd, pieces[slot], position);
    Atomics.store(lengths, slot, got);
    Atomics.notify(lengths, slot);
    if (got <= 0) break;
    hash.update(pieces[slot].subarray(0, got));
    position += got;
  }
  port.postMessage(hash.digest());
});
