import { incompleteBeta } from './distributions.ts';

const MOST = 2 ** 40;

/**
 * Fewest packets that must be sent so that at least `wanted` of them are seen with a chance of `power`, where each is seen by itself
 * with a chance of 1 in `rate` (binomial). With rate 1, `wanted`.
 */
export function leastSeen(wanted: number, rate: number, power = 0.95): number {
  if (rate <= 1) return wanted;
  const isEnough = (sent: number): boolean => incompleteBeta(1 / rate, wanted, sent - wanted + 1) >= power;
  let low = wanted;
  let high = wanted;
  while (!isEnough(high) && high < MOST) high *= 2;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (isEnough(middle)) high = middle;
    else low = middle + 1;
  }
  return high;
}

/**
 * 95 % interval of the mean of a Poisson count, by Byar's approximation to the exact one (Breslow and Day, "Statistical Methods in
 * Cancer Research", vol. II, 1987, p. 69).
 */
export function poissonInterval(count: number): [number, number] {
  const z = 1.96;
  const edge = (x: number, sign: number): number => x * (1 - 1 / (9 * x) + (sign * z) / (3 * Math.sqrt(x))) ** 3;
  return [count === 0 ? 0 : edge(count, -1), edge(count + 1, 1)];
}
