import { Random } from './random.ts';

/**
 * Activity around events against what the same hours of the week hold in other weeks.
 *
 * Superposed epochs (Chree, Phil. Trans. R. Soc. A 212, 1913): hours are counted from each event and added up over the
 * events. Expectation of an hour: mean of the same hour and weekday in the other weeks, without the lowest and the highest
 * of them where there are five or more. So events at dawn or on Sundays are not compared with noon or Monday.
 *
 * Test: the weeks of the events are dealt anew among all weeks; weekday, hour and what falls into one week stay together.
 * Statistic: the best rank of the log ratio of activity to expectation in any of several windows of lags, in either direction, so
 * that choosing a window is paid for (the step of least p of Westfall and Young, Resampling-Based Multiple Testing, 1993). Exact when there are
 * few ways to deal the weeks, else p = (1 + hits) / (1 + draws) (Phipson and Smyth, SAGMB 9, 2010).
 */

export const WEEK_HOURS = 168;

/** Windows of lags in hours from the event, the end excluded. */
export interface LagWindow {
  readonly from: number;
  readonly to: number;
}

/** Hours in a row; hour 0 is the first of a week. */
export interface HourSeries {
  readonly values: Float64Array;
  /** 1 where the value is known. */
  readonly observed: Uint8Array;
}

/** Fewest observed weeks that an hour of the week is compared with. */
export const LEAST_WEEKS = 4;
/** A week is one that events may be dealt to when so many of its hours are observed. */
const LEAST_WEEK_HOURS = 24;
/** An event's window must be observed by this share. */
export const LEAST_WINDOW_SHARE = 0.75;
/** Up to so many ways to deal the weeks are all tried. */
const MOST_EXACT = 5000;
/** Draws × events that are kept: with very many events there are fewer draws. */
const MOST_PLACES = 2_000_000;
/** Planted ratios beyond this are not looked at; how many weeks they are planted in, and how closely the least is found. */
const GREATEST_RATIO = 10;
const PLANTINGS = 25;
const FEWEST_PLANTINGS = 20;
const MOST_PLANTED_HOURS = 1_000_000;
const RATIO_STEP = 1.25;
const BISECTIONS = 3;
/** Draws in a row that may fail to find places for all events. */
const MOST_TRIES = 2000;

/**
 * Expected value of every hour away from events: from the same hour of other weeks, in all as much as was seen in the hours that
 * are compared with; NaN where fewer than three others are known.
 *
 * @param reference 1 for hours that may be compared with; those that events may have changed are left out of it
 */
export function undisturbedExpectation(series: HourSeries, reference: Uint8Array): Float64Array {
  const expected = ofOtherWeeks(series, reference);
  let seen = 0;
  let sum = 0;
  for (let hour = 0; hour < expected.length; hour++) {
    if (reference[hour] === 0 || Number.isNaN(expected[hour])) continue;
    seen += series.values[hour];
    sum += expected[hour];
  }
  // Cutting the highest value off a skewed distribution makes its mean too small; over all known hours it must be right.
  return sum === 0 ? expected : expected.map((value) => (value * seen) / sum);
}

/**
 * The same from all other weeks, whatever happened in them, such that the median day has what is expected of it: what the
 * test compares with, since it must not depend on where the events are put, nor be shifted by a strong effect on few days.
 */
export function expectationOfAll(series: HourSeries): Float64Array {
  const { values, observed } = series;
  const expected = ofOtherWeeks(series, observed);
  const days: number[] = [];
  for (let from = 0; from < expected.length; from += 24) {
    let seen = 0;
    let sum = 0;
    for (let hour = from; hour < Math.min(from + 24, expected.length); hour++) {
      if (Number.isNaN(expected[hour])) continue;
      seen += values[hour];
      sum += expected[hour];
    }
    if (sum > 0) days.push(seen / sum);
  }
  const median = days.toSorted((x, y) => x - y)[Math.floor(days.length / 2)] ?? 0;
  return median === 0 ? expected : expected.map((value) => value * median);
}

