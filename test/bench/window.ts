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

const USAGE = `npm run bench:window -- [FILE] [--flows N] [--case CASE]

How long the window takes to open a case, how long each view takes to follow a new filter and the brush, and how smooth the
window stays while the brush is dragged, on an invented case of N flows (default 1000000; 0: none) or on CASE, whose flows
--flows tells; and how smooth it stays while FILE is imported.
`;

/** A view, and how it is shown: a mode of the service graph, the page of a host. */
interface Shown {
  readonly name: string;
  readonly view: View;
  readonly show?: (page: Page) => Promise<void>;
}

const mode =
  (name: string) =>
  (page: Page): Promise<void> =>
    page.locator('fieldset label').getByText(name, { exact: true }).click();

const FOLLOWING: readonly Shown[] = [
  { name: 'Overview', view: 'overview' },
  { name: 'Timeline', view: 'timeline' },
  { name: 'Map', view: 'map' },
  { name: 'Services as bands', view: 'services', show: mode('Bands') },
  { name: 'Services as network', view: 'services', show: mode('Network') },
  { name: 'Host to host', view: 'services', show: mode('Host to host') },
  { name: 'Hosts', view: 'hosts' },
  { name: 'Page of a host', view: 'hosts', show: (page) => page.locator('#host-3').click() },
  { name: 'Flows', view: 'flows' },
];
/** Filters typed one after the other. Of each view another range of ports, so that none finds what another view asked for. */
const FILTERS = ['category = gaming', 'country = CN', 'service = steam and bytes > 1000', ''];
const filterOf = (filter: string, view: number): string =>
  filter === '' ? '' : `${filter} and initiatorPort > ${2000 + view}`;
/** A view has followed when nothing changed for this long. */
const QUIET_MS = 500;

/** Milliseconds from what was done to the first answer drawn, which may be an estimate, and to the last change of the page. */
interface Followed {
  readonly first: number;
  readonly last: number;
}

const told = ({ first, last }: Followed): string => (first === last ? `${last}` : `${first} / ${last}`);

async function show(page: Page, { view, show: choose }: Shown): Promise<void> {
  await page.getByRole('navigation').getByRole('button', { name: VIEW_NAMES[view], exact: true }).click();
  await page.waitForTimeout(800);
  await choose?.(page);
  await page.waitForTimeout(800);
}

/** From Enter in the filter on. */
async function timeToFollow(page: Page, filter: string): Promise<Followed> {
  await page.locator('#filter').fill(filter);
  return timeToSettle(page, 'keydown', () => page.locator('#filter').press('Enter'));
}

/** From an event on that `act` makes. */
async function timeToSettle(page: Page, event: string, act: () => Promise<void>): Promise<Followed> {
  await page.evaluate((name) => {
    const times = { entered: 0, answered: 0, changed: performance.now() };
    Object.assign(window, { times });
    addEventListener(name, () => (times.entered = performance.now()), { capture: true, once: true });
    const isAnswer = ({ type, attributeName, target }: MutationRecord): boolean =>
      (type === 'attributes' ? ['d', 'style', 'width', 'height', 'class'].includes(attributeName ?? '') : true) &&
      (target instanceof Element ? target : target.parentElement)?.closest('.view .panel, .key-numbers') !== null &&
      !(target instanceof Element && target.matches('.panel'));
    const changed = (records: MutationRecord[]): void => {
      // What is drawn counts, not what is written.
      requestAnimationFrame(() => {
        times.changed = performance.now();
        if (times.answered === 0 && times.entered > 0 && records.some(isAnswer)) times.answered = times.changed;
      });
    };
    const observer = new MutationObserver(changed);
    Object.assign(window, { observer });
    observer.observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
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
      times: { entered: number; answered: number; changed: number };
      observer: MutationObserver;
    };
    observer.disconnect();
    const since = (time: number): number => Math.round(Math.max(0, time - times.entered));
    const last = since(times.changed);
    // Nothing but what surrounds the figure may have changed.
    return { first: times.answered === 0 ? last : since(times.answered), last };
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

/** Drags a brush over a part of the strip, with the frames counted; then lets go. */
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
  return [String(frames), at(0.5), at(0.95), at(1), String(slow), told(settled)];
}

async function benchBrushing(page: Page, flows: number): Promise<void> {
  const rows: string[][] = [];
  for (const shown of FOLLOWING) {
    await timeToFollow(page, '');
    await show(page, shown);
    for (const filter of ['', 'category = gaming']) {
      await timeToFollow(page, filter);
      await dragBrush(page, 0.1, 0.3);
      rows.push([`${shown.name}${filter === '' ? '' : `, ${filter}`}`, ...(await dragBrush(page, 0.2, 0.6))]);
    }
  }
  const header = ['brush dragged', 'frames', 'median ms', '95 % ms', 'longest ms', 'over 50 ms', 'answered, ms'];
  process.stdout.write(
    `Frames while the brush is dragged, and milliseconds from letting go to the first answer / to the last change drawn, ` +
      `${flows.toLocaleString('en')} flows\n${textTable(header, rows)}\n`,
  );
}

async function benchFollowing(casePath: string, flows: number): Promise<void> {
  const begun = performance.now();
  const { page, close } = await launch({ case: casePath });
  // The first answer on a large case reads it from the disk.
  page.setDefaultTimeout(300_000);
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.locator('.bars li').first().waitFor();
  const shownAfter = performance.now() - begun;
  await page.waitForFunction(() => !document.body.innerText.includes('≈ estimated'));
  const countedAfter = performance.now() - begun;
  process.stdout.write(
    `The overview is shown ${(shownAfter / 1000).toFixed(1)} s after the start of the app, every number in it counted after ` +
      `${(countedAfter / 1000).toFixed(1)} s, ${flows.toLocaleString('en')} flows\n`,
  );
  const rows: string[][] = [];
  for (const [n, shown] of FOLLOWING.entries()) {
    await timeToFollow(page, '');
    await show(page, shown);
    // What is read from the case for the first time is not measured.
    await timeToFollow(page, `transport = tcp and packets > ${n}`);
    const times: string[] = [];
    for (const filter of FILTERS) times.push(told(await timeToFollow(page, filterOf(filter, n))));
    rows.push([shown.name, ...times]);
  }
  process.stdout.write(
    `Milliseconds from Enter to the first answer / to the last change drawn, ${flows.toLocaleString('en')} flows; every filter ` +
      `is new and has “and initiatorPort > 2000” as well\n` +
      `${textTable(['view', ...FILTERS.map((filter) => filter || '(no filter)')], rows)}\n`,
  );
  await benchBrushing(page, flows);
  await close();
  const { maxRSS } = process.resourceUsage();
  process.stdout.write(
    `Most memory of main process and engine: ${Math.round(maxRSS / 1024).toLocaleString('en')} MiB\n`,
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

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { flows: { type: 'string', default: '1000000' }, case: { type: 'string' }, help: { type: 'boolean' } },
});
if (values.help === true) {
  process.stdout.write(USAGE);
  process.exit(0);
}
if (cannotLaunch !== null) throw new Error(cannotLaunch);
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
