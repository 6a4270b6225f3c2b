import type { CaseTotals } from '../../shared/jobs.ts';
import { DIRECTIONS } from '../../shared/flow.ts';
import type { CaseReader } from './case-reader.ts';
import { isSampled } from './cell-tally.ts';
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
  const seen = new Set<number>();
  const days = new Set<number>();
  const totals = { flows: 0, outbound: 0, bytes: 0, packets: 0 };
  for (const segment of reader.segments()) {
    if (!selected.choose(segment)) continue;
    const { rows } = selected;
    const column = (name: 'bytesOut' | 'bytesIn' | 'packetsOut' | 'packetsIn' | 'sampling' | 'direction') =>
      selected.pick(name, reader.column(segment, name));
    totals.flows += rows;
    totals.outbound += countEqual(column('direction'), rows, OUTBOUND);
    const sampling = column('sampling');
    const rates = isSampled(sampling, rows) ? sampling : null;
    totals.bytes += sumOf(column('bytesOut'), rates, rows) + sumOf(column('bytesIn'), rates, rows);
    totals.packets += sumOf(column('packetsOut'), rates, rows) + sumOf(column('packetsIn'), rates, rows);
    const { hours, starts } = local.ofSegment(segment);
    const startedIn = marked(selected.pick('starts', starts), rows, hours.length);
    for (let i = 0; i < hours.length; i++) if (startedIn[i] === 1) days.add(Math.floor(hours[i] / 24));
    const numbers = selected.pick('hosts', hosts.column(segment));
    const met = marked(numbers, rows, hosts.limit);
    for (let host = 0; host < met.length; host++) if (met[host] === 1 && host !== NO_HOST) seen.add(host);
  }
  const [row] = summarise(reader, { by: [], metric: 'host-hours', selection });
  return { ...totals, hostHours: row?.value ?? 0, hosts: seen.size, days: days.size };
}

/** By value below `limit`: 1 where it occurs. */
function marked(values: ArrayLike<number>, rows: number, limit: number): Uint8Array {
  const marks = new Uint8Array(limit);
  for (let i = 0; i < rows; i++) marks[values[i]] = 1;
  return marks;
}

function countEqual(values: ArrayLike<number>, rows: number, wanted: number): number {
  let count = 0;
  for (let i = 0; i < rows; i++) count += values[i] === wanted ? 1 : 0;
  return count;
}

function sumOf(values: ArrayLike<number>, rates: ArrayLike<number> | null, rows: number): number {
  let sum = 0;
  if (rates === null) for (let i = 0; i < rows; i++) sum += values[i];
  else for (let i = 0; i < rows; i++) sum += values[i] * (rates[i] || 1);
  return sum;
}
