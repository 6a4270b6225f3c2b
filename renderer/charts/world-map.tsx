import { type D3ZoomEvent, type ZoomBehavior, select, zoom as zoomBehaviour, zoomIdentity } from 'd3';
import {
  Fragment,
  type KeyboardEvent,
  type MouseEvent,
  type PointerEvent,
  type ReactNode,
  memo,
  useEffect,
  useMemo,
  useRef,
  useState,
} from 'react';
import type { Metric } from '../../shared/finding.ts';
import { useSize } from '../state/use-size.ts';
import { visibleText } from '../../shared/visible-text.ts';
import { axisAmount } from './amount-axis.tsx';
import { DEVIATION_CLASSES } from './deviation.ts';
import type { MapArcs } from './map-arcs.ts';
import { COARSENESS, type CountryShape, type WorldShapes } from './world-shapes.ts';
import { say } from '../../shared/text/say.ts';

/** Amounts by country on a map: classes of colour in logarithmic steps, small countries as dots. */

/** As many as can be told apart at a glance on shapes of any size. */
const MOST_CLASSES = 7;

/** A whole number of decades, or a series of round numbers within each. */
const STEPS: readonly { readonly decades: number; readonly mantissas: readonly number[] }[] = [
  { decades: 1, mantissas: [1, 2, 5] },
  { decades: 1, mantissas: [1, 3] },
  ...[1, 2, 3, 4, 5, 6, 8, 16, 50].map((decades) => ({ decades, mantissas: [1] })),
];

/**
 * Lower bounds of the classes of some amounts, ascending: the finest round logarithmic steps (1-2-5, 1-3, whole decades)
 * that need at most seven classes. A class holds what is at least its bound and below the next one. Empty when no amount
 * is above 0.
 */
export function amountBounds(amounts: Iterable<number>): readonly number[] {
  let least = Infinity;
  let most = 0;
  for (const amount of amounts) {
    if (!(amount > 0) || !Number.isFinite(amount)) continue;
    least = Math.min(least, amount);
    most = Math.max(most, amount);
  }
  if (most === 0) return [];
  for (const { decades, mantissas } of STEPS) {
    const bounds: number[] = [];
    // One step early: the logarithm of a number just below a power of ten is rounded up.
    const first = (Math.floor(Math.log10(least) / decades) - 1) * decades;
    for (let exponent = first; 10 ** exponent <= most; exponent += decades) {
      // Read from text: 3 * 10 ** -1 is 0.30000000000000004.
      bounds.push(...mantissas.map((mantissa) => Number(`${mantissa}e${exponent}`)));
    }
    const lowest = bounds.findLastIndex((bound) => bound <= least);
    const used = bounds.slice(Math.max(0, lowest)).filter((bound) => bound <= most);
    if (used.length <= MOST_CLASSES) return used;
  }
  return [least];
}

/** Shade 1 (least) to 7 (most) of an amount, spread over the classes there are; 0 for none. */
export function shadeOf(bounds: readonly number[], amount: number): number {
  if (!(amount > 0) || bounds.length === 0) return 0;
  const index = Math.max(
    0,
    bounds.findLastIndex((bound) => bound <= amount),
  );
  return shadeOfClass(index, bounds.length);
}

function shadeOfClass(index: number, classes: number): number {
  return classes === 1 ? 5 : 1 + Math.round((index * (MOST_CLASSES - 1)) / (classes - 1));
}

/** What the colours mean: the lower bound of each class beside its colour, in the metric's unit. */
export function MapLegend({ bounds, metric }: { bounds: readonly number[]; metric: Metric }): ReactNode {
  return (
    <div className="map-legend">
      <span className="quiet">{say('{metric} per country, at least; logarithmic steps', { metric: say(metric) })}</span>
      <ol>
        <li>
          <span className="map-swatch shade-0" />
          {say('none')}
        </li>
        {bounds.map((bound, i) => (
          <li key={bound}>
            <span className={`map-swatch shade-${shadeOfClass(i, bounds.length)}`} />
            {axisAmount(metric, bound)}
          </li>
        ))}
      </ol>
    </div>
  );
}

/** What the colours of deviation mean, as a ratio to the expected share. */
export function DeviationLegend(): ReactNode {
  return (
    <div className="map-legend">
      <span className="quiet">{say('share over expected share')}</span>
      <ol>
        <li>
          <span className="map-swatch deviation-few" />
          {say('too few')}
        </li>
        {DEVIATION_CLASSES.map(([step, words]) => (
          <li key={step}>
            <span className={`map-swatch deviation-${step}`} />
            {words}
          </li>
        ))}
      </ol>
    </div>
  );
}

