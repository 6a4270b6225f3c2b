import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { _electron, type Page } from 'playwright-core';
import { build } from 'vite';
import { APP } from '../../build/build-app.ts';
import { buildWhenStale } from '../../build/build-window.ts';
import type { DialogAnswer } from '../../build/electron-standin/dialog.ts';
import type { launchOnStandin as Launch } from '../../build/electron-standin/launch.ts';
import { preloadBuild } from '../../build/vite.config.ts';
import { findChromium } from '../../electron/report/report-pdf.ts';
import { sharedSample } from './shared-sample.ts';

/**
 * Starts the app for a spec: on the stand-in, or on real Electron with ENCLAVE_E2E=electron. Specs use only what both can do,
 * or skip with `onElectron`.
 */

export const onElectron = process.env['ENCLAVE_E2E'] === 'electron';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PLAIN_PAGE = fileURLToPath(new URL('fixtures/plain-page', import.meta.url));

/** Why specs of the window cannot run here; null when they can. */
export const cannotLaunch =
  onElectron || findChromium() !== null ? null : 'no Chromium: install chromium, or name one in ENCLAVE_CHROMIUM';

export interface LaunchOptions {
  /** Case file to open at the start. */
  case?: string;
  /** Files and folders named on the command line beside the case. */
  evidence?: readonly string[];
  /** Folder of settings; given, it outlives the app. */
  userData?: string;
  /** The user's documents folder; given, it outlives the app. */
  documents?: string;
  /** The sample case lies in the documents folder, so that the button that makes it opens it at once. */
  hasSample?: boolean;
  /** A plain test page instead of the renderer. */
  plainPage?: boolean;
}

export interface AppUnderTest {
  /** Answers the next native dialog: paths (none: cancelled), or the number of a button. */
  answerNextDialog(answer: DialogAnswer): Promise<void>;
  /** Clicks a menu item by the id of its action; false when it is not there or greyed out. */
  clickMenuItem(id: string): Promise<boolean>;
  /** Pages of all windows. */
  pages(): Page[];
  /** Loads a URL into the first window as main would; rejects as Chromium refuses it. */
  loadInMain(url: string): Promise<void>;
  /** Quits as the user does, and waits for the end. */
  quit(): Promise<void>;
  /** Ends it without asking, and waits for the end. */
  exit(): Promise<void>;
  /** Settles when the app has ended. */
  readonly ended: Promise<void>;
  /** As if Enclave were started again with these arguments while it runs. */
  secondInstance(args: readonly string[]): Promise<void>;
}

export interface Launched {
  page: Page;
  app: AppUnderTest;
  /** Ends the app, if it has not ended, and removes its folders. */
  close(): Promise<void>;
}

