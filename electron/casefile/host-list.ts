import type { HostActivity, HostList } from '../../shared/jobs.ts';
import { SEGMENT_ROWS } from '../../shared/flow.ts';
import { ZoneClock } from '../../shared/time.ts';
import type { CaseReader, SegmentInfo } from './case-reader.ts';
import { ratesOf } from './cell-tally.ts';
import type { FlowSelection } from './flow-selection.ts';
import { HostNumbers, NO_HOST } from './host-numbers.ts';
import { LocalHours } from './local-hours.ts';
import { lookUp, SelectedRows } from './selected-rows.ts';

/** Steps of time that a host's activity is told in, at most. */
const MOST_STEPS = 60;
/** Levels of activity are told by one digit. */
const LEVELS = '0123456789abcdefghijklmnopqrstuvwxyz';
const NOT_LISTED = 0;

/**
 * The hosts of the matching flows (their end in the profile's ranges), most flows first, ties by number in the case; the
 * first `limit` of them. Flows as recorded; bytes both ways, multiplied by `sampling`. A first pass over the flows counts
 * those of each host, the others see to the hosts listed.
 */
export function hostList(reader: CaseReader, selection: FlowSelection, limit: number): HostList {
  const selected = new SelectedRows(selection);
  const numbers = HostNumbers.of(reader);
  const local = LocalHours.of(reader);
  const segments = reader.segments();
  // Of the whole case: so all hosts have their numbers, and steps are the same whatever the filter.
  let [firstDay, lastDay] = [Infinity, -Infinity];
  for (const segment of segments) {
    numbers.column(segment);
    const { hours } = local.ofSegment(segment);
    firstDay = Math.min(firstDay, dayOf(hours[0] ?? Infinity));
    lastDay = Math.max(lastDay, dayOf(hours.at(-1) ?? -Infinity));
  }
  const whole = (segment: SegmentInfo): SegmentHosts | null =>
    reader.keeps && selected.name !== null ? keptHosts(reader, segment, selected, selected.name) : null;

  const flows = new Float64Array(numbers.limit);
  for (const segment of segments) {
    if (!selected.choose(segment)) continue;
    const kept = whole(segment);
    if (kept === null) countEach(selected.pick('hosts', numbers.column(segment)), selected.rows, flows);
    else for (let n = 0; n < kept.hosts.length; n++) flows[kept.hosts[n]] += kept.flows[n];
  }
  flows[NO_HOST] = 0;
  const met = Uint32Array.from([...flows.keys()].filter((number) => flows[number] > 0));
  const listed = met.toSorted((x, y) => flows[y] - flows[x] || x - y).subarray(0, limit);
  if (listed.length === 0) return { hosts: [], all: 0, firstDay: null, daysPerStep: 1, steps: 0 };

  const slots = new Uint32Array(numbers.limit).fill(NOT_LISTED);
  for (const [place, number] of listed.entries()) slots[number] = place + 1;
  const size = listed.length + 1;
  const bytes = new Float64Array(size);
  const first = new Float64Array(size).fill(Infinity);
  const last = new Float64Array(size).fill(-Infinity);
  first[NOT_LISTED] = -Infinity;
  last[NOT_LISTED] = Infinity;
  const daysPerStep = Math.ceil((lastDay - firstDay + 1) / MOST_STEPS);
  const steps = Math.ceil((lastDay - firstDay + 1) / daysPerStep);
  const activity = new Uint32Array(size * steps);
  const stepOf = (day: number): number => Math.floor((day - firstDay) / daysPerStep);
  const ofRows = new Uint32Array(SEGMENT_ROWS);
  for (const segment of segments) {
    if (!selected.choose(segment)) continue;
    const kept = whole(segment);
    if (kept !== null) {
      const stepOfDays = kept.days.map(stepOf);
      for (let n = 0, at = 0; n < kept.hosts.length; n++) {
        const slot = slots[kept.hosts[n]];
        bytes[slot] += kept.bytes[n];
        for (let m = 0; m < stepOfDays.length; m++) activity[slot * steps + stepOfDays[m]] += kept.ofDays[at++];
      }
      const slotsOfHosts = kept.hosts.map((host) => slots[host]);
      if (isAnyAbove(first, slotsOfHosts, segment.firstStart, slotsOfHosts.length)) {
        keepLeast(firstOf(reader, segment, selected, kept), slotsOfHosts, first, slotsOfHosts.length);
      }
      continue;
    }
    const { rows } = selected;
    lookUp(slots, selected.pick('hosts', numbers.column(segment)), ofRows, rows);
    addAmounts(reader, segment, selected, ofRows, bytes);
    // Where flows are stored in the order of their starts, this is so in the first segments only.
    if (isAnyAbove(first, ofRows, segment.firstStart, rows)) {
      keepLeast(selected.pick('start', reader.columnOnce(segment, 'start')), ofRows, first, rows);
    }
    const { hours, starts } = local.ofSegment(segment);
    const stepOfHours = Uint32Array.from(hours, (hour) => stepOf(dayOf(hour)));
    const startsIn = selected.pick('starts', starts);
    for (let i = 0; i < rows; i++) activity[ofRows[i] * steps + stepOfHours[startsIn[i]]]++;
  }
  // From the end, for the same reason.
  for (const segment of segments.toReversed()) {
    if (!selected.choose(segment)) continue;
    const { rows } = selected;
    const kept = whole(segment);
    if (kept !== null) {
      const slotsOfHosts = kept.hosts.map((host) => slots[host]);
      if (isAnyBelow(last, slotsOfHosts, segment.lastEnd, slotsOfHosts.length)) {
        keepMost(lastOf(reader, segment, selected, kept), slotsOfHosts, last, slotsOfHosts.length);
      }
      continue;
    }
    lookUp(slots, selected.pick('hosts', numbers.column(segment)), ofRows, rows);
    if (isAnyBelow(last, ofRows, segment.lastEnd, rows)) {
      keepMost(selected.pick('end', reader.columnOnce(segment, 'end')), ofRows, last, rows);
    }
  }
  const hosts = Array.from(listed, (number, place): HostActivity => ({
    host: numbers.address(number) ?? '',
    flows: flows[number],
    bytes: bytes[place + 1],
    firstSeen: first[place + 1],
    lastSeen: last[place + 1],
    activity: levels(activity.subarray((place + 1) * steps, (place + 2) * steps)),
  }));
  return { hosts, all: met.length, firstDay: ZoneClock.day(firstDay * 24), daysPerStep, steps };
}

