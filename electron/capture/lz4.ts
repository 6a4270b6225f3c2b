import type { ByteQueue } from './byte-queue.ts';
import { ContainerFault } from './container-fault.ts';
import { XxHash32, xxHash32 } from './xxhash32.ts';
import { skipSkippable } from './zlib-members.ts';

/** LZ4 (LZ4 Frame Format 1.6.4, LZ4 Block Format; github.com/lz4/lz4/doc), legacy frames of `lz4 -l` included. */

export const LZ4_FRAME = 0x184d2204;
export const LZ4_LEGACY = 0x184c2102;
/** Matches reach back this far, over the blocks of a frame too. */
const HISTORY = 65_536;
const LEGACY_BLOCK = 8 << 20;

const damaged = (why: string): ContainerFault => new ContainerFault('damaged-compression', why);

/**
 * Decodes one block into `out` from `from` on.
 *
 * @param history bytes of `out` before `from` that matches may reach
 * @returns where the output ends, and whether the block was sound; of a damaged block, what came before the fault
 */
export function decodeLz4Block(
  block: Uint8Array,
  out: Uint8Array,
  from: number,
  history: number,
): { end: number; sound: boolean } {
  const first = from - history;
  let at = 0;
  let to = from;
  const lengthAt = (nibble: number): number => {
    let length = nibble;
    if (nibble === 15) {
      let more = 255;
      while (more === 255 && at < block.length) {
        more = block[at++];
        length += more;
      }
    }
    return length;
  };
  while (at < block.length) {
    const token = block[at++];
    const literals = lengthAt(token >>> 4);
    const there = Math.min(literals, block.length - at, out.length - to);
    out.set(block.subarray(at, at + there), to);
    at += there;
    to += there;
    if (there < literals) return { end: to, sound: false };
    if (at === block.length) return { end: to, sound: true };
    if (at + 2 > block.length) return { end: to, sound: false };
    const distance = block[at] | (block[at + 1] << 8);
    at += 2;
    const length = lengthAt(token & 15) + 4;
    if (distance === 0 || to - distance < first || length > out.length - to) return { end: to, sound: false };
    if (distance >= length) {
      out.copyWithin(to, to - distance, to - distance + length);
      to += length;
    } else for (const end = to + length; to < end; to++) out[to] = out[to - distance];
  }
  return { end: to, sound: from === to };
}

/**
 * Unpacks a block without frame; null when it is not sound, or gives more than `maximum` bytes.
 *
 * @param room gives memory of so many bytes or more; by default of the result's own
 */
export function unpackLz4Block(
  block: Uint8Array,
  maximum: number,
  room = (bytes: number): Uint8Array => new Uint8Array(bytes),
): Uint8Array | null {
  // A block of LZ4 never grows more.
  const most = Math.min(maximum, block.length * 255);
  const out = room(most).subarray(0, most);
  const { end, sound } = decodeLz4Block(block, out, 0, 0);
  return sound ? out.subarray(0, end) : null;
}

/** A file of LZ4 frames. Header, block and content checksums are verified. */
export async function* unlz4(queue: ByteQueue, trailing: (offset: number) => void): AsyncGenerator<Uint8Array> {
  for (let frames = 0; ; frames++) {
    if (!(await skipSkippable(queue))) throw damaged('the compressed stream breaks off inside a skippable frame');
    if (!(await queue.fill(1))) return;
    const magic = (await queue.fill(4)) ? queue.bytes.readUInt32LE(0) : 0;
    if (magic === LZ4_FRAME) yield* frame(queue);
    else if (magic === LZ4_LEGACY) yield* legacyFrame(queue);
    else if (frames === 0) throw damaged('no frame of LZ4 follows');
    else {
      trailing(queue.offset);
      return;
    }
  }
}

const CUT = 'the compressed stream breaks off inside a frame of LZ4';

async function* frame(queue: ByteQueue): AsyncGenerator<Uint8Array> {
  if (!(await queue.fill(7))) throw damaged(CUT);
  const flags = queue.bytes[4];
  const blockBytes = 1 << (8 + 2 * ((queue.bytes[5] >>> 4) & 7));
  if (flags >>> 6 !== 1 || blockBytes < 1 << 16)
    throw damaged('a header of LZ4 names a version or size that is unknown');
  const header = 2 + (flags & 8 ? 8 : 0) + (flags & 1 ? 4 : 0);
  if (!(await queue.fill(5 + header))) throw damaged(CUT);
  if (((xxHash32(queue.bytes.subarray(4, 4 + header)) >>> 8) & 255) !== queue.bytes[4 + header]) {
    throw damaged('the checksum of a header of LZ4 is wrong');
  }
  if (flags & 1) throw new ContainerFault('compression-not-read', 'the LZ4 frame needs a dictionary that is not in it');
  queue.drop(5 + header);
  const linked = (flags & 32) === 0;
  const content = flags & 4 ? new XxHash32() : null;
  const out = Buffer.allocUnsafeSlow(HISTORY + blockBytes);
  let history = 0;
  for (;;) {
    if (!(await queue.fill(4))) throw damaged(CUT);
    const word = queue.bytes.readUInt32LE(0);
    queue.drop(4);
    if (word === 0) break;
    const length = word & 0x7fffffff;
    if (length > blockBytes) throw damaged('a block of LZ4 is longer than its frame allows');
    const whole = await queue.fill(length);
    const block = queue.bytes.subarray(0, length);
    let result = { end: HISTORY, sound: true };
    if (word >= 0x80000000) {
      out.set(block, HISTORY);
      result.end += block.length;
    } else result = decodeLz4Block(block, out, HISTORY, linked ? history : 0);
    const made = out.subarray(HISTORY, result.end);
    const blockHash = flags & 16 ? xxHash32(block) : 0;
    content?.update(made);
    yield made;
    if (!whole) throw damaged(CUT);
    if (!result.sound) throw damaged('a block of LZ4 is damaged');
    queue.drop(length);
    if (flags & 16) {
      if (!(await queue.fill(4))) throw damaged(CUT);
      if (queue.bytes.readUInt32LE(0) !== blockHash) throw damaged('the checksum of a block of LZ4 is wrong');
      queue.drop(4);
    }
    const kept = Math.min(HISTORY, history + made.length);
    out.copyWithin(HISTORY - kept, result.end - kept, result.end);
    history = kept;
  }
  if (content !== null) {
    if (!(await queue.fill(4))) throw damaged(CUT);
    if (queue.bytes.readUInt32LE(0) !== content.digest()) throw damaged('the checksum of the LZ4 content is wrong');
    queue.drop(4);
  }
}

/** Blocks of 8 MiB without any checksum, up to the end of the file or the next frame. */
async function* legacyFrame(queue: ByteQueue): AsyncGenerator<Uint8Array> {
  queue.drop(4);
  const out = Buffer.allocUnsafeSlow(LEGACY_BLOCK);
  while (await queue.fill(4)) {
    const length = queue.bytes.readUInt32LE(0);
    // No block can be as long as the magic number of another frame.
    if (length > LEGACY_BLOCK + LEGACY_BLOCK / 255 + 16) return;
    queue.drop(4);
    const whole = await queue.fill(length);
    const result = decodeLz4Block(queue.bytes.subarray(0, length), out, 0, 0);
    yield out.subarray(0, result.end);
    if (!whole) throw damaged(CUT);
    if (!result.sound) throw damaged('a block of LZ4 is damaged');
    queue.drop(length);
  }
}
