import { select, zoom, type ZoomBehavior, zoomIdentity, type ZoomTransform } from 'd3';
import {
  type KeyboardEvent,
  type PointerEvent,
  type ReactNode,
  type RefObject,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from 'react';
import {
  drawMarks,
  drawPointed,
  fittingFrame,
  type Inks,
  inksOf,
  type Marks,
  networkMarks,
  nodeFinder,
  radiiOf,
} from './service-graph-drawing.ts';
import type { LayoutRequest } from './service-graph-layout.ts';
import type { Network, NetworkNode } from './service-graph-network.ts';
import type { LayoutReply } from './service-graph-worker.ts';

/** A network on a canvas: laid out by a thread of its own, drawn anew with each step; wheel, drag and keys move the view. */

/** Links that draw nodes together, the largest ones: more would not be told apart. */
const MOST_DRAWING = 6000;
/** From so many marks on a picture takes longer than a frame: its last one is moved until the view rests. */
const HEAVY = 1500;
/** The least time between two pictures of the layout in work of a heavy network, milliseconds. */
const HEAVY_STEP = 500;

const isHeavy = ({ nodes, links }: Network): boolean => nodes.length + links.length > HEAVY;

function layoutRequest(
  network: Network,
  hasColumns: boolean,
  width: number,
  height: number,
  before: ReadonlyMap<string, readonly [number, number]>,
): LayoutRequest {
  const numbers = new Map(network.nodes.map(({ id }, i) => [id, i]));
  const radii = radiiOf(network.nodes);
  const most = network.links[0]?.amount ?? 0;
  return {
    nodes: network.nodes.map(({ id, group, column }, i) => {
      const place = before.get(id) ?? (group === null ? undefined : before.get(group));
      const known = place === undefined ? {} : { x: place[0] + (i % 7) - 3, y: place[1] + (i % 11) - 5 };
      return { column, radius: radii[i] ?? 4, ...known };
    }),
    links: network.links.slice(0, MOST_DRAWING).flatMap(({ source, target, amount }) => {
      const [from, to] = [numbers.get(source), numbers.get(target)];
      if (from === undefined || to === undefined) return [];
      return [{ source: from, target: to, strength: Math.sqrt(most === 0 ? 0 : amount / most) }];
    }),
    hasColumns,
    width,
    height,
  };
}

interface Placed {
  readonly network: Network;
  readonly positions: Float32Array;
}

/** Lays a network out in a thread; null before its first positions. */
function useLayout(network: Network, hasColumns: boolean, width: number, height: number): Placed | null {
  const [placed, setPlaced] = useState<Placed | null>(null);
  const last = useRef<ReadonlyMap<string, readonly [number, number]>>(new Map());
  useEffect(() => {
    if (width === 0 || height === 0) return undefined;
    const worker = new Worker(new URL('service-graph-worker.ts', import.meta.url), { type: 'module' });
    const isStill = matchMedia('(prefers-reduced-motion: reduce)').matches;
    let waiting: LayoutReply | null = null;
    let frame = 0;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let shownAt = -HEAVY_STEP;
    const show = (): void => {
      frame = 0;
      if (waiting === null) return;
      shownAt = performance.now();
      const { positions } = waiting;
      last.current = new Map(
        network.nodes.map(({ id }, i) => [id, [positions[2 * i] ?? 0, positions[2 * i + 1] ?? 0] as const]),
      );
      setPlaced({ network, positions });
    };
    worker.addEventListener('message', ({ data }: MessageEvent<LayoutReply>) => {
      if (isStill && !data.done) return;
      waiting = data;
      // Only the newest picture of those that come between two frames is drawn.
      clearTimeout(timer);
      const wait = isHeavy(network) && !data.done ? shownAt + HEAVY_STEP - performance.now() : 0;
      if (wait > 0) timer = setTimeout(show, wait);
      else if (frame === 0) frame = requestAnimationFrame(show);
      if (data.done) worker.terminate();
    });
    worker.postMessage(layoutRequest(network, hasColumns, width, height, last.current));
    return () => {
      worker.terminate();
      clearTimeout(timer);
      cancelAnimationFrame(frame);
    };
  }, [network, hasColumns, width, height]);
  return placed?.network === network ? placed : null;
}

/**
 * The picture of a canvas as it was, moved and scaled over it: what stands in for a drawing that would take too long to be made
 * anew for each frame of a gesture.
 */
class MovedPicture {
  readonly #canvas: HTMLCanvasElement;
  readonly #picture: HTMLCanvasElement;
  readonly #from: ZoomTransform;
  #frame = 0;

  /** @param from the view in which the canvas is drawn */
  constructor(canvas: HTMLCanvasElement, from: ZoomTransform) {
    this.#canvas = canvas;
    this.#from = from;
    this.#picture = document.createElement('canvas');
    this.#picture.width = canvas.width;
    this.#picture.height = canvas.height;
    // A canvas without an area has no picture to copy.
    if (canvas.width > 0 && canvas.height > 0) this.#picture.getContext('2d')?.drawImage(canvas, 0, 0);
  }

  show(view: ZoomTransform): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => {
      const context = this.#canvas.getContext('2d');
      if (context === null || this.#picture.width === 0 || this.#picture.height === 0) return;
      const scale = view.k / this.#from.k;
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
      context.setTransform(
        scale,
        0,
        0,
        scale,
        (view.x - this.#from.x * scale) * devicePixelRatio,
        (view.y - this.#from.y * scale) * devicePixelRatio,
      );
      context.globalAlpha = 1;
      context.drawImage(this.#picture, 0, 0);
    });
  }

  end(): void {
    cancelAnimationFrame(this.#frame);
  }
}

/** Counts changes of the theme, which a canvas does not follow by itself. */
function useThemeCount(): number {
  const [count, setCount] = useState(0);
  useEffect(() => {
    const changed = (): void => setCount((before) => before + 1);
    const observer = new MutationObserver(changed);
    observer.observe(document.documentElement, { attributeFilter: ['data-theme'] });
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    scheme.addEventListener('change', changed);
    return () => {
      observer.disconnect();
      scheme.removeEventListener('change', changed);
    };
  }, []);
  return count;
}

const ZOOM_STEP = 1.4;

/** The context of a canvas in CSS pixels of the page, empty, and the inks of what it lies in; null without a canvas. */
function sizedContext(
  element: HTMLCanvasElement | null,
  width: number,
  height: number,
): { context: CanvasRenderingContext2D; inks: Inks } | null {
  const context = element?.getContext('2d');
  if (!element || !context) return null;
  const ratio = devicePixelRatio;
  const [across, down] = [Math.round(width * ratio), Math.round(height * ratio)];
  // To set a size, even the same one, is to make a new picture.
  if (element.width !== across) element.width = across;
  if (element.height !== down) element.height = down;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return { context, inks: inksOf(element.parentElement ?? document.body) };
}

/**
 * The network. It is one stop of Tab: up and down go through the nodes by their amount, left and right along the links; Enter
 * or a click traces, Space or a double click opens and closes a group, Shift with Enter or a click filters; +, − and 0 zoom.
 */
export function NetworkCanvas(props: {
  network: Network;
  hasColumns: boolean;
  label: string;
  width: number;
  height: number;
  lit: { readonly nodes: ReadonlySet<string>; readonly links: ReadonlySet<string> } | null;
  chosen: string | null;
  /** Share of its flows that are highlighted, by id of node. */
  highlighted: ReadonlyMap<string, number>;
  describe: (node: NetworkNode) => string;
  onPoint: (node: NetworkNode | null) => void;
  onTrace: (node: NetworkNode) => void;
  onTurn: (node: NetworkNode) => void;
  onFilter: (node: NetworkNode) => void;
  onEscape: () => void;
  /** Holds what is drawn last, for a picture of it. */
  drawn: RefObject<Marks | null>;
}): ReactNode {
  const { network, hasColumns, label, width, height, lit, chosen, highlighted, describe } = props;
  const placed = useLayout(network, hasColumns, width, height);
  const [transform, setTransform] = useState<ZoomTransform>(zoomIdentity);
  const [active, setActive] = useState<string | null>(null);
  const [pointed, setPointed] = useState<string | null>(null);
  const [isFocused, setFocused] = useState(false);
  const canvas = useRef<HTMLCanvasElement>(null);
  const above = useRef<HTMLCanvasElement>(null);
  const zooming = useRef<ZoomBehavior<HTMLCanvasElement, unknown>>(null);
  const themes = useThemeCount();
  /** The view in which the canvas is drawn, and whether that takes long: for gestures. */
  const drawnIn = useRef<ZoomTransform>(zoomIdentity);
  const heavy = useRef(false);
  const at = network.nodes.findIndex(({ id }) => id === active);
  const marks = useMemo(() => {
    if (placed === null) return null;
    const fit = fittingFrame(placed.positions, hasColumns, width, height);
    const frame = {
      scaleX: fit.scaleX * transform.k,
      scaleY: fit.scaleY * transform.k,
      x: fit.x * transform.k + transform.x,
      y: fit.y * transform.k + transform.y,
    };
    return networkMarks(placed.network, placed.positions, { frame, width, height, lit, chosen, highlighted });
  }, [placed, hasColumns, transform, width, height, lit, chosen, highlighted]);
  const find = useMemo(() => (marks === null ? null : nodeFinder(marks.nodes)), [marks]);
  props.drawn.current = marks;

  useLayoutEffect(() => {
    const sized = sizedContext(canvas.current, width, height);
    if (sized === null || marks === null) return;
    drawMarks(sized.context, marks, sized.inks, { width, height });
    drawnIn.current = transform;
    heavy.current = isHeavy(network);
  }, [marks, transform, network, width, height, themes]);
  // Kept apart: thousands of marks are not drawn again because the pointer moved.
  useLayoutEffect(() => {
    const sized = sizedContext(above.current, width, height);
    if (sized === null || marks === null) return;
    const focused = isFocused ? active : null;
    drawPointed(sized.context, marks, sized.inks, { width, height, active: focused, chosen, pointed });
  }, [marks, width, height, active, chosen, pointed, isFocused, themes]);

  useEffect(() => {
    const element = canvas.current;
    if (element === null) return undefined;
    let moved: MovedPicture | null = null;
    const behaviour = zoom<HTMLCanvasElement, unknown>()
      .scaleExtent([0.4, 16])
      .on('start', () => {
        moved = heavy.current ? new MovedPicture(element, drawnIn.current) : null;
      })
      .on('zoom', ({ transform: next }: { transform: ZoomTransform }) => {
        if (moved === null) setTransform(next);
        else moved.show(next);
      })
      .on('end', ({ transform: next }: { transform: ZoomTransform }) => {
        moved?.end();
        moved = null;
        setTransform(next);
      });
    zooming.current = behaviour;
    const selection = select(element);
    selection.call(behaviour).on('dblclick.zoom', null);
    return () => {
      moved?.end();
      selection.on('.zoom', null);
    };
  }, []);
  const zoomBy = (factor: number | null): void => {
    if (canvas.current === null || zooming.current === null) return;
    const selection = select(canvas.current);
    if (factor === null) zooming.current.transform(selection, zoomIdentity);
    else zooming.current.scaleBy(selection, factor);
  };

  const nodeAt = (event: { clientX: number; clientY: number; currentTarget: Element }): NetworkNode | null => {
    const box = event.currentTarget.getBoundingClientRect();
    return find?.(event.clientX - box.left, event.clientY - box.top)?.node ?? null;
  };
  const point = (node: NetworkNode | null): void => {
    if (node !== null) setActive(node.id);
    props.onPoint(node);
  };
  const hover = (node: NetworkNode | null): void => {
    if ((node?.id ?? null) === pointed) return;
    setPointed(node?.id ?? null);
    props.onPoint(node);
  };
  /** Along the largest link to a node on that side; among hosts right is who was spoken to. */
  const along = (from: NetworkNode, isRight: boolean): NetworkNode | undefined => {
    const link = network.links.find(({ source, target }) => (isRight ? source : target) === from.id);
    const to = isRight ? link?.target : link?.source;
    return network.nodes.find(({ id }) => id === to);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const { key } = event;
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const node = network.nodes[at];
    const last = network.nodes.length - 1;
    const moves: Record<string, number> = {
      ArrowDown: Math.min(last, at + 1),
      ArrowUp: Math.max(0, at - 1),
      Home: 0,
      End: last,
    };
    const to = moves[key];
    if (to !== undefined) point(network.nodes[to] ?? null);
    else if (key === '+' || key === '=') zoomBy(ZOOM_STEP);
    else if (key === '-') zoomBy(1 / ZOOM_STEP);
    else if (key === '0') zoomBy(null);
    else if (key === 'Escape') props.onEscape();
    else if (node === undefined) return;
    else if (key === 'ArrowLeft' || key === 'ArrowRight') {
      const next = along(node, key === 'ArrowRight');
      if (next !== undefined) point(next);
    } else if (key === 'Enter' && event.shiftKey) props.onFilter(node);
    else if (key === 'Enter') props.onTrace(node);
    else if (key === ' ') props.onTurn(node);
    else return;
    event.preventDefault();
  };
  const current = network.nodes[at];
  return (
    <div
      className="network"
      role="listbox"
      aria-label={label}
      aria-activedescendant={current === undefined ? undefined : 'network-node'}
      tabIndex={0}
      onKeyDown={onKeyDown}
      onFocus={() => {
        setFocused(true);
        if (at < 0 && network.nodes[0] !== undefined) point(network.nodes[0]);
      }}
      onBlur={() => {
        setFocused(false);
        props.onPoint(null);
      }}
    >
      <div
        id="network-node"
        role="option"
        className="hidden"
        aria-selected={current !== undefined && current.id === chosen}
        aria-posinset={Math.max(1, at + 1)}
        aria-setsize={network.nodes.length}
      >
        {current === undefined ? label : describe(current)}
      </div>
      <canvas
        ref={canvas}
        style={{ width, height }}
        onPointerMove={(event: PointerEvent<HTMLCanvasElement>) => {
          const node = nodeAt(event);
          event.currentTarget.style.cursor = node === null ? 'grab' : 'pointer';
          hover(node);
        }}
        onPointerLeave={() => hover(null)}
        onClick={(event) => {
          const node = nodeAt(event);
          if (node === null) return;
          setActive(node.id);
          if (event.shiftKey) props.onFilter(node);
          else if (event.detail === 1) props.onTrace(node);
        }}
        onDoubleClick={(event) => {
          const node = nodeAt(event);
          if (node !== null) props.onTurn(node);
        }}
      />
      <canvas ref={above} className="pointed" style={{ width, height }} />
    </div>
  );
}
