import {
  type Caveat,
  type ClaimCheckFinding,
  type Finding,
  FINDING_KINDS,
  type VerdictOnClaim,
} from '../../shared/finding.ts';
import { findingChart } from '../../shared/finding-chart.ts';
import { type FindingTable, findingTables } from '../../shared/finding-tables.ts';
import { formatCount, formatPValue, formatQuantity } from '../../shared/number-format.ts';
import type { Chapter } from './chapter.ts';
import { chartFigure } from './charts.ts';
import { commandMarkup, escapeHtml, prose } from './markup.ts';
import { subjectInWords } from './report-words.ts';

/** Claims, and the kinds of which a case holds one finding for each of many subjects: countries, hosts, services. */

/** Rows of a table of particulars that are printed; the rest are in the case. */
const MOST_ROWS = 40;
/** From so many rows on, a table of short rows stands in two columns. */
const FOLDED_ROWS = 8;
/** Findings of a kind and verdict, looked for and not found, that are printed; the rest are in the case. */
const MOST_UNSUPPORTED = 20;
/** Findings of a kind told in full; further ones stand in a table. */
export const MOST_IN_FULL = 6;

const SERIAL: ReadonlySet<Finding['kind']> = new Set<Finding['kind']>([
  'event-association',
  'foreign-presence',
  'onset',
  'obfuscation',
  'cryptocurrency',
  'watch-list',
  'reconnaissance',
  'beacon',
  'host-profile',
  'server-inventory',
  'period-comparison',
]);

/** Whether findings of the kind come in rows, one a subject. */
export function isSerial(finding: Finding): boolean {
  return SERIAL.has(finding.kind);
}

const CLAIM_WORDS: Readonly<Record<VerdictOnClaim, string>> = {
  holds: 'Holds',
  refuted: 'Refuted',
  'cannot-be-told': 'Cannot be told',
};

/** The claims of the profile, before all findings. */
export function claimsChapter(findings: readonly Finding[]): Chapter | null {
  const claims = findings.filter((finding): finding is ClaimCheckFinding => finding.kind === 'claim-check');
  if (claims.length === 0) return null;
  const rows = claims.map(
    ({ claim, verdict, verdictOnClaim, why }) =>
      `<tr><td class="word">${escapeHtml(claim.id)}</td><td>${prose(claim.text)} <span class="quiet">${escapeHtml(claim.source)}</span></td>` +
      `<td class="word"><span class="verdict ${verdict}">${CLAIM_WORDS[verdictOnClaim]}</span></td><td>${prose(why)}</td></tr>`,
  );
  const markup = `<p>Each claim of the profile, as its source words it, is compared with the findings below. “Refuted” speaks of this evidence;
“cannot be told” means that the evidence, or the claim’s own wording, leaves it open. Who acted, and why, was not tested.</p>
<table class="claims"><thead><tr><th>No.</th><th>Claim</th><th>Verdict</th><th>Why</th></tr></thead><tbody>${rows.join('')}</tbody></table>`;
  return { title: FINDING_KINDS['claim-check'], ownPage: true, markup };
}

/** What a finding holds besides its value: its chart and its tables. */
export function particulars(finding: Finding): string {
  const chart = findingChart(finding);
  const drawn = chart === null ? '' : chartFigure(chart, finding.title);
  const tables = findingTables(finding);
  const isPair = tables.length === 2 && tables.every((each) => isNarrow(each) && each.rows.length < FOLDED_ROWS);
  const markup = tables.map((each) => tableMarkup(each, isPair));
  return (
    drawn +
    (isPair ? `<div class="pair">${markup.map((each) => `<div>${each}</div>`).join('')}</div>` : markup.join(''))
  );
}

/** Whether a table needs no more than half the width of a page. */
function isNarrow({ heads, rows }: FindingTable): boolean {
  return heads.length <= 3 && rows.every((row) => row.every((cell) => cell.length <= 48));
}

/** A long table of short rows, in two columns beside one another. */
export function folded(table: string, rows: number): string {
  return rows < FOLDED_ROWS ? table : `<div class="folded">${table}</div>`;
}

/** @param isHalf it stands beside another, and fills its half */
function tableMarkup(table: FindingTable, isHalf: boolean): string {
  const { caption, heads, rows } = table;
  const kind = (i: number): string => (heads[i]?.isNumber === true ? ' class="number"' : '');
  const head = heads.map(({ name }, i) => `<th${kind(i)}>${escapeHtml(name)}</th>`).join('');
  const body = rows
    .slice(0, MOST_ROWS)
    .map(
      (row) =>
        `<tr>${row.map((cell, i) => `<td${kind(i) || (isShort(cell) ? ' class="word"' : '')}>${escapeHtml(cell)}</td>`).join('')}</tr>`,
    )
    .join('');
  const left = rows.length - MOST_ROWS;
  const more = left > 0 ? `<p class="quiet">${left} further rows are in the case, not printed.</p>` : '';
  const narrow = isNarrow(table);
  const kindOfTable = narrow && !isHalf && rows.length < FOLDED_ROWS ? ' class="narrow"' : '';
  const drawn = `<table${kindOfTable}><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table>`;
  return `<h4>${escapeHtml(caption)}</h4>${narrow ? folded(drawn, rows.length) : drawn}${more}`;
}

/** Whether a cell is one word that a column has room for, or a time: it is not broken. */
function isShort(cell: string): boolean {
  return cell.length <= 24 && !/ \D/.test(cell);
}

