import { bootstrapInterval, type DayResamples, resampledTotals } from './day-bootstrap.ts';
import type { PeriodDays, PeriodTest } from './period-test.ts';

type Interval = [number, number];

/**
 * Interval of the relative change of the mean per observed day, later over earlier (0 = none): of the log ratio, half a recorded flow
 * added to either total. Day-block bootstrap (day-bootstrap.ts), widened about the estimate by the square root of the variance
 * inflation. Null as for `bootstrapInterval`.
 *
 * @param blocks block of each day @param test of the same days
 */
export function changeInterval(
  days: PeriodDays,
  resamples: DayResamples,
  blocks: ArrayLike<number>,
  { logRatio, inflation }: Pick<PeriodTest, 'logRatio' | 'inflation'>,
): Interval | null {
  const { values, exposures, unit } = days;
  const [earlier, later] = resampledPeriods(days, values, resamples, blocks);
  const [earlierDays, laterDays] = resampledPeriods(days, exposures, resamples, blocks);
  const logs = later.map((sum, r) =>
    Math.log((sum + unit / 2) / laterDays[r] / ((earlier[r] + unit / 2) / earlierDays[r])),
  );
  const log = widened(logRatio, bootstrapInterval(resamples, logs), inflation);
  return log && [Math.exp(log[0]) - 1, Math.exp(log[1]) - 1];
}

/**
 * Interval of what was gained a day beyond a trend: the later mean per observed day, divided by `trend`, less the earlier. As above, about
 * that difference.
 */
export function gainInterval(
  days: PeriodDays,
  resamples: DayResamples,
  blocks: ArrayLike<number>,
  inflation: number,
  trend: number,
): Interval | null {
  const { values, exposures, isLater } = days;
  const [earlier, later] = resampledPeriods(days, values, resamples, blocks);
  const [earlierDays, laterDays] = resampledPeriods(days, exposures, resamples, blocks);
  const gains = later.map((sum, r) => sum / laterDays[r] / trend - earlier[r] / earlierDays[r]);
  const mean = (side: number): number => {
    const of = (series: Float64Array): number => series.reduce((sum, x, i) => (isLater[i] === side ? sum + x : sum), 0);
    return of(values) / of(exposures);
  };
  return widened(mean(1) / trend - mean(0), bootstrapInterval(resamples, gains), inflation);
}

/** Totals of the earlier and of the later period in every resample. */
function resampledPeriods(
  { isLater }: PeriodDays,
  series: Float64Array,
  resamples: DayResamples,
  blocks: ArrayLike<number>,
): [Float64Array, Float64Array] {
  const of = (side: number): Float64Array => {
    const sums = new Float64Array(resamples.blocks);
    for (let i = 0; i < series.length; i++) if (isLater[i] === side) sums[blocks[i]] += series[i];
    return resampledTotals(resamples, sums);
  };
  return [of(0), of(1)];
}

function widened(value: number, interval: Interval | null, inflation: number): Interval | null {
  const wider = Math.sqrt(inflation);
  return interval && [value - wider * (value - interval[0]), value + wider * (interval[1] - value)];
}
