import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync, type Stats, statSync } from 'node:fs';
import { EnclaveError } from '../../shared/problem.ts';
import type { ArchiveMember } from './archive-member.ts';
import { ByteQueue, type Pieces } from './byte-queue.ts';
import { type Container, containerOf } from './container-format.ts';
import { type Digests, type FurtherHash, HashSet } from './evidence-hash.ts';
import type { WindowReader } from './packet-sink.ts';
import { FAILED, HEADROOM, PIECE_BYTES, ReadingThread } from './reading-thread.ts';
import { type ContentSink, Unpacker } from './unpacker.ts';
import type { RandomAccess } from './zip.ts';

/** Reading an evidence file once: its bytes are hashed as they pass, decompressed when need be, and shown to a reader. */

/** Files from this size on are read and hashed in a thread of their own, bytes. */
const READ_AHEAD_FROM = 32 << 20;
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
  return spareWindows.pop() ?? Buffer.allocUnsafeSlow(HEADROOM + PIECE_BYTES);
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

/** The window of decompressed bytes that slides over the evidence: a piece, and before it what the reader has left over. */
class Window {
  readonly #choose: (head: Uint8Array) => Content | null;
  /** Bytes that the reader left over; they lie right before HEADROOM of the buffer in use. */
  #left = 0;
  #base = 0;
  #reader: WindowReader | null = null;
  /** Format of the content; null when it is not chosen yet, or is no evidence. */
  format: string | null = null;
  #chosen = false;

  constructor(choose: (head: Uint8Array) => Content | null) {
    this.#choose = choose;
  }

  /** No reader takes the content. */
  get isUnwanted(): boolean {
    return this.#chosen && this.#reader === null;
  }

