import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ACTIONS, type ActionId } from '../../shared/actions.ts';
import { ask } from './ask.ts';
import { cannotLaunch, type Launched, launch, onElectron } from './launch.ts';
import { PATIENCE } from './patience.ts';
import { sampleCapture } from './sample-capture.ts';
import { failByErrors, stopAtFirstFault } from './story.ts';

/** From the first screen to a saved report without a mouse; wherever the focus goes, it is seen. */

const reason = cannotLaunch === null ? '' : ` (${cannotLaunch})`;

/** More stops than any view has. */
const MOST_STOPS = 400;

/** Something that the focus stands on. */
interface Stop {
  name: string;
  isBody: boolean;
  /** Stood on before since the walk began. */
  isKnown: boolean;
  /** Whether the focus changes how it looks. */
  isSeen: boolean;
}

/** Walks are told apart by a set in the page of what the focus stood on. */
function beginWalk(page: Page): Promise<void> {
  return page.evaluate(() => {
    Object.assign(globalThis, { walked: new Set<Element>() });
  });
}

function standing(page: Page): Promise<Stop> {
  return page.evaluate(() => {
    const { walked } = globalThis as unknown as { walked?: Set<Element> };
    const active = document.activeElement ?? document.body;
    const name = `${active.tagName.toLowerCase()} ${active.getAttribute('aria-label') ?? active.id} ${(active.textContent ?? '').trim().slice(0, 40)}`;
    const isKnown = walked?.has(active) === true;
    walked?.add(active);
    const outlined = (element: Element): boolean => {
      const { outlineStyle, outlineWidth } = getComputedStyle(element);
      return element.matches(':focus-visible') && outlineStyle !== 'none' && Number.parseFloat(outlineWidth) >= 1;
    };
    const looks = (): string => {
      const around: Element[] = [active, ...active.children];
      if (active.nextElementSibling !== null) around.push(active.nextElementSibling);
      for (let up = active.parentElement, i = 0; up !== null && i < 3; up = up.parentElement, i++) around.push(up);
      return around
        .map((element) => {
          const { outline, boxShadow, stroke, strokeWidth } = getComputedStyle(element);
          return [outline, boxShadow, stroke, strokeWidth].join();
        })
        .join('\n');
    };
    let isSeen = outlined(active);
    if (!isSeen && active !== document.body && active.tagName !== 'IFRAME') {
      const focused = looks();
      (active as HTMLElement).blur();
      isSeen = looks() !== focused;
      (active as HTMLElement).focus();
    }
    return { name, isBody: active === document.body, isKnown, isSeen };
  });
}

/** What could be worked with in the page and was not stood on since the walk began. */
function notReached(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const { walked } = globalThis as unknown as { walked: Set<Element> };
    // Behind a dialog nothing can be worked with.
    const all = (document.querySelector('dialog:modal') ?? document).querySelectorAll<HTMLElement>(
      'button:enabled, input:enabled, select:enabled, summary, a[href], iframe, [tabindex="0"]',
    );
    return [...all]
      .filter((element) => element.checkVisibility() && element.tabIndex >= 0 && !walked.has(element))
      .filter((element) => !(element instanceof HTMLInputElement && element.type === 'radio' && !element.checked))
      .map(
        (element) => `${element.tagName.toLowerCase()} ${element.getAttribute('aria-label') ?? element.textContent}`,
      );
  });
}

/** How long the focus may take into or out of a frame, which has a process of its own. */
const CROSSING_MS = 3000;

/** Goes on by Tab over the stops within the frame that has the focus, if one has, up to the last. */
async function toEndOfFrame(page: Page): Promise<void> {
  const body = page.frameLocator('iframe').locator('body');
  const isInFrame = (): Promise<boolean> => page.evaluate(() => document.activeElement instanceof HTMLIFrameElement);
  if (!(await isInFrame())) return;
  const stops = await body.evaluate((root) => root.querySelectorAll('a[href], [tabindex="0"]').length);
  const standsOn = (): Promise<string> =>
    body.evaluate(({ ownerDocument }) => {
      const all = [...ownerDocument.querySelectorAll('*')];
      return String(ownerDocument.activeElement === null ? -1 : all.indexOf(ownerDocument.activeElement));
    });
  for (let i = 0; i < stops; i++) {
    const from = await standsOn();
    await page.keyboard.press('Tab');
    await expect.poll(standsOn, { timeout: CROSSING_MS }).not.toBe(from);
  }
}

