import { below, bend, edge, howMany, nudge, oneOf, pick, putNumber, type Random } from './bend.ts';

/** Parquet files that are almost right: the footer, and the headers of pages, in Thrift's compact protocol. */

/** Bytes as which lengths, counts and places are written: whole numbers of seven bits a byte, signed ones in zigzag. */
function varint(value: number): number[] {
  const bytes: number[] = [];
  let left = BigInt(Math.trunc(value));
  do {
    bytes.push(Number(left & 0x7fn) | (left > 0x7fn ? 0x80 : 0));
    left >>= 7n;
  } while (left > 0n);
  return bytes;
}

const NUMBERS = [
  0,
  1,
  2,
  3,
  127,
  128,
  16_384,
  2 ** 20,
  2 ** 27,
  2 ** 31 - 1,
  2 ** 32 - 1,
  2 ** 53,
  2 ** 63 - 1,
] as const;

/** Puts another number where one may stand, mostly one only; what follows moves. */
function bentThrift(bytes: Buffer, random: Random): Buffer {
  let bent = bytes;
  for (let times = howMany(random, 4); times > 0; times--) {
    const at = below(random, bent.length);
    const old = bent.findIndex((byte, i) => i >= at && byte < 0x80) - at + 1;
    switch (below(random, 8)) {
      case 0:
        bent = Buffer.concat([
          bent.subarray(0, at),
          Buffer.from(varint(pick(random, NUMBERS))),
          bent.subarray(at + Math.max(1, old)),
        ]);
        break;
      case 1: {
        const piece = bent.subarray(at, at + 1 + below(random, 200));
        bent = Buffer.concat([
          bent.subarray(0, at),
          ...Array.from({ length: 1 + below(random, 20) }, () => piece),
          bent.subarray(at),
        ]);
        break;
      }
      case 2:
        bent = Buffer.concat([bent.subarray(0, at), bent.subarray(at + 1 + below(random, 16))]);
        break;
      case 3:
        // Structures in structures, lists in lists.
        bent = Buffer.concat([
          bent.subarray(0, at),
          Buffer.alloc(below(random, 200), pick(random, [0x1c, 0x19, 0x29, 0xf9] as const)),
          bent.subarray(at),
        ]);
        break;
      default:
        bent = Buffer.from(bent);
        nudge(bent, 0, bent.length, random);
    }
  }
  return bent;
}

/** A Parquet file whose footer or pages are bent. Places in the footer stay true unless they are what was bent. */
export function parquetMutant(file: Buffer, random: Random): Buffer {
  if (file.length < 16) return file;
  const length = file.readUInt32LE(file.length - 8);
  const from = file.length - 8 - length;
  if (from < 4) return file;
  const data = Buffer.from(file.subarray(0, from));
  let footer: Buffer = Buffer.from(file.subarray(from, from + length));
  const where = random();
  if (where < 0.35) footer = bentThrift(footer, random);
  else if (where < 0.7) {
    // Pages begin with a header whose first field is 15 xx 15: bend it and what is right behind it.
    const pages: number[] = [];
    for (let at = data.indexOf(0x15, 4); at >= 0; at = data.indexOf(0x15, at + 1))
      if (data[at + 2] === 0x15) pages.push(at);
    const page = oneOf(random, pages) ?? 4;
    if (random() < 0.3) bend(data, page, Math.min(data.length, page + 40), random);
    else nudge(data, page, Math.min(data.length, page + 40), random);
  } else {
    for (let times = 1 + below(random, 4); times > 0; times--) nudge(data, 4, data.length, random);
  }
  const tail = Buffer.alloc(8);
  tail.write('PAR1', 4);
  putNumber(tail, 0, 4, random() < 0.97 ? footer.length : edge(random, footer.length), false);
  return Buffer.concat([data, footer, tail]);
}
