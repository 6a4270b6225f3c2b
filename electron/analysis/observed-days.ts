import { ZoneClock } from '../../shared/time.ts';
import type { DayTally } from './traffic-tally.ts';

/** A day counts as observed when it has this share of the hours of its weekday's better-observed days. */
export const WHOLE_DAY_SHARE = 0.75;

/**
 * The days that may stand for their weekday. The first and last day of a capture are often cut, and a gap can eat a day;
 * such a day would pull its weekday's mean down. A day counts when the evidence shows flows in at least three quarters as
 * many of its clock hours as on the (upper) median day of the same weekday, so that a quiet Sunday is measured against
 * Sundays, not against working days.
 */
export function wholeDays(days: readonly DayTally[]): DayTally[] {
  const hours: number[][] = Array.from({ length: 8 }, () => []);
  for (const day of days) hours[ZoneClock.weekday(day.day * 24)].push(day.observedHours);
  const medians = hours.map((counts) => counts.toSorted((x, y) => x - y)[Math.floor(counts.length / 2)] ?? 0);
  return days.filter((day) => day.observedHours >= WHOLE_DAY_SHARE * medians[ZoneClock.weekday(day.day * 24)]);
}
