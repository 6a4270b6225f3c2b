import type { EventFile } from '../../shared/event.ts';
import { count, table } from './terminal.ts';

/** What the command line prints of the files of events of a case. */
export function eventFilesText(files: readonly EventFile[]): string {
  if (files.length === 0) return 'no events were added to the case; those of its profile count all the same\n';
  return table(
    ['Id', 'File', 'Events', 'Added'],
    files.map(({ id, name, events, addedAt }) => [id, name, count(events), addedAt]),
    [2],
  );
}
