import type { SampleRandom } from './sample-random.ts';

/** Draws from the distributions that made-up traffic is built of. */

/** Standard normal (Marsaglia and Bray's polar method, SIAM Review 6, 1964; one of the pair is dropped). */
export function normal(random: SampleRandom): number {
  for (;;) {
    const x = 2 * random.unit() - 1;
    const y = 2 * random.unit() - 1;
    const square = x * x + y * y;
    if (square > 0 && square < 1) return x * Math.sqrt((-2 * Math.log(square)) / square);
  }
}

/** Exponential with mean 1. */
function exponential(random: SampleRandom): number {
  return -Math.log(1 - random.unit());
}

/** Log-normal with mean 1; `spread` is the standard deviation of the logarithm, 0 or more. */
export function logNormal(random: SampleRandom, spread: number): number {
  return spread === 0 ? 1 : Math.exp(spread * normal(random) - (spread * spread) / 2);
}

/** Gamma with mean 1 and the given coefficient of variation, 0 or more (Marsaglia and Tsang, ACM TOMS 26, 2000). */
export function gamma(random: SampleRandom, variation: number): number {
  if (variation === 0) return 1;
  const shape = 1 / (variation * variation);
  // Below 1 the shape is raised by one, and the draw brought down again.
  const boost = shape < 1 ? (1 - random.unit()) ** (1 / shape) : 1;
  const d = (shape < 1 ? shape + 1 : shape) - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = normal(random);
    const v = (1 + c * x) ** 3;
    if (v > 0 && Math.log(1 - random.unit()) < 0.5 * x * x + d - d * v + d * Math.log(v)) {
      return (boost * d * v) / shape;
    }
  }
}

/** Poisson. Counted by waiting times, in steps of 30, so that the cost grows with the mean and nothing underflows. */
export function poisson(random: SampleRandom, mean: number): number {
  let count = 0;
  let left = mean;
  while (left > 30) {
    count += poisson(random, 30);
    left -= 30;
  }
  if (left <= 0) return count;
  const limit = Math.exp(-left);
  let product = 1 - random.unit();
  while (product > limit) {
    count++;
    product *= 1 - random.unit();
  }
  return count;
}

/** Binomial: of `trials` how many succeed, each with `chance`; by geometric leaps, so rare successes cost little. */
export function binomial(random: SampleRandom, trials: number, chance: number): number {
  if (chance >= 1) return trials;
  if (chance <= 0) return 0;
  let successes = 0;
  const scale = -1 / Math.log1p(-chance);
  for (let at = Math.floor(exponential(random) * scale); at < trials; successes++) {
    at += 1 + Math.floor(exponential(random) * scale);
  }
  return successes;
}

/** A series of log-normal factors with mean 1 whose logarithms follow each other with `correlation` from step to step. */
export class CorrelatedFactor {
  readonly #random: SampleRandom;
  readonly #spread: number;
  readonly #correlation: number;
  #state: number;

  constructor(random: SampleRandom, spread: number, correlation: number) {
    this.#random = random;
    this.#spread = spread;
    this.#correlation = correlation;
    this.#state = normal(random);
  }

  next(): number {
    const fresh = normal(this.#random) * Math.sqrt(1 - this.#correlation ** 2);
    this.#state = this.#correlation * this.#state + fresh;
    return Math.exp(this.#spread * this.#state - this.#spread ** 2 / 2);
  }
}
