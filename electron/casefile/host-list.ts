import type { HostActivity, HostList } from '../../shared/jobs.ts';
import { ZoneClock } from '../../shared/time.ts';
import type { CaseReader } from './case-reader.ts';
import { ratesOf } from './cell-tally.ts';
import type { FlowSelection } from './flow-selection.ts';
import { HostNumbers, NO_HOST } from './host-numbers.ts';
import { LocalHours } from './local-hours.ts';
import { SelectedRows } from './selected-rows.ts';

/** Steps of time that a host's activity is told in, at most. */
const MOST_STEPS = 60;
/** Levels of activity are told by one digit of this base. */
const LEVELS = 36;
const NOT_LISTED = 0;

/**
 * The hosts of the matching flows (their end in the profile's ranges), most flows first, ties by number in the case; the
 * first `limit` of them. Flows as recorded; bytes both ways, multiplied by `sampling`. Two passes over the flows: the first
 * counts the flows of each host, the second sees to those listed.
 */
export function hostList(reader: CaseReader, selection: FlowSelection, limit: number): HostList {
  const selected = new SelectedRows(selection);
  const numbers = HostNumbers.of(reader);
  const local = LocalHours.of(reader);
  // Of the whole case: so all hosts have their numbers, and steps are the same whatever the filter.
  let [firstDay, lastDay] = [Infinity, -Infinity];
  for (const segment of reader.segments()) {
    numbers.column(segment);
    const { hours } = local.ofSegment(segment);
    firstDay = Math.min(firstDay, Math.floor((hours[0] ?? Infinity) / 24));
    lastDay = Math.max(lastDay, Math.floor((hours.at(-1) ?? -Infinity) / 24));
  }
  const flows = new Float64Array(numbers.limit);
  for (const segment of reader.segments()) {
    if (selected.choose(segment)) countEach(selected.pick('hosts', numbers.column(segment)), selected.rows, flows);
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
  const daysPerStep = Math.ceil((lastDay - firstDay + 1) / MOST_STEPS);
  const steps = Math.ceil((lastDay - firstDay + 1) / daysPerStep);
  const activity = new Uint32Array(size * steps);
  for (const segment of reader.segments()) {
    if (!selected.choose(segment)) continue;
    const { rows } = selected;
    const hosts = selected.pick('hosts', numbers.column(segment));
    const starts = selected.pick('start', reader.column(segment, 'start'));
    const ends = selected.pick('end', reader.column(segment, 'end'));
    const out = selected.pick('out', reader.column(segment, 'bytesOut'));
    const back = selected.pick('back', reader.column(segment, 'bytesIn'));
    const rates = ratesOf(reader, segment, selected);
    const { hours, starts: startHours } = local.ofSegment(segment);
    const stepOf = Uint32Array.from(hours, (hour) => Math.floor((Math.floor(hour / 24) - firstDay) / daysPerStep));
    const startsIn = selected.pick('starts', startHours);
    for (let i = 0; i < rows; i++) {
      const slot = slots[hosts[i]];
      bytes[slot] += (out[i] + back[i]) * (rates === null ? 1 : rates[i] || 1);
      if (starts[i] < first[slot]) first[slot] = starts[i];
      if (ends[i] > last[slot]) last[slot] = ends[i];
      activity[slot * steps + stepOf[startsIn[i]]]++;
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

function countEach(values: ArrayLike<number>, rows: number, counts: Float64Array): void {
  for (let i = 0; i < rows; i++) counts[values[i]]++;
}

/** One digit a step, `0` exactly where there is none and `z` for the most. */
function levels(counts: Uint32Array): string {
  let highest = 1;
  for (const count of counts) highest = Math.max(highest, count);
  let text = '';
  for (const count of counts) text += Math.ceil((count / highest) * (LEVELS - 1)).toString(LEVELS);
  return text;
}
