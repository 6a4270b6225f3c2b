import { createHash } from 'node:crypto';
import type Database from 'better-sqlite3';
import { z } from 'zod';
import { CASE_VERSION } from './case-file.ts';
import { MIGRATIONS } from './migrations.ts';
import { newDatabase } from './open-database.ts';
import { segmentHash, type StoredColumn } from './segment-hash.ts';

/**
 * Hashes of what a case holds besides the facts of its flows, so that `verify` can tell what was changed: each audit entry
 * records those of the tables that changed since the entry before (`state`), an import those of its segments' rows and
 * names, a labelling those of its labels. docs/case-format.md has the recipes.
 */

/** A table's rows and the SHA-256 over them. */
export interface TableDigest {
  rows: number;
  sha256: string;
}

/** `state` of an audit entry: the format of the case, and the tables that changed since the entry before. */
export interface ContentState {
  format: number;
  tables?: Record<string, TableDigest>;
}

/** Tables that have recipes of their own; all others are hashed row by row. */
const HASHED_OTHERWISE: ReadonlySet<string> = new Set([
  'audit',
  'evidence',
  'segment',
  'segmentFact',
  'segmentLabel',
  'nameChunk',
  'nameChunkColumn',
]);

/** Rows that stand for work that is not finished, and are left out. */
const LEFT_OUT: ReadonlyMap<string, string> = new Map([['labelVersion', 'WHERE version >= 0']]);

/**
 * Tables that an import in work writes to before its audit entry: their changes wait for that entry. Terms are only ever
 * added, so those beyond the recorded number belong to an import that did not end.
 */
const WRITTEN_AHEAD: ReadonlySet<string> = new Set(['labelVersion', 'term']);

interface SchemaEntry {
  type: string;
  name: string;
  tbl_name: string;
  sql: string | null;
}

const schemas = new Map<number, SchemaEntry[]>();

function readSchema(db: Database.Database): SchemaEntry[] {
  return db
    .prepare<[], SchemaEntry>('SELECT type, name, tbl_name, sql FROM main.sqlite_master ORDER BY type, name')
    .all();
}

/** The schema that every case of a format has. */
function caseSchema(format = CASE_VERSION): SchemaEntry[] {
  const known = schemas.get(format);
  if (known !== undefined) return known;
  const db = newDatabase(':memory:', null);
  try {
    for (const step of MIGRATIONS.slice(0, format)) db.exec(step);
    const schema = readSchema(db);
    schemas.set(format, schema);
    return schema;
  } finally {
    db.close();
  }
}

/** Format of the case that lies in the file, which may be older than the one it is read as. */
function formatOf(db: Database.Database): number {
  return Number(db.pragma('main.user_version', { simple: true }));
}

/** What of the schema is not as in every case, such as a table's name; null when all is. */
export function schemaFault(db: Database.Database): string | null {
  const stored = readSchema(db);
  const told = (entry: SchemaEntry | undefined): string => JSON.stringify(entry);
  const wanted = caseSchema(formatOf(db));
  const missing = wanted.find((entry) => !stored.some((other) => told(other) === told(entry)));
  const added = stored.find((entry) => !wanted.some((other) => told(other) === told(entry)));
  return (missing ?? added)?.name ?? null;
}

/** Bytes that wait for the hash. */
const BUFFERED = 65_536;
/** Letter, length and zero of a value at most, bytes. */
const LONGEST_HEAD = 32;

/** Names of the tables that are hashed row by row: of our own schema, since a case may come from anyone. */
function hashedTables(format = CASE_VERSION): string[] {
  return caseSchema(format)
    .filter(({ type, name }) => type === 'table' && !HASHED_OTHERWISE.has(name) && !name.startsWith('sqlite_'))
    .map(({ name }) => name);
}

/** Makes a digest: values go through one buffer, since a call of the hash for each would take most of the time. */
class RowHash {
  readonly #hash = createHash('sha256');
  readonly #buffer = Buffer.allocUnsafe(BUFFERED);
  #at = 0;
  #rows = 0;

