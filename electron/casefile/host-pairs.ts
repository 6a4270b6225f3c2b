import type { Metric } from '../../shared/finding.ts';
import type { HostPairs } from '../../shared/jobs.ts';
import type { CaseReader, SegmentInfo } from './case-reader.ts';
import { amountsOf, ratesOf } from './cell-tally.ts';
import type { FlowSelection } from './flow-selection.ts';
import { InternalEnds, NOT_INTERNAL } from './internal-ends.ts';
import { PairIndex } from './pair-index.ts';
import { SelectedRows } from './selected-rows.ts';

type PairMetric = Exclude<Metric, 'host-hours'>;

/**
 * Hosts of the profile's ranges among themselves: what flows each opened with each other one, the largest `limit`
 * pairs first, ties in the order of their first flows. Bytes and packets are of both directions of a flow; all amounts are
 * multiplied by `sampling`. Takes about 40 bytes a host and 56 a pair.
 */
export function hostPairs(reader: CaseReader, selection: FlowSelection, metric: PairMetric, limit: number): HostPairs {
  const ends = InternalEnds.of(reader);
  const selected = new SelectedRows(selection);
  const all = new PairAmounts();
  for (const segment of reader.segments()) {
    if (ends.ofSegment(segment) === null || !selected.choose(segment)) continue;
    const { name } = selected;
    const kept = name === null || !reader.keeps ? null : keptPairs(reader, segment, selected, metric, name);
    if (kept === null) addSegment(reader, segment, selected, metric, all);
    else all.join(kept);
  }
  const { pairs, amounts, flows } = all;
  const largest = Array.from(amounts.keys()).toSorted((a, b) => amounts[b] - amounts[a] || a - b);
  return {
    pairs: largest.slice(0, limit).map((pair) => ({
      initiator: ends.address(pairs.first(pair)),
      responder: ends.address(pairs.second(pair)),
      value: amounts[pair],
      flows: flows[pair],
    })),
    all: amounts.length,
    total: amounts.reduce((sum, amount) => sum + amount, 0),
    flows: flows.reduce((sum, count) => sum + count, 0),
    scaled: all.isScaled,
  };
}

/** Amounts by pair of ends, which are numbered in the order of their first flows. */
class PairAmounts {
  readonly pairs = new PairIndex();
  readonly amounts: number[] = [];
  readonly flows: number[] = [];
  isScaled = false;

  add(initiator: number, responder: number, amount: number, flows: number): void {
    const pair = this.pairs.number(initiator, responder);
    this.amounts[pair] = (this.amounts[pair] ?? 0) + amount;
    this.flows[pair] = (this.flows[pair] ?? 0) + flows;
  }

  join({ initiators, responders, amounts, flows, isScaled }: SegmentPairs): void {
    for (let n = 0; n < amounts.length; n++) this.add(initiators[n], responders[n], amounts[n], flows[n]);
    if (isScaled) this.isScaled = true;
  }
}

/** What the selected internal flows of a segment come to by pair, in the order of their first flows. */
interface SegmentPairs {
  readonly byteLength: number;
  readonly initiators: Uint32Array;
  readonly responders: Uint32Array;
  readonly amounts: Float64Array;
  readonly flows: Uint32Array;
  readonly isScaled: boolean;
}

const PAIR_BYTES = 20;
const NOT_KEPT = { byteLength: 64 };

/** The pairs of selected flows, from what is kept of them; null when they would take more than two bytes a flow to keep. */
function keptPairs(
  reader: CaseReader,
  segment: SegmentInfo,
  selected: SelectedRows,
  metric: PairMetric,
  filter: string,
): SegmentPairs | null {
  const found = reader.totals(segment, `${metric} by pair`, filter, (): SegmentPairs | typeof NOT_KEPT => {
    const own = new PairAmounts();
    addSegment(reader, segment, selected, metric, own);
    const numbers = Array.from(own.amounts.keys());
    const byteLength = numbers.length * PAIR_BYTES + 64;
    if (byteLength > 2 * segment.rows) return NOT_KEPT;
    return {
      byteLength,
      initiators: Uint32Array.from(numbers, (pair) => own.pairs.first(pair)),
      responders: Uint32Array.from(numbers, (pair) => own.pairs.second(pair)),
      amounts: Float64Array.from(own.amounts),
      flows: Uint32Array.from(own.flows),
      isScaled: own.isScaled,
    };
  });
  return 'amounts' in found ? found : null;
}

/** Adds the selected internal flows of a segment to their pairs. */
function addSegment(
  reader: CaseReader,
  segment: SegmentInfo,
  selected: SelectedRows,
  metric: PairMetric,
  into: PairAmounts,
): void {
  const ends = InternalEnds.of(reader).ofSegment(segment);
  if (ends === null) return;
  const initiators = selected.pick('initiators', ends.initiators);
  const responders = selected.pick('responders', ends.responders);
  const rates = ratesOf(reader, segment, selected);
  const amounts = metric === 'flows' ? null : amountsOf(reader, segment, metric, selected);
  for (let n = 0; n < selected.rows; n++) {
    if (initiators[n] === NOT_INTERNAL) continue;
    const rate = rates === null ? 1 : rates[n] || 1;
    if (rate > 1) into.isScaled = true;
    into.add(initiators[n], responders[n], (amounts === null ? 1 : amounts.out[n] + amounts.back[n]) * rate, 1);
  }
}
