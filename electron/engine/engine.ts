import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import {
  CARVING_JOBS,
  type EvidenceNews,
  type JobName,
  type Jobs,
  type Progress,
  PROGRESS_BYTES,
  PROGRESS_BYTES_BEFORE,
  PROGRESS_FLOWS,
  PROGRESS_FLOWS_BEFORE,
  PROGRESS_PACKETS,
  PROGRESS_PACKETS_BEFORE,
  PROGRESS_WORDS,
  WRITING_JOBS,
} from '../../shared/jobs.ts';
import { EnclaveError, fromErrorValue } from '../../shared/problem.ts';
import { Keyring } from './keyring.ts';
import {
  CANCEL,
  type CloseRequest,
  type JobReply,
  type JobRequest,
  makeControl,
  PAUSE,
  PAUSE_ASKED,
  type SharedControl,
  STANDS_STILL,
  WAITING,
} from './worker-messages.ts';
import { newWritingThread } from './writing-thread.ts';

export interface JobOptions {
  onProgress?: (progress: Progress) => void;
  /** Called for each evidence file of an import: when its problems change, and when it is done. */
  onEvidence?: (news: EvidenceNews) => void;
  /** Text that the job gives out, in order; the job waits while the promise is pending. */
  onText?: (chunk: string | Uint8Array) => void | Promise<void>;
  signal?: AbortSignal;
}

export interface EngineOptions {
  /** Another script for the decoding thread; tests put a failing one here. */
  decodeWorker?: URL;
  /** Reading and writing wait behind whoever else wants the processor, see `stepBehind`: for a window, which wants it to draw. */
  behindWindow?: boolean;
  /** Told, in a line, what no job answers for: a case that was copied before its format changed, a backup that could not be made. */
  onNotice?: (text: string) => void;
}

const PROGRESS_EVERY_MS = 200;
const CLOSE_WITHIN_MS = 1000;
/** An idle thread may still have a backup to make. */
const CLOSE_IDLE_WITHIN_MS = 30_000;

interface RunningJob {
  resolve(response: unknown): void;
  reject(error: EnclaveError): void;
  options: JobOptions;
  shared: SharedControl;
  begun: number;
  /** Since when it is paused; null while it is not. */
  pausedAt: number | null;
  state: { step: Progress['step']; what: string; file: number; files: number; bytesTotal: number };
  stop(): void;
}

/** Starts a thread; `firstJob` is the job that it is started for, null when that is not known. */
type StartThread = (firstJob: JobName | null) => Worker;

/** One thread and the jobs it has in work. A thread that dies fails its jobs; the next job gets a new one. */
class JobThread {
  readonly #startThread: StartThread;
  readonly #keyring: Keyring;
  readonly #onNotice: (text: string) => void;
  readonly #jobs = new Map<number, RunningJob>();
  #worker: Worker | null = null;
  #nextId = 1;

  constructor(startThread: StartThread, keyring: Keyring, onNotice: (text: string) => void) {
    this.#startThread = startThread;
    this.#keyring = keyring;
    this.#onNotice = onNotice;
  }

