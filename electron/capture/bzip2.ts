import type { ByteQueue } from './byte-queue.ts';
import { ContainerFault } from './container-fault.ts';

/**
 * bzip2 (no published standard; as in bzip2 1.0.8 and Joe Tsai, "BZIP2: Format Specification", 2016): streams one after
 * another, block and stream checksums verified. A block is at most 900,000 bytes before its last run-length step.
 */

/** No block of 900,000 symbols of at most 20 bits, with its tables, is longer, bytes. */
const MAX_COMPRESSED_BLOCK = 2_600_000;
const MAX_CODE_BITS = 20;
const GROUP = 50;
const OUTPUT_BYTES = 1 << 18;
/** Output of a block that waits for its checksum: a damaged one gives other bytes anywhere. Only long runs make a block longer. */
const HELD_BYTES = 2 << 20;

const damaged = (why: string): ContainerFault => new ContainerFault('damaged-compression', why);

const CRC_TABLE = Int32Array.from({ length: 256 }, (_, i) => {
  let crc = i << 24;
  for (let bit = 0; bit < 8; bit++) crc = crc < 0 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
  return crc;
});

/** Bits of a piece, most significant first. */
class Bits {
  readonly #bytes: Uint8Array;
  /** Place in bits. */
  at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }

  /** The next `count` bits, at most 24. */
  read(count: number): number {
    const from = this.at;
    this.at += count;
    if (this.at > this.#bytes.length * 8) throw damaged('the compressed stream of bzip2 breaks off');
    const byte = from >>> 3;
    const bytes = this.#bytes;
    const four = (bytes[byte] << 24) | (bytes[byte + 1] << 16) | (bytes[byte + 2] << 8) | bytes[byte + 3];
    return count === 0 ? 0 : (four << (from & 7)) >>> (32 - count);
  }

  word(): number {
    return ((this.read(16) << 16) | this.read(16)) >>> 0;
  }
}

/** A canonical prefix code. */
class PrefixCode {
  /** For each length, the first code that is too large for it, shifted to the left end of 20 bits. */
  readonly #limits = new Int32Array(MAX_CODE_BITS + 2);
  readonly #bases = new Int32Array(MAX_CODE_BITS + 2);
  readonly #symbols: Uint16Array;

  constructor(lengths: Uint8Array) {
    this.#symbols = new Uint16Array(lengths.length);
    let next = 0;
    let code = 0;
    for (let length = 1; length <= MAX_CODE_BITS; length++) {
      this.#bases[length] = next - code;
      for (let symbol = 0; symbol < lengths.length; symbol++) {
        if (lengths[symbol] !== length) continue;
        this.#symbols[next++] = symbol;
        code++;
      }
      if (code > 1 << length) throw damaged('a code table of bzip2 is impossible');
      this.#limits[length] = code << (MAX_CODE_BITS - length);
      code <<= 1;
    }
  }

