import { type ChildProcess, spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Engine } from '../../electron/engine/engine.ts';
import { shippedProfile } from '../../electron/engine/shipped-profiles.ts';
import { findChromium } from '../../electron/report/report-pdf.ts';
import { cannotLaunch } from './launch.ts';

/** `npm start` as a user types it. Where Electron's binary is on disk the preview is never reached: skipped. */

const START = fileURLToPath(new URL('../../build/start.ts', import.meta.url));
const hasElectron = existsSync(fileURLToPath(new URL('../../node_modules/electron/dist', import.meta.url)));
const reason = hasElectron ? 'Electron is installed' : cannotLaunch;

describe.skipIf(reason !== null)(`npm start${reason === null ? '' : ` (${reason})`}`, () => {
  let folder = '';

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'enclave-start-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function start(
    env: Record<string, string>,
    args: readonly string[] = [],
  ): { child: ChildProcess; said: () => string } {
    const child = spawn(process.execPath, [START, ...args], {
      env: { ...process.env, ENCLAVE_OFFLINE: '1', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
    }
    return { child, said: () => text };
  }

  it('says in one line what is missing', async () => {
    const noChromium = start({ ENCLAVE_CHROMIUM: join(folder, 'none'), DISPLAY: ':0' });
    expect(await once(noChromium.child, 'close')).toEqual([2, null]);
    expect(noChromium.said()).toMatch(/^enclave: neither Electron nor a Chromium .*\n$/);
    const noDisplay = start({ DISPLAY: '', WAYLAND_DISPLAY: '' });
    expect(await once(noDisplay.child, 'close')).toEqual([2, null]);
    expect(noDisplay.said()).toMatch(/^enclave: there is no display .*\n$/);
  });

  it('builds, says that it is a preview, and leaves nothing behind when it is interrupted', async () => {
    // Stands for a machine with a display.
    const chromium = join(folder, 'chromium');
    writeFileSync(chromium, `#!/bin/sh\nexec '${findChromium()}' --headless=new "$@"\n`);
    chmodSync(chromium, 0o755);
    const temporary = join(folder, 'tmp');
    mkdirSync(temporary);
    const settings = join(folder, 'config/Enclave/settings.json');
    const casePath = join(folder, 'start.enclave');
    const engine = new Engine();
    const facts = { title: 'Started', examiner: '', authority: '', profile: shippedProfile('default') };
    await engine.run('new', { case: casePath, ...facts });
    await engine.close();
    const env = { ENCLAVE_CHROMIUM: chromium, DISPLAY: ':0', XDG_CONFIG_HOME: join(folder, 'config') };
    const { child, said } = start({ ...env, TMPDIR: temporary }, [casePath]);
    await expect.poll(said, { timeout: 40_000 }).toMatch(/opens as a preview/);
    // Written when the case is open.
    await expect.poll(() => existsSync(settings), { timeout: 20_000 }).toBe(true);
    expect(readdirSync(temporary).filter((name) => name.startsWith('enclave-preview-'))).toHaveLength(1);
    child.kill('SIGINT');
    expect(await once(child, 'close')).toEqual([0, null]);
    expect(readdirSync(temporary).filter((name) => name.startsWith('enclave-preview-'))).toEqual([]);
    expect(JSON.parse(readFileSync(settings, 'utf8'))).toMatchObject({ recentCases: [{ path: casePath }] });
    expect(said()).toMatch(/^Electron's binary is not on this machine: .*\n$/);
  });
});
