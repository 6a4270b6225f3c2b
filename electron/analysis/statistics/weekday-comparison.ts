import { studentTQuantile } from './distributions.ts';
import { Random } from './random.ts';

/** One observed day: its weekday (1 = Monday .. 7) and its value. */
export interface DayValue {
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
 * `pValue`: permutation test of the F statistic, the days' values dealt to the weekdays anew (Fisher, The Design of
 * Experiments, 1935; Phipson and Smyth, 2010, for 1 + hits). `highest`: a weekday is told apart from the top one when
 * their studentised difference exceeds the 95 % point of the greatest such difference between any two weekdays in the
 * same permutations: Tukey's honest comparison with a permutation reference (Westfall and Young, Resampling-Based
 * Multiple Testing, 1993), so that picking the top one afterwards is paid for (compare Hsu, Ann. Statist. 12, 1984).
 */
export function compareWeekdays(
  days: readonly DayValue[],
  permutations: number,
  seed: number,
  level: number,
): WeekdayComparison {
  const labels = Uint8Array.from(days, (day) => day.weekday - 1);
  const values = Float64Array.from(days, (day) => day.value);
  const groups = new WeekdayGroups(labels);
  const seen = groups.measure(values);
  const seenMeans = Float64Array.from(groups.means);
  const present = groups.present;
  const df = days.length - present.length;
  const quantile = df > 0 ? studentTQuantile((1 + level) / 2, df) : NaN;
  const means = present
    .map((index): WeekdayMean => {
      const mean = seenMeans[index];
      const count = groups.counts[index];
      const half = quantile * Math.sqrt(seen.variance / count);
      const interval: [number, number] | null = df > 0 ? [Math.max(0, mean - half), mean + half] : null;
      return { weekday: index + 1, mean, interval, days: count };
    })
    .sort((x, y) => y.mean - x.mean || x.weekday - y.weekday);
  const top = means[0];
  if (top === undefined) return { means, highest: [], pValue: null };
  if (df <= 0 || present.length < 2) return { means, highest: present.map((index) => index + 1), pValue: null };

  const random = Random.seeded(seed);
  const shuffled = Float64Array.from(values);
  const greatest = new Float64Array(permutations);
  let hits = 0;
  for (let i = 0; i < permutations; i++) {
    random.shuffle(shuffled);
    const measured = groups.measure(shuffled);
    greatest[i] = measured.range;
    if (measured.between >= seen.between * (1 - 1e-12)) hits++;
  }
  greatest.sort();
  const critical = greatest[Math.min(permutations - 1, Math.ceil(level * permutations))];
  const highest = means
    .filter((other) => {
      const scale = Math.sqrt(seen.variance * (1 / top.days + 1 / other.days));
      return top.mean - other.mean <= critical * scale;
    })
    .map((other) => other.weekday)
    .sort((x, y) => x - y);
  return { means, highest, pValue: (1 + hits) / (1 + permutations) };
}

class WeekdayGroups {
  readonly counts = new Float64Array(7);
  readonly means = new Float64Array(7);
  /** Weekdays (0..6) with at least one day. */
  readonly present: number[];
  readonly #labels: Uint8Array;

  constructor(labels: Uint8Array) {
    this.#labels = labels;
    for (const label of labels) this.counts[label]++;
    this.present = [0, 1, 2, 3, 4, 5, 6].filter((index) => this.counts[index] > 0);
  }

  /**
   * Sum of squares between weekdays (orders permutations as F does, since the total is fixed), pooled variance within
   * them, and the greatest studentised difference of two of them.
   */
  measure(values: Float64Array): { between: number; variance: number; range: number } {
    const { counts, means, present } = this;
    means.fill(0);
    let grand = 0;
    for (let i = 0; i < values.length; i++) {
      const label = this.#labels[i];
      means[label] += values[i];
      grand += values[i];
    }
    grand /= values.length;
    let between = 0;
    for (const index of present) {
      const mean = means[index] / counts[index];
      means[index] = mean;
      between += counts[index] * (mean - grand) ** 2;
    }
    let within = 0;
    for (let i = 0; i < values.length; i++) within += (values[i] - means[this.#labels[i]]) ** 2;
    const df = values.length - present.length;
    const variance = df > 0 ? within / df : 0;
    let range = 0;
    for (const x of present) {
      for (const y of present) {
        const difference = means[x] - means[y];
        if (difference <= 0) continue;
        const scale = Math.sqrt(variance * (1 / counts[x] + 1 / counts[y]));
        range = Math.max(range, difference / scale);
      }
    }
    return { between, variance, range };
  }
}
