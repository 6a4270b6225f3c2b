import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Finding } from '../../shared/finding.ts';
import type { ProfileCorrection } from '../../shared/jobs.ts';
import type { CountedOwnFinding, OwnFinding } from '../../shared/own-finding.ts';
import type { Profile } from '../../shared/profile.ts';
import { conversations, pcap } from '../fixtures/captures.ts';
import { type EnclaveRun, runEnclave } from './run-enclave.ts';

/** The profile of a case and findings of the examiner's own, by the command line. */

const ROOT = mkdtempSync(join(tmpdir(), 'enclave-profile-cli-'));
const CASE = join(ROOT, 'case.enclave');
const FILE = join(ROOT, 'profile.json');

async function enclave(...args: string[]): Promise<EnclaveRun> {
  const run = await runEnclave(args);
  expect(run.stderr).not.toContain('    at ');
  return run;
}

async function json<T>(...args: string[]): Promise<T> {
  const run = await enclave(...args, '--json');
  expect([run.code, run.stderr.replaceAll(/^\{.*\}\n/gm, '')]).toEqual([0, '']);
  return JSON.parse(run.stdout) as T;
}

beforeAll(async () => {
  writeFileSync(join(ROOT, 'a.pcap'), pcap(conversations(10)));
  for (const args of [
    ['new', CASE],
    ['import', CASE, join(ROOT, 'a.pcap')],
  ]) {
    const run = await runEnclave(args);
    if (run.code !== 0) throw new Error(run.stderr);
  }
});
afterAll(() => rmSync(ROOT, { recursive: true }));

it('prints the profile as a file that it takes again, corrected, and refuses a wrong one', async () => {
  const printed = await enclave('profile', CASE);
  const before = await json<Profile>('profile', CASE);
  expect(JSON.parse(printed.stdout)).toEqual(before);
  const ranges = [{ label: 'all', cidr: '0.0.0.0/0' }];
  writeFileSync(FILE, JSON.stringify({ ...before, ranges }));
  const correction = await json<ProfileCorrection>('profile', CASE, '--set', FILE, '--examiner', 'Ada');
  expect(correction).toMatchObject({ changed: ['ranges'], profile: { ranges }, before: { hosts: 0 } });
  expect(correction.after.hosts).toBeGreaterThan(0);
  expect(correction.after.flows).toBe(correction.before.flows);
  expect((await enclave('verify', CASE)).code).toBe(0);
  expect((await enclave('profile', CASE, '--set', FILE)).stdout).toContain('the case has this profile already');

  writeFileSync(FILE, JSON.stringify({ ...before, timeZone: 'Mars/Olympus' }));
  const wrong = await enclave('profile', CASE, '--set', FILE);
  expect([wrong.code, wrong.stdout]).toEqual([2, '']);
  expect(wrong.stderr).toContain('timeZone: not an IANA time zone');
});

it('keeps findings of the examiner’s own apart from the computed ones', async () => {
  const computed = await json<Finding[]>('findings', CASE);
  const made = await json<OwnFinding>('finding', CASE, '--title', 'T', '--statement', 'S', '--where', 'port = 443');
  expect(made).toMatchObject({ title: 'T', examiner: 'Ada', inReport: true, exhibits: [{ where: 'port = 443' }] });
  expect(await json<Finding[]>('findings', CASE)).toEqual(computed);
  await json('finding', CASE, '--edit', made.id, '--statement', '\u202eother', '--where', '', '--not-in-report');
  const [own, ...others] = await json<CountedOwnFinding[]>('findings', CASE, '--own');
  expect(others).toEqual([]);
  expect(own).toMatchObject({ title: 'T', statement: '\u202eother', inReport: false, exhibits: [{ where: '' }] });
  expect(own?.current).toEqual(own?.exhibits.map(({ totals }) => totals));
  const told = await enclave('findings', CASE, '--own');
  expect(told.stdout).toContain('the examiner’s own: Ada');
  expect(told.stdout).not.toContain('\u202e');
  for (const args of [
    ['--title', 'T', '--statement', 'S'],
    ['--title', 'T', '--statement', 'S', '--where', 'port ='],
    ['--remove', '0123456789abcdef'],
  ]) {
    expect((await enclave('finding', CASE, ...args)).code).toBe(1);
  }
  await json('finding', CASE, '--remove', made.id);
  expect(await json<OwnFinding[]>('findings', CASE, '--own')).toEqual([]);
});
