import type { CaseTotals } from '../../shared/jobs.ts';
import { DIRECTIONS } from '../../shared/flow.ts';
import type { CaseReader } from './case-reader.ts';
import { ratesOf } from './cell-tally.ts';
import type { FlowSelection } from './flow-selection.ts';
import { HostNumbers, NO_HOST } from './host-numbers.ts';
import { LocalHours } from './local-hours.ts';
import { SelectedRows } from './selected-rows.ts';
import { summarise } from './summary.ts';

const OUTBOUND = DIRECTIONS.indexOf('outbound');

/** The key numbers of the matching flows, in one pass and a half. Bytes and packets are multiplied by `sampling`. */
export function totalsOf(reader: CaseReader, selection: FlowSelection): CaseTotals {
  const selected = new SelectedRows(selection);
  const hosts = HostNumbers.of(reader);
  const local = LocalHours.of(reader);
  // Read first, so that all hosts have their numbers.
  for (const segment of reader.segments()) hosts.column(segment);
  const seen = new Uint8Array(hosts.limit);
  const days = new Set<number>();
  const totals = { flows: 0, outbound: 0, bytes: 0, packets: 0 };
  for (const segment of reader.segments()) {
    if (!selected.choose(segment)) continue;
    const { rows } = selected;
    const rates = ratesOf(reader, segment, selected);
    const sumOf = (name: 'bytesOut' | 'bytesIn' | 'packetsOut' | 'packetsIn'): number => {
      const column = reader.column(segment, name);
      return rates === null ? selected.sum(column) : scaledSum(selected.pick('amounts', column), rates, rows);
    };
    totals.flows += rows;
    totals.outbound += countEqual(selected.pick('direction', reader.column(segment, 'direction')), rows, OUTBOUND);
    totals.bytes += sumOf('bytesOut') + sumOf('bytesIn');
    totals.packets += sumOf('packetsOut') + sumOf('packetsIn');
    const { hours, starts } = local.ofSegment(segment);
    const startedIn = new Uint8Array(hours.length);
    mark(selected.pick('starts', starts), rows, startedIn);
    for (let i = 0; i < hours.length; i++) if (startedIn[i] === 1) days.add(Math.floor(hours[i] / 24));
    mark(selected.pick('hosts', hosts.column(segment)), rows, seen);
  }
  const [row] = summarise(reader, { by: [], metric: 'host-hours', selection });
  seen[NO_HOST] = 0;
  const met = seen.reduce((sum, isMet) => sum + isMet, 0);
  return { ...totals, hostHours: row?.value ?? 0, hosts: met, days: days.size };
}

/** Sets 1 at every value. */
function mark(values: ArrayLike<number>, rows: number, marks: Uint8Array): void {
  for (let i = 0; i < rows; i++) marks[values[i]] = 1;
}

function countEqual(values: ArrayLike<number>, rows: number, wanted: number): number {
  let count = 0;
  for (let i = 0; i < rows; i++) count += values[i] === wanted ? 1 : 0;
  return count;
}

function scaledSum(values: ArrayLike<number>, rates: ArrayLike<number>, rows: number): number {
  let sum = 0;
  for (let i = 0; i < rows; i++) sum += values[i] * (rates[i] || 1);
  return sum;
}
