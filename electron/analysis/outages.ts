import { ZoneClock } from '../../shared/time.ts';
import type { DayTally, TrafficTally } from './traffic-tally.ts';
import { overdispersion, probabilityOfNone } from './statistics/probability-of-none.ts';

/** Outages of the network, told apart from the quiet hours that every network has. */

/** Other flows must be seen for so long while none of the ranges is: one stray flow shows no outage. */
export const SHORTEST_OUTAGE_MINUTES = 1;
/** So many silences like it are expected by chance in the whole case, at most. */
export const MOST_BY_CHANCE = 0.05;
/** Stretches are compared with those of other weeks from so many days on, before with those of other days. */
const DAYS_FOR_WEEKS = 21;
/** At least so many other stretches must show what is usual, each observed in this share of its hours. */
const LEAST_MATCHED = 2;
const LEAST_OBSERVED = 0.75;

/** Microseconds since the epoch, of the first and the last flow in it. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

export interface Outages {
  readonly spans: readonly Span[];
  /** Local clock hours since the epoch that lie in them. */
  readonly hours: ReadonlySet<number>;
  /** Further stretches of silence that are no more than such hours are expected to have. */
  readonly asExpected: number;
}

/** Clock hours that follow each other, of the first observed flow and the last. */
interface Silence extends Span {
  readonly hour: number;
  length: number;
}

/**
 * Runs of clock hours in which the evidence shows flows, a minute apart at least, but none from or to the profile's ranges, where so
 * long a silence is not to be expected: the flows of the ranges in the same hours of the same weekday in other weeks (of other
 * days, in cases of less than three weeks) make it so unlikely (statistics/probability-of-none.ts) that not one in twenty cases would hold
 * such a silence by chance, however many stretches of that length there are (Bonferroni).
 */
export function outagesOf(tally: TrafficTally, days: readonly DayTally[]): Outages {
  const spans: Span[] = [];
  const hours = new Set<number>();
  if (tally.outsideFlows === 0) return { spans, hours, asExpected: 0 };
  const series = new HourlySubjects(days);
  const overdispersions = new Map<number, number>();
  let asExpected = 0;
  for (const silence of silences(days)) {
    const { hour, length, from, to } = silence;
    if (to - from < SHORTEST_OUTAGE_MINUTES * 60e6) continue;
    const factor = overdispersions.get(length) ?? overdispersion(series.pairs(length));
    overdispersions.set(length, factor);
    const matched = series.matched(hour, length);
    const chance = matched.length < LEAST_MATCHED ? 1 : probabilityOfNone(matched, factor);
    if (chance * (series.observedHours / length) > MOST_BY_CHANCE) {
      asExpected++;
      continue;
    }
    spans.push({ from, to });
    for (let each = hour; each < hour + length; each++) hours.add(each);
  }
  return { spans, hours, asExpected };
}

function silences(days: readonly DayTally[]): Silence[] {
  const found: (Silence & { to: number })[] = [];
  for (const day of days) {
    for (let h = 0; h < 24; h++) {
      if (day.observed[h] === 0 || day.subjectTouching[h] > 0) continue;
      const hour = day.day * 24 + h;
      const last = found.at(-1);
      if (last !== undefined && last.hour + last.length === hour) {
        last.length++;
        last.to = day.lastSeen[h];
      } else found.push({ hour, length: 1, from: day.firstSeen[h], to: day.lastSeen[h] });
    }
  }
  return found;
}

/** Flows of the ranges by clock hour, and what stretches of hours hold. */
class HourlySubjects {
  readonly observedHours: number;
  readonly #days: readonly DayTally[];
  readonly #position: ReadonlyMap<number, number>;
  /** Sums over all hours of the days before an hour. */
  readonly #flows: Float64Array;
  readonly #observed: Float64Array;
  /** Days from a stretch to the next that is like it. */
  readonly #period: number;

  constructor(days: readonly DayTally[]) {
    this.#days = days;
    this.#position = new Map(days.map(({ day }, at) => [day, at]));
    this.#flows = new Float64Array(days.length * 24 + 1);
    this.#observed = new Float64Array(days.length * 24 + 1);
    days.forEach((day, at) => {
      for (let h = 0; h < 24; h++) {
        const hour = at * 24 + h;
        this.#flows[hour + 1] = this.#flows[hour] + day.subjectTouching[h];
        this.#observed[hour + 1] = this.#observed[hour] + day.observed[h];
      }
    });
    this.observedHours = this.#observed[days.length * 24];
    this.#period = days.length >= DAYS_FOR_WEEKS ? 7 : 1;
  }

  /** What the `length` hours from `hour` on (local, since the epoch) hold, made whole; null where too few of them are observed. */
  #held(hour: number, length: number): number | null {
    const day = Math.floor(hour / 24);
    const at = this.#position.get(day);
    if (at === undefined) return null;
    const first = at * 24 + ZoneClock.hourOfDay(hour);
    const end = first + length;
    const last = this.#days[Math.floor((end - 1) / 24)];
    if (last === undefined || last.day !== Math.floor((hour + length - 1) / 24)) return null;
    const observed = this.#observed[end] - this.#observed[first];
    return observed < LEAST_OBSERVED * length ? null : ((this.#flows[end] - this.#flows[first]) * length) / observed;
  }

  /** What stretches hold that are like the one from `hour` on, which is left out. */
  matched(hour: number, length: number): number[] {
    const own = Math.floor(hour / 24);
    return this.#days.flatMap(({ day }) => {
      const isApart = Math.abs(day - own) * 24 >= length;
      if (!isApart || (day - own) % this.#period !== 0) return [];
      return this.#held(day * 24 + ZoneClock.hourOfDay(hour), length) ?? [];
    });
  }

  /** What all stretches of `length` hours hold, beside what those a period later hold. */
  *pairs(length: number): Generator<readonly [number, number]> {
    for (const { day } of this.#days) {
      for (let h = 0; h < 24; h++) {
        const one = this.#held(day * 24 + h, length);
        const other = one === null ? null : this.#held((day + this.#period) * 24 + h, length);
        if (one !== null && other !== null) yield [one, other];
      }
    }
  }
}