function ofOtherWeeks({ values, observed }: HourSeries, reference: Uint8Array): Float64Array {
  const expected = new Float64Array(values.length).fill(Number.NaN);
  for (let slot = 0; slot < WEEK_HOURS; slot++) {
    const known: number[] = [];
    for (let hour = slot; hour < values.length; hour += WEEK_HOURS) if (reference[hour] === 1) known.push(values[hour]);
    known.sort((x, y) => x - y);
    const total = known.reduce((x, y) => x + y, 0);
    for (let hour = slot; hour < values.length; hour += WEEK_HOURS) {
      if (observed[hour] === 0) continue;
      const own = values[hour];
      const isKnown = reference[hour] === 1;
      const others = isKnown ? known.length - 1 : known.length;
      if (others < LEAST_WEEKS - 1) continue;
      let rest = isKnown ? total - own : total;
      let count = others;
      if (others >= 5) {
        const last = known.length - 1;
        rest -= isKnown && own === known[0] ? known[1] : known[0];
        rest -= isKnown && own === known[last] ? known[last - 1] : known[last];
        count -= 2;
      }
      expected[hour] = rest / count;
    }
  }
  return expected;
}

/** Running sums over hours, so that a window costs two look-ups. */
class WindowSums {
  readonly #values: Float64Array;
  readonly #expected: Float64Array;
  readonly #matched: Float64Array;
  readonly hours: number;

  constructor(values: Float64Array, expected: Float64Array) {
    this.hours = values.length;
    this.#values = new Float64Array(this.hours + 1);
    this.#expected = new Float64Array(this.hours + 1);
    this.#matched = new Float64Array(this.hours + 1);
    for (let hour = 0; hour < this.hours; hour++) {
      const isMatched = !Number.isNaN(expected[hour]);
      this.#values[hour + 1] = this.#values[hour] + (isMatched ? values[hour] : 0);
      this.#expected[hour + 1] = this.#expected[hour] + (isMatched ? expected[hour] : 0);
      this.#matched[hour + 1] = this.#matched[hour] + (isMatched ? 1 : 0);
    }
  }

  #between(sums: Float64Array, from: number, to: number): number {
    return sums[Math.max(0, Math.min(this.hours, to))] - sums[Math.max(0, Math.min(this.hours, from))];
  }

  value(from: number, to: number): number {
    return this.#between(this.#values, from, to);
  }

  expected(from: number, to: number): number {
    return this.#between(this.#expected, from, to);
  }

  matchedHours(from: number, to: number): number {
    return this.#between(this.#matched, from, to);
  }
}

export interface EpochQuestion {
  readonly series: HourSeries;
  /** Expectation from all other weeks, the same whichever weeks the events are dealt to: for the test. */
  readonly expected: Float64Array;
  /** Expectation from hours away from the events: for the ratio and its interval. */
  readonly undisturbed: Float64Array;
  /** Hours of the series in which the events lie. */
  readonly events: readonly number[];
  /** The first is the one whose ratio is told. */
  readonly windows: readonly LagWindow[];
  /** What one recorded flow adds to a value. */
  readonly unit: number;
  readonly draws: number;
  readonly seed: number;
  readonly level: number;
}

export interface EpochAnswer {
  readonly pValue: number;
  /** Interval of the ratio in the first window, by inversion of the test; null when too few ways to deal the weeks. */
  readonly interval: [number, number] | null;
  /** The window that stands out most. */
  readonly strongest: number;
  /**
   * Least ratio above 1 in the first window that the test finds with the given power when it rejects at `alpha`: ratios are
   * planted after events dealt to other weeks, and the whole test made on each. Null when none up to 10 is found so often.
   */
  minimumDetectable(alpha: number, power: number): number | null;
}

/** Whether an event in this hour can be compared: enough of the window is matched, and no activity of it is not. */
export function isUsable(series: HourSeries, expected: Float64Array, event: number, window: LagWindow): boolean {
  let matched = 0;
  for (let hour = event + window.from; hour < event + window.to; hour++) {
    if (hour < 0 || hour >= expected.length) continue;
    if (!Number.isNaN(expected[hour])) matched++;
    else if (series.values[hour] > 0) return false;
  }
  return matched >= LEAST_WINDOW_SHARE * (window.to - window.from);
}

