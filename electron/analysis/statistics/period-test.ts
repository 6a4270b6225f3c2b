import { Random } from './random.ts';
import { sequentialPValue } from './sequential-permutations.ts';
import { varianceInflation } from './variance-inflation.ts';

/** Days of two periods, in order of time. */
export interface PeriodDays {
  /** What was counted on each day. */
  readonly values: Float64Array;
  /** How much of the day was observed, 0 (exclusive) to 1. */
  readonly exposures: Float64Array;
  /** 1 for days of the later period. */
  readonly isLater: Uint8Array;
  /** 1 (Monday) to 7. */
  readonly weekdays: Uint8Array;
  /** What one recorded flow adds to a count: 1, or N for sampling at 1:N. */
  readonly unit: number;
}

export interface PeriodTest {
  /** ln of the later mean per day over the earlier. */
  readonly logRatio: number;
  /** Variance inflation of the days by their autocorrelation, 1 or more. */
  readonly inflation: number;
  readonly pValue: number;
}

/**
 * Do two periods have the same mean per observed day? The log ratio of the means, over its standard error, against
 * permutations of the days within their weekday (Mondays change places with Mondays only, so that the weekly rhythm is the same
 * in every permutation). The standard error counts autocorrelation (variance-inflation.ts): such a studentised permutation
 * test is exact for exchangeable days and asymptotically valid for weakly dependent ones and unequal variances (Neuhaus,
 * Ann. Statist. 21, 1993; Janssen, Stat. Probab. Lett. 36, 1997; Romano and Tirlea, J. Time Ser. Anal. 43, 2022). Half a recorded
 * flow is added to either total, and its variance is at least Poisson, so that empty periods can be compared.
 *
 * @param most permutations at most @param enough see sequential-permutations.ts
 */
export function comparePeriods(days: PeriodDays, most: number, enough: number, seed: number): PeriodTest {
  const { values, exposures, isLater, unit } = days;
  const n = values.length;
  const deviations = new Float64Array(n);
  const found = { logRatio: 0, inflation: 1, z: 0 };
  const measure = (order: Float64Array | null): number => {
    let earlier = 0;
    let later = 0;
    let earlierDays = 0;
    let laterDays = 0;
    for (let i = 0; i < n; i++) {
      const at = order === null ? i : order[i];
      if (isLater[i] === 1) {
        later += values[at];
        laterDays += exposures[at];
      } else {
        earlier += values[at];
        earlierDays += exposures[at];
      }
    }
    const earlierRate = earlier / earlierDays;
    const laterRate = later / laterDays;
    earlier += unit / 2;
    later += unit / 2;
    let earlierVariance = 0;
    let laterVariance = 0;
    for (let i = 0; i < n; i++) {
      const at = order === null ? i : order[i];
      if (isLater[i] === 1) {
        const deviation = (values[at] - laterRate * exposures[at]) / later;
        deviations[i] = deviation;
        laterVariance += deviation * deviation;
      } else {
        const deviation = (values[at] - earlierRate * exposures[at]) / earlier;
        deviations[i] = deviation;
        earlierVariance += deviation * deviation;
      }
    }
    const variance = Math.max(earlierVariance, unit / earlier) + Math.max(laterVariance, unit / later);
    found.inflation = varianceInflation(deviations);
    found.logRatio = Math.log(later / laterDays / (earlier / earlierDays));
    found.z = Math.abs(found.logRatio) / Math.sqrt(variance * found.inflation);
    return found.z;
  };
  const seen = measure(null) * (1 - 1e-12);
  const { logRatio, inflation } = found;
  const random = Random.seeded(seed);
  const strata = [1, 2, 3, 4, 5, 6, 7].map((weekday) =>
    Float64Array.from([...days.weekdays.keys()].filter((i) => days.weekdays[i] === weekday)),
  );
  const shuffled = strata.map((places) => Float64Array.from(places));
  const order = new Float64Array(n);
  const pValue = sequentialPValue(
    () => {
      for (let s = 0; s < strata.length; s++) {
        random.shuffle(shuffled[s]);
        for (let i = 0; i < strata[s].length; i++) order[strata[s][i]] = shuffled[s][i];
      }
      return measure(order) >= seen;
    },
    most,
    enough,
  );
  return { logRatio, inflation, pValue };
}
