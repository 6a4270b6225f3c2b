import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CaseReader } from '../../electron/casefile/case-reader.ts';
import { ask, askRaw } from './ask.ts';
import { axeFaults } from './axe-faults.ts';
import { captureCase, showCase } from './capture-case.ts';
import { cannotLaunch, type Launched, launch } from './launch.ts';

/** Notes and case facts in the window: what is typed there is in the case. */

const TEXT = 'Seen <b>twice</b>\nlook again';

describe.skipIf(cannotLaunch !== null)(
  `the record of a case${cannotLaunch === null ? '' : ` (${cannotLaunch})`}`,
  () => {
    let folder = '';
    let casePath = '';
    let launched: Launched;
    let page: Page;

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'enclave-record-e2e-'));
      casePath = await captureCase(folder, 'Noted');
      launched = await launch();
      ({ page } = launched);
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

    it('a note on a flow is listed below it, goes into the report when chosen, and is taken out', async () => {
      await page.getByRole('navigation').getByRole('button', { name: 'Flows', exact: true }).click();
      await page.locator('.flow-height .flow-row').first().click();
      await page.getByLabel('New note').fill(TEXT);
      await page.getByLabel('Tags').fill('odd, #late');
      await page.getByRole('button', { name: 'Add', exact: true }).click();
      const item = page.locator('.notes li');
      await item.waitFor();
      expect(await item.innerText()).toContain('Seen <b>twice</b>');
      await page.getByLabel('in the report').check();
      await expect.poll(() => inCase((reader) => reader.notes()[0]?.inReport)).toBe(true);
      const [note] = inCase((reader) => reader.notes());
      expect(note).toMatchObject({ text: TEXT, tags: ['odd', 'late'], examiner: 'E. First' });
      const flow = await ask(page, 'flowsPage', { where: '', offset: 0, limit: 1 });
      expect(note?.target).toBe(`flow:${flow.flows[0]?.id ?? ''}`);
      expect(await axeFaults(page)).toEqual([]);
      await page.getByRole('button', { name: 'Remove' }).click();
      await item.waitFor({ state: 'detached' });
      expect(inCase((reader) => reader.notes())).toEqual([]);
    });

    it('a note is found by its words, with what it is about', async () => {
      const note = { target: 'country:KE', text: 'Found <i>again</i>', tags: ['far'], inReport: false, decision: null };
      await ask(page, 'addNote', { note });
      expect(await launched.app.clickMenuItem('case-facts')).toBe(true);
      await page.getByLabel('Words of a note').fill('nowhere');
      await page.getByText('No note of the case holds this.').waitFor();
      await page.getByLabel('Words of a note').fill('AGAIN');
      const item = page.locator('.notes li');
      await item.waitFor();
      expect(await item.innerText()).toMatch(/country:KE[^]*Found <i>again<\/i>[^]*#far/);
      await page.getByText('1 of 1 notes found').waitFor();
      expect(await axeFaults(page)).toEqual([]);
      await item.getByRole('button', { name: 'Remove' }).click();
      await page.getByText('No note of the case holds this.').waitFor();
      await page.getByRole('button', { name: 'Cancel', exact: true }).click();
      await page.getByRole('dialog').waitFor({ state: 'detached' });
    });

    it('the facts of the case are stated anew, and whoever is named does what follows', async () => {
      expect(await launched.app.clickMenuItem('case-facts')).toBe(true);
      await page.getByLabel('Case number').fill('17/2026');
      await page.getByLabel('Scope').fill('May\nonly');
      await page.getByLabel(/At work now/).fill('B. Second');
      expect(await axeFaults(page)).toEqual([]);
      await page.getByRole('button', { name: 'Save', exact: true }).click();
      await page.getByRole('dialog').waitFor({ state: 'detached' });
      const record = inCase((reader) => reader.record());
      expect(record).toMatchObject({
        facts: { number: '17/2026', scope: 'May\nonly', title: 'Noted' },
        atWork: 'B. Second',
        examiners: ['E. First', 'B. Second'],
      });
      await page.getByRole('navigation').getByRole('button', { name: 'Overview', exact: true }).click();
      await page.getByText(record.head ?? 'no head').waitFor();
    });

    it('a state is kept and listed; what is no state is refused before anything is done', async () => {
      const state = { name: 'web', filter: 'category = web', view: 'map', metric: 'bytes' } as const;
      expect(await ask(page, 'keepState', { state })).toMatchObject({ ...state, examiner: 'B. Second' });
      expect(await ask(page, 'keptStates', null)).toMatchObject([state]);
      const entries = (): number => inCase((reader) => reader.record().entries);
      const before = entries();
      for (const [name, request] of [
        ['keepState', { state: { ...state, filter: 'category =' } }],
        ['addNote', { note: { target: 'nothing:1', text: 'x', tags: [], inReport: false, decision: null } }],
        ['changeFacts', { change: { profile: 'x' } }],
        ['beginSitting', { examiner: ' ' }],
      ] as const) {
        expect(await askRaw(page, name, request)).toMatchObject({ ok: false, error: { code: 'bad-request' } });
      }
      expect(entries()).toBe(before);
      await ask(page, 'removeState', { name: 'web' });
      expect(await ask(page, 'keptStates', null)).toEqual([]);
    });
  },
);
