import type { AddressWords } from '../address.ts';
import type { FilterField, FilterOperator } from './fields.ts';

/** The filter expression as a tree: what `parseFilter` makes of the text and `compileFilter` makes columns of. */

export const DURATION_UNITS = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 } as const;
export type DurationUnit = keyof typeof DURATION_UNITS;

export type FilterValue =
  /** A number or, with `=`, `!=` and `in`, all numbers from `low` to `high`, both included. */
  | { readonly type: 'number'; readonly low: number; readonly high: number }
  /** One address (`low` equals `high`), a CIDR block or a range, both ends included. */
  | { readonly type: 'addresses'; readonly low: AddressWords; readonly high: AddressWords }
  /** Microseconds since the epoch. */
  | { readonly type: 'instant'; readonly us: number }
  /** A date or date-time without zone, to be read in the profile's. */
  | { readonly type: 'local'; readonly text: string }
  /** The time from so long before the case's last packet on. */
  | { readonly type: 'last'; readonly count: number; readonly unit: DurationUnit }
  /** A text, an id, or a word of a closed list. */
  | { readonly type: 'text'; readonly text: string };

export interface FilterTest {
  readonly kind: 'test';
  readonly field: FilterField;
  readonly operator: FilterOperator;
  /** One value; with `in`, one or more. */
  readonly values: readonly FilterValue[];
}

export type FilterCondition =
  | FilterTest
  | { readonly kind: 'not'; readonly operand: FilterCondition }
  /** Two operands or more. */
  | { readonly kind: 'and' | 'or'; readonly operands: readonly FilterCondition[] };

/** `every` is the empty expression: every flow. */
export type FilterExpression = { readonly kind: 'every' } | FilterCondition;
