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
/** What a column of directions can hold, damaged or not. */
const DIRECTION_CODES = 256;

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
    for (const host of met.hosts) seen[host] = 1;
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
  const rates = ratesOf(reader, segment, selected);
  const sumOf = (name: 'bytesOut' | 'bytesIn' | 'packetsOut' | 'packetsIn'): number => {
    const column = reader.column(segment, name);
    if (rates === null) return selected.sum(column);
    return scaledSum(selected.pickCounts('amounts', column), rates, selected.rows);
  };
  const bytes = sumOf('bytesOut') + sumOf('bytesIn');
  const packets = sumOf('packetsOut') + sumOf('packetsIn');
  const byDirection = new Uint32Array(DIRECTION_CODES);
  selected.count(reader.column(segment, 'direction'), byDirection);
  const { hours, starts } = LocalHours.of(reader).ofSegment(segment);
  const byHour = new Uint32Array(hours.length);
  selected.count(starts, byHour);
  const days = new Set<number>();
  for (let i = 0; i < hours.length; i++) if (byHour[i] > 0) days.add(Math.floor(hours[i] / 24));
  const hosts = selected.distinct(HostNumbers.of(reader).column(segment), marks);
  const byteLength = hosts.byteLength + 8 * (days.size + 8);
  return { byteLength, outbound: byDirection[OUTBOUND], bytes, packets, days: [...days], hosts };
}

function scaledSum(values: ArrayLike<number>, rates: ArrayLike<number>, rows: number): number {
  let sum = 0;
  for (let i = 0; i < rows; i++) sum += values[i] * (rates[i] || 1);
  return sum;
}