/** Shapes smaller than this on the screen (pixels squared) are drawn as dots. */
const LEAST_AREA = 20;
/** In pixels of the screen. */
const DOT_RADIUS = 4.5;

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

interface Colouring {
  readonly world: WorldShapes;
  /** The class of a country's colour, where it is not that of its amount. */
  readonly classOf?: ((code: string) => string) | undefined;
  /** By alpha-2 code. */
  readonly amounts: ReadonlyMap<string, number>;
  readonly bounds: readonly number[];
}

function colourOf({ amounts, bounds, classOf }: Colouring, code: string | null): string {
  if (code !== null && classOf !== undefined) return classOf(code);
  return `shade-${shadeOf(bounds, code === null ? 0 : (amounts.get(code) ?? 0))}`;
}

/** Everything with an extent. Kept apart, since pointing and zooming change nothing here. */
const Lands = memo(function Lands(props: Colouring & { isCoarse: boolean }): ReactNode {
  const { world, isCoarse } = props;
  return (
    <>
      <path className="sea" d={world.sphere} />
      <path className="graticule" d={world.graticule} />
      {world.countries.map(({ code, path, coarsePath }) =>
        path === null ? null : (
          <path
            key={code ?? ''}
            className={`land ${colourOf(props, code)}`}
            data-country={code ?? undefined}
            d={(isCoarse ? coarsePath : null) ?? path}
          />
        ),
      )}
    </>
  );
});

/** Whether what the coarse shapes leave out is less than a pixel. */
function allowsCoarse(pixelsPerUnit: number): boolean {
  return pixelsPerUnit * COARSENESS < 1;
}

function isDot(shape: CountryShape, pixelsPerUnit: number): boolean {
  return shape.path === null || shape.area * pixelsPerUnit ** 2 < LEAST_AREA;
}

/**
 * The drawing alone, in map units: a pure function of its data. `pixelsPerUnit` is the size of a map unit on the screen,
 * zoom included; dots keep their size there.
 */
export function WorldMapDrawing(
  props: Colouring & {
    pixelsPerUnit: number;
    pointed: string | null;
    selected: string | null;
    /** Countries of what is highlighted. */
    highlighted?: readonly string[];
    /** Countries on whose flows the tables disagree. */
    hatched?: readonly string[];
    arcs?: MapArcs | null;
  },
): ReactNode {
  const { world, amounts, bounds, classOf, pixelsPerUnit, pointed, selected, hatched = [], arcs = null } = props;
  const shown = { world, amounts, bounds, classOf };
  const marked = (code: string | null, className: string): ReactNode => {
    const shape = code === null ? undefined : world.countries.find((each) => each.code === code);
    if (shape === undefined) return null;
    return (
      <g className={className}>
        {shape.path !== null && <path d={shape.path} />}
        {isDot(shape, pixelsPerUnit) && (
          <circle
            cx={round(shape.centre[0])}
            cy={round(shape.centre[1])}
            r={round((DOT_RADIUS + 2.5) / pixelsPerUnit)}
          />
        )}
      </g>
    );
  };
  return (
    <>
      <Lands {...shown} isCoarse={allowsCoarse(pixelsPerUnit)} />
      {hatched.length > 0 && <Hatching world={world} codes={hatched} pixelsPerUnit={pixelsPerUnit} />}
      {(props.highlighted ?? []).map((code) => (
        <Fragment key={code}>{marked(code, 'mark highlighted')}</Fragment>
      ))}
      {marked(selected, 'mark selected')}
      {marked(pointed, 'mark')}
      {world.countries.map((shape) => {
        const amount = shape.code === null ? 0 : (amounts.get(shape.code) ?? 0);
        return shape.code !== null && amount > 0 && isDot(shape, pixelsPerUnit) ? (
          <circle
            key={shape.code}
            className={`land place ${colourOf(shown, shape.code)}${hatched.includes(shape.code) ? ' hatched' : ''}`}
            data-country={shape.code}
            cx={round(shape.centre[0])}
            cy={round(shape.centre[1])}
            r={round(DOT_RADIUS / pixelsPerUnit)}
          />
        ) : null;
      })}
      {arcs !== null && <Arcs arcs={arcs} pixelsPerUnit={pixelsPerUnit} />}
    </>
  );
}

