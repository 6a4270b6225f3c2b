import { type RefObject, useLayoutEffect, useRef } from 'react';

/** For what opens beside a view: when it goes with the focus in it, the focus returns to where it was before. */
export function useFocusReturn<E extends HTMLElement>(): RefObject<E | null> {
  const element = useRef<E>(null);
  // A layout effect ends while the element is still in the page, and so still holds the focus.
  useLayoutEffect(() => {
    const { current } = element;
    const before = document.activeElement;
    return () => {
      if (current?.contains(document.activeElement) === true && before instanceof HTMLElement) before.focus();
    };
  }, []);
  return element;
}
