import type { SummaryRowValue } from '../../shared/bridge.ts';

/** Rows of `summary --by day[,hour],category` as layers over equal steps of local time. Pure. */

export type TimeStep = 'hour' | 'day' | 'week' | 'month' | 'year';

export interface TimeBin {
  /** Local start as the filter writes it: `2017-05-17` or `2017-05-17T09:00`; `to` is exclusive. */
  readonly from: string;
  readonly to: string;
}

export interface TimeLayer {
  /** null = the categories beyond the most frequent ones, together. */
  readonly category: string | null;
  /** Number of categories in it. */
  readonly members: number;
  readonly values: readonly number[];
  readonly total: number;
}

export interface TimeStack {
  readonly step: TimeStep;
  readonly bins: readonly TimeBin[];
  /** Largest total first. */
  readonly layers: readonly TimeLayer[];
  /** Largest sum of a bin. */
  readonly highest: number;
  /** Rows whose day could not be read as a date, and the value in them. */
  readonly undated: number;
}

const MOST_LAYERS = 8;
const DAY_MS = 86_400_000;
const DAY = /^(\d{4})-(\d\d)-(\d\d)$/;

function dayMs(day: string): number | null {
  return DAY.test(day) ? Date.parse(`${day}T00:00:00Z`) : null;
}

function isoDay(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

/** First moment (ms of the local calendar, taken as UTC) of the step that holds `ms`. */
function floorTo(step: TimeStep, ms: number): number {
  const date = new Date(ms);
  switch (step) {
    case 'hour':
      return Math.floor(ms / 3_600_000) * 3_600_000;
    case 'day':
      return Math.floor(ms / DAY_MS) * DAY_MS;
    case 'week':
      return Math.floor(ms / DAY_MS) * DAY_MS - ((date.getUTCDay() + 6) % 7) * DAY_MS;
    case 'month':
      return Date.UTC(date.getUTCFullYear(), date.getUTCMonth());
    case 'year':
      return Date.UTC(date.getUTCFullYear(), 0);
  }
}

function nextOf(step: TimeStep, ms: number): number {
  const date = new Date(ms);
  switch (step) {
    case 'hour':
      return ms + 3_600_000;
    case 'day':
      return ms + DAY_MS;
    case 'week':
      return ms + 7 * DAY_MS;
    case 'month':
      return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1);
    case 'year':
      return Date.UTC(date.getUTCFullYear() + 1, 0);
  }
}

function nameOf(step: TimeStep, ms: number): string {
  return step === 'hour' ? new Date(ms).toISOString().slice(0, 16) : isoDay(ms);
}

/** The step that keeps a chart at some hundred bars: hours up to four days, years beyond twenty. */
export function stepFor(days: number, hourly: boolean): TimeStep {
  if (hourly) return 'hour';
  if (days <= 130) return 'day';
  if (days <= 900) return 'week';
  return days <= 20 * 366 ? 'month' : 'year';
}

/** A stretch of the local calendar, in milliseconds as `floorTo` has them; both ends included. */
export interface LocalSpan {
  readonly first: number;
  readonly last: number;
  /** Whether rows have hours. */
  readonly hourly: boolean;
}

/**
 * Stacks rows over time. Steps without rows are there with zeros, so that gaps are seen; with `span`, all steps of it.
 * Days that are no date of four digits are counted in `undated`.
 */
export function stackByTime(rows: readonly SummaryRowValue[], span: LocalSpan | null = null): TimeStack {
  const dated: { ms: number; category: string; value: number }[] = [];
  const hourly = span?.hourly ?? rows.some((row) => typeof row['hour'] === 'number');
  let undated = 0;
  for (const row of rows) {
    const { day, hour, category, value } = row;
    const amount = typeof value === 'number' ? value : 0;
    const start = typeof day === 'string' ? dayMs(day) : null;
    if (start === null) undated += amount;
    else {
      const ms = start + (typeof hour === 'number' ? hour * 3_600_000 : 0);
      dated.push({ ms, category: typeof category === 'string' ? category : 'unknown', value: amount });
    }
  }
  if (dated.length === 0 && span === null)
    return { step: hourly ? 'hour' : 'day', bins: [], layers: [], highest: 0, undated };
  let first = span?.first ?? Infinity;
  let last = span?.last ?? -Infinity;
  for (const { ms } of dated) {
    first = Math.min(first, ms);
    last = Math.max(last, ms);
  }
  const step = stepFor((last - first) / DAY_MS + 1, hourly);
  const bins: TimeBin[] = [];
  const index = new Map<number, number>();
  for (let ms = floorTo(step, first); ms <= last; ms = nextOf(step, ms)) {
    index.set(ms, bins.length);
    bins.push({ from: nameOf(step, ms), to: nameOf(step, nextOf(step, ms)) });
  }
  const byCategory = new Map<string, number[]>();
  const sums = Array.from({ length: bins.length }, () => 0);
  for (const { ms, category, value } of dated) {
    const bin = index.get(floorTo(step, ms)) ?? 0;
    const values = byCategory.get(category) ?? Array.from({ length: bins.length }, () => 0);
    values[bin] = (values[bin] ?? 0) + value;
    byCategory.set(category, values);
    sums[bin] = (sums[bin] ?? 0) + value;
  }
  const all = [...byCategory]
    .map(([category, values]) => ({ category, members: 1, values, total: values.reduce((a, b) => a + b, 0) }))
    .toSorted((a, b) => b.total - a.total || (a.category < b.category ? -1 : 1));
  const layers: TimeLayer[] = all.slice(0, MOST_LAYERS);
  const others = all.slice(MOST_LAYERS);
  if (others.length > 0) {
    layers.push({
      category: null,
      members: others.length,
      values: bins.map((_, bin) => others.reduce((sum, layer) => sum + (layer.values[bin] ?? 0), 0)),
      total: others.reduce((sum, layer) => sum + layer.total, 0),
    });
  }
  return { step, bins, layers, highest: Math.max(...sums), undated };
}

/** The bins that a time span of the filter covers, as indices (both inclusive); null when it covers none or is no date. */
export function binsOfSpan(bins: readonly TimeBin[], from: string | null, to: string | null): [number, number] | null {
  if (from === null && to === null) return null;
  const local = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?)?$/;
  if ((from !== null && !local.test(from)) || (to !== null && !local.test(to))) return null;
  const minute = (text: string): string => `${text.replace(' ', 'T')}T00:00`.slice(0, 16);
  const first = bins.findIndex((bin) => from === null || minute(bin.to) > minute(from));
  let last = -1;
  bins.forEach((bin, i) => {
    if (to === null || minute(bin.from) < minute(to)) last = i;
  });
  return first < 0 || last < first ? null : [first, last];
}

/**
 * Where a moment of the local calendar (ms, taken as UTC) lies among the bins: 2.5 = in the middle of the third. Moments
 * before and after them lie at their edges.
 */
export function placeAmong(bins: readonly TimeBin[], ms: number): number {
  let low = 0;
  let high = bins.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (startMs(bins[middle]?.to ?? '') <= ms) low = middle + 1;
    else high = middle;
  }
  const bin = bins[low];
  if (bin === undefined) return bins.length;
  const from = startMs(bin.from);
  return low + Math.max(0, (ms - from) / (startMs(bin.to) - from));
}

function startMs(name: string): number {
  return Date.parse(name.length === 10 ? `${name}T00:00:00Z` : `${name}:00Z`);
}
