import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import type Database from 'better-sqlite3';
import { type AuditEntry, type CaseFacts, FACT_NAMES } from '../../shared/case-record.ts';
import type { CaseEvent, EventFile, EventList } from '../../shared/event.ts';
import type { Finding } from '../../shared/finding.ts';
import type { ColumnArray } from '../../shared/flow.ts';
import type { Indicator, IndicatorFile } from '../../shared/indicator.ts';
import type { Overlay } from '../../shared/overlay.ts';
import { EnclaveError } from '../../shared/problem.ts';
import type { Profile } from '../../shared/profile.ts';
import { storedEventFiles, storedEventLists, storedIndicatorFiles, storedOverlays } from './added-tables.ts';
import { auditHash, CHAIN_START } from './audit-chain.ts';
import { examinerAtWork, NOBODY, sha256Of } from './record-tables.ts';
import {
  CASE_VERSION,
  CaseLock,
  caseError,
  createCaseFile,
  openCaseForWriting,
  refuseSealed,
  removeUnfinishedCase,
  storedProfile,
} from './case-file.ts';
import {
  type FinishedEvidence,
  PROVISIONAL_LABELS,
  type StoredInstitution,
  type StoredService,
} from './case-reader.ts';
import { ContentWatch, evidenceRowDigest, labelHashes, nameChunksDigest, segmentRowsDigest } from './content-digest.ts';
import { segmentHash, type StoredColumn } from './segment-hash.ts';

/** What a case begins with: its facts (absent or empty = not supplied) and its profile. */
export interface NewCase extends Partial<CaseFacts> {
  profile: Profile;
  /** Of the flow table, seconds. */
  timeouts?: object;
  /** Version of the Enclave that made it. */
  version: string;
}

/** Columns and dictionaries on their way into the case; terms by their own numbering (`terms[n - 1]`). */
export interface SegmentFacts {
  rows: number;
  firstStart: number;
  lastStart: number;
  lastEnd: number;
  columns: Readonly<Record<string, ColumnArray>>;
  dictionaries: Readonly<Record<string, readonly string[]>>;
  terms: readonly string[];
}

/** Names learnt beside the flows, in columns. */
export interface NameChunk {
  kind: 'dns-answer' | 'log-name';
  rows: number;
  columns: Readonly<Record<string, ColumnArray>>;
  dictionaries: Readonly<Record<string, readonly string[]>>;
}

/**
 * Bytes of names that a case holds of each kind: labelling has all of them in memory, some three times as much (4 million answers,
 * or names that logs give to flows, are about as many).
 */
export const MOST_NAME_BYTES = 256 * 1024 * 1024;

const TERM_COLUMNS = ['payloadProtocol', 'payloadRule'];
const TERM_LABELS = ['protocol', 'service', 'category'];

function bytesOf(array: ColumnArray): Buffer {
  return Buffer.from(array.buffer, array.byteOffset, array.byteLength);
}

function dictionaryBytes(entries: readonly string[]): Buffer {
  return Buffer.from(JSON.stringify(entries), 'utf8');
}

/**
 * The only writer of a case. What an unfinished import left behind is removed at opening. Every method that writes
 * throws an EnclaveError when the file or its disk fails.
 */
export class CaseWriter {
  readonly path: string;
  /** Where the case was copied to when it was opened, because it was of an older format; null when it was not. */
  olderCopy: string | null = null;
  readonly #db: Database.Database;
  readonly #lock: CaseLock;
  readonly #terms = new Map<string, number>();
  readonly #now: () => Date;
  /** Stored bytes of names by kind, once they were looked up. */
  readonly #nameBytes = new Map<NameChunk['kind'], number>();
  readonly #namesLeftOut = new Map<number, number>();
  /** Stored bytes of the names of each kind that the case may hold; tests put fewer here. */
  mostNameBytes = MOST_NAME_BYTES;
  readonly #watch: ContentWatch;
  /** Of the Enclave that writes; each audit entry bears it. */
  readonly #version: string;
  readonly #insertSegment: Database.Statement;
  readonly #insertFact: Database.Statement;
  readonly #insertLabel: Database.Statement;
  readonly #insertChunk: Database.Statement;
  readonly #insertChunkColumn: Database.Statement;

