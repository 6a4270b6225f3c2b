import { type AuditEntry, CASE_FACTS, type CaseRecord, FACT_NAMES } from '../../shared/case-record.ts';
import { escapeHtml, hashMarkup } from './markup.ts';

/** The facts of the case on the title page, the classification banner, and the signatures of the audit chain. */

/** Text of several lines, each escaped; what is empty was not supplied. */
export function linesMarkup(text: string): string {
  if (text.trim() === '') return '<span class="quiet">not supplied</span>';
  return text
    .split(/\r\n|\r|\n/)
    .map(escapeHtml)
    .join('<br>');
}

/** Name and markup of each fact but title and banner, which stand elsewhere on the page. */
export function factRows({ facts, examiners }: CaseRecord): [string, string][] {
  const further = examiners.filter((name) => name !== facts.examiner);
  return FACT_NAMES.filter((name) => name !== 'title' && name !== 'banner').flatMap((name): [string, string][] => {
    const row: [string, string] = [CASE_FACTS[name], linesMarkup(facts[name])];
    if (name !== 'examiner' || further.length === 0) return [row];
    return [row, ['Also at work', escapeHtml(further.join('; '))]];
  });
}

/** The banner at the top or bottom of the page on a screen; on paper the page boxes bear it, see style.ts. */
export function bannerMarkup(banner: string): string {
  return banner === '' ? '' : `<div class="banner">${escapeHtml(banner)}</div>`;
}

/** What the chain says of its signatures, one row each; checking them is left to `enclave verify`. */
export function signatureRows(audit: readonly AuditEntry[]): [string, string][] {
  return audit.flatMap(({ seq, action, actor, time, detail }): [string, string][] => {
    if (action !== 'signature') return [];
    const fingerprint = /"fingerprint":"([0-9a-f]{64})"/.exec(detail)?.[1] ?? '';
    return [
      [
        `Signature, entry ${seq}`,
        `${escapeHtml(time)} by ${escapeHtml(actor)}, Ed25519 key ${hashMarkup(fingerprint)}; <code>enclave verify</code> checks it`,
      ],
    ];
  });
}
