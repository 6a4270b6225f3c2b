import type { WorldTruth } from '../../../electron/sample/truth.ts';
import type { Finding, Metric, Verdict } from '../../../shared/finding.ts';

/** One comparison of what was found with what was planted. */
export interface JudgedRow {
  readonly kind: Finding['kind'];
  readonly subject: string;
  /** What is compared, in words that the table of results gathers by: `share`, `hour`, `first place`, … */
  readonly measure: string;
  readonly metric: Metric | null;
  /** Which one of several alike (an hour, a service); not gathered by. */
  readonly item: string;
  readonly truth: number | null;
  readonly estimate: number | null;
  readonly interval: readonly [number, number] | null;
  /** Whether the 95 % interval holds the true value; null = it gives none. */
  readonly isCovered: boolean | null;
  /** Of a planted effect: whether it was found; null = nothing was to be found, or it is an estimate. */
  readonly isFound: boolean | null;
  /** Whether it claims what is not there. */
  readonly isFalse: boolean;
}

/** Compares the findings of one kind with the truth of their world. */
export type Judge = (findings: readonly Finding[], truth: WorldTruth) => JudgedRow[];

/** A row about a quantity with an interval. */
export function estimateRow(
  parts: Pick<JudgedRow, 'kind' | 'subject' | 'measure' | 'metric' | 'item'>,
  truth: number,
  estimate: number | null,
  interval: readonly [number, number] | null,
): JudgedRow {
  const isCovered = interval === null ? null : truth >= interval[0] && truth <= interval[1];
  return { ...parts, truth, estimate, interval, isCovered, isFound: null, isFalse: false };
}

/** A row about whether something was told that is, or is not, there. */
export function verdictRow(
  parts: Pick<JudgedRow, 'kind' | 'subject' | 'measure' | 'metric' | 'item'>,
  isThere: boolean,
  isTold: boolean,
): JudgedRow {
  return {
    ...parts,
    truth: isThere ? 1 : 0,
    estimate: isTold ? 1 : 0,
    interval: null,
    isCovered: null,
    isFound: isThere ? isTold : null,
    isFalse: isTold && !isThere,
  };
}

/** The expected value of a planted quantity; null when the world has none. */
export function expectedOf(
  { quantities }: WorldTruth,
  kind: string,
  subject: string,
  item: string,
  metric: Metric | null,
): number | null {
  const found = quantities.find(
    (quantity) =>
      quantity.kind === kind && quantity.subject === subject && quantity.item === item && quantity.metric === metric,
  );
  return found?.expected ?? null;
}

/** The findings of a kind. */
export function findingsOf<Kind extends Finding['kind']>(
  findings: readonly Finding[],
  kind: Kind,
): Extract<Finding, { kind: Kind }>[] {
  return findings.filter((finding): finding is Extract<Finding, { kind: Kind }> => finding.kind === kind);
}

/** Intervals that a finding itself calls too little data are judged apart. */
export const shareMeasure = (verdict: Verdict): string =>
  verdict === 'insufficient-data' ? 'share, too little data' : 'share';
