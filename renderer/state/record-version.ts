import { useSyncExternalStore } from 'react';
import { useWorkbench } from './workbench.ts';

/** Counts changes of notes and case facts that this window made, so that whoever shows them asks again. */

let changes = 0;
const listeners = new Set<() => void>();

export function recordChanged(): void {
  changes++;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
  };
}

/** Grows with each change of the case or of its record. */
export function useRecordVersion(): number {
  const { version } = useWorkbench();
  return version + useSyncExternalStore(subscribe, () => changes);
}
