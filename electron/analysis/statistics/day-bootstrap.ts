import { normal, normalQuantile, studentTQuantile } from './distributions.ts';
import { Random } from './random.ts';
import { differencedInflation } from './variance-inflation.ts';

/**
 * Intervals for totals and ratios of clustered traffic: the block bootstrap with calendar days as blocks.
 *
 * Flows of one day hang together (one person at one screen opens hundreds), so flows are no sample of independent units;
 * days come much nearer to it. Whole days are drawn with replacement and every total is summed again: non-overlapping
 * blocks (Carlstein, Ann. Statist. 14, 1986; Künsch, Ann. Statist. 17, 1989; Politis and Romano, JASA 89, 1994, on block
 * resampling in general). Percentile intervals of few blocks are too short; the tails are widened by Hesterberg's
 * expanded percentile (The American Statistician 69(4), 2015): tail = Φ(-√(n/(n-1)) t(n-1)).
 */
export interface DayResamples {
  readonly blocks: number;
  readonly resamples: number;
  /** How often resample r drew block b, at `r * blocks + b`. */
  readonly weights: Uint16Array;
  /** Share (0..0.5) cut from either end for the interval. */
  readonly tail: number;
}

/** Draws the resamples once; all figures of a run use the same draws, so that they can be compared with one another. */
export function resampleDays(blocks: number, resamples: number, seed: number, level: number): DayResamples {
  const random = Random.seeded(seed);
  const weights = new Uint16Array(resamples * blocks);
  for (let r = 0; r < resamples; r++) {
    for (let draw = 0; draw < blocks; draw++) {
      const at = r * blocks + random.below(blocks);
      weights[at]++;
    }
  }
  return { blocks, resamples, weights, tail: blocks < 2 ? 0 : expandedTail(blocks, level) };
}

/** Hesterberg's widened tail for `blocks` ≥ 2 blocks. */
export function expandedTail(blocks: number, level: number): number {
  return normal(-Math.sqrt(blocks / (blocks - 1)) * studentTQuantile((1 + level) / 2, blocks - 1));
}

/** Total of a series (one value a block) in every resample. */
export function resampledTotals(resamples: DayResamples, series: Float64Array): Float64Array {
  const { blocks, weights } = resamples;
  const totals = new Float64Array(resamples.resamples);
  for (let r = 0; r < totals.length; r++) {
    let sum = 0;
    const base = r * blocks;
    for (let b = 0; b < blocks; b++) sum += weights[base + b] * series[b];
    totals[r] = sum;
  }
  return totals;
}

/**
 * Interval of a statistic from its values in the resamples; values that are not finite (an empty denominator) are left
 * out. Null with fewer than two blocks, or when more than half of the resamples say nothing.
 */
export function bootstrapInterval(resamples: DayResamples, values: Float64Array): [number, number] | null {
  if (resamples.blocks < 2) return null;
  const finite = values.filter((value) => Number.isFinite(value)).toSorted();
  if (finite.length * 2 < values.length) return null;
  return [quantile(finite, resamples.tail), quantile(finite, 1 - resamples.tail)];
}

/**
 * Interval of numerator / denominator, both given by block: bias-corrected and accelerated (Efron, JASA 82, 1987), for ratios of
 * which few blocks hold most, whose percentile interval ends too low. The acceleration is that of the linear influence of each block.
 * Either end then lies further from the ratio by the root of the inflation that the correlation of neighbouring blocks gives the
 * variance (`differencedInflation`): what a few hosts do goes on for days, and drawing days one by one would not know.
 * Null as for `bootstrapInterval`.
 *
 * @param kind a `share` is widened in log odds and stays within 0 and 1, a `rate` in logarithms
 */
export function ratioInterval(
  resamples: DayResamples,
  numerators: Float64Array,
  denominators: Float64Array,
  kind: 'share' | 'rate',
): [number, number] | null {
  const above = resampledTotals(resamples, numerators);
  const below = resampledTotals(resamples, denominators);
  const ratios = above.map((numerator, r) => numerator / below[r]);
  if (resamples.blocks < 2) return null;
  const finite = ratios.filter((value) => Number.isFinite(value)).toSorted();
  if (finite.length * 2 < ratios.length) return null;
  const total = (series: Float64Array): number => series.reduce((x, y) => x + y, 0);
  const ratio = total(numerators) / total(denominators);
  const influences = numerators.map((numerator, block) => numerator - ratio * denominators[block]);
  const squares = influences.reduce((x, y) => x + y * y, 0);
  const acceleration = squares === 0 ? 0 : influences.reduce((x, y) => x + y ** 3, 0) / (6 * squares ** 1.5);
  // Half of those alike count as smaller, so that a ratio of whole numbers is not taken for biased.
  const smaller = finite.filter((value) => value < ratio).length;
  const alike = finite.filter((value) => value === ratio).length;
  const bias = normalQuantile((smaller + alike / 2) / finite.length);
  const end = (z: number): number => quantile(finite, normal(bias + (bias + z) / (1 - acceleration * (bias + z))));
  const z = normalQuantile(resamples.tail);
  return widenedInterval(ratio, [end(z), end(-z)], differencedInflation(influences), kind);
}

/**
 * An interval whose ends lie further from the value, by the root of a variance inflation: in log odds for a share, in logarithms for a
 * rate. Ends at the limits of the scale stay there; so does an interval about a value at one.
 */
export function widenedInterval(
  value: number,
  [low, high]: readonly [number, number],
  inflation: number,
  kind: 'share' | 'rate',
): [number, number] {
  const wider = Math.sqrt(inflation);
  const scaled = (x: number): number => (kind === 'rate' ? Math.log(x) : Math.log(x / (1 - x)));
  const middle = scaled(value);
  const moved = (end: number): number => {
    const from = scaled(end);
    if (!Number.isFinite(middle) || !Number.isFinite(from)) return end;
    const to = middle + wider * (from - middle);
    return kind === 'rate' ? Math.exp(to) : 1 / (1 + Math.exp(-to));
  };
  return [moved(low), moved(high)];
}

/** Quantile of ascending values, linear between order statistics (Hyndman and Fan, Am. Stat. 50, 1996, type 7). */
export function quantile(ascending: Float64Array, p: number): number {
  const at = (ascending.length - 1) * p;
  const low = ascending[Math.floor(at)];
  const high = ascending[Math.ceil(at)];
  return low + (high - low) * (at - Math.floor(at));
}
