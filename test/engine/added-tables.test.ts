import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeSampleCase } from '../../electron/engine/case-jobs.ts';
import { Engine } from '../../electron/engine/engine.ts';
import type { FlowRecord } from '../../shared/flow.ts';
import Database from 'better-sqlite3';
import { faultsOf, flowLines } from '../cli/case-state.ts';

/** Overlays and indicators of a case, through the engine. */

const folder = mkdtempSync(join(tmpdir(), 'enclave-added-'));
const engine = new Engine();
let casePath = '';

beforeAll(async () => {
  casePath = await makeSampleCase(engine, join(folder, 'sample'));
}, 120_000);

afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true });
});

function file(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const totalFlows = async (where: string): Promise<number> =>
  (await engine.run('totals', { case: casePath, where })).flows;
const add = (path: string) => engine.run('addOverlay', { case: casePath, path, kind: null, date: null });

describe('overlays of a case', () => {
  it('change labels at once, tell what changed, and can be taken out again', async () => {
    const before = await flowLines(engine, casePath);
    const youku = await totalFlows('service = youku');
    expect(youku).toBeGreaterThan(100);
    const path = file('own.csv', 'youku.com,own-video,comms\nno name\n');
    const { overlay, added, relabelling } = await add(path);
    expect(added).toBe(true);
    expect(overlay).toMatchObject({ name: 'own.csv', kind: 'list', entries: 1 });
    expect(overlay.notUsed).toEqual([expect.objectContaining({ kind: 'bad-pattern', count: 1, firstOffset: 2 })]);
    expect(relabelling).toMatchObject({
      flows: before.length,
      changes: {
        flows: youku,
        service: [{ before: 'youku', after: 'own-video', flows: youku }],
        category: [{ before: 'streaming', after: 'comms', flows: youku }],
        protocol: [],
        country: [],
        asn: [],
      },
    });
    expect(await totalFlows('service = own-video')).toBe(youku);
    expect(await add(path)).toMatchObject({ added: false, relabelling: null });

    let explained = '';
    const request = {
      case: casePath,
      where: 'service = own-video',
      limit: 1,
      format: 'ndjson',
      out: null,
      explain: true,
    };
    await engine.run('flows', request, {
      onText: (chunk) => {
        explained += String(chunk);
      },
    });
    const flow = JSON.parse(explained) as FlowRecord & {
      explanation: { current: boolean; lost: { service: string }[] };
    };
    expect(flow.explanation).toMatchObject({ current: true, decided: { table: { name: 'overlay own.csv' } } });
    expect(flow.explanation.lost[0]?.service).toBe('youku');

    expect(await faultsOf(engine, casePath)).toEqual([]);
    const db = new Database(casePath);
    const { data } = db.prepare<[], { data: Buffer }>('SELECT data FROM overlay').get() ?? { data: Buffer.alloc(0) };
    const write = db.prepare('UPDATE overlay SET data = ?');
    write.run(Buffer.concat([data.subarray(0, -1), Buffer.of(0)]));
    expect((await faultsOf(engine, casePath)).map(({ check }) => check)).toEqual(['other content', 'overlays']);
    write.run(data);
    db.close();
    expect(await faultsOf(engine, casePath)).toEqual([]);
    const back = await engine.run('removeOverlay', { case: casePath, id: overlay.id });
    expect(back.changes.service).toEqual([{ before: 'own-video', after: 'youku', flows: youku }]);
    expect(await engine.run('overlays', { case: casePath })).toEqual([]);
    expect(await flowLines(engine, casePath)).toEqual(before);
  }, 120_000);

  it('are tables under which presence is scored anew, and without which findings cannot be checked', async () => {
    const { responder } = JSON.parse(
      (await flowLines(engine, casePath, 'country = IN and subjectSide = initiator'))[0] ?? '',
    ) as FlowRecord;
    const { overlay } = await add(file('countries.csv', `network,country\n${responder}/8,AQ\n`));
    const findings = await engine.run('analyse', { case: casePath });
    await engine.run('saveFindings', { case: casePath, findings });
    const found = findings.filter((each) => each.kind === 'foreign-presence');
    const [india, antarctica] = ['IN', 'AQ'].map((code) => found.find(({ country }) => country === code));
    const names = ['country-2017-07', 'country-2026-06', 'overlay countries.csv'];
    for (const finding of [india, antarctica]) expect(finding?.byTable?.map(({ table }) => table)).toEqual(names);
    // The overlay is in force, so that what it places is placed otherwise by the shipped tables alone.
    const shares = (finding: typeof india): number[] => finding?.byTable?.map(({ share }) => share) ?? [];
    expect(shares(antarctica)).toEqual([0, 0, antarctica?.share]);
    expect(Math.min(...shares(india).slice(0, 2))).toBeGreaterThan(india?.share ?? 1);
    expect(shares(india)[2]).toBe(india?.share);

    expect(await faultsOf(engine, casePath)).toEqual([]);
    const db = new Database(casePath);
    db.prepare("UPDATE overlay SET data = x'00'").run();
    db.close();
    const faults = await faultsOf(engine, casePath);
    expect(faults.map(({ check }) => check)).toEqual(['other content', 'overlays', 'findings']);
    expect(faults.at(-1)?.detail).toMatch(/^it cannot be checked \(an overlay of the case is damaged/);
    await engine.run('removeOverlay', { case: casePath, id: overlay.id });
  }, 120_000);

  it('leave the case as it was when the file cannot be used', async () => {
    mkdirSync(join(folder, 'directory'));
    for (const path of [file('empty.csv', ''), join(folder, 'not-there'), join(folder, 'directory')]) {
      await expect(add(path)).rejects.toThrow(/./);
    }
    await expect(engine.run('removeOverlay', { case: casePath, id: 'x' })).rejects.toMatchObject({ code: 'not-there' });
    expect(await engine.run('overlays', { case: casePath })).toEqual([]);
  });

  it('nothing changes when a case is labelled again with the same tables', async () => {
    const { changes } = await engine.run('reclassify', { case: casePath });
    expect(changes).toEqual({ flows: 0, service: [], category: [], protocol: [], country: [], asn: [] });
  }, 60_000);
});

describe('indicators of a case', () => {
  it('are met from then on, and no longer when they are taken out', async () => {
    const path = file('feed.csv', 'youku.com,Videos\n127.0.0.0/8,\n');
    const { file: feed, added } = await engine.run('addIndicators', { case: casePath, path });
    expect([added, feed.indicators, feed.format]).toEqual([true, 2, 'list']);
    expect((await engine.run('addIndicators', { case: casePath, path })).added).toBe(false);
    const met = await totalFlows('indicator = Videos');
    expect(met).toBe(await totalFlows('hostname = youku.com or hostname ~ ".youku.com"'));
    expect(met).toBeGreaterThan(100);
    const { flows } = await engine.run('flowsPage', { case: casePath, where: 'indicator = yes', offset: 0, limit: 1 });
    expect(flows[0]?.indicator).toBe('listed in feed.csv: Videos (domain youku.com)');
    expect(await faultsOf(engine, casePath)).toEqual([]);
    await engine.run('removeIndicators', { case: casePath, id: feed.id });
    expect(await totalFlows('indicator = yes')).toBe(0);
  }, 60_000);
});
