import { useContext, useRef } from 'react';
import type { CaseTotals } from '../../shared/case-totals.ts';
import type { Metric } from '../../shared/finding.ts';
import type { HostList, HostPairs, ListedHost, TopRows } from '../../shared/jobs.ts';
import type { SummaryRowValue } from '../../shared/bridge.ts';
import { type Asked, useAsk } from '../bridge-access.ts';
import { WorkbenchContext } from './workbench.ts';

/** Totals that come at once in large cases: estimated first, where counting takes longer, then exact. */

/** Cases of fewer flows are counted at once. */
const LARGE_CASE = 2_000_000;

export interface Estimated<T> extends Asked<T> {
  /** True while `value` is an estimate, which must not be shown without saying so. */
  readonly estimated: boolean;
}

interface TotalsAsked {
  readonly by: string[];
  readonly metric: Metric;
  readonly where: string;
}

/** @param when false: not asked, as with `useAsk` */
export function useEstimatedSummary(asked: TotalsAsked, version: number, when = true): Estimated<SummaryRowValue[]> {
  const large = useIsLarge();
  const quick = useAsk('estimate', { ...asked, limit: null }, version, when && large);
  const exact = useAsk('summary', asked, version, when && wantsExact(large, quick));
  return useBetter(when && large, quick, exact, quick.value?.rows ?? null);
}

export function useEstimatedTop(asked: TotalsAsked & { limit: number }, version: number): Estimated<TopRows[]> {
  const large = useIsLarge();
  const quick = useAsk('estimate', asked, version, large);
  const exact = useAsk('top', asked, version, wantsExact(large, quick));
  return useBetter(large, quick, exact, quick.value?.tops ?? null);
}

/** @param when false: not asked, as with `useAsk` */
export function useEstimatedHosts(
  asked: { where: string; limit: number },
  version: number,
  when = true,
): Estimated<HostList<ListedHost>> {
  const large = useIsLarge();
  const quick = useAsk('estimateHosts', asked, version, when && large);
  const exact = useAsk('hosts', asked, version, when && wantsExact(large, quick));
  return useBetter<HostList<ListedHost>>(when && large, quick, exact, quick.value?.list ?? null);
}

/** @param when false: not asked, as with `useAsk` */
export function useEstimatedPairs(
  asked: { where: string; metric: Exclude<Metric, 'host-hours'>; limit: number },
  version: number,
  when = true,
): Estimated<HostPairs> {
  const large = useIsLarge();
  const quick = useAsk('estimatePairs', asked, version, when && large);
  const exact = useAsk('hostPairs', asked, version, when && wantsExact(large, quick));
  return useBetter(when && large, quick, exact, quick.value?.pairs ?? null);
}

/** What is estimated of totals; null: only counting tells. */
export type EstimatedTotals = { readonly [Name in keyof CaseTotals]: CaseTotals[Name] | null };

export function useEstimatedTotals(where: string, version: number): Estimated<EstimatedTotals> {
  const large = useIsLarge();
  const exact = useAsk('totals', { where }, version);
  const when = large && exact.pending;
  const flows = useAsk('estimate', { by: ['direction'], metric: 'flows', where, limit: null }, version, when);
  const bytes = useAsk('estimate', { by: ['direction'], metric: 'bytes', where, limit: null }, version, when);
  const packets = useAsk('estimate', { by: ['direction'], metric: 'packets', where, limit: null }, version, when);
  const quick = [flows, bytes, packets];
  if (!when || quick.some((each) => each.pending || each.value === null)) return { ...exact, estimated: false };
  const sum = ({ value }: Quick & Asked<{ rows: SummaryRowValue[] }>, direction?: string): number =>
    (value?.rows ?? [])
      .filter((row) => direction === undefined || row['direction'] === direction)
      .reduce((total, row) => total + Number(row['value'] ?? 0), 0);
  const value = {
    flows: sum(flows),
    bytes: sum(bytes),
    packets: sum(packets),
    outbound: sum(flows, 'outbound'),
    hostHours: null,
    hosts: null,
    days: null,
  };
  return { value, error: null, pending: true, estimated: quick.some((each) => each.value?.isExact === false) };
}

function useIsLarge(): boolean {
  return (useContext(WorkbenchContext)?.overview.flows ?? 0) >= LARGE_CASE;
}

type Quick = Asked<{ isExact: boolean }>;

function wantsExact(large: boolean, quick: Quick): boolean {
  return !large || quick.error !== null || (!quick.pending && quick.value?.isExact === false);
}

/** The best answer there is; while none to this question is there, the last one before. */
function useBetter<T>(isEstimating: boolean, quick: Quick, exact: Asked<T>, estimate: T | null): Estimated<T> {
  const shown = useRef<{ value: T | null; estimated: boolean }>({ value: null, estimated: false });
  if (!isEstimating) return { ...exact, estimated: false };
  const isCounted = wantsExact(true, quick) && !exact.pending;
  if (isCounted && exact.value !== null) shown.current = { value: exact.value, estimated: false };
  else if (!quick.pending && quick.error === null) {
    shown.current = { value: estimate, estimated: quick.value?.isExact === false };
  }
  const pending = quick.pending || (quick.value?.isExact === false && !isCounted);
  return { ...shown.current, error: exact.error, pending };
}
