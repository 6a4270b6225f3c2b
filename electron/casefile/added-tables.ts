import type Database from 'better-sqlite3';
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
