import { createHash } from 'node:crypto';
import { quotedCell } from '../../shared/csv.ts';
import { type CaseEvent, ENTERED_EVENTS, type EventChange, type EventList } from '../../shared/event.ts';
import { EnclaveError } from '../../shared/problem.ts';
import { formatUtc } from '../../shared/time.ts';
import type { CaseWriter } from '../casefile/case-writer.ts';
import { readEvents } from './event-file.ts';

/** The list of events that were entered by hand: in a case it is a file of events like those that are added, made anew with each change. */

/** Adds, removes or replaces one event; the findings made without that go. Throws an EnclaveError when it cannot be done. */
export function changeEnteredEvents(writer: CaseWriter, lists: readonly EventList[], change: EventChange): void {
  const list = lists.find(({ file }) => file.name === ENTERED_EVENTS);
  const { remove, add } = change;
  const kept = (list?.events ?? []).filter((event) => remove === null || !isSame(event, remove));
  if (remove !== null && kept.length === (list?.events.length ?? 0)) {
    throw new EnclaveError(
      'not-there',
      'no event that was entered by hand is this one',
      '',
      'look at the list again',
      1,
    );
  }
  const events = add === null ? kept : [...kept, add];
  const before = list?.file.id ?? null;
  if (events.length === 0) {
    writer.replaceEvents(before, null, []);
    return;
  }
  const content = Buffer.from(csvOf(events));
  const read = readEvents(content, ENTERED_EVENTS);
  const [problem] = read.notUsed;
  if (problem !== undefined) {
    throw new EnclaveError('event-wrong', problem.message, '', 'state it otherwise', 1);
  }
  const sha256 = createHash('sha256').update(content).digest('hex');
  writer.replaceEvents(before, { name: ENTERED_EVENTS, sha256, bytes: content.length, notUsed: [] }, read.events);
}

function isSame(a: CaseEvent, b: CaseEvent): boolean {
  return a.time === b.time && a.kind === b.kind && a.label === b.label;
}

/** As a file of events has them, in order of time. */
function csvOf(events: readonly CaseEvent[]): string {
  const lines = events
    .toSorted((x, y) => x.time - y.time || (x.label < y.label ? -1 : 1))
    .map(({ time, label, kind, source, uncertaintyMinutes }) =>
      [formatUtc(time), quotedCell(label), quotedCell(kind), quotedCell(source), uncertaintyMinutes].join(','),
    );
  return ['time,label,kind,source,uncertaintyMinutes', ...lines, ''].join('\n');
}
