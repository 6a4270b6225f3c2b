import type { ReactNode } from 'react';
import { clockTime } from '../../shared/calendar.ts';
import type { SummaryRowValue } from '../../shared/bridge.ts';
import type { Metric } from '../../shared/finding.ts';
import { formatAmount, weekdayName } from '../../shared/number-format.ts';
import { type HourCell, HourGrid } from './hour-grid.tsx';
import { language } from '../../shared/text/language.ts';
import { say } from '../../shared/text/say.ts';

/** Hour × weekday, on the profile's clock. Shade = amount over the largest cell. Arrow keys move over the cells. */

const LEFT = 46;
const TOP = 20;

/** 7 × 24 amounts, Monday first, of rows of `summary --by weekday,hour`. */
export function weekGrid(rows: readonly SummaryRowValue[]): number[][] {
  const grid = Array.from({ length: 7 }, () => Array.from({ length: 24 }, () => 0));
  for (const { weekday, hour, value } of rows) {
    if (typeof weekday !== 'number' || typeof hour !== 'number' || typeof value !== 'number') continue;
    const line = grid[weekday - 1];
    if (line !== undefined && hour >= 0 && hour < 24) line[hour] = (line[hour] ?? 0) + value;
  }
  return grid;
}

/** `weekday` from 1 = Monday, `hour` 0..23. */
export interface HeatCell {
  readonly weekday: number;
  readonly hour: number;
}

/** Shades that cells may have: finer ones cannot be told apart, and cells of one shade are drawn as one path. */
const SHADES = 32;

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/** A cell with round corners, as part of a path. */
function cellPath(left: number, top: number, width: number, height: number): string {
  const [across, down] = [round(width - 5.5), round(height - 5.5)];
  return `M${round(left + 2)} ${round(top)}h${across}q2 0 2 2v${down}q0 2 -2 2h${-across}q-2 0 -2 -2v${-down}q0 -2 2 -2z`;
}

export function WeekHeatMap(props: {
  grid: readonly (readonly number[])[];
  metric: Metric;
  width: number;
  height: number;
  /** The cell that is pointed at. */
  cell: HeatCell | null;
  onCell: (cell: HeatCell | null) => void;
  onChoose: (cell: HeatCell) => void;
}): ReactNode {
  const { grid, metric, width, height, cell, onCell, onChoose } = props;
  const cellWidth = (width - LEFT - 2) / 24;
  const cellHeight = (height - TOP - 2) / 7;
  const highest = Math.max(...grid.flat(), 0);
  const path = (day: number, hour: number): string =>
    cellPath(LEFT + hour * cellWidth, TOP + day * cellHeight, cellWidth, cellHeight);
  let ground = '';
  const shades = Array.from({ length: SHADES + 1 }, () => '');
  for (const [day, line] of grid.entries()) {
    for (const [hour, value] of line.entries()) {
      ground += path(day, hour);
      // What is more than nothing is seen.
      if (value > 0) shades[Math.max(1, Math.round((value / highest) * SHADES))] += path(day, hour);
    }
  }
  const toWeek = ({ row, hour }: HourCell): HeatCell => ({ weekday: row + 1, hour });
  return (
    <HourGrid
      label={say('Hour by weekday, {metric}; the largest cell holds {amount}. Arrow keys move, Enter looks closer', {
        metric: say(metric),
        amount: formatAmount(metric, highest),
      })}
      width={width}
      height={height}
      left={LEFT}
      top={TOP}
      cellWidth={cellWidth}
      rowHeight={cellHeight}
      rows={7}
      cell={cell && { row: cell.weekday - 1, hour: cell.hour }}
      onCell={(at) => onCell(at && toWeek(at))}
      onChoose={(at) => onChoose(toWeek(at))}
    >
      <g className="axis">
        {[0, 3, 6, 9, 12, 15, 18, 21].map((hour) => (
          <text key={hour} x={LEFT + hour * cellWidth} y={TOP - 7}>
            {clockTime(hour)}
          </text>
        ))}
        {grid.map((_, day) => (
          <text key={day} x={LEFT - 8} y={TOP + (day + 0.5) * cellHeight} dy="0.32em" textAnchor="end">
            {weekdayName(day + 1).slice(0, language() === 'de' ? 2 : 3)}
          </text>
        ))}
      </g>
      <path className="cell-ground" d={ground} />
      {shades.map((cells, shade) =>
        cells === '' ? null : <path key={shade} className="cell" fillOpacity={round(shade / SHADES)} d={cells} />,
      )}
      {cell !== null && <path className="pointed" d={path(cell.weekday - 1, cell.hour)} />}
    </HourGrid>
  );
}
