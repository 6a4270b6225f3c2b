import { EnclaveError } from '../../shared/problem.ts';
import { isBundleTar } from './bundle-tar.ts';
import type { Jobs, VerifyResult } from '../../shared/jobs.ts';

/** What may keep a verification from being entered without making it wrong. */
const NOT_ENTERED = new Set(['case-locked', 'case-not-writable', 'disk-full']);

/**
 * Enters a verification into the audit chain. Not into a sealed case, and not where file or chain are broken: what is damaged is
 * left as it was found. Returns why it was not entered where that should be told; null otherwise.
 */
export async function enterVerification(
  audit: (entry: Jobs['audit']['request']) => Promise<unknown>,
  casePath: string,
  { checks, holds }: VerifyResult,
): Promise<string | null> {
  const isSound = ['case file', 'audit chain'].every((name) => {
    return checks.some(({ check, result: told }) => check === name && told === 'holds');
  });
  if (!isSound || isBundleTar(casePath)) return null;
  const named = (told: VerifyResult['checks'][number]['result']): string[] =>
    checks.filter((each) => each.result === told).map(({ check }) => check);
  const detail = { holds, checks: checks.length, failed: named('fails'), notChecked: named('not-checked') };
  try {
    await audit({ case: casePath, action: 'verify', detail });
  } catch (error) {
    if (!(error instanceof EnclaveError)) throw error;
    if (error.code === 'case-sealed') return null;
    if (!NOT_ENTERED.has(error.code)) throw error;
    return `the verification was not entered into the audit chain: ${error.message}`;
  }
  return null;
}
