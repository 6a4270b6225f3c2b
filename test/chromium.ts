import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findChromium } from '../electron/report/report-pdf.ts';

/**
 * Before the tests: a folder for what specs share (ENCLAVE_TEST_SHARED), removed after them; with ENCLAVE_E2E=electron the app
 * that Electron runs, else a Chromium for those that show the window or print. Where none is installed, Debian's is, if we may;
 * else one line says what to do, and the tests that need it skip. Run by Vitest (`globalSetup`).
 */

const INSTALL = [
  ['update', '-q'],
  ['install', '-y', '-q', '--no-install-recommends', 'chromium'],
] as const;

export interface Machine {
  readonly hasChromium: boolean;
  /** ENCLAVE_CHROMIUM, by which a user names one, or none on purpose. */
  readonly chosen: string | undefined;
  /** The specs of the window run on Electron's own Chromium. */
  readonly onElectron: boolean;
  readonly isRoot: boolean;
  readonly hasApt: boolean;
}

export type ChromiumStep =
  { readonly kind: 'nothing' } | { readonly kind: 'install' } | { readonly kind: 'say'; readonly line: string };

/** What is to be done about Chromium on this machine. */
export function chromiumStep(machine: Machine): ChromiumStep {
  if (machine.hasChromium || machine.onElectron) return { kind: 'nothing' };
  const skipped = 'tests of the window and of printing are skipped';
  if (machine.chosen) return { kind: 'say', line: `ENCLAVE_CHROMIUM names no program (${machine.chosen}): ${skipped}` };
  if (machine.isRoot && machine.hasApt) return { kind: 'install' };
  const how = machine.hasApt ? 'install it as root (apt-get install chromium)' : 'install chromium';
  return { kind: 'say', line: `no Chromium: ${skipped}; ${how}, or name one in ENCLAVE_CHROMIUM` };
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function install(): void {
  say('no Chromium is installed: apt-get installs Debian’s');
  for (const args of INSTALL) {
    const { status, stderr, error } = spawnSync('apt-get', args, {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      encoding: 'utf8',
    });
    if (status === 0) continue;
    const why = error?.message ?? stderr.trim().split('\n').at(-1) ?? '';
    say(`apt-get ${args[0]} failed (${why}): tests of the window and of printing are skipped`);
    return;
  }
}

/** @returns what is to be done after all tests */
export default async function setup(): Promise<() => void> {
  const shared = mkdtempSync(join(tmpdir(), 'enclave-shared-'));
  process.env['ENCLAVE_TEST_SHARED'] = shared;
  const onElectron = process.env['ENCLAVE_E2E'] === 'electron';
  if (onElectron) {
    // Once, and before any spec: building removes the app that another spec may be running.
    const { APP, buildApp } = await import('../build/build-app.ts');
    await buildApp(APP);
  }
  const step = chromiumStep({
    hasChromium: findChromium() !== null,
    chosen: process.env['ENCLAVE_CHROMIUM'],
    onElectron,
    isRoot: process.getuid?.() === 0,
    hasApt: spawnSync('apt-get', ['--version']).status === 0,
  });
  if (step.kind === 'say') say(step.line);
  else if (step.kind === 'install') install();
  return () => rmSync(shared, { recursive: true, force: true });
}
