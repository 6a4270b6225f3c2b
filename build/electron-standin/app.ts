import { EventEmitter } from 'node:events';
import { closeChromium, isChromiumRunning, startChromium } from './chromium.ts';
import { settings } from './settings.ts';
import { strict } from './strict.ts';

/** `app`: the life of the app, from ready to quit. */

/** An event that a listener may prevent. */
export class PreventableEvent {
  defaultPrevented = false;

  preventDefault(): void {
    this.defaultPrevented = true;
  }
}

/** What `app.quit` closes. */
export interface Closable {
  close(): void;
  destroy(): void;
}

export const openWindows = new Set<Closable>();

class App extends EventEmitter {
  readonly commandLine = strict('app.commandLine', {
    switches: [] as string[],
    appendSwitch(name: string, value?: string): void {
      this.switches.push(value === undefined ? `--${name}` : `--${name}=${value}`);
    },
  });
  readonly isPackaged = false;
  #ready: Promise<void> | null = null;
  #isQuitting = false;
  #hasEnded = false;
  #end: () => void = () => undefined;
  /** Settles when the app has ended and Chromium with it. */
  readonly ended = new Promise<void>((resolve) => {
    this.#end = resolve;
  });

  whenReady(): Promise<void> {
    this.#ready ??= this.#start();
    return this.#ready;
  }

  async #start(): Promise<void> {
    await startChromium(this.commandLine.switches, () => this.exit(0));
    // An app that has ended meanwhile never becomes ready.
    if (this.#hasEnded) await new Promise<never>(() => undefined);
  }

  getAppPath(): string {
    return settings().appPath;
  }

  getPath(name: string): string {
    if (name === 'userData') return settings().userData;
    if (name === 'documents') return settings().documents;
    throw new Error(`stand-in: app.getPath('${name}') is not implemented`);
  }

  /** There is no second instance to hand anything over to: each launch is alone. */
  requestSingleInstanceLock(): boolean {
    return true;
  }

  /** Chromium's own sandbox is always on, except for root, who cannot have it. */
  enableSandbox(): void {
    if (isChromiumRunning()) throw new Error('app.enableSandbox() can only be called before app is ready');
  }

  quit(): void {
    if (this.#hasEnded) return;
    this.#isQuitting = true;
    const event = new PreventableEvent();
    this.emit('before-quit', event);
    for (const window of openWindows) window.close();
    if (event.defaultPrevented || openWindows.size > 0) {
      this.#isQuitting = false;
      return;
    }
    this.#finish();
  }

  exit(_code = 0): void {
    if (this.#hasEnded) return;
    this.#isQuitting = true;
    for (const window of openWindows) window.destroy();
    this.#stop();
  }

  /** A window was closed: the last one ends the app unless main decides otherwise. */
  windowClosed(window: Closable): void {
    openWindows.delete(window);
    if (openWindows.size > 0 || this.#isQuitting) return;
    if (!this.emit('window-all-closed')) this.quit();
  }

  #finish(): void {
    const event = new PreventableEvent();
    this.emit('will-quit', event);
    this.#isQuitting = false;
    if (!event.defaultPrevented) this.#stop();
  }

  #stop(): void {
    this.#hasEnded = true;
    this.emit('quit', {}, 0);
    void closeChromium().finally(this.#end);
  }
}

export const theApp = new App();
