import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { firstBrokenEntry } from '../../electron/casefile/audit-chain.ts';
import { CaseReader } from '../../electron/casefile/case-reader.ts';
import { CaseWriter } from '../../electron/casefile/case-writer.ts';
import { sha256Of } from '../../electron/casefile/record-tables.ts';
import {
  addNote,
  beginSitting,
  changeFacts,
  changeNote,
  keepState,
  removeNote,
  removeState,
} from '../../electron/casefile/record-writer.ts';
import { EnclaveError } from '../../shared/problem.ts';
import type { NewNote } from '../../shared/case-record.ts';
import { SYNTHETIC_PROFILE } from './synthetic-case.ts';

/** Facts, sittings, notes and kept states of a case, and what the audit chain keeps of them. */

const folder = mkdtempSync(join(tmpdir(), 'enclave-record-'));
afterAll(() => rmSync(folder, { recursive: true }));

let path: string;
let cases = 0;
beforeEach(() => {
  path = join(folder, `${cases++}.enclave`);
  const facts = { title: 'A case', examiner: 'E. First', number: '17/2026' };
  CaseWriter.create(path, { ...facts, profile: SYNTHETIC_PROFILE, version: '9.9.9' }).close();
});

/** Writes to the case, then reads it. */
function written<T>(work: (writer: CaseWriter) => T): T {
  const writer = CaseWriter.open(path, '9.9.9');
  try {
    return work(writer);
  } finally {
    writer.close();
  }
}

function read<T>(work: (reader: CaseReader) => T): T {
  const reader = new CaseReader(path);
  try {
    return work(reader);
  } finally {
    reader.close();
  }
}

/** Details of the entries of an action, in order, without what every entry bears. */
function entries(action: string): { actor: string; detail: Record<string, unknown> }[] {
  return read((reader) => {
    expect(firstBrokenEntry(reader.audit())).toBeNull();
    return reader
      .audit()
      .filter((entry) => entry.action === action)
      .map(({ actor, detail }) => {
        const { enclave, state: _, ...own } = JSON.parse(detail) as Record<string, unknown>;
        expect(enclave).toBe('9.9.9');
        return { actor, detail: own };
      });
  });
}

const NOTE: NewNote = { target: 'case', text: 'first\nwords', tags: ['a', 'b', 'a'], inReport: true, decision: null };

describe('facts', () => {
  it('are kept as stated, empty when not, and are in the first entry of the chain', () => {
    const { facts, id, head, entries: count } = read((reader) => reader.record());
    expect(facts).toMatchObject({ title: 'A case', number: '17/2026', scope: '', banner: '' });
    expect([id, count]).toEqual([head, 1]);
    expect(entries('new')[0]?.detail).toMatchObject({ number: '17/2026', scope: '', profile: SYNTHETIC_PROFILE.name });
  });

  it('are stated anew with what stood before; what stays the same is no change', () => {
    written((writer) => changeFacts(writer, { scope: 'only May', title: 'A case' }));
    written((writer) => changeFacts(writer, { scope: 'only May' }));
    expect(entries('facts')).toEqual([{ actor: 'E. First', detail: { scope: { before: '', after: 'only May' } } }]);
    expect(read((reader) => reader.record().facts.scope)).toBe('only May');
  });
});

describe('sittings', () => {
  it('name who does what follows, until another one is named', () => {
    written((writer) => beginSitting(writer, 'B. Second', 'Asia/Seoul'));
    const { examiner } = written((writer) => addNote(writer, NOTE));
    expect(examiner).toBe('B. Second');
    expect(entries('sitting')).toEqual([
      { actor: 'B. Second', detail: { examiner: 'B. Second', machineTimeZone: 'Asia/Seoul' } },
    ]);
    expect(entries('note')[0]?.actor).toBe('B. Second');
    expect(read((reader) => reader.record())).toMatchObject({
      atWork: 'B. Second',
      examiners: ['E. First', 'B. Second'],
    });
  });
});

