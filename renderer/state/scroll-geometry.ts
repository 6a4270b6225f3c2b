/** Which rows of a long table are in view, of a table of any length. Pure. */

/** Height of a row, and of the head that stays above. */
export const ROW = 27;
/** Browsers cut elements at some 33 million pixels; beyond this height the scroll bar stands for shares, not pixels. */
export const TALLEST = 12_000_000;
/** Height of the scrolled content, and the first row in view, for a table of any length. */
export function scrollGeometry(
  total: number,
  viewport: number,
  scrollTop: number,
): { height: number; first: number; visible: number } {
  const visible = Math.max(1, Math.floor(viewport / ROW));
  const full = total * ROW;
  if (full <= TALLEST)
    return { height: full, first: Math.min(Math.floor(scrollTop / ROW), Math.max(0, total - 1)), visible };
  const share = Math.min(1, Math.max(0, scrollTop / (TALLEST - viewport)));
  return { height: TALLEST, first: Math.round(share * Math.max(0, total - visible)), visible };
}
