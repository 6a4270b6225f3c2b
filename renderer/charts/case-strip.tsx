import type { ReactNode } from 'react';
import type { CaseEvent } from '../../shared/event.ts';
import { localMs } from '../state/local-time.ts';
import { type TimeBin, type TimeStack, placeAmong } from './stack-by-time.ts';
import { tickName } from './time-stack-chart.tsx';
import { type BinSpan, useBrush } from './use-brush.ts';
import { say } from '../../shared/text/say.ts';

/** The whole case as a low strip of bars, with what the evidence does not cover, its events, and the brush. */

export const STRIP_HEIGHT = 50;
const PINS = 7;
const AXIS = 17;
/** Below the bars a lane tells of every silence; where one is this wide, pixels, the place of its bars is hatched. */
const LANE = 3;
const HATCHED = 4;
const BASE = STRIP_HEIGHT - AXIS;
/** Room of a name under the axis, pixels. */
const TICK_ROOM = 78;

/** A stretch of instants, µs. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** A stretch of time on the strip, in bins from its beginning. */
export interface StripSpan {
  readonly from: number;
  readonly to: number;
  readonly stretch: Stretch;
}

/** The stretches that have any length on the strip. */
export function stripSpans(bins: readonly TimeBin[], stretches: readonly Stretch[], timeZone: string): StripSpan[] {
  const placed = stretches.map((stretch) => ({
    from: placeAmong(bins, localMs(stretch.from, timeZone)),
    to: placeAmong(bins, localMs(stretch.to, timeZone)),
    stretch,
  }));
  return placed.filter(({ from, to }) => to > from);
}

export interface StripPin {
  /** In bins from the beginning of the strip. */
  readonly at: number;
  readonly event: CaseEvent;
}

/** The events that lie on the strip. */
export function stripPins(bins: readonly TimeBin[], events: readonly CaseEvent[], timeZone: string): StripPin[] {
  return events
    .map((event) => ({ at: placeAmong(bins, localMs(event.time, timeZone)), event }))
    .filter(({ at }) => at > 0 && at < bins.length);
}

