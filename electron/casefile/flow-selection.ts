import { type AddressWords, compareAddresses, isIpv4 } from '../../shared/address.ts';
import type { FilterCondition, FilterExpression, FilterTest, FilterValue } from '../../shared/filter/expression.ts';
import { DURATION_UNITS } from '../../shared/filter/expression.ts';
import {
  type ColumnArray,
  CONN_STATES,
  DIRECTIONS,
  DUPLICATES,
  type FlowColumn,
  LABEL_EVIDENCE,
  SUBJECT_SIDES,
  TCP,
  formatAssembly,
  formatTcpFlags,
  isGivenAddress,
  outerFlowId,
  SEGMENT_ROWS,
  transportNumber,
} from '../../shared/flow.ts';
import { parseInstant, ZoneClock } from '../../shared/time.ts';
import { UNKNOWN } from '../../shared/vocabulary.ts';
import type { CaseReader, SegmentInfo } from './case-reader.ts';
import { asDoubles, gatherDoubles } from './column-decoding.ts';
import { HostNumbers } from './host-numbers.ts';
import { IndicatorMatches } from './indicator-matches.ts';
import { LocalHours } from './local-hours.ts';
import {
  countMarked,
  invert,
  keepBoth,
  keepListed,
  listMarked,
  markBetween,
  markSumBetween,
  markTabled,
} from './mask-loops.ts';

/** Filters over columns: an expression becomes a mask a segment. */

export interface FlowSelection {
  /**
   * Sets `mask[row]` to 1 for every row of the segment that matches and to 0 for every other; `mask` holds `segment.rows`
   * bytes or more. Returns how many match.
   */
  mark(segment: SegmentInfo, mask: Uint8Array): number;
  /**
   * Sets to 0 those of the `marked` rows of `mask` that do not match, and returns how many stay. Only where looking at few
   * rows is faster than looking at all.
   */
  keep?(segment: SegmentInfo, mask: Uint8Array, marked: number): number;
}

/**
 * Compiles a checked filter for one case. Columns that the answer does not depend on are not read; dictionaries are tested
 * once an entry. Bare dates and times are read in the profile's zone: compared by order they stand for their first moment,
 * with `=`, `!=` and `in` a date stands for its whole day. An absent value equals nothing. The selection holds what the case
 * was when it was compiled: compile again after `reader.refresh()`.
 */
export function compileFilter(expression: FilterExpression, reader: CaseReader): FlowSelection {
  if (expression.kind === 'every') return EVERY;
  return compileCondition(expression, reader);
}

const EVERY: FlowSelection = { mark: (segment, mask) => fillAll(mask, segment.rows, 1) };
const NONE: FlowSelection = { mark: (segment, mask) => fillAll(mask, segment.rows, 0) };

function fillAll(mask: Uint8Array, rows: number, value: 0 | 1): number {
  mask.fill(value, 0, rows);
  return value * rows;
}

function compileCondition(condition: FilterCondition, reader: CaseReader): FlowSelection {
  switch (condition.kind) {
    case 'test': {
      const equal = compileTest(condition, reader);
      return condition.operator === '!=' ? complement(equal) : equal;
    }
    case 'not':
      return complement(compileCondition(condition.operand, reader));
    case 'and':
      return conjunction(cheapestFirst(condition.operands).map((operand) => compileCondition(operand, reader)));
    case 'or': {
      const operands = cheapestFirst(condition.operands);
      return complement(conjunction(operands.map((operand) => complement(compileCondition(operand, reader)))));
    }
  }
}

/** What may be decided for a whole segment goes before what reads columns, and sums of two columns come last. */
function cheapestFirst(operands: readonly FilterCondition[]): FilterCondition[] {
  return operands.toSorted((x, y) => costOf(x) - costOf(y));
}

function costOf(condition: FilterCondition): number {
  if (condition.kind !== 'test') return 1;
  if (['start', 'end', 'evidence', 'id'].includes(condition.field)) return 0;
  return condition.field === 'bytes' || condition.field === 'packets' ? 2 : 1;
}

function complement(inner: FlowSelection): FlowSelection {
  return {
    mark(segment, mask) {
      const { rows } = segment;
      const matching = inner.mark(segment, mask);
      invert(mask, rows);
      return rows - matching;
    },
  };
}

