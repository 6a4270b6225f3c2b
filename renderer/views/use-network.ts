import { useMemo, useRef } from 'react';
import type { Metric } from '../../shared/finding.ts';
import { formatCount } from '../../shared/number-format.ts';
import type { ErrorValue } from '../../shared/problem.ts';
import { useAsk } from '../bridge-access.ts';
import {
  hostNetwork,
  type Network,
  openedOf,
  serviceNetwork,
  type ServiceRows,
  sharesIn,
  type Trace,
  traceLinks,
  tracePart,
} from '../charts/service-graph-network.ts';
import { filterWord } from '../state/filter-completion.ts';
import { useMarked } from '../state/highlight.ts';
import { joinFilters } from '../state/time-filter.ts';
import { useEstimatedPairs, useEstimatedSummary } from '../state/use-estimated.ts';
import { useWorkbench } from '../state/workbench.ts';
import { say } from '../../shared/text/say.ts';

/** The network of the service graph or of the hosts, and the paths through a node of it, as the filter gives them. */

/** Pairs of hosts asked for, the largest. */
const MOST_PAIRS = 20_000;

/** Rows of the service network; null until all are there. */
function useServiceRows(
  where: string,
  metric: Metric,
  open: ReadonlySet<string>,
  when: boolean,
): { rows: ServiceRows | null; error: ErrorValue | null; estimated: boolean } {
  const { version } = useWorkbench();
  const within = (kind: 'range' | 'country'): string | null => {
    const names = openedOf(kind, open);
    return names.length === 0 ? null : joinFilters(where, `${kind} in (${names.map(filterWord).join(', ')})`);
  };
  const [inRanges, inCountries] = [within('range'), within('country')];
  const ask = (by: string[], filter: string | null) =>
    // The hooks are always called, in the same order.
    useEstimatedSummary({ by, metric, where: filter ?? where }, version, when && filter !== null);
  const ranges = ask(['range', 'service', 'category'], where);
  const countries = ask(['service', 'category', 'country'], where);
  const hosts = ask(['range', 'host', 'service', 'category'], inRanges);
  const networks = ask(['country', 'asn', 'service', 'category'], inCountries);
  const error = ranges.error ?? countries.error ?? hosts.error ?? networks.error;
  const asked = [ranges, countries, hosts, networks];
  const isReady = when && error === null && !asked.some((each) => each.pending && !each.estimated);
  const rows = useMemo(
    () =>
      !isReady || ranges.value === null || countries.value === null
        ? null
        : {
            ranges: ranges.value,
            countries: countries.value,
            hosts: inRanges === null ? [] : (hosts.value ?? []),
            networks: inCountries === null ? [] : (networks.value ?? []),
          },
    [isReady, ranges.value, countries.value, hosts.value, networks.value, inRanges, inCountries],
  );
  return { rows, error, estimated: asked.some((each) => each.estimated) };
}

interface Shown {
  readonly network: Network | null;
  readonly error: ErrorValue | null;
  /** What the nodes are of, in words. */
  readonly note: string;
  /** True while amounts are estimates. */
  readonly estimated: boolean;
  /** The paths through the chosen node; null without one. */
  readonly trace: Trace | null;
  /** Share of its flows that are highlighted, by id of node. */
  readonly highlighted: ReadonlyMap<string, number>;
}

const NONE_HIGHLIGHTED: ReadonlyMap<string, number> = new Map();

/** Keeps the last network while the next is on its way. */
function useKept(network: Network | null): Network | null {
  const kept = useRef<Network | null>(null);
  if (network !== null) kept.current = network;
  return kept.current;
}

export function useServices(open: ReadonlySet<string>, chosen: string | null, when: boolean): Shown {
  const { where, metric } = useWorkbench();
  const overlaps = metric === 'host-hours';
  const { rows, error, estimated } = useServiceRows(where, metric, open, when);
  const fresh = useMemo(() => (rows === null ? null : serviceNetwork(rows, open, overlaps)), [rows, open, overlaps]);
  const network = useKept(fresh);
  const from = network?.nodes.find(({ id }) => id === chosen) ?? null;
  const through = from === null ? where : joinFilters(where, from.filter);
  const part = useServiceRows(through, metric, open, when && from !== null);
  const trace = useMemo(
    () =>
      network === null || from === null || part.rows === null
        ? null
        : tracePart(network, serviceNetwork(part.rows, open, overlaps, network.members), from),
    [network, from, part.rows, open, overlaps],
  );
  const markedWhere = useMarked(where);
  const marked = useServiceRows(markedWhere ?? '', 'flows', open, when && markedWhere !== null).rows;
  const highlighted = useMemo(
    () =>
      network === null || marked === null
        ? NONE_HIGHLIGHTED
        : sharesIn(network, serviceNetwork(marked, open, false, network.members)),
    [network, marked, open],
  );
  return {
    network,
    error: error ?? part.error,
    note: '',
    estimated: estimated || (from !== null && part.estimated),
    trace,
    highlighted,
  };
}

export function useHosts(open: ReadonlySet<string>, chosen: string | null, reach: number, when: boolean): Shown {
  const { where, metric, version } = useWorkbench();
  const counted = metric === 'host-hours' ? 'flows' : metric;
  const asked = useEstimatedPairs({ where, metric: counted, limit: MOST_PAIRS }, version, when);
  const { estimated } = asked;
  const pairs = (asked.pending && !estimated) || !when ? null : asked.value;
  const fresh = useMemo(() => (pairs === null ? null : hostNetwork(pairs, open)), [pairs, open]);
  const network = useKept(fresh);
  const from = network?.nodes.find(({ id }) => id === chosen) ?? null;
  const trace = useMemo(
    () => (network === null || from === null ? null : traceLinks(network, from, reach)),
    [network, from, reach],
  );
  const left = asked.value === null || estimated ? 0 : asked.value.all - asked.value.pairs.length;
  const note = [
    metric === 'host-hours' ? say('Counted in flows: a pair has no host-hours.') : '',
    left > 0
      ? say('The {most} largest of {all} pairs.', {
          most: formatCount(MOST_PAIRS),
          all: formatCount(asked.value?.all ?? 0),
        })
      : '',
  ]
    .map((sentence) => (sentence === '' ? '' : `${sentence} `))
    .join('');
  const markedWhere = useMarked(where);
  const markedAsked = { where: markedWhere ?? '', metric: 'flows', limit: MOST_PAIRS } as const;
  const isMarking = when && markedWhere !== null;
  const markedPairs = useAsk('hostPairs', markedAsked, version, isMarking);
  const marked = isMarking && !markedPairs.pending ? markedPairs.value : null;
  const highlighted = useMemo(
    () =>
      network === null || pairs === null || marked === null
        ? NONE_HIGHLIGHTED
        : sharesIn(network, hostNetwork(marked, open, pairs.pairs)),
    [network, pairs, marked, open],
  );
  return { network, error: asked.error, note, estimated, trace, highlighted };
}
