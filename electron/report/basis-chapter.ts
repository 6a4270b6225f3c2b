import { type Finding, FINDING_KINDS } from '../../shared/finding.ts';
import { formatCount, formatCounted } from '../../shared/number-format.ts';
import { duplicateCountsOf } from '../../shared/duplicate-counts.ts';
import { REPORT_CHAPTERS } from '../../shared/report-settings.ts';
import type { Chapter } from './chapter.ts';
import { breakable, escapeHtml, facts, hashMarkup } from './markup.ts';
import type { ReportCase } from './report-case.ts';
import { capital, inWords, plain } from './report-words.ts';

/** Methods of the findings, versions, tables and time base. */

export function basisChapter(reader: ReportCase, findings: readonly Finding[], version: string): Chapter {
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
  rows.push([
    'Letters',
    'Noto Sans (SIL Open Font License 1.1), in this file as far as its text needs them: Latin, Greek, Cyrillic, Devanagari, ' +
      'Arabic, Hebrew, Han, kana and hangul; Latin letters of fixed width are Noto Sans Mono. Other scripts are in the machine’s own letters.',
  ]);
  if (basis === null) rows.push(['Labels', 'the flows have no final labels yet']);
  else
    rows.push(
      ...Object.entries(basis).map(([name, value]): [string, string] => [
        capital(inWords(name)),
        name === 'duplicates' ? duplicatesMarkup(basis) : basisMarkup(value),
      ]),
    );
  return { title: REPORT_CHAPTERS.methods, ownPage: false, markup: facts(rows) + methodTable(findings) };
}

/** Each method once, with the kinds of findings that it made; their parameters stand with the findings. */
function methodTable(findings: readonly Finding[]): string {
  const kinds = new Map<string, { method: Finding['method']; names: Set<string>; count: number }>();
  for (const { method, kind } of findings) {
    const known = kinds.get(`${method.name}\n${method.source}`) ?? { method, names: new Set<string>(), count: 0 };
    known.names.add(FINDING_KINDS[kind]);
    known.count += 1;
    kinds.set(`${method.name}\n${method.source}`, known);
  }
  if (kinds.size === 0) return '';
  const rows = [...kinds.values()].map(
    ({ method, names, count }) =>
      `<tr><td>${escapeHtml([...names].join(', '))}</td><td>${escapeHtml(method.name)}</td><td>${escapeHtml(method.source)}</td>` +
      `<td class="number">${formatCount(count)}</td></tr>`,
  );
  return `<h3>Methods</h3><table class="methods"><thead><tr><th>Findings of kind</th><th>Method</th><th>Source</th><th class="number">Findings</th></tr></thead><tbody>${rows.join('')}</tbody></table>`;
}

/** What several evidence files recorded, and what the analyses do with it. */
function duplicatesMarkup(basis: Record<string, unknown>): string {
  const counts = duplicateCountsOf(basis);
  // Labels of a version that counted otherwise are told as they stand.
  if (counts === null) return basisMarkup(basis.duplicates);
  const { same, part, notCompared, pairsInAll, pairs } = counts;
  const isLeftOut = Object.entries(Object(basis.duplicates)).some(
    ([name, value]) => name === 'leftOut' && value === true,
  );
  const told = [
    `${formatCounted(same, 'flow')} recorded as a whole, and ${formatCount(part)} in part, by another evidence file too.`,
    notCompared > 0 ? `${formatCounted(notCompared, 'flow')} in overlapping times could not be compared.` : '',
    `Analyses ${isLeftOut ? 'leave out the former' : 'count them all'}.`,
  ];
  const listed = pairs.map(
    (pair) =>
      `<div class="part">${escapeHtml(pair.evidence)}: ${formatCount(pair.same)} as a whole and ${formatCount(pair.part)} in part also in ${escapeHtml(pair.alsoIn)}</div>`,
  );
  const left = pairsInAll - pairs.length;
  const rest = left > 0 ? `<div class="part">${formatCounted(left, 'further pair')} of files not listed</div>` : '';
  return `<div class="part">${told.filter((text) => text !== '').join(' ')}</div>${listed.join('')}${rest}`;
}

/** A value of the label basis: lists one entry a line, objects as `name value` pairs, hashes in groups. */
function basisMarkup(value: unknown): string {
  if (Array.isArray(value)) return value.map((part) => `<div class="part">${basisMarkup(part)}</div>`).join('');
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value)
      .map(([name, part]) => `<span class="quiet">${escapeHtml(inWords(name))}</span> ${basisMarkup(part)}`)
      .join(', ');
  }
  const text = plain(value);
  return /^[0-9a-f]{40,128}$/.test(text) ? hashMarkup(text) : breakable(text);
}
