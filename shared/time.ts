/**
 * Instants and local clocks. An instant is a number of microseconds since 1970-01-01T00:00Z without leap seconds
 * (POSIX time), exact in a float64 until the year 2255. Zones are IANA names, their rules those of the runtime's Intl.
 */

const MS = 1000;
const HOUR = 3_600_000_000;
const DAY = 24 * HOUR;

/** Zone rules are looked up a week at a time: no zone has changed its offset twice within one. */
const CELL = 7 * DAY;
/** 2200-01-03: rules after this, and before 1970, are taken as frozen. */
const CELLS = 12_002;

/** Beyond this many milliseconds a Date holds nothing (ECMA-262, 21.4.1.1). */
export const LAST_DATE_MS = 8.64e15;

/**
 * Prints an instant as ISO 8601 in UTC with microseconds: `2017-05-17T01:02:03.000004Z`. A fraction of a microsecond is
 * cut. What no date can hold (NaN, or beyond the year 275760) is printed as `invalid time`.
 */
export function formatUtc(us: number): string {
  const whole = Math.floor(us);
  const rest = ((whole % MS) + MS) % MS;
  const ms = (whole - rest) / MS;
  if (!(Math.abs(ms) <= LAST_DATE_MS)) return 'invalid time';
  return `${new Date(ms).toISOString().slice(0, -1)}${String(rest).padStart(3, '0')}Z`;
}

const INSTANT =
  /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(?:([Zz])|([+-])(\d\d)(?::?(\d\d))?)?)?$/;

/**
 * Reads an ISO 8601 calendar date and time: with zone (`2017-05-17T01:02:03.4Z`, `…+08:30`), or a bare local date-time or
 * date (its first moment) in `timeZone`. A local time that the clock skips or meets twice is read as
 * `ZoneClock.instantOfLocal` tells. Digits beyond microseconds are cut. Returns microseconds since the epoch, or null when
 * the text is no such time. Throws RangeError when `timeZone` is not an IANA zone and the text needs one.
 */
export function parseInstant(text: string, timeZone: string): number | null {
  const match = INSTANT.exec(text);
  if (match === null) return null;
  const part = (index: number): number => Number(match[index] ?? 0);
  const [year, month, day, hour, minute, second] = [part(1), part(2), part(3), part(4), part(5), part(6)];
  if (hour > 23 || minute > 59 || second > 59) return null;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return null;
  const micros = Number((match[7] ?? '').padEnd(6, '0').slice(0, 6));
  const local = date.getTime() * MS + hour * HOUR + minute * 60e6 + second * 1e6 + micros;
  if (match[8] !== undefined) return local;
  if (match[9] !== undefined) {
    if (part(10) > 23 || part(11) > 59) return null;
    const offset = (part(10) * 60 + part(11)) * 60e6;
    return match[9] === '-' ? local + offset : local - offset;
  }
  if (lastClock?.timeZone !== timeZone) lastClock = new ZoneClock(timeZone);
  return lastClock.instantOfLocal(local);
}

/** The clock that `parseInstant` asked last: to make one takes milliseconds, and filters name a day or two each. */
let lastClock: ZoneClock | null = null;

/**
 * The clock on the wall of one zone. Made for millions of look-ups: offsets are asked of Intl once a week of data and
 * kept. Before 1970 and after 2199 the zone keeps the offset it has at that edge.
 */
export class ZoneClock {
  readonly timeZone: string;
  readonly #format: Intl.DateTimeFormat;
  /** Offset (µs) at the start of each week since the epoch; NaN = not asked yet. */
  readonly #cellOffsets = new Float64Array(CELLS + 1).fill(Number.NaN);
  /** Week → instant within it at which the offset changes. */
  readonly #transitions = new Map<number, number>();
  /** The last look-up: `#offset` holds from `#from` (inclusive) to `#to`. */
  #from = 0;
  #to = 0;
  #offset = 0;