/** Goes on by Tab. Where the focus stays or leaves the page, that is told after a while. */
async function nextStop(page: Page): Promise<Stop> {
  await toEndOfFrame(page);
  const before = await page.evaluateHandle(() => document.activeElement);
  await page.keyboard.press('Tab');
  await page
    .waitForFunction((from) => document.activeElement !== from && document.activeElement !== document.body, before, {
      timeout: CROSSING_MS,
    })
    .catch(() => undefined);
  const stop = await standing(page);
  if (!stop.name.startsWith('iframe')) return stop;
  const inFrame = page.frameLocator('iframe').locator('body');
  const isSeen = await inFrame.evaluate((body) => getComputedStyle(body, '::before').borderStyle === 'solid');
  return { ...stop, isSeen };
}

interface Walk {
  /** Stops where nothing shows that the focus is there. */
  unseen: string[];
  notReached: string[];
}

const ALL_SEEN_AND_REACHED: Walk = { unseen: [], notReached: [] };

/** Walks by Tab once around the page. */
async function walkAround(page: Page): Promise<Walk> {
  await beginWalk(page);
  const unseen: string[] = [];
  let hasLeft = false;
  for (let i = 0; i < MOST_STOPS; i++) {
    const stop = await nextStop(page);
    // Behind the last stop the focus may leave the page, as to the bars of a browser.
    if (stop.isBody && !hasLeft) hasLeft = true;
    else if (stop.isKnown) break;
    else if (!stop.isSeen) unseen.push(stop.name);
  }
  return { unseen, notReached: await notReached(page) };
}

