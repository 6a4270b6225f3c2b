import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Finding } from '../../shared/finding.ts';
import type { Backup, ImportSummary, ProfileCorrection } from '../../shared/jobs.ts';
import { openBackup } from '../../electron/casefile/case-backup.ts';
import { takeKeys } from '../../electron/casefile/case-cipher.ts';
import { readProfile } from '../../electron/cli/profile-file.ts';
import { Engine } from '../../electron/engine/engine.ts';
import { generateSample } from '../../electron/sample/generate-sample.ts';
import { SampleRandom } from '../../electron/sample/sample-random.ts';
import { faultsOf } from '../cli/case-state.ts';
import { LAUNCHER } from '../cli/run-enclave.ts';
import { singlePacketFlows } from '../fixtures/captures.ts';

/**
 * Kills Enclave at random points of import, analysis, note-taking and change of profile (SIGKILL to the whole process group, seeded),
 * and looks at what is left: the case opens and verifies, what was told as saved on stdout is there, and every backup is whole. A case
 * that was killed is worked on again until the work ends by itself. Every fourth round is on an encrypted case.
 *
 *     node test/kills/kills.ts --count 200 [--seed 1]
 */

const TAKER = fileURLToPath(new URL('../fixtures/note-taker.ts', import.meta.url));
const PASSPHRASE = 'a passphrase for kills';
const WORKS = ['import', 'analyse', 'note', 'profile'] as const;
type Work = (typeof WORKS)[number];

/** Profiles that are put in each other's place. */
const PROFILES = ['dprk-2017', 'default'];

/** A note-taker never ends by itself; it is killed within so long of its first note, milliseconds. */
const NOTES_WITHIN = 400;

export interface KillReport {
  kills: Record<Work, number>;
  /** Runs that ended before their kill came. */
  ended: number;
  /** Kills after which the last line on stdout had told of something saved. */
  told: number;
  faults: string[];
}

interface Run {
  killed: boolean;
  stdout: string;
  durationMs: number;
}

/** Runs a program in a group of its own and kills the group; `after` milliseconds from the start, or from its first output. */
async function run(args: readonly string[], after: number | null, from: 'start' | 'output' = 'start'): Promise<Run> {
  const begun = performance.now();
  const child = spawn(process.execPath, args, {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, ENCLAVE_PASSPHRASE: PASSPHRASE },
  });
  let timer: NodeJS.Timeout | undefined;
  const kill = (): void => {
    timer ??= setTimeout(() => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch {
        // It ended by itself.
      }
    }, after ?? 0);
  };
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    if (after !== null && from === 'output') kill();
  });
  if (after !== null && from === 'start') kill();
  const [, signal] = (await once(child, 'close')) as [number | null, string | null];
  clearTimeout(timer);
  return { killed: signal === 'SIGKILL', stdout, durationMs: performance.now() - begun };
}

/** @param log is told of each round */
export async function killRuns(count: number, seed: number, log: (line: string) => void): Promise<KillReport> {
  const root = mkdtempSync(join(tmpdir(), 'enclave-kills-'));
  const engine = new Engine();
  try {
    return await rounds(root, engine, count, seed, log);
  } finally {
    await engine.close();
    rmSync(root, { recursive: true, force: true });
  }
}

