import { z } from 'zod';
import { type Mapping, mappingSchema } from './mapping.ts';

/** What an examiner may ask for and state of the files of an import: the bounds that command line and window share. */

export const FURTHER_HASHES = ['sha1', 'md5'] as const;
export type FurtherHash = (typeof FURTHER_HASHES)[number];

/** What is kept of it with each evidence. */
export interface KeptCustody {
  /** In hex, as far as they were asked for. */
  hashes: Partial<Record<FurtherHash, string>>;
  /** Seconds added to every time, 0 when nothing was stated. */
  clockOffset: number;
  clockReason: string;
  /** The mapping that was given, when there was one. */
  mapping?: Mapping;
}

/** A clock that is further off (100 years) is a mistake in the statement. Seconds. */
export const MAX_CLOCK_OFFSET = 100 * 366 * 86_400;
export const MAX_CLOCK_REASON = 1000;

/** What is wrong with a clock offset (seconds) and the reason given for it, in words; null when nothing is. */
export function clockFault(seconds: number, reason: string): string | null {
  if (!Number.isFinite(seconds)) return 'a clock offset is a number of seconds';
  if (Math.abs(seconds) > MAX_CLOCK_OFFSET) return 'a clock offset is at most 100 years';
  if (reason.trim() === '') return 'a clock offset needs a reason';
  return reason.length > MAX_CLOCK_REASON ? `a reason has at most ${MAX_CLOCK_REASON} characters` : null;
}

/** `Custody` of shared/jobs.ts. Offset and reason come together or not at all. */
export const custodySchema = z
  .strictObject({
    alsoHash: z.array(z.enum(FURTHER_HASHES)).max(FURTHER_HASHES.length).exactOptional(),
    clockOffset: z.number().exactOptional(),
    clockReason: z.string().exactOptional(),
    mapping: mappingSchema.exactOptional(),
  })
  .superRefine(({ clockOffset, clockReason }, context) => {
    if (clockOffset === undefined && clockReason === undefined) return;
    const message = clockFault(clockOffset ?? Number.NaN, clockReason ?? '');
    if (message !== null) context.addIssue({ code: 'custom', path: ['clockOffset'], message });
  });
