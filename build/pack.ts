import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Arch, build, type CliOptions } from 'electron-builder';
import { configureBuildCommand, createYargs, normalizeOptions } from 'electron-builder/out/builder.js';
import { APP, buildApp } from './build-app.ts';
import { electronDistribution, writeStandinDistribution } from './electron-distribution.ts';
import { packConfiguration } from './electron-builder.ts';

/**
 * `npm run pack [-- OPTIONS]`: builds the app and makes packages of it, in dist/packages. With options those of electron-builder
 * (`--linux deb`, `--win`, `--mac --arm64`), which fetches Electron and its own tools from the network where they are not in
 * its caches. Without: a folder for this platform, of the Electron on disk; where there is none, of a stand-in.
 */

const ROOT = fileURLToPath(new URL('..', import.meta.url));

export interface PackOptions {
  /** The compiled app is built here (absolute). */
  app: string;
  /** Packages are written here (absolute). */
  output: string;
  /** Options of electron-builder; none: a folder for this platform. */
  args: readonly string[];
}

/** Whether packages are wanted for this very platform and architecture alone. */
function areForThisMachine(options: CliOptions): boolean {
  const targets = [...(normalizeOptions({ ...options }).targets ?? [])];
  return targets.every(
    ([platform, arches]) =>
      platform.nodeName === process.platform && [...arches.keys()].every((arch) => Arch[arch] === process.arch),
  );
}

/** Makes packages; returns the paths of the files made (none for a folder). Throws what electron-builder throws. */
export async function pack({ app, output, args }: PackOptions, say: (line: string) => void): Promise<string[]> {
  await buildApp(app);
  const onDisk = electronDistribution();
  const standin = onDisk === null && args.length === 0 ? mkdtempSync(path.join(tmpdir(), 'enclave-electron-')) : null;
  if (standin !== null) {
    writeStandinDistribution(standin);
    say('Electron is not on this machine: the package is made of a stand-in for it, and starts nothing');
  }
  const given = args.length > 0 ? args : standin === null ? ['--dir'] : ['--linux', '--dir'];
  const options = configureBuildCommand(createYargs()).parse([...given]) as CliOptions;
  const electronDist = standin ?? (areForThisMachine(options) ? (onDisk?.folder ?? null) : null);
  try {
    return await build({
      ...options,
      projectDir: ROOT,
      publish: 'never',
      config: packConfiguration({ app, output, electronDist }),
    });
  } finally {
    if (standin !== null) rmSync(standin, { recursive: true });
  }
}

if (import.meta.main) {
  const output = path.join(ROOT, 'dist/packages');
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  try {
    const made = await pack({ app: APP, output, args: process.argv.slice(2) }, say);
    for (const file of made.length > 0 ? made : [output]) say(file);
  } catch (error) {
    process.stderr.write(`pack: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
