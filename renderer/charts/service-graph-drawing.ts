import { pathRound, quadtree, type QuadtreeLeaf } from 'd3';
import { categoryColour } from '../category-colours.ts';
import type { Network, NetworkLink, NetworkNode } from './service-graph-network.ts';

/** A network as marks: places on the canvas, sizes, labels that do not cover each other, and the strokes of a picture. */

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** From places of the layout to pixels of the canvas. */
export interface Frame {
  readonly scaleX: number;
  readonly scaleY: number;
  readonly x: number;
  readonly y: number;
}

const MANY_NODES = 800;
const LEAST_RADIUS = 4;
const LARGEST_RADIUS = 20;
const WIDEST_LINK = 7;
const THINNEST_LINK = 0.6;

/** Radius of each node, CSS pixels: the area goes with the amount within its column. */
export function radiiOf(nodes: readonly NetworkNode[]): number[] {
  const largest = [0, 0, 0];
  for (const { column, amount } of nodes) largest[column] = Math.max(largest[column] ?? 0, amount);
  return nodes.map(({ column, amount }) => {
    const most = largest[column] ?? 0;
    return LEAST_RADIUS + (LARGEST_RADIUS - LEAST_RADIUS) * Math.sqrt(most === 0 ? 0 : amount / most);
  });
}

