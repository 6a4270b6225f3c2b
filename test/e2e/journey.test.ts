import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CaseReader } from '../../electron/casefile/case-reader.ts';
import { Engine } from '../../electron/engine/engine.ts';
import { shippedProfile } from '../../electron/engine/shipped-profiles.ts';
import type { Finding } from '../../shared/finding.ts';
import { faultsOf } from '../cli/case-state.ts';
import { CORPUS, corpusFiles } from '../corpus.ts';
import { ask } from './ask.ts';
import { dropFiles } from './drop.ts';
import { cannotLaunch, type Launched, launch } from './launch.ts';
import { PATIENCE } from './patience.ts';
import { longCapture, sampleCapture } from './sample-capture.ts';
import { failByErrors, stopAtFirstFault } from './story.ts';

/**
 * One examination from an empty settings folder to a report in hand and back again, on a real capture where the corpus is
 * there. Steps of one story follow on each other: each begins where the one before ended.
 */

const reason = cannotLaunch === null ? '' : ` (${cannotLaunch})`;

/** The largest sound Ethernet capture of the corpus between 1 and 20 MB; null when there is none. */
function realCapture(): string | null {
  const [largest] = corpusFiles()
    .filter(({ format, linkType, packets }) => format === 'pcap' && linkType.startsWith('1 ') && (packets ?? 0) > 1000)
    .filter(({ bytes }) => bytes >= 1e6 && bytes <= 2e7)
    .toSorted((a, b) => b.bytes - a.bytes);
  return largest === undefined ? null : `${CORPUS}${largest.path}`;
}

const sha256Of = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');
const printed = (value: number): string => value.toLocaleString('en-GB');

function prepared({ page }: Launched): Page {
  page.setDefaultTimeout(PATIENCE);
  return page;
}

function go(page: Page, view: string): Promise<void> {
  return page.getByRole('navigation').getByRole('button', { name: view, exact: true }).click();
}

function filterOf(page: Page): Promise<string> {
  return page.getByLabel('Filter', { exact: true }).inputValue();
}

function matches(page: Page): Promise<string> {
  return page.locator('.matches strong').innerText();
}

function panelOf(page: Page): Locator {
  return page.getByLabel('Job in work');
}

/** How many flows match, asked of the engine past the page, as the page prints numbers. */
async function flowsOf(page: Page, where: string): Promise<string> {
  return printed((await ask(page, 'flowsPage', { where, offset: 0, limit: 1 })).total);
}

async function importFinished(page: Page): Promise<void> {
  await panelOf(page).getByText('Import finished').waitFor();
}

/** Fills in the dialog that is open, and lets the case be made at `casePath`. */
async function makeCase({ page, app }: Launched, title: string, casePath: string): Promise<void> {
  await page.getByLabel('Title').fill(title);
  await app.answerNextDialog([casePath]);
  await page.getByRole('button', { name: 'Choose where to save…' }).click();
  await page.getByRole('heading', { name: title, exact: true }).waitFor();
}

/** Pages of a PDF, as its last page says; by its page objects where no pdftotext is installed. */
function pagesOf(path: string): number {
  const { status, stdout } = spawnSync('pdftotext', ['-layout', path, '-'], { encoding: 'utf8' });
  if (status !== 0) return readFileSync(path, 'latin1').match(/\/Type\s*\/Page\b(?!s)/g)?.length ?? 0;
  const told = [...stdout.matchAll(/\bpage (\d+) of (\d+)\b/g)];
  expect(told.map(([, page]) => Number(page))).toEqual(told.map((_, index) => index + 1));
  expect(new Set(told.map(([, , pages]) => pages)).size).toBe(1);
  return told.length;
}

/** The audit entries of one action, as the case holds them. */
function auditOf(casePath: string, action: string): Record<string, unknown>[] {
  const reader = new CaseReader(casePath);
  try {
    return reader
      .audit()
      .filter((entry) => entry.action === action)
      .map((entry) => JSON.parse(entry.detail) as Record<string, unknown>);
  } finally {
    reader.close();
  }
}

