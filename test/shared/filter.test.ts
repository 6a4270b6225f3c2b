import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AddressWords, compareAddresses, isIpv4 } from '../../shared/address.ts';
import type { FilterCondition, FilterExpression, FilterTest, FilterValue } from '../../shared/filter/expression.ts';
import {
  FILTER_FIELD_NAMES,
  type FilterField,
  TRANSPORTS,
  fieldSpec,
  operatorsOf,
} from '../../shared/filter/fields.ts';
import { parseFilter } from '../../shared/filter/parse-filter.ts';
import { printFilter } from '../../shared/filter/print-filter.ts';
import { EnclaveError } from '../../shared/problem.ts';
import { formatUtc } from '../../shared/time.ts';

const word = fc.integer({ min: 0, max: 0xffffffff });
const ipv4: fc.Arbitrary<AddressWords> = word.map((d) => [0, 0, 0xffff, d] as const);
const ipv6: fc.Arbitrary<AddressWords> = fc
  .tuple(word, word, word, word)
  .filter(([a, b, c]) => !isIpv4(a, b, c))
  .map(([a, b, c, d]) => [a, b, c, d] as const);
const sameFamily = fc.oneof(fc.tuple(ipv4, ipv4), fc.tuple(ipv6, ipv6));

const addresses: fc.Arbitrary<FilterValue> = fc.oneof(
  sameFamily.map(([x, y]): FilterValue => {
    const [low, high] = compareAddresses(x, y) <= 0 ? [x, y] : [y, x];
    return { type: 'addresses', low, high };
  }),
  fc.oneof(ipv4, ipv6).map((x): FilterValue => ({ type: 'addresses', low: x, high: x })),
  fc.tuple(ipv4, fc.integer({ min: 0, max: 32 })).map(([[a, b, c, d], bits]): FilterValue => {
    const size = 2 ** (32 - bits);
    const low = Math.floor(d / size) * size;
    return { type: 'addresses', low: [a, b, c, low], high: [a, b, c, low + size - 1] };
  }),
);

const finite = fc.double({ min: 0, noNaN: true, noDefaultInfinity: true });

function numbers(rangeAllowed: boolean): fc.Arbitrary<FilterValue> {
  return fc
    .tuple(finite, finite, fc.boolean())
    .map(([x, y, single]): FilterValue => {
      const [low, high] = x <= y ? [x, y] : [y, x];
      return { type: 'number', low, high: single || !rangeAllowed ? low : high };
    })
    .map((value) => (value.type === 'number' ? { ...value, low: value.low + 0, high: value.high + 0 } : value));
}

const instant = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const times: fc.Arbitrary<FilterValue> = fc.oneof(
  instant.map((us): FilterValue => ({ type: 'instant', us })),
  fc
    .tuple(instant, fc.constantFrom(10, 16, 19, 26))
    .map(([us, length]): FilterValue => ({ type: 'local', text: formatUtc(us).slice(0, length) })),
  fc
    .tuple(fc.integer({ min: 0, max: 999_999_999 }), fc.constantFrom('s', 'm', 'h', 'd', 'w'))
    .map(([count, unit]): FilterValue => ({ type: 'last', count, unit })),
);

const texts = (text: fc.Arbitrary<string>): fc.Arbitrary<FilterValue> =>
  text.map((value): FilterValue => ({ type: 'text', text: value }));
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string(),
  fc.constantFrom('and', 'NOT', 'in', '"', '\\', "'", 'a b', '\u202e', '\n', '=cmd()', '\ud800', '*.youku.com', ''),
);

function valueOf(field: FilterField, equality: boolean): fc.Arbitrary<FilterValue> {
  const spec = fieldSpec(field);
  switch (spec.type) {
    case 'number':
      return numbers(equality);
    case 'address':
      return addresses;
    case 'time':
      return times;
    case 'text':
      return texts(anyText);
    case 'choice':
      return texts(fc.constantFrom(...(spec.choices ?? [])));
    case 'transport':
      return texts(fc.constantFrom(...TRANSPORTS, '0', '255', '200'));
    case 'country':
      return texts(fc.constantFrom('CN', 'KP', 'RU'));
    case 'flowId':
      return texts(fc.constantFrom('0123456789abcdef:17:0', 'ffffffffffffffff:0:12'));
  }
}

const test: fc.Arbitrary<FilterTest> = fc.constantFrom(...FILTER_FIELD_NAMES).chain((field) =>
  fc.constantFrom(...operatorsOf(fieldSpec(field).type)).chain((operator) => {
    const value = valueOf(field, operator === '=' || operator === '!=' || operator === 'in');
    return fc
      .array(value, { minLength: 1, maxLength: operator === 'in' ? 4 : 1 })
      .map((values): FilterTest => ({ kind: 'test', field, operator, values }));
  }),
);

