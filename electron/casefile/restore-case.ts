import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { basename } from 'node:path';
import type Database from 'better-sqlite3';
import type { RestoredCase } from '../../shared/jobs.ts';
import { copyBackedUp, openBackup } from './case-backup.ts';
import { headerOf } from './case-cipher.ts';
import { CaseLock, caseError, createCaseFile, foldJournal, removeUnfinishedCase } from './case-file.ts';
import { CaseWriter } from './case-writer.ts';

/** Files that belong to a case while it is open. */
const OF_A_CASE = ['-wal', '-shm', ''];

/** Evidence whose flows the case had, as its restoration names it. */
function evidenceOf(backup: Database.Database): RestoredCase['evidence'] {
  return backup
    .prepare<[], RestoredCase['evidence'][number]>('SELECT id, path, sha256, bytes FROM evidence ORDER BY number')
    .all();
}

/** Moves what lies at the place of the case out of the way: nothing is lost by restoring. Null when nothing is there. */
function setAside(path: string, now: Date): string | null {
  if (!existsSync(path)) return null;
  const aside = `${path.replace(/\.enclave$/, '')}.before-restore-${now.toISOString().slice(0, 19).replaceAll(':', '-')}.enclave`;
  for (const suffix of OF_A_CASE) if (existsSync(path + suffix)) renameSync(path + suffix, aside + suffix);
  return aside;
}

/**
 * Brings a case back from a backup: made beside its place and moved there when it is whole. What lay there is kept under another
 * name. The restoration is an entry of the audit chain and names the evidence that is to be imported again.
 *
 * @param version of the Enclave that does it
 * @throws EnclaveError when the backup is damaged, or another Enclave writes the case
 */
export function restoreCase(path: string, from: string, version: string, now: Date): RestoredCase {
  const making = `${path}.restoring`;
  const backup = openBackup(from);
  let lock: CaseLock | null = null;
  try {
    lock = new CaseLock(path);
    for (const suffix of OF_A_CASE) rmSync(making + suffix, { force: true });
    const db = createCaseFile(making, headerOf(from));
    try {
      db.transaction(() => copyBackedUp(backup, db))();
      db.close();
    } catch (error) {
      removeUnfinishedCase(db, making);
      throw error;
    }
    const evidence = evidenceOf(backup);
    const last = backup
      .prepare<[], { seq: number; hash: string }>('SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1')
      .get();
    const writer = CaseWriter.open(making, version, () => now);
    const sha256 = createHash('sha256').update(readFileSync(from)).digest('hex');
    const told = { backup: basename(from), sha256, entries: last?.seq ?? 0, head: last?.hash ?? '', evidence };
    try {
      writer.enterRestoration(told);
    } finally {
      writer.close();
    }
    foldJournal(making);
    const aside = setAside(path, now);
    renameSync(making, path);
    return { ...told, case: path, aside };
  } catch (error) {
    throw caseError(error, path);
  } finally {
    backup.close();
    lock?.release();
  }
}
