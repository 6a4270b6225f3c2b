import { countryInWords } from '../../shared/country-name.ts';
import type { Finding, Verdict } from '../../shared/finding.ts';
import { findingSubject } from '../../shared/finding-tables.ts';

/** Words that several chapters use. */

export const VERDICT_WORDS: Readonly<Record<Verdict, string>> = {
  supported: 'Supported',
  'not-supported': 'Not supported',
  'insufficient-data': 'Insufficient data',
};
export const VERDICTS: readonly Verdict[] = ['supported', 'not-supported', 'insufficient-data'];

/** Subjects that a sentence names; the rest are counted. */
export const MOST_SUBJECTS = 8;

/** What a finding is about, with the names of countries beside their codes. */
export function subjectInWords(finding: Finding): string {
  if (finding.kind === 'foreign-presence') return countryInWords(finding.country);
  if (finding.kind === 'service-ranking' && finding.category === null && finding.country !== null)
    return countryInWords(finding.country);
  return findingSubject(finding);
}

export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** `minimumDays` → `minimum days`. */
export function inWords(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

/** A value as words: lists by commas, objects as names with values in brackets. */
export function plain(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map(plain).join(', ');
  if (value === null) return 'none';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value !== 'object') return String(value);
  const parts = Object.entries(value).map(([name, part]) => `${inWords(name)} ${plain(part)}`);
  return parts.length === 0 ? 'none' : `(${parts.join('; ')})`;
}