const condition = fc.letrec<{ tree: FilterCondition }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 5, depthIdentifier: 'tree' },
    test,
    fc.record({ kind: fc.constant('not' as const), operand: tie('tree') }),
    fc.record({
      kind: fc.constantFrom('and' as const, 'or' as const),
      operands: fc.array(tie('tree'), { minLength: 2, maxLength: 4 }),
    }),
  ),
})).tree;

const expression: fc.Arbitrary<FilterExpression> = fc.oneof(
  { weight: 20, arbitrary: condition },
  { weight: 1, arbitrary: fc.constant<FilterExpression>({ kind: 'every' }) },
);

function errorOf(text: string): EnclaveError {
  try {
    parseFilter(text);
  } catch (error) {
    if (error instanceof EnclaveError) return error;
    throw error;
  }
  throw new Error(`accepted: ${text}`);
}

/** Null when the text is refused with an EnclaveError; any other error passes on. */
function parsed(text: string): FilterExpression | null {
  try {
    return parseFilter(text);
  } catch (error) {
    if (error instanceof EnclaveError) return null;
    throw error;
  }
}

describe('parseFilter and printFilter', () => {
  it('give back any expression', () => {
    fc.assert(
      fc.property(expression, (tree) => {
        const text = printFilter(tree);
        expect(parseFilter(text)).toEqual(tree);
        expect(text).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      }),
      { seed: 11, numRuns: 2000 },
    );
  });

  it('read the example of the contract', () => {
    const text = 'category in (gaming, streaming) and range = "kp-main" and start >= 2017-05-17 and not country = CN';
    const tree = parseFilter(text);
    expect(printFilter(tree)).toBe(
      'category in (gaming, streaming) and range = kp-main and start >= 2017-05-17 and not country = CN',
    );
    expect(tree.kind === 'and' ? tree.operands.length : 0).toBe(4);
  });

  it('bind not before and before or', () => {
    expect(printFilter(parseFilter('not port=1 and port=2 or port=3'))).toBe('not port = 1 and port = 2 or port = 3');
    const tree = parseFilter('not port=1 and port=2 or port=3');
    expect(tree.kind).toBe('or');
    expect(printFilter(parseFilter('((port=1 or port=2)) and (port = 3)'))).toBe('(port = 1 or port = 2) and port = 3');
  });

  it('write values in one way', () => {
    const same = {
      'bytes > 10k': 'bytes > 10000',
      'bytes>2.5M': 'bytes > 2500000',
      'port in (80-90, 443)': 'port in (80-90, 443)',
      'asn = as9304': 'asn = 9304',
      'COUNTRY = cn': 'country = CN',
      'country = IN and not country in (in, CN)': 'country = "IN" and not country in ("IN", CN)',
      'transport = 6': 'transport = tcp',
      'Category = Gaming': 'category = gaming',
      'host in 10.1.2.3/8': 'host in (10.0.0.0/8)',
      'peer = 10.0.0.0-10.0.0.255': 'peer = 10.0.0.0/24',
      'peer = 10.0.0.1-10.0.0.4': 'peer = 10.0.0.1-10.0.0.4',
      'peer = 2001:DB8:0::/32': 'peer = 2001:db8::/32',
      'start >= 2017-05-17T08:30+08:30': 'start >= 2017-05-17T00:00:00.000000Z',
      "start = '2017-05-17 08:30'": 'start = 2017-05-17T08:30',
      'end in last 24H': 'end in (last 24h)',
      'hostname ~ \'say "hi"\'': 'hostname ~ "say \\"hi\\""',
      'hostname = "\\u202egnp"': 'hostname = "\\u202egnp"',
      'port = 1 AND NOT port = 2': 'port = 1 and not port = 2',
    };
    for (const [text, canonical] of Object.entries(same)) expect(printFilter(parseFilter(text))).toBe(canonical);
  });

  it('take empty text for every flow', () => {
    for (const text of ['', ' \t\n']) expect(parseFilter(text)).toEqual({ kind: 'every' });
    expect(printFilter({ kind: 'every' })).toBe('');
  });

  it('point at the column and say what to do', () => {
    const faults: Record<string, string> = {
      'port = 80 and hots = 10.0.0.1': 'filter, column 15: unknown field "hots" (did you mean "host"?)',
      'src = 10.0.0.1': 'filter, column 1: unknown field "src" (did you mean "initiator"?)',
      'xyzzyplugh = 1': 'filter, column 1: unknown field "xyzzyplugh"',
      'category = gamming':
        'filter, column 12: "gamming" is not a known value (did you mean "gaming"?) (field category)',
      'host ~ 10': 'filter, column 6: operator "~" makes no sense for host (an address)',
      'category < gaming': 'filter, column 10: operator "<" makes no sense for category (a word of a closed list)',
      'port == 80': 'filter, column 6: an operator expected after port before "=="',
      'port 80': 'filter, column 6: an operator expected after port before "80"',
      'port =': 'filter, column 7: a value for port expected at the end',
      'port > 80-90': 'filter, column 8: "80-90" is a range (field port)',
      'port = -5': 'filter, column 8: "-5" is not a number (field port)',
      'port in ()': 'filter, column 10: a value for port expected before ")"',
      'port in (80': 'filter, column 12: "," or ")" expected at the end',
      '(port = 80': 'filter, column 11: ")" expected at the end',
      'port = 80)': 'filter, column 10: a ")" without its "("',
      'port = 80 443': 'filter, column 11: "and" or "or" expected, not "443"',
      'hostname = "abc': 'filter, column 12: a quote that is never closed',
      'hostname = "a\\qb"': 'filter, column 14: unknown escape "\\q"',
      'hostname = in': 'filter, column 12: a value for hostname expected before "in"',
      'host = 10.0.0.256': 'filter, column 8: "10.0.0.256" is not an address, CIDR block or range (field host)',
      'host = 10.0.0.9-10.0.0.1':
        'filter, column 8: "10.0.0.9-10.0.0.1" is a range that ends before it begins (field host)',
      'start > yesterday': 'filter, column 9: "yesterday" is not a time (field start)',
      'start > last year': 'filter, column 14: a duration expected after "last" before "year"',
      'country = China': 'filter, column 11: "China" is not a country code (field country)',
      and: 'filter, column 1: a field name expected before "and"',
      '"\u{1f600}" = 1': 'filter, column 1: a field name expected before "\u{1f600}"',
      'service = "\u{1f600}" x': 'filter, column 15: "and" or "or" expected, not "x"',
    };
    for (const [text, message] of Object.entries(faults)) {
      const error = errorOf(text);
      expect(error.message).toBe(message);
      expect(error.code).toBe('filter');
      expect(error.exitCode).toBe(1);
      expect(error.remedy).not.toBe('');
    }
  });

  it('show hostile text in errors on one line', () => {
    expect(errorOf('\u202e\u001b[31m = 1').message).toBe('filter, column 1: unknown field "\\u202e\\u001b[31m"');
  });

  it('bound nesting and length', () => {
    const deep = '('.repeat(100_000);
    expect(errorOf(deep).message).toBe('filter, column 65: nested deeper than 64');
    expect(errorOf(`${'not '.repeat(20_000)}port = 1`).message).toBe('filter, column 257: nested deeper than 64');
    expect(errorOf('port = 1 or '.repeat(10_000)).message).toBe('filter, column 100001: longer than 100000 characters');
    const wide = `port in (${Array.from({ length: 15_000 }, (_, i) => i).join(',')})`;
    expect(parseFilter(wide).kind).toBe('test');
    const long = Array.from({ length: 8000 }, () => 'port = 1').join(' or ');
    expect(printFilter(parseFilter(long))).toBe(long);
  });

  it('throw nothing but EnclaveError, whatever the text', () => {
    const pieces = fc.array(
      fc.oneof(
        fc.constantFrom('(', ')', ',', '=', '!=', '~', 'in', 'not', 'and', 'or', 'last', '24h', '"', "'", '\\', ' '),
        fc.constantFrom(...FILTER_FIELD_NAMES),
        fc.constantFrom('80-90', '10.0.0.0/8', '::/0', '2017-05-17', 'gaming', '1e999', '1e400-2', 'AS', '-', '/'),
        fc.string({ unit: 'binary', maxLength: 5 }),
      ),
    );
    fc.assert(
      fc.property(
        fc.oneof(
          pieces.map((list) => list.join(' ')),
          fc.string({ unit: 'binary' }),
        ),
        (text) => {
          const tree = parsed(text);
          const fault = tree === null ? errorOf(text).message : '';
          expect(fault).not.toMatch(/\p{Cc}/u);
          expect(tree === null ? null : parseFilter(printFilter(tree))).toEqual(tree);
        },
      ),
      { seed: 12, numRuns: 5000 },
    );
  });
});
