import { parentPort } from 'node:worker_threads';
import { takeKeys } from '../casefile/case-cipher.ts';
import { foldJournal } from '../casefile/case-file.ts';
import { CaseReader, PASS_CACHE_BYTES } from '../casefile/case-reader.ts';
import { type Jobs, PROGRESS_BYTES } from '../../shared/jobs.ts';
import { carveCase } from './carve.ts';
import { flowPackets } from './carve-flow.ts';
import { cancelledError } from './cancelled.ts';
import { jobError } from './job-error.ts';
import { CANCEL, type CloseRequest, type JobReply, type JobRequest } from './worker-messages.ts';

/** The carving thread: reads evidence again, for the packets of flows. It never writes to a case. */

const port = parentPort;
if (port === null) throw new Error('carve-worker runs as a worker thread only');

function reply(message: JobReply): void {
  port?.postMessage(message);
}

async function handle(job: JobRequest): Promise<unknown> {
  const { id, name, shared } = job;
  const control = new Int32Array(shared.control);
  const counters = new Float64Array(shared.progress);
  const progress = (bytes = 0): void => {
    counters[PROGRESS_BYTES] = bytes;
    if (Atomics.load(control, CANCEL) !== 0) throw cancelledError();
  };
  if (name !== 'carve' && name !== 'flowPackets') throw new Error(`the carving thread has no job ${name}`);
  const request = job.request as Jobs['carve' | 'flowPackets']['request'];
  const reader = new CaseReader(request.case, PASS_CACHE_BYTES);
  try {
    if (name === 'flowPackets') {
      return await flowPackets(reader, request as Jobs['flowPackets']['request'], () => progress());
    }
    return await carveCase(reader, request as Jobs['carve']['request'], {
      progress,
      file: (what, file, files, bytesTotal) =>
        reply({ id, type: 'progress', step: 'read', what, file, files, bytesTotal }),
    });
  } finally {
    reader.close();
    foldJournal(request.case);
  }
}

async function run(job: JobRequest): Promise<void> {
  try {
    takeKeys(job.keys);
    reply({ id: job.id, type: 'done', response: await handle(job) });
  } catch (error) {
    reply({ id: job.id, type: 'error', error: jobError(error, job.request) });
  }
}

let lastJob: Promise<void> = Promise.resolve();
port.on('message', (job: JobRequest | CloseRequest) => {
  if ('close' in job) {
    port.close();
    return;
  }
  lastJob = lastJob.then(() => run(job));
});
