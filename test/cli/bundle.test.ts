import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { conversations, pcap } from '../fixtures/captures.ts';
import { LAUNCHER, linesOf, runEnclave } from './run-enclave.ts';

/** A sealed bundle as a stranger gets it: checked by standard tools and by itself, read from a write-protected medium. */

const mayMount = spawnSync('unshare', ['-rm', 'true']).status === 0;
const hasSha256sum = spawnSync('sha256sum', ['--version']).status === 0;
const ROOT = mkdtempSync(join(tmpdir(), 'enclave-bundle-'));
const CASE = join(ROOT, 'case.enclave');
const EVIDENCE = join(ROOT, 'small.pcap');
const BUNDLE = join(ROOT, 'bundle');
const sha256 = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

interface Made {
  manifestSha256: string;
  chainHead: string;
  evidence: { id: string; included: boolean }[];
}
let made: Made;
let findings: string;

/** What a command prints that has to succeed. */
async function done(args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runEnclave(args);
  if (code !== 0) throw new Error(stderr);
  return stdout;
}

beforeAll(async () => {
  writeFileSync(EVIDENCE, pcap(conversations(50)));
  await done(['new', CASE, '--title', 'Sealed\u202e one']);
  await done(['import', CASE, EVIDENCE]);
  findings = await done(['findings', CASE, '--json']);
  const told = await done(['bundle', CASE, '--out', BUNDLE, '--with-evidence', 'all', '--report', '--json']);
  made = JSON.parse(linesOf(told).at(-1) ?? '') as Made;
}, 120_000);

afterAll(() => rmSync(ROOT, { recursive: true, force: true }));

const entries = (path: string): { action: string; detail: string; hash: string }[] => {
  const db = new Database(path, { readonly: true });
  try {
    return db
      .prepare<[], { action: string; detail: string; hash: string }>(
        'SELECT action, detail, hash FROM audit ORDER BY seq',
      )
      .all();
  } finally {
    db.close();
  }
};

const manifestOf = (folder: string) =>
  JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as {
    chainHead: string;
    evidence: { file: string | null; sha256: string }[];
    files: { path: string; bytes: number; sha256: string }[];
  };

