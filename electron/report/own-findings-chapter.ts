import type { OwnFinding } from '../../shared/own-finding.ts';
import { formatBytes, formatCount } from '../../shared/number-format.ts';
import { linesMarkup } from './case-facts.ts';
import type { Chapter } from './chapter.ts';
import { commandMarkup, escapeHtml } from './markup.ts';

/** The examiners' own findings that were chosen for the report, in the order they were made; null when there is none. */
export function ownFindingsChapter(findings: readonly OwnFinding[]): Chapter | null {
  const chosen = findings.filter(({ inReport }) => inReport);
  if (chosen.length === 0) return null;
  const entries = chosen.map(({ id, title, statement, exhibits, examiner, madeAt, changedAt }) => {
    const changed = changedAt === null ? '' : `, changed ${escapeHtml(changedAt)}`;
    const rows = exhibits.map(({ label, where, totals }) => {
      const { flows, bytes, packets, hostHours, hosts, days } = totals;
      const amounts = [flows, bytes, packets, hostHours, hosts, days].map((amount, i) => {
        return `<td class="number">${i === 1 ? formatBytes(amount) : formatCount(amount)}</td>`;
      });
      const filter = where === '' ? 'every flow' : `<code>${commandMarkup(where)}</code>`;
      return `<tr><td>${escapeHtml(label)}<br>${filter}</td>${amounts.join('')}</tr>`;
    });
    return `<div class="finding own"><h3>${escapeHtml(title)}</h3>
<p class="quiet">Stated by ${escapeHtml(examiner)}, ${escapeHtml(madeAt)}${changed}; <span class="mono">${escapeHtml(id)}</span></p>
<p>${linesMarkup(statement)}</p>
<table class="exhibits"><thead><tr><th>Flows that it rests on</th><th class="number">Flows</th><th class="number">Bytes</th><th class="number">Packets</th><th class="number">Host-hours</th><th class="number">Hosts</th><th class="number">Days</th></tr></thead><tbody>${rows.join('')}</tbody></table></div>`;
  });
  return {
    title: 'Findings of the examiner’s own',
    ownPage: false,
    markup: `<p>Stated by those who worked on the case. No method and no verdict of Enclave stands behind the words; the numbers are totals of the
flows that each filter selects, counted by Enclave, scaled by sampling, and counted again by <code>enclave verify</code>.</p>
${entries.join('\n')}`,
  };
}