async function expectSound(casePath: string): Promise<void> {
  const engine = new Engine();
  try {
    expect(await faultsOf(engine, casePath)).toEqual([]);
  } finally {
    await engine.close();
  }
  expect(existsSync(`${casePath}-wal`)).toBe(false);
  expect(existsSync(`${casePath}-lock`)).toBe(false);
}

describe.skipIf(cannotLaunch !== null)(`an examination from start to end${reason}`, { timeout: 3 * PATIENCE }, () => {
  const real = realCapture();
  let folder = '';
  let capture = '';
  let casePath = '';
  let userData = '';
  let launched: Launched;
  let page: Page;
  let flows = '';
  let findings: Finding[] = [];
  stopAtFirstFault();
  const watch = failByErrors();

  async function start(): Promise<void> {
    launched = await launch({ userData });
    page = prepared(launched);
    watch(page);
    await page.getByRole('heading', { name: 'Recent cases' }).waitFor();
  }

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'enclave-journey-'));
    userData = join(folder, 'userData');
    casePath = join(folder, 'journey.enclave');
    capture = real ?? (await sampleCapture(join(folder, 'sample')));
    await start();
  });
  afterAll(async () => {
    await launched.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('starts with nothing known', async () => {
    await page.getByText('None yet. Cases that you open will stand here.').waitFor();
    expect((await ask(page, 'appInfo', null)).recentCases).toEqual([]);
  });

  it(`makes a new case of a dropped ${real === null ? 'sample capture' : 'real capture'} and imports it`, async () => {
    await dropFiles(page, [capture]);
    await page.getByText(`${basename(capture)} is imported once the case is there.`).waitFor();
    await makeCase(launched, 'Journey', casePath);
    await importFinished(page);
    const overview = await ask(page, 'overview', null);
    expect(overview?.evidence).toMatchObject([{ path: capture, sha256: sha256Of(capture), status: 'imported' }]);
    expect(overview?.flows).toBeGreaterThan(100);
    flows = printed(overview?.flows ?? 0);
    findings = await ask(page, 'findings', null);
    expect(findings.length).toBeGreaterThan(0);
    await panelOf(page).getByRole('button', { name: 'Close' }).click();
    await expect.poll(() => matches(page)).toBe(flows);
  });

  it('brushes a span of time that every view follows', async () => {
    await go(page, 'Timeline');
    const chart = page.getByRole('application', { name: /Activity over time/ });
    const box = await chart.boundingBox();
    if (box === null) throw new Error('no chart');
    await page.mouse.move(box.x + box.width * 0.4, box.y + 80);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.8, box.y + 80, { steps: 4 });
    await page.mouse.up();
    await expect.poll(() => filterOf(page)).toMatch(/^start >= \S+ and start < \S+$/);
    const within = await flowsOf(page, await filterOf(page));
    await expect.poll(() => matches(page)).toBe(within);
    await go(page, 'Flows');
    await page.getByText(`of ${within}, in stored order`).waitFor();
    await page.getByRole('button', { name: 'Clear', exact: true }).click();
    await expect.poll(() => matches(page)).toBe(flows);
  });

  it('opens a host, filters to it, goes back, and undoes', async () => {
    await go(page, 'Hosts');
    const { hosts, all } = await ask(page, 'hosts', { where: '', limit: 1 });
    const host = hosts[0]?.host ?? '';
    await page.getByRole('heading', { name: `${printed(all)} hosts` }).waitFor();
    await page.locator('.flow-rows [role=row]').first().click();
    const hostPage = page.getByRole('complementary', { name: `Host: ${host}` });
    await hostPage.getByText('Under this filter').waitFor();
    await hostPage.getByRole('button', { name: 'Filter to this' }).click();
    await expect.poll(() => filterOf(page)).toBe(`host = ${host}`);
    expect(await flowsOf(page, `host = ${host}`)).toBe(printed(hosts[0]?.flows ?? 0));
    await expect.poll(() => matches(page)).toBe(printed(hosts[0]?.flows ?? 0));
    await page.getByRole('button', { name: 'Back', exact: true }).click();
    await expect.poll(() => filterOf(page)).toBe('');
    await hostPage.waitFor();
    await page.getByRole('button', { name: 'Forward', exact: true }).click();
    await expect.poll(() => filterOf(page)).toBe(`host = ${host}`);
    await go(page, 'Map');
    await page.waitForTimeout(200);
    await page.getByRole('button', { name: /^Undo/ }).click();
    await expect.poll(() => filterOf(page)).toBe('');
    await page.getByRole('heading', { name: 'Peers by country' }).waitFor();
    await go(page, 'Flows');
  });

  it('filters by typing, and explains the label of a flow', async () => {
    const field = page.getByLabel('Filter', { exact: true });
    await field.fill('labelEvidence = payload');
    await field.press('Enter');
    const labelled = await flowsOf(page, 'labelEvidence = payload');
    expect(labelled).not.toBe('0');
    await page.getByText(`of ${labelled}, in stored order`).waitFor();
    const [first] = (await ask(page, 'flowsPage', { where: 'labelEvidence = payload', offset: 0, limit: 1 })).flows;
    await page.locator('.flow-rows [role=row]').first().click();
    const inspector = page.getByRole('complementary', { name: 'Flow', exact: true });
    await inspector.getByText('a rule recognised the first bytes').waitFor();
    expect(await inspector.locator('.detail').innerText()).toBe(first?.labelDetail);
    await inspector.getByText(basename(capture), { exact: true }).waitFor();
    await inspector.getByText(first?.id ?? '', { exact: true }).waitFor();
    await inspector.getByRole('button', { name: 'Close' }).click();
    await inspector.waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Clear', exact: true }).click();
  });

  it('prints the report: a PDF and an HTML file, both in the audit log with their SHA-256', async () => {
    await go(page, 'Report');
    const preview = page.frameLocator('iframe[title="Report preview"]');
    await preview.getByRole('heading', { name: 'Journey', exact: true }).waitFor();
    const reports = { pdf: join(folder, 'report.pdf'), html: join(folder, 'report.html') };
    await launched.app.answerNextDialog([reports.pdf]);
    await page.getByRole('button', { name: 'Save as PDF…' }).click();
    await page.getByText(`SHA-256 ${await savedHash(reports.pdf)}`).waitFor();
    expect(readFileSync(reports.pdf, 'latin1').slice(0, 5)).toBe('%PDF-');
    expect(pagesOf(reports.pdf)).toBeGreaterThan(1);
    await launched.app.answerNextDialog([reports.html]);
    await page.getByRole('button', { name: 'Save as HTML…' }).click();
    await page.getByText(`SHA-256 ${await savedHash(reports.html)}`).waitFor();
    expect(readFileSync(reports.html, 'utf8')).toContain(sha256Of(capture));
    expect(auditOf(casePath, 'report')).toMatchObject([
      { file: 'report.pdf', sha256: sha256Of(reports.pdf) },
      { file: 'report.html', sha256: sha256Of(reports.html) },
    ]);
  });

  /** Hash of a file that appears whole. */
  async function savedHash(path: string): Promise<string> {
    await expect.poll(() => existsSync(path), { timeout: PATIENCE }).toBe(true);
    return sha256Of(path);
  }

  it('quits, and on the next start shows the same case', async () => {
    await launched.app.quit();
    await expectSound(casePath);
    await launched.close();
    await start();
    await page.getByRole('button', { name: /Journey/ }).click();
    await page.getByRole('heading', { name: 'Categories' }).waitFor();
    await expect.poll(() => matches(page)).toBe(flows);
    expect(await ask(page, 'findings', null)).toEqual(findings);
    await go(page, 'Findings');
    await page.getByText(`${findings.length} about the whole case`).waitFor();
  });

  it('adds a folder by its dialog, and another by dropping it', async () => {
    const inner = join(folder, 'evidence', 'deeper');
    mkdirSync(inner, { recursive: true });
    writeFileSync(join(inner, 'note.txt'), 'no evidence\n'.repeat(100));
    copyFileSync(await sampleCapture(join(folder, 'sample')), join(inner, 'second.pcap'));
    await launched.app.answerNextDialog([join(folder, 'evidence')]);
    expect(await launched.app.clickMenuItem('add-folders')).toBe(true);
    await importFinished(page);
    const panel = panelOf(page);
    await panel.getByText('second.pcap', { exact: true }).waitFor();
    await panel.getByText('note.txt', { exact: true }).waitFor();
    const paths = (await ask(page, 'overview', null))?.evidence.map(({ path }) => path);
    expect(paths).toContain(join(inner, 'second.pcap'));

    await panel.getByRole('button', { name: 'Close' }).click();
    const other = join(folder, 'dropped');
    mkdirSync(other);
    copyFileSync(join(inner, 'second.pcap'), join(other, 'again.pcap'));
    await dropFiles(page, [other]);
    await importFinished(page);
    await panel.getByText('in the case already', { exact: true }).waitFor();
    await panel.getByRole('button', { name: 'Close' }).click();
  });
});

