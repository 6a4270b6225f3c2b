import { once } from 'node:events';
import { crc32, createInflateRaw, createZstdDecompress, type InflateRaw, type ZstdDecompress } from 'node:zlib';
import type { ByteQueue } from './byte-queue.ts';
import { ContainerFault } from './container-fault.ts';

/**
 * gzip (RFC 1952), raw deflate (RFC 1951) and Zstandard (RFC 8878) by Node's zlib. Members and frames are taken one by
 * one, since Node's own streams stop behind the first frame of Zstandard, and lose output when something else follows gzip.
 */

/** Output of one step; what is lost before a fault is less than this, bytes. */
const CHUNK_BYTES = 1 << 17;
/** Input of one step, bytes. */
const STEP_BYTES = 1 << 16;
/** Frames that decoders must pass by (RFC 8878, 3.1.2; the LZ4 frame format has the same): 0x184D2A50 … 5F. */
const SKIPPABLE = 0x184d2a50;

const damaged = (why: string): ContainerFault => new ContainerFault('damaged-compression', why);

/** Runs the queue through a zlib stream until that has its end; what follows stays in the queue. */
async function* throughZlib(queue: ByteQueue, stream: InflateRaw | ZstdDecompress): AsyncGenerator<Uint8Array> {
  const source: { error: unknown } = { error: null };
  const closed = once(stream, 'close').catch(() => undefined);
  const feed = async (): Promise<void> => {
    try {
      while (!stream.destroyed) {
        if (!(await queue.fill(1))) {
          stream.end();
          return;
        }
        const piece = queue.bytes.subarray(0, STEP_BYTES);
        const before = stream.bytesWritten;
        const written = new Promise<void>((resolve) => {
          stream.write(piece, () => resolve());
        });
        await Promise.race([written, closed]);
        const used = stream.bytesWritten - before;
        queue.drop(used);
        // The stream has its end; one more write would be an error.
        if (used < piece.length) return;
      }
    } catch (error) {
      source.error = error;
      stream.destroy();
    }
  };
  const fed = feed();
  try {
    for await (const piece of stream as AsyncIterable<Uint8Array>) yield piece;
  } catch (error) {
    if (source.error === null) throw damaged(`the compressed stream breaks off: ${wordsOf(error)}`);
  } finally {
    stream.destroy();
    await fed;
  }
  if (source.error !== null) throw source.error;
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Raw deflate, as in zip. */
export function inflateRaw(queue: ByteQueue): AsyncGenerator<Uint8Array> {
  return throughZlib(queue, createInflateRaw({ chunkSize: CHUNK_BYTES }));
}

/** A gzip file: its members one after another. `trailing` is told of other bytes behind the last (zeros are padding). */
export async function* gunzip(queue: ByteQueue, trailing: (offset: number) => void): AsyncGenerator<Uint8Array> {
  for (let members = 0; await queue.fill(1); members++) {
    if (!(await queue.fill(10)) || queue.bytes.readUInt16BE(0) !== 0x1f8b) {
      if (members === 0) throw damaged('the gzip header is cut short');
      if (await holdsMore(queue)) trailing(queue.offset);
      return;
    }
    await skipGzipHeader(queue);
    let crc = 0;
    let length = 0;
    for await (const piece of inflateRaw(queue)) {
      crc = crc32(piece, crc);
      length += piece.length;
      yield piece;
    }
    if (!(await queue.fill(8))) throw damaged('the compressed stream breaks off before its checksum');
    const { bytes } = queue;
    if (bytes.readUInt32LE(0) !== crc || bytes.readUInt32LE(4) !== length % 4294967296) {
      throw damaged('the checksum or length of a gzip member does not fit what came out of it');
    }
    queue.drop(8);
  }
}

/** True when anything but zeros follows. */
async function holdsMore(queue: ByteQueue): Promise<boolean> {
  while (await queue.fill(1)) {
    const zeros = queue.bytes.findIndex((byte) => byte !== 0);
    if (zeros >= 0) {
      queue.drop(zeros);
      return true;
    }
    queue.drop(queue.length);
  }
  return false;
}

async function skipGzipHeader(queue: ByteQueue): Promise<void> {
  const [, , method, flags] = queue.bytes;
  if (method !== 8 || (flags & 0xe0) !== 0) throw damaged('a gzip header names a method that does not exist');
  queue.drop(10);
  let whole = true;
  if (flags & 4) whole = (await queue.fill(2)) && (await queue.skip(2 + queue.bytes.readUInt16LE(0)));
  for (const flag of [8, 16]) if (flags & flag) whole = whole && (await skipText(queue));
  if (flags & 2) whole = whole && (await queue.skip(2));
  if (!whole) throw damaged('the gzip header is cut short');
}

/** Passes by a text and the zero byte at its end. */
async function skipText(queue: ByteQueue): Promise<boolean> {
  while (await queue.fill(1)) {
    const end = queue.bytes.indexOf(0);
    queue.drop(end < 0 ? queue.length : end + 1);
    if (end >= 0) return true;
  }
  return false;
}

/** Length of a skippable frame that begins `bytes`, header included; 0 when there is none. */
export function skippableLength(bytes: Uint8Array): number {
  if (bytes.length < 8) return 0;
  const view = new DataView(bytes.buffer, bytes.byteOffset, 8);
  return (view.getUint32(0, true) & 0xfffffff0) === SKIPPABLE ? 8 + view.getUint32(4, true) : 0;
}

/** Passes by skippable frames; false when the stream ends inside one. */
export async function skipSkippable(queue: ByteQueue): Promise<boolean> {
  for (;;) {
    await queue.fill(8);
    const length = skippableLength(queue.bytes);
    if (length === 0) return true;
    if (!(await queue.skip(length))) return false;
  }
}

/** A Zstandard file: its frames one after another, skippable ones passed by. Checksums are verified. */
export async function* unzstd(queue: ByteQueue, trailing: (offset: number) => void): AsyncGenerator<Uint8Array> {
  for (let frames = 0; ; frames++) {
    if (!(await skipSkippable(queue))) throw damaged('the compressed stream breaks off inside a skippable frame');
    if (!(await queue.fill(1))) return;
    if (!(await queue.fill(4)) || queue.bytes.readUInt32LE(0) !== 0xfd2fb528) {
      if (frames === 0) throw damaged('no frame of Zstandard follows');
      trailing(queue.offset);
      return;
    }
    yield* throughZlib(queue, createZstdDecompress({ chunkSize: CHUNK_BYTES }));
  }
}
