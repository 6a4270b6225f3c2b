import { Worker } from 'node:worker_threads';
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
  const workerData: WriteThreadOptions = { decodeWorker: undefined, behindWindow: false, firstJob: 'import', expected };
  ahead.start(SCRIPT, { workerData });
}

export function newWritingThread(options: Omit<WriteThreadOptions, 'expected'>): Worker {
  const { decodeWorker, behindWindow, firstJob } = options;
  const isUsual = decodeWorker === undefined && !behindWindow && firstJob === 'import';
  return (
    (isUsual ? ahead.take() : null) ??
    new Worker(SCRIPT, { workerData: { ...options, expected: [] } satisfies WriteThreadOptions })
  );
}
