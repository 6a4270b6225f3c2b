import { withoutBrush } from '../casefile/brushed-selection.ts';
import type { CaseReader } from '../casefile/case-reader.ts';
import {
  CaseSample,
  estimate,
  estimateHosts,
  estimateLargest,
  estimatePairs,
  isEstimable,
} from '../casefile/case-sample.ts';
import { compileFilter, type FlowSelection } from '../casefile/flow-selection.ts';
import { hostList } from '../casefile/host-list.ts';
import { hostPairs } from '../casefile/host-pairs.ts';
import { KeptSelection } from '../casefile/selected-rows.ts';
import { DIMENSIONS, type Dimension, largestRows, type LargestRows, summarise } from '../casefile/summary.ts';
import { parseFilter } from '../../shared/filter/parse-filter.ts';
import { METRICS, type Metric } from '../../shared/finding.ts';
import type { Jobs, SummaryResult, TopRows } from '../../shared/jobs.ts';
import { oneOf } from './one-of.ts';

/**
 * Totals as the query thread gives them: counted, the largest of several dimensions, hosts and pairs of hosts; each estimated
 * where counting takes long.
 */

/** An answer that took longer the last time is estimated first. */
const SOON_MS = 50;
/** Flows that an estimate looks at. */
const SAMPLE_FLOWS = 150_000;

type Totals = 'summary' | 'top' | 'estimate' | 'hosts' | 'estimateHosts' | 'hostPairs' | 'estimatePairs';

export interface TotalQueries {
  readonly answers: { readonly [Name in Totals]: (request: Jobs[Name]['request']) => Jobs[Name]['response'] };
  /** Closes the sample that estimates are made from. */
  readonly letGo: () => void;
}

interface TotalsAsked {
  readonly by: readonly string[];
  readonly metric: string;
  readonly where: string;
  readonly limit?: number | null;
}

/** A question whose answer may be estimated. */
interface Asked {
  readonly case: string;
  readonly where: string;
  readonly live?: boolean;
}

/** Metrics of pairs of hosts. */
const PAIR_METRICS = ['flows', 'bytes', 'packets'] as const;

