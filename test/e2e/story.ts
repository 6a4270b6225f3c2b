import type { Page } from 'playwright-core';
import { afterEach, beforeEach } from 'vitest';

/** The tests of the `describe` that calls this are steps of one story: after one that failed the rest is skipped. */
export function stopAtFirstFault(): void {
  let failed: string | null = null;
  beforeEach((context) => {
    if (failed !== null) context.skip(`the step before it failed: ${failed}`);
  });
  afterEach(({ task }) => {
    if (task.result?.state === 'fail') failed ??= task.name;
  });
}

/** Errors that a page throws or writes to its console from now on; each test ends with none, or fails by them. */
export function failByErrors(): (page: Page) => void {
  const errors: string[] = [];
  afterEach(() => {
    if (errors.length > 0) throw new Error(`the page has errors:\n${errors.splice(0).join('\n')}`);
  });
  return (page) => {
    page.on('pageerror', (error) => errors.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') errors.push(message.text());
    });
  };
}
