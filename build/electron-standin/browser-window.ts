import { EventEmitter } from 'node:events';
import { openWindows, PreventableEvent, theApp } from './app.ts';
import { strict } from './strict.ts';
import { type Bounds, WebContents } from './web-contents.ts';

/** `BrowserWindow`: a window of Chromium. What a page may do is not an option here: see `REQUIRED`. */

interface WindowOptions {
  width?: number;
  height?: number;
  x?: number;
  y?: number;
  show?: boolean;
  webPreferences?: { preload?: string } & Record<string, unknown>;
}

/** The page has neither Node nor the preload's world, whatever is asked for; so nothing else may be asked for. */
const REQUIRED: Readonly<Record<string, boolean>> = { sandbox: true, contextIsolation: true, nodeIntegration: false };

export class BrowserWindow extends EventEmitter {
  static readonly #windows = new Set<BrowserWindow>();
  readonly #contents: WebContents;
  #bounds: Bounds;
  /** Where it was asked to stand. */
  readonly #at: { x: number; y: number } | null;
  #isPlaced = false;
  #isDestroyed = false;
  #isMaximised = false;
  #isFocused = false;
  #title = '';
  readonly #outside: this;

  constructor(options: WindowOptions = {}) {
    super();
    const { width = 800, height = 600, x, y, webPreferences = {} } = options;
    for (const [name, value] of Object.entries(REQUIRED)) {
      if (webPreferences[name] !== value) {
        throw new Error(`stand-in: webPreferences.${name} other than ${value} is not implemented`);
      }
    }
    this.#bounds = { x: x ?? 0, y: y ?? 0, width, height };
    this.#at = x === undefined || y === undefined ? null : { x, y };
    this.#contents = new WebContents(webPreferences.preload ?? null);
    this.#outside = strict('BrowserWindow', this);
    BrowserWindow.#windows.add(this);
    openWindows.add(this);
    this.#contents.on('page-closed', () => this.destroy());
    this.#contents.on('bounds', (bounds: Bounds) => {
      this.#bounds = bounds;
    });
    this.#contents.on('page-focus', () => this.#setFocused());
    // eslint-disable-next-line no-constructor-return -- main must get the object that refuses unknown members
    return this.#outside;
  }

  static getAllWindows(): BrowserWindow[] {
    return [...BrowserWindow.#windows].map((window) => window.#outside);
  }

  /** The web contents as the stand-in has it, for its own rooms. */
  static contentsOf(outside: unknown): WebContents | null {
    for (const window of BrowserWindow.#windows) if (window.#outside === outside) return window.#contents;
    return null;
  }

  static setAccelerators(accelerators: readonly string[]): void {
    for (const window of BrowserWindow.#windows) window.#contents.setAccelerators(accelerators);
  }

  get webContents(): WebContents {
    return this.#contents.outside;
  }

  async loadURL(url: string): Promise<void> {
    if (!this.#isPlaced) await this.#contents.place(this.#bounds, this.#at);
    this.#isPlaced = true;
    await this.#contents.loadURL(url);
    if (this.#isDestroyed) return;
    this.#contents.setTitle(this.#title);
    this.#setFocused();
    this.emit('ready-to-show');
  }

  show(): void {
    this.focus();
  }

  focus(): void {
    void this.#contents.page.bringToFront().catch(() => undefined);
    this.#setFocused();
  }

  #setFocused(): void {
    for (const window of BrowserWindow.#windows) window.#isFocused = window === this;
    this.emit('focus');
  }

  isFocused(): boolean {
    return this.#isFocused;
  }

  isMinimized(): boolean {
    return false;
  }

  maximize(): void {
    this.#isMaximised = true;
  }

  isMaximized(): boolean {
    return this.#isMaximised;
  }

  getNormalBounds(): Bounds {
    return { ...this.#bounds };
  }

  setTitle(title: string): void {
    this.#title = title;
    this.#contents.setTitle(title);
  }

  isDestroyed(): boolean {
    return this.#isDestroyed;
  }

  close(): void {
    if (this.#isDestroyed) return;
    const event = new PreventableEvent();
    this.emit('close', event);
    if (!event.defaultPrevented) this.destroy();
  }

  destroy(): void {
    if (this.#isDestroyed) return;
    this.#isDestroyed = true;
    BrowserWindow.#windows.delete(this);
    this.emit('closed');
    theApp.windowClosed(this);
    void this.#contents.closePage();
  }
}
