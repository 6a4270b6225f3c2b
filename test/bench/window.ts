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
 * `npm run bench:window -- [FILE] [--flows N] [--case CASE]`: how long each view takes to follow a change of the filter and of
 * the brush, and how smooth the window stays while the brush is dragged, on an invented case of N flows (default 1,000,000; 0:
 * none) or on CASE; and how smooth it stays while FILE is imported.
 */

const FOLLOWING: readonly View[] = ['overview', 'timeline', 'map', 'services', 'hosts', 'flows'];
/** Filters typed one after the other. */
const FILTERS = ['category = gaming', 'country = CN', 'service = steam and bytes > 1000', ''];
/** A view has followed when nothing changed for this long. */
const QUIET_MS = 500;

/** Milliseconds from Enter in the filter to the last change of the page. */
async function timeToFollow(page: Page, filter: string): Promise<number> {
  await page.locator('#filter').fill(filter);
  return timeToSettle(page, 'keydown', () => page.locator('#filter').press('Enter'));
}

/** Milliseconds from an event that `act` makes to the last change of the page. */
async function timeToSettle(page: Page, event: string, act: () => Promise<void>): Promise<number> {
  await page.evaluate((name) => {
    const times = { entered: 0, changed: performance.now() };
    Object.assign(window, { times });
    addEventListener(name, () => (times.entered = performance.now()), { capture: true, once: true });
    const changed = (): void => {
      // What is drawn counts, not what is written.
      requestAnimationFrame(() => (times.changed = performance.now()));
    };
    const observer = new MutationObserver(changed);
    Object.assign(window, { observer });
    observer.observe(document.body, { subtree: true, childList: true, attributes: true });
  }, event);
  await act();
  await page.waitForFunction((quiet) => {
    const { times } = window as unknown as { times: { changed: number } };
    // First what costs the page nothing: the text makes it lay itself out.
    if (performance.now() - times.changed <= quiet || document.querySelector('[aria-busy=true]') !== null) return false;
    return !document.body.innerText.includes('≈ estimated');
  }, QUIET_MS);
  return page.evaluate(() => {
    const { times, observer } = window as unknown as {
      times: { entered: number; changed: number };
      observer: MutationObserver;
    };
    observer.disconnect();
    return Math.max(0, times.changed - times.entered);
  });
}

/** Counts the time of every frame from now on. */
async function watchFrames(page: Page): Promise<void> {
  await page.evaluate(() => {
    // Not `frames`: every window has one of its own.
    const isWatched = 'frameTimes' in window;
    Object.assign(window, { frameTimes: [] });
    if (isWatched) return;
    let last = performance.now();
    const tick = (now: number): void => {
      (window as unknown as { frameTimes: number[] }).frameTimes.push(now - last);
      last = now;
      requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
  });
}

async function framesSeen(page: Page): Promise<{ frames: number; at: (share: number) => string; slow: number }> {
  const frames = await page.evaluate(() => (window as unknown as { frameTimes: number[] }).frameTimes);
  const sorted = frames.toSorted((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.floor(share * (sorted.length - 1))] ?? 0).toFixed(1);
  return { frames: frames.length, at, slow: frames.filter((frame) => frame > 50).length };
}

const DRAG_STEPS = 60;

/** Drags a brush over a part of the strip, with the frames counted; then lets go: milliseconds to the last change. */
async function dragBrush(page: Page, from: number, to: number): Promise<string[]> {
  const box = await page.locator('#case-timeline').boundingBox();
  if (box === null) throw new Error('no timeline');
  const y = box.y + box.height / 2;
  await page.mouse.move(box.x + from * box.width, y);
  await page.mouse.down();
  await watchFrames(page);
  for (let i = 1; i <= DRAG_STEPS; i++) {
    await page.mouse.move(box.x + (from + ((to - from) * i) / DRAG_STEPS) * box.width, y);
    await page.waitForTimeout(16);
  }
  const { frames, at, slow } = await framesSeen(page);
  const settled = await timeToSettle(page, 'pointerup', () => page.mouse.up());
  return [String(frames), at(0.5), at(0.95), at(1), String(slow), settled.toFixed(0)];
}

async function benchBrushing(page: Page, flows: number): Promise<void> {
  const rows: string[][] = [];
  for (const view of FOLLOWING) {
    await page.getByRole('navigation').getByRole('button', { name: VIEW_NAMES[view], exact: true }).click();
    for (const filter of ['', 'category = gaming']) {
      await timeToFollow(page, filter);
      await dragBrush(page, 0.1, 0.3);
      rows.push([`${VIEW_NAMES[view]}${filter === '' ? '' : `, ${filter}`}`, ...(await dragBrush(page, 0.2, 0.6))]);
    }
  }
  const header = ['brush dragged', 'frames', 'median ms', '95 % ms', 'longest ms', 'over 50 ms', 'ms from letting go'];
  process.stdout.write(
    `Frames while the brush is dragged, ${flows.toLocaleString('en')} flows\n${textTable(header, rows)}\n`,
  );
}

async function benchFollowing(casePath: string, flows: number): Promise<void> {
  const { page, close } = await launch({ case: casePath });
  // The first answer on a large case reads it from the disk.
  page.setDefaultTimeout(300_000);
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
  process.stdout.write(
    `Milliseconds from Enter to the last change drawn, ${flows.toLocaleString('en')} flows\n` +
      `${textTable(['view', ...FILTERS.map((filter) => filter || '(no filter)')], rows)}\n`,
  );
  await benchBrushing(page, flows);
  await close();
}

async function benchImport(folder: string, file: string): Promise<void> {
  const { page, app, close } = await launch();
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.getByText('Recent cases').waitFor();
  await app.answerNextDialog([join(folder, 'imported.enclave')]);
  await dropFiles(page, [file]);
  await page.getByLabel('Title').fill('Bench');
  await page.getByRole('button', { name: 'Choose where to save…' }).click();
  await watchFrames(page);
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
  const { frames, at, slow } = await framesSeen(page);
  await close();
  process.stdout.write(
    `Import of ${file} in ${seconds.toFixed(1)} s: ${frames} frames; median ${at(0.5)} ms, ` +
      `95 % ${at(0.95)} ms, 99 % ${at(0.99)} ms, longest ${at(1)} ms; ${slow} longer than 50 ms\n`,
  );
}

if (cannotLaunch !== null) throw new Error(cannotLaunch);
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { flows: { type: 'string', default: '1000000' }, case: { type: 'string' } },
});
const folder = mkdtempSync(join(tmpdir(), 'enclave-bench-'));
try {
  const invented = join(folder, 'invented.enclave');
  if (values.case !== undefined) await benchFollowing(resolve(values.case), Number(values.flows));
  else if (Number(values.flows) > 0) {
    buildCase(invented, inventedFlows(Number(values.flows)));
    await benchFollowing(invented, Number(values.flows));
  }
  const [file] = positionals;
  if (file !== undefined) await benchImport(folder, resolve(file));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
