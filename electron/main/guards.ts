import type { App, Session, WebFrameMain } from 'electron';
import { APP_PAGE, APP_SCHEME } from './app-protocol.ts';

/** What a window may not do, whatever runs in it. */

const APP_ORIGIN = new URL('.', APP_PAGE).href;

/** True for the main frame of a page that we served: nobody else may call. */
export function mayCall(frame: Pick<WebFrameMain, 'url' | 'parent'> | null): boolean {
  return frame !== null && frame.parent === null && frame.url.startsWith(APP_ORIGIN);
}

/** No permission, no device, no request outside `app:`, no dictionary download. */
export function guardSession(session: Session): void {
  session.setPermissionRequestHandler((_contents, _permission, answer) => answer(false));
  session.setPermissionCheckHandler(() => false);
  session.setDevicePermissionHandler(() => false);
  session.setSpellCheckerEnabled(false);
  session.webRequest.onBeforeRequest(({ url }, answer) => {
    answer({ cancel: !url.startsWith(`${APP_SCHEME.scheme}:`) });
  });
}

/** No navigation, no new window, no webview, in any web contents that is ever made. */
export function guardContents(app: App): void {
  app.on('web-contents-created', (_event, contents) => {
    contents.on('will-navigate', (event) => event.preventDefault());
    contents.on('will-redirect', (event) => event.preventDefault());
    contents.on('will-frame-navigate', (event) => {
      // The report's frame is filled from the page itself.
      if (event.isMainFrame || event.url !== 'about:srcdoc') event.preventDefault();
    });
    contents.on('will-attach-webview', (event) => event.preventDefault());
    contents.setWindowOpenHandler(() => ({ action: 'deny' }));
  });
}