  /** Throws RangeError when `timeZone` is not an IANA zone. */
  constructor(timeZone: string) {
    this.timeZone = timeZone;
    this.#format = new Intl.DateTimeFormat('en-u-ca-gregory-nu-latn', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  }

  /** Minutes that the local clock is ahead of UTC at an instant; a fraction where the zone counted seconds. */
  offsetMinutes(us: number): number {
    return this.#offsetAt(us) / 60e6;
  }

  /** Whole hours on the local clock since local 1970-01-01T00:00. */
  localHour(us: number): number {
    const offset = us >= this.#from && us < this.#to ? this.#offset : this.#offsetAt(us);
    return Math.floor((us + offset) / HOUR);
  }

  /**
   * First instant (µs, UTC) of a local clock hour. An hour met twice (clock set back) starts at its first meeting, and
   * lasts until the next hour starts; an hour that the clock skipped starts, and ends, at the skip.
   */
  startOfLocalHour(localHour: number): number {
    return this.instantOfLocal(localHour * HOUR);
  }

  /**
   * The instant at which the local clock shows `localUs` microseconds since local 1970-01-01T00:00: the first such when it
   * is shown twice, the moment of the skip when it is not shown at all.
   */
  instantOfLocal(localUs: number): number {
    const before = this.#offsetAt(localUs - DAY);
    const after = this.#offsetAt(localUs + DAY);
    const first = localUs - before;
    const second = localUs - after;
    if (this.#offsetAt(first) === before) return first;
    if (this.#offsetAt(second) === after) return second;
    let skip = first;
    while (this.#offsetAt(skip) === after) skip = this.#from - 1;
    return skip + 1;
  }

  /** Hour of the day (0..23) of a local clock hour. */
  static hourOfDay(localHour: number): number {
    return ((localHour % 24) + 24) % 24;
  }

  /** ISO 8601 weekday (1 = Monday … 7 = Sunday) of a local clock hour. */
  static weekday(localHour: number): number {
    const days = Math.floor(localHour / 24);
    return ((((days + 3) % 7) + 7) % 7) + 1;
  }

  /** Date (YYYY-MM-DD) of a local clock hour. */
  static day(localHour: number): string {
    return formatUtc(localHour * HOUR).split('T', 1)[0] ?? '';
  }

  #offsetAt(us: number): number {
    if (us >= this.#from && us < this.#to) return this.#offset;
    const cell = us >= 0 ? Math.min(Math.floor(us / CELL), CELLS - 1) : 0;
    const from = this.#cellOffset(cell);
    const to = this.#cellOffset(cell + 1);
    const transition = from === to ? Number.NaN : this.#transition(cell, from);
    if (us >= transition) {
      this.#offset = to;
      this.#from = transition;
      this.#to = this.#lastKnown(cell + 1, to);
    } else {
      this.#offset = from;
      this.#from = this.#firstKnown(cell, from);
      this.#to = Number.isNaN(transition) ? this.#lastKnown(cell + 1, to) : transition;
    }
    return this.#offset;
  }

  /** How far back from the start of `cell` the offset is known to be the same. */
  #firstKnown(cell: number, offset: number): number {
    let first = cell;
    while (first > 0 && this.#cellOffsets[first - 1] === offset) first--;
    return first === 0 ? -Infinity : first * CELL;
  }

  /** How far on from the start of `cell` the offset is known to be the same. */
  #lastKnown(cell: number, offset: number): number {
    let last = cell;
    while (last < CELLS && this.#cellOffsets[last + 1] === offset) last++;
    return last === CELLS ? Infinity : last * CELL;
  }

  #cellOffset(cell: number): number {
    const known = this.#cellOffsets[cell] ?? Number.NaN;
    if (!Number.isNaN(known)) return known;
    const offset = this.#ask(cell * CELL);
    this.#cellOffsets[cell] = offset;
    return offset;
  }

  /** The instant within a week at which the offset stops being `from`, by bisection to the second. */
  #transition(cell: number, from: number): number {
    const known = this.#transitions.get(cell);
    if (known !== undefined) return known;
    let low = (cell * CELL) / 1e6;
    let high = ((cell + 1) * CELL) / 1e6;
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (this.#ask(middle * 1e6) === from) low = middle;
      else high = middle;
    }
    this.#transitions.set(cell, high * 1e6);
    return high * 1e6;
  }

  /** Offset at a whole second, as Intl tells it. */
  #ask(us: number): number {
    const field: Partial<Record<Intl.DateTimeFormatPartTypes, number>> = {};
    for (const { type, value } of this.#format.formatToParts(us / MS)) field[type] = Number(value);
    const { year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = field;
    return Date.UTC(year, month - 1, day, hour, minute, second) * MS - us;
  }
}
