import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Engine } from '../../electron/engine/engine.ts';
import { readProfile } from '../../electron/cli/profile-file.ts';
import type { EvidenceNews } from '../../shared/jobs.ts';
import { faultsOf } from '../cli/case-state.ts';
import { sampleCapture } from '../e2e/sample-capture.ts';
import { singlePacketFlows } from '../fixtures/captures.ts';

/** What can be seen of a case while evidence is read into it. */

const folder = mkdtempSync(join(tmpdir(), 'enclave-live-'));
const casePath = join(folder, 'live.enclave');
const engine = new Engine();
let first = '';
let second = '';

beforeAll(async () => {
  first = await sampleCapture(folder);
  // Not a piece of the first, so that each is committed by itself.
  mkdirSync(join(folder, 'other'));
  second = join(folder, 'other/second.pcap');
  // Several segments, then bytes that are no packet: a problem that is met while flows are there.
  writeFileSync(second, singlePacketFlows(600_000));
  appendFileSync(second, Buffer.alloc(64, 0xff));
  const facts = { title: '', examiner: '', authority: '' };
  await engine.run('new', { case: casePath, profile: readProfile('dprk-2017'), ...facts });
});
afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true });
});

it('shows flows of the evidence in work, provisionally labelled, to live queries only', async () => {
  const looks: Promise<void>[] = [];
  const seen = { liveServices: 0, inWork: 0 };
  /** Of looks that did not see the evidence in work: flows, and services named. */
  const settledLooks: { flows: number; services: number }[] = [];
  const look = async (): Promise<void> => {
    const ask = { case: casePath, by: ['service'], metric: 'flows', where: '' };
    const settled = await engine.run('summary', ask);
    const live = await engine.run('summary', { ...ask, live: true });
    const overview = await engine.run('overview', { case: casePath, live: true });
    const named = (rows: readonly Record<string, unknown>[]): number =>
      rows.filter((row) => row['service'] !== null).length;
    seen.liveServices = Math.max(seen.liveServices, named(live.rows));
    const flows = settled.rows.reduce((sum, row) => sum + Number(row['flows']), 0);
    settledLooks.push({ flows, services: named(settled.rows) });
    const completed = overview.evidence.reduce((sum, file) => sum + file.flows, 0);
    seen.inWork = Math.max(seen.inWork, overview.flows - completed);
  };
  engine.prepareQueries();
  const news: EvidenceNews[] = [];
  const { evidence } = await engine.run(
    'import',
    { case: casePath, paths: [first, second], live: true },
    {
      onEvidence: (told) => news.push(told),
      onProgress: ({ step, file }) => {
        if (step === 'read' && file === 2) looks.push(look());
      },
    },
  );
  await Promise.all(looks);
  expect(looks.length).toBeGreaterThan(0);
  expect(seen.liveServices).toBeGreaterThan(3);
  // Until the last pass has labelled them, flows of finished evidence have no labels but the provisional ones.
  const early = settledLooks.filter(({ flows }) => flows === evidence[0]?.flows);
  expect(early.length).toBeGreaterThan(0);
  expect(Math.max(...early.map(({ services }) => services))).toBe(0);
  expect(seen.inWork).toBeGreaterThanOrEqual(65_536);
  const ends = news.filter(({ status }) => status !== 'reading');
  expect(ends.map(({ path, status }) => [path, status])).toEqual([
    [first, 'imported'],
    [second, 'partial'],
  ]);
  expect(ends.map(({ problems }) => problems)).toEqual(evidence.map(({ problems }) => problems));

  // When it is over, nothing of the provisional labels is left.
  const after = await engine.run('summary', { case: casePath, by: ['service'], metric: 'flows', where: '' });
  const live = await engine.run('summary', { case: casePath, by: ['service'], metric: 'flows', where: '', live: true });
  expect(live).toEqual(after);
  expect(await faultsOf(engine, casePath)).toEqual([]);
});