/** Share of a segment's rows of which each is looked at faster than all are. */
const FEW_MARKED = 0.3;

function conjunction(operands: readonly FlowSelection[]): FlowSelection {
  let scratch = new Uint8Array(0);
  return {
    mark(segment, mask) {
      const { rows } = segment;
      let matching = fillAll(mask, rows, 1);
      for (const operand of operands) {
        if (matching === rows) {
          matching = operand.mark(segment, mask);
        } else if (operand.keep !== undefined && matching < rows * FEW_MARKED) {
          matching = operand.keep(segment, mask, matching);
        } else {
          if (scratch.length < rows) scratch = new Uint8Array(rows);
          operand.mark(segment, scratch);
          matching = keepBoth(mask, scratch, rows);
        }
        if (matching === 0) break;
      }
      return matching;
    },
  };
}

/** The test without its negation: `!=` is compiled as `=`. */
function compileTest(test: FilterTest, reader: CaseReader): FlowSelection {
  const { field } = test;
  switch (field) {
    case 'id':
      return idTest(texts(test), reader);
    case 'start':
      return numberTest(timeIntervals(test, reader), (segment) => reader.column(segment, 'start'), startBounds);
    case 'end':
      return numberTest(timeIntervals(test, reader), (segment) => reader.column(segment, 'end'), endBounds);
    case 'duration': {
      const seconds = computed(reader, 'end', 'start', (ends, starts, into, rows) => {
        for (let i = 0; i < rows; i++) into[i] = (ends[i] - starts[i]) / 1e6;
      });
      return numberTest(numberIntervals(test), seconds);
    }
    case 'hour':
      return localHourTest((hour) => ZoneClock.hourOfDay(hour), numberIntervals(test), reader);
    case 'weekday':
      return localHourTest((hour) => ZoneClock.weekday(hour), numberIntervals(test), reader);
    case 'packets':
      return sumTest(numberIntervals(test), 'packetsOut', 'packetsIn', reader);
    case 'bytes':
      return sumTest(numberIntervals(test), 'bytesOut', 'bytesIn', reader);
    case 'packetsOut':
    case 'bytesOut':
    case 'packetsIn':
    case 'bytesIn':
    case 'locator':
    case 'depth':
      return numberTest(numberIntervals(test), (segment) => reader.column(segment, field));
    case 'asn': {
      const known = numberIntervals(test).map(({ low, high }) => ({ low: Math.max(low, 1), high }));
      return numberTest(known, (segment) => reader.column(segment, 'asn'));
    }
    case 'sampling': {
      const rate = computed(reader, 'sampling', 'sampling', (stored, _, into, rows) => {
        for (let i = 0; i < rows; i++) into[i] = stored[i] || 1;
      });
      return numberTest(numberIntervals(test), rate);
    }
    case 'confidence':
      return tableTest(reader, ['confidence'], tableOf(256, inIntervals(numberIntervals(test), 100)));
    case 'port':
      return tableTest(reader, ['initiatorPort', 'responderPort'], wordsBetween(numberIntervals(test)));
    case 'initiatorPort':
    case 'responderPort':
      return tableTest(reader, [field], wordsBetween(numberIntervals(test)));
    case 'host':
      return hostTest(new AddressSpans(test.values), reader);
    case 'address':
    case 'initiator':
    case 'responder':
    case 'peer':
      return addressTest(field, new AddressSpans(test.values), reader);
    case 'transport': {
      const numbers = texts(test).map(transportNumber);
      return tableTest(
        reader,
        ['transport'],
        tableOf(256, (value) => numbers.includes(value)),
      );
    }
    case 'tcpFlags':
      return tcpFlagsTest(textPredicate(test), reader);
    case 'state':
      return choiceTest(test, 'state', CONN_STATES, reader);
    case 'subjectSide':
      return choiceTest(test, 'subjectSide', SUBJECT_SIDES, reader);
    case 'direction':
      return choiceTest(test, 'direction', DIRECTIONS, reader);
    case 'duplicate':
      return choiceTest(test, 'duplicate', DUPLICATES, reader);
    case 'labelEvidence':
      return choiceTest(test, 'labelEvidence', LABEL_EVIDENCE, reader);
    case 'range': {
      const matches = textPredicate(test);
      const { ranges } = reader.profile;
      return tableTest(reader, ['range'], wordsOf(ranges.flatMap(({ label }, i) => (matches(label) ? [i + 1] : []))));
    }
    case 'country': {
      const packed = texts(test).map((code) => code.charCodeAt(0) * 256 + code.charCodeAt(1));
      return tableTest(reader, ['country'], wordsOf(packed));
    }
    case 'organisation':
      return organisationTest(textPredicate(test), reader);
    case 'protocol':
    case 'category':
    case 'service': {
      const matches = textPredicate(test);
      const terms = [...reader.terms(), ...(field === 'service' ? [] : [[0, UNKNOWN] as const])];
      const numbers = terms.flatMap(([number, id]) => (matches(id) ? [number] : []));
      return tableTest(reader, [field], wordsOf(numbers));
    }
    case 'hostname':
      return dictionaryTest(textPredicate(test), 'name', 'linkedName', reader);
    case 'userAgent':
      return dictionaryTest(textPredicate(test), 'userAgent', 'linkedUserAgent', reader);
    case 'via':
    case 'forwardedFor':
    case 'synOptions':
    case 'enterpriseFields':
      return dictionaryTest(textPredicate(test), field, field, reader);
    case 'ja3':
      return dictionaryTest(textPredicate(test), 'ja3', 'linkedJa3', reader);
    case 'ja4':
      return dictionaryTest(textPredicate(test), 'ja4', 'linkedJa4', reader);
    case 'indicator': {
      const indicators = IndicatorMatches.of(reader);
      const any = test.operator !== '~' && texts(test).includes('yes');
      const matches = any ? () => true : textPredicate(test);
      return { mark: (segment, mask) => indicators.mark(segment, matches, mask) };
    }
    case 'tunnel':
      return tunnelTest(textPredicate(test), reader);
    case 'evidence': {
      const matches = textPredicate(test);
      return { mark: (segment, mask) => fillAll(mask, segment.rows, matches(segment.evidence) ? 1 : 0) };
    }
    case 'exporter':
    case 'nextHop': {
      const spans = new AddressSpans(test.values);
      return {
        mark(segment, mask) {
          const addresses = reader.column(segment, field);
          for (let i = 0; i < segment.rows; i++) {
            mask[i] = isGivenAddress(addresses, i) && spans.holds(addresses, i * 4) ? 1 : 0;
          }
          return countMarked(mask, segment.rows);
        },
      };
    }
    case 'inputInterface':
    case 'outputInterface': {
      const known = numberIntervals(test).map(({ low, high }) => ({ low: Math.max(low, 1), high }));
      return numberTest(known, (segment) => reader.column(segment, field));
    }
    case 'assembly': {
      const matches = textPredicate(test);
      const table = tableOf(256, (bits) => {
        const words = formatAssembly(bits);
        return words !== null && matches(words);
      });
      return tableTest(reader, ['assembly'], table);
    }
  }
}