/** Weeks of the series that events may be dealt to. */
export function weeksOf(series: HourSeries): number[] {
  const weeks: number[] = [];
  for (let from = 0; from < series.values.length; from += WEEK_HOURS) {
    let observed = 0;
    for (let hour = from; hour < Math.min(from + WEEK_HOURS, series.values.length); hour++) {
      observed += series.observed[hour];
    }
    if (observed >= LEAST_WEEK_HOURS) weeks.push(from / WEEK_HOURS);
  }
  return weeks;
}

/** Ratio of activity to expectation by hour from the event; hours that no event has matched are left out. */
export function epochCurve(question: EpochQuestion, from: number, to: number): { lag: number; ratio: number }[] {
  const { series, undisturbed: expected, events } = question;
  const curve: { lag: number; ratio: number }[] = [];
  for (let lag = from; lag < to; lag++) {
    let seen = 0;
    let sum = 0;
    for (const event of events) {
      const hour = event + lag;
      if (hour < 0 || hour >= expected.length || Number.isNaN(expected[hour])) continue;
      seen += series.values[hour];
      sum += expected[hour];
    }
    if (sum > 0) curve.push({ lag, ratio: seen / sum });
  }
  return curve;
}

/** Activity and expectation in a window, summed over the events. */
export function windowSums(question: EpochQuestion, window: LagWindow): { seen: number; expected: number } {
  const sums = new WindowSums(question.series.values, question.undisturbed);
  return question.events.reduce(
    (total, event) => ({
      seen: total.seen + sums.value(event + window.from, event + window.to),
      expected: total.expected + sums.expected(event + window.from, event + window.to),
    }),
    { seen: 0, expected: 0 },
  );
}

/** Answers whether activity around the events differs; null when the events cannot be dealt to other weeks. */
export function compareEpochs(question: EpochQuestion): EpochAnswer | null {
  const dealt = deal(question);
  if (dealt === null) return null;
  const { windows, level, events, unit, series } = question;
  const ratios = logRatios(question, dealt, series.values, question.expected);
  const own = rank(ratios, windows.length, 0);

  // Without the effect that was seen, the weeks of the events are like the others: the ground for interval and power.
  const [main] = windows;
  const told = windowSums(question, main);
  const effect = (told.seen + unit / 2) / (told.expected + unit / 2);
  const cleaned = multiplied(series.values, events, main, 1 / effect);
  const clean = logRatios(question, dealt, cleaned, question.undisturbed);
  const first = Float64Array.from({ length: dealt.draws }, (_, draw) => clean[draw * windows.length]).toSorted();
  const mean = first.reduce((x, y) => x + y, 0) / dealt.draws;
  const cut = Math.floor(((1 - level) / 2) * dealt.draws);
  const interval: [number, number] | null =
    cut < 1 ? null : [effect * Math.exp(mean - first[dealt.draws - 1 - cut]), effect * Math.exp(mean - first[cut])];
  return {
    pValue: own.hits / dealt.draws,
    interval,
    strongest: own.window,
    minimumDetectable: (alpha, power) => minimumDetectable(question, dealt, cleaned, alpha, power),
  };
}

/** Values with the hours of a window around each event multiplied. */
function multiplied(values: Float64Array, events: ArrayLike<number>, window: LagWindow, by: number): Float64Array {
  const changed = Float64Array.from(values);
  for (let i = 0; i < events.length; i++) {
    const end = Math.min(events[i] + window.to, changed.length);
    for (let hour = Math.max(0, events[i] + window.from); hour < end; hour++) changed[hour] = values[hour] * by;
  }
  return changed;
}

/** Where the events are put; draw 0 is how it happened. */
interface Dealt {
  readonly draws: number;
  /** Hours that any event is put at. */
  readonly hours: readonly number[];
  /** Draw after draw, for each event: index in `hours`. */
  readonly places: Int32Array;
}

