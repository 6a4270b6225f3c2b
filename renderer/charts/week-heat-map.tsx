import type { ReactNode } from 'react';
import type { SummaryRowValue } from '../../shared/bridge.ts';
import type { Metric } from '../../shared/finding.ts';
import { formatAmount, weekdayName } from '../../shared/number-format.ts';

/** Hour × weekday, on the profile's clock. Shade = amount over the largest cell. */

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

export function WeekHeatMap(props: {
  grid: readonly (readonly number[])[];
  metric: Metric;
  width: number;
  height: number;
  onCell: (cell: { weekday: number; hour: number } | null) => void;
}): ReactNode {
  const { grid, metric, width, height, onCell } = props;
  const cellWidth = (width - LEFT - 2) / 24;
  const cellHeight = (height - TOP - 2) / 7;
  const highest = Math.max(...grid.flat(), 0);
  return (
    <svg
      className="chart heat-map"
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      role="img"
      aria-label={`Hour by weekday, ${metric}; the largest cell holds ${formatAmount(metric, highest)}`}
      onPointerLeave={() => onCell(null)}
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
          <g key={`${day}/${hour}`} onPointerEnter={() => onCell({ weekday: day + 1, hour })}>
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
