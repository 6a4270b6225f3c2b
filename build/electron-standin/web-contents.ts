import { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import type { CDPSession, Page, Request, Route } from 'playwright-core';
import { PreventableEvent, theApp } from './app.ts';
import { newPage, theContext } from './chromium.ts';
import { invoke } from './ipc-main.ts';
import { menuAccelerators, pressAccelerator } from './menu.ts';
import { decodeMessage, encodeMessage } from './message-coding.ts';
import { bridgePeer, pageWorld, preloadWorld, type Question, type Reply } from './page-side.ts';
import { answerRequest, applyPermissions, fromChromium, toChromium } from './session.ts';
import { settings } from './settings.ts';
import { strict } from './strict.ts';

/** `webContents` of one window: a page, its preload's isolated world, and the messages between that and main. */

const WORLD = 'preload';
const BINDING = 'standinSend';

export interface Bounds {
  x: number;
  y: number;
  width: number;
  height: number;
}

type FromPreload =
  | { type: 'invoke'; id: number; channel: string; args: unknown[] }
  | { type: 'drop'; id: number; count: number }
  | { type: 'accelerator'; accelerator: string }
  | { type: 'bounds'; bounds: Bounds }
  | { type: 'focus' };

type WindowOpenHandler = (details: { url: string }) => { action: 'allow' | 'deny' };

/** An event of a navigation that a listener may prevent. */
class NavigationEvent extends PreventableEvent {
  readonly url: string;
  readonly isMainFrame: boolean;

  constructor(url: string, isMainFrame: boolean) {
    super();
    this.url = url;
    this.isMainFrame = isMainFrame;
  }
}

const byPage = new Map<Page, WebContents>();
let isRouted = false;

/** All requests and new pages of the browser, told to the window that they come from. */
async function routeOnce(): Promise<void> {
  if (isRouted) return;
  isRouted = true;
  const context = theContext();
  await applyPermissions();
  await context.route('**/*', async (route) => {
    try {
      const contents = windowOf(route.request());
      if (contents === undefined || contents.refusesNavigation(route)) await route.abort('aborted');
      else await answerRequest(route);
    } catch (error) {
      // The page may be gone by now; anything else is a fault of main's handlers.
      const isGone = await route.abort().then(
        () => false,
        () => true,
      );
      if (!isGone) process.stderr.write(`stand-in: a request failed: ${String(error)}\n`);
    }
  });
  context.on('page', (page) => {
    void page.opener().then((opener) => {
      const contents = opener === null ? undefined : byPage.get(opener);
      return contents?.openedWindow(page);
    });
  });
}

/** The window that asks; undefined for a page that is only about to be opened. */
function windowOf(request: Request): WebContents | undefined {
  try {
    return byPage.get(request.frame().page());
  } catch {
    return undefined;
  }
}

export class WebContents extends EventEmitter {
  readonly outside: this = strict('webContents', this);
  readonly #preload: string | null;
  #page: Page | null = null;
  #session: CDPSession | null = null;
  /** Where main sends the page; whoever else wants to go elsewhere is asked about. */
  #target = '';
  #world: number | null = null;
  #windowOpenHandler: WindowOpenHandler = () => ({ action: 'allow' });
  #url = '';
  readonly mainFrame: { readonly url: string; readonly parent: null };

  constructor(preload: string | null) {
    super();
    this.#preload = preload;
    const here = (): string => this.#url;
    this.mainFrame = {
      get url() {
        return here();
      },
      parent: null,
    };
    theApp.emit('web-contents-created', {}, this.outside);
  }

  get page(): Page {
    if (this.#page === null) throw new Error('stand-in: the window has no page yet');
    return this.#page;
  }

  async loadURL(url: string): Promise<void> {
    await routeOnce();
    if (this.#page === null) await this.#takePage(await newPage());
    this.#target = url;
    await this.page.goto(toChromium(url));
  }

  /** Gives a page just opened the window's size, and its place where one was asked for. Without a screen there is neither. */
  async place({ width, height }: Bounds, at: { x: number; y: number } | null): Promise<void> {
    await routeOnce();
    if (this.#page === null) await this.#takePage(await newPage());
    if (settings().headless || this.#session === null) return;
    const bounds = { width, height, ...(at === null ? {} : { left: at.x, top: at.y }) };
    // A window manager may refuse, as it may with Electron's own windows.
    const { windowId } = await this.#session.send('Browser.getWindowForTarget');
    await this.#session.send('Browser.setWindowBounds', { windowId, bounds }).catch(() => undefined);
  }

  async #takePage(page: Page): Promise<void> {
    this.#page = page;
    byPage.set(page, this);
    page.on('close', () => this.emit('page-closed'));
    page.on('framenavigated', (frame) => {
      if (frame === page.mainFrame()) this.#url = fromChromium(frame.url());
    });
    const session = await theContext().newCDPSession(page);
    this.#session = session;
    if (this.#preload === null) return;
    session.on('Runtime.executionContextCreated', ({ context }) => {
      const isMain = (context.auxData as { frameId?: string } | undefined)?.frameId === mainFrameId;
      if (context.name === WORLD && isMain) this.#world = context.id;
    });
    session.on('Runtime.bindingCalled', ({ name, payload, executionContextId }) => {
      if (name === BINDING && executionContextId === this.#world) {
        void this.#receive(decodeMessage(payload) as FromPreload, executionContextId);
      }
    });
    session.on('Runtime.exceptionThrown', ({ exceptionDetails: { executionContextId, exception, text } }) => {
      if (executionContextId !== this.#world) return;
      process.stderr.write(`stand-in: the preload threw: ${exception?.description ?? text}\n`);
    });
    await session.send('Page.enable');
    const { frameTree } = await session.send('Page.getFrameTree');
    const mainFrameId = frameTree.frame.id;
    await session.send('Runtime.enable');
    await session.send('Runtime.addBinding', { name: BINDING, executionContextName: WORLD });
    const preload = `function (require, module, exports) {\n${readFileSync(this.#preload, 'utf8')}\n}`;
    const coding = `{ encode: ${String(encodeMessage)}, decode: ${String(decodeMessage)} }`;
    const accelerators = JSON.stringify(menuAccelerators());
    // The isolated world listens first for the port that the page's world then makes.
    await session.send('Page.addScriptToEvaluateOnNewDocument', {
      worldName: WORLD,
      source: `(${String(preloadWorld)})(${String(bridgePeer)}, ${coding}, ${accelerators}, ${preload});`,
    });
    await session.send('Page.addScriptToEvaluateOnNewDocument', {
      source: `(${String(pageWorld)})(${String(bridgePeer)});`,
    });
  }

  async #receive(message: FromPreload, world: number): Promise<void> {
    switch (message.type) {
      case 'invoke': {
        const event = { sender: this.outside, senderFrame: this.mainFrame };
        const answer = await invoke(message.channel, event, message.args).then(
          (result) => ({ id: message.id, ok: true, result }),
          (error: unknown) => ({ id: message.id, ok: false, result: error instanceof Error ? error.message : '' }),
        );
        await this.#run(`receive(${JSON.stringify(encodeMessage(answer))})`, world);
        break;
      }
      case 'drop': {
        const paths: string[] = [];
        for (let index = 0; index < message.count; index++) {
          paths.push(await this.#pathOf(`heldFile(${message.id}, ${index})`, world));
        }
        await this.#run(`release(${message.id}, ${JSON.stringify(paths)})`, world);
        break;
      }
      case 'accelerator':
        pressAccelerator(message.accelerator);
        break;
      case 'bounds':
        this.emit('bounds', message.bounds);
        break;
      case 'focus':
        this.emit('page-focus');
        break;
    }
  }

  /** Runs a function of the isolated world; null when the page has gone meanwhile. */
  async #run(call: string, world = this.#world, awaitPromise = false): Promise<unknown> {
    if (this.#session === null || world === null) return null;
    try {
      const { result } = await this.#session.send('Runtime.evaluate', {
        expression: `standin.${call}`,
        contextId: world,
        awaitPromise,
        returnByValue: true,
      });
      return result.value ?? null;
    } catch {
      return null;
    }
  }

  async #pathOf(call: string, world: number): Promise<string> {
    const session = this.#session;
    if (session === null) return '';
    const { result } = await session.send('Runtime.evaluate', { expression: `standin.${call}`, contextId: world });
    if (result.objectId === undefined) return '';
    const { path } = await session.send('DOM.getFileInfo', { objectId: result.objectId });
    await session.send('Runtime.releaseObject', { objectId: result.objectId });
    return path;
  }

  send(channel: string, ...args: unknown[]): void {
    void this.#run(`receive(${JSON.stringify(encodeMessage({ channel, args }))})`);
  }

  setAccelerators(accelerators: readonly string[]): void {
    void this.#run(`setAccelerators(${JSON.stringify(accelerators)})`);
  }

  /** Puts a question over the page, since there are no native dialogs here. */
  async ask(question: Question): Promise<Reply> {
    const reply = (await this.#run(`ask(${JSON.stringify(question)})`, this.#world, true)) as Reply | null;
    return reply ?? { button: question.cancelId, path: '' };
  }

  setTitle(title: string): void {
    const expression = `document.title = ${JSON.stringify(title)}`;
    void this.#session?.send('Runtime.evaluate', { expression }).catch(() => undefined);
  }

  setWindowOpenHandler(handler: WindowOpenHandler): void {
    this.#windowOpenHandler = handler;
  }

  /** A page that this one opened: stays only if main allows it. */
  async openedWindow(page: Page): Promise<void> {
    const { action } = this.#windowOpenHandler({ url: fromChromium(page.url()) });
    if (action === 'deny') await page.close().catch(() => undefined);
  }

  /** Asks main about a navigation that main did not begin. Reloading is none. */
  refusesNavigation(route: Route): boolean {
    const request = route.request();
    if (!request.isNavigationRequest()) return false;
    const url = fromChromium(request.url());
    const isMainFrame = request.frame() === this.page.mainFrame();
    if (isMainFrame && (url === this.#target || url === this.#url)) return false;
    const frameEvent = new NavigationEvent(url, isMainFrame);
    this.emit('will-frame-navigate', frameEvent);
    if (!isMainFrame) return frameEvent.defaultPrevented;
    const event = new NavigationEvent(url, true);
    this.emit('will-navigate', event);
    return frameEvent.defaultPrevented || event.defaultPrevented;
  }

  async printToPDF(options: { preferCSSPageSize?: boolean; printBackground?: boolean } & object): Promise<Buffer> {
    const { data } = await theContext()
      .newCDPSession(this.page)
      .then((session) => session.send('Page.printToPDF', options));
    return Buffer.from(data, 'base64');
  }

  async closePage(): Promise<void> {
    const page = this.#page;
    if (page === null) return;
    byPage.delete(page);
    await page.close().catch(() => undefined);
  }
}
