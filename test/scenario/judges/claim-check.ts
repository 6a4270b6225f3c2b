import { findingsOf, type Judge, type JudgedRow } from './judged-row.ts';

/**
 * Claims that are true of their world must not be refuted, claims that are false of it must not hold; `world-profile.ts` makes
 * them of what is planted, their ids say which.
 */
export const judgeClaimChecks: Judge = (findings) =>
  findingsOf(findings, 'claim-check').map(({ claim, verdictOnClaim }): JudgedRow => {
    const isTrue = claim.id.startsWith('true-');
    return {
      kind: 'claim-check',
      subject: claim.id,
      measure: isTrue ? 'true claim holds' : 'false claim refuted',
      metric: null,
      item: claim.id,
      truth: 1,
      estimate: verdictOnClaim === 'cannot-be-told' ? 0 : 1,
      interval: null,
      isCovered: null,
      isFound: verdictOnClaim === (isTrue ? 'holds' : 'refuted'),
      isFalse: verdictOnClaim === (isTrue ? 'refuted' : 'holds'),
    };
  });
