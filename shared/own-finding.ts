import { z } from 'zod';
import { isFilter, ONE_LINE } from './case-record.ts';
import type { CaseTotals } from './case-totals.ts';

/** A finding of the examiner's own: a statement in their words, and the flows that it rests on, counted by Enclave. */

/** What the flows of an exhibit come to depends on these besides the evidence. */
export interface CountBasis {
  /** Version of the labels. */
  labels: number;
  /** Ids of the files of indicators, in the order added. */
  indicators: string[];
}

/** Flows that an own finding rests on. */
export interface Exhibit {
  /** What it was called where it was picked: `Category gaming`, `the filter`. */
  label: string;
  /** A valid filter; empty = every flow. */
  where: string;
  /** As counted when the exhibit was taken, or counted anew since. */
  totals: CaseTotals;
  basis: CountBasis;
}

export interface OwnFinding {
  /** 16 hex digits. */
  id: string;
  title: string;
  statement: string;
  exhibits: Exhibit[];
  inReport: boolean;
  examiner: string;
  /** ISO 8601, UTC. */
  madeAt: string;
  changedAt: string | null;
}

/** An own finding as the window and `enclave findings --own` show it. */
export interface CountedOwnFinding extends OwnFinding {
  /** What each exhibit comes to now. */
  current: CaseTotals[];
}

const MAX_TITLE = 200;
const MAX_STATEMENT = 20_000;
const MAX_EXHIBITS = 32;

const pickedSchema = z.strictObject({
  label: z.string().max(MAX_TITLE).regex(ONE_LINE, 'it is one line without control characters'),
  where: z.string().max(20_000).refine(isFilter, { message: 'the filter is wrong' }),
});
/** An exhibit that is to be counted. */
export type PickedExhibit = z.infer<typeof pickedSchema>;

const fields = {
  title: z
    .string()
    .max(MAX_TITLE)
    .regex(ONE_LINE, 'it is one line without control characters')
    .refine((text) => text.trim() !== '', { message: 'it is missing' }),
  statement: z
    .string()
    .max(MAX_STATEMENT)
    .refine((text) => text.trim() !== '', { message: 'it is missing' }),
  exhibits: z.array(pickedSchema).min(1, 'a finding rests on flows: name a filter').max(MAX_EXHIBITS),
  inReport: z.boolean(),
};

export const newOwnFindingSchema = z.strictObject(fields);
export type NewOwnFinding = z.infer<typeof newOwnFindingSchema>;

/** What of an own finding is to be changed; exhibits are counted anew. */
export const ownFindingChangeSchema = z.strictObject({
  title: fields.title.exactOptional(),
  statement: fields.statement.exactOptional(),
  exhibits: fields.exhibits.exactOptional(),
  inReport: fields.inReport.exactOptional(),
});
export type OwnFindingChange = z.infer<typeof ownFindingChangeSchema>;

/** Own findings of a case at most. */
export const MOST_OWN_FINDINGS = 500;

/** Whether the exhibit still comes to what was counted. */
export function isCounted(exhibit: Exhibit, current: CaseTotals | undefined): boolean {
  return JSON.stringify(exhibit.totals) === JSON.stringify(current);
}
