/** Zooming along the local calendar: spans in its milliseconds, taken as UTC. Pure. */

export interface ZoomSpan {
  readonly first: number;
  /** Included. */
  readonly last: number;
}

/** Nothing shorter is shown: ten steps of a minute. */
const SHORTEST_MS = 10 * 60_000;

/** Half as long (or, with a factor above 1, longer), around a moment; null for what is as long as the whole, or longer. */
export function zoomed(shown: ZoomSpan, whole: ZoomSpan, factor: number, around: number): ZoomSpan | null {
  const length = Math.max(SHORTEST_MS, (shown.last - shown.first) * factor);
  if (length >= whole.last - whole.first) return null;
  const share = (around - shown.first) / Math.max(1, shown.last - shown.first);
  return within(around - length * share, length, whole);
}

/** As long, but so much of its length later (negative: earlier), as far as the whole reaches. */
export function panned(shown: ZoomSpan, whole: ZoomSpan, share: number): ZoomSpan {
  const length = shown.last - shown.first;
  return within(shown.first + share * length, length, whole);
}

/** A span of whole minutes. */
function within(from: number, length: number, whole: ZoomSpan): ZoomSpan {
  const latest = Math.max(whole.first, whole.last - length);
  const first = Math.floor(Math.min(latest, Math.max(whole.first, from)) / 60_000) * 60_000;
  return { first, last: Math.floor((first + length) / 60_000) * 60_000 - 1 };
}
