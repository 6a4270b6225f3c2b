import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ACTIONS, type ActionId } from '../../shared/actions.ts';
import { CATALOGUE } from '../../shared/text/catalogue.ts';
import { axeFaults } from './axe-faults.ts';
import { cannotLaunch } from './launch.ts';
import { layoutFaults } from './layout-faults.ts';
import { PATIENCE } from './patience.ts';
import { sampleWindow } from './sample-window.ts';

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
  'figure-table',
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
  const shown = sampleWindow({ width: 1280, height: 720 });

  /** @param withAxe not for what specs of its own put to axe in English: its rules look at no words */
  async function faults(withAxe = true): Promise<string[]> {
    await expect.poll(() => shown.page.locator('[aria-busy=true]').count()).toBe(0);
    const texts = await shown.page.evaluate(textsOfPage);
    const english = texts.filter(
      (text) => !GERMAN.has(text) && (ENGLISH.has(text) || SENTENCES.some((sentence) => sentence.test(text))),
    );
    return [
      ...english.map((text) => `English: ${text}`),
      ...(await shown.page.evaluate(layoutFaults)),
      ...(withAxe ? await axeFaults(shown.page) : []),
    ];
  }

  it('is switched without reload, and the page says so', async () => {
    await shown.page.evaluate(() => Object.assign(globalThis, { isSamePage: true }));
    expect(await shown.app.clickMenuItem('switch-language')).toBe(true);
    await expect.poll(() => shown.page.evaluate(() => document.documentElement.lang)).toBe('de');
    expect(await shown.page.evaluate(() => 'isSamePage' in globalThis)).toBe(true);
    await expect
      .poll(() => shown.page.locator('.matches').innerText())
      .toMatch(/^[\d.]+ von [\d.]+ Flows \(100,0 %\)$/);
  });

  it.each(VIEWS)('%s is German', async (view) => {
    await shown.app.clickMenuItem(view);
    await shown.page.waitForTimeout(400);
    expect(await faults()).toEqual([]);
  });

  it('fits a window at 150 %, though German words are longer', async () => {
    await shown.page.setViewportSize({ width: 960, height: 600 });
    const found: string[] = [];
    for (const view of VIEWS) {
      await shown.app.clickMenuItem(view);
      await shown.page.waitForTimeout(400);
      await expect.poll(() => shown.page.locator('[aria-busy=true]').count()).toBe(0);
      for (const fault of await shown.page.evaluate(layoutFaults)) found.push(`${view}: ${fault}`);
    }
    expect(found).toEqual([]);
    await shown.page.setViewportSize({ width: 1280, height: 720 });
  });

  it('the inspector of a flow is German', async () => {
    await shown.app.clickMenuItem('view-flows');
    await shown.page.getByRole('gridcell', { name: '175.45.176.71:80', exact: true }).first().click();
    await shown.page.keyboard.press('Enter');
    const inspector = shown.page.getByRole('complementary', { name: 'Flow', exact: true });
    await inspector.getByText('Warum diese Einordnung').waitFor();
    expect(await faults()).toEqual([]);
    await inspector.getByRole('button', { name: 'Schließen' }).click();
  });

  it('the inspector of a category is German', async () => {
    await shown.app.clickMenuItem('view-overview');
    await shown.page
      .getByRole('button', { name: /^gaming/ })
      .first()
      .click();
    await shown.page.getByRole('complementary', { name: 'Kategorie: gaming' }).waitFor();
    expect(await faults(false)).toEqual([]);
    await shown.page.keyboard.press('Escape');
  });

  it('the service graph as a network, the paths in it and the hosts among themselves are German', async () => {
    await shown.app.clickMenuItem('view-services');
    await shown.app.clickMenuItem('switch-graph');
    await shown.page.locator('.network-box canvas').first().waitFor();
    expect(await faults(false)).toEqual([]);
    await shown.page.locator('.node-name').first().click();
    await shown.page.getByRole('button', { name: 'Erklären' }).waitFor();
    expect(await faults(false)).toEqual([]);
    await shown.app.clickMenuItem('switch-graph');
    await shown.page.locator('.network-box .empty').waitFor();
    expect(await faults(false)).toEqual([]);
    await shown.app.clickMenuItem('switch-graph');
  });

  it('two periods side by side are German', async () => {
    await shown.app.clickMenuItem('view-timeline');
    await shown.app.clickMenuItem('compare-periods');
    const dates = shown.page.locator('.pair-forms input');
    for (const [i, date] of ['2017-04-10', '2017-05-10', '2017-05-20', '2017-06-20'].entries()) {
      await dates.nth(i).fill(date);
      await dates.nth(i).press('Enter');
    }
    await shown.page.locator('.pair-table').waitFor();
    expect(await faults(false)).toEqual([]);
    await shown.page.locator('.period-comparison').getByRole('button', { name: 'Schließen' }).click();
  });

  it('the choice of columns of a text export is German', async () => {
    const path = join(mkdtempSync(join(tmpdir(), 'enclave-language-')), 'odd.csv');
    const record = '17.05.2017 09h01;10.0.0.1;198.51.100.1;443;TCP;1000';
    writeFileSync(path, `Zeitpunkt;Von;Nach;Zielport;Art;gesendet\n${`${record}\n`.repeat(5)}`);
    await shown.app.clickMenuItem('import-with-statements');
    await shown.app.answerNextDialog([path]);
    await shown.page.getByRole('button', { name: 'Dateien hinzufügen…' }).click();
    await shown.page.getByLabel('Bedeutung angeben').check();
    await shown.page.locator('.mapping-editor .raw-rows').waitFor();
    expect(await faults(false)).toEqual([]);
    await shown.page.getByRole('button', { name: 'Abbrechen' }).click();
    rmSync(dirname(path), { recursive: true });
  });

  it.each(DIALOGS)('%s is German', async (action) => {
    await shown.app.clickMenuItem(action);
    await shown.page.locator('dialog:modal').waitFor();
    expect(await faults()).toEqual([]);
    await shown.page.keyboard.press('Escape');
    await shown.page.keyboard.press('Escape');
    if ((await shown.page.locator('dialog:modal').count()) > 0)
      await shown.page.getByRole('button', { name: 'Abbrechen' }).click();
    await shown.page.locator('dialog:modal').waitFor({ state: 'detached' });
  });

  it('is German when it starts anew, and English again when asked', async () => {
    await shown.page.reload();
    await expect.poll(() => shown.page.evaluate(() => document.documentElement.lang)).toBe('de');
    await shown.page.getByRole('heading', { name: 'Kategorien' }).waitFor();
    await shown.app.clickMenuItem('switch-language');
    await shown.page.getByRole('heading', { name: 'Categories' }).waitFor();
  });
});
