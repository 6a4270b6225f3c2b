import { Worker } from 'node:worker_threads';

/** The decoding thread is started before it is needed, so that it loads its code while the writing thread loads its own. */

const SCRIPT = new URL('./decode-worker.ts', import.meta.url);

let ahead: Worker | null = null;

/** Starts a thread that the next `newDecodingThread` gives out; it keeps nobody from ending until then. */
export function startDecodingAhead(): void {
  const worker = new Worker(SCRIPT);
  const forget = (): void => {
    if (ahead === worker) ahead = null;
  };
  ahead = worker.on('error', forget).on('exit', forget);
  worker.unref();
}

/** @param script another one than that of the decoding thread, for tests */
export function newDecodingThread(script: URL = SCRIPT): Worker {
  const worker = script === SCRIPT ? ahead : null;
  if (worker === null) return new Worker(script);
  ahead = null;
  worker.ref();
  return worker;
}
