import { formatCount, formatShare } from '../../shared/number-format.ts';
import type { ComparedPeriod, PairRow } from '../../shared/period-pair.ts';
import { say } from '../../shared/text/say.ts';

/** How the change between two periods, and what the evidence covers of them, is told. */

/** A relative change as `+20 %`, `−3.5 %`; none in one period is told as such. */
export function changeText(row: PairRow): string {
  if (row.change === null) return '–';
  if (row.totals[0] === 0) return say('only in B');
  if (row.totals[1] === 0) return say('only in A');
  return percent(row.change);
}

/** Beyond this a relative change says no more than that there was nearly none before. */
const MOST_TOLD = 100;

function percent(change: number): string {
  if (change > MOST_TOLD) return `> +${formatCount(MOST_TOLD * 100)} %`;
  const shown = Math.abs(change * 100);
  return `${change < 0 ? '−' : '+'}${formatCount(shown < 10 ? Math.round(shown * 10) / 10 : Math.round(shown))} %`;
}

export function intervalText({ interval }: PairRow): string {
  return interval === null ? '–' : say('{low} to {high}', { low: percent(interval[0]), high: percent(interval[1]) });
}

/** Length, coverage and what was left out of a period, in words. */
export function periodText(period: ComparedPeriod, unit: 'day' | 'hour'): string {
  const { hours, observedHours, daysLeftOut } = period;
  const length =
    unit === 'day' ? say('{count|day|days}', { count: hours / 24 }) : say('{count|hour|hours}', { count: hours });
  const left = daysLeftOut === 0 ? '' : say(', {daysLeftOut|day|days} left out of rates', { daysLeftOut });
  return say('{length}; evidence in {observed} of the hours{left}', {
    length,
    observed: formatShare(hours === 0 ? null : observedHours / hours),
    left,
  });
}
