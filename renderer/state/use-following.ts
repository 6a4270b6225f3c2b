import { useEffect, useRef } from 'react';
import { isAsking } from '../bridge-access.ts';

/** How often it is looked whether the answers are there. */
const LOOK_MS = 20;

/** What is moved by hand, and the views that follow as fast as they are answered. */
export interface Following<T> {
  /** Shows this, or what comes after it, as soon as no question is on its way. */
  readonly follow: (value: T) => void;
  /** Shows nothing more of what came. */
  readonly stop: () => void;
}

export function useFollowing<T>(show: (value: T) => void): Following<T> {
  const shown = useRef(show);
  shown.current = show;
  const following = useRef<Following<T> | null>(null);
  following.current ??= followingOf<T>((value) => shown.current(value));
  const made = following.current;
  useEffect(() => made.stop, [made]);
  return made;
}

function followingOf<T>(show: (value: T) => void): Following<T> {
  let next: { value: T } | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const look = (): void => {
    timer = undefined;
    if (next === null) return;
    if (isAsking()) timer = setTimeout(look, LOOK_MS);
    else {
      const { value } = next;
      next = null;
      show(value);
    }
  };
  return {
    follow(value) {
      next = { value };
      timer ??= setTimeout(look);
    },
    stop() {
      next = null;
      clearTimeout(timer);
      timer = undefined;
    },
  };
}
