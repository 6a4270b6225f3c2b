import { basename, join, resolve } from 'node:path';
import { app, BrowserWindow, dialog, screen, type WebContents, type WebPreferences } from 'electron';
import type { CaseOverview, EventName, Events } from '../../shared/bridge.ts';
import type { JobName, Jobs } from '../../shared/jobs.ts';
import { EnclaveError } from '../../shared/problem.ts';
import { say } from '../../shared/text/say.ts';
import { visibleText } from '../../shared/visible-text.ts';
import { Engine, type JobOptions } from '../engine/engine.ts';
import { lowSpaceWarning } from '../engine/free-space.ts';
import { isEncrypted } from '../engine/keyring.ts';
import { APP_PAGE } from './app-protocol.ts';
import type { Settings, WindowState } from './settings.ts';

/** Every window's page is held to these; they are Electron's defaults, said aloud. */
export const SAFE_PREFERENCES = {
  sandbox: true,
  contextIsolation: true,
  nodeIntegration: false,
  nodeIntegrationInWorker: false,
  nodeIntegrationInSubFrames: false,
  webSecurity: true,
  allowRunningInsecureContent: false,
  experimentalFeatures: false,
  webviewTag: false,
  spellcheck: false,
  safeDialogs: true,
} as const satisfies WebPreferences;

/** While evidence is read, the views look at the case after this time, then at growing intervals up to the second. */
const FIRST_LOOK_AFTER_MS = 1000;
const LOOK_AT_LEAST_EVERY_MS = 10_000;

interface RunningJob {
  readonly abort: AbortController;
  readonly ended: Promise<unknown>;
}

export interface AppState {
  readonly settings: Settings;
  readonly preview: boolean;
  readonly windows: Set<CaseWindow>;
  /** Engines that are closing; the app waits for them before it ends. */
  readonly closing: Set<Promise<void>>;
  /** The user asked to quit, and every window is asked in turn. */
  quitting: boolean;
  /** Called when another window comes to the front, or its case changes. */
  frontChanged: () => void;
}

/** While a job is at work, the room on the disk is looked at so often. */
const LOOK_AT_DISK_EVERY_MS = 5000;

/** One window with at most one case, one engine and one job at a time. */
export class CaseWindow {
  readonly browser: BrowserWindow;
  /** Evidence that the window was opened with, until its page takes it. */
  evidenceGiven: readonly string[] = [];
  readonly #app: AppState;
  #engine = this.#newEngine();
  /** An encrypted case that the window was started with. */
  lockedCase: string | null = null;
  #casePath: string | null = null;
  #job: RunningJob | null = null;
  #asking = false;

  constructor(state: AppState) {
    this.#app = state;
    const { x, y, width, height, maximised } = onScreen(state.settings.window);
    this.browser = new BrowserWindow({
      width,
      height,
      ...(x === null || y === null ? {} : { x, y }),
      minWidth: 800,
      minHeight: 560,
      show: false,
      webPreferences: { ...SAFE_PREFERENCES, preload: join(app.getAppPath(), 'dist/preload.cjs') },
    });
    state.windows.add(this);
    this.browser.once('ready-to-show', () => {
      if (maximised) this.browser.maximize();
      this.browser.show();
    });
    this.browser.on('page-title-updated', (event) => event.preventDefault());
    this.browser.on('focus', () => state.frontChanged());
    this.browser.on('close', (event) => {
      this.#keepState();
      if (this.#job === null) return;
      event.preventDefault();
      void this.#askToStop();
    });
    this.browser.on('closed', () => {
      this.#job?.abort.abort();
      state.windows.delete(this);
      this.#release(this.#engine);
      state.frontChanged();
    });
    this.#setTitle(null);
  }

  /** The window that a web contents belongs to. */
  static of(windows: Iterable<CaseWindow>, contents: WebContents): CaseWindow | null {
    for (const window of windows) {
      if (!window.browser.isDestroyed() && window.browser.webContents === contents) return window;
    }
    return null;
  }

  /** Shows our page. A window that is closed meanwhile is no fault. */
  async load(): Promise<void> {
    try {
      await this.browser.loadURL(APP_PAGE);
    } catch (error) {
      if (!this.browser.isDestroyed()) throw error;
    }
  }

  get casePath(): string | null {
    return this.#casePath;
  }

  /** The path of the case; throws when the window shows none. */
  get openCasePath(): string {
    if (this.#casePath === null) {
      throw new EnclaveError('no-open-case', 'this window shows no case', '', 'open a case first', 1);
    }
    return this.#casePath;
  }

  send<Name extends EventName>(name: Name, event: Events[Name]): void {
    if (!this.browser.isDestroyed()) this.browser.webContents.send(name, event);
  }

  focus(): void {
    if (this.browser.isMinimized()) this.browser.restore();
    this.browser.focus();
  }

  /** A question to the engine, which may be asked at any time. */
  query<Name extends JobName>(name: Name, request: Jobs[Name]['request']): Promise<Jobs[Name]['response']> {
    return this.#engine.run(name, request);
  }

  #newEngine(): Engine {
    return new Engine({ behindWindow: true, onNotice: (text) => this.send('notice', text) });
  }

  /** Makes the key of a new case: the header under which it is to be made. */
  makeKey(passphrase: string): Promise<string> {
    return this.#engine.keyring.make(passphrase);
  }

