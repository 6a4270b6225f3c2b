import { strict } from './strict.ts';

type Listener = (event: object, ...args: unknown[]) => unknown;

const handlers = new Map<string, Listener>();

export const ipcMain = strict('ipcMain', {
  handle(channel: string, listener: Listener): void {
    if (handlers.has(channel)) throw new Error(`Attempted to register a second handler for '${channel}'`);
    handlers.set(channel, listener);
  },
});

/** What `ipcRenderer.invoke` resolves to; rejects with Electron's words. */
export async function invoke(channel: string, event: object, args: readonly unknown[]): Promise<unknown> {
  const handler = handlers.get(channel);
  if (handler === undefined) {
    throw new Error(`Error invoking remote method '${channel}': Error: No handler registered for '${channel}'`);
  }
  try {
    return await handler(event, ...args);
  } catch (error) {
    throw new Error(`Error invoking remote method '${channel}': ${String(error)}`, { cause: error });
  }
}
