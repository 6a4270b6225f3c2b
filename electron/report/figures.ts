import type {
  ActivityShareFinding,
  DailyRhythmFinding,
  ServiceRankingFinding,
  WeeklyRhythmFinding,
} from '../../shared/finding.ts';
import {
  formatAmount,
  formatCount,
  formatShare,
  formatShareInterval,
  weekdayName,
} from '../../shared/number-format.ts';
import { clockTime } from '../../shared/calendar.ts';
import { endOfNamed } from '../../shared/finding-chart.ts';
import { escapeAttribute, escapeHtml, escapeSvg } from './markup.ts';

/** Figures as inline SVG: vectors, no script, told apart by tone, hatching and words, never by colour alone. */

export const WIDTH = 640;
/** Of figures that stand side by side, at the same scale. */
const HALF_WIDTH = 308;
export const INK = '#14202b';
export const BAR = '#4a6b8a';
export const PALE = '#b9c6d2';
export const GRID = '#d9dfe4';

export function svg(height: number, description: string, body: string, width = WIDTH): string {
  return `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeAttribute(description)}">${body}</svg>`;
}

export function figure(caption: string, drawing: string): string {
  return `<figure>${drawing}<figcaption>${escapeHtml(caption)}</figcaption></figure>`;
}

export const at = (value: number): string => (Math.round(value * 100) / 100).toString();

export function line(x1: number, y1: number, x2: number, y2: number, stroke: string, extra = ''): string {
  return `<line x1="${at(x1)}" y1="${at(y1)}" x2="${at(x2)}" y2="${at(y2)}" stroke="${stroke}" ${extra}/>`;
}

export function rect(x: number, y: number, width: number, height: number, fill: string): string {
  return `<rect x="${at(x)}" y="${at(y)}" width="${at(Math.max(0, width))}" height="${at(height)}" fill="${fill}"/>`;
}

export function label(
  x: number,
  y: number,
  text: string,
  anchor: 'start' | 'middle' | 'end' = 'start',
  quiet = false,
): string {
  const tone = quiet ? ' class="quiet"' : '';
  return `<text x="${at(x)}" y="${at(y)}" text-anchor="${anchor}"${tone}>${escapeSvg(text)}</text>`;
}

/** A name cut to so many letters; those of Han, kana and hangul are twice as wide. */
export function shortened(text: string, most: number): string {
  let room = most;
  let kept = '';
  for (const character of text) {
    room -= character >= '\u1100' ? 2 : 1;
    if (room < 0) return `${kept}…`;
    kept += character;
  }
  return text;
}

/** Whisker along x, dashed behind `end`. */
function whisker(low: number, high: number, y: number, end = high): string {
  return (
    line(low, y, end, y, INK, 'stroke-width="1.2"') +
    (end < high ? line(end, y, high, y, INK, 'stroke-width="1.2" stroke-dasharray="3 2"') : '') +
    line(low, y - 3, low, y + 3, INK, 'stroke-width="1.2"') +
    line(high, y - 3, high, y + 3, INK, 'stroke-width="1.2"')
  );
}

interface BarRow {
  name: string;
  share: number | null;
  interval: readonly [number, number] | null;
  /** Where the interval goes on as far as what is not known may reach. */
  endOfKnown?: number | null;
}

/** Horizontal bars of shares on one scale, with intervals. `most` is the right end of the scale (0..1). */
export function shareBars(rows: readonly BarRow[], most: number, description: string): string {
  const left = 132;
  const right = WIDTH - 150;
  const step = 24;
  const height = rows.length * step + 26;
  const x = (share: number): number => left + (right - left) * Math.min(1, share / most);
  let body = '';
  for (let i = 0; i <= 4; i++) {
    const share = (most * i) / 4;
    body += line(x(share), 4, x(share), height - 20, GRID);
    body += label(x(share), height - 7, `${Number((share * 100).toFixed(1))} %`, 'middle', true);
  }
  rows.forEach((row, i) => {
    const y = 8 + i * step;
    body += label(left - 8, y + 11, shortened(row.name, 22), 'end');
    if (row.share === null) {
      body += label(left + 6, y + 11, 'cannot be told', 'start', true);
      return;
    }
    body += rect(left, y, x(row.share) - left, 14, BAR);
    if (row.interval !== null)
      body += whisker(x(row.interval[0]), x(row.interval[1]), y + 7, x(row.endOfKnown ?? row.interval[1]));
    body += label(right + 12, y + 11, formatShare(row.share));
    if (row.interval !== null) body += label(WIDTH, y + 11, formatShareInterval(row.interval), 'end', true);
  });
  body += line(left, 4, left, height - 20, INK);
  return svg(height, description, body);
}