/** The frame in which all nodes are seen, with room for labels beside them. */
export function fittingFrame(positions: Float32Array, hasColumns: boolean, width: number, height: number): Frame {
  let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
  for (let i = 0; i < positions.length; i += 2) {
    const [x = 0, y = 0] = [positions[i], positions[i + 1]];
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  if (left > right) return { scaleX: 1, scaleY: 1, x: 0, y: 0 };
  const [side, edge] = [Math.min(150, width * 0.18), 34];
  const byWidth = Math.max(1, width - 2 * side) / Math.max(1, right - left);
  const scaleY = Math.min(1.6, byWidth, Math.max(1, height - 2 * edge) / Math.max(1, bottom - top));
  // Columns may lie further apart than they are high.
  const scaleX = hasColumns ? Math.min(byWidth, 2.5 * scaleY) : scaleY;
  return {
    scaleX,
    scaleY,
    x: width / 2 - (scaleX * (left + right)) / 2,
    y: height / 2 - (scaleY * (top + bottom)) / 2,
  };
}

export interface NodeMark extends Point {
  readonly node: NetworkNode;
  readonly radius: number;
  readonly opacity: number;
  /** Share of its flows that are highlighted. */
  readonly highlighted: number;
}

export interface LinkMark {
  readonly from: Point;
  readonly to: Point;
  readonly width: number;
  /** Null: no category. */
  readonly category: string | null;
  readonly opacity: number;
}

export interface LabelMark extends Point {
  readonly text: string;
  readonly anchor: 'start' | 'end';
  readonly isStrong: boolean;
}

export interface Marks {
  /** In the order in which they are drawn: what is lit last. */
  readonly links: readonly LinkMark[];
  /** The same order as the network's nodes. */
  readonly nodes: readonly NodeMark[];
  readonly labels: readonly LabelMark[];
}

export interface MarkOptions {
  readonly frame: Frame;
  readonly width: number;
  readonly height: number;
  /** Ids of nodes and links that are lit; null: all alike. */
  readonly lit: { readonly nodes: ReadonlySet<string>; readonly links: ReadonlySet<string> } | null;
  /** The node whose paths are traced: it has a label whatever there is beside it; null: none. */
  readonly chosen: string | null;
  /** Share of its flows that are highlighted, by id of node; absent: none. */
  readonly highlighted: ReadonlyMap<string, number>;
}

const LABEL_HEIGHT = 14;
const CHARACTER = 6.2;
const LONGEST_LABEL = 26;

function clipped(text: string): string {
  const all = Array.from(text);
  return all.length <= LONGEST_LABEL ? text : `${all.slice(0, LONGEST_LABEL - 1).join('')}…`;
}

/** Where all marks stand. */
export function networkMarks(network: Network, positions: Float32Array, options: MarkOptions): Marks {
  const { frame, width, height, lit, chosen, highlighted } = options;
  const radii = radiiOf(network.nodes);
  // Zoomed in, nodes grow slower than the distances between them; many shrink with these, else they would be one blot.
  const isMany = network.nodes.length > MANY_NODES;
  const growth = Math.min(1.5, isMany ? Math.max(0.2, frame.scaleY) : Math.max(0.5, Math.sqrt(frame.scaleY)));
  const nodes = network.nodes.map((node, i): NodeMark => ({
    node,
    x: frame.x + frame.scaleX * (positions[2 * i] ?? 0),
    y: frame.y + frame.scaleY * (positions[2 * i + 1] ?? 0),
    radius: (radii[i] ?? LEAST_RADIUS) * growth,
    opacity: lit === null || lit.nodes.has(node.id) ? 1 : 0.18,
    highlighted: highlighted.get(node.id) ?? 0,
  }));
  const byId = new Map(nodes.map((mark) => [mark.node.id, mark]));
  const most = network.links[0]?.amount ?? 0;
  // Where links are many they are thinner and fainter, else they would be one blot.
  const thinness = Math.min(1, Math.sqrt(500 / Math.max(1, network.links.length)));
  const isLit = ({ id }: NetworkLink): boolean => lit?.links.has(id) === true;
  const links = (
    lit === null ? network.links : network.links.toSorted((a, b) => Number(isLit(a)) - Number(isLit(b)))
  ).flatMap((link): LinkMark[] => {
    const [from, to] = [byId.get(link.source), byId.get(link.target)];
    if (from === undefined || to === undefined) return [];
    return [
      {
        from,
        to,
        width:
          THINNEST_LINK +
          (Math.max(1.2, WIDEST_LINK * thinness) - THINNEST_LINK) * Math.sqrt(most === 0 ? 0 : link.amount / most),
        category: from.node.category ?? to.node.category,
        opacity: (lit === null ? 0.34 : isLit(link) ? 0.75 : 0.05) * Math.max(0.25, thinness),
      },
    ];
  });
  return { links, nodes, labels: labelsOf(nodes, { width, height, lit, chosen }) };
}

interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Width and height of the squares by which what lies near is found, CSS pixels. */
const SQUARE = 32;

/** Whether a box is free of everything that was put here before; each is asked only for what lies in the same squares. */
class TakenPlaces {
  readonly #squares = new Map<number, { readonly box: Box; readonly of: unknown }[]>();

  *#squaresOf({ left, right, top, bottom }: Box): Generator<number> {
    for (let row = Math.floor(top / SQUARE); row <= Math.floor(bottom / SQUARE); row++) {
      for (let column = Math.floor(left / SQUARE); column <= Math.floor(right / SQUARE); column++) {
        yield row * 65_536 + column;
      }
    }
  }

  put(box: Box, of: unknown): void {
    for (const square of this.#squaresOf(box)) {
      const held = this.#squares.get(square);
      if (held === undefined) this.#squares.set(square, [{ box, of }]);
      else held.push({ box, of });
    }
  }

  /** @param except what is its own and does not count */
  isFree(box: Box, except: unknown): boolean {
    for (const square of this.#squaresOf(box)) {
      for (const { box: other, of } of this.#squares.get(square) ?? []) {
        if (of === except) continue;
        const isApart =
          other.right < box.left || other.left > box.right || other.bottom < box.top || other.top > box.bottom;
        if (!isApart) return false;
      }
    }
    return true;
  }
}

