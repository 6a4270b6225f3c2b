import type { ReactNode } from 'react';
import { clockTime, dateOfDay, dayNumber } from '../../shared/calendar.ts';
import type { SummaryRowValue } from '../../shared/bridge.ts';
import type { Metric } from '../../shared/finding.ts';
import { formatAmount } from '../../shared/number-format.ts';
import { type HourCell, HourGrid } from './hour-grid.tsx';
import { say } from '../../shared/text/say.ts';

/** Hour × day, a strip a day, on the profile's clock. Shade = square root of the amount over the largest cell's, since one busy hour would hide the rest. Arrow keys move over the cells. */

const LEFT = 78;
const TOP = 16;
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
    const number = typeof day === 'string' ? dayNumber(day) : Number.NaN;
    const isCell = !Number.isNaN(number) && typeof hour === 'number' && typeof value === 'number' && value > 0;
    return isCell ? [{ number, hour, value }] : [];
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
  const days = amounts.map((_, i) => dateOfDay(first + i));
  return { days, amounts, leftOut: all - shown };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

export function DayStrips(props: {
  grid: DayGrid;
  metric: Metric;
  width: number;
  /** Rows are days of the grid. */
  cell: HourCell | null;
  onCell: (cell: HourCell | null) => void;
  onChoose: (cell: HourCell) => void;
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
  return (
    <HourGrid
      label={say('Hour by day, {metric}; the largest cell holds {amount}. Arrow keys move, Enter chooses the day', {
        metric: say(metric),
        amount: formatAmount(metric, highest),
      })}
      width={width}
      height={height}
      left={LEFT}
      top={TOP}
      cellWidth={cellWidth}
      rowHeight={pitch}
      rows={days.length}
      cell={cell}
      onCell={onCell}
      onChoose={onChoose}
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
      {cell !== null && <path className="pointed" d={path(cell.row, cell.hour)} />}
    </HourGrid>
  );
}
