import { formatCount } from '../../shared/number-format.ts';
import type { Chapter } from './chapter.ts';
import { breakable, escapeHtml, facts, hashMarkup } from './markup.ts';
import type { ReportCase } from './report-case.ts';
import { capital, inWords } from './report-words.ts';

/** Versions, tables and time base. */

export function basisChapter(reader: ReportCase, version: string): Chapter {
  const basis = reader.labelBasis();
  const rows: [string, string][] = [
    [
      'Enclave',
      `${escapeHtml(version)} printed this report; ${escapeHtml(reader.meta('version') ?? 'an unknown version')} made the case`,
    ],
    ['Label version', formatCount(reader.labelVersion)],
    [
      'Time base',
      'Times are those the capturing devices wrote, taken as UTC where the format says so; no clock error was corrected ' +
        'but what is stated as such with the evidence. ' +
        `Local hours and days follow ${escapeHtml(reader.profile.timeZone)} by the IANA rules for the date.`,
    ],
  ];
  if (basis === null) rows.push(['Labels', 'the flows have no final labels yet']);
  else
    rows.push(
      ...Object.entries(basis).map(([name, value]): [string, string] => [capital(inWords(name)), basisMarkup(value)]),
    );
  return { title: 'Versions and time base', ownPage: false, markup: facts(rows) };
}

/** A value of the label basis: lists one entry a line, objects as `name value` pairs, hashes in groups. */
function basisMarkup(value: unknown): string {
  if (Array.isArray(value)) return value.map((part) => `<div class="part">${basisMarkup(part)}</div>`).join('');
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value)
      .map(([name, part]) => `<span class="quiet">${escapeHtml(inWords(name))}</span> ${basisMarkup(part)}`)
      .join(', ');
  }
  const text = String(value);
  return /^[0-9a-f]{40,128}$/.test(text) ? hashMarkup(text) : breakable(text);
}