/** Labels from the largest node on, each where it covers no other label and no node. */
function labelsOf(
  nodes: readonly NodeMark[],
  { width, height, lit, chosen }: Pick<MarkOptions, 'width' | 'height' | 'lit' | 'chosen'>,
): LabelMark[] {
  const taken = new TakenPlaces();
  const labels: LabelMark[] = [];
  const wanted = nodes.filter(
    ({ node, x, y }) => x > -20 && x < width + 20 && y > 0 && y < height && (lit === null || lit.nodes.has(node.id)),
  );
  for (const { node, x, y, radius } of wanted) {
    taken.put({ left: x - radius, right: x + radius, top: y - radius, bottom: y + radius }, node);
  }
  const ranked = wanted.toSorted((a, b) => Number(b.node.id === chosen) - Number(a.node.id === chosen));
  for (const mark of ranked) {
    const { node } = mark;
    const isNamed = node.id === chosen;
    for (const anchor of sidesOf(node)) {
      const label = labelAt(mark, anchor, isNamed);
      const box = boxOf(label);
      const isFree = box.left > 0 && box.right < width && taken.isFree(box, node);
      if (!isFree && !(isNamed && anchor === sidesOf(node)[1])) continue;
      taken.put(box, label);
      labels.push(label);
      break;
    }
  }
  return labels;
}

/** Where the label of a node stands by preference, and where else. */
function sidesOf({ column }: NetworkNode): readonly ['start' | 'end', 'start' | 'end'] {
  return column === 0 ? ['end', 'start'] : ['start', 'end'];
}

function labelAt({ node, x, y, radius }: NodeMark, anchor: 'start' | 'end', isStrong: boolean): LabelMark {
  return { x: anchor === 'start' ? x + radius + 4 : x - radius - 4, y, text: clipped(node.name), anchor, isStrong };
}

function boxOf({ x, y, text, anchor }: LabelMark): Box {
  const long = Array.from(text).length * CHARACTER;
  return {
    left: anchor === 'start' ? x : x - long,
    right: anchor === 'start' ? x + long : x,
    top: y - LABEL_HEIGHT / 2,
    bottom: y + LABEL_HEIGHT / 2,
  };
}

/** How far beside a node it is still meant, CSS pixels. */
const REACH = 14;

/** The node at a point, of several the one drawn last; else the nearest one within reach. */
export function nodeFinder(nodes: readonly NodeMark[]): (x: number, y: number) => NodeMark | null {
  const order = new Map(nodes.map((mark, i) => [mark, i]));
  const tree = quadtree<NodeMark>(
    [...nodes],
    (mark) => mark.x,
    (mark) => mark.y,
  );
  const widest = nodes.reduce((most, { radius }) => Math.max(most, radius), 0);
  return (x, y) => {
    let inside: NodeMark | null = null;
    tree.visit((square, left, top, right, bottom) => {
      if (left > x + widest || right < x - widest || top > y + widest || bottom < y - widest) return true;
      if (square.length !== undefined) return false;
      for (let leaf: QuadtreeLeaf<NodeMark> | undefined = square; leaf !== undefined; leaf = leaf.next) {
        const mark = leaf.data;
        if (Math.hypot(mark.x - x, mark.y - y) > mark.radius) continue;
        if (inside === null || (order.get(mark) ?? 0) > (order.get(inside) ?? 0)) inside = mark;
      }
      return false;
    });
    return inside ?? tree.find(x, y, REACH) ?? null;
  };
}

/** Outline of a node: hosts round, services square, countries on their edge. */
function traceOutline(
  into: Pick<CanvasPath, 'moveTo' | 'lineTo' | 'closePath' | 'arc'>,
  { node, x, y, radius: r }: NodeMark,
): void {
  if (node.column === 0 || node.kind === 'host' || node.kind === 'block') {
    into.moveTo(x + r, y);
    into.arc(x, y, r, 0, 2 * Math.PI);
  } else {
    const corners =
      node.column === 1
        ? [[-r, -r] as const, [r, -r] as const, [r, r] as const, [-r, r] as const]
        : [[-1.25 * r, 0] as const, [0, -1.25 * r] as const, [1.25 * r, 0] as const, [0, 1.25 * r] as const];
    for (const [i, [dx, dy]] of corners.entries()) {
      if (i === 0) into.moveTo(x + dx, y + dy);
      else into.lineTo(x + dx, y + dy);
    }
  }
  into.closePath();
}

export interface Inks {
  readonly ink: string;
  readonly quiet: string;
  readonly line: string;
  readonly surface: string;
  readonly accent: string;
  /** Of what is highlighted. */
  readonly mark: string;
  readonly sans: string;
}

