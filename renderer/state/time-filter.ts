import type { FilterCondition, FilterTest } from '../../shared/filter/expression.ts';
import { parseFilter } from '../../shared/filter/parse-filter.ts';
import { printFilter } from '../../shared/filter/print-filter.ts';

/** What the views do to the text of the filter: joining tests, and the time brush as tests of `start`. */

/** Longest case that is shown by hours, in microseconds. */
const HOURLY_SPAN = 4 * 86_400e6;

/** Whether charts over time go by hours. */
export function isHourly(seen: { readonly firstSeen: number | null; readonly lastSeen: number | null }): boolean {
  return seen.firstSeen !== null && seen.lastSeen !== null && seen.lastSeen - seen.firstSeen <= HOURLY_SPAN;
}

/** A span of starts; `from` inclusive, `to` exclusive, both as the filter writes times. null = open. */
export interface TimeSpan {
  readonly from: string | null;
  readonly to: string | null;
}

export interface SplitFilter extends TimeSpan {
  /** The filter without its outermost tests of `start`. */
  readonly rest: string;
}

function bound(test: FilterTest, operator: '>=' | '<'): string | null {
  if (test.field !== 'start' || test.operator !== operator) return null;
  const printed = printFilter(test);
  return printed.slice(`start ${operator} `.length);
}

/** Takes the time span (`start >= … and start < …`, joined by `and` at the outermost level) out of a filter. */
export function splitTime(where: string): SplitFilter {
  const expression = parseFilter(where);
  if (expression.kind === 'every') return { rest: '', from: null, to: null };
  const operands = expression.kind === 'and' ? expression.operands : [expression];
  let from: string | null = null;
  let to: string | null = null;
  const rest: FilterCondition[] = [];
  for (const operand of operands) {
    const low = operand.kind === 'test' ? bound(operand, '>=') : null;
    const high = operand.kind === 'test' ? bound(operand, '<') : null;
    if (low !== null && from === null) from = low;
    else if (high !== null && to === null) to = high;
    else rest.push(operand);
  }
  const [first] = rest;
  if (first === undefined) return { rest: '', from, to };
  return { rest: printFilter(rest.length === 1 ? first : { kind: 'and', operands: rest }), from, to };
}

/** The filter with its time span replaced. */
export function withTime(where: string, span: TimeSpan): string {
  const { rest } = splitTime(where);
  const tests = [span.from === null ? '' : `start >= ${span.from}`, span.to === null ? '' : `start < ${span.to}`];
  return tests.reduce((text, test) => (test === '' ? text : joinFilters(text, test)), rest);
}

/** Both filters at once; what is there already is not added again. */
export function joinFilters(where: string, added: string): string {
  if (where.trim() === '') return added;
  const expression = parseFilter(where);
  const addition = parseFilter(added);
  if (addition.kind === 'every') return where;
  if (expression.kind === 'every') return added;
  const before = expression.kind === 'and' ? expression.operands : [expression];
  const known = new Set(before.map(printFilter));
  const more = addition.kind === 'and' ? addition.operands : [addition];
  const operands = [...before, ...more.filter((operand) => !known.has(printFilter(operand)))];
  const [first] = operands;
  return operands.length === 1 && first !== undefined ? printFilter(first) : printFilter({ kind: 'and', operands });
}

/** True when the filter holds every test of `part` at its outermost level. */
export function holdsFilter(where: string, part: string): boolean {
  try {
    return printFilter(parseFilter(joinFilters(where, part))) === printFilter(parseFilter(where));
  } catch {
    return false;
  }
}

/** The filter without the outermost tests of `part`. */
export function withoutFilter(where: string, part: string): string {
  const expression = parseFilter(where);
  const removed = parseFilter(part);
  if (expression.kind === 'every' || removed.kind === 'every') return where;
  const gone = new Set((removed.kind === 'and' ? removed.operands : [removed]).map(printFilter));
  const operands = (expression.kind === 'and' ? expression.operands : [expression]).filter(
    (operand) => !gone.has(printFilter(operand)),
  );
  const [first] = operands;
  if (first === undefined) return '';
  return operands.length === 1 ? printFilter(first) : printFilter({ kind: 'and', operands });
}
