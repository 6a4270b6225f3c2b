import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import type { FlowRecord } from '../../shared/flow.ts';
import { parseInstant } from '../../shared/time.ts';
import { visibleJson, visibleText } from '../../shared/visible-text.ts';
import { FlowRecords } from './flow-records.ts';

/** Flow records out of the case: as ndjson, csv or parquet. */

export const FLOW_FORMATS = ['ndjson', 'csv', 'parquet'] as const;
export type FlowFormat = (typeof FLOW_FORMATS)[number];

/** Takes the next piece of the output; the next record waits for its promise. */
export type Write = (chunk: Uint8Array | string) => void | Promise<void>;

/**
 * Writes records in a format and returns how many. Memory does not grow with their number.
 *
 * - `ndjson`: one JSON object a line. Control, direction and invisible characters stand as `\uXXXX`: no value changes.
 * - `csv`: RFC 4180 with a header row, CRLF, UTF-8; absent values are empty. Such characters stand as `\uXXXX` as text, and
 *   a text that a spreadsheet would take for a formula gets a leading apostrophe (OWASP, CSV injection).
 * - `parquet`: row groups of 16,384; times are timestamps in microseconds, counts 64-bit integers, texts as they are.
 */
export function writeFlows(format: FlowFormat, records: Iterable<FlowRecord>, write: Write): Promise<number> {
  switch (format) {
    case 'ndjson':
      return writeLines('', records instanceof FlowRecords ? records.jsonLines() : jsonLines(records), write);
    case 'csv':
      return writeLines(csvLine(FIELD_NAMES), csvLines(records), write);
    case 'parquet':
      return writeParquet(records, write);
  }
}

/** Every field of a record, in order, and its column in parquet. */
const FIELDS = {
  id: 'text',
  start: 'time',
  end: 'time',
  initiator: 'text',
  initiatorPort: 'int32',
  responder: 'text',
  responderPort: 'int32',
  transport: 'text',
  packetsOut: 'int64',
  bytesOut: 'int64',
  packetsIn: 'int64',
  bytesIn: 'int64',
  tcpFlags: 'text',
  state: 'text',
  subjectSide: 'text',
  host: 'text',
  range: 'text',
  peer: 'text',
  direction: 'text',
  country: 'text',
  asn: 'int64',
  organisation: 'text',
  hostname: 'text',
  protocol: 'text',
  service: 'text',
  category: 'text',
  labelEvidence: 'text',
  labelDetail: 'text',
  confidence: 'double',
  ja3: 'text',
  ja4: 'text',
  userAgent: 'text',
  sampling: 'int64',
  exporter: 'text',
  nextHop: 'text',
  inputInterface: 'int64',
  outputInterface: 'int64',
  assembly: 'text',
  duplicate: 'text',
  indicator: 'text',
  tunnel: 'text',
  evidence: 'text',
  locator: 'double',
} as const satisfies Record<keyof FlowRecord, keyof typeof PARQUET_TYPES>;

const FIELD_NAMES = Object.keys(FIELDS) as (keyof FlowRecord)[];

const CHUNK = 65_536;

async function writeLines(header: string, lines: Iterable<string>, write: Write): Promise<number> {
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

function* jsonLines(records: Iterable<FlowRecord>): Generator<string, void, undefined> {
  for (const record of records) yield `${visibleJson(record)}\n`;
}

function* csvLines(records: Iterable<FlowRecord>): Generator<string, void, undefined> {
  for (const record of records) yield csvLine(FIELD_NAMES.map((name) => record[name]));
}

/** First characters that make a spreadsheet read a formula; the last four are their full-width forms. */
const FORMULA = /^[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]/;

function csvLine(values: readonly (string | number | null)[]): string {
  return `${values.map(csvCell).join(',')}\r\n`;
}

/** Texts that a cell holds as they are. */
const PLAIN_CELL = /^(?![=+\-@])[ !#-+\--~→]*$/;

function csvCell(value: string | number | null): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  if (PLAIN_CELL.test(value)) return value;
  const text = (FORMULA.test(value) ? "'" : '') + visibleText(value);
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
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

async function writeParquet(records: Iterable<FlowRecord>, write: Write): Promise<number> {
  const writer = new ParquetWriter({
    writer: new ForwardingWriter(write),
    createdBy: 'enclave',
    schema: [
      { name: 'flow', num_children: FIELD_NAMES.length },
      ...FIELD_NAMES.map((name) => ({ name, repetition_type: 'OPTIONAL' as const, ...PARQUET_TYPES[FIELDS[name]] })),
    ],
  });
  const writeGroup = async (group: readonly FlowRecord[]): Promise<void> => {
    const columnData = FIELD_NAMES.map((name) => {
      const convert = PARQUET_VALUES[FIELDS[name]];
      return { name, data: group.map((record) => convert(record[name])), offsetIndex: false };
    });
    await writer.write({ columnData, rowGroupSize: group.length });
  };
  let written = 0;
  let group: FlowRecord[] = [];
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

type Value = string | number | null;

const PARQUET_VALUES: Readonly<Record<keyof typeof PARQUET_TYPES, (value: Value) => Value | bigint>> = {
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