/** Inks of the page as it looks now. */
export function inksOf(element: Element): Inks {
  const probe = document.createElement('span');
  element.append(probe);
  const colour = (token: string): string => {
    probe.style.color = `var(${token})`;
    return getComputedStyle(probe).color;
  };
  const inks = {
    ink: colour('--ink'),
    quiet: colour('--quiet'),
    line: colour('--strong-line'),
    surface: colour('--surface'),
    accent: colour('--accent'),
    mark: colour('--mark'),
    sans: getComputedStyle(element).fontFamily,
  };
  probe.remove();
  return inks;
}

export function fillOf(node: NetworkNode, inks: Inks): string {
  if (node.kind === 'others') return inks.surface;
  return node.category === null ? (node.column === 2 ? inks.quiet : inks.accent) : categoryColour(node.category);
}

/** Draws all marks. */
export function drawMarks(
  context: CanvasRenderingContext2D,
  marks: Marks,
  inks: Inks,
  { width, height }: { width: number; height: number },
): void {
  context.clearRect(0, 0, width, height);
  for (const { from, to, width: band, category, opacity } of marks.links) {
    context.globalAlpha = opacity;
    context.strokeStyle = category === null ? inks.quiet : categoryColour(category);
    context.lineWidth = band;
    context.beginPath();
    context.moveTo(from.x, from.y);
    context.lineTo(to.x, to.y);
    context.stroke();
  }
  for (const mark of marks.nodes) {
    const { node, x, y, radius, opacity } = mark;
    context.beginPath();
    traceOutline(context, mark);
    context.globalAlpha = opacity;
    context.fillStyle = fillOf(node, inks);
    context.fill();
    context.strokeStyle = node.kind === 'others' ? inks.quiet : inks.surface;
    context.lineWidth = 1.2;
    context.stroke();
    if (node.opens && radius >= 7) {
      context.strokeStyle = inks.surface;
      context.lineWidth = 1.6;
      context.beginPath();
      context.moveTo(x - 3.5, y);
      context.lineTo(x + 3.5, y);
      context.moveTo(x, y - 3.5);
      context.lineTo(x, y + 3.5);
      context.stroke();
    }
  }
  for (const mark of marks.nodes) {
    if (mark.highlighted === 0) continue;
    context.globalAlpha = mark.opacity;
    context.strokeStyle = inks.mark;
    context.lineWidth = HIGHLIGHT_WIDTH;
    const { from, to } = highlightArc(mark);
    context.beginPath();
    context.arc(mark.x, mark.y, ringRadius(mark), from, to);
    context.stroke();
  }
  context.globalAlpha = 1;
  for (const label of marks.labels) drawLabel(context, label, inks);
}

const HIGHLIGHT_WIDTH = 3;
/** The shortest arc that is still seen, as a share of the circle. */
const SHORTEST_ARC = 0.06;

/** Radius of the rings around a node, outside its outline. */
function ringRadius({ node, radius }: NodeMark): number {
  return radius * (node.column === 1 ? 1.42 : 1.25) + 1;
}

/** The part of the ring that tells how much of a node is highlighted, clockwise from the top; radians as a canvas has them. */
function highlightArc({ highlighted }: NodeMark): { from: number; to: number } {
  const from = -Math.PI / 2;
  return { from, to: from + 2 * Math.PI * Math.min(1, Math.max(SHORTEST_ARC, highlighted)) };
}

function drawLabel(
  context: CanvasRenderingContext2D,
  { x, y, text, anchor, isStrong }: LabelMark,
  inks: Inks,
  isBoxed = false,
): void {
  context.font = `${isStrong ? '600 ' : ''}12px ${inks.sans}`;
  context.textAlign = anchor;
  context.textBaseline = 'middle';
  context.lineJoin = 'round';
  if (isBoxed) {
    const long = context.measureText(text).width + 6;
    context.fillStyle = inks.surface;
    context.fillRect(anchor === 'start' ? x - 3 : x + 3 - long, y - LABEL_HEIGHT / 2 - 1, long, LABEL_HEIGHT + 2);
  } else {
    context.strokeStyle = inks.surface;
    context.lineWidth = 3;
    context.strokeText(text, x, y);
  }
  context.fillStyle = inks.ink;
  context.fillText(text, x, y);
}

