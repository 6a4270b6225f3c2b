import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { conversations, pcap } from '../fixtures/captures.ts';
import { LAUNCHER, linesOf, runEnclave, type EnclaveRun } from './run-enclave.ts';

/** A case that is encrypted at rest: every verb works on it, nothing readable is left beside it, and it tells what is wrong. */

const ROOT = mkdtempSync(join(tmpdir(), 'enclave-encrypted-'));
const HOME = join(ROOT, 'home');
const CASE = join(HOME, 'case.enclave');
const OUT = join(ROOT, 'out');
const PASSPHRASE = 'märchen correct horse';
/** Words that only the examiner wrote. */
const PLANTED = ['PlantedTitle', 'PlantedNote', 'PlantedTag', 'PlantedFilter', 'planted-capture'];
const FILE = join(ROOT, 'planted-capture.pcap');
const NO_PASSPHRASE = { ENCLAVE_PASSPHRASE: '' };

function run(args: readonly string[], passphrase: string = PASSPHRASE): Promise<EnclaveRun> {
  return runEnclave(args, { env: { ENCLAVE_PASSPHRASE: passphrase } });
}

/** Every file below the case's folder. */
function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** Words that stand readable in some file. */
function readable(folder: string, words: readonly string[]): string[] {
  return filesOf(folder).flatMap((file) => {
    const content = readFileSync(file);
    return words.filter((word) => content.includes(word)).map((word) => `${word} in ${file}`);
  });
}

beforeAll(async () => {
  mkdirSync(HOME);
  mkdirSync(OUT);
  writeFileSync(FILE, pcap(conversations(200)));
  const made = await run(['new', CASE, '--encrypt', '--title', 'PlantedTitle', '--examiner', 'E']);
  if (made.code !== 0) throw new Error(made.stderr);
});
afterAll(() => rmSync(ROOT, { recursive: true, force: true }));

// Each command is a process of its own and stretches the passphrase anew.
describe('an encrypted case', { timeout: 300_000 }, () => {
  it('takes evidence and notes, and is read and verified', async () => {
    expect(await run(['import', CASE, FILE])).toMatchObject({ code: 0, stderr: '' });
    for (const args of [
      ['note', CASE, '--on', 'case', '--text', 'PlantedNote of ours', '--tag', 'PlantedTag'],
      ['note', CASE, '--on', 'filter:hostname ~ "PlantedFilter"', '--text', 'x'],
      ['reclassify', CASE],
      ['summary', CASE, '--by', 'protocol'],
      ['restore', CASE],
      ['verify', CASE],
    ]) {
      expect([args, await run(args)]).toMatchObject([args, { code: 0, stderr: '' }]);
    }
  });

  it('says of what is taken out of it that it is not encrypted', async () => {
    for (const [verb, ...rest] of [
      ['report', '--out', join(OUT, 'r.html')],
      ['export', '--what', 'notes', '--format', 'csv', '--out', join(OUT, 'n.csv')],
      ['carve', '--where', 'transport = tcp', '--out', join(OUT, 'c.pcap')],
      ['bundle', '--out', join(OUT, 'bundle'), '--report'],
    ]) {
      const { code, stderr } = await run([verb ?? '', CASE, ...rest]);
      expect([verb, code, linesOf(stderr).length]).toEqual([verb, 0, 1]);
      expect(stderr).toMatch(/^enclave: the (sealed )?case is encrypted.* (is|are) not/);
    }
    expect(readFileSync(join(OUT, 'n.csv'), 'utf8')).toContain('PlantedNote');
    expect(await run(['verify', join(OUT, 'bundle')])).toMatchObject({ code: 0, stderr: '' });
    expect(await runEnclave(['verify', join(OUT, 'bundle')], { env: NO_PASSPHRASE })).toMatchObject({ code: 2 });
    expect(readable(OUT, PLANTED).filter((found) => found.endsWith('case.enclave'))).toEqual([]);
  });

  it('leaves nothing readable beside it: not at rest, not in the log while it is written to, not in backups', async () => {
    expect(filesOf(HOME).some((file) => file.endsWith('.backup'))).toBe(true);
    expect(readable(HOME, PLANTED)).toEqual([]);
    // A writer that is killed leaves its write-ahead log behind.
    const text = 'PlantedNote '.repeat(5000);
    const copy = join(ROOT, 'killed');
    cpSync(HOME, copy, { recursive: true });
    const path = join(copy, 'case.enclave');
    const script = `for i in 1 2 3; do "${process.execPath}" "${LAUNCHER}" note "${path}" --on case --text "$TEXT" & done; sleep 1.5; kill -9 $(jobs -p); wait`;
    execFileSync('bash', ['-c', script], {
      env: { ...process.env, ENCLAVE_PASSPHRASE: PASSPHRASE, TEXT: text },
      stdio: 'ignore',
    });
    expect(readable(copy, PLANTED)).toEqual([]);
    expect(await run(['verify', path])).toMatchObject({ code: 0 });
  });

  it('refuses a wrong passphrase in one line with exit code 2, and asks for none where nobody can type', async () => {
    const wrong = await run(['findings', CASE], 'another passphrase');
    expect(wrong).toMatchObject({ code: 2, stdout: '' });
    expect(linesOf(wrong.stderr)).toEqual([expect.stringContaining('the passphrase does not fit this case')]);
    const none = await runEnclave(['findings', CASE], { env: NO_PASSPHRASE });
    expect(none).toMatchObject({ code: 2, stdout: '' });
    expect(linesOf(none.stderr)).toEqual([expect.stringContaining('the case is encrypted')]);
    const file = join(ROOT, 'passphrase');
    // The ä as two characters, as another keyboard may give it.
    writeFileSync(file, `${PASSPHRASE.normalize('NFD')}\n`);
    const fromFile = await runEnclave(['case', CASE, '--passphrase-file', file], { env: NO_PASSPHRASE });
    expect(fromFile).toMatchObject({ code: 0, stderr: '' });
    const short = await run(['new', join(ROOT, 'short.enclave'), '--encrypt'], 'short');
    expect(short).toMatchObject({ code: 1, stdout: '' });
    expect(short.stderr).toContain('8 characters or more');
  });

  it('tells damage from a wrong passphrase', async () => {
    const size = statSync(CASE).size;
    for (const at of [40, 5000, Math.floor(size / 2)]) {
      const damaged = join(ROOT, `damaged-${at}.enclave`);
      const bytes = readFileSync(CASE);
      bytes[at] ^= 1;
      writeFileSync(damaged, bytes);
      const { code, stdout, stderr } = await run(['verify', damaged]);
      expect([at, [2, 4].includes(code ?? 0)]).toEqual([at, true]);
      expect(stdout + stderr).not.toContain('passphrase');
      expect(stdout + stderr).toMatch(/damaged|FAILS/);
    }
  });

  it('comes back from a backup, encrypted as it was', async () => {
    writeFileSync(CASE, 'no case any more');
    const restored = await run(['restore', CASE, '--from', 'latest']);
    expect(restored).toMatchObject({ code: 0, stderr: '' });
    expect((await run(['notes', CASE])).stdout).toContain('PlantedNote of ours');
    expect(await run(['import', CASE, FILE])).toMatchObject({ code: 0, stderr: '' });
    expect(await run(['verify', CASE])).toMatchObject({ code: 0, stderr: '' });
    expect(readable(HOME, PLANTED)).toEqual([]);
  });
});
