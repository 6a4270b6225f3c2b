import { parentPort, workerData } from 'node:worker_threads';
import { HashSet, type HashThreadMemory, SLOT_FILLED, SLOT_FREE } from './evidence-hash.ts';

/** The hashing thread: takes pieces out of shared buffers, in turn, and gives the digests behind the last. */

/** A piece of 1 MiB takes the reader some milliseconds. */
const LOOK_EVERY_MS = 1;

const port = parentPort;
if (port === null) throw new Error('hash-worker runs as a worker thread only');
const { buffers, slots, also } = workerData as HashThreadMemory;
const pieces = buffers.map((buffer) => Buffer.from(buffer));
const states = new Int32Array(slots);
const hash = new HashSet(also);

for (let slot = 0; ; slot = (slot + 1) % pieces.length) {
  while (Atomics.load(states, slot) === SLOT_FREE) Atomics.wait(states, slot, SLOT_FREE, LOOK_EVERY_MS);
  if (Atomics.load(states, slot) !== SLOT_FILLED) break;
  const range = pieces.length + slot * 2;
  hash.update(pieces[slot].subarray(states[range], states[range + 1]));
  Atomics.store(states, slot, SLOT_FREE);
  Atomics.notify(states, slot);
}
port.postMessage(hash.digest());
