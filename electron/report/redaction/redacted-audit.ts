import type { AuditEntry } from '../../casefile/case-reader.ts';
import type { Redactor } from './redactor.ts';
import { LEFT_OUT } from './secrets.ts';

/** Entries of the audit log with what a report hides put otherwise; hashes, times, numbers and words of Enclave stay. */

export function redactedEntry(redactor: Redactor, entry: AuditEntry): AuditEntry {
  return {
    ...entry,
    action: plainWord(entry.action) || !redactor.hidesNames ? redactor.text(entry.action) : LEFT_OUT,
    actor: redactor.person(entry.actor),
    detail: redactedDetail(redactor, entry.detail),
  };
}

function redactedDetail(redactor: Redactor, detail: string): string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(detail);
  } catch {
    return redactor.free(detail, LEFT_OUT);
  }
  return JSON.stringify(redactedValue(redactor, parsed));
}

/** A value of an audit entry: without names only numbers, hashes, times and single words of Enclave are sure to be harmless. */
function redactedValue(redactor: Redactor, value: unknown, field = ''): unknown {
  if (field === 'basis') return redactedBasis(redactor, value);
  if (typeof value === 'string') {
    if (!redactor.hidesNames) return redactor.text(value);
    if (redactor.secrets.paths.has(value)) return redactor.path(value);
    // The hash of a profile that many have tells which one it is.
    if (field === 'profileSha256') return LEFT_OUT;
    return isHarmless(field, value) ? redactor.text(value) : LEFT_OUT;
  }
  if (Array.isArray(value)) return value.map((part) => redactedValue(redactor, part, field));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, part]) => [
      /^[A-Za-z][A-Za-z0-9]{0,40}$/.test(name) || !redactor.hidesNames ? redactor.text(name) : LEFT_OUT,
      redactedValue(redactor, part, name),
    ]),
  );
}

/** Catalogue and tables are Enclave's own and the same in every case. */
export function redactedBasis(redactor: Redactor, basis: unknown): unknown {
  if (typeof basis !== 'object' || basis === null) return redactedValue(redactor, basis);
  return Object.fromEntries(
    Object.entries(basis).map(([name, part]) => [
      name,
      name === 'catalogue' || name === 'tables' ? part : redactedValue(redactor, part, name),
    ]),
  );
}

function plainWord(text: string): boolean {
  return /^[a-z][a-z -]{0,40}$/.test(text);
}

/** Fields whose texts Enclave chooses from short lists. */
const CHOSEN: ReadonlySet<string> = new Set(
  'opened status format kind form paper chapters redact verdict decision view metric result level check'.split(' '),
);

function isHarmless(field: string, text: string): boolean {
  if (text === '') return true;
  if (/^[0-9a-f]{8,128}$/.test(text) || /^\d{4}-\d\d-\d\dT[\d:.]{5,15}Z?$/.test(text)) return true;
  if (/^\d{1,6}(\.\d{1,6}){1,2}$/.test(text)) return true;
  return CHOSEN.has(field) && /^[a-z][a-z0-9 .-]{0,40}$/.test(text);
}
