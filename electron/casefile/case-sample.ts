import type { Metric } from '../../shared/finding.ts';
import type { HostList, HostPairs, ListedHost } from '../../shared/jobs.ts';
import { type ColumnArray, FLOW_COLUMNS, type FlowColumn } from '../../shared/flow.ts';
import { CaseReader, PASS_CACHE_BYTES, type SegmentInfo } from './case-reader.ts';
import type { FlowSelection } from './flow-selection.ts';
import { hostList } from './host-list.ts';
import { hostPairs } from './host-pairs.ts';
import { type Dimension, largestRows, type LargestRows, summarise, type SummaryRow } from './summary.ts';

/**
 * Every n-th flow of a case, in stored order: a small case of its own, to estimate totals from before they are counted.
 * A systematic sample: what it tells times n is right on average over all places where it may begin, and with k flows of a
 * kind in the sample off by about 1/√k of it (W. G. Cochran, Sampling Techniques, 3rd ed. 1977, chapter 8, for flows in no
 * particular order).
 */
export class CaseSample extends CaseReader {
  /** What it was drawn from, as that was read then. */
  readonly of: object;
  readonly step: number;
  readonly #whole: CaseReader;
  readonly #drawn: { readonly whole: SegmentInfo; readonly segment: SegmentInfo; readonly first: number }[] = [];
  readonly #segments: readonly SegmentInfo[];

  /** @param step n, from 1 @param offset of the first flow, below n */
  constructor(whole: CaseReader, step: number, offset = 0) {
    super(whole.path, PASS_CACHE_BYTES);
    this.of = whole.snapshot;
    this.step = step;
    this.#whole = whole;
    let first = offset;
    for (const segment of whole.segments()) {
      const rows = Math.max(0, Math.ceil((segment.rows - first) / step));
      if (rows > 0) this.#drawn.push({ whole: segment, segment: { ...segment, rows }, first });
      first += rows * step - segment.rows;
    }
    this.#segments = this.#drawn.map(({ segment }) => segment);
  }

  override segments(): readonly SegmentInfo[] {
    return this.#segments;
  }

  override column(segment: SegmentInfo, name: FlowColumn): ColumnArray {
    return this.derived(segment, `every ${this.step}th ${name}`, () => {
      const drawn = this.#drawn.find((each) => each.segment.segment === segment.segment);
      if (drawn === undefined) return super.column(segment, name);
      const { width } = FLOW_COLUMNS[name];
      const values = this.#whole.columnOnce(drawn.whole, name);
      const picked = values.slice(0, segment.rows * width);
      for (let row = 0; row < segment.rows; row++) {
        for (let i = 0; i < width; i++) picked[row * width + i] = values[(drawn.first + row * this.step) * width + i];
      }
      return picked;
    });
  }
}

/** What totals can be estimated of: distinct hosts and hours cannot be told from some of the flows. */
export function isEstimable(metric: Metric): boolean {
  return metric !== 'host-hours';
}

interface EstimateAsked {
  readonly metric: Metric;
  /** Made for the sample. */
  readonly selection: FlowSelection;
}

/** A summary as the sample makes one expect it. Shares are those of the sample. */
export function estimate(
  sample: CaseSample,
  { by, ...asked }: EstimateAsked & { by: readonly Dimension[] },
): SummaryRow[] {
  return summarise(sample, { by, ...asked }).map((row) => expected(sample, row));
}

/** The same of the largest rows by one dimension, see `largestRows`. */
export function estimateLargest(
  sample: CaseSample,
  { by, ...asked }: EstimateAsked & { by: Dimension },
  most: number,
): LargestRows {
  const { rows, ...others } = largestRows(sample, { by, ...asked }, most);
  return { rows: rows.map((row) => expected(sample, row)), ...others };
}

/** The list of hosts as the sample makes one expect it; `all` are the hosts met in it, and when one was seen it does not tell. */
export function estimateHosts(sample: CaseSample, selection: FlowSelection, limit: number): HostList<ListedHost> {
  const { step } = sample;
  const { hosts, ...others } = hostList(sample, selection, limit);
  return {
    ...others,
    hosts: hosts.map((host) => ({
      ...host,
      flows: host.flows * step,
      bytes: host.bytes * step,
      firstSeen: null,
      lastSeen: null,
    })),
  };
}

/** Hosts among themselves as the sample makes one expect them; `all` are the pairs met in it. */
export function estimatePairs(
  sample: CaseSample,
  selection: FlowSelection,
  metric: Exclude<Metric, 'host-hours'>,
  limit: number,
): HostPairs {
  const { step } = sample;
  const told = hostPairs(sample, selection, metric, limit);
  return {
    ...told,
    pairs: told.pairs.map((pair) => expected(sample, pair)),
    total: told.total * step,
    flows: told.flows * step,
  };
}

function expected<Row extends { value: number; flows: number }>({ step }: CaseSample, row: Row): Row {
  return { ...row, value: row.value * step, flows: row.flows * step };
}
