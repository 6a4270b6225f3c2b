import {
  FILTER_FIELD_NAMES,
  type FilterField,
  TRANSPORTS,
  fieldSpec,
  findIgnoringCase,
  operatorsOf,
} from '../../shared/filter/fields.ts';
import { type Token, tokenise } from '../../shared/filter/tokens.ts';
import { filterValue } from '../../shared/activity.ts';
import { said, say } from '../../shared/text/say.ts';

/** Completion of the filter at the cursor: field names, operators, values, connectives. */

export interface Choice {
  readonly text: string;
  readonly note: string;
  /** A whole filter, in place of all that is typed. */
  readonly isWhole?: boolean;
}

export interface Completion {
  /** The piece of the text that a choice replaces, as UTF-16 indices. */
  readonly from: number;
  readonly to: number;
  readonly choices: readonly Choice[];
}

/** Values that the case holds, most frequent first. */
export type KnownValues = Partial<Record<FilterField, readonly string[]>>;

const LONGEST_LIST = 12;

const FIELD_NOTES: Readonly<Partial<Record<FilterField, string>>> = said({
  start: 'time of the first packet',
  end: 'time of the last packet',
  duration: 'seconds',
  address: 'either end',
  host: 'the end inside the ranges',
  peer: 'the other end',
  port: 'either end',
  range: 'label of the profile’s range',
  bytes: 'both ways, IP layer',
  packets: 'both ways',
  direction: 'seen from the ranges',
  country: 'of the peer, ISO 3166 alpha-2',
  asn: 'network of the peer',
  hostname: 'SNI, HTTP Host or DNS',
  protocol: 'what is spoken',
  service: 'who is spoken to',
  category: 'what for',
  labelEvidence: 'what the label rests on',
  confidence: '0..1',
});

type Expecting =
  | { kind: 'field' }
  | { kind: 'operator'; field: FilterField }
  | { kind: 'value'; field: FilterField }
  | { kind: 'join' };

/** What the grammar expects after the tokens. */
function expectedAfter(tokens: readonly Token[]): Expecting {
  let state: Expecting = { kind: 'field' };
  let listOf: FilterField | null = null;
  for (const token of tokens) {
    const word = token.text.toLowerCase();
    if (token.kind === 'word' && (word === 'and' || word === 'or')) state = { kind: 'field' };
    else if (state.kind === 'field') {
      const field = token.kind === 'word' ? findIgnoringCase(token.text, FILTER_FIELD_NAMES) : undefined;
      if (field !== undefined) state = { kind: 'operator', field };
    } else if (state.kind === 'operator') {
      state = { kind: 'value', field: state.field };
    } else if (state.kind === 'value') {
      if (token.kind === '(') listOf = state.field;
      else if (word !== 'last') state = { kind: 'join' };
    } else if (token.kind === ',' && listOf !== null) state = { kind: 'value', field: listOf };
    else if (token.kind === ')') listOf = null;
  }
  return state;
}

function valuesOf(field: FilterField, known: KnownValues): readonly string[] {
  const spec = fieldSpec(field);
  const seen = known[field] ?? [];
  const rest = spec.choices ?? (spec.type === 'transport' ? TRANSPORTS : []);
  return [...new Set([...seen, ...rest])];
}

const MOST_RECENT = 5;

/**
 * What may stand at the cursor; null when nothing sensible can be offered. Filters used before (`recent`, last first) that begin
 * as the text does, where only one word or none is typed, come first.
 */
export function completeFilter(
  text: string,
  cursor: number,
  known: KnownValues,
  recent: readonly string[] = [],
): Completion | null {
  const completion = completeWord(text, cursor, known);
  const typed = text.trim().toLowerCase();
  const used = /\s/.test(typed)
    ? []
    : recent.filter((filter) => filter !== text && filter.toLowerCase().startsWith(typed));
  if (used.length === 0) return completion;
  const whole = used
    .slice(0, MOST_RECENT)
    .map((filter): Choice => ({ text: filter, note: say('used before'), isWhole: true }));
  return {
    from: completion?.from ?? cursor,
    to: completion?.to ?? cursor,
    choices: [...whole, ...(completion?.choices ?? [])].slice(0, LONGEST_LIST),
  };
}

function completeWord(text: string, cursor: number, known: KnownValues): Completion | null {
  const before = text.slice(0, cursor);
  const piece = /[^\s()=!<>~,"']*$/u.exec(before)?.[0] ?? '';
  const from = cursor - piece.length;
  const to = cursor + (/^[^\s()=!<>~,"']*/u.exec(text.slice(cursor))?.[0].length ?? 0);
  let tokens: Token[];
  try {
    tokens = tokenise(before.slice(0, from)).slice(0, -1);
  } catch {
    return null;
  }
  const expecting = expectedAfter(tokens);
  const offer = (words: readonly string[], note: (word: string) => string): Completion | null => {
    const lower = piece.toLowerCase();
    const head = words.filter((word) => word.toLowerCase().startsWith(lower));
    const inside = words.filter((word) => !word.toLowerCase().startsWith(lower) && word.toLowerCase().includes(lower));
    const found = [...head, ...(lower === '' ? [] : inside)].slice(0, LONGEST_LIST);
    if (found.length === 0 || (found.length === 1 && found[0] === piece)) return null;
    return { from, to, choices: found.map((word) => ({ text: word, note: note(word) })) };
  };
  switch (expecting.kind) {
    case 'field':
      return offer([...FILTER_FIELD_NAMES, ...(tokens.at(-1)?.text === 'not' ? [] : ['not'])], (word) => {
        const field = FILTER_FIELD_NAMES.find((name) => name === word);
        return field === undefined ? '' : (FIELD_NOTES[field] ?? '');
      });
    case 'operator':
      return offer([...operatorsOf(fieldSpec(expecting.field).type)], (word) =>
        word === '~' ? 'contains' : word === 'in' ? 'one of ( , )' : '',
      );
    case 'value':
      return offer(valuesOf(expecting.field, known).map(filterWord), () => '');
    case 'join':
      return piece === '' && !before.endsWith(' ') ? null : offer(['and', 'or'], () => '');
  }
}

/** A value as it is written in a filter: bare when no quotes are needed. */
export function filterWord(value: string): string {
  return /^[A-Za-z0-9][A-Za-z0-9_.:/-]*$/.test(value) && !/^(and|or|not|in|last)$/i.test(value)
    ? value
    : filterValue(value);
}
