import type { Metric } from '../../shared/finding.ts';
import type { CaseReader, SegmentInfo } from './case-reader.ts';
import { amountsOf, CellTally, ratesOf } from './cell-tally.ts';
import { type Dimension, Groups, HourGroups, plainDimensionsOf, timeDimensionsOf } from './flow-groups.ts';
import type { FlowSelection } from './flow-selection.ts';
import { hoursOfHosts, tableHostHours } from './host-hour-table.ts';
import { sweepHostHours } from './host-hour-sweep.ts';
import { LocalHours } from './local-hours.ts';
import { addTotals, type CountedCells, type KeptTotals, takeTotals, TOO_MANY_CELLS } from './segment-totals.ts';
import { SelectedRows } from './selected-rows.ts';

/** Totals of flows, bytes, packets or host-hours by one dimension or several. */

export { DIMENSIONS, type Dimension } from './flow-groups.ts';
export { LONGEST_SPAN_HOURS } from './local-hours.ts';

/**
 * One total, with the value of each dimension asked for: ids and labels as in the flow record, `hour` 0..23, `weekday` 1..7
 * (1 = Monday), `day` YYYY-MM-DD, all three in the profile's zone; null where absent.
 */
export type SummaryRow = {
  /** In flows, bytes, packets or host-hours. */
  value: number;
  /** 0..1 of the total of all rows, for host-hours of all distinct host-hours (so that shares may add up to more than 1);
   * null when that total is 0. */
  share: number | null;
  /** Flows that start here, not scaled by `sampling`. */
  flows: number;
  /** True when counts in `value` were multiplied by a sampling rate. */
  scaled: boolean;
  /** Flows, if any, of more than LONGEST_SPAN_HOURS, which count wholly at their start. */
  unspread?: number;
} & { [Name in Dimension]?: string | number | null };

export interface SummaryQuestion {
  by: readonly Dimension[];
  metric: Metric;
  /** Default: all flows. */
  selection?: FlowSelection;
  /** Words of 32 bits that host-hours may be counted in, see `tableHostHours`; beyond them the hours are swept. */
  tableWords?: number;
}

/**
 * Summarises the matching flows (default: all). A flow counts at its start. When a dimension is `hour`, `weekday` or `day`,
 * bytes and packets are spread in equal parts over the local clock hours from the flow's first to its last packet.
 * Host-hours are distinct (host, local clock hour) touched; flows without a host touch none. Flows, bytes and packets are
 * multiplied by `sampling`. Rows come largest value first, ties by key, absent keys last; the `flows` of all rows add up to
 * the matching flows.
 *
 * Hosts (4 bytes a flow) and local hours (4 bytes a flow) are derived at the first query that needs them and cached by the
 * reader, as are the totals of segments that a question took whole, and host-hours of all flows that had to be swept. Host-hours
 * hold up to 32 MiB of bits, or 14 bytes for each flow of the segments that overlap in time.
 */
export function summarise(reader: CaseReader, question: SummaryQuestion): SummaryRow[] {
  const counted = countCells(reader, question);
  return rowsOf(counted, usedCells(counted));
}

/** The largest rows of a summary by one dimension, and what the others come to. */
export interface LargestRows {
  readonly rows: SummaryRow[];
  /** Rows of the whole summary. */
  readonly all: number;
  /** Of those, rows whose dimension is not absent. */
  readonly named: number;
}

/** The first `most` (from 1) rows of `summarise` by one dimension: hosts may be thousands, and no row is made of what nobody reads. */
export function largestRows(
  reader: CaseReader,
  { by, ...question }: Omit<SummaryQuestion, 'by'> & { by: Dimension },
  most: number,
): LargestRows {
  const counted = countCells(reader, { ...question, by: [by] });
  const used = usedCells(counted);
  const { groups, hourGroups, tally } = counted;
  const ascending = Float64Array.from(used, (cell) => tally.value[cell]).toSorted();
  const least = ascending.at(-most) ?? 0;
  const rows = rowsOf(
    counted,
    used.filter((cell) => tally.value[cell] >= least),
  ).slice(0, most);
  const absent = hourGroups === null ? used.filter((cell) => groups.isAbsent(cell)).length : 0;
  return { rows, all: used.length, named: used.length - absent };
}

