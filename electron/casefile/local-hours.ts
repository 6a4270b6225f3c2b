import { ZoneClock } from '../../shared/time.ts';
import type { CaseReader, SegmentInfo } from './case-reader.ts';

/**
 * Flows that claim to last longer (31 days) are not spread over hours: a lying end time would otherwise fill the calendar.
 */
export const LONGEST_SPAN_HOURS = 744;

/** The local clock hours of a segment's flows. A local hour counts from local 1970-01-01T00:00, 32 bits of it. */
export interface SegmentHours {
  readonly byteLength: number;
  /** Hours in which a flow starts, ascending. */
  readonly hours: Int32Array;
  /** By row: where in `hours` its start is. */
  readonly starts: Uint16Array;
  /**
   * By row: hours from its first to its last packet, both included, with those that the clock skipped; 1 when it ends
   * before it starts, 0 when they are more than LONGEST_SPAN_HOURS.
   */
  readonly spans: Uint16Array;
}

/** Rows by the hour of their start: those of `hours[n]` from `runs[n]` to `runs[n + 1]`. */
export interface RowsByHour {
  readonly byteLength: number;
  readonly order: Uint16Array;
  readonly runs: Uint32Array;
}

/** The clock of a case's profile and the local hours of its flows, read once and cached with the columns. */
export class LocalHours {
  readonly #reader: CaseReader;
  readonly #clock: ZoneClock;
  readonly #skipped = new Map<number, boolean>();

  /** The hours of a case as it was read last. */
  static of(reader: CaseReader): LocalHours {
    return reader.ofSnapshot(LocalHours, () => new LocalHours(reader));
  }

  private constructor(reader: CaseReader) {
    this.#reader = reader;
    this.#clock = new ZoneClock(reader.profile.timeZone);
  }

  /** True for an hour that the clock never showed, being set forward over it. */
  isSkipped(hour: number): boolean {
    let skipped = this.#skipped.get(hour);
    if (skipped === undefined) {
      skipped = this.#clock.startOfLocalHour(hour) === this.#clock.startOfLocalHour(hour + 1);
      this.#skipped.set(hour, skipped);
    }
    return skipped;
  }

  ofSegment(segment: SegmentInfo): SegmentHours {
    return this.#reader.derived(segment, 'local hours', () => this.#read(segment));
  }

  #read(segment: SegmentInfo): SegmentHours {
    const { rows } = segment;
    const start = this.#reader.columnOnce(segment, 'start');
    const end = this.#reader.columnOnce(segment, 'end');
    const clock = this.#clock;
    const firsts = new Int32Array(rows);
    const spans = new Uint16Array(rows);
    for (let i = 0; i < rows; i++) {
      const from = clock.localHour(start[i]);
      const to = end[i] > start[i] ? clock.localHour(end[i]) : from;
      firsts[i] = from;
      spans[i] = to > from ? (to - from < LONGEST_SPAN_HOURS ? to - from + 1 : 0) : 1;
    }
    const hours = distinct(firsts).toSorted();
    const numbers = new Map([...hours].map((hour, n) => [hour, n]));
    const starts = new Uint16Array(rows);
    for (let i = 0, number = 0; i < rows; i++) {
      if (hours[number] !== firsts[i]) number = numbers.get(firsts[i]) ?? 0;
      starts[i] = number;
    }
    return { byteLength: hours.byteLength + starts.byteLength + spans.byteLength, hours, starts, spans };
  }

  rowsByHour(segment: SegmentInfo): RowsByHour {
    return this.#reader.derived(segment, 'rows by hour', () => {
      const { hours, starts } = this.ofSegment(segment);
      const runs = new Uint32Array(hours.length + 1);
      for (let i = 0; i < starts.length; i++) runs[starts[i] + 1]++;
      for (let n = 0; n < hours.length; n++) runs[n + 1] += runs[n];
      const order = new Uint16Array(starts.length);
      const next = runs.slice();
      for (let i = 0; i < order.length; i++) order[next[starts[i]]++] = i;
      return { byteLength: order.byteLength + runs.byteLength, order, runs };
    });
  }
}

function distinct(hours: Int32Array): Int32Array {
  const met = new Set<number>();
  let last = Number.NaN;
  for (const hour of hours) {
    if (hour !== last) met.add(hour);
    last = hour;
  }
  return Int32Array.from(met);
}
