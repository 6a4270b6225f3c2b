import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { VIEWS, VIEW_NAMES } from '../../renderer/state/workbench.ts';
import { ask } from '../e2e/ask.ts';
import { dropFiles } from '../e2e/drop.ts';
import { type Launched, cannotLaunch, launch } from '../e2e/launch.ts';
import { openSample, SAMPLE_PATIENCE } from '../e2e/open-sample.ts';
import { longCapture, sampleCapture } from '../e2e/sample-capture.ts';

/** The window as a person uses it: the real page, main process and engine, on the sample case and on dropped files. */

const reason = cannotLaunch === null ? '' : ` (${cannotLaunch})`;

async function fault(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).setLegacyMode(true).analyze();
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 160)).join(' | ')}`);
}

const printed = (value: number): string => value.toLocaleString('en-GB');

/** How many flows match, asked of the engine past the page, as the page prints numbers. */
async function flowsOf(page: Page, where: string): Promise<string> {
  const answer = await ask(page, 'flowsPage', { where, offset: 0, limit: 1 });
  return printed(answer.total);
}

function matches(page: Page): Promise<string> {
  return page.locator('.matches strong').innerText();
}

describe.skipIf(cannotLaunch !== null)(`the window on the sample case${reason}`, () => {
  let launched: Launched;
  let page: Page;
  const errors: string[] = [];
  let firstScreenFaults: string[] = [];
  /** All flows of the sample, as the page prints it. */
  let all = '';

  beforeAll(async () => {
    launched = await launch({ hasSample: true });
    ({ page } = launched);
    page.on('pageerror', (error) => errors.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') errors.push(message.text());
    });
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.getByText('Recent cases').waitFor();
    firstScreenFaults = await fault(page);
    await openSample(page);
    all = await flowsOf(page, '');
  }, 1.5 * SAMPLE_PATIENCE);
  afterAll(() => launched.close());

  const go = (view: string): Promise<void> =>
    page.getByRole('navigation').getByRole('button', { name: view, exact: true }).click();

  it('has no violation of axe’s rules in any view, light or dark', async () => {
    expect(firstScreenFaults).toEqual([]);
    for (const theme of ['light', 'dark']) {
      await page.evaluate((wanted) => {
        document.documentElement.dataset['theme'] = wanted;
      }, theme);
      for (const view of VIEWS) {
        await go(VIEW_NAMES[view]);
        await page.waitForTimeout(400);
        expect(await fault(page), `${view}, ${theme}`).toEqual([]);
      }
    }
  }, 150_000);

  it('shows a host with its days, names and fingerprints, and breaks no rule of axe there or in the dialogs', async () => {
    await go('Hosts');
    const { hosts } = await ask(page, 'hosts', { where: '', limit: 2 });
    const [busiest] = hosts;
    const where = `host = ${busiest?.host ?? ''}`;
    await page.locator('.flow-rows [role=row]').first().click();
    const hostPage = page.getByRole('complementary', { name: `Host: ${busiest?.host ?? ''}` });
    const [names] = await ask(page, 'texts', { where, fields: ['hostname'], limit: 1 });
    await hostPage.getByText(names?.rows[0]?.text ?? '', { exact: true }).waitFor();
    await hostPage.getByText('User agents it sent').waitFor();
    await hostPage.locator('.heat-map .cell').first().waitFor({ state: 'attached' });
    for (const theme of ['dark', 'light']) {
      await page.evaluate((wanted) => {
        document.documentElement.dataset['theme'] = wanted;
      }, theme);
      expect(await fault(page), `a host, ${theme}`).toEqual([]);
    }
    await page.evaluate(() => {
      document.addEventListener('copy', (event) => {
        Object.assign(globalThis, { copied: event.clipboardData?.getData('text/plain') });
      });
    });
    await hostPage.getByRole('button', { name: /^Copy/ }).click();
    await hostPage.getByRole('button', { name: /^Copied/ }).waitFor();
    const copied = await page.evaluate(() => (globalThis as unknown as { copied: string }).copied);
    for (const part of [
      `${printed(busiest?.flows ?? 0)} flows`,
      `filter: ${where}`,
      'Asia/Pyongyang',
      'clock hours observed',
    ])
      expect(copied).toContain(part);
    await page.keyboard.press('Escape');
    for (const key of ['F1', 'Control+d']) {
      await page.keyboard.press(key);
      await page.getByRole('dialog').waitFor();
      expect(await fault(page), `the dialog of ${key}`).toEqual([]);
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'detached' });
    }
  }, 90_000);

  it('says on the overview what claims and findings come to', async () => {
    await go('Overview');
    const findings = await ask(page, 'findings', null);
    const claims = findings.filter((each) => each.kind === 'claim-check');
    const came = (to: string): number => claims.filter((each) => each.verdictOnClaim === to).length;
    const told = await page.getByRole('region', { name: 'Findings' }).innerText();
    expect(claims.length).toBeGreaterThan(0);
    expect(told).toContain(
      `Of ${claims.length} claims ${came('holds')} hold, ${came('refuted')} refuted, ${came('cannot-be-told')} cannot be told.`,
    );
    expect(told).toContain(`${findings.length - claims.length} findings:`);
    await page.getByRole('button', { name: 'Look at the findings' }).click();
    await page.getByText('about the whole case').waitFor();
  });

  it('shows what a claim rests on, unfolds the list at it, and breaks no rule of axe', async () => {
    const findings = await ask(page, 'findings', null);
    const claim = findings.find((each) => each.kind === 'claim-check' && each.verdictOnClaim === 'refuted');
    const rests = findings.find((each) => claim?.kind === 'claim-check' && each.id === claim.restsOn[0]);
    await page.getByTitle(claim?.kind === 'claim-check' ? claim.claim.text : '', { exact: true }).click();
    await page.getByRole('article').getByText('Refuted').waitFor();
    expect(await fault(page)).toEqual([]);
    await page
      .getByRole('article')
      .getByRole('button', { name: rests?.title ?? '', exact: true })
      .click();
    await page.getByRole('heading', { name: rests?.title ?? '', exact: true }).waitFor();
    await expect.poll(() => page.locator('.finding-list [aria-current]').isVisible()).toBe(true);
    for (const kind of ['host-profile', 'event-association', 'malicious-activity', 'period-comparison'] as const) {
      const finding = findings.find((each) => each.kind === kind);
      await page.getByLabel('Search the findings').fill(finding?.title ?? '');
      await page
        .getByTitle(finding?.title ?? '', { exact: true })
        .first()
        .click();
      await page.getByRole('heading', { name: finding?.title ?? '', exact: true }).waitFor();
      expect(await fault(page)).toEqual([]);
    }
    await page.getByLabel('Search the findings').fill('');
  }, 90_000);

  it('looks closer at a bar, filters by it, and follows in every view', async () => {
    await go('Overview');
    const bar = page.getByRole('button', { name: /^gaming/ }).first();
    await bar.click();
    await page.getByRole('complementary').getByRole('heading', { name: 'gaming' }).waitFor();
    await page.keyboard.press('Escape');
    await bar.click({ modifiers: ['Shift'] });
    await expect.poll(() => page.getByLabel('Filter', { exact: true }).inputValue()).toBe('category = gaming');
    const gaming = await flowsOf(page, 'category = gaming');
    await expect.poll(() => matches(page)).toBe(gaming);
    await go('Flows');
    await page.getByText(`of ${gaming}, in stored order`).waitFor();
    await page.getByRole('button', { name: 'Clear', exact: true }).click();
    await expect.poll(() => matches(page)).toBe(all);
  });

  it('tells what is wrong with a filter at its column, and applies nothing', async () => {
    const field = page.getByLabel('Filter', { exact: true });
    await field.fill('countri = CN');
    await field.press('Escape');
    await page.getByText('Column 1:').waitFor();
    expect(await page.locator('.filter-fault mark').innerText()).toBe('countri');
    await field.press('Enter');
    expect(await matches(page)).toBe(all);
    await field.fill('');
    await field.press('Enter');
  });

  it('completes fields and values by keyboard', async () => {
    const field = page.getByLabel('Filter', { exact: true });
    await field.pressSequentially('serv');
    await field.press('ArrowDown');
    await field.press('Enter');
    await field.pressSequentially('= yo');
    await field.press('ArrowDown');
    await field.press('Enter');
    await field.press('Escape');
    await field.press('Enter');
    await expect.poll(() => matches(page)).toBe(await flowsOf(page, 'service = youku'));
    await page.getByRole('button', { name: 'Clear', exact: true }).click();
  });

  it('brushes the timeline by mouse and by keyboard', async () => {
    await go('Timeline');
    const chart = page.locator('.time-stack');
    await chart.waitFor();
    const box = await chart.boundingBox();
    if (box === null) throw new Error('no chart');
    await page.mouse.move(box.x + box.width * 0.4, box.y + 80);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.6, box.y + 80, { steps: 4 });
    await page.mouse.up();
    await expect
      .poll(() => page.getByLabel('Filter', { exact: true }).inputValue())
      .toMatch(/^start >= 2017-05-0\d and start < 2017-05-\d\d$/);
    await chart.press('Escape');
    await expect.poll(() => page.getByLabel('Filter', { exact: true }).inputValue()).toBe('');
    await chart.press('Home');
    await chart.press('Shift+ArrowRight');
    await expect
      .poll(() => page.getByLabel('Filter', { exact: true }).inputValue())
      .toBe('start >= 2017-04-01 and start < 2017-04-03');
    await chart.press('Escape');
  });

  it('looks closer at an hour of the week, by keyboard', async () => {
    const heat = page.locator('.heat-map');
    await heat.focus();
    for (const key of ['ArrowRight', 'ArrowDown', 'ArrowRight', 'Enter']) await page.keyboard.press(key);
    await page.getByRole('heading', { name: 'Tuesday 01:00–02:00' }).waitFor();
    await page.getByRole('button', { name: 'Show the flows' }).click();
    const those = await flowsOf(page, 'weekday = 2 and hour = 1');
    await page.getByText(`of ${those}, in stored order`).waitFor();
    expect(await matches(page)).toBe(those);
    await page.getByRole('button', { name: 'Clear', exact: true }).click();
  });

  it('explains a flow, by keyboard alone', async () => {
    await go('Flows');
    // A key moves within the rows that are known, so they have to be there.
    await page.getByText(`of ${all}, in stored order`).waitFor();
    await page.getByRole('grid').focus();
    await page.keyboard.press('End');
    await page.getByText(new RegExp(`–${all} of ${all}`)).waitFor();
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Why this label' }).waitFor();
    expect(await page.locator('.why .detail').innerText()).not.toBe('');
    expect(await fault(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await page.getByRole('heading', { name: 'Why this label' }).waitFor({ state: 'detached' });
  });

  it('shows the flows behind a finding: as many as the finding counts', async () => {
    await go('Findings');
    // Of many of a kind the list shows how many, until they are searched for or unfolded.
    const row = page.getByRole('button', { name: /^gaming-and-streaming, by flows/ });
    expect(await row.isVisible()).toBe(false);
    await page.getByLabel('Search the findings').fill('gaming-and-streaming');
    await row.waitFor();
    await page.getByLabel('Search the findings').fill('');
    await row.waitFor({ state: 'hidden' });
    await page.locator('summary', { hasText: 'Share of activity' }).click();
    await row.click();
    const findings = await ask(page, 'findings', null);
    const share = findings.find((each) => each.kind === 'activity-share' && each.group === 'gaming-and-streaming');
    const behind = printed(share?.numerator ?? Number.NaN);
    await page.getByText(`${behind} flows of ${printed(share?.denominator ?? Number.NaN)} flows`).waitFor();
    await page.getByRole('button', { name: 'Show the flows' }).click();
    await page.getByText(`of ${behind}, in stored order`).waitFor();
    expect(await matches(page)).toBe(behind);
    expect(await flowsOf(page, share?.where ?? '')).toBe(behind);
  });

  it('shows the report in a frame that may run nothing, and saves it', async () => {
    await go('Report');
    const frame = page.frameLocator('iframe');
    await frame.getByRole('heading', { name: /Summary$/ }).waitFor();
    expect(await page.locator('iframe').getAttribute('sandbox')).toBe('');
    const folder = mkdtempSync(join(tmpdir(), 'enclave-window-'));
    await launched.app.answerNextDialog([join(folder, 'report.html')]);
    await page.getByRole('button', { name: 'Save as HTML…' }).click();
    await page.getByText('Report saved').waitFor();
    rmSync(folder, { recursive: true });
  });

  it('runs commands from the palette', async () => {
    await page.getByRole('button', { name: 'All commands' }).click();
    await page.getByRole('combobox', { name: 'Command' }).fill('timeline');
    expect(await fault(page)).toEqual([]);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Hour by weekday' }).waitFor();
  });

  it('has written no error all the while', () => {
    expect(errors).toEqual([]);
  });
});

describe.skipIf(cannotLaunch !== null)(`files dropped on the window${reason}`, () => {
  let launched: Launched;
  let page: Page;
  let folder = '';

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'enclave-window-'));
    launched = await launch();
    ({ page } = launched);
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.getByText('Recent cases').waitFor();
  });
  afterAll(async () => {
    await launched.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('make a new case and are imported, good and bad ones told apart', async () => {
    const capture = await sampleCapture(join(folder, 'sample'));
    const bad = join(folder, '<b>not a capture\u202e.pcap');
    writeFileSync(bad, 'nothing of the kind\n'.repeat(100));
    await dropFiles(page, [capture, bad]);
    await page.getByText('2 dropped files and folders are imported').waitFor();
    expect(await fault(page)).toEqual([]);
    await page.getByLabel('Title').fill('Case <i>one</i>');
    await page.getByLabel('Profile', { exact: true }).selectOption('dprk-2017');
    await page.getByText('175.45.176.0/22').waitFor();
    await launched.app.answerNextDialog([join(folder, 'one.enclave')]);
    await page.getByRole('button', { name: 'Choose where to save…' }).click();
    await page.getByText('Import finished').waitFor({ timeout: 60_000 });
    await page.getByRole('heading', { name: 'Case <i>one</i>' }).waitFor();
    const panel = page.getByLabel('Job in work');
    await panel.getByText('rejected', { exact: true }).waitFor();
    await panel.getByText('<b>not a capture\\u202e.pcap').waitFor();
    expect(await panel.getByText('imported', { exact: true }).count()).toBe(1);
    expect(await fault(page)).toEqual([]);
    await panel.getByRole('button', { name: 'Close' }).click();
  }, 90_000);

  it('go into the open case, and a cancelled import leaves it as it was', async () => {
    const before = await matches(page);
    const long = longCapture(join(folder, 'sample', 'week-1.pcap'), join(folder, 'long.pcap'), 120);
    await dropFiles(page, [long]);
    const panel = page.getByLabel('Job in work');
    await panel.getByText('Remaining').waitFor({ timeout: 30_000 });
    await panel.getByRole('button', { name: 'Cancel' }).click();
    await panel.getByText('No file was finished: the case is as it was.').waitFor({ timeout: 30_000 });
    expect(await matches(page)).toBe(before);
  }, 90_000);
});
