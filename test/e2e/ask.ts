import type { Page } from 'playwright-core';
import type { Answer, Bridge, CallName, Calls, EventName } from '../../shared/bridge.ts';

/** The bridge of a page, as specs use it from outside. */

type PageGlobal = { enclave: Bridge };

/** One call through `window.enclave`; `request` may be wrong on purpose. */
export function askRaw(page: Page, name: string, request: unknown): Promise<Answer<unknown>> {
  return page.evaluate(
    ([callName, given]) => {
      const { enclave } = globalThis as unknown as { enclave: Record<string, (request: unknown) => Promise<unknown>> };
      return enclave[callName]?.(given) as Promise<Answer<unknown>>;
    },
    [name, request] as const,
  );
}

/** One call that must succeed: its value. */
export async function ask<Name extends CallName>(
  page: Page,
  name: Name,
  request: Calls[Name]['request'],
): Promise<Calls[Name]['response']> {
  const answer = (await askRaw(page, name, request)) as Answer<Calls[Name]['response']>;
  if (!answer.ok) throw new Error(`${name}: ${answer.error.code}: ${answer.error.message} (${answer.error.place})`);
  return answer.value;
}

/** Begins a call and does not wait for its answer. */
export async function beginAsk<Name extends CallName>(
  page: Page,
  name: Name,
  request: Calls[Name]['request'],
): Promise<void> {
  await page.evaluate(
    ([callName, given]) => {
      const { enclave } = globalThis as unknown as { enclave: Record<string, (request: unknown) => Promise<unknown>> };
      const asked = globalThis as unknown as { lastAnswer: unknown };
      asked.lastAnswer = null;
      void (async () => {
        asked.lastAnswer = await enclave[callName]?.(given);
      })();
    },
    [name, request] as const,
  );
}

/** Answer of the call that was begun; waits for it. */
export async function lastAnswer(page: Page): Promise<Answer<unknown>> {
  const handle = await page.waitForFunction(() => (globalThis as unknown as { lastAnswer: unknown }).lastAnswer);
  return (await handle.jsonValue()) as Answer<unknown>;
}

/** Resolves with the first event of this name from now on. */
export function nextEvent(page: Page, name: EventName): Promise<unknown> {
  return page.evaluate(
    (eventName) =>
      new Promise((resolve) => {
        const stop = (globalThis as unknown as PageGlobal).enclave.on(eventName, (event: unknown) => {
          stop();
          resolve(event);
        });
      }),
    name,
  );
}
