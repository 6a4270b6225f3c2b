import type { CaseReader, SegmentInfo } from './case-reader.ts';
import type { CellTally, RowHours } from './cell-tally.ts';
import type { Groups } from './flow-groups.ts';
import { HostNumbers, NO_HOST } from './host-numbers.ts';
import { LocalHours, LONGEST_SPAN_HOURS } from './local-hours.ts';
import {
  addTotals,
  type CountedCells,
  type KeptTotals,
  type SegmentTotals,
  takeTotals,
  TOO_MANY_CELLS,
} from './segment-totals.ts';
import type { SelectedRows } from './selected-rows.ts';

/** Words of all tables together: 32 MiB. */
const MAX_WORDS = 1 << 23;

/** Touched hosts as bits, hour by hour. */
type HostBits = Uint32Array;

/**
 * Counts distinct (group, host, local clock hour) in tables of one bit each: several times faster than sweeping the hours,
 * as long as the tables fit.
 *
 * @param selected the rows that count
 * @param cells when they have groups of hours, cells are theirs, else they are the groups; the tally gets flows and, as its
 * values, host-hours
 * @param kept where totals of whole segments are kept and taken from, if they are
 * @param maxWords words of 32 bits that all tables may have together
 * @returns the number of distinct host-hours, whatever the group; null when the tables would be too large: then tally, groups
 * and hourGroups are to be thrown away
 */
export function tableHostHours(
  reader: CaseReader,
  selected: SelectedRows,
  cells: CountedCells,
  kept: KeptTotals | null,
  maxWords = MAX_WORDS,
): number | null {
  const touched = touchedHosts(reader, selected, cells, kept, maxWords);
  if (touched === null) return null;
  const { groups, hourGroups, tally } = cells;
  const { width, from } = touched;
  const used = touched.last + 1;
  for (const [group, bits] of touched.ofGroups) {
    for (let hour = 0; hour < used; hour++) {
      const count = countBits(bits, hour * width, (hour + 1) * width);
      if (count === 0) continue;
      let cell = group;
      if (hourGroups !== null) {
        const hourGroup = hourGroups.number(from + hour);
        hourGroups.cells.reserve(groups.size, hourGroups.size);
        cell = hourGroups.cells.number(group, hourGroup);
        tally.reserve(cell + 1);
      }
      tally.value[cell] += count;
    }
  }
  const [first, ...others] = touched.ofGroups.values();
  if (first === undefined) return 0;
  for (const bits of others) for (let i = 0; i < used * width; i++) first[i] |= bits[i];
  return countBits(first, 0, used * width);
}

/**
 * Counts the distinct local clock hours of each host, which a table by group and host would not have room for.
 *
 * @param cells of one group, without hours; the tally gets its flows
 * @returns hours by the host's number; null as with `tableHostHours`
 */
export function hoursOfHosts(
  reader: CaseReader,
  selected: SelectedRows,
  cells: CountedCells,
  kept: KeptTotals | null,
  maxWords = MAX_WORDS,
): Float64Array | null {
  const touched = touchedHosts(reader, selected, cells, kept, maxWords);
  if (touched === null) return null;
  const hours = new Float64Array(HostNumbers.of(reader).limit);
  const { width } = touched;
  for (const bits of touched.ofGroups.values()) {
    for (let at = 0; at < (touched.last + 1) * width; at++) {
      const first = (at % width) * 32;
      for (let word = bits[at]; word !== 0; word &= word - 1) hours[first + 31 - Math.clz32(word & -word)]++;
    }
  }
  return hours;
}

