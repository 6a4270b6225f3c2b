import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { VIEW_NAMES, VIEWS, type View } from '../../renderer/state/views.ts';
import { cannotLaunch } from './launch.ts';
import { layoutFaults } from './layout-faults.ts';
import { PATIENCE } from './patience.ts';
import { sampleWindow } from './sample-window.ts';

/**
 * Each view of the sample case in both themes looks as it did when a person last looked at it, and fits windows from a
 * laptop at twice the size to a large screen. `ENCLAVE_SCREENS=write npx vitest run test/e2e/screens.test.ts` takes the
 * pictures anew: then look at them. They are small (a quarter), and are compared by the mean colour of cells of 20 points,
 * so that another font does not matter and a chart that is missing does.
 */

const PICTURES = fileURLToPath(new URL('screens/', import.meta.url));
const THEMES = ['light', 'dark'] as const;
type Theme = (typeof THEMES)[number];
const SIZE = { width: 1440, height: 900 };
/** The last two: 1440 × 900 at 150 % and 200 %. */
const OTHER_SIZES = [
  { width: 1280, height: 720 },
  { width: 3840, height: 2160 },
  { width: 960, height: 600 },
  { width: 720, height: 450 },
];
/** What a view draws, and the least of it that says something, CSS pixels. */
const FIGURES = '.view.timeline .chart, .world-map, .graph-box';
const LEAST_FIGURE = { width: 200, height: 120 };
const CELL = 20;
/** Difference of a cell's mean colour, of 255, that an eye sees; share of the cells that may differ so. */
const SEEN = 24;
const MOST_CELLS = 0.02;

const isWriting = process.env['ENCLAVE_SCREENS'] === 'write';
const reason = cannotLaunch === null ? '' : ` (${cannotLaunch})`;

describe.skipIf(cannotLaunch !== null)(`screens${reason}`, { timeout: 3 * PATIENCE }, () => {
  const shown = sampleWindow(SIZE);
  const taken = new Map<string, number[]>();

  describe.each(THEMES)('%s', (theme) => {
    it.each(VIEWS)('%s looks as it did', async (view) => {
      await show(shown.page, view, theme);
      const picture = await stillPicture(shown.page);
      const cells = await meanColours(shown.page, picture);
      taken.set(`${view}-${theme}`, cells);
      const path = join(PICTURES, `${view}-${theme}.png`);
      if (isWriting) {
        mkdirSync(PICTURES, { recursive: true });
        writeFileSync(path, await quarter(shown.page, picture));
      }
      expect(existsSync(path), 'taken with ENCLAVE_SCREENS=write').toBe(true);
      const share = differingShare(cells, await meanColours(shown.page, readFileSync(path)));
      const seen = join(tmpdir(), `enclave-screen-${view}-${theme}.png`);
      if (share > MOST_CELLS) writeFileSync(seen, picture);
      expect(share, `compare ${seen} with ${path}`).toBeLessThanOrEqual(MOST_CELLS);
    });
  });

  it('tells any two screens apart', () => {
    const names = [...taken.keys()];
    expect(names).toHaveLength(VIEWS.length * THEMES.length);
    for (const [i, name] of names.entries()) {
      for (const other of names.slice(i + 1)) {
        const share = differingShare(taken.get(name) ?? [], taken.get(other) ?? []);
        expect(share, `${name} and ${other}`).toBeGreaterThan(MOST_CELLS);
      }
    }
  });

  it.each(OTHER_SIZES)('fits $width × $height', async (size) => {
    await shown.page.setViewportSize(size);
    const faults: string[] = [];
    for (const view of VIEWS) {
      await show(shown.page, view, 'light');
      await stillWords(shown.page);
      for (const fault of await shown.page.evaluate(layoutFaults)) faults.push(`${view}: ${fault}`);
      const [figure] = await shown.page.locator(FIGURES).all();
      const box = (await figure?.boundingBox()) ?? null;
      const isSmall = box !== null && (box.width < LEAST_FIGURE.width || box.height < LEAST_FIGURE.height);
      if (isSmall) faults.push(`${view}: the figure is no larger than ${box.width} × ${box.height}`);
      const title = await shown.page.locator('.case-title h1').boundingBox();
      if (title === null || title.width < 60) faults.push(`${view}: the title of the case is not to be read`);
    }
    expect(faults).toEqual([]);
  });
});

