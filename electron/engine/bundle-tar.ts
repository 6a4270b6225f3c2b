import { closeSync, existsSync, fstatSync, mkdirSync, openSync, readSync, statSync, writeSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { isBundledPath } from './bundle-manifest.ts';

/**
 * A sealed bundle as one file: an archive (ustar, POSIX.1-2017; sizes from 8 GiB on as GNU tar writes them) whose bytes follow from the
 * files and the time of sealing alone, so that every bit of it can be checked.
 */

const BLOCK = 512;
/** Archives end at a multiple of it, as those of GNU tar do. */
const RECORD = 20 * BLOCK;
/** The folder that tar makes of it. */
const TOP = 'bundle/';
const OCTAL_SIZE_ENDS = 8 ** 11;
const COPIED_AT_ONCE = 1 << 20;

/** Whether a bundle of this name is one file. */
export function isBundleTar(path: string): boolean {
  return /\.tar$/i.test(path) && statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true;
}

/** The block before a file's content. @param seconds since the epoch */
function headerOf(path: string, bytes: number, seconds: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, digits: number): void => {
    block.write(value.toString(8).padStart(digits, '0'), at);
  };
  block.write(posix.basename(path), 0, 100);
  octal(0o444, 100, 7);
  octal(0, 108, 7);
  octal(0, 116, 7);
  if (bytes < OCTAL_SIZE_ENDS) octal(bytes, 124, 11);
  else {
    block[124] = 0x80;
    block.writeBigUInt64BE(BigInt(bytes), 128);
  }
  octal(seconds, 136, 11);
  block.write('        0', 148);
  block.write('ustar\u000000', 257);
  block.write(posix.dirname(path), 345, 155);
  octal(
    block.reduce((sum, byte) => sum + byte),
    148,
    6,
  );
  block[154] = 0;
  return block;
}

/** What a header says; null when it is not as `headerOf` writes it. */
function readHeader(block: Buffer): { path: string; bytes: number } | null {
  const text = (at: number, length: number): string => block.toString('latin1', at, at + length).replace(/\0.*$/s, '');
  const bytes = block[124] === 0x80 ? Number(block.readBigUInt64BE(128)) : Number.parseInt(text(124, 12), 8);
  const seconds = Number.parseInt(text(136, 12), 8);
  const path = `${text(345, 155)}/${text(0, 100)}`;
  return Number.isSafeInteger(bytes) && seconds >= 0 && headerOf(path, bytes, seconds).equals(block)
    ? { path, bytes }
    : null;
}

/** Hands on what lies in an open file from `at` on, piece by piece; fewer bytes where the file ends. */
function eachPiece(fd: number, at: number, bytes: number, take: (piece: Buffer) => void): void {
  const buffer = Buffer.allocUnsafeSlow(Math.min(bytes, COPIED_AT_ONCE));
  for (let done = 0; done < bytes;) {
    const got = readSync(fd, buffer, 0, Math.min(bytes - done, buffer.length), at + done);
    if (got === 0) return;
    take(buffer.subarray(0, got));
    done += got;
  }
}

function write(fd: number, piece: Buffer): void {
  for (let done = 0; done < piece.length;) done += writeSync(fd, piece, done);
}

/** Bytes up to the next multiple. */
const upTo = (multiple: number, bytes: number): number => (multiple - (bytes % multiple)) % multiple;

/** Writes the files of a bundle's folder into an open file, in their order. @param sealedAt ISO 8601 */
export function writeBundleTar(
  folder: string,
  paths: readonly string[],
  sealedAt: string,
  fd: number,
  progress: (bytes: number) => void,
): void {
  const seconds = Math.floor(Date.parse(sealedAt) / 1000);
  let at = 0;
  const put = (piece: Buffer): void => {
    write(fd, piece);
    at += piece.length;
  };
  for (const path of paths) {
    const source = openSync(join(folder, path), 'r');
    try {
      const bytes = fstatSync(source).size;
      put(headerOf(TOP + path, bytes, seconds));
      eachPiece(source, 0, bytes, (piece) => {
        put(piece);
        progress(piece.length);
      });
      put(Buffer.alloc(upTo(BLOCK, at)));
    } finally {
      closeSync(source);
    }
  }
  put(Buffer.alloc(2 * BLOCK + upTo(RECORD, at + 2 * BLOCK)));
}

/** Where the case lies in the archive: it comes first. */
export const CASE_IN_TAR = BLOCK;

/**
 * Unpacks a bundle into an empty folder, as far as the archive is as `writeBundleTar` writes it.
 *
 * @returns the first place where it is not, in words; null when every byte is
 */
export function unpackBundleTar(tar: string, folder: string, progress: () => void): string | null {
  const fd = openSync(tar, 'r');
  try {
    const { size } = fstatSync(fd);
    const block = Buffer.alloc(BLOCK);
    let at = 0;
    for (;;) {
      if (readSync(fd, block, 0, BLOCK, at) < BLOCK) return `cut off at byte ${at}`;
      if (block.every((byte) => byte === 0)) break;
      const header = readHeader(block);
      const path = header?.path.startsWith(TOP) === true ? header.path.slice(TOP.length) : '';
      const target = join(folder, path);
      if (header === null || !isBundledPath(path) || existsSync(target))
        return `the header at byte ${at} is not as Enclave writes it`;
      at += BLOCK;
      if (at + header.bytes > size) return `${path} is cut off`;
      mkdirSync(dirname(target), { recursive: true });
      const to = openSync(target, 'wx');
      try {
        eachPiece(fd, at, header.bytes, (piece) => {
          write(to, piece);
          progress();
        });
      } finally {
        closeSync(to);
      }
      at += header.bytes;
      const padding = upTo(BLOCK, at);
      if (!isZero(fd, at, padding)) return `the padding behind ${path} was changed`;
      at += padding;
    }
    const end = at + 2 * BLOCK + upTo(RECORD, at + 2 * BLOCK);
    return size === end && isZero(fd, at, size - at)
      ? null
      : `what follows the last file, from byte ${at}, was changed`;
  } finally {
    closeSync(fd);
  }
}

function isZero(fd: number, at: number, bytes: number): boolean {
  let isSo = true;
  eachPiece(fd, at, bytes, (piece) => {
    isSo &&= piece.every((byte) => byte === 0);
  });
  return isSo;
}
