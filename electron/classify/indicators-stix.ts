/**
 * Patterns of STIX Version 2.1 (OASIS), 9, as far as one comparison alone decides: alternatives (OR) of `=`, `IN` and
 * `ISSUBSET`. A pattern that demands several things at once is told as such, since a part of it says less than the whole.
 */

export interface StixComparison {
  /** Object path, `domain-name:value`. */
  readonly path: string;
  readonly value: string;
}

export type StixFault = 'bad-pattern' | 'combined-pattern';

const LONGEST_PATTERN = 65_536;
const TOKEN =
  /\s*(?:(\[|\]|\(|\)|,)|(=|!=|<=|>=|<|>)|'((?:[^'\\]|\\.)*)'|([A-Za-z][A-Za-z0-9_-]*:(?:[A-Za-z0-9_.*[\]-]|'(?:[^'\\]|\\.)*')+)|([A-Za-z]+)|([-+]?\d[\w.:+-]*))/y;
const COMBINING = new Set([
  'AND',
  'FOLLOWEDBY',
  'NOT',
  'WITHIN',
  'REPEATS',
  'START',
  'STOP',
  'LIKE',
  'MATCHES',
  'ISSUPERSET',
  'EXISTS',
]);

type Token = { readonly kind: 'mark' | 'operator' | 'word' | 'path' | 'text'; readonly text: string };

/** The comparisons of which any one satisfies the pattern, or why it cannot be used. */
export function comparisonsOf(
  pattern: string,
): { readonly comparisons: readonly StixComparison[] } | { readonly fault: StixFault } {
  const read = tokensOf(pattern);
  if (read === null) return { fault: 'bad-pattern' };
  const tokens = withoutTypesOfEnds(read);
  if (
    tokens.some(({ kind, text }) => (kind === 'word' && COMBINING.has(text)) || (kind === 'operator' && text !== '='))
  ) {
    return { fault: 'combined-pattern' };
  }
  const comparisons: StixComparison[] = [];
  // With alternatives only, brackets change nothing: they need to pair up and no more.
  const open: string[] = [];
  let wantsOperand = true;
  for (let at = 0; at < tokens.length; at++) {
    const { kind, text } = tokens[at];
    if (kind === 'mark' && (text === '[' || text === '(')) {
      if (!wantsOperand) return { fault: 'bad-pattern' };
      open.push(text);
    } else if (kind === 'mark' && (text === ']' || text === ')')) {
      if (wantsOperand || open.pop() !== (text === ']' ? '[' : '(')) return { fault: 'bad-pattern' };
    } else if (kind === 'word' && text === 'OR') {
      if (wantsOperand) return { fault: 'bad-pattern' };
      wantsOperand = true;
    } else if (kind === 'path' && wantsOperand && open.includes('[')) {
      const values = valuesAfter(tokens, at);
      if (values === null) return { fault: 'bad-pattern' };
      for (const value of values.texts) comparisons.push({ path: text, value });
      at = values.last;
      wantsOperand = false;
    } else return { fault: 'bad-pattern' };
  }
  return open.length > 0 || wantsOperand ? { fault: 'bad-pattern' } : { comparisons };
}

const END_TYPES = new Set(['ipv4-addr', 'ipv6-addr', 'domain-name']);

/**
 * Leaves out what kind of thing an end of traffic is where its value stands beside it, as MISP writes addresses: `dst_ref.type = 'ipv4-addr' AND
 * dst_ref.value = '198.51.100.1'` says no more than its second half.
 */
function withoutTypesOfEnds(tokens: readonly Token[]): readonly Token[] {
  /** Whether a comparison with the end of this path, `=` and a text stands at `at`; the path before `.type` or `.value`. */
  const endOf = (at: number, field: '.type' | '.value'): string | null => {
    const [path, operator, text] = [tokens[at], tokens[at + 1], tokens[at + 2]];
    if (path?.kind !== 'path' || operator?.text !== '=' || text?.kind !== 'text') return null;
    if (!/^network-traffic:(?:src|dst)_ref\.(?:type|value)$/.test(path.text) || !path.text.endsWith(field)) return null;
    return field === '.value' || END_TYPES.has(text.text) ? path.text.slice(0, -field.length) : null;
  };
  const kept: Token[] = [];
  for (let at = 0; at < tokens.length; at++) {
    const isBeside = tokens[at + 3]?.kind === 'word' && tokens[at + 3]?.text === 'AND';
    const typed = endOf(at, '.type');
    if (isBeside && typed !== null && typed === endOf(at + 4, '.value')) at += 3;
    else if (isBeside && endOf(at, '.value') !== null && endOf(at, '.value') === endOf(at + 4, '.type')) {
      kept.push(...tokens.slice(at, at + 3));
      at += 6;
    } else kept.push(tokens[at]);
  }
  return kept;
}

/** The values that follow a path: one after `=` or `ISSUBSET`, several in brackets after `IN`. */
function valuesAfter(tokens: readonly Token[], path: number): { texts: string[]; last: number } | null {
  const operator = tokens[path + 1];
  const first = tokens[path + 2];
  if (operator === undefined || first === undefined) return null;
  if (operator.text === '=' || (operator.kind === 'word' && operator.text === 'ISSUBSET')) {
    return first.kind === 'text' ? { texts: [first.text], last: path + 2 } : null;
  }
  if (operator.kind !== 'word' || operator.text !== 'IN' || first.text !== '(') return null;
  const texts: string[] = [];
  for (let at = path + 3; ; at += 2) {
    const [value, mark] = [tokens[at], tokens[at + 1]];
    if (value?.kind !== 'text' || mark?.kind !== 'mark') return null;
    texts.push(value.text);
    if (mark.text === ')') return { texts, last: at + 1 };
    if (mark.text !== ',') return null;
  }
}

function tokensOf(pattern: string): Token[] | null {
  const text = pattern.trim();
  if (text.length > LONGEST_PATTERN) return null;
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const match = TOKEN.exec(text);
    if (match === null) return null;
    const [, mark, operator, quoted, path, word, number] = match;
    if (mark !== undefined) tokens.push({ kind: 'mark', text: mark });
    else if (operator !== undefined) tokens.push({ kind: 'operator', text: operator });
    else if (quoted !== undefined) tokens.push({ kind: 'text', text: quoted.replaceAll(/\\(.)/g, '$1') });
    else if (path !== undefined) tokens.push({ kind: 'path', text: path });
    else if (word !== undefined) tokens.push({ kind: 'word', text: word });
    else tokens.push({ kind: 'text', text: number ?? '' });
  }
  return tokens;
}