/** The hosts of the selected flows of a segment, each once. */
interface SegmentHosts {
  readonly byteLength: number;
  /** By number in the case. */
  readonly hosts: Uint32Array;
  readonly flows: Float64Array;
  readonly bytes: Float64Array;
  /** By host: its first start and its last end; null until they are asked for, as they are of few segments. */
  first: Float64Array | null;
  last: Float64Array | null;
  /** Days in which flows start, from local 1970-01-01, and the flows of each host on each of them. */
  readonly days: readonly number[];
  readonly ofDays: Uint32Array;
}

const NOT_KEPT = { byteLength: 64 };

/**
 * The hosts of selected flows, from what is kept of them; null when they would take more than two bytes a flow of the
 * segment to keep. */
function keptHosts(
  reader: CaseReader,
  segment: SegmentInfo,
  selected: SelectedRows,
  filter: string,
): SegmentHosts | null {
  const found = reader.totals(segment, 'hosts', filter, (): SegmentHosts | typeof NOT_KEPT => {
    const { rows } = selected;
    const numbers = HostNumbers.of(reader);
    const ofRows = selected.pick('hosts', numbers.column(segment));
    const { hours, starts } = LocalHours.of(reader).ofSegment(segment);
    const startsIn = selected.pick('starts', starts);
    const slots = new Uint32Array(numbers.limit);
    const met: number[] = [];
    for (let i = 0; i < rows; i++) if (slots[ofRows[i]]++ === 0) met.push(ofRows[i]);
    const hosts = Uint32Array.from(met);
    const days = [...new Set(Array.from(hours, dayOf))];
    const byteLength = hosts.length * (36 + 4 * days.length) + 64;
    if (byteLength > 2 * segment.rows) return NOT_KEPT;
    const ofHosts = placesOf(reader, segment, selected, hosts);
    const flows = new Float64Array(hosts.length);
    const bytes = new Float64Array(hosts.length);
    const ofDays = new Uint32Array(hosts.length * days.length);
    countEach(ofHosts, rows, flows);
    addAmounts(reader, segment, selected, ofHosts, bytes);
    const dayOfHours = Uint32Array.from(hours, (hour) => days.indexOf(dayOf(hour)));
    for (let i = 0; i < rows; i++) ofDays[ofHosts[i] * days.length + dayOfHours[startsIn[i]]]++;
    return { byteLength, hosts, flows, bytes, first: null, last: null, days, ofDays };
  });
  return 'hosts' in found ? found : null;
}

