import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { readProfile } from '../../electron/cli/profile-file.ts';
import { Engine } from '../../electron/engine/engine.ts';
import { SampleRandom } from '../../electron/sample/sample-random.ts';
import { faultsOf } from '../cli/case-state.ts';

/** Note-taking killed at random points: the case opens, verifies, and holds every note that was told as saved. */

const KILLS = 25;
const TAKER = fileURLToPath(new URL('../fixtures/note-taker.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'enclave-note-kills-'));
const engine = new Engine();
afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Lines that the note-taker said before it was killed, `after` milliseconds from its first. */
async function killedAfter(casePath: string, after: number): Promise<string[]> {
  const child = spawn(process.execPath, [TAKER, casePath], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (said === '') setTimeout(() => child.kill('SIGKILL'), after);
    said += text;
  });
  const [, signal] = (await once(child, 'close')) as [number | null, string | null];
  if (signal !== 'SIGKILL') throw new Error(`the note-taker ended by itself (${said.slice(-200)})`);
  // What is cut off was not told.
  return said.split('\n').slice(0, -1);
}

it('no note is lost, and the chain holds', async () => {
  const random = new SampleRandom(5);
  const casePath = join(folder, 'case.enclave');
  const profile = readProfile('default');
  await engine.run('new', { case: casePath, profile, title: '', examiner: '', authority: '' });
  const told = new Set<string>();
  const faults: string[] = [];
  for (let kill = 1; kill <= KILLS; kill++) {
    const lines = await killedAfter(casePath, random.unit() * 120);
    const taken = lines.filter((line) => line.startsWith('-')).map((line) => line.slice(1));
    for (const id of lines.filter((line) => !line.startsWith('-'))) told.add(id);
    for (const id of taken) told.delete(id);
    const there = new Set(
      (await engine.run('notes', { case: casePath, target: null, search: null })).map(({ id }) => id),
    );
    // The one in work may have been taken out, or added, and not been told.
    const last = lines.at(-1) ?? '';
    for (const id of told) {
      if (there.has(id)) continue;
      if (id === last) told.delete(id);
      else faults.push(`kill ${kill}: note ${id} is gone`);
    }
    for (const id of taken) if (there.has(id)) faults.push(`kill ${kill}: note ${id} is back`);
    const untold = [...there].filter((id) => !told.has(id));
    if (untold.length > 1) faults.push(`kill ${kill}: ${untold.length} notes that nobody told of`);
    for (const id of untold) told.add(id);
    for (const { check, detail } of await faultsOf(engine, casePath)) faults.push(`kill ${kill}: ${check}: ${detail}`);
  }
  expect(faults).toEqual([]);
  expect(told.size).toBeGreaterThan(KILLS);
});
