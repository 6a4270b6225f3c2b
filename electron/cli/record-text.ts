import { type AuditEntry, CASE_FACTS, type CaseRecord, FACT_NAMES, type Note } from '../../shared/case-record.ts';
import { safe, table, wrap } from './terminal.ts';

/** What the command line prints of a case's record. */

const WIDTH = 96;

/** Text of several lines, each made safe and indented. */
function lines(text: string, indent: string): string {
  return text
    .split(/\r\n|\r|\n/)
    .map((line) => wrap(line, WIDTH, indent))
    .join('');
}

export function recordText(record: CaseRecord): string {
  const { facts, id, head, entries, atWork, examiners } = record;
  const width = Math.max(...FACT_NAMES.map((name) => CASE_FACTS[name].length)) + 2;
  const indent = ' '.repeat(width);
  const row = (name: string, value: string): string => {
    const body = lines(value === '' ? 'not supplied' : value, indent);
    return name.padEnd(width) + body.slice(width);
  };
  return [
    ...FACT_NAMES.map((name) => row(CASE_FACTS[name], facts[name])),
    row('At work', atWork),
    row('Worked on it', examiners.join('; ')),
    row('Case id', id ?? ''),
    row('Audit chain', `${entries} entries, head ${head ?? 'none'}`),
  ].join('');
}

export function notesText(notes: readonly Note[]): string {
  if (notes.length === 0) return 'no note\n';
  return notes
    .map(({ id, decision, target, text, tags, inReport, examiner, madeAt, changedAt }) => {
      const marks = [
        ...(decision === null ? [] : [`decision: ${decision}`]),
        ...tags.map((tag) => `#${tag}`),
        ...(inReport ? ['in the report'] : []),
      ];
      const changed = changedAt === null ? '' : `, changed ${changedAt}`;
      const head = `${id}  ${safe(target)}${marks.length === 0 ? '' : `  [${safe(marks.join(', '))}]`}`;
      return `${head}\n    ${madeAt}${changed}, ${safe(examiner)}\n${text === '' ? '' : lines(text, '    ')}`;
    })
    .join('\n');
}

export function auditText(entries: readonly AuditEntry[]): string {
  return table(
    ['No.', 'Time', 'Action', 'By', 'Hash'],
    entries.map(({ seq, time, action, actor, hash }) => [String(seq), time, action, actor, hash.slice(0, 16)]),
    [0],
  );
}
