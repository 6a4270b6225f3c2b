import type { CaseReader } from '../casefile/case-reader.ts';
import type { CaseWriter } from '../casefile/case-writer.ts';
import { sha256Of, storedRecord } from '../casefile/record-tables.ts';
import {
  addNote,
  beginSitting,
  changeFacts,
  changeNote,
  keepState,
  removeNote,
  removeState,
} from '../casefile/record-writer.ts';
import {
  type AuditEntry,
  examinerSchema,
  factChangeSchema,
  newNoteSchema,
  newStateSchema,
  noteChangeSchema,
} from '../../shared/case-record.ts';
import { csvLine } from '../../shared/csv.ts';
import type { JobName, Jobs } from '../../shared/jobs.ts';
import { EnclaveError } from '../../shared/problem.ts';
import { visibleJson } from '../../shared/visible-text.ts';
import type { z } from 'zod';
import { signHead } from './signing.ts';

/** The jobs about a case's record: facts, examiners, notes, kept states, audit chain, signatures. */

type Answers<Names extends JobName> = { [Name in Names]: (request: Jobs[Name]['request']) => Jobs[Name]['response'] };
type Changes<Names extends JobName> = {
  [Name in Names]: (request: Jobs[Name]['request']) => Promise<Jobs[Name]['response']>;
};

/** What was asked for as the schema has it; throws what is wrong with it. */
export function checked<T>(schema: z.ZodType<T>, asked: unknown): T {
  const result = schema.safeParse(asked);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const where = issue?.path.join('.') ?? '';
  throw new EnclaveError(
    'usage',
    `${where === '' ? '' : `${where}: `}${issue?.message ?? 'wrong'}`,
    '',
    'see: enclave --help',
    1,
  );
}

/** The jobs that read, done in the query thread. */
export function recordQueries(
  readerOf: (path: string) => CaseReader,
): Answers<'record' | 'notes' | 'keptStates' | 'auditEntries'> {
  return {
    record: (request) => readerOf(request.case).record(),
    notes: ({ case: path, target, search }) => readerOf(path).notes({ target, search }),
    keptStates: (request) => readerOf(request.case).keptStates(),
    auditEntries: (request) => readerOf(request.case).audit(),
  };
}

const AUDIT_FIELDS = ['seq', 'time', 'action', 'actor', 'detail', 'previous', 'hash'] as const;

/**
 * The audit chain as text. `ndjson`: every value as it is, so that the hashes can be made again. `csv`: RFC 4180, formula-safe; such
 * values differ from the chain's by an apostrophe.
 */
export function auditExport(entries: readonly AuditEntry[], format: 'csv' | 'ndjson'): Jobs['exportAudit']['response'] {
  const text =
    format === 'csv'
      ? csvLine(AUDIT_FIELDS) + entries.map((entry) => csvLine(AUDIT_FIELDS.map((name) => entry[name]))).join('')
      : entries.map((entry) => `${visibleJson(entry)}\n`).join('');
  return { text, entries: entries.length, head: entries.at(-1)?.hash ?? null, sha256: sha256Of(text) };
}

/** The jobs that write, done in the writing thread. */
export function recordChanges(
  withCase: <T>(path: string, work: (writer: CaseWriter) => T) => Promise<T>,
): Changes<
  'changeFacts' | 'beginSitting' | 'addNote' | 'changeNote' | 'removeNote' | 'keepState' | 'removeState' | 'sign'
> {
  return {
    changeFacts: async ({ case: path, change }) =>
      withCase(path, (writer) => {
        changeFacts(writer, checked(factChangeSchema, change));
        return writer.changeRecord((db) => storedRecord(db));
      }),
    beginSitting: async ({ case: path, examiner }) =>
      withCase(path, (writer) => {
        const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
        beginSitting(writer, checked(examinerSchema, examiner), timeZone);
        return null;
      }),
    addNote: async ({ case: path, note }) => withCase(path, (writer) => addNote(writer, checked(newNoteSchema, note))),
    changeNote: async ({ case: path, id, change }) =>
      withCase(path, (writer) => changeNote(writer, id, checked(noteChangeSchema, change))),
    removeNote: async ({ case: path, id }) =>
      withCase(path, (writer) => {
        removeNote(writer, id);
        return null;
      }),
    keepState: async ({ case: path, state }) =>
      withCase(path, (writer) => keepState(writer, checked(newStateSchema, state))),
    removeState: async ({ case: path, name }) =>
      withCase(path, (writer) => {
        removeState(writer, name);
        return null;
      }),
    sign: async ({ case: path, keyFile }) =>
      withCase(path, (writer) =>
        writer.changeRecord((_db, now) => {
          const detail = signHead(writer.auditEntries(), keyFile, now());
          writer.audit('signature', detail);
          const { case: id, seq, head, time, fingerprint } = detail;
          return { case: id, seq, head, time, fingerprint };
        }),
      ),
  };
}
