import type { MouseEvent, PointerEvent, ReactNode } from 'react';

/** A drawing of rows of 24 hours that is pointed at, and walked over by the arrow keys. */

/** `row` from 0, `hour` 0..23. */
export interface HourCell {
  readonly row: number;
  readonly hour: number;
}

const STEPS: Readonly<Record<string, readonly [row: number, hour: number]>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

export function HourGrid(props: {
  /** For screen readers, with what the keys do. */
  label: string;
  width: number;
  height: number;
  /** Where the cells begin, and how large one is, in pixels. */
  left: number;
  top: number;
  cellWidth: number;
  rowHeight: number;
  rows: number;
  /** The cell that is pointed at. */
  cell: HourCell | null;
  onCell: (cell: HourCell | null) => void;
  onChoose: (cell: HourCell) => void;
  children: ReactNode;
}): ReactNode {
  const { label, width, height, left, top, cellWidth, rowHeight, rows, cell, onCell, onChoose, children } = props;
  const cellAt = (event: PointerEvent | MouseEvent): HourCell | null => {
    const box = event.currentTarget.getBoundingClientRect();
    const hour = Math.floor((event.clientX - box.left - left) / cellWidth);
    const row = Math.floor((event.clientY - box.top - top) / rowHeight);
    return hour >= 0 && hour < 24 && row >= 0 && row < rows ? { row, hour } : null;
  };
  return (
    <svg
      className="chart heat-map"
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      role="application"
      tabIndex={0}
      aria-label={label}
      onPointerMove={(event) => {
        const at = cellAt(event);
        if (at?.row !== cell?.row || at?.hour !== cell?.hour) onCell(at);
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
          const { row, hour } = cell ?? { row: 0, hour: -1 };
          onCell({
            row: Math.min(rows - 1, Math.max(0, row + step[0])),
            hour: Math.min(23, Math.max(0, hour + step[1])),
          });
        } else if (event.key === 'Enter' && cell !== null) onChoose(cell);
        else return;
        event.preventDefault();
      }}
    >
      {children}
    </svg>
  );
}
