import type { AuditEntry } from '../casefile/case-reader.ts';
import { formatCount } from '../../shared/number-format.ts';
import { signatureRows } from './case-facts.ts';
import type { Chapter } from './chapter.ts';
import { breakable, escapeHtml, facts, hashMarkup } from './markup.ts';
import { inWords, plain } from './report-words.ts';

/** The audit chain: its head, and its entries. */

/** @param most entries printed; 0: only the head of the chain */
export function auditChapter(audit: readonly AuditEntry[], most: number): Chapter {
  const title = 'Audit log';
  const head = audit.at(-1);
  if (head === undefined) return { title, ownPage: false, markup: '<p>The case holds no audit entry.</p>' };
  const shown = audit.length <= most ? audit : most === 0 ? [] : [...audit.slice(0, 5), ...audit.slice(5 - most)];
  const left = audit.length - shown.length;
  const rows = shown.map((entry, i) => {
    const cut =
      left > 0 && i === 5
        ? `<tbody><tr><td></td><td colspan="3" class="quiet">${formatCount(left)} entries are left out here.</td></tr></tbody>`
        : '';
    const detail = auditDetail(entry.detail);
    const second = detail === '' ? '' : `<tr><td></td><td colspan="3" class="detail">${detail}</td></tr>`;
    return (
      `${cut}<tbody class="entry"><tr><td class="number">${entry.seq}</td><td class="mono time">${escapeHtml(entry.time)}</td>` +
      `<td>${escapeHtml(entry.action)}</td><td>${escapeHtml(entry.actor)}</td></tr>${second}</tbody>`
    );
  });
  const table =
    shown.length === 0
      ? ''
      : `<table class="audit"><thead><tr><th class="number">No.</th><th>Time</th><th>Action</th><th>By</th></tr></thead>${rows.join('')}</table>`;
  const markup = `<p>Every entry holds the SHA-256 of the one before it. Compare the head of the chain with one noted earlier, and check the
chain itself with <code>enclave verify</code>. Hashes of the case’s own rows are left out here; <code>enclave audit</code> prints them.</p>
${facts([
  ['Entries', formatCount(audit.length)],
  ['Head of the chain', hashMarkup(head.hash)],
  ...signatureRows(audit),
])}
${table}`;
  return { title, ownPage: false, markup };
}

/** Hashes of the case's own rows, which `enclave verify` compares: of no use on paper. */
const ROW_HASHES: ReadonlySet<string> = new Set(['state', 'segments', 'row', 'segmentRows', 'names', 'labels']);

/** The detail of an audit entry: an object as `name value` pairs, long lists by their length; other text as it is. */
function auditDetail(detail: string): string {
  let parsed: unknown = null;
  try {
    parsed = JSON.parse(detail);
  } catch {
    return breakable(detail);
  }
  if (typeof parsed !== 'object' || parsed === null) return breakable(detail);
  return (
    Object.entries(parsed)
      // What a note said before it was changed was not chosen for the report.
      .filter(
        ([name, value]) =>
          !ROW_HASHES.has(name) &&
          !(name === 'before' && typeof value === 'object') &&
          value !== '' &&
          !(Array.isArray(value) && value.length === 0),
      )
      .map(([name, value]) => {
        const told = Array.isArray(value) && value.length > 1 ? `${formatCount(value.length)} entries` : plain(value);
        return `<span class="quiet">${escapeHtml(inWords(name))}</span> ${breakable(told).replace(/\b[0-9a-f]{64}\b/g, (hex) => hashMarkup(hex))}`;
      })
      .join(', ')
  );
}
