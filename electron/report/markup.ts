import { visibleText } from '../../shared/visible-text.ts';

/** Text on its way into HTML: everything from a case passes here. */

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text for HTML content and quoted attributes: markup escaped, control, bidi and invisible characters made visible. */
export function escapeHtml(text: string): string {
  return visibleText(text).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}

/** Dates, intervals, and numbers with their unit: what a line must not break inside. */
const TOGETHER =
  /\d{4}-\d\d-\d\d(?: \d\d:\d\d)?|\d[\d.]*–[\d.]+ %|\d[\d.,]* (?:%|[kMGTP]?B|flows?|bytes|packets|host-hours|days?)(?![A-Za-z])|host-hours?/g;

/** Running text: as `escapeHtml`, with dates, intervals and units kept on one line. */
export function prose(text: string): string {
  return escapeHtml(text).replace(TOGETHER, '<span class="together">$&</span>');
}

/** A long word without blanks (path, filter, hash) that may break after its separators. */
export function breakable(text: string): string {
  return escapeHtml(text).replace(/([/_.,:=)]|&amp;)/g, '$1<wbr>');
}

/** A hash in groups of eight digits, so that it can be compared by eye and breaks between groups; copies as one word. */
export function hashMarkup(hex: string): string {
  const groups = escapeHtml(hex).match(/.{1,8}/g) ?? [];
  return `<span class="hash">${groups.map((group) => `<span>${group}</span>`).join('<wbr>')}</span>`;
}

/** A string in CSS: everything but plain letters, digits and blanks by its code point (CSS Syntax 3, 4.3.7). */
export function cssString(text: string): string {
  const body = visibleText(text).replace(/[^A-Za-z0-9 ]/gu, (character) => {
    return `\\${(character.codePointAt(0) ?? 0).toString(16)} `;
  });
  return `"${body}"`;
}

/** One argument of a POSIX shell command. */
export function shellArgument(text: string): string {
  return /^[A-Za-z0-9_./-]+$/.test(text) ? text : `'${visibleText(text).replaceAll("'", "'\\''")}'`;
}

/** Names with their values, as markup. */
export function facts(rows: readonly (readonly [string, string])[], kind = ''): string {
  const items = rows.map(([name, markup]) => `<div><dt>${escapeHtml(name)}</dt><dd>${markup}</dd></div>`);
  return `<dl class="facts ${kind}">${items.join('')}</dl>`;
}
