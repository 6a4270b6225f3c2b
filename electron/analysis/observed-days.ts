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

/**
 * Hours without any flow are gaps of the recording, or silence. By hour of the day: the share (0..1) of them that is silence, so far
 * as can be told: there are at least f1 (f1 - 1) / (2 (f2 + 1)) silent hours where f1 hours hold one flow and f2 hold two
 * (Chao, Scand. J. Statist. 11, 1984: the lower bound of the class not seen, for counts of any mixed Poisson distribution). A
 * gap at hours that are never nearly silent stays a gap.
 */
export function shareOfSilence(days: readonly DayTally[]): Float64Array {
  return Float64Array.from({ length: 24 }, (_, hour) => {
    const having = (flows: number): number => days.filter(({ touching }) => touching[hour] === flows).length;
    const [empty, once, twice] = [having(0), having(1), having(2)];
    return empty === 0 || once < 2 ? 0 : Math.min(1, (once * (once - 1)) / (2 * (twice + 1)) / empty);
  });
}
