/** Runs in the page: what does not fit. Text cut off without an ellipsis, controls out of reach, a page that scrolls sideways. */
export function layoutFaults(): string[] {
  const faults: string[] = [];
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth) faults.push(`page is ${root.scrollWidth} wide in ${root.clientWidth}`);
  const words = (element: Element): string =>
    `${element.tagName.toLowerCase()}.${element.className} "${(element.textContent ?? '').trim().slice(0, 40)}"`;
  for (const element of document.querySelectorAll<HTMLElement>('body *:not(svg *)')) {
    if (!element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
    const style = getComputedStyle(element);
    // For screen readers only.
    if (element.matches('.hidden')) continue;
    const hasText = [...element.childNodes].some((node) => node.nodeType === 3 && (node.nodeValue ?? '').trim() !== '');
    const isCut = element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 1;
    if (hasText && isCut && style.overflowX === 'hidden' && style.textOverflow !== 'ellipsis') {
      faults.push(`cut off: ${words(element)}`);
    }
    if (!element.matches('button, input, select, a[href], h1, h2, h3')) continue;
    const box = element.getBoundingClientRect();
    if (box.width <= 1 || (box.right <= root.clientWidth + 1 && box.bottom <= root.clientHeight + 1)) continue;
    let above = element.parentElement;
    while (above !== null && !/auto|scroll/.test(getComputedStyle(above).overflow)) above = above.parentElement;
    if (above === null) faults.push(`out of reach: ${words(element)}`);
  }
  return faults;
}
