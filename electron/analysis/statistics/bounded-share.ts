import { type DayResamples, ratioInterval } from './day-bootstrap.ts';

/**
 * Interval of a share where it is not known whether some of the whole belongs to the part: identification bounds (Manski, Partial
 * Identification of Probability Distributions, 2003; Horowitz and Manski, Econometrica 63, 1995). The share lies between that of what is
 * known to belong (`named`) and that of it with all that may (`unnamed`); each of the two has the chance of days besides. The interval
 * reaches from the lower end of the one to the upper end of the other, so that it holds all that the share may be (Horowitz and Manski,
 * JASA 95, 2000), and the interval of what is named. Imbens and Manski (Econometrica 72, 2004) cut either end to that of one side, which
 * holds the share itself as often as stated where intervals do; those of few days fall short of it a little.
 *
 * All series hold one value a block of `resamples`; `unnamed` is never part of `named`, nor either more than `all`. Null as `ratioInterval`.
 */
export function boundedShareInterval(
  resamples: DayResamples,
  named: Float64Array,
  unnamed: Float64Array,
  all: Float64Array,
): [number, number] | null {
  const most = named.map((value, block) => value + unnamed[block]);
  const lower = ratioInterval(resamples, named, all, 'share');
  const upper = ratioInterval(resamples, most, all, 'share');
  return lower === null || upper === null ? null : [lower[0], upper[1]];
}
