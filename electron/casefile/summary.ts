import { formatAddress } from '../../shared/address.ts';
import type { Metric } from '../../shared/finding.ts';
import { DIRECTIONS, SUBJECT_SIDES } from '../../shared/flow.ts';
import { ZoneClock } from '../../shared/time.ts';
import { UNKNOWN } from '../../shared/vocabulary.ts';
import type { CaseReader, SegmentInfo } from './case-reader.ts';
import { countryCode } from './flow-records.ts';
import type { FlowSelection } from './flow-selection.ts';
import { PairIndex } from './pair-index.ts';

/** Totals of flows, bytes, packets or host-hours by one dimension or several. */

export const DIMENSIONS = [
  'category',
  'service',
  'protocol',
  'country',
  'asn',
  'host',
  'range',
  'hour',
  'weekday',
  'day',
  'evidence',
  'direction',
] as const;
export type Dimension = (typeof DIMENSIONS)[number];

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

/**
 * Flows that claim to last longer (31 days) are not spread over hours: a lying end time would otherwise fill the calendar.
 */
export const LONGEST_SPAN_HOURS = 744;

const NO_HOST = 0;

type TimeDimension = 'hour' | 'weekday' | 'day';

function isTimeDimension(dimension: Dimension): dimension is TimeDimension {
  return dimension === 'hour' || dimension === 'weekday' || dimension === 'day';
}

/**
 * Summarises the matching flows (default: all). A flow counts at its start. When a dimension is `hour`, `weekday` or `day`,
 * bytes and packets are spread in equal parts over the local clock hours from the flow's first to its last packet.
 * Host-hours are distinct (host, local clock hour) touched; flows without a host touch none. Flows, bytes and packets are
 * multiplied by `sampling`. Rows come largest value first, ties by key, absent keys last; the `flows` of all rows add up to
 * the matching flows.
 */
export function summarise(
  reader: CaseReader,
  { by, metric, selection }: { by: readonly Dimension[]; metric: Metric; selection?: FlowSelection },
): SummaryRow[] {
  const dimensions = [...new Set(by)];
  const timeDimensions = dimensions.filter(isTimeDimension);
  const keys = dimensions.filter((name) => !isTimeDimension(name)).map((name) => keyOf(name, reader));
  const hours = new TouchedHours(new ZoneClock(reader.profile.timeZone));
  const tally = new Tally(timeDimensions.length > 0);
  const hosts = metric === 'host-hours' ? new HostNumbers(reader) : null;
  const spread = metric !== 'flows';

  for (const segment of reader.segments()) {
    const { rows } = segment;
    const mask = new Uint8Array(rows).fill(1);
    if (selection && selection.mark(segment, mask) === 0) continue;
    const groups = new Uint32Array(rows);
    for (const key of keys) key.refine(segment, mask, groups);
    const amounts = metric === 'bytes' || metric === 'packets' ? bothWays(reader, segment, metric) : null;
    const hostNumbers = hosts?.read(segment, mask);
    const rates = reader.column(segment, 'sampling');
    if (!tally.timed && hosts === null) {
      tally.flowsWithoutTime(mask, groups, amounts, rates);
      continue;
    }
    const starts = reader.column(segment, 'start');
    const ends = reader.column(segment, 'end');
    for (let i = 0; i < rows; i++) {
      if (mask[i] === 0) continue;
      const group = groups[i] ?? 0;
      const start = starts[i] ?? 0;
      hours.read(start, spread ? (ends[i] ?? 0) : start);
      const cell = tally.flow(group, hours.list[0] ?? 0);
      if (hours.tooLong) tally.unspread.set(cell, (tally.unspread.get(cell) ?? 0) + 1);
      if (hostNumbers) {
        const host = hostNumbers[i] ?? NO_HOST;
        if (host !== NO_HOST) tally.touch(group, host, hours);
      } else {
        const rate = rates[i] || 1;
        tally.spread(group, hours, (amounts ? (amounts[i] ?? 0) : 1) * rate, rate > 1);
      }
    }
  }
  return rowsOf(tally, dimensions, keys, timeDimensions, hosts !== null);
}

function bothWays(reader: CaseReader, segment: SegmentInfo, metric: 'bytes' | 'packets'): Float64Array {
  const out = reader.column(segment, metric === 'bytes' ? 'bytesOut' : 'packetsOut');
  const back = reader.column(segment, metric === 'bytes' ? 'bytesIn' : 'packetsIn');
  const both = new Float64Array(segment.rows);
  for (let i = 0; i < both.length; i++) both[i] = (out[i] ?? 0) + (back[i] ?? 0);
  return both;
}

