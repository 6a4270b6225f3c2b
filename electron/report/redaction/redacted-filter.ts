import { type AddressWords, compareAddresses } from '../../../shared/address.ts';
import { lastOfBlock } from '../../../shared/filter/address-span.ts';
import type { FilterCondition, FilterTest, FilterValue } from '../../../shared/filter/expression.ts';
import { fieldSpec } from '../../../shared/filter/fields.ts';
import { parseFilter } from '../../../shared/filter/parse-filter.ts';
import { printFilter } from '../../../shared/filter/print-filter.ts';

/** Filter expressions with other values: rebuilt from their tree, never from their text. */

/** What stands in a redacted filter for the values of the original. */
export interface FilterRewriting {
  /** One address. */
  readonly address: (words: AddressWords) => FilterValue;
  /** A block by its first and last address. */
  readonly block: (low: AddressWords, high: AddressWords) => FilterValue[];
  readonly text: (field: FilterTest['field'], text: string) => string;
}

/** The filter with its values rewritten; null when the text is no filter. */
export function rewriteFilter(text: string, rewriting: FilterRewriting): string | null {
  let parsed;
  try {
    parsed = parseFilter(text);
  } catch {
    return null;
  }
  return parsed.kind === 'every' ? '' : printFilter(rewritten(parsed, rewriting));
}

function rewritten(condition: FilterCondition, rewriting: FilterRewriting): FilterCondition {
  switch (condition.kind) {
    case 'test':
      return rewrittenTest(condition, rewriting);
    case 'not':
      return { kind: 'not', operand: rewritten(condition.operand, rewriting) };
    case 'and':
    case 'or':
      return { kind: condition.kind, operands: condition.operands.map((operand) => rewritten(operand, rewriting)) };
  }
}

function rewrittenTest(test: FilterTest, rewriting: FilterRewriting): FilterCondition {
  const { field, operator } = test;
  const seen = new Set<string>();
  const values = test.values
    .flatMap((value) => rewrittenValues(field, value, rewriting))
    .filter((value) => {
      const key = JSON.stringify(value);
      return !seen.has(key) && seen.add(key);
    });
  if (values.length === 1 || operator === 'in') return { ...test, values };
  // One range of addresses became several blocks.
  const among: FilterTest = { kind: 'test', field, operator: 'in', values };
  return operator === '!=' ? { kind: 'not', operand: among } : among;
}

function rewrittenValues(field: FilterTest['field'], value: FilterValue, rewriting: FilterRewriting): FilterValue[] {
  if (value.type === 'addresses') {
    return blocksOfSpan(value.low, value.high).flatMap(({ low, high }) =>
      compareAddresses(low, high) === 0 ? [rewriting.address(low)] : rewriting.block(low, high),
    );
  }
  if (value.type !== 'text' || fieldSpec(field).type !== 'text') return [value];
  return [{ type: 'text', text: rewriting.text(field, value.text) }];
}

/** The fewest blocks that hold the addresses from `low` to `high` and no others. */
function blocksOfSpan(low: AddressWords, high: AddressWords): { low: AddressWords; high: AddressWords }[] {
  const blocks: { low: AddressWords; high: AddressWords }[] = [];
  let next: AddressWords | null = low;
  while (next !== null && compareAddresses(next, high) <= 0) {
    let last: AddressWords = next;
    for (let bits = 127; bits >= 0; bits--) {
      const wider = lastOfBlock(next, bits);
      if (!startsBlock(next, bits) || compareAddresses(wider, high) > 0) break;
      last = wider;
    }
    blocks.push({ low: next, high: last });
    next = following(last);
  }
  return blocks;
}

/** Whether all bits after the first `bits` are zero. */
function startsBlock(words: AddressWords, bits: number): boolean {
  return words.every((word, i) => {
    const hostBits = Math.min(32, Math.max(0, 32 * (i + 1) - bits));
    return word % 2 ** hostBits === 0;
  });
}

function following(words: AddressWords): AddressWords | null {
  const next = [...words] as [number, number, number, number];
  for (let i = 3; i >= 0; i--) {
    if ((next[i] ?? 0) < 0xffffffff) {
      next[i] = (next[i] ?? 0) + 1;
      return next;
    }
    next[i] = 0;
  }
  return null;
}