/** By group the hosts touched in each hour, with the flows in the tally; null when the tables would be too large. */
function touchedHosts(
  reader: CaseReader,
  selected: SelectedRows,
  { groups, hourGroups, tally }: CountedCells,
  kept: KeptTotals | null,
  maxWords: number,
): TouchedHosts | null {
  const local = LocalHours.of(reader);
  const hosts = HostNumbers.of(reader);
  const segments = reader.segments().filter(({ rows }) => rows > 0);
  let from = Infinity;
  let to = -Infinity;
  for (const segment of segments) {
    hosts.column(segment);
    const { hours } = local.ofSegment(segment);
    from = Math.min(from, hours[0]);
    to = Math.max(to, hours[hours.length - 1] + LONGEST_SPAN_HOURS);
  }
  const width = Math.ceil(hosts.limit / 32);
  const words = (to - from) * width;
  const touched = new TouchedHosts(local, from, width, words);
  for (const segment of segments) {
    if (!selected.choose(segment)) continue;
    const { rows } = selected;
    if (kept !== null && selected.name !== null) {
      const hostHours = keptHostHours(reader, segment, selected, selected.name, kept, width);
      if (hostHours !== null) {
        addTotals(hostHours.totals, { groups, hourGroups, tally }, kept.plain);
        touched.join(hostHours, groups, kept.plain);
        if ((groups.size + 1) * words > maxWords) return null;
        continue;
      }
    }
    const ofRows = groups.read(segment, selected);
    if ((groups.size + 1) * words > maxWords) return null;
    const { hours, starts: allStarts, spans } = local.ofSegment(segment);
    const starts = selected.pick('starts', allStarts);
    const cells = hourGroups === null ? ofRows : hourGroups.read(ofRows, rows, groups.size, hours, starts);
    tally.reserve(hourGroups === null ? groups.size : hourGroups.cells.size);
    const rowHours = { rows, hours, starts, spans: selected.pick('spans', spans) };
    touched.add(ofRows, selected.pick('hosts', hosts.column(segment)), cells, rowHours, tally);
  }
  return touched;
}

/** What the selected flows of a segment touch. */
interface SegmentHostHours {
  readonly byteLength: number;
  /** Flows by cell. */
  readonly totals: SegmentTotals;
  /** The first hour, and how many words of `bits` each group has. */
  readonly from: number;
  readonly words: number;
  /** By group: the numbers of its dimensions' values. */
  readonly groups: Uint32Array;
  readonly bits: HostBits;
}

/** Words that one segment's own table may have: 1 MiB. */
const SEGMENT_WORDS = 1 << 18;

const NOT_KEPT = { byteLength: 64 };

/**
 * What selected flows touch, from what is kept of them; null when that takes more than a byte a flow of the
 * segment to keep. */
function keptHostHours(
  reader: CaseReader,
  segment: SegmentInfo,
  selected: SelectedRows,
  filter: string,
  { name, plain, cells }: KeptTotals,
  width: number,
): SegmentHostHours | null {
  const found = reader.totals(segment, name, filter, (): SegmentHostHours | typeof NOT_KEPT => {
    const scratch = cells();
    const { groups, hourGroups, tally } = scratch;
    const local = LocalHours.of(reader);
    const { hours, starts: allStarts, spans: allSpans } = local.ofSegment(segment);
    const starts = selected.pick('starts', allStarts);
    const spans = selected.pick('spans', allSpans);
    const { rows } = selected;
    const ofRows = groups.read(segment, selected);
    const from = hours[0];
    let longest = 1;
    for (let i = 0; i < rows; i++) if (spans[i] > longest) longest = spans[i];
    const words = (hours[hours.length - 1] - from + longest) * width;
    if (groups.size * words > SEGMENT_WORDS) return NOT_KEPT;
    const touched = new TouchedHosts(local, from, width, words);
    const ofCells = hourGroups === null ? ofRows : hourGroups.read(ofRows, rows, groups.size, hours, starts);
    tally.reserve(hourGroups === null ? groups.size : hourGroups.cells.size);
    const hosts = selected.pick('hosts', HostNumbers.of(reader).column(segment));
    touched.add(ofRows, hosts, ofCells, { rows, hours, starts, spans }, tally);
    const totals = takeTotals(scratch, plain, segment.rows);
    const bytes = touched.ofGroups.size * words * Uint32Array.BYTES_PER_ELEMENT;
    if (totals === TOO_MANY_CELLS || bytes > segment.rows) return NOT_KEPT;
    const keys = new Uint32Array(touched.ofGroups.size * plain);
    const bits = new Uint32Array(touched.ofGroups.size * words);
    for (const [n, [group, ofGroup]] of [...touched.ofGroups].entries()) {
      groups.valuesOf(group, keys, n * plain);
      bits.set(ofGroup, n * words);
    }
    return { byteLength: totals.byteLength + bytes + keys.byteLength, totals, from, words, groups: keys, bits };
  });
  return 'totals' in found ? found : null;
}

