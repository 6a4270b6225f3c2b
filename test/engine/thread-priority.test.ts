import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { Engine } from '../../electron/engine/engine.ts';
import { shippedProfile } from '../../electron/engine/shipped-profiles.ts';
import { pcap, conversations } from '../fixtures/captures.ts';

const folder = mkdtempSync(join(tmpdir(), 'enclave-priority-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Niceness (field 19 of proc_pid_stat(5)) of every thread of this process. */
function niceOfThreads(): number[] {
  return readdirSync('/proc/self/task').flatMap((thread) => {
    try {
      const stat = readFileSync(`/proc/self/task/${thread}/stat`, 'latin1');
      return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]);
    } catch {
      return [];
    }
  });
}

async function threadsBehind(behindWindow: boolean): Promise<number> {
  const own = getPriority();
  const engine = new Engine({ behindWindow });
  try {
    const path = join(folder, `${behindWindow}.enclave`);
    const facts = { title: 'Threads', examiner: '', authority: '' };
    await engine.run('new', { case: path, profile: shippedProfile('dprk-2017'), ...facts });
    let most = 0;
    const look = setInterval(() => {
      most = Math.max(most, niceOfThreads().filter((nice) => nice > own).length);
    }, 2);
    await engine.run('import', { case: path, paths: [join(folder, 'some.pcap')] });
    clearInterval(look);
    return most;
  } finally {
    await engine.close();
  }
}

it.runIf(process.platform === 'linux' && getPriority() < 10)(
  'lets writing and decoding wait behind a window, and nothing else',
  async () => {
    writeFileSync(join(folder, 'some.pcap'), pcap(conversations(3000)));
    expect(await threadsBehind(true)).toBeGreaterThanOrEqual(2);
    expect(await threadsBehind(false)).toBe(0);
  },
  60_000,
);

it.runIf(process.platform === 'linux' && getPriority() < 7)('lets all others wait behind the thread that calls', () => {
  const priorities = new URL('../../electron/engine/thread-priority.ts', import.meta.url);
  const worker = `
    import { readdirSync, readlinkSync } from 'node:fs';
    import { getPriority } from 'node:os';
    import { basename } from 'node:path';
    import { letOthersStepBehind } from ${JSON.stringify(priorities.href)};
    letOthersStepBehind(7);
    const own = Number(basename(readlinkSync('/proc/thread-self')));
    const nice = readdirSync('/proc/self/task').map((thread) => [Number(thread), getPriority(Number(thread))]);
    const others = nice.filter(([thread]) => thread !== own && thread !== process.pid);
    console.log(JSON.stringify({
      first: getPriority(process.pid),
      own: getPriority(own),
      others: [...new Set(others.map(([, each]) => each))],
    }));
  `;
  const launch = `
    import { Worker } from 'node:worker_threads';
    new Worker(new URL('data:text/javascript,' + encodeURIComponent(${JSON.stringify(worker)})));
  `;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', launch], { encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toEqual({ first: getPriority(), own: getPriority(), others: [7] });
});
