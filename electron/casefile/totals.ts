import type { CaseTotals } from '../../shared/case-totals.ts';
import { DIRECTIONS } from '../../shared/flow.ts';
import type { CaseReader, SegmentInfo } from './case-reader.ts';
import { ratesOf } from './cell-tally.ts';
import type { FlowSelection } from './flow-selection.ts';
import { HostNumbers, NO_HOST } from './host-numbers.ts';
import { LocalHours } from './local-hours.ts';
import { SelectedRows } from './selected-rows.ts';
import { summarise } from './summary.ts';

const OUTBOUND = DIRECTIONS.indexOf('outbound');

/** The key numbers of the selected flows of a segment. */
interface SegmentNumbers {
  readonly byteLength: number;
  readonly outbound: number;
  readonly bytes: number;
  readonly packets: number;
  /** Days in which flows start, from local 1970-01-01. */
  readonly days: readonly number[];
  /** Numbers of their hosts, each once. */
  readonly hosts: Uint32Array;
}

/** The key numbers of the matching flows, in one pass and a half. Bytes and packets are multiplied by `sampling`. */
export function totalsOf(reader: CaseReader, selection: FlowSelection): CaseTotals {
  const selected = new SelectedRows(selection);
  const hosts = HostNumbers.of(reader);
  // Read first, so that all hosts have their numbers.
  for (const segment of reader.segments()) hosts.column(segment);
  const marks = new Uint8Array(hosts.limit);
  const seen = new Uint8Array(hosts.limit);
  const days = new Set<number>();
  const totals = { flows: 0, outbound: 0, bytes: 0, packets: 0 };
  for (const segment of reader.segments()) {
    if (!selected.choose(segment)) continue;
    const read = (): SegmentNumbers => numbersOf(reader, segment, selected, marks);
    const { outbound, bytes, packets, ...met } =
      reader.keeps && selected.name !== null ? reader.totals(segment, 'key numbers', selected.name, read) : read();
    totals.flows += selected.rows;
    totals.outbound += outbound;
    totals.bytes += bytes;
    totals.packets += packets;
    for (const day of met.days) days.add(day);
    mark(met.hosts, met.hosts.length, seen);
  }
  const [row] = summarise(reader, { by: [], metric: 'host-hours', selection });
  seen[NO_HOST] = 0;
  const met = seen.reduce((sum, isMet) => sum + isMet, 0);
  return { ...totals, hostHours: row?.value ?? 0, hosts: met, days: days.size };
}

/** @param marks by host number; all 0, before and after */
function numbersOf(
  reader: CaseReader,
  segment: SegmentInfo,
  selected: SelectedRows,
  marks: Uint8Array,
): SegmentNumbers {
  const { rows } = selected;
  const rates = ratesOf(reader, segment, selected);
  const sumOf = (name: 'bytesOut' | 'bytesIn' | 'packetsOut' | 'packetsIn'): number => {
    const column = reader.column(segment, name);
    return rates === null ? selected.sum(column) : scaledSum(selected.pickCounts('amounts', column), rates, rows);
  };
  const bytes = sumOf('bytesOut') + sumOf('bytesIn');
  const packets = sumOf('packetsOut') + sumOf('packetsIn');
  const outbound = countEqual(selected.pick('direction', reader.column(segment, 'direction')), rows, OUTBOUND);
  const { hours, starts } = LocalHours.of(reader).ofSegment(segment);
  const startedIn = new Uint8Array(hours.length);
  mark(selected.pick('starts', starts), rows, startedIn);
  const days = new Set<number>();
  for (let i = 0; i < hours.length; i++) if (startedIn[i] === 1) days.add(Math.floor(hours[i] / 24));
  const ofRows = selected.pick('hosts', HostNumbers.of(reader).column(segment));
  const hosts: number[] = [];
  for (let i = 0; i < rows; i++) {
    if (marks[ofRows[i]] === 1) continue;
    marks[ofRows[i]] = 1;
    hosts.push(ofRows[i]);
  }
  for (const host of hosts) marks[host] = 0;
  const numbers = { outbound, bytes, packets, days: [...days], hosts: Uint32Array.from(hosts) };
  return { byteLength: numbers.hosts.byteLength + 8 * (days.size + 8), ...numbers };
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
