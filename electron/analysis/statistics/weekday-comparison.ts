import { studentTQuantile } from './distributions.ts';
import { Random } from './random.ts';

/** One observed day: its week (any number that grows), its weekday (1 = Monday .. 7) and its value. */
export interface DayValue {
  readonly week: number;
  readonly weekday: number;
  readonly value: number;
}

export interface WeekdayMean {
  readonly weekday: number;
  readonly mean: number;
  readonly interval: [number, number] | null;
  readonly days: number;
}

export interface WeekdayComparison {
  /** Highest mean first, ties by weekday. */
  readonly means: WeekdayMean[];
  /** Weekdays that cannot be told apart from the first; the first is always among them. Ascending. */
  readonly highest: number[];
  /** Test against "all weekdays alike"; null when it cannot be made. */
  readonly pValue: number | null;
}

/**
 * Compares weekdays, with days as the units.
 *
 * Means get Student intervals from the variance within weekdays, pooled over all (one-way analysis of variance): two or
 * three days of a weekday are too few to be resampled. Values below 0 are cut off, since no count is below 0.
 *
 * The comparison is made within weeks, as in a randomised block design (Fisher, The Design of Experiments, 1935): weekday
 * and week effects are fitted together, so that a busier week raises all its days alike and no weekday. `pValue`:
 * permutation test of the weekday effects (the F statistic), values dealt anew to the days of their own week (Phipson and
 * Smyth, SAGMB 9, 2010, for 1 + hits). `highest`: a weekday is told apart from the top one when their studentised
 * difference exceeds the 95 % point of the greatest such difference between any two weekdays in the same permutations:
 * Tukey's honest comparison with a permutation reference (Westfall and Young, Resampling-Based Multiple Testing, 1993), so
 * that picking the top one afterwards is paid for (compare Hsu, Ann. Statist. 12, 1984).
 */
export function compareWeekdays(
  days: readonly DayValue[],
  permutations: number,
  seed: number,
  level: number,
): WeekdayComparison {
  const means = weekdayMeans(days, level);
  const top = means[0];
  if (top === undefined) return { means, highest: [], pValue: null };
  const blocks = new WeekBlocks(days);
  if (blocks.df <= 0 || means.length < 2) {
    return { means, highest: means.map((mean) => mean.weekday).toSorted((x, y) => x - y), pValue: null };
  }
  const seen = blocks.fit(blocks.values);
  const seenEffects = Float64Array.from(blocks.effects);
  const random = Random.seeded(seed);
  const shuffled = Float64Array.from(blocks.values);
  const weeks = blocks.weeksOf(shuffled);
  const greatest = new Float64Array(permutations);
  let hits = 0;
  for (let i = 0; i < permutations; i++) {
    for (const week of weeks) random.shuffle(week);
    const fitted = blocks.fit(shuffled);
    greatest[i] = fitted.range;
    // Within weeks the total is fixed, so a smaller residual is a greater F.
    if (fitted.residual <= seen.residual * (1 + 1e-12)) hits++;
  }
  greatest.sort();
  const critical = greatest[Math.min(permutations - 1, Math.ceil(level * permutations))];
  const highest = means
    .filter((other) => {
      const scale = Math.sqrt((seen.residual / blocks.df) * (1 / top.days + 1 / other.days));
      return seenEffects[top.weekday - 1] - seenEffects[other.weekday - 1] <= critical * scale;
    })
    .map((other) => other.weekday)
    .toSorted((x, y) => x - y);
  return { means, highest, pValue: (1 + hits) / (1 + permutations) };
}