// Numbers and times

/** All numbers from `low` to `high`, both included. */
interface Interval {
  readonly low: number;
  readonly high: number;
}

type NumberColumn = (segment: SegmentInfo) => ArrayLike<number>;

const double = new Float64Array(1);
const doubleBits = new BigInt64Array(double.buffer);

/** The least number greater than `value` (IEEE 754 nextUp). */
function nextUp(value: number): number {
  if (value === 0) return Number.MIN_VALUE;
  double[0] = value;
  doubleBits[0] = (doubleBits[0] ?? 0n) + (value > 0 ? 1n : -1n);
  return double[0];
}

function nextDown(value: number): number {
  return -nextUp(-value);
}

/** What an operator and a value admit; `=`, `!=` and `in` admit `equal`, the others compare with `equal.low`. */
function intervalOf(operator: FilterTest['operator'], equal: Interval): Interval {
  switch (operator) {
    case '<':
      return { low: -Infinity, high: nextDown(equal.low) };
    case '<=':
      return { low: -Infinity, high: equal.low };
    case '>':
      return { low: nextUp(equal.low), high: Infinity };
    case '>=':
      return { low: equal.low, high: Infinity };
    default:
      return equal;
  }
}

function numberIntervals({ operator, values }: FilterTest): Interval[] {
  return values.flatMap((value) => (value.type === 'number' ? [intervalOf(operator, value)] : []));
}