/** Lines at a distance of some pixels of the screen over what is hatched. */
function Hatching(props: { world: WorldShapes; codes: readonly string[]; pixelsPerUnit: number }): ReactNode {
  const { world, codes, pixelsPerUnit } = props;
  const size = round(6 / pixelsPerUnit);
  return (
    <g className="hatching">
      <defs>
        <pattern
          id="map-disagreement"
          width={size}
          height={size}
          patternUnits="userSpaceOnUse"
          patternTransform="rotate(45)"
        >
          <line className="hatch" x1="0" y1="0" x2="0" y2={size} strokeWidth={round(1.6 / pixelsPerUnit)} />
        </pattern>
      </defs>
      {world.countries.map(({ code, path }) =>
        code !== null && path !== null && codes.includes(code) ? (
          <path key={code} d={path} fill="url(#map-disagreement)" />
        ) : null,
      )}
    </g>
  );
}

function Arcs({ arcs, pixelsPerUnit }: { arcs: MapArcs; pixelsPerUnit: number }): ReactNode {
  return (
    <g className={arcs.arcs.some(({ isHighlighted }) => isHighlighted) ? 'arcs marking' : 'arcs'}>
      {arcs.arcs.map(({ range, country, path, width, isHighlighted }) =>
        path === '' ? null : (
          <path
            key={`${range} ${country}`}
            className={isHighlighted ? 'arc highlighted' : 'arc'}
            d={path}
            strokeWidth={width}
          />
        ),
      )}
      {arcs.origins.map(({ range, country, at }) => (
        <g key={range} className="origin">
          <rect
            x={round(at[0] - 4 / pixelsPerUnit)}
            y={round(at[1] - 4 / pixelsPerUnit)}
            width={round(8 / pixelsPerUnit)}
            height={round(8 / pixelsPerUnit)}
          />
          <text
            x={round(at[0] + 8 / pixelsPerUnit)}
            y={round(at[1] + 4 / pixelsPerUnit)}
            fontSize={round(12 / pixelsPerUnit)}
          >
            {`${visibleText(range)}${country === null ? say(' (place not stated)') : ''}`}
          </text>
        </g>
      ))}
    </g>
  );
}

const MOST_ZOOM = 40;
const ZOOM_STEP = 1.6;
/** In pixels of the screen. */
const PAN_STEP = 60;

interface Pan {
  readonly x: number;
  readonly y: number;
  readonly k: number;
}

function countryUnder(target: EventTarget): string | null {
  return (target instanceof Element && target.closest('[data-country]')?.getAttribute('data-country')) || null;
}

