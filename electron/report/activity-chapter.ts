import worldPaths from './world-paths.json' with { type: 'json' };
import { activityFilter } from '../../shared/activity.ts';
import { dateOfDay, dayNumber } from '../../shared/calendar.ts';
import { countryInWords } from '../../shared/country-name.ts';
import { LEAVE_OUT_DUPLICATES } from '../../shared/duplicate-counts.ts';
import { parseFilter } from '../../shared/filter/parse-filter.ts';
import type { CoverageFinding, Metric } from '../../shared/finding.ts';
import { formatAmount, formatCount, formatShare } from '../../shared/number-format.ts';
import { REPORT_CHAPTERS } from '../../shared/report-settings.ts';
import { ZoneClock } from '../../shared/time.ts';
import type { CaseReader } from '../casefile/case-reader.ts';
import { type FlowSelection, compileFilter } from '../casefile/flow-selection.ts';
import { type SummaryRow, summarise } from '../casefile/summary.ts';
import type { Chapter } from './chapter.ts';
import { GRID, INK, WIDTH, at, figure, label, line, rect, scaleEnd, svg } from './figures.ts';
import { escapeHtml } from './markup.ts';

/** Activity at a glance: day by day, on the map, and by category. Counted from the flows, without any test. */

const DAY_US = 86_400e6;

/** Categories drawn apart; the rest is one band. */
const MOST_BANDS = 5;
/** Bars drawn at most; more days share a bar. */
const MOST_BARS = 250;
const MOST_ROWS = 7;

/**
 * Bands from the bottom, dark to light: told apart in print without colour, and without patterns, which make a PDF ten times as
 * large. The last is that of the rest.
 */
const BAND_FILLS = ['#14263a', '#4a6b8a', '#89a5be', '#b4c7d7', '#d5e0e9', '#eef2f5'] as const;

/** The flows that findings about users count. */
export function activitySelection(reader: CaseReader): FlowSelection {
  const where = activityFilter(reader.profile, reader.meta(LEAVE_OUT_DUPLICATES) === 'yes');
  return compileFilter(parseFilter(where), reader);
}

/** Null when the case holds no activity. */
export function activityChapter(reader: CaseReader, coverage: CoverageFinding | undefined): Chapter | null {
  const selection = activitySelection(reader);
  const summary = (by: Parameters<typeof summarise>[1]['by'], metric: Metric): SummaryRow[] =>
    summarise(reader, { by, metric, selection });
  const categories = summary(['category'], 'flows');
  if (categories.length === 0) return null;
  const bytes = summary(['category'], 'bytes');
  const countries = summary(['country'], 'flows');
  const isScaled = categories.some((row) => row.scaled);
  const scaled = isScaled ? ' Sampled counts are multiplied by their rate.' : '';
  const markup = `<p>Counted, not tested: flows opened from inside the ranges of the profile, without its excluded and server addresses, scans
and unasked answers. What can be said of them, and how surely, stands among the findings.${scaled}</p>
${timeline(reader, summary(['day', 'category'], 'flows'), categories, coverage)}
${worldMap(countries)}
<div class="pair">${amountTable('Category', 'category', categories, bytes)}${amountTable(
    'Country of the peer',
    'country',
    countries,
    summary(['country'], 'bytes'),
  )}</div>`;
  return { title: REPORT_CHAPTERS.activity, ownPage: true, markup };
}

/** Flows and bytes of the first values of a dimension, with their shares. */
function amountTable(
  name: string,
  dimension: 'category' | 'country',
  flows: readonly SummaryRow[],
  bytes: readonly SummaryRow[],
): string {
  const bytesOf = new Map(bytes.map((row) => [row[dimension], row]));
  const shown = flows.slice(0, MOST_ROWS);
  const rows = shown.map((row) => {
    const other = bytesOf.get(row[dimension]);
    const value = row[dimension];
    const text = typeof value !== 'string' ? 'not known' : dimension === 'country' ? countryInWords(value) : value;
    return (
      `<tr><td>${escapeHtml(text)}</td><td class="number">${formatCount(row.value)}</td>` +
      `<td class="number">${formatShare(row.share)}</td><td class="number">${formatAmount('bytes', other?.value ?? 0)}</td>` +
      `<td class="number">${formatShare(other?.share ?? null)}</td></tr>`
    );
  });
  const left = flows.length - shown.length;
  const rest = left > 0 ? `<p class="quiet">${formatCount(left)} further are not printed.</p>` : '';
  return (
    `<div><table><thead><tr><th>${name}</th><th class="number">Flows</th><th class="number">Share</th>` +
    `<th class="number">Bytes</th><th class="number">Share</th></tr></thead><tbody>${rows.join('')}</tbody></table>${rest}</div>`
  );
}