/** The least round number that is not below `most`: the end of a scale. */
export function scaleEnd(most: number): number {
  const power = 10 ** Math.floor(Math.log10(most));
  const step = [1, 1.2, 1.6, 2, 2.4, 3, 4, 5, 6, 8, 10].find((factor) => factor * power >= most * (1 - 1e-9)) ?? 10;
  return step * power;
}

/** The right end of a scale of shares (0..1): the intervals have room, and five marks on it are round. */
function shareScale(rows: readonly BarRow[]): number {
  const most = Math.max(0, ...rows.map((row) => row.interval?.[1] ?? row.share ?? 0));
  return [0.004, 0.02, 0.04, 0.1, 0.2, 0.4, 0.6, 0.8, 1].find((end) => end >= most) ?? 1;
}

/** A group's share by every metric, side by side. */
export function shareFigure(findings: readonly ActivityShareFinding[]): string {
  const rows = findings.map((finding) => ({
    name: finding.metric,
    share: finding.value,
    interval: finding.interval,
    endOfKnown: endOfNamed(finding),
  }));
  const group = findings[0]?.group ?? '';
  const dashed = rows.some(({ endOfKnown }) => endOfKnown !== null) ? ', dashed: with activity that no rule names' : '';
  return figure(
    `Share of activity by each metric; the thin line is the 95 % interval${dashed}.`,
    shareBars(rows, shareScale(rows), `Share of ${group} by metric`),
  );
}

const RANKED = 10;

/** The first ten services of a ranking. */
export function rankingFigure(finding: ServiceRankingFinding): string {
  const shown = finding.ranking.slice(0, RANKED);
  const rows = shown.map(({ service, value, interval }) => ({ name: service, share: value, interval }));
  const left = finding.ranking.length - shown.length;
  const rest = left > 0 ? ` ${left} further ranked services are not drawn.` : '';
  return figure(
    `Share of activity flows${finding.category === null ? '' : ` of category ${finding.category}`}; the thin line is the ` +
      `95 % interval.${rest}`,
    shareBars(rows, shareScale(rows), finding.title),
  );
}

/** The 24 local hours, with the active ones darker and the flat profile as a dashed line. */
export function profileFigure(finding: DailyRhythmFinding): string {
  const { profile, activeFrom, activeTo } = finding;
  const left = 40;
  const top = 10;
  const bottom = 122;
  const width = (HALF_WIDTH - left) / 24;
  const most = scaleEnd(Math.max(...profile, 1 / 24));
  const y = (share: number): number => bottom - ((bottom - top) * share) / most;
  const isActive = (hour: number): boolean => {
    if (activeFrom === null || activeTo === null) return false;
    return activeFrom < activeTo ? hour >= activeFrom && hour < activeTo : hour >= activeFrom || hour < activeTo;
  };
  let body = '';
  for (const share of [0, most / 2, most]) {
    body += line(left, y(share), HALF_WIDTH, y(share), GRID);
    body += label(left - 6, y(share) + 3, `${(share * 100).toFixed(1)} %`, 'end', true);
  }
  profile.forEach((share, hour) => {
    const x = left + hour * width;
    body += rect(x + 1, y(share), width - 2, bottom - y(share), isActive(hour) ? BAR : PALE);
    if (hour % 6 === 0) body += label(x + 1, bottom + 13, clockTime(hour), 'start', true);
  });
  body += line(left, y(1 / 24), HALF_WIDTH, y(1 / 24), INK, 'stroke-width="0.8" stroke-dasharray="4 3"');
  body += line(left, bottom, HALF_WIDTH, bottom, INK);
  return figure(
    `By ${finding.metric ?? ''}: share of activity in each local hour (${finding.timeZone}), per observed hour. Dark: active ` +
      'hours. Dashed: a flat profile.',
    svg(140, finding.title, body, HALF_WIDTH),
  );
}

/** Mean per observed weekday with intervals; weekdays that cannot be told from the top one are darker. */
export function weekdayFigure(finding: WeeklyRhythmFinding): string {
  const { metric } = finding;
  const left = 50;
  const top = 10;
  const bottom = 122;
  const width = (HALF_WIDTH - left) / 7;
  const rows = finding.ranking.toSorted((x, y) => x.weekday - y.weekday);
  const most = scaleEnd(Math.max(...rows.map((row) => row.interval?.[1] ?? row.value)) || 1);
  const y = (value: number): number => bottom - ((bottom - top) * value) / most;
  let body = '';
  for (const value of [0, most / 2, most]) {
    body += line(left, y(value), HALF_WIDTH, y(value), GRID);
    const text = metric === null ? '' : formatAmount(metric, value).replace(/ flows$/, '');
    body += label(left - 6, y(value) + 3, text, 'end', true);
  }
  for (const row of rows) {
    const x = left + (row.weekday - 1) * width;
    const middle = x + width / 2;
    const isTop = finding.verdict !== 'not-supported' && finding.highest.includes(row.weekday);
    body += rect(x + 5, y(row.value), width - 10, bottom - y(row.value), isTop ? BAR : PALE);
    if (row.interval !== null) {
      const [low, high] = row.interval.map(y);
      body += line(middle, low, middle, high, INK, 'stroke-width="1.2"');
      body += line(middle - 4, low, middle + 4, low, INK, 'stroke-width="1.2"');
      body += line(middle - 4, high, middle + 4, high, INK, 'stroke-width="1.2"');
    }
    body += label(middle, bottom + 13, weekdayName(row.weekday).slice(0, 3), 'middle');
    body += label(middle, bottom + 25, `${row.daysObserved} d`, 'middle', true);
  }
  body += line(left, bottom, HALF_WIDTH, bottom, INK);
  return figure(
    `Mean ${metric ?? ''} of activity per observed day (${finding.timeZone}) with 95 % interval; d: days observed. Dark: the ` +
      'highest weekday and those that cannot be told from it.',
    svg(152, finding.title, body, HALF_WIDTH),
  );
}

