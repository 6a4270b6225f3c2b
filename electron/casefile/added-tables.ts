import type Database from 'better-sqlite3';
import type { CaseEvent, EventFile, EventList } from '../../shared/event.ts';
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

/** The files of events with what is in each, in the order they were added. */
export function storedEventLists(db: Database.Database): EventList[] {
  const ofFile = db.prepare<[string], CaseEvent>(
    `SELECT time, label, kind, source, uncertaintyMinutes FROM event
     WHERE file = (SELECT number FROM eventFile WHERE id = ?) ORDER BY time, number`,
  );
  return storedEventFiles(db).map((file) => ({ file, events: ofFile.all(file.id) }));
}

/** Events of all files, in order of time. */
export function storedEvents(db: Database.Database): CaseEvent[] {
  return db
    .prepare<[], CaseEvent>('SELECT time, label, kind, source, uncertaintyMinutes FROM event ORDER BY time, number')
    .all();
}
