import { Worker } from 'node:worker_threads';
import v8 from 'node:v8';
import { ThreadAhead } from './thread-ahead.ts';
import type { WriteThreadOptions } from './worker-messages.ts';

/** The writing thread; that of an import by the command line is started before the command line's own code is loaded. */

const SCRIPT = new URL('./write-thread.ts', import.meta.url);

const ahead = new ThreadAhead();

/**
 * Starts a thread that the next `newWritingThread` for an import gives out.
 *
 * @param expected paths that may be imported, if they are paths at all
 */
export function startWritingAhead(expected: readonly string[]): void {
  // A thread's heap is marked for the first time when it has grown to this, in MiB; most of what an import makes lasts as long as it.
  v8.setFlagsFromString('--initial-old-space-size=64');
  const decoding = { expected, goesFirst: true };
  const workerData: WriteThreadOptions = { decodeWorker: undefined, behindWindow: false, firstJob: 'import', decoding };
  ahead.start(SCRIPT, { workerData });
}

export function newWritingThread(options: Omit<WriteThreadOptions, 'decoding'>): Worker {
  const { decodeWorker, behindWindow, firstJob } = options;
  const isUsual = decodeWorker === undefined && !behindWindow && firstJob === 'import';
  return (
    (isUsual ? ahead.take() : null) ??
    new Worker(SCRIPT, {
      workerData: { ...options, decoding: { expected: [], goesFirst: false } } satisfies WriteThreadOptions,
    })
  );
}
