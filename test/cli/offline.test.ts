import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { linesOf, runEnclave } from './run-enclave.ts';

/** No network: the whole job works without one, and nothing even tries. */

const ROOT = mkdtempSync(join(tmpdir(), 'enclave-offline-'));
const TRAP = new URL('./network-trap.ts', import.meta.url).href;
const unshared = ['unshare', '-rn'];
const mayUnshare = spawnSync(unshared[0], [...unshared.slice(1), 'true']).status === 0;
afterAll(() => rmSync(ROOT, { recursive: true, force: true }));

function trapped(name: string): { marker: string; env: Record<string, string> } {
  const marker = join(ROOT, name);
  return { marker, env: { ENCLAVE_TRAP: marker, NODE_OPTIONS: `--import=${TRAP}` } };
}

describe('the trap', () => {
  // What is planted runs in the main thread or in a worker; the trap must see it in both.
  const uses = {
    fetch: "await fetch('http://192.0.2.1/')",
    net: "(await import('node:net')).connect(9, '192.0.2.1')",
    socket: "new (await import('node:net')).Socket().connect(9, '192.0.2.1')",
    tls: "(await import('node:tls')).connect(9, '192.0.2.1')",
    dns: "(await import('node:dns')).lookup('example.org', () => undefined)",
    promises: "await (await import('node:dns/promises')).lookup('example.org')",
    http: "(await import('node:http')).get('http://192.0.2.1/')",
    https: "(await import('node:https')).get('https://192.0.2.1/')",
    dgram: "(await import('node:dgram')).createSocket('udp4')",
  };
  const places = Object.keys(uses).flatMap((use) => [
    [use, 'main thread'],
    [use, 'worker'],
  ]) as [keyof typeof uses, string][];

  it.each(places)('springs at %s in a %s', (use, place) => {
    const { marker, env } = trapped(`planted-${use}-${place}`);
    const planted = join(ROOT, `planted-${use}.mjs`);
    writeFileSync(planted, uses[use]);
    const starter = join(ROOT, 'starter.mjs');
    writeFileSync(starter, `import { Worker } from 'node:worker_threads'; new Worker(${JSON.stringify(planted)})`);
    const run = spawnSync(process.execPath, [place === 'worker' ? starter : planted], {
      env: { ...process.env, ...env },
      encoding: 'utf8',
    });
    expect(run.status).toBe(1);
    expect(run.stderr).toContain('the network was used');
    expect(linesOf(readFileSync(marker, 'utf8'))).toHaveLength(1);
  });
});

describe('enclave demo', () => {
  it('does the whole job without trying the network', async () => {
    const { marker, env } = trapped('demo');
    const run = await runEnclave(['demo', '--out', join(ROOT, 'out')], { env, under: mayUnshare ? unshared : [] });
    expect(run).toMatchObject({ code: 0, signal: null });
    expect(existsSync(marker) ? readFileSync(marker, 'utf8') : '').toBe('');
    expect(existsSync(join(ROOT, 'out/report.html'))).toBe(true);
  }, 120_000);

  it.skipIf(!mayUnshare)('ran where there is no network (skipped where `unshare -rn` is not allowed)', () => {
    const devices = spawnSync(unshared[0], [...unshared.slice(1), 'cat', '/proc/net/dev'], { encoding: 'utf8' });
    const names = linesOf(devices.stdout)
      .slice(2)
      .map((line) => line.split(':')[0].trim());
    expect(names).toEqual(['lo']);
  });
});
