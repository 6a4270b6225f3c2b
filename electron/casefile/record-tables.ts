import { createHash } from 'node:crypto';
import type Database from 'better-sqlite3';
import {
  type CaseFacts,
  type CaseRecord,
  FACT_NAMES,
  type KeptState,
  type Note,
  type NoteQuery,
} from '../../shared/case-record.ts';
import type { Exhibit, OwnFinding } from '../../shared/own-finding.ts';

/** What people said of a case, as its tables hold it: for reader and writer. */

/** Setting of the case: who was named at work last. */
export const AT_WORK = 'examinerAtWork';

export function sha256Of(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Who is at work: the last examiner named, else the case's; empty when neither was. */
export function examinerAtWork(meta: (key: string) => string | null): string {
  return meta(AT_WORK) || meta('examiner') || '';
}

function metaOf(db: Database.Database): (key: string) => string | null {
  const read = db.prepare<[string], { value: string }>('SELECT value FROM meta WHERE key = ?');
  return (key) => read.get(key)?.value ?? null;
}

export function storedFacts(db: Database.Database): CaseFacts {
  const meta = metaOf(db);
  return Object.fromEntries(FACT_NAMES.map((name) => [name, meta(name) ?? ''])) as CaseFacts;
}

/** The case's record at a glance. */
export function storedRecord(db: Database.Database): CaseRecord {
  const hashAt = (order: 'ASC' | 'DESC'): { seq: number; hash: string } | undefined =>
    db.prepare<[], { seq: number; hash: string }>(`SELECT seq, hash FROM audit ORDER BY seq ${order} LIMIT 1`).get();
  const actors = db
    .prepare<[], { actor: string }>('SELECT actor FROM audit GROUP BY actor ORDER BY min(seq)')
    .all()
    .map(({ actor }) => actor);
  const last = hashAt('DESC');
  return {
    facts: storedFacts(db),
    id: hashAt('ASC')?.hash ?? null,
    head: last?.hash ?? null,
    entries: last?.seq ?? 0,
    atWork: examinerAtWork(metaOf(db)),
    examiners: actors.filter((actor) => actor !== NOBODY),
  };
}

/** Actor of an entry when nobody was named. */
export const NOBODY = 'not supplied';

interface NoteRow extends Omit<Note, 'tags' | 'inReport'> {
  tags: string;
  inReport: number;
}

const NOTE_COLUMNS = 'id, kind, decision, target, text, tags, inReport, examiner, madeAt, changedAt';

function noteOf(row: NoteRow): Note {
  return { ...row, tags: JSON.parse(row.tags) as string[], inReport: row.inReport === 1 };
}

/** Notes in the order they were made. */
export function storedNotes(db: Database.Database, query: NoteQuery = { target: null, search: null }): Note[] {
  const { target, search } = query;
  const rows =
    target === null
      ? db.prepare<[], NoteRow>(`SELECT ${NOTE_COLUMNS} FROM note ORDER BY number`).all()
      : db.prepare<[string], NoteRow>(`SELECT ${NOTE_COLUMNS} FROM note WHERE target = ? ORDER BY number`).all(target);
  const notes = rows.map(noteOf);
  if (search === null || search === '') return notes;
  const wanted = search.toLowerCase();
  return notes.filter(({ text, tags, target: about, examiner }) =>
    [text, about, examiner, ...tags].some((each) => each.toLowerCase().includes(wanted)),
  );
}

export function storedStates(db: Database.Database): KeptState[] {
  return db
    .prepare<[], KeptState>('SELECT name, filter, view, metric, examiner, savedAt FROM keptState ORDER BY name')
    .all();
}

interface OwnFindingRow extends Omit<OwnFinding, 'exhibits' | 'inReport'> {
  exhibits: string;
  inReport: number;
}

/** The examiners' own findings, in the order they were made. */
export function storedOwnFindings(db: Database.Database): OwnFinding[] {
  return db
    .prepare<[], OwnFindingRow>(
      'SELECT id, title, statement, exhibits, inReport, examiner, madeAt, changedAt FROM ownFinding ORDER BY number',
    )
    .all()
    .map((row) => ({ ...row, exhibits: JSON.parse(row.exhibits) as Exhibit[], inReport: row.inReport === 1 }));
}

/** What the audit chain holds of a note as it stands: the text by its hash. */
export function noteInChain(note: Note): Record<string, unknown> {
  const { id, kind, decision, target, text, tags, inReport, examiner, madeAt } = note;
  return {
    note: id,
    kind,
    ...(decision === null ? {} : { decision }),
    target,
    tags,
    inReport,
    examiner,
    madeAt,
    textSha256: sha256Of(text),
  };
}
