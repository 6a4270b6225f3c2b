import { Worker, type WorkerOptions } from 'node:worker_threads';

/**
 * Limits of a thread that reads evidence. Few objects are made there and fewer live long, so a young generation of the default's size
 * only takes memory, the more the longer an import lasts.
 */
export const FEW_OBJECTS = { maxYoungGenerationSizeMb: 16 };

/** A thread that is started before it is needed, so that it loads its code while others load theirs. */
export class ThreadAhead {
  #worker: Worker | null = null;

  /** Starts it; it keeps nobody from ending until it is taken. */
  start(script: URL, options?: WorkerOptions): void {
    const worker = new Worker(script, options);
    const forget = (): void => {
      if (this.#worker === worker) this.#worker = null;
    };
    this.#worker = worker.on('error', forget).on('exit', forget);
    worker.unref();
  }

  /** Gives it out, once; null when there is none, or it has ended. */
  take(): Worker | null {
    const worker = this.#worker;
    this.#worker = null;
    worker?.ref();
    return worker;
  }
}
