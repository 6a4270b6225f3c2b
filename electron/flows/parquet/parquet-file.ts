import { columnsOf, type MappedField, type Mapping } from '../../../shared/mapping.ts';
import { LAST_DATE_MS } from '../../../shared/time.ts';
import { visibleText } from '../../../shared/visible-text.ts';
import type { EvidenceSink } from '../flow-sink.ts';
import { JsonSource, MappedRecords } from '../text/mapped-records.ts';
import { ColumnCursor, PageBytes } from './parquet-column.ts';
import type { Lz4Block } from './parquet-values.ts';
import { ENCLAVE_COLUMNS, enclaveMapping, EnclaveRows, isEnclaveExport } from './parquet-enclave.ts';
import {
  damaged,
  type ParquetColumn,
  ParquetFault,
  type ParquetFooter,
  type RandomAccessFile,
  readFooter,
  type RowGroup,
} from './parquet-footer.ts';
import { type Proposal, proposeMapping, SURE } from '../text/propose-mapping.ts';

export { isParquet, type RandomAccessFile } from './parquet-footer.ts';

/** Rows of which nobody asks whether they are too many for their bytes. */
const FREE_ROWS = 1 << 20;
/** Beyond `FREE_ROWS`, rows for each byte of the file: rows that differ in nothing take no space and could go on for ever. */
const MAX_ROWS_PER_BYTE = 8;
/** Rows by which a mapping is proposed, and columns of them. */
const SAMPLE_ROWS = 32;
const SAMPLE_COLUMNS = 256;
/** Rows after which progress is told. */
const PROGRESS_ROWS = 4096;
/** Names of columns shown in a message, and how much of each. */
const SHOWN_COLUMNS = 40;
const SHOWN_NAME = 64;

const NEEDED: readonly MappedField[] = ['start', 'initiator', 'responder', 'transport'];

function columnsOfField(mapping: Mapping, field: MappedField | 'only'): string[] {
  const spec = field === 'only' ? mapping.only : mapping.fields[field];
  return spec !== undefined && 'from' in spec ? columnsOf(spec.from).map(String) : [];
}

/** Every column that a mapping asks for. */
function columnsOfMapping(mapping: Mapping): string[] {
  const fields = Object.keys(mapping.fields) as MappedField[];
  return [...fields, 'only' as const].flatMap((field) => columnsOfField(mapping, field));
}

/** The mapping with the types of its times as the columns themselves state them. */
function withColumnTypes(mapping: Mapping, columns: ReadonlyMap<string, ParquetColumn>): Mapping {
  const typed = <Time extends { type: string }>(time: Time, field: 'start' | 'end'): Time => {
    const [column] = columnsOfField(mapping, field).flatMap((path) => columns.get(path) ?? []);
    if (column === undefined || !isTime(column)) return time;
    return { ...time, type: column.isUtc ? 'unix-us' : 'iso8601' };
  };
  const { start, end } = mapping.fields;
  const fields = { ...mapping.fields, start: typed(start, 'start') };
  if (end !== undefined) fields.end = typed(end, 'end');
  return { ...mapping, format: 'ndjson', fields };
}

function isTime({ meaning }: ParquetColumn): boolean {
  return meaning === 'time-ms' || meaning === 'time-us' || meaning === 'time-ns';
}

/** Microseconds of a clock whose zone is not told, as ISO 8601 without a zone; '' when they are no such time. */
function localTime(microseconds: number): string {
  const milliseconds = Math.floor(microseconds / 1000);
  if (!(Math.abs(milliseconds) <= LAST_DATE_MS)) return '';
  return `${new Date(milliseconds).toISOString().slice(0, -1)}${String(microseconds - milliseconds * 1000).padStart(3, '0')}`;
}

/** What a row's column holds, as the mapping wants to see it. */
function cell(cursor: ColumnCursor): string | number | boolean | null {
  const value = cursor.value();
  const { column } = cursor;
  return typeof value === 'number' && !column.isUtc && isTime(column) ? localTime(value) : value;
}

/**
 * Reads the flows of a Parquet file (Apache Parquet format 2.11), a row at a time, through a mapping; our own exports need
 * none. The file is read at places of its choosing, since it tells at its end where everything is. Held are the footer, and
 * of every column that the mapping asks for one page and one dictionary. `locator` is the number of the row in the file,
 * from 1.
 *
 * Kinds of problems: `damaged-parquet`, `encrypted-parquet`, `unsupported-parquet`, `parquet-over-budget`, `bomb` (each: the
 * file, or what is left of a row group; the message tells which rows), `no-mapping`, `missing-fields` (the file), `bad-utf8`,
 * `value-too-long` and those of MappedRecords (each one record lost); `mapping-proposed`,
 * `unread-columns`, `tunnel-not-kept` (none lost).
 */
