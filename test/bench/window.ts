import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Page } from 'playwright-core';
import { VIEW_NAMES, type View } from '../../renderer/state/workbench.ts';
import { buildCase } from '../casefile/synthetic-case.ts';
import { dropFiles } from '../e2e/drop.ts';
import { cannotLaunch, launch } from '../e2e/launch.ts';
import { textTable } from '../score/text-table.ts';
import { inventedFlows } from './queries.ts';

/**
 * `npm run bench:window -- [FILE] [--flows N]`: how long each view takes to follow a change of the filter on an invented
 * case of N flows (default 1,000,000), and how smooth the window stays while FILE is imported.
 */

const FOLLOWING: readonly View[] = ['overview', 'timeline', 'map', 'services', 'hosts', 'flows'];
/** Filters typed one after the other. */
const FILTERS = ['category = gaming', 'country = CN', 'service = steam and bytes > 1000', ''];
/** A view has followed when nothing changed for this long. */
const QUIET_MS = 500;

/** Milliseconds from Enter in the filter to the last change of the page. */
async function timeToFollow(page: Page, filter: string): Promise<number> {
  await page.locator('#filter').fill(filter);
  await page.evaluate(() => {
    const times = { entered: 0, changed: 0 };
    Object.assign(window, { times });
    addEventListener('keydown', () => (times.entered = performance.now()), { capture: true, once: true });
    const changed = (): void => {
      // What is drawn counts, not what is written.
      requestAnimationFrame(() => (times.changed = performance.now()));
    };
    const observer = new MutationObserver(changed);
    Object.assign(window, { observer });
    observer.observe(document.body, { subtree: true, childList: true, attributes: true });
  });
  await page.locator('#filter').press('Enter');
  await page.waitForFunction((quiet) => {
    const { times } = window as unknown as { times: { changed: number } };
    return document.querySelector('.pending') === null && performance.now() - times.changed > quiet;
  }, QUIET_MS);
  return page.evaluate(() => {
    const { times, observer } = window as unknown as {
      times: { entered: number; changed: number };
      observer: MutationObserver;
    };
    observer.disconnect();
    return times.changed - times.entered;
  });
}

async function benchFollowing(folder: string, flows: number): Promise<void> {
  const casePath = join(folder, 'invented.enclave');
  buildCase(casePath, inventedFlows(flows));
  const { page, close } = await launch({ case: casePath });
  await page.setViewportSize({ width: 1440, height: 900 });
  const rows: string[][] = [];
  for (const view of FOLLOWING) {
    await page.getByRole('navigation').getByRole('button', { name: VIEW_NAMES[view], exact: true }).click();
    await page.waitForTimeout(1500);
    // What is read from the case for the first time is not measured.
    await timeToFollow(page, 'transport = tcp');
    const times: string[] = [];
    for (const filter of FILTERS) times.push((await timeToFollow(page, filter)).toFixed(0));
    rows.push([VIEW_NAMES[view], ...times]);
  }
  await close();
  process.stdout.write(
    `Milliseconds from Enter to the last change drawn, ${flows.toLocaleString('en')} flows\n` +
      `${textTable(['view', ...FILTERS.map((filter) => filter || '(no filter)')], rows)}\n`,
  );
}

async function benchImport(folder: string, file: string): Promise<void> {
  const { page, app, close } = await launch();
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.getByText('Recent cases').waitFor();
  await app.answerNextDialog([join(folder, 'imported.enclave')]);
  await dropFiles(page, [file]);
  await page.getByLabel('Title').fill('Bench');
  await page.getByRole('button', { name: 'Choose where to save…' }).click();
  await page.evaluate(() => {
    const frames: number[] = [];
    Object.assign(window, { frames });
    let last = performance.now();
    const tick = (now: number): void => {
      frames.push(now - last);
      last = now;
      requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
  });
  const views = page.getByRole('navigation');
  const begun = performance.now();
  while (!(await page.getByText('Import finished').isVisible())) {
    for (const view of ['timeline', 'map', 'overview'] as const) {
      const button = views.getByRole('button', { name: VIEW_NAMES[view], exact: true });
      if (await button.isVisible()) await button.click();
      await page.waitForTimeout(400);
    }
  }
  const seconds = (performance.now() - begun) / 1000;
  const frames = await page.evaluate(() => (window as unknown as { frames: number[] }).frames);
  await close();
  const sorted = frames.toSorted((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.floor(share * (sorted.length - 1))] ?? 0).toFixed(1);
  const slow = frames.filter((frame) => frame > 50).length;
  process.stdout.write(
    `Import of ${file} in ${seconds.toFixed(1)} s: ${frames.length} frames; median ${at(0.5)} ms, ` +
      `95 % ${at(0.95)} ms, 99 % ${at(0.99)} ms, longest ${at(1)} ms; ${slow} longer than 50 ms\n`,
  );
}

if (cannotLaunch !== null) throw new Error(cannotLaunch);
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { flows: { type: 'string', default: '1000000' } },
});
const folder = mkdtempSync(join(tmpdir(), 'enclave-bench-'));
try {
  if (Number(values.flows) > 0) await benchFollowing(folder, Number(values.flows));
  const [file] = positionals;
  if (file !== undefined) await benchImport(folder, resolve(file));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
