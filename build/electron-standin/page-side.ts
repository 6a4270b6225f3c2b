/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import type { decodeMessage, encodeMessage } from './message-coding.ts';

/**
 * What runs in the page: the preload's isolated world, and the side of contextBridge in the page's own world. These functions
 * are sent as source: they use nothing from outside themselves.
 *
 * The two worlds share no JavaScript object. They meet at a MessagePort that only they know, as an event target: events
 * dispatched on it arrive at once in both worlds, their `detail` cloned, files in a DataTransfer.
 */

interface Peer {
  /** Makes a value fit to cross; what it returns crosses in one event. */
  pack(value: unknown, files: File[]): unknown;
  unpack(value: unknown, files: readonly File[]): unknown;
  post(type: string, value: unknown): void;
  on(type: string, listener: (value: unknown) => void): void;
}

/** One end of the bridge: `own` and `other` are the names of the two ends. */
export function bridgePeer(port: EventTarget, own: string, other: string): Peer {
  type Callable = (...args: unknown[]) => unknown;
  type Packed = Record<string, unknown> & { kind: string };
  const functions = new Map<number, Callable>();
  const settlers = new Map<number, { resolve(value: unknown): void; reject(error: unknown): void }>();
  let nextId = 0;
  let arrived: File[] = [];
  let returned: unknown;

  const peer: Peer = {
    pack(value, files) {
      if (isData(value)) return { kind: 'value', value };
      if (typeof value === 'function') {
        functions.set(++nextId, value as Callable);
        return { kind: 'function', id: nextId };
      }
      if (value instanceof Promise) {
        const id = ++nextId;
        const settle = (ok: boolean) => (result: unknown) => {
          peer.post('settle', { id, ok, result: ok ? result : messageOf(result) });
        };
        value.then(settle(true), settle(false));
        return { kind: 'promise', id };
      }
      if (value instanceof File) return { kind: 'file', index: files.push(value) - 1 };
      if (Array.isArray(value)) return { kind: 'array', items: value.map((item) => peer.pack(item, files)) };
      if (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
        return { kind: 'object', entries: Object.entries(value).map(([key, item]) => [key, peer.pack(item, files)]) };
      }
      return { kind: 'value', value };
    },
    unpack(value, files) {
      const packed = value as Packed;
      switch (packed.kind) {
        case 'function':
          return (...args: unknown[]): unknown => {
            returned = undefined;
            peer.post('call', { id: packed['id'], args });
            const { ok, result } = returned as unknown as { ok: boolean; result: unknown };
            if (!ok) throw new Error(String(result));
            return result;
          };
        case 'promise':
          return new Promise((resolve, reject) => settlers.set(Number(packed['id']), { resolve, reject }));
        case 'file':
          return files[Number(packed['index'])];
        case 'array':
          return (packed['items'] as unknown[]).map((item) => peer.unpack(item, files));
        case 'object':
          return Object.freeze(
            Object.fromEntries(
              (packed['entries'] as [string, unknown][]).map(([key, item]) => [key, peer.unpack(item, files)]),
            ),
          );
        default:
          return packed['value'];
      }
    },
    post(type, value) {
      const files: File[] = [];
      const detail = peer.pack(value, files);
      if (files.length > 0) {
        const dataTransfer = new DataTransfer();
        for (const file of files) dataTransfer.items.add(file);
        port.dispatchEvent(new DragEvent(`${other}:files`, { dataTransfer }));
      }
      port.dispatchEvent(new CustomEvent(`${other}:${type}`, { detail }));
    },
    on(type, listener) {
      port.addEventListener(`${own}:${type}`, (event) => {
        const files = arrived;
        arrived = [];
        listener(peer.unpack((event as CustomEvent).detail, files));
      });
    },
  };

  /** Data crosses as it is, cloned by the browser; only functions, promises and files need a token in their place. */
  function isData(value: unknown): boolean {
    if (typeof value === 'function') return false;
    if (typeof value !== 'object' || value === null) return true;
    if (value instanceof Promise || value instanceof File) return false;
    return Array.isArray(value) ? value.every(isData) : Object.values(value).every(isData);
  }

  function messageOf(error: unknown): string {
    return error instanceof Error ? error.message : String(error);
  }

  port.addEventListener(`${own}:files`, (event) => {
    const items = (event as DragEvent).dataTransfer?.items ?? [];
    arrived = [...items].flatMap((item) => item.getAsFile() ?? []);
  });
  peer.on('call', (value) => {
    const { id, args } = value as { id: number; args: unknown[] };
    let answer: { ok: boolean; result: unknown };
    try {
      answer = { ok: true, result: functions.get(id)?.(...args) };
    } catch (error) {
      answer = { ok: false, result: messageOf(error) };
    }
    peer.post('return', answer);
  });
  peer.on('return', (value) => {
    returned = value;
  });
  peer.on('settle', (value) => {
    const { id, ok, result } = value as { id: number; ok: boolean; result: unknown };
    const settler = settlers.get(id);
    settlers.delete(id);
    if (ok) settler?.resolve(result);
    else settler?.reject(new Error(String(result)));
  });
  return peer;
}

