import type Database from 'better-sqlite3';
import type { CaseEvent, EventFile } from '../../shared/event.ts';
import type { IndicatorFile } from '../../shared/indicator.ts';
import type { Overlay } from '../../shared/overlay.ts';
import type { Problem } from '../../shared/problem.ts';

/** What an examiner added to a case beside its evidence, in the order it was added: for reader and writer. */

export function storedOverlays(db: Database.Database): Overlay[] {
  return db
    .prepare<[], Omit<Overlay, 'notUsed'> & { notUsed: string }>(
      'SELECT id, name, kind, format, sha256, bytes, date, addedAt, entries, notUsed FROM overlay ORDER BY number',
    )
    .all()
    .map((row) => ({ ...row, notUsed: JSON.parse(row.notUsed) as Problem[] }));
}

export function storedIndicatorFiles(db: Database.Database): IndicatorFile[] {
  return db
    .prepare<[], Omit<IndicatorFile, 'notUsed'> & { notUsed: string }>(
      'SELECT id, name, format, sha256, bytes, addedAt, indicators, notUsed FROM indicatorFile ORDER BY number',
    )
    .all()
    .map((row) => ({ ...row, notUsed: JSON.parse(row.notUsed) as Problem[] }));
}

export function storedEventFiles(db: Database.Database): EventFile[] {
  return db
    .prepare<[], Omit<EventFile, 'notUsed'> & { notUsed: string }>(
      'SELECT id, name, sha256, bytes, addedAt, events, notUsed FROM eventFile ORDER BY number',
    )
    .all()
    .map((row) => ({ ...row, notUsed: JSON.parse(row.notUsed) as Problem[] }));
}

/** Events of all files, in order of time. */
export function storedEvents(db: Database.Database): CaseEvent[] {
  return db
    .prepare<[], CaseEvent>('SELECT time, label, kind, source, uncertaintyMinutes FROM event ORDER BY time, number')
    .all();
}
