import { spawn } from 'node:child_process';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findChromium } from '../electron/report/report-pdf.ts';
import { APP, buildApp } from './build-app.ts';
import { buildWhenStale } from './build-window.ts';
import { electronDistribution, fetchElectron } from './electron-distribution.ts';
import { launchOnStandin } from './electron-standin/launch.ts';

/** `npm start [CASE]`: Enclave's window; compiled in Electron, or from the sources as a preview where its binary is not to be had. */

const ROOT = fileURLToPath(new URL('..', import.meta.url));

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

function runElectron(binary: string, args: readonly string[]): Promise<number> {
  return new Promise((done) => {
    const child = spawn(binary, [APP, ...args], { stdio: 'inherit' });
    child.on('error', (error) => {
      say(`enclave: Electron cannot be started (${error.message})`);
      done(2);
    });
    child.on('exit', (code) => done(code ?? 2));
  });
}

/** Why no preview can be opened here; null when one can. */
function cannotPreview(): string | null {
  if (findChromium() === null) {
    return 'neither Electron nor a Chromium is on this machine; install chromium, or name one in ENCLAVE_CHROMIUM';
  }
  const hasDisplay = Boolean(process.env['DISPLAY']) || Boolean(process.env['WAYLAND_DISPLAY']);
  return process.platform === 'linux' && !hasDisplay ? 'there is no display to open a window on; set DISPLAY' : null;
}

async function runPreview(args: readonly string[]): Promise<number> {
  const chromium = findChromium() ?? '';
  say(`Electron's binary is not on this machine: Enclave opens as a preview in ${chromium}, with paths typed by hand.`);
  const config = process.env['XDG_CONFIG_HOME'] ?? join(homedir(), '.config');
  const app = await launchOnStandin(
    {
      appPath: ROOT,
      userData: join(config, 'Enclave'),
      documents: join(homedir(), 'Documents'),
      chromium,
      headless: false,
    },
    args,
  );
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => app.quit());
  await app.ended;
  return 0;
}

async function start(args: readonly string[]): Promise<number> {
  const electron = electronDistribution() ?? (await fetchElectron(say));
  const fault = electron === null ? cannotPreview() : null;
  if (fault !== null) {
    say(`enclave: ${fault}; the command line (npx enclave) needs neither`);
    return 2;
  }
  try {
    await (electron === null ? buildWhenStale() : buildApp(APP));
  } catch (error) {
    say(`enclave: the window cannot be built: ${error instanceof Error ? error.message : String(error)}`);
    return 2;
  }
  return electron === null ? runPreview(args) : runElectron(electron.binary, args);
}

const given = process.argv.slice(2).map((argument) => (argument.startsWith('-') ? argument : resolve(argument)));
process.exit(await start(given));
