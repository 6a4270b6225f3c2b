import type { Page } from 'playwright-core';
import { theApp } from './app.ts';
import { BrowserWindow } from './browser-window.ts';
import { answerNextDialog, type DialogAnswer } from './dialog.ts';
import { clickMenuItem } from './menu.ts';
import { configure, type StandinSettings } from './settings.ts';

/** What whoever launched the app can do from outside. */
export interface StandinControl {
  /** Settles when the app has ended. */
  readonly ended: Promise<void>;
  /** The page of the window that was opened first and is still open; waits until it has loaded. Rejects when the app ends first. */
  firstPage(): Promise<Page>;
  pages(): Page[];
  answerNextDialog(answer: DialogAnswer): void;
  clickMenuItem(id: string): boolean;
  /** Loads a URL into the first window as main would, past the guards of navigation. */
  loadInMain(url: string): Promise<void>;
  secondInstance(argv: readonly string[], directory: string): void;
  quit(): void;
  /** Ends it without asking. */
  exit(): void;
}

export type MakeControl = typeof control;

export function control(settings: StandinSettings): StandinControl {
  configure(settings);
  return {
    ended: theApp.ended,
    async firstPage() {
      const ended = theApp.ended.then(() => true);
      const aMoment = (): Promise<boolean> => new Promise((resolve) => setTimeout(resolve, 20, false));
      do {
        const [first] = openPages();
        if (first !== undefined) {
          await first.waitForLoadState();
          return first;
        }
      } while (!(await Promise.race([ended, aMoment()])));
      throw new Error('stand-in: the app ended before it showed a window');
    },
    pages: openPages,
    answerNextDialog,
    clickMenuItem,
    async loadInMain(url) {
      await BrowserWindow.getAllWindows()[0]?.loadURL(url);
    },
    secondInstance: (argv, directory) => theApp.emit('second-instance', {}, [...argv], directory, null),
    quit: () => theApp.quit(),
    exit: () => theApp.exit(),
  };
}

/** Pages of windows that show the app. */
function openPages(): Page[] {
  return BrowserWindow.getAllWindows().flatMap((window) => {
    const contents = BrowserWindow.contentsOf(window);
    return contents?.mainFrame.url.startsWith('app:') === true ? [contents.page] : [];
  });
}
