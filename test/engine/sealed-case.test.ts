import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, describe, expect, it } from 'vitest';
import { isSealed } from '../../electron/casefile/case-file.ts';
import { CaseReader } from '../../electron/casefile/case-reader.ts';
import { APPLICATION_ID, MIGRATIONS } from '../../electron/casefile/migrations.ts';
import { readProfile } from '../../electron/cli/profile-file.ts';
import { importAndAnalyse } from '../../electron/engine/case-jobs.ts';
import { Engine } from '../../electron/engine/engine.ts';
import { conversations, pcap } from '../fixtures/captures.ts';

/** A sealed case is read by the engine as any other, and never written to. */

const folder = mkdtempSync(join(tmpdir(), 'enclave-sealed-'));
const engine = new Engine();
afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('a sealed case', () => {
  it('answers queries, refuses changes in one line, and is left as it was', async () => {
    const live = join(folder, 'live.enclave');
    const evidence = join(folder, 'small.pcap');
    writeFileSync(evidence, pcap(conversations(20)));
    await engine.run('new', { case: live, profile: readProfile('default'), title: 'Live' });
    await importAndAnalyse(engine, { case: live, paths: [evidence] });
    expect(isSealed(live)).toBe(false);
    const out = join(folder, 'bundle');
    await engine.run('bundle', { case: live, out, evidence: 'none', evidenceDirectory: null, report: false });
    const sealed = join(out, 'case.enclave');
    const [bytes, files] = [readFileSync(sealed), readdirSync(out)];
    for (const path of [live, sealed]) {
      const { sealed: told, flows } = await engine.run('overview', { case: path });
      expect([told, flows]).toEqual([path === sealed, 20]);
    }
    const asked = { where: '', limit: 5, offset: 0 };
    expect(await engine.run('flowsPage', { case: sealed, ...asked })).toEqual(
      await engine.run('flowsPage', { case: live, ...asked }),
    );
    const findings = await engine.run('analyse', { case: sealed });
    expect(findings).toEqual(await engine.run('findings', { case: live }));
    const changes = [
      engine.run('saveFindings', { case: sealed, findings }),
      engine.run('import', { case: sealed, paths: [evidence] }),
      engine.run('reclassify', { case: sealed }),
      engine.run('beginSitting', { case: sealed, examiner: 'A. Nother' }),
    ];
    for (const result of await Promise.allSettled(changes)) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'case-sealed', place: sealed } });
    }
    expect(await engine.run('audit', { case: sealed, action: 'report', detail: {} })).toBe(null);
    expect([readFileSync(sealed).equals(bytes), readdirSync(out)]).toEqual([true, files]);
  });

  it('in a bundle of one file is verified with every byte around it, and nothing stays behind', async () => {
    const live = join(folder, 'one.enclave');
    await engine.run('new', { case: live, profile: readProfile('default'), title: 'One' });
    const out = join(folder, 'one.tar');
    await engine.run('bundle', { case: live, out, evidence: 'none', evidenceDirectory: null, report: false });
    const verified = async (content: Buffer): Promise<string[]> => {
      const path = join(folder, 'tried.tar');
      writeFileSync(path, content);
      const { checks, holds } = await engine.run('verify', { case: path, evidenceDirectory: null });
      const failed = checks.filter(({ result }) => result === 'fails').map(({ check }) => check);
      expect(holds).toBe(failed.length === 0);
      return failed;
    };
    const whole = readFileSync(out);
    expect(await verified(whole)).toEqual([]);
    const changed = Buffer.from(whole);
    changed[100] ^= 1;
    expect(await verified(changed)).toEqual(['archive']);
    changed.set(whole);
    changed[whole.indexOf('Sealed case: One')] ^= 1;
    expect(await verified(changed)).toEqual(['file README.txt']);
    expect(await verified(Buffer.alloc(10_240))).toEqual(['archive']);
    await expect(
      engine.run('verify', { case: join(folder, 'none.tar'), evidenceDirectory: null }),
    ).rejects.toMatchObject({
      code: 'no-case',
    });
    expect(readdirSync(folder).filter((name) => name.includes('making'))).toEqual([]);
  });

  it('of an older format is read through a copy in memory', () => {
    const path = join(folder, 'old.enclave');
    const db = new Database(path);
    db.pragma(`application_id = ${APPLICATION_ID}`);
    for (const step of MIGRATIONS.slice(0, 4)) db.exec(step);
    db.pragma('user_version = 4');
    db.exec("INSERT INTO meta VALUES ('title', 'Old')");
    db.close();
    chmodSync(path, 0o444);
    const bytes = readFileSync(path);
    const reader = new CaseReader(path);
    expect([reader.meta('title'), reader.notes(), reader.integrityFaults()]).toEqual(['Old', [], []]);
    reader.close();
    expect(readFileSync(path).equals(bytes)).toBe(true);
    expect(readdirSync(folder).filter((name) => name.startsWith('old'))).toEqual(['old.enclave']);
  });
});