/** Flows of each local day, the largest categories as bands; gaps of the evidence hatched below, events as pins above. */
function timeline(
  reader: CaseReader,
  rows: readonly SummaryRow[],
  categories: readonly SummaryRow[],
  coverage: CoverageFinding | undefined,
): string {
  const { timeZone } = reader.profile;
  const bands = categories.slice(0, MOST_BANDS).map((row) => String(row.category));
  const names = categories.length > bands.length ? [...bands, 'all other'] : bands;
  let first = Infinity;
  let last = -Infinity;
  for (const { day } of rows) {
    if (typeof day !== 'string') continue;
    first = Math.min(first, dayNumber(day));
    last = Math.max(last, dayNumber(day));
  }
  if (!Number.isFinite(first)) return '';
  const step = Math.ceil((last - first + 1) / MOST_BARS);
  const bars = Math.ceil((last - first + 1) / step);
  const days = bars * step;
  const amounts = Array.from({ length: bars }, () => names.map(() => 0));
  for (const { day, category, value } of rows) {
    const bar = typeof day === 'string' ? amounts[Math.floor((dayNumber(day) - first) / step)] : undefined;
    if (bar === undefined) continue;
    const band = bands.indexOf(String(category));
    const index = band === -1 ? names.length - 1 : band;
    bar[index] = (bar[index] ?? 0) + value;
  }
  const left = 50;
  const top = 18;
  const bottom = 150;
  const x = (day: number): number => left + ((WIDTH - left) * Math.min(days, Math.max(0, day - first))) / days;
  const most = scaleEnd(Math.max(...amounts.map((bar) => bar.reduce((a, b) => a + b, 0))));
  const height = (amount: number): number => ((bottom - top) * amount) / most;
  let body = '';
  for (const value of [0, most / 2, most]) {
    body += line(left, bottom - height(value), WIDTH, bottom - height(value), GRID);
    body += label(left - 6, bottom - height(value) + 3, formatCount(Math.round(value)), 'end', true);
  }
  const width = (WIDTH - left) / bars;
  amounts.forEach((bar, number) => {
    let y = bottom;
    bar.forEach((amount, band) => {
      if (amount === 0) return;
      y -= height(amount);
      body += rect(left + number * width, y, width - Math.min(2, width / 5), height(amount), fillOf(band, names));
    });
  });
  body += line(left, bottom, WIDTH, bottom, INK);
  const clock = new ZoneClock(timeZone);
  /** Days of the local calendar since the epoch, with their fraction, at an instant in microseconds. */
  const localDay = (us: number): number => us / DAY_US + clock.offsetMinutes(us) / 1440;
  // Marks that fall upon one another are drawn once: there may be thousands.
  let drawnTo = left;
  const silences = [...(coverage?.gaps ?? []), ...(coverage?.outages ?? [])].map(({ from, to }) =>
    [from, to].map((time) => x(localDay(Date.parse(time) * 1000))),
  );
  for (const [from = 0, to = 0] of silences.toSorted(([a = 0], [b = 0]) => a - b)) {
    const start = Math.max(from, drawnTo);
    const end = Math.max(from + 1, to);
    if (end <= start) continue;
    body += rect(start, bottom + 2, end - start, 5, INK);
    drawnTo = end;
  }
  let pinned = -Infinity;
  for (const event of reader.events()) {
    const day = localDay(event.time);
    if (day < first || day >= first + days || x(day) - pinned < 1) continue;
    pinned = x(day);
    body += `<path d="M${at(pinned)} ${top - 4}l-4-8h8z" fill="${INK}"/>`;
    body += line(pinned, top - 4, pinned, bottom, INK, 'stroke-width="0.5" stroke-dasharray="1 3"');
  }
  body += label(left, bottom + 20, dateOfDay(first), 'start', true);
  if (last - first > 1)
    body += label((left + WIDTH) / 2, bottom + 20, dateOfDay(first + Math.floor(days / 2)), 'middle', true);
  if (last > first) body += label(WIDTH, bottom + 20, dateOfDay(last), 'end', true);
  names.forEach((name, band) => {
    const across = left + band * ((WIDTH - left) / names.length);
    body += `<rect x="${at(across)}" y="${bottom + 32}" width="9" height="9" fill="${fillOf(band, names)}" stroke="${INK}" stroke-width="0.4"/>`;
    body += label(across + 13, bottom + 40, name);
  });
  return figure(
    `Activity flows of each ${step === 1 ? 'local day' : `${formatCount(step)} local days`} (${timeZone}) by category. Marks under the axis: gaps and outages of the evidence. ` +
      'Pins: events of the case.',
    svg(bottom + 48, 'Activity flows by day and category', body),
  );
}