/**
 * Draws what moves with the pointer and the keys, on a canvas above the marks, which stay as they are: a ring around the
 * node with the focus, its name and that of the node pointed at, and a ring around the chosen one.
 */
export function drawPointed(
  context: CanvasRenderingContext2D,
  marks: Marks,
  inks: Inks,
  {
    width,
    height,
    active,
    chosen,
    pointed,
  }: { width: number; height: number; active: string | null; chosen: string | null; pointed: string | null },
): void {
  context.clearRect(0, 0, width, height);
  for (const mark of marks.nodes) {
    const { id } = mark.node;
    if (id !== active && id !== chosen && id !== pointed) continue;
    context.beginPath();
    context.arc(mark.x, mark.y, ringRadius(mark) + 3, 0, 2 * Math.PI);
    // Wider below, so that it is seen among nodes of its own colour.
    for (const [ink, wide] of [
      [inks.surface, 6],
      [id === chosen && id !== active ? inks.ink : inks.accent, 2],
    ] as const) {
      context.strokeStyle = ink;
      context.lineWidth = wide;
      context.stroke();
    }
    if (id === chosen) continue;
    const [first, second] = sidesOf(mark.node).map((anchor) => labelAt(mark, anchor, true));
    if (first === undefined || second === undefined) continue;
    // Over the label that it has, if it has one.
    const drawn = marks.labels.find(
      ({ text, x, y }) => text === first.text && y === mark.y && [first.x, second.x].includes(x),
    );
    const fits = boxOf(first).left > 0 && boxOf(first).right < width;
    drawLabel(context, drawn?.anchor === second.anchor || (drawn === undefined && !fits) ? second : first, inks, true);
  }
}

/** The same picture as an SVG element. */
export function svgOfMarks(marks: Marks, inks: Inks, width: number, height: number): SVGSVGElement {
  const make = (name: string, attributes: Record<string, string | number>, text = ''): SVGElement => {
    const element = document.createElementNS('http://www.w3.org/2000/svg', name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
    element.textContent = text;
    return element;
  };
  const svg = make('svg', { width, height, viewBox: `0 0 ${width} ${height}`, class: 'chart' }) as SVGSVGElement;
  for (const { from, to, width: band, category, opacity } of marks.links) {
    const stroke = category === null ? inks.quiet : categoryColour(category);
    const ends = { x1: from.x.toFixed(1), y1: from.y.toFixed(1), x2: to.x.toFixed(1), y2: to.y.toFixed(1) };
    svg.append(make('line', { ...ends, stroke, 'stroke-width': band.toFixed(2), 'stroke-opacity': opacity }));
  }
  for (const mark of marks.nodes) {
    const stroke = mark.node.kind === 'others' ? inks.quiet : inks.surface;
    const fill = fillOf(mark.node, inks);
    const outline = pathRound(1);
    traceOutline(outline, mark);
    svg.append(make('path', { d: String(outline), fill, stroke, 'stroke-width': 1.2, opacity: mark.opacity }));
    if (mark.highlighted === 0) continue;
    const ring = pathRound(1);
    const { from, to } = highlightArc(mark);
    ring.arc(mark.x, mark.y, ringRadius(mark), from, to);
    const look = { stroke: inks.mark, 'stroke-width': HIGHLIGHT_WIDTH, opacity: mark.opacity };
    svg.append(make('path', { d: String(ring), fill: 'none', ...look }));
  }
  for (const { x, y, text, anchor, isStrong } of marks.labels) {
    const at = { x: x.toFixed(1), y: (y + 4).toFixed(1), 'text-anchor': anchor };
    const look = { fill: inks.ink, 'font-size': '12px', 'font-weight': isStrong ? 600 : 400, 'font-family': inks.sans };
    svg.append(make('text', { ...at, ...look }, text));
  }
  return svg;
}