function deal(question: EpochQuestion): Dealt | null {
  const { series, expected, events, windows, seed } = question;
  const weeks = weeksOf(series);
  const [main] = windows;
  const groups = [...new Set(events.map((event) => Math.floor(event / WEEK_HOURS)))].toSorted((x, y) => x - y);
  const groupOf = events.map((event) => groups.indexOf(Math.floor(event / WEEK_HOURS)));
  const hours: number[] = [];
  const known = new Map<number, number>();
  /** Index of an hour in `hours`; -1 when no event can be put there. */
  const placeOf = (hour: number): number => {
    const place = known.get(hour);
    if (place !== undefined) return place;
    const isFree = hour >= 0 && hour < expected.length && isUsable(series, expected, hour, main);
    const added = isFree ? hours.push(hour) - 1 : -1;
    known.set(hour, added);
    return added;
  };
  const draws = Math.min(question.draws, Math.floor(MOST_PLACES / events.length));
  const placesIn = (chosen: ArrayLike<number>): number[] | null => {
    const at: number[] = [];
    for (let i = 0; i < events.length; i++) {
      const place = placeOf(chosen[groupOf[i]] * WEEK_HOURS + (events[i] % WEEK_HOURS));
      if (place < 0) return null;
      at.push(place);
    }
    return at;
  };
  const own = placesIn(groups);
  if (own === null) return null;
  let ways = 1;
  for (let i = 0; i < groups.length; i++) ways *= Math.max(0, weeks.length - i);
  if (ways <= MOST_EXACT && ways <= draws) {
    const all = [own];
    for (const chosen of arrangements(weeks, groups.length)) {
      const at = placesIn(chosen);
      if (at !== null && !chosen.every((week, i) => week === groups[i])) all.push(at);
    }
    return { draws: all.length, hours, places: Int32Array.from(all.flat()) };
  }
  const places = new Int32Array((draws + 1) * events.length);
  places.set(own);
  const random = Random.seeded(seed);
  const order = Int32Array.from(weeks);
  for (let draw = 1; draw <= draws; draw++) {
    let at: number[] | null = null;
    for (let tries = 0; at === null && tries < MOST_TRIES; tries++) {
      for (let i = 0; i < groups.length; i++) {
        const j = i + random.below(order.length - i);
        const held = order[i];
        order[i] = order[j];
        order[j] = held;
      }
      at = placesIn(order);
    }
    if (at === null) return null;
    places.set(at, draw * events.length);
  }
  return { draws: draws + 1, hours, places };
}

/** Every ordered choice of `count` of the weeks. */
function* arrangements(weeks: readonly number[], count: number): Generator<number[], void, undefined> {
  if (count === 0) {
    yield [];
    return;
  }
  for (const week of weeks) {
    for (const rest of arrangements(
      weeks.filter((other) => other !== week),
      count - 1,
    )) {
      yield [week, ...rest];
    }
  }
}

/** Log ratio of activity to expectation by draw and window; half a recorded flow is added to either. */
function logRatios(
  { events, windows, unit }: EpochQuestion,
  { draws, hours, places }: Dealt,
  values: Float64Array,
  expected: Float64Array,
): Float64Array {
  const sums = new WindowSums(values, expected);
  const count = windows.length;
  const seenAt = new Float64Array(hours.length * count);
  const expectedAt = new Float64Array(hours.length * count);
  hours.forEach((hour, place) => {
    windows.forEach(({ from, to }, w) => {
      seenAt[place * count + w] = sums.value(hour + from, hour + to);
      expectedAt[place * count + w] = sums.expected(hour + from, hour + to);
    });
  });
  const ratios = new Float64Array(draws * count);
  for (let draw = 0; draw < draws; draw++) {
    const base = draw * events.length;
    for (let w = 0; w < count; w++) {
      let seen = unit / 2;
      let sum = unit / 2;
      for (let i = 0; i < events.length; i++) {
        const at = places[base + i] * count + w;
        seen += seenAt[at];
        sum += expectedAt[at];
      }
      ratios[draw * count + w] = Math.log(seen / sum);
    }
  }
  return ratios;
}

/** Up to so many greatest values are kept by insertion; more are sorted. */
const FEW = 64;

