import type { ReactNode } from 'react';

/** The drawing of a finding, named for those who cannot see it; sizes in pixels. */
export function FigureFrame(props: { width: number; height: number; label: string; children: ReactNode }): ReactNode {
  const { width, height, label, children } = props;
  return (
    <svg
      className="chart figure"
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      role="img"
      aria-label={label}
    >
      {children}
    </svg>
  );
}
