import { existsSync, rmSync, statSync } from 'node:fs';
import type Database from 'better-sqlite3';
import { EnclaveError } from '../../shared/problem.ts';
import { checkProfile, type Profile } from '../../shared/profile.ts';
import { encryptedHeader, firstBytes } from './case-cipher.ts';
import { APPLICATION_ID, MIGRATIONS } from './migrations.ts';
import { copyOlderCase, readAsCurrent } from './older-format.ts';
import { newDatabase, openDatabase } from './open-database.ts';

/** Opening, creating and locking a case: one SQLite database in WAL mode. */

export const CASE_VERSION = MIGRATIONS.length;

function isDiskFull(code: string): boolean {
  return ['SQLITE_FULL', 'SQLITE_IOERR_WRITE', 'SQLITE_IOERR_SHMSIZE', 'ENOSPC', 'EFBIG'].includes(code);
}

/** Turns what SQLite or the file system threw into an EnclaveError that names the case and a remedy. */
export function caseError(error: unknown, path: string): EnclaveError {
  if (error instanceof EnclaveError) return error;
  const code =
    typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : '';
  const message = error instanceof Error ? error.message : String(error);
  if (isDiskFull(code)) {
    return new EnclaveError(
      'disk-full',
      'no space left for the case; what was in work was not added, all before it is kept',
      path,
      'free some space and try again',
    );
  }
  if (code === 'SQLITE_BUSY' || code === 'SQLITE_LOCKED') return lockedError(path);
  if (code === 'SQLITE_CORRUPT' || code === 'SQLITE_NOTADB' || code === 'SQLITE_CORRUPT_VTAB') {
    return new EnclaveError(
      'case-damaged',
      `the case file is damaged (${message})`,
      path,
      'bring it back from a backup: enclave restore CASE',
    );
  }
  if (code === 'SQLITE_READONLY' || code === 'SQLITE_CANTOPEN' || code === 'EACCES' || code === 'EROFS') {
    return new EnclaveError('case-not-writable', 'the case file cannot be written', path, 'check its permissions');
  }
  return new EnclaveError('case-unusable', `the case cannot be used (${message})`, path, 'check the file and its disk');
}

function lockedError(path: string): EnclaveError {
  return new EnclaveError(
    'case-locked',
    'the case is being written by another Enclave',
    path,
    'wait until that one has ended, or close it',
  );
}

/** Throws when there is no case at the path. */
export function checkIsCase(path: string): void {
  headOf(path);
}

/**
 * True for a sealed case: one that was brought out of the write-ahead mode in which every case is written, so that it is
 * read from write-protected media without a file beside it. It is never written to. Throws when there is no case.
 */
export function isSealed(path: string): boolean {
  const head = headOf(path);
  // Both version numbers of the file format.
  if (head[18] !== 1 || head[19] !== 1) return false;
  // And a schema: a case whose maker was killed has none yet, and where that cannot be read, one page.
  return encryptedHeader(head) === null ? head.readUInt32BE(60) > 0 : statSync(path).size > head.readUInt16BE(16);
}

/** Throws in one line when the case may only be read. */
export function refuseSealed(path: string): void {
  if (!isSealed(path)) return;
  throw new EnclaveError(
    'case-sealed',
    'the case is sealed and can only be read',
    path,
    'work in the case that it was made from',
  );
}

/** The first bytes of a case. Throws when there is no case at the path. */
function headOf(path: string): Buffer {
  if (!existsSync(path)) {
    throw new EnclaveError('no-case', 'there is no such case', path, 'create it with: enclave new CASE');
  }
  let head: Buffer;
  try {
    head = firstBytes(path);
  } catch (error) {
    throw new EnclaveError(
      'case-unreadable',
      `the case file cannot be read (${error instanceof Error ? error.message : String(error)})`,
      path,
      'check its permissions',
    );
  }
  if (encryptedHeader(head) !== null) return head;
  const isSqlite = head.length === 72 && head.toString('latin1', 0, 15) === 'SQLite format 3';
  if (!isSqlite || head.readUInt32BE(68) !== APPLICATION_ID) {
    throw notACase(path);
  }
  return head;
}

function notACase(path: string): EnclaveError {
  return new EnclaveError('not-a-case', 'this file is not an Enclave case', path, 'name a .enclave file');
}

function checkVersion(db: Database.Database, path: string): number {
  // Of an encrypted file it could not be seen before.
  if (Number(db.pragma('application_id', { simple: true })) !== APPLICATION_ID) throw notACase(path);
  const version = Number(db.pragma('user_version', { simple: true }));
  if (version > CASE_VERSION) {
    throw new EnclaveError(
      'case-newer',
      `the case has format version ${version}, this Enclave knows up to ${CASE_VERSION}`,
      path,
      'open it with a newer Enclave',
    );
  }
  return version;
}

