import type { CaseReader } from './case-reader.ts';
import type { CellTally } from './cell-tally.ts';
import type { Groups, HourGroups } from './flow-groups.ts';
import type { FlowSelection } from './flow-selection.ts';
import { HostNumbers, NO_HOST } from './host-numbers.ts';
import { LocalHours, type RowsByHour, type SegmentHours } from './local-hours.ts';
import { SelectedRows } from './selected-rows.ts';

/** Stands for the group of a row that does not count. */
const UNMARKED = 0xffff_ffff;

/** A segment of which some hours are swept and some are not yet. */
interface OpenSegment {
  readonly hours: SegmentHours;
  readonly rows: RowsByHour;
  /** By row: its group or UNMARKED, and its host. */
  readonly groups: Uint32Array;
  readonly hosts: Uint32Array;
  /** Place in `hours.hours` of the next one. */
  next: number;
}

/** A flow that lasts beyond the hour of its start, until `last`. */
interface LastingFlow {
  readonly group: number;
  readonly host: number;
  readonly last: number;
}

/**
 * Counts distinct (group, host, local clock hour) by going through the hours of the case in order, so that only what was
 * met in the hour itself must be known.
 *
 * Memory: 14 bytes for each flow of the segments that overlap in time.
 *
 * @param selection the flows that count; default: all
 * @param hourGroups when given, cells are theirs, else they are the groups
 * @param tally gets flows and, as its values, host-hours
 * @returns the number of distinct host-hours, whatever the group
 */
export function sweepHostHours(
  reader: CaseReader,
  selection: FlowSelection | undefined,
  groups: Groups,
  hourGroups: HourGroups | null,
  tally: CellTally,
): number {
  const local = LocalHours.of(reader);
  const hosts = HostNumbers.of(reader);
  const every = new SelectedRows(undefined);
  const waiting = reader
    .segments()
    .filter(({ rows }) => rows > 0)
    .map((segment) => ({ segment, first: local.ofSegment(segment).hours[0] }))
    .toSorted((x, y) => y.first - x.first);
  let open: OpenSegment[] = [];
  let lasting: LastingFlow[] = [];
  const touched = new TouchedHosts(tally);
  let hour = -Infinity;
  for (;;) {
    hour = lasting.length > 0 ? hour + 1 : nextHour(open, waiting.at(-1)?.first);
    if (hour === Infinity) return touched.hostHours;
    for (let next = waiting.at(-1); next !== undefined && next.first <= hour; next = waiting.at(-1)) {
      waiting.pop();
      const mask = new Uint8Array(next.segment.rows).fill(1);
      if (selection?.mark(next.segment, mask) === 0) continue;
      every.choose(next.segment);
      const read = groups.read(next.segment, every);
      const ofRows = Uint32Array.from(mask, (marked, i) => (marked === 1 ? read[i] : UNMARKED));
      open.push({
        hours: local.ofSegment(next.segment),
        rows: local.rowsByHour(next.segment),
        groups: ofRows,
        hosts: hosts.column(next.segment),
        next: 0,
      });
    }
    touched.startHour(hosts.limit, groups.size, hourGroups, hour);
    if (lasting.length > 0) {
      if (!local.isSkipped(hour)) for (const { group, host } of lasting) touched.touchAgain(group, host);
      lasting = lasting.filter(({ last }) => last > hour);
    }
    for (const segment of open) if (segment.hours.hours[segment.next] === hour) touched.sweep(segment, lasting);
    open = open.filter(({ hours, next }) => next < hours.hours.length);
  }
}

/** The next hour in which a flow starts; Infinity when there is none. */
function nextHour(open: readonly OpenSegment[], waiting = Infinity): number {
  return open.reduce((least, { hours, next }) => Math.min(least, hours.hours[next]), waiting);
}

/** Words of a slot. */
const SLOT = 4;