function timeIntervals({ operator, values }: FilterTest, reader: CaseReader): Interval[] {
  return values.map((value) => intervalOf(operator, timeSpan(value, reader)));
}

/** The instants that a time value equals, in microseconds. */
function timeSpan(value: FilterValue, reader: CaseReader): Interval {
  if (value.type === 'instant') return { low: value.us, high: value.us };
  if (value.type === 'last') {
    const low = lastSeen(reader) - value.count * DURATION_UNITS[value.unit] * 1e6;
    return { low, high: Infinity };
  }
  if (value.type !== 'local') return { low: Number.NaN, high: Number.NaN };
  const { timeZone } = reader.profile;
  const low = parseInstant(value.text, timeZone) ?? Number.NaN;
  if (value.text.length > 'YYYY-MM-DD'.length) return { low, high: low };
  const midday = Date.parse(`${value.text}T12:00Z`);
  const tomorrow = new Date(midday + 86_400_000).toISOString().split('T', 1)[0] ?? '';
  return { low, high: nextDown(parseInstant(tomorrow, timeZone) ?? Number.NaN) };
}

/** Time of the case's last packet or record (µs); that of its last flow when the evidence tells none. */
function lastSeen(reader: CaseReader): number {
  let last = -Infinity;
  for (const evidence of reader.evidence()) last = Math.max(last, evidence.lastSeen ?? -Infinity);
  if (last > -Infinity) return last;
  for (const segment of reader.segments()) last = Math.max(last, segment.lastEnd);
  return last;
}

function startBounds(segment: SegmentInfo): Interval {
  return { low: segment.firstStart, high: segment.lastStart };
}

function endBounds(segment: SegmentInfo): Interval {
  return { low: -Infinity, high: segment.lastEnd };
}

/** Computes `rows` values from those of two columns. */
type Compute = (a: ColumnArray, b: ColumnArray, into: Float64Array, rows: number) => void;

/** A column computed from two others; the array is used again for the next segment. */
function computed(reader: CaseReader, first: FlowColumn, second: FlowColumn, compute: Compute): NumberColumn {
  let scratch = new Float64Array(0);
  return (segment) => {
    if (scratch.length < segment.rows) scratch = new Float64Array(segment.rows);
    compute(reader.column(segment, first), reader.column(segment, second), scratch, segment.rows);
    return scratch;
  };
}

function numberTest(
  intervals: readonly Interval[],
  column: NumberColumn,
  bounds?: (segment: SegmentInfo) => Interval,
): FlowSelection {
  return {
    mark(segment, mask) {
      const { rows } = segment;
      if (bounds !== undefined) {
        const { low, high } = bounds(segment);
        if (!intervals.some((interval) => interval.low <= high && interval.high >= low)) return fillAll(mask, rows, 0);
        if (intervals.some((interval) => interval.low <= low && interval.high >= high)) return fillAll(mask, rows, 1);
      }
      const values = column(segment);
      mask.fill(0, 0, rows);
      for (const { low, high } of intervals) markBetween(values, low, high, mask, rows);
      return countMarked(mask, rows);
    },
  };
}

/** Rows whose sum of two columns lies in an interval. */
function sumTest(
  intervals: readonly Interval[],
  first: FlowColumn,
  second: FlowColumn,
  reader: CaseReader,
): FlowSelection {
  return {
    mark(segment, mask) {
      const { rows } = segment;
      const a = asDoubles(reader.column(segment, first), WIDENED[0], rows);
      const b = asDoubles(reader.column(segment, second), WIDENED[1], rows);
      mask.fill(0, 0, rows);
      for (const { low, high } of intervals) markSumBetween(a, b, low, high, mask, rows);
      return countMarked(mask, rows);
    },
    keep(segment, mask, marked) {
      const list = new Uint16Array(marked);
      listMarked(mask, list);
      const [a, b] = WIDENED;
      gatherDoubles(reader.column(segment, first), list, a);
      gatherDoubles(reader.column(segment, second), list, b);
      IN_LIST.fill(0, 0, marked);
      for (const { low, high } of intervals) markSumBetween(a, b, low, high, IN_LIST, marked);
      return keepListed(mask, list, IN_LIST);
    },
  };
}