/**
 * How telling a finding is that is not borne out: by its p-value, then by how far its interval keeps from no change, as a ratio;
 * negative when no change lies inside. What has neither comes last.
 */
function tellingness({ adjustedPValue, interval, unit }: Finding): readonly [number, number] {
  const [low, high] = unit.startsWith('relative change') && interval !== null ? interval : [-1, Infinity];
  return [1 - (adjustedPValue ?? 1), Math.max(Math.log1p(low), -Math.log1p(high))];
}

/**
 * Findings of one kind and verdict as rows of one table; without the columns that all of them leave empty. Of many that were looked
 * for and not found only the most telling are printed, and the rest are counted.
 */
export function serialTable(findings: readonly Finding[]): string {
  const isCut = findings.length > MOST_UNSUPPORTED && findings.every(({ verdict }) => verdict !== 'supported');
  if (!isCut) return rowsOf(findings);
  const ranks = new Map(findings.map((finding) => [finding, tellingness(finding)]));
  const shown = findings
    .toSorted((x, y) => {
      const [one, other] = [ranks.get(x) ?? [0, 0], ranks.get(y) ?? [0, 0]];
      return other[0] - one[0] || (other[1] === one[1] ? 0 : other[1] - one[1]);
    })
    .slice(0, MOST_UNSUPPORTED);
  const order = [
    findings.some(({ adjustedPValue }) => adjustedPValue !== null) ? 'by p' : '',
    findings.some(({ unit }) => unit.startsWith('relative change'))
      ? 'by how far their interval keeps from no change'
      : '',
  ].filter((part) => part !== '');
  return (
    rowsOf(shown) +
    `<p class="quiet">The ${formatCount(shown.length)} most telling of ${formatCount(findings.length)}${order.length === 0 ? '' : `, ${order.join(', then ')}`}. ` +
    `The other ${formatCount(findings.length - shown.length)} are in the case, not printed: <code>enclave export --what findings</code> writes all of them.</p>`
  );
}

function rowsOf(findings: readonly Finding[]): string {
  const isFine = findings.some(({ value, interval }) =>
    [value, ...(interval ?? [])].some((number) => number !== null && Math.abs(number) < 100 && number % 1 !== 0),
  );
  const hasInterval = findings.some(({ interval }) => interval !== null);
  const hasPValue = findings.some(({ adjustedPValue }) => adjustedPValue !== null);
  const rows = findings.map((finding) => {
    const ends = finding.interval?.map((end) => formatQuantity(finding.unit, end, isFine)).join(' to ') ?? '–';
    const cells = [
      formatQuantity(finding.unit, finding.value, isFine),
      ...(hasInterval ? [ends] : []),
      ...(hasPValue ? [formatPValue(finding.adjustedPValue)] : []),
    ];
    return (
      `<tr><td>${escapeHtml(subjectInWords(finding))}</td>` +
      cells.map((cell) => `<td class="number">${escapeHtml(cell)}</td>`).join('') +
      `<td class="mono">${escapeHtml(finding.id)}</td></tr>`
    );
  });
  const unit = findings[0]?.unit ?? '';
  return (
    `<table class="serial"><thead><tr><th>Subject</th><th class="number">${escapeHtml(unit)}</th>` +
    `${hasInterval ? '<th class="number">95 % interval</th>' : ''}${hasPValue ? '<th class="number">p, adjusted</th>' : ''}<th>Finding id</th></tr></thead><tbody>${rows.join('')}</tbody></table>`
  );
}

/** The filter of all activity as the findings have it; '' without a rhythm. */
export function activityOf(findings: readonly Finding[]): string {
  return findings.find(({ kind }) => kind === 'daily-rhythm')?.where ?? '';
}

/** A filter, with ACTIVITY for that of all activity. */
export function filterMarkup(where: string, activity: string): string {
  if (where === '') return 'all';
  return activity !== '' && where.startsWith(`${activity} and `)
    ? `ACTIVITY${commandMarkup(where.slice(activity.length))}`
    : commandMarkup(where);
}

/**
 * Findings of one kind, told one after the other: statement, chart and tables of each with the filter of its flows; then
 * figures, limits and method of all.
 *
 * @param caveats those that do not stand above already
 * @param details markup of what they share
 * @param activity the filter of all activity, for which ACTIVITY stands in those of the findings; '' when nothing does
 */
export function serialArticle(
  findings: readonly Finding[],
  caveats: readonly Caveat[],
  details: string,
  activity: string,
  isFirst: boolean,
): string {
  const [first] = findings;
  if (first === undefined) return '';
  const told = findings.map(
    (finding) =>
      `<div class="subject"><p class="statement">${prose(finding.statement)}</p>${particulars(finding)}` +
      `<p class="flows"><span class="quiet">Flows</span> <code>${filterMarkup(finding.where, activity)}</code></p></div>`,
  );
  const limits =
    caveats.length === 0
      ? ''
      : `<div class="limits"><h4>Limits</h4><ul class="caveats">${caveats.map(({ text }) => `<li>${prose(text)}</li>`).join('')}</ul></div>`;
  return `<article class="finding${isFirst ? ' first' : ''}">
<h3>${escapeHtml(FINDING_KINDS[first.kind])} <span class="verdict supported">Supported</span></h3>
${told.join('')}
${serialTable(findings)}
${limits}
${details}
</article>`;
}
