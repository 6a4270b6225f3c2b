import type { FilterCondition, FilterExpression } from '../../shared/filter/expression.ts';
import { parseFilter } from '../../shared/filter/parse-filter.ts';
import { printFilter } from '../../shared/filter/print-filter.ts';
import type { CaseReader } from './case-reader.ts';
import { compileFilter, type FlowSelection } from './flow-selection.ts';
import { BrushedSelection, KeptSelection } from './selected-rows.ts';

/** Filters kept for the brush that moves over them: none, that of the views, and that of what is highlighted. */
const MOST_FILTERS = 3;

/**
 * The selection of a filter, split into its outermost tests of `start` and the rest. What was found and added up for the
 * rest serves again where only the tests of `start` have changed: of a case whose segments follow one another in time all but the
 * segments at the two ends of the brush.
 */
export function brushedSelection(reader: CaseReader, where: string): FlowSelection {
  const { filter, brush } = splitBrush(where);
  const selection = keptSelection(reader, filter);
  return brush.kind === 'every' ? selection : new BrushedSelection(selection, compileFilter(brush, reader));
}

/** A filter without its outermost tests of `start`, in canonical form. */
export function withoutBrush(where: string): string {
  return printFilter(splitBrush(where).filter);
}

function splitBrush(where: string): { filter: FilterExpression; brush: FilterExpression } {
  const expression = parseFilter(where);
  const operands = expression.kind === 'every' ? [] : expression.kind === 'and' ? expression.operands : [expression];
  const isBrush = (operand: FilterCondition): boolean => operand.kind === 'test' && operand.field === 'start';
  return {
    filter: joined(operands.filter((operand) => !isBrush(operand))),
    brush: joined(operands.filter(isBrush)),
  };
}

function joined(operands: readonly FilterCondition[]): FilterExpression {
  const [first] = operands;
  if (first === undefined) return { kind: 'every' };
  return operands.length === 1 ? first : { kind: 'and', operands };
}

function keptSelection(reader: CaseReader, expression: FilterExpression): KeptSelection {
  const selections = reader.ofSnapshot(keptSelection, () => new Map<string, KeptSelection>());
  const name = printFilter(expression);
  const selection = selections.get(name) ?? new KeptSelection(compileFilter(expression, reader), name);
  selections.delete(name);
  selections.set(name, selection);
  const [oldest] = selections.keys();
  if (selections.size > MOST_FILTERS && oldest !== undefined) selections.delete(oldest);
  return selection;
}
