import { Worker } from 'node:worker_threads';
import { ThreadAhead } from './thread-ahead.ts';

/** The decoding thread is started before it is needed, so that it loads its code while the writing thread loads its own. */

const SCRIPT = new URL('./decode-worker.ts', import.meta.url);

const ahead = new ThreadAhead();

/** Starts a thread that the next `newDecodingThread` gives out. */
export function startDecodingAhead(): void {
  ahead.start(SCRIPT);
}

/** @param script another one than that of the decoding thread, for tests */
export function newDecodingThread(script: URL = SCRIPT): Worker {
  return (script === SCRIPT ? ahead.take() : null) ?? new Worker(script);
}
