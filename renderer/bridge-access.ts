import { startTransition, useEffect, useState } from 'react';
import type { Answer, Bridge, CallName, Calls } from '../shared/bridge.ts';
import type { ErrorValue } from '../shared/problem.ts';

/** The one place where the page meets the preload's bridge. */

declare global {
  interface Window {
    readonly enclave: Bridge;
  }
}

export type Response<Name extends CallName> = Calls[Name]['response'];

/** Makes one call. Never rejects: a bridge that breaks down is an error value like any other. */
export async function ask<Name extends CallName>(
  name: Name,
  request: Calls[Name]['request'],
): Promise<Answer<Response<Name>>> {
  const call = window.enclave[name] as (request: Calls[Name]['request']) => Promise<Answer<Response<Name>>>;
  try {
    return await call(request);
  } catch (error) {
    return {
      ok: false,
      error: {
        code: 'bridge',
        message: `the call ${name} was not answered (${error instanceof Error ? error.message : String(error)})`,
        place: '',
        remedy: 'try again; if it stays, close and open the case',
        exitCode: 2,
      },
    };
  }
}

export interface Asked<T> {
  /** The last good answer; kept while a newer one is on its way. */
  readonly value: T | null;
  readonly error: ErrorValue | null;
  readonly pending: boolean;
}

/** Answers kept, least recently used out. */
const KEPT = 120;
const answers = new Map<string, unknown>();
/** Questions on their way, so that two views that want the same ask once. */
const asked = new Map<string, Promise<Answer<unknown>>>();

/** Whether any question is on its way. */
export function isAsking(): boolean {
  return asked.size > 0;
}

/** After this time what is old is drawn faintly. Sooner it would be drawn twice for one answer. */
const WAITING_AFTER_MS = 150;
let waiting: ReturnType<typeof setTimeout> | undefined;

/** Marks the page while a question has been on its way for long. */
function noteQuestions(): void {
  const { classList } = document.documentElement;
  if (asked.size === 0) {
    clearTimeout(waiting);
    waiting = undefined;
    classList.remove('waiting');
  } else waiting ??= setTimeout(() => classList.add('waiting'), WAITING_AFTER_MS);
}

/** Estimates on their way. */
const estimates = new Set<Promise<unknown>>();

/** What is quick goes first, though others that are shown at the same time should ask before it. */
async function askAfterEstimates<Name extends CallName>(
  name: Name,
  request: Calls[Name]['request'],
): Promise<Answer<Response<Name>>> {
  await Promise.resolve();
  if (estimates.size > 0) await Promise.allSettled(estimates);
  return ask(name, request);
}

function askOnce<Name extends CallName>(
  key: string,
  name: Name,
  request: Calls[Name]['request'],
): Promise<Answer<Response<Name>>> {
  const known = asked.get(key) as Promise<Answer<Response<Name>>> | undefined;
  if (known !== undefined) return known;
  const isEstimate = name.startsWith('estimate');
  const answer = (isEstimate ? ask(name, request) : askAfterEstimates(name, request)).finally(() => {
    asked.delete(key);
    estimates.delete(answer);
    noteQuestions();
  });
  if (isEstimate) estimates.add(answer);
  asked.set(key, answer);
  noteQuestions();
  return answer;
}

function keep(key: string, value: unknown): void {
  answers.delete(key);
  answers.set(key, value);
  if (answers.size > KEPT) {
    const oldest = answers.keys().next().value;
    if (oldest !== undefined) answers.delete(oldest);
  }
}

/** The same for the same fields, in whatever order they stand. */
function requestKey(request: object | null): string {
  return JSON.stringify(request === null ? null : Object.entries(request).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * Asks while a component is shown, again whenever the request or the case's `version` changes. A `null` request with
 * `when` false asks nothing.
 */
export function useAsk<Name extends CallName>(
  name: Name,
  request: Calls[Name]['request'],
  version: number,
  when = true,
): Asked<Response<Name>> {
  const key = `${version}/${name}/${requestKey(request)}`;
  const [state, setState] = useState<{ key: string; value: Response<Name> | null; error: ErrorValue | null }>({
    key: '',
    value: null,
    error: null,
  });
  // What is known is drawn with what asks for it, not after it.
  if (when && state.key !== key && answers.has(key)) {
    setState({ key, value: answers.get(key) as Response<Name>, error: null });
  }
  useEffect(() => {
    if (!when || answers.has(key)) return undefined;
    let current = true;
    const load = async (): Promise<void> => {
      const answer = await askOnce(key, name, request);
      if (answer.ok) keep(key, answer.value);
      if (!current) return;
      // In slices: a view that takes long to draw must not stop the window.
      startTransition(() => {
        if (answer.ok) setState({ key, value: answer.value, error: null });
        else setState((before) => ({ key, value: before.value, error: answer.error }));
      });
    };
    void load();
    return () => {
      current = false;
    };
    // The key stands for name, request and version.
  }, [key, when]);
  return { value: state.value, error: state.error, pending: when && state.key !== key };
}

/** Forgets every answer: another case was opened. */
export function forgetAnswers(): void {
  answers.clear();
}
