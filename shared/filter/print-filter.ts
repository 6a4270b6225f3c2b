import { type AddressWords, formatAddress, formatBlock } from '../address.ts';
import { formatUtc } from '../time.ts';
import { visibleText } from '../visible-text.ts';
import { blockBits } from './address-span.ts';
import type { FilterCondition, FilterExpression, FilterTest, FilterValue } from './expression.ts';

/**
 * Prints a filter in canonical form, so that `parseFilter` gives the same tree back. The text is one line of visible
 * characters, whatever the values hold; times with a zone are printed in UTC.
 */
export function printFilter(expression: FilterExpression): string {
  return expression.kind === 'every' ? '' : printCondition(expression);
}

function printCondition(condition: FilterCondition): string {
  switch (condition.kind) {
    case 'test':
      return printTest(condition);
    case 'not':
      return `not ${bracketed(condition.operand, ['and', 'or'])}`;
    case 'and':
      return condition.operands.map((operand) => bracketed(operand, ['and', 'or'])).join(' and ');
    case 'or':
      return condition.operands.map((operand) => bracketed(operand, ['or'])).join(' or ');
  }
}

function bracketed(condition: FilterCondition, kinds: readonly FilterCondition['kind'][]): string {
  const text = printCondition(condition);
  return kinds.includes(condition.kind) ? `(${text})` : text;
}

function printTest({ field, operator, values }: FilterTest): string {
  const printed = values.map(printValue);
  return `${field} ${operator} ${operator === 'in' ? `(${printed.join(', ')})` : printed.join(', ')}`;
}

function printValue(value: FilterValue): string {
  switch (value.type) {
    case 'number':
      return value.low === value.high ? String(value.low) : `${value.low}-${value.high}`;
    case 'addresses':
      return printAddresses(value.low, value.high);
    case 'instant':
      return formatUtc(value.us);
    case 'local':
      return value.text;
    case 'last':
      return `last ${value.count}${value.unit}`;
    case 'text':
      return printText(value.text);
  }
}

function printAddresses(low: AddressWords, high: AddressWords): string {
  const first = formatAddress(...low);
  const last = formatAddress(...high);
  if (first === last) return first;
  const bits = blockBits(low, high);
  return bits === null ? `${first}-${last}` : formatBlock({ words: low, bits });
}

/** Words that need no quotes. */
const PLAIN = /^(?!(?:and|or|not|in)$)[A-Za-z0-9_.:/*-]+$/i;

function printText(text: string): string {
  if (PLAIN.test(text)) return text;
  return `"${visibleText(text.replace(/[\\"]/g, '\\$&'))}"`;
}