describe.skipIf(cannotLaunch !== null)(`a long import${reason}`, { timeout: 3 * PATIENCE }, () => {
  let folder = '';
  let bad = '';
  let long = '';
  let casePath = '';
  let launched: Launched;
  let page: Page;
  let hasEnded = false;
  stopAtFirstFault();
  const watch = failByErrors();

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'enclave-journey-'));
    casePath = join(folder, 'long.enclave');
    const capture = await sampleCapture(join(folder, 'sample'));
    bad = join(folder, 'a-note.pcap');
    writeFileSync(bad, 'nothing of the kind\n'.repeat(100));
    const bytes = readFileSync(capture);
    // Wide enough to hit a record's header.
    bytes.fill(0xff, bytes.length >> 1, (bytes.length >> 1) + 8192);
    const damaged = join(folder, 'sample', 'damaged.pcap');
    writeFileSync(damaged, bytes);
    long = longCapture(damaged, join(folder, 'long.pcap'), 160);
    launched = await launch();
    page = prepared(launched);
    watch(page);
    void launched.app.ended.finally(() => {
      hasEnded = true;
    });
    await page.getByRole('heading', { name: 'Recent cases' }).waitFor();
  });
  afterAll(async () => {
    await launched.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('shows how far it is, how fast, and how long it will take', async () => {
    await dropFiles(page, [bad, long]);
    await makeCase(launched, 'Long', casePath);
    // Looked at within the page, at every frame: no state is too short to be seen.
    await page.waitForFunction(() => {
      const panel = document.querySelector('.job');
      const bar = panel?.querySelector<HTMLProgressElement>('progress[value]');
      if (panel === null || bar === null || bar === undefined || bar.value <= 0 || bar.value >= bar.max) return false;
      const facts = [...panel.querySelectorAll('dl div')].map((fact) => fact.textContent);
      const tells = (pattern: RegExp): boolean => facts.some((fact) => pattern.test(fact));
      return (
        tells(/^File2 of 2$/) &&
        tells(/^Read[\d.]+ MB of [\d.]+ MB$/) &&
        tells(/^Rate[1-9][\d.]* .?B\/s$/) &&
        tells(/^Packets[1-9][\d,]* \([1-9][\d,]*\/s\)$/) &&
        tells(/^Remainingabout \d/)
      );
    });
    expect(hasEnded).toBe(false);
  });

  it('tells what is bad while the rest is still being read', async () => {
    const panel = panelOf(page);
    const told = panel.locator('.job-file');
    await told
      .filter({ hasText: basename(bad) })
      .getByText('rejected', { exact: true })
      .waitFor();
    await told
      .filter({ hasText: basename(bad) })
      .locator('.problem')
      .waitFor();
    const reading = told.filter({ hasText: basename(long) });
    await reading.locator('.problem').filter({ hasText: 'searching for the next sound record' }).waitFor();
    await reading.getByText('being read', { exact: true }).waitFor();
    expect(await panel.getByRole('heading').innerText()).toBe('Reading evidence');
  });

  it('fills the views with flows and provisional labels', async () => {
    await panelOf(page).getByText('Their labels are provisional').waitFor();
    await page.getByRole('heading', { name: 'Categories' }).waitFor();
    const categories = page.getByRole('region', { name: 'Categories' });
    await categories
      .getByRole('button', { name: /^(web|social|streaming|gaming)/ })
      .first()
      .waitFor();
    const seen = await ask(page, 'overview', null);
    expect(seen?.flows).toBeGreaterThan(0);
    expect(seen?.evidence).toEqual([]);
    await panelOf(page).getByRole('heading', { name: 'Reading evidence' }).waitFor();
  });

  it('stands still while it is paused, by keyboard, and reads on', async () => {
    const panel = panelOf(page);
    const read = async (): Promise<number> => Number(await panel.locator('progress[value]').getAttribute('value'));
    await panel.getByRole('button', { name: 'Pause' }).focus();
    await page.keyboard.press('Enter');
    await panel.getByText('Paused: the rest is read when you go on').waitFor();
    const paused = await read();
    await page.waitForTimeout(700);
    expect(await read()).toBe(paused);
    await panel.getByRole('button', { name: 'Go on' }).focus();
    await page.keyboard.press('Enter');
    await expect.poll(read).toBeGreaterThan(paused);
  });

  it('asks before it quits, and goes on when it shall keep working', async () => {
    const readSoFar = panelOf(page).locator('progress[value]');
    const before = Number(await readSoFar.getAttribute('value'));
    await launched.app.answerNextDialog(0);
    void launched.app.quit();
    await expect
      .poll(async () => Number(await readSoFar.getAttribute('value')), { timeout: PATIENCE })
      .toBeGreaterThan(before);
    expect(hasEnded).toBe(false);
  });

  it('stops when told so, ends, and leaves a sound case', async () => {
    await launched.app.answerNextDialog(1);
    await launched.app.quit();
    await expectSound(casePath);
    const reader = new CaseReader(casePath);
    expect(reader.evidence()).toEqual([]);
    reader.close();
  });
});

