import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { newDecodingThread, startDecodingAhead } from '../../electron/engine/decoding-thread.ts';

it('gives out the thread that was started ahead, once, and not in the place of another script', async () => {
  startDecodingAhead();
  // Threads are numbered in the order in which they start.
  const later = new Worker('', { eval: true });
  const other = newDecodingThread(new URL('../fixtures/dying-decode-worker.ts', import.meta.url));
  const first = newDecodingThread();
  const second = newDecodingThread();
  const numbers = [first, later, other, second].map(({ threadId }) => threadId);
  expect(numbers).toEqual(numbers.toSorted((x, y) => x - y));
  await Promise.all([first, later, other, second].map((worker) => worker.terminate()));
});
