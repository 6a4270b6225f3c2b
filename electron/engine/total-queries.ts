import { withoutBrush } from '../casefile/brushed-selection.ts';
import type { CaseReader } from '../casefile/case-reader.ts';
import { CaseSample, estimate, estimateLargest, isEstimable } from '../casefile/case-sample.ts';
import { compileFilter, type FlowSelection } from '../casefile/flow-selection.ts';
import { KeptSelection } from '../casefile/selected-rows.ts';
import { DIMENSIONS, type Dimension, largestRows, type LargestRows, summarise } from '../casefile/summary.ts';
import { parseFilter } from '../../shared/filter/parse-filter.ts';
import { METRICS, type Metric } from '../../shared/finding.ts';
import type { Jobs, SummaryResult, TopRows } from '../../shared/jobs.ts';
import { oneOf } from './one-of.ts';

/** Totals as the query thread gives them: counted, the largest of several dimensions, or estimated where counting takes long. */

/** An answer that took longer the last time is estimated first. */
const SOON_MS = 50;
/** Flows that an estimate looks at. */
const SAMPLE_FLOWS = 150_000;

type Totals = 'summary' | 'top' | 'estimate';

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

export function totalQueries(
  readerOf: (path: string, live?: boolean) => CaseReader,
  selectionOf: (reader: CaseReader, where: string) => FlowSelection,
): TotalQueries {
  /** Milliseconds that an exact answer took last, by question and filter without its brush; for one state of the case. */
  let times: { snapshot: object; took: Map<string, number> } | null = null;
  let sample: CaseSample | null = null;

  const noteTime = (reader: CaseReader, asked: TotalsAsked, begun: number): void => {
    if (times?.snapshot !== reader.snapshot) times = { snapshot: reader.snapshot, took: new Map() };
    times.took.set(timeKey(asked), performance.now() - begun);
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

  const summary: TotalQueries['answers']['summary'] = (request) => {
    const { by, metric } = knownTotals(request);
    const reader = readerOf(request.case, request.live);
    const begun = performance.now();
    const rows = summarise(reader, { by, metric, selection: selectionOf(reader, request.where) });
    noteTime(reader, request, begun);
    return { rows: rows as SummaryResult['rows'] };
  };

  const top: TotalQueries['answers']['top'] = (request) => {
    const { by, metric } = knownTotals(request);
    const reader = readerOf(request.case, request.live);
    const begun = performance.now();
    const selection = selectionOf(reader, request.where);
    const tops = topRows(reader, by, (dimension) =>
      largestRows(reader, { by: dimension, metric, selection }, request.limit),
    );
    noteTime(reader, request, begun);
    return tops;
  };

  return {
    letGo,
    answers: {
      summary,
      top,
      estimate(request) {
        const { by, metric } = knownTotals(request);
        const { limit } = request;
        const reader = readerOf(request.case, request.live);
        const took = times?.snapshot === reader.snapshot ? times.took.get(timeKey(request)) : undefined;
        const isSoon = took !== undefined && took <= SOON_MS;
        const drawn = isSoon || request.live === true || !isEstimable(metric) ? null : sampleOf(reader);
        if (drawn === null) {
          if (limit !== null) return { rows: [], tops: top({ ...request, limit }), isExact: true };
          return { rows: summary(request).rows, tops: [], isExact: true };
        }
        const selection = new KeptSelection(compileFilter(parseFilter(request.where), drawn));
        if (limit === null) {
          const rows = estimate(drawn, { by, metric, selection }).map(rounded) as SummaryResult['rows'];
          return { rows, tops: [], isExact: false };
        }
        const tops = topRows(reader, by, (dimension) => {
          const { rows, ...others } = estimateLargest(drawn, { by: dimension, metric, selection }, limit);
          return { rows: rows.map(rounded), ...others };
        });
        return { rows: [], tops, isExact: false };
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

/** An estimate promises no more digits than it can keep. */
function rounded<Row extends { value: number; flows: number }>(row: Row): Row {
  return { ...row, value: Number(row.value.toPrecision(3)), flows: Number(row.flows.toPrecision(3)) };
}
