import { z } from 'zod';
import { parseAddress } from './address.ts';

/** What of a case its report leaves out or hides, see docs/redaction.md. */

/** From what hides least to what hides most. */
export const REDACTIONS = ['none', 'addresses', 'names', 'full'] as const;
export type Redaction = (typeof REDACTIONS)[number];

/** Hosts and findings that one report may leave out. */
export const MOST_LEFT_OUT = 1000;

export interface RedactionChoice {
  /** Default: `none`. */
  redact?: Redaction;
  /** Addresses. */
  leaveOutHosts?: string[];
  /** Ids. */
  leaveOutFindings?: string[];
}

const leftOutHosts = z
  .array(
    z
      .string()
      .max(64)
      .refine((text) => parseAddress(text) !== null, { message: 'not an address' }),
  )
  .max(MOST_LEFT_OUT);
const leftOutFindings = z.array(z.string().regex(/^[0-9a-f]{16}$/, 'not the id of a finding')).max(MOST_LEFT_OUT);

export const redactionChoiceSchema = z.strictObject({
  redact: z.enum(REDACTIONS).exactOptional(),
  leaveOutHosts: leftOutHosts.exactOptional(),
  leaveOutFindings: leftOutFindings.exactOptional(),
});

/** Whether a report so chosen differs from the whole one. */
export function isRedacted({ redact = 'none', leaveOutHosts = [], leaveOutFindings = [] }: RedactionChoice): boolean {
  return redact !== 'none' || leaveOutHosts.length > 0 || leaveOutFindings.length > 0;
}

/** Setting of a case: the key of its pseudonyms and aliases, 64 hex digits. Never printed, exported or sent to the window. */
export const REDACTION_KEY = 'redactionKey';
