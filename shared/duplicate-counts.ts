import { z } from 'zod';

/** What was found of flows that several evidence files of a case recorded; kept in the basis of the labels. */

const Count = z.number().int().nonnegative();

const DuplicateCountsSchema = z.object({
  /** Flows that evidence before their own holds as a whole. */
  same: Count,
  /** Flows that it holds in part. */
  part: Count,
  /** Flows in overlapping time spans that exceeded the bound of memory and were not looked at. */
  notCompared: Count,
  /** Pairs of evidence with such flows, and the largest of them: flows of `evidence` that `alsoIn` holds too (ids). */
  pairsInAll: Count,
  pairs: z.array(z.object({ evidence: z.string(), alsoIn: z.string(), same: Count, part: Count })),
});

export type DuplicateCounts = z.infer<typeof DuplicateCountsSchema>;

/** The counts in a label basis; null when it has none (no evidence overlaps, or labels were made by an earlier version). */
export function duplicateCountsOf(basis: Record<string, unknown> | null): DuplicateCounts | null {
  const checked = DuplicateCountsSchema.safeParse(basis?.duplicates);
  return checked.success ? checked.data : null;
}

/** Key of `meta`: `yes` when analyses leave out flows that other evidence holds as a whole. */
export const LEAVE_OUT_DUPLICATES = 'leaveOutDuplicates';
