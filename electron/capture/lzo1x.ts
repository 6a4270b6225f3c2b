/**
 * LZO1X, the compression of nfdump's blocks and of lzop. It has no published standard; this follows the description of
 * the stream in Linux's documentation ("LZO stream format as understood by Linux's LZO decompressor", staging/lzo.rst,
 * bitstream version 0), which names each instruction by its leading bits.
 */

const FIRST_CAPACITY = 1 << 16;

/** Literals copied by the last instruction, when there were more than three. */
const LONG_RUN = 4;

/**
 * Decompresses one block.
 *
 * @param maximum bytes that may come out of it
 * @returns the output; null when the block is damaged, has no end mark or bytes behind it, or would give more
 */
export function decompressLzo1x(block: Uint8Array, maximum: number): Uint8Array | null {
  let out = new Uint8Array(Math.min(maximum, Math.max(FIRST_CAPACITY, block.length * 4)));
  let at = 0;
  let to = 0;

  const makeRoom = (needed: number): boolean => {
    if (needed > maximum) return false;
    const larger = new Uint8Array(Math.min(maximum, Math.max(needed, out.length * 2)));
    larger.set(out);
    out = larger;
    return true;
  };

  /** A length of `bits` bits, continued in further bytes when they are all 0; -1 when the block ends in it. */
  const lengthOf = (instruction: number, bits: number): number => {
    const low = instruction & ((1 << bits) - 1);
    if (low !== 0) return low;
    let length = (1 << bits) - 1;
    while (at < block.length && block[at] === 0) {
      length += 255;
      at++;
    }
    return at < block.length ? length + block[at++] : -1;
  };

  const copyLiterals = (count: number): boolean => {
    if (count > block.length - at || (to + count > out.length && !makeRoom(to + count))) return false;
    if (count < 8) for (let i = 0; i < count; i++) out[to + i] = block[at + i];
    else out.set(block.subarray(at, at + count), to);
    at += count;
    to += count;
    return true;
  };

  const copyMatch = (distance: number, length: number): boolean => {
    if (distance > to || (to + length > out.length && !makeRoom(to + length))) return false;
    if (distance >= length && length > 32) out.copyWithin(to, to - distance, to - distance + length);
    else for (let i = to; i < to + length; i++) out[i] = out[i - distance];
    to += length;
    return true;
  };

  let literals = 0;
  if (block.length > 0 && block[0] > 17) {
    const count = block[0] - 17;
    at = 1;
    if (!copyLiterals(count)) return null;
    literals = Math.min(count, LONG_RUN);
  }
  while (at < block.length) {
    const instruction = block[at++];
    if (instruction < 16 && literals === 0) {
      const count = lengthOf(instruction, 4);
      if (count < 0 || !copyLiterals(count + 3)) return null;
      literals = LONG_RUN;
      continue;
    }
    let distance: number;
    let length: number;
    let next = instruction & 3;
    if (instruction >= 64 || instruction < 16) {
      if (at === block.length) return null;
      const high = block[at++];
      if (instruction >= 64) {
        distance = (high << 3) + ((instruction >>> 2) & 7) + 1;
        length = (instruction >>> 5) + 1;
      } else {
        distance = (high << 2) + (instruction >>> 2) + (literals === LONG_RUN ? 2049 : 1);
        length = literals === LONG_RUN ? 3 : 2;
      }
    } else {
      const bits = instruction >= 32 ? 5 : 3;
      const count = lengthOf(instruction, bits);
      if (count < 0 || block.length - at < 2) return null;
      const word = block[at] | (block[at + 1] << 8);
      at += 2;
      next = word & 3;
      length = count + 2;
      distance = (word >>> 2) + 1;
      if (bits === 3) {
        distance += 16_383 + ((instruction & 8) << 11);
        if (distance === 16_384) {
          const isEnd = length === 3 && at === block.length;
          return isEnd ? out.subarray(0, to) : null;
        }
      }
    }
    if (!copyMatch(distance, length) || !copyLiterals(next)) return null;
    literals = next;
  }
  return null;
}
