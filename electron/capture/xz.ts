import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { ByteQueue } from './byte-queue.ts';
import { ContainerFault } from './container-fault.ts';
import { MAX_DICTIONARY } from './container-limits.ts';
import { Lzma2Decoder } from './lzma2.ts';

/** xz (The .xz File Format 1.2.1): streams one after another, of LZMA2 alone. All checks are verified. */

const CHECK_BYTES = [0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64];
const FILTERS: Readonly<Record<number, string>> = {
  3: 'delta',
  4: 'x86',
  5: 'PowerPC',
  6: 'IA-64',
  7: 'ARM',
  8: 'ARM-Thumb',
  9: 'SPARC',
  10: 'ARM64',
  11: 'RISC-V',
};
const LZMA2 = 0x21;

const damaged = (why: string): ContainerFault => new ContainerFault('damaged-compression', why);
const cut = (): ContainerFault => damaged('the compressed stream of xz breaks off');

/** CRC-64 of ECMA-182, reflected, as two words. */
const CRC64 = (() => {
  const high = new Int32Array(256);
  const low = new Int32Array(256);
  for (let i = 0; i < 256; i++) {
    let h = 0;
    let l = i;
    for (let bit = 0; bit < 8; bit++) {
      const odd = l & 1;
      l = (l >>> 1) | (h << 31);
      h >>>= 1;
      if (odd) {
        h ^= 0xc96c5795;
        l ^= 0xd7870f42;
      }
    }
    high[i] = h;
    low[i] = l;
  }
  return { high, low };
})();

/** What a block's check is computed with. */
interface Check {
  update(bytes: Uint8Array): void;
  /** As it lies in the file. */
  digest(): Buffer;
}

function makeCheck(type: number): Check | null {
  if (type === 1) {
    let crc = 0;
    return {
      update(bytes) {
        crc = crc32(bytes, crc);
      },
      digest() {
        const digest = Buffer.alloc(4);
        digest.writeUInt32LE(crc);
        return digest;
      },
    };
  }
  if (type === 4) {
    let high = -1;
    let low = -1;
    return {
      update(bytes) {
        for (let i = 0; i < bytes.length; i++) {
          const index = (low ^ bytes[i]) & 255;
          low = CRC64.low[index] ^ ((low >>> 8) | (high << 24));
          high = CRC64.high[index] ^ (high >>> 8);
        }
      },
      digest() {
        const digest = Buffer.alloc(8);
        digest.writeInt32LE(~low, 0);
        digest.writeInt32LE(~high, 4);
        return digest;
      },
    };
  }
  if (type === 10) {
    const hash = createHash('sha256');
    return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest() };
  }
  return null;
}

/** A number of up to 63 bits, seven a byte; null when it is longer or not whole. Moves `place.at` on. */
function readNumber(bytes: Uint8Array, place: { at: number }): number | null {
  let value = 0;
  for (let i = 0; i < 9; i++) {
    if (place.at >= bytes.length) return null;
    const byte = bytes[place.at++];
    value += (byte & 127) * 128 ** i;
    if (byte < 128) return value;
  }
  return null;
}

/** A file of xz streams. `trailing` is told of other bytes behind the last. */
export async function* unxz(queue: ByteQueue, trailing: (offset: number) => void): AsyncGenerator<Uint8Array> {
  for (let streams = 0; ; streams++) {
    if (streams > 0) {
      // Streams may be padded with zeros.
      while ((await queue.fill(4)) && queue.bytes.readUInt32LE(0) === 0) queue.drop(4);
      if (!(await queue.fill(1))) return;
    }
    const whole = await queue.fill(12);
    if (!whole || queue.bytes.toString('hex', 0, 6) !== 'fd377a585a00') {
      if (streams === 0) throw damaged('the header of xz is damaged');
      trailing(queue.offset);
      return;
    }
    const { bytes } = queue;
    if (crc32(bytes.subarray(6, 8)) !== bytes.readUInt32LE(8) || bytes[6] !== 0 || bytes[7] > 15) {
      throw damaged('the header of an xz stream is damaged');
    }
    const checkType = bytes[7];
    queue.drop(12);
    yield* readStream(queue, checkType);
  }
}

