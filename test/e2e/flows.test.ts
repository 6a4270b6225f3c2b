import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CaseReader } from '../../electron/casefile/case-reader.ts';
import { ask } from './ask.ts';
import { axeFaults } from './axe-faults.ts';
import { captureCase, showCase } from './capture-case.ts';
import { cannotLaunch, type Launched, launch } from './launch.ts';
import { PATIENCE } from './patience.ts';

/** Flows in order, in groups, by cells and columns, out as files; and the services as a network. */

async function faults(page: Page, theme: 'light' | 'dark'): Promise<string[]> {
  await page.evaluate((name) => {
    document.documentElement.dataset['theme'] = name;
  }, theme);
  return axeFaults(page);
}

describe.skipIf(cannotLaunch !== null)(
  `the flows of a case${cannotLaunch === null ? '' : ` (${cannotLaunch})`}`,
  () => {
    let folder = '';
    let casePath = '';
    let launched: Launched;
    let page: Page;
    let grid: Locator;

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'enclave-flows-e2e-'));
      casePath = await captureCase(folder, 'Flows');
      launched = await launch();
      ({ page } = launched);
      page.setDefaultTimeout(PATIENCE);
      await showCase(page, casePath);
      await page.getByRole('navigation').getByRole('button', { name: 'Flows', exact: true }).click();
      grid = page.locator('.view.flows .flow-grid');
      await grid.locator('.flow-rows [role=row]').first().waitFor();
    });
    afterAll(async () => {
      await launched.close();
      rmSync(folder, { recursive: true, force: true });
    });

    const lastEntry = (): { action: string; detail: Record<string, unknown> } => {
      const reader = new CaseReader(casePath);
      try {
        const entry = reader.audit().at(-1);
        return { action: entry?.action ?? '', detail: JSON.parse(entry?.detail ?? '{}') as Record<string, unknown> };
      } finally {
        reader.close();
      }
    };
    const hashOf = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');
    const head = (name: string): Locator => grid.getByRole('columnheader').getByRole('button', { name, exact: true });
    const heads = (): Promise<string[]> => grid.getByRole('columnheader').allInnerTexts();
    const texts = (column: string): Promise<string[]> =>
      heads().then((names) => {
        const at = names.findIndex((name) => name.startsWith(column)) + 1;
        return grid.locator(`.flow-rows [role=row] > :nth-child(${at})`).allInnerTexts();
      });

    it('go by any column both ways, and back', async () => {
      const stored = await texts('Start');
      await head('In').click();
      await page.getByText('by In, largest first').waitFor();
      const { flows } = await ask(page, 'flowsPage', {
        where: '',
        offset: 0,
        limit: 20,
        order: { by: 'bytesIn', descending: true },
      });
      const bytes = flows.map(({ bytesIn }) => bytesIn);
      expect(bytes).toEqual(bytes.toSorted((a, b) => b - a));
      const starts = flows.map(({ initiator, initiatorPort }) => `${initiator}:${initiatorPort}`);
      await expect.poll(async () => (await texts('Initiator'))[0]).toBe(starts[0]);
      await head('In').click();
      await page.getByText('by In, least first').waitFor();
      await page.getByRole('button', { name: /^By In/ }).click();
      await page.getByText(', in stored order').waitFor();
      await expect.poll(() => texts('Start')).toEqual(stored);
    });

    it('are filtered by a cell without the mouse', async () => {
      await grid.focus();
      await page.keyboard.press('ArrowDown');
      const at = (await heads()).indexOf('Category');
      for (let step = 0; step < at; step++) await page.keyboard.press('ArrowRight');
      const category = (await texts('Category'))[0]?.trim() ?? '';
      await page.keyboard.press('Shift+F10');
      await page.getByRole('menuitem', { name: 'Filter to' }).waitFor();
      expect(await faults(page, 'dark')).toEqual([]);
      await page.keyboard.press('Enter');
      await page.getByRole('menu').waitFor({ state: 'detached' });
      await expect.poll(() => page.locator('#filter').inputValue()).toBe(`category = ${category}`);
      await expect
        .poll(async () => new Set((await texts('Category')).map((text) => text.trim())))
        .toEqual(new Set([category]));
      await launched.app.clickMenuItem('clear-filter');
      await expect.poll(() => page.locator('#filter').inputValue()).toBe('');
    });

    it('stand in groups that open and hold what they say', async () => {
      await page.getByLabel('Group by').selectOption('protocol');
      const groups = await ask(page, 'summary', { by: ['protocol'], metric: 'flows', where: '' });
      await page.getByText(new RegExp(`^${groups.length} groups? of `)).waitFor();
      const [largest] = groups;
      const group = grid.locator('.flow-row.group').first();
      expect(await group.innerText()).toContain(String(largest?.['protocol']));
      await grid.focus();
      await page.keyboard.press('Home');
      await page.keyboard.press('ArrowRight');
      await expect.poll(() => group.getAttribute('aria-expanded')).toBe('true');
      await grid.locator('.flow-row.in-group').first().waitFor();
      expect(Number(await grid.getAttribute('aria-rowcount'))).toBe(1 + groups.length + Number(largest?.['flows']));
      expect(await faults(page, 'light')).toEqual([]);
      await page.keyboard.press('ArrowLeft');
      await expect.poll(() => group.getAttribute('aria-expanded')).toBe('false');
      await page.getByLabel('Group by').selectOption('');
      await page.getByText(', in stored order').waitFor();
    });

    it('show the columns that were chosen, on this machine from then on', async () => {
      const before = await heads();
      await head(before[0] ?? '').focus();
      await page.keyboard.press('Control+ArrowRight');
      await expect.poll(heads).toEqual([before[1], before[0], ...before.slice(2)]);
      await launched.app.clickMenuItem('choose-columns');
      await page.getByRole('button', { name: 'Show Network' }).click();
      await page.getByRole('button', { name: 'Hide Lasted' }).click();
      expect(await faults(page, 'dark')).toEqual([]);
      await page.keyboard.press('Escape');
      const chosen = [before[1], before[0], ...before.slice(2).filter((name) => name !== 'Lasted'), 'Network'];
      await expect.poll(heads).toEqual(chosen);
      await page.reload();
      await page.getByRole('navigation').getByRole('button', { name: 'Flows', exact: true }).click();
      await expect.poll(heads).toEqual(chosen);
    });

    it('go out as a file that the audit chain knows', async () => {
      const out = join(folder, 'out.csv');
      await launched.app.clickMenuItem('export-flows');
      expect(await faults(page, 'light')).toEqual([]);
      await launched.app.answerNextDialog([out]);
      await page.getByRole('dialog').getByRole('button', { name: 'Export…' }).click();
      await page.getByText(/flows? exported/).waitFor();
      const { total } = await ask(page, 'flowsPage', { where: '', offset: 0, limit: 0 });
      const sha256 = hashOf(out);
      await page.getByText(`SHA-256 ${sha256}`).waitFor();
      expect(lastEntry()).toMatchObject({
        action: 'export',
        detail: { what: 'flows', where: '', format: 'csv', flows: total, sha256 },
      });
      await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
    });

    it('give the packets of one of them', async () => {
      await grid.locator('.flow-rows [role=row]').first().click();
      const inspector = page.getByRole('complementary', { name: 'Flow' });
      await inspector.getByRole('button', { name: 'Carve…' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByText('Each is read twice').waitFor();
      const out = join(folder, 'one.pcapng');
      await launched.app.answerNextDialog([out]);
      await dialog.getByRole('button', { name: 'Carve…' }).click();
      await dialog.getByText('Entered into the audit chain').waitFor();
      const { flows } = await ask(page, 'flowsPage', { where: '', offset: 0, limit: 1 });
      expect(lastEntry()).toMatchObject({
        action: 'export',
        detail: { what: 'packets', where: `id = "${flows[0]?.id ?? ''}"`, flows: 1, carved: 1, sha256: hashOf(out) },
      });
      await dialog.getByRole('button', { name: 'Close' }).click();
    });

    it('make a network whose paths are lit and told', async () => {
      await launched.app.clickMenuItem('view-services');
      await launched.app.clickMenuItem('switch-graph');
      const nodes = page.getByRole('complementary', { name: 'Nodes' });
      await nodes.locator('tbody tr').first().waitFor();
      const canvas = page.getByRole('listbox');
      await canvas.focus();
      await expect.poll(() => canvas.getAttribute('aria-activedescendant')).toBe('network-node');
      await page.keyboard.press('Enter');
      await nodes.getByText('Paths through').waitFor();
      const name = await nodes.locator('tbody tr[aria-current] .node-name').innerText();
      expect(await nodes.locator('h2').innerText()).toContain(name.split(' ')[0] ?? '?');
      expect(await nodes.locator('tbody tr').count()).toBeGreaterThan(2);
      await page.keyboard.press('Space');
      await page.getByRole('button', { name: 'Close all groups' }).waitFor();
      expect(await faults(page, 'light')).toEqual([]);
      expect(await faults(page, 'dark')).toEqual([]);
      await launched.app.clickMenuItem('switch-graph');
      await page.getByRole('heading', { name: 'Hosts', exact: true }).waitFor();
    });
  },
);
