import { crc32 } from 'node:zlib';
import { isSystemFile, memberName } from './archive-member.ts';
import { ByteQueue, type Pieces } from './byte-queue.ts';
import { bunzip2 } from './bzip2.ts';
import { ContainerFault } from './container-fault.ts';
import { unxz } from './xz.ts';
import { inflateRaw, unzstd } from './zlib-members.ts';

/** zip (PKWARE APPNOTE.TXT 6.3.10, zip64 included), read by random access. */

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const END_64 = 0x06064b50;
const LOCATOR_64 = 0x07064b50;
const LOCAL_BYTES = 30;
const CENTRAL_BYTES = 46;
const END_BYTES = 22;
const PIECE = 1 << 18;
/** The methods that the specification names; of the rest, the number is told. */
const METHODS: Readonly<Record<number, string>> = {
  1: 'Shrink',
  2: 'Reduce',
  3: 'Reduce',
  4: 'Reduce',
  5: 'Reduce',
  6: 'Implode',
  9: 'Deflate64',
  14: 'LZMA',
  97: 'WavPack',
  98: 'PPMd',
};

/** Bytes of the file at a place; fewer at its end. The result is valid until the next call. */
export interface RandomAccess {
  readonly size: number;
  read(position: number, length: number): Buffer;
}

export interface ZipMember {
  readonly name: string;
  /** As in `TarMember`; `encrypted` needs a password. */
  readonly passedBy: null | 'skipped' | 'encrypted' | { readonly why: string };
  /** Where its header lies in the file. */
  readonly offset: number;
  /** Compressed bytes; null when only the content tells. */
  readonly compressed: number | null;
  readonly method: number;
  /** Null when it stands behind the content. */
  readonly crc: number | null;
}

const damaged = (why: string): ContainerFault => new ContainerFault('damaged-archive', why);

function number64(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 4294967296;
}

interface Directory {
  offset: number;
  end: number;
  /** Bytes before the archive, by which all offsets in it are too small. */
  shift: number;
}

/** Finds the central directory by the record at the end of the file; null when there is none. */
function findDirectory(file: RandomAccess): Directory | null {
  const length = Math.min(file.size, END_BYTES + 65_535);
  const tail = Buffer.from(file.read(file.size - length, length));
  for (let at = tail.length - END_BYTES; at >= 0; at--) {
    if (tail.readUInt32LE(at) !== END || at + END_BYTES + tail.readUInt16LE(at + 20) > tail.length) continue;
    let end = file.size - length + at;
    let bytes = tail.readUInt32LE(at + 12);
    let offset = tail.readUInt32LE(at + 16);
    const locator = at >= 20 && tail.readUInt32LE(at - 20) === LOCATOR_64 ? number64(tail, at - 12) : null;
    if (locator !== null) {
      // The record has a fixed part of 56 bytes; where it lies is wrong when bytes stand before the archive.
      for (const place of [locator, end - 20 - 56]) {
        const record = place >= 0 && place + 56 <= file.size ? file.read(place, 56) : Buffer.alloc(0);
        if (record.length < 56 || record.readUInt32LE(0) !== END_64) continue;
        bytes = number64(record, 40);
        offset = number64(record, 48);
        end = place;
        break;
      }
    }
    const shift = end - bytes - offset;
    if (shift >= 0) return { offset: offset + shift, end, shift };
  }
  return null;
}

/**
 * The members in the order of the archive's directory; without a directory (an archive cut short), in the order of their
 * own headers.
 */
export function* zipMembers(
  file: RandomAccess,
  problem: (offset: number, message: string) => void,
): Generator<ZipMember, void, number | undefined> {
  const directory = findDirectory(file);
  if (directory === null) {
    problem(file.size, 'the zip archive has no directory at its end; its members are read one after another');
    yield* membersInTurn(file);
    return;
  }
  for (let at = directory.offset; at < directory.end;) {
    const header = Buffer.from(file.read(at, CENTRAL_BYTES));
    if (header.length < CENTRAL_BYTES || header.readUInt32LE(0) !== CENTRAL) {
      problem(at, 'the directory of the zip archive is damaged; members behind this place were not read');
      return;
    }
    const [nameBytes, extraBytes, noteBytes] = [
      header.readUInt16LE(28),
      header.readUInt16LE(30),
      header.readUInt16LE(32),
    ];
    const rest = Buffer.from(file.read(at + CENTRAL_BYTES, nameBytes + extraBytes));
    const sizes = [header.readUInt32LE(24), header.readUInt32LE(20), header.readUInt32LE(42)];
    readExtra64(rest.subarray(nameBytes), sizes);
    const [, compressed, offset] = sizes;
    const isLink = header[5] === 3 && header.readUInt32LE(38) >>> 28 === 10;
    yield describe(header, 8, rest.subarray(0, nameBytes), {
      offset: offset + directory.shift,
      compressed,
      crc: header.readUInt32LE(16),
      isLink,
    });
    at += CENTRAL_BYTES + nameBytes + extraBytes + noteBytes;
  }
}