/** Of one segment at a time, whatever the filter. */
const WIDENED = [new Float64Array(SEGMENT_ROWS), new Float64Array(SEGMENT_ROWS)] as const;
const IN_LIST = new Uint8Array(SEGMENT_ROWS);

/** Rows whose start lies in a local clock hour with such a property. */
function localHourTest(
  property: (localHour: number) => number,
  intervals: readonly Interval[],
  reader: CaseReader,
): FlowSelection {
  const matches = inIntervals(intervals);
  return {
    mark(segment, mask) {
      const { hours, starts } = LocalHours.of(reader).ofSegment(segment);
      const ofHours = Uint8Array.from(hours, (hour) => (matches(property(hour)) ? 1 : 0));
      mask.fill(0, 0, segment.rows);
      markTabled(starts, ofHours, mask, segment.rows);
      return countMarked(mask, segment.rows);
    },
  };
}

// Columns of few different values

function tableOf(size: number, matches: (value: number) => boolean): Uint8Array {
  const table = new Uint8Array(size);
  for (let value = 0; value < size; value++) table[value] = matches(value) ? 1 : 0;
  return table;
}

/** The same for columns of two bytes, of the values themselves: what tests each of 65,536 takes as long as a filter. */
function wordsOf(values: readonly number[]): Uint8Array {
  const table = new Uint8Array(65_536);
  for (const value of values) table[value] = 1;
  return table;
}

function wordsBetween(intervals: readonly Interval[]): Uint8Array {
  const table = new Uint8Array(65_536);
  for (const { low, high } of intervals) {
    if (low <= high) table.fill(1, Math.max(0, Math.ceil(low)), Math.max(0, Math.floor(high) + 1));
  }
  return table;
}

function inIntervals(intervals: readonly Interval[], divisor = 1): (value: number) => boolean {
  return (value) => intervals.some(({ low, high }) => value / divisor >= low && value / divisor <= high);
}

/** Rows of which any of the columns holds a value that the table marks. */
function tableTest(reader: CaseReader, columns: readonly FlowColumn[], table: Uint8Array): FlowSelection {
  if (!table.includes(1)) return NONE;
  return {
    mark(segment, mask) {
      const { rows } = segment;
      mask.fill(0, 0, rows);
      for (const name of columns) markTabled(reader.column(segment, name), table, mask, rows);
      return countMarked(mask, rows);
    },
  };
}

function choiceTest(
  test: FilterTest,
  column: FlowColumn,
  names: readonly (string | null)[],
  reader: CaseReader,
): FlowSelection {
  const wanted = texts(test);
  const matches = (name: string | null | undefined): boolean => typeof name === 'string' && wanted.includes(name);
  return tableTest(
    reader,
    [column],
    tableOf(256, (value) => matches(names[value])),
  );
}

function tcpFlagsTest(matches: (text: string) => boolean, reader: CaseReader): FlowSelection {
  const table = tableOf(256, (flags) => matches(formatTcpFlags(flags)));
  return {
    mark(segment, mask) {
      const flags = reader.column(segment, 'tcpFlags');
      const transports = reader.column(segment, 'transport');
      for (let i = 0; i < segment.rows; i++) mask[i] = transports[i] === TCP ? (table[flags[i] ?? 0] ?? 0) : 0;
      return countMarked(mask, segment.rows);
    },
  };
}

// Texts

function texts({ values }: FilterTest): string[] {
  return values.flatMap((value) => (value.type === 'text' ? [value.text] : []));
}

function textPredicate(test: FilterTest): (text: string) => boolean {
  const wanted = texts(test);
  if (test.operator !== '~') {
    const set = new Set(wanted);
    return (text) => set.has(text);
  }
  const parts = wanted.join('').toLowerCase().split('*');
  return (text) => containsInOrder(text.toLowerCase(), parts);
}

