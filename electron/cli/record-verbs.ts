import { resolve } from 'node:path';
import {
  CASE_FACTS,
  DECISIONS,
  FACT_NAMES,
  type FactChange,
  type FactName,
  LONG_FACTS,
  MAX_FACT,
  MAX_LONG_FACT,
  type NoteChange,
  ONE_LINE,
} from '../../shared/case-record.ts';
import { makeKey, readKey } from '../engine/signing.ts';
import { auditText, notesText, recordText } from './record-text.ts';
import { EXAMINER_OPTION, inSession, JSON_OPTION, printJson } from './session.ts';
import { out, safe } from './terminal.ts';
import { readArguments, usageError } from './usage.ts';

/** The verbs about a case's record: facts, notes, audit chain, keys and signatures. */

type Args = readonly string[];

/** Options of `enclave new` that state facts of the case. */
export const FACT_OPTIONS = {
  number: { type: 'string' },
  title: { type: 'string' },
  requester: { type: 'string' },
  authority: { type: 'string' },
  scope: { type: 'string' },
  questions: { type: 'string' },
  examiner: { type: 'string' },
  organisation: { type: 'string' },
  banner: { type: 'string' },
} as const satisfies Record<FactName, { type: 'string' }>;

/** The facts among the options of `enclave new`. */
export function givenFacts(values: Partial<Record<FactName, string | undefined>>): FactChange {
  const facts: FactChange = {};
  for (const name of FACT_NAMES) {
    const value = values[name];
    if (value !== undefined) facts[name] = checkedFact('new', name, value);
  }
  return facts;
}

function checkedFact(verb: 'new' | 'case', name: FactName, value: string): string {
  const isLong = LONG_FACTS.has(name);
  const most = isLong ? MAX_LONG_FACT : MAX_FACT;
  if (value.length > most) throw usageError(verb, `${name} has more than ${most} characters`);
  if (!isLong && !ONE_LINE.test(value)) throw usageError(verb, `${name} is one line of text`);
  return value;
}

/** `field=value` as a change of a fact. */
function factSet(text: string): [FactName, string] {
  const equals = text.indexOf('=');
  const name = FACT_NAMES.find((each) => each === text.slice(0, equals));
  if (equals < 0 || name === undefined) {
    throw usageError('case', `--set "${text}" is not field=value; fields are ${Object.keys(CASE_FACTS).join(', ')}`);
  }
  return [name, checkedFact('case', name, text.slice(equals + 1))];
}

export async function caseVerb(args: Args): Promise<number> {
  const { values, positionals } = readArguments(
    'case',
    args,
    { set: { type: 'string', multiple: true, default: [] }, ...EXAMINER_OPTION, ...JSON_OPTION },
    { least: 1, most: 1 },
  );
  const change: FactChange = Object.fromEntries(values.set.map(factSet));
  const request = { case: resolve(positionals[0]) };
  return inSession(values, async (session) => {
    const record =
      values.set.length === 0
        ? await session.run('record', request)
        : await session.run('changeFacts', { ...request, change });
    if (values.json) printJson(record);
    else out(recordText(record));
    return 0;
  });
}

/** Tags as they stand in an option: between commas. */
function tagsOf(text: string): string[] {
  return text
    .split(',')
    .map((tag) => tag.trim())
    .filter((tag) => tag !== '');
}

export async function noteVerb(args: Args): Promise<number> {
  const { values, positionals } = readArguments(
    'note',
    args,
    {
      on: { type: 'string' },
      text: { type: 'string' },
      tag: { type: 'string' },
      'in-report': { type: 'boolean', default: false },
      'not-in-report': { type: 'boolean', default: false },
      decide: { type: 'string' },
      edit: { type: 'string' },
      ...EXAMINER_OPTION,
      ...JSON_OPTION,
    },
    { least: 1, most: 1 },
  );
  const { on, text, tag, decide, edit, 'in-report': inReport, 'not-in-report': notInReport } = values;
  if (inReport && notInReport) throw usageError('note', '--in-report and --not-in-report contradict each other');
  if ((on === undefined) === (edit === undefined)) throw usageError('note', 'give either --on TARGET or --edit ID');
  const decision = DECISIONS.find((each) => each === decide) ?? null;
  if (decide !== undefined && decision === null) {
    throw usageError('note', `unknown decision "${decide}"; it is one of ${DECISIONS.join(', ')}`);
  }
  if (edit !== undefined && decide !== undefined) {
    throw usageError('note', 'a decision is not edited: make another, or remove it');
  }
  const path = resolve(positionals[0]);
  return inSession(values, async (session) => {
    const change: NoteChange = {
      ...(text === undefined ? {} : { text }),
      ...(tag === undefined ? {} : { tags: tagsOf(tag) }),
      ...(inReport || notInReport ? { inReport } : {}),
    };
    const kept =
      edit === undefined
        ? await session.run('addNote', {
            case: path,
            note: { target: on ?? '', text: text ?? '', tags: tagsOf(tag ?? ''), inReport, decision },
          })
        : await session.run('changeNote', { case: path, id: edit, change });
    if (values.json) printJson(kept);
    else out(notesText([kept]));
    return 0;
  });
}

