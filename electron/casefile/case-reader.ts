import type Database from 'better-sqlite3';
import type { AuditEntry, CaseRecord, KeptState, Note, NoteQuery } from '../../shared/case-record.ts';
import { type ColumnArray, FACT_COLUMNS, FLOW_COLUMNS, type FlowColumn } from '../../shared/flow.ts';
import type { Finding } from '../../shared/finding.ts';
import { type CaseEvent, type EventFile, type EventList, profileEvents } from '../../shared/event.ts';
import type { Indicator, IndicatorFile } from '../../shared/indicator.ts';
import type { KeptCustody } from '../../shared/custody.ts';
import type { Overlay } from '../../shared/overlay.ts';
import type { OwnFinding } from '../../shared/own-finding.ts';
import type { Problem } from '../../shared/problem.ts';
import type { Profile } from '../../shared/profile.ts';
import {
  storedEventFiles,
  storedEventLists,
  storedEvents,
  storedIndicatorFiles,
  storedOverlays,
} from './added-tables.ts';
import { caseError, openCaseForReading, storedProfile } from './case-file.ts';
import { decodeColumn, narrowed, rowBytes } from './column-decoding.ts';
import {
  changedTables,
  evidenceRowDigest,
  labelHashes,
  nameChunksDigest,
  recordedContent,
  schemaFault,
  segmentRowsDigest,
  type TableDigest,
} from './content-digest.ts';
import { storedNotes, storedOwnFindings, storedRecord, storedStates } from './record-tables.ts';
import { type Sized, SizedCache } from './sized-cache.ts';

/** One segment: up to 65,536 flows of one evidence file. Times are microseconds since the epoch. */
export interface SegmentInfo {
  readonly segment: number;
  /** Evidence id (16 hex digits). */
  readonly evidence: string;
  readonly rows: number;
  readonly firstStart: number;
  readonly lastStart: number;
  readonly lastEnd: number;
}

/** What is known of an evidence file when its reading has ended. */
export interface FinishedEvidence {
  sha256: string;
  bytes: number;
  format: string;
  linkTypes: string[];
  packets: number;
  flows: number;
  records: number;
  /** Microseconds since the epoch; null when it holds no packet or record. */
  firstSeen: number | null;
  lastSeen: number | null;
  status: 'imported' | 'partial';
  problems: Problem[];
  custody: KeptCustody;
}

export interface EvidenceInfo extends FinishedEvidence {
  id: string;
  path: string;
  importedAt: string;
}

export type { AuditEntry } from '../../shared/case-record.ts';

/** An organisation of a country that flows of the case were for, by a name of its own domain. */
export interface StoredInstitution {
  readonly name: string;
  /** ISO 3166-1 alpha-2; null when not known. */
  readonly country: string | null;
  /** `education`, `research`, `government`, `news`, `mail` or `bank`. */
  readonly class: string;
  readonly domain: string;
}

/** What the catalogue said of a service besides its category when the flows were labelled. */
export interface StoredService {
  /** Finer kind within the category (`mining`, `exchange`); null when it has none. */
  readonly subcategory: string | null;
  /** ISO 3166-1 alpha-2 of the service's own country; null when it has none. */
  readonly country: string | null;
}

/** An indicator with the name of the file that lists it. */
export interface StoredIndicator extends Indicator {
  readonly file: string;
}

/** With a sample beside it (`CaseSample`) 400 MiB. */
const CACHE_BYTES = 384 * 1024 * 1024;
/** Of it, for totals of segments: small, and not to be driven out by the columns that they spare. */
const TOTALS_BYTES = 64 * 1024 * 1024;
/** Cache of a pass over the whole case: it reads each column once, so one segment at a time is enough. */
export const PASS_CACHE_BYTES = 16 * 1024 * 1024;

/** Stands for the id of evidence that is being read. */
export const IN_WORK = 'in work';
/** Version of the labels that flows have until the pass over the whole case; never the current one. */
export const PROVISIONAL_LABELS = -1;

const EVIDENCE_DIGESTS = { row: evidenceRowDigest, segmentRows: segmentRowsDigest, names: nameChunksDigest };

/**
 * A case as queries and analyses see it: segments of columns, read on demand and kept in a least-recently-used cache of
 * at most 384 MiB, together with what is derived from them. Segments of evidence whose import never finished are not
 * shown. Arrays handed out are read-only by agreement: they are shared.
 */
