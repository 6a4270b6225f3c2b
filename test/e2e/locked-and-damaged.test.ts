import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Engine } from '../../electron/engine/engine.ts';
import { shippedProfile } from '../../electron/engine/shipped-profiles.ts';
import { ask } from './ask.ts';
import { axeFaults } from './axe-faults.ts';
import { cannotLaunch, type Launched, launch } from './launch.ts';

/** Cases that do not simply open: an encrypted one wants its passphrase, a damaged one comes back from its backup. */

const PASSPHRASE = 'correct horse battery';

describe.skipIf(cannotLaunch !== null)(
  `a locked or damaged case${cannotLaunch === null ? '' : ` (${cannotLaunch})`}`,
  () => {
    let folder = '';
    let casePath = '';
    let launched: Launched;
    let page: Page;

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'enclave-encrypted-e2e-'));
      casePath = join(folder, 'secret.enclave');
      launched = await launch({ documents: folder });
      ({ page } = launched);
      await page.setViewportSize({ width: 1280, height: 720 });
    });
    afterAll(async () => {
      await launched.close();
      rmSync(folder, { recursive: true, force: true });
    });

    it('an encrypted case is made with a passphrase typed twice', async () => {
      await page.getByRole('button', { name: /^New case/ }).click();
      const dialog = page.getByRole('dialog', { name: 'New case' });
      await dialog.getByLabel('Title').fill('Secret');
      await dialog.getByLabel('Encrypt the case').check();
      await dialog.getByLabel('Passphrase', { exact: true }).fill(PASSPHRASE);
      await dialog.getByLabel('The same again').fill('correct');
      await dialog.getByText('Type the same in both fields').waitFor();
      expect(await axeFaults(page)).toEqual([]);
      await dialog.getByLabel('The same again').fill(PASSPHRASE);
      await launched.app.answerNextDialog([casePath]);
      await dialog.getByRole('button', { name: 'Choose where to save…' }).click();
      await page.locator('.case-shell').waitFor();
      expect(readFileSync(casePath).includes('Secret')).toBe(false);
      expect((await ask(page, 'record', null)).facts.title).toBe('Secret');
      await ask(page, 'closeCase', null);
    });

    it('an encrypted case asks for it when it is opened, and says when it does not fit', async () => {
      await page.reload();
      await page.getByRole('button', { name: /secret\.enclave/ }).click();
      const dialog = page.getByRole('dialog', { name: 'Open an encrypted case' });
      await dialog.getByLabel('Passphrase').fill('another one');
      await dialog.getByRole('button', { name: 'Open', exact: true }).click();
      await dialog.getByText('The passphrase does not fit this case').waitFor();
      expect(await axeFaults(page)).toEqual([]);
      await dialog.getByLabel('Passphrase').fill(PASSPHRASE);
      await page.keyboard.press('Enter');
      await page.locator('.case-shell').waitFor();
      expect((await ask(page, 'record', null)).facts.title).toBe('Secret');
      await ask(page, 'closeCase', null);
    });

    it('a damaged case comes back from its newest backup', async () => {
      const path = join(folder, 'damaged.enclave');
      const engine = new Engine();
      await engine.run('new', { case: path, profile: shippedProfile('default'), title: 'Kept' });
      const note = { target: 'case', text: 'kept too', tags: [], inReport: false, decision: null };
      await engine.run('addNote', { case: path, note });
      await engine.close();
      const bytes = readFileSync(path);
      bytes.fill(0xff, 100, 200_000);
      writeFileSync(path, bytes);
      await page.reload();
      await launched.app.answerNextDialog([path]);
      await page.getByRole('button', { name: /^Open case/ }).click();
      const restore = page.getByRole('button', { name: 'Bring it back from its newest backup' });
      await restore.waitFor();
      expect(await axeFaults(page)).toEqual([]);
      await restore.click();
      await page.getByText(/^The case is back from .*\.backup/).waitFor();
      expect((await ask(page, 'notes', { target: null, search: null })).map(({ text }) => text)).toEqual(['kept too']);
    });
  },
);
