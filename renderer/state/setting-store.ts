import { useSyncExternalStore } from 'react';

/** How views show what they show: kept while the case is open, whichever view is before the user. */

export interface SettingStore<Settings> {
  readonly get: () => Settings;
  readonly set: (change: Partial<Settings>) => void;
  /** The settings in a component, which is drawn anew when they change. */
  readonly use: () => Settings;
}

const resets: (() => void)[] = [];

/** A store of settings, all of which are `first` when a case is opened. */
export function settingStore<Settings extends object>(first: Settings): SettingStore<Settings> {
  let now = first;
  const listeners = new Set<() => void>();
  const replace = (next: Settings): void => {
    now = next;
    for (const listener of listeners) listener();
  };
  resets.push(() => replace(first));
  const get = (): Settings => now;
  const subscribe = (listener: () => void): (() => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  return {
    get,
    set: (change) => replace({ ...now, ...change }),
    use: () => useSyncExternalStore(subscribe, get),
  };
}

/** Another case is opened: everything is as at first. */
export function forgetSettings(): void {
  for (const reset of resets) reset();
}