export class CaseReader {
  readonly path: string;
  readonly #db: Database.Database;
  readonly #terms = new Map<number, string>();
  readonly #termNumbers = new Map<string, number>();
  /** Columns and what is derived from them by `segment/name`. */
  readonly #columns: SizedCache;
  /** Totals of whole segments, and of what filters leave of segments. */
  readonly #wholeTotals = new SizedCache(TOTALS_BYTES / 2);
  readonly #filteredTotals = new SizedCache(TOTALS_BYTES / 2);
  readonly #dictionaries = new Map<string, readonly string[]>();
  #snapshot = {};
  readonly #ofSnapshot = new Map<object, unknown>();
  readonly #format: number;
  #dataVersion = 0;
  #mark = '';
  #live = false;
  /**
   * Whether the cache is made for many queries, so that it pays to pack columns and to keep totals. A pass reads each column
   * once.
   */
  readonly keeps: boolean;
  #segments: SegmentInfo[] | null = null;
  #profile: Profile | null = null;
  readonly #readFact: Database.Statement<[number, string], { data: Buffer }>;
  readonly #readLabel: Database.Statement<[number, number, string], { data: Buffer }>;
  readonly #readOrganisation: Database.Statement<[number], { organisation: string }>;

  /** @param cacheBytes bound of the column cache; a pass that reads each column once needs little */
  constructor(path: string, cacheBytes = CACHE_BYTES) {
    this.path = path;
    this.keeps = cacheBytes > PASS_CACHE_BYTES;
    this.#columns = new SizedCache(this.keeps ? cacheBytes - TOTALS_BYTES : cacheBytes);
    const db = openCaseForReading(path);
    this.#db = db;
    this.#format = this.#formatNow();
    this.#readFact = db.prepare('SELECT data FROM segmentFact WHERE segment = ? AND column = ?');
    this.#readLabel = db.prepare('SELECT data FROM segmentLabel WHERE version = ? AND segment = ? AND column = ?');
    this.#readOrganisation = db.prepare('SELECT organisation FROM network WHERE asn = ?');
    this.refresh();
  }

