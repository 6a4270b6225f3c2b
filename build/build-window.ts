import { existsSync, globSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { preloadBuild, rendererBuild } from './vite.config.ts';

/** Builds renderer and preload into dist/. Run as a script it always builds. */

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const LOCK = `${ROOT}dist/.building`;
const LOCK_IS_STALE_MS = 60_000;

/** What is built, and what it is built from. */
const MADE = ['dist/renderer/index.html', 'dist/preload.cjs'];
const SOURCES = [
  'renderer',
  'shared',
  'electron/preload',
  'build/vite.config.ts',
  'build/build-window.ts',
  'package-lock.json',
];

function modified(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** Something of dist/ is missing, or older than a source or a folder of sources. */
export function isStale(): boolean {
  const oldest = Math.min(...MADE.map((path) => modified(ROOT + path)));
  const sources = SOURCES.flatMap((source) => [source, ...globSync(`${source}/**`, { cwd: ROOT })]);
  return oldest === 0 || sources.some((source) => modified(ROOT + source) > oldest);
}

/** Builds what is stale; waits while another process does. */
export async function buildWhenStale(): Promise<void> {
  while (isStale()) {
    if (takeLock()) {
      try {
        await buildWindow();
      } finally {
        rmSync(LOCK, { recursive: true, force: true });
      }
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function takeLock(): boolean {
  mkdirSync(`${ROOT}dist`, { recursive: true });
  if (existsSync(LOCK) && Date.now() - modified(LOCK) > LOCK_IS_STALE_MS) rmSync(LOCK, { recursive: true });
  try {
    mkdirSync(LOCK);
    return true;
  } catch {
    return false;
  }
}

/**
 * For production, whoever asks: under a runner of tests Vite would take React's development build, and the window that `npm start`
 * then finds ready would follow a filter half as fast.
 */
async function buildWindow(): Promise<void> {
  const environment = process.env.NODE_ENV;
  process.env.NODE_ENV = 'production';
  try {
    await build(rendererBuild);
    await build(preloadBuild());
  } finally {
    if (environment === undefined) delete process.env.NODE_ENV;
    else process.env.NODE_ENV = environment;
  }
}

if (import.meta.main) {
  await buildWindow();
  process.stdout.write('dist/renderer and dist/preload.cjs are built\n');
}