/** By selected row: the place of its host among the hosts of the segment. */
function placesOf(reader: CaseReader, segment: SegmentInfo, selected: SelectedRows, hosts: Uint32Array): Uint32Array {
  const numbers = HostNumbers.of(reader);
  const column = numbers.column(segment);
  const places = new Uint32Array(numbers.limit);
  for (const [n, host] of hosts.entries()) places[host] = n;
  const ofRows = new Uint32Array(selected.rows);
  lookUp(places, selected.pick('hosts', column), ofRows, selected.rows);
  return ofRows;
}

function firstOf(reader: CaseReader, segment: SegmentInfo, selected: SelectedRows, kept: SegmentHosts): Float64Array {
  if (kept.first === null) {
    const ofHosts = placesOf(reader, segment, selected, kept.hosts);
    kept.first = new Float64Array(kept.hosts.length).fill(Infinity);
    keepLeast(selected.pick('start', reader.columnOnce(segment, 'start')), ofHosts, kept.first, selected.rows);
  }
  return kept.first;
}

function lastOf(reader: CaseReader, segment: SegmentInfo, selected: SelectedRows, kept: SegmentHosts): Float64Array {
  if (kept.last === null) {
    const ofHosts = placesOf(reader, segment, selected, kept.hosts);
    kept.last = new Float64Array(kept.hosts.length).fill(-Infinity);
    keepMost(selected.pick('end', reader.columnOnce(segment, 'end')), ofHosts, kept.last, selected.rows);
  }
  return kept.last;
}

function dayOf(localHour: number): number {
  return Math.floor(localHour / 24);
}

/** Adds the bytes of the selected rows to their slots. */
function addAmounts(
  reader: CaseReader,
  segment: SegmentInfo,
  selected: SelectedRows,
  slots: Uint32Array,
  bytes: Float64Array,
): void {
  const out = selected.pickCounts('out', reader.column(segment, 'bytesOut'));
  const back = selected.pickCounts('back', reader.column(segment, 'bytesIn'));
  const rates = ratesOf(reader, segment, selected);
  for (let i = 0; i < selected.rows; i++) {
    bytes[slots[i]] += (out[i] + back[i]) * (rates === null ? 1 : rates[i] || 1);
  }
}

function countEach(values: ArrayLike<number>, rows: number, counts: Float64Array): void {
  for (let i = 0; i < rows; i++) counts[values[i]]++;
}

function isAnyAbove(values: Float64Array, slots: Uint32Array, bound: number, rows: number): boolean {
  for (let i = 0; i < rows; i++) if (values[slots[i]] > bound) return true;
  return false;
}

function isAnyBelow(values: Float64Array, slots: Uint32Array, bound: number, rows: number): boolean {
  for (let i = 0; i < rows; i++) if (values[slots[i]] < bound) return true;
  return false;
}

function keepLeast(values: ArrayLike<number>, slots: Uint32Array, least: Float64Array, rows: number): void {
  for (let i = 0; i < rows; i++) if (values[i] < least[slots[i]]) least[slots[i]] = values[i];
}

function keepMost(values: ArrayLike<number>, slots: Uint32Array, most: Float64Array, rows: number): void {
  for (let i = 0; i < rows; i++) if (values[i] > most[slots[i]]) most[slots[i]] = values[i];
}

/** One digit a step, `0` exactly where there is none and `z` for the most. */
function levels(counts: Uint32Array): string {
  let highest = 1;
  for (const count of counts) if (count > highest) highest = count;
  let text = '';
  for (const count of counts) text += LEVELS[Math.ceil((count / highest) * (LEVELS.length - 1))];
  return text;
}
