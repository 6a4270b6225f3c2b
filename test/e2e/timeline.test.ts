import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CaseReader } from '../../electron/casefile/case-reader.ts';
import { ENTERED_EVENTS } from '../../shared/event.ts';
import { ask } from './ask.ts';
import { axeFaults } from './axe-faults.ts';
import { captureCase, showCase } from './capture-case.ts';
import { cannotLaunch, type Launched, launch } from './launch.ts';
import { PATIENCE } from './patience.ts';

/** Timeline and map in the window: events as pins, two periods, zoom to minutes, figures that are saved, deviation. */

describe.skipIf(cannotLaunch !== null)(`timeline and map${cannotLaunch === null ? '' : ` (${cannotLaunch})`}`, () => {
  let folder = '';
  let casePath = '';
  let day = '';
  let launched: Launched;
  let page: Page;
  const errors: string[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'enclave-timeline-e2e-'));
    casePath = await captureCase(folder, 'A day', async (engine, path) => {
      const days = await engine.run('summary', { case: path, by: ['day'], metric: 'flows', where: '' });
      day = String(days.rows[0]?.['day']);
    });
    launched = await launch();
    ({ page } = launched);
    page.on('pageerror', (error) => errors.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') errors.push(message.text());
    });
    await showCase(page, casePath);
  });
  afterAll(async () => {
    await launched.close();
    rmSync(folder, { recursive: true, force: true });
  });

  function inCase<T>(work: (reader: CaseReader) => T): T {
    const reader = new CaseReader(casePath);
    try {
      return work(reader);
    } finally {
      reader.close();
    }
  }
  const title = (): Promise<string> => page.locator('#time-title').innerText();
  const entered = (): string[] =>
    inCase((reader) => reader.eventLists())
      .filter(({ file }) => file.name === ENTERED_EVENTS)
      .flatMap(({ events }) => events.map(({ label }) => label));

  it('an event is added, pinned, restated and taken out; the findings follow', async () => {
    expect(await launched.app.clickMenuItem('add-event')).toBe(true);
    await page.getByLabel(/^Time/).fill(`${day}T12:30`);
    await page.getByLabel('What happened').fill('Lamps out');
    await page.getByLabel(/^Kind/).fill('test');
    expect(await axeFaults(page)).toEqual([]);
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached', timeout: PATIENCE });
    expect(entered()).toEqual(['Lamps out']);
    expect(inCase((reader) => reader.findings().length)).toBeGreaterThan(0);
    const pin = page.locator('.pin-button[title*="Lamps out"]');
    await pin.waitFor();
    await pin.click();
    const row = page.locator('.event-lists li.pointed');
    await expect.poll(() => row.innerText()).toContain('Lamps out');

    await page.getByRole('button', { name: 'Restate Lamps out' }).click();
    await page.getByLabel('What happened').fill('Lamps on');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.locator('.pin-button[title*="Lamps on"]').waitFor({ timeout: PATIENCE });
    expect(entered()).toEqual(['Lamps on']);
    await page.getByRole('button', { name: 'Remove Lamps on' }).click();
    await page.locator('.pin-button[title*="Lamps on"]').waitFor({ state: 'detached', timeout: PATIENCE });
    expect(entered()).toEqual([]);
  });

  it('a file of events is added and pinned, and what of it is not used is told', async () => {
    const path = join(folder, 'events.csv');
    writeFileSync(path, `time,label,kind,source\n${day}T01:00:00Z,From a file,test,log\nno time,x,test,\n`);
    await launched.app.answerNextDialog([path]);
    expect(await launched.app.clickMenuItem('add-events-file')).toBe(true);
    await page.locator('.pin-button[title*="From a file"]').waitFor({ timeout: PATIENCE });
    await expect
      .poll(() => page.locator('.events-panel header').innerText())
      .toMatch(/1 event added; 1 line not used, first line 3/);
  });

  it('zooms to minutes, where no flow is lost, and back', async () => {
    await page.locator('.time-stack').focus();
    for (const step of ['15 minutes', '5 minutes', 'minute']) {
      for (let i = 0; i < 8 && !(await title()).includes(`per ${step}`); i++) {
        const before = await page.locator('.view.timeline').innerHTML();
        await page.keyboard.press('+');
        await expect.poll(() => page.locator('.view.timeline').innerHTML()).not.toBe(before);
        await page.locator('.view.timeline .panel.grow:not([aria-busy=true])').waitFor();
      }
      expect(await title()).toContain(`per ${step}, by category`);
    }
    await page.keyboard.press('0');
    await page.locator('.view.timeline .panel.grow:not([aria-busy=true])').waitFor();
    const { flows } = await ask(page, 'totals', { where: '' });
    await expect
      .poll(() => page.locator('.legend-total').innerText())
      .toContain(`${new Intl.NumberFormat('en-GB').format(flows)} flows`);
  });

  it('two periods stand side by side, as the totals of either say', async () => {
    expect(await launched.app.clickMenuItem('compare-periods')).toBe(true);
    const noon = `${day}T12:00`;
    for (const [label, value] of [
      ['Period A from', `${day}T06:00`],
      ['Period A to before', noon],
      ['Period B from', noon],
      ['Period B to before', `${day}T20:00`],
    ] as const) {
      await page.getByLabel(label).fill(value);
      await page.getByLabel(label).press('Enter');
    }
    const table = page.locator('.pair-table');
    await table.waitFor({ timeout: PATIENCE });
    const cells = await table.locator('tbody tr').first().locator('td').allInnerTexts();
    const totals = await Promise.all(
      [
        [`${day}T06:00`, noon],
        [noon, `${day}T20:00`],
      ].map(([from, to]) => ask(page, 'totals', { where: `start >= ${from ?? ''} and start < ${to ?? ''}` })),
    );
    const formatted = totals.map(({ flows }) => new Intl.NumberFormat('en-GB').format(flows));
    expect(cells.slice(0, 2)).toEqual(formatted);
    expect(await page.locator('.pair-name').allTextContents()).toEqual([
      expect.stringContaining('6 hours; evidence in'),
      expect.stringContaining('8 hours; evidence in'),
    ]);
    expect(await axeFaults(page)).toEqual([]);
  });

  it('a figure is a table, and is saved with what it is of', async () => {
    expect(await launched.app.clickMenuItem('figure-table')).toBe(true);
    await page.getByRole('dialog').getByRole('columnheader', { name: 'flows' }).waitFor();
    expect(await axeFaults(page, 'dialog')).toEqual([]);
    await page.keyboard.press('Escape');
    for (const format of ['csv', 'svg', 'png']) {
      const path = join(folder, `figure.${format}`);
      await launched.app.answerNextDialog([path]);
      expect(await launched.app.clickMenuItem(`save-figure-${format}`)).toBe(true);
      await expect
        .poll(() => inCase((reader) => JSON.stringify(reader.audit().at(-1)?.detail)), { timeout: PATIENCE })
        .toContain(`figure.${format}`);
    }
    expect(readFileSync(join(folder, 'figure.csv'), 'utf8')).toMatch(/^from,to before,category,flows,filter,/);
    const svg = readFileSync(join(folder, 'figure.svg'), 'utf8');
    expect(svg).toContain('case: A day');
    expect(svg).not.toMatch(/class=|style=|var\(/);
    expect(readFileSync(join(folder, 'figure.png')).subarray(1, 4).toString()).toBe('PNG');
  });

  it('the map tells deviation from what the filter leaves out, networks and arcs, in both themes', async () => {
    const rows = await ask(page, 'summary', { by: ['range', 'country', 'category'], metric: 'flows', where: '' });
    const placed = rows.find(({ range, country }) => range !== null && country !== null);
    await page.getByLabel('Filter', { exact: true }).fill(`category = ${String(placed?.['category'])}`);
    await page.getByLabel('Filter', { exact: true }).press('Enter');
    expect(await launched.app.clickMenuItem('map-deviation')).toBe(true);
    expect(await launched.app.clickMenuItem('map-arcs')).toBe(true);
    await page.getByRole('heading', { name: /deviation from expectation/ }).waitFor();
    await page.locator('.world-map .arc').first().waitFor({ state: 'attached' });
    await page.getByText('all flows that the filter leaves out').waitFor();
    const options = page.getByRole('listbox').getByRole('option');
    await expect.poll(() => options.allInnerTexts()).toContainEqual(expect.stringMatching(/×|too few/));
    expect(await axeFaults(page)).toEqual([]);
    expect(await launched.app.clickMenuItem('toggle-theme')).toBe(true);
    await page.getByText('Networks', { exact: true }).click();
    await page.locator('.network-list button').first().click();
    await expect.poll(() => page.locator('.inspector').innerText()).toMatch(/AS\d+/);
    expect(await axeFaults(page)).toEqual([]);
  });

  it('has written no error all the while', () => {
    expect(errors).toEqual([]);
  });
});
