import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask } from './ask.ts';
import { dropFiles } from './drop.ts';
import { cannotLaunch, type Launched, launch } from './launch.ts';
import { openSample, SAMPLE_PATIENCE } from './open-sample.ts';
import { PATIENCE } from './patience.ts';
import { sampleCapture } from './sample-capture.ts';
import { failByErrors, stopAtFirstFault } from './story.ts';

/**
 * The tasks of docs/guide.md, step by step as they stand there. With ENCLAVE_GUIDE=write the guide's pictures are taken
 * anew on the way; run so on the preview (`ENCLAVE_GUIDE=write npx vitest run test/e2e/guide.test.ts`).
 */

const PICTURES = fileURLToPath(new URL('../../docs/guide/', import.meta.url));
const reason = cannotLaunch === null ? '' : ` (${cannotLaunch})`;

describe.skipIf(cannotLaunch !== null)(`the tasks of the guide${reason}`, { timeout: 2 * PATIENCE }, () => {
  let folder = '';
  let launched: Launched;
  let page: Page;
  stopAtFirstFault();
  const watch = failByErrors();

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'enclave-guide-'));
    launched = await launch({ userData: join(folder, 'userData'), hasSample: true });
    page = launched.page;
    page.setDefaultTimeout(PATIENCE);
    watch(page);
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.getByRole('heading', { name: 'Recent cases' }).waitFor();
  });
  afterAll(async () => {
    await launched.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const go = (view: string): Promise<void> =>
    page.getByRole('navigation').getByRole('button', { name: view, exact: true }).click();

  async function picture(name: string): Promise<void> {
    if (process.env['ENCLAVE_GUIDE'] !== 'write') return;
    mkdirSync(PICTURES, { recursive: true });
    // What is being drawn, or fades in, is there after a moment.
    await page.waitForTimeout(600);
    await page.screenshot({ path: join(PICTURES, `${name}.png`) });
  }

  it(
    '1: from files to a case, one of them broken',
    async () => {
      const broken = join(folder, 'broken.pcap');
      writeFileSync(broken, 'no capture\n'.repeat(99));
      await dropFiles(page, [await sampleCapture(join(folder, 'sample')), broken]);
      await page.getByLabel('Title').fill('Office, first week');
      await page.getByLabel('Profile', { exact: true }).selectOption('dprk-2017');
      await picture('1-new-case');
      await launched.app.answerNextDialog([join(folder, 'office.enclave')]);
      await page.getByRole('button', { name: 'Choose where to save…' }).click();
      const panel = page.getByLabel('Job in work');
      await panel.getByText('Import finished').waitFor();
      await panel.getByText('broken.pcap', { exact: true }).waitFor();
      await picture('1-import');
      const evidence = (await ask(page, 'overview', null))?.evidence ?? [];
      expect(evidence.map(({ status }) => status)).toEqual(['imported']);
      await panel.getByRole('button', { name: 'Close' }).click();
      await go('Report');
      await page
        .frameLocator('iframe')
        .getByRole('heading', { name: /Summary$/ })
        .waitFor();
      await picture('1-report');
      const report = join(folder, 'office.html');
      await launched.app.answerNextDialog([report]);
      await page.getByRole('button', { name: 'Save as HTML…' }).click();
      await page.getByText('Report saved').waitFor();
      expect(readFileSync(report, 'utf8')).toContain('Office, first week');
      await page.getByRole('button', { name: 'Close case' }).click();
      await openSample(page);
    },
    SAMPLE_PATIENCE + 2 * PATIENCE,
  );

  it('2: a claim, and what it rests on', async () => {
    await go('Findings');
    await page.getByText('Gaming and content streaming make up', { exact: false }).first().click();
    await page.getByText('Rests on').waitFor();
    await picture('2-claim');
    await page.getByRole('button', { name: 'Show the flows' }).click();
    await page.getByText('in stored order').waitFor();
    expect(await page.getByLabel('Filter', { exact: true }).inputValue()).not.toBe('');
    await page.getByRole('button', { name: 'Clear', exact: true }).click();
  });

  it('3: since when, and the flows of it', async () => {
    await go('Findings');
    await page.getByLabel('Search the findings').fill('onset crypto');
    await page.locator('.kind-group button', { hasText: 'crypto' }).first().click();
    await page.getByText('rose on 2017-05-17').first().waitFor();
    await picture('3-onset');
    await page.getByRole('button', { name: 'Show them on the timeline' }).click();
    await page.getByRole('application', { name: /Activity over time/ }).waitFor();
    await picture('3-timeline');
    expect(await page.getByLabel('Filter', { exact: true }).inputValue()).toContain('category = crypto');
    await page.getByRole('button', { name: 'Clear', exact: true }).click();
  });

  it('4: a host, its days and its devices', async () => {
    await go('Hosts');
    await page.getByPlaceholder('Address, role or device').fill('gateway');
    await page.locator('.flow-rows [role=row]').first().click();
    await page
      .getByRole('complementary', { name: /^Host: / })
      .getByText('iPad')
      .first()
      .waitFor();
    await picture('4-host');
    const { hosts } = await ask(page, 'hosts', { where: '', limit: 5000 });
    expect(hosts.length).toBeGreaterThan(await page.locator('.flow-rows [role=row]').count());
  });

  it('5: why a flow is labelled so, and its packets', async () => {
    await go('Flows');
    const field = page.getByLabel('Filter', { exact: true });
    await field.fill('protocol = tls');
    await field.press('Enter');
    await page.locator('.flow-rows [role=row]').first().click();
    const inspector = page.getByRole('complementary', { name: 'Flow', exact: true });
    await inspector.getByText('Why this label').waitFor();
    await picture('5-label');
    await inspector.getByRole('button', { name: 'Packets…' }).click();
    await page.getByRole('dialog').getByText('0000', { exact: false }).first().waitFor();
    await picture('5-packets');
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await inspector.isVisible()).toBe(true);
  });
});
