import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, describe, expect, it } from 'vitest';
import { CaseReader } from '../../electron/casefile/case-reader.ts';
import { CaseWriter } from '../../electron/casefile/case-writer.ts';
import { auditHash } from '../../electron/casefile/audit-chain.ts';
import { SYNTHETIC_PROFILE } from './synthetic-case.ts';

/** What the audit chain records of a case's content, and what it then says of changes. */

const folder = mkdtempSync(join(tmpdir(), 'enclave-digest-'));
afterAll(() => rmSync(folder, { recursive: true }));

function newCase(name: string): string {
  const path = join(folder, `${name}.enclave`);
  CaseWriter.create(path, { title: name, profile: SYNTHETIC_PROFILE, version: 'test' }).close();
  return path;
}

function changed<T>(path: string, work: (writer: CaseWriter) => T): T {
  const writer = CaseWriter.open(path, 'test');
  try {
    return work(writer);
  } finally {
    writer.close();
  }
}

function read<T>(path: string, work: (reader: CaseReader) => T): T {
  const reader = new CaseReader(path);
  try {
    return work(reader);
  } finally {
    reader.close();
  }
}

function behindItsBack(path: string, sql: string): void {
  const db = new Database(path);
  db.exec(sql);
  db.close();
}

const changedTables = (path: string) => read(path, (reader) => reader.changedTables()?.map(({ table }) => table));
const actions = (path: string) => read(path, (reader) => reader.audit().map(({ action }) => action));

const segment = (terms: string[]) => ({
  rows: 1,
  firstStart: 1,
  lastStart: 1,
  lastEnd: 2,
  columns: { start: Float64Array.of(1), end: Float64Array.of(2), payloadProtocol: Uint16Array.of(terms.length) },
  dictionaries: {},
  terms,
});

const DONE = {
  bytes: 10,
  format: 'pcap',
  linkTypes: [],
  packets: 1,
  flows: 1,
  records: 0,
  firstSeen: 1,
  lastSeen: 2,
  status: 'imported',
  problems: [],
  custody: { hashes: {}, clockOffset: 0, clockReason: '' },
} as const;

describe('the content of a case', () => {
  it('is recorded with every entry, and nothing can be written without one', () => {
    const path = newCase('settings');
    expect(changedTables(path)).toEqual([]);
    changed(path, (writer) => writer.setMeta('title', 'another'));
    expect([changedTables(path), actions(path)]).toEqual([[], ['new', 'setting']]);
    changed(path, (writer) => writer.audit('export', { what: 'flows' }));
    const last = read(path, (reader) => reader.audit().at(-1)?.detail ?? '');
    // Nothing changed, so nothing is recorded but the terms, which any sitting may have left behind.
    expect(Object.keys((JSON.parse(last) as { state: { tables: object } }).state.tables)).toEqual(['term']);
    behindItsBack(path, "UPDATE meta SET value = 'a third' WHERE key = 'title'");
    expect(changedTables(path)).toEqual(['meta']);
  });

  it('holds while an import is in work, when it is cut off, and when the next one takes its terms over', () => {
    const path = newCase('cut');
    changed(path, (writer) => {
      const evidence = writer.beginEvidence('/cut.pcap', 10);
      writer.addSegment(evidence, segment(['tls', 'a-new-rule']));
      expect(changedTables(path)).toEqual([]);
    });
    expect([changedTables(path), actions(path)]).toEqual([[], ['new']]);
    changed(path, (writer) => {
      const evidence = writer.beginEvidence('/whole.pcap', 10);
      writer.addSegment(evidence, segment(['tls', 'a-new-rule']));
      writer.finishEvidence(evidence, { ...DONE, linkTypes: [], problems: [], sha256: 'ab'.repeat(32) });
    });
    expect([changedTables(path), actions(path)]).toEqual([[], ['new', 'import']]);
    behindItsBack(path, "UPDATE term SET id = 'another-rule' WHERE id = 'a-new-rule'");
    expect(changedTables(path)).toEqual(['term']);
  });

  it('of a case of an older Enclave is recorded when it is written to for the first time', () => {
    const path = newCase('old');
    const db = new Database(path);
    const entry = {
      seq: 1,
      time: '2026-01-01T00:00:00Z',
      action: 'new',
      actor: '',
      detail: '{}',
      previous: '0'.repeat(64),
    };
    db.prepare('UPDATE audit SET time = ?, actor = ?, detail = ?, hash = ?').run(
      entry.time,
      '',
      '{}',
      auditHash(entry),
    );
    db.close();
    expect(changedTables(path)).toBe(undefined);
    changed(path, () => undefined);
    expect([changedTables(path), actions(path)]).toEqual([[], ['new', 'setting']]);
    behindItsBack(path, "INSERT INTO network VALUES (1, 'x')");
    expect(changedTables(path)).toEqual(['network']);
  });
});
