import type { ActionId } from '../../shared/actions.ts';

/** Presses or focuses what stands in the page for an action, whichever view shows it; other actions do nothing here. */
export function doOnPage(action: ActionId): void {
  switch (action) {
    case 'focus-timeline':
      document.getElementById('case-timeline')?.focus();
      break;
    case 'figure-table':
    case 'save-figure-svg':
    case 'save-figure-png':
    case 'save-figure-csv':
      document.querySelector<HTMLButtonElement>(`[data-figure="${action.split('-').at(-1) ?? ''}"]`)?.click();
      break;
    case 'copy-statement':
      document.querySelector<HTMLButtonElement>('.inspector button.copy, .finding-detail button.copy')?.click();
      break;
    default:
      break;
  }
}
