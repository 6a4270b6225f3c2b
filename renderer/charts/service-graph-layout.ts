import { forceCollide, forceLink, forceManyBody, forceSimulation, forceX, forceY, type SimulationNodeDatum } from 'd3';

/** Where the nodes of a network lie: forces between them, from fixed beginnings and in fixed steps, so that it is always the same. */

export interface LayoutNode {
  /** 0..2: nodes of a column stay together. */
  readonly column: number;
  /** CSS pixels. */
  readonly radius: number;
  /** Where it was before; absent: nowhere. */
  readonly x?: number;
  readonly y?: number;
}

export interface LayoutLink {
  /** Numbers of nodes. */
  readonly source: number;
  readonly target: number;
  /** 0..1: how strongly it draws. */
  readonly strength: number;
}

export interface LayoutRequest {
  readonly nodes: readonly LayoutNode[];
  readonly links: readonly LayoutLink[];
  /** Whether the columns lie side by side; else all lies round one middle. */
  readonly hasColumns: boolean;
  /** CSS pixels. */
  readonly width: number;
  readonly height: number;
}

/** Steps: fewer for many nodes, which take long. */
export function stepsFor(nodes: number): number {
  return nodes <= 400 ? 260 : nodes <= 1500 ? 140 : 80;
}

/** The golden angle, by which seeds of a sunflower lie: it fills a disk evenly. */
const ANGLE = Math.PI * (3 - Math.sqrt(5));

type Body = SimulationNodeDatum & { x: number; y: number; radius: number; middle: number };

export class ForceLayout {
  readonly #bodies: Body[];
  readonly #simulation;
  readonly #left: number;
  #steps = 0;

  constructor({ nodes, links, hasColumns, width, height }: LayoutRequest) {
    const middleOf = (column: number): number => (hasColumns ? width * (0.06 + 0.44 * column) : width / 2);
    const met = [0, 0, 0];
    this.#bodies = nodes.map((node) => {
      const { column, radius } = node;
      const at = (met[column] = (met[column] ?? 0) + 1);
      const distance = 9 * Math.sqrt(at);
      const middle = middleOf(column);
      return {
        x: node.x ?? middle + distance * Math.cos(at * ANGLE) * (hasColumns ? 0.6 : 1),
        y: node.y ?? height / 2 + distance * Math.sin(at * ANGLE) * (hasColumns ? 1.6 : 1),
        radius,
        middle,
      };
    });
    const drawn = links.map(({ source, target, strength }) => ({ source, target, strength }));
    const degree = new Uint32Array(nodes.length);
    for (const { source, target } of links) {
      degree[source] = (degree[source] ?? 0) + 1;
      degree[target] = (degree[target] ?? 0) + 1;
    }
    this.#left = stepsFor(nodes.length);
    // Of many nodes a rougher picture comes soon enough.
    const isMany = nodes.length > 800;
    // The repulsion falls where nodes are many, else they would fly apart.
    const repulsion = -Math.max(14, Math.min(220, (width * height) / (18 * Math.max(1, nodes.length))));
    this.#simulation = forceSimulation<Body>(this.#bodies)
      .stop()
      .alphaDecay(1 - 0.001 ** (1 / this.#left))
      .force(
        'repulsion',
        forceManyBody<Body>()
          .strength(repulsion)
          .theta(isMany ? 1.4 : 0.9)
          .distanceMax(isMany ? 160 : 420),
      )
      .force(
        'links',
        forceLink<Body, { source: number; target: number; strength: number }>(drawn)
          .distance(hasColumns ? width * 0.3 : 60)
          .strength(({ strength, source, target }) => {
            const ends = Math.min(degree[indexOf(source)] ?? 1, degree[indexOf(target)] ?? 1);
            return ((hasColumns ? 0.12 : 0.5) * (0.3 + 0.7 * strength)) / Math.max(1, Math.sqrt(ends));
          }),
      )
      .force('x', forceX<Body>((body) => body.middle).strength(hasColumns ? 0.32 : 0.06))
      .force('y', forceY<Body>(height / 2).strength(hasColumns ? 0.05 : 0.08))
      .force('apart', forceCollide<Body>((body) => body.radius + 3).iterations(isMany ? 1 : 2));
  }

  /** Goes on by so many steps; false when the end is reached. */
  step(count: number): boolean {
    const steps = Math.min(count, this.#left - this.#steps);
    this.#simulation.tick(steps);
    this.#steps += steps;
    return this.#steps < this.#left;
  }

  /** x and y of each node, in CSS pixels. */
  positions(): Float32Array {
    const positions = new Float32Array(this.#bodies.length * 2);
    for (const [i, { x, y }] of this.#bodies.entries()) {
      positions[2 * i] = x;
      positions[2 * i + 1] = y;
    }
    return positions;
  }
}

/** The simulation replaces numbers of nodes by the nodes. */
function indexOf(end: number | Body): number {
  return typeof end === 'number' ? end : (end.index ?? 0);
}
