import type { ReactNode } from 'react';
import type { ClaimCheckFinding, Finding, Verdict, VerdictOnClaim } from '../../shared/finding.ts';
import { said, say } from '../../shared/text/say.ts';

/** The words for what findings and claims come to. */

export const VERDICTS: readonly Verdict[] = ['supported', 'not-supported', 'insufficient-data'];

export const VERDICT_NAMES = said({
  supported: 'Supported',
  'not-supported': 'Not supported',
  'insufficient-data': 'Not enough data',
});

const CLAIM_VERDICTS = said({
  holds: 'Holds',
  refuted: 'Refuted',
  'cannot-be-told': 'Cannot be told',
});

/** The claims among the findings. */
export function claimsOf(findings: readonly Finding[]): ClaimCheckFinding[] {
  return findings.filter((finding) => finding.kind === 'claim-check');
}

/** How many claims came to what: `13 hold, 4 refuted, 5 cannot be told`. */
export function claimTally(claims: readonly ClaimCheckFinding[]): string {
  const count = (verdict: VerdictOnClaim): number => claims.filter((each) => each.verdictOnClaim === verdict).length;
  const holding = count('holds');
  return say('{holding} {hold}, {refuted} refuted, {untold} cannot be told', {
    holding,
    hold: holding === 1 ? say('holds') : say('hold'),
    refuted: count('refuted'),
    untold: count('cannot-be-told'),
  });
}

/** The badge of a finding: its verdict, or that on its claim. */
export function VerdictBadge({ finding }: { finding: Finding }): ReactNode {
  return finding.kind === 'claim-check' ? (
    <span className={`verdict ${finding.verdictOnClaim}`}>{CLAIM_VERDICTS[finding.verdictOnClaim]}</span>
  ) : (
    <span className={`verdict ${finding.verdict}`}>{VERDICT_NAMES[finding.verdict]}</span>
  );
}