describe('a sealed bundle', () => {
  it('holds what its manifest lists, and the case in work knows its hash', () => {
    const { files, chainHead, evidence } = manifestOf(BUNDLE);
    for (const { path, bytes, sha256: hash } of files) {
      expect([path, statSync(join(BUNDLE, path)).size, sha256(join(BUNDLE, path))]).toEqual([path, bytes, hash]);
    }
    expect(files.map(({ path }) => path)).toEqual(files.map(({ path }) => path).toSorted());
    expect(evidence).toEqual([expect.objectContaining({ sha256: sha256(EVIDENCE) })]);
    expect(sha256(join(BUNDLE, evidence[0].file ?? ''))).toBe(sha256(EVIDENCE));
    expect(readdirSync(BUNDLE).filter((name) => /-(?:wal|shm|lock|journal)$/.test(name))).toEqual([]);
    expect(readdirSync(ROOT).filter((name) => name.includes('making'))).toEqual([]);
    const sealed = entries(join(BUNDLE, 'case.enclave'));
    const live = entries(CASE);
    expect(sealed.at(-1)?.hash).toBe(chainHead);
    expect(live.slice(0, sealed.length)).toEqual(sealed);
    const [entry] = live.slice(sealed.length);
    expect(entry.action).toBe('bundle');
    expect(JSON.parse(entry.detail)).toMatchObject({
      manifestSha256: sha256(join(BUNDLE, 'manifest.json')),
      chainHead,
    });
    expect(made.manifestSha256).toBe(sha256(join(BUNDLE, 'manifest.json')));
    const readme = readFileSync(join(BUNDLE, 'README.txt'), 'utf8');
    expect(readme).toContain('Sealed\\u202e one');
    expect(readme).toContain(chainHead);
  });

  it('is one file in rollback mode, so that reading it leaves nothing beside it', async () => {
    const head = readFileSync(join(BUNDLE, 'case.enclave'));
    expect([head[18], head[19]]).toEqual([1, 1]);
    const before = readdirSync(BUNDLE);
    expect((await runEnclave(['verify', BUNDLE])).code).toBe(0);
    expect(readdirSync(BUNDLE)).toEqual(before);
  });

  it.skipIf(!hasSha256sum)('is checked by sha256sum', () => {
    const run = spawnSync('sha256sum', ['--strict', '-c', 'SHA256SUMS'], { cwd: BUNDLE, encoding: 'utf8' });
    expect(run.stderr).toBe('');
    expect(run.status).toBe(0);
    expect(linesOf(run.stdout)).toHaveLength(manifestOf(BUNDLE).files.length + 1);
  });

  it('names what was changed, is missing or was added, and ends with exit code 4', async () => {
    const other = join(ROOT, 'other');
    expect((await runEnclave(['bundle', CASE, '--out', other])).code).toBe(0);
    expect(existsSync(join(other, 'evidence'))).toBe(false);
    expect(manifestOf(other).evidence[0].file).toBe(null);
    const evidence = ['--evidence', ROOT];
    expect((await runEnclave(['verify', other, ...evidence])).code).toBe(0);
    const readme = join(other, 'README.txt');
    const text = readFileSync(readme);
    rmSync(readme);
    writeFileSync(join(other, 'more.txt'), '');
    const missing = await runEnclave(['verify', join(other, 'manifest.json'), ...evidence]);
    expect(missing.code).toBe(4);
    expect(missing.stdout).toMatch(/file README.txt +FAILS +missing/);
    expect(missing.stdout).toMatch(/file more.txt +FAILS +added/);
    rmSync(join(other, 'more.txt'));
    writeFileSync(readme, `${text.toString()} `);
    const changed = await runEnclave(['verify', other, ...evidence]);
    expect(changed.code).toBe(4);
    expect(changed.stdout).toMatch(/file README.txt +FAILS +changed: its SHA-256 is/);
    expect(changed.stdout).toMatch(/case file +holds/);
    expect(changed.stderr).toBe('');
  });

  it('takes no evidence that is not what was imported, and leaves nothing behind', async () => {
    const copy = join(ROOT, 'changed', 'small.pcap');
    mkdirSync(join(ROOT, 'changed'));
    writeFileSync(copy, readFileSync(EVIDENCE));
    appendFileSync(copy, 'x');
    const out = join(ROOT, 'never');
    const run = await runEnclave([
      'bundle',
      CASE,
      '--out',
      out,
      '--with-evidence',
      'all',
      '--evidence',
      join(ROOT, 'changed'),
    ]);
    expect(run.code).toBe(2);
    expect(linesOf(run.stderr).at(-1)).toMatch(/^enclave: the evidence is not what was imported: its SHA-256 is /);
    expect(readdirSync(ROOT).filter((name) => name.startsWith('never'))).toEqual([]);
    const taken = await runEnclave(['bundle', CASE, '--out', BUNDLE]);
    expect([taken.code, linesOf(taken.stderr).at(-1)]).toEqual([
      2,
      expect.stringMatching(/there is something of that name/),
    ]);
    const unknown = await runEnclave(['bundle', CASE, '--out', out, '--with-evidence', 'ffff']);
    expect([unknown.code, linesOf(unknown.stderr).at(-1)]).toEqual([1, expect.stringMatching(/no evidence ffff/)]);
  });

  it.skipIf(!mayMount)(
    'is read from a write-protected medium, where nothing writes (skipped without `unshare -rm`)',
    () => {
      const mount = join(ROOT, 'medium');
      mkdirSync(mount);
      const sealed = join(mount, 'case.enclave');
      const reading = [
        `verify ${mount}`,
        `verify ${sealed} --evidence ${ROOT}`,
        `findings ${sealed} --json`,
        `flows ${sealed}`,
        `flows ${sealed} --out ${ROOT}/flows.ndjson`,
        `summary ${sealed} --by category --json`,
        `report ${sealed} --out ${ROOT}/again.html`,
      ];
      const writing = [`analyse ${sealed}`, `import ${sealed} ${EVIDENCE}`, `reclassify ${sealed}`];
      const commands = [...reading, ...writing];
      const script = [
        `mount --bind ${BUNDLE} ${mount} && mount -o remount,ro,bind ${mount} || exit 99`,
        `touch ${mount}/x 2>/dev/null && exit 98`,
        ...commands.map(
          (command, i) =>
            `${process.execPath} ${LAUNCHER} ${command} >${ROOT}/out-${i} 2>${ROOT}/err-${i}; echo $? >${ROOT}/code-${i}`,
        ),
      ].join('\n');
      expect(spawnSync('unshare', ['-rm', 'sh', '-c', script], { encoding: 'utf8' })).toMatchObject({
        status: 0,
        stderr: '',
      });
      const told = (kind: string, i: number): string => readFileSync(join(ROOT, `${kind}-${i}`), 'utf8');
      expect(commands.map((command, i) => [command, told('code', i).trim()])).toEqual([
        ...reading.map((command) => [command, '0']),
        ...writing.map((command) => [command, '2']),
      ]);
      expect(told('out', 2)).toBe(findings);
      expect(linesOf(told('out', 3))).toHaveLength(50);
      for (const i of writing.keys()) {
        const lines = linesOf(told('err', reading.length + i)).filter((line) => !line.startsWith('{'));
        expect(lines).toEqual([expect.stringMatching(/^enclave: the case is sealed and can only be read /)]);
      }
      const [printed, sealedReport] = [join(ROOT, 'again.html'), join(BUNDLE, 'report.html')].map((path) =>
        readFileSync(path, 'utf8').replaceAll(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?/g, 'TIME'),
      );
      expect(printed === sealedReport).toBe(true);
    },
  );
});