  private constructor(path: string, db: Database.Database, lock: CaseLock, version: string, now: () => Date) {
    this.path = path;
    this.#db = db;
    this.#lock = lock;
    this.#version = version;
    this.#now = now;
    for (const row of db.prepare<[], { number: number; id: string }>('SELECT number, id FROM term').iterate()) {
      this.#terms.set(row.id, row.number);
    }
    const last = db.prepare<[], { detail: string }>('SELECT detail FROM audit ORDER BY seq DESC LIMIT 1').get();
    this.#watch = new ContentWatch(db, last?.detail ?? null);
    this.#insertSegment = db.prepare(
      'INSERT INTO segment (evidence, rows, firstStart, lastStart, lastEnd, sha256) VALUES (?, ?, ?, ?, ?, ?)',
    );
    this.#insertFact = db.prepare('INSERT INTO segmentFact (segment, column, data) VALUES (?, ?, ?)');
    this.#insertLabel = db.prepare('INSERT INTO segmentLabel (version, segment, column, data) VALUES (?, ?, ?, ?)');
    this.#insertChunk = db.prepare('INSERT INTO nameChunk (evidence, kind, rows) VALUES (?, ?, ?)');
    this.#insertChunkColumn = db.prepare('INSERT INTO nameChunkColumn (chunk, column, data) VALUES (?, ?, ?)');
  }

  /** @param header (hex) under which the case is encrypted; null: it is not */
  static create(
    path: string,
    begin: NewCase,
    now: () => Date = () => new Date(),
    header: string | null = null,
  ): CaseWriter {
    const lock = new CaseLock(path);
    let db: Database.Database | null = null;
    try {
      db = createCaseFile(path, header);
      const { version } = begin;
      const profile = JSON.stringify(begin.profile);
      const writer = new CaseWriter(path, db, lock, version, now);
      writer.#change(() => {
        const facts = Object.fromEntries(FACT_NAMES.map((name) => [name, begin[name] ?? '']));
        for (const [key, value] of Object.entries({ ...facts, profile, version })) writer.setMeta(key, value);
        writer.setMeta('created', now().toISOString());
        if (begin.timeouts !== undefined) writer.setMeta('timeouts', JSON.stringify(begin.timeouts));
        writer.audit('new', { ...facts, profile: begin.profile.name, profileSha256: sha256Of(profile), version });
      });
      return writer;
    } catch (error) {
      if (db !== null) removeUnfinishedCase(db, path);
      lock.release();
      throw caseError(error, path);
    }
  }

  /** @param version of the Enclave that writes */
  static open(path: string, version: string, now: () => Date = () => new Date()): CaseWriter {
    refuseSealed(path);
    const lock = new CaseLock(path);
    let db: Database.Database | null = null;
    try {
      const opened = openCaseForWriting(path);
      ({ db } = opened);
      const writer = new CaseWriter(path, db, lock, version, now);
      const { copy, format } = opened;
      if (copy !== null) {
        writer.olderCopy = copy;
        writer.audit('migrate', { from: format, to: CASE_VERSION, copy: basename(copy) });
      }
      writer.#change(() => writer.#db.exec("DELETE FROM evidence WHERE status = 'importing'"));
      writer.dropProvisionalLabels();
      return writer;
    } catch (error) {
      db?.close();
      lock.release();
      throw caseError(error, path);
    }
  }

  close(): void {
    this.#db.close();
    this.#lock.release();
  }

  /** Runs `work` in one transaction and words what fails. What it changes without an audit entry gets one. */
  #change<T>(work: () => T): T {
    const audited = (): T => {
      const result = work();
      const tables = this.#watch.unaudited();
      if (tables.length > 0) this.audit('setting', { tables });
      return result;
    };
    try {
      return this.#db.inTransaction ? work() : this.#db.transaction(audited).immediate();
    } catch (error) {
      throw caseError(error, this.path);
    }
  }

  meta(key: string): string | null {
    return (
      this.#db.prepare<[string], { value: string }>('SELECT value FROM meta WHERE key = ?').get(key)?.value ?? null
    );
  }

  get profile(): Profile {
    return storedProfile(this.meta('profile'), this.path);
  }

  setMeta(key: string, value: string): void {
    this.#change(() =>
      this.#db
        .prepare('INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value')
        .run(key, value),
    );
  }

  /** Changes what people say of the case (see case-record.ts), in one transaction; `now` is ISO 8601, UTC. */
  changeRecord<T>(work: (db: Database.Database, now: () => string) => T): T {
    return this.#change(() => work(this.#db, () => this.#now().toISOString()));
  }

  /** Adds an entry to the audit chain, by whoever is at work. */
  audit(action: string, detail: Record<string, unknown>): void {
    this.#change(() => {
      const last = this.#db
        .prepare<[], { seq: number; hash: string }>('SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1')
        .get();
      const entry = {
        seq: (last?.seq ?? 0) + 1,
        time: this.#now().toISOString(),
        action,
        actor: examinerAtWork((key) => this.meta(key)) || NOBODY,
        detail: JSON.stringify({ ...detail, enclave: this.#version, state: this.#watch.take() }),
        previous: last?.hash ?? CHAIN_START,
      };
      this.#db
        .prepare('INSERT INTO audit (seq, time, action, actor, detail, previous, hash) VALUES (?, ?, ?, ?, ?, ?, ?)')
        .run(entry.seq, entry.time, entry.action, entry.actor, entry.detail, entry.previous, auditHash(entry));
    });
  }

  /** Of a case that is made from a backup: evidence and labels are not in it, and the chain says so. */
  enterRestoration(detail: Record<string, unknown>): void {
    this.#change(() => {
      this.#db.exec(
        `DELETE FROM evidence; DELETE FROM labelVersion;
         DELETE FROM meta WHERE key IN ('labelVersion', 'labelledEvidence')`,
      );
      this.#watch.recordAll();
      this.audit('restore', detail);
    });
  }

  auditEntries(): AuditEntry[] {
    return this.#db.prepare<[], AuditEntry>('SELECT * FROM audit ORDER BY seq').all();
  }

  /** The case's number of a term, made when new. */
  term(id: string): number {
    const known = this.#terms.get(id);
    if (known !== undefined) return known;
    const number = this.#terms.size + 1;
    this.#change(() => this.#db.prepare('INSERT INTO term (number, id) VALUES (?, ?)').run(number, id));
    this.#terms.set(id, number);
    return number;
  }

  /** Id of the completed evidence with this hash; null when there is none. */
  evidenceWithHash(sha256: string): string | null {
    const row = this.#db
      .prepare<[string], { id: string }>("SELECT id FROM evidence WHERE sha256 = ? AND status <> 'importing'")
      .get(sha256);
    return row?.id ?? null;
  }

  /** True when completed evidence of this size is there, so that a new file may be a duplicate. */
  hasEvidenceOfSize(bytes: number): boolean {
    return (
      this.#db.prepare("SELECT 1 FROM evidence WHERE bytes = ? AND status <> 'importing'").get(bytes) !== undefined
    );
  }

  /** Opens a row for evidence whose reading begins; it counts only after `finishEvidence`. */
  beginEvidence(path: string, bytes: number): number {
    return this.#change(() =>
      Number(
        this.#db
          .prepare(
            `INSERT INTO evidence (path, bytes, format, linkTypes, packets, flows, records, status, problems, importedAt)
             VALUES (?, ?, '', '[]', 0, 0, 0, 'importing', '[]', ?)`,
          )
          .run(path, bytes, this.#now().toISOString()).lastInsertRowid,
      ),
    );
  }

  /** Stores one segment of the evidence and returns its number. Term columns are renumbered in place. */
  addSegment(evidence: number, segment: SegmentFacts): number {
    return this.#change(() => {
      const numbers = [0, ...segment.terms.map((id) => this.term(id))];
      for (const name of TERM_COLUMNS) {
        const column = segment.columns[name];
        if (column) for (let row = 0; row < column.length; row++) column[row] = numbers[column[row]];
      }
      const stored: StoredColumn[] = [
        ...Object.entries(segment.columns).map(([column, array]) => ({ column, data: bytesOf(array) })),
        ...Object.entries(segment.dictionaries).map(([column, entries]) => ({
          column: `${column}.dictionary`,
          data: dictionaryBytes(entries),
        })),
      ];
      const { rows, firstStart, lastStart, lastEnd } = segment;
      const id = this.#insertSegment.run(evidence, rows, firstStart, lastStart, lastEnd, segmentHash(stored));
      for (const { column, data } of stored) this.#insertFact.run(id.lastInsertRowid, column, data);
      return Number(id.lastInsertRowid);
    });
  }

  /** Stores labels of one segment that stand until the pass over the whole case. */
  addProvisionalLabels(
    segment: number,
    columns: Readonly<Record<string, ColumnArray>>,
    dictionaries: Readonly<Record<string, readonly string[]>>,
  ): void {
    this.#change(() => {
      this.#db
        .prepare("INSERT OR IGNORE INTO labelVersion (version, madeAt, basis) VALUES (?, ?, 'null')")
        .run(PROVISIONAL_LABELS, this.#now().toISOString());
      this.#storeLabels(PROVISIONAL_LABELS, segment, columns, dictionaries);
    });
  }

  /** Puts `numbers[n]` in the place of each number n of a term. */
  #renumberProvisional(segment: number, numbers: Uint16Array): void {
    const read = this.#db.prepare<[number, number, string], { rowid: number; data: Buffer }>(
      'SELECT rowid, data FROM segmentLabel WHERE version = ? AND segment = ? AND column = ?',
    );
    const write = this.#db.prepare('UPDATE segmentLabel SET data = ? WHERE rowid = ?');
    for (const column of TERM_LABELS) {
      const row = read.get(PROVISIONAL_LABELS, segment, column);
      if (row === undefined) continue;
      const terms = new Uint16Array(Uint8Array.from(row.data).buffer);
      for (let at = 0; at < terms.length; at++) terms[at] = numbers[terms[at]];
      write.run(bytesOf(terms), row.rowid);
    }
  }

  dropProvisionalLabels(): void {
    this.#change(() => this.#db.prepare('DELETE FROM labelVersion WHERE version = ?').run(PROVISIONAL_LABELS));
  }

  #storeLabels(
    version: number,
    segment: number,
    columns: Readonly<Record<string, ColumnArray>>,
    dictionaries: Readonly<Record<string, readonly string[]>>,
  ): void {
    for (const [column, array] of Object.entries(columns)) {
      this.#insertLabel.run(version, segment, column, bytesOf(array));
    }
    for (const [column, entries] of Object.entries(dictionaries)) {
      this.#insertLabel.run(version, segment, `${column}.dictionary`, dictionaryBytes(entries));
    }
  }

  /** Stores names of the evidence. False when the case holds as many of their kind as it may (`MOST_NAME_BYTES`): they are left out. */
  addNameChunk(evidence: number, chunk: NameChunk): boolean {
    const columns: StoredColumn[] = [
      ...Object.entries(chunk.columns).map(([column, array]) => ({ column, data: bytesOf(array) })),
      ...Object.entries(chunk.dictionaries).map(([column, entries]) => ({
        column: `${column}.dictionary`,
        data: dictionaryBytes(entries),
      })),
    ];
    const bytes = columns.reduce((sum, { data }) => sum + data.byteLength, 0);
    const held = this.#nameBytes.get(chunk.kind) ?? this.#storedNameBytes(chunk.kind);
    const isHeld = held + bytes <= this.mostNameBytes;
    this.#nameBytes.set(chunk.kind, isHeld ? held + bytes : held);
    if (!isHeld) {
      this.#namesLeftOut.set(evidence, this.namesLeftOut(evidence) + chunk.rows);
      return false;
    }
    this.#change(() => {
      const id = this.#insertChunk.run(evidence, chunk.kind, chunk.rows).lastInsertRowid;
      for (const { column, data } of columns) this.#insertChunkColumn.run(id, column, data);
    });
    return true;
  }

  /** Names of the evidence that were not stored for want of room. */
  namesLeftOut(evidence: number): number {
    return this.#namesLeftOut.get(evidence) ?? 0;
  }

  #storedNameBytes(kind: NameChunk['kind']): number {
    const row = this.#db
      .prepare<[string], { bytes: number | null }>(
        `SELECT sum(length(data)) AS bytes FROM nameChunkColumn JOIN nameChunk ON nameChunk.chunk = nameChunkColumn.chunk
         WHERE kind = ?`,
      )
      .get(kind);
    return row?.bytes ?? 0;
  }

  /** Whether the case has flows of a Zeek conn log. */
  hasZeekFlows(): boolean {
    return (
      this.#db
        .prepare("SELECT 1 FROM evidence WHERE flows > 0 AND format LIKE '%zeek-%' AND status <> 'importing'")
        .get() !== undefined
    );
  }

  /** Commits the evidence; from here on it is part of the case, and the findings made without it are not. */
  finishEvidence(evidence: number, done: FinishedEvidence): string {
    const id = done.sha256.slice(0, 16);
    this.#change(() => {
      this.#dropFindings();
      this.#db
        .prepare(
          `UPDATE evidence SET id = ?, sha256 = ?, bytes = ?, format = ?, linkTypes = ?, packets = ?, flows = ?,
             records = ?, firstSeen = ?, lastSeen = ?, status = ?, problems = ?, custody = ? WHERE number = ?`,
        )
        .run(
          id,
          done.sha256,
          done.bytes,
          done.format,
          JSON.stringify(done.linkTypes),
          done.packets,
          done.flows,
          done.records,
          done.firstSeen,
          done.lastSeen,
          done.status,
          JSON.stringify(done.problems),
          JSON.stringify(done.custody),
          evidence,
        );
      const segments = this.#db
        .prepare<[number], { sha256: string }>('SELECT sha256 FROM segment WHERE evidence = ? ORDER BY segment')
        .all(evidence);
      const path = this.#db
        .prepare<[number], { path: string }>('SELECT path FROM evidence WHERE number = ?')
        .get(evidence)?.path;
      const { sha256, bytes, format, packets, flows, records, status, custody } = done;
      this.audit('import', {
        evidence: id,
        path,
        sha256,
        bytes,
        format,
        packets,
        flows,
        records,
        status,
        opened: 'for reading only',
        timeouts: JSON.parse(this.meta('timeouts') ?? 'null') as unknown,
        ...custody,
        segments: segments.map((segment) => segment.sha256),
        row: evidenceRowDigest(this.#db, evidence),
        segmentRows: segmentRowsDigest(this.#db, evidence),
        names: nameChunksDigest(this.#db, evidence),
      });
    });
    return id;
  }

  /** Takes back evidence that was begun and not finished. */
  abandonEvidence(evidence: number): void {
    this.#nameBytes.clear();
    this.#namesLeftOut.delete(evidence);
    this.#change(() =>
      this.#db.prepare("DELETE FROM evidence WHERE number = ? AND status = 'importing'").run(evidence),
    );
  }

  /**
   * True when evidence was completed after the last labelling. Its flows lack labels, and the names that it brings (a DNS
   * or TLS log has no flows of its own) may label those of others.
   */
  lacksLabels(): boolean {
    return this.#completedEvidence() !== Number(this.meta('labelledEvidence') ?? 0);
  }

  #completedEvidence(): number {
    const row = this.#db
      .prepare<[], { files: number }>("SELECT count(*) AS files FROM evidence WHERE status <> 'importing'")
      .get();
    return row?.files ?? 0;
  }

  /**
   * Writes a new version of all labels and makes it current, in one transaction; findings from the old ones go. `write`
   * is called with a function that stores the label columns of one segment, and one that takes its provisional labels over:
   * `numbers` has the case's number of each term of theirs, null where they have it already; `added` are further columns.
   */
  relabel(
    basis: Record<string, unknown>,
    organisations: ReadonlyMap<number, string>,
    institutions: ReadonlyMap<string, StoredInstitution>,
    serviceOf: (id: string) => StoredService | null,
    write: (
      store: (
        segment: number,
        columns: Readonly<Record<string, ColumnArray>>,
        dictionaries: Readonly<Record<string, readonly string[]>>,
      ) => void,
      keep: (segment: number, numbers: Uint16Array | null, added: Readonly<Record<string, ColumnArray>>) => void,
    ) => void,
  ): void {
    this.#change(() => {
      this.#dropFindings();
      const version = Number(this.meta('labelVersion') ?? 0) + 1;
      this.#db
        .prepare('INSERT INTO labelVersion (version, madeAt, basis) VALUES (?, ?, ?)')
        .run(version, this.#now().toISOString(), JSON.stringify(basis));
      write(
        (segment, columns, dictionaries) => this.#storeLabels(version, segment, columns, dictionaries),
        (segment, numbers, added) => {
          if (numbers !== null) this.#renumberProvisional(segment, numbers);
          this.#db
            .prepare('UPDATE segmentLabel SET version = ? WHERE version = ? AND segment = ?')
            .run(version, PROVISIONAL_LABELS, segment);
          this.#storeLabels(version, segment, added, {});
        },
      );
      const insert = this.#db.prepare(
        'INSERT INTO network (asn, organisation) VALUES (?, ?) ON CONFLICT (asn) DO UPDATE SET organisation = excluded.organisation',
      );
      for (const [asn, organisation] of organisations) insert.run(asn, organisation);
      this.#db.exec('DELETE FROM institution');
      const addInstitution = this.#db.prepare(
        'INSERT INTO institution (match, name, country, class, domain) VALUES (?, ?, ?, ?, ?)',
      );
      for (const [match, of] of institutions) addInstitution.run(match, of.name, of.country, of.class, of.domain);
      this.#db.exec('DELETE FROM service');
      const addService = this.#db.prepare('INSERT INTO service (id, subcategory, country) VALUES (?, ?, ?)');
      for (const { id } of this.#db.prepare<[], { id: string }>('SELECT id FROM term').all()) {
        const service = serviceOf(id);
        if (service !== null) addService.run(id, service.subcategory, service.country);
      }
      this.setMeta('labelVersion', String(version));
      this.setMeta('labelledEvidence', String(this.#completedEvidence()));
      this.#db.prepare('DELETE FROM labelVersion WHERE version < ?').run(version);
      this.audit('label', { version, basis, labels: labelHashes(this.#db, version) });
    });
  }

  overlays(): Overlay[] {
    return storedOverlays(this.#db);
  }

  indicatorFiles(): IndicatorFile[] {
    return storedIndicatorFiles(this.#db);
  }

  /** Adds an overlay; `data` is what the labelling reads again. False when the case has the same file already. */
  addOverlay(overlay: Omit<Overlay, 'id' | 'addedAt'>, data: Buffer): boolean {
    const { name, kind, format, sha256, bytes, date, entries, notUsed } = overlay;
    const id = sha256.slice(0, 16);
    return this.#change(() => {
      const added = this.#db
        .prepare(
          `INSERT OR IGNORE INTO overlay (id, name, kind, format, sha256, bytes, date, addedAt, entries, notUsed, data)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        )
        .run(
          id,
          name,
          kind,
          format,
          sha256,
          bytes,
          date,
          this.#now().toISOString(),
          entries,
          JSON.stringify(notUsed),
          data,
        );
      if (added.changes === 0) return false;
      const dataSha256 = createHash('sha256').update(data).digest('hex');
      this.audit('overlay', { overlay: id, name, kind, format, sha256, bytes, date, entries, dataSha256 });
      return true;
    });
  }

  /** Takes an overlay out of the case. False when it has no such overlay. */
  removeOverlay(id: string): boolean {
    return this.#change(() => {
      if (this.#db.prepare('DELETE FROM overlay WHERE id = ?').run(id).changes === 0) return false;
      this.audit('overlay', { overlay: id, removed: true });
      return true;
    });
  }

  /** Adds a file of indicators. False when the case has the same file already. */
  addIndicators(file: Omit<IndicatorFile, 'id' | 'addedAt' | 'indicators'>, indicators: readonly Indicator[]): boolean {
    const { name, format, sha256, bytes, notUsed } = file;
    const id = sha256.slice(0, 16);
    return this.#change(() => {
      const added = this.#db
        .prepare(
          `INSERT OR IGNORE INTO indicatorFile (id, name, format, sha256, bytes, addedAt, indicators, notUsed)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
        )
        .run(id, name, format, sha256, bytes, this.#now().toISOString(), indicators.length, JSON.stringify(notUsed));
      if (added.changes === 0) return false;
      const insert = this.#db.prepare(
        'INSERT INTO indicator (file, kind, value, label, validFrom, validUntil) VALUES (?, ?, ?, ?, ?, ?)',
      );
      for (const { kind, value, label, validFrom, validUntil } of indicators) {
        insert.run(added.lastInsertRowid, kind, value, label, validFrom, validUntil);
      }
      this.audit('indicators', { file: id, name, format, sha256, bytes, indicators: indicators.length });
      return true;
    });
  }

  /** Takes a file of indicators out of the case. False when it has no such file. */
  removeIndicators(id: string): boolean {
    return this.#change(() => {
      if (this.#db.prepare('DELETE FROM indicatorFile WHERE id = ?').run(id).changes === 0) return false;
      this.audit('indicators', { file: id, removed: true });
      return true;
    });
  }

  eventFiles(): EventFile[] {
    return storedEventFiles(this.#db);
  }

  eventLists(): EventList[] {
    return storedEventLists(this.#db);
  }

  /** Adds a file of events; findings made without them go. False when the case has the same file already. */
  addEvents(file: Omit<EventFile, 'id' | 'addedAt' | 'events'>, events: readonly CaseEvent[]): boolean {
    const { name, sha256, bytes, notUsed } = file;
    const id = sha256.slice(0, 16);
    return this.#change(() => {
      const added = this.#db
        .prepare(
          `INSERT OR IGNORE INTO eventFile (id, name, sha256, bytes, addedAt, events, notUsed)
           VALUES (?, ?, ?, ?, ?, ?, ?)`,
        )
        .run(id, name, sha256, bytes, this.#now().toISOString(), events.length, JSON.stringify(notUsed));
      if (added.changes === 0) return false;
      const insert = this.#db.prepare(
        'INSERT INTO event (file, time, label, kind, source, uncertaintyMinutes) VALUES (?, ?, ?, ?, ?, ?)',
      );
      for (const { time, label, kind, source, uncertaintyMinutes } of events) {
        insert.run(added.lastInsertRowid, time, label, kind, source, uncertaintyMinutes);
      }
      this.#dropFindings();
      this.audit('events', { file: id, name, sha256, bytes, events: events.length });
      return true;
    });
  }

  /** Puts a file of events (null: none) in the place of another (null: of none), in one step; throws when another file is the same. */
  replaceEvents(
    id: string | null,
    file: Omit<EventFile, 'id' | 'addedAt' | 'events'> | null,
    events: readonly CaseEvent[],
  ): void {
    this.#change(() => {
      if (id !== null) this.removeEvents(id);
      if (file !== null && !this.addEvents(file, events)) {
        throw new EnclaveError('event-wrong', 'a file of the case holds just these events', '', 'remove it first', 1);
      }
    });
  }

  /** Takes a file of events out of the case. False when it has no such file. */
  removeEvents(id: string): boolean {
    return this.#change(() => {
      if (this.#db.prepare('DELETE FROM eventFile WHERE id = ?').run(id).changes === 0) return false;
      this.#dropFindings();
      this.audit('events', { file: id, removed: true });
      return true;
    });
  }

  /** Findings that the case no longer bears out must not be shown, nor fail its verification. */
  #dropFindings(): void {
    this.#db.exec('DELETE FROM finding');
  }

  /** Replaces the findings by those of a new analysis. */
  saveFindings(findings: readonly Finding[]): void {
    this.#change(() => {
      this.#dropFindings();
      const insert = this.#db.prepare('INSERT INTO finding (id, position, body) VALUES (?, ?, ?)');
      const bodies = findings.map((finding) => JSON.stringify(finding));
      findings.forEach(({ id }, position) => insert.run(id, position, bodies[position]));
      this.audit('analyse', {
        findings: findings.length,
        sha256: sha256Of(bodies.join('\n')),
        labelVersion: Number(this.meta('labelVersion') ?? 0),
        profileSha256: sha256Of(this.meta('profile') ?? ''),
      });
    });
  }
}
