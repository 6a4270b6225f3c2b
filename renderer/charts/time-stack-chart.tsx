import { scaleLinear } from 'd3';
import { type KeyboardEvent, type PointerEvent, type ReactNode, useRef, useState } from 'react';
import type { Metric } from '../../shared/finding.ts';
import { OTHER_COLOUR, categoryColour } from '../category-colours.ts';
import { AmountAxis, amountTicks } from './amount-axis.tsx';
import type { TimeBin, TimeLayer, TimeStack, TimeStep } from './stack-by-time.ts';

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

function tickName(step: TimeStep, bin: TimeBin): string {
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
  readonly width: number;
  readonly height: number;
  /** First and last bin of the brush, both inclusive. */
  readonly brush: readonly [number, number] | null;
  readonly cursor: number | null;
}

/** The drawing alone: a pure function of its data. */
export function TimeStackDrawing({ stack, metric, width, height, brush, cursor }: TimeStackDrawing): ReactNode {
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

/** The drawing with its brush: drag, or Shift and arrow keys; Escape or a click takes it away. */
export function TimeStackChart(
  props: TimeStackDrawing & {
    onCursor: (bin: number | null) => void;
    onBrush: (bins: readonly [number, number] | null) => void;
  },
): ReactNode {
  const { stack, width, height, brush, cursor, onCursor, onBrush } = props;
  const [drag, setDrag] = useState<{ start: number; now: number } | null>(null);
  const svg = useRef<SVGSVGElement>(null);
  const bins = stack.bins.length;

  const binAt = (event: PointerEvent): number => {
    const box = svg.current?.getBoundingClientRect();
    const share = (event.clientX - (box?.left ?? 0) - LEFT) / Math.max(1, width - LEFT - RIGHT);
    return Math.max(0, Math.min(bins - 1, Math.floor(share * bins)));
  };
  const ordered = (a: number, b: number): readonly [number, number] => [Math.min(a, b), Math.max(a, b)];

  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') {
      onBrush(null);
      onCursor(null);
      return;
    }
    const move = { ArrowLeft: -1, ArrowRight: 1, Home: -bins, End: bins }[event.key];
    if (move === undefined) return;
    event.preventDefault();
    const from = cursor ?? (move > 0 ? -1 : bins);
    const next = Math.max(0, Math.min(bins - 1, from + move));
    onCursor(next);
    if (!event.shiftKey) return;
    const anchor = brush === null ? Math.max(0, Math.min(bins - 1, from)) : from <= brush[0] ? brush[1] : brush[0];
    onBrush(ordered(anchor, next));
  };

  return (
    <svg
      ref={svg}
      className="chart time-stack"
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      role="application"
      aria-label="Activity over time. Arrow keys move the cursor, with Shift they select a span, Escape clears it."
      tabIndex={0}
      onKeyDown={onKeyDown}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        const bin = binAt(event);
        setDrag({ start: bin, now: bin });
      }}
      onPointerMove={(event) => {
        const bin = binAt(event);
        onCursor(bin);
        if (drag !== null && bin !== drag.now) setDrag({ ...drag, now: bin });
      }}
      onPointerUp={() => {
        if (drag === null) return;
        const chosen = ordered(drag.start, drag.now);
        const again = brush !== null && chosen[0] === chosen[1] && chosen[0] >= brush[0] && chosen[0] <= brush[1];
        onBrush(again ? null : chosen);
        setDrag(null);
      }}
      onPointerCancel={() => setDrag(null)}
      onPointerLeave={() => onCursor(null)}
    >
      <TimeStackDrawing {...props} brush={drag === null ? brush : ordered(drag.start, drag.now)} />
    </svg>
  );
}
