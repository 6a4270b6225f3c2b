import { workerData } from 'node:worker_threads';
import { startDecodingAhead } from './decoding-thread.ts';
import { stepBehind } from './thread-priority.ts';
import type { WriteThreadOptions } from './worker-messages.ts';

/** Where the writing thread begins; the rest of its code follows. */

const { behindWindow, firstJob, decodeWorker, expected } = workerData as WriteThreadOptions;
// Before the decoding thread is started, which inherits it, as the reading thread does from that one.
if (behindWindow) stepBehind();
if (firstJob === 'import' && decodeWorker === undefined) startDecodingAhead(expected);
await import('./write-worker.ts');
