import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { shippedProfile } from '../../electron/engine/shipped-profiles.ts';
import type { FlowRecord } from '../../shared/flow.ts';
import type { Progress } from '../../shared/jobs.ts';
import { ask, askRaw, beginAsk, lastAnswer, nextEvent } from './ask.ts';
import { dropFiles } from './drop.ts';
import { cannotLaunch, type Launched, launch, type LaunchOptions, onElectron } from './launch.ts';
import { longCapture, sampleCapture } from './sample-capture.ts';

/**
 * The calls of the bridge from a page through preload, main and engine and back, on a plain page. Native dialogs and
 * accelerators cannot be driven from outside: what meets them runs on the stand-in only.
 */

const CASE = { title: 'A case', examiner: 'E. Xaminer', authority: '', profile: 'dprk-2017' };

describe.skipIf(cannotLaunch !== null)(
  `calls of the bridge${cannotLaunch === null ? '' : ` (${cannotLaunch})`}`,
  () => {
    let folder = '';
    let capture = '';
    let long = '';
    const launched: Launched[] = [];

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'enclave-calls-'));
      capture = await sampleCapture(join(folder, 'sample'));
      long = longCapture(capture, join(folder, 'long.pcap'), 60);
    });
    afterEach(async () => {
      for (const each of launched.splice(0)) await each.close();
    });
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    async function start(options: LaunchOptions = {}): Promise<Launched> {
      const app = await launch({ plainPage: true, ...options });
      launched.push(app);
      return app;
    }

    function heard(page: Launched['page'], name: string): Promise<unknown[]> {
      return page.evaluate((wanted) => {
        const { heard: all } = globalThis as unknown as { heard: { name: string; event: unknown }[] };
        return all.filter((each) => each.name === wanted).map((each) => each.event);
      }, name);
    }

    /** Drops files, so that the window may import them. */
    async function give(page: Launched['page'], paths: readonly string[]): Promise<void> {
      const before = await page.evaluate(() => (globalThis as unknown as { dropped: unknown[] }).dropped.length);
      await dropFiles(page, paths);
      await page.waitForFunction(
        (count) => (globalThis as unknown as { dropped: unknown[] }).dropped.length > count,
        before,
      );
    }

    it('makes a case, imports a dropped capture with progress, and answers questions about it', async () => {
      const { page, app } = await start();
      const casePath = join(folder, 'one.enclave');
      expect(await ask(page, 'overview', null)).toBeNull();
      expect(await page.title()).toBe('Enclave (preview)');
      await app.answerNextDialog([join(folder, 'one')]);
      const made = await ask(page, 'newCase', { path: null, ...CASE });
      expect(made).toMatchObject({ path: casePath, title: 'A case', evidence: [], flows: 0, firstSeen: null });
      expect(await page.title()).toBe('A case – Enclave (preview)');

      await dropFiles(page, [long]);
      const dropped = await page.waitForFunction(
        () => (globalThis as unknown as { dropped: { paths: string[] }[] }).dropped[0],
      );
      const { paths } = (await dropped.jsonValue()) ?? { paths: [] };
      expect(paths).toEqual([long]);
      const summary = await ask(page, 'importEvidence', { paths });
      expect(summary.totals).toMatchObject({ files: 1, imported: 1, rejected: 0 });
      const progress = (await heard(page, 'progress')) as Progress[];
      expect(progress.some(({ step, bytes, bytesTotal }) => step === 'read' && bytes > 0 && bytes <= bytesTotal)).toBe(
        true,
      );
      expect((await heard(page, 'caseChanged')).length).toBeGreaterThanOrEqual(2);

      const overview = await ask(page, 'overview', null);
      expect(overview?.flows).toBe(summary.totals.flows);
      expect(overview?.evidence[0]?.sha256).toBe(createHash('sha256').update(readFileSync(long)).digest('hex'));
      const byCategory = await ask(page, 'summary', { by: ['category'], metric: 'flows', where: '' });
      expect(byCategory.reduce((sum, row) => sum + Number(row['flows']), 0)).toBe(summary.totals.flows);

      const all: FlowRecord[] = [];
      const where = 'category = social';
      let total = 1;
      while (all.length < total) {
        const part = await ask(page, 'flowsPage', { where, offset: all.length, limit: 300 });
        total = part.total;
        all.push(...part.flows);
      }
      expect(all.length).toBe(Number(byCategory.find((row) => row['category'] === 'social')?.['flows']));
      expect(new Set(all.map((flow) => flow.id)).size).toBe(all.length);
      expect(all.every((flow) => flow.category === 'social')).toBe(true);

      expect((await ask(page, 'findings', null)).length).toBeGreaterThan(0);
      expect(await ask(page, 'reportHtml', null)).toContain('<h1>A case');
      const redacted = await ask(page, 'reportHtml', { redact: 'full' });
      expect(redacted).toContain('<dt>Redaction</dt>');
      expect(redacted).not.toContain('A case');

      await app.answerNextDialog([join(folder, 'report.pdf')]);
      const pdf = await ask(page, 'saveReport', { format: 'pdf' });
      const bytes = readFileSync(join(folder, 'report.pdf'));
      expect(bytes.toString('latin1', 0, 5)).toBe('%PDF-');
      expect(pdf).toEqual({
        path: join(folder, 'report.pdf'),
        sha256: createHash('sha256').update(bytes).digest('hex'),
      });
      await app.answerNextDialog([join(folder, 'report.html')]);
      expect(await ask(page, 'saveReport', { format: 'html' })).toMatchObject({ path: join(folder, 'report.html') });
      await app.answerNextDialog([]);
      expect(await ask(page, 'saveReport', { format: 'html' })).toBeNull();
      expect(app.pages()).toHaveLength(1);

      expect(await ask(page, 'closeCase', null)).toBeNull();
      expect(await ask(page, 'overview', null)).toBeNull();
      expect(existsSync(`${casePath}-wal`)).toBe(false);
      expect(await askRaw(page, 'findings', null)).toMatchObject({ ok: false, error: { code: 'no-open-case' } });
    });

    it('gives the path of every dropped file and folder, whatever its name, and none for made-up files', async () => {
      const { page } = await start();
      const odd = join(folder, 'ü <b>& "q".pcap');
      const same = join(folder, 'inner');
      mkdirSync(same);
      writeFileSync(odd, 'one');
      writeFileSync(join(same, 'ü <b>& "q".pcap'), 'two');
      const dropped = [odd, join(same, 'ü <b>& "q".pcap'), same];
      await dropFiles(page, dropped);
      const handle = await page.waitForFunction(
        () => (globalThis as unknown as { dropped: { paths: string[] }[] }).dropped[0],
      );
      expect((await handle.jsonValue())?.paths).toEqual(dropped);
      const made = await page.evaluate(() => {
        const { enclave } = globalThis as unknown as { enclave: { pathsOf(files: File[]): string[] } };
        return enclave.pathsOf([new File(['x'], 'made-up.pcap')]);
      });
      expect(made).toEqual(['']);
    });

    it('cancels an import: what was committed stays, the case can be used on', async () => {
      const { page } = await start();
      await ask(page, 'newCase', { path: join(folder, 'cancelled.enclave'), ...CASE });
      await give(page, [capture, long]);
      await beginAsk(page, 'importEvidence', { paths: [capture, long] });
      await expect
        .poll(async () => ((await heard(page, 'progress')) as Progress[]).map(({ what }) => what), { timeout: 20_000 })
        .toContain(long);
      expect(await askRaw(page, 'importEvidence', { paths: [capture] })).toMatchObject({ error: { code: 'busy' } });
      expect(await askRaw(page, 'closeCase', null)).toMatchObject({ error: { code: 'busy' } });
      await ask(page, 'pause', { paused: true });
      await expect.poll(async () => ((await heard(page, 'progress')) as Progress[]).at(-1)?.paused).toBe(true);
      await ask(page, 'cancel', null);
      expect(await lastAnswer(page)).toMatchObject({ ok: false, error: { code: 'cancelled' } });
      const overview = await ask(page, 'overview', null);
      expect(overview?.evidence.every((each) => each.path !== long)).toBe(true);
      expect((await ask(page, 'importEvidence', { paths: [capture] })).totals.rejected).toBe(0);
    });

    it('imports nothing that was not given to the window: chosen, dropped, or in a folder that was', async () => {
      const { page } = await start();
      const inside = join(folder, 'given', 'inside.pcap');
      mkdirSync(join(folder, 'given'));
      copyFileSync(capture, inside);
      await ask(page, 'newCase', { path: join(folder, 'given.enclave'), ...CASE });
      const refused = { ok: false, error: { code: 'not-given', place: capture } };
      expect(await askRaw(page, 'importEvidence', { paths: [capture] })).toMatchObject(refused);
      await give(page, [join(folder, 'given')]);
      expect(await askRaw(page, 'importEvidence', { paths: [inside, capture] })).toMatchObject(refused);
      const sideways = join(folder, 'given') + '/../long.pcap';
      expect(await askRaw(page, 'importEvidence', { paths: [sideways] })).toMatchObject({
        error: { code: 'not-given' },
      });
      expect((await ask(page, 'overview', null))?.evidence).toEqual([]);
      expect((await ask(page, 'importEvidence', { paths: [inside] })).totals.imported).toBe(1);
    });

    it('refuses wrong requests before anything is done', async () => {
      const { page } = await start();
      const wrong: [string, unknown][] = [
        ['appInfo', 1],
        ['newCase', { path: join(folder, 'never.enclave') }],
        ['newCase', { path: join(folder, 'never.enclave'), ...CASE, profile: '../../etc/passwd' }],
        ['newCase', { path: join(folder, 'never.enclave'), ...CASE, more: true }],
        ['openCase', { path: 'a\0b' }],
        ['importEvidence', { paths: 'one' }],
        ['importEvidence', { paths: [] }],
        ['summary', { by: ['category'], metric: 'lines', where: '' }],
        ['flowsPage', { where: '', offset: -1, limit: 10 }],
        ['flowsPage', { where: '', offset: 0, limit: 1e9 }],
        ['saveReport', { format: 'exe' }],
        ['saveReport', { format: 'pdf', redact: 'some' }],
        ['reportHtml', { redact: 'full', leaveOutHosts: ['example.com'] }],
      ];
      const codes: string[] = [];
      for (const [name, request] of wrong) {
        const answer = await askRaw(page, name, request);
        codes.push(answer.ok ? name : answer.error.code);
      }
      expect(codes).toEqual(wrong.map(() => 'bad-request'));
      expect(existsSync(join(folder, 'never.enclave'))).toBe(false);
      expect(await askRaw(page, 'openCase', { path: join(folder, 'absent.enclave') })).toMatchObject({
        ok: false,
        error: { code: 'no-case' },
      });
      expect(await askRaw(page, 'openCase', { path: capture })).toMatchObject({ error: { code: 'not-a-case' } });
    });

    it('makes the sample case once and opens it', async () => {
      const documents = join(folder, 'documents');
      const { page } = await start({ documents });
      const sample = await ask(page, 'openSample', null);
      expect(sample.flows).toBeGreaterThan(10_000);
      expect(sample.path.startsWith(documents)).toBe(true);
      expect((await ask(page, 'findings', null)).length).toBeGreaterThan(0);
      await ask(page, 'closeCase', null);
      expect(await ask(page, 'openSample', null)).toEqual(sample);
    });

    it.skipIf(onElectron)(
      'keeps recent cases over quit and start, opens a case named on the command line, and tells a missing one',
      async () => {
        const userData = join(folder, 'userData');
        const casePath = join(folder, 'kept.enclave');
        const first = await start({ userData });
        await ask(first.page, 'newCase', { path: casePath, ...CASE });
        await first.app.quit();

        const second = await start({ userData, case: casePath });
        expect(await ask(second.page, 'overview', null)).toMatchObject({ path: casePath });
        expect((await ask(second.page, 'appInfo', null)).recentCases).toMatchObject([
          { path: casePath, title: 'A case' },
        ]);
        await second.app.quit();

        rmSync(casePath);
        const third = await start({ userData, case: casePath });
        await third.page.getByText('there is no such case').waitFor();
        await third.page.getByRole('button', { name: 'OK' }).click();
        expect((await ask(third.page, 'appInfo', null)).recentCases).toEqual([]);

        writeFileSync(join(userData, 'settings.json'), '{"recentCases": 7');
        await third.app.quit();
      },
    );

    it.skipIf(onElectron)('asks before it quits while a job is at work', async () => {
      const { page, app } = await start();
      await ask(page, 'newCase', { path: join(folder, 'asked.enclave'), ...CASE });
      await give(page, [long]);
      await beginAsk(page, 'importEvidence', { paths: [long] });
      await nextEvent(page, 'progress');
      let hasEnded = false;
      void app.ended.finally(() => {
        hasEnded = true;
      });
      const asking = app.quit();
      await page.getByRole('button', { name: 'Keep working' }).click();
      expect(hasEnded).toBe(false);
      await app.answerNextDialog(1);
      await app.quit();
      await asking;
      expect(existsSync(join(folder, 'asked.enclave-wal'))).toBe(false);
      expect(existsSync(join(folder, 'asked.enclave-lock'))).toBe(false);
    });

    it('makes a case about ranges and a time zone of the user’s own, and refuses wrong ones', async () => {
      const { page } = await start();
      const ranges = [{ label: 'lab', cidr: '192.0.2.0/24' }];
      const path = join(folder, 'own.enclave');
      const made = await ask(page, 'newCase', { path, ...CASE, subject: { timeZone: 'Asia/Seoul', ranges } });
      expect(made?.profile).toMatchObject({ name: 'own ranges', timeZone: 'Asia/Seoul', ranges, servers: [] });
      const other = join(folder, 'zone.enclave');
      const shifted = await ask(page, 'newCase', {
        path: other,
        ...CASE,
        subject: { timeZone: 'Asia/Seoul', ranges: null },
      });
      expect(shifted?.profile).toMatchObject({ timeZone: 'Asia/Seoul', ranges: shippedProfile(CASE.profile).ranges });
      const wrong = { path: join(folder, 'wrong.enclave'), ...CASE, subject: { timeZone: 'Mars/Olympus', ranges } };
      expect(await askRaw(page, 'newCase', wrong)).toMatchObject({ ok: false, error: { code: 'profile-wrong' } });
      expect(existsSync(wrong.path)).toBe(false);
    });

    it('opens a window a case, and brings a case that is open already to the front', async () => {
      const { page, app } = await start();
      const casePath = join(folder, 'windows.enclave');
      await ask(page, 'newCase', { path: casePath, ...CASE });
      await app.clickMenuItem('new-window');
      await expect.poll(() => app.pages().length).toBe(2);
      const other = app.pages()[1];
      if (other === undefined) throw new Error('no second page');
      expect(await ask(other, 'overview', null)).toBeNull();
      expect(await ask(other, 'openCase', { path: casePath })).toBeNull();
      await app.secondInstance([casePath]);
      await ask(page, 'overview', null);
      expect(app.pages()).toHaveLength(2);
      await ask(page, 'closeCase', null);
      expect(await ask(other, 'openCase', { path: casePath })).toMatchObject({ path: casePath });
    });

    it.skipIf(onElectron)(
      'sends actions of menu and keyboard to the window in front, greyed without a case',
      async () => {
        const { page, app } = await start();
        expect(await app.clickMenuItem('view-flows')).toBe(false);
        await ask(page, 'newCase', { path: join(folder, 'actions.enclave'), ...CASE });
        expect(await app.clickMenuItem('view-flows')).toBe(true);
        await page.keyboard.press('Control+k');
        await page.keyboard.press('Control+Shift+P');
        await expect.poll(() => heard(page, 'action')).toEqual(['view-flows', 'command-palette', 'save-report-html']);
      },
    );
  },
);