/** The local clock hours that a flow touches, of one flow after the other. */
class TouchedHours {
  /** The first `count` entries hold, one or more, in order. */
  readonly list = new Float64Array(LONGEST_SPAN_HOURS);
  count = 0;
  /** The flow claims more than LONGEST_SPAN_HOURS: only its first hour is listed. */
  tooLong = false;
  readonly #clock: ZoneClock;

  constructor(clock: ZoneClock) {
    this.#clock = clock;
  }

  /** Takes the times of a flow's first and last packet (µs); an end before the start counts as the start. */
  read(start: number, end: number): void {
    const first = this.#clock.localHour(start);
    const last = end > start ? this.#clock.localHour(end) : first;
    this.list[0] = first;
    this.count = 1;
    this.tooLong = last - first >= LONGEST_SPAN_HOURS;
    if (this.tooLong || !(last > first)) return;
    const setForward = this.#clock.offsetMinutes(end) > this.#clock.offsetMinutes(start);
    for (let hour = first + 1; hour <= last; hour++) {
      if (!setForward || !this.#isSkipped(hour)) this.list[this.count++] = hour;
    }
  }

  /** True for an hour that the clock never showed, being set forward over it. */
  #isSkipped(hour: number): boolean {
    return this.#clock.startOfLocalHour(hour) === this.#clock.startOfLocalHour(hour + 1);
  }
}

/** Totals by cell: a group of the dimensions other than time and, when time matters, a local clock hour. */
class Tally {
  readonly timed: boolean;
  value = new Float64Array(1024);
  flows = new Float64Array(1024);
  scaled = new Uint8Array(1024);
  readonly unspread = new Map<number, number>();
  /** (group, hour) → cell; without time a cell is its group. */
  readonly cells = new PairIndex();
  cellCount = 0;
  /** (host, hour), and the (cell, host-hour) already counted. */
  readonly hostHours = new PairIndex();
  readonly #counted = new PairIndex();

  constructor(timed: boolean) {
    this.timed = timed;
  }

  /** Counts a flow at its start and returns the cell. */
  flow(group: number, hour: number): number {
    const cell = this.#cell(group, hour);
    this.flows[cell] = (this.flows[cell] ?? 0) + 1;
    return cell;
  }

  /** Counts the marked rows of a segment, an amount (default 1) times its sampling rate each. */
  flowsWithoutTime(
    mask: Uint8Array,
    groups: Uint32Array,
    amounts: ArrayLike<number> | null,
    rates: ArrayLike<number>,
  ): void {
    for (let i = 0; i < groups.length; i++) {
      if (mask[i] === 0) continue;
      const cell = this.flow(groups[i] ?? 0, 0);
      const rate = rates[i] || 1;
      if (rate > 1) this.scaled[cell] = 1;
      this.value[cell] = (this.value[cell] ?? 0) + (amounts ? (amounts[i] ?? 0) : 1) * rate;
    }
  }

  /** Adds an amount in equal parts to the hours. */
  spread(group: number, { list, count }: TouchedHours, amount: number, scaled: boolean): void {
    for (let i = 0; i < count; i++) {
      const cell = this.#cell(group, list[i] ?? 0);
      this.value[cell] = (this.value[cell] ?? 0) + amount / count;
      if (scaled) this.scaled[cell] = 1;
    }
  }

  /** Counts the host's hours that the group does not have yet. */
  touch(group: number, host: number, { list, count }: TouchedHours): void {
    for (let i = 0; i < count; i++) {
      const hour = list[i] ?? 0;
      const hostHour = this.hostHours.number(host, hour >>> 0);
      const cell = this.#cell(group, hour);
      const before = this.#counted.size;
      this.#counted.number(cell, hostHour);
      if (this.#counted.size > before) this.value[cell] = (this.value[cell] ?? 0) + 1;
    }
  }

  #cell(group: number, hour: number): number {
    const cell = this.timed ? this.cells.number(group, hour >>> 0) : group;
    if (cell >= this.cellCount) {
      this.cellCount = cell + 1;
      if (cell >= this.value.length) this.#grow(cell + 1);
    }
    return cell;
  }

  #grow(cells: number): void {
    const length = Math.max(cells, this.value.length * 2);
    const { value, flows, scaled } = this;
    this.value = new Float64Array(length);
    this.value.set(value);
    this.flows = new Float64Array(length);
    this.flows.set(flows);
    this.scaled = new Uint8Array(length);
    this.scaled.set(scaled);
  }
}