  #start(firstJob: JobName | null): Worker {
    const worker = this.#startThread(firstJob);
    worker.on('message', (message: JobReply) => this.#receive(message));
    worker.on('error', (error) => this.#die(worker, error instanceof Error ? error.message : String(error)));
    worker.on('exit', (code) => this.#die(worker, `exit code ${code}`));
    return worker;
  }

  #die(worker: Worker, why: string): void {
    if (this.#worker === worker) this.#worker = null;
    const jobs = [...this.#jobs.values()];
    this.#jobs.clear();
    for (const job of jobs) {
      job.stop();
      job.reject(
        new EnclaveError(
          'thread-died',
          `a working thread ended unexpectedly (${why})`,
          '',
          'what was committed is kept; try again',
        ),
      );
    }
  }

  #receive(message: JobReply): void {
    if (message.type === 'notice') {
      this.#onNotice(message.text);
      return;
    }
    const job = this.#jobs.get(message.id);
    if (job === undefined) return;
    switch (message.type) {
      case 'progress':
        job.state = {
          step: message.step as Progress['step'],
          what: message.what,
          file: message.file,
          files: message.files,
          bytesTotal: message.bytesTotal,
        };
        break;
      case 'evidence':
        job.options.onEvidence?.(message.news);
        break;
      case 'text':
        void passOn(job, message.chunk);
        break;
      case 'done':
        this.#end(message.id, job);
        job.resolve(message.response);
        break;
      case 'error':
        this.#end(message.id, job);
        job.reject(fromErrorValue(message.error));
        break;
    }
  }

  #end(id: number, job: RunningJob): void {
    this.#jobs.delete(id);
    job.stop();
  }

  prepare(): void {
    this.#worker ??= this.#start(null);
  }

  run(name: JobName, request: unknown, options: JobOptions): Promise<unknown> {
    this.#worker ??= this.#start(name);
    const worker = this.#worker;
    const id = this.#nextId++;
    const shared = makeControl(PROGRESS_WORDS);
    const control = new Int32Array(shared.control);
    return new Promise((resolve, reject) => {
      const cancel = (): void => {
        Atomics.store(control, CANCEL, 1);
        Atomics.notify(control, WAITING);
        setPaused(job, false);
      };
      const timer = options.onProgress && setInterval(() => tell(job), PROGRESS_EVERY_MS);
      const job: RunningJob = {
        resolve,
        reject,
        options,
        shared,
        begun: performance.now(),
        pausedAt: null,
        state: { step: 'read', what: '', file: 0, files: 0, bytesTotal: 0 },
        stop() {
          clearInterval(timer);
          options.signal?.removeEventListener('abort', cancel);
        },
      };
      options.signal?.addEventListener('abort', cancel);
      if (options.signal?.aborted) cancel();
      this.#jobs.set(id, job);
      worker.postMessage({ id, name, request, shared, keys: this.#keyring.keys } satisfies JobRequest);
    });
  }

  pause(paused: boolean): void {
    for (const job of this.#jobs.values()) setPaused(job, paused);
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = null;
    if (worker === null) return;
    // An idle thread closes its databases and ends by itself; one that is at work is ended.
    const ended = once(worker, 'exit');
    worker.postMessage({ close: true } satisfies CloseRequest);
    const within = this.#jobs.size === 0 ? CLOSE_IDLE_WITHIN_MS : CLOSE_WITHIN_MS;
    const late = setTimeout(() => void worker.terminate(), within);
    await ended.catch(() => undefined);
    clearTimeout(late);
  }
}

/** Hands text to whoever asked for it, and lets the job go on when it was taken. */
async function passOn(job: RunningJob, chunk: string | Uint8Array): Promise<void> {
  await job.options.onText?.(chunk);
  const control = new Int32Array(job.shared.control);
  Atomics.sub(control, WAITING, 1);
  Atomics.notify(control, WAITING);
}

/** Time that a job is paused counts in none of its rates. */
function setPaused(job: RunningJob, paused: boolean): void {
  if (paused === (job.pausedAt !== null)) return;
  const now = performance.now();
  job.begun += now - (job.pausedAt ?? now);
  job.pausedAt = paused ? now : null;
  const control = new Int32Array(job.shared.control);
  Atomics.store(control, PAUSE, paused ? PAUSE_ASKED : 0);
  Atomics.notify(control, PAUSE);
}

function tell(job: RunningJob): void {
  // Before the counters: those of a decoder that stands still are final.
  const paused = Atomics.load(new Int32Array(job.shared.control), PAUSE) === STANDS_STILL;
  const counters = new Float64Array(job.shared.progress);
  const seconds = ((job.pausedAt ?? performance.now()) - job.begun) / 1000;
  const bytes = counters[PROGRESS_BYTES_BEFORE] + counters[PROGRESS_BYTES];
  const packets = counters[PROGRESS_PACKETS_BEFORE] + counters[PROGRESS_PACKETS];
  const bytesPerSecond = bytes / seconds;
  const left = job.state.bytesTotal - bytes;
  job.options.onProgress?.({
    ...job.state,
    paused,
    bytes,
    packets,
    flows: counters[PROGRESS_FLOWS_BEFORE] + counters[PROGRESS_FLOWS],
    bytesPerSecond,
    packetsPerSecond: packets / seconds,
    secondsLeft: bytesPerSecond > 0 && left >= 0 ? left / bytesPerSecond : null,
  });
}

/**
 * The engine: does the jobs of shared/jobs in its threads. Jobs reject with EnclaveError only. Jobs that write to a case
 * need the case's lock; two at a time on one case are refused.
 */
export class Engine {
  readonly #writer: JobThread;
  readonly #query: JobThread;
  readonly #carver: JobThread;
  /** Takes the passphrases of encrypted cases, before the first job on them. */
  readonly keyring = new Keyring();

  constructor(options: EngineOptions = {}) {
    const thread = (start: StartThread): JobThread =>
      new JobThread(start, this.keyring, (text) => options.onNotice?.(text));
    const decodeWorker = options.decodeWorker?.href;
    const { behindWindow = false } = options;
    this.#writer = thread((firstJob) => newWritingThread({ decodeWorker, behindWindow, firstJob }));
    this.#query = thread(() => new Worker(new URL('./query-worker.ts', import.meta.url)));
    this.#carver = thread(() => new Worker(new URL('./carve-worker.ts', import.meta.url)));
  }

  run<Name extends JobName>(
    name: Name,
    request: Jobs[Name]['request'],
    options: JobOptions = {},
  ): Promise<Jobs[Name]['response']> {
    const reading = CARVING_JOBS.has(name) ? this.#carver : this.#query;
    const thread = WRITING_JOBS.has(name) ? this.#writer : reading;
    return thread.run(name, request, options) as Promise<Jobs[Name]['response']>;
  }

  /** Has the import in work wait before it reads on, or lets it go on; nothing of it is lost. Other jobs are not paused. */
  pause(paused: boolean): void {
    this.#writer.pause(paused);
  }

  /** Starts the query thread now, so that it is ready when a query comes. */
  prepareQueries(): void {
    this.#query.prepare();
  }

  /** Ends the threads. A job in work is lost, and its case as it was at the last commit. */
  async close(): Promise<void> {
    // The threads that read let go of their cases first, so that the writer can leave each as one file.
    await Promise.all([this.#query.close(), this.#carver.close()]);
    await this.#writer.close();
    this.keyring.wipe();
  }
}
