import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync, type Stats, statSync } from 'node:fs';
import { EnclaveError } from '../../shared/problem.ts';
import type { ArchiveMember } from './archive-member.ts';
import { ByteQueue, type Pieces } from './byte-queue.ts';
import { type Container, containerOf } from './container-format.ts';
import { type EvidenceHash, type FurtherHash, InlineHash, ThreadHash } from './evidence-hash.ts';
import type { WindowReader } from './packet-sink.ts';
import { type ContentSink, Unpacker } from './unpacker.ts';
import type { RandomAccess } from './zip.ts';

/** Reading an evidence file once: its bytes are hashed as they pass, decompressed when need be, and shown to a reader. */

/** Small enough to stay in the processor's cache until it is hashed and decoded. */
const READ_BYTES = 1 << 20;
/** Room for what a reader leaves over and the next piece; larger than any record a reader accepts. */
const WINDOW_BYTES = 8 << 20;
const COMPRESSED_READ_BYTES = 1 << 18;
/** Files from this size on are hashed in a thread of their own, bytes. */
const HASH_THREAD_FROM = 32 << 20;
/** Bytes that are looked at to tell the format. */
export const HEAD_BYTES = 65_536;

/**
 * Windows of this thread that no reading uses. They are kept, since a fresh pair a file costs far more memory than the pair: after
 * the first that is freed, glibc takes blocks of this size from a thread's arena, which small ones between them keep from shrinking.
 */
const spareWindows: Buffer[] = [];
/** A reading takes one, and another one when it unpacks. */
const SPARE_WINDOWS = 2;

function takeWindow(): Buffer {
  return spareWindows.pop() ?? Buffer.allocUnsafeSlow(WINDOW_BYTES);
}

function giveBackWindow(window: Buffer): void {
  if (spareWindows.length < SPARE_WINDOWS) spareWindows.push(window);
}

export interface EvidenceReading {
  sha256: string;
  /** The further hashes that were asked for. */
  hashes: Partial<Record<FurtherHash, string>>;
  /** Bytes of the file as it lies on the disk. */
  bytes: number;
  /**
   * Format of the content with its containers: `pcap`, `pcap.gz`, `tar.gz(pcap)`, `zip(pcap,pcapng.gz)`; of an archive,
   * each format once in the order of the members. Null when nothing in the file is evidence.
   */
  format: string | null;
  /** The outermost container; null when there is none. */
  container: Container | null;
}

/** A reader for a content, and the name of the content's format. */
export interface Content {
  readonly format: string;
  readonly reader: WindowReader;
}

/** A content that tells at its end where everything in it is, and so is read at places of its choosing. */
export interface RandomContent {
  readonly format: string;
  /**
   * Reads it all; `progress` is told how many bytes are done with.
   *
   * @returns false when nothing in it is evidence
   */
  read(file: RandomAccess, progress: (bytes: number) => void): boolean;
}

export interface EvidenceReader {
  /** Chooses from its first bytes a file that wants random access, before `choose` is asked; in containers there is none. */
  chooseRandom?(head: Uint8Array): RandomContent | null;
  /**
   * Chooses the reader of a content from its first bytes (decompressed, up to 64 KiB, fewer only when it is shorter): of
   * the file, or of each member of an archive in turn. The reader of the member before is done then.
   */
  choose(head: Uint8Array, member: ArchiveMember | null): Content | null;
  problem(kind: string, offset: number, message: string): void;
  /** Called after each piece with the bytes read so far; throws to stop. */
  progress(bytes: number): void;
}

export interface ReadingOptions {
  /** Hashes to be made in the same pass beside SHA-256. */
  alsoHash?: readonly FurtherHash[];
}

/** The window of decompressed bytes that slides over the evidence, through one buffer or several in turn. */
class Window {
  readonly #buffers: readonly Buffer[];
  readonly #awaitFree: (slot: number) => void;
  readonly #choose: (head: Uint8Array) => Content | null;
  #slot = 0;
  #end = 0;
  #base = 0;
  #reader: WindowReader | null = null;
  /** Format of the content; null when it is not chosen yet, or is no evidence. */
  format: string | null = null;
  #chosen = false;

