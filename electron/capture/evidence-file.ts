import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { once } from 'node:events';
import { createGunzip, createZstdDecompress, type Gunzip, type ZstdDecompress } from 'node:zlib';
import { EnclaveError } from '../../shared/problem.ts';
import { type EvidenceHash, InlineHash, ThreadHash } from './evidence-hash.ts';
import type { WindowReader } from './packet-sink.ts';

/** Reading an evidence file once: its bytes are hashed as they pass, decompressed when need be, and shown to a reader. */

const READ_BYTES = 4 << 20;
/** Room for what a reader leaves over and the next piece; larger than any record a reader accepts. */
const WINDOW_BYTES = 8 << 20;
const COMPRESSED_READ_BYTES = 1 << 18;
/** Files from this size on are hashed in a thread of their own, bytes. */
const HASH_THREAD_FROM = 32 << 20;
/** Bytes that are looked at to tell the format. */
export const HEAD_BYTES = 65_536;

export type Compression = 'none' | 'gz' | 'zst';

/** Compression by magic number (RFC 1952, RFC 8878; zstd's skippable frames included). */
export function compressionOf(head: Uint8Array): Compression {
  if (head[0] === 0x1f && head[1] === 0x8b) return 'gz';
  if (head[0] === 0x28 && head[1] === 0xb5 && head[2] === 0x2f && head[3] === 0xfd) return 'zst';
  if (head[0] >>> 4 === 5 && head[1] === 0x2a && head[2] === 0x4d && head[3] === 0x18) return 'zst';
  return 'none';
}

export interface EvidenceReading {
  sha256: string;
  /** Bytes of the file as it lies on the disk. */
  bytes: number;
  compression: Compression;
  /** False when no reader wanted the content. */
  recognised: boolean;
}

export interface EvidenceReader {
  /** Chooses the reader from the first bytes (decompressed, up to 64 KiB, fewer only when the file is shorter). */
  choose(head: Uint8Array): WindowReader | null;
  problem(kind: string, offset: number, message: string): void;
  /** Called after each piece with the bytes read so far; throws to stop. */
  progress(bytes: number): void;
}

/** The window of decompressed bytes that slides over the evidence, through one buffer or several in turn. */
class Window {
  readonly #buffers: readonly Buffer[];
  readonly #awaitFree: (slot: number) => void;
  readonly #choose: (head: Uint8Array) => WindowReader | null;
  #slot = 0;
  #end = 0;
  #base = 0;
  #reader: WindowReader | null = null;
  #chosen = false;

  constructor(
    buffers: readonly Buffer[],
    awaitFree: (slot: number) => void,
    choose: (head: Uint8Array) => WindowReader | null,
  ) {
    this.#buffers = buffers;
    this.#awaitFree = awaitFree;
    this.#choose = choose;
  }

  get recognised(): boolean {
    return this.#reader !== null;
  }

  /** The buffer in use, and where in it the next bytes go. */
  get slot(): number {
    return this.#slot;
  }

  get end(): number {
    return this.#end;
  }

  /** Space behind what is there, to read into. */
  get space(): Buffer {
    return this.#buffers[this.#slot].subarray(this.#end, Math.min(this.#end + READ_BYTES, WINDOW_BYTES));
  }

