import type { FurtherHash } from '../../shared/custody.ts';
import { createHash, type Hash } from 'node:crypto';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/**
 * SHA-256 of the bytes as they are read, and further hashes on request. Large files are hashed in a thread of their own, from the very buffers that the
 * reader decodes: hashing takes as long as half the decoding, and there is a second core.
 */

/** Hashes that examiners may ask for beside SHA-256: older records of evidence bear them. They prove nothing by themselves. */
export type { FurtherHash };

/** Digests in lower-case hex. */
export type Digests = { sha256: string } & Partial<Record<FurtherHash, string>>;

/** Several hashes of the same bytes. */
export class HashSet {
  readonly #hashes: readonly (readonly [FurtherHash, Hash])[];
  readonly #sha256 = createHash('sha256');

  constructor(also: readonly FurtherHash[]) {
    this.#hashes = [...new Set(also)].map((name) => [name, createHash(name)] as const);
  }

  update(bytes: Uint8Array): void {
    this.#sha256.update(bytes);
    for (const [, hash] of this.#hashes) hash.update(bytes);
  }

  digest(): Digests {
    const digests: Digests = { sha256: this.#sha256.digest('hex') };
    for (const [name, hash] of this.#hashes) digests[name] = hash.digest('hex');
    return digests;
  }
}

/** States of a buffer that two threads share. */
export const SLOT_FREE = 0;
export const SLOT_FILLED = 1;
/** No buffer comes after the one before this. */
export const SLOT_LAST = 2;
/** The reader works on one buffer while the thread hashes another; the third takes up the difference. */
const SLOTS = 3;

/** A piece of 1 MiB takes milliseconds; a thread that says nothing for so long is dead. */
const ANSWER_WITHIN_MS = 60_000;

function deadError(): Error {
  return new Error('the hashing thread ended unexpectedly');
}

/**
 * What reader and hashing thread share. Buffers are filled and hashed in turn. The thread looks by itself whether the next is filled:
 * waking it for each, by message or signal, takes up to a millisecond of the reader's time (measured on a busy machine).
 */
export interface HashThreadMemory {
  buffers: SharedArrayBuffer[];
  /** Int32 a buffer: its state; then two a buffer: from where to where it is to be hashed. */
  slots: SharedArrayBuffer;
  also: readonly FurtherHash[];
}

export interface EvidenceHash {
  /** Buffers to read into, in turn. */
  readonly buffers: readonly Buffer[];
  /** Waits until a buffer may be written to again. */
  awaitFree(slot: number): void;
  /** Adds the bytes from `start` to `end` of the buffer whose turn it is. */
  add(slot: number, start: number, end: number): void;
  digest(): Promise<Digests>;
  /** Frees what a reading that failed leaves behind. */
  close(): void;
}

/** Hashes in the calling thread. */
export class InlineHash implements EvidenceHash {
  readonly buffers: readonly Buffer[];
  readonly #hash: HashSet;

  /** @param buffer to read into; the caller's again after `digest` or `close` */
  constructor(buffer: Buffer, also: readonly FurtherHash[]) {
    this.#hash = new HashSet(also);
    this.buffers = [buffer];
  }

  awaitFree(): void {
    // One buffer, hashed before `add` returns, is always free.
  }

  add(slot: number, start: number, end: number): void {
    this.#hash.update(this.buffers[slot].subarray(start, end));
  }

  async digest(): Promise<Digests> {
    return this.#hash.digest();
  }

  close(): void {
    // Nothing is held.
  }
}

/** Hashes in a thread of its own. */
export class ThreadHash implements EvidenceHash {
  readonly buffers: readonly Buffer[];
  readonly #slots = new Int32Array(new SharedArrayBuffer(SLOTS * 3 * Int32Array.BYTES_PER_ELEMENT));
  readonly #worker: Worker;
  /** Whose turn it is. */
  #next = 0;

  constructor(bufferBytes: number, also: readonly FurtherHash[]) {
    const shared = Array.from({ length: SLOTS }, () => new SharedArrayBuffer(bufferBytes));
    this.buffers = shared.map((buffer) => Buffer.from(buffer));
    const memory: HashThreadMemory = { buffers: shared, slots: this.#slots.buffer, also };
    this.#worker = new Worker(new URL('./hash-worker.ts', import.meta.url), { workerData: memory });
    // A failure shows at `digest`; without a listener it would end the process.
    this.#worker.on('error', () => undefined);
  }

  awaitFree(slot: number): void {
    if (Atomics.wait(this.#slots, slot, SLOT_FILLED, ANSWER_WITHIN_MS) === 'timed-out') throw deadError();
  }

  add(slot: number, start: number, end: number): void {
    this.#slots[SLOTS + slot * 2] = start;
    this.#slots[SLOTS + slot * 2 + 1] = end;
    Atomics.store(this.#slots, slot, SLOT_FILLED);
    this.#next = (slot + 1) % SLOTS;
  }

  async digest(): Promise<Digests> {
    this.awaitFree(this.#next);
    const answer = once(this.#worker, 'message', { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
    Atomics.store(this.#slots, this.#next, SLOT_LAST);
    try {
      const [digest] = (await answer) as [Digests];
      return digest;
    } catch {
      throw deadError();
    }
  }

  close(): void {
    void this.#worker.terminate();
  }
}