function weekdayMeans(days: readonly DayValue[], level: number): WeekdayMean[] {
  const groups = [1, 2, 3, 4, 5, 6, 7]
    .map((weekday) => ({ weekday, values: days.filter((day) => day.weekday === weekday).map((day) => day.value) }))
    .filter((group) => group.values.length > 0)
    .map((group) => ({ ...group, mean: group.values.reduce((x, y) => x + y, 0) / group.values.length }));
  const df = days.length - groups.length;
  const within = groups.reduce((x, { values, mean }) => values.reduce((y, value) => y + (value - mean) ** 2, x), 0);
  const quantile = df > 0 ? studentTQuantile((1 + level) / 2, df) : 0;
  return groups
    .map(({ weekday, values, mean }): WeekdayMean => {
      const half = df > 0 ? quantile * Math.sqrt(within / df / values.length) : 0;
      const interval: [number, number] | null = df > 0 ? [Math.max(0, mean - half), mean + half] : null;
      return { weekday, mean, interval, days: values.length };
    })
    .toSorted((x, y) => y.mean - x.mean || x.weekday - y.weekday);
}

/** Rounds of the fit of weekday and week effects where weeks miss days; whole weeks are exact after one. */
const FIT_ROUNDS = 12;

class WeekBlocks {
  /** Day values, week after week. */
  readonly values: Float64Array;
  /** Fitted effect of each weekday, Monday first. */
  readonly effects = new Float64Array(7);
  /** Degrees of freedom of the residual. */
  readonly df: number;
  readonly #weekday: Uint8Array;
  /** First day of each week in `values`, and one past the last. */
  readonly #starts: number[] = [];
  readonly #counts = new Float64Array(7);
  readonly #present: number[];
  readonly #rounds: number;

  constructor(days: readonly DayValue[]) {
    const ordered = days.toSorted((x, y) => x.week - y.week || x.weekday - y.weekday);
    this.values = Float64Array.from(ordered, (day) => day.value);
    this.#weekday = Uint8Array.from(ordered, (day) => day.weekday - 1);
    ordered.forEach((day, i) => {
      if (ordered[i - 1]?.week !== day.week) this.#starts.push(i);
      this.#counts[day.weekday - 1]++;
    });
    this.#starts.push(ordered.length);
    this.#present = [0, 1, 2, 3, 4, 5, 6].filter((weekday) => this.#counts[weekday] > 0);
    const isWhole = ordered.length === this.#present.length * (this.#starts.length - 1);
    this.#rounds = isWhole ? 1 : FIT_ROUNDS;
    this.df = ordered.length - this.#present.length - (this.#starts.length - 2);
  }

  /** The stretches of an array of day values that belong to one week each. */
  weeksOf(values: Float64Array): Float64Array[] {
    return this.#starts.slice(0, -1).map((start, week) => values.subarray(start, this.#starts[week + 1]));
  }

  /**
   * Fits value = weekday effect + week effect by turns (Gauss-Seidel on the normal equations). Returns the residual sum of
   * squares and the greatest studentised difference of two weekday effects.
   */
  fit(values: Float64Array): { residual: number; range: number } {
    const { effects } = this;
    effects.fill(0);
    const sums = new Float64Array(7);
    let residual = 0;
    for (let round = 0; round <= this.#rounds; round++) {
      const isLast = round === this.#rounds;
      sums.fill(0);
      for (let week = 0; week + 1 < this.#starts.length; week++) {
        const from = this.#starts[week];
        const to = this.#starts[week + 1];
        let level = 0;
        for (let i = from; i < to; i++) level += values[i] - effects[this.#weekday[i]];
        level /= to - from;
        for (let i = from; i < to; i++) {
          sums[this.#weekday[i]] += values[i] - level;
          if (isLast) residual += (values[i] - level - effects[this.#weekday[i]]) ** 2;
        }
      }
      if (!isLast) for (const weekday of this.#present) effects[weekday] = sums[weekday] / this.#counts[weekday];
    }
    let range = 0;
    const variance = residual / this.df;
    for (const x of this.#present) {
      for (const y of this.#present) {
        const difference = effects[x] - effects[y];
        if (difference <= 0) continue;
        const scale = Math.sqrt(variance * (1 / this.#counts[x] + 1 / this.#counts[y]));
        range = Math.max(range, difference / scale);
      }
    }
    return { residual, range };
  }
}
