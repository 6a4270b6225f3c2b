import { DIRECTIONS, SEGMENT_ROWS } from '../../shared/flow.ts';
import { ZoneClock } from '../../shared/time.ts';
import { UNKNOWN } from '../../shared/vocabulary.ts';
import type { CaseReader, SegmentInfo } from './case-reader.ts';
import { countryCode } from './flow-records.ts';
import { HostNumbers, NO_HOST } from './host-numbers.ts';
import { LocalHours } from './local-hours.ts';
import { PairGrid } from './pair-index.ts';
import { lookUp, type SelectedRows } from './selected-rows.ts';

/** Flows by the dimensions of a summary: every flow's group as a number from 0. */

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

/** Value of a dimension; null where absent. */
export type Value = string | number | null;

const TIME_DIMENSIONS = ['hour', 'weekday', 'day'] as const;
type TimeDimension = (typeof TIME_DIMENSIONS)[number];
type PlainDimension = Exclude<Dimension, TimeDimension>;

function isTimeDimension(dimension: Dimension): dimension is TimeDimension {
  return TIME_DIMENSIONS.some((name) => name === dimension);
}

export function timeDimensionsOf(dimensions: readonly Dimension[]): TimeDimension[] {
  return dimensions.filter(isTimeDimension);
}

export function plainDimensionsOf(dimensions: readonly Dimension[]): PlainDimension[] {
  return dimensions.filter((name) => !isTimeDimension(name));
}

/** A dimension other than time: a number from 0 for each of its values. */
interface Key {
  readonly name: Dimension;
  /** Numbers given so far. */
  readonly size: number;
  /** The number of every selected row; the array may be used again for the next segment. */
  read(segment: SegmentInfo, selected: SelectedRows): ArrayLike<number>;
  /** What numbers are given to: a code for every row of a segment. */
  codes(segment: SegmentInfo): ArrayLike<number>;
  /** The number of a code. */
  numberOf(code: number): number;
  value(number: number): Value;
  isAbsent(number: number): boolean;
}

/** Codes below this are numbered by a table: all two-byte codes, and the AS numbers in use. */
const TABLED_CODES = 1 << 19;
const NOT_MET = 0xffff_ffff;

/** A key whose column holds codes, of which several may mean one value. */
class CodedKey implements Key {
  readonly name: PlainDimension;
  readonly #column: (segment: SegmentInfo) => ArrayLike<number>;
  readonly #meaning: (code: number) => Value;
  readonly #values: Value[] = [];
  readonly #numbers = new Map<Value, number>();
  /** Number + 1 by code; 0 = not met. */
  readonly #tabled = new Uint32Array(TABLED_CODES);
  /** The same for codes beyond the table. */
  readonly #others = new Map<number, number>();
  readonly #ofRows = new Uint32Array(SEGMENT_ROWS);

  constructor(
    name: PlainDimension,
    column: (segment: SegmentInfo) => ArrayLike<number>,
    meaning: (code: number) => Value,
  ) {
    this.name = name;
    this.#column = column;
    this.#meaning = meaning;
  }

  get size(): number {
    return this.#values.length;
  }

  value(number: number): Value {
    return this.#values[number] ?? null;
  }

  isAbsent(number: number): boolean {
    return this.value(number) === null;
  }

  codes(segment: SegmentInfo): ArrayLike<number> {
    return this.#column(segment);
  }

