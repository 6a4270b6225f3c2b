import { visibleText } from '../../shared/visible-text.ts';
import type { AnalysisFrame } from './analysis-frame.ts';
import { type ComparedDay, dateOfDay } from './compared-days.ts';

/** Where a window is divided into two periods that can be compared. */

/** Each period must have so many days that can be compared: two of each weekday. */
export const LEAST_DAYS = 14;
/** Events of these kinds divide the window, as does a pause of so many days; at most so many divisions, told when there are more. */
export const DIVIDING_KINDS: readonly string[] = ['period', 'publication', 'routing', 'sanctions'];
export const PAUSE_DAYS = 7;
export const MOST_DIVISIONS = 4;

/** Calendar days since 1970-01-01, both included. */
export interface Period {
  readonly from: number;
  readonly to: number;
}

export interface Division {
  /** `halves`, `pause`, or the event: what the id of a finding hangs on. */
  readonly by: string;
  /** Why it is divided there. */
  readonly words: string;
  readonly earlier: Period;
  readonly later: Period;
}

/** Divisions of the window, the halves first; and how many more there are. */
export function divisionsOf(
  frame: AnalysisFrame,
  days: readonly ComparedDay[],
): { divisions: Division[]; leftOut: number } {
  const first = frame.days[0]?.day ?? 0;
  const last = frame.days.at(-1)?.day ?? 0;
  const middle = first + Math.ceil((last - first + 1) / 2);
  const found: Division[] = [];
  for (const { kind, label, time } of frame.events) {
    if (!DIVIDING_KINDS.includes(kind)) continue;
    const day = Math.floor(frame.tally.clock.localHour(time) / 24);
    if (day <= first || day >= last) continue;
    found.push({
      by: `${kind} ${time} ${label}`,
      words: `before and after “${visibleText(label)}” (${visibleText(kind)}, ${dateOfDay(day)})`,
      earlier: { from: first, to: day - 1 },
      later: { from: day + 1, to: last },
    });
  }
  days.forEach(({ day }, i) => {
    const before = days[i - 1];
    if (before === undefined || day - before.day <= PAUSE_DAYS) return;
    found.push({
      by: `pause ${dateOfDay(day)}`,
      words: 'before and after a pause of the recording',
      earlier: { from: first, to: before.day },
      later: { from: day, to: last },
    });
  });
  const kept = found.filter((division) => isWhole(days, division)).toSorted((x, y) => x.later.from - y.later.from);
  const halves: Division = {
    by: 'halves',
    words: 'the first half of the window and the second',
    earlier: { from: first, to: middle - 1 },
    later: { from: middle, to: last },
  };
  return {
    divisions: [halves, ...kept.slice(0, MOST_DIVISIONS - 1)],
    leftOut: Math.max(0, kept.length - MOST_DIVISIONS + 1),
  };
}

/** Whether a day lies in a period. */
export function isIn({ day }: ComparedDay, { from, to }: Period): boolean {
  return day >= from && day <= to;
}

/** Whether either period has days enough. */
export function isWhole(days: readonly ComparedDay[], { earlier, later }: Division): boolean {
  return [earlier, later].every((period) => days.filter((day) => isIn(day, period)).length >= LEAST_DAYS);
}