/**
 * How one draw stands among all: its rank by the size of the log ratio, in either direction, in the window where that is best, and how
 * many draws (itself among them) have as good a rank in any window. Ranks need no scale, so that neither a noisy window nor a
 * strong effect in some weeks outweighs the others. When `hits` is found to exceed `most`, it is a lower bound.
 */
function rank(
  ratios: Float64Array,
  windows: number,
  draw: number,
  most: number = Infinity,
): { hits: number; window: number } {
  const draws = ratios.length / windows;
  let best = draws + 1;
  let window = 0;
  for (let w = 0; w < windows; w++) {
    const own = Math.abs(ratios[draw * windows + w]) * (1 - 1e-12);
    let place = 0;
    for (let at = w; at < ratios.length; at += windows) if (Math.abs(ratios[at]) >= own) place++;
    if (place < best) {
      best = place;
      window = w;
    }
  }
  if (best > most) return { hits: best, window };
  const least = new Float64Array(windows);
  for (let w = 0; w < windows; w++) least[w] = leastOfGreatest(ratios, windows, w, best);
  let hits = 0;
  for (let at = 0; at < ratios.length; at += windows) {
    for (let w = 0; w < windows; w++) {
      if (Math.abs(ratios[at + w]) >= least[w]) {
        hits++;
        break;
      }
    }
  }
  return { hits, window };
}

/** The size that a log ratio of a window needs to be among the `count` greatest; ties that reach beyond them do not count. */
function leastOfGreatest(ratios: Float64Array, windows: number, window: number, count: number): number {
  const draws = ratios.length / windows;
  const kept = Math.min(count + 1, draws);
  let greatest: Float64Array;
  if (kept > FEW) {
    greatest = new Float64Array(draws);
    for (let d = 0; d < draws; d++) greatest[d] = Math.abs(ratios[d * windows + window]);
    greatest = greatest.toSorted().toReversed();
  } else {
    greatest = new Float64Array(kept).fill(-1);
    for (let at = window; at < ratios.length; at += windows) {
      const size = Math.abs(ratios[at]);
      let place = kept - 1;
      if (size <= greatest[place]) continue;
      for (; place > 0 && greatest[place - 1] < size; place--) greatest[place] = greatest[place - 1];
      greatest[place] = size;
    }
  }
  const least = greatest[count - 1];
  return count < draws && greatest[count] >= least * (1 - 1e-12) ? least * (1 + 1e-12) : least * (1 - 1e-12);
}

function minimumDetectable(
  question: EpochQuestion,
  dealt: Dealt,
  values: Float64Array,
  alpha: number,
  power: number,
): number | null {
  const { windows, events } = question;
  const { observed } = question.series;
  const { draws, hours, places } = dealt;
  if (alpha * draws < 1) return null;
  const plantings = Math.min(
    PLANTINGS,
    draws,
    Math.max(FEWEST_PLANTINGS, Math.floor(MOST_PLANTED_HOURS / values.length)),
  );
  const enough = Math.ceil(power * plantings);
  const isFoundOften = (ratio: number): boolean => {
    let found = 0;
    // Planted until either answer is certain.
    for (let i = 0; i < plantings && found < enough && plantings - i >= enough - found; i++) {
      const draw = Math.floor((i * draws) / plantings);
      const planted = places.subarray(draw * events.length, (draw + 1) * events.length);
      const changed = multiplied(
        values,
        Array.from(planted, (place) => hours[place]),
        windows[0],
        ratio,
      );
      const ratios = logRatios(question, dealt, changed, expectationOfAll({ values: changed, observed }));
      if (rank(ratios, windows.length, draw, alpha * draws).hits <= alpha * draws) found++;
    }
    return found >= enough;
  };
  let low = 1;
  let high = RATIO_STEP;
  while (!isFoundOften(high)) {
    low = high;
    high *= RATIO_STEP;
    if (high > GREATEST_RATIO) return null;
  }
  for (let step = 0; step < BISECTIONS; step++) {
    const middle = Math.sqrt(low * high);
    if (isFoundOften(middle)) high = middle;
    else low = middle;
  }
  return high;
}
