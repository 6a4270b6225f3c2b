import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';
import type { FlowTimeouts } from '../flows/flow-table.ts';
import type { EvidenceSink } from '../flows/flow-sink.ts';
import type { FilledSegment } from '../flows/segment-builder.ts';
import type { Problem } from '../../shared/problem.ts';
import { type DatagramReader, emptyDatagram, ExportCollectors, type ExportDatagram } from './export-datagrams.ts';
import { FEW_OBJECTS } from './thread-ahead.ts';

/**
 * Flow exports among the packets of a large capture are read in a thread of their own, behind the decoder. Datagrams go there by the
 * megabyte; what came of a batch is taken when its memory is wanted again, so that the order of segments depends on the file alone.
 */

/** Bytes of a batch; more than one datagram has. */
const BATCH_BYTES = 1 << 20;
/** One is filled while others are read: the thread needs a while to begin. */
const BATCHES = 4;

/** Instead of the bytes of a batch: it is done with; there is none, and the file ends. */
export const DONE = 0;
export const END = -1;

/** A datagram in a batch: uint32 bytes of its payload, 1 for NetFlow, exporter's port, 0; its address; float64 time and packet; the payload. */
const HEADER_BYTES = 48;
const ALIGNMENT = 8;

/** A batch takes no longer. */
const ANSWER_WITHIN_MS = 600_000;

export interface ExportThreadOptions {
  timeouts: FlowTimeouts;
  /** Microseconds added to every time. */
  clockOffsetUs: number;
}

/** What the thread is started with. */
export interface ExportMemory extends ExportThreadOptions {
  batches: SharedArrayBuffer[];
  /** Int32 a batch: its bytes, DONE, END. */
  lengths: SharedArrayBuffer;
  /** Takes one ExportReply a batch, and one for END. */
  port: MessagePort;
}

export interface ExportReply {
  segments: readonly FilledSegment[];
  /** Those of the batch. */
  problems: readonly Problem[];
  /** As of all batches so far. */
  records: number;
  firstSeen: number;
  lastSeen: number;
  flows: number;
  cutNames: number;
  /** Why the thread reads no further; null as long as it does. */
  failure: string | null;
}

interface Batch {
  readonly bytes: Uint8Array;
  readonly words: Uint32Array;
  readonly floats: Float64Array;
}

export function viewsOf(memory: SharedArrayBuffer): Batch {
  return { bytes: new Uint8Array(memory), words: new Uint32Array(memory), floats: new Float64Array(memory) };
}

/** Hands each datagram of a batch to a reader. */
export function readBatch({ bytes, words, floats }: Batch, length: number, reader: DatagramReader): void {
  const datagram = emptyDatagram();
  datagram.bytes = bytes;
  for (let at = 0; at < length; at = aligned(datagram.to)) {
    const word = at / 4;
    datagram.from = at + HEADER_BYTES;
    datagram.to = datagram.from + words[word];
    datagram.isNetflow = words[word + 1] === 1;
    datagram.exporterPort = words[word + 2];
    for (let i = 0; i < 4; i++) datagram.exporter[i] = words[word + 4 + i];
    datagram.receivedAt = floats[at / 8 + 4];
    datagram.packet = floats[at / 8 + 5];
    reader.datagram(datagram);
  }
}

function aligned(at: number): number {
  return Math.ceil(at / ALIGNMENT) * ALIGNMENT;
}

/** For one capture: `datagram` for each, then `end`; or `close` at any time. */
export class ExportThread implements DatagramReader {
  readonly #memory: ExportMemory;
  readonly #batches: readonly Batch[];
  readonly #lengths: Int32Array;
  readonly #replies: MessagePort;
  readonly #onSegment: (segment: FilledSegment) => void;
  readonly #sink: EvidenceSink;
  #worker: Worker | null = null;
  /** The batch that is being filled, up to where, and how many before it of which nothing was taken yet. */
  #batch = 0;
  #used = 0;
  #waiting = 0;
  records = 0;
  firstSeen = Infinity;
  lastSeen = -Infinity;
  /** In the segments of the thread. */
  flows = 0;
  /** Texts cut at their limit. */
  cutNames = 0;