export function totalQueries(
  readerOf: (path: string, live?: boolean) => CaseReader,
  selectionOf: (reader: CaseReader, where: string) => FlowSelection,
): TotalQueries {
  /** Milliseconds that an exact answer took last, by question and filter without its brush; for one state of the case. */
  let times: { snapshot: object; took: Map<string, number> } | null = null;
  let sample: CaseSample | null = null;

  /** Counts, and notes how long that took. @param key of the question, see `timeKey` */
  const timed = <Answer>(reader: CaseReader, key: string, count: () => Answer): Answer => {
    const begun = performance.now();
    const answer = count();
    if (times?.snapshot !== reader.snapshot) times = { snapshot: reader.snapshot, took: new Map() };
    times.took.set(key, performance.now() - begun);
    return answer;
  };
  const letGo = (): void => {
    sample?.close();
    sample = null;
  };
  const sampleOf = (reader: CaseReader): CaseSample | null => {
    if (sample?.of === reader.snapshot) return sample;
    letGo();
    const all = reader.segments().reduce((sum, { rows }) => sum + rows, 0);
    const step = Math.floor(all / SAMPLE_FLOWS);
    if (step > 1) sample = new CaseSample(reader, step);
    return sample;
  };
  /** What a question is estimated from; null: it is to be counted, since that was quick the last time or nothing else tells. */
  const drawnFor = (asked: Asked, key: string): { drawn: CaseSample; selection: FlowSelection } | null => {
    const reader = readerOf(asked.case, asked.live);
    const took = times?.snapshot === reader.snapshot ? times.took.get(key) : undefined;
    if ((took !== undefined && took <= SOON_MS) || asked.live === true) return null;
    const drawn = sampleOf(reader);
    return drawn && { drawn, selection: new KeptSelection(compileFilter(parseFilter(asked.where), drawn)) };
  };

  const summary: TotalQueries['answers']['summary'] = (request) => {
    const { by, metric } = knownTotals(request);
    const reader = readerOf(request.case, request.live);
    const selection = selectionOf(reader, request.where);
    const rows = timed(reader, timeKey(request), () => summarise(reader, { by, metric, selection }));
    return { rows: rows as SummaryResult['rows'] };
  };

  const top: TotalQueries['answers']['top'] = (request) => {
    const { by, metric } = knownTotals(request);
    const reader = readerOf(request.case, request.live);
    const selection = selectionOf(reader, request.where);
    return timed(reader, timeKey(request), () =>
      topRows(reader, by, (dimension) => largestRows(reader, { by: dimension, metric, selection }, request.limit)),
    );
  };

  const hosts: TotalQueries['answers']['hosts'] = ({ case: path, where, limit, live }) => {
    const reader = readerOf(path, live);
    const selection = selectionOf(reader, where);
    return timed(reader, listKey('hosts', where, limit), () => hostList(reader, selection, limit));
  };

  const pairs: TotalQueries['answers']['hostPairs'] = ({ case: path, where, metric, limit, live }) => {
    const counted = oneOf('metric', metric, PAIR_METRICS);
    const reader = readerOf(path, live);
    const selection = selectionOf(reader, where);
    return timed(reader, listKey(counted, where, limit), () => hostPairs(reader, selection, counted, limit));
  };

  return {
    letGo,
    answers: {
      summary,
      top,
      estimate(request) {
        const { by, metric } = knownTotals(request);
        const { limit } = request;
        const from = isEstimable(metric) ? drawnFor(request, timeKey(request)) : null;
        if (from === null) {
          if (limit !== null) return { rows: [], tops: top({ ...request, limit }), isExact: true };
          return { rows: summary(request).rows, tops: [], isExact: true };
        }
        const { drawn, selection } = from;
        if (limit === null) {
          const rows = estimate(drawn, { by, metric, selection }).map(roundedRow) as SummaryResult['rows'];
          return { rows, tops: [], isExact: false };
        }
        const tops = topRows(drawn, by, (dimension) => {
          const { rows, ...others } = estimateLargest(drawn, { by: dimension, metric, selection }, limit);
          return { rows: rows.map(roundedRow), ...others };
        });
        return { rows: [], tops, isExact: false };
      },
      hosts,
      estimateHosts(request) {
        const { where, limit } = request;
        const from = drawnFor(request, listKey('hosts', where, limit));
        if (from === null) return { list: hosts(request), isExact: true };
        const list = estimateHosts(from.drawn, from.selection, limit);
        const told = list.hosts.map((host) => ({ ...host, flows: rounded(host.flows), bytes: rounded(host.bytes) }));
        return { list: { ...list, hosts: told }, isExact: false };
      },
      hostPairs: pairs,
      estimatePairs(request) {
        const { where, limit } = request;
        const metric = oneOf('metric', request.metric, PAIR_METRICS);
        const from = drawnFor(request, listKey(metric, where, limit));
        if (from === null) return { pairs: pairs(request), isExact: true };
        const told = estimatePairs(from.drawn, from.selection, metric, limit);
        return { pairs: { ...told, pairs: told.pairs.map(roundedRow) }, isExact: false };
      },
    },
  };
}

function knownTotals(asked: TotalsAsked): { by: Dimension[]; metric: Metric } {
  const by = asked.by.map((name) => oneOf('dimension', name, DIMENSIONS));
  return { by, metric: oneOf('metric', asked.metric, METRICS) };
}

function topRows(
  reader: CaseReader,
  by: readonly Dimension[],
  largest: (dimension: Dimension) => LargestRows,
): TopRows[] {
  return by.map((dimension) => {
    const found = largest(dimension);
    const rows = found.rows as SummaryResult['rows'];
    for (const row of rows) if (typeof row['asn'] === 'number') row['organisation'] = reader.organisation(row['asn']);
    return { by: dimension, ...found, rows };
  });
}

function timeKey({ by, metric, where, limit }: TotalsAsked): string {
  return JSON.stringify([by, metric, withoutBrush(where), limit ?? null]);
}

function listKey(list: 'hosts' | (typeof PAIR_METRICS)[number], where: string, limit: number): string {
  return JSON.stringify([list, withoutBrush(where), limit]);
}

/** An estimate promises no more digits than it can keep. */
function rounded(value: number): number {
  return Number(value.toPrecision(3));
}

function roundedRow<Row extends { value: number; flows: number }>(row: Row): Row {
  return { ...row, value: rounded(row.value), flows: rounded(row.flows) };
}
