import { parentPort, workerData } from 'node:worker_threads';
import { PROGRESS_BYTES, PROGRESS_FLOWS, PROGRESS_PACKETS } from '../../shared/jobs.ts';
import { EnclaveError, toErrorValue } from '../../shared/problem.ts';
import { isReadAhead, startReadingAhead } from '../capture/evidence-file.ts';
import { cancelledError } from './cancelled.ts';
import { isCaptureFile } from './capture-readers.ts';
import { giveUpAssumptions } from './code-assumptions.ts';
import { decodeRun, loadExportCode } from './decode-evidence.ts';
import { BEHIND_DECODING, letOthersStepBehind } from './thread-priority.ts';
import {
  buffersOf,
  CANCEL,
  type DecodeReply,
  type DecodeRequest,
  type DecodeThreadOptions,
  MAX_WAITING,
  PAUSE,
  PAUSE_ASKED,
  STANDS_STILL,
  WAITING,
} from './worker-messages.ts';

/** The decoding thread: one evidence file, or one run of them, at a time; segments go to the writer as they fill. */

const port = parentPort;
if (port === null) throw new Error('decode-worker runs as a worker thread only');

giveUpAssumptions();

// Before the first request comes there is time for the code that it will want.
const { expected, goesFirst } = (workerData as DecodeThreadOptions | null) ?? { expected: [], goesFirst: false };
if (expected.some(isReadAhead)) startReadingAhead();
if (goesFirst) letOthersStepBehind(BEHIND_DECODING);
if (expected.some((path) => isCaptureFile(path) === false)) await loadExportCode();

/** Problems met in a file are told while it is read, this often at most. */
const TELL_PROBLEMS_EVERY_MS = 500;

async function decode({ paths, timeouts, custody, mappings, shared }: DecodeRequest): Promise<void> {
  const control = new Int32Array(shared.control);
  const counters = new Float64Array(shared.progress);
  const send = (reply: DecodeReply, transfer: ArrayBuffer[]): void => {
    // Sleeps while the writer is behind, so that segments don't pile up in memory.
    for (let waiting = Atomics.add(control, WAITING, 1) + 1; waiting > MAX_WAITING;) {
      if (Atomics.load(control, CANCEL) !== 0) throw cancelledError();
      Atomics.wait(control, WAITING, waiting, 1000);
      waiting = Atomics.load(control, WAITING);
    }
    port?.postMessage(reply, transfer);
  };
  /** Of the files of the run before the one in work. */
  let bytesBefore = 0;
  let packetsBefore = 0;
  let told = performance.now();
  let toldProblems = 0;
  try {
    const evidence = await decodeRun(
      paths,
      timeouts,
      {
        file(file) {
          bytesBefore = counters[PROGRESS_BYTES];
          packetsBefore = counters[PROGRESS_PACKETS];
          port?.postMessage({ type: 'file', file } satisfies DecodeReply);
        },
        segment: (segment, file) => send({ type: 'segment', segment, file }, buffersOf(segment.columns)),
        names: (chunk, file) => send({ type: 'names', chunk, file }, buffersOf(chunk.columns)),
        progress(bytes, packets, flows, format, problems) {
          counters[PROGRESS_BYTES] = bytesBefore + bytes;
          counters[PROGRESS_PACKETS] = packetsBefore + packets;
          counters[PROGRESS_FLOWS] = flows;
          while (Atomics.load(control, PAUSE) !== 0) {
            Atomics.compareExchange(control, PAUSE, PAUSE_ASKED, STANDS_STILL);
            Atomics.wait(control, PAUSE, STANDS_STILL);
          }
          if (Atomics.load(control, CANCEL) !== 0) throw cancelledError();
          if (problems.total === toldProblems || performance.now() - told < TELL_PROBLEMS_EVERY_MS) return;
          told = performance.now();
          toldProblems = problems.total;
          port?.postMessage({ type: 'problems', format, problems: problems.list() } satisfies DecodeReply);
        },
      },
      custody,
      mappings,
      {},
      paths.length === 1 && isReadAhead(paths[0]) && isCaptureFile(paths[0]) === true,
    );
    const decoded = evidence.map((file) => (file instanceof EnclaveError ? toErrorValue(file) : file));
    port?.postMessage({ type: 'done', evidence: decoded } satisfies DecodeReply);
  } catch (error) {
    port?.postMessage({ type: 'error', error: toErrorValue(error) } satisfies DecodeReply);
  }
}

port.on('message', (request: DecodeRequest) => void decode(request));
