import { createHash } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { type HashMessage, type HashThreadMemory, SLOT_FREE } from './evidence-hash.ts';

/** The hashing thread: takes pieces out of shared buffers in the order they were read. */

const port = parentPort;
if (port === null) throw new Error('hash-worker runs as a worker thread only');
const { buffers, slots } = workerData as HashThreadMemory;
const pieces = buffers.map((buffer) => Buffer.from(buffer));
const states = new Int32Array(slots);
const hash = createHash('sha256');

port.on('message', (message: HashMessage) => {
  if (message === 'digest') {
    port.postMessage(hash.digest('hex'));
    port.close();
    return;
  }
  const { slot, start, end } = message;
  hash.update(pieces[slot].subarray(start, end));
  Atomics.store(states, slot, SLOT_FREE);
  Atomics.notify(states, slot);
});
