import { createRequire } from 'node:module';
import Database from 'better-sqlite3';
import { EnclaveError } from '../../shared/problem.ts';
import { HEADER_BYTES, headerOf, keyFor } from './case-cipher.ts';

/** The one place where databases are opened, plain and encrypted. */

/** A connection that takes a key. */
interface KeyedDatabase extends Database.Database {
  key(key: Buffer): number;
}

let cipherLibrary: typeof Database | null = null;

/** The library with the cipher: loaded with the first encrypted case, so that plain ones pay nothing. */
function withCipher(): typeof Database {
  cipherLibrary ??= createRequire(import.meta.url)('better-sqlite3-multiple-ciphers') as typeof Database;
  return cipherLibrary;
}

/** Opens or makes an encrypted database. The key goes to the cipher as it is, without a second derivation. */
function openEncrypted(path: string, header: string, options: Database.Options): Database.Database {
  const key = keyFor(header);
  if (key === null) {
    throw new EnclaveError(
      'case-encrypted',
      'the case is encrypted',
      path,
      'give its passphrase: type it when asked, or name a file with --passphrase-file, or set ENCLAVE_PASSPHRASE',
    );
  }
  const db = new (withCipher())(path, options) as KeyedDatabase;
  const secret = Buffer.concat([Buffer.from('raw:'), key, Buffer.from(header, 'hex')]);
  try {
    db.pragma("cipher = 'chacha20'");
    db.key(secret);
    // What SQLite would put into temporary files is not encrypted there.
    db.pragma('temp_store = MEMORY');
    return db;
  } catch (error) {
    db.close();
    throw error;
  } finally {
    secret.fill(0);
  }
}

/**
 * Opens a database, encrypted or not, as its first bytes say.
 *
 * @throws EnclaveError `case-encrypted` when it is encrypted and this thread has no key for it; SqliteError
 */
export function openDatabase(path: string, options: Database.Options = {}): Database.Database {
  const header = headerOf(path);
  return header === null ? new Database(path, options) : openEncrypted(path, header, options);
}

/** Opens a file that is to become a database. @param header (hex) under which it shall be encrypted; null: plain */
export function newDatabase(path: string, header: string | null): Database.Database {
  if (header === null) return new Database(path);
  if (header.length !== 2 * HEADER_BYTES) throw new Error('a cipher header has 16 bytes');
  return openEncrypted(path, header, {});
}

/** True for what SQLite throws: damage, locks, full disks, missing permissions. Both libraries have a class of their own. */
export function isDatabaseError(error: unknown): boolean {
  return error instanceof Error && error.name === 'SqliteError';
}
