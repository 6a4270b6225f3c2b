import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Engine } from '../../electron/engine/engine.ts';
import { shippedProfile } from '../../electron/engine/shipped-profiles.ts';
import { generateSample } from '../../electron/sample/generate-sample.ts';
import type { VerifyResult } from '../../shared/jobs.ts';
import type { CountedOwnFinding, NewOwnFinding } from '../../shared/own-finding.ts';
import { faultsOf } from '../cli/case-state.ts';

/** Findings of the examiner's own: their words are kept, their numbers are counted and can be counted again. */

const folder = mkdtempSync(join(tmpdir(), 'enclave-own-'));
const casePath = join(folder, 'case.enclave');
const engine = new Engine();
const HOSTILE = 'Gaming <b>at night</b>';
const FINDING: NewOwnFinding = {
  title: HOSTILE,
  statement: 'Zebra-striped words\nof the examiner',
  exhibits: [
    { label: 'Category gaming', where: 'category = gaming' },
    { label: 'Every flow', where: '' },
  ],
  inReport: true,
};

beforeAll(async () => {
  await generateSample(join(folder, 'evidence'), { days: 2, captureDays: 1 });
  await engine.run('new', { case: casePath, profile: shippedProfile('dprk-2017'), examiner: 'Ada' });
  await engine.run('import', { case: casePath, paths: [join(folder, 'evidence')] });
}, 60_000);

afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true });
});

const own = (): Promise<CountedOwnFinding[]> => engine.run('ownFindings', { case: casePath });
const check = async (): Promise<VerifyResult['checks'][number] | undefined> => {
  const { checks } = await engine.run('verify', { case: casePath, evidenceDirectory: null });
  return checks.find((each) => each.check === 'own findings');
};

describe('findings of the examiner’s own', () => {
  it('are kept with totals that Enclave counted, apart from the computed ones, and verify', async () => {
    expect(await check()).toBeUndefined();
    const made = await engine.run('addOwnFinding', { case: casePath, finding: FINDING });
    const gaming = await engine.run('totals', { case: casePath, where: 'category = gaming' });
    const all = await engine.run('totals', { case: casePath, where: '' });
    expect(gaming.flows).toBeGreaterThan(0);
    expect(made).toMatchObject({ title: HOSTILE, examiner: 'Ada', inReport: true, changedAt: null });
    expect(made.exhibits.map(({ totals }) => totals)).toEqual([gaming, all]);
    expect(await own()).toEqual([{ ...made, current: [gaming, all] }]);
    expect(await engine.run('findings', { case: casePath })).toEqual([]);
    expect(await check()).toMatchObject({ result: 'holds' });
    expect(await faultsOf(engine, casePath)).toEqual([]);
  });

  it('with numbers that are not those of the flows fail the verification', async () => {
    const db = new Database(casePath);
    const stored = db.prepare<[], { exhibits: string }>('SELECT exhibits FROM ownFinding').get()?.exhibits ?? '';
    const write = db.prepare('UPDATE ownFinding SET exhibits = ?');
    write.run(stored.replace(/"flows":\d+/, '"flows":7'));
    expect((await faultsOf(engine, casePath)).map((fault) => fault.check)).toEqual(['other content', 'own findings']);
    write.run(stored);
    db.close();
    expect(await faultsOf(engine, casePath)).toEqual([]);
  });

  it('stay when the case changes, tell what they come to now, and are counted anew when asked', async () => {
    const profile = { ...shippedProfile('dprk-2017'), timeZone: 'America/New_York', ranges: [] };
    await engine.run('changeProfile', { case: casePath, profile });
    const [stale] = await own();
    expect(stale?.exhibits[0]?.totals.hosts).toBeGreaterThan(0);
    expect(stale?.current[0]).toMatchObject({ hosts: 0, hostHours: 0 });
    expect(await check()).toMatchObject({ result: 'not-checked' });
    expect(await faultsOf(engine, casePath)).toEqual([]);
    const { exhibits } = FINDING;
    await engine.run('changeOwnFinding', { case: casePath, id: stale?.id ?? '', change: { exhibits } });
    const [fresh] = await own();
    expect(fresh?.exhibits.map(({ totals }) => totals)).toEqual(fresh?.current);
    expect(fresh).toMatchObject({ title: HOSTILE, statement: FINDING.statement });
    expect(await check()).toMatchObject({ result: 'holds' });
  }, 30_000);

  it('are in the report when chosen, escaped, and without their words where names are hidden', async () => {
    const [finding] = await own();
    const html = (settings: object): Promise<string> => engine.run('reportHtml', { case: casePath, settings });
    const whole = await html({});
    expect(whole).toContain('Findings of the examiner’s own');
    expect(whole).toContain('Gaming &lt;b&gt;at night&lt;/b&gt;');
    expect(whole).toContain('Zebra-striped words');
    await engine.run('makeRedactionKey', { case: casePath });
    const hidden = await html({ redact: 'full' });
    expect(hidden).toContain('Findings of the examiner’s own');
    expect(hidden).not.toContain('Zebra-striped');
    expect(hidden).not.toContain('at night');
    await engine.run('changeOwnFinding', { case: casePath, id: finding?.id ?? '', change: { inReport: false } });
    const without = await html({});
    expect(without).not.toContain('Zebra-striped');
    expect(without).not.toContain('at night');
  });

  it('are refused without words, flows or a right filter, and are taken out with what they said in the audit chain', async () => {
    for (const wrong of [
      { ...FINDING, title: ' ' },
      { ...FINDING, statement: '' },
      { ...FINDING, exhibits: [] },
      { ...FINDING, exhibits: [{ label: 'x', where: 'category =' }] },
    ]) {
      await expect(engine.run('addOwnFinding', { case: casePath, finding: wrong })).rejects.toMatchObject({
        exitCode: 1,
      });
    }
    const [finding] = await own();
    await engine.run('removeOwnFinding', { case: casePath, id: finding?.id ?? '' });
    expect(await own()).toEqual([]);
    const entries = await engine.run('auditEntries', { case: casePath });
    const last = entries.findLast(({ action }) => action === 'own-finding');
    expect(JSON.parse(last?.detail ?? '{}')).toMatchObject({
      ownFinding: finding?.id,
      removed: true,
      before: { statement: FINDING.statement },
    });
    expect(await faultsOf(engine, casePath)).toEqual([]);
  });
});
