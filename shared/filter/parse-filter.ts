import { compareAddresses, isIpv4, parseAddress, parseBlock } from '../address.ts';
import { transportName, transportNumber } from '../flow.ts';
import { parseInstant } from '../time.ts';
import { lastOfBlock } from './address-span.ts';
import {
  DURATION_UNITS,
  type DurationUnit,
  type FilterCondition,
  type FilterExpression,
  type FilterValue,
} from './expression.ts';
import {
  FILTER_FIELD_NAMES,
  type FieldSpec,
  type FilterField,
  type FilterOperator,
  TRANSPORTS,
  fieldSpec,
  findIgnoringCase,
  nearest,
  operatorsOf,
  suggestField,
} from './fields.ts';
import { type Token, columnOf, filterError, quotePiece, tokenise } from './tokens.ts';

/** Deepest nesting of brackets and `not`. */
export const FILTER_DEPTH_LIMIT = 64;

const KEYWORDS = ['and', 'or', 'not', 'in'];
const OPERATOR_WORDS: readonly string[] = ['=', '!=', '<', '<=', '>', '>=', '~'] satisfies FilterOperator[];

/**
 * Reads a filter expression and checks its fields, operators and values.
 *
 *     expression = conjunction { "or" conjunction }
 *     conjunction = condition { "and" condition }
 *     condition  = "not" condition | "(" expression ")" | field operator value | field "in" ( value | "(" value { "," value } ")" )
 *     operator   = "=" | "!=" | "<" | "<=" | ">" | ">=" | "~"
 *
 * Keywords, field names and words of closed lists are known in upper and lower case. A value is a bare word or quoted.
 * Numbers take `k`, `M`, `G` (powers of 1000) and, with `=`, `!=`, `in`, ranges (`80-90`); addresses CIDR and ranges; times
 * ISO 8601 or `last 24h` (s, m, h, d, w). Empty text means every flow. Throws EnclaveError with code `filter`.
 */
export function parseFilter(text: string): FilterExpression {
  const tokens = tokenise(text);
  if (tokens.length === 1) return { kind: 'every' };
  const parser = new Parser(text, tokens);
  return parser.whole();
}

function isKeyword(token: Token, keyword?: string): boolean {
  if (token.kind !== 'word') return false;
  const lower = token.text.toLowerCase();
  return keyword === undefined ? KEYWORDS.includes(lower) : lower === keyword;
}

class Parser {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #position = 0;
  #depth = 0;

  constructor(text: string, tokens: readonly Token[]) {
    this.#text = text;
    this.#tokens = tokens;
  }

