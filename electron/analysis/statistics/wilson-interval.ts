import { normalQuantile } from './distributions.ts';

/**
 * Interval of a proportion (Wilson, JASA 22, 1927): close to its level for few trials too, and never empty at 0 or 1.
 *
 * @param hits 0..trials, @param trials at least 1
 */
export function wilsonInterval(hits: number, trials: number, level: number): [number, number] {
  const z2 = normalQuantile((1 + level) / 2) ** 2;
  const p = hits / trials;
  const centre = (p + z2 / (2 * trials)) / (1 + z2 / trials);
  const half = (Math.sqrt(z2) / (1 + z2 / trials)) * Math.sqrt((p * (1 - p)) / trials + z2 / (4 * trials * trials));
  return [hits === 0 ? 0 : Math.max(0, centre - half), hits === trials ? 1 : Math.min(1, centre + half)];
}
