import type { SummaryRowValue } from '../../shared/bridge.ts';
import type { FlowOrder } from '../../shared/flow-order.ts';
import { filterWord } from './filter-completion.ts';
import { said } from '../../shared/text/say.ts';

/** Flows by one dimension: groups with their sums, and which row of the table is which. Pure. */

export const GROUP_DIMENSIONS = [
  'category',
  'service',
  'protocol',
  'country',
  'asn',
  'host',
  'range',
  'direction',
  'evidence',
] as const;
export type GroupDimension = (typeof GROUP_DIMENSIONS)[number];

export const GROUP_NAMES = said({
  category: 'Category',
  service: 'Service',
  protocol: 'Protocol',
  country: 'Country of the peer',
  asn: 'Network of the peer',
  host: 'Host',
  range: 'Range',
  direction: 'Direction',
  evidence: 'Evidence',
});

export interface FlowGroup {
  /** Value of the dimension; null: the flows without one. */
  readonly key: string | null;
  /** Flows that match, as recorded. */
  readonly flows: number;
  /** Both ways, multiplied by sampling. */
  readonly bytes: number;
  readonly packets: number;
  /** Bytes and packets were multiplied by a sampling rate. */
  readonly scaled: boolean;
  /** What selects the group within the filter. */
  readonly test: string;
}

function keyOf(row: SummaryRowValue, dimension: GroupDimension): string | null {
  const value = row[dimension];
  return value === null || value === undefined ? null : String(value);
}

/** The test of a group; of countries the absent one is told by those that are there. */
function testOf(dimension: GroupDimension, key: string | null, keys: readonly (string | null)[]): string {
  if (key !== null) return `${dimension} = ${filterWord(key)}`;
  switch (dimension) {
    case 'host':
      return 'subjectSide = none';
    case 'asn':
      return 'not asn >= 1';
    case 'country': {
      const present = keys.filter((each) => each !== null);
      return present.length === 0 ? '' : `not country in (${present.map(filterWord).join(', ')})`;
    }
    default:
      return `not ${dimension} ~ "*"`;
  }
}

/** What groups go by: the order of the flows where it is one of the groups themselves, else the number of flows. */
export function groupOrder(dimension: GroupDimension, order: FlowOrder | null): 'bytes' | 'packets' | 'key' | 'flows' {
  if (order?.by === 'bytes' || order?.by === 'packets') return order.by;
  return order?.by === dimension ? 'key' : 'flows';
}

/**
 * Groups from the rows of three summaries of one filter by one dimension, in their order; by flows the largest first, by
 * their names the absent one last.
 */
export function flowGroups(
  dimension: GroupDimension,
  rows: Readonly<Record<'flows' | 'bytes' | 'packets', readonly SummaryRowValue[]>>,
  order: FlowOrder | null,
): FlowGroup[] {
  const bytes = new Map(rows.bytes.map((row) => [keyOf(row, dimension), row]));
  const packets = new Map(rows.packets.map((row) => [keyOf(row, dimension), row]));
  const keys = rows.flows.map((row) => keyOf(row, dimension));
  const groups = rows.flows.map((row): FlowGroup => {
    const key = keyOf(row, dimension);
    const [ofBytes, ofPackets] = [bytes.get(key), packets.get(key)];
    return {
      key,
      flows: Number(row['flows'] ?? 0),
      bytes: Number(ofBytes?.['value'] ?? 0),
      packets: Number(ofPackets?.['value'] ?? 0),
      scaled: ofBytes?.['scaled'] === true || ofPackets?.['scaled'] === true,
      test: testOf(dimension, key, keys),
    };
  });
  const by = groupOrder(dimension, order);
  const sign = by === 'flows' || order?.descending === true ? -1 : 1;
  return groups.toSorted((a, b) => {
    if (by !== 'key') return sign * (a[by] - b[by]) || b.flows - a.flows;
    if (a.key === null || b.key === null) return Number(a.key === null) - Number(b.key === null);
    return sign * a.key.localeCompare(b.key, 'en', { numeric: true });
  });
}

/** A row of the grouped table: the head of a group, or one of its flows. */
export interface GroupedRow {
  readonly group: number;
  /** Number of the flow in its group, from 0; null for the head. */
  readonly flow: number | null;
}

export class GroupedRows {
  /** By group the row of its head, and the end of all. */
  readonly #heads: Float64Array;

  constructor(groups: readonly FlowGroup[], isOpen: (group: FlowGroup) => boolean) {
    this.#heads = new Float64Array(groups.length + 1);
    let row = 0;
    for (const [index, group] of groups.entries()) {
      row += 1 + (isOpen(group) ? group.flows : 0);
      this.#heads[index + 1] = row;
    }
  }

  /** Rows in all. */
  get total(): number {
    return this.#heads.at(-1) ?? 0;
  }

  /** What stands in a row, from 0 and below `total`. */
  at(row: number): GroupedRow {
    let [low, high] = [0, this.#heads.length - 1];
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if ((this.#heads[middle] ?? 0) <= row) low = middle;
      else high = middle;
    }
    const head = this.#heads[low] ?? 0;
    return { group: low, flow: row === head ? null : row - head - 1 };
  }

  /** The row of a group's head. */
  headOf(group: number): number {
    return this.#heads[group] ?? 0;
  }
}
