import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findChromium } from '../electron/report/report-pdf.ts';
import { buildWhenStale } from './build-window.ts';
import { launchOnStandin } from './electron-standin/launch.ts';

/** `npm start [CASE]`: Enclave's window from the sources; in Electron, or as a preview where its binary is not to be had. */

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Electron's binary, if it is on disk. The package `electron` is never asked: it would begin to download. */
function electronBinary(): string | null {
  const folder = join(ROOT, 'node_modules/electron');
  const dist = process.env['ELECTRON_OVERRIDE_DIST_PATH'] ?? join(folder, 'dist');
  const named = join(folder, 'path.txt');
  const name = existsSync(named) ? readFileSync(named, 'utf8') : 'electron';
  return existsSync(join(dist, name)) ? join(dist, name) : null;
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

function runElectron(binary: string, args: readonly string[]): Promise<number> {
  return new Promise((done) => {
    const child = spawn(binary, [ROOT, ...args], { stdio: 'inherit' });
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
  const electron = electronBinary();
  const fault = electron === null ? cannotPreview() : null;
  if (fault !== null) {
    say(`enclave: ${fault}; the command line (npx enclave) needs neither`);
    return 2;
  }
  try {
    await buildWhenStale();
  } catch (error) {
    say(`enclave: the window cannot be built: ${error instanceof Error ? error.message : String(error)}`);
    return 2;
  }
  return electron === null ? runPreview(args) : runElectron(electron, args);
}

const given = process.argv.slice(2).map((argument) => (argument.startsWith('-') ? argument : resolve(argument)));
process.exit(await start(given));
