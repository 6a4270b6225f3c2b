import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ACTIONS, type ActionId } from '../../shared/actions.ts';
import { CATALOGUE } from '../../shared/text/catalogue.ts';
import { axeFaults } from './axe-faults.ts';
import { cannotLaunch, type Launched, launch } from './launch.ts';
import { layoutFaults } from './layout-faults.ts';
import { openSample, SAMPLE_PATIENCE } from './open-sample.ts';
import { PATIENCE } from './patience.ts';
import { failByErrors } from './story.ts';

/** The window in German: each view and dialog of the sample case fits, breaks no rule of axe, and holds no English of the catalogue. */

const VIEWS = ACTIONS.filter(({ id }) => id.startsWith('view-')).map(({ id }) => id);
const DIALOGS: readonly ActionId[] = [
  'command-palette',
  'show-shortcuts',
  'kept-states',
  'case-facts',
  'edit-profile',
  'import-with-statements',
  'own-finding',
  'export-flows',
  'choose-columns',
  'add-event',
  'new-case',
];

const ENTRIES = Object.entries(CATALOGUE);
const GERMAN = new Set<string>(ENTRIES.map(([, german]) => german.trim()));
const ENGLISH = new Set(ENTRIES.filter(([english, german]) => english !== german).map(([english]) => english.trim()));
/** Sentences with values, as patterns: only those with words enough to be told from what is no text of the window. */
const SENTENCES = ENTRIES.filter(
  ([english, german]) =>
    english !== german && english.includes('{') && english.replaceAll(/\{[^}]*\}/g, '').length > 11,
).map(
  ([english]) =>
    new RegExp(
      `^${english
        .trim()
        .split(/\{[^}]*\}/)
        .map((part) => part.replaceAll(/[.*+?^$()|[\]\\]/g, String.raw`\$&`))
        .join('.+')}$`,
    ),
);

/** Every text of the page, attributes that are read out among them; not the parameters of findings, which keep their names. */
function textsOfPage(): string[] {
  const texts = new Set<string>();
  for (const element of document.body.querySelectorAll('*:not(option, .parameters *, code, .mono)')) {
    for (const name of ['title', 'aria-label', 'placeholder']) texts.add(element.getAttribute(name) ?? '');
    for (const node of element.childNodes) if (node.nodeType === 3) texts.add(node.nodeValue ?? '');
  }
  return [...texts].map((text) => text.replaceAll(/\s+/g, ' ').trim());
}

const reason = cannotLaunch === null ? '' : ` (${cannotLaunch})`;

describe.skipIf(cannotLaunch !== null)(`the window in German${reason}`, { timeout: 3 * PATIENCE }, () => {
  let folder = '';
  let launched: Launched;
  let page: Page;
  const watch = failByErrors();

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'enclave-language-'));
    launched = await launch({ userData: join(folder, 'userData') });
    page = launched.page;
    page.setDefaultTimeout(PATIENCE);
    watch(page);
    await page.setViewportSize({ width: 1280, height: 720 });
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await openSample(page);
  }, SAMPLE_PATIENCE + PATIENCE);
  afterAll(async () => {
    await launched.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function faults(): Promise<string[]> {
    await expect.poll(() => page.locator('[aria-busy=true]').count()).toBe(0);
    const texts = await page.evaluate(textsOfPage);
    const english = texts.filter(
      (text) => !GERMAN.has(text) && (ENGLISH.has(text) || SENTENCES.some((sentence) => sentence.test(text))),
    );
    return [
      ...english.map((text) => `English: ${text}`),
      ...(await page.evaluate(layoutFaults)),
      ...(await axeFaults(page)),
    ];
  }

  it('is switched without reload, and the page says so', async () => {
    await page.evaluate(() => Object.assign(globalThis, { isSamePage: true }));
    expect(await launched.app.clickMenuItem('switch-language')).toBe(true);
    await expect.poll(() => page.evaluate(() => document.documentElement.lang)).toBe('de');
    expect(await page.evaluate(() => 'isSamePage' in globalThis)).toBe(true);
    await expect.poll(() => page.locator('.matches').innerText()).toMatch(/^[\d.]+ von [\d.]+ Flows \(100,0 %\)$/);
  });

  it.each(VIEWS)('%s is German', async (view) => {
    await launched.app.clickMenuItem(view);
    await page.waitForTimeout(400);
    expect(await faults()).toEqual([]);
  });

  it('the inspector of a flow is German', async () => {
    await launched.app.clickMenuItem('view-flows');
    await page.getByRole('gridcell', { name: '175.45.176.71:80', exact: true }).first().click();
    await page.keyboard.press('Enter');
    const inspector = page.getByRole('complementary', { name: 'Flow', exact: true });
    await inspector.getByText('Warum diese Einordnung').waitFor();
    expect(await faults()).toEqual([]);
    await inspector.getByRole('button', { name: 'Schließen' }).click();
  });

  it.each(DIALOGS)('%s is German', async (action) => {
    await launched.app.clickMenuItem(action);
    await page.locator('dialog:modal').waitFor();
    expect(await faults()).toEqual([]);
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    if ((await page.locator('dialog:modal').count()) > 0) await page.getByRole('button', { name: 'Abbrechen' }).click();
    await page.locator('dialog:modal').waitFor({ state: 'detached' });
  });

  it('is German when it starts anew, and English again when asked', async () => {
    await page.reload();
    await expect.poll(() => page.evaluate(() => document.documentElement.lang)).toBe('de');
    await page.getByRole('heading', { name: 'Kategorien' }).waitFor();
    await launched.app.clickMenuItem('switch-language');
    await page.getByRole('heading', { name: 'Categories' }).waitFor();
  });
});