/** The drawing with zoom and pan: wheel and drag, buttons, or arrow keys, `+`, `-` and `0`. */
export function WorldMap(
  props: Colouring & {
    pointed: string | null;
    selected: string | null;
    highlighted: readonly string[];
    hatched: readonly string[];
    arcs: MapArcs | null;
    onPoint: (code: string | null) => void;
    onSelect: (code: string) => void;
    /** A double click. */
    onFilter: (code: string) => void;
    onEscape: () => void;
    /** What is shown beside the pointer. */
    describe: (code: string) => ReactNode;
  },
): ReactNode {
  const { world, pointed, selected, onPoint, onSelect, onFilter, onEscape, describe } = props;
  const [box, { width, height }] = useSize<HTMLDivElement>();
  const svg = useRef<SVGSVGElement>(null);
  const [pan, setPan] = useState<Pan>(zoomIdentity);
  const [pointer, setPointer] = useState<{ x: number; y: number; code: string } | null>(null);

  const behaviour: ZoomBehavior<SVGSVGElement, unknown> = useMemo(
    () =>
      zoomBehaviour<SVGSVGElement, unknown>()
        .scaleExtent([1, MOST_ZOOM])
        .extent([
          [0, 0],
          [world.width, world.height],
        ])
        .translateExtent([
          [0, 0],
          [world.width, world.height],
        ])
        .on('zoom', ({ transform }: D3ZoomEvent<SVGSVGElement, unknown>) => setPan(transform)),
    [world],
  );
  useEffect(() => {
    if (svg.current !== null) select(svg.current).call(behaviour).on('dblclick.zoom', null);
  }, [behaviour]);

  const fit = Math.min(width / world.width, height / world.height) || 1;
  const pixelsPerUnit = fit * pan.k;
  const zoomBy = (factor: number): void => {
    if (svg.current !== null) behaviour.scaleBy(select(svg.current), factor);
  };
  const panBy = (x: number, y: number): void => {
    if (svg.current !== null) behaviour.translateBy(select(svg.current), x / pixelsPerUnit, y / pixelsPerUnit);
  };
  const reset = (): void => {
    if (svg.current !== null) behaviour.transform(select(svg.current), zoomIdentity);
  };

  /** So near that the country's area is a ninth of the map, or as near as can be. */
  const zoomTo = (code: string | null): void => {
    const shape = code === null ? undefined : world.countries.find((each) => each.code === code);
    if (shape === undefined || svg.current === null) return;
    const factor = Math.sqrt((world.width * world.height) / 9 / Math.max(1e-6, shape.area));
    const k = Math.max(1, Math.min(MOST_ZOOM, factor));
    const [x, y] = shape.centre;
    behaviour.transform(
      select(svg.current),
      zoomIdentity.translate(world.width / 2 - k * x, world.height / 2 - k * y).scale(k),
    );
  };

  const keys: Readonly<Record<string, () => void>> = {
    ArrowLeft: () => panBy(PAN_STEP, 0),
    ArrowRight: () => panBy(-PAN_STEP, 0),
    ArrowUp: () => panBy(0, PAN_STEP),
    ArrowDown: () => panBy(0, -PAN_STEP),
    '+': () => zoomBy(ZOOM_STEP),
    '=': () => zoomBy(ZOOM_STEP),
    '-': () => zoomBy(1 / ZOOM_STEP),
    '0': reset,
    z: () => zoomTo(selected ?? pointed),
    Escape: onEscape,
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const run = event.ctrlKey || event.metaKey || event.altKey ? undefined : keys[event.key];
    if (run === undefined) return;
    event.preventDefault();
    run();
  };
  const onPointerMove = (event: PointerEvent): void => {
    const frame = box.current?.getBoundingClientRect();
    const code = countryUnder(event.target);
    if (code !== pointed) onPoint(code);
    setPointer(
      code === null || frame === undefined
        ? null
        : { x: event.clientX - frame.left, y: event.clientY - frame.top, code },
    );
  };
  const onClick = (event: MouseEvent): void => {
    const code = countryUnder(event.target);
    if (code === null) return;
    if (event.detail >= 2) onFilter(code);
    else onSelect(code);
  };

  return (
    <div className="world-map" ref={box}>
      <svg
        ref={svg}
        className="chart"
        viewBox={`0 0 ${world.width} ${world.height}`}
        role="application"
        aria-label={say(
          'Map of the peers’ countries. Arrow keys move it, plus and minus zoom, z shows the selected country near, 0 the whole world. The list beside it holds every country.',
        )}
        tabIndex={0}
        onKeyDown={onKeyDown}
        onPointerMove={onPointerMove}
        onPointerLeave={() => {
          setPointer(null);
          onPoint(null);
        }}
        onClick={onClick}
      >
        <g transform={`translate(${round(pan.x)},${round(pan.y)}) scale(${round(pan.k)})`}>
          <WorldMapDrawing
            world={world}
            amounts={props.amounts}
            bounds={props.bounds}
            classOf={props.classOf}
            hatched={props.hatched}
            arcs={props.arcs}
            pixelsPerUnit={pixelsPerUnit}
            pointed={pointed}
            selected={selected}
            highlighted={props.highlighted}
          />
        </g>
      </svg>
      <div className="map-zoom" role="group" aria-label={say('Zoom')}>
        <button type="button" aria-label={say('Zoom in')} title={say('Zoom in (+)')} onClick={() => zoomBy(ZOOM_STEP)}>
          +
        </button>
        <button
          type="button"
          aria-label={say('Zoom out')}
          title={say('Zoom out (−)')}
          onClick={() => zoomBy(1 / ZOOM_STEP)}
        >
          −
        </button>
        <button
          type="button"
          aria-label={say('Zoom to the country')}
          title={say('Zoom to the country that is selected or pointed at (z)')}
          onClick={() => zoomTo(selected ?? pointed)}
        >
          ◎
        </button>
        <button
          type="button"
          aria-label={say('Show the whole world')}
          title={say('Show the whole world (0)')}
          onClick={reset}
        >
          ⟲
        </button>
      </div>
      {pointer !== null && (
        <div
          className={pointer.x > width - 250 ? 'map-tip left' : 'map-tip'}
          style={{ left: pointer.x, top: pointer.y }}
          aria-hidden="true"
        >
          {describe(pointer.code)}
        </div>
      )}
    </div>
  );
}
