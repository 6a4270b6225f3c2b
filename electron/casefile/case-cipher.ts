import { createHmac, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';

/**
 * Encryption of a case at rest: passphrase to key, and what the first bytes of an encrypted file say.
 *
 * The cipher (ChaCha20-Poly1305 a page, SQLite3 Multiple Ciphers) leaves two places of the file readable: its 16-byte header, which
 * is ours to fill, and the eight bytes after it, which are those of every SQLite file. The header is the number of this recipe, a
 * salt of 11 bytes, and four bytes by which a passphrase that does not fit is told from damage.
 */

/** Number of the recipe below: the first byte of an encrypted file. That of a plain one is an S. */
const RECIPE = 1;
export const HEADER_BYTES = 16;
const KEY_BYTES = 32;
const CHECK_BYTES = 4;
const CHECK_AT = HEADER_BYTES - CHECK_BYTES;

/** scrypt (RFC 7914): 128 MiB and about a third of a second for each try. */
const SCRYPT = { N: 1 << 17, r: 8, p: 1, maxmem: 160 << 20 };

/** Read of a file's beginning to tell what it is. */
const HEAD_BYTES = 72;

/** Page size (of cases, of backups), reserved bytes and payload fractions, bytes 16 to 23; the journal's two stand apart. */
const PAGE_SIZES = [0x4000, 0x1000];
const RESERVED_BYTES = 32;
const FRACTIONS = [64, 32, 32];

/** Keys of the cases that were unlocked, by header in hex. In memory only; shared, so that there is one copy. */
export type CaseKeys = ReadonlyMap<string, SharedArrayBuffer>;

const keys = new Map<string, SharedArrayBuffer>();

/** Makes keys known to this thread: from here on it can open the files with these headers. */
export function takeKeys(given: CaseKeys): void {
  for (const [header, key] of given) keys.set(header, key);
}

/** The key of files with this header (hex); null when no passphrase was given for it. */
export function keyFor(header: string): Uint8Array | null {
  const key = keys.get(header);
  return key === undefined ? null : new Uint8Array(key);
}

/** The header of an encrypted case in hex; null for anything else. @param head the file's first 24 bytes or more */
export function encryptedHeader(head: Buffer): string | null {
  const isOurs =
    head.length >= 24 &&
    head[0] === RECIPE &&
    PAGE_SIZES.includes(head.readUInt16BE(16)) &&
    [1, 2].includes(head[18]) &&
    head[19] === head[18] &&
    head[20] === RESERVED_BYTES &&
    FRACTIONS.every((fraction, at) => head[21 + at] === fraction);
  return isOurs ? head.toString('hex', 0, HEADER_BYTES) : null;
}

/** The first bytes of a file, or of what lies in it from `at` on; as many as there are. Throws what the file system does. */
export function firstBytes(path: string, at = 0): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  const fd = openSync(path, 'r');
  try {
    return head.subarray(0, readSync(fd, head, 0, head.length, at));
  } finally {
    closeSync(fd);
  }
}

/** The header (hex) of an encrypted case, which begins at byte `at` of the file; null for what is plain, unreadable or not there. */
export function headerOf(path: string, at = 0): string | null {
  try {
    return encryptedHeader(firstBytes(path, at));
  } catch {
    return null;
  }
}

/** Passphrases compare alike however they were typed: Unicode in its form NFKC (NIST SP 800-63B, 5.1.1.2). */
function stretch(passphrase: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(passphrase.normalize('NFKC'), salt, KEY_BYTES, SCRYPT, (error, made) => {
      if (error === null) resolve(made);
      else reject(error);
    });
  });
}

function checkOf(key: Buffer): Buffer {
  return createHmac('sha256', key).update('enclave-case-passphrase-1').digest().subarray(0, CHECK_BYTES);
}

/** Moves a key into memory that threads share. */
function shared(key: Buffer): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(KEY_BYTES);
  new Uint8Array(memory).set(key);
  key.fill(0);
  return memory;
}

/** A header (hex) with a new salt, and its key. */
export async function newKey(passphrase: string): Promise<[header: string, key: SharedArrayBuffer]> {
  const head = Buffer.concat([Buffer.of(RECIPE), randomBytes(CHECK_AT - 1)]);
  const key = await stretch(passphrase, head);
  const header = Buffer.concat([head, checkOf(key)]).toString('hex');
  return [header, shared(key)];
}

/** The key that a passphrase gives for files with this header (hex); null when it does not fit. */
export async function keyOf(passphrase: string, header: string): Promise<SharedArrayBuffer | null> {
  const bytes = Buffer.from(header, 'hex');
  const key = await stretch(passphrase, bytes.subarray(0, CHECK_AT));
  return timingSafeEqual(checkOf(key), bytes.subarray(CHECK_AT)) ? shared(key) : null;
}
