const DAY_MS = 86_400_000;

/** Days from 1970-01-01 to a date `YYYY-MM-DD`; NaN for what is none. */
export function dayNumber(date: string): number {
  return Date.parse(`${date}T00:00:00Z`) / DAY_MS;
}

/** The date `YYYY-MM-DD` of a whole number of days from 1970-01-01. */
export function dateOfDay(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}

/** A whole hour of the clock (0..24) as `09:00`. */
export function clockTime(hour: number): string {
  return `${String(hour).padStart(2, '0')}:00`;
}
