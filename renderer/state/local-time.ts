import { withDecimalSign } from '../../shared/number-format.ts';
import { ZoneClock, formatUtc, parseInstant } from '../../shared/time.ts';

/** Instants as the page shows them: on the profile's clock. Every view names the zone beside them. */

const clocks = new Map<string, ZoneClock>();

function clockOf(timeZone: string): ZoneClock {
  const known = clocks.get(timeZone);
  if (known !== undefined) return known;
  const clock = new ZoneClock(timeZone);
  clocks.set(timeZone, clock);
  return clock;
}

/** `2017-05-17 09:32:03.000004` down to the digits asked for; `invalid time` for what no date can hold. */
export function localTime(us: number, timeZone: string, digits: 'minute' | 'second' | 'millisecond' | 'all'): string {
  const text = formatUtc(us + clockOf(timeZone).offsetMinutes(us) * 60e6);
  if (!text.endsWith('Z')) return text;
  const length = { minute: 16, second: 19, millisecond: 23, all: 26 }[digits] + text.length - 27;
  return text.slice(0, length).replace('T', ' ');
}

/** Milliseconds of the local calendar, taken as UTC, that the clock shows at an instant. */
export function localMs(us: number, timeZone: string): number {
  return us / 1000 + clockOf(timeZone).offsetMinutes(us) * 60e3;
}

/** The same for an ISO 8601 text of a flow record. */
export function localTimeOf(
  iso: string,
  timeZone: string,
  digits: 'minute' | 'second' | 'millisecond' | 'all',
): string {
  const us = parseInstant(iso, 'UTC');
  return us === null ? iso : localTime(us, timeZone, digits);
}

/** Minutes ahead of UTC as `UTC+08:30`. */
export function offsetName(us: number, timeZone: string): string {
  const minutes = Math.round(clockOf(timeZone).offsetMinutes(us));
  const size = Math.abs(minutes);
  const pad = (value: number): string => String(value).padStart(2, '0');
  return `UTC${minutes < 0 ? '−' : '+'}${pad(Math.floor(size / 60))}:${pad(size % 60)}`;
}

/** Seconds from a flow's first packet to its last; NaN when a time cannot be read. */
export function durationOf(flow: { readonly start: string; readonly end: string }): number {
  const start = parseInstant(flow.start, 'UTC');
  const end = parseInstant(flow.end, 'UTC');
  return start === null || end === null ? Number.NaN : (end - start) / 1e6;
}

/** A length of time in the two largest units that matter: `3 d 4 h`, `12 min`, `0.25 s`. */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '–';
  if (seconds < 1) return `${withDecimalSign(seconds.toFixed(3))} s`;
  if (seconds < 60) return `${withDecimalSign(seconds.toFixed(1))} s`;
  const units: readonly [number, string][] = [
    [86_400, 'd'],
    [3600, 'h'],
    [60, 'min'],
    [1, 's'],
  ];
  const parts: string[] = [];
  let rest = Math.round(seconds);
  for (const [size, name] of units) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0 || parts.length > 0) parts.push(`${count} ${name}`);
    if (parts.length === 2) break;
  }
  return parts.filter((part) => !part.startsWith('0 ')).join(' ');
}