/** Creates an empty case. Throws when the file exists. @param header (hex) under which it is encrypted; null: it is not */
export function createCaseFile(path: string, header: string | null = null): Database.Database {
  if (existsSync(path)) {
    throw new EnclaveError('case-exists', 'the file exists already', path, 'choose another name or remove it');
  }
  let db: Database.Database | null = null;
  try {
    db = newDatabase(path, header);
    db.pragma('page_size = 16384');
    // Before the write-ahead log, so that the file says what it is even when its maker is killed.
    db.pragma(`application_id = ${APPLICATION_ID}`);
    db.pragma('journal_mode = WAL');
    migrate(db, 0);
    configureWriter(db);
    return db;
  } catch (error) {
    if (db !== null) removeUnfinishedCase(db, path);
    throw caseError(error, path);
  }
}

/** Takes back a case whose making failed (a full disk), so that the name is free again. */
export function removeUnfinishedCase(db: Database.Database, path: string): void {
  db.close();
  for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true });
}

function migrate(db: Database.Database, from: number): void {
  for (let version = from; version < MIGRATIONS.length; version++) {
    const step = MIGRATIONS[version];
    if (step === undefined) break;
    db.transaction(() => {
      db.exec(step);
      db.pragma(`user_version = ${version + 1}`);
    })();
  }
}

function configureWriter(db: Database.Database): void {
  db.pragma('synchronous = NORMAL');
  db.pragma('foreign_keys = ON');
  db.pragma('journal_size_limit = 67108864');
}

/** A case opened for writing; `copy`: where its older format was copied to before it was changed, null when it was current. */
interface OpenedCase {
  readonly db: Database.Database;
  readonly format: number;
  readonly copy: string | null;
}

/** Opens a case for writing and brings it to the current format, after copying it. The caller holds the CaseLock. */
export function openCaseForWriting(path: string): OpenedCase {
  checkIsCase(path);
  let db: Database.Database | null = null;
  try {
    db = openDatabase(path);
    const format = checkVersion(db, path);
    configureWriter(db);
    // A case whose maker was killed before its first step has nothing to be copied.
    const copy = format === 0 || format === CASE_VERSION ? null : copyOlderCase(db, path, format);
    migrate(db, format);
    return { db, format, copy };
  } catch (error) {
    db?.close();
    throw caseError(error, path);
  }
}

/**
 * Brings the write-ahead log into the case file, so that the case is one file at rest: SQLite does it when the last
 * connection closes, but only one that may write, and readers are often the last. Harmless when others have the case
 * open, when it is damaged or read-only, or when it is gone: then the log stays as it is.
 */
export function foldJournal(path: string): void {
  if (!existsSync(`${path}-wal`) || !existsSync(path)) return;
  let db: Database.Database | null = null;
  try {
    db = openDatabase(path, { timeout: 0 });
    db.pragma('user_version');
  } catch {
    // Whoever needs the case next is told what is wrong with it.
  } finally {
    db?.close();
  }
}

/** Opens a case for reading only. One of an older format is read as it is, and stays so. */
export function openCaseForReading(path: string): Database.Database {
  checkIsCase(path);
  let db: Database.Database | null = null;
  try {
    db = openDatabase(path, { readonly: true });
    if (checkVersion(db, path) < CASE_VERSION) readAsCurrent(db);
    return db;
  } catch (error) {
    db?.close();
    throw caseError(error, path);
  }
}

/**
 * The writer's lock: an exclusive transaction held on a small database beside the case. The operating system drops it
 * with the process, so a killed writer never leaves a stale lock.
 */
export class CaseLock {
  readonly #db: Database.Database;
  readonly #path: string;

  constructor(casePath: string) {
    this.#path = `${casePath}-lock`;
    let db: Database.Database | null = null;
    try {
      db = openDatabase(this.#path, { timeout: 0 });
      db.exec('BEGIN EXCLUSIVE');
      this.#db = db;
    } catch (error) {
      db?.close();
      throw caseError(error, casePath);
    }
  }

  release(): void {
    rmSync(this.#path, { force: true });
    this.#db.close();
  }
}

/** The profile of a case. @param text its setting `profile` */
export function storedProfile(text: string | null, path: string): Profile {
  const checked = checkProfile(JSON.parse(text ?? 'null'));
  if (!checked.ok) throw caseError(new Error(`its profile is wrong: ${checked.fault}`), path);
  return checked.profile;
}