export async function notesVerb(args: Args): Promise<number> {
  const { values, positionals } = readArguments(
    'notes',
    args,
    {
      search: { type: 'string' },
      on: { type: 'string' },
      remove: { type: 'string' },
      ...EXAMINER_OPTION,
      ...JSON_OPTION,
    },
    { least: 1, most: 1 },
  );
  const { search = null, on = null, remove } = values;
  const request = { case: resolve(positionals[0]) };
  return inSession(values, async (session) => {
    if (remove !== undefined) {
      await session.run('removeNote', { ...request, id: remove });
      if (values.json) printJson({ removed: remove });
      else out(`${safe(remove)}: removed; what it said stays in the audit chain\n`);
      return 0;
    }
    const notes = await session.run('notes', { ...request, target: on, search });
    if (values.json) printJson(notes);
    else out(notesText(notes));
    return 0;
  });
}

export async function auditVerb(args: Args): Promise<number> {
  const { values, positionals } = readArguments(
    'audit',
    args,
    { format: { type: 'string' }, out: { type: 'string' }, ...EXAMINER_OPTION, ...JSON_OPTION },
    { least: 1, most: 1 },
  );
  const { format = 'ndjson' } = values;
  if (format !== 'ndjson' && format !== 'csv') throw usageError('audit', `unknown format "${format}"`);
  if (values.json && (values.format !== undefined || values.out !== undefined)) {
    throw usageError('audit', '--json goes to stdout; leave out --format and --out');
  }
  const path = resolve(positionals[0]);
  return inSession(values, async (session) => {
    if (values.out === undefined && values.format === undefined) {
      const entries = await session.run('auditEntries', { case: path });
      if (values.json) printJson(entries);
      else out(`${auditText(entries)}\n${entries.length} entries, head ${entries.at(-1)?.hash ?? 'none'}\n`);
      return 0;
    }
    const file = values.out === undefined ? null : resolve(values.out);
    const { text, entries, head, sha256 } = await session.run('exportAudit', { case: path, format, out: file });
    if (file === null) {
      out(text);
      return 0;
    }
    const detail = { what: 'audit', format, entries, head, sha256 };
    await session.run('audit', { case: path, action: 'export', detail });
    out(`${safe(file)}: ${entries} entries, head ${head}, SHA-256 ${sha256}\n`);
    return 0;
  });
}

export async function keyVerb(args: Args): Promise<number> {
  const { values, positionals } = readArguments('key', args, JSON_OPTION, { least: 2, most: 2 });
  const [what, file] = positionals;
  if (what !== 'new' && what !== 'show') throw usageError('key', `unknown word "${what}"`);
  const path = resolve(file);
  const { fingerprint, publicKey } = what === 'new' ? makeKey(path) : readKey(path);
  if (values.json) printJson({ file: path, fingerprint, publicKey });
  else {
    const made = what === 'new' ? 'private key written, keep it to yourself\n' : 'private key\n';
    out(`${safe(path)}: ${made}Fingerprint ${fingerprint}\n${publicKey}`);
  }
  return 0;
}

export async function signVerb(args: Args): Promise<number> {
  const { values, positionals } = readArguments(
    'sign',
    args,
    { key: { type: 'string' }, ...EXAMINER_OPTION, ...JSON_OPTION },
    { least: 1, most: 1 },
  );
  const { key } = values;
  if (key === undefined) throw usageError('sign', '--key FILE is missing');
  return inSession(values, async (session) => {
    const signed = await session.run('sign', { case: resolve(positionals[0]), keyFile: resolve(key) });
    if (values.json) printJson(signed);
    else out(`signed: entry ${signed.seq}, head ${signed.head}, by key ${signed.fingerprint}, ${signed.time}\n`);
    return 0;
  });
}