const DIRECT_CODES = 65_536;

/** A dimension other than time: its codes by row, and what a code means. */
class Key {
  readonly name: Dimension;
  readonly meaning: (code: number) => string | number | null;
  readonly #codes: (segment: SegmentInfo, mask: Uint8Array) => ArrayLike<number>;
  readonly #groups = new PairIndex();
  /** For group 0 (the only one, when this is the only key): number + 1 by code, so that most rows need no hashing. */
  readonly #direct = new Uint32Array(DIRECT_CODES);

  constructor(
    name: Dimension,
    codes: (segment: SegmentInfo, mask: Uint8Array) => ArrayLike<number>,
    meaning: (code: number) => string | number | null,
  ) {
    this.name = name;
    this.#codes = codes;
    this.meaning = meaning;
  }

  /** Divides the groups of the marked rows by this key: old group and code make the new group. */
  refine(segment: SegmentInfo, mask: Uint8Array, groups: Uint32Array): void {
    const codes = this.#codes(segment, mask);
    for (let i = 0; i < groups.length; i++) {
      if (mask[i] === 0) continue;
      const group = groups[i] ?? 0;
      const code = codes[i] ?? 0;
      const known = group === 0 && code < DIRECT_CODES ? (this.#direct[code] ?? 0) : 0;
      if (known > 0) {
        groups[i] = known - 1;
        continue;
      }
      const refined = this.#groups.number(group, code);
      groups[i] = refined;
      if (group === 0 && code < DIRECT_CODES) this.#direct[code] = refined + 1;
    }
  }

  /** The group before this key divided it. */
  groupBefore(group: number): number {
    return this.#groups.first(group);
  }

  value(group: number): string | number | null {
    return this.meaning(this.#groups.second(group));
  }
}

function keyOf(name: Exclude<Dimension, TimeDimension>, reader: CaseReader): Key {
  switch (name) {
    case 'service':
      return new Key(
        name,
        (segment) => reader.column(segment, name),
        (code) => reader.term(code),
      );
    case 'category':
    case 'protocol': {
      const absent = reader.termNumber(UNKNOWN) ?? 0;
      return new Key(
        name,
        (segment) => reader.column(segment, name).map((code) => code || absent),
        (code) => reader.term(code) ?? UNKNOWN,
      );
    }
    case 'country':
      return new Key(name, (segment) => reader.column(segment, 'country'), countryCode);
    case 'asn':
      return new Key(
        name,
        (segment) => reader.column(segment, 'asn'),
        (code) => (code === 0 ? null : code),
      );
    case 'direction':
      return new Key(
        name,
        (segment) => reader.column(segment, 'direction'),
        (code) => DIRECTIONS[code] ?? null,
      );
    case 'range': {
      // Several ranges may bear one label: they are one key.
      const labels = reader.profile.ranges.map(({ label }) => label);
      const codes = Uint16Array.from(labels, (label) => labels.indexOf(label) + 1);
      return new Key(
        name,
        (segment) => reader.column(segment, 'range').map((range) => codes[range - 1] ?? 0),
        (code) => labels[code - 1] ?? null,
      );
    }
    case 'evidence': {
      const ids: string[] = [];
      const codes = (segment: SegmentInfo): Uint32Array => {
        if (!ids.includes(segment.evidence)) ids.push(segment.evidence);
        return new Uint32Array(segment.rows).fill(ids.indexOf(segment.evidence));
      };
      return new Key(name, codes, (code) => ids[code] ?? null);
    }
    case 'host': {
      const hosts = new HostNumbers(reader);
      return new Key(
        name,
        (segment, mask) => hosts.read(segment, mask),
        (code) => hosts.address(code),
      );
    }
  }
}

/** Numbers the hosts of a case from 1; NO_HOST stands for none. */
class HostNumbers {
  readonly #reader: CaseReader;
  readonly #upper = new PairIndex();
  readonly #prefixes = new PairIndex();
  readonly #addresses = new PairIndex();

  constructor(reader: CaseReader) {
    this.#reader = reader;
  }

  /** The number of the host of every marked row. */
  read(segment: SegmentInfo, mask: Uint8Array): Uint32Array {
    const initiators = this.#reader.column(segment, 'initiator');
    const responders = this.#reader.column(segment, 'responder');
    const sides = this.#reader.column(segment, 'subjectSide');
    const numbers = new Uint32Array(segment.rows);
    let [a, b, c, prefix] = [-1, -1, -1, -1];
    for (let i = 0; i < numbers.length; i++) {
      if (mask[i] === 0) continue;
      const side = SUBJECT_SIDES[sides[i] ?? 0] ?? 'none';
      if (side === 'none') continue;
      const words = side === 'responder' ? responders : initiators;
      const at = i * 4;
      if (words[at] !== a || words[at + 1] !== b || words[at + 2] !== c) {
        [a, b, c] = [words[at] ?? 0, words[at + 1] ?? 0, words[at + 2] ?? 0];
        prefix = this.#prefixes.number(this.#upper.number(a, b), c);
      }
      numbers[i] = this.#addresses.number(prefix, words[at + 3] ?? 0) + 1;
    }
    return numbers;
  }

  /** The host's address; null for NO_HOST. */
  address(number: number): string | null {
    if (number === NO_HOST) return null;
    const prefix = this.#addresses.first(number - 1);
    const upper = this.#prefixes.first(prefix);
    return formatAddress(
      this.#upper.first(upper),
      this.#upper.second(upper),
      this.#prefixes.second(prefix),
      this.#addresses.second(number - 1),
    );
  }
}

function timeValue(dimension: TimeDimension, localHour: number): string | number {
  switch (dimension) {
    case 'hour':
      return ZoneClock.hourOfDay(localHour);
    case 'weekday':
      return ZoneClock.weekday(localHour);
    case 'day':
      return ZoneClock.day(localHour);
  }
}

/** Code by which a time dimension tells two local hours apart. */
function timeCode(dimension: TimeDimension, localHour: number): number {
  if (dimension === 'day') return Math.floor(localHour / 24) >>> 0;
  return dimension === 'hour' ? ZoneClock.hourOfDay(localHour) : ZoneClock.weekday(localHour);
}

/** Folds the cells into rows: hours that a dimension does not tell apart come together. */
function rowsOf(
  tally: Tally,
  dimensions: readonly Dimension[],
  keys: readonly Key[],
  timeDimensions: readonly TimeDimension[],
  hostHours: boolean,
): SummaryRow[] {
  const folds = timeDimensions.map(() => new PairIndex());
  const rows: SummaryRow[] = [];
  let total = 0;
  for (let cell = 0; cell < tally.cellCount; cell++) {
    const group = tally.timed ? tally.cells.first(cell) : cell;
    const hour = tally.timed ? tally.cells.second(cell) | 0 : 0;
    let number = group;
    for (const [i, dimension] of timeDimensions.entries()) {
      number = folds[i]?.number(number, timeCode(dimension, hour)) ?? 0;
    }
    const row = (rows[number] ??= {
      ...keysAt(group, hour, dimensions, keys),
      value: 0,
      share: null,
      flows: 0,
      scaled: false,
    });
    const value = tally.value[cell] ?? 0;
    total += value;
    row.value += value;
    row.flows += tally.flows[cell] ?? 0;
    row.scaled ||= tally.scaled[cell] === 1;
    const unspread = tally.unspread.get(cell) ?? 0;
    if (unspread > 0) row.unspread = (row.unspread ?? 0) + unspread;
  }
  const whole = hostHours ? tally.hostHours.size : total;
  const kept = rows.filter((row) => row.flows > 0 || row.value > 0);
  for (const row of kept) row.share = whole > 0 ? row.value / whole : null;
  return kept.toSorted((x, y) => y.value - x.value || compareKeys(x, y, dimensions));
}

function keysAt(
  group: number,
  hour: number,
  dimensions: readonly Dimension[],
  keys: readonly Key[],
): Partial<Record<Dimension, string | number | null>> {
  const values = new Map<Dimension, string | number | null>();
  let here = group;
  for (const key of keys.toReversed()) {
    values.set(key.name, key.value(here));
    here = key.groupBefore(here);
  }
  return Object.fromEntries(
    dimensions.map((name) => [name, isTimeDimension(name) ? timeValue(name, hour) : values.get(name)]),
  );
}

function compareKeys(x: SummaryRow, y: SummaryRow, dimensions: readonly Dimension[]): number {
  for (const dimension of dimensions) {
    const [a, b] = [x[dimension] ?? null, y[dimension] ?? null];
    if (a === b) continue;
    if (a === null) return 1;
    if (b === null) return -1;
    return a < b ? -1 : 1;
  }
  return 0;
}