describe.skipIf(cannotLaunch !== null)(`evidence named on the command line${reason}`, { timeout: 3 * PATIENCE }, () => {
  let folder = '';
  let capture = '';
  const running: Launched[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'enclave-journey-'));
    capture = await sampleCapture(join(folder, 'sample'));
  });
  afterAll(async () => {
    for (const each of running) await each.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('without a case asks for a new one', async () => {
    const launched = await launch({ evidence: [capture] });
    running.push(launched);
    prepared(launched);
    await launched.page.getByText(`${basename(capture)} is imported once the case is there.`).waitFor();
    await makeCase(launched, 'Named', join(folder, 'named.enclave'));
    await importFinished(launched.page);
    const overview = await ask(launched.page, 'overview', null);
    expect(overview?.evidence.map(({ path }) => path)).toEqual([capture]);
    // Started once more on the case that is open, with other evidence: the same window takes it.
    const other = join(folder, 'note.pcap');
    writeFileSync(other, 'nothing of the kind\n'.repeat(100));
    await panelOf(launched.page).getByRole('button', { name: 'Close' }).click();
    await launched.app.secondInstance([join(folder, 'named.enclave'), other]);
    await panelOf(launched.page).getByText(basename(other), { exact: true }).waitFor();
    expect(launched.app.pages()).toHaveLength(1);
  });

  it('with a case is imported into it', async () => {
    const casePath = join(folder, 'given.enclave');
    const engine = new Engine();
    const facts = { title: 'Given', examiner: '', authority: '', profile: shippedProfile('default') };
    await engine.run('new', { case: casePath, ...facts });
    await engine.close();
    const launched = await launch({ case: casePath, evidence: [capture] });
    running.push(launched);
    prepared(launched);
    await importFinished(launched.page);
    const overview = await ask(launched.page, 'overview', null);
    expect(overview).toMatchObject({ title: 'Given', evidence: [{ path: capture, status: 'imported' }] });
  });
});
