import { REPORT_CHAPTERS } from '../../shared/report-settings.ts';
import type { Chapter } from './chapter.ts';
import { escapeHtml, facts, hashMarkup } from './markup.ts';
import type { ReportCase } from './report-case.ts';

/** Who answers for the report. */

/** Those who sign, besides the examiner by name. */
const REVIEWER = 'Reviewed by';

/** @param head hash of the last audit entry; null when the case has none */
export function signaturesChapter(reader: ReportCase, head: string | null): Chapter {
  const { facts: told, examiners } = reader.record();
  const names = [...new Set([told.examiner, ...examiners])].filter((name) => name !== '');
  const boxes = [
    ...(names.length === 0 ? [''] : names).map((name) => ['Examiner', name] as const),
    [REVIEWER, ''] as const,
  ].map(
    ([part, name]) =>
      `<div class="signature"><p class="quiet">${part}</p><p class="name">${name === '' ? '&#160;' : escapeHtml(name)}</p>` +
      `<p class="line">Place and date</p><p class="line">Signature</p></div>`,
  );
  return {
    title: REPORT_CHAPTERS.signatures,
    ownPage: false,
    markup: `<p>The signatures below are for the report with the chain head printed here. The hash of this very file is entered into the
audit log of the case when it is saved, after that head.</p>
${facts([['Head of the chain', head === null ? 'no audit entry' : hashMarkup(head)]])}
<div class="signatures">${boxes.join('')}</div>`,
  };
}
