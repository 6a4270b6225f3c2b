import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Finding } from '../../shared/finding.ts';
import { readProfile } from '../../electron/cli/profile-file.ts';
import { Engine } from '../../electron/engine/engine.ts';
import { generateSample } from '../../electron/sample/generate-sample.ts';
import { SampleRandom } from '../../electron/sample/sample-random.ts';
import { faultsOf, flowLines } from '../cli/case-state.ts';
import { runEnclave } from '../cli/run-enclave.ts';
import { singlePacketFlows } from '../fixtures/captures.ts';

/**
 * Fifty imports killed at random points. The imports are processes of their own; each killed case is opened and verified
 * through the engine in the test's process, which saves two starts a kill and runs the same code.
 */

const KILLS = 50;
/** Imports started at most: some end before their kill comes, more of them the faster an import is than its program starts. */
const MOST_IMPORTS = 150;

const ROOT = mkdtempSync(join(tmpdir(), 'enclave-kill-'));
const EVIDENCE = join(ROOT, 'evidence');
const EMPTY = join(ROOT, 'empty.enclave');
const engine = new Engine();

beforeAll(async () => {
  await generateSample(EVIDENCE, { days: 2, captureDays: 1 });
  writeFileSync(join(EVIDENCE, 'long.pcap'), singlePacketFlows(200_000));
  const profile = readProfile('dprk-2017');
  await engine.run('new', { case: EMPTY, profile, title: '', examiner: '', authority: '' });
});

afterAll(async () => {
  await engine.close();
  rmSync(ROOT, { recursive: true, force: true });
});

interface Outcome {
  flows: string;
  findings: Finding[];
}

async function outcomeOf(casePath: string): Promise<Outcome> {
  // As one text: a diff of 200,000 lines helps nobody.
  const flows = (await flowLines(engine, casePath)).toSorted().join('\n');
  return { flows, findings: await engine.run('findings', { case: casePath }) };
}

function newCase(name: string): string {
  const casePath = join(ROOT, `${name}.enclave`);
  copyFileSync(EMPTY, casePath);
  return casePath;
}

it('a killed import leaves a sound case, and importing again gives what an undisturbed import gives', async () => {
  const undisturbed = newCase('undisturbed');
  const run = await runEnclave(['import', undisturbed, EVIDENCE]);
  expect(run).toMatchObject({ code: 0, stderr: '' });
  const wanted = await outcomeOf(undisturbed);
  expect(wanted.flows.split('\n').length).toBeGreaterThan(200_000);
  expect(wanted.findings.length).toBeGreaterThan(0);

  const random = new SampleRandom(24);
  const faults: string[] = [];
  const evidenceSeen = new Set<number>();
  let killed = 0;
  let completed = 0;
  let casePath = newCase('case-0');
  for (let attempt = 1; attempt <= MOST_IMPORTS && killed < KILLS; attempt++) {
    const after = random.unit() * run.durationMs;
    // A killed case is imported into again until an import ends by itself; then comes a new case.
    const { code, signal, stderr } = await runEnclave(['import', casePath, EVIDENCE], {
      signal: { name: 'SIGKILL', after },
    });
    const tell = (fault: string): number => faults.push(`import ${attempt}, killed at ${after} ms: ${fault}`);
    for (const { check, detail } of await faultsOf(engine, casePath)) tell(`${check}: ${detail}`);
    if (signal === 'SIGKILL') {
      killed++;
      const { rows } = await engine.run('summary', { case: casePath, by: ['evidence'], metric: 'flows', where: '' });
      evidenceSeen.add(rows.length);
      continue;
    }
    completed++;
    const outcome = await outcomeOf(casePath);
    if (code !== 0 || stderr !== '') tell(`it ended with ${code}: ${stderr}`);
    if (outcome.flows !== wanted.flows) tell('the flows differ');
    if (JSON.stringify(outcome.findings) !== JSON.stringify(wanted.findings)) tell('the findings differ');
    for (const suffix of ['', '-wal', '-shm', '-lock']) rmSync(casePath + suffix, { force: true });
    casePath = newCase(`case-${attempt}`);
  }
  expect((await runEnclave(['import', casePath, EVIDENCE])).code).toBe(0);
  const last = await outcomeOf(casePath);
  expect(last.flows === wanted.flows).toBe(true);
  expect(last.findings).toEqual(wanted.findings);

  expect(faults).toEqual([]);
  // Kills that came too late, or all at the same step, would prove nothing.
  expect(killed).toBe(KILLS);
  expect(completed).toBeGreaterThan(0);
  expect(evidenceSeen.size).toBeGreaterThan(1);
}, 900_000);
