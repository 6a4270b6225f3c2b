import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256Of } from '../../electron/casefile/record-tables.ts';
import { analyseAndSave, correctProfile } from '../../electron/engine/change-profile.ts';
import { Engine } from '../../electron/engine/engine.ts';
import { shippedProfile } from '../../electron/engine/shipped-profiles.ts';
import { generateSample } from '../../electron/sample/generate-sample.ts';
import type { CaseTotals } from '../../shared/case-totals.ts';
import type { Profile } from '../../shared/profile.ts';
import { faultsOf } from '../cli/case-state.ts';

/** A correction of the profile: sides, hosts and directions follow from the facts, and nothing is half done. */

const folder = mkdtempSync(join(tmpdir(), 'enclave-profile-'));
const casePath = join(folder, 'case.enclave');
const engine = new Engine();
const before = shippedProfile('dprk-2017');
/** A quarter of the first range. */
const narrow: Profile = {
  ...before,
  ranges: before.ranges.map((range) => (range.label === 'kp-main' ? { ...range, cidr: '175.45.176.0/24' } : range)),
};

beforeAll(async () => {
  await generateSample(join(folder, 'evidence'), { days: 2, captureDays: 1 });
  await engine.run('new', { case: casePath, profile: before });
  await engine.run('import', { case: casePath, paths: [join(folder, 'evidence')] });
  await analyseAndSave(engine, casePath);
}, 60_000);

afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true });
});

const totals = (where: string): Promise<CaseTotals> => engine.run('totals', { case: casePath, where });
const lastDetail = async (action: string): Promise<Record<string, unknown>> => {
  const entries = await engine.run('auditEntries', { case: casePath });
  return JSON.parse(entries.findLast((entry) => entry.action === action)?.detail ?? '{}') as Record<string, unknown>;
};

describe('a correction of the profile', () => {
  it('that is cancelled while it labels leaves the case as it was', async () => {
    const entries = await engine.run('auditEntries', { case: casePath });
    const cancel = new AbortController();
    cancel.abort();
    const work = correctProfile(engine, { case: casePath, profile: narrow }, { signal: cancel.signal });
    await expect(work).rejects.toMatchObject({ code: 'cancelled', exitCode: 130 });
    expect(await engine.run('profile', { case: casePath })).toEqual(before);
    expect(await engine.run('auditEntries', { case: casePath })).toEqual(entries);
    expect(await faultsOf(engine, casePath)).toEqual([]);
  }, 60_000);

  it('changes hosts and directions as its ranges say, is in the audit chain, and verifies', async () => {
    const inside = '(initiator in 175.45.176.0/24 or responder in 175.45.176.0/24)';
    const others = 'range in ("cn-kptc", "sat-satgate")';
    const kept = await totals(`range = "kp-main" and host in 175.45.176.0/24`);
    const untouched = await totals(others);
    const wide = await totals('');
    expect(kept.hosts).toBeGreaterThan(0);
    expect(kept.hosts + untouched.hosts).toBeLessThan(wide.hosts);

    const correction = await correctProfile(engine, { case: casePath, profile: narrow });
    expect(correction.changed).toEqual(['ranges']);
    expect(correction.before).toEqual(wide);
    expect(correction.after.hosts).toBe(kept.hosts + untouched.hosts);
    expect(correction.after.flows).toBe(wide.flows);
    expect(await totals('range = "kp-main"')).toEqual(await totals(`${inside} and range = "kp-main"`));
    expect((await totals('host in 175.45.177.0/24')).flows).toBe(0);
    expect(await totals(others)).toEqual(untouched);

    expect(await lastDetail('profile')).toMatchObject({
      profileSha256: sha256Of(JSON.stringify(narrow)),
      changed: ['ranges'],
      before: { profileSha256: sha256Of(JSON.stringify(before)), parts: { ranges: before.ranges } },
    });
    expect((await lastDetail('analyse'))['profileSha256']).toBe(sha256Of(JSON.stringify(narrow)));
    expect(await faultsOf(engine, casePath)).toEqual([]);
  }, 60_000);

  it('that changes nothing does nothing, but makes findings that are missing', async () => {
    const entries = await engine.run('auditEntries', { case: casePath });
    const again = await correctProfile(engine, { case: casePath, profile: narrow });
    expect(again).toMatchObject({ changed: [], relabelling: null });
    expect(await engine.run('auditEntries', { case: casePath })).toEqual(entries);
    // As when an analysis was cancelled.
    await engine.run('changeProfile', { case: casePath, profile: before });
    expect(await engine.run('findings', { case: casePath })).toEqual([]);
    await correctProfile(engine, { case: casePath, profile: before });
    expect((await engine.run('findings', { case: casePath })).length).toBeGreaterThan(0);
  }, 60_000);

  it('that is wrong names the place, and is refused', async () => {
    const [first] = narrow.ranges;
    for (const [profile, place] of [
      [{ ...narrow, timeZone: 'Mars/Olympus' }, 'timeZone'],
      [{ ...narrow, ranges: [{ ...first, from: '2017-05-02', to: '2017-05-01' }] }, 'ranges.0.to'],
      [{ ...narrow, ranges: [{ ...first, cidr: '175.45.176.0/44' }] }, 'ranges.0.cidr'],
    ] as const) {
      await expect(engine.run('changeProfile', { case: casePath, profile })).rejects.toMatchObject({
        code: 'profile-wrong',
        message: expect.stringContaining(`at ${place}: `) as string,
        exitCode: 2,
      });
    }
    expect(await engine.run('profile', { case: casePath })).toEqual(before);
  });
});