/** Members by their local headers. The user sends back where a member's content ended. */
function* membersInTurn(file: RandomAccess): Generator<ZipMember, void, number | undefined> {
  for (let at = findLocal(file, 0); at !== null;) {
    const header = Buffer.from(file.read(at, LOCAL_BYTES));
    if (header.length < LOCAL_BYTES) return;
    const nameBytes = header.readUInt16LE(26);
    const rest = Buffer.from(file.read(at + LOCAL_BYTES, nameBytes + header.readUInt16LE(28)));
    const sizes = [header.readUInt32LE(22), header.readUInt32LE(18)];
    readExtra64(rest.subarray(nameBytes), sizes);
    const isBehind = (header.readUInt16LE(6) & 8) !== 0;
    const ended: number | undefined = yield describe(header, 6, rest.subarray(0, nameBytes), {
      offset: at,
      compressed: isBehind ? null : sizes[1],
      crc: isBehind ? null : header.readUInt32LE(14),
      isLink: false,
    });
    const dataFrom = at + LOCAL_BYTES + rest.length;
    at = findLocal(file, ended ?? dataFrom + (isBehind ? 0 : sizes[1]));
  }
}

/** The next local header from a place on. */
function findLocal(file: RandomAccess, from: number): number | null {
  const magic = Buffer.from('504b0304', 'hex');
  for (let at = from; at < file.size; at += PIECE) {
    const found = file.read(at, PIECE + 3).indexOf(magic);
    if (found >= 0) return at + found;
  }
  return null;
}

/** Puts the 64-bit numbers of the extra field (id 1) where the header has no room for them. */
function readExtra64(extra: Buffer, sizes: number[]): void {
  for (let at = 0; at + 4 <= extra.length;) {
    const id = extra.readUInt16LE(at);
    const end = at + 4 + extra.readUInt16LE(at + 2);
    if (id === 1) {
      let place = at + 4;
      for (const [i, size] of sizes.entries()) {
        if (size !== 0xffffffff || place + 8 > Math.min(end, extra.length)) continue;
        sizes[i] = number64(extra, place);
        place += 8;
      }
      return;
    }
    at = end;
  }
}

/** @param at where the flags lie in the header; the method follows */
function describe(
  header: Buffer,
  at: number,
  name: Buffer,
  found: { offset: number; compressed: number | null; crc: number | null; isLink: boolean },
): ZipMember {
  const flags = header.readUInt16LE(at);
  const method = header.readUInt16LE(at + 2);
  const text = name.toString(flags & 0x800 ? 'utf8' : 'latin1');
  let passedBy: ZipMember['passedBy'] = null;
  if (text.endsWith('/') || found.isLink || isSystemFile(text)) passedBy = 'skipped';
  else if (flags & 0x2041) passedBy = 'encrypted';
  else if (![0, 8, 12, 93, 95].includes(method)) {
    passedBy = { why: `is compressed with ${METHODS[method] ?? `method ${method}`}, which is not read` };
  } else if (method === 0 && found.compressed === null) passedBy = { why: 'does not say where it ends' };
  return {
    name: memberName(text),
    passedBy,
    offset: found.offset,
    compressed: found.compressed,
    method,
    crc: found.crc,
  };
}

/**
 * The content of a member. What came out is checked against its checksum.
 *
 * @param taken is told how many compressed bytes were read, with each piece
 * @param ended is told where in the file the compressed bytes ended
 * @throws ContainerFault
 */
export async function* zipContent(
  file: RandomAccess,
  member: ZipMember,
  taken: (bytes: number) => void,
  ended: (position: number) => void,
): AsyncGenerator<Uint8Array> {
  const header = Buffer.from(file.read(member.offset, LOCAL_BYTES));
  if (header.length < LOCAL_BYTES || header.readUInt32LE(0) !== LOCAL) {
    throw damaged('there is no header where the directory of the zip archive says');
  }
  const from = member.offset + LOCAL_BYTES + header.readUInt16LE(26) + header.readUInt16LE(28);
  async function* compressed(): Pieces {
    const end = member.compressed === null ? file.size : from + member.compressed;
    for (let at = from; at < end;) {
      const piece = file.read(at, Math.min(PIECE, end - at));
      if (piece.length === 0) throw damaged('the zip archive ends inside a member');
      taken(piece.length);
      yield piece;
      at += piece.length;
    }
  }
  const queue = new ByteQueue(compressed());
  let crc = 0;
  for await (const piece of unpack(queue, member.method)) {
    crc = crc32(piece, crc);
    yield piece;
  }
  ended(from + queue.offset);
  if (member.crc !== null && crc !== member.crc) throw damaged('the checksum of a member of the zip archive is wrong');
}

function unpack(queue: ByteQueue, method: number): AsyncGenerator<Uint8Array> {
  const none = (): void => undefined;
  switch (method) {
    case 8:
      return inflateRaw(queue);
    case 12:
      return bunzip2(queue, none);
    case 93:
      return unzstd(queue, none);
    case 95:
      return unxz(queue, none);
    default:
      return queue.pieces();
  }
}
