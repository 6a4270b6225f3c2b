import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { encryptedHeader } from '../../electron/casefile/case-cipher.ts';
import { LAUNCHER } from './run-enclave.ts';

/** A passphrase typed on a terminal, which script(1) gives. */

const ROOT = mkdtempSync(join(tmpdir(), 'enclave-typed-'));
afterAll(() => rmSync(ROOT, { recursive: true }));
const CASE = join(ROOT, 'case.enclave');
const hasTerminal = spawnSync('script', ['-qec', 'true', '/dev/null']).status === 0;

/** Runs Enclave on a terminal and types one line at each question; exit code and everything that stood on the screen. */
async function typing(verb: string, lines: readonly string[]): Promise<{ code: unknown; screen: string }> {
  const command = [process.execPath, LAUNCHER, verb, CASE, ...(verb === 'new' ? ['--encrypt'] : [])];
  const { ENCLAVE_PASSPHRASE: _none, ...env } = process.env;
  const child = spawn('script', ['-qec', command.map((word) => `'${word}'`).join(' '), '/dev/null'], { env });
  const left = [...lines];
  let screen = '';
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    screen += piece;
    if (/(?:case|again): $/.test(screen)) child.stdin.write(`${left.shift() ?? ''}\r`);
  });
  const [code] = (await once(child, 'close')) as [unknown];
  return { code, screen };
}

it.skipIf(!hasTerminal)(
  'is not shown, is corrected by backspace, and opens the case',
  { timeout: 120_000 },
  async () => {
    const differing = await typing('new', ['a long pass £ phrase', 'another one']);
    expect(differing.code).toBe(1);
    expect(differing.screen).toContain('the two passphrases differ');
    const made = await typing('new', ['xx\u007f\u007fa long pass £ phrase', 'a long pass £ phrase']);
    expect([made.code, made.screen]).toEqual([0, expect.stringContaining('created, encrypted')]);
    expect(encryptedHeader(readFileSync(CASE))).not.toBeNull();
    expect((await typing('findings', ['a long pass £ phrase'])).code).toBe(0);
    expect((await typing('findings', ['\u0003'])).code).toBe(130);
    for (const { screen } of [differing, made]) expect(screen).not.toMatch(/£|another one/);
  },
);