function fillOf(band: number, names: readonly string[]): string {
  const isRest = names[band] === 'all other';
  return (isRest ? BAND_FILLS.at(-1) : BAND_FILLS[band]) ?? '#fff';
}

/** Shades from little to much. */
const SHADES = ['#dfe6ec', '#b3c4d3', '#7f9bb5', '#4a6b8a', '#1d3550'] as const;

/** Countries of the peers, shaded by decades of flows below the largest. */
function worldMap(rows: readonly SummaryRow[]): string {
  const named = rows.filter((row) => typeof row.country === 'string' && row.value > 0);
  const most = Math.max(0, ...named.map((row) => row.value));
  if (most === 0) return '';
  const decades = Math.floor(Math.log10(most));
  const lowest = decades - SHADES.length + 1;
  const shade = (value: number): number => Math.max(0, Math.floor(Math.log10(value)) - lowest);
  const amounts = new Map(named.map((row) => [String(row.country), row.value]));
  const scale = (0.68 * WIDTH) / worldPaths.width;
  const middle = 0.16 * WIDTH;
  const drawn = new Set<string>();
  let land = '';
  let dots = '';
  for (const { code, path, centre } of worldPaths.countries) {
    const value = code === null ? undefined : amounts.get(code);
    const fill = value === undefined ? '#fff' : (SHADES[shade(value)] ?? '#fff');
    if (code !== null && value !== undefined) drawn.add(code);
    if (path !== '') land += `<path d="${path}" fill="${fill}"/>`;
    else if (value !== undefined)
      dots += `<circle cx="${centre[0]}" cy="${centre[1]}" r="5" fill="${fill}" stroke="${INK}" stroke-width="1"/>`;
  }
  const height = worldPaths.height * scale;
  let body =
    `<g transform="translate(${at(middle)} 0) scale(${scale})"><path d="${worldPaths.sphere}" fill="#f6f8f9" stroke="${GRID}"/>` +
    `<g stroke="#8fa0af" stroke-width="0.5">${land}</g>${dots}</g>`;
  const first = Math.max(0, -lowest);
  const classes = SHADES.length - first;
  SHADES.slice(first).forEach((fill, i) => {
    const across = i * 92;
    const isLowest = i === 0 && first === 0;
    const least = 10 ** (lowest + first + i);
    const text = isLowest ? `below ${formatCount(10 * least)}` : `from ${formatCount(least)}`;
    body += `<rect x="${across}" y="${at(height + 6)}" width="9" height="9" fill="${fill}" stroke="${INK}" stroke-width="0.4"/>`;
    body += label(across + 13, height + 14, text);
  });
  body += label(classes * 92, height + 14, 'flows; white: none', 'start', true);
  const missing = named.filter((row) => !drawn.has(String(row.country)));
  const absent =
    missing.length > 0
      ? ` Not on the map: ${missing.map((row) => countryInWords(String(row.country))).join(', ')}.`
      : '';
  return figure(
    'Activity flows by country of the peer, as the tables named under “Methods, versions and time base” say of its address: not where ' +
      `anybody is.${absent}`,
    svg(Math.ceil(height + 20), 'Activity flows by country on a map of the world', body),
  );
}