  constructor(
    buffers: readonly Buffer[],
    awaitFree: (slot: number) => void,
    choose: (head: Uint8Array) => Content | null,
  ) {
    this.#buffers = buffers;
    this.#awaitFree = awaitFree;
    this.#choose = choose;
  }

  /** No reader takes the content. */
  get isUnwanted(): boolean {
    return this.#chosen && this.#reader === null;
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
      const content = this.#end === 0 ? null : this.#choose(bytes.subarray(0, Math.min(this.#end, HEAD_BYTES)));
      this.#reader = content?.reader ?? null;
      this.format = content?.format ?? null;
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

/** Whether a file that was opened at the path still lies there. */
function isAtPath(opened: Stats, path: string): boolean {
  try {
    const { ino, dev } = statSync(path);
    return ino === opened.ino && dev === opened.dev;
  } catch {
    return false;
  }
}

/** @param at bytes read so far, for the message; the file's own position moves on, unless a `position` is given */
function readPiece(fd: number, into: Uint8Array, path: string, at: number, position: number | null = null): number {
  try {
    return readSync(fd, into, 0, into.length, position);
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

/** A file that is read at places of its choosing, in pieces no longer than the buffer, good until the next call. */
function randomAccess(fd: number, path: string, size: number, buffer: Buffer): RandomAccess {
  return {
    size,
    read(position, length) {
      if (position >= size) return buffer.subarray(0, 0);
      const wanted = buffer.subarray(0, Math.min(length, size - position));
      return buffer.subarray(0, readPiece(fd, wanted, path, position, position));
    },
  };
}

/**
 * Looks into a file before it is evidence: nothing is hashed, and only what `look` asks for is read.
 *
 * @throws EnclaveError `evidence-unreadable`, and whatever `look` throws
 */
export function lookInto<Result>(path: string, look: (file: RandomAccess) => Result): Result {
  const fd = openEvidence(path);
  const buffer = takeWindow();
  try {
    return look(randomAccess(fd, path, fstatSync(fd).size, buffer));
  } finally {
    giveBackWindow(buffer);
    closeSync(fd);
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
 * Reads the whole file in one pass (a zip archive in two: one for its hash, one by random access).
 *
 * @throws EnclaveError `evidence-unreadable` when the file cannot be opened or read, and whatever `progress` throws
 */
export async function readEvidence(
  path: string,
  reader: EvidenceReader,
  { alsoHash = [] }: ReadingOptions = {},
): Promise<EvidenceReading> {
  const fd = openEvidence(path);
  const buffer = takeWindow();
  let hash: EvidenceHash | null = null;
  try {
    const before = fstatSync(fd);
    const head = Buffer.alloc(HEAD_BYTES);
    const beginning = head.subarray(0, readPiece(fd, head, path, 0, 0));
    const container = containerOf(beginning);
    const random = container === null ? (reader.chooseRandom?.(beginning) ?? null) : null;
    hash =
      container === null && random === null && before.size >= HASH_THREAD_FROM
        ? new ThreadHash(WINDOW_BYTES, alsoHash)
        : new InlineHash(buffer, alsoHash);
    const read = container === null ? readPlain : container === 'zip' ? readZip : readStream;
    const total = random === null ? await read(fd, path, hash, reader) : readRandom(random, fd, path, hash, reader);
    const after = fstatSync(fd);
    const how =
      after.size !== before.size || after.mtimeMs !== before.mtimeMs
        ? 'the file changed'
        : isAtPath(before, path)
          ? null
          : 'the file was moved, deleted, or replaced by another';
    if (how !== null) {
      const message = `${how} while it was read; the hash is of the bytes that were read`;
      reader.problem('changed-while-read', total.bytes, message);
    }
    const { sha256, ...hashes } = await hash.digest();
    return { sha256, hashes, container, ...total };
  } catch (error) {
    hash?.close();
    throw error;
  } finally {
    giveBackWindow(buffer);
    closeSync(fd);
  }
}

interface Total {
  bytes: number;
  format: string | null;
}

/** A file that is what it is: from the buffers that are read into straight to the reader. */
async function readPlain(fd: number, path: string, hash: EvidenceHash, reader: EvidenceReader): Promise<Total> {
  let total = 0;
  const window = new Window(
    hash.buffers,
    (slot) => hash.awaitFree(slot),
    (head) => reader.choose(head, null),
  );
  for (let got = 1; got > 0;) {
    const { slot, end } = window;
    got = readPiece(fd, window.space, path, total);
    total += got;
    reader.progress(total);
    if (got > 0) hash.add(slot, end, end + got);
    window.advance(got, got === 0);
  }
  return { bytes: total, format: window.format };
}

/** A compressed file or an archive that is read as a stream. */
async function readStream(fd: number, path: string, hash: EvidenceHash, reader: EvidenceReader): Promise<Total> {
  let total = 0;
  const [buffer] = hash.buffers;
  async function* pieces(): Pieces {
    for (let got = 1; got > 0;) {
      got = readPiece(fd, buffer.subarray(0, COMPRESSED_READ_BYTES), path, total);
      total += got;
      reader.progress(total);
      hash.add(0, 0, got);
      if (got > 0) yield buffer.subarray(0, got);
    }
  }
  const contents = new ContentWindows(reader);
  try {
    const unpacker = new Unpacker(contents, reader, () => total);
    const format = await unpacker.unpack(new ByteQueue(pieces()), null);
    // What nobody wanted is hashed all the same.
    for await (const _rest of pieces());
    return { bytes: total, format };
  } finally {
    contents.end();
  }
}

/**
 * Hashes a file whose content is read by random access afterwards. Progress counts the file once: half for this pass, half
 * for the other.
 */
function hashFirst(fd: number, path: string, hash: EvidenceHash, reader: EvidenceReader): RandomAccess {
  const [buffer] = hash.buffers;
  let size = 0;
  for (let got = 1; got > 0;) {
    got = readPiece(fd, buffer.subarray(0, READ_BYTES), path, size);
    hash.add(0, 0, got);
    size += got;
    reader.progress(Math.floor(size / 2));
  }
  return randomAccess(fd, path, size, buffer);
}

/** A zip archive: its members are read in the order of its directory. */
async function readZip(fd: number, path: string, hash: EvidenceHash, reader: EvidenceReader): Promise<Total> {
  const file = hashFirst(fd, path, hash, reader);
  const { size } = file;
  let taken = 0;
  const contents = new ContentWindows(reader);
  try {
    const unpacker = new Unpacker(contents, reader, () => Math.min(taken, size));
    const format = await unpacker.zip(file, (bytes) => {
      taken += bytes;
      reader.progress(Math.floor((size + Math.min(taken, size)) / 2));
    });
    return { bytes: size, format };
  } finally {
    contents.end();
  }
}

/** A file that itself tells at its end where everything is. */
function readRandom(
  content: RandomContent,
  fd: number,
  path: string,
  hash: EvidenceHash,
  reader: EvidenceReader,
): Total {
  const file = hashFirst(fd, path, hash, reader);
  const isEvidence = content.read(file, (bytes) => reader.progress(Math.floor((file.size + bytes) / 2)));
  return { bytes: file.size, format: isEvidence ? content.format : null };
}

/** Contents out of containers, one after another through the same buffer. */
class ContentWindows implements ContentSink {
  readonly #buffer = takeWindow();
  readonly #reader: EvidenceReader;

  constructor(reader: EvidenceReader) {
    this.#reader = reader;
  }

  /** Frees the buffer; nothing is taken after it. */
  end(): void {
    giveBackWindow(this.#buffer);
  }

  async content(pieces: Pieces, member: ArchiveMember | null, fault: (error: unknown) => void): Promise<string | null> {
    const window = new Window(
      [this.#buffer],
      () => undefined,
      (head) => this.#reader.choose(head, member),
    );
    // Errors of the reader itself are thrown on; only those of the source leave what came before.
    const source = pieces[Symbol.asyncIterator]();
    for (;;) {
      let next: IteratorResult<Uint8Array>;
      try {
        next = await source.next();
      } catch (error) {
        fault(error);
        break;
      }
      if (next.done === true) break;
      window.add(next.value);
      if (window.isUnwanted) {
        await source.return?.();
        return null;
      }
    }
    window.advance(0, true);
    return window.format;
  }
}
