import { Random } from './random.ts';
import { sequentialPValue } from './sequential-permutations.ts';
import { varianceInflation } from './variance-inflation.ts';

/**
 * Changes of level in daily counts. Counts of a day are taken as negative binomial with one dispersion φ for the whole series
 * (variance = mean + φ mean²), so that busy and quiet days of one habit are no change. Days are numbered from 0.
 */

/** Less than this day-to-day variation is not believed: 0.02 is a coefficient of variation of 14 %. */
const LEAST_DISPERSION = 0.02;
const GREATEST_DISPERSION = 20;
/** Days between the counts that are compared for their dispersion. */
const DISPERSION_LAGS = 3;

/**
 * Dispersion φ by moments of the differences of counts up to three days apart, so that a change of level adds little to it
 * (the idea of von Neumann's mean square successive difference, Ann. Math. Statist. 12, 1941).
 */
export function dispersionOf(counts: Float64Array): number {
  let halfSquares = 0;
  let means = 0;
  let squaredMeans = 0;
  for (let lag = 1; lag <= DISPERSION_LAGS; lag++) {
    for (let i = lag; i < counts.length; i++) {
      const difference = counts[i] - counts[i - lag];
      const mean = (counts[i] + counts[i - lag]) / 2;
      halfSquares += (difference * difference) / 2;
      means += mean;
      squaredMeans += mean * mean;
    }
  }
  return bounded((halfSquares - means) / (squaredMeans - halfSquares / 2));
}

function bounded(dispersion: number): number {
  if (Number.isNaN(dispersion) || dispersion < LEAST_DISPERSION) return LEAST_DISPERSION;
  return Math.min(dispersion, GREATEST_DISPERSION);
}

/** Twice the negative log-likelihood of segments, up to a constant of the series, each at its own mean. */
export class NegativeBinomialCost {
  readonly #sums: Float64Array;
  readonly #size: number;

  constructor(counts: Float64Array, dispersion: number) {
    this.#sums = new Float64Array(counts.length + 1);
    counts.forEach((count, i) => {
      this.#sums[i + 1] = this.#sums[i] + count;
    });
    this.#size = 1 / dispersion;
  }

