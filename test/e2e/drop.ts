import type { Page } from 'playwright-core';

/** Drops files and folders of this machine (absolute paths) onto the page, as from a file manager. */
export async function dropFiles(page: Page, paths: readonly string[], at = { x: 700, y: 450 }): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const data = { items: [], files: [...paths], dragOperationsMask: 1 };
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
    await session.send('Input.dispatchDragEvent', { type, ...at, data });
  }
  await session.detach();
}
