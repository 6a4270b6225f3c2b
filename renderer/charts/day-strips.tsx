import type { MouseEvent, PointerEvent, ReactNode } from 'react';
import { clockTime } from '../../shared/calendar.ts';
import type { SummaryRowValue } from '../../shared/bridge.ts';
import type { Metric } from '../../shared/finding.ts';
import { formatAmount } from '../../shared/number-format.ts';

/** Hour × day, a strip a day, on the profile's clock. Shade = square root of the amount over the largest cell's, since one busy hour would hide the rest. Arrow keys move over the cells. */

const LEFT = 78;
const TOP = 16;
const DAY_MS = 86_400_000;
/** Days drawn at most. */
const MOST_DAYS = 400;
/** Shades that cells may have, see the week's heat map. */
const SHADES = 24;
/** Room of a date beside the strips, pixels. */
const DATE_ROOM = 14;

export interface DayGrid {
  /** Consecutive local days, YYYY-MM-DD. */
  readonly days: readonly string[];
  /** 24 amounts a day. */
  readonly amounts: readonly (readonly number[])[];
  /** Days after those, which are left out. */
  readonly leftOut: number;
}

/** The first 400 days of rows of `summary --by day,hour`, those without rows among them. */
export function dayGrid(rows: readonly SummaryRowValue[]): DayGrid {
  const cells = rows.flatMap(({ day, hour, value }) => {
    const ms = typeof day === 'string' ? Date.parse(`${day}T00:00:00Z`) : Number.NaN;
    const isCell = !Number.isNaN(ms) && typeof hour === 'number' && typeof value === 'number' && value > 0;
    return isCell ? [{ number: ms / DAY_MS, hour, value }] : [];
  });
  let first = Infinity;
  let last = -Infinity;
  for (const { number } of cells) {
    first = Math.min(first, number);
    last = Math.max(last, number);
  }
  const all = cells.length === 0 ? 0 : last - first + 1;
  const shown = Math.min(all, MOST_DAYS);
  const amounts = Array.from({ length: shown }, () => Array.from({ length: 24 }, () => 0));
  for (const { number, hour, value } of cells) {
    const line = amounts[number - first];
    if (line !== undefined && hour >= 0 && hour < 24) line[hour] = (line[hour] ?? 0) + value;
  }
  const days = amounts.map((_, i) => new Date((first + i) * DAY_MS).toISOString().slice(0, 10));
  return { days, amounts, leftOut: all - shown };
}

/** `day` counts from the first of the grid. */
export interface DayCell {
  readonly day: number;
  readonly hour: number;
}

const STEPS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

export function DayStrips(props: {
  grid: DayGrid;
  metric: Metric;
  width: number;
  cell: DayCell | null;
  onCell: (cell: DayCell | null) => void;
  onChoose: (cell: DayCell) => void;
}): ReactNode {
  const { grid, metric, width, cell, onCell, onChoose } = props;
  const { days, amounts } = grid;
  const pitch = days.length > 40 ? 7 : 12;
  const cellWidth = (width - LEFT - 2) / 24;
  const height = TOP + days.length * pitch + 2;
  const highest = amounts.reduce((most, line) => Math.max(most, ...line), 0);
  const path = (day: number, hour: number): string =>
    `M${round(LEFT + hour * cellWidth)} ${TOP + day * pitch}h${round(cellWidth - 1)}v${pitch - 1}h${-round(cellWidth - 1)}z`;
  const shades = Array.from({ length: SHADES + 1 }, () => '');
  for (const [day, line] of amounts.entries()) {
    for (const [hour, value] of line.entries()) {
      if (value > 0) shades[Math.max(1, Math.round(Math.sqrt(value / highest) * SHADES))] += path(day, hour);
    }
  }
  const datesEvery = Math.ceil(DATE_ROOM / pitch);
  const cellAt = (event: PointerEvent | MouseEvent): DayCell | null => {
    const box = event.currentTarget.getBoundingClientRect();
    const hour = Math.floor((event.clientX - box.left - LEFT) / cellWidth);
    const day = Math.floor((event.clientY - box.top - TOP) / pitch);
    return hour >= 0 && hour < 24 && day >= 0 && day < days.length ? { day, hour } : null;
  };
  return (
    <svg
      className="chart heat-map"
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      role="application"
      tabIndex={0}
      aria-label={`Hour by day, ${metric}; the largest cell holds ${formatAmount(metric, highest)}. Arrow keys move, Enter chooses the day`}
      onPointerMove={(event) => {
        const at = cellAt(event);
        if (at?.day !== cell?.day || at?.hour !== cell?.hour) onCell(at);
      }}
      onPointerLeave={() => onCell(null)}
      onBlur={() => onCell(null)}
      onClick={(event) => {
        const at = cellAt(event);
        if (at !== null) onChoose(at);
      }}
      onKeyDown={(event) => {
        const step = STEPS[event.key];
        if (step !== undefined) {
          const { day, hour } = cell ?? { day: 0, hour: -1 };
          onCell({
            day: Math.min(days.length - 1, Math.max(0, day + step[0])),
            hour: Math.min(23, Math.max(0, hour + step[1])),
          });
        } else if (event.key === 'Enter' && cell !== null) onChoose(cell);
        else return;
        event.preventDefault();
      }}
    >
      <g className="axis">
        {[0, 6, 12, 18].map((hour) => (
          <text key={hour} x={round(LEFT + hour * cellWidth)} y={TOP - 5}>
            {clockTime(hour)}
          </text>
        ))}
        {days.map((day, i) =>
          i % datesEvery === 0 ? (
            <text key={day} x={LEFT - 8} y={TOP + (i + 0.5) * pitch} dy="0.32em" textAnchor="end">
              {day}
            </text>
          ) : null,
        )}
      </g>
      <rect className="cell-ground" x={LEFT} y={TOP} width={round(width - LEFT - 2)} height={days.length * pitch} />
      {shades.map((cells, shade) =>
        cells === '' ? null : <path key={shade} className="cell" fillOpacity={round(shade / SHADES)} d={cells} />,
      )}
      {cell !== null && <path className="pointed" d={path(cell.day, cell.hour)} />}
    </svg>
  );
}