export interface CaseStripDrawing {
  readonly stack: TimeStack;
  readonly gaps: readonly StripSpan[];
  readonly outages: readonly StripSpan[];
  readonly pins: readonly StripPin[];
  /** Amounts of what is highlighted, bin by bin; null while nothing is. */
  readonly marked: readonly number[] | null;
  readonly width: number;
  readonly brush: BinSpan | null;
  readonly cursor: number | null;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/** What is short is seen all the same. */
function lanePath(spans: readonly StripSpan[], pitch: number): string {
  const bar = ({ from, to }: StripSpan): string =>
    `M${round(from * pitch)} ${BASE + 1}h${round(Math.max(1.5, (to - from) * pitch))}v${LANE}H${round(from * pitch)}z`;
  return spans.map(bar).join('');
}

function hatchPath(spans: readonly StripSpan[], pitch: number): string {
  const wide = spans.filter(({ from, to }) => (to - from) * pitch >= HATCHED);
  const box = ({ from, to }: StripSpan): string =>
    `M${round(from * pitch)} ${PINS}h${round((to - from) * pitch)}V${BASE}H${round(from * pitch)}z`;
  return wide.map(box).join('');
}

/** The drawing alone: a pure function of its data. */
export function CaseStripDrawing(props: CaseStripDrawing): ReactNode {
  const { stack, gaps, outages, pins, marked, width, brush, cursor } = props;
  const { bins, layers, highest } = stack;
  const pitch = width / Math.max(1, bins.length);
  const gap = pitch > 4 ? 1 : 0;
  let inside = '';
  let outside = '';
  for (let bin = 0; bin < bins.length; bin++) {
    const value = layers.reduce((sum, { values }) => sum + (values[bin] ?? 0), 0);
    if (value <= 0) continue;
    const height = Math.max(1, ((BASE - PINS) * value) / highest);
    const bar = `M${round(bin * pitch)} ${BASE}v${-round(height)}h${round(Math.max(0.5, pitch - gap))}v${round(height)}z`;
    if (brush !== null && (bin < brush[0] || bin > brush[1])) outside += bar;
    else inside += bar;
  }
  let markedBars = '';
  for (const [bin, value] of (marked ?? []).entries()) {
    if (value <= 0) continue;
    const height = round(Math.min(BASE - PINS, Math.max(1, ((BASE - PINS) * value) / highest)));
    markedBars += `M${round(bin * pitch)} ${BASE}v${-height}h${round(Math.max(0.5, pitch - gap))}v${height}z`;
  }
  const tickEvery = Math.max(1, Math.ceil(TICK_ROOM / pitch));
  const hasRoom = (bin: number): boolean => bin % tickEvery === 0 && bin * pitch + TICK_ROOM * 0.8 < width;
  const span = brush === null ? null : { x: round(brush[0] * pitch), width: round((brush[1] - brush[0] + 1) * pitch) };
  return (
    <>
      <defs>
        <pattern id="strip-gap" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <line className="hatch" x1="0" y1="0" x2="0" y2="5" />
        </pattern>
        <pattern id="strip-outage" width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(-45)">
          <line className="hatch outage" x1="0" y1="0" x2="0" y2="4" />
        </pattern>
      </defs>
      <path d={hatchPath(gaps, pitch)} fill="url(#strip-gap)" />
      <path d={hatchPath(outages, pitch)} fill="url(#strip-outage)" />
      {cursor !== null && (
        <rect className="cursor" x={round(cursor * pitch)} y={PINS} width={round(pitch)} height={BASE - PINS} />
      )}
      {span !== null && <rect className="brush" {...span} y={PINS} height={BASE - PINS} />}
      <path className="bars" d={inside} />
      {outside !== '' && <path className="bars" d={outside} opacity={0.3} />}
      {markedBars !== '' && <path className="marked" d={markedBars} />}
      <line className="baseline" x1={0} x2={width} y1={BASE + 0.5} y2={BASE + 0.5} />
      <path className="lane" d={lanePath(gaps, pitch)} />
      <path className="lane outage" d={lanePath(outages, pitch)} />
      {pins.length > 0 && (
        <path
          className="pins"
          d={pins.map(({ at }) => `M${round(at * pitch)} ${PINS}l-3.5 -6h7zv${BASE - PINS}`).join('')}
        />
      )}
      {span !== null && <rect className="brush-edge" {...span} y={PINS} height={BASE - PINS} />}
      <g className="axis">
        {bins.map((bin, i) =>
          hasRoom(i) ? (
            <text key={bin.from} x={round(i * pitch)} y={STRIP_HEIGHT - 2}>
              {tickName(stack.step, bin)}
            </text>
          ) : null,
        )}
      </g>
    </>
  );
}

/** The drawing with its brush. */
export function CaseStrip(
  props: CaseStripDrawing & {
    onCursor: (bin: number | null) => void;
    onBrush: (bins: BinSpan | null) => void;
    onDrag: (bins: BinSpan | null) => void;
  },
): ReactNode {
  const { stack, width } = props;
  const { svg, shown, handlers } = useBrush({ ...props, bins: stack.bins.length, left: 0, right: width });
  return (
    <svg
      ref={svg}
      id="case-timeline"
      className="chart brushed case-strip"
      width={width}
      height={STRIP_HEIGHT}
      viewBox={`0 0 ${width} ${STRIP_HEIGHT}`}
      role="application"
      aria-label={say(
        'The whole case in time. Arrow keys move the cursor, with Shift they choose a span for all views, Escape lets it go.',
      )}
      aria-describedby="case-timeline-readout"
      tabIndex={0}
      {...handlers}
    >
      <CaseStripDrawing {...props} brush={shown} />
    </svg>
  );
}
