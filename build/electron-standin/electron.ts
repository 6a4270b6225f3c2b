import { theApp } from './app.ts';
import { BrowserWindow as StandinBrowserWindow } from './browser-window.ts';
import { onAcceleratorsChanged } from './menu.ts';
import { defaultSession } from './session.ts';
import { missing, strict } from './strict.ts';

/** What `import … from 'electron'` gives in the main process. */

onAcceleratorsChanged((accelerators) => StandinBrowserWindow.setAccelerators(accelerators));

export const app = strict('app', theApp);
export const BrowserWindow = new Proxy(StandinBrowserWindow, {
  get(target, key) {
    if (typeof key === 'symbol' || key in target) return Reflect.get(target, key, target) as unknown;
    throw new Error(`stand-in: electron.BrowserWindow.${key} is not implemented`);
  },
});
export const session = strict('session', { defaultSession });
export const screen = strict('screen', {
  /** No display is known: one that holds every place. */
  getAllDisplays: () => [{ workArea: { x: -20_000, y: -20_000, width: 40_000, height: 40_000 } }],
});
export { dialog } from './dialog.ts';
export { ipcMain } from './ipc-main.ts';
export { Menu } from './menu.ts';
export { protocol } from './session.ts';

export const autoUpdater = missing('autoUpdater');
export const BaseWindow = missing('BaseWindow');
export const clipboard = missing('clipboard');
export const contentTracing = missing('contentTracing');
export const crashReporter = missing('crashReporter');
export const desktopCapturer = missing('desktopCapturer');
export const globalShortcut = missing('globalShortcut');
export const MenuItem = missing('MenuItem');
export const MessageChannelMain = missing('MessageChannelMain');
export const nativeImage = missing('nativeImage');
export const nativeTheme = missing('nativeTheme');
export const net = missing('net');
export const netLog = missing('netLog');
export const Notification = missing('Notification');
export const powerMonitor = missing('powerMonitor');
export const powerSaveBlocker = missing('powerSaveBlocker');
export const safeStorage = missing('safeStorage');
export const shell = missing('shell');
export const systemPreferences = missing('systemPreferences');
export const Tray = missing('Tray');
export const utilityProcess = missing('utilityProcess');
export const webContents = missing('webContents');
export const WebContentsView = missing('WebContentsView');
export const webFrameMain = missing('webFrameMain');
