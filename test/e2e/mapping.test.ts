import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Engine } from '../../electron/engine/engine.ts';
import { shippedProfile } from '../../electron/engine/shipped-profiles.ts';
import { checkMapping } from '../../shared/mapping.ts';
import { ask, askRaw } from './ask.ts';
import { axeFaults } from './axe-faults.ts';
import { dropFiles } from './drop.ts';
import { cannotLaunch, type Launched, launch } from './launch.ts';
import { PATIENCE } from './patience.ts';
import { sampleCapture } from './sample-capture.ts';
import { failByErrors, stopAtFirstFault } from './story.ts';

/** Importing with statements: the columns of an odd text export, the clock of a capture, further hashes. */

const reason = cannotLaunch === null ? '' : ` (${cannotLaunch})`;

/** Folder for pictures of the dialog, to be looked at; none are taken without it. */
const PICTURES = process.env['ENCLAVE_PICTURES'] ?? '';

const FLOWS = 40;

/** An export that nobody has described: times in a form of its own, columns called in a language of its own. */
function oddExport(): string {
  const lines = ['Zeitpunkt;Dauer;Von;Nach;Quellport;Zielport;Art;gesendet;empfangen;Ziel'];
  for (let i = 0; i < FLOWS; i++) {
    const minute = String(i).padStart(2, '0');
    lines.push(
      `17.05.2017 09h${minute};12;10.0.0.${i + 1};198.51.100.${i + 1};${40_000 + i};443;TCP;${1000 + i};${5000 + i};=cmd<b>${i}.example`,
    );
  }
  // A record that is wrong costs itself.
  lines.push('whenever;12;10.0.0.1;198.51.100.1;40000;443;TCP;1;1;x');
  return `${lines.join('\n')}\n`;
}

