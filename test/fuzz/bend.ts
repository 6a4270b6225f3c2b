/** Ways to bend any bytes, at random or where numbers hurt. The same random numbers give the same bytes. */

/** Numbers in 0..1. */
export type Random = () => number;

/** Mulberry32. */
export function seededRandom(seed: number): Random {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Values at which length fields, counts and times go wrong. */
export const EDGES: readonly [number, ...number[]] = [
  0, 1, 3, 4, 12, 0x3fff, 0x4000, 0x7fff, 0x8000, 0xffff, 0x10000, 0x40000, 0x7fffffff, 0x80000000, 0xffffffff,
];
/** Longest input, bytes. */
export const LONGEST = 256 * 1024;

export const below = (random: Random, limit: number): number => Math.floor(random() * limit);
export const pick = <T>(random: Random, from: readonly [T, ...T[]]): T => from[below(random, from.length)] ?? from[0];

/** Writes a number of 1, 2 or 4 bytes in either byte order. */
export function putNumber(bytes: Buffer, at: number, width: 1 | 2 | 4, value: number, bigEndian: boolean): void {
  if (at < 0 || at + width > bytes.length) return;
  const kept = value >>> 0;
  if (width === 1) bytes[at] = kept & 255;
  else if (width === 2) bytes[bigEndian ? 'writeUInt16BE' : 'writeUInt16LE'](kept & 0xffff, at);
  else bytes[bigEndian ? 'writeUInt32BE' : 'writeUInt32LE'](kept, at);
}

export function edge(random: Random, length: number): number {
  return random() < 0.3 ? length + below(random, 5) - 2 : pick(random, EDGES);
}

/** Bends bytes in `from … to` in place. */
export function bend(bytes: Buffer, from: number, to: number, random: Random): void {
  const length = to - from;
  if (length <= 0) return;
  for (let times = 1 + below(random, 4); times > 0; times--) {
    const at = from + below(random, length);
    switch (below(random, 4)) {
      case 0:
        bytes[at] = (bytes[at] ?? 0) ^ (1 << below(random, 8));
        break;
      case 1:
        bytes[at] = pick(random, [0, 0xff, 0x7f, 0x80, 0x2e, 0xc0]);
        break;
      default:
        putNumber(bytes, at, pick(random, [1, 2, 4] as const), edge(random, length), random() < 0.5);
    }
  }
}

/** Changes one byte in `from … to` in place, mostly by little. */
export function nudge(bytes: Buffer, from: number, to: number, random: Random): void {
  const at = from + below(random, to - from);
  const former = bytes[at] ?? 0;
  bytes[at] = random() < 0.6 ? former + pick(random, [-2, -1, 1, 2, 16] as const) : below(random, 256);
}

export type Mutation = (seed: Buffer, random: Random, other: Buffer) => Buffer;

/** Anything anywhere. */
export const anywhere: Mutation = (seed, random) => {
  const bytes = Buffer.from(seed);
  bend(bytes, 0, bytes.length, random);
  return bytes;
};

const cut: Mutation = (seed, random) => seed.subarray(0, below(random, seed.length + 1));

const splice: Mutation = (seed, random, other) => {
  const at = below(random, seed.length);
  const from = below(random, other.length);
  return Buffer.concat([seed.subarray(0, at), other.subarray(from, from + below(random, 4096)), seed.subarray(at)]);
};

const repeat: Mutation = (seed, random) => {
  const at = below(random, seed.length);
  const piece = seed.subarray(at, at + 1 + below(random, 512));
  const times = 1 + below(random, 40);
  return Buffer.concat([seed.subarray(0, at), ...Array.from({ length: times }, () => piece), seed.subarray(at)]);
};

const drop: Mutation = (seed, random) => {
  const at = below(random, seed.length);
  return Buffer.concat([seed.subarray(0, at), seed.subarray(at + 1 + below(random, 64))]);
};

/** Mutations of bytes of any kind. */
export const WHOLE: readonly [Mutation, ...Mutation[]] = [anywhere, cut, splice, repeat, drop];

/** A count from 1: one time in eight anything up to `most`, else a twentieth of it. */
export const howMany = (random: Random, most: number): number =>
  1 + below(random, random() < 0.125 ? most : Math.ceil(most / 20));

/** One of a list that may be empty. */
export const oneOf = <T>(random: Random, from: readonly T[]): T | undefined => from[below(random, from.length)];

/** A list with a piece of it dropped, doubled (up to `most` times), or moved. */
export function shuffled<T>(random: Random, from: readonly T[], most = 20): T[] {
  const parts = [...from];
  const at = below(random, parts.length);
  const piece = parts.slice(at, at + 1 + below(random, 3));
  switch (below(random, 3)) {
    case 0:
      return parts.toSpliced(at, piece.length);
    case 1:
      return parts.toSpliced(at, 0, ...Array.from({ length: 1 + below(random, most) }, () => piece).flat());
    default:
      return parts.toSpliced(at, piece.length).toSpliced(below(random, parts.length), 0, ...piece);
  }
}
