import { formatAddress } from '../../shared/address.ts';
import type { Metric } from '../../shared/finding.ts';
import { DIRECTIONS } from '../../shared/flow.ts';
import type { HostPairs } from '../../shared/jobs.ts';
import type { CaseReader } from './case-reader.ts';
import type { FlowSelection } from './flow-selection.ts';
import { PairIndex } from './pair-index.ts';
import { SelectedRows } from './selected-rows.ts';

const INTERNAL = DIRECTIONS.indexOf('internal');

/**
 * Hosts of the profile's ranges among themselves: what flows each opened with each other one, the largest `limit`
 * pairs first, ties in the order of their first flows. Bytes and packets are of both directions of a flow; all amounts are
 * multiplied by `sampling`. Takes about 40 bytes a host and 56 a pair.
 */
export function hostPairs(
  reader: CaseReader,
  selection: FlowSelection,
  metric: Exclude<Metric, 'host-hours'>,
  limit: number,
): HostPairs {
  const [upper, prefixes, addresses, pairs] = [new PairIndex(), new PairIndex(), new PairIndex(), new PairIndex()];
  const flows: number[] = [];
  const amounts: number[] = [];
  let isScaled = false;
  const selected = new SelectedRows(selection);
  for (const segment of reader.segments()) {
    if (!selected.choose(segment)) continue;
    const directions = selected.pick('direction', reader.column(segment, 'direction'));
    const rowNumbers = selected.rowNumbers();
    const [initiators, responders] = [reader.column(segment, 'initiator'), reader.column(segment, 'responder')];
    const rates = reader.column(segment, 'sampling');
    const [out, back] =
      metric === 'packets'
        ? [reader.column(segment, 'packetsOut'), reader.column(segment, 'packetsIn')]
        : [reader.column(segment, 'bytesOut'), reader.column(segment, 'bytesIn')];
    const hostAt = (words: ArrayLike<number>, at: number): number =>
      addresses.number(prefixes.number(upper.number(words[at], words[at + 1]), words[at + 2]), words[at + 3]);
    for (let n = 0; n < selected.rows; n++) {
      if (directions[n] !== INTERNAL) continue;
      const row = rowNumbers === null ? n : rowNumbers[n];
      const pair = pairs.number(hostAt(initiators, row * 4), hostAt(responders, row * 4));
      const rate = rates[row] || 1;
      if (rate > 1) isScaled = true;
      flows[pair] = (flows[pair] ?? 0) + 1;
      amounts[pair] = (amounts[pair] ?? 0) + (metric === 'flows' ? rate : (out[row] + back[row]) * rate);
    }
  }
  const addressOf = (host: number): string => {
    const prefix = addresses.first(host);
    const words = prefixes.first(prefix);
    return formatAddress(upper.first(words), upper.second(words), prefixes.second(prefix), addresses.second(host));
  };
  const largest = Array.from(amounts.keys()).toSorted((a, b) => amounts[b] - amounts[a] || a - b);
  return {
    pairs: largest.slice(0, limit).map((pair) => ({
      initiator: addressOf(pairs.first(pair)),
      responder: addressOf(pairs.second(pair)),
      value: amounts[pair],
      flows: flows[pair],
    })),
    all: amounts.length,
    total: amounts.reduce((sum, amount) => sum + amount, 0),
    flows: flows.reduce((sum, count) => sum + count, 0),
    scaled: isScaled,
  };
}
