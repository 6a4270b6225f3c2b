import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildWhenStale } from '../../build/build-window.ts';
import { findChromium } from '../../electron/report/report-pdf.ts';
import { cannotLaunch, onElectron } from './launch.ts';
import { sampleCapture } from './sample-capture.ts';
import { internetUseIn, STRACE_SWITCHES } from './system-calls.ts';

/** The window speaks to nobody: it works where there is no network, and the kernel sees it open no way out. */

const STORY = fileURLToPath(new URL('short-story.ts', import.meta.url));
const TIME_LIMIT_MS = 180_000;

const UNSHARED = ['unshare', '-rn'];
const mayUnshare = spawnSync('unshare', ['-rn', 'true']).status === 0;
const mayTrace = spawnSync('strace', [...STRACE_SWITCHES, '-o', '/dev/null', 'true']).status === 0;

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

function run(command: readonly string[]): Promise<Ended> {
  const [program = '', ...args] = command;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const ended: Ended = { code: null, stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (ended.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (ended.stderr += text));
    child.on('error', reject);
    child.on('close', (code) => resolve({ ...ended, code }));
  });
}

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'enclave-silence-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(!mayTrace)('the trap (skipped where strace is not installed or not allowed)', () => {
  /** Runs a program under strace as the app is run; `chromium` starts Node by the name of the browser. */
  async function useOf(name: string, program: string): Promise<string[]> {
    const script = join(folder, `${name}.mjs`);
    const trace = join(folder, `${name}.trace`);
    writeFileSync(script, program);
    const { code, stderr } = await run(['strace', ...STRACE_SWITCHES, '-o', trace, process.execPath, script]);
    if (code !== 0) throw new Error(`it ended with ${code}: ${stderr}`);
    return internetUseIn(readFileSync(trace, 'utf8'), browser);
  }

  let browser = '';
  beforeAll(() => {
    browser = join(folder, 'chromium');
    symlinkSync(process.execPath, browser);
  });

  const send = `
    const socket = (await import('node:dgram')).createSocket('udp4');
    await new Promise((sent) => socket.send('x', 9, '127.0.0.1', sent));
    socket.close();`;
  const inWorker = (code: string): string => `
    const { Worker } = await import('node:worker_threads');
    new Worker(new URL('data:text/javascript,' + encodeURIComponent(${JSON.stringify(code)})));`;
  const inBrowser = (code: string): string => `
    const { spawnSync } = await import('node:child_process');
    spawnSync(${JSON.stringify('BROWSER')}, ['--input-type=module', '-e', ${JSON.stringify(code)}]);`;

  it('is quiet about files, threads and children', async () => {
    const quiet = `await (await import('node:fs/promises')).readFile(process.execPath)`;
    expect(await useOf('quiet', inWorker(quiet) + inBrowser(quiet).replace('BROWSER', browser))).toEqual([]);
  });

  it('springs at a socket of the main thread, of a worker and of a child', async () => {
    const connect = `
      const socket = (await import('node:net')).connect(9, '127.0.0.1');
      await new Promise((failed) => socket.on('error', failed));`;
    const child = `
      const { spawnSync } = await import('node:child_process');
      spawnSync(process.execPath, ['--input-type=module', '-e', ${JSON.stringify(send)}]);`;
    expect((await useOf('main', connect))[0]).toMatch(/^main: socket\(AF_INET, SOCK_STREAM/);
    expect((await useOf('worker', inWorker(send)))[0]).toMatch(/^main: socket\(AF_INET, SOCK_DGRAM/);
    expect((await useOf('child', child))[0]).toMatch(/^main: socket\(AF_INET, SOCK_DGRAM/);
  });

  it('springs at whatever the browser sends, not at asking for a route', async () => {
    const sent = await useOf('browser', inBrowser(send).replace('BROWSER', browser));
    expect(sent.some((call) => /^Chromium: send(msg|mmsg|to)\(/.test(call))).toBe(true);
    const trace = [
      '10 execve("/usr/bin/node", [...], 0x1 /* 35 vars */) = 0',
      '10 vfork( <unfinished ...>',
      `11 execve("${browser}", [...], 0x1 /* 35 vars */) = 0`,
      '10 <... vfork resumed>) = 11',
      '11 socket(AF_INET6, SOCK_DGRAM, IPPROTO_IP) = 24<UDPv6:[5]>',
      '11 connect(24<UDPv6:[5]>, {sa_family=AF_INET6, sin6_port=htons(443), ...}, 28) = 0',
      '11 getsockname(24<UDPv6:[[fd00::2]:38076->[2001:db8::8]:443]>, {sa_family=AF_INET6}, [28]) = 0',
    ];
    expect(internetUseIn(trace.join('\n'), browser)).toEqual([]);
    const write = '11 write(24<UDPv6:[[fd00::2]:38076->[2001:db8::8]:443]>, ""..., 12) = 12';
    expect(internetUseIn([...trace, write].join('\n'), browser)).toEqual([`Chromium: ${write.slice(3)}`]);
    expect(internetUseIn(trace.join('\n').replace('SOCK_DGRAM', 'SOCK_STREAM'), browser)).toHaveLength(1);
    expect(internetUseIn(trace.join('\n').replaceAll(browser, '/usr/bin/other'), browser)).not.toEqual([]);
  });
});

describe.skipIf(cannotLaunch !== null)(`the window${cannotLaunch === null ? '' : ` (${cannotLaunch})`}`, () => {
  let capture = '';
  beforeAll(async () => {
    await buildWhenStale();
    capture = await sampleCapture(join(folder, 'sample'));
  });

  async function story(name: string, under: readonly string[]): Promise<void> {
    const own = join(folder, name);
    mkdirSync(own);
    const { code, stdout, stderr } = await run([...under, process.execPath, STORY, capture, own]);
    if (code !== 0) throw new Error(`it ended with ${code}: ${stderr}`);
    expect(stdout).toBe('done\n');
    expect(readFileSync(join(own, 'report.pdf'), 'latin1').slice(0, 5)).toBe('%PDF-');
  }

  it.skipIf(!mayUnshare)(
    'works where there is no network (skipped where `unshare -rn` is not allowed)',
    async () => {
      const devices = await run([...UNSHARED, 'cat', '/proc/net/dev']);
      expect([...devices.stdout.matchAll(/^\s*(\S+):/gm)].map(([, name]) => name)).toEqual(['lo']);
      await story('unshared', UNSHARED);
    },
    TIME_LIMIT_MS,
  );

  it.skipIf(!mayTrace || onElectron)(
    'opens no socket in main and engine; its Chromium asks for a route and sends nothing (skipped without strace)',
    async () => {
      const trace = join(folder, 'story.trace');
      await story('traced', ['strace', ...STRACE_SWITCHES, '-o', trace]);
      const calls = readFileSync(trace, 'utf8');
      expect(calls).toContain(`execve("${findChromium() ?? ''}"`);
      expect(internetUseIn(calls, findChromium() ?? '')).toEqual([]);
    },
    TIME_LIMIT_MS,
  );
});
