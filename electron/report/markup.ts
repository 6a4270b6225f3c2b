import { visibleText } from '../../shared/visible-text.ts';

/** Text on its way into HTML: everything from a case passes here. */

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text of a quoted attribute or a title: markup escaped, control, direction and invisible characters made visible. */
export function escapeAttribute(text: string): string {
  return entities(visibleText(text));
}

function entities(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}

/**
 * Words of scripts that run from right to left, as far as they hang together: the blocks that Unicode keeps for them (UAX 9, 3.2).
 * Commas and brackets end them, so that names in a list stay in its order.
 */
const LETTER = String.raw`[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefe\u{10800}-\u{10fff}\u{1e800}-\u{1efff}][\u0300-\u036f]*`;
const RIGHT_TO_LEFT = new RegExp(`((?:${LETTER})+(?:[ '\\d-]+(?:${LETTER})+)*)`, 'gu');

/**
 * The text as markup, with what runs from right to left set apart: else it would turn the order of the numbers and signs beside it.
 *
 * @param piece from escaped text to markup
 */
function apart(
  text: string,
  piece: (escaped: string) => string,
  [open, close]: readonly [string, string] = ['<bdi>', '</bdi>'],
): string {
  return visibleText(text)
    .split(RIGHT_TO_LEFT)
    .map((part, i) => {
      const markup = piece(entities(part));
      return i % 2 === 0 ? markup : open + markup + close;
    })
    .join('');
}

/** Text for HTML content: markup escaped, control, direction and invisible characters made visible, right-to-left words set apart. */
export function escapeHtml(text: string): string {
  return apart(text, (escaped) => escaped);
}

/** First strong isolate, pop directional isolate (UAX 9): ours alone, since those of a text are made visible. */
const ISOLATE = ['\u2068', '\u2069'] as const;

/** The same inside `<text>` of a figure, which knows no `bdi` and would take its anchor from the first word's direction. */
export function escapeSvg(text: string): string {
  return apart(text, (escaped) => escaped, ISOLATE);
}

/** Dates, intervals, and numbers with their unit: what a line must not break inside. */
const TOGETHER =
  /\d{4}-\d\d-\d\d(?: \d\d:\d\d)?|\d[\d.]*–[\d.]+ %|\d[\d.,]* (?:%|[kMGTP]?B|flows?|bytes|packets|host-hours|days?)(?![A-Za-z])|host-hours?/g;

/** Running text: as `escapeHtml`, with dates, intervals and units kept on one line. */
export function prose(text: string): string {
  return apart(text, (escaped) => escaped.replace(TOGETHER, '<span class="together">$&</span>'));
}

const SEPARATOR = /([/_.,:=)]|&amp;)/g;

/** A long word without blanks (path, filter, hash) that may break after its separators. */
export function breakable(text: string): string {
  return apart(text, (escaped) => escaped.replace(SEPARATOR, '$1<wbr>'));
}

/** Longest word of a filter or command that is kept on one line, in characters. */
const MOST_TOGETHER = 40;

/**
 * A filter or command: lines break between its words only, so that it can be copied from paper or a PDF line by line; words longer than
 * MOST_TOGETHER break after their separators.
 */
export function commandMarkup(text: string): string {
  return apart(text, (escaped) =>
    escaped.replace(/[^ ]+/g, (word) => {
      if (word.length > MOST_TOGETHER) return word.replace(SEPARATOR, '$1<wbr>');
      return /\W/.test(word) ? `<span class="together">${word}</span>` : word;
    }),
  );
}

/**
 * A hash in groups of eight digits, so that it can be compared by eye and breaks between groups; copies as one word, and stands
 * whole in its title for who looks for it in the file.
 */
export function hashMarkup(hex: string): string {
  const whole = escapeAttribute(hex);
  const groups = whole.match(/.{1,8}/g) ?? [];
  return `<span class="hash" title="${whole}">${groups.map((group) => `<span>${group}</span>`).join('<wbr>')}</span>`;
}

/** A string in CSS: everything but plain letters, digits and blanks by its code point (CSS Syntax 3, 4.3.7); isolated as in `escapeHtml`. */
export function cssString(text: string): string {
  const isolated = visibleText(text).replace(RIGHT_TO_LEFT, ISOLATE.join('$1'));
  const body = isolated.replace(/[^A-Za-z0-9 ]/gu, (character) => {
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
