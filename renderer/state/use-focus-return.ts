import { type RefObject, useLayoutEffect, useRef } from 'react';

/**
 * For what opens beside a view: when it goes with the focus in it, the focus returns to where it was before.
 *
 * @param takesFor given, the element takes the focus when it opens and whenever this changes
 */
export function useFocusReturn<E extends HTMLElement>(takesFor: string | null = null): RefObject<E | null> {
  const element = useRef<E>(null);
  const before = useRef<HTMLElement | SVGElement | null>(null);
  useLayoutEffect(() => {
    const { current } = element;
    const { activeElement } = document;
    if (current === null || current.contains(activeElement)) return;
    if (activeElement instanceof HTMLElement || activeElement instanceof SVGElement) before.current = activeElement;
    if (takesFor !== null) current.focus();
  }, [takesFor]);
  // A layout effect ends while the element is still in the page, and so still holds the focus.
  useLayoutEffect(() => {
    const { current } = element;
    return () => {
      if (current?.contains(document.activeElement) === true) before.current?.focus();
    };
  }, []);
  return element;
}
