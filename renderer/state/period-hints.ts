import type { CaseOverview, TimeSpan } from '../../shared/bridge.ts';
import { dateOfDay } from '../../shared/calendar.ts';
import { localMs } from './local-time.ts';

const DAY_MS = 86_400_000;

/** Two periods that could be typed: a week and the next from the case's first day on, or its halves where it is shorter. */
export function periodHints(
  { firstSeen, lastSeen }: Pick<CaseOverview, 'firstSeen' | 'lastSeen'>,
  timeZone: string,
): [TimeSpan, TimeSpan] {
  const dayOf = (us: number | null): number => Math.floor(localMs(us ?? 0, timeZone) / DAY_MS);
  const first = dayOf(firstSeen);
  const length = Math.max(1, Math.min(7, Math.floor((dayOf(lastSeen) - first + 1) / 2)));
  const span = (day: number): TimeSpan => ({ from: dateOfDay(day), to: dateOfDay(day + length) });
  return [span(first), span(first + length)];
}