  read(segment: SegmentInfo, selected: SelectedRows): Uint32Array {
    const codes = selected.pick(this.name, this.#column(segment));
    const { rows } = selected;
    const [ofRows, tabled] = [this.#ofRows, this.#tabled];
    // Codes not met yet are looked for afterwards, so that the loop over all has no branch.
    let missing = 0;
    for (let i = 0; i < rows; i++) {
      const number = (tabled[codes[i]] ?? 0) - 1;
      missing |= number >>> 31;
      ofRows[i] = number;
    }
    if (missing === 0) return ofRows;
    for (let i = 0; i < rows; i++) if (ofRows[i] === NOT_MET) ofRows[i] = this.numberOf(codes[i]);
    return ofRows;
  }

  numberOf(code: number): number {
    const known = code < TABLED_CODES ? this.#tabled[code] : (this.#others.get(code) ?? 0);
    if (known !== 0) return known - 1;
    const value = this.#meaning(code);
    const number = this.#numbers.get(value) ?? this.#values.push(value) - 1;
    this.#numbers.set(value, number);
    if (code < TABLED_CODES) this.#tabled[code] = number + 1;
    else this.#others.set(code, number + 1);
    return number;
  }
}

/** Hosts, by their numbers in the case. */
class HostKey implements Key {
  readonly name = 'host';
  readonly #hosts: HostNumbers;

  constructor(hosts: HostNumbers) {
    this.#hosts = hosts;
  }

  get size(): number {
    return this.#hosts.limit;
  }

  read(segment: SegmentInfo, selected: SelectedRows): ArrayLike<number> {
    return selected.pick(this.name, this.#hosts.column(segment));
  }

  codes(segment: SegmentInfo): Uint32Array {
    return this.#hosts.column(segment);
  }

  numberOf(code: number): number {
    return code;
  }

  value(number: number): string | null {
    return this.#hosts.address(number);
  }

  isAbsent(number: number): boolean {
    return number === NO_HOST;
  }
}

/** A key of the case as it was read last: its tables are worth keeping for the next query. */
function keyOf(name: PlainDimension, reader: CaseReader): Key {
  const kept = reader.ofSnapshot(keyOf, () => new Map<PlainDimension, Key>());
  const key = kept.get(name) ?? makeKey(name, reader);
  kept.set(name, key);
  return key;
}

function makeKey(name: PlainDimension, reader: CaseReader): Key {
  if (name === 'host') return new HostKey(HostNumbers.of(reader));
  if (name === 'evidence') {
    const ids = [...new Set(reader.segments().map(({ evidence }) => evidence))];
    return new CodedKey(
      name,
      ({ rows, evidence }) => new Uint32Array(rows).fill(ids.indexOf(evidence)),
      (code) => ids[code] ?? null,
    );
  }
  return new CodedKey(name, (segment) => reader.column(segment, name), meaningOf(name, reader));
}

function meaningOf(name: Exclude<PlainDimension, 'host' | 'evidence'>, reader: CaseReader): (code: number) => Value {
  switch (name) {
    case 'service':
      return (code) => reader.term(code);
    case 'category':
    case 'protocol':
      return (code) => reader.term(code) ?? UNKNOWN;
    case 'country':
      return countryCode;
    case 'asn':
      return (code) => (code === 0 ? null : code);
    case 'direction':
      return (code) => DIRECTIONS[code] ?? null;
    case 'range': {
      const { ranges } = reader.profile;
      return (code) => ranges[code - 1]?.label ?? null;
    }
  }
}

/** Codes below this are counted in a table that is gone through once a segment. */
const COUNTED_CODES = 1 << 16;
/** Flows by code; all 0 between two segments. */
const BY_CODE = new Uint32Array(COUNTED_CODES);

/** The group of every row where there is no dimension. */
const ALL_IN_ONE = new Uint32Array(SEGMENT_ROWS);
/** Groups by row after the second dimension, the third, …; by the hour of a row's start; of both. One segment at a time. */
const OF_ROWS: Uint32Array[] = [];
const OF_STARTS = new Uint32Array(SEGMENT_ROWS);
const OF_CELLS = new Uint32Array(SEGMENT_ROWS);

/** The groups that dimensions other than time make: each divides the groups of those before it. */
export class Groups {
  readonly #steps: readonly { readonly key: Key; readonly grid: PairGrid }[];

  constructor(dimensions: readonly PlainDimension[], reader: CaseReader) {
    this.#steps = dimensions.map((name) => ({ key: keyOf(name, reader), grid: new PairGrid() }));
  }

  /** Groups met so far; 1 when there is no dimension. */
  get size(): number {
    return this.#steps.at(-1)?.grid.size ?? 1;
  }

  /** The group of every selected row; the array is shared, and written to at the next segment. */
  read(segment: SegmentInfo, selected: SelectedRows): ArrayLike<number> {
    const [first, ...rest] = this.#steps;
    if (first === undefined) return ALL_IN_ONE;
    let ofRows = first.key.read(segment, selected);
    first.grid.numberAlike(first.key.size);
    let { size } = first.grid;
    for (const [i, { key, grid }] of rest.entries()) {
      const into = (OF_ROWS[i] ??= new Uint32Array(SEGMENT_ROWS));
      const numbers = key.read(segment, selected);
      grid.reserve(size, key.size);
      grid.numberAll(ofRows, numbers, into, selected.rows);
      ofRows = into;
      ({ size } = grid);
    }
    return ofRows;
  }

  /**
   * The selected rows of each group, where one dimension of few codes makes the groups: without a group for each row, in a
   * third of the time. Null where it takes `read`.
   */
  countAlone(segment: SegmentInfo, selected: SelectedRows): Map<number, number> | null {
    const [only, second] = this.#steps;
    if (only === undefined || second !== undefined) return null;
    const codes = only.key.codes(segment);
    const isNarrow = codes instanceof Uint8Array || codes instanceof Uint16Array;
    if (!isNarrow && !(only.key instanceof HostKey && only.key.size <= COUNTED_CODES)) return null;
    selected.count(codes, BY_CODE);
    const groups = new Map<number, number>();
    let left = selected.rows;
    for (let code = 0; left > 0; code++) {
      const rows = BY_CODE[code];
      if (rows === 0) continue;
      left -= rows;
      BY_CODE[code] = 0;
      const group = only.key.numberOf(code);
      groups.set(group, (groups.get(group) ?? 0) + rows);
    }
    only.grid.numberAlike(only.key.size);
    return groups;
  }

  /** Whether the value of the last dimension is absent in a group; false where there is no dimension. */
  isAbsent(group: number): boolean {
    const last = this.#steps.at(-1);
    return last?.key.isAbsent(last.grid.seconds[group] ?? 0) ?? false;
  }

  /**
   * Writes the number that each dimension's value has in the case, in the order of the dimensions, from `at` on. These
   * numbers hold until the case is read anew; those of groups are made for one question.
   */
  valuesOf(group: number, into: Uint32Array, at: number): void {
    for (let i = this.#steps.length - 1, here = group; i >= 0; i--) {
      const grid = this.#steps[i]?.grid;
      into[at + i] = grid?.seconds[here] ?? 0;
      here = grid?.firsts[here] ?? 0;
    }
  }

  /** The group of the values that `valuesOf` told. */
  groupOf(values: Uint32Array, at: number): number {
    let group = 0;
    for (const [i, { key, grid }] of this.#steps.entries()) {
      if (i === 0) {
        grid.numberAlike(key.size);
        group = values[at];
      } else {
        grid.reserve(this.#steps[i - 1]?.grid.size ?? 1, key.size);
        group = grid.number(group, values[at + i]);
      }
    }
    return group;
  }

  /** What each dimension tells of some groups. */
  tell(groups: Uint32Array): Map<Dimension, ToldValues> {
    const told = new Map<Dimension, ToldValues>();
    let here = groups;
    for (const { key, grid } of this.#steps.toReversed()) {
      told.set(
        key.name,
        toldValues(
          here.map((group) => grid.seconds[group]),
          (number) => key.value(number),
        ),
      );
      here = here.map((group) => grid.firsts[group]);
    }
    return told;
  }
}

/** The values of a dimension in ascending order, null last, and the place among them of each cell's value. */
export interface ToldValues {
  readonly values: readonly Value[];
  readonly ranks: Uint32Array;
}

function toldValues(numbers: Uint32Array, valueOf: (number: number) => Value): ToldValues {
  const met = new Map<number, Value>();
  for (const number of numbers) if (!met.has(number)) met.set(number, valueOf(number));
  const values = [...new Set(met.values())].toSorted(compareValues);
  const ranks = new Map(values.map((value, rank) => [value, rank]));
  const rankOf = new Map([...met].map(([number, value]) => [number, ranks.get(value) ?? 0]));
  return { values, ranks: numbers.map((number) => rankOf.get(number) ?? 0) };
}

function compareValues(a: Value, b: Value): number {
  if (a === b) return 0;
  if (a === null) return 1;
  if (b === null) return -1;
  return a < b ? -1 : 1;
}

/** Hours that the table holds on either side of the first one asked for: almost two years. */
const TABLED_HOURS = 1 << 14;

/** Local hours by what some time dimensions tell apart, and the cells into which these groups of hours divide others. */
export class HourGroups {
  /** (group, group of hours) → cell; without groups a cell is a group of hours. */
  readonly cells = new PairGrid();
  readonly #isAlone: boolean;
  readonly #dimensions: readonly TimeDimension[];
  readonly #local: LocalHours;
  /** By group of hours: its first hour met. */
  readonly #hours: number[] = [];
  readonly #numbers = new Map<number, number>();
  /** By hour from `#from` on: 0 = not asked for, else twice its number + 2, and 1 more when the clock skipped it. */
  readonly #tabled = new Uint32Array(2 * TABLED_HOURS);
  #from = Number.NaN;

  /** @param isAlone there are no groups to divide */
  constructor(dimensions: readonly TimeDimension[], isAlone: boolean, reader: CaseReader) {
    this.#dimensions = dimensions;
    this.#isAlone = isAlone;
    this.#local = LocalHours.of(reader);
  }

  /** Groups of hours met so far. */
  get size(): number {
    return this.#hours.length;
  }

  /** The group of an hour. */
  number(hour: number): number {
    return (this.#entry(hour) >>> 1) - 1;
  }

  /** An hour of the group. */
  hourOf(number: number): number {
    return this.#hours[number] ?? 0;
  }

  /** True for an hour that the clock never showed. */
  isSkipped(hour: number): boolean {
    return (this.#entry(hour) & 1) === 1;
  }

  #entry(hour: number): number {
    if (Number.isNaN(this.#from)) this.#from = hour - TABLED_HOURS;
    const at = hour - this.#from;
    const isTabled = at >= 0 && at < this.#tabled.length;
    const known = isTabled ? this.#tabled[at] : 0;
    if (known !== 0) return known;
    const entry = this.#add(hour) * 2 + 2 + (this.#local.isSkipped(hour) ? 1 : 0);
    if (isTabled) this.#tabled[at] = entry;
    return entry;
  }

  #add(hour: number): number {
    const key = this.#dimensions.reduce((sum, dimension) => sum + timeKey(dimension, hour), 0);
    const number = this.#numbers.get(key) ?? this.#hours.push(hour) - 1;
    this.#numbers.set(key, number);
    if (this.#isAlone) this.cells.numberAlike(this.size);
    return number;
  }

  /**
   * The cell of each of `rows` rows, by its group (below `groups`) and the hour of its start; written to at the next call.
   *
   * @param starts by row: where in `hours` its start is
   */
  read(
    ofRows: ArrayLike<number>,
    rows: number,
    groups: number,
    hours: Int32Array,
    starts: ArrayLike<number>,
  ): Uint32Array {
    const numbers = Uint32Array.from(hours, (hour) => this.number(hour));
    lookUp(numbers, starts, OF_STARTS, rows);
    if (this.#isAlone) return OF_STARTS;
    this.cells.reserve(groups, this.size);
    this.cells.numberAll(ofRows, OF_STARTS, OF_CELLS, rows);
    return OF_CELLS;
  }

  /** What each dimension tells of some cells. */
  tell(cells: Uint32Array): Map<Dimension, ToldValues> {
    const numbers = cells.map((cell) => this.cells.seconds[cell]);
    return new Map(
      this.#dimensions.map((name) => [name, toldValues(numbers, (number) => timeValue(name, this.#hours[number]))]),
    );
  }
}

/** A number for what a dimension tells of an hour, such that the sums of all dimensions differ where one of them does. */
function timeKey(dimension: TimeDimension, localHour: number): number {
  switch (dimension) {
    case 'hour':
      return ZoneClock.hourOfDay(localHour);
    case 'weekday':
      return 24 * ZoneClock.weekday(localHour);
    case 'day':
      return 24 * 8 * Math.floor(localHour / 24);
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
