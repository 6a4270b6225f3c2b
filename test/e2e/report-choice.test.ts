import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CaseReader } from '../../electron/casefile/case-reader.ts';
import { importAndAnalyse } from '../../electron/engine/case-jobs.ts';
import { Engine } from '../../electron/engine/engine.ts';
import { shippedProfile } from '../../electron/engine/shipped-profiles.ts';
import { axeFaults } from './axe-faults.ts';
import { showCase } from './capture-case.ts';
import { cannotLaunch, type Launched, launch } from './launch.ts';
import { PATIENCE } from './patience.ts';
import { sampleCapture } from './sample-capture.ts';

/** What goes into the report is chosen beside its preview, and told in the audit log. */

/** A folder for pictures of each state, to look at. */
const PICTURES = process.env['ENCLAVE_PICTURES'] ?? '';

describe.skipIf(cannotLaunch !== null)(
  `the contents of a report${cannotLaunch === null ? '' : ` (${cannotLaunch})`}`,
  { timeout: 3 * PATIENCE },
  () => {
    let folder = '';
    let casePath = '';
    let launched: Launched;
    let page: Page;

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'enclave-choice-e2e-'));
      casePath = join(folder, 'case.enclave');
      const engine = new Engine();
      const facts = { title: 'Chosen', examiner: 'E. First', authority: '', profile: shippedProfile('dprk-2017') };
      await engine.run('new', { case: casePath, ...facts });
      await importAndAnalyse(engine, { case: casePath, paths: [await sampleCapture(join(folder, 'sample'))] }, {});
      const note = { target: 'case', text: 'Of note', tags: [], inReport: false, decision: null };
      await engine.run('addNote', { case: casePath, note });
      await engine.close();
      launched = await launch();
      ({ page } = launched);
      page.setDefaultTimeout(PATIENCE);
      await showCase(page, casePath);
      await page.getByRole('navigation').getByRole('button', { name: 'Report', exact: true }).click();
    });
    afterAll(async () => {
      await launched.close();
      rmSync(folder, { recursive: true, force: true });
    });

    const preview = () => page.frameLocator('iframe[title="Report preview"]');
    const heading = (name: RegExp) => preview().getByRole('heading', { level: 2, name });

    it('shows what was chosen at once: chapters, findings, hosts and notes', async () => {
      await heading(/Hosts one by one/).waitFor();
      await page.getByLabel('Hosts one by one').uncheck();
      await page.getByLabel('Terms').uncheck();
      await heading(/Hosts one by one/).waitFor({ state: 'detached' });
      await preview().getByText('without the chapters “Hosts one by one” and “Terms”').waitFor();
      await page.getByText('Findings all').click();
      await page.getByText(/^Coverage 1 of 1$/).click();
      await page.getByLabel('All of this kind').uncheck();
      await preview()
        .getByText(/left out by choice, with what is about them: 1 finding/)
        .waitFor();
      await page.getByText(/^Notes 0 of 1$/).click();
      await page.getByLabel('Of note').check();
      await heading(/Notes of the examiner/).waitFor();
      for (const theme of ['dark', 'light']) {
        await page.evaluate((wanted) => {
          document.documentElement.dataset['theme'] = wanted;
        }, theme);
        for (const [width, height] of [
          [1440, 900],
          [1280, 720],
        ] as const) {
          await page.setViewportSize({ width, height });
          if (PICTURES !== '') await page.screenshot({ path: join(PICTURES, `report-${theme}-${height}.png`) });
        }
        expect(await axeFaults(page)).toEqual([]);
      }
    });

    it('saves what was shown, and enters every choice into the audit log', async () => {
      const path = join(folder, 'report.html');
      await launched.app.answerNextDialog([path]);
      await page.getByRole('button', { name: 'Save as HTML…' }).click();
      await page.getByText('Report saved').waitFor();
      const html = readFileSync(path, 'utf8');
      expect(html).toContain('Of note');
      expect(html).not.toContain('Hosts one by one</h2>');
      const reader = new CaseReader(casePath);
      const entry = reader.audit().find(({ action }) => action === 'report');
      const coverage = reader.findings().find(({ kind }) => kind === 'coverage');
      reader.close();
      expect(JSON.parse(entry?.detail ?? '')).toMatchObject({
        file: 'report.html',
        leaveOutFindings: [coverage?.id],
        chapters: expect.not.arrayContaining(['hosts', 'terms']) as string[],
      });
    });
  },
);