/** True when the parts follow one another in the text, with any run (or none) between them. */
function containsInOrder(text: string, parts: readonly string[]): boolean {
  let from = 0;
  for (const part of parts) {
    const at = text.indexOf(part, from);
    if (at < 0) return false;
    from = at + part.length;
  }
  return true;
}

/** The text of the first column or, where that is absent, of the second. */
function dictionaryTest(
  matches: (text: string) => boolean,
  own: FlowColumn,
  linked: FlowColumn,
  reader: CaseReader,
): FlowSelection {
  const tableFor = (segment: SegmentInfo, column: FlowColumn): Uint8Array => {
    const entries = reader.dictionary(segment, column);
    const table = new Uint8Array(entries.length + 1);
    for (const [i, entry] of entries.entries()) table[i + 1] = matches(entry) ? 1 : 0;
    return table;
  };
  return {
    mark(segment, mask) {
      const { rows } = segment;
      const ownTable = tableFor(segment, own);
      const linkedTable = tableFor(segment, linked);
      if (!ownTable.includes(1) && !linkedTable.includes(1)) return fillAll(mask, rows, 0);
      const numbers = reader.column(segment, own);
      const linkedNumbers = reader.column(segment, linked);
      for (let i = 0; i < rows; i++) {
        const number = numbers[i] ?? 0;
        mask[i] = (number === 0 ? linkedTable[linkedNumbers[i] ?? 0] : ownTable[number]) ?? 0;
      }
      return countMarked(mask, rows);
    },
  };
}

function organisationTest(matches: (text: string) => boolean, reader: CaseReader): FlowSelection {
  const known = new Map<number, 0 | 1>([[0, 0]]);
  const test = (asn: number): 0 | 1 => {
    let answer = known.get(asn);
    if (answer === undefined) {
      const organisation = reader.organisation(asn);
      answer = organisation !== null && matches(organisation) ? 1 : 0;
      known.set(asn, answer);
    }
    return answer;
  };
  return {
    mark(segment, mask) {
      const asns = reader.column(segment, 'asn');
      for (let i = 0; i < segment.rows; i++) mask[i] = test(asns[i] ?? 0);
      return countMarked(mask, segment.rows);
    },
  };
}

function idTest(ids: readonly string[], reader: CaseReader): FlowSelection {
  const wanted = ids.map((id) => {
    const [evidence, locator, depth] = id.split(':');
    return { evidence, locator: Number(locator), depth: Number(depth) };
  });
  return {
    mark(segment, mask) {
      mask.fill(0, 0, segment.rows);
      const here = wanted.filter(({ evidence }) => evidence === segment.evidence);
      if (here.length === 0) return 0;
      const locators = reader.column(segment, 'locator');
      const depths = reader.column(segment, 'depth');
      for (const { locator, depth } of here) {
        for (let i = 0; i < segment.rows; i++) if (locators[i] === locator && depths[i] === depth) mask[i] = 1;
      }
      return countMarked(mask, segment.rows);
    },
  };
}

/** Tests the id of the flow around a flow, once for neighbours in one tunnel. */
function tunnelTest(matches: (text: string) => boolean, reader: CaseReader): FlowSelection {
  return {
    mark(segment, mask) {
      const tunnels = reader.column(segment, 'tunnel');
      const depths = reader.column(segment, 'depth');
      let [tunnel, depth, answer] = [0, 0, 0];
      for (let i = 0; i < segment.rows; i++) {
        if (tunnels[i] !== tunnel || depths[i] !== depth) {
          [tunnel, depth] = [tunnels[i], depths[i]];
          const id = outerFlowId(segment.evidence, tunnel, depth);
          answer = id !== null && matches(id) ? 1 : 0;
        }
        mask[i] = answer;
      }
      return countMarked(mask, segment.rows);
    },
  };
}

// Addresses

/** Spans of addresses, merged and sorted apart by family: a span of one family holds no address of the other. */
class AddressSpans {
  readonly #lowV4: Uint32Array;
  readonly #highV4: Uint32Array;
  readonly #leastV4: number;
  readonly #mostV4: number;
  readonly #v6: readonly { low: AddressWords; high: AddressWords }[];

