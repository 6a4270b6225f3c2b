import type { CaseEvent } from '../../shared/event.ts';
import { EnclaveError, type Problem, ProblemCounter } from '../../shared/problem.ts';
import { parseInstant } from '../../shared/time.ts';
import { columnsOf, delimitedLines } from '../reference/delimited-lines.ts';

/**
 * Files of dated events: lines of `time,label,kind,source,uncertaintyMinutes` with or without a header, cells by RFC 4180
 * but without line feeds in quotes. A time is ISO 8601 with zone, from 1970 to 2254. What cannot be used costs its line.
 */

/** Bytes of a file, and events of it, at most. */
export const LARGEST_EVENT_FILE = 16 * 1024 * 1024;
export const MOST_EVENTS = 20_000;
/** Longest label or source, and longest kind, in UTF-16 units; longer texts are cut, longer kinds not used. */
const LONGEST_TEXT = 300;
const LONGEST_KIND = 64;
/** A year: an event that is known no better than this is none. */
const LARGEST_UNCERTAINTY_MINUTES = 525_600;
/** 2255-01-01 in microseconds: later times are not exact in float64. */
const LATEST = 8_993_808_000_000_000;

const COLUMNS = {
  time: ['time', 'timestamp', 'datetime', 'date', 'start'],
  label: ['label', 'name', 'title', 'event', 'description'],
  kind: ['kind', 'type', 'category'],
  source: ['source', 'reference', 'url'],
  uncertainty: ['uncertaintyminutes', 'uncertainty_minutes', 'uncertainty'],
} as const;

export interface ReadEvents {
  /** In the order of the file. */
  readonly events: readonly CaseEvent[];
  /** Lines that were not used, by kind, each with its first line (from 1). */
  readonly notUsed: readonly Problem[];
}

/** Reads a file of events. Throws an EnclaveError when no line of it can be used. @param name of the file, for the message */
export function readEvents(file: Buffer, name: string): ReadEvents {
  const events: CaseEvent[] = [];
  const problems = new ProblemCounter();
  const taken = new Set<string>();
  let at: Partial<Record<keyof typeof COLUMNS, number>> | null = null;
  for (const { line, cells, fault } of delimitedLines(file.toString('utf8'))) {
    if (cells === null) {
      problems.add(fault ?? 'bad-line', line, 'the line cannot be cut into cells');
      continue;
    }
    if (at === null) {
      // A first line with a time is a record, even where a label of it reads like the name of a column.
      const isRecord = cells.some((cell) => instantOf(cell) !== null);
      at = columnsOf(isRecord ? [] : cells, COLUMNS, ['time', 'label', 'kind', 'source', 'uncertainty']).at;
      if (!isRecord) continue;
    }
    const cell = (column: keyof typeof COLUMNS): string => cells[at?.[column] ?? -1] ?? '';
    const read = eventOf(cell('time'), cell('label'), cell('kind'), cell('source'), cell('uncertainty'));
    if ('fault' in read) problems.add(read.fault, line, FAULTS[read.fault]);
    else {
      const key = JSON.stringify([read.time, read.kind, read.label]);
      if (taken.has(key)) problems.add('stands-twice', line, 'the event stands twice');
      else if (events.length >= MOST_EVENTS) problems.add('too-many', line, `more than ${MOST_EVENTS} events`);
      else {
        taken.add(key);
        events.push(read);
      }
    }
  }
  if (events.length === 0) {
    const first = problems.list()[0];
    const why = first === undefined ? 'it holds none' : `${first.message}, first in line ${first.firstOffset}`;
    throw new EnclaveError(
      'events-unusable',
      `no event of the file can be used: ${why}`,
      name,
      'write lines of time,label,kind,source with times like 2017-05-14T04:57:00+08:30',
    );
  }
  return { events, notUsed: problems.list() };
}

const FAULTS = {
  'bad-time': 'the time is not ISO 8601 with zone, from 1970 to 2254',
  'no-label': 'the event has no label',
  'bad-kind': `the event has no kind of 1 to ${LONGEST_KIND} characters`,
  'bad-uncertainty': `the uncertainty is no number of minutes from 0 to ${LARGEST_UNCERTAINTY_MINUTES}`,
} as const;

/** Microseconds of a time that this file can hold; a time without zone would mean another instant on every machine. */
function instantOf(text: string): number | null {
  const instant = /[Tt ].*(?:[Zz]|[+-]\d\d(?::?\d\d)?)$/.test(text) ? parseInstant(text, 'UTC') : null;
  return instant !== null && instant >= 0 && instant < LATEST ? instant : null;
}

function eventOf(
  time: string,
  label: string,
  kind: string,
  source: string,
  uncertainty: string,
): CaseEvent | { fault: keyof typeof FAULTS } {
  const instant = instantOf(time);
  if (instant === null) return { fault: 'bad-time' };
  if (label === '') return { fault: 'no-label' };
  if (kind === '' || kind.length > LONGEST_KIND) return { fault: 'bad-kind' };
  const minutes =
    uncertainty === '' ? 0 : /^\d{1,7}(?:\.\d{1,6})?$/.test(uncertainty) ? Number(uncertainty) : Number.NaN;
  if (!(minutes <= LARGEST_UNCERTAINTY_MINUTES)) return { fault: 'bad-uncertainty' };
  return {
    time: instant,
    label: label.slice(0, LONGEST_TEXT),
    kind,
    source: source.slice(0, LONGEST_TEXT),
    uncertaintyMinutes: minutes,
  };
}
