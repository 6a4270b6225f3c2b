import { Worker } from 'node:worker_threads';
import { ThreadAhead } from './thread-ahead.ts';
import type { DecodeThreadOptions } from './worker-messages.ts';

/** The decoding thread is started before it is needed, so that it loads its code while the writing thread loads its own. */

const SCRIPT = new URL('./decode-worker.ts', import.meta.url);

const ahead = new ThreadAhead();

/**
 * Few objects are made and fewer live long, so a young generation of the default's size only takes memory, the more the longer an
 * import lasts.
 */
const resourceLimits = { maxYoungGenerationSizeMb: 16 };

/** Starts a thread that the next `newDecodingThread` gives out. */
export function startDecodingAhead(workerData: DecodeThreadOptions = { expected: [], goesFirst: false }): void {
  ahead.start(SCRIPT, { workerData, resourceLimits });
}

/** @param script another one than that of the decoding thread, for tests */
export function newDecodingThread(script: URL = SCRIPT): Worker {
  return (script === SCRIPT ? ahead.take() : null) ?? new Worker(script, { resourceLimits });
}
