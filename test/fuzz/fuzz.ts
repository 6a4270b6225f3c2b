import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { fuzzBatch, type FuzzFailure, type FuzzFamily, type FuzzWork } from './fuzz-worker.ts';

/**
 * `npm run fuzz -- [--only captures|exports] [--inputs N | --minutes N] [--from N] [--threads N] [--out DIRECTORY]`: feeds bent
 * evidence to the decoder, in batches. A batch fails when the decoder throws anything but an EnclaveError, takes longer than 2 s of a thread's time, or
 * takes more memory than the budget. Failing batches are written to DIRECTORY; a batch is made of its
 * number and `--only` alone.
 */

/** One batch may take so much of its thread's own time, or of the clock's, should the thread not even tell the first. */
const HANG_MS = 2000;
const LOST_MS = 60_000;
/** Resident memory of the whole process: that of the threads' buffers and seeds, with room for the largest input. */
const MEMORY_BUDGET = 1024 * 1024 * 1024;
const LOOK_EVERY_MS = 100;
/** A look that comes so much later than the last one shows that the whole process stood still, not that a batch hangs. */
const STOOD_STILL_MS = 5000;
const FAMILIES: readonly FuzzFamily[] = ['captures', 'exports'];

export interface FuzzResult {
  inputs: number;
  failures: FuzzFailure[];
  peakRssBytes: number;
}

interface FuzzOptions {
  /** What inputs are made of; null = captures and exports. */
  only?: FuzzFamily | null;
  /** Number of the first batch. */
  from: number;
  /** Ends when so many inputs are done … */
  inputs: number;
  /** … or at this time, milliseconds since the epoch. */
  until?: number;
  threads: number;
}

/** Runs batches from `from` on. A batch that hangs ends its thread. */
export async function fuzz({ only = null, from, inputs, threads, until = Infinity }: FuzzOptions): Promise<FuzzResult> {
  const folder = mkdtempSync(join(tmpdir(), 'enclave-fuzz-'));
  const failures: FuzzFailure[] = [];
  let peakRssBytes = 0;
  const run = (first: number): Promise<number> => {
    const shared = new SharedArrayBuffer(32);
    const told = new Float64Array(shared);
    told[0] = -1;
    const work: FuzzWork = { folder, only, first, stride: threads, count: Number.MAX_SAFE_INTEGER, shared };
    const worker = new Worker(new URL('./fuzz-worker.ts', import.meta.url), { workerData: work });
    const stop = (why: string | null): void => {
      clearInterval(timer);
      if (why !== null) failures.push({ batch: told[0] ?? -1, why });
      void worker.terminate();
    };
    let lastLook = Date.now();
    let resumed = lastLook;
    const timer = setInterval(() => {
      const rss = process.memoryUsage.rss();
      peakRssBytes = Math.max(peakRssBytes, rss);
      const now = Date.now();
      if (now - lastLook > STOOD_STILL_MS) resumed = now;
      lastLook = now;
      const [batch = -1, begun = 0, done = 0] = told;
      const waited = batch >= 0 ? now - Math.max(begun, resumed) : 0;
      if (waited > LOST_MS) stop(`longer than ${LOST_MS} ms`);
      else if (waited > HANG_MS) void lookCloser(batch);
      else if (rss > MEMORY_BUDGET) stop(`${rss} bytes of memory`);
      else if (done >= inputs / threads || Date.now() > until) stop(null);
    }, LOOK_EVERY_MS);
    const lookCloser = async (batch: number): Promise<void> => {
      const { user, system } = await worker.cpuUsage();
      const used = (user + system) / 1000 - (told[3] ?? 0);
      if (told[0] === batch && used > HANG_MS) stop(`${used} ms of its thread's time`);
    };
    worker.on('message', (failure: FuzzFailure) => failures.push(failure));
    return new Promise((resolve) => {
      worker.on('error', (error) => failures.push({ batch: told[0] ?? -1, why: `thread died: ${String(error)}` }));
      worker.on('exit', () => {
        clearInterval(timer);
        resolve(told[2] ?? 0);
      });
    });
  };
  try {
    const done = await Promise.all(Array.from({ length: threads }, (_, i) => run(from + i)));
    return { inputs: done.reduce((sum, each) => sum + each, 0), failures, peakRssBytes };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      inputs: { type: 'string' },
      minutes: { type: 'string' },
      from: { type: 'string', default: String(Math.floor(Date.now() / 1000)) },
      threads: { type: 'string', default: String(availableParallelism()) },
      out: { type: 'string', default: 'fuzz-failures' },
    },
  });
  const begun = Date.now();
  const { minutes } = values;
  const only = FAMILIES.find((family) => family === values.only) ?? null;
  if (only === null && values.only !== undefined) throw new Error(`--only ${values.only}: captures or exports`);
  const result = await fuzz({
    only,
    from: Number(values.from),
    inputs: minutes === undefined ? Number(values.inputs ?? 100_000) : Infinity,
    threads: Number(values.threads),
    ...(minutes === undefined ? {} : { until: begun + Number(minutes) * 60_000 }),
  });
  for (const { batch, why } of result.failures) {
    mkdirSync(values.out, { recursive: true });
    if (batch >= 0) writeFileSync(join(values.out, `${batch}.bin`), fuzzBatch(batch, only).bytes);
    process.stdout.write(`batch ${batch}: ${why}\n`);
  }
  const seconds = (Date.now() - begun) / 1000;
  process.stdout.write(
    `${result.inputs} inputs, batches from ${values.from}, in ${seconds.toFixed(0)} s: ${result.failures.length} failures, ` +
      `peak memory ${(result.peakRssBytes / 1e6).toFixed(0)} MB\n`,
  );
  process.exitCode = result.failures.length === 0 ? 0 : 1;
}
