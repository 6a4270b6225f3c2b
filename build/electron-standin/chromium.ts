import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { settings } from './settings.ts';

/** The installed Chromium, spoken to over a pipe (no port), with a profile that is thrown away. */

const EMPTY_PAGE = 'data:text/html,';
const START_LIMIT_MS = 30_000;

let starting: Promise<BrowserContext> | null = null;
let context: BrowserContext | null = null;
let profile = '';
let firstPage: Page | null = null;

export function isChromiumRunning(): boolean {
  return context !== null;
}

/** @param switches those that main appended to its command line, as `--name=value` */
export async function startChromium(switches: readonly string[], onGone: () => void): Promise<void> {
  profile = mkdtempSync(join(tmpdir(), 'enclave-preview-'));
  starting = launch(switches).catch((error: unknown) => {
    process.stderr.write(`stand-in: Chromium did not start (${String(error).split('\n')[0]}); once more\n`);
    return launch(switches);
  });
  context = await starting;
  firstPage = context.pages()[0] ?? null;
  // Its own first page may still be on the way, and would cut off the app's.
  await firstPage?.waitForURL(EMPTY_PAGE);
  context.on('close', onGone);
}

function launch(switches: readonly string[]): Promise<BrowserContext> {
  return chromium.launchPersistentContext(profile, {
    timeout: START_LIMIT_MS,
    executablePath: settings().chromium,
    headless: settings().headless,
    chromiumSandbox: process.getuid?.() !== 0,
    args: [`--app=${EMPTY_PAGE}`, '--window-size=1440,900', ...switches],
    viewport: settings().headless ? { width: 1440, height: 900 } : null,
    colorScheme: null,
    reducedMotion: null,
    forcedColors: null,
    contrast: null,
    serviceWorkers: 'block',
    acceptDownloads: false,
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
  });
}

export function theContext(): BrowserContext {
  if (context === null) throw new Error('stand-in: a window before app.whenReady()');
  return context;
}

/** The page of a new window. */
export async function newPage(): Promise<Page> {
  const page = firstPage;
  firstPage = null;
  return page ?? theContext().newPage();
}

export async function closeChromium(): Promise<void> {
  // The app may have ended before its Chromium was up.
  await starting?.then((open) => open.close()).catch(() => undefined);
  context = null;
  if (profile !== '') rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
}
