import { visibleText } from './visible-text.ts';

/** Records of CSV (RFC 4180) that a spreadsheet reads as what they are: no cell is taken for a formula. */

/** First characters that make a spreadsheet read a formula; the last four are their full-width forms. */
const FORMULA = /^[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]/;

/** Texts that a cell holds as they are. */
const PLAIN_CELL = /^(?![=+\-@])[ !#-+\--~→]*$/;

/** A text between quotes, as it is (RFC 4180, 2.7). */
export function quotedCell(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}

function cell(value: string | number | null): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  if (PLAIN_CELL.test(value)) return value;
  const text = (FORMULA.test(value) ? "'" : '') + visibleText(value);
  return /[",]/.test(text) ? quotedCell(text) : text;
}

/**
 * One record with its CRLF. An absent value is empty. Control, direction and invisible characters stand as `\uXXXX`, so that no cell
 * breaks a line; a text that a spreadsheet would take for a formula gets a leading apostrophe (OWASP, CSV injection).
 */
export function csvLine(values: readonly (string | number | null)[]): string {
  return `${values.map(cell).join(',')}\r\n`;
}
