import { type RefObject, useLayoutEffect, useRef, useState } from 'react';

/** Inner size of an element in CSS pixels, kept up to date. */
export function useSize<E extends HTMLElement>(): [RefObject<E | null>, { width: number; height: number }] {
  const element = useRef<E>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  // The element may come later than what asks for its size, and go again.
  const [current, setCurrent] = useState<E | null>(null);
  useLayoutEffect(() => {
    if (element.current !== current) setCurrent(element.current);
  });
  useLayoutEffect(() => {
    if (current === null) return undefined;
    const measure = (): void => {
      const width = Math.floor(current.clientWidth);
      const height = Math.floor(current.clientHeight);
      setSize((before) => (before.width === width && before.height === height ? before : { width, height }));
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(current);
    return () => observer.disconnect();
  }, [current]);
  return [element, size];
}
