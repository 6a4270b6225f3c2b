import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CaseReader } from '../../electron/casefile/case-reader.ts';
import type { Finding } from '../../shared/finding.ts';
import { ask } from './ask.ts';
import { axeFaults } from './axe-faults.ts';
import { captureCase, showCase } from './capture-case.ts';
import { cannotLaunch, type Launched, launch } from './launch.ts';
import { PATIENCE } from './patience.ts';

/**
 * What an examiner makes of what the views tell: decisions on findings, exhibits picked from every view, numbers copied with
 * what they are of, figures saved; and what is inspected or highlighted is marked where it stands.
 */

const reason = cannotLaunch === null ? '' : ` (${cannotLaunch})`;

describe.skipIf(cannotLaunch !== null)(`findings and exhibits${reason}`, { timeout: 3 * PATIENCE }, () => {
  let folder = '';
  let casePath = '';
  let launched: Launched;
  let page: Page;
  let findings: Finding[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'enclave-findings-e2e-'));
    casePath = await captureCase(folder, 'Exhibits', async (engine, path) => {
      findings = await engine.run('analyse', { case: path });
      await engine.run('saveFindings', { case: path, findings });
    });
    launched = await launch();
    ({ page } = launched);
    page.setDefaultTimeout(PATIENCE);
    await showCase(page, casePath);
    // A copy needs a page that holds the focus; what it puts on the clipboard is read as it is put there.
    await page.evaluate(() => {
      document.addEventListener('copy', (event) => {
        Object.assign(globalThis, { copied: event.clipboardData?.getData('text/plain') ?? '' });
      });
    });
  }, 2 * PATIENCE);
  afterAll(async () => {
    await launched.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const view = (name: string): Promise<void> =>
    page.getByRole('navigation').getByRole('button', { name, exact: true }).click();
  const inspector = (): Locator => page.locator('.inspector');
  async function copied(button: Locator): Promise<string> {
    await button.click();
    return page.evaluate(() => (globalThis as unknown as { copied: string }).copied);
  }

  it('a finding is accepted, then rejected with a comment, by keyboard; the report tells both', async () => {
    await view('Findings');
    for (const [decision, text] of [
      ['accept', ''],
      ['reject', 'The capture <b>ends</b> too early.'],
    ] as const) {
      await page.getByLabel('Decision').focus();
      await page.keyboard.type(decision);
      await page.getByLabel('New note').focus();
      await page.keyboard.type(text);
      await page.keyboard.press('Tab');
      await page.keyboard.press('Tab');
      await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
      await page.locator('.notes li', { hasText: decision }).waitFor();
    }
    expect(await axeFaults(page)).toEqual([]);
    const shown = await page.getByRole('article').getByRole('heading').first().innerText();
    const target = `finding:${findings.find(({ title }) => title === shown)?.id ?? ''}`;
    const reader = new CaseReader(casePath);
    const notes = reader.notes();
    reader.close();
    expect(notes.map((note) => ({ decision: note.decision, text: note.text, target: note.target }))).toEqual([
      { decision: 'accept', text: '', target },
      { decision: 'reject', text: 'The capture <b>ends</b> too early.', target },
    ]);
    await page.getByLabel('in the report').last().check();
    await expect
      .poll(async () => (await ask(page, 'notes', { target: null, search: null })).at(-1)?.inReport)
      .toBe(true);
    expect(await ask(page, 'reportHtml', null)).toContain('The capture &lt;b&gt;ends&lt;/b&gt; too early.');
  });

  it('a finding is copied with interval, denominator, filter, coverage, zone, caveats and method', async () => {
    const of = findings.find(({ interval, denominator }) => interval !== null && denominator !== null);
    if (of === undefined) throw new Error('no finding with an interval');
    await view('Findings');
    await page.getByLabel('Search the findings').fill(of.title);
    await page.locator('.finding-list').getByTitle(of.title, { exact: true }).first().click();
    await page.getByRole('article').getByRole('heading', { name: of.title }).waitFor();
    const text = await copied(page.getByRole('article').getByRole('button', { name: /^Copy/ }).first());
    for (const part of [
      of.title,
      '% interval',
      'denominator',
      'filter:',
      'of the clock hours observed',
      'days and hours in Asia/Pyongyang',
      of.caveats.length > 0 ? 'caveats:' : 'no caveat',
      'method:',
      of.id,
    ]) {
      expect(text).toContain(part);
    }
  });

  it('key numbers, what is inspected and a host are copied with share, filter, coverage and zone', async () => {
    await view('Overview');
    const lines = [await copied(page.getByRole('button', { name: 'Copy: Host-hours' }))];
    await page.locator('.bars button').first().click();
    lines.push(await copied(inspector().getByRole('button', { name: /^Copy: the totals/ })));
    expect(lines[1]).toMatch(/\(\d+(\.\d+)? % of the [\d,]+ flows of the case\)/);
    await view('Hosts');
    await page.locator('#host-0').click();
    lines.push(await copied(inspector().getByRole('button', { name: /^Copy: the figures of host/ })));
    for (const line of lines) {
      for (const part of [
        'filter: ',
        'of the clock hours observed',
        'days and hours in Asia/Pyongyang',
        'case “Exhibits”',
      ]) {
        expect(line).toContain(part);
      }
    }
  });

  it('what is inspected is marked in the overview, and nothing else', async () => {
    await view('Overview');
    const rows = page.locator('.bars button');
    await rows.nth(1).click();
    await expect.poll(() => rows.nth(1).getAttribute('aria-current')).toBe('true');
    expect(await page.locator('.bars [aria-current]').count()).toBe(1);
    expect(await axeFaults(page)).toEqual([]);
    await inspector().getByRole('button', { name: 'Close' }).click();
    await expect.poll(() => page.locator('.bars [aria-current]').count()).toBe(0);
  });

  it('an exhibit comes from every view that shows flows', async () => {
    const pick: Record<string, () => Promise<void>> = {
      Overview: () => page.locator('.bars button').first().click(),
      Map: async () => {
        await page.locator('.country-list li').first().waitFor();
        await page.getByRole('listbox', { name: /^Countries by amount/ }).focus();
        await page.keyboard.press('ArrowDown');
        await page.keyboard.press('Enter');
      },
      Services: async () => {
        await page.locator('.service-graph [tabindex="0"]').focus();
        await page.keyboard.press('Enter');
      },
      Hosts: async () => {
        await page.locator('#host-0').waitFor();
        await page.getByRole('grid').focus();
        await page.keyboard.press('ArrowDown');
        await page.keyboard.press('Enter');
      },
      Flows: async () => {
        await page.locator('.flow-rows [role=row]').first().waitFor();
        await page.getByRole('grid').focus();
        await page.keyboard.press('ArrowDown');
        await page.keyboard.press('Enter');
      },
      Timeline: () => page.locator('.view.timeline .legend button').first().click(),
    };
    const titles: string[] = [];
    for (const [name, choose] of Object.entries(pick)) {
      await view(name);
      await choose();
      await inspector().getByRole('button', { name: 'Add to finding…' }).click();
      const dialog = page.getByRole('dialog', { name: 'Finding of your own' });
      await dialog.getByLabel('Title').fill(`From ${name}`);
      await dialog.getByLabel('Statement').fill('Seen.');
      await dialog.getByRole('button', { name: 'Save', exact: true }).click();
      await page.getByRole('article', { name: `From ${name}` }).waitFor();
      titles.push(`From ${name}`);
    }
    const own = await ask(page, 'ownFindings', null);
    expect(own.map(({ title }) => title)).toEqual(titles);
    expect(own.map(({ exhibits }) => exhibits.length)).toEqual(titles.map(() => 1));
    expect(own.filter(({ exhibits }) => (exhibits[0]?.totals.flows ?? 0) === 0)).toEqual([]);
  });

  it('every figure is saved as numbers, and as a picture that bears what it is of', async () => {
    for (const [name, formats] of [
      ['Timeline', ['svg', 'png', 'csv']],
      ['Map', ['svg', 'png', 'csv']],
      ['Services', ['svg', 'png', 'csv']],
      ['Hosts', ['csv']],
    ] as const) {
      await view(name);
      for (const format of formats) {
        const out = join(folder, `${name}.${format}`);
        await launched.app.answerNextDialog([out]);
        await page.locator(`[data-figure="${format}"]`).first().click();
        await page
          .getByText(/^Saved, SHA-256/)
          .first()
          .waitFor();
        const bytes = readFileSync(out);
        expect(bytes.toString('utf8')).toContain(format === 'png' ? 'PNG' : 'Exhibits');
      }
    }
  });

  it('highlight marks nodes of the network and of the hosts among themselves', async () => {
    await view('Overview');
    await page.locator('#bars-category').locator('xpath=ancestor::section').locator('.bars button').first().click();
    await inspector().getByRole('button', { name: 'Highlight' }).click();
    await view('Services');
    await launched.app.clickMenuItem('switch-graph');
    await page.locator('.network-box canvas').first().waitFor();
    const inks = (): Promise<number> =>
      page.evaluate(() => {
        const canvas = document.querySelector<HTMLCanvasElement>('.network-box canvas');
        const probe = document.createElement('span');
        probe.style.color = 'var(--mark)';
        document.body.append(probe);
        const [red = 0, green = 0, blue = 0] = (getComputedStyle(probe).color.match(/\d+/g) ?? []).map(Number);
        probe.remove();
        const data = canvas?.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
        let marked = 0;
        for (let i = 0; i < data.length; i += 4) {
          const isMark = data[i] === red && data[i + 1] === green && data[i + 2] === blue;
          if (isMark) marked++;
        }
        return marked;
      });
    await expect.poll(inks).toBeGreaterThan(20);
    await page.locator('.chip').first().click();
    await expect.poll(inks).toBe(0);
  });
});
