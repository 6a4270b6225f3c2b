import type { SummaryRowValue } from '../../shared/bridge.ts';
import type { Profile } from '../../shared/profile.ts';
import type { WorldShapes } from './world-shapes.ts';

/** Arcs from ranges to the countries of their peers. Pure. */

/** Arcs drawn, those of the largest amounts. */
export const MOST_ARCS = 60;

/** Widths in pixels of the thinnest and the widest arc. */
const WIDTHS = [0.8, 7] as const;

export interface ArcOrigin {
  readonly range: string;
  /** Stated in the profile; null: the arcs begin at a marked point that is no place. */
  readonly country: string | null;
  /** In map units. */
  readonly at: readonly [x: number, y: number];
}

export interface MapArc {
  readonly range: string;
  readonly country: string;
  readonly value: number;
  /** Some of it is highlighted. */
  readonly isHighlighted: boolean;
  /** SVG path in map units; '' for a range's own country. */
  readonly path: string;
  /** Pixels; area-like: as the square root of the amount. */
  readonly width: number;
}

export interface MapArcs {
  readonly origins: readonly ArcOrigin[];
  /** The largest last, so that it lies above. */
  readonly arcs: readonly MapArc[];
  /** Pairs of range and country in all that have a place on the map. */
  readonly all: number;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/** Rows of `summary --by range,country`; `marked`: those of what is highlighted. */
export function mapArcs(
  rows: readonly SummaryRowValue[],
  ranges: Profile['ranges'],
  world: WorldShapes,
  marked: readonly SummaryRowValue[] = [],
): MapArcs {
  const highlighted = new Set(marked.map(({ range, country }) => `${range} ${country}`));
  const centres = new Map(
    world.countries.flatMap(({ code, centre }) => (code === null ? [] : [[code, centre] as const])),
  );
  const found = rows.flatMap(({ range, country, value }) => {
    const to = typeof country === 'string' ? centres.get(country) : undefined;
    const amount = Number(value ?? 0);
    return typeof range !== 'string' || typeof country !== 'string' || to === undefined || amount <= 0
      ? []
      : [{ range, country, value: amount, to }];
  });
  const labels = [...new Set(found.map(({ range }) => range))].toSorted();
  let unplaced = 0;
  const origins = labels.map((range): ArcOrigin => {
    const stated = ranges.find(({ label }) => label === range)?.country ?? null;
    const at = stated === null ? undefined : centres.get(stated);
    if (at !== undefined) return { range, country: stated, at };
    // In the South Pacific, where no country is mistaken for it.
    return { range, country: null, at: [world.width * 0.1, world.height * (0.62 + 0.05 * unplaced++)] };
  });
  const largest = found.toSorted((a, b) => b.value - a.value).slice(0, MOST_ARCS);
  const most = largest[0]?.value ?? 1;
  const arcs = largest.toReversed().map(({ range, country, value, to }): MapArc => {
    const from = origins.find((origin) => origin.range === range)?.at ?? to;
    const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
    const bend = Math.hypot(dx, dy) * 0.18;
    const [x, y] = [(from[0] + to[0]) / 2, (from[1] + to[1]) / 2 - bend];
    const isSame = Math.hypot(dx, dy) < 1;
    return {
      range,
      country,
      value,
      isHighlighted: highlighted.has(`${range} ${country}`),
      path: isSame
        ? ''
        : `M${round(from[0])} ${round(from[1])}Q${round(x)} ${round(y)} ${round(to[0])} ${round(to[1])}`,
      width: round(WIDTHS[0] + (WIDTHS[1] - WIDTHS[0]) * Math.sqrt(value / most)),
    };
  });
  return { origins, arcs, all: found.length };
}
