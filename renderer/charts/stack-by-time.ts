import type { SummaryRowValue } from '../../shared/bridge.ts';

/** Rows of `summary --by day[,hour],DIM` as layers over equal steps of local time. Pure. */

export type TimeStep = 'minute' | '5 minutes' | '15 minutes' | 'hour' | 'day' | 'week' | 'month' | 'year';

/** Minutes of the steps that are shorter than an hour. */
export const MINUTES_OF: Readonly<Partial<Record<TimeStep, number>>> = { minute: 1, '5 minutes': 5, '15 minutes': 15 };

export interface TimeBin {
  /** Local start as the filter writes it: `2017-05-17` or `2017-05-17T09:00`; `to` is exclusive. */
  readonly from: string;
  readonly to: string;
}

export interface TimeLayer {
  /** null = absent, or the rest. */
  readonly name: string | null;
  /** What lies beyond the layers with most, together. */
  readonly isRest: boolean;
  /** Number of values in it; 0 = not counted. */
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

/** Layers drawn by name. */
export const MOST_LAYERS = 8;
/** No value of a dimension: ids hold no blanks. */
const REST = ' rest';
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
    case 'minute':
    case '5 minutes':
    case '15 minutes':
    case 'hour': {
      const size = (MINUTES_OF[step] ?? 60) * 60_000;
      return Math.floor(ms / size) * size;
    }
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
    case 'minute':
    case '5 minutes':
    case '15 minutes':
    case 'hour':
      return ms + (MINUTES_OF[step] ?? 60) * 60_000;
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
  return step === 'hour' || step in MINUTES_OF ? new Date(ms).toISOString().slice(0, 16) : isoDay(ms);
}

/** Longest spans in days that are shown by steps shorter than a day. */
const FINE_STEPS: readonly (readonly [days: number, step: TimeStep])[] = [
  [0.125, 'minute'],
  [0.5, '5 minutes'],
  [1.5, '15 minutes'],
  [6, 'hour'],
];

/** The step of a span of so many days that may go down to minutes; `hour` is the finest where a metric knows no shorter one. */
export function fineStepFor(days: number, finest: 'minute' | 'hour'): TimeStep {
  const found = FINE_STEPS.find(([most]) => days <= most)?.[1];
  if (found === undefined) return stepFor(days, false);
  return finest === 'hour' ? 'hour' : found;
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

export interface StackOptions {
  /** What makes the layers; default `category`. */
  readonly by?: string;
  /** Default: by the length of the time. */
  readonly step?: TimeStep;
  /** Rows of all that is in no row with a name, and how many values they are of. */
  readonly rest?: { readonly rows: readonly SummaryRowValue[]; readonly members: number };
  /** Rows outside the span are left out; without it they make it longer. */
  readonly isClipped?: boolean;
}

/**
 * Stacks rows over time. Steps without rows are there with zeros, so that gaps are seen; with `span`, all steps of it.
 * Days that are no date of four digits are counted in `undated`. Rows may have `minute` beside `hour`.
 */
export function stackByTime(
  rows: readonly SummaryRowValue[],
  span: LocalSpan | null = null,
  { by = 'category', step: given, rest, isClipped = false }: StackOptions = {},
): TimeStack {
  const dated: { ms: number; key: string | null; value: number }[] = [];
  const hourly = span?.hourly ?? rows.some((row) => typeof row['hour'] === 'number');
  let undated = 0;
  for (const row of [...rows, ...(rest?.rows ?? []).map((each) => ({ ...each, [by]: REST }))]) {
    const { day, hour, minute, value } = row;
    const name = row[by] ?? null;
    const amount = typeof value === 'number' ? value : 0;
    const start = typeof day === 'string' ? dayMs(day) : null;
    if (start === null) {
      undated += amount;
      continue;
    }
    const ms = start + Number(hour ?? 0) * 3_600_000 + Number(minute ?? 0) * 60_000;
    dated.push({ ms, key: name === null ? null : String(name), value: amount });
  }
  if (dated.length === 0 && span === null)
    return { step: hourly ? 'hour' : 'day', bins: [], layers: [], highest: 0, undated };
  let first = span?.first ?? Infinity;
  let last = span?.last ?? -Infinity;
  if (!isClipped || span === null) {
    for (const { ms } of dated) {
      first = Math.min(first, ms);
      last = Math.max(last, ms);
    }
  }
  const step = given ?? stepFor((last - first) / DAY_MS + 1, hourly);
  const bins: TimeBin[] = [];
  const index = new Map<number, number>();
  for (let ms = floorTo(step, first); ms <= last; ms = nextOf(step, ms)) {
    index.set(ms, bins.length);
    bins.push({ from: nameOf(step, ms), to: nameOf(step, nextOf(step, ms)) });
  }
  const byKey = new Map<string | null, number[]>();
  const sums = Array.from({ length: bins.length }, () => 0);
  for (const { ms, key, value } of dated) {
    const bin = index.get(floorTo(step, ms));
    if (bin === undefined) continue;
    const values = byKey.get(key) ?? Array.from({ length: bins.length }, () => 0);
    values[bin] = (values[bin] ?? 0) + value;
    byKey.set(key, values);
    sums[bin] = (sums[bin] ?? 0) + value;
  }
  const all = [...byKey]
    .filter(([key]) => key !== REST)
    .map(([name, values]) => ({ name, isRest: false, members: 1, values, total: sumOf(values) }))
    .toSorted((a, b) => b.total - a.total || (String(a.name) < String(b.name) ? -1 : 1));
  const layers: TimeLayer[] = all.slice(0, MOST_LAYERS);
  const others = all.slice(MOST_LAYERS).map(({ values }) => values);
  const ofRest = byKey.get(REST);
  if (ofRest !== undefined) others.push(ofRest);
  if (others.length > 0) {
    const values = bins.map((_, bin) => others.reduce((sum, each) => sum + (each[bin] ?? 0), 0));
    const members = all.length - layers.length + (rest?.members ?? 0);
    layers.push({ name: null, isRest: true, members, values, total: sumOf(values) });
  }
  return { step, bins, layers, highest: Math.max(0, ...sums), undated };
}

function sumOf(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
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
