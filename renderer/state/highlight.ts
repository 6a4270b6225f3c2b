import type { SummaryRowValue } from '../../shared/bridge.ts';
import { formatAddress } from '../../shared/address.ts';
import type { FilterExpression, FilterTest, FilterValue } from '../../shared/filter/expression.ts';
import { parseFilter } from '../../shared/filter/parse-filter.ts';
import type { FlowRecord } from '../../shared/flow.ts';
import { type TimeBin, placeAmong } from '../charts/stack-by-time.ts';
import { joinFilters } from './time-filter.ts';
import { useWorkbench } from './workbench.ts';

/** What is highlighted: its amounts in charts, and whether a flow belongs to it. */

/** The filter of what is marked within another one; null while nothing is. */
export function useMarked(where: string): string | null {
  const { highlight } = useWorkbench();
  return highlight === null ? null : joinFilters(where, highlight.filter);
}

/** Amounts of rows by `day`, and by `hour` and `minute` where they have them, in each of some bins. */
export function amountsIn(bins: readonly TimeBin[], rows: readonly SummaryRowValue[]): number[] {
  const amounts = bins.map(() => 0);
  const first = Date.parse(`${bins[0]?.from.slice(0, 10) ?? ''}T${bins[0]?.from.slice(11) || '00:00'}Z`);
  for (const { day, hour, minute, value } of rows) {
    const start = typeof day === 'string' ? Date.parse(`${day}T00:00:00Z`) : Number.NaN;
    const at =
      start + (typeof hour === 'number' ? hour * 3_600_000 : 0) + (typeof minute === 'number' ? minute * 60_000 : 0);
    // Bins may begin after the rows do.
    if (!(at >= first) || typeof value !== 'number') continue;
    const bin = Math.floor(placeAmong(bins, at));
    if (bin >= amounts.length) continue;
    amounts[bin] = (amounts[bin] ?? 0) + value;
  }
  return amounts;
}

/** Fields of a record that hold the very text a test asks for. */
const TEXTS = [
  'service',
  'category',
  'country',
  'protocol',
  'host',
  'range',
  'direction',
  'evidence',
  'initiator',
  'responder',
  'peer',
  'hostname',
  'organisation',
  'transport',
  'state',
  'tcpFlags',
  'labelEvidence',
  'subjectSide',
  'userAgent',
  'ja3',
  'ja4',
  'tunnel',
] as const;
/** Fields that hold the very number. */
const NUMBERS = ['asn', 'initiatorPort', 'responderPort', 'bytesOut', 'bytesIn', 'packetsOut', 'packetsIn'] as const;

/** The text that stands in a record; null for what is no single one, as a block of addresses. */
function textOf(value: FilterValue): string | null {
  if (value.type === 'text') return value.text;
  if (value.type !== 'addresses' || value.low.some((word, i) => word !== value.high[i])) return null;
  return formatAddress(...value.low);
}

function testOf({ field, operator, values }: FilterTest): ((flow: FlowRecord) => boolean) | null {
  if (operator !== '=' && operator !== 'in') return null;
  const number = NUMBERS.find((each) => each === field);
  if (number !== undefined) {
    return (flow) => {
      const value = flow[number];
      return value !== null && values.some((each) => each.type === 'number' && value >= each.low && value <= each.high);
    };
  }
  const name = TEXTS.find((each) => each === field);
  if (name === undefined) return null;
  const texts = values.map(textOf);
  if (texts.includes(null)) return null;
  return (flow) => texts.includes(flow[name]);
}

function matcherOf(expression: FilterExpression): ((flow: FlowRecord) => boolean) | null {
  if (expression.kind === 'every') return () => true;
  if (expression.kind === 'test') return testOf(expression);
  if (expression.kind === 'not') {
    const inner = matcherOf(expression.operand);
    return inner === null ? null : (flow) => !inner(flow);
  }
  const parts = expression.operands.map(matcherOf);
  const known = parts.filter((part) => part !== null);
  if (known.length < parts.length) return null;
  return expression.kind === 'and'
    ? (flow) => known.every((part) => part(flow))
    : (flow) => known.some((part) => part(flow));
}

/** Whether a flow is marked; null for a filter that a record alone cannot answer. */
export function recordMatcher(filter: string): ((flow: FlowRecord) => boolean) | null {
  return matcherOf(parseFilter(filter));
}