/** Host-hours that were swept, and how many there are whatever their cell. */
interface SweptHostHours {
  readonly cells: CountedCells;
  readonly hostHours: number;
  readonly byteLength: number;
}

/** What a question counted. */
interface Counted extends CountedCells {
  readonly dimensions: readonly Dimension[];
  /** Shares are of this; null: of all rows together. */
  readonly distinct: number | null;
}

function countCells(reader: CaseReader, { by, metric, selection, tableWords }: SummaryQuestion): Counted {
  const dimensions = [...new Set(by)];
  const plain = plainDimensionsOf(dimensions);
  const times = timeDimensionsOf(dimensions);
  const selected = new SelectedRows(selection);
  const newCells = (): CountedCells => cellsOf(reader, plain, times);
  const kept = keptTotals(reader, metric, plain, times);
  if (metric === 'host-hours') {
    const isByHost = plain.length === 1 && plain[0] === 'host' && times.length === 0;
    const ofHosts = isByHost ? hostHoursByHost(reader, selected, tableWords) : null;
    if (ofHosts !== null) return { ...ofHosts, dimensions };
    let found = newCells();
    let distinct = tableHostHours(reader, selected, found, kept, tableWords);
    if (distinct === null) {
      const sweep = (): SweptHostHours => {
        const cells = newCells();
        const hostHours = sweepHostHours(reader, selection, cells.groups, cells.hourGroups, cells.tally);
        return { cells, hostHours, byteLength: cells.tally.byteLength };
      };
      // A sweep goes through every flow, whatever is kept of their segments.
      const whole = kept !== null && selection === undefined ? reader.ofCase(kept.name, sweep) : sweep();
      found = whole.cells;
      distinct = whole.hostHours;
    }
    return { ...found, dimensions, distinct };
  }
  const found = newCells();
  countSegments(reader, selected, metric, found, kept);
  return { ...found, dimensions, distinct: null };
}

type PlainDimensions = ReturnType<typeof plainDimensionsOf>;
type TimeDimensions = ReturnType<typeof timeDimensionsOf>;

function cellsOf(reader: CaseReader, plain: PlainDimensions, times: TimeDimensions): CountedCells {
  return {
    groups: new Groups(plain, reader),
    hourGroups: times.length > 0 ? new HourGroups(times, plain.length === 0, reader) : null,
    tally: new CellTally(),
  };
}

/** Where totals of whole segments are kept for such a question; null where nothing is. */
function keptTotals(
  reader: CaseReader,
  metric: Metric,
  plain: PlainDimensions,
  times: TimeDimensions,
): KeptTotals | null {
  if (!reader.keeps) return null;
  let scratch: CountedCells | null = null;
  return {
    name: `${metric} by ${plain.join()}/${times.join()}`,
    plain: plain.length,
    cells: () => (scratch ??= cellsOf(reader, plain, times)),
  };
}

/** Counts the selected flows of all segments in their cells. */
function countSegments(
  reader: CaseReader,
  selected: SelectedRows,
  metric: Exclude<Metric, 'host-hours'>,
  found: CountedCells,
  kept: KeptTotals | null,
): void {
  for (const segment of reader.segments()) {
    if (!selected.choose(segment)) continue;
    const totals =
      kept === null || selected.name === null
        ? TOO_MANY_CELLS
        : reader.totals(segment, kept.name, selected.name, () => {
            countSegment(reader, segment, selected, metric, kept.cells());
            return takeTotals(kept.cells(), kept.plain, segment.rows);
          });
    if (totals === TOO_MANY_CELLS) countSegment(reader, segment, selected, metric, found);
    else addTotals(totals, found, kept?.plain ?? 0);
  }
  found.tally.settle();
}

/**
 * The hours of each host, from one table of all hosts; null where that is too large, and where flows last so long that they
 * are not spread, which it does not tell by host.
 */
