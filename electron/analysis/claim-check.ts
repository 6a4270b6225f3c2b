import type { Caveat, ClaimCheckFinding, Finding, Verdict, VerdictOnClaim } from '../../shared/finding.ts';
import type { Claim } from '../../shared/profile.ts';
import { type AnalysisFrame, baseOf, hasActivity, seenBetween } from './analysis-frame.ts';
import { caseCaveats } from './caveats.ts';
import { CLAIM_RULES, type ClaimPart, DAILY_SHARE, USED_DAYS } from './claim-rules.ts';

/**
 * Puts the claims of the profile to the test: one finding a claim, made from the findings of the same run, when their
 * corrected p-values are known. A claim holds when each of its parts does, and is refuted when one of them is; else it cannot
 * be told. `verdict` follows: `supported` = holds, `not-supported` = refuted, `insufficient-data` = cannot be told. Figure and
 * interval are those of the finding that the claim rests on, and left out where it rests on several: no one of them is the
 * claim's. `where` selects the flows behind all of them; caveats are those of the first. What a claim says beyond what flows
 * show (who, why) is not tested.
 */
export function claimChecks(frame: AnalysisFrame, findings: readonly Finding[]): ClaimCheckFinding[] {
  return frame.profile.claims.map((claim) => claimCheck(frame, findings, claim));
}

const VERDICT_OF: Readonly<Record<VerdictOnClaim, Verdict>> = {
  holds: 'supported',
  refuted: 'not-supported',
  'cannot-be-told': 'insufficient-data',
};

const WORDS: Readonly<Record<VerdictOnClaim, string>> = {
  holds: 'holds in this evidence',
  refuted: 'is refuted by this evidence',
  'cannot-be-told': 'cannot be told from this evidence',
};

/** The order in which parts decide the whole. */
const DECISIVE: readonly VerdictOnClaim[] = ['refuted', 'cannot-be-told', 'holds'];

function claimCheck(frame: AnalysisFrame, findings: readonly Finding[], claim: Claim): ClaimCheckFinding {
  const parts: readonly ClaimPart[] = CLAIM_RULES[claim.kind]?.(claim, findings, frame) ?? [];
  const verdictOnClaim = DECISIVE.find((each) => parts.some(({ verdict }) => verdict === each)) ?? 'cannot-be-told';
  const deciding = parts.filter(({ verdict }) => verdict === verdictOnClaim);
  const others = parts.filter(({ verdict }) => verdict !== verdictOnClaim);
  const why =
    parts.length === 0
      ? 'What the claim expects is not told in a form that can be compared.'
      : [...deciding, ...others]
          .map(({ verdict, why: reason }) => sentence(verdict, reason, others.length > 0))
          .join(' ');
  const rests = [...new Set([...deciding, ...others].flatMap(({ restsOn }) => restsOn))];
  const first = rests[0];
  const only = rests.length === 1 ? first : undefined;
  const figure = parts.length === 1 ? parts[0].figure : undefined;
  const selections = [
    ...new Set(parts.flatMap(({ where: own, restsOn }) => own ?? restsOn.map((finding) => finding.where))),
  ];
  const [selection = ''] = selections;
  const isEvery = selections.includes('');
  const where = selections.length < 2 ? selection : isEvery ? '' : selections.map((each) => `(${each})`).join(' or ');
  const caveats: Caveat[] = [
    { id: 'claim-as-worded', text: 'Only what flows can show of the claim was tested, not who acted nor why.' },
    ...parts.flatMap(({ caveats: own }) => own ?? []),
    ...(first === undefined ? caseCaveats(frame) : first.caveats),
  ];
  // Each figure is one of a window, which many findings tell already.
  const seen = why.includes('seen between') ? '' : ` Activity ${seenBetween(frame, hasActivity)}.`;
  const parameters = {
    claim: claim.id,
    kind: claim.kind,
    subject: claim.subject,
    metric: claim.metric ?? null,
    expected: claim.expected,
    usedDays: USED_DAYS,
    dailyShare: DAILY_SHARE,
  };
  const base = baseOf(frame, {
    kind: 'claim-check',
    subject: claim.id,
    title: `Claim ${claim.id}: ${claim.text}`,
    statement: `Claim ${claim.id} (${claim.source}) ${WORDS[verdictOnClaim]}: “${claim.text}” ${why}${seen}`,
    verdict: VERDICT_OF[verdictOnClaim],
    value: figure?.value ?? only?.value ?? null,
    interval: figure === undefined ? (only?.interval ?? null) : null,
    unit: figure?.unit ?? only?.unit ?? 'none',
    method: {
      name: 'Comparison of the claim with the findings of the same run, part by part',
      source: 'Definition of claim-check in Enclave; each finding names its own method',
    },
    parameters,
    population: first?.population ?? 'all flows of the case, whoever opened them',
    metric: only?.metric ?? null,
    where,
    numerator: figure === undefined ? (only?.numerator ?? null) : null,
    denominator: figure === undefined ? (only?.denominator ?? null) : null,
    caveats,
  });
  return {
    ...base,
    kind: 'claim-check',
    claim: { id: claim.id, text: claim.text, source: claim.source },
    expected: claim.expected,
    verdictOnClaim,
    why,
    restsOn: rests.map(({ id }) => id),
  };
}

/** A part as a sentence; with its own verdict where the parts differ. */
function sentence(verdict: VerdictOnClaim, why: string, tells: boolean): string {
  const text = `${why.charAt(0).toUpperCase()}${why.slice(1)}`.replace(/\.$/, '');
  return tells ? `${text} (${verdict.replaceAll('-', ' ')}).` : `${text}.`;
}
