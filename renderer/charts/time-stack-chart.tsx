import { scaleLinear } from 'd3';
import type { ReactNode } from 'react';
import type { Metric } from '../../shared/finding.ts';
import { OTHER_COLOUR, categoryColour } from '../category-colours.ts';
import { AmountAxis, amountTicks } from './amount-axis.tsx';
import type { TimeBin, TimeLayer, TimeStack, TimeStep } from './stack-by-time.ts';
import { useBrush } from './use-brush.ts';

/** Stacked bars over local time, with a brush in whole steps. */

const LEFT = 64;
const RIGHT = 12;
const TOP = 10;
const BOTTOM = 26;

export function layerColour(layer: TimeLayer): string {
  return layer.category === null ? OTHER_COLOUR : categoryColour(layer.category);
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

/** A step's name for a person: `Wed 17 May 2017`, `week of 15 May 2017`, `May 2017`, `17 May 2017, 09:00`. */
export function binName(step: TimeStep, bin: TimeBin): string {
  const [date = '', time = ''] = bin.from.split('T');
  const [year = '', month = '', day = ''] = date.split('-');
  const monthName = MONTHS[Number(month) - 1] ?? month;
  const full = `${Number(day)} ${monthName} ${year}`;
  switch (step) {
    case 'hour':
      return `${full}, ${time}`;
    case 'day':
      return `${WEEKDAYS[new Date(`${date}T00:00:00Z`).getUTCDay()] ?? ''} ${full}`;
    case 'week':
      return `week of ${full}`;
    case 'month':
      return `${monthName} ${year}`;
    case 'year':
      return year;
  }
}

/** A step's name under an axis: `17 May`, `May 2017`, `09:00`. */
export function tickName(step: TimeStep, bin: TimeBin): string {
  const [date = '', time = ''] = bin.from.split('T');
  const [year = '', month = '', day = ''] = date.split('-');
  const monthName = MONTHS[Number(month) - 1] ?? month;
  if (step === 'year') return year;
  if (step === 'month') return `${monthName} ${year}`;
  return step === 'hour' && time !== '00:00' ? time : `${Number(day)} ${monthName}`;
}

export interface TimeStackDrawing {
  readonly stack: TimeStack;
  readonly metric: Metric;
  /** Amounts of what is highlighted, bin by bin. */
  readonly marked?: readonly number[] | null;
  readonly width: number;
  readonly height: number;
  /** First and last bin of the brush, both inclusive. */
  readonly brush: readonly [number, number] | null;
  readonly cursor: number | null;
}

/** The drawing alone: a pure function of its data. */
export function TimeStackDrawing({
  stack,
  metric,
  marked = null,
  width,
  height,
  brush,
  cursor,
}: TimeStackDrawing): ReactNode {
  const ticks = amountTicks(stack.highest, Math.max(2, Math.floor(height / 52)));
  const y = scaleLinear([0, ticks.at(-1) ?? 1], [height - BOTTOM, TOP]);
  const pitch = (width - LEFT - RIGHT) / Math.max(1, stack.bins.length);
  const gap = pitch > 6 ? Math.min(3, pitch * 0.16) : 0;
  const barWidth = Math.max(0.5, Math.min(pitch - gap, 72));
  const inset = (pitch - barWidth) / 2;
  const tickEvery = Math.max(1, Math.ceil(74 / pitch));
  const left = (bin: number): number => LEFT + bin * pitch;
  const bases = Array.from({ length: stack.bins.length }, () => 0);
  /** The bars of a layer inside the brush and outside it. One path each: a thousand elements take too long to change. */
  const bars = (layer: TimeLayer): [string, string] => {
    const paths: [string, string] = ['', ''];
    for (const [bin, value] of layer.values.entries()) {
      if (value <= 0) continue;
      const base = bases[bin] ?? 0;
      bases[bin] = base + value;
      const top = y(base + value);
      const full = y(base) - top;
      const shown = round(full > 3 ? full - 0.75 : full);
      const isOutside = brush !== null && (bin < brush[0] || bin > brush[1]);
      paths[isOutside ? 1 : 0] +=
        `M${round(left(bin) + inset)} ${round(top)}h${round(barWidth)}v${shown}h${-round(barWidth)}z`;
    }
    return paths;
  };
  return (
    <>
      <AmountAxis metric={metric} ticks={ticks} y={y} left={LEFT} right={width - RIGHT} />
      {cursor !== null && (
        <rect className="cursor" x={left(cursor)} y={TOP} width={pitch} height={height - TOP - BOTTOM} />
      )}
      {brush !== null && (
        <rect
          className="brush"
          x={round(left(brush[0]))}
          y={TOP}
          width={round((brush[1] - brush[0] + 1) * pitch)}
          height={height - TOP - BOTTOM}
        />
      )}
      {stack.layers.map((layer) => {
        const [inside, outside] = bars(layer);
        return (
          <g key={layer.category ?? ''} fill={layerColour(layer)}>
            {inside !== '' && <path d={inside} />}
            {outside !== '' && <path d={outside} opacity={0.3} />}
          </g>
        );
      })}
      {marked !== null && (
        <path
          className="marked"
          d={marked
            .map((value, bin) => {
              const top = round(Math.max(TOP, y(value)));
              const narrow = Math.max(0.5, barWidth * 0.42);
              const from = round(left(bin) + inset + (barWidth - narrow) / 2);
              return value <= 0 ? '' : `M${from} ${round(y(0))}V${top}h${round(narrow)}V${round(y(0))}z`;
            })
            .join('')}
        />
      )}
      <g className="axis">
        {stack.bins.map((bin, i) =>
          i % tickEvery === 0 ? (
            <text key={bin.from} x={round(left(i) + pitch / 2)} y={height - 8} textAnchor="middle">
              {tickName(stack.step, bin)}
            </text>
          ) : null,
        )}
      </g>
      {brush !== null && (
        <rect
          className="brush-edge"
          x={round(left(brush[0]))}
          y={TOP}
          width={round((brush[1] - brush[0] + 1) * pitch)}
          height={height - TOP - BOTTOM}
        />
      )}
    </>
  );
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/** The drawing with its brush. */
export function TimeStackChart(
  props: TimeStackDrawing & {
    onCursor: (bin: number | null) => void;
    onBrush: (bins: readonly [number, number] | null) => void;
  },
): ReactNode {
  const { stack, width, height } = props;
  const { svg, shown, handlers } = useBrush({ ...props, bins: stack.bins.length, left: LEFT, right: width - RIGHT });
  return (
    <svg
      ref={svg}
      className="chart brushed time-stack"
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      role="application"
      aria-label="Activity over time. Arrow keys move the cursor, with Shift they select a span, Escape clears it."
      tabIndex={0}
      {...handlers}
    >
      <TimeStackDrawing {...props} brush={shown} />
    </svg>
  );
}