  whole(): FilterCondition {
    const expression = this.#chain('or');
    const rest = this.#next;
    if (rest.kind === 'end') return expression;
    if (rest.kind === ')') throw this.#error(rest, 'a ")" without its "("', 'remove it or add the "("');
    throw this.#error(
      rest,
      `"and" or "or" expected, not ${quotePiece(rest.text)}`,
      'join tests with "and" or "or", and quote a value that has spaces in it',
    );
  }

  get #next(): Token {
    return this.#tokens[this.#position] ?? { kind: 'end', text: '', at: this.#text.length };
  }

  #take(): Token {
    const token = this.#next;
    this.#position++;
    return token;
  }

  #error(token: Token, fault: string, remedy: string): Error {
    return filterError(this.#text, token.at, fault, remedy);
  }

  #chain(kind: 'and' | 'or'): FilterCondition {
    const operand = (): FilterCondition => (kind === 'or' ? this.#chain('and') : this.#condition());
    const first = operand();
    const operands = [first];
    while (isKeyword(this.#next, kind)) {
      this.#take();
      operands.push(operand());
    }
    return operands.length === 1 ? first : { kind, operands };
  }

  #condition(): FilterCondition {
    const token = this.#next;
    const negated = isKeyword(token, 'not');
    if (!negated && token.kind !== '(') return this.#test();
    if (++this.#depth > FILTER_DEPTH_LIMIT) {
      throw this.#error(token, `nested deeper than ${FILTER_DEPTH_LIMIT}`, 'write it with fewer brackets and "not"');
    }
    this.#take();
    let condition: FilterCondition;
    if (negated) {
      condition = { kind: 'not', operand: this.#condition() };
    } else {
      condition = this.#chain('or');
      const close = this.#next;
      if (close.kind !== ')') {
        throw this.#error(
          close,
          `")" expected ${before(close)}`,
          `close the "(" of column ${columnOf(this.#text, token.at)}`,
        );
      }
      this.#take();
    }
    this.#depth--;
    return condition;
  }

  #test(): FilterCondition {
    const field = this.#field();
    const operator = this.#operator(field);
    const spec = fieldSpec(field);
    if (operator !== 'in' || this.#next.kind !== '(') {
      return { kind: 'test', field, operator, values: [this.#value(field, spec, operator)] };
    }
    this.#take();
    const values: FilterValue[] = [];
    for (;;) {
      values.push(this.#value(field, spec, operator));
      const after = this.#take();
      if (after.kind === ')') return { kind: 'test', field, operator, values };
      if (after.kind !== ',') {
        throw this.#error(after, `"," or ")" expected ${before(after)}`, 'write lists as: in (one, two, "three four")');
      }
    }
  }

  #field(): FilterField {
    const token = this.#take();
    if (token.kind !== 'word' || isKeyword(token)) {
      throw this.#error(token, `a field name expected ${before(token)}`, 'write tests as: field operator value');
    }
    const field = findIgnoringCase(token.text, FILTER_FIELD_NAMES);
    if (field !== undefined) return field;
    const suggestion = suggestField(token.text);
    throw this.#error(
      token,
      `unknown field ${quotePiece(token.text)}${suggestion === undefined ? '' : ` (did you mean "${suggestion}"?)`}`,
      `fields are ${FILTER_FIELD_NAMES.join(', ')}`,
    );
  }

  #operator(field: FilterField): FilterOperator {
    const token = this.#take();
    const { type } = fieldSpec(field);
    const allowed = operatorsOf(type);
    const word = token.text.toLowerCase();
    const known = token.kind === 'operator' ? OPERATOR_WORDS.includes(word) : isKeyword(token, 'in');
    const operator = allowed.find((candidate) => candidate === word);
    if (known && operator !== undefined) return operator;
    const fault = known
      ? `operator "${word}" makes no sense for ${field} (${TYPE_NAMES[type]})`
      : `an operator expected after ${field} ${before(token)}`;
    throw this.#error(token, fault, `operators for ${field}: ${allowed.join(' ')}`);
  }

  #value(field: FilterField, spec: FieldSpec, operator: FilterOperator): FilterValue {
    const token = this.#take();
    // IN is India too, and after an operator nothing else can be meant.
    const isReserved = isKeyword(token) && !(spec.type === 'country' && isKeyword(token, 'in'));
    if ((token.kind !== 'word' && token.kind !== 'quoted') || isReserved) {
      const remedy = isReserved ? `quote it: "${token.text}"` : 'write tests as: field operator value';
      throw this.#error(token, `a value for ${field} expected ${before(token)}`, remedy);
    }
    const equality = operator === '=' || operator === '!=' || operator === 'in';
    const reading = this.#read(token, spec, equality);
    if ('value' in reading) return reading.value;
    const { fault, remedy } = reading;
    throw this.#error(token, `${quotePiece(token.text)} is ${fault} (field ${field})`, remedy);
  }

  #read(token: Token, spec: FieldSpec, equality: boolean): Reading {
    switch (spec.type) {
      case 'number':
        return readNumber(token.text, spec.prefix ?? '', equality);
      case 'address':
        return readAddresses(token.text);
      case 'time':
        if (token.kind === 'word' && token.text.toLowerCase() === 'last') return this.#last();
        return readTime(token.text);
      case 'text':
        return { value: { type: 'text', text: token.text } };
      case 'choice':
        return readChoice(token.text, spec.choices ?? []);
      case 'transport':
        return readTransport(token.text);
      case 'country':
        return readCountry(token.text);
      case 'flowId':
        return readFlowId(token.text);
    }
  }

  #last(): Reading {
    const token = this.#next;
    const match = token.kind === 'word' ? /^(\d{1,9})([smhdw])$/i.exec(token.text) : null;
    const unit = match?.[2]?.toLowerCase();
    if (match === null || unit === undefined || !Object.hasOwn(DURATION_UNITS, unit)) {
      throw this.#error(
        token,
        `a duration expected after "last" ${before(token)}`,
        'write it as: last 24h (s, m, h, d, w)',
      );
    }
    this.#take();
    return { value: { type: 'last', count: Number(match[1]), unit: unit as DurationUnit } };
  }
}

function before(token: Token): string {
  return token.kind === 'end' ? 'at the end' : `before ${quotePiece(token.text)}`;
}

const TYPE_NAMES: Readonly<Record<FieldSpec['type'], string>> = {
  number: 'a number',
  address: 'an address',
  time: 'a time',
  text: 'a text',
  choice: 'a word of a closed list',
  transport: 'a transport',
  country: 'a country',
  flowId: 'the id of a flow',
};

type Reading = { readonly value: FilterValue } | { readonly fault: string; readonly remedy: string };