describe('notes', () => {
  it('are found by target and by what they say, in the order they were made', () => {
    const [first, second] = written((writer) => [
      addNote(writer, NOTE),
      addNote(writer, { ...NOTE, target: 'host:192.0.2.1', text: 'Second', tags: ['Odd'] }),
    ]);
    expect(first?.tags).toEqual(['a', 'b']);
    expect(first?.id).not.toBe(second?.id);
    read((reader) => {
      expect(reader.notes()).toEqual([first, second]);
      expect(reader.notes({ target: 'host:192.0.2.1', search: null })).toEqual([second]);
      expect(reader.notes({ target: null, search: 'WORDS' })).toEqual([first]);
      expect(reader.notes({ target: null, search: 'odd' })).toEqual([second]);
      expect(reader.notes({ target: 'case', search: 'odd' })).toEqual([]);
    });
  });

  it('are changed and taken out, and the chain keeps what they said and the hash of what they say', () => {
    const note = written((writer) => addNote(writer, NOTE));
    const changed = written((writer) => changeNote(writer, note.id, { text: 'other words', inReport: false }));
    expect(changed).toMatchObject({ id: note.id, text: 'other words', tags: ['a', 'b'], inReport: false });
    written((writer) => removeNote(writer, note.id));
    expect(read((reader) => reader.notes())).toEqual([]);
    const told = entries('note').map(({ detail }) => detail);
    expect(told).toEqual([
      expect.objectContaining({ note: note.id, textSha256: sha256Of('first\nwords'), inReport: true }),
      expect.objectContaining({
        changed: true,
        textSha256: sha256Of('other words'),
        before: expect.objectContaining({ text: 'first\nwords', inReport: true }) as object,
      }),
      expect.objectContaining({
        removed: true,
        before: expect.objectContaining({ text: 'other words', inReport: false }) as object,
      }),
    ]);
    expect(told[0]).not.toHaveProperty('text');
  });

  it('are refused on evidence, flows and findings that the case does not hold, and leave no trace', () => {
    const before = read((reader) => reader.audit());
    for (const target of ['evidence:0123456789abcdef', 'flow:0123456789abcdef:1:0', 'finding:0123456789abcdef']) {
      expect(() => written((writer) => addNote(writer, { ...NOTE, target }))).toThrow(EnclaveError);
    }
    expect(() => written((writer) => removeNote(writer, '0123456789abcdef'))).toThrow(/no note/);
    expect(read((reader) => reader.audit())).toEqual(before);
  });

  it('on a finding may be decisions, which have entries of their own', () => {
    const id = '0123456789abcdef';
    written((writer) => writer.changeRecord((db) => db.prepare('INSERT INTO finding VALUES (?, 0, ?)').run(id, '{}')));
    const decision = { ...NOTE, target: `finding:${id}`, text: '', decision: 'reject' } as const;
    written((writer) => addNote(writer, decision));
    expect(entries('decision')[0]?.detail).toMatchObject({ decision: 'reject', target: `finding:${id}` });
    expect(read((reader) => reader.notes()[0]?.kind)).toBe('decision');
  });

  it('leave what is kept of the flows in force: only a change of the flows drops it', () => {
    const reader = new CaseReader(path);
    const { snapshot } = reader;
    written((writer) => addNote(writer, NOTE));
    reader.refreshIfChanged();
    expect(reader.snapshot).toBe(snapshot);
    expect(reader.notes()).toHaveLength(1);
    const file = { name: 'a', format: 'list' as const, sha256: 'ab'.repeat(32), bytes: 1, notUsed: [] };
    written((writer) => writer.addIndicators(file, []));
    reader.refreshIfChanged();
    expect(reader.snapshot).not.toBe(snapshot);
    reader.close();
  });
});

describe('kept states', () => {
  const state = { name: 'mail', filter: 'category = mail', view: 'map', metric: 'bytes' } as const;

  it('are listed by name, replaced under the same name, and removed', () => {
    written((writer) => {
      keepState(writer, state);
      keepState(writer, { ...state, name: 'all', filter: '' });
      keepState(writer, { ...state, view: 'flows' });
    });
    expect(read((reader) => reader.keptStates())).toEqual([
      expect.objectContaining({ name: 'all', filter: '' }),
      expect.objectContaining({ ...state, view: 'flows', examiner: 'E. First' }),
    ]);
    written((writer) => removeState(writer, 'mail'));
    expect(read((reader) => reader.keptStates().map(({ name }) => name))).toEqual(['all']);
    expect(entries('state').map(({ detail }) => detail)).toMatchObject([
      { name: 'mail', view: 'map' },
      { name: 'all' },
      { name: 'mail', view: 'flows', before: { view: 'map' } },
      { name: 'mail', removed: true, before: { view: 'flows' } },
    ]);
  });
});