  /**
   * Shows the case as it grows, too: segments of the evidence in work (`evidence` is then `IN_WORK`), and the provisional
   * labels of what has no others.
   */
  showInWork(live: boolean): void {
    if (live === this.#live) return;
    this.#live = live;
    this.refresh();
  }

  #formatNow(): number {
    return Number(this.#db.pragma('main.user_version', { simple: true }));
  }

  /** Whether a writer brought the case to another format since it was opened: it must be opened anew. */
  get isOutgrown(): boolean {
    return this.#formatNow() !== this.#format;
  }

  /** Drops what was read before when another connection has changed the case since. */
  refreshIfChanged(): void {
    const version = Number(this.#db.pragma('data_version', { simple: true }));
    if (version === this.#dataVersion) return;
    // Notes, case facts and audit entries are read when they are asked for: what is kept of the flows still holds.
    if (!this.#live && this.#flowsMark() === this.#mark) this.#dataVersion = version;
    else this.refresh();
  }

  /** Stands for all that columns, filters and what is derived from them rest on. */
  #flowsMark(): string {
    const ids = (table: string): string => `(SELECT group_concat(coalesce(id, '')) FROM ${table})`;
    const rows = this.#db
      .prepare<[], unknown[]>(
        `SELECT ${['evidence', 'overlay', 'indicatorFile', 'eventFile'].map(ids).join()},
           (SELECT max(segment) FROM segment), (SELECT max(number) FROM term),
           (SELECT group_concat(key || value) FROM meta WHERE key IN ('labelVersion', 'leaveOutDuplicates', 'profile'))`,
      )
      .raw()
      .all();
    return JSON.stringify(rows);
  }

  /** Drops what was read before, after the case was written to. */
  refresh(): void {
    this.#dataVersion = Number(this.#db.pragma('data_version', { simple: true }));
    this.#mark = this.#flowsMark();
    this.#columns.clear();
    this.#wholeTotals.clear();
    this.#filteredTotals.clear();
    this.#dictionaries.clear();
    this.#snapshot = {};
    this.#ofSnapshot.clear();
    this.#segments = null;
    this.#profile = null;
    for (const row of this.#db.prepare<[], { number: number; id: string }>('SELECT number, id FROM term').iterate()) {
      this.#terms.set(row.number, row.id);
      this.#termNumbers.set(row.id, row.number);
    }
  }

  close(): void {
    this.#db.close();
  }

  /** A setting of the case (`title`, `examiner`, `authority`, `created`, `version`, …); null when not given. */
  meta(key: string): string | null {
    const row = this.#db.prepare<[string], { value: string }>('SELECT value FROM meta WHERE key = ?').get(key);
    return row ? row.value : null;
  }

  get profile(): Profile {
    this.#profile ??= storedProfile(this.meta('profile'), this.path);
    return this.#profile;
  }

  get labelVersion(): number {
    return Number(this.meta('labelVersion') ?? 0);
  }

  /** Segments of completed evidence (and of that in work, if asked for), in the order they were written. */
  segments(): readonly SegmentInfo[] {
    this.#segments ??= this.#db
      .prepare<[], SegmentInfo>(
        `SELECT segment, coalesce(evidence.id, '${IN_WORK}') AS evidence, rows, firstStart, lastStart, lastEnd
         FROM segment JOIN evidence ON evidence.number = segment.evidence
         ${this.#live ? '' : "WHERE evidence.status <> 'importing'"} ORDER BY segment`,
      )
      .all();
    return this.#segments;
  }

  /** The column of a segment, `rows * width` elements; zeros when it is not stored. */
  column(segment: SegmentInfo, name: FlowColumn): ColumnArray {
    return this.#columns.remember(`${segment.segment}/${name}`, () => this.#decode(segment, name));
  }

  /**
   * The same for a large column that is seldom wanted, or that something smaller is derived from: it drives nothing out of
   * the cache.
   */
  columnOnce(segment: SegmentInfo, name: FlowColumn): ColumnArray {
    const bytes = segment.rows * rowBytes(name);
    if (!this.keeps || this.#columns.hasRoomFor(bytes)) return this.column(segment, name);
    const known = this.#columns.peek(`${segment.segment}/${name}`);
    return known === undefined ? this.#decode(segment, name) : (known as ColumnArray);
  }

  #decode(segment: SegmentInfo, name: FlowColumn): ColumnArray {
    const data = this.#read(segment.segment, name) ?? Buffer.alloc(segment.rows * rowBytes(name));
    const column = decodeColumn(name, data);
    return this.keeps && FLOW_COLUMNS[name].width === 1 ? narrowed(column) : column;
  }

  /**
   * What `make` derives from the columns of a segment, from the cache when it is there. A name stands for one kind of
   * value, and what it is derived from must not change before the next refresh.
   */
  derived<Value extends Sized>(segment: SegmentInfo, name: string, make: () => Value): Value {
    return this.#columns.remember(`${segment.segment}/derived/${name}`, make);
  }

  /** The same for what the flows of a segment come to that a filter leaves; '' leaves all. For a reader that `keeps`. */
  totals<Value extends Sized>(segment: SegmentInfo, name: string, filter: string, make: () => Value): Value {
    const cache = filter === '' ? this.#wholeTotals : this.#filteredTotals;
    return cache.remember(`${segment.segment}/${name}/${filter}`, make);
  }

  /** The same for what all flows of the case come to. */
  ofCase<Value extends Sized>(name: string, make: () => Value): Value {
    return this.#wholeTotals.remember(`case/${name}`, make);
  }

  /** Stands for the case as it was read last: another object after each refresh, to hang on what is kept of the case. */
  get snapshot(): object {
    return this.#snapshot;
  }

  /** What `make` makes once for the case as it was read last, where `kind` stands for it: one kind of value. */
  ofSnapshot<Value>(kind: object, make: () => Value): Value {
    if (!this.#ofSnapshot.has(kind)) this.#ofSnapshot.set(kind, make());
    return this.#ofSnapshot.get(kind) as Value;
  }

  /** Counts bytes that are kept for this snapshot outside the cache as part of it. */
  countKept(bytes: number): void {
    this.#columns.bytes += bytes;
  }

  /** The dictionary of a dictionary-coded column: value n of the column is entry n - 1, value 0 is absent. */
  dictionary(segment: SegmentInfo, name: FlowColumn): readonly string[] {
    const key = `${segment.segment}/${name}`;
    const known = this.#dictionaries.get(key);
    if (known) return known;
    const data = this.#read(segment.segment, name, '.dictionary');
    const parsed: unknown = data ? JSON.parse(data.toString('utf8')) : [];
    const dictionary = Array.isArray(parsed) ? parsed.map(String) : [];
    this.#dictionaries.set(key, dictionary);
    if (this.#dictionaries.size > 4096) {
      const oldest = this.#dictionaries.keys().next().value;
      if (oldest !== undefined) this.#dictionaries.delete(oldest);
    }
    return dictionary;
  }

  #read(segment: number, name: FlowColumn, suffix = ''): Buffer | undefined {
    if (Object.hasOwn(FACT_COLUMNS, name)) return this.#readFact.get(segment, name + suffix)?.data;
    const current = this.#readLabel.get(this.labelVersion, segment, name + suffix);
    if (current !== undefined || !this.#live) return current?.data;
    return this.#readLabel.get(PROVISIONAL_LABELS, segment, name + suffix)?.data;
  }

  /** Chunks of names learnt beside the flows, with their columns as stored. Read one at a time. */
  *nameChunks(kind: 'dns-answer' | 'log-name'): Generator<{ rows: number; columns: Map<string, Buffer> }> {
    const chunks = this.#db
      .prepare<[string], { chunk: number; rows: number }>(
        `SELECT chunk, rows FROM nameChunk JOIN evidence ON evidence.number = nameChunk.evidence
         WHERE kind = ? AND evidence.status <> 'importing' ORDER BY chunk`,
      )
      .all(kind);
    const read = this.#db.prepare<[number], { column: string; data: Buffer }>(
      'SELECT column, data FROM nameChunkColumn WHERE chunk = ?',
    );
    for (const { chunk, rows } of chunks) {
      yield { rows, columns: new Map(read.all(chunk).map(({ column, data }) => [column, data])) };
    }
  }

  /** Facts of a segment as they are stored, and the hash that was taken when they were. */
  storedFacts(segment: SegmentInfo): { sha256: string; columns: { column: string; data: Buffer }[] } {
    const row = this.#db
      .prepare<[number], { sha256: string }>('SELECT sha256 FROM segment WHERE segment = ?')
      .get(segment.segment);
    const columns = this.#db
      .prepare<[number], { column: string; data: Buffer }>('SELECT column, data FROM segmentFact WHERE segment = ?')
      .all(segment.segment);
    return { sha256: row?.sha256 ?? '', columns };
  }

  /** Id of a term number; null for 0 or an unknown number. */
  term(number: number): string | null {
    return this.#terms.get(number) ?? null;
  }

  /** All terms of the case: number and id. */
  terms(): Iterable<[number: number, id: string]> {
    return this.#terms;
  }

  /** Number of a term id; null when no flow of the case can have it. */
  termNumber(id: string): number | null {
    return this.#termNumbers.get(id) ?? null;
  }

  /** Name of the network's owner at labelling time. */
  organisation(asn: number): string | null {
    return this.#readOrganisation.get(asn)?.organisation ?? null;
  }

  evidence(): EvidenceInfo[] {
    return this.#db
      .prepare<
        [],
        Omit<EvidenceInfo, 'linkTypes' | 'problems' | 'custody'> & {
          linkTypes: string;
          problems: string;
          custody: string;
        }
      >(
        `SELECT id, path, sha256, bytes, format, linkTypes, packets, flows, records, firstSeen, lastSeen, status,
                problems, importedAt, custody
         FROM evidence WHERE status <> 'importing' ORDER BY number`,
      )
      .all()
      .map((row) => ({
        ...row,
        linkTypes: JSON.parse(row.linkTypes) as string[],
        problems: JSON.parse(row.problems) as Problem[],
        custody: JSON.parse(row.custody) as KeptCustody,
      }));
  }

  /** Overlays of the case, in the order they were added. */
  overlays(): Overlay[] {
    return storedOverlays(this.#db);
  }

  /** What is stored of an overlay, as it was handed to the writer; null when there is no such overlay. */
  overlayData(id: string): Buffer | null {
    const row = this.#db.prepare<[string], { data: Buffer }>('SELECT data FROM overlay WHERE id = ?').get(id);
    return row?.data ?? null;
  }

  /** Files of indicators, in the order they were added. */
  indicatorFiles(): IndicatorFile[] {
    return storedIndicatorFiles(this.#db);
  }

  /** All indicators of the case, in the order they were added. */
  indicators(): StoredIndicator[] {
    return this.#db
      .prepare<[], StoredIndicator>(
        `SELECT indicatorFile.name AS file, kind, value, label, validFrom, validUntil
         FROM indicator JOIN indicatorFile ON indicatorFile.number = indicator.file ORDER BY indicator.number`,
      )
      .all();
  }

  eventFiles(): EventFile[] {
    return storedEventFiles(this.#db);
  }

  eventLists(): EventList[] {
    return storedEventLists(this.#db);
  }

  /** The profile's events and those of the files added, in order of time; one told twice stands once. */
  events(): CaseEvent[] {
    const told = new Map<string, CaseEvent>();
    for (const event of [...profileEvents(this.profile), ...storedEvents(this.#db)]) {
      const key = JSON.stringify([event.time, event.kind, event.label]);
      if (!told.has(key)) told.set(key, event);
    }
    return [...told.values()].toSorted((x, y) => x.time - y.time || (x.label < y.label ? -1 : 1));
  }

  /** Institutions that the labels in force name, by the text in label column `match`. */
  institutions(): Map<string, StoredInstitution> {
    const rows = this.#db
      .prepare<[], StoredInstitution & { match: string }>('SELECT match, name, country, class, domain FROM institution')
      .all();
    return new Map(rows.map(({ match, ...institution }) => [match, institution]));
  }

  /** Services that the labels in force name, by id. */
  services(): Map<string, StoredService> {
    const rows = this.#db
      .prepare<[], StoredService & { id: string }>('SELECT id, subcategory, country FROM service')
      .all();
    return new Map(rows.map(({ id, ...service }) => [id, service]));
  }

  /** The stored findings, in the order of the analysis. */
  findings(): Finding[] {
    return this.#db
      .prepare<[], { body: string }>('SELECT body FROM finding ORDER BY position')
      .all()
      .map((row) => JSON.parse(row.body) as Finding);
  }

  /** Facts, examiners and the audit chain's head. */
  record(): CaseRecord {
    return storedRecord(this.#db);
  }

  /** Notes and decisions, in the order they were made. */
  notes(query?: NoteQuery): Note[] {
    return storedNotes(this.#db, query);
  }

  /** Entries of the audit chain of one action. */
  auditOf(action: string): AuditEntry[] {
    return this.#db.prepare<[string], AuditEntry>('SELECT * FROM audit WHERE action = ? ORDER BY seq').all(action);
  }

  /** The examiners' own findings, in the order they were made. */
  ownFindings(): OwnFinding[] {
    return storedOwnFindings(this.#db);
  }

  /** Kept states of the analysis, by name. */
  keptStates(): KeptState[] {
    return storedStates(this.#db);
  }

  audit(): AuditEntry[] {
    return this.#db.prepare<[], AuditEntry>('SELECT * FROM audit ORDER BY seq').all();
  }

  /** Basis of the current labels: catalogue and reference tables with dates and hashes. */
  labelBasis(): Record<string, unknown> | null {
    const row = this.#db
      .prepare<[number], { basis: string }>('SELECT basis FROM labelVersion WHERE version = ?')
      .get(this.labelVersion);
    return row ? (JSON.parse(row.basis) as Record<string, unknown>) : null;
  }

  /** Faults that SQLite finds in the file itself, rows without the row they belong to, and a schema of its own; empty when sound. */
  integrityFaults(): string[] {
    const rows = this.#db.pragma('integrity_check') as { integrity_check: string }[];
    const orphans = this.#db.pragma('foreign_key_check') as { table: string }[];
    const schema = schemaFault(this.#db);
    return [
      ...rows.map((row) => row.integrity_check).filter((text) => text !== 'ok'),
      ...orphans.slice(0, 1).map(({ table }) => `a row of ${table} belongs to nothing`),
      ...(schema === null ? [] : [`“${schema}” is not as in every case`]),
    ];
  }

  /** Tables that do not hold what the audit chain recorded last; null when it recorded nothing (a case of an older Enclave). */
  changedTables(): { table: string; detail: string }[] | null {
    const recorded = recordedContent(this.#db, this.audit());
    return recorded && changedTables(this.#db, recorded);
  }

  /** Digest of an evidence's own row, its segments' rows or its names as they are now. @param id of the evidence */
  evidenceDigest(id: string, of: keyof typeof EVIDENCE_DIGESTS): TableDigest {
    const row = this.#db.prepare<[string], { number: number }>('SELECT number FROM evidence WHERE id = ?').get(id);
    return EVIDENCE_DIGESTS[of](this.#db, row?.number ?? 0);
  }

  /** By segment: its number and the hash over its labels in force. */
  labelHashes(): [segment: number, sha256: string][] {
    return labelHashes(this.#db, this.labelVersion);
  }

  /** Writes the case as it is now into a new file: sealed, without what was deleted. */
  sealInto(path: string): void {
    try {
      this.#db.prepare('VACUUM INTO ?').run(path);
    } catch (error) {
      throw caseError(error, path);
    }
  }
}
