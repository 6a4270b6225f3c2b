import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Engine } from '../../electron/engine/engine.ts';
import { shippedProfile } from '../../electron/engine/shipped-profiles.ts';
import { ask } from './ask.ts';
import { axeFaults } from './axe-faults.ts';
import { dropFiles } from './drop.ts';
import { cannotLaunch, type Launched, launch } from './launch.ts';
import { PATIENCE } from './patience.ts';
import { sampleCapture } from './sample-capture.ts';
import { failByErrors, stopAtFirstFault } from './story.ts';

/** The Evidence view: a bad file is explained, a wrong range is corrected and everything follows, a finding of one's own is stated. */

const reason = cannotLaunch === null ? '' : ` (${cannotLaunch})`;

describe.skipIf(cannotLaunch !== null)(`the evidence of a case${reason}`, { timeout: 3 * PATIENCE }, () => {
  let folder = '';
  let capture = '';
  let launched: Launched;
  let page: Page;
  stopAtFirstFault();
  const watch = failByErrors();

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'enclave-evidence-'));
    capture = await sampleCapture(join(folder, 'sample'));
    const casePath = join(folder, 'case.enclave');
    const engine = new Engine();
    const profile = shippedProfile('dprk-2017');
    // The first range is a quarter of what it should be.
    const ranges = profile.ranges.map((range, i) => (i === 0 ? { ...range, cidr: '175.45.176.0/24' } : range));
    await engine.run('new', { case: casePath, profile: { ...profile, ranges }, title: 'Evidence', examiner: 'Ada' });
    await engine.close();
    launched = await launch({ case: casePath });
    ({ page } = launched);
    page.setDefaultTimeout(PATIENCE);
    watch(page);
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.getByText('This case holds no flows yet').waitFor();
  }, PATIENCE);
  afterAll(async () => {
    await launched.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function looksRight(name: string): Promise<void> {
    for (const theme of ['dark', 'light']) {
      await page.evaluate((wanted) => {
        document.documentElement.dataset['theme'] = wanted;
      }, theme);
      expect(await axeFaults(page), `${name}, ${theme}`).toEqual([]);
    }
  }
  const view = (name: string): Promise<void> =>
    page.getByRole('navigation').getByRole('button', { name, exact: true }).click();
  const files = () => page.getByRole('group', { name: 'Evidence files' });
  const closeJob = (): Promise<void> =>
    page.getByLabel('Job in work').getByRole('button', { name: 'Close', exact: true }).click();

  it('explains a file that was not taken in, takes the others, and says so after it is opened again', async () => {
    await view('Evidence');
    await page.getByText('No evidence yet').waitFor();
    const bad = join(folder, 'bad \u202efile.pcap');
    writeFileSync(bad, Buffer.from('0a0d0d0a ffffffff', 'latin1'));
    await dropFiles(page, [bad, capture]);
    const panel = page.getByLabel('Job in work');
    await panel.getByText('Import finished').waitFor();
    await panel.getByText('rejected', { exact: true }).waitFor();
    await closeJob();
    const refused = page.getByRole('region', { name: 'Not taken in' });
    await refused.getByText('bad \\u202efile.pcap').waitFor();
    await refused.getByText('Mend or replace the file and add it again').waitFor();
    await files()
      .getByRole('button', { name: basename(capture) })
      .waitFor();
    const { path, evidence } = (await ask(page, 'overview', null)) ?? { path: '', evidence: [] };
    expect(evidence).toMatchObject([{ path: capture }]);
    await ask(page, 'closeCase', null);
    await ask(page, 'openCase', { path });
    await view('Evidence');
    await refused.getByText('As the audit chain has it.').waitFor();
  });

  it('tells all that is known of a file, and leads to its flows', async () => {
    const [file] = (await ask(page, 'overview', null))?.evidence ?? [];
    await files()
      .getByRole('button', { name: basename(capture) })
      .click();
    const inspector = page.getByRole('complementary', { name: `Evidence: ${basename(capture)}` });
    for (const text of [file?.sha256 ?? '', capture, 'EN10MB', 'as recorded, no offset stated']) {
      await inspector.getByText(text, { exact: true }).waitFor();
    }
    await looksRight('a file');
    await inspector.getByLabel('New note').fill('Copied from the seized disk');
    await inspector.getByRole('button', { name: 'Add', exact: true }).click();
    await expect
      .poll(async () => (await ask(page, 'notes', { target: null, search: null }))[0]?.target)
      .toBe(`evidence:${file?.id ?? ''}`);
    await inspector.getByRole('button', { name: 'Show its flows' }).click();
    await expect
      .poll(() => page.getByRole('combobox', { name: 'Filter' }).inputValue())
      .toBe(`evidence = ${file?.id ?? ''}`);
    await page.keyboard.press('Control+Shift+f');
  });

  it('corrects a range, and everything follows', async () => {
    await view('Hosts');
    const before = await ask(page, 'totals', { where: '' });
    expect((await ask(page, 'totals', { where: 'host in 175.45.178.0/24' })).flows).toBe(0);
    expect(await launched.app.clickMenuItem('edit-profile')).toBe(true);
    const dialog = page.getByRole('dialog', { name: 'Correct the profile' });
    const save = dialog.getByRole('button', { name: 'Save and analyse anew' });
    expect(await save.isDisabled()).toBe(true);
    const addresses = dialog.getByLabel('Addresses of range 1');
    await addresses.fill('175.45.176.0/33');
    await dialog.getByText('not an address or CIDR block').waitFor();
    expect(await save.isDisabled()).toBe(true);
    await looksRight('a wrong range');
    await addresses.fill('175.45.176.0/22');
    await save.click();
    await page.getByText('Profile corrected: ranges').waitFor();
    const after = await ask(page, 'totals', { where: '' });
    expect(after.hosts).toBeGreaterThan(before.hosts);
    expect(after.flows).toBe(before.flows);
    const row = page.getByRole('row', { name: /^Hosts in the ranges/ });
    expect((await row.innerText()).split(/\s+/).slice(-2)).toEqual([before, after].map(({ hosts }) => String(hosts)));
    expect((await ask(page, 'totals', { where: 'host in 175.45.178.0/24' })).flows).toBeGreaterThan(0);
    await view('Hosts');
    await page
      .getByText(`${after.hosts} hosts`)
      .or(page.getByText(`of ${after.hosts}`))
      .first()
      .waitFor();
  });

  it('states a finding of its own about what is selected, marked as such', async () => {
    await view('Overview');
    await page.getByRole('button', { name: /^infra/ }).click();
    await page.getByRole('complementary').getByRole('button', { name: 'Add to finding…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Finding of your own' });
    await dialog.getByLabel('Title').fill('Much of it is upkeep');
    await dialog.getByLabel('Statement').fill('Name look-ups and clocks, as anywhere.');
    await dialog.getByRole('button', { name: 'Save', exact: true }).click();
    const article = page.getByRole('article', { name: 'Much of it is upkeep' });
    await article.getByText('examiner’s own', { exact: true }).waitFor();
    const infra = await ask(page, 'totals', { where: 'category = infra' });
    await article.getByRole('cell', { name: infra.flows.toLocaleString('en-GB'), exact: true }).waitFor();
    await looksRight('a finding of one’s own');
    expect(await ask(page, 'reportHtml', null)).toContain('Much of it is upkeep');
  });

  it('verifies the case, the own finding with it', async () => {
    await view('Evidence');
    await page.getByRole('button', { name: 'Verify the case' }).click();
    await page.getByText('No mismatch was found').waitFor();
    await page.getByRole('row', { name: /^own findings .*holds/ }).waitFor();
    await looksRight('a verification');
    expect(await page.getByLabel('Job in work').count()).toBe(0);
  });
});
