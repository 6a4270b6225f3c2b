import { dirname, resolve } from 'node:path';
import { EnclaveError } from '../../shared/problem.ts';
import type { CaseWindow } from './case-window.ts';

/** Which files and folders a window may look into and import: those that its user chose, dropped, or named at its start. */

const given = new WeakMap<CaseWindow, Set<string>>();

export function give(window: CaseWindow, paths: readonly string[]): void {
  const known = given.get(window) ?? new Set();
  for (const path of paths) known.add(resolve(path));
  given.set(window, known);
}

/**
 * Lets a window have what was given to it, and what lies in a folder that was.
 *
 * @throws EnclaveError `not-given`
 */
export function refuseUnlessGiven(window: CaseWindow, path: string): void {
  const known = given.get(window) ?? new Set();
  let at = resolve(path);
  while (!known.has(at)) {
    const above = dirname(at);
    if (above === at) {
      throw new EnclaveError('not-given', 'this file was not given to this window', path, 'choose it or drop it', 1);
    }
    at = above;
  }
}
