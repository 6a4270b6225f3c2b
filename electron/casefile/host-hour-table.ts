import type { CaseReader, SegmentInfo } from './case-reader.ts';
import type { CellTally } from './cell-tally.ts';
import type { Groups, HourGroups } from './flow-groups.ts';
import { HostNumbers, NO_HOST } from './host-numbers.ts';
import { LocalHours, LONGEST_SPAN_HOURS } from './local-hours.ts';

/** Words of all tables together: 32 MiB. */
const MAX_WORDS = 1 << 23;

/** Touched hosts as bits, hour by hour. */
type HostBits = Uint32Array;

/**
 * Counts distinct (group, host, local clock hour) in tables of one bit each: several times faster than sweeping the hours,
 * as long as the tables fit.
 *
 * @param mark tells which rows of a segment count; null when none does
 * @param hourGroups when given, cells are theirs, else they are the groups
 * @param tally gets flows and, as its values, host-hours
 * @param maxWords words of 32 bits that all tables may have together
 * @returns the number of distinct host-hours, whatever the group; null when the tables would be too large: then tally, groups
 * and hourGroups are to be thrown away
 */
export function tableHostHours(
  reader: CaseReader,
  mark: (segment: SegmentInfo) => Uint8Array | null,
  groups: Groups,
  hourGroups: HourGroups | null,
  tally: CellTally,
  maxWords = MAX_WORDS,
): number | null {
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
  const touched = new Map<number, HostBits>();
  /** The last hour touched. */
  let last = from;
  for (const segment of segments) {
    const mask = mark(segment);
    if (mask === null) continue;
    const ofRows = groups.read(segment);
    if ((groups.size + 1) * words > maxWords) return null;
    const ofHosts = hosts.column(segment);
    const segmentHours = local.ofSegment(segment);
    const { hours, starts, spans } = segmentHours;
    const cells = hourGroups === null ? ofRows : hourGroups.read(ofRows, groups.size, segmentHours);
    tally.reserve(hourGroups === null ? groups.size : hourGroups.cells.size);
    let group = -1;
    let bits: HostBits = new Uint32Array(0);
    for (let i = 0; i < ofRows.length; i++) {
      if (mask[i] === 0) continue;
      tally.flows[cells[i]]++;
      const span = spans[i];
      if (span === 0) tally.noteUnspread(cells[i]);
      const host = ofHosts[i];
      if (host === NO_HOST) continue;
      if (ofRows[i] !== group) {
        group = ofRows[i];
        const known = touched.get(group);
        bits = known ?? new Uint32Array(words);
        if (known === undefined) touched.set(group, bits);
      }
      const start = hours[starts[i]] - from;
      const bit = 1 << (host & 31);
      bits[start * width + (host >>> 5)] |= bit;
      for (let hour = start + 1; hour < start + span; hour++) {
        if (!local.isSkipped(from + hour)) bits[hour * width + (host >>> 5)] |= bit;
      }
      last = Math.max(last, from + start + Math.max(0, span - 1));
    }
  }
  const used = Number.isFinite(from) ? last - from + 1 : 0;
  for (const [group, bits] of touched) {
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
  const [first, ...others] = touched.values();
  if (first === undefined) return 0;
  for (const bits of others) for (let i = 0; i < used * width; i++) first[i] |= bits[i];
  return countBits(first, 0, used * width);
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
