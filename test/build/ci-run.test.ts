import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { closingLine, countTests } from '../../build/closing-line.ts';

const SCRIPT = fileURLToPath(new URL('../../.ci/run', import.meta.url));

/** Runs a copy of .ci/run with stand-ins: npm prints `output` for `npm test` and ends with `code`, strace is there. */
function runWith(output: string, code: number): { status: number | null; lastLine: string } {
  const root = mkdtempSync(path.join(tmpdir(), 'enclave-ci-'));
  try {
    mkdirSync(path.join(root, '.ci'));
    mkdirSync(path.join(root, 'bin'));
    cpSync(SCRIPT, path.join(root, '.ci/run'));
    writeFileSync(path.join(root, 'output'), output);
    const npm = path.join(root, 'bin/npm');
    writeFileSync(npm, `#!/bin/sh\n[ "$1" = ci ] && exit 0\ncat '${root}/output'\nexit ${code}\n`);
    const strace = path.join(root, 'bin/strace');
    writeFileSync(strace, '#!/bin/sh\n');
    for (const program of [npm, strace]) chmodSync(program, 0o755);
    const env = { ...process.env, PATH: `${root}/bin:${process.env['PATH'] ?? ''}` };
    const { status, stdout } = spawnSync('bash', ['.ci/run'], { cwd: root, env, encoding: 'utf8' });
    return { status, lastLine: stdout.trimEnd().split('\n').at(-1) ?? '' };
  } finally {
    rmSync(root, { recursive: true });
  }
}

describe('.ci/run', () => {
  it('is executable, sound bash, and knows no machine', () => {
    expect(statSync(SCRIPT).mode & 0o111).not.toBe(0);
    expect(spawnSync('bash', ['-n', SCRIPT]).status).toBe(0);
    expect(readFileSync(SCRIPT, 'utf8')).not.toMatch(/\/(work|home|root|tmp|opt|Users)\b/);
  });

  it('ends with the totals and the code of the tests', () => {
    expect(runWith('noise\n12 passed, 0 failed\n', 0)).toEqual({ status: 0, lastLine: '12 passed, 0 failed' });
    expect(runWith('12 passed, 3 failed, 1 skipped\nnpm error\n', 1)).toEqual({
      status: 1,
      lastLine: '12 passed, 3 failed, 1 skipped',
    });
  });

  it('adds the totals of several runners', () => {
    const output = '12 passed, 1 failed\n\u001b[32m5 passed, 0 failed, 2 skipped\u001b[0m\n';
    expect(runWith(output, 1).lastLine).toBe('17 passed, 1 failed, 2 skipped');
  });

  it('never calls a run that broke off passed', () => {
    expect(runWith('', 7)).toEqual({ status: 7, lastLine: '0 passed, 1 failed' });
    expect(runWith('3 passed, 0 failed\n', 1)).toEqual({ status: 1, lastLine: '3 passed, 1 failed' });
  });
});

const madeTest = (state: 'passed' | 'failed' | 'skipped', note?: string) => ({
  fullName: `a ${state} test`,
  result: () => ({ state, note }),
});
const madeModule = (tests: ReturnType<typeof madeTest>[], errors = 0) =>
  ({
    errors: () => Array.from({ length: errors }, () => ({ message: 'x' })),
    children: { allTests: () => tests.values(), allSuites: () => [].values() },
  }) as unknown as Parameters<typeof countTests>[0][number];

describe('closing line', () => {
  it('counts tests, files that do not load, and stray errors', () => {
    const totals = countTests(
      [madeModule([madeTest('passed'), madeTest('failed'), madeTest('skipped', 'no corpus')]), madeModule([], 1)],
      1,
    );
    expect(totals).toEqual({ passed: 1, failed: 3, skipped: 1, skipNotes: ['skipped: a skipped test: no corpus'] });
    expect(closingLine(totals)).toBe('1 passed, 3 failed, 1 skipped');
    expect(closingLine({ passed: 2, failed: 0, skipped: 0 })).toBe('2 passed, 0 failed');
  });
});