function hostHoursByHost(
  reader: CaseReader,
  selected: SelectedRows,
  tableWords?: number,
): Omit<Counted, 'dimensions'> | null {
  const together = cellsOf(reader, [], []);
  const hours = hoursOfHosts(reader, selected, together, keptTotals(reader, 'host-hours', [], []), tableWords);
  if (hours === null || together.tally.unspread.size > 0) return null;
  const found = cellsOf(reader, ['host'], []);
  countSegments(reader, selected, 'flows', found, keptTotals(reader, 'flows', ['host'], []));
  const { groups, tally } = found;
  const number = new Uint32Array(1);
  tally.reserve(groups.size);
  for (let cell = 0; cell < groups.size; cell++) {
    groups.valuesOf(cell, number, 0);
    tally.value[cell] = hours[number[0]];
    tally.scaled[cell] = 0;
  }
  return { ...found, distinct: hours.reduce((sum, each) => sum + each, 0) };
}

/** Adds the selected flows of a segment to their cells. */
function countSegment(
  reader: CaseReader,
  segment: SegmentInfo,
  selected: SelectedRows,
  metric: Exclude<Metric, 'host-hours'>,
  { groups, hourGroups, tally }: CountedCells,
): void {
  const { rows } = selected;
  const rates = ratesOf(reader, segment, selected);
  if (metric === 'flows' && rates === null && hourGroups === null) {
    const counted = groups.countAlone(segment, selected);
    if (counted !== null) {
      tally.reserve(groups.size);
      for (const [group, flows] of counted) tally.add(group, flows, flows, 0);
      return;
    }
  }
  const ofRows = groups.read(segment, selected);
  const amounts = metric === 'flows' ? null : amountsOf(reader, segment, metric, selected);
  if (hourGroups === null) {
    tally.reserve(groups.size);
    tally.count(ofRows, rows, amounts, rates);
    return;
  }
  const local = LocalHours.of(reader).ofSegment(segment);
  const starts = selected.pick('starts', local.starts);
  const cells = hourGroups.read(ofRows, rows, groups.size, local.hours, starts);
  tally.reserve(hourGroups.cells.size);
  if (amounts === null) tally.count(cells, rows, null, rates);
  else {
    const hours = { rows, hours: local.hours, starts, spans: selected.pick('spans', local.spans) };
    tally.spread(cells, amounts, rates, hours, hourGroups);
  }
}

/** Cells that something was counted in. */
function usedCells({ tally: { value, flows } }: Counted): Uint32Array {
  const used: number[] = [];
  for (let cell = 0; cell < value.length; cell++) if (flows[cell] > 0 || value[cell] > 0) used.push(cell);
  return Uint32Array.from(used);
}

/** Makes rows of some of the cells, which are groups, or those of `hourGroups`. */
function rowsOf({ tally, dimensions, groups, hourGroups, distinct }: Counted, cells: Uint32Array): SummaryRow[] {
  const { value, flows, scaled, unspread } = tally;
  const ofCells = hourGroups === null ? cells : cells.map((cell) => hourGroups.cells.firsts[cell]);
  const told = new Map([...groups.tell(ofCells), ...(hourGroups?.tell(cells) ?? [])]);
  const columns = dimensions.flatMap((name) => {
    const values = told.get(name);
    return values === undefined ? [] : [{ name, ...values }];
  });
  const places = Uint32Array.from(cells.keys()).toSorted((x, y) => {
    let order = value[cells[y]] - value[cells[x]];
    for (let i = 0; order === 0 && i < columns.length; i++) order = columns[i].ranks[x] - columns[i].ranks[y];
    return order;
  });
  const whole = distinct ?? value.reduce((sum, each) => sum + each, 0);
  return Array.from(places, (place) => {
    const cell = cells[place];
    const keys: Partial<Record<Dimension, string | number | null>> = {};
    for (const { name, values, ranks } of columns) keys[name] = values[ranks[place]];
    const row: SummaryRow = {
      ...keys,
      value: value[cell],
      share: whole > 0 ? value[cell] / whole : null,
      flows: flows[cell],
      scaled: scaled[cell] === 1,
    };
    const long = unspread.get(cell);
    if (long !== undefined) row.unspread = long;
    return row;
  });
}
