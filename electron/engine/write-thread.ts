import { workerData } from 'node:worker_threads';
import { giveUpAssumptions } from './code-assumptions.ts';
import { startDecodingAhead } from './decoding-thread.ts';
import { BEHIND_WINDOW, stepBehind } from './thread-priority.ts';
import type { WriteThreadOptions } from './worker-messages.ts';

/** Where the writing thread begins; the rest of its code follows. */

const { behindWindow, firstJob, decodeWorker, decoding } = workerData as WriteThreadOptions;
// Before the decoding thread is started, which inherits it, as the reading thread does from that one.
if (behindWindow) stepBehind(BEHIND_WINDOW);
if (firstJob === 'import' && decodeWorker === undefined) startDecodingAhead(decoding);
giveUpAssumptions();
await import('./write-worker.ts');
