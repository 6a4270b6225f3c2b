import type { KeyboardEvent, ReactNode } from 'react';
import type { Metric } from '../../shared/finding.ts';
import { visibleText } from '../../shared/visible-text.ts';
import { AmountAxis, type AmountScale, amountScale } from './amount-axis.tsx';
import { layerColour } from './layer-colours.ts';
import { MINUTES_OF, type TimeBin, type TimeLayer, type TimeStack, type TimeStep } from './stack-by-time.ts';
import { useBrush } from './use-brush.ts';
import { say, type Text } from '../../shared/text/say.ts';

/** Bars over local time, stacked or a row for each layer, with a brush in whole steps. */

/** Where the plot begins and ends in the drawing, pixels. */
export const LEFT = 64;
export const RIGHT = 12;
const TOP = 10;
const BOTTOM = 26;
/** Of a row of the small multiples, at least; and what stands above its bars. */
const LEAST_ROW = 46;
const ROW_HEAD = 17;

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;
const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const;

/** A step's name for a person: `Wed 17 May 2017`, `week of 15 May 2017`, `May 2017`, `17 May 2017, 09:00`. */
export function binName(step: TimeStep, bin: TimeBin): string {
  const [date = '', time = ''] = bin.from.split('T');
  const [year = '', month = '', day = ''] = date.split('-');
  const monthName = say(MONTHS[Number(month) - 1] ?? 'Jan');
  const full = say('{day} {month} {year}', { day: Number(day), month: monthName, year });
  switch (step) {
    case 'minute':
    case '5 minutes':
    case '15 minutes':
    case 'hour':
      return `${full}, ${time}`;
    case 'day':
      return `${say(WEEKDAYS[new Date(`${date}T00:00:00Z`).getUTCDay()] ?? 'Sun')} ${full}`;
    case 'week':
      return say('week of {full}', { full });
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
  const monthName = say(MONTHS[Number(month) - 1] ?? 'Jan');
  if (step === 'year') return year;
  if (step === 'month') return `${monthName} ${year}`;
  return (step === 'hour' || step in MINUTES_OF) && time !== '00:00'
    ? time
    : say('{day} {month}', { day: Number(day), month: monthName });
}

/** What a layer is called. */
export function layerName(layer: TimeLayer, by: Text): string {
  if (layer.isRest)
    return layer.members === 0 ? say('all others') : say('{members} others', { members: layer.members });
  return layer.name === null ? say('no {by}', { by: say(by) }) : visibleText(layer.name);
}

/** Something dated in a bin: an event, or the onset of a finding. */
export interface TimePin {
  readonly bin: number;
  readonly kind: 'event' | 'onset';
}

export interface TimeStackDrawing {
  readonly stack: TimeStack;
  readonly metric: Metric;
  /** What makes the layers; default `category`. */
  readonly by?: Text;
  /** One bar above the other, or each layer in a row of its own, all rows to one scale. Only rows can be logarithmic. */
  readonly form?: 'stacked' | 'rows';
  readonly isLog?: boolean;
  /** The top of the axis, where several drawings share it; default: the highest bar. */
  readonly highest?: number;
  /** By name: the place of a layer among those that several drawings colour alike; default: in this one. */
  readonly places?: ReadonlyMap<string, number>;
  /** Amounts of what is highlighted, bin by bin: of a stack, or of each row. */
  readonly marked?: readonly (readonly number[])[] | null;
  /** At most one of each kind a bin. */
  readonly pins?: readonly TimePin[];
  readonly width: number;
  readonly height: number;
  /** First and last bin of the brush, both inclusive. */
  readonly brush: readonly [number, number] | null;
  readonly cursor: number | null;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/** How high the drawing must be at least. */
export function leastHeight(stack: TimeStack, form: 'stacked' | 'rows'): number {
  return form === 'stacked' ? 180 : stack.layers.length * LEAST_ROW + BOTTOM;
}

/** Where the bars of a drawing stand. */
interface Bars {
  readonly left: (bin: number) => number;
  readonly pitch: number;
  readonly width: number;
  readonly inset: number;
  readonly brush: readonly [number, number] | null;
}

/** The bars of a layer inside the brush and outside it. One path each: a thousand elements take too long to change. */
function barPaths(bars: Bars, values: readonly number[], y: AmountScale, bases: number[] | null): [string, string] {
  const paths: [string, string] = ['', ''];
  for (const [bin, value] of values.entries()) {
    if (value <= 0) continue;
    const base = bases?.[bin] ?? 0;
    if (bases !== null) bases[bin] = base + value;
    const top = y.place(base + value);
    const full = y.place(base) - top;
    const shown = round(bases !== null && full > 3 ? full - 0.75 : Math.max(bases === null ? 1 : 0, full));
    const isOutside = bars.brush !== null && (bin < bars.brush[0] || bin > bars.brush[1]);
    paths[isOutside ? 1 : 0] +=
      `M${round(bars.left(bin) + bars.inset)} ${round(top)}h${round(bars.width)}v${shown}h${-round(bars.width)}z`;
  }
  return paths;
}

function LayerBars({ paths, colour }: { paths: readonly [string, string]; colour: string }): ReactNode {
  const [inside, outside] = paths;
  return (
    <g fill={colour}>
      {inside !== '' && <path d={inside} />}
      {outside !== '' && <path d={outside} opacity={0.3} />}
    </g>
  );
}

/** The drawing alone: a pure function of its data. */
export function TimeStackDrawing(props: TimeStackDrawing): ReactNode {
  const { stack, by = 'category', form = 'stacked', isLog = false } = props;
  const { width, height, brush, cursor } = props;
  const pitch = (width - LEFT - RIGHT) / Math.max(1, stack.bins.length);
  const gap = pitch > 6 ? Math.min(3, pitch * 0.16) : 0;
  const barWidth = Math.max(0.5, Math.min(pitch - gap, 72));
  const inset = (pitch - barWidth) / 2;
  const tickEvery = Math.max(1, Math.ceil(74 / pitch));
  const left = (bin: number): number => LEFT + bin * pitch;
  const bars: Bars = { left, pitch, width: barWidth, inset, brush };
  const column = (from: number, to: number): { x: number; y: number; width: number; height: number } => ({
    x: round(left(from)),
    y: TOP,
    width: round((to - from + 1) * pitch),
    height: height - TOP - BOTTOM,
  });
  const cursorMark =
    cursor === null ? null : (
      <rect className="cursor" x={left(cursor)} y={TOP} width={pitch} height={height - TOP - BOTTOM} />
    );
  const pins = props.pins ?? [];
  const linesOf = (kind: TimePin['kind']): string =>
    pins
      .filter((pin) => pin.kind === kind)
      .map(({ bin }) => `M${round(left(bin) + pitch / 2)} ${TOP}V${height - BOTTOM}`)
      .join('');
  const headsOf = (kind: TimePin['kind']): string =>
    pins
      .filter((pin) => pin.kind === kind)
      .map(({ bin }) => {
        const x = round(left(bin) + pitch / 2);
        return kind === 'event' ? `M${x} ${TOP}l-4 -8h8z` : `M${x} ${TOP}l-4 -4.5l4 -4.5l4 4.5z`;
      })
      .join('');
  return (
    <>
      {form === 'rows' ? (
        <Rows {...props} by={by} isLog={isLog} bars={bars} />
      ) : (
        <Stack {...props} by={by} bars={bars}>
          {cursorMark}
          {brush !== null && <rect className="brush" {...column(brush[0], brush[1])} />}
        </Stack>
      )}
      {form === 'rows' && cursorMark}
      <g className="axis">
        {stack.bins.map((bin, i) =>
          i % tickEvery === 0 ? (
            <text key={bin.from} x={round(left(i) + pitch / 2)} y={height - 8} textAnchor="middle">
              {tickName(stack.step, bin)}
            </text>
          ) : null,
        )}
      </g>
      {(['event', 'onset'] as const).map((kind) =>
        pins.some((pin) => pin.kind === kind) ? (
          <g key={kind} className={`time-pins ${kind}`}>
            <path className="line" d={linesOf(kind)} />
            <path className="head" d={headsOf(kind)} />
          </g>
        ) : null,
      )}
      {brush !== null && <rect className="brush-edge" {...column(brush[0], brush[1])} />}
    </>
  );
}

/** What is highlighted, as narrow bars over the others. */
function MarkedBars({ bars, values, y }: { bars: Bars; values: readonly number[]; y: AmountScale }): ReactNode {
  const width = Math.max(0.5, bars.width * 0.42);
  const bottom = round(y.place(0));
  const bar = (value: number, bin: number): string =>
    value <= 0
      ? ''
      : `M${round(bars.left(bin) + bars.inset + (bars.width - width) / 2)} ${bottom}V${round(Math.min(bottom - 1, y.place(value)))}h${round(width)}V${bottom}z`;
  return <path className="marked" d={values.map(bar).join('')} />;
}

function stackScale({ stack, highest = stack.highest, height }: TimeStackDrawing): AmountScale {
  return amountScale({ highest, lowest: 0, count: Math.max(2, Math.floor(height / 52)), isLog: false }, [
    height - BOTTOM,
    TOP,
  ]);
}

function Stack(props: TimeStackDrawing & { by: Text; bars: Bars; children: ReactNode }): ReactNode {
  const { stack, metric, by, width, bars } = props;
  const y = stackScale(props);
  const bases = stack.bins.map(() => 0);
  return (
    <>
      <AmountAxis metric={metric} ticks={y.ticks} y={y.place} left={LEFT} right={width - RIGHT} />
      {props.children}
      {stack.layers.map((layer, place) => (
        <LayerBars
          key={`${String(layer.isRest)} ${layer.name ?? ''}`}
          paths={barPaths(bars, layer.values, y, bases)}
          colour={layerColour(layer, by, props.places?.get(layer.name ?? '') ?? place)}
        />
      ))}
      {props.marked?.[0] !== undefined && <MarkedBars bars={bars} values={props.marked[0]} y={y} />}
    </>
  );
}

/** The least amount above 0 of any bar. */
function lowestOf(stack: TimeStack): number {
  let lowest = Infinity;
  for (const { values } of stack.layers) for (const value of values) if (value > 0) lowest = Math.min(lowest, value);
  return lowest;
}

/** Each layer in a row: those with a name to one scale, the rest to one of its own, or it would flatten all others. */
function Rows(props: TimeStackDrawing & { by: Text; isLog: boolean; bars: Bars }): ReactNode {
  const { stack, metric, by, isLog, width, height, bars } = props;
  const { layers } = stack;
  const rowHeight = (height - BOTTOM - TOP) / Math.max(1, layers.length);
  const highestOf = (isRest: boolean): number =>
    Math.max(0, ...layers.filter((layer) => layer.isRest === isRest).flatMap(({ values }) => values));
  return layers.map((layer, place) => {
    const bottom = TOP + (place + 1) * rowHeight;
    const asked = { highest: highestOf(layer.isRest), lowest: isLog ? lowestOf(stack) : 0, count: 4, isLog };
    const y = amountScale(asked, [bottom - 3, bottom - rowHeight + ROW_HEAD]);
    const colour = layerColour(layer, by, place);
    const name = layerName(layer, by);
    return (
      <g key={`${String(layer.isRest)} ${layer.name ?? ''}`} className="time-row">
        <AmountAxis
          metric={metric}
          ticks={rowHeight < 90 ? [y.ticks[0] ?? 0, y.ticks.at(-1) ?? 1] : y.ticks}
          y={y.place}
          left={LEFT}
          right={width - RIGHT}
        />
        <LayerBars paths={barPaths(bars, layer.values, y, null)} colour={colour} />
        {props.marked?.[place] !== undefined && <MarkedBars bars={bars} values={props.marked[place]} y={y} />}
        <rect x={LEFT + 2} y={round(bottom - rowHeight + 4)} width={9} height={9} rx={2} fill={colour} />
        <text className="row-name" x={LEFT + 16} y={round(bottom - rowHeight + 12)}>
          {layer.isRest ? say('{name}, to a scale of their own', { name }) : name}
        </text>
      </g>
    );
  });
}

/** The drawing with its brush. `keys`: what else a key does. */
export function TimeStackChart(
  props: TimeStackDrawing & {
    keys?: Readonly<Record<string, () => void>>;
    onCursor: (bin: number | null) => void;
    onBrush: (bins: readonly [number, number] | null) => void;
  },
): ReactNode {
  const { stack, width, height, keys = {} } = props;
  const { svg, shown, handlers } = useBrush({ ...props, bins: stack.bins.length, left: LEFT, right: width - RIGHT });
  const onKeyDown = (event: KeyboardEvent): void => {
    const run = event.ctrlKey || event.metaKey || event.altKey ? undefined : keys[event.key];
    if (run === undefined) handlers.onKeyDown(event);
    else {
      event.preventDefault();
      run();
    }
  };
  return (
    <svg
      ref={svg}
      className="chart brushed time-stack"
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      role="application"
      aria-label={say(
        'Activity over time. Arrow keys move the cursor, with Shift they select a span, Escape clears it; plus and minus zoom, 0 shows the whole time; Enter shows the events under the cursor.',
      )}
      tabIndex={0}
      {...handlers}
      onKeyDown={onKeyDown}
    >
      <TimeStackDrawing {...props} brush={shown} />
    </svg>
  );
}
