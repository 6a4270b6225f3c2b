import { Worker } from 'node:worker_threads';
import { FEW_OBJECTS, ThreadAhead } from './thread-ahead.ts';
import type { DecodeThreadOptions } from './worker-messages.ts';

/** The decoding thread is started before it is needed, so that it loads its code while the writing thread loads its own. */

const SCRIPT = new URL('./decode-worker.ts', import.meta.url);

const ahead = new ThreadAhead();

/** Starts a thread that the next `newDecodingThread` gives out. */
export function startDecodingAhead(workerData: DecodeThreadOptions = { expected: [], goesFirst: false }): void {
  ahead.start(SCRIPT, { workerData, resourceLimits: FEW_OBJECTS });
}

/** @param script another one than that of the decoding thread, for tests */
export function newDecodingThread(script: URL = SCRIPT): Worker {
  return (script === SCRIPT ? ahead.take() : null) ?? new Worker(script, { resourceLimits: FEW_OBJECTS });
}
