import { bootstrapInterval, type DayResamples, resampledTotals } from './day-bootstrap.ts';
import type { PeriodDays, PeriodTest } from './period-test.ts';

type Interval = readonly [number, number];

export interface PeriodIntervals {
  /** Relative change of the mean per observed day, later over earlier: 0 = none. Of the log ratio, half a recorded flow added to either total. */
  readonly change: [number, number] | null;
  /** Difference of the means per observed day. */
  readonly gain: [number, number] | null;
}

/**
 * Intervals of what two periods differ by: day-block bootstrap (day-bootstrap.ts), widened about the estimate by the square root of the
 * variance inflation. Null as for `bootstrapInterval`.
 *
 * @param blocks block of each day @param test of the same days @param gain difference of the means per observed day; null: not asked for
 */
export function periodIntervals(
  { values, exposures, isLater, unit }: PeriodDays,
  resamples: DayResamples,
  blocks: ArrayLike<number>,
  test: Pick<PeriodTest, 'logRatio' | 'inflation'>,
  gain: number | null,
): PeriodIntervals {
  const resampled = (series: Float64Array, side: number): Float64Array => {
    const sums = new Float64Array(resamples.blocks);
    for (let i = 0; i < series.length; i++) if (isLater[i] === side) sums[blocks[i]] += series[i];
    return resampledTotals(resamples, sums);
  };
  const [earlier, later] = [resampled(values, 0), resampled(values, 1)];
  const [earlierDays, laterDays] = [resampled(exposures, 0), resampled(exposures, 1)];
  const logs = later.map((sum, r) =>
    Math.log((sum + unit / 2) / laterDays[r] / ((earlier[r] + unit / 2) / earlierDays[r])),
  );
  const gains = (): Float64Array => later.map((sum, r) => sum / laterDays[r] - earlier[r] / earlierDays[r]);
  const wider = Math.sqrt(test.inflation);
  const widened = (value: number, interval: Interval | null): [number, number] | null =>
    interval && [value - wider * (value - interval[0]), value + wider * (interval[1] - value)];
  const log = widened(test.logRatio, bootstrapInterval(resamples, logs));
  return {
    change: log && [Math.exp(log[0]) - 1, Math.exp(log[1]) - 1],
    gain: gain === null ? null : widened(gain, bootstrapInterval(resamples, gains())),
  };
}
