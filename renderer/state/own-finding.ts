import type { PickedExhibit } from '../../shared/own-finding.ts';
import type { Selection } from './history.ts';
import { joinFilters } from './time-filter.ts';
import { say } from '../../shared/text/say.ts';

/** `picked`: what is to become an exhibit; null: nothing new. `id`: the finding that is changed; null: a new one. */
export interface OwnFindingAsked {
  readonly picked: PickedExhibit | null;
  readonly id: string | null;
}

/** What is selected, or else all that the filter lets through, as an exhibit. */
export function exhibitOf(selection: Selection | null, where: string): PickedExhibit {
  if (selection === null) return { label: where === '' ? say('Every flow') : say('Filter'), where };
  // What was selected in views of the whole case is not narrowed by a filter.
  const isWhole = ['Finding', 'Own finding', 'Evidence'].includes(selection.kind);
  const label = `${say(selection.kind)} ${selection.title}`.replaceAll(/\p{Cc}/gu, ' ').slice(0, 200);
  return { label, where: isWhole ? selection.filter : joinFilters(where, selection.filter) };
}