describe.skipIf(cannotLaunch !== null)(`by keyboard alone${reason}`, { timeout: 3 * PATIENCE }, () => {
  let folder = '';
  let launched: Launched;
  let page: Page;
  stopAtFirstFault();
  const watch = failByErrors();

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'enclave-keyboard-'));
    launched = await launch();
    ({ page } = launched);
    page.setDefaultTimeout(PATIENCE);
    watch(page);
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.getByRole('heading', { name: 'Recent cases' }).waitFor();
    await page.evaluate(() => {
      Object.assign(globalThis, { presses: 0 });
      const count = (): void => {
        (globalThis as unknown as { presses: number }).presses++;
      };
      for (const type of ['mousedown', 'pointerdown', 'touchstart']) addEventListener(type, count, true);
    });
  }, PATIENCE);
  afterAll(async () => {
    await launched.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Does an action by its shortcut; in Electron, whose menu no key reaches from outside, by its menu item. */
  async function act(id: ActionId): Promise<void> {
    const shortcut = ACTIONS.find((action) => action.id === id)?.shortcut ?? null;
    if (shortcut === null) throw new Error(`${id} has no shortcut`);
    if (onElectron) await launched.app.clickMenuItem(id);
    else await page.keyboard.press(shortcut.replace('CmdOrCtrl', 'Control').replace(/(Left|Right)$/, 'Arrow$1'));
  }

  /** Goes on by Tab until the focus stands on what has this name. */
  async function tabTo(name: RegExp): Promise<void> {
    await beginWalk(page);
    for (let i = 0; i < MOST_STOPS; i++) {
      const stop = await nextStop(page);
      if (!name.test(stop.name)) continue;
      expect(stop).toMatchObject({ isSeen: true });
      return;
    }
    throw new Error(`no stop is called ${String(name)}`);
  }

  const focused = async (): Promise<string> => (await standing(page)).name;

  it('walks over the first screen', async () => {
    expect(await walkAround(page)).toEqual(ALL_SEEN_AND_REACHED);
    await tabTo(/^button {2}New case…/);
  });

  it('opens the dialog of a new case, and gives the focus back when it is left', async () => {
    const before = await focused();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'New case' }).waitFor();
    expect(await walkAround(page)).toEqual(ALL_SEEN_AND_REACHED);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await focused()).toBe(before);
  });

  it('makes a case and imports evidence into it', async () => {
    const capture = await sampleCapture(join(folder, 'sample'));
    await act('new-case');
    await page.getByRole('dialog', { name: 'New case' }).waitFor();
    await page.keyboard.type('By keyboard');
    await tabTo(/^select profile/);
    await page.keyboard.type('dprk');
    await expect.poll(() => page.getByLabel('Profile', { exact: true }).inputValue()).toBe('dprk-2017');
    await launched.app.answerNextDialog([join(folder, 'keyboard.enclave')]);
    await tabTo(/^button {2}Choose where to save/);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'By keyboard' }).waitFor();
    await launched.app.answerNextDialog([capture]);
    await act('add-evidence');
    await page.getByText('Import finished').waitFor();
    await tabTo(/^button {2}Close$/);
    await page.keyboard.press('Enter');
    await page.getByText('Import finished').waitFor({ state: 'detached' });
    expect((await ask(page, 'overview', null))?.evidence).toMatchObject([{ path: capture }]);
  });

  const views: [ActionId, (on: Page) => Promise<void>][] = [
    ['view-overview', (on) => on.getByRole('heading', { name: 'Categories' }).waitFor()],
    ['view-timeline', (on) => on.getByRole('heading', { name: 'Hour by weekday' }).waitFor()],
    ['view-map', (on) => on.locator('.view.map svg').first().waitFor()],
    ['view-services', (on) => on.locator('.service-graph').first().waitFor()],
    [
      'view-hosts',
      (on) =>
        on
          .getByRole('grid', { name: /^Hosts/ })
          .getByRole('row')
          .nth(1)
          .waitFor(),
    ],
    ['view-flows', (on) => on.getByText(', in stored order').waitFor()],
    ['view-findings', (on) => on.getByText('about the whole case').waitFor()],
    [
      'view-report',
      (on) =>
        on
          .frameLocator('iframe')
          .getByRole('heading', { name: /Summary$/ })
          .waitFor(),
    ],
    ['view-evidence', (on) => on.getByRole('group', { name: 'Evidence files' }).waitFor()],
  ];
  it.each(views)('reaches %s, and walks over it', async (id, arrived) => {
    await act(id);
    await arrived(page);
    // What is asked of the engine is there.
    await expect.poll(() => page.locator('[aria-busy=true]').count(), { timeout: PATIENCE }).toBe(0);
    expect(await walkAround(page)).toEqual(ALL_SEEN_AND_REACHED);
  });

  it('filters', async () => {
    await act('focus-filter');
    await expect.poll(focused).toMatch(/^input filter/);
    expect((await standing(page)).isSeen).toBe(true);
    await page.keyboard.type('category = social');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Enter');
    const { total } = await ask(page, 'flowsPage', { where: 'category = social', offset: 0, limit: 1 });
    await expect.poll(() => page.locator('.matches strong').innerText()).toBe(total.toLocaleString('en-GB'));
  });

  it('looks into the commands, and is back in the filter after', async () => {
    await act('command-palette');
    await page.getByRole('dialog', { name: 'All commands' }).waitFor();
    expect(await standing(page)).toMatchObject({ isSeen: true, isBody: false });
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await focused()).toMatch(/^input filter/);
    await act('command-palette');
    await page.keyboard.type('clear filter');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.getByLabel('Filter', { exact: true }).inputValue()).toBe('');
    expect(await focused()).toMatch(/^input filter/);
  });

  it('goes back and forward, and undoes the filter without leaving the view', async () => {
    const field = page.getByLabel('Filter', { exact: true });
    await act('go-back');
    await expect.poll(() => field.inputValue()).toBe('category = social');
    await act('view-hosts');
    await page.getByRole('grid', { name: /^Hosts/ }).waitFor();
    await page.waitForTimeout(200);
    await act('undo-filter');
    await expect.poll(() => field.inputValue()).toBe('');
    await page.getByRole('grid', { name: /^Hosts/ }).waitFor();
    await act('go-forward');
    await expect.poll(() => field.inputValue()).toBe('category = social');
    await act('clear-filter');
    await expect.poll(() => field.inputValue()).toBe('');
  });

  it('opens a host, walks over its page, and goes back to the list', async () => {
    await act('view-hosts');
    await tabTo(/^div Hosts, times in/);
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    const hostPage = page.getByRole('complementary', { name: /^Host: / });
    await hostPage.getByRole('heading', { name: /^Hours of its days/ }).waitFor();
    await expect.poll(() => page.locator('[aria-busy=true]').count(), { timeout: PATIENCE }).toBe(0);
    expect(await walkAround(page)).toEqual(ALL_SEEN_AND_REACHED);
    await tabTo(/^svg Hour by day/);
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Enter');
    await expect
      .poll(() => page.getByLabel('Filter', { exact: true }).inputValue())
      .toMatch(/^start >= \S+ and start < \S+$/);
    await page.keyboard.press('Escape');
    await hostPage.waitFor({ state: 'detached' });
    expect(await focused()).toMatch(/^div Hosts, times in/);
    await act('clear-filter');
  });

  it('chooses a span on the strip below, and lets it go', async () => {
    await act('focus-timeline');
    await expect.poll(focused).toMatch(/^svg The whole case in time/);
    expect((await standing(page)).isSeen).toBe(true);
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Shift+ArrowRight');
    const field = page.getByLabel('Filter', { exact: true });
    await expect.poll(() => field.inputValue()).toMatch(/^start >= \S+ and start < \S+$/);
    await page.keyboard.press('Escape');
    await expect.poll(() => field.inputValue()).toBe('');
  });

  it('looks at the sheet of shortcuts by its key', async () => {
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
    expect(await walkAround(page)).toEqual(ALL_SEEN_AND_REACHED);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await act('focus-filter');
    await page.keyboard.press('?');
    expect(await page.getByLabel('Filter', { exact: true }).inputValue()).toBe('?');
    await page.keyboard.press('Backspace');
    await page.keyboard.press('Escape');
  });

  it('keeps a state, and comes back to it', async () => {
    const field = page.getByLabel('Filter', { exact: true });
    await act('focus-filter');
    await page.keyboard.type('category = social');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Enter');
    await act('kept-states');
    const dialog = page.getByRole('dialog', { name: 'Kept states' });
    await dialog.waitFor();
    await page.keyboard.type('Social');
    await page.keyboard.press('Enter');
    await dialog.getByRole('button', { name: /^Social/ }).waitFor();
    expect(await walkAround(page)).toEqual(ALL_SEEN_AND_REACHED);
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    await act('clear-filter');
    await act('view-map');
    await act('kept-states');
    await dialog.waitFor();
    await tabTo(/^button {2}Social/);
    await page.keyboard.press('Enter');
    await expect.poll(() => field.inputValue()).toBe('category = social');
    await page.getByRole('grid', { name: /^Hosts/ }).waitFor();
    await act('clear-filter');
  });

  it('highlights a host without narrowing anything, and clears it', async () => {
    await act('view-hosts');
    await tabTo(/^div Hosts, times in/);
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.getByRole('complementary', { name: /^Host: / }).waitFor();
    await tabTo(/^button {2}Highlight/);
    await page.keyboard.press('Enter');
    await expect.poll(() => page.locator('.flow-row.highlighted').count()).toBe(1);
    await expect.poll(() => page.locator('.case-strip .marked').count()).toBe(1);
    expect(await page.getByLabel('Filter', { exact: true }).inputValue()).toBe('');
    await tabTo(/^button Clear the highlight of/);
    await act('clear-highlight');
    await expect.poll(() => page.locator('.flow-row.highlighted').count()).toBe(0);
    await page.keyboard.press('Escape');
  });

  it('prints times in UTC and back', async () => {
    const zone = page.locator('.case-facts dd').filter({ hasText: /UTC[+−]/ });
    const profileZone = await zone.innerText();
    expect(profileZone).toContain('Asia/Pyongyang');
    await act('switch-zone');
    await expect.poll(() => zone.innerText()).toMatch(/^UTC UTC\+00:00/);
    await act('switch-zone');
    await expect.poll(() => zone.innerText()).toBe(profileZone);
  });

  it('explains a flow, and goes back to the row', async () => {
    await act('view-flows');
    await page.getByText(', in stored order').waitFor();
    await tabTo(/^div Flows, times in/);
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    const why = page.getByRole('heading', { name: 'Why this label' });
    for (const key of ['Enter', 'Escape']) {
      await why.waitFor();
      await tabTo(/^button {2}Close$/);
      await page.keyboard.press(key);
      await why.waitFor({ state: 'detached' });
      expect(await focused()).toMatch(/^div Flows, times in/);
      await page.keyboard.press('Enter');
    }
    await why.waitFor();
    await page.keyboard.press('Escape');
    await why.waitFor({ state: 'detached' });
  });

  it('opens a finding, and shows its flows', async () => {
    await act('view-findings');
    await page.getByText('about the whole case').waitFor();
    await tabTo(/^summary {2}Share of activity/);
    await page.keyboard.press('Enter');
    await tabTo(/^button {2}gaming-and-streaming, by bytes/);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Share of gaming-and-streaming in activity, by bytes' }).waitFor();
    await tabTo(/^button {2}Show the flows/);
    await page.keyboard.press('Enter');
    await page.getByText(', in stored order').waitFor();
    const findings = await ask(page, 'findings', null);
    const share = findings.find(
      (each) => each.kind === 'activity-share' && each.group === 'gaming-and-streaming' && each.metric === 'bytes',
    );
    expect(await page.getByLabel('Filter', { exact: true }).inputValue()).toBe(share?.where);
  });

  it('saves the report', async () => {
    const path = join(folder, 'report.pdf');
    await launched.app.answerNextDialog([path]);
    await act('save-report-pdf');
    await page.getByText('Report saved').waitFor();
    expect(readFileSync(path, 'latin1').slice(0, 5)).toBe('%PDF-');
  });

  it('has used no mouse', async () => {
    expect(await page.evaluate(() => (globalThis as unknown as { presses: number }).presses)).toBe(0);
  });
});
