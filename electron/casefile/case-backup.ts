import { randomUUID } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import type Database from 'better-sqlite3';
import { EnclaveError } from '../../shared/problem.ts';
import type { Backup } from '../../shared/jobs.ts';
import type { AuditEntry } from '../../shared/case-record.ts';
import { firstBrokenEntry } from './audit-chain.ts';
import { headerOf } from './case-cipher.ts';
import { CASE_VERSION, caseError, openCaseForReading } from './case-file.ts';
import { changedTables, recordedContent } from './content-digest.ts';
import { refuseWithoutRoom } from './disk-space.ts';
import { MIGRATIONS } from './migrations.ts';
import { storedRecord } from './record-tables.ts';
import { readAsCurrent } from './older-format.ts';
import { newDatabase, openDatabase } from './open-database.ts';

/**
 * Backups of a case: all of it but flows, labels and names, which come again by importing the evidence. Beside the case, in
 * `CASE.backups/`, one file each; docs/case-format.md says what is in them and which are kept.
 */

/** 'ENCB' in SQLite's application_id: no case, though its tables are those of one. */
const BACKUP_ID = 0x454e4342;

/** Kept: so many of the newest, the newest of so many earlier days, and together no more bytes than this (the newest always). */
const KEPT_NEWEST = 5;
const KEPT_DAYS = 5;
const KEPT_BYTES = 256e6;
/** A larger overlay is left out, as evidence is: it comes again from its file. Bytes. */
const LARGEST_OVERLAY = 4e6;
/** A backup takes a quarter of what is free at most: backups must not be what fills the disk. */
const PART_OF_FREE = 4;
/** Of a backup of a case with little in it, bytes. */
const LEAST_BACKUP = 200e3;

const LEFT_OUT: ReadonlySet<string> = new Set([
  'segment',
  'segmentFact',
  'segmentLabel',
  'nameChunk',
  'nameChunkColumn',
]);
const ONLY: ReadonlyMap<string, string> = new Map([
  ['evidence', "WHERE status <> 'importing'"],
  ['labelVersion', 'WHERE version >= 0'],
  ['overlay', `WHERE length(data) <= ${LARGEST_OVERLAY}`],
]);

const NAME = /^(\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ)-entry-(\d+)-[0-9a-f]{8}-case-([0-9a-f]{8})\.backup$/;

/** The folder of a case's backups. */
export function backupFolder(casePath: string): string {
  return `${casePath}.backups`;
}

/** The backups of a case, the newest first, by their names: nothing is opened. */
export function listBackups(casePath: string): Backup[] {
  const folder = backupFolder(casePath);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .flatMap((name) => {
      const [, time, entries, caseId] = NAME.exec(name) ?? [];
      if (time === undefined || entries === undefined || caseId === undefined) return [];
      const path = join(folder, name);
      const made = time.replace(/T(\d\d)-(\d\d)-/, 'T$1:$2:');
      return [{ path, made, entries: Number(entries), caseId, bytes: statSync(path).size }];
    })
    .toSorted((x, y) => (x.made === y.made ? y.entries - x.entries : x.made < y.made ? 1 : -1));
}

/** Copies the tables of a case that a backup has. Both are of the current format. */
export function copyBackedUp(from: Database.Database, to: Database.Database): void {
  const tables = to
    .prepare<[], { name: string }>("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY rowid")
    .all();
  for (const { name } of tables) {
    if (LEFT_OUT.has(name)) continue;
    const rows = from.prepare<[], unknown[]>(`SELECT * FROM "${name}" ${ONLY.get(name) ?? ''}`).raw();
    const insert = to.prepare(
      `INSERT INTO "${name}" VALUES (${rows
        .columns()
        .map(() => '?')
        .join()})`,
    );
    for (const row of rows.iterate()) insert.run(...row);
  }
}

function chainOf(db: Database.Database): AuditEntry[] {
  return db.prepare<[], AuditEntry>('SELECT * FROM audit ORDER BY seq').all();
}

/** What is wrong with a backup; null when it is whole: SQLite's own check, the chain, and each table against the chain. */
function backupFault(db: Database.Database): string | null {
  const [integrity] = db.pragma('integrity_check') as { integrity_check: string }[];
  if (integrity?.integrity_check !== 'ok') return integrity?.integrity_check ?? 'it cannot be checked';
  const audit = chainOf(db);
  const broken = firstBrokenEntry(audit);
  if (broken !== null) return `entry ${broken} of its audit chain does not fit the one before`;
  const recorded = recordedContent(db, audit);
  // Overlays that are too large are not in it.
  const unlike = recorded && changedTables(db, recorded).find(({ table }) => table !== 'overlay');
  return unlike ? `${unlike.table}: ${unlike.detail}` : null;
}

