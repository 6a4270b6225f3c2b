import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Digests, FurtherHash } from './evidence-hash.ts';

/**
 * Large files are read and hashed in a thread of their own, ahead of the decoder, which takes the pieces out of the very
 * buffers that they were read into: reading and hashing take as long as half the decoding, and there is a second core.
 */

/** Bytes of a piece: small enough to stay in the processor's cache until it is hashed and decoded. */
export const PIECE_BYTES = 1 << 20;
/** Room before a piece for what the decoder keeps of those before; larger than any record that a reader accepts. */
export const HEADROOM = 8 << 20;
/** Pieces that are read ahead. Memory that nobody writes to, as most of the headroom, costs nothing. */
const SLOTS = 8;

/** Instead of the length of a piece: the buffer may be filled; the file could not be read further. */
export const EMPTY = -2;
export const FAILED = -1;

/** A medium that gives nothing for so long is dead. */
const ANSWER_WITHIN_MS = 600_000;

/**
 * What decoder and reading thread share. Buffers are filled and emptied in turn. The thread looks by itself whether the next is
 * empty: waking it for each takes up to a millisecond of the decoder's time (measured on a busy machine).
 */
export interface ReadingMemory {
  /** A piece lies behind HEADROOM. */
  buffers: SharedArrayBuffer[];
  /** Int32 a buffer: bytes of the piece in it, 0 behind the last one; EMPTY, FAILED. */
  lengths: SharedArrayBuffer;
}

export interface ReadingRequest {
  /** Stays open until the digests came or the thread was ended. */
  fd: number;
  also: readonly FurtherHash[];
}

function deadError(): Error {
  return new Error('the reading thread ended unexpectedly');
}

/** One file at a time: `begin`, then `take` until it gives no more than 0, then `digest`; or `end` at any time. */
export class ReadingThread {
  readonly #buffers: readonly Buffer[];
  readonly #lengths = new Int32Array(new SharedArrayBuffer(SLOTS * Int32Array.BYTES_PER_ELEMENT));
  readonly #worker: Worker;
  #slot = 0;
  #digests: Promise<unknown[]> | null = null;
  readonly #exit = new AbortController();

  constructor() {
    const buffers = Array.from({ length: SLOTS }, () => new SharedArrayBuffer(HEADROOM + PIECE_BYTES));
    this.#buffers = buffers.map((buffer) => Buffer.from(buffer));
    const memory: ReadingMemory = { buffers, lengths: this.#lengths.buffer };
    this.#worker = new Worker(new URL('./reading-worker.ts', import.meta.url), { workerData: memory });
    // A failure shows at `take` or `digest`; without a listener it would end the process.
    this.#worker.on('error', () => undefined).on('exit', () => this.#exit.abort());
    this.#worker.unref();
  }

  begin(request: ReadingRequest): void {
    this.#lengths.fill(EMPTY);
    this.#slot = SLOTS - 1;
    this.#worker.ref();
    this.#digests = once(this.#worker, 'message', { signal: this.#exit.signal });
    this.#digests.catch(() => undefined);
    this.#worker.postMessage(request);
  }

  /** The buffer of the piece that was taken last. */
  get buffer(): Buffer {
    return this.#buffers[this.#slot];
  }

  /** That of the piece after it, in whose headroom may be written already. */
  get following(): Buffer {
    return this.#buffers[(this.#slot + 1) % SLOTS];
  }

  /**
   * Gives the last piece back and waits for the next.
   *
   * @returns its bytes, 0 behind the last one; FAILED when the file cannot be read further
   */
  take(): number {
    Atomics.store(this.#lengths, this.#slot, EMPTY);
    this.#slot = (this.#slot + 1) % SLOTS;
    if (Atomics.wait(this.#lengths, this.#slot, EMPTY, ANSWER_WITHIN_MS) === 'timed-out') throw deadError();
    return Atomics.load(this.#lengths, this.#slot);
  }

  /** Digests of all pieces, once the last was taken. */
  async digest(): Promise<Digests> {
    try {
      const [digests] = (await this.#digests) as [Digests];
      return digests;
    } catch {
      throw deadError();
    } finally {
      this.#worker.unref();
    }
  }

  /** Ends it in the middle of a file; it takes no other. */
  end(): void {
    void this.#worker.terminate();
  }
}
