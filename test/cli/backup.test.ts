import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Note } from '../../shared/case-record.ts';
import type { Backup, JobName, Jobs, RestoredCase, VerifyResult } from '../../shared/jobs.ts';
import { Engine } from '../../electron/engine/engine.ts';
import { conversations, pcap } from '../fixtures/captures.ts';
import { runEnclave } from './run-enclave.ts';

/** Rolling backups, and a case that was lost or damaged and comes back from one. */

const ROOT = mkdtempSync(join(tmpdir(), 'enclave-backup-'));
const CASE = join(ROOT, 'case.enclave');
const FILE = join(ROOT, 'capture.pcap');

/** One question to the engine, which opens the case anew. */
async function asked<Name extends JobName>(
  name: Name,
  request: Omit<Jobs[Name]['request'], 'case'>,
): Promise<Jobs[Name]['response']> {
  const engine = new Engine();
  try {
    return await engine.run(name, { case: CASE, ...request } as Jobs[Name]['request']);
  } finally {
    await engine.close();
  }
}
const notesOf = (): Promise<Note[]> => asked('notes', { target: null, search: null });
const verified = (): Promise<VerifyResult> => asked('verify', { evidenceDirectory: null });

async function json<T>(...args: string[]): Promise<T> {
  const { code, stdout } = await runEnclave([...args, '--json']);
  expect([args[0], code]).toEqual([args[0], 0]);
  return JSON.parse(stdout) as T;
}

function resultsOf({ checks }: VerifyResult): Record<string, string> {
  return Object.fromEntries(checks.map(({ check, result }) => [check.split(' ')[0], result]));
}

beforeAll(async () => {
  writeFileSync(FILE, pcap(conversations(300)));
  for (const args of [
    ['new', CASE, '--title', 'Kept', '--examiner', 'E. Xaminer'],
    ['import', CASE, FILE],
    ['note', CASE, '--on', 'host:10.0.0.1', '--text', 'look at this one', '--tag', 'later'],
  ]) {
    const { code, stderr } = await runEnclave(args);
    if (code !== 0) throw new Error(stderr);
  }
});
afterAll(() => rmSync(ROOT, { recursive: true, force: true }));

// Each command is a process of its own, and several tests share the machine.
describe('rolling backups', { timeout: 300_000 }, () => {
  it('are made at the end of each command that changed something', async () => {
    const made = await json<Backup[]>('restore', CASE);
    expect(made).toHaveLength(2);
    expect(made[0]?.entries).toBe((await asked('auditEntries', {})).length);
    expect(made[0]?.entries).toBeGreaterThan(made[1]?.entries ?? 0);
  });

  it('bring a damaged case back, all but its flows, which come again with the evidence', async () => {
    const notes = await notesOf();
    const findings = await asked('findings', {});
    const audit = await asked('auditEntries', {});
    expect(findings.length).toBeGreaterThan(0);
    const bytes = readFileSync(CASE);
    bytes.fill(0xff, 16_384, 65_536);
    writeFileSync(CASE, bytes);
    expect(await runEnclave(['notes', CASE])).toMatchObject({ code: 2 });

    const restored = await json<RestoredCase>('restore', CASE, '--from', 'latest');
    expect(restored.evidence).toEqual([expect.objectContaining({ path: FILE })]);
    expect(restored.head).toBe(audit.at(-1)?.hash);
    expect(readFileSync(restored.aside ?? '').equals(bytes)).toBe(true);
    expect(await notesOf()).toEqual(notes);
    expect(await asked('findings', {})).toEqual(findings);
    const after = await asked('auditEntries', {});
    expect(after.slice(0, audit.length)).toEqual(audit);
    expect(after.map(({ action }) => action).at(audit.length)).toBe('restore');
    const unfinished = await verified();
    expect(resultsOf(unfinished)).toMatchObject({ audit: 'holds', flows: 'not-checked', findings: 'not-checked' });
    expect(unfinished.checks.find(({ check }) => check === 'flows')?.detail).toContain(restored.evidence[0]?.id);

    expect(await runEnclave(['import', CASE, FILE])).toMatchObject({ code: 0, stderr: '' });
    expect(await asked('findings', {})).toEqual(findings);
    const whole = resultsOf(await verified());
    expect(whole).toMatchObject({ flows: 'holds', labels: 'holds', other: 'holds', findings: 'holds' });
  });

  it('bring a lost case back from any of them, and a damaged backup is refused', async () => {
    const [newest, before] = await json<Backup[]>('restore', CASE);
    rmSync(CASE);
    const bytes = readFileSync(newest?.path ?? '');
    bytes.fill(0, 20_000, 30_000);
    writeFileSync(newest?.path ?? '', bytes);
    const refused = await runEnclave(['restore', CASE, '--from', 'latest']);
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toMatch(/damaged/);
    expect(existsSync(CASE)).toBe(false);
    const restored = await json<RestoredCase>('restore', CASE, '--from', before?.path ?? '');
    expect(restored).toMatchObject({ aside: null, entries: before?.entries });
    expect((await notesOf()).map(({ text }) => text)).toContain('look at this one');
    expect(await runEnclave(['restore', CASE, '--from', FILE])).toMatchObject({ code: 2 });
  });
});
