import { scaleLinear, scaleLog } from 'd3';
import type { ReactNode } from 'react';
import type { Metric } from '../../shared/finding.ts';
import { formatBytes, withDecimalSign } from '../../shared/number-format.ts';

/** The upright axis of amounts, the same in every chart. */

const COMPACT = new Intl.NumberFormat('en-GB', { notation: 'compact', maximumSignificantDigits: 3 });

/** An amount on an axis: `1.2k`, `350 MB`. */
export function axisAmount(metric: Metric, value: number): string {
  return metric === 'bytes' ? formatBytes(value).replace(/\.0+ /, ' ') : withDecimalSign(COMPACT.format(value));
}

/** Round values from 0 to at least `highest`, about `count` of them. */
export function amountTicks(highest: number, count: number): number[] {
  return scaleLinear([0, highest || 1], [0, 1])
    .nice(count)
    .ticks(count);
}

export interface AmountScale {
  readonly ticks: readonly number[];
  /** Where an amount stands, pixels; on a logarithmic axis everything up to the lowest tick stands there. */
  readonly place: (value: number) => number;
}

/**
 * An axis from 0, or of whole decades around `lowest` and `highest`, both above 0; `range` is where it begins and ends.
 * A logarithmic axis has no 0: bars begin at its lowest tick.
 */
export function amountScale(
  { highest, lowest, count, isLog }: { highest: number; lowest: number; count: number; isLog: boolean },
  range: readonly [number, number],
): AmountScale {
  if (!isLog) {
    const ticks = amountTicks(highest, count);
    return { ticks, place: scaleLinear([0, ticks.at(-1) ?? 1], range) };
  }
  const top = Math.max(1, Math.ceil(Math.log10(highest || 1)));
  // One decade below the least amount, so that its bar is seen.
  const bottom = Math.min(top - 1, Math.ceil(Math.log10(Number.isFinite(lowest) ? lowest : 1)) - 1);
  const scale = scaleLog([10 ** bottom, 10 ** top], range);
  return {
    ticks: Array.from({ length: top - bottom + 1 }, (_, i) => Number(`1e${bottom + i}`)),
    place: (value) => scale(Math.max(10 ** bottom, value)),
  };
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
          <line x1={props.left} x2={props.right} className={tick === props.ticks[0] ? 'baseline' : 'gridline'} />
          <text x={props.left - 8} dy="0.32em" textAnchor="end">
            {axisAmount(props.metric, tick)}
          </text>
        </g>
      ))}
    </g>
  );
}