  /** @param sink gets problems, and the flows of a capture with few exports */
  constructor(options: ExportThreadOptions, onSegment: (segment: FilledSegment) => void, sink: EvidenceSink) {
    const batches = Array.from({ length: BATCHES }, () => new SharedArrayBuffer(BATCH_BYTES));
    const lengths = new SharedArrayBuffer(BATCHES * Int32Array.BYTES_PER_ELEMENT);
    const { port1, port2 } = new MessageChannel();
    this.#memory = { ...options, batches, lengths, port: port2 };
    this.#batches = batches.map(viewsOf);
    this.#lengths = new Int32Array(lengths);
    this.#replies = port1;
    this.#onSegment = onSegment;
    this.#sink = sink;
  }

  datagram({ isNetflow, bytes, from, to, exporter, exporterPort, receivedAt, packet }: ExportDatagram): void {
    const size = to - from;
    if (aligned(this.#used + HEADER_BYTES + size) > BATCH_BYTES) this.#hand(this.#used);
    const batch = this.#batches[this.#batch];
    const at = this.#used;
    const word = at / 4;
    batch.words[word] = size;
    batch.words[word + 1] = isNetflow ? 1 : 0;
    batch.words[word + 2] = exporterPort;
    for (let i = 0; i < 4; i++) batch.words[word + 4 + i] = exporter[i];
    batch.floats[at / 8 + 4] = receivedAt;
    batch.floats[at / 8 + 5] = packet;
    batch.bytes.set(bytes.subarray(from, to), at + HEADER_BYTES);
    this.#used = aligned(at + HEADER_BYTES + size);
  }

  /** Reads what is left; here, where it is all there is. @throws Error when the thread failed */
  end(): void {
    if (this.#worker === null) {
      const here = new ExportCollectors(this.#sink);
      readBatch(this.#batches[this.#batch], this.#used, here);
      here.end();
      ({ records: this.records, firstSeen: this.firstSeen, lastSeen: this.lastSeen } = here);
    } else {
      if (this.#used > 0) this.#hand(this.#used);
      this.#hand(END);
      while (this.#waiting > 0) this.#take();
    }
    this.close();
  }

  /** Ends the thread, whatever it is at. */
  close(): void {
    void this.#worker?.terminate();
    this.#worker = null;
    this.#replies.close();
  }

  /** Has the batch read, and waits until the next can be filled. */
  #hand(length: number): void {
    if (this.#worker === null) this.#start();
    Atomics.store(this.#lengths, this.#batch, length);
    Atomics.notify(this.#lengths, this.#batch);
    this.#batch = (this.#batch + 1) % BATCHES;
    this.#used = 0;
    if (++this.#waiting === BATCHES) this.#take();
  }

  #start(): void {
    const { port } = this.#memory;
    this.#worker = new Worker(new URL('./export-worker.ts', import.meta.url), {
      workerData: this.#memory,
      transferList: [port],
      resourceLimits: FEW_OBJECTS,
    });
    // A failure shows at `take`; without a listener it would end the process.
    this.#worker.on('error', () => undefined).unref();
  }

  /** Waits for the first batch of which nothing was taken yet, and takes what came of it. */
  #take(): void {
    const first = (this.#batch + BATCHES - this.#waiting) % BATCHES;
    this.#waiting--;
    const length = Atomics.load(this.#lengths, first);
    if (length !== DONE) Atomics.wait(this.#lengths, first, length, ANSWER_WITHIN_MS);
    const reply = receiveMessageOnPort(this.#replies)?.message as ExportReply | undefined;
    const failure = reply === undefined ? 'it ended unexpectedly' : reply.failure;
    if (reply === undefined || failure !== null)
      throw new Error(`the thread that reads flow exports failed: ${failure}`);
    this.records = reply.records;
    this.firstSeen = reply.firstSeen;
    this.lastSeen = reply.lastSeen;
    this.flows = reply.flows;
    this.cutNames = reply.cutNames;
    for (const { kind, firstOffset, message, count } of reply.problems) {
      this.#sink.problem(kind, firstOffset, message, count);
    }
    for (const segment of reply.segments) this.#onSegment(segment);
  }
}
