import { normalQuantile } from './distributions.ts';

/**
 * Variance over mean of counts that come in bunches and differ from week to week: from pairs that are expected to be alike,
 * Σ (x - y)² / Σ (x + y), which is 1 for Poisson counts (quasi-Poisson: McCullagh and Nelder, Generalized Linear Models, 1989, ch. 6;
 * by differences, so that a habit is no dispersion). Never below 1; 1 without pairs.
 */
export function overdispersion(pairs: Iterable<readonly [number, number]>): number {
  let squares = 0;
  let sums = 0;
  for (const [one, other] of pairs) {
    squares += (one - other) ** 2;
    sums += one + other;
  }
  return sums === 0 ? 1 : Math.max(1, squares / sums);
}

/** One-sided level of the bound below which the mean of few matched counts is not taken. */
const BOUND = 0.95;

/**
 * Probability of a count of 0 where `matched` counts are expected to be alike, with variance `factor` times the mean: that of the negative
 * binomial, factor^(-mean / (factor - 1)), or e^-mean for factor 1. The mean is taken at the lower end of its interval, so
 * that a few busy weeks promise no more than they can. 1 without matched counts.
 */
export function probabilityOfNone(matched: readonly number[], factor: number): number {
  const n = matched.length;
  if (n === 0) return 1;
  const mean = matched.reduce((x, y) => x + y, 0) / n;
  const least = Math.max(0, mean - normalQuantile(BOUND) * Math.sqrt((factor * mean) / n));
  return factor - 1 < 1e-9 ? Math.exp(-least) : factor ** (-least / (factor - 1));
}
