import type Database from 'better-sqlite3';
import {
  FACT_NAMES,
  type FactChange,
  type KeptState,
  MOST_STATES,
  type NewNote,
  type NewState,
  type Note,
  type NoteChange,
  SHORT_HASH,
  targetParts,
} from '../../shared/case-record.ts';
import { EnclaveError } from '../../shared/problem.ts';
import type { CaseWriter } from './case-writer.ts';
import {
  AT_WORK,
  NOBODY,
  noteInChain,
  sha256Of,
  storedFacts,
  storedNotes,
  storedRecord,
  storedStates,
} from './record-tables.ts';

/** What people say of a case, written with an entry in the audit chain for each change. */

/** States facts anew; those that stay the same are no change. One audit entry with each fact before and after. */
export function changeFacts(writer: CaseWriter, change: FactChange): void {
  writer.changeRecord((db) => {
    const before = storedFacts(db);
    const changes: Record<string, { before: string; after: string }> = {};
    for (const name of FACT_NAMES) {
      const after = change[name];
      if (after === undefined || after === before[name]) continue;
      changes[name] = { before: before[name], after };
      writer.setMeta(name, after);
    }
    if (Object.keys(changes).length > 0) writer.audit('facts', changes);
  });
}

/** Enters that an examiner begins to work on the case; who does what follows, until another one is named. */
export function beginSitting(writer: CaseWriter, examiner: string, timeZone: string): void {
  writer.changeRecord(() => {
    writer.setMeta(AT_WORK, examiner);
    writer.audit('sitting', { examiner, machineTimeZone: timeZone });
  });
}

/** A setting of the analysis, with an audit entry when it changes. */
export function changeSetting(writer: CaseWriter, key: string, value: string): void {
  writer.changeRecord(() => {
    const before = writer.meta(key);
    if (before === value) return;
    writer.setMeta(key, value);
    writer.audit('setting', { setting: key, before, after: value });
  });
}

/** What a note said before it was changed or taken out. */
function noteBefore({ target, text, tags, inReport, decision, examiner, madeAt, changedAt }: Note): object {
  return { target, decision, text, tags, inReport, examiner, madeAt, changedAt };
}

function noteWith(db: Database.Database, id: string): Note {
  const note = storedNotes(db).find((each) => each.id === id);
  if (note === undefined) {
    throw new EnclaveError('not-there', `the case has no note ${id}`, '', 'see which there are: enclave notes CASE', 1);
  }
  return note;
}

/** Throws when the case does not hold what is noted about; what needs a pass over the flows is not looked for. */
function checkTargetIsThere(db: Database.Database, target: string): void {
  const { kind, value } = targetParts(target);
  const isThere = (sql: string, id: string): boolean => db.prepare(sql).get(id) !== undefined;
  const evidence = "SELECT 1 FROM evidence WHERE id = ? AND status <> 'importing'";
  const found =
    kind === 'evidence'
      ? isThere(evidence, value)
      : kind === 'flow'
        ? isThere(evidence, value.slice(0, SHORT_HASH))
        : kind !== 'finding' || isThere('SELECT 1 FROM finding WHERE id = ?', value);
  if (!found) throw new EnclaveError('not-there', `the case holds no ${target}`, '', 'check the id', 1);
}

/** Adds a note or decision to the case. */
export function addNote(writer: CaseWriter, { target, text, tags, inReport, decision }: NewNote): Note {
  return writer.changeRecord((db, now) => {
    checkTargetIsThere(db, target);
    const madeAt = now();
    // Each addition moves the head of the chain, so that no two notes have one id.
    const { head, atWork } = storedRecord(db);
    const note: Note = {
      id: sha256Of(JSON.stringify([head, madeAt, target, text])).slice(0, SHORT_HASH),
      kind: decision === null ? 'note' : 'decision',
      decision,
      target,
      text,
      tags: [...new Set(tags)],
      inReport,
      examiner: atWork || NOBODY,
      madeAt,
      changedAt: null,
    };
    db.prepare(
      `INSERT INTO note (id, kind, decision, target, text, tags, inReport, examiner, madeAt)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ).run(
      note.id,
      note.kind,
      note.decision,
      note.target,
      note.text,
      JSON.stringify(note.tags),
      inReport ? 1 : 0,
      note.examiner,
      note.madeAt,
    );
    writer.audit(note.kind, noteInChain(note));
    return note;
  });
}

/** Changes a note; what it said before stays in the audit chain. */
export function changeNote(writer: CaseWriter, id: string, change: NoteChange): Note {
  return writer.changeRecord((db, now) => {
    const before = noteWith(db, id);
    const tags = change.tags === undefined ? before.tags : [...new Set(change.tags)];
    const after: Note = { ...before, ...change, tags, changedAt: now() };
    if (after.kind === 'note' && after.text.trim() === '') {
      throw new EnclaveError('bad-note', 'the text is empty', id, 'remove the note instead', 1);
    }
    db.prepare('UPDATE note SET text = ?, tags = ?, inReport = ?, changedAt = ? WHERE id = ?').run(
      after.text,
      JSON.stringify(after.tags),
      after.inReport ? 1 : 0,
      after.changedAt,
      id,
    );
    writer.audit(after.kind, { ...noteInChain(after), changed: true, before: noteBefore(before) });
    return after;
  });
}

/** Takes a note out; what it said stays in the audit chain. */
export function removeNote(writer: CaseWriter, id: string): void {
  writer.changeRecord((db) => {
    const before = noteWith(db, id);
    db.prepare('DELETE FROM note WHERE id = ?').run(id);
    writer.audit(before.kind, { note: id, removed: true, before: noteBefore(before) });
  });
}

/** Keeps a state of the analysis under its name; one of the same name is replaced. */
export function keepState(writer: CaseWriter, { name, filter, view, metric }: NewState): KeptState {
  return writer.changeRecord((db, now) => {
    const states = storedStates(db);
    const before = states.find((state) => state.name === name);
    if (before === undefined && states.length >= MOST_STATES) {
      throw new EnclaveError('too-many', `the case keeps ${MOST_STATES} states already`, '', 'remove one first');
    }
    const examiner = storedRecord(db).atWork || NOBODY;
    const state: KeptState = { name, filter, view, metric, examiner, savedAt: now() };
    db.prepare(
      `INSERT OR REPLACE INTO keptState (name, filter, view, metric, examiner, savedAt) VALUES (?, ?, ?, ?, ?, ?)`,
    ).run(name, filter, view, metric, examiner, state.savedAt);
    writer.audit('state', { ...state, ...(before === undefined ? {} : { before }) });
    return state;
  });
}

export function removeState(writer: CaseWriter, name: string): void {
  writer.changeRecord((db) => {
    const before = storedStates(db).find((state) => state.name === name);
    if (before === undefined) {
      throw new EnclaveError('not-there', 'the case keeps no state of this name', name, 'see which there are', 1);
    }
    db.prepare('DELETE FROM keptState WHERE name = ?').run(name);
    writer.audit('state', { name, removed: true, before });
  });
}