/** Flows by weekday (rows, Monday first) and local hour (24 columns); the darker, the more. */
export function weekFigure(flows: readonly (readonly number[])[], timeZone: string): string {
  const left = 64;
  const cell = (WIDTH - left) / 24;
  const step = 16;
  const most = Math.max(1, ...flows.flat());
  let body = '';
  flows.forEach((hours, day) => {
    const y = 4 + day * step;
    body += label(left - 8, y + 11, weekdayName(day + 1), 'end');
    hours.forEach((value, hour) => {
      // From nearly white to ink, so that it also reads in print without colour; no flow is an outlined cell.
      const tone = Math.round(240 - 205 * (value / most));
      const fill = value === 0 ? '#fff' : `rgb(${tone},${tone + 6},${tone + 12})`;
      body += `<rect x="${at(left + hour * cell + 0.5)}" y="${at(y)}" width="${at(cell - 1)}" height="${step - 1}" fill="${fill}" stroke="${GRID}" stroke-width="0.4"/>`;
    });
  });
  const bottom = 4 + flows.length * step;
  for (let hour = 0; hour < 24; hour += 3) {
    body += label(left + hour * cell + 1, bottom + 10, clockTime(hour), 'start', true);
  }
  return figure(
    `Activity flows by weekday and local hour (${timeZone}), as counted: not corrected for coverage. White: none; darkest: ` +
      `${formatCount(Math.round(most))} flows.`,
    svg(bottom + 16, 'Activity by weekday and hour', body),
  );
}

/** One track of the coverage figure. Times in microseconds. */
export interface CoverageTrack {
  name: string;
  from: number;
  to: number;
}

/** When each evidence file speaks, and where all are silent. */
export function coverageFigure(
  tracks: readonly CoverageTrack[],
  gaps: readonly { from: number; to: number }[],
  window: { from: number; to: number; fromText: string; toText: string },
  caption: string,
): string {
  const left = 132;
  const step = 15;
  const height = (tracks.length + 1) * step + 34;
  const span = Math.max(1, window.to - window.from);
  const x = (time: number): number => left + (WIDTH - left) * Math.min(1, Math.max(0, (time - window.from) / span));
  let body =
    '<defs><pattern id="silent" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">' +
    `<rect width="5" height="5" fill="#fff"/><rect width="1.4" height="5" fill="${INK}"/></pattern></defs>`;
  tracks.forEach((track, i) => {
    const y = 4 + i * step;
    const name = track.name.length > 26 ? `…${track.name.slice(-25)}` : track.name;
    body += label(left - 8, y + 8, name, 'end');
    body += line(left, y + 5, WIDTH, y + 5, GRID);
    body += rect(x(track.from), y, Math.max(1.5, x(track.to) - x(track.from)), 10, PALE);
  });
  const y = 8 + tracks.length * step;
  body += label(left - 8, y + 9, 'any flow', 'end');
  body += rect(left, y, WIDTH - left, 12, BAR);
  // Gaps with less than a unit between them are drawn as one: there may be thousands.
  const drawn: { from: number; to: number }[] = [];
  for (const gap of gaps.toSorted((one, other) => one.from - other.from)) {
    const [from, to] = [x(gap.from), Math.max(x(gap.from) + 1.5, x(gap.to))];
    const before = drawn.at(-1);
    if (before !== undefined && from - before.to < 1) before.to = Math.max(before.to, to);
    else drawn.push({ from, to });
  }
  for (const { from, to } of drawn) {
    body += `<rect x="${at(from)}" y="${at(y)}" width="${at(to - from)}" height="12" fill="url(#silent)" stroke="${INK}" stroke-width="0.6"/>`;
  }
  body += line(left, y + 17, WIDTH, y + 17, INK);
  body += label(left, y + 29, window.fromText, 'start', true);
  body += label(WIDTH, y + 29, window.toText, 'end', true);
  return figure(caption, svg(height, 'Coverage of the evidence over time', body));
}
