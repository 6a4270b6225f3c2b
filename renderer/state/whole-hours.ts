import type { TimeSpan } from '../../shared/bridge.ts';

const LOCAL = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?)?$/;
const HOUR_MS = 3_600_000;

/** A local span widened to whole hours, days without their hour; null for what is open, empty or no local time. Pure. */
export function wholeHours({
  from,
  to,
}: {
  readonly from: string | null;
  readonly to: string | null;
}): TimeSpan | null {
  if (from === null || to === null || !LOCAL.test(from) || !LOCAL.test(to)) return null;
  const ms = (text: string): number => Date.parse(`${text.replace(' ', 'T')}${text.length === 10 ? 'T00:00' : ''}Z`);
  const first = Math.floor(ms(from) / HOUR_MS) * HOUR_MS;
  const last = Math.ceil(ms(to) / HOUR_MS) * HOUR_MS;
  if (!(first < last)) return null;
  const name = (at: number): string =>
    new Date(at)
      .toISOString()
      .slice(0, 16)
      .replace(/T00:00$/, '');
  return { from: name(first), to: name(last) };
}
