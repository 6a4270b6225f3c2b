import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, describe, expect, it } from 'vitest';
import { CASE_VERSION } from '../../electron/casefile/case-file.ts';
import { CaseReader } from '../../electron/casefile/case-reader.ts';
import { CaseWriter } from '../../electron/casefile/case-writer.ts';
import { APPLICATION_ID, MIGRATIONS } from '../../electron/casefile/migrations.ts';
import { SYNTHETIC_PROFILE } from './synthetic-case.ts';

/** A case of every earlier version is opened, for reading and for writing, and says what it said before. */

const folder = mkdtempSync(join(tmpdir(), 'enclave-migrations-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A case as the Enclave of that version made it, with one evidence file. */
function caseOfVersion(version: number, name: string): string {
  const path = join(folder, name);
  const db = new Database(path);
  db.pragma(`application_id = ${APPLICATION_ID}`);
  db.pragma('journal_mode = WAL');
  for (const step of MIGRATIONS.slice(0, version)) db.exec(step);
  db.pragma(`user_version = ${version}`);
  const meta = db.prepare('INSERT INTO meta (key, value) VALUES (?, ?)');
  meta.run('title', 'An old case');
  meta.run('profile', JSON.stringify(SYNTHETIC_PROFILE));
  db.exec(`INSERT INTO evidence (id, path, sha256, bytes, format, linkTypes, packets, flows, records, firstSeen, lastSeen, status,
      problems, importedAt)
    VALUES ('0123456789abcdef', '/old.pcap', '${'ab'.repeat(32)}', 100, 'pcap', '["EN10MB"]', 3, 1, 0, 1, 2, 'imported', '[]',
      '2026-11-22T00:00:00Z')`);
  db.close();
  return path;
}

/** A case that is opened for reading says what it said before, whatever its format; gives what its audit chain holds. */
function readOld(path: string): { action: string; detail: unknown }[] {
  const reader = new CaseReader(path);
  try {
    expect(reader.meta('title')).toBe('An old case');
    expect(reader.evidence()).toEqual([
      expect.objectContaining({
        path: '/old.pcap',
        packets: 3,
        custody: { hashes: {}, clockOffset: 0, clockReason: '' },
      }),
    ]);
    expect([reader.overlays(), reader.indicatorFiles(), reader.indicators()]).toEqual([[], [], []]);
    expect([reader.notes(), reader.keptStates(), reader.record().facts.title]).toEqual([[], [], 'An old case']);
    expect(reader.ownFindings()).toEqual([]);
    expect(reader.integrityFaults()).toEqual([]);
    return reader.audit().map(({ action, detail }) => ({ action, detail: JSON.parse(detail) as unknown }));
  } finally {
    reader.close();
  }
}

function formatOf(path: string): unknown {
  const db = new Database(path, { readonly: true });
  const format = db.pragma('user_version', { simple: true });
  db.close();
  return format;
}

describe.each(MIGRATIONS.slice(0, -1).map((_, i) => i + 1))('a case of version %i', (version) => {
  it('is read as it is', () => {
    const path = caseOfVersion(version, `reader-${version}.enclave`);
    const before = readFileSync(path);
    expect(readOld(path)).toEqual([]);
    expect(readFileSync(path).equals(before)).toBe(true);
    expect(existsSync(path.replace('.enclave', `.format-${version}.enclave`))).toBe(false);
  });

  it('is copied whole, then brought to the current version, by a writer', () => {
    const path = caseOfVersion(version, `writer-${version}.enclave`);
    const writer = CaseWriter.open(path, 'test');
    const copy = writer.olderCopy ?? '';
    writer.close();
    expect(copy).toBe(path.replace('.enclave', `.format-${version}.enclave`));
    const change = { from: version, to: CASE_VERSION, copy: copy.split('/').at(-1) };
    expect(readOld(path)).toEqual([{ action: 'migrate', detail: expect.objectContaining(change) as unknown }]);
    expect(readOld(copy)).toEqual([]);
    expect([path, copy].map(formatOf)).toEqual([CASE_VERSION, version]);
  });
});

it('a reader that had a case open before it was brought to the current version knows that it must open it anew', () => {
  const path = caseOfVersion(MIGRATIONS.length - 1, 'outgrown.enclave');
  const reader = new CaseReader(path);
  expect(reader.isOutgrown).toBe(false);
  CaseWriter.open(path, 'test').close();
  expect(reader.isOutgrown).toBe(true);
  reader.close();
});