  /** Takes `length` bytes that were put into `space`. */
  advance(length: number, final: boolean): void {
    const bytes = this.#buffers[this.#slot];
    this.#end += length;
    let done = 0;
    if (!this.#chosen && (this.#end >= HEAD_BYTES || final)) {
      this.#chosen = true;
      this.#reader = this.#end === 0 ? null : this.#choose(bytes.subarray(0, Math.min(this.#end, HEAD_BYTES)));
    }
    if (this.#chosen) done = this.#reader ? this.#reader.consume(bytes, this.#end, this.#base, final) : this.#end;
    const next = (this.#slot + 1) % this.#buffers.length;
    this.#awaitFree(next);
    bytes.copy(this.#buffers[next], 0, done, this.#end);
    this.#slot = next;
    this.#end -= done;
    this.#base += done;
  }

  add(piece: Uint8Array): void {
    for (let at = 0; at < piece.length;) {
      const { space } = this;
      const step = Math.min(space.length, piece.length - at);
      space.set(piece.subarray(at, at + step));
      at += step;
      this.advance(step, false);
    }
  }
}

/** Opens a file for reading only; what hinders it is told with a remedy. */
function openEvidence(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    const why = code === 'ENOENT' ? 'there is no such file' : code === 'EACCES' ? 'the file may not be read' : code;
    const remedy = code === 'ENOENT' ? 'check the path' : 'check its permissions';
    throw new EnclaveError('evidence-unreadable', why, path, remedy);
  }
}

/** @param at bytes read so far, for the message; the file's own position moves on, unless `fromStart` */
function readPiece(fd: number, into: Uint8Array, path: string, at: number, fromStart = false): number {
  try {
    return readSync(fd, into, 0, into.length, fromStart ? 0 : null);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new EnclaveError(
      'evidence-unreadable',
      `the file cannot be read further (${why})`,
      `${path}, byte ${at}`,
      'check the medium',
    );
  }
}

/** SHA-256 of a file, without reading it as evidence. */
export function hashFile(path: string, progress: (bytes: number) => void): string {
  const fd = openEvidence(path);
  try {
    const hash = createHash('sha256');
    const piece = Buffer.allocUnsafeSlow(READ_BYTES);
    for (let total = 0; ;) {
      const got = readPiece(fd, piece, path, total);
      if (got === 0) return hash.digest('hex');
      hash.update(piece.subarray(0, got));
      total += got;
      progress(total);
    }
  } finally {
    closeSync(fd);
  }
}

/**
 * Reads the whole file in one pass.
 *
 * @throws EnclaveError `evidence-unreadable` when the file cannot be opened or read, and whatever `progress` throws
 */
export async function readEvidence(path: string, reader: EvidenceReader): Promise<EvidenceReading> {
  const fd = openEvidence(path);
  let hash: EvidenceHash | null = null;
  try {
    const before = fstatSync(fd);
    const head = Buffer.alloc(4);
    readPiece(fd, head, path, 0, true);
    const compression = compressionOf(head);
    hash =
      compression === 'none' && before.size >= HASH_THREAD_FROM
        ? new ThreadHash(WINDOW_BYTES)
        : new InlineHash(WINDOW_BYTES);
    const total = await readThrough(fd, path, compression, hash, reader);
    const after = fstatSync(fd);
    if (after.size !== before.size || after.mtimeMs !== before.mtimeMs) {
      reader.problem(
        'changed-while-read',
        total.bytes,
        'the file changed while it was read; the hash is of the bytes that were read',
      );
    }
    return { sha256: await hash.digest(), compression, ...total };
  } catch (error) {
    hash?.close();
    throw error;
  } finally {
    closeSync(fd);
  }
}

async function readThrough(
  fd: number,
  path: string,
  compression: Compression,
  hash: EvidenceHash,
  reader: EvidenceReader,
): Promise<{ bytes: number; recognised: boolean }> {
  let total = 0;
  const count = (got: number): number => {
    total += got;
    reader.progress(total);
    return got;
  };
  if (compression === 'none') {
    const window = new Window(
      hash.buffers,
      (slot) => hash.awaitFree(slot),
      (head) => reader.choose(head),
    );
    for (let got = 1; got > 0;) {
      const { slot, end } = window;
      got = count(readPiece(fd, window.space, path, total));
      if (got > 0) hash.add(slot, end, end + got);
      window.advance(got, got === 0);
    }
    return { bytes: total, recognised: window.recognised };
  }
  const window = new Window(
    [Buffer.allocUnsafeSlow(WINDOW_BYTES)],
    () => undefined,
    (head) => reader.choose(head),
  );
  const [compressed] = hash.buffers;
  const next = (): Uint8Array => {
    const got = count(readPiece(fd, compressed.subarray(0, COMPRESSED_READ_BYTES), path, total));
    hash.add(0, 0, got);
    return compressed.subarray(0, got);
  };
  const stream =
    compression === 'gz' ? createGunzip({ chunkSize: 1 << 20 }) : createZstdDecompress({ chunkSize: 1 << 20 });
  await decompress(stream, next, window, (why) => {
    reader.problem('damaged-compression', total, `the compressed stream breaks off: ${why}`);
  });
  return { bytes: total, recognised: window.recognised };
}

/** Pushes the file through a decompressor; what came out before a fault is kept. */
async function decompress(
  stream: Gunzip | ZstdDecompress,
  next: () => Uint8Array,
  window: Window,
  broken: (why: string) => void,
): Promise<void> {
  const stopped: { byStream: Error | null; byReader: unknown } = { byStream: null, byReader: null };
  const isStopped = (): boolean => stopped.byStream !== null || stopped.byReader !== null;
  stream.on('data', (piece: Buffer) => {
    if (stopped.byReader !== null) return;
    try {
      window.add(piece);
    } catch (error) {
      stopped.byReader = error;
    }
  });
  stream.on('error', (error) => {
    stopped.byStream = error;
  });
  const closed = once(stream, 'close').catch(() => undefined);
  for (let piece = next(); piece.length > 0 && !isStopped(); piece = next()) {
    // The stream keeps what is written until it is used, and the piece's buffer is used again.
    if (!stream.write(Buffer.from(piece))) {
      await Promise.race([once(stream, 'drain').catch(() => undefined), closed]);
    }
  }
  if (!isStopped()) stream.end();
  else stream.destroy();
  await closed;
  if (stopped.byReader !== null) throw stopped.byReader;
  if (stopped.byStream !== null) {
    broken(stopped.byStream.message);
    // The rest is hashed all the same.
    while (next().length > 0);
  }
  window.advance(0, true);
}
