import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import type { TableFormat } from '../../shared/jobs.ts';
import { csvLine } from '../../shared/csv.ts';
import { parseInstant } from '../../shared/time.ts';
import { visibleJson } from '../../shared/visible-text.ts';

/** Rows of named columns as ndjson, csv or parquet. */

export { TABLE_FORMATS, type TableFormat } from '../../shared/jobs.ts';

/** Takes the next piece of the output; the next row waits for its promise. */
export type Write = (chunk: Uint8Array | string) => void | Promise<void>;

/** What a column holds; `time` is ISO 8601, UTC. */
export type ColumnType = 'text' | 'time' | 'int32' | 'int64' | 'double';

export interface TableForm<Name extends string> {
  /** Of a row: the root of the parquet schema. */
  readonly name: string;
  /** In their order. */
  readonly columns: Readonly<Record<Name, ColumnType>>;
}

type Value = string | number | null;
export type TableRow<Name extends string> = Readonly<Record<Name, Value>>;

/**
 * Writes rows in a format and returns how many. Memory does not grow with their number.
 *
 * - `ndjson`: one JSON object a line. Control, direction and invisible characters stand as `\uXXXX`: no value changes.
 * - `csv`: RFC 4180 with a header row, UTF-8; values as shared/csv.ts writes them.
 * - `parquet`: row groups of 16,384; times are timestamps in microseconds, counts 64-bit integers, texts as they are.
 */
export function writeTable<Name extends string>(
  format: TableFormat,
  form: TableForm<Name>,
  rows: Iterable<TableRow<Name>>,
  write: Write,
): Promise<number> {
  switch (format) {
    case 'ndjson':
      return writeLines('', jsonLines(rows), write);
    case 'csv': {
      const names = namesOf(form.columns);
      return writeLines(csvLine(names), csvLines(names, rows), write);
    }
    case 'parquet':
      return writeParquet(form, rows, write);
  }
}

function namesOf<Name extends string>(columns: Readonly<Record<Name, ColumnType>>): Name[] {
  return Object.keys(columns) as Name[];
}

const CHUNK = 65_536;

/** Writes lines that are made one by one, after a header; returns how many. */
export async function writeLines(header: string, lines: Iterable<string>, write: Write): Promise<number> {
  let written = 0;
  let pending = header;
  for (const line of lines) {
    pending += line;
    written++;
    if (pending.length >= CHUNK) {
      await write(pending);
      pending = '';
    }
  }
  if (pending !== '') await write(pending);
  return written;
}

function* jsonLines(rows: Iterable<object>): Generator<string, void, undefined> {
  for (const row of rows) yield `${visibleJson(row)}\n`;
}

function* csvLines<Name extends string>(
  names: readonly Name[],
  rows: Iterable<TableRow<Name>>,
): Generator<string, void, undefined> {
  for (const row of rows) yield csvLine(names.map((name) => row[name]));
}

const ROW_GROUP = 16_384;

const PARQUET_TYPES = {
  text: { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } },
  time: {
    type: 'INT64',
    converted_type: 'TIMESTAMP_MICROS',
    logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MICROS' },
  },
  int32: { type: 'INT32' },
  int64: { type: 'INT64' },
  double: { type: 'DOUBLE' },
} as const;

/** Hands on what the parquet writer has made, after every row group. */
class ForwardingWriter extends ByteWriter {
  readonly #write: Write;

  constructor(write: Write) {
    super();
    this.#write = write;
  }

  async flush(): Promise<void> {
    const bytes = this.getBytes().slice();
    this.index = 0;
    if (bytes.length > 0) await this.#write(bytes);
  }

  override finish(): Promise<void> {
    return this.flush();
  }
}

async function writeParquet<Name extends string>(
  { name: root, columns }: TableForm<Name>,
  records: Iterable<TableRow<Name>>,
  write: Write,
): Promise<number> {
  const names = namesOf(columns);
  const writer = new ParquetWriter({
    writer: new ForwardingWriter(write),
    createdBy: 'enclave',
    schema: [
      { name: root, num_children: names.length },
      ...names.map((name) => ({ name, repetition_type: 'OPTIONAL' as const, ...PARQUET_TYPES[columns[name]] })),
    ],
  });
  const writeGroup = async (group: readonly TableRow<Name>[]): Promise<void> => {
    const columnData = names.map((name) => {
      const convert = PARQUET_VALUES[columns[name]];
      return { name, data: group.map((record) => convert(record[name])), offsetIndex: false };
    });
    await writer.write({ columnData, rowGroupSize: group.length });
  };
  let written = 0;
  let group: TableRow<Name>[] = [];
  for (const record of records) {
    group.push(record);
    written++;
    if (group.length === ROW_GROUP) {
      await writeGroup(group);
      group = [];
    }
  }
  if (group.length > 0) await writeGroup(group);
  await writer.finish();
  return written;
}

const PARQUET_VALUES: Readonly<Record<ColumnType, (value: Value) => Value | bigint>> = {
  text: (value) => value,
  time: (value) => int64(parseInstant(String(value), 'UTC')),
  int32: (value) => value,
  int64,
  double: (value) => value,
};

/** Greatest float64 below 2^63. */
const INT64_MAX = 2 ** 63 - 1024;

/** A whole number for a 64-bit column; null for what is none. Greater ones are held at the column's end. */
function int64(value: Value): bigint | null {
  return typeof value !== 'number' || Number.isNaN(value)
    ? null
    : BigInt(Math.trunc(Math.min(INT64_MAX, Math.max(-INT64_MAX, value))));
}
