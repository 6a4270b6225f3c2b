import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** Electron's distribution: where it is on disk, and a stand-in for it that a package can be made of but not started. */

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PACKAGE = path.join(ROOT, 'node_modules/electron');

/** The bytes by which @electron/fuses finds the fuse wire in a binary. */
const SENTINEL = 'dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX';
/** Fuses of version 1 in their order, `1` on and `0` off, as Electron is delivered. */
const DELIVERED = '101100011';

export interface ElectronDistribution {
  folder: string;
  binary: string;
}

/** Electron for this machine, if it is on disk. The package `electron` is never asked: it would begin to download. */
export function electronDistribution(): ElectronDistribution | null {
  const folder = process.env['ELECTRON_OVERRIDE_DIST_PATH'] ?? path.join(PACKAGE, 'dist');
  const named = path.join(PACKAGE, 'path.txt');
  const binary = path.join(folder, existsSync(named) ? readFileSync(named, 'utf8') : 'electron');
  return existsSync(binary) ? { folder, binary } : null;
}

/** Where Electron's own script fetches from, and how long it may take to answer. */
const RELEASES = process.env['ELECTRON_MIRROR'] ?? 'https://github.com/electron/electron/releases/';
const ANSWER_WITHIN_MS = 3000;

/**
 * Fetches Electron for this machine with its package's own script, which checks the hashes that the package brings. Null when
 * the network does not answer, when the script fails, or when ENCLAVE_OFFLINE is set.
 */
export async function fetchElectron(say: (line: string) => void): Promise<ElectronDistribution | null> {
  if (process.env['ENCLAVE_OFFLINE'] !== undefined) return null;
  try {
    await fetch(RELEASES, { method: 'HEAD', signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
  } catch {
    return null;
  }
  say(`Electron's binary is not on this machine: it is fetched once, some 120 MB, from ${RELEASES}`);
  const script = spawn(process.execPath, [path.join(PACKAGE, 'install.js')], { stdio: 'inherit' });
  const [code] = (await once(script, 'close')) as [number | null];
  return code === 0 ? electronDistribution() : null;
}

/** Writes a folder with the shape of Electron's distribution for Linux into `folder` (absolute). */
export function writeStandinDistribution(folder: string): void {
  const { version } = JSON.parse(readFileSync(path.join(PACKAGE, 'package.json'), 'utf8')) as { version: string };
  const says = '#!/bin/sh\necho "a stand-in for Electron, made for tests: it starts nothing" >&2\nexit 2\n';
  const wire = Buffer.concat([Buffer.from(SENTINEL), Buffer.from([1, DELIVERED.length]), Buffer.from(DELIVERED)]);
  for (const below of ['locales', 'resources']) mkdirSync(path.join(folder, below), { recursive: true });
  const write = (file: string, data: string | Buffer): void => writeFileSync(path.join(folder, file), data);
  write('electron', Buffer.concat([Buffer.from(says), wire]));
  write('version', version);
  write('LICENSE', 'stand-in');
  write('LICENSES.chromium.html', 'stand-in');
  write('locales/en-US.pak', 'stand-in');
  write('locales/de.pak', 'stand-in');
  write('resources/default_app.asar', 'stand-in');
  write('chrome-sandbox', 'stand-in');
  for (const file of ['electron', 'chrome-sandbox']) chmodSync(path.join(folder, file), 0o755);
}
