let began: number | null = null;

/**
 * When the gesture in work began, in milliseconds since the window opened: what one click or key changes, call by call, has one
 * time. The next one, however soon, has another.
 */
export function gestureTime(): number {
  if (began !== null) return began;
  began = performance.now();
  // After the handler that asks, before the next event: a timer could come behind the next click.
  queueMicrotask(() => {
    began = null;
  });
  return began;
}
