import { skippableLength } from './zlib-members.ts';
import { LZ4_FRAME, LZ4_LEGACY } from './lz4.ts';
import { isTarHeader } from './tar.ts';

/** Compressed streams and archives, told by their content. */

export type Compression = 'gz' | 'zst' | 'lz4' | 'bz2' | 'xz';
export type Container = Compression | 'tar' | 'zip';

function startsWith(head: Uint8Array, hex: string): boolean {
  return Buffer.from(head.buffer, head.byteOffset, Math.min(head.length, hex.length / 2)).toString('hex') === hex;
}

/**
 * The container that begins with these bytes; null when it is none. By magic numbers (RFC 1952, RFC 8878, LZ4 frame
 * format, bzip2, xz, APPNOTE.TXT 4.3), tar by its header's checksum. Skippable frames belong to what follows them, and
 * to Zstandard when that lies too far away.
 */
export function containerOf(head: Uint8Array): Container | null {
  if (startsWith(head, '1f8b')) return 'gz';
  const skippable = skippableLength(head);
  if (skippable > 0) return containerOf(head.subarray(skippable)) === 'lz4' ? 'lz4' : 'zst';
  if (head.length >= 4) {
    const magic = (head[0] | (head[1] << 8) | (head[2] << 16) | (head[3] << 24)) >>> 0;
    if (magic === 0xfd2fb528) return 'zst';
    if (magic === LZ4_FRAME || magic === LZ4_LEGACY) return 'lz4';
  }
  if (startsWith(head, '425a68') && (isBlock(head, '314159265359') || isBlock(head, '177245385090'))) return 'bz2';
  if (startsWith(head, 'fd377a585a00')) return 'xz';
  if (['504b0304', '504b0506', '504b0708', '504b3030504b0304'].some((magic) => startsWith(head, magic))) return 'zip';
  return isTarHeader(head) ? 'tar' : null;
}

/** Whether a bzip2 stream's first block, behind four bytes, begins so. */
function isBlock(head: Uint8Array, hex: string): boolean {
  return startsWith(head.subarray(4), hex);
}