async function show(page: Page, view: View, theme: Theme): Promise<void> {
  await page.getByRole('navigation').getByRole('button', { name: VIEW_NAMES[view], exact: true }).click();
  await page.evaluate((wanted) => {
    document.documentElement.dataset['theme'] = wanted;
  }, theme);
  // No mark is hovered over, none has the focus.
  await page.mouse.move(0, 0);
  await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
}

/** The picture once two in a row are the same, and nothing waited before the second: what was asked for has come and is drawn. */
async function stillPicture(page: Page): Promise<Buffer> {
  let before = await page.screenshot();
  const end = performance.now() + PATIENCE;
  for (;;) {
    await page.waitForTimeout(400);
    // Asked before the picture: what comes between the two would be missing in it.
    const isWaiting = (await page.locator('[aria-busy=true]').count()) > 0;
    const now = await page.screenshot();
    if (!isWaiting && now.equals(before)) return now;
    if (performance.now() > end) throw new Error('the window does not come to rest');
    before = now;
  }
}

/** Waits until what stands in the page has not changed for a moment. */
async function stillWords(page: Page): Promise<void> {
  const words = (): Promise<string> => page.evaluate(() => document.body.innerText);
  let before = '';
  for (let now = await words(); now !== before; now = await words()) {
    before = now;
    await page.waitForTimeout(400);
  }
}

/** Mean red, green, blue (0..255) of each cell, row by row, of a picture of any size of the same proportions. */
async function meanColours(page: Page, picture: Buffer): Promise<number[]> {
  const [columns, rows] = [SIZE.width / CELL, SIZE.height / CELL];
  return page.evaluate(
    async ([base64, width, height]) => {
      const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
      const bitmap = await createImageBitmap(new Blob([bytes]));
      const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d');
      if (context === null) throw new Error('no canvas');
      context.drawImage(bitmap, 0, 0);
      const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
      const sums = new Float64Array(width * height * 4);
      for (let y = 0; y < bitmap.height; y++) {
        for (let x = 0; x < bitmap.width; x++) {
          const cell = Math.floor((y * height) / bitmap.height) * width + Math.floor((x * width) / bitmap.width);
          const pixel = (y * bitmap.width + x) * 4;
          for (let channel = 0; channel < 3; channel++) {
            sums[cell * 4 + channel] = (sums[cell * 4 + channel] ?? 0) + (data[pixel + channel] ?? 0);
          }
          sums[cell * 4 + 3] = (sums[cell * 4 + 3] ?? 0) + 1;
        }
      }
      const means: number[] = [];
      for (let i = 0; i < sums.length; i += 4) {
        for (let channel = 0; channel < 3; channel++) means.push((sums[i + channel] ?? 0) / (sums[i + 3] ?? 1));
      }
      return means;
    },
    [picture.toString('base64'), columns, rows] as const,
  );
}

function differingShare(one: readonly number[], other: readonly number[]): number {
  let differing = 0;
  for (let i = 0; i < one.length; i += 3) {
    const isSeen = [0, 1, 2].some((channel) => Math.abs((one[i + channel] ?? 0) - (other[i + channel] ?? 0)) > SEEN);
    if (isSeen) differing += 1;
  }
  return differing / (one.length / 3);
}

/** The picture at a quarter of its width and height, PNG. */
async function quarter(page: Page, picture: Buffer): Promise<Buffer> {
  const small = await page.evaluate(
    async ([base64, width, height]) => {
      const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
      const size = { resizeWidth: width, resizeHeight: height, resizeQuality: 'high' } as const;
      const bitmap = await createImageBitmap(new Blob([bytes]), size);
      const canvas = new OffscreenCanvas(width, height);
      canvas.getContext('2d')?.drawImage(bitmap, 0, 0);
      const png = new Uint8Array(await (await canvas.convertToBlob({ type: 'image/png' })).arrayBuffer());
      return btoa(Array.from(png, (byte) => String.fromCharCode(byte)).join(''));
    },
    [picture.toString('base64'), SIZE.width / 4, SIZE.height / 4] as const,
  );
  return Buffer.from(small, 'base64');
}
