import { expect, it } from 'vitest';
import {
  binomial,
  CorrelatedFactor,
  gamma,
  logNormal,
  normal,
  poisson,
} from '../../electron/sample/sample-distributions.ts';
import { SampleRandom } from '../../electron/sample/sample-random.ts';

const DRAWS = 40_000;

function moments(draw: (random: SampleRandom) => number): { mean: number; variance: number } {
  const random = new SampleRandom(11);
  const values = Float64Array.from({ length: DRAWS }, () => draw(random));
  const mean = values.reduce((x, y) => x + y, 0) / DRAWS;
  const variance = values.reduce((x, y) => x + (y - mean) ** 2, 0) / (DRAWS - 1);
  return { mean, variance };
}

it.each<[string, (random: SampleRandom) => number, number, number]>([
  ['normal', normal, 0, 1],
  ['log-normal, spread 0.5', (random) => logNormal(random, 0.5), 1, Math.exp(0.25) - 1],
  ['gamma, variation 0.4', (random) => gamma(random, 0.4), 1, 0.16],
  ['gamma, variation 1.5', (random) => gamma(random, 1.5), 1, 2.25],
  ['Poisson of mean 0.3', (random) => poisson(random, 0.3), 0.3, 0.3],
  ['Poisson of mean 75', (random) => poisson(random, 75), 75, 75],
  ['binomial 200, 1/50', (random) => binomial(random, 200, 0.02), 4, 3.92],
  ['binomial 10, 0.7', (random) => binomial(random, 10, 0.7), 7, 2.1],
])('%s has its mean and variance', (_name, draw, mean, variance) => {
  const found = moments(draw);
  // Five standard errors of a mean, and a tenth of a variance, whose own error depends on the tails.
  expect(Math.abs(found.mean - mean)).toBeLessThan(5 * Math.sqrt(variance / DRAWS));
  expect(Math.abs(found.variance - variance)).toBeLessThan(0.1 * variance);
});

it('what varies not at all is 1; nothing and everything are drawn for sure', () => {
  const random = new SampleRandom(1);
  expect([logNormal(random, 0), gamma(random, 0), poisson(random, 0)]).toEqual([1, 1, 0]);
  expect([binomial(random, 9, 0), binomial(random, 9, 1)]).toEqual([0, 9]);
});

it('correlated factors have mean 1 and their correlation', () => {
  const factor = new CorrelatedFactor(new SampleRandom(3), 0.3, 0.6);
  const logs = Float64Array.from({ length: DRAWS }, () => Math.log(factor.next()));
  const mean = logs.reduce((x, y) => x + y, 0) / DRAWS;
  expect(Math.abs(mean + 0.045)).toBeLessThan(0.02);
  let [own, next] = [0, 0];
  for (let i = 1; i < DRAWS; i++) {
    own += (logs[i] - mean) ** 2;
    next += (logs[i] - mean) * (logs[i - 1] - mean);
  }
  expect(Math.abs(next / own - 0.6)).toBeLessThan(0.02);
});