  /** Does a job of which there may be one at a time: it can be cancelled, and the window asks before it closes. */
  async work<T>(job: (engine: Engine, options: JobOptions) => Promise<T>): Promise<T> {
    this.refuseWhileAtWork();
    const abort = new AbortController();
    const running = job(this.#engine, { signal: abort.signal, ...this.#tellers() });
    this.#job = { abort, ended: running.catch(() => undefined) };
    try {
      return await running;
    } finally {
      this.#job = null;
    }
  }

  refuseWhileAtWork(): void {
    if (this.#job !== null) {
      throw new EnclaveError('busy', 'a job is at work in this window', '', 'wait for its end, or cancel it', 1);
    }
  }

  get atWork(): boolean {
    return this.#job !== null;
  }

  cancel(): void {
    this.#job?.abort.abort();
  }

  pause(paused: boolean): void {
    this.#engine.pause(paused);
  }

  /**
   * Shows the case; null when another window shows it already, which comes to the front instead.
   *
   * @param passphrase of an encrypted case
   */
  async open(path: string, passphrase: string | null = null): Promise<CaseOverview | null> {
    this.refuseWhileAtWork();
    const casePath = resolve(path);
    const elsewhere = [...this.#app.windows].find((other) => other !== this && other.casePath === casePath);
    if (elsewhere !== undefined) {
      elsewhere.focus();
      return null;
    }
    const engine = this.#newEngine();
    let overview: CaseOverview;
    try {
      if (passphrase !== null) await engine.keyring.unlock(casePath, passphrase);
      overview = await engine.run('overview', { case: casePath });
    } catch (error) {
      this.#release(engine);
      if (error instanceof EnclaveError && error.code === 'no-case') this.#app.settings.removeRecent(casePath);
      throw error;
    }
    await this.#replace(engine, casePath, overview.title);
    this.lockedCase = null;
    this.#tellLowSpace();
    // The settings are not encrypted, so the title of such a case does not go there.
    this.#app.settings.addRecent(casePath, isEncrypted(casePath) ? basename(casePath, '.enclave') : overview.title);
    return overview;
  }

  async closeCase(): Promise<void> {
    this.refuseWhileAtWork();
    await this.#replace(this.#newEngine(), null, null);
  }

  async #replace(engine: Engine, casePath: string | null, title: string | null): Promise<void> {
    const before = this.#engine;
    this.#engine = engine;
    this.#casePath = casePath;
    this.#setTitle(title);
    this.#app.frontChanged();
    await this.#release(before);
    this.send('caseChanged', null);
  }

  #release(engine: Engine): Promise<void> {
    const closed = engine.close().finally(() => this.#app.closing.delete(closed));
    this.#app.closing.add(closed);
    return closed;
  }

  #tellLowSpace(): boolean {
    const warning = this.#casePath === null ? null : lowSpaceWarning(this.#casePath);
    if (warning !== null) this.send('notice', warning);
    return warning !== null;
  }

  /** Passes on what a job tells; the views look again as flows come in, ever more seldom. */
  #tellers(): Pick<JobOptions, 'onProgress' | 'onEvidence'> {
    let flows = 0;
    let next = performance.now() + FIRST_LOOK_AFTER_MS;
    let pause = FIRST_LOOK_AFTER_MS;
    let nextDisk = performance.now();
    return {
      onProgress: (progress) => {
        this.send('progress', progress);
        // Told once a job: it goes on, and what it commits is kept.
        if (performance.now() >= nextDisk) {
          nextDisk = this.#tellLowSpace() ? Infinity : performance.now() + LOOK_AT_DISK_EVERY_MS;
        }
        if (progress.step !== 'read' || progress.flows === flows || performance.now() < next) return;
        flows = progress.flows;
        pause = Math.min(pause * 1.2, LOOK_AT_LEAST_EVERY_MS);
        next = performance.now() + pause;
        this.send('caseChanged', null);
      },
      onEvidence: (news) => this.send('evidence', news),
    };
  }

  /** Asks whether the job may be stopped; if so stops it, waits for its end and closes. */
  async #askToStop(): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    const { response } = await dialog.showMessageBox(this.browser, {
      type: 'question',
      message: say('A job is at work in this case.'),
      detail: say('Stopped now, it keeps the evidence files that it has finished and drops the one in work.'),
      buttons: [say('Keep working'), say('Stop and close')],
      defaultId: 0,
      cancelId: 0,
      noLink: true,
    });
    this.#asking = false;
    if (response !== 1) {
      this.#app.quitting = false;
      return;
    }
    this.cancel();
    await this.#job?.ended;
    if (this.#app.quitting) app.quit();
    else if (!this.browser.isDestroyed()) this.browser.close();
  }

  #keepState(): void {
    const { x, y, width, height } = this.browser.getNormalBounds();
    this.#app.settings.keepWindow({ x, y, width, height, maximised: this.browser.isMaximized() });
  }

  #setTitle(title: string | null): void {
    const name = this.#app.preview ? 'Enclave (preview)' : 'Enclave';
    this.browser.setTitle(title === null ? name : `${visibleText(title)} – ${name}`);
  }
}

/** The state as it was, but where the display is gone the system finds a place. */
function onScreen(state: WindowState): WindowState {
  const { x, y } = state;
  const isSeen =
    x !== null &&
    y !== null &&
    screen.getAllDisplays().some(({ workArea: area }) => {
      return x >= area.x - 1 && x < area.x + area.width && y >= area.y - 1 && y < area.y + area.height;
    });
  return isSeen ? state : { ...state, x: null, y: null };
}