  read(bits: Bits): number {
    const from = bits.at;
    const ahead = bits.read(MAX_CODE_BITS);
    for (let length = 1; length <= MAX_CODE_BITS; length++) {
      if (ahead >= this.#limits[length]) continue;
      bits.at = from + length;
      return this.#symbols[this.#bases[length] + (ahead >>> (MAX_CODE_BITS - length))];
    }
    throw damaged('a code of bzip2 stands for nothing');
  }
}

/** Reads the tables and symbols of a block; gives the permuted bytes (low 8 bits of `tree`) and their number. */
function readBlock(bits: Bits, tree: Uint32Array): number {
  const used: number[] = [];
  const ranges = bits.read(16);
  for (let range = 0; range < 16; range++) {
    if (((ranges >>> (15 - range)) & 1) === 0) continue;
    const present = bits.read(16);
    for (let i = 0; i < 16; i++) if ((present >>> (15 - i)) & 1) used.push(range * 16 + i);
  }
  const groups = bits.read(3);
  const selectorCount = bits.read(15);
  if (used.length === 0 || groups < 2 || groups > 6 || selectorCount === 0) {
    throw damaged('a block header of bzip2 is impossible');
  }
  const order = Array.from({ length: groups }, (_, i) => i);
  const selectors = new Uint8Array(selectorCount);
  for (let i = 0; i < selectorCount; i++) {
    let place = 0;
    while (bits.read(1) === 1) if (++place >= groups) throw damaged('a selector of bzip2 is impossible');
    const [group] = order.splice(place, 1);
    order.unshift(group);
    selectors[i] = group;
  }
  const symbols = used.length + 2;
  const codes = Array.from({ length: groups }, () => {
    const lengths = new Uint8Array(symbols);
    let length = bits.read(5);
    for (let i = 0; i < symbols; i++) {
      while (bits.read(1) === 1) length += bits.read(1) === 0 ? 1 : -1;
      if (length < 1 || length > MAX_CODE_BITS) throw damaged('a code table of bzip2 is impossible');
      lengths[i] = length;
    }
    return new PrefixCode(lengths);
  });

  const front = Uint8Array.from(used);
  const endOfBlock = symbols - 1;
  let count = 0;
  let run = 0;
  let runBit = 1;
  for (let group = 0; group < selectorCount; group++) {
    const code = codes[selectors[group]];
    for (let i = 0; i < GROUP; i++) {
      const symbol = code.read(bits);
      if (symbol <= 1) {
        run += runBit << symbol;
        runBit <<= 1;
        if (run > tree.length) throw damaged('a run of bzip2 is longer than its block');
        continue;
      }
      if (run > 0) {
        if (count + run > tree.length) throw damaged('a block of bzip2 is longer than it may be');
        tree.fill(front[0], count, count + run);
        count += run;
        run = 0;
        runBit = 1;
      }
      if (symbol === endOfBlock) return count;
      if (count === tree.length) throw damaged('a block of bzip2 is longer than it may be');
      const byte = front[symbol - 1];
      front.copyWithin(1, 0, symbol - 1);
      front[0] = byte;
      tree[count++] = byte;
    }
  }
  throw damaged('a block of bzip2 has no end');
}

/** Undoes the Burrows-Wheeler transform and the outer run-length code. Yields pieces; the last value is the checksum. */
function* unsort(tree: Uint32Array, count: number, origin: number): Generator<Uint8Array, number> {
  const starts = new Uint32Array(257);
  for (let i = 0; i < count; i++) starts[(tree[i] & 255) + 1]++;
  for (let i = 0; i < 256; i++) starts[i + 1] += starts[i];
  for (let i = 0; i < count; i++) tree[starts[tree[i] & 255]++] |= i << 8;
  const out = Buffer.allocUnsafeSlow(OUTPUT_BYTES);
  let to = 0;
  let crc = -1;
  let equal = 0;
  let last = -1;
  let entry = count > 0 ? tree[origin] : 0;
  for (let i = 0; i < count; i++) {
    entry = tree[entry >>> 8];
    const byte = entry & 255;
    if (equal === 4) {
      // The byte behind four equal ones counts further ones.
      for (let repeat = byte; repeat > 0; repeat--) {
        crc = (crc << 8) ^ CRC_TABLE[(crc >>> 24) ^ last];
        out[to++] = last;
      }
      equal = 0;
      last = -1;
    } else {
      equal = byte === last ? equal + 1 : 1;
      last = byte;
      crc = (crc << 8) ^ CRC_TABLE[(crc >>> 24) ^ byte];
      out[to++] = byte;
    }
    if (to > OUTPUT_BYTES - 256) {
      yield out.subarray(0, to);
      to = 0;
    }
  }
  yield out.subarray(0, to);
  return ~crc >>> 0;
}

/** A file of bzip2 streams. `trailing` is told of other bytes behind the last. */
export async function* bunzip2(queue: ByteQueue, trailing: (offset: number) => void): AsyncGenerator<Uint8Array> {
  for (let streams = 0; await queue.fill(1); streams++) {
    const there = await queue.fill(4);
    const level = queue.bytes[3] - 0x30;
    if (!there || queue.bytes.toString('latin1', 0, 3) !== 'BZh' || level < 1 || level > 9) {
      if (streams === 0) throw damaged('the header of bzip2 is damaged');
      trailing(queue.offset);
      return;
    }
    queue.drop(4);
    yield* readStream(queue, level * 100_000);
  }
}

/** Begins a block, or ends the stream: its checksum, and whether it is the stream's. */
function readBlockStart(bits: Bits): { crc: number; isEnd: boolean } {
  const high = bits.read(24);
  const low = bits.read(24);
  const crc = bits.word();
  const isEnd = high === 0x177245 && low === 0x385090;
  if (isEnd) return { crc, isEnd };
  if (high !== 0x314159 || low !== 0x265359) throw damaged('a block of bzip2 begins wrongly');
  if (bits.read(1) === 1) {
    throw new ContainerFault('compression-not-read', 'the bzip2 stream has randomised blocks, as of before 1999');
  }
  return { crc, isEnd };
}

function combine(combined: number, crc: number): number {
  return (((combined << 1) | (combined >>> 31)) ^ crc) >>> 0;
}

/** The output of a block; nothing of one whose checksum is wrong, unless it is longer than what may wait. */
function* checkedBlock(tree: Uint32Array, count: number, origin: number, crc: number): Generator<Uint8Array> {
  const made = unsort(tree, count, origin);
  let held: Uint8Array[] = [];
  let bytes = 0;
  let step = made.next();
  for (; step.done !== true; step = made.next()) {
    bytes += step.value.length;
    held.push(Uint8Array.from(step.value));
    if (bytes <= HELD_BYTES) continue;
    yield* held;
    held = [];
  }
  if (step.value !== crc) throw damaged('the checksum of a block of bzip2 is wrong');
  yield* held;
}

async function* readStream(queue: ByteQueue, blockBytes: number): AsyncGenerator<Uint8Array> {
  const tree = new Uint32Array(blockBytes);
  let bit = 0;
  let combined = 0;
  for (;;) {
    await queue.fill(MAX_COMPRESSED_BLOCK);
    const bits = new Bits(queue.bytes, bit);
    const { crc, isEnd } = readBlockStart(bits);
    if (isEnd) {
      queue.drop(Math.ceil(bits.at / 8));
      if (crc !== combined) throw damaged('the checksum of a bzip2 stream is wrong');
      return;
    }
    const origin = bits.read(24);
    const count = readBlock(bits, tree);
    if (origin >= count) throw damaged('a block of bzip2 names an origin outside itself');
    queue.drop(bits.at >>> 3);
    bit = bits.at & 7;
    yield* checkedBlock(tree, count, origin, crc);
    combined = combine(combined, crc);
  }
}

/** One stream that is wholly there; null when it is damaged, cut, or gives more than `maximum` bytes. */
export function decompressBzip2(stream: Uint8Array, maximum: number): Uint8Array | null {
  const level = stream[3] - 0x30;
  if (Buffer.from(stream.subarray(0, 3)).toString('latin1') !== 'BZh' || !(level >= 1 && level <= 9)) return null;
  const tree = new Uint32Array(level * 100_000);
  const bits = new Bits(stream, 32);
  const pieces: Uint8Array[] = [];
  let length = 0;
  let combined = 0;
  try {
    for (;;) {
      const { crc, isEnd } = readBlockStart(bits);
      if (isEnd) return crc === combined ? Buffer.concat(pieces, length) : null;
      const origin = bits.read(24);
      const count = readBlock(bits, tree);
      if (origin >= count) return null;
      const made = unsort(tree, count, origin);
      let step = made.next();
      for (; step.done !== true; step = made.next()) {
        length += step.value.length;
        if (length > maximum) return null;
        pieces.push(Uint8Array.from(step.value));
      }
      if (step.value !== crc) return null;
      combined = combine(combined, crc);
    }
  } catch (error) {
    if (error instanceof ContainerFault) return null;
    throw error;
  }
}
