import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { conversations, pcap, singlePacketFlows } from '../fixtures/captures.ts';
import { LAUNCHER, linesOf, runEnclave } from './run-enclave.ts';

/** A disk that fills up during an import: a real one, of a few megabytes, seen by one shell and what it starts. */

const mayMount = spawnSync('unshare', ['-rm', 'true']).status === 0;
const ROOT = mkdtempSync(join(tmpdir(), 'enclave-disk-full-'));
const DISK = join(ROOT, 'disk');
const put = (name: string, content: string | Uint8Array): string => {
  const path = join(ROOT, name);
  writeFileSync(path, content);
  return path;
};

/** Output of one command of the script. */
interface Step {
  code: number;
  stdout: string[];
  stderr: string[];
}

/** Runs shell commands one after the other on a new disk of this size; `$E` stands for the command line. */
async function onDisk(size: string, commands: readonly string[]): Promise<Step[]> {
  const script = [
    `mount -t tmpfs -o size=${size} tmpfs ${DISK} || exit 99`,
    `E="${process.execPath} ${LAUNCHER}"`,
    `CASE=${DISK}/case.enclave`,
    ...commands.map((command, i) => `${command} >${ROOT}/out-${i} 2>${ROOT}/err-${i}; echo "CODE $?"`),
    `for i in $(seq 0 ${commands.length - 1}); do echo "== $i out"; cat ${ROOT}/out-$i; echo "== $i err"; cat ${ROOT}/err-$i; done`,
  ].join('\n');
  const run = spawnSync('unshare', ['-rm', 'sh', '-c', script], { encoding: 'utf8', maxBuffer: 64 << 20 });
  expect(run.stderr).toBe('');
  const codes = [...run.stdout.matchAll(/^CODE (\d+)$/gm)].map((match) => Number(match[1]));
  expect(codes).toHaveLength(commands.length);
  return codes.map((code, i) => {
    const part = (name: string): string[] => {
      const text = run.stdout.split(`== ${i} ${name}\n`)[1]?.split(/^== \d+ (?:out|err)\n/m)[0] ?? '';
      return linesOf(text);
    };
    return { code, stdout: part('out'), stderr: part('err') };
  });
}

beforeAll(() => mkdirSync(DISK));
afterAll(() => rmSync(ROOT, { recursive: true, force: true }));

describe.skipIf(!mayMount)('a full disk (skipped where `unshare -rm` is not allowed)', () => {
  it('ends the import with one line and exit code 2; what was committed stays, and the case verifies', async () => {
    const small = put('small.pcap', pcap(conversations(50)));
    const large = put('large.pcap', singlePacketFlows(150_000));
    const steps = await onDisk('4m', [
      '$E new $CASE',
      `$E import $CASE ${small}`,
      '$E flows $CASE',
      `$E import $CASE ${large}`,
      '$E flows $CASE',
      '$E verify $CASE',
      '$E findings $CASE --json',
      // More room: the same import goes through.
      `mount -o remount,size=64m ${DISK} && $E import $CASE ${large} --no-analyse`,
      '$E verify $CASE',
      '$E flows $CASE | wc -l',
      `ls ${DISK}`,
    ]);
    const [made, first, before, full, after, verified, findings, again, verifiedAgain, flows, files] = steps;
    expect([made.code, first.code, before.code]).toEqual([0, 0, 0]);
    expect(full.code).toBe(2);
    expect(full.stderr).toEqual([
      expect.stringMatching(/^enclave: \d\.\d MB are free for the case and 8\.7 MB of evidence .* may not fit/),
      expect.stringMatching(/^enclave: no space left for the case; .* \(.*case\.enclave\); free some space/),
    ]);
    expect(before.stdout).toHaveLength(50);
    expect(after).toEqual(before);
    expect(verified).toMatchObject({ code: 0, stderr: [] });
    expect(findings.code).toBe(0);
    expect(JSON.parse(findings.stdout.join(''))).not.toEqual([]);
    expect(again).toMatchObject({ code: 0, stderr: [] });
    expect(verifiedAgain.code).toBe(0);
    expect(flows.stdout.map(Number)).toEqual([150_050]);
    expect(files.stdout).toEqual(['case.enclave', 'case.enclave.backups']);
  });

  it('keeps the files of the same import that came before the full disk, labelled', async () => {
    const small = put('small.pcap', pcap(conversations(50)));
    const large = put('large.pcap', singlePacketFlows(150_000));
    const [, full, flows, verified] = await onDisk('4m', [
      '$E new $CASE',
      `$E import $CASE ${small} ${large}`,
      '$E flows $CASE --where "protocol = http"',
      '$E verify $CASE',
    ]);
    expect(full.code).toBe(2);
    expect(full.stderr).toHaveLength(2);
    expect(flows.stdout).toHaveLength(50);
    expect(verified.code).toBe(0);
  });

  it('an import that cannot fit is refused before it begins, and so is a bundle', async () => {
    const small = put('small.pcap', pcap(conversations(50)));
    const steps = await onDisk('8m', [
      '$E new $CASE',
      `$E import $CASE ${small}`,
      `dd if=/dev/zero of=${DISK}/filler bs=1k 2>/dev/null; truncate -s -300k ${DISK}/filler; $E import $CASE ${put('other.pcap', pcap(conversations(60)))}`,
      '$E verify $CASE',
      `$E bundle $CASE --out ${DISK}/bundle`,
      `ls ${DISK}`,
    ]);
    const [, , full, verified, bundle, files] = steps;
    expect(full).toMatchObject({
      code: 2,
      stderr: [expect.stringMatching(/^enclave: 1 MB are needed and 0\.\d MB are free .*; free some space/)],
    });
    expect(verified.code).toBe(0);
    expect(bundle).toMatchObject({ code: 2, stderr: [expect.stringMatching(/ MB are needed and 0\.\d MB are free /)] });
    expect(files.stdout).toEqual(['case.enclave', 'case.enclave.backups', 'filler']);
  });

  it('a case that cannot be made leaves nothing behind', async () => {
    const [full, files] = await onDisk('32k', ['$E new $CASE', `ls ${DISK}`]);
    expect(full.code).toBe(2);
    expect(full.stderr).toEqual([expect.stringMatching(/^enclave: no space left for the case; /)]);
    expect(files.stdout).toEqual([]);
  });

  it('exports and reports that do not fit are told and removed', async () => {
    const small = put('small.pcap', pcap(conversations(4000)));
    const [made, imported, flows, report, files] = await onDisk('12m', [
      '$E new $CASE',
      `$E import $CASE ${small}`,
      `dd if=/dev/zero of=${DISK}/filler bs=1k 2>/dev/null; truncate -s -48k ${DISK}/filler; $E flows $CASE --out ${DISK}/flows.ndjson`,
      `$E report $CASE --out ${DISK}/report.html`,
      `ls ${DISK}`,
    ]);
    expect([made.code, imported.code]).toEqual([0, 0]);
    for (const step of [flows, report]) {
      expect(step.code).toBe(2);
      expect(step.stderr.at(-1)).toMatch(/^enclave: the file cannot be written .*ENOSPC.*; choose another place/);
    }
    expect(files.stdout).toEqual(['case.enclave', 'case.enclave.backups', 'filler']);
  });
});

it('the command line itself starts (so that the tests above can fail)', async () => {
  expect((await runEnclave(['--version'])).code).toBe(0);
});
