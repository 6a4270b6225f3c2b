import { clockFault } from '../../shared/custody.ts';
import type { Custody } from '../../shared/jobs.ts';

/** A clock offset as it was typed: what is stated (nothing, where both are empty), and what is wrong with it. */
export function statedClock(
  typed: string,
  reason: string,
): { readonly stated: Pick<Custody, 'clockOffset' | 'clockReason'>; readonly fault: string | null } {
  const text = typed.trim().replace(/^\u2212/, '-');
  if (text === '' && reason.trim() === '') return { stated: {}, fault: null };
  const clockOffset = /^[+-]?(\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : Number.NaN;
  const fault = clockFault(clockOffset, reason);
  return fault === null ? { stated: { clockOffset, clockReason: reason.trim() }, fault } : { stated: {}, fault };
}
