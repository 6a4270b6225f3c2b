import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { app, dialog, protocol, session } from 'electron';
import type { ActionId } from '../../shared/actions.ts';
import { EnclaveError, toErrorValue } from '../../shared/problem.ts';
import { setLanguage } from '../../shared/text/language.ts';
import { APP_SCHEME, handleAppProtocol } from './app-protocol.ts';
import { handleCalls } from './calls.ts';
import { type AppState, CaseWindow } from './case-window.ts';
import { give } from './given-paths.ts';
import { guardContents, guardSession } from './guards.ts';
import { setMenu } from './menu.ts';
import { Settings } from './settings.ts';
import { silence } from './silence.ts';

/** The app from start to end. Called as `enclave [CASE.enclave] [EVIDENCE …]`; evidence without a case asks for a new one. */

const CASE_FILE = '.enclave';

/** What a window is opened on. */
interface Opening {
  readonly casePath: string | null;
  readonly evidence: readonly string[];
}

function openingOf(paths: readonly string[]): Opening {
  return {
    casePath: paths.findLast((path) => path.endsWith(CASE_FILE)) ?? null,
    evidence: paths.filter((path) => !path.endsWith(CASE_FILE)),
  };
}

/** The files and folders that a command line names, absolute; it begins with the program, and the app's folder where that is not packed. */
function namedPaths(argv: readonly string[], directory: string): string[] {
  return argv
    .slice(1)
    .filter((argument) => !argument.startsWith('-'))
    .map((argument) => (argument.startsWith('file:') ? fileURLToPath(argument) : resolve(directory, argument)))
    .filter((path) => path !== resolve(app.getAppPath()) && (path.endsWith(CASE_FILE) || existsSync(path)));
}

const state: AppState = {
  settings: new Settings(join(app.getPath('userData'), 'settings.json')),
  preview: process.versions.electron === undefined,
  windows: new Set(),
  closing: new Set(),
  quitting: false,
  frontChanged: showMenu,
};

setLanguage(state.settings.language);

function frontWindow(): CaseWindow | null {
  const windows = [...state.windows];
  return windows.find((window) => window.browser.isFocused()) ?? windows.at(-1) ?? null;
}

function showMenu(): void {
  setMenu((frontWindow()?.casePath ?? null) !== null, runAction);
}

function runAction(id: ActionId): void {
  if (id === 'quit') app.quit();
  else if (id === 'new-window') void openWindow({ casePath: null, evidence: [] });
  else frontWindow()?.send('action', id);
}

/** Opens a window on a case, or on the first screen. A case that cannot be opened is told there. */
async function openWindow({ casePath, evidence }: Opening): Promise<void> {
  const shown = [...state.windows].find((window) => casePath !== null && window.casePath === casePath);
  if (shown !== undefined) {
    shown.focus();
    give(shown, evidence);
    if (evidence.length > 0) shown.send('evidenceGiven', [...evidence]);
    return;
  }
  const window = new CaseWindow(state);
  window.evidenceGiven = evidence;
  let fault: unknown = null;
  if (casePath !== null) {
    await window.open(casePath).catch((error: unknown) => {
      if (error instanceof EnclaveError && error.code === 'case-encrypted') window.lockedCase = casePath;
      else fault = error;
    });
  }
  await window.load();
  if (fault !== null && !window.browser.isDestroyed()) {
    const { message, place, remedy } = toErrorValue(fault);
    const detail = `${place}\n${remedy}`;
    await dialog.showMessageBox(window.browser, { type: 'error', message, detail, buttons: ['OK'] });
  }
}

async function start(): Promise<void> {
  await app.whenReady();
  if (argv.includes('--no-sandbox')) {
    throw new EnclaveError(
      'no-sandbox',
      "Chromium's sandbox is off, and a case holds text that strangers wrote",
      '',
      'start Enclave without --no-sandbox; docs/install.md tells what the sandbox needs',
    );
  }
  guardSession(session.defaultSession);
  handleAppProtocol(protocol, join(app.getAppPath(), 'dist/renderer'));
  handleCalls(state);
  showMenu();
  await openWindow(openingOf(namedPaths(argv, directory)));
}

// Read before the first await: whoever starts us may change them after.
const argv = process.argv;
const directory = process.cwd();

if (app.requestSingleInstanceLock()) {
  protocol.registerSchemesAsPrivileged([APP_SCHEME]);
  app.enableSandbox();
  silence(app);
  guardContents(app);
  app.on('second-instance', (_event, otherArgv, otherDirectory) => {
    void openWindow(openingOf(namedPaths(otherArgv, otherDirectory)));
  });
  app.on('open-file', (event, path) => {
    event.preventDefault();
    void app.whenReady().then(() => openWindow(openingOf([path])));
  });
  app.on('before-quit', () => {
    state.quitting = true;
  });
  app.on('window-all-closed', () => app.quit());
  app.on('will-quit', (event) => {
    if (state.closing.size === 0) return;
    event.preventDefault();
    // Each engine leaves its case as one file before the process ends.
    void Promise.allSettled(state.closing).then(() => app.quit());
  });
  start().catch((error: unknown) => {
    const { message, remedy } = toErrorValue(error);
    dialog.showErrorBox('Enclave cannot start', `${message}; ${remedy}`);
    app.exit(2);
  });
} else {
  app.quit();
}