describe.skipIf(cannotLaunch !== null)(`an import with statements${reason}`, { timeout: 3 * PATIENCE }, () => {
  let folder = '';
  let odd = '';
  let launched: Launched;
  let page: Page;
  let dialog: Locator;
  let panel: Locator;
  stopAtFirstFault();
  const watch = failByErrors();

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'enclave-mapping-'));
    odd = join(folder, 'odd \u202eexport.csv');
    writeFileSync(odd, oddExport());
    const casePath = join(folder, 'case.enclave');
    const engine = new Engine();
    await engine.run('new', {
      case: casePath,
      title: 'Statements',
      examiner: '',
      authority: '',
      profile: shippedProfile('default'),
    });
    await engine.close();
    launched = await launch({ case: casePath });
    ({ page } = launched);
    page.setDefaultTimeout(PATIENCE);
    watch(page);
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.getByText('This case holds no flows yet').waitFor();
    dialog = page.getByRole('dialog', { name: 'Import with statements' });
    panel = page.getByLabel('Job in work');
  }, PATIENCE);
  afterAll(async () => {
    await launched.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** No rule of axe is broken, light or dark; pictures where they are asked for. */
  async function looksRight(name: string): Promise<void> {
    for (const theme of ['dark', 'light']) {
      await page.evaluate((wanted) => {
        document.documentElement.dataset['theme'] = wanted;
      }, theme);
      if (PICTURES !== '') await page.screenshot({ path: join(PICTURES, `${name}-${theme}.png`) });
      expect(await axeFaults(page), `${name}, ${theme}`).toEqual([]);
    }
  }

  it('looks into no file that it was not given', async () => {
    const answer = await askRaw(page, 'previewText', { path: odd, mapping: null });
    expect(answer).toMatchObject({ ok: false, error: { code: 'not-given' } });
    const sideways = `${join(folder, 'nowhere')}/../case.enclave`;
    expect(await askRaw(page, 'previewText', { path: sideways, mapping: null })).toMatchObject({
      error: { code: 'not-given' },
    });
  });

  it('offers to say what the columns mean of a text that was rejected', async () => {
    await dropFiles(page, [odd]);
    await panel.getByText('rejected', { exact: true }).waitFor();
    await panel.getByText('Zeitpunkt, Dauer, Von, Nach').waitFor();
    await looksRight('rejected');
    await panel.getByRole('button', { name: 'Say what its columns mean…' }).click();
    await dialog.waitFor();
    await dialog.getByText('Enclave is not sure what the columns mean, and would refuse the file.').waitFor();
    await expect.poll(() => dialog.getByRole('button', { name: 'Import', exact: true }).isDisabled()).toBe(true);
    await looksRight('refused');
  });

  it('shows what comes of the choices while they are made', async () => {
    const { mapping } = await ask(page, 'previewText', { path: odd, mapping: null });
    expect(mapping).toBeNull();
    await dialog.getByLabel('Columns parted by').selectOption({ label: 'semicolons' });
    for (const [field, column] of [
      ['Initiator', 'Von'],
      ['Responder', 'Nach'],
      ['Initiator’s port', 'Quellport'],
      ['Responder’s port', 'Zielport'],
      ['Transport', 'Art'],
      ['Bytes out', 'gesendet'],
      ['Bytes in', 'empfangen'],
      ['Host name', 'Ziel'],
      ['Duration', 'Dauer'],
    ] as const) {
      await dialog.getByLabel(field, { exact: true }).selectOption({ label: column });
    }
    await dialog.getByText('Choose a column for Start.').waitFor();
    await dialog.getByLabel('Start', { exact: true }).selectOption({ label: 'Zeitpunkt' });
    // The wrong form of time: every record is lost, and it says so.
    await dialog.getByText('No flow comes of the beginning of the file.').waitFor();
    await dialog.getByText(`(bad-time, ${FLOWS + 1}×, first at line 2)`).waitFor();
    await dialog.getByLabel('Start: written as').selectOption({ label: 'pattern' });
    await dialog.getByLabel('Start: pattern').fill('%d.%m.%Y %Hh%M');
    await dialog.getByLabel('Start: time zone').fill('Asia/Pyongyang');
    await dialog.getByLabel('A record counts').selectOption({ label: 'both directions' });
    // Enter ends a value, not the dialog.
    await page.keyboard.press('Enter');
    await dialog.getByText('The first 20 flows').waitFor();
    await dialog.getByText(`(bad-time, 1×, first at line ${FLOWS + 2})`).waitFor();
    const first = dialog.getByRole('group', { name: 'Flows as they would be imported' }).locator('tbody tr').first();
    // Pyongyang was at +08:30 in May 2017.
    expect(await first.locator('td').allInnerTexts()).toEqual([
      '2017-05-17 00:30:00',
      '00:30:12',
      '10.0.0.1:40000',
      '198.51.100.1:443',
      'tcp',
      '0 / 0',
      '1,000 / 5,000',
      '=cmd<b>0.example',
    ]);
    await looksRight('mapped');
  });

  it('tells a zone that is none, and waits for a right one', async () => {
    await dialog.getByLabel('Start: time zone').fill('Mars/Olympus');
    await dialog.getByText('Start: zone: not an IANA time zone').waitFor();
    expect(await dialog.getByRole('button', { name: 'Import', exact: true }).isDisabled()).toBe(true);
    await dialog.getByLabel('Start: time zone').fill('Asia/Pyongyang');
    await expect.poll(() => dialog.getByRole('button', { name: 'Import', exact: true }).isDisabled()).toBe(false);
  });

  it('saves the mapping and opens it again', async () => {
    const path = join(folder, 'mapping.json');
    await launched.app.answerNextDialog([path]);
    await dialog.getByRole('button', { name: 'Save mapping…' }).click();
    await dialog.getByText(`Saved: ${path}`).waitFor();
    const saved: unknown = JSON.parse(readFileSync(path, 'utf8'));
    expect(checkMapping(saved)).toMatchObject({ ok: true });

    await dialog.getByLabel('Start', { exact: true }).selectOption({ index: 0 });
    await dialog.getByText('Choose a column for Start.').waitFor();
    const wrong = join(folder, 'wrong.json');
    writeFileSync(wrong, '{"name": "wrong"}');
    await launched.app.answerNextDialog([wrong]);
    await dialog.getByRole('button', { name: 'Open mapping…' }).click();
    await dialog.getByText('The mapping is wrong at').waitFor();
    await launched.app.answerNextDialog([path]);
    await dialog.getByRole('button', { name: 'Open mapping…' }).click();
    await expect.poll(() => dialog.getByLabel('Start: pattern').inputValue()).toBe('%d.%m.%Y %Hh%M');
    await dialog.getByText('The first 20 flows').waitFor();
  });

  it('imports it as it was said, and shows the flows', async () => {
    await dialog.getByRole('button', { name: 'Import', exact: true }).click();
    await dialog.waitFor({ state: 'detached' });
    await panel.getByText('Import finished').waitFor();
    await panel.getByText('partly read', { exact: true }).waitFor();
    await panel.getByRole('button', { name: 'Close' }).click();
    const { flows, total } = await ask(page, 'flowsPage', { where: '', offset: 0, limit: 1 });
    expect(total).toBe(FLOWS);
    expect(flows).toMatchObject([
      { start: '2017-05-17T00:30:00.000000Z', initiator: '10.0.0.1', responderPort: 443, bytesIn: 5000 },
    ]);
    await page.getByRole('navigation').getByRole('button', { name: 'Flows', exact: true }).click();
    await page.getByText(`of ${FLOWS}, in stored order`).waitFor();
    await page.locator('.flow-rows [role=row]').first().getByText('198.51.100.1', { exact: false }).first().waitFor();
  });

  it('states clock and hashes of a capture by keyboard, and the report prints them', async () => {
    const capture = await sampleCapture(join(folder, 'sample'));
    expect(await launched.app.clickMenuItem('import-with-statements')).toBe(true);
    await dialog.waitFor();
    await looksRight('empty');
    await launched.app.answerNextDialog([capture]);
    // The focus stands on what is to be done first.
    await page.keyboard.press('Enter');
    await dialog.getByText('week-1.pcap').waitFor();
    await dialog.getByLabel('Offset, seconds').focus();
    await page.keyboard.type('-90.5');
    await dialog.getByText('A clock offset needs a reason.').waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.type('compared with <b>NTP</b>');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Space');
    expect(await dialog.getByLabel('SHA-1').isChecked()).toBe(true);
    await page.keyboard.press('Enter');
    await panel.getByText('Import finished').waitFor();
    const report = await ask(page, 'reportHtml', null);
    expect(report).toContain(
      '\u221290.5 s added to every recorded time, as stated by the examiner: compared with &lt;b&gt;NTP&lt;/b&gt;',
    );
    expect(report).toMatch(/SHA1|SHA-1/);
    expect(existsSync(capture)).toBe(true);
  });

  it('takes files that are dropped on it, and imports nothing when it is left', async () => {
    await panel.getByRole('button', { name: 'Close' }).click();
    const before = (await ask(page, 'overview', null))?.evidence.length;
    expect(await launched.app.clickMenuItem('import-with-statements')).toBe(true);
    await dialog.waitFor();
    const other = join(folder, 'other.csv');
    writeFileSync(other, 'a,b,c\n1,2,3\n');
    await dropFiles(page, [other]);
    await dialog.getByText('other.csv').waitFor();
    expect(await ask(page, 'previewText', { path: other, mapping: null })).toMatchObject({ origin: 'refused' });
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    expect((await ask(page, 'overview', null))?.evidence.length).toBe(before);
  });

  it('refuses statements that cannot be', async () => {
    for (const custody of [
      { clockOffset: 1 },
      { clockOffset: 1e12, clockReason: 'x' },
      { alsoHash: ['crc32'] },
      { mapping: {} },
    ]) {
      expect(await askRaw(page, 'importEvidence', { paths: [odd], custody })).toMatchObject({
        ok: false,
        error: { code: 'bad-request' },
      });
    }
  });
});
