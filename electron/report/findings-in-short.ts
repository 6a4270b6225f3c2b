import { type Finding, FINDING_KINDS } from '../../shared/finding.ts';
import { formatCounted, formatFirst } from '../../shared/number-format.ts';
import type { Chapter } from './chapter.ts';
import { escapeHtml, prose } from './markup.ts';
import { subjectInWords } from './report-words.ts';

/** Sentences of one kind that are printed; the rest are counted. */
const MOST_SENTENCES = 4;
/** Subjects that are named where nothing was found. */
const MOST_SUBJECTS = 6;

/** The findings of the brief report: what is borne out in sentences, the rest by kind and subject. Claims stand on their own. */
export function findingsInShort(findings: readonly Finding[]): Chapter {
  const rows = Object.entries(FINDING_KINDS).flatMap(([kind, name]) => {
    const own = findings.filter((finding) => finding.kind === kind && finding.kind !== 'claim-check');
    return own.length === 0 ? [] : [`<tr><td>${escapeHtml(name)}</td><td>${told(own)}</td></tr>`];
  });
  const markup =
    rows.length === 0
      ? '<p>The case has not been analysed, so it holds no finding.</p>'
      : `<table class="short"><thead><tr><th>Kind</th><th>What was found</th></tr></thead><tbody>${rows.join('')}</tbody></table>`;
  return { title: 'Findings in short', ownPage: true, markup };
}

function isByOther(finding: Finding): boolean {
  return finding.kind === 'activity-share' && finding.metric !== 'flows';
}

function told(findings: readonly Finding[]): string {
  // Of the shares of one group by several metrics the first is told before those of the others.
  const supported = findings
    .filter(({ verdict }) => verdict === 'supported')
    .toSorted((one, other) => Number(isByOther(one)) - Number(isByOther(other)));
  const sentences = supported.slice(0, MOST_SENTENCES).map(({ statement }) => prose(statement));
  const left = supported.length - sentences.length;
  if (left > 0)
    sentences.push(`<span class="quiet">${formatCounted(left, 'further finding')} in the full report.</span>`);
  const other = (verdict: Finding['verdict'], words: string): void => {
    const subjects = findings.filter((finding) => finding.verdict === verdict).map(subjectInWords);
    if (subjects.length === 0) return;
    sentences.push(`<span class="quiet">${words}: ${escapeHtml(formatFirst(subjects, MOST_SUBJECTS))}.</span>`);
  };
  other('not-supported', 'Not borne out');
  other('insufficient-data', 'Too little data');
  return sentences.map((sentence) => `<p>${sentence}</p>`).join('');
}
