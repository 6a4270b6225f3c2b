import { existsSync, renameSync, rmSync, statSync } from 'node:fs';
import type Database from 'better-sqlite3';
import { refuseWithoutRoom } from './disk-space.ts';
import { MIGRATIONS } from './migrations.ts';
import { newDatabase } from './open-database.ts';

/** Cases of an older format: read as they are, and copied before they are brought to the current one. */

interface Column {
  name: string;
  /** SQL of the default; null when it has none. */
  dflt_value: string | null;
}

const columnsOf = (db: Database.Database, table: string): Column[] =>
  db.pragma(`main.table_info("${table}")`) as Column[];

/**
 * Lets a connection read an older case as one of the current format, and changes nothing in the file: tables that came later are
 * empty temporary ones, columns that came later have their defaults through a temporary view.
 */
export function readAsCurrent(db: Database.Database): void {
  const current = newDatabase(':memory:', null);
  try {
    for (const step of MIGRATIONS) current.exec(step);
    const tables = current
      .prepare<[], { name: string; sql: string }>(
        "SELECT name, sql FROM sqlite_master WHERE type = 'table' ORDER BY rowid",
      )
      .all();
    for (const { name, sql } of tables) {
      const there = new Set(columnsOf(db, name).map((column) => column.name));
      if (there.size === 0) {
        db.exec(sql.replace(/^CREATE TABLE/, 'CREATE TEMP TABLE'));
        continue;
      }
      const later = columnsOf(current, name).filter((column) => !there.has(column.name));
      if (later.length === 0) continue;
      const added = later.map((column) => `${column.dflt_value ?? 'NULL'} AS "${column.name}"`);
      db.exec(`CREATE TEMP VIEW "${name}" AS SELECT *, ${added.join()} FROM main."${name}"`);
    }
  } finally {
    current.close();
  }
}

/** Where a case of an older format is copied to: beside it, under a name that is free. */
function copyName(path: string, format: number): string {
  const stem = path.replace(/\.enclave$/, '');
  for (let number = 1; ; number++) {
    const copy = `${stem}.format-${format}${number === 1 ? '' : `-${number}`}.enclave`;
    if (!existsSync(copy)) return copy;
  }
}

/**
 * Copies a whole case of an older format before it is changed, encrypted where the case is. The copy is a sealed case of that format.
 *
 * @returns where the copy is
 * @throws EnclaveError `disk-full` when there is no room for it, before anything is written; SqliteError
 */
export function copyOlderCase(db: Database.Database, path: string, format: number): string {
  refuseWithoutRoom(path, statSync(path).size);
  const copy = copyName(path, format);
  const making = `${copy}.making`;
  rmSync(making, { force: true });
  try {
    db.prepare('VACUUM INTO ?').run(making);
    renameSync(making, copy);
  } catch (error) {
    rmSync(making, { force: true });
    throw error;
  }
  return copy;
}