/** The (group, host) pairs met in one hour, of one hour after the other. */
class TouchedHosts {
  /** Distinct (host, hour) so far. */
  hostHours = 0;
  readonly #tally: CellTally;
  #turn = 0;
  #hour = 0;
  #hourGroups: HourGroups | null = null;
  #hourGroup = 0;
  /** The group asked for last in this hour, and its cell. */
  #lastGroup = -1;
  #lastCell = 0;
  /** By host: the turn in which it was met last. */
  #hostTurns = new Uint32Array(64);
  /** Open addressing: slots of turn, group and host; one of another turn is free. At least half are free. */
  #slots = new Uint32Array(1024 * SLOT);
  #mask = 1023;
  #pairs = 0;

  constructor(tally: CellTally) {
    this.#tally = tally;
  }

  /** Forgets the pairs; hosts and groups met from now on are below these. */
  startHour(hosts: number, groups: number, hourGroups: HourGroups | null, hour: number): void {
    this.#turn++;
    this.#hour = hour;
    this.#pairs = 0;
    this.#lastGroup = -1;
    this.#hourGroups = hourGroups;
    if (hourGroups === null) {
      this.#tally.reserve(groups);
    } else {
      this.#hourGroup = hourGroups.number(hour);
      hourGroups.cells.reserve(groups, hourGroups.size);
    }
    if (hosts > this.#hostTurns.length) {
      const turns = new Uint32Array(hosts);
      turns.set(this.#hostTurns);
      this.#hostTurns = turns;
    }
  }

  /** Counts the flows of a segment that start in this hour and adds those that last longer to `lasting`. */
  sweep(segment: OpenSegment, lasting: LastingFlow[]): void {
    const { groups, hosts, next } = segment;
    const { spans } = segment.hours;
    const { order, runs } = segment.rows;
    for (let i = runs[next]; i < runs[next + 1]; i++) {
      const row = order[i];
      const group = groups[row];
      if (group === UNMARKED) continue;
      const cell = this.#cell(group);
      this.#tally.flows[cell]++;
      const host = hosts[row];
      if (host !== NO_HOST) this.#touch(group, host, cell);
      const span = spans[row];
      if (span === 1) continue;
      if (span === 0) this.#tally.noteUnspread(cell);
      else if (host !== NO_HOST) lasting.push({ group, host, last: this.#hour + span - 1 });
    }
    segment.next++;
  }

  /** Counts the hour for a group and host met in an hour before. */
  touchAgain(group: number, host: number): void {
    this.#touch(group, host, this.#cell(group));
  }

  /** Counts the hour for the host, and in the group's cell, unless they have it already. */
  #touch(group: number, host: number, cell: number): void {
    if (!this.#isNew(group, host)) return;
    this.#tally.value[cell]++;
    if (this.#hostTurns[host] === this.#turn) return;
    this.#hostTurns[host] = this.#turn;
    this.hostHours++;
  }

  #cell(group: number): number {
    if (this.#hourGroups === null) return group;
    if (group === this.#lastGroup) return this.#lastCell;
    const cell = this.#hourGroups.cells.number(group, this.#hourGroup);
    this.#tally.reserve(cell + 1);
    this.#lastGroup = group;
    this.#lastCell = cell;
    return cell;
  }

  #isNew(group: number, host: number): boolean {
    const [slots, turn] = [this.#slots, this.#turn];
    let at = (slotOf(group, host) & this.#mask) * SLOT;
    while (slots[at] === turn) {
      if (slots[at + 1] === group && slots[at + 2] === host) return false;
      at = at + SLOT === slots.length ? 0 : at + SLOT;
    }
    slots[at] = turn;
    slots[at + 1] = group;
    slots[at + 2] = host;
    if (++this.#pairs * 2 > this.#mask) this.#grow();
    return true;
  }

  #grow(): void {
    const slots = this.#slots;
    this.#slots = new Uint32Array(slots.length * 2);
    this.#mask = this.#mask * 2 + 1;
    this.#pairs = 0;
    for (let at = 0; at < slots.length; at += SLOT) {
      if (slots[at] === this.#turn) this.#isNew(slots[at + 1], slots[at + 2]);
    }
  }
}

/** Mixes as the finaliser of MurmurHash3 does (A. Appleby, 2011), in part. */
function slotOf(group: number, host: number): number {
  const mixed = Math.imul(group, 0x9e3779b1) ^ Math.imul(host, 0x85ebca6b);
  return mixed ^ (mixed >>> 15);
}
