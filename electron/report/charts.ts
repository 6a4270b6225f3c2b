import { clockTime, dateOfDay, dayNumber } from '../../shared/calendar.ts';
import type { DotsChart, FindingChart, LagChart, StepsChart, StripsChart } from '../../shared/finding-chart.ts';
import { formatCount } from '../../shared/number-format.ts';
import { BAR, GRID, INK, PALE, WIDTH, at, figure, label, line, rect, scaleEnd, shareBars, svg } from './figures.ts';

/** The charts of shared/finding-chart.ts as inline SVG, in the manner of figures.ts. */

/** Days that a figure of strips holds; the rest are in the case. */
const MOST_STRIPS = 7;

export function chartFigure(chart: FindingChart, description: string): string {
  switch (chart.form) {
    case 'dots':
      return dots(chart, description);
    case 'steps':
      return steps(chart, description);
    case 'lags':
      return lags(chart, description);
    case 'strips':
      return strips(chart, description);
  }
}

function dots(chart: DotsChart, description: string): string {
  const rows = chart.rows.map(({ name, value, interval }) => ({ name, share: value, interval }));
  const most = Math.min(1, scaleEnd(Math.max(0.01, ...rows.map((row) => row.interval?.[1] ?? row.share))));
  return figure(chart.caption, shareBars(rows, most, description));
}

const LEFT = 50;
const TOP = 10;
const BOTTOM = 84;

/** A scale from 0 with three gridlines: its drawing, and where a value lies. */
function upright(most: number, text: (value: number) => string): { grid: string; y: (value: number) => number } {
  const y = (value: number): number => BOTTOM - ((BOTTOM - TOP) * Math.min(value, most)) / most;
  const grid = [0, most / 2, most]
    .map(
      (value) => line(LEFT, y(value), WIDTH, y(value), GRID) + label(LEFT - 6, y(value) + 3, text(value), 'end', true),
    )
    .join('');
  return { grid, y };
}

function steps(chart: StepsChart, description: string): string {
  const first = Math.min(...chart.steps.map(({ from }) => dayNumber(from)));
  const last = Math.max(...chart.steps.map(({ to }) => dayNumber(to))) + 1;
  const x = (day: number): number => LEFT + ((WIDTH - LEFT) * (day - first)) / (last - first);
  const most = scaleEnd(Math.max(...chart.steps.map(({ level }) => level)) || 1);
  const { grid, y } = upright(most, (value) => (most < 10 ? value.toFixed(1) : formatCount(Math.round(value))));
  let body = '';
  if (chart.markedInterval !== null) {
    const [from, to] = chart.markedInterval.map(dayNumber);
    body += rect(x(from), TOP, x(to + 1) - x(from), BOTTOM - TOP, '#eceff2');
  }
  body += grid;
  for (const { from, to, level } of chart.steps) {
    const start = x(dayNumber(from));
    body += rect(start, y(level), x(dayNumber(to) + 1) - start, BOTTOM - y(level), PALE);
    body += line(start, y(level), x(dayNumber(to) + 1), y(level), INK, 'stroke-width="1.4"');
  }
  if (chart.marked !== null) {
    const place = x(dayNumber(chart.marked));
    body += line(place, TOP - 6, place, BOTTOM, INK, 'stroke-width="1.2" stroke-dasharray="4 3"');
    body += label(place + 4, TOP + 2, chart.marked);
  }
  body += line(LEFT, BOTTOM, WIDTH, BOTTOM, INK);
  body +=
    label(LEFT, BOTTOM + 13, dateOfDay(first), 'start', true) +
    label(WIDTH, BOTTOM + 13, dateOfDay(last - 1), 'end', true);
  return figure(chart.caption, svg(BOTTOM + 18, description, body));
}

function lags(chart: LagChart, description: string): string {
  const lagValues = chart.points.map(({ lag }) => lag);
  const first = Math.min(...lagValues);
  const last = Math.max(...lagValues) + 1;
  const x = (lag: number): number => LEFT + ((WIDTH - LEFT) * (lag - first)) / (last - first);
  const most = scaleEnd(Math.max(2, ...chart.points.map(({ ratio }) => ratio)));
  const { grid, y } = upright(most, (value) => `× ${Number(value.toFixed(2))}`);
  let body = grid;
  for (const { lag, ratio } of chart.points) {
    body += rect(x(lag) + 0.5, y(ratio), x(lag + 1) - x(lag) - 1, BOTTOM - y(ratio), lag >= 0 ? BAR : PALE);
    if (lag % 12 === 0) body += label(x(lag), BOTTOM + 13, `${lag > 0 ? '+' : ''}${lag} h`, 'middle', true);
  }
  body += line(LEFT, y(1), WIDTH, y(1), INK, 'stroke-width="0.8" stroke-dasharray="4 3"');
  body += line(x(0), TOP - 6, x(0), BOTTOM, INK) + line(LEFT, BOTTOM, WIDTH, BOTTOM, INK);
  return figure(chart.caption, svg(BOTTOM + 18, description, body));
}

function strips(chart: StripsChart, description: string): string {
  const left = 70;
  const step = 24;
  const days = chart.days.slice(0, MOST_STRIPS);
  const x = (hour: number): number => left + ((WIDTH - left) * hour) / 24;
  let body = '';
  const bottom = 4 + days.length * step;
  for (let hour = 0; hour <= 24; hour += 3) {
    body += line(x(hour), 2, x(hour), bottom, GRID);
    body += label(x(hour), bottom + 11, clockTime(hour), hour === 24 ? 'end' : 'middle', true);
  }
  /** What stands under a number, where there is no room for the word. */
  const numbered: string[] = [];
  days.forEach(({ date, spans }, i) => {
    const y = 6 + i * step;
    body += label(left - 8, y + 12, date, 'end');
    for (const { from, to, category, service } of spans) {
      const width = Math.max(1, x(to) - x(from));
      body += rect(x(from), y, width - 0.6, 17, category === 'unknown' ? GRID : PALE);
      const word = service ?? category;
      // A word is written where it has room: about five units a letter.
      const hasRoom = width > word.length * 5.2 + 4;
      if (!hasRoom && !numbered.includes(word)) numbered.push(word);
      body += label(x(from) + 3, y + 12, hasRoom ? word : String(numbered.indexOf(word) + 1));
    }
  });
  const more = chart.days.length - days.length;
  const rest = more > 0 ? ` ${more} further days are in the case, not drawn.` : '';
  const key = numbered.map((word, i) => `${i + 1} ${word}`).join(', ');
  const keyed = key === '' ? '' : ` Numbers: ${key}.`;
  return figure(`${chart.caption}${keyed}${rest}`, svg(Number(at(bottom + 16)), description, body));
}
