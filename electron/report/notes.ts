import { type Note, targetParts, TARGETS, type TargetKind } from '../../shared/case-record.ts';
import type { Chapter } from './chapter.ts';
import { linesMarkup } from './case-facts.ts';
import { breakable, escapeHtml } from './markup.ts';

const DECISION_WORDS = { accept: 'accepted', reject: 'rejected', comment: 'commented on' } as const;

function targetMarkup(target: string): string {
  const { kind, value } = targetParts(target);
  const words = Object.hasOwn(TARGETS, kind) ? TARGETS[kind as TargetKind] : kind;
  return value === '' ? escapeHtml(words) : `${escapeHtml(words)} <span class="mono">${breakable(value)}</span>`;
}

/** Notes and decisions that the examiners chose for the report, in the order they were made; null when there is none. */
export function notesChapter(notes: readonly Note[]): Chapter | null {
  const chosen = notes.filter(({ inReport }) => inReport);
  if (chosen.length === 0) return null;
  const rows = chosen.map(({ id, decision, target, text, tags, examiner, madeAt, changedAt }) => {
    const marks = tags.length === 0 ? '' : `<p class="quiet">Tags: ${escapeHtml(tags.join(', '))}</p>`;
    const decided = decision === null ? '' : `<p><strong>The finding was ${DECISION_WORDS[decision]}.</strong></p>`;
    const told = text === '' ? '' : `<p>${linesMarkup(text)}</p>`;
    const changed = changedAt === null ? '' : `<br>changed ${escapeHtml(changedAt)}`;
    return (
      `<tbody class="entry"><tr><td>${targetMarkup(target)}</td><td>${escapeHtml(examiner)}</td>` +
      `<td class="mono time">${escapeHtml(madeAt)}${changed}</td><td class="mono">${id}</td></tr>` +
      `<tr><td colspan="4">${decided}${told}${marks}</td></tr></tbody>`
    );
  });
  return {
    title: 'Notes of the examiner',
    ownPage: false,
    markup: `<p>Written by those who worked on the case, in their own words. They are opinion, not findings of Enclave; what a note said
before it was changed is in the audit chain.</p>
<table class="notes"><thead><tr><th>About</th><th>By</th><th>Time (UTC)</th><th>Note</th></tr></thead>${rows.join('')}</table>`,
  };
}