/** The page's own world: receives what the preload exposes. Runs before any script of the page. */
export function pageWorld(makePeer: typeof bridgePeer): void {
  if (window !== window.top) return;
  const { port1 } = new MessageChannel();
  const peer = makePeer(port1, 'page', 'preload');
  peer.on('expose', (value) => {
    const { name, api } = value as { name: string; api: unknown };
    Object.defineProperty(window, name, { value: api, enumerable: true });
  });
  window.dispatchEvent(new MessageEvent('stand-in:port', { ports: [port1] }));
}

export interface PreloadCoding {
  encode: typeof encodeMessage;
  decode: typeof decodeMessage;
}

/** What main may call in the isolated world, by name. */
export interface PreloadWorld {
  receive(text: string): void;
  heldFile(id: number, index: number): File | undefined;
  release(id: number, paths: readonly string[]): void;
  setAccelerators(accelerators: readonly string[]): void;
  ask(question: Question): Promise<Reply>;
}

export interface Question {
  message: string;
  detail: string;
  buttons: readonly string[];
  /** Text of the field for a path; null when none is asked for. */
  path: string | null;
  cancelId: number;
}

export interface Reply {
  button: number;
  path: string;
}

/** The isolated world: `require('electron')` for the preload, drops held until their paths are known, shortcuts, questions. */
export function preloadWorld(
  makePeer: typeof bridgePeer,
  coding: PreloadCoding,
  accelerators: readonly string[],
  preload: (require: (id: string) => unknown, module: { exports: object }, exports: object) => void,
): void {
  if (window !== window.top) return;
  const scope = globalThis as unknown as { standinSend(text: string): void; standin: PreloadWorld };
  const send = (message: object): void => scope.standinSend(coding.encode(message));
  const listeners = new Map<string, Set<(event: object, ...args: unknown[]) => void>>();
  const invocations = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  const paths = new Map<File, string>();
  const held = new Map<number, { files: File[]; event: DragEvent }>();
  let shortcuts = accelerators;
  let nextId = 0;
  let peer: Peer | null = null;

  const electron: Record<string, object> = {
    contextBridge: {
      exposeInMainWorld: (name: string, api: object) => peer?.post('expose', { name, api }),
    },
    ipcRenderer: {
      invoke: (channel: string, ...args: unknown[]) =>
        new Promise((resolve, reject) => {
          invocations.set(++nextId, { resolve, reject });
          send({ type: 'invoke', id: nextId, channel, args });
        }),
      send: (channel: string, ...args: unknown[]) => send({ type: 'send', channel, args }),
      on(channel: string, listener: (event: object, ...args: unknown[]) => void) {
        listeners.set(channel, (listeners.get(channel) ?? new Set()).add(listener));
      },
      removeListener(channel: string, listener: (event: object, ...args: unknown[]) => void) {
        listeners.get(channel)?.delete(listener);
      },
    },
    webUtils: { getPathForFile: (file: File) => paths.get(file) ?? '' },
  };
  const refuse = (name: string): never => {
    throw new Error(`stand-in: electron.${name} is not implemented`);
  };
  const strictly = (name: string, target: object): object =>
    new Proxy(target, {
      get: (_target, key) =>
        typeof key === 'symbol' || key in target ? Reflect.get(target, key) : refuse(`${name}${key}`),
    });
  for (const [name, module] of Object.entries(electron)) electron[name] = strictly(`${name}.`, module);

  scope.standin = {
    receive(text) {
      const message = coding.decode(text) as {
        id?: number;
        ok?: boolean;
        result?: unknown;
        channel?: string;
        args?: unknown[];
      };
      if (message.channel !== undefined) {
        for (const listener of listeners.get(message.channel) ?? []) listener({}, ...(message.args ?? []));
        return;
      }
      const invocation = invocations.get(message.id ?? 0);
      invocations.delete(message.id ?? 0);
      if (message.ok === true) invocation?.resolve(message.result);
      else invocation?.reject(new Error(String(message.result)));
    },
    heldFile: (id, index) => held.get(id)?.files[index],
    release(id, found) {
      const { files = [], event } = held.get(id) ?? {};
      held.delete(id);
      const dataTransfer = new DataTransfer();
      for (const [index, file] of files.entries()) {
        paths.set(file, found[index] ?? '');
        dataTransfer.items.add(file);
      }
      const { clientX = 0, clientY = 0 } = event ?? {};
      const again = new DragEvent('drop', {
        bubbles: true,
        cancelable: true,
        composed: true,
        clientX,
        clientY,
        dataTransfer,
      });
      const target = document.elementFromPoint(clientX, clientY) ?? document.documentElement;
      target.dispatchEvent(again);
    },
    setAccelerators(next) {
      shortcuts = next;
    },
    ask: ({ message, detail, buttons, path, cancelId }) =>
      new Promise((answer) => {
        const host = document.createElement('div');
        const root = host.attachShadow({ mode: 'open' });
        const box = document.createElement('dialog');
        Object.assign(box.style, { font: '14px system-ui', width: '32rem', whiteSpace: 'pre-wrap' });
        const field = document.createElement('input');
        Object.assign(field.style, { width: '100%', boxSizing: 'border-box', margin: '1em 0', font: 'inherit' });
        field.value = path ?? '';
        field.setAttribute('aria-label', message);
        const done = (button: number): void => {
          host.remove();
          answer({ button, path: field.value });
        };
        const say = (tag: string, text: string): HTMLElement => {
          const element = document.createElement(tag);
          element.textContent = text;
          return element;
        };
        box.append(say('strong', message), say('p', detail));
        if (path !== null) box.append(field);
        for (const [index, label] of buttons.entries()) {
          const button = say('button', label);
          button.addEventListener('click', () => done(index));
          box.append(button, ' ');
        }
        field.addEventListener('keydown', (event) => {
          if (event.key === 'Enter') done(0);
        });
        box.addEventListener('cancel', () => done(cancelId));
        root.append(box);
        document.documentElement.append(host);
        box.showModal();
      }),
  };

  const isReleased = (event: Event): boolean => !event.isTrusted;
  const hold = (event: DragEvent): void => {
    const files = [...(event.dataTransfer?.files ?? [])];
    if (isReleased(event) || files.length === 0) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    held.set(++nextId, { files, event });
    send({ type: 'drop', id: nextId, count: files.length });
  };
  const press = (event: KeyboardEvent): void => {
    if (event.defaultPrevented) return;
    const names: Record<string, string> = {
      ' ': 'Space',
      '+': 'Plus',
      ArrowUp: 'Up',
      ArrowDown: 'Down',
      ArrowLeft: 'Left',
      ArrowRight: 'Right',
    };
    const key = names[event.key] ?? (event.key.length === 1 ? event.key.toUpperCase() : event.key);
    const pressed = [event.ctrlKey || event.metaKey ? 'CmdOrCtrl' : '', event.altKey ? 'Alt' : ''];
    const accelerator = [...pressed, event.shiftKey ? 'Shift' : '', key].filter((part) => part !== '').join('+');
    if (!shortcuts.includes(accelerator)) return;
    event.preventDefault();
    send({ type: 'accelerator', accelerator });
  };
  const tellBounds = (): void => {
    const { screenX: x, screenY: y, outerWidth: width, outerHeight: height } = window;
    send({ type: 'bounds', bounds: { x, y, width, height } });
  };

  window.addEventListener(
    'stand-in:port',
    (event) => {
      const [port] = (event as MessageEvent).ports;
      if (port === undefined) return;
      peer = makePeer(port, 'preload', 'page');
      const module = { exports: {} };
      const require = (id: string): unknown => (id === 'electron' ? strictly('', electron) : refuse(id));
      preload(require, module, module.exports);
    },
    { once: true },
  );
  window.addEventListener('drop', hold, true);
  window.addEventListener('keydown', press);
  window.addEventListener('resize', tellBounds);
  window.addEventListener('focus', () => send({ type: 'focus' }));
}
