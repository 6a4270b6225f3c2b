import type { Metric } from './finding.ts';
import { language, perLanguage } from './text/language.ts';

/** Numbers as people read them, in the language chosen: units always there, the same everywhere. */

const NO_VALUE = '–';
const small = perLanguage((locale) => new Intl.NumberFormat(locale, { maximumFractionDigits: 2 }));
const large = perLanguage((locale) => new Intl.NumberFormat(locale, { maximumFractionDigits: 0 }));

/** Digits with a decimal point, with the comma where the language has it. */
export function withDecimalSign(digits: string): string {
  return language() === 'de' ? digits.replace('.', ',') : digits;
}

/** Percent with one decimal, with two below 1 %. */
function percent(share: number): string {
  const isSmall = share > 0 && share < 0.00995;
  return withDecimalSign((share * 100).toFixed(isSmall ? 2 : 1));
}

/** A count with its noun, which takes an s but for 1: `1 host`, `1,234 hosts`. */
export function formatCounted(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** A count with grouped thousands, at most two decimals below 100: `1,234,567`, `3.25`. */
export function formatCount(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return NO_VALUE;
  return (Math.abs(value) < 100 ? small() : large()).format(value);
}

/** A share (0..1) in percent with one decimal, with two below 1 %; what is not 0 but rounds to it is told as `< 0.01 %`. */
export function formatShare(share: number | null): string {
  if (share === null || !Number.isFinite(share)) return NO_VALUE;
  if (share > 0 && share < 0.00005) return `< ${percent(0.0001)} %`;
  return `${percent(share)} %`;
}

/** An interval of shares: `58.0–64.1 %`, `0.84–1.2 %`. */
export function formatShareInterval(interval: readonly [number, number] | null): string {
  if (interval === null) return NO_VALUE;
  return `${percent(interval[0])}–${percent(interval[1])} %`;
}

const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

/** Bytes in decimal units (IEC 80000-13: 1 kB = 1000 B) with three significant digits: `1.23 GB`. */
export function formatBytes(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return NO_VALUE;
  let unit = 0;
  let scaled = value;
  while (Math.abs(scaled) >= 999.5 && unit < BYTE_UNITS.length - 1) {
    scaled /= 1000;
    unit++;
  }
  const digits = unit === 0 ? String(Math.round(scaled)) : scaled.toPrecision(3);
  return `${withDecimalSign(digits)} ${BYTE_UNITS[unit]}`;
}

const METRIC_NAMES = {
  en: { flows: 'flows', packets: 'packets', 'host-hours': 'host-hours' },
  de: { flows: 'Flows', packets: 'Pakete', 'host-hours': 'Host-Stunden' },
} as const;

/** An amount of a metric with its unit: `1,234 flows`, `1.23 GB`, `310 host-hours`. */
export function formatAmount(metric: Metric, value: number | null): string {
  return metric === 'bytes' ? formatBytes(value) : `${formatCount(value)} ${METRIC_NAMES[language()][metric]}`;
}

/** An amount whose metric stands beside it: bytes with their unit, all else as a count. */
export function formatBareAmount(metric: Metric, value: number | null): string {
  return metric === 'bytes' ? formatBytes(value) : formatCount(value);
}

/** A change by a fraction of what was (0.25: a quarter more): `+25 %`, `-3 %`; from tenfold on `× 12`. */
function formatChange(value: number | null): string {
  if (value === null) return NO_VALUE;
  if (value >= 9) return `× ${formatCount(Math.round(value + 1))}`;
  const rounded = Math.round(value * 100);
  return `${rounded > 0 ? '+' : ''}${rounded} %`;
}

const hundredths = perLanguage(
  (locale) => new Intl.NumberFormat(locale, { minimumFractionDigits: 2, maximumFractionDigits: 2 }),
);

/**
 * A number of a finding by its unit: shares and changes in percent, else the bare number.
 *
 * @param isFine it stands among fractions: two decimals below 100, whether they are zeros or not
 */
export function formatQuantity(unit: string, value: number | null, isFine = false): string {
  if (unit.startsWith('relative change')) return formatChange(value);
  if (unit.startsWith('share')) return formatShare(value);
  return isFine && value !== null && Math.abs(value) < 100 ? hundredths().format(value) : formatCount(value);
}

/** A p-value: three decimals, `< 0.001` below. */
export function formatPValue(p: number | null): string {
  if (p === null) return NO_VALUE;
  return withDecimalSign(p < 0.001 ? '< 0.001' : p.toFixed(3));
}

const weekdays = perLanguage((locale) => new Intl.DateTimeFormat(locale, { weekday: 'long', timeZone: 'UTC' }));

/** Name of an ISO weekday, 1 = Monday. */
export function weekdayName(weekday: number): string {
  if (!(weekday >= 1 && weekday <= 7)) return NO_VALUE;
  // 1 January 2018 was a Monday.
  return weekdays().format(Date.UTC(2018, 0, weekday));
}

const AND = { en: 'and', de: 'und' } as const;
const MORE = { en: 'more', de: 'weitere' } as const;

/** `a`, `a and b`, `a, b and c`. */
export function formatList(words: readonly string[]): string {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} ${AND[language()]} ${words.at(-1) ?? ''}`;
}

/** The first `most` of some words as a list in a sentence, with how many more there are. */
export function formatFirst(words: readonly string[], most: number): string {
  const left = words.length - most;
  return formatList(left > 0 ? [...words.slice(0, most), `${formatCount(left)} ${MORE[language()]}`] : words);
}
