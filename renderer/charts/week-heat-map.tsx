import type { ReactNode } from 'react';
import type { SummaryRowValue } from '../../shared/bridge.ts';
import type { Metric } from '../../shared/finding.ts';
import { formatAmount, weekdayName } from '../../shared/number-format.ts';

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

const STEPS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

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
  return (
    <svg
      className="chart heat-map"
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      role="application"
      tabIndex={0}
      aria-label={`Hour by weekday, ${metric}; the largest cell holds ${formatAmount(metric, highest)}. Arrow keys move, Enter looks closer`}
      onPointerLeave={() => onCell(null)}
      onBlur={() => onCell(null)}
      onKeyDown={(event) => {
        const step = STEPS[event.key];
        if (step !== undefined) {
          const { weekday, hour } = cell ?? { weekday: 1, hour: -1 };
          onCell({
            weekday: Math.min(7, Math.max(1, weekday + step[0])),
            hour: Math.min(23, Math.max(0, hour + step[1])),
          });
        } else if (event.key === 'Enter' && cell !== null) onChoose(cell);
        else return;
        event.preventDefault();
      }}
    >
      <g className="axis">
        {[0, 3, 6, 9, 12, 15, 18, 21].map((hour) => (
          <text key={hour} x={LEFT + hour * cellWidth} y={TOP - 7}>
            {`${String(hour).padStart(2, '0')}:00`}
          </text>
        ))}
        {grid.map((_, day) => (
          <text key={day} x={LEFT - 8} y={TOP + (day + 0.5) * cellHeight} dy="0.32em" textAnchor="end">
            {weekdayName(day + 1).slice(0, 3)}
          </text>
        ))}
      </g>
      {grid.map((line, day) =>
        line.map((value, hour) => (
          <g
            key={`${day}/${hour}`}
            className={cell?.weekday === day + 1 && cell.hour === hour ? 'pointed' : undefined}
            onPointerEnter={() => onCell({ weekday: day + 1, hour })}
            onClick={() => onChoose({ weekday: day + 1, hour })}
          >
            <rect
              className="cell-ground"
              x={Math.round((LEFT + hour * cellWidth) * 100) / 100}
              y={Math.round((TOP + day * cellHeight) * 100) / 100}
              width={Math.round((cellWidth - 1.5) * 100) / 100}
              height={Math.round((cellHeight - 1.5) * 100) / 100}
              rx={2}
            />
            <rect
              className="cell"
              x={Math.round((LEFT + hour * cellWidth) * 100) / 100}
              y={Math.round((TOP + day * cellHeight) * 100) / 100}
              width={Math.round((cellWidth - 1.5) * 100) / 100}
              height={Math.round((cellHeight - 1.5) * 100) / 100}
              rx={2}
              fillOpacity={highest === 0 ? 0 : Math.round((value / highest) * 1000) / 1000}
            />
          </g>
        )),
      )}
    </svg>
  );
}