const DECIMAL = '\\d+(?:\\.\\d+)?(?:[eE][+-]?\\d{1,4})?[kMG]?';
const SINGLE_NUMBER = new RegExp(`^${DECIMAL}$`);
const NUMBER_RANGE = new RegExp(`^(${DECIMAL})-(${DECIMAL})$`);
const POWERS: Readonly<Record<string, string>> = { k: 'e3', M: 'e6', G: 'e9' };

function decimal(text: string): number {
  const power = POWERS[text.slice(-1)];
  if (power === undefined) return Number(text);
  const digits = text.slice(0, -1);
  return /e/i.test(digits) ? Number(digits) * Number(`1${power}`) : Number(digits + power);
}

function readNumber(text: string, prefix: string, rangeAllowed: boolean): Reading {
  const bare = text.slice(0, prefix.length).toUpperCase() === prefix ? text.slice(prefix.length) : text;
  const range = NUMBER_RANGE.exec(bare);
  if (SINGLE_NUMBER.test(bare)) {
    const value = decimal(bare);
    if (Number.isFinite(value)) return { value: { type: 'number', low: value, high: value } };
  } else if (range !== null) {
    if (!rangeAllowed) return { fault: 'a range', remedy: 'use ranges with "=", "!=" or "in" only' };
    const low = decimal(range[1] ?? '');
    const high = decimal(range[2] ?? '');
    if (low > high) return { fault: 'a range that ends before it begins', remedy: 'write the lower end first' };
    if (Number.isFinite(high)) return { value: { type: 'number', low, high } };
  }
  return { fault: 'not a number', remedy: 'write 1500, 10k, 2.5M or a range like 80-90' };
}

const ADDRESS_REMEDY = 'write 10.0.0.1, 10.0.0.0/8, 2001:db8::/32 or 10.0.0.1-10.0.0.9';

function readAddresses(text: string): Reading {
  const dash = text.indexOf('-');
  if (dash >= 0) {
    const low = parseAddress(text.slice(0, dash));
    const high = parseAddress(text.slice(dash + 1));
    if (low === null || high === null) return { fault: 'not a range of addresses', remedy: ADDRESS_REMEDY };
    if (isIpv4(low[0], low[1], low[2]) !== isIpv4(high[0], high[1], high[2])) {
      return { fault: 'a range from one address family into the other', remedy: ADDRESS_REMEDY };
    }
    if (compareAddresses(low, high) > 0) {
      return { fault: 'a range that ends before it begins', remedy: 'write the lower end first' };
    }
    return { value: { type: 'addresses', low, high } };
  }
  const block = parseBlock(text);
  if (block === null) return { fault: 'not an address, CIDR block or range', remedy: ADDRESS_REMEDY };
  return { value: { type: 'addresses', low: block.words, high: lastOfBlock(block.words, block.bits) } };
}

function readTime(text: string): Reading {
  const us = parseInstant(text, 'UTC');
  if (us === null) {
    return { fault: 'not a time', remedy: 'write 2017-05-17, 2017-05-17T08:30, 2017-05-17T08:30:00Z or: last 24h' };
  }
  const hasZone = /[Tt ].*(?:[Zz]|[+-][\d:]+)$/.test(text);
  if (hasZone) return { value: { type: 'instant', us } };
  return { value: { type: 'local', text: text.replace(/[t ]/, 'T').replace(',', '.') } };
}

function readChoice(text: string, choices: readonly string[]): Reading {
  const known = findIgnoringCase(text, choices);
  if (known !== undefined) return { value: { type: 'text', text: known } };
  const suggestion = nearest(text, choices);
  return {
    fault: `not a known value${suggestion === undefined ? '' : ` (did you mean "${suggestion}"?)`}`,
    remedy: `known values are ${choices.join(', ')}`,
  };
}

function readTransport(text: string): Reading {
  const number = transportNumber(text.toLowerCase());
  if (number !== null) return { value: { type: 'text', text: transportName(number) } };
  return { fault: 'not a transport', remedy: `write ${TRANSPORTS.join(', ')} or the IP protocol number` };
}

function readCountry(text: string): Reading {
  if (/^[a-z]{2}$/i.test(text)) return { value: { type: 'text', text: text.toUpperCase() } };
  return { fault: 'not a country code', remedy: 'write two letters of ISO 3166, like CN' };
}

function readFlowId(text: string): Reading {
  if (/^[0-9a-f]{16}:(0|[1-9]\d{0,15})(\.\d{1,4})?:(0|[1-9]\d{0,2})$/i.test(text)) {
    return { value: { type: 'text', text: text.toLowerCase() } };
  }
  return { fault: 'not the id of a flow', remedy: 'write evidence:locator:depth, as `enclave flows` prints it' };
}