/** Which backups go. @param all the newest first */
function outdated(all: readonly Backup[]): Backup[] {
  const days = new Set<string>();
  let bytes = 0;
  return all.filter((backup, i) => {
    const day = backup.made.slice(0, 10);
    const isOfDay = !days.has(day) && days.size < KEPT_DAYS;
    if (i >= KEPT_NEWEST && !isOfDay) return true;
    days.add(day);
    bytes += backup.bytes;
    return i > 0 && bytes > KEPT_BYTES;
  });
}

/** A backup in the making; one so old was left by a process that was killed, milliseconds. */
const MAKING = 'making-';
const ABANDONED_AFTER = 3_600_000;

function removeAbandoned(folder: string, now: Date): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (!name.startsWith(MAKING)) continue;
    if (now.getTime() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0) > ABANDONED_AFTER)
      rmSync(path, { force: true });
  }
}

/** Writes a file that is whole to the disk and gives it its name. */
function settle(making: string, path: string): void {
  const fd = openSync(making, 'r+');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(making, path);
}

/**
 * Backs a case up as it is now, and takes away the backups that are no longer kept; nothing when the newest has the same head.
 * The backup is read again and checked before it counts. Encrypted when the case is.
 *
 * @returns the backup; null when there was nothing to do
 * @throws EnclaveError when there is no room, or the case is not sound: then the backups before stay
 */
export function backUpCase(casePath: string, now: Date): string | null {
  const folder = backupFolder(casePath);
  const making = join(folder, `${MAKING}${randomUUID()}`);
  let from: Database.Database | null = null;
  let to: Database.Database | null = null;
  try {
    from = openCaseForReading(casePath);
    from.exec('BEGIN');
    const { entries, head, id } = storedRecord(from);
    if (head === null || id === null) return null;
    const caseId = id.slice(0, 8);
    const ofHead = `-entry-${entries}-${head.slice(0, 8)}-case-${caseId}.backup`;
    // A case of the same name that is gone may have left its own here: they stay.
    const known = (): Backup[] => listBackups(casePath).filter((backup) => backup.caseId === caseId);
    const [newest] = known();
    if (newest?.path.endsWith(ofHead) === true) return null;
    refuseWithoutRoom(casePath, PART_OF_FREE * Math.max(newest?.bytes ?? 0, LEAST_BACKUP));
    mkdirSync(folder, { recursive: true });
    removeAbandoned(folder, now);
    to = newDatabase(making, headerOf(casePath));
    to.pragma('page_size = 4096');
    to.pragma(`application_id = ${BACKUP_ID}`);
    to.pragma('journal_mode = OFF');
    to.pragma('synchronous = OFF');
    to.pragma('foreign_keys = OFF');
    to.exec('BEGIN');
    for (const step of MIGRATIONS) to.exec(step);
    to.pragma(`user_version = ${CASE_VERSION}`);
    copyBackedUp(from, to);
    to.exec('COMMIT');
    to.close();
    to = openDatabase(making, { readonly: true });
    const fault = backupFault(to);
    if (fault !== null) throw new EnclaveError('backup-unsound', `the backup is not whole (${fault})`, casePath, CHECK);
    const path = join(folder, `${now.toISOString().slice(0, 19).replaceAll(':', '-')}Z${ofHead}`);
    settle(making, path);
    for (const old of outdated(known())) rmSync(old.path, { force: true });
    return path;
  } catch (error) {
    throw caseError(error, casePath);
  } finally {
    to?.close();
    from?.close();
    rmSync(making, { force: true });
  }
}

const CHECK = 'check the case: enclave verify CASE';

/**
 * Opens a backup for reading and checks it.
 *
 * @throws EnclaveError when it is none, is damaged, or is of a newer format
 */
export function openBackup(path: string): Database.Database {
  let db: Database.Database | null = null;
  try {
    if (!existsSync(path)) {
      throw new EnclaveError(
        'no-backup',
        'there is no such backup',
        path,
        'see which there are: enclave restore CASE',
        1,
      );
    }
    db = openDatabase(path, { readonly: true });
    if (Number(db.pragma('application_id', { simple: true })) !== BACKUP_ID) {
      throw new EnclaveError('no-backup', 'this file is not a backup of a case', path, 'name a .backup file', 1);
    }
    const format = Number(db.pragma('user_version', { simple: true }));
    if (format > CASE_VERSION) {
      const why = `the backup has format ${format}, this Enclave knows up to ${CASE_VERSION}`;
      throw new EnclaveError('backup-newer', why, path, 'restore it with a newer Enclave');
    }
    const fault = backupFault(db);
    if (fault !== null) {
      throw new EnclaveError('backup-unsound', `the backup is damaged (${fault})`, basename(path), 'take another one');
    }
    if (format < CASE_VERSION) readAsCurrent(db);
    return db;
  } catch (error) {
    db?.close();
    throw caseError(error, path);
  }
}
