import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, describe, expect, it } from 'vitest';
import { backupFolder, backUpCase, listBackups, openBackup } from '../../electron/casefile/case-backup.ts';
import { CaseReader } from '../../electron/casefile/case-reader.ts';
import { CaseWriter } from '../../electron/casefile/case-writer.ts';
import { SYNTHETIC_PROFILE } from './synthetic-case.ts';

/** Which backups are made and kept, and that one which is not whole does not count. */

const folder = mkdtempSync(join(tmpdir(), 'enclave-case-backup-'));
afterAll(() => rmSync(folder, { recursive: true }));

function newCase(name: string): string {
  const path = join(folder, name);
  CaseWriter.create(path, { profile: SYNTHETIC_PROFILE, version: 'test', title: name }).close();
  return path;
}

function enter(path: string): void {
  const writer = CaseWriter.open(path, 'test');
  writer.audit('export', { what: 'something' });
  writer.close();
}

describe('backups', () => {
  it('are made of each new head once; the newest five stay, and one of each of five days', () => {
    const path = newCase('kept.enclave');
    for (let day = 1; day <= 9; day++) {
      for (let hour = 0; hour < 3; hour++) {
        const at = new Date(Date.UTC(2026, 0, day, hour));
        enter(path);
        expect(backUpCase(path, at)).not.toBeNull();
        expect(backUpCase(path, at)).toBeNull();
      }
    }
    const kept = listBackups(path).map(({ made }) => made.slice(5, 13));
    expect(kept).toEqual([
      '01-09T02',
      '01-09T01',
      '01-09T00',
      '01-08T02',
      '01-08T01',
      '01-07T02',
      '01-06T02',
      '01-05T02',
    ]);
    expect(listBackups(path)[0]?.entries).toBe(28);
    expect(readdirSync(backupFolder(path))).toHaveLength(8);
  });

  it('of a case that is gone are not taken for those of one with its name', () => {
    const path = newCase('twice.enclave');
    for (let i = 0; i < 8; i++) {
      enter(path);
      backUpCase(path, new Date(Date.UTC(2026, 0, 1, i)));
    }
    rmSync(path);
    newCase('twice.enclave');
    expect(backUpCase(path, new Date(Date.UTC(2026, 0, 2)))).not.toBeNull();
    const [newest, ...others] = listBackups(path);
    expect([newest?.entries, others.length]).toEqual([1, 5]);
  });

  it('of a case whose chain is broken are not made, and the ones before stay', () => {
    const path = newCase('broken.enclave');
    const before = backUpCase(path, new Date(Date.UTC(2026, 0, 1)));
    enter(path);
    const db = new Database(path);
    db.exec("UPDATE audit SET detail = replace(detail, 'something', 'nothing') WHERE seq = 2");
    db.close();
    expect(() => backUpCase(path, new Date(Date.UTC(2026, 0, 2)))).toThrow(/entry 2 of its audit chain/);
    expect(readdirSync(backupFolder(path))).toEqual([before?.split('/').at(-1)]);
  });

  it('are no cases, and are refused when a byte of what they hold was changed', () => {
    const path = newCase('bytes.enclave');
    const backup = backUpCase(path, new Date(Date.UTC(2026, 0, 1))) ?? '';
    openBackup(backup).close();
    expect(() => new CaseReader(backup)).toThrow(/not an Enclave case/);
    const bytes = readFileSync(backup);
    const at = bytes.indexOf('bytes.enclave');
    expect(at).toBeGreaterThan(0);
    bytes[at] ^= 1;
    writeFileSync(backup, bytes);
    expect(() => openBackup(backup)).toThrow(/damaged/);
    expect(existsSync(path)).toBe(true);
  });
});