export async function launch(options: LaunchOptions = {}): Promise<Launched> {
  const own = mkdtempSync(join(tmpdir(), 'enclave-e2e-'));
  const { userData = join(own, 'userData'), documents = join(own, 'documents') } = options;
  mkdirSync(documents, { recursive: true });
  if (options.hasSample === true) {
    const sample = await sharedSample();
    if (sample !== null) cpSync(sample, join(documents, 'Enclave sample'), { recursive: true });
  }
  const args = [...(options.case === undefined ? [] : [options.case]), ...(options.evidence ?? [])];
  const folders = { userData, documents };
  // Real Electron runs the compiled app, as `npm start` does; test/chromium.ts has built it.
  if (!onElectron && options.plainPage !== true) await buildWhenStale();
  const appPath = options.plainPage === true ? await plainApp(own) : onElectron ? APP : ROOT;
  const launched = await (onElectron ? launchElectron : launchStandin)(appPath, folders, args);
  return {
    ...launched,
    async close() {
      await launched.app.exit();
      rmSync(own, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
    },
  };
}

/** A folder as an app has it, with the plain page for a renderer. */
async function plainApp(folder: string): Promise<string> {
  const app = join(folder, 'app');
  cpSync(PLAIN_PAGE, join(app, 'dist/renderer'), { recursive: true });
  await build(preloadBuild(join(app, 'dist')));
  const main = relative(app, onElectron ? join(APP, 'electron/main/main.js') : join(ROOT, 'electron/main/main.ts'));
  writeFileSync(join(app, 'package.json'), JSON.stringify({ name: 'enclave', type: 'module', main }));
  return app;
}

interface Folders {
  userData: string;
  documents: string;
}

async function launchStandin(
  appPath: string,
  folders: Folders,
  args: readonly string[],
): Promise<Omit<Launched, 'close'>> {
  const chromium = findChromium();
  if (chromium === null) throw new Error(String(cannotLaunch));
  // Loaded by Node itself, not by the test runner's own loader: main runs as `npm start` runs it.
  const nodeRequire = createRequire(import.meta.url);
  const { launchOnStandin } = nodeRequire('../../build/electron-standin/launch.ts') as {
    launchOnStandin: typeof Launch;
  };
  const app = await launchOnStandin({ appPath, ...folders, chromium, headless: true }, args);
  const page = await app.firstPage();
  return {
    page,
    app: {
      answerNextDialog: async (answer) => app.answerNextDialog(answer),
      clickMenuItem: async (id) => app.clickMenuItem(id),
      pages: () => app.pages(),
      loadInMain: (url) => app.loadInMain(url),
      secondInstance: async (otherArgs) => app.secondInstance(['enclave', appPath, ...otherArgs], process.cwd()),
      ended: app.ended,
      async quit() {
        app.quit();
        await app.ended;
      },
      async exit() {
        app.exit();
        await app.ended;
      },
    },
  };
}

async function launchElectron(
  appPath: string,
  folders: Folders,
  args: readonly string[],
): Promise<Omit<Launched, 'close'>> {
  const electron = await _electron.launch({
    args: [appPath, `--user-data-dir=${folders.userData}`, ...args],
    env: { ...(process.env as Record<string, string>), XDG_DOCUMENTS_DIR: folders.documents },
  });
  const ended = new Promise<void>((resolve) => electron.on('close', () => resolve()));
  const page = await electron.firstWindow();
  await page.waitForLoadState();
  return {
    page,
    app: {
      answerNextDialog: (answer) =>
        electron.evaluate(({ dialog }, given) => {
          const isButton = typeof given === 'number';
          const filePaths = isButton ? [] : [...given];
          const before = { ...dialog };
          const restore = (): object => Object.assign(dialog, before);
          dialog.showOpenDialog = async () => {
            restore();
            return { canceled: filePaths.length === 0, filePaths };
          };
          dialog.showSaveDialog = async () => {
            restore();
            return { canceled: filePaths.length === 0, filePath: filePaths[0] ?? '' };
          };
          dialog.showMessageBox = async () => {
            restore();
            return { response: isButton ? given : 0, checkboxChecked: false };
          };
        }, answer),
      clickMenuItem: (id) =>
        electron.evaluate(({ Menu }, wanted) => {
          const item = Menu.getApplicationMenu()?.getMenuItemById(wanted);
          if (item?.enabled !== true) return false;
          item.click();
          return true;
        }, id),
      pages: () => electron.windows(),
      loadInMain: (url) =>
        electron.evaluate(async ({ BrowserWindow }, target) => BrowserWindow.getAllWindows()[0]?.loadURL(target), url),
      secondInstance: (otherArgs) =>
        electron.evaluate(
          ({ app }, given) => {
            app.emit('second-instance', {}, given, given[0], null);
          },
          ['/', ...otherArgs],
        ),
      ended,
      async quit() {
        void electron.evaluate(({ app }) => app.quit()).catch(() => undefined);
        await ended;
      },
      async exit() {
        void electron.evaluate(({ app }) => app.exit()).catch(() => undefined);
        await ended;
      },
    },
  };
}