/** By group: the hosts touched in each hour. */
class TouchedHosts {
  readonly ofGroups = new Map<number, HostBits>();
  /** The last hour touched, counted from the first; -1 = none. */
  last = -1;
  /** The first hour. */
  readonly from: number;
  /** Words of an hour. */
  readonly width: number;
  readonly #local: LocalHours;
  readonly #words: number;

  /** @param words of a group */
  constructor(local: LocalHours, from: number, width: number, words: number) {
    this.#local = local;
    this.from = from;
    this.width = width;
    this.#words = words;
  }

  #of(group: number): HostBits {
    let bits = this.ofGroups.get(group);
    if (bits === undefined) {
      bits = new Uint32Array(this.#words);
      this.ofGroups.set(group, bits);
    }
    return bits;
  }

  /** Marks all that a segment touches. */
  join({ from, words, groups: keys, bits }: SegmentHostHours, groups: Groups, plain: number): void {
    const at = (from - this.from) * this.width;
    for (let n = 0; n * words < bits.length; n++) {
      const ofGroup = this.#of(groups.groupOf(keys, n * plain));
      for (let i = 0; i < words; i++) ofGroup[at + i] |= bits[n * words + i];
    }
    this.last = Math.max(this.last, from - this.from + words / this.width - 1);
  }

  /** Counts rows as flows of their cells, and marks their hosts in every hour that they touch. */
  add(
    groups: ArrayLike<number>,
    hosts: ArrayLike<number>,
    cells: ArrayLike<number>,
    { rows, hours, starts, spans }: RowHours,
    tally: CellTally,
  ): void {
    const { flows } = tally;
    const width = this.width;
    const from = this.from;
    let group = -1;
    let bits: HostBits = new Uint32Array(0);
    let last = this.last;
    for (let i = 0; i < rows; i++) {
      flows[cells[i]]++;
      const host = hosts[i];
      const span = spans[i];
      if (span === 0) tally.noteUnspread(cells[i]);
      if (host === NO_HOST) continue;
      if (groups[i] !== group) {
        group = groups[i];
        bits = this.#of(group);
      }
      const start = hours[starts[i]] - from;
      const bit = 1 << (host & 31);
      bits[start * width + (host >>> 5)] |= bit;
      let end = start;
      if (span > 1) {
        end = start + span - 1;
        for (let hour = start + 1; hour <= end; hour++) {
          if (!this.#local.isSkipped(from + hour)) bits[hour * width + (host >>> 5)] |= bit;
        }
      }
      if (end > last) last = end;
    }
    this.last = last;
  }
}

/** Bits that are set in the words from `from` to before `to` (the parallel count of H. S. Warren, Hacker's Delight, 5-1). */
function countBits(bits: Uint32Array, from: number, to: number): number {
  let count = 0;
  for (let i = from; i < to; i++) {
    let word = bits[i];
    if (word === 0) continue;
    word -= (word >>> 1) & 0x55555555;
    word = (word & 0x33333333) + ((word >>> 2) & 0x33333333);
    count += Math.imul((word + (word >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
  }
  return count;
}