  constructor(values: readonly FilterValue[]) {
    const spans = values.flatMap((value) => (value.type === 'addresses' ? [value] : []));
    spans.sort((x, y) => compareAddresses(x.low, y.low));
    const merged: { low: AddressWords; high: AddressWords }[] = [];
    for (const { low, high } of spans) {
      const last = merged.at(-1);
      const overlaps = last !== undefined && compareAddresses(low, last.high) <= 0;
      if (!overlaps || isIpv4(low[0], low[1], low[2]) !== isIpv4(last.low[0], last.low[1], last.low[2])) {
        merged.push({ low, high });
      } else if (compareAddresses(high, last.high) > 0) {
        last.high = high;
      }
    }
    const v4 = merged.filter(({ low }) => isIpv4(low[0], low[1], low[2]));
    this.#lowV4 = Uint32Array.from(v4, ({ low }) => low[3]);
    this.#highV4 = Uint32Array.from(v4, ({ high }) => high[3]);
    this.#leastV4 = this.#lowV4.at(0) ?? Infinity;
    this.#mostV4 = this.#highV4.at(-1) ?? -Infinity;
    this.#v6 = merged.filter(({ low }) => !isIpv4(low[0], low[1], low[2]));
  }

  /** Whether the address whose four words start at `at` lies in a span. */
  holds(words: ArrayLike<number>, at: number): boolean {
    if (isIpv4(words[at], words[at + 1], words[at + 2])) return this.#holdsV4(words[at + 3]);
    return this.#v6.length > 0 && this.#holdsV6([words[at], words[at + 1], words[at + 2], words[at + 3]]);
  }

  #holdsV4(word: number): boolean {
    if (word < this.#leastV4 || word > this.#mostV4) return false;
    let from = 0;
    let to = this.#lowV4.length;
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (this.#lowV4[middle] <= word) from = middle + 1;
      else to = middle;
    }
    return from > 0 && word <= this.#highV4[from - 1];
  }

  #holdsV6(address: AddressWords): boolean {
    return this.#v6.some(
      ({ low, high }) => compareAddresses(low, address) <= 0 && compareAddresses(address, high) <= 0,
    );
  }
}

/** Ends that an address field looks at, by number of `subjectSide`: bit 0 = initiator, bit 1 = responder. */
const ENDS: Readonly<Record<'address' | 'initiator' | 'responder' | 'peer', readonly number[]>> = {
  address: [3, 3, 3, 3],
  initiator: [1, 1, 1, 1],
  responder: [2, 2, 2, 2],
  peer: [0, 2, 1, 2],
};

function addressTest(field: keyof typeof ENDS, spans: AddressSpans, reader: CaseReader): FlowSelection {
  const ends = ENDS[field];
  const read = (segment: SegmentInfo, end: 'initiator' | 'responder'): ArrayLike<number> =>
    ends.some((looked) => (looked & (end === 'initiator' ? 1 : 2)) !== 0) ? reader.columnOnce(segment, end) : [];
  return {
    mark(segment, mask) {
      const [initiators, responders] = [read(segment, 'initiator'), read(segment, 'responder')];
      const sides = reader.column(segment, 'subjectSide');
      for (let i = 0; i < segment.rows; i++) {
        const looked = ends[sides[i]] ?? 0;
        const found =
          ((looked & 1) !== 0 && spans.holds(initiators, i * 4)) ||
          ((looked & 2) !== 0 && spans.holds(responders, i * 4));
        mask[i] = found ? 1 : 0;
      }
      return countMarked(mask, segment.rows);
    },
  };
}

/** Each host is looked at once, whatever its flows. */
function hostTest(spans: AddressSpans, reader: CaseReader): FlowSelection {
  const numbers = HostNumbers.of(reader);
  let table = new Uint8Array(1);
  return {
    mark(segment, mask) {
      const hosts = numbers.column(segment);
      if (table.length < numbers.limit) {
        const known = table;
        table = new Uint8Array(numbers.limit);
        table.set(known);
        for (let n = known.length; n < table.length; n++) table[n] = spans.holds(numbers.words(n), 0) ? 1 : 0;
      }
      mask.fill(0, 0, segment.rows);
      markTabled(hosts, table, mask, segment.rows);
      return countMarked(mask, segment.rows);
    },
  };
}