  /**
   * Shows a piece to the reader.
   *
   * @param buffer holds the piece, `length` bytes from HEADROOM on
   * @param following the buffer of the piece after it: what is left over goes there
   */
  advance(buffer: Buffer, length: number, final: boolean, following = buffer): void {
    const bytes = buffer.subarray(HEADROOM - this.#left, HEADROOM + length);
    const end = bytes.length;
    let done = 0;
    if (!this.#chosen && (end >= HEAD_BYTES || final)) {
      this.#chosen = true;
      const content = end === 0 ? null : this.#choose(bytes.subarray(0, HEAD_BYTES));
      this.#reader = content?.reader ?? null;
      this.format = content?.format ?? null;
    }
    if (this.#chosen) done = this.#reader ? this.#reader.consume(bytes, end, this.#base, final) : end;
    this.#left = end - done;
    this.#base += done;
    if (this.#left > HEADROOM) throw new Error(`a reader of ${this.format} left over ${this.#left} bytes`);
    bytes.copy(following, HEADROOM - this.#left, done);
  }
}

/** The pieces of a file in turn, hashed as they are read. */
interface EvidencePieces {
  /** Holds the piece that was read last, from HEADROOM on. */
  readonly buffer: Buffer;
  /** That of the piece after it, in whose headroom may be written already. */
  readonly following: Buffer;
  /** Reads the next piece; gives its bytes, 0 behind the last one and ever after. */
  next(): number;
  /** Digests of all pieces, once there are no more. */
  digest(): Promise<Digests>;
  /** Frees what a reading that failed leaves behind. */
  close(): void;
}

/** Pieces that are read and hashed when they are asked for, through one buffer. */
class PiecesHere implements EvidencePieces {
  readonly buffer: Buffer;
  readonly #fd: number;
  readonly #path: string;
  readonly #hashes: HashSet;
  #total = 0;

  /** @param buffer the caller's again when all is read */
  constructor(fd: number, path: string, buffer: Buffer, also: readonly FurtherHash[]) {
    this.#fd = fd;
    this.#path = path;
    this.buffer = buffer;
    this.#hashes = new HashSet(also);
  }

  get following(): Buffer {
    return this.buffer;
  }

  next(): number {
    const piece = this.buffer.subarray(HEADROOM);
    const got = readPiece(this.#fd, piece, this.#path, this.#total);
    this.#hashes.update(piece.subarray(0, got));
    this.#total += got;
    return got;
  }

  async digest(): Promise<Digests> {
    return this.#hashes.digest();
  }

  close(): void {
    // Nothing is held.
  }
}

/** Reading threads of this thread that read nothing now. */
const spareThreads: ReadingThread[] = [];

/** Starts the thread that will read the next large file, so that it loads its code while the caller loads its own. */
export function startReadingAhead(): void {
  spareThreads.push(new ReadingThread());
}

/** Whether a file is so large that the reading thread will read it; not when it cannot be looked at. */
export function isReadAhead(path: string): boolean {
  try {
    return statSync(path).size >= READ_AHEAD_FROM;
  } catch {
    return false;
  }
}

/** Pieces that the reading thread reads ahead. */
class PiecesAhead implements EvidencePieces {
  readonly #thread = spareThreads.pop() ?? new ReadingThread();
  readonly #fd: number;
  readonly #path: string;
  #total = 0;
  #isOver = false;

  constructor(fd: number, path: string, also: readonly FurtherHash[]) {
    this.#fd = fd;
    this.#path = path;
    this.#thread.begin({ fd, also });
  }

  get buffer(): Buffer {
    return this.#thread.buffer;
  }

  get following(): Buffer {
    return this.#thread.following;
  }

  next(): number {
    if (this.#isOver) return 0;
    const got = this.#thread.take();
    this.#isOver = got <= 0;
    if (got === FAILED) {
      // Tells why, if it is so here too.
      readPiece(this.#fd, Buffer.alloc(1), this.#path, this.#total, this.#total);
      throw unreadFurther('for a moment', this.#path, this.#total);
    }
    this.#total += got;
    return got;
  }

  async digest(): Promise<Digests> {
    const digests = await this.#thread.digest();
    spareThreads.push(this.#thread);
    return digests;
  }

  close(): void {
    this.#thread.end();
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
    throw unreadFurther(error instanceof Error ? error.message : String(error), path, at);
  }
}

function unreadFurther(why: string, path: string, at: number): EnclaveError {
  const message = `the file cannot be read further (${why})`;
  return new EnclaveError('evidence-unreadable', message, `${path}, byte ${at}`, 'check the medium');
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
    const piece = Buffer.allocUnsafeSlow(PIECE_BYTES);
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
  let pieces: EvidencePieces | null = null;
  try {
    const before = fstatSync(fd);
    const head = Buffer.alloc(HEAD_BYTES);
    const beginning = head.subarray(0, readPiece(fd, head, path, 0, 0));
    const container = containerOf(beginning);
    const random = container === null ? (reader.chooseRandom?.(beginning) ?? null) : null;
    pieces =
      before.size >= READ_AHEAD_FROM ? new PiecesAhead(fd, path, alsoHash) : new PiecesHere(fd, path, buffer, alsoHash);
    const atPlaces = (size: number): RandomAccess => randomAccess(fd, path, size, buffer);
    const total =
      random !== null
        ? readRandom(random, pieces, atPlaces, reader)
        : container === null
          ? readPlain(pieces, reader)
          : container === 'zip'
            ? await readZip(pieces, atPlaces, reader)
            : await readStream(pieces, reader);
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
    const { sha256, ...hashes } = await pieces.digest();
    return { sha256, hashes, container, ...total };
  } catch (error) {
    pieces?.close();
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
function readPlain(pieces: EvidencePieces, reader: EvidenceReader): Total {
  let total = 0;
  const window = new Window((head) => reader.choose(head, null));
  for (let got = 1; got > 0;) {
    got = pieces.next();
    total += got;
    reader.progress(total);
    window.advance(pieces.buffer, got, got === 0, pieces.following);
  }
  return { bytes: total, format: window.format };
}

/** A compressed file or an archive that is read as a stream. */
async function readStream(pieces: EvidencePieces, reader: EvidenceReader): Promise<Total> {
  let total = 0;
  async function* packed(): Pieces {
    for (let got = 1; got > 0;) {
      got = pieces.next();
      total += got;
      reader.progress(total);
      if (got > 0) yield pieces.buffer.subarray(HEADROOM, HEADROOM + got);
    }
  }
  const contents = new ContentWindows(reader);
  try {
    const unpacker = new Unpacker(contents, reader, () => total);
    const format = await unpacker.unpack(new ByteQueue(packed()), null);
    // What nobody wanted is hashed all the same.
    for await (const _rest of packed());
    return { bytes: total, format };
  } finally {
    contents.end();
  }
}

/**
 * Hashes a file whose content is read by random access afterwards; gives its size. Progress counts the file once: half for this
 * pass, half for the other.
 */
function hashFirst(pieces: EvidencePieces, reader: EvidenceReader): number {
  let size = 0;
  for (let got = 1; got > 0;) {
    got = pieces.next();
    size += got;
    reader.progress(Math.floor(size / 2));
  }
  return size;
}

/** A zip archive: its members are read in the order of its directory. */
async function readZip(
  pieces: EvidencePieces,
  atPlaces: (size: number) => RandomAccess,
  reader: EvidenceReader,
): Promise<Total> {
  const size = hashFirst(pieces, reader);
  let taken = 0;
  const contents = new ContentWindows(reader);
  try {
    const unpacker = new Unpacker(contents, reader, () => Math.min(taken, size));
    const format = await unpacker.zip(atPlaces(size), (bytes) => {
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
  pieces: EvidencePieces,
  atPlaces: (size: number) => RandomAccess,
  reader: EvidenceReader,
): Total {
  const size = hashFirst(pieces, reader);
  const isEvidence = content.read(atPlaces(size), (bytes) => reader.progress(Math.floor((size + bytes) / 2)));
  return { bytes: size, format: isEvidence ? content.format : null };
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
    const window = new Window((head) => this.#reader.choose(head, member));
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
      for (let at = 0; at < next.value.length; at += PIECE_BYTES) {
        const piece = next.value.subarray(at, at + PIECE_BYTES);
        this.#buffer.set(piece, HEADROOM);
        window.advance(this.#buffer, piece.length, false);
      }
      if (window.isUnwanted) {
        await source.return?.();
        return null;
      }
    }
    window.advance(this.#buffer, 0, true);
    return window.format;
  }
}
