import { parentPort, workerData } from 'node:worker_threads';
import { HashSet, type HashMessage, type HashThreadMemory, SLOT_FREE } from './evidence-hash.ts';

/** The hashing thread: takes pieces out of shared buffers in the order they were read. */

const port = parentPort;
if (port === null) throw new Error('hash-worker runs as a worker thread only');
const { buffers, slots, also } = workerData as HashThreadMemory;
const pieces = buffers.map((buffer) => Buffer.from(buffer));
const states = new Int32Array(slots);
const hash = new HashSet(also);

port.on('message', (message: HashMessage) => {
  if (message === 'digest') {
    port.postMessage(hash.digest());
    port.close();
    return;
  }
  const { slot, start, end } = message;
  hash.update(pieces[slot].subarray(start, end));
  Atomics.store(states, slot, SLOT_FREE);
  Atomics.notify(states, slot);
});
