import { type SankeyLink, type SankeyNode, sankey, sankeyLinkHorizontal } from 'd3-sankey';
import { type KeyboardEvent, type MouseEvent, type ReactNode, useMemo, useRef, useState } from 'react';
import type { Metric } from '../../shared/finding.ts';
import { formatAmount, formatBytes, formatCount, formatShare } from '../../shared/number-format.ts';
import { OTHER_COLOUR, categoryColour } from '../category-colours.ts';
import {
  GRAPH_COLUMNS,
  type GraphColumn,
  type GraphLink,
  type GraphNode,
  type ServiceGraph,
} from './service-graph-data.ts';
import { say } from '../../shared/text/say.ts';

/** Ranges or hosts, services and countries as columns, with bands as wide as what went between them. */

/** Least distance of two labels, in CSS pixels. */
const LINE = 18;
/** Height that a node takes on average, so that bands stay apart. */
const NODE_PITCH = 30;
const NODE_WIDTH = 12;
const TOP = 6;
const BOTTOM = 8;
/** Width of a character of the labels, at most on average. */
const CHARACTER = 6;
const GAP = 8;
/** Room between a label and the edge. */
const EDGE = 6;

/** Nodes that a column of this height (CSS pixels) has room for. */
export function nodesThatFit(height: number): number {
  return Math.max(5, Math.min(20, Math.floor((height - TOP - BOTTOM) / NODE_PITCH)));
}

/** Height (CSS pixels) that a column of this many nodes wants. */
export function heightOf(nodes: number): number {
  return nodes * NODE_PITCH + TOP + BOTTOM;
}

