import { scaleLinear } from 'd3';
import type { ReactNode } from 'react';
import type { Metric } from '../../shared/finding.ts';
import { formatBytes } from '../../shared/number-format.ts';

/** The upright axis of amounts, the same in every chart. */

const COMPACT = new Intl.NumberFormat('en-GB', { notation: 'compact', maximumSignificantDigits: 3 });

/** An amount on an axis: `1.2k`, `350 MB`. */
export function axisAmount(metric: Metric, value: number): string {
  return metric === 'bytes' ? formatBytes(value).replace(/\.0+ /, ' ') : COMPACT.format(value);
}

/** Round values from 0 to at least `highest`, about `count` of them. */
export function amountTicks(highest: number, count: number): number[] {
  return scaleLinear([0, highest || 1], [0, 1])
    .nice(count)
    .ticks(count);
}

export function AmountAxis(props: {
  metric: Metric;
  ticks: readonly number[];
  y: (value: number) => number;
  left: number;
  right: number;
}): ReactNode {
  return (
    <g className="axis">
      {props.ticks.map((tick) => (
        <g key={tick} transform={`translate(0,${Math.round(props.y(tick)) + 0.5})`}>
          <line x1={props.left} x2={props.right} className={tick === 0 ? 'baseline' : 'gridline'} />
          <text x={props.left - 8} dy="0.32em" textAnchor="end">
            {axisAmount(props.metric, tick)}
          </text>
        </g>
      ))}
    </g>
  );
}