async function* readStream(queue: ByteQueue, checkType: number): AsyncGenerator<Uint8Array> {
  let blocks = 0;
  for (; ; blocks++) {
    if (!(await queue.fill(1))) throw cut();
    const headerBytes = (queue.bytes[0] + 1) * 4;
    if (headerBytes === 4) break;
    if (!(await queue.fill(headerBytes))) throw cut();
    const dictionary = blockDictionary(queue.bytes.subarray(0, headerBytes));
    queue.drop(headerBytes);
    yield* readBlock(queue, dictionary, checkType);
  }
  await skipIndex(queue, blocks);
  if (!(await queue.fill(12))) throw cut();
  const { bytes } = queue;
  if (bytes.toString('latin1', 10, 12) !== 'YZ' || crc32(bytes.subarray(4, 10)) !== bytes.readUInt32LE(0)) {
    throw damaged('the footer of an xz stream is damaged');
  }
  queue.drop(12);
}

/** The dictionary size that a block header asks for, bytes. */
function blockDictionary(header: Buffer): number {
  const end = header.length - 4;
  if (crc32(header.subarray(0, end)) !== header.readUInt32LE(end)) throw damaged('a block header of xz is damaged');
  const flags = header[1];
  const place = { at: 2 };
  if (flags & 0x40) readNumber(header, place);
  if (flags & 0x80) readNumber(header, place);
  const filter = readNumber(header, place);
  if (filter !== LZMA2 || (flags & 3) !== 0) {
    const name = filter === null ? '' : (FILTERS[filter] ?? `number ${filter}`);
    throw new ContainerFault('compression-not-read', `the xz stream uses the filter ${name}, which is not read`);
  }
  const properties = readNumber(header, place);
  const size = header[place.at];
  if (properties !== 1 || place.at >= end || size > 40) throw damaged('a block header of xz is damaged');
  const bytes = size === 40 ? 0xffffffff : (2 | (size & 1)) * 2 ** ((size >>> 1) + 11);
  if (bytes > MAX_DICTIONARY) {
    throw new ContainerFault(
      'compression-not-read',
      `the xz stream asks for a dictionary of ${bytes} bytes; at most ${MAX_DICTIONARY} are granted`,
    );
  }
  return bytes;
}

async function* readBlock(queue: ByteQueue, dictionary: number, checkType: number): AsyncGenerator<Uint8Array> {
  const check = makeCheck(checkType);
  const decoder = new Lzma2Decoder(dictionary);
  const from = queue.offset;
  for (;;) {
    if (!(await queue.fill(1))) throw cut();
    if (queue.bytes[0] === 0) break;
    if (!(await queue.fill(6))) throw cut();
    const length = Lzma2Decoder.chunkBytes(queue.bytes);
    const whole = await queue.fill(length);
    const { made, fault } = decoder.chunk(queue.bytes.subarray(0, length));
    check?.update(made);
    yield made;
    if (!whole) throw cut();
    if (fault !== null) throw fault;
    queue.drop(length);
  }
  queue.drop(1);
  const padding = (4 - ((queue.offset - from) % 4)) % 4;
  const checkBytes = CHECK_BYTES[checkType] ?? 0;
  if (!(await queue.fill(padding + checkBytes))) throw cut();
  const stored = queue.bytes.subarray(padding, padding + checkBytes);
  if (check !== null && !check.digest().equals(stored)) throw damaged('the check of a block of xz is wrong');
  queue.drop(padding + checkBytes);
}

/** Passes by the index, which must name as many blocks as there were and bear a right checksum. */
async function skipIndex(queue: ByteQueue, blocks: number): Promise<void> {
  const from = queue.offset;
  let crc = 0;
  const take = (count: number): void => {
    crc = crc32(queue.bytes.subarray(0, count), crc);
    queue.drop(count);
  };
  const number = async (): Promise<number> => {
    await queue.fill(9);
    const place = { at: 0 };
    const value = readNumber(queue.bytes, place);
    if (value === null) throw damaged('the index of an xz stream is damaged');
    take(place.at);
    return value;
  };
  take(1);
  if ((await number()) !== blocks) throw damaged('the index of an xz stream names other blocks than there are');
  for (let i = 0; i < 2 * blocks; i++) await number();
  const padding = (4 - ((queue.offset - from) % 4)) % 4;
  if (!(await queue.fill(padding + 4))) throw cut();
  take(padding);
  if (queue.bytes.readUInt32LE(0) !== crc) throw damaged('the index of an xz stream is damaged');
  queue.drop(4);
}