export class ParquetReader {
  readonly #file: RandomAccessFile;
  readonly #sink: EvidenceSink;
  readonly #pages: PageBytes;
  readonly #lz4Block: Lz4Block;
  readonly #footer: ParquetFooter | null;
  readonly #columns: ReadonlyMap<string, ParquetColumn>;
  readonly #mapping: Mapping | null;
  #isOwn = false;
  /** What the columns suggest, where that was looked at. */
  #proposal: Proposal | null = null;
  /** The row in work, by the paths of the columns that are read. */
  readonly #row: Record<string, unknown> = {};
  readonly #source: JsonSource | null = null;
  readonly #mapped: MappedRecords | null = null;
  /** Rows of the groups before. */
  #before = 0;

  /**
   * @param given the mapping that the analyst chose; null = our own, else the first of the profile's whose columns are there,
   * else the one that the columns suggest
   */
  constructor(
    file: RandomAccessFile,
    given: Mapping | null,
    sink: EvidenceSink,
    lz4Block: Lz4Block,
    ofProfile: readonly Mapping[] = [],
  ) {
    this.#file = file;
    this.#lz4Block = lz4Block;
    this.#sink = sink;
    this.#pages = new PageBytes(file.size);
    this.#footer = this.#attempt(() => readFooter(file), 'the file was not read: ');
    this.#columns = new Map(this.#footer?.columns.map((column) => [column.path, column]));
    this.#mapping = null;
    if (this.#footer === null) return;
    const isOwn = (this.#isOwn = given === null && isEnclaveExport([...this.#columns.keys()]));
    const fitting = ofProfile.find((each) => this.#lacking(each).length === 0);
    const mapping = isOwn ? enclaveMapping() : (given ?? fitting ?? this.#proposed());
    if (mapping === null || !this.#hasNeeded(mapping)) return;
    this.#mapping = withColumnTypes(mapping, this.#columns);
    const asked = [...columnsOfMapping(mapping), ...(isOwn ? ENCLAVE_COLUMNS : [])];
    // Defined, not assigned: a column may be called __proto__.
    this.#row = Object.fromEntries(asked.filter((path) => this.#columns.has(path)).map((path) => [path, null]));
    this.#source = new JsonSource(this.#mapping);
    this.#mapped = new MappedRecords(this.#mapping, this.#source, isOwn ? new EnclaveRows(sink, this.#row) : sink);
    const named = columnsOfMapping(mapping);
    const unread = this.#footer.unreadable.filter((path) => named.includes(path));
    if (unread.length > 0) {
      const names = shownNames(unread);
      sink.problem(
        'unread-columns',
        0,
        `columns that the mapping names hold lists or other values that are not read: ${names}`,
      );
    }
  }

  /** False when nothing can be read; why is told then. */
  get isReadable(): boolean {
    return this.#mapped !== null;
  }

  /** The mapping that is used; null when there is none. */
  get mapping(): Mapping | null {
    return this.#mapping;
  }

  /** True of flows that a case of Enclave gave out, and no mapping was given for. */
  get isOwn(): boolean {
    return this.#isOwn;
  }

  /** What the columns suggest; null when the file, or its first rows, cannot be read. */
  get proposal(): Proposal | null {
    if (this.#proposal === null) {
      const sample = this.sample();
      if (sample !== null) this.#proposal = proposeMapping(sample.columns, sample.rows, { format: 'ndjson' });
    }
    return this.#proposal;
  }

  /** Rows read without fault so far. */
  get records(): number {
    return this.#mapped?.records ?? 0;
  }

  /** Earliest and latest moment that a flow tells of, microseconds since the epoch; null before the first. */
  get firstSeen(): number | null {
    return this.#mapped !== null && Number.isFinite(this.#mapped.from) ? this.#mapped.from : null;
  }

  get lastSeen(): number | null {
    return this.#mapped !== null && Number.isFinite(this.#mapped.to) ? this.#mapped.to : null;
  }

  /**
   * Reads all rows.
   *
   * @param progress is told now and then how many bytes of the file are done with
   * @param limit rows that are read at most
   * @throws whatever `progress` and the file throw
   */
  read(progress: (bytes: number) => void, limit = Infinity): void {
    const footer = this.#footer;
    if (footer === null || this.#mapped === null) return;
    let done = 0;
    for (let number = 0; number < footer.rowGroups && this.#before < limit; number++) {
      const group = this.#attempt(() => footer.rowGroup(number), `row group ${number + 1} was not read: `);
      // Without it nobody knows how many rows to count on by.
      if (group === null || this.#isTooMany(this.#before + group.rows)) return;
      this.#readGroup({ ...group, rows: Math.min(group.rows, limit - this.#before) }, number, () => progress(done));
      this.#before += group.rows;
      for (const path of Object.keys(this.#row)) done = Math.max(done, group.chunks.get(path)?.end ?? 0);
      done = Math.min(done, this.#file.size);
      progress(done);
    }
  }

  #readGroup(group: RowGroup, number: number, progress: () => void): void {
    this.#pages.release();
    const row = this.#row;
    const paths = Object.keys(row);
    let read = 0;
    const cursors: ColumnCursor[] = [];
    try {
      for (const path of paths) {
        const column = this.#columns.get(path);
        const chunk = group.chunks.get(path);
        if (column === undefined || chunk === undefined) throw damaged(`column ${shownNames([path])} is not there`);
        cursors.push(new ColumnCursor(this.#file, column, chunk, this.#pages, this.#lz4Block));
      }
      for (; read < group.rows; read++) {
        let fault: string | null = null;
        for (let i = 0; i < cursors.length; i++) {
          const cursor = cursors[i];
          cursor.next();
          row[paths[i]] = cell(cursor);
          fault ??= cursor.textFault;
        }
        this.#take(this.#before + read + 1, fault);
        if (read % PROGRESS_ROWS === 0) progress();
      }
    } catch (error) {
      if (!(error instanceof ParquetFault)) throw error;
      const rows = `rows ${this.#before + read + 1} to ${this.#before + group.rows}`;
      this.#sink.problem(
        error.kind,
        this.#before + read + 1,
        `${rows} (row group ${number + 1}) were not read: ${error.message}`,
      );
    }
  }

  #take(number: number, fault: string | null): void {
    if (fault === null) {
      this.#source?.setObject(this.#row);
      this.#mapped?.read(number);
      return;
    }
    const words = fault === 'bad-utf8' ? 'a text is not UTF-8' : 'a text is longer than 1 MiB';
    this.#sink.problem(fault, number, words);
  }

  #isTooMany(rows: number): boolean {
    const { size } = this.#file;
    if (rows <= Math.max(FREE_ROWS, size * MAX_ROWS_PER_BYTE)) return false;
    const message = `${rows} rows are said to lie in ${size} bytes (limit: ${MAX_ROWS_PER_BYTE} a byte); reading stopped`;
    this.#sink.problem('bomb', this.#before + 1, `${message} before row ${this.#before + 1}`);
    return true;
  }

  #attempt<Result>(action: () => Result, words: string): Result | null {
    try {
      return action();
    } catch (error) {
      if (!(error instanceof ParquetFault)) throw error;
      this.#sink.problem(error.kind, 0, words + error.message);
      return null;
    }
  }

  #proposed(): Mapping | null {
    const { proposal } = this;
    if (proposal === null) return null;
    const { mapping, confidence, why } = proposal;
    if (mapping !== null && confidence >= SURE) {
      const message = `columns were read as their names and values suggest: ${why.join('; ')}`;
      this.#sink.problem('mapping-proposed', 0, message);
      return mapping;
    }
    const message =
      `a Parquet file with the columns ${shownNames([...this.#columns.keys()])}: which of them make a flow is not sure enough; ` +
      'say what they mean with --mapping FILE';
    this.#sink.problem('no-mapping', 0, message);
    return null;
  }

  /** The columns and their first rows as texts, up to a fault; null when it lets through none, which is told. */
  sample(): { columns: string[]; rows: string[][] } | null {
    const footer = this.#footer;
    if (footer === null) return null;
    const columns = footer.columns.slice(0, SAMPLE_COLUMNS);
    const sample = { columns: columns.map(({ path }) => path), rows: [] as string[][] };
    const { rows } = sample;
    try {
      const group = footer.rowGroups === 0 ? null : footer.rowGroup(0);
      this.#pages.release();
      const cursors = columns.flatMap((column) => {
        const chunk = group?.chunks.get(column.path);
        return chunk === undefined ? [] : [new ColumnCursor(this.#file, column, chunk, this.#pages, this.#lz4Block)];
      });
      if (group === null || cursors.length < columns.length) return sample;
      while (rows.length < Math.min(SAMPLE_ROWS, group.rows)) {
        rows.push(
          cursors.map((cursor) => {
            cursor.next();
            const value = cell(cursor);
            if (value === null) return '';
            return typeof value === 'number' && isTime(cursor.column) ? `${localTime(value)}Z` : String(value);
          }),
        );
      }
    } catch (error) {
      if (!(error instanceof ParquetFault)) throw error;
      if (rows.length === 0) {
        this.#sink.problem(error.kind, 0, `the first rows were not read: ${error.message}`);
        return null;
      }
    }
    return sample;
  }

  #lacking(mapping: Mapping): MappedField[] {
    return NEEDED.filter((field) => {
      const fixed = field === 'transport' && 'fixed' in mapping.fields.transport;
      return !fixed && !columnsOfField(mapping, field).some((path) => this.#columns.has(path));
    });
  }

  #hasNeeded(mapping: Mapping): boolean {
    const lacking = this.#lacking(mapping);
    if (lacking.length === 0) return true;
    const names = shownNames([...this.#columns.keys()]);
    const message = `the columns that the mapping names for ${lacking.join(', ')} are not there; the file has: ${names}`;
    this.#sink.problem('missing-fields', 0, message);
    return false;
  }
}

/** Names of columns for a message. */
function shownNames(names: readonly string[]): string {
  const shown = names.slice(0, SHOWN_COLUMNS).map((name) => visibleText(name.slice(0, SHOWN_NAME)));
  const rest = names.length - shown.length;
  return rest > 0 ? `${shown.join(', ')} and ${rest} more` : shown.join(', ');
}