  #flush(): void {
    this.#hash.update(this.#buffer.subarray(0, this.#at));
    this.#at = 0;
  }

  /** Adds the values of a row, unambiguously: a letter for the type, the length where there is one, the bytes. */
  add(row: readonly unknown[]): void {
    for (const value of row) {
      if (this.#at + LONGEST_HEAD > BUFFERED) this.#flush();
      if (value === null) this.#at += this.#buffer.write('-', this.#at, 'latin1');
      else if (typeof value === 'number') {
        this.#at += this.#buffer.write('n', this.#at, 'latin1');
        this.#at = this.#buffer.writeDoubleLE(value, this.#at);
      } else this.#addBytes(value);
    }
    this.#rows++;
  }

  #addBytes(value: unknown): void {
    const text = Buffer.isBuffer(value) ? null : String(value);
    const length = text === null ? (value as Buffer).length : Buffer.byteLength(text, 'utf8');
    this.#at += this.#buffer.write(`${text === null ? 'b' : 't'}${length}\0`, this.#at, 'latin1');
    if (this.#at + length > BUFFERED) this.#flush();
    if (text !== null && length <= BUFFERED) this.#at += this.#buffer.write(text, this.#at, 'utf8');
    else {
      this.#flush();
      this.#hash.update(text ?? (value as Buffer));
    }
  }

  digest(): TableDigest {
    this.#flush();
    return { rows: this.#rows, sha256: this.#hash.digest('hex') };
  }
}

/**
 * Digest of a table: each row's values in the order of the columns, rows by primary key.
 *
 * @param most only so many rows
 */
function tableDigest(db: Database.Database, table: string, most = Number.MAX_SAFE_INTEGER): TableDigest {
  const keys = (db.pragma(`main.table_info(${table})`) as { name: string; pk: number }[])
    .filter(({ pk }) => pk > 0)
    .toSorted((x, y) => x.pk - y.pk)
    .map(({ name }) => `"${name}"`);
  const order = keys.length === 0 ? 'rowid' : keys.join();
  const hash = new RowHash();
  const sql = `SELECT * FROM main."${table}" ${LEFT_OUT.get(table) ?? ''} ORDER BY ${order} LIMIT ?`;
  for (const row of db.prepare<[number], unknown[]>(sql).raw().iterate(most)) hash.add(row);
  return hash.digest();
}

/** Watches which tables a writer's connection changes, by triggers that only this connection has. */
export class ContentWatch {
  readonly #db: Database.Database;
  readonly #changed: Database.Statement<[], { name: string }>;

  /** @param lastEntry detail of the last audit entry; null when there is none */
  constructor(db: Database.Database, lastEntry: string | null) {
    this.#db = db;
    const tables = hashedTables();
    const triggers = tables.flatMap((table) =>
      ['INSERT', 'UPDATE', 'DELETE'].map(
        (event) =>
          // Not OR IGNORE: in a trigger the statement that fires it says what a conflict does.
          `CREATE TEMP TRIGGER "${table}${event}" AFTER ${event} ON main."${table}"
             WHEN NOT EXISTS (SELECT 1 FROM changedTable WHERE name = '${table}')
           BEGIN INSERT INTO changedTable VALUES ('${table}'); END`,
      ),
    );
    db.exec(`CREATE TEMP TABLE changedTable (name TEXT PRIMARY KEY) WITHOUT ROWID; ${triggers.join(';')}`);
    this.#changed = db.prepare('SELECT name FROM temp.changedTable ORDER BY name');
    // A new case and one of an older Enclave have no hashes, one of an older format others: the next entry records all.
    const all = lastEntry === null || contentStateOf(lastEntry)?.format !== CASE_VERSION;
    const add = db.prepare('INSERT INTO temp.changedTable VALUES (?)');
    // Terms that an import left behind when it was killed may be used from now on.
    for (const table of all ? tables : ['term']) add.run(table);
  }

  /** Lets the next audit entry record every table. */
  recordAll(): void {
    const add = this.#db.prepare('INSERT OR IGNORE INTO temp.changedTable VALUES (?)');
    for (const table of hashedTables()) add.run(table);
  }

  /** Tables that were changed and must not stay so without an audit entry. */
  unaudited(): string[] {
    return this.#changed
      .all()
      .map(({ name }) => name)
      .filter((name) => !WRITTEN_AHEAD.has(name));
  }

  /** What the audit entry about to be written records; from here on nothing counts as changed. */
  take(): ContentState {
    const names = this.#changed.all().map(({ name }) => name);
    if (names.length === 0) return { format: CASE_VERSION };
    const tables = Object.fromEntries(names.map((name) => [name, tableDigest(this.#db, name)]));
    this.#db.exec('DELETE FROM temp.changedTable');
    return { format: CASE_VERSION, tables };
  }
}

const contentState = z.object({
  format: z.number(),
  tables: z.record(z.string(), z.object({ rows: z.int().min(0), sha256: z.string() })).optional(),
});

/** The state that an audit entry recorded; null when it has none. @param detail the entry's text, of any case */
function contentStateOf(detail: string): z.infer<typeof contentState> | null {
  try {
    const { state } = JSON.parse(detail) as { state?: unknown };
    return contentState.safeParse(state).data ?? null;
  } catch {
    return null;
  }
}

/** What is read of an audit entry here. */
interface ChainEntry {
  readonly seq: number;
  readonly action: string;
  readonly detail: string;
}

/** The last recorded digest of a table and the entry that recorded it. */
interface RecordedDigest extends TableDigest {
  readonly entry: ChainEntry;
}

/**
 * What the chain says that the tables hold, by table. Null when it says nothing of the case's format: a case of an older Enclave
 * that nothing was written to since.
 */
export function recordedContent(
  db: Database.Database,
  audit: readonly ChainEntry[],
): Map<string, RecordedDigest> | null {
  const recorded = new Map<string, RecordedDigest>();
  let format = 0;
  for (const entry of audit) {
    const state = contentStateOf(entry.detail);
    if (state === null) continue;
    if (state.format !== format) recorded.clear();
    ({ format } = state);
    for (const [table, digest] of Object.entries(state.tables ?? {})) recorded.set(table, { ...digest, entry });
  }
  return format === formatOf(db) ? recorded : null;
}

/** Tables that do not hold what the chain recorded last: name, and what is wrong. */
export function changedTables(
  db: Database.Database,
  recorded: ReadonlyMap<string, RecordedDigest>,
): { table: string; detail: string }[] {
  const changed: { table: string; detail: string }[] = [];
  for (const table of hashedTables(formatOf(db))) {
    const known = recorded.get(table);
    const now = tableDigest(db, table, table === 'term' ? (known?.rows ?? 0) : undefined);
    if (known === undefined) {
      if (now.rows > 0) changed.push({ table, detail: `${now.rows} rows that no audit entry knows` });
    } else if (now.rows !== known.rows) {
      changed.push({ table, detail: `${now.rows} rows, ${known.rows} when entry ${known.entry.seq} was written` });
    } else if (now.sha256 !== known.sha256) {
      const { seq, action } = known.entry;
      changed.push({ table, detail: `not as it was when entry ${seq} (${action}) was written` });
    }
  }
  return changed;
}

/**
 * Digest of an evidence's own row. Each import entry has its own and no entry that of the table, which would be read again for each of
 * thousands of files.
 */
export function evidenceRowDigest(db: Database.Database, evidence: number): TableDigest {
  return rowsDigest(
    db
      .prepare<[number], unknown[]>(
        `SELECT number, id, path, sha256, bytes, format, linkTypes, packets, flows, records, firstSeen, lastSeen, status, problems,
                importedAt, custody
         FROM evidence WHERE number = ?`,
      )
      .raw()
      .iterate(evidence),
  );
}

/** Digest of the segments' own rows (numbers, row counts, times) of one evidence, in order. */
export function segmentRowsDigest(db: Database.Database, evidence: number): TableDigest {
  return rowsDigest(
    db
      .prepare<[number], unknown[]>(
        'SELECT segment, rows, firstStart, lastStart, lastEnd, sha256 FROM segment WHERE evidence = ? ORDER BY segment',
      )
      .raw()
      .iterate(evidence),
  );
}

/** Digest of the name chunks of one evidence with their columns, in order. */
export function nameChunksDigest(db: Database.Database, evidence: number): TableDigest {
  const chunks = db
    .prepare<[number], [number, string, number]>(
      'SELECT chunk, kind, rows FROM nameChunk WHERE evidence = ? ORDER BY chunk',
    )
    .raw()
    .all(evidence);
  const columns = db.prepare<[number], StoredColumn>('SELECT column, data FROM nameChunkColumn WHERE chunk = ?');
  return rowsDigest(chunks.map((chunk) => [...chunk, segmentHash(columns.all(chunk[0]))]));
}

function rowsDigest(rows: Iterable<readonly unknown[]>): TableDigest {
  const hash = new RowHash();
  for (const row of rows) hash.add(row);
  return hash.digest();
}

/** By segment that has labels of this version: its number and the hash over them, made as that over its facts. */
export function labelHashes(db: Database.Database, version: number): [segment: number, sha256: string][] {
  const segments = db
    .prepare<[number], { segment: number }>(
      'SELECT DISTINCT segment FROM segmentLabel WHERE version = ? ORDER BY segment',
    )
    .all(version);
  const columns = db.prepare<[number, number], StoredColumn>(
    'SELECT column, data FROM segmentLabel WHERE version = ? AND segment = ?',
  );
  return segments.map(({ segment }) => [segment, segmentHash(columns.all(version, segment))]);
}