async function rounds(
  root: string,
  engine: Engine,
  count: number,
  seed: number,
  log: (line: string) => void,
): Promise<KillReport> {
  const evidence = join(root, 'evidence');
  await generateSample(evidence, { days: 2, captureDays: 1 });
  writeFileSync(join(evidence, 'long.pcap'), singlePacketFlows(60_000));
  const random = new SampleRandom(seed);
  const report: KillReport = { kills: byWork(0), ended: 0, told: 0, faults: [] };
  const begin: Record<'plain' | 'encrypted', Record<Work, string>> = { plain: byWork(''), encrypted: byWork('') };
  const lasts: Record<Work, number> = { ...byWork(0), note: NOTES_WITHIN };
  for (const kind of ['plain', 'encrypted'] as const) {
    const made = join(root, `${kind}.enclave`);
    const cipher = kind === 'encrypted' ? { cipherHeader: await engine.keyring.make(PASSPHRASE) } : {};
    await engine.run('new', { case: made, profile: readProfile(PROFILES[0]), ...cipher });
    const imported = join(root, `${kind}-imported.enclave`);
    cpSync(made, imported);
    const whole = await run([LAUNCHER, 'import', imported, evidence], null);
    lasts.import = whole.durationMs;
    lasts.analyse = (await run([LAUNCHER, 'analyse', imported], null)).durationMs;
    // To put a profile in another's place is to label and to analyse: about twice as long.
    lasts.profile = 2 * lasts.analyse;
    begin[kind] = { ...byWork(imported), import: made };
  }
  takeKeys(engine.keyring.keys);
  const at = new Map<string, string>();
  /** Notes that were told as saved, by case. */
  const notes = new Map<string, Set<string>>();
  let cases = 0;
  for (let round = 1; Object.values(report.kills).reduce((sum, kills) => sum + kills) < count; round++) {
    const work = WORKS[round % WORKS.length] ?? 'note';
    const kind = Math.floor(round / WORKS.length) % 4 === 0 ? 'encrypted' : 'plain';
    const slot = `${work} ${kind}`;
    let path = at.get(slot);
    if (path === undefined) {
      path = join(root, `case-${++cases}.enclave`);
      cpSync(begin[kind][work], path);
      at.set(slot, path);
    }
    const after = random.unit() * lasts[work];
    const { name: inForce } = await engine.run('profile', { case: path });
    const args: Record<Work, string[]> = {
      import: [LAUNCHER, 'import', path, evidence, '--json'],
      analyse: [LAUNCHER, 'analyse', path, '--json'],
      note: [TAKER, path],
      profile: [LAUNCHER, 'profile', path, '--set', PROFILES.find((name) => name !== inForce) ?? '', '--json'],
    };
    const { killed, stdout, durationMs } = await run(args[work], after, work === 'note' ? 'output' : 'start');
    const tell = (fault: string): number =>
      report.faults.push(`round ${round} (${slot}, ${after.toFixed(1)} ms): ${fault}`);
    for (const { check, detail } of await faultsOf(engine, path)) tell(`${check}: ${detail}`);
    for (const fault of await lost(engine, path, work, stdout, notes)) tell(fault);
    for (const backup of await engine.run('backups', { case: path })) {
      const fault = faultOf(backup);
      if (fault !== null) tell(fault);
    }
    if (killed) report.kills[work]++;
    else report.ended++;
    if (killed && stdout.includes('\n')) report.told++;
    // The next kills fall within what the work takes on this machine now.
    if (!killed) lasts[work] = durationMs;
    if (!killed) at.delete(slot);
    if (!killed)
      for (const rest of ['', '-wal', '-shm', '-lock', '.backups'])
        rmSync(path + rest, { recursive: true, force: true });
    log(
      `${round}: ${slot}, ${killed ? `killed after ${after.toFixed(0)} ms` : 'ended by itself'}, faults ${report.faults.length}`,
    );
  }
  return report;
}

function byWork<Value>(value: Value): Record<Work, Value> {
  return { import: value, analyse: value, note: value, profile: value };
}

function faultOf({ path }: Backup): string | null {
  try {
    openBackup(path).close();
    return null;
  } catch (error) {
    return `backup: ${String(error)}`;
  }
}

/** What was told as saved and is not there. */
async function lost(
  engine: Engine,
  path: string,
  work: Work,
  stdout: string,
  notes: Map<string, Set<string>>,
): Promise<string[]> {
  // A line that is cut off was not told.
  const lines = stdout.split('\n').slice(0, -1);
  const last = lines.at(-1);
  if (last === undefined && work !== 'note') return [];
  if (work === 'analyse') {
    const told = (JSON.parse(last ?? '[]') as Finding[]).map(({ id }) => id);
    const stored = (await engine.run('findings', { case: path })).map(({ id }) => id);
    return told.join() === stored.join() ? [] : ['the findings that were printed are not stored'];
  }
  if (work === 'import') {
    const { totals } = JSON.parse(last ?? '') as ImportSummary;
    const { flows } = await engine.run('totals', { case: path, where: '' });
    return flows >= totals.flows ? [] : [`${totals.flows} flows were told, ${flows} are there`];
  }
  if (work === 'profile') {
    const { profile } = JSON.parse(last ?? '') as ProfileCorrection;
    const stored = await engine.run('profile', { case: path });
    const isThere = JSON.stringify(stored) === JSON.stringify(profile);
    return isThere ? [] : [`the profile ${profile.name} was told, ${stored.name} is there`];
  }
  const told = notes.get(path) ?? new Set();
  notes.set(path, told);
  for (const line of lines) {
    if (line.startsWith('-')) told.delete(line.slice(1));
    else told.add(line);
  }
  const there = new Set((await engine.run('notes', { case: path, target: null, search: null })).map(({ id }) => id));
  // The last may have been taken out again, and that not been told.
  if (last !== undefined && !there.has(last)) told.delete(last);
  return [...told].filter((id) => !there.has(id)).map((id) => `note ${id} is gone`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: { count: { type: 'string', default: '200' }, seed: { type: 'string', default: '1' } },
  });
  const { kills, ended, told, faults } = await killRuns(Number(values.count), Number(values.seed), (line) => {
    process.stderr.write(`${line}\n`);
  });
  for (const fault of faults) process.stdout.write(`${fault}\n`);
  process.stdout.write(
    `kills ${JSON.stringify(kills)}, ended by themselves ${ended}, killed after telling ${told}, faults ${faults.length}\n`,
  );
  process.exitCode = faults.length === 0 ? 0 : 1;
}
