import { EnclaveError } from '../problem.ts';
import { visibleText } from '../visible-text.ts';

/** Cuts the text of a filter into words, quoted texts, operators and brackets. */

/** Longest filter, in UTF-16 units. */
export const FILTER_LENGTH_LIMIT = 100_000;

export interface Token {
  readonly kind: 'word' | 'quoted' | 'operator' | '(' | ')' | ',' | 'end';
  /** The word, the operator, or what the quotes hold. */
  readonly text: string;
  /** Index of its first character in the filter. */
  readonly at: number;
}

/** Column (from 1, in characters) of an index in the filter. */
export function columnOf(filter: string, at: number): number {
  return Array.from(filter.slice(0, at)).length + 1;
}

/** An error in a filter: one line that names the column (from 1, in characters) and says what to do. */
export function filterError(filter: string, at: number, fault: string, remedy: string): EnclaveError {
  return new EnclaveError('filter', `filter, column ${columnOf(filter, at)}: ${fault}`, '', remedy, 1);
}

/** A piece of a filter for an error message: quoted, made visible, cut to 40 characters. */
export function quotePiece(text: string): string {
  const cut = text.length > 40 ? `${text.slice(0, 40)}…` : text;
  return `"${visibleText(cut)}"`;
}

const WORD = /[^\s()=!<>~,"']+/uy;
const OPERATOR = /[=!<>~]+/y;
const SPACE = /\s+/uy;
const DOUBLE_QUOTED = /"((?:[^"\\]|\\[^])*)"/y;
const SINGLE_QUOTED = /'([^']*)'/y;
const ESCAPE = /\\(u[0-9a-fA-F]{4}|[^])/g;

/**
 * Cuts a filter into tokens, the last of kind `end`. In double quotes `\"`, `\\` and `\uXXXX` are escapes; in single
 * quotes every character stands for itself. Throws EnclaveError `filter`.
 */
export function tokenise(filter: string): Token[] {
  if (filter.length > FILTER_LENGTH_LIMIT) {
    throw filterError(
      filter,
      FILTER_LENGTH_LIMIT,
      `longer than ${FILTER_LENGTH_LIMIT} characters`,
      'ask in several filters, or shorten the list with CIDR blocks and ranges',
    );
  }
  const tokens: Token[] = [];
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    return pattern.exec(filter);
  };
  while (at < filter.length) {
    const start = at;
    const first = filter.charAt(at);
    const space = take(SPACE);
    if (space !== null) {
      at += space[0].length;
      continue;
    }
    if (first === '(' || first === ')' || first === ',') {
      tokens.push({ kind: first, text: first, at });
      at++;
      continue;
    }
    if (first === '"' || first === "'") {
      const quoted = take(first === '"' ? DOUBLE_QUOTED : SINGLE_QUOTED);
      if (quoted === null) throw filterError(filter, at, 'a quote that is never closed', `add the closing ${first}`);
      const body = quoted[1] ?? '';
      tokens.push({ kind: 'quoted', text: first === '"' ? unescape(filter, start, body) : body, at });
      at += quoted[0].length;
      continue;
    }
    const operator = take(OPERATOR);
    const match = operator ?? take(WORD);
    const text = match?.[0] ?? first;
    tokens.push({ kind: operator ? 'operator' : 'word', text, at });
    at += text.length;
  }
  tokens.push({ kind: 'end', text: '', at: filter.length });
  return tokens;
}

function unescape(filter: string, start: number, body: string): string {
  return body.replace(ESCAPE, (whole, escape: string, offset: number) => {
    if (escape === '"' || escape === '\\') return escape;
    if (escape.length === 5) return String.fromCharCode(Number.parseInt(escape.slice(1), 16));
    throw filterError(
      filter,
      start + 1 + offset,
      `unknown escape ${quotePiece(whole)}`,
      'write \\\\ for a backslash, \\" for a quote, \\uXXXX for any other character',
    );
  });
}