  /** Mean count of days `from` to `to` - 1. */
  mean(from: number, to: number): number {
    return (this.#sums[to] - this.#sums[from]) / (to - from);
  }

  /** Cost of days `from` to `to` - 1 as one level; `to` > `from`. */
  of(from: number, to: number): number {
    const total = this.#sums[to] - this.#sums[from];
    const days = to - from;
    const size = this.#size;
    const mean = total / days;
    const level = total === 0 ? 0 : total * Math.log(mean);
    return 2 * ((total + days * size) * Math.log1p(mean / size) + total * Math.log(size) - level);
  }
}

/**
 * First days of the levels of a series, the first always 0: the segmentation of least cost by PELT (Killick, Fearnhead and
 * Eckley, JASA 107, 2012), exact, under the modified BIC (Zhang and Siegmund, Biometrics 63, 2007): 3 ln n for each change
 * plus Σ ln(length / n) over the segments.
 */
export function levelsOf(cost: NegativeBinomialCost, days: number): number[] {
  const penalty = 3 * Math.log(days);
  const least = new Float64Array(days + 1);
  least[0] = -penalty;
  const previous = new Int32Array(days + 1);
  let candidates = [0];
  for (let to = 1; to <= days; to++) {
    least[to] = Infinity;
    const costs = candidates.map((from) => least[from] + cost.of(from, to) + Math.log((to - from) / days));
    costs.forEach((value, i) => {
      if (value + penalty < least[to]) {
        least[to] = value + penalty;
        previous[to] = candidates[i];
      }
    });
    // Splitting a segment never costs more than it is worth before the penalty, so what lies above cannot come back.
    candidates = [...candidates.filter((_, i) => costs[i] <= least[to]), to];
  }
  const starts: number[] = [];
  for (let at = days; at > 0; at = previous[at]) starts.push(previous[at]);
  return starts.toReversed();
}

/** Days by which a date may be off and still be called right. */
const TOLERANCE = 1;
/** Days are taken as equally likely to be right when their likelihoods differ by no more than this share of all. */
const NEARLY_ALIKE = 0.02;

/** A change between two levels: its day (the first of the new level), and the first and last on which it may lie. */
export interface DatedChange {
  readonly day: number;
  readonly first: number;
  readonly last: number;
}

/**
 * The one change between days `from` and `to` - 1, from the likelihood of each day, normalised over them (Smith, Biometrika 62, 1975; the
 * same for several changes: Rigaill, Lebarbier and Robin, Stat. Comput. 22, 2012). The day is the one that is most likely right within
 * a day, the Bayes estimate when a day off is no harm: the likeliest single day is often a loud one some days into the new level. Of days
 * nearly alike in that, the likeliest itself. `first` and `last` are those of the smallest set of days that holds `level` of the likelihood.
 *
 * @param to at least `from` + 2
 */
export function datedChange(cost: NegativeBinomialCost, from: number, to: number, level: number): DatedChange {
  const costs = Float64Array.from({ length: to - from - 1 }, (_, i) => {
    const day = from + 1 + i;
    return cost.of(from, day) + cost.of(day, to);
  });
  const best = costs.reduce((x, y) => Math.min(x, y));
  const weights = costs.map((value) => Math.exp((best - value) / 2));
  const total = weights.reduce((x, y) => x + y, 0);
  const near = weights.map((_, i) =>
    weights.subarray(Math.max(0, i - TOLERANCE), i + TOLERANCE + 1).reduce((x, y) => x + y, 0),
  );
  const most = near.reduce((x, y) => Math.max(x, y));
  const byWeight = Array.from(weights.keys()).toSorted((x, y) => weights[y] - weights[x] || x - y);
  const chosen = byWeight.find((i) => near[i] >= most - NEARLY_ALIKE * total) ?? 0;
  let [first, last, held] = [chosen, chosen, 0];
  for (const i of byWeight) {
    if (held >= level * total) break;
    held += weights[i];
    first = Math.min(first, i);
    last = Math.max(last, i);
  }
  return { day: from + 1 + chosen, first: from + 1 + first, last: from + 1 + last };
}

/** Days that a higher level is tried to last, beside to the end. */
const STRETCHES = [7, 14, 28, 56];
/** Added to counts before their logarithms are taken. */
const COUNT_OFFSET = 2;
/** Squares that are no more than rounding. */
const NO_SQUARES = 1e-9;

/**
 * Is there an increase at all? Logarithms of the counts + 2, of which busy and quiet days vary alike where φ is about 1/4 (ln (x + 1/2φ):
 * Anscombe, Biometrika 35, 1948), are split into all days before, a stretch that follows (to the end, or 1, 2, 4 or 8 weeks) and the rest. The statistic is
 * the greatest F for a mean of the stretch above that of the days before, over all beginnings and lengths (the scan for a shift
 * of Worsley, JASA 74, 1979). That of the series, divided by the variance inflation of its residuals around the three means, since days
 * that follow each other are alike, is compared with that of permutations of the days, which are not.
 *
 * @param before fewest days before the rise @param after fewest days after it @param most permutations at most
 * @returns p in (0, 1]; 1 when no rise is possible
 */
export function increaseTest(
  counts: Float64Array,
  before: number,
  after: number,
  most: number,
  enough: number,
  seed: number,
): number {
  const n = counts.length;
  const logarithms = counts.map((count) => Math.log(count + COUNT_OFFSET));
  const squares = logarithms.reduce((x, y) => x + y * y, 0);
  const sums = new Float64Array(n + 1);
  const scan = (values: Float64Array): { ratio: number; start: number; end: number } => {
    for (let i = 0; i < n; i++) sums[i + 1] = sums[i] + values[i];
    let best = 0;
    let start = 0;
    let end = 0;
    for (let i = before; i <= n - after; i++) {
      const below = sums[i];
      for (let s = 0; s <= STRETCHES.length; s++) {
        const to = s === STRETCHES.length ? n : i + STRETCHES[s];
        if (to > n || (to === n && s < STRETCHES.length)) continue;
        const above = sums[to] - below;
        const rise = above / (to - i) - below / i;
        if (rise <= 0) continue;
        const between = (rise * rise * i * (to - i)) / to;
        const rest = to === n ? 0 : (sums[n] - sums[to]) ** 2 / (n - to);
        const within = squares - (below * below) / i - (above * above) / (to - i) - rest;
        const ratio = between / Math.max(NO_SQUARES, within);
        if (ratio > best) {
          best = ratio;
          start = i;
          end = to;
        }
      }
    }
    return { ratio: best, start, end };
  };
  const { ratio, start, end } = scan(logarithms);
  if (start === 0) return 1;
  const residuals = new Float64Array(n);
  for (const [from, to] of [
    [0, start],
    [start, end],
    [end, n],
  ]) {
    const own = to === from ? 0 : (sums[to] - sums[from]) / (to - from);
    for (let i = from; i < to; i++) residuals[i] = logarithms[i] - own;
  }
  const seen = (ratio / varianceInflation(residuals, end === n ? 2 : 3)) * (1 - 1e-12);
  const random = Random.seeded(seed);
  const shuffled = Float64Array.from(logarithms);
  return sequentialPValue(
    () => {
      random.shuffle(shuffled);
      return scan(shuffled).ratio >= seen;
    },
    most,
    enough,
  );
}