export interface PlacedNode {
  readonly node: GraphNode;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface PlacedLink {
  readonly link: GraphLink;
  readonly path: string;
  readonly width: number;
}

/** What the labels of a column have room for. */
interface LabelRoom {
  readonly characters: number;
  /** Shares give way where they would leave too little of a name. */
  readonly hasShares: boolean;
}

export interface PlacedGraph {
  readonly nodes: readonly PlacedNode[];
  readonly links: readonly PlacedLink[];
  readonly labels: Readonly<Record<GraphColumn, LabelRoom>>;
}

function lengthOf(text: string): number {
  return Array.from(text).length;
}

/** Characters of a name that are kept before its share goes. */
const KEPT = 12;

/** Places a graph in a box of CSS pixels. Order within a column is the graph's own. */
export function placeServiceGraph(graph: ServiceGraph, metric: Metric, width: number, height: number): PlacedGraph {
  const namesAndAmounts = (column: GraphColumn): [name: number, amount: number][] =>
    graph.nodes
      .filter((node) => node.column === column)
      .map((node) => [lengthOf(node.name), lengthOf(labelAmount(node, graph, metric, true)) + 2]);
  const marginOf = (column: GraphColumn): number => {
    const longest = Math.max(...namesAndAmounts(column).map(([name, amount]) => name + amount), 0);
    return Math.round(Math.min(longest * CHARACTER + GAP + EDGE, width * 0.21));
  };
  const left = marginOf('left');
  const right = Math.max(left + 3 * NODE_WIDTH, width - marginOf('country'));
  type Node = SankeyNode<{ node: GraphNode }, { link: GraphLink }>;
  type Link = SankeyLink<{ node: GraphNode }, { link: GraphLink }>;
  const place = sankey<{ node: GraphNode }, { link: GraphLink }>()
    .nodeId(({ node }) => node.id)
    .nodeAlign(({ node }) => GRAPH_COLUMNS.indexOf(node.column))
    // A function that keeps the order; without one the layout orders by where bands come from.
    .nodeSort(() => 0)
    .nodeWidth(NODE_WIDTH)
    .nodePadding(LINE)
    .extent([
      [left, TOP],
      [right, Math.max(TOP + 1, height - BOTTOM)],
    ]);
  const placed = place({
    nodes: graph.nodes.map((node): Node => ({ node })),
    links: graph.links.map((link): Link => ({ link, source: link.source, target: link.target, value: link.amount })),
  });
  const pathOf = sankeyLinkHorizontal<{ node: GraphNode }, { link: GraphLink }>();
  const roomOf = (column: GraphColumn, pixels: number): LabelRoom => {
    const characters = Math.max(8, Math.floor(pixels / CHARACTER));
    const hasShares = namesAndAmounts(column).every(([name, amount]) => Math.min(name, KEPT) + amount <= characters);
    return { characters, hasShares };
  };
  return {
    nodes: placed.nodes.map(({ node, x0 = 0, x1 = 0, y0 = 0, y1 = 0 }) => ({
      node,
      x: round(x0),
      y: round(y0),
      width: round(x1 - x0),
      height: round(y1 - y0),
    })),
    links: placed.links.map((each) => ({
      link: each.link,
      path: (pathOf(each) ?? '').replaceAll(/\d+\.\d+/g, (number) => String(round(Number(number)))),
      width: round(each.width ?? 0),
    })),
    labels: {
      left: roomOf('left', left - GAP - EDGE),
      service: roomOf('service', (right - left - 3 * NODE_WIDTH) / 2 - 2 * GAP),
      country: roomOf('country', width - right - GAP - EDGE),
    },
  };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/** An amount with its unit in words. */
function amountInWords(metric: Metric, of: GraphNode | GraphLink): string {
  return `${of.isBound ? say('at most ') : ''}${formatAmount(metric, of.amount)}`;
}

/** The share of all; null when it cannot be told. */
function shareOf(of: GraphNode | GraphLink, total: ServiceGraph['total']): number | null {
  return of.isBound || total.amount === null || total.amount === 0 ? null : of.amount / total.amount;
}

/** One line that tells a node or link: `Service youku, streaming: 12,345 flows, 12.3 % of what matches`. */
export function describe(of: GraphNode | GraphLink, graph: ServiceGraph, metric: Metric): string {
  const share = shareOf(of, graph.total);
  const flows = metric === 'flows' ? '' : say(', {flows} flows', { flows: formatCount(of.flows) });
  const told = `${amountInWords(metric, of)}${share === null ? '' : say(', {share} of what matches', { share: formatShare(share) })}${flows}`;
  if ('source' in of) {
    const name = (id: string): string => graph.nodes.find((node) => node.id === id)?.name ?? '';
    return `${name(of.source)} – ${name(of.target)}: ${told}`;
  }
  const category = of.category === null || of.kind === 'unnamed' ? '' : `, ${of.category}`;
  return `${of.kind === 'value' ? `${say(of.what)} ` : ''}${of.name}${category}: ${told}`;
}

function clipped(text: string, characters: number, keepsEnd: boolean): string {
  const all = Array.from(text);
  if (all.length <= characters) return text;
  if (!keepsEnd) return `${all.slice(0, Math.max(1, characters - 1)).join('')}…`;
  const half = Math.max(1, Math.floor((characters - 1) / 2));
  return `${all.slice(0, half).join('')}…${all.slice(-half).join('')}`;
}

/** The number beside a name: `1,234 · 5.6 %`, `≤ 1,234`. */
function labelAmount(node: GraphNode, graph: ServiceGraph, metric: Metric, hasShare: boolean): string {
  const amount = metric === 'bytes' ? formatBytes(node.amount) : formatCount(node.amount);
  const share = shareOf(node, graph.total);
  return `${node.isBound ? '≤ ' : ''}${amount}${share === null || !hasShare ? '' : ` · ${formatShare(share)}`}`;
}

/** What stands beside a node, within its room. */
function labelOf(
  node: GraphNode,
  graph: ServiceGraph,
  metric: Metric,
  { characters, hasShares }: LabelRoom,
  isAddress: boolean,
): { readonly name: string; readonly amount: string; readonly characters: number } {
  const amount = labelAmount(node, graph, metric, hasShares);
  const name = clipped(node.name, Math.max(4, characters - lengthOf(amount) - 2), isAddress && node.kind === 'value');
  return { name, amount, characters: lengthOf(name) + lengthOf(amount) + 2 };
}

/** Ids of the links to draw strong: those of a node or the link itself, and weaker those of the services it leads to. */
function litLinks(graph: ServiceGraph, marked: string | null): { strong: Set<string>; weak: Set<string> } | null {
  if (marked === null) return null;
  const own = graph.links.filter(({ id, source, target }) => id === marked || source === marked || target === marked);
  if (own.length === 0) return null;
  const strong = new Set(own.map(({ id }) => id));
  const services = new Set(own.flatMap(({ source, target }) => [source, target]));
  const column = graph.nodes.find(({ id }) => id === marked)?.column;
  const through = column === 'left' ? 'country' : column === 'country' ? 'left' : null;
  const weak = graph.links.filter(
    ({ source, target }) =>
      (through === 'country' && services.has(source) && target.startsWith('country')) ||
      (through === 'left' && services.has(target) && source.startsWith('left')),
  );
  return { strong, weak: new Set(weak.map(({ id }) => id)) };
}

/** Where an arrow key leads: the next node of the column, or the one at about the same height beside it. */
function nodeTowards(placed: readonly PlacedNode[], from: PlacedNode, key: string): PlacedNode | undefined {
  const ofColumn = (column: string | undefined): PlacedNode[] => placed.filter(({ node }) => node.column === column);
  const column = ofColumn(from.node.column);
  const at = column.indexOf(from);
  const beside = (step: number): PlacedNode | undefined => {
    const middle = from.y + from.height / 2;
    const distance = ({ y, height }: PlacedNode): number => Math.abs(y + height / 2 - middle);
    return ofColumn(GRAPH_COLUMNS[GRAPH_COLUMNS.indexOf(from.node.column) + step]).toSorted(
      (a, b) => distance(a) - distance(b),
    )[0];
  };
  switch (key) {
    case 'ArrowDown':
      return column[at + 1];
    case 'ArrowUp':
      return column[at - 1];
    case 'Home':
      return column[0];
    case 'End':
      return column.at(-1);
    case 'ArrowLeft':
      return beside(-1);
    case 'ArrowRight':
      return beside(1);
    default:
      return undefined;
  }
}

/**
 * The graph. One node or link is in the order of Tab: arrow keys lead from node to node, Shift with left or right to the
 * largest link on that side; on a link up and down lead to the next of the same node, left and right to its ends. Enter or
 * a click selects, with Shift it filters.
 */
export function ServiceGraphChart(props: {
  graph: ServiceGraph;
  metric: Metric;
  /** True when the left column holds addresses. */
  hasHosts: boolean;
  width: number;
  height: number;
  /** Id of the node or link that stands out. */
  marked: string | null;
  /** Share of each node's flows that are highlighted, by its id. */
  highlighted: ReadonlyMap<string, number>;
  onMark: (id: string | null) => void;
  onSelect: (of: GraphNode | GraphLink) => void;
  /** Wants only this shown. */
  onFilter: (of: GraphNode | GraphLink) => void;
  onEscape: () => void;
}): ReactNode {
  const { graph, metric, hasHosts, width, height, marked, highlighted, onMark, onSelect, onFilter, onEscape } = props;
  const placed = useMemo(() => placeServiceGraph(graph, metric, width, height), [graph, metric, width, height]);
  const lit = useMemo(() => litLinks(graph, marked), [graph, marked]);
  const [roving, setRoving] = useState<string | null>(null);
  /** The node whose links are walked. */
  const lastNode = useRef<string | null>(null);
  const elements = useRef(new Map<string, SVGElement>());
  const isThere = placed.nodes.some(({ node }) => node.id === roving) || graph.links.some(({ id }) => id === roving);
  const tabbed = isThere ? roving : (graph.nodes[0]?.id ?? null);

  const focus = (id: string | undefined): void => {
    if (id !== undefined) elements.current.get(id)?.focus();
  };
  const linkTowards = (from: GraphLink, key: string): string | undefined => {
    if (key === 'ArrowLeft') return from.source;
    if (key === 'ArrowRight') return from.target;
    const end = from.target === lastNode.current ? 'target' : 'source';
    const alike = graph.links.filter((link) => link[end] === from[end]);
    const at = alike.indexOf(from);
    return alike[at + (key === 'ArrowDown' ? 1 : key === 'ArrowUp' ? -1 : Number.NaN)]?.id;
  };
  const onKeyDown = (event: KeyboardEvent, of: GraphNode | GraphLink): void => {
    const { key } = event;
    if (key === 'Enter' || key === ' ') {
      if (event.shiftKey) onFilter(of);
      else onSelect(of);
    } else if (key === 'Escape') onEscape();
    else if ('source' in of) {
      if (!key.startsWith('Arrow')) return;
      focus(linkTowards(of, key));
    } else if (event.shiftKey && (key === 'ArrowLeft' || key === 'ArrowRight')) {
      focus(graph.links.find((link) => (key === 'ArrowLeft' ? link.target : link.source) === of.id)?.id);
    } else {
      const from = placed.nodes.find(({ node }) => node === of);
      const next = from && nodeTowards(placed.nodes, from, key);
      if (next === undefined && !key.startsWith('Arrow')) return;
      focus(next?.node.id);
    }
    event.preventDefault();
  };
  const handlers = (of: GraphNode | GraphLink): object => ({
    ref: (element: SVGElement | null) => {
      if (element === null) elements.current.delete(of.id);
      else elements.current.set(of.id, element);
    },
    role: 'button',
    tabIndex: of.id === tabbed ? 0 : -1,
    'aria-label': describe(of, graph, metric),
    onKeyDown: (event: KeyboardEvent) => onKeyDown(event, of),
    onFocus: () => {
      setRoving(of.id);
      if (!('source' in of)) lastNode.current = of.id;
      onMark(of.id);
    },
    onBlur: () => onMark(null),
    onPointerEnter: () => onMark(of.id),
    onPointerLeave: () => onMark(null),
    onClick: (event: MouseEvent) => (event.shiftKey ? onFilter(of) : onSelect(of)),
  });

  return (
    <svg
      className="chart service-graph"
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      role="group"
      aria-label={say('Who speaks with which service in which country, {metric}', { metric: say(metric) })}
    >
      {placed.links.map(({ link, path, width: band }) => {
        const state =
          lit === null ? '' : lit.strong.has(link.id) ? ' strong' : lit.weak.has(link.id) ? ' weak' : ' dim';
        return (
          <path
            key={link.id}
            className={`band${state}`}
            d={path}
            fill="none"
            stroke={link.category === null ? OTHER_COLOUR : categoryColour(link.category)}
            strokeWidth={Math.max(band, link.flows > 0 ? 0.75 : 0)}
            {...handlers(link)}
          />
        );
      })}
      {placed.nodes.map((each) => {
        const { node, x, y, height: tall } = each;
        const isLeft = node.column === 'left';
        const label = labelOf(node, graph, metric, placed.labels[node.column], hasHosts && isLeft);
        const reach = label.characters * CHARACTER + GAP;
        return (
          <g key={node.id} className={node.id === marked ? 'node marked' : 'node'} {...handlers(node)}>
            <rect
              className="reach"
              x={round(isLeft ? x - reach : x)}
              y={round(y + Math.min(0, (tall - LINE) / 2))}
              width={round(reach + each.width)}
              height={round(Math.max(tall, LINE))}
              rx={3}
            />
            <rect
              className="bar"
              x={x}
              y={tall < 2 ? round(y + tall / 2 - 1) : y}
              width={each.width}
              height={Math.max(2, tall)}
              rx={1.5}
              {...(node.column === 'service'
                ? { fill: node.category === null ? OTHER_COLOUR : categoryColour(node.category) }
                : {})}
            />
            {highlighted.has(node.id) && (
              <rect
                className="highlighted"
                x={x}
                y={round(y + Math.max(2, tall) - Math.max(2, tall * (highlighted.get(node.id) ?? 0)))}
                width={each.width}
                height={round(Math.max(2, tall * (highlighted.get(node.id) ?? 0)))}
              />
            )}
            <text
              x={isLeft ? x - GAP : x + each.width + GAP}
              y={round(y + tall / 2)}
              dy="0.34em"
              textAnchor={isLeft ? 'end' : 'start'}
              className={node.kind === 'value' ? 'name' : 'name merged'}
            >
              {label.name}
              <tspan className="amount" dx={6}>
                {label.amount}
              </tspan>
            </text>
          </g>
        );
      })}
    </svg>
  );
}
