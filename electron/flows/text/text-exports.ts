import { columnsOf, DELIMITERS, type Mapping } from '../../../shared/mapping.ts';
import { visibleText } from '../../../shared/visible-text.ts';
import { DelimitedText } from './delimited-text.ts';
import { eveEvent, EveReader } from './eve.ts';
import type { EvidenceSink, ExportedFlow } from '../flow-sink.ts';
import { PreviewSink } from '../preview-sink.ts';
import { JsonObjects } from './json-objects.ts';
import { isVpcRecord, KNOWN_MAPPINGS, type KnownMapping, NFDUMP, VPC_WITHOUT_HEADER } from './known-mappings.ts';
import { JsonSource, MappedRecords, shownColumns, TableSource, valueAt } from './mapped-records.ts';
import { isValue, type Proposal, proposeMapping, SURE, type TableLook } from './propose-mapping.ts';
import type { JsonObject } from '../zeek/zeek-json.ts';

/** The front door of text exports: which kind a file is, and its reader. */

/** A text export that we can read. */
export interface TextFormat {
  readonly id:
    | 'nfdump-csv'
    | 'nfdump-json'
    | 'silk-rwcut'
    | 'vpc-flow-log'
    | 'suricata-eve'
    | 'csv'
    | 'tsv'
    | 'pipe'
    | 'space'
    | 'ndjson';
  /** Null of `suricata-eve`, which has a reader of its own. */
  readonly mapping: Mapping | null;
  /** Who says what the columns mean: whoever imports, Enclave for a format that it knows, or a guess. */
  readonly origin: 'given' | 'shipped' | 'proposed';
}

/** The beginning of a text export, taken apart. */
export interface TextSample {
  readonly look: TableLook;
  /** Names of columns, or keys of JSON with dots between; null when the first line is a record already. */
  readonly header: readonly string[] | null;
  readonly rows: readonly (readonly string[])[];
  /** The objects, if it is JSON. */
  readonly objects: readonly JsonObject[];
}

const SAMPLE_ROWS = 50;
/** Columns or keys of a file that is looked at without a mapping; wider tables are refused. */
const SAMPLE_COLUMNS = 512;
const SAMPLE_DEPTH = 6;

/** Whether bytes are text: no NUL and no other control characters but tab, line feed, form feed, carriage return and escape. */
function isText(head: Uint8Array): boolean {
  return head.length > 0 && head.every((byte) => byte >= 0x20 || (byte >= 9 && byte <= 13) || byte === 0x1b);
}

function flatten(object: JsonObject, before: string, into: Map<string, string>, depth: number): void {
  for (const [key, value] of Object.entries(object)) {
    if (into.size >= SAMPLE_COLUMNS) return;
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
      into.set(before + key, String(value).toWellFormed());
    } else if (typeof value === 'object' && value !== null && !Array.isArray(value) && depth < SAMPLE_DEPTH) {
      flatten(value as JsonObject, `${before}${key}.`, into, depth + 1);
    }
  }
}

function jsonSample(head: Uint8Array): TextSample | null {
  const objects: JsonObject[] = [];
  const reader = new JsonObjects({
    object: (object) => {
      if (objects.length < SAMPLE_ROWS) objects.push(object);
    },
    fault: () => {},
  });
  reader.push(head);
  if (objects.length === 0) return null;
  const flat = objects.map((object) => {
    const values = new Map<string, string>();
    flatten(object, '', values, 0);
    return values;
  });
  const header = [...new Set(flat.flatMap((values) => [...values.keys()]))].slice(0, SAMPLE_COLUMNS);
  const rows = flat.map((values) => header.map((key) => values.get(key) ?? ''));
  return { look: { format: 'ndjson' }, header, rows, objects };
}

/** Columns of one line, as DelimitedText would find them. */
function columnsOfLine(line: string, delimiter: string): string[] {
  if (delimiter === ' ') return line.split(/[ \t]+/).filter((text) => text !== '');
  const columns: string[] = [];
  let at = 0;
  while (at <= line.length) {
    let from = at;
    while (line[from] === ' ') from++;
    if (line[from] === '"') {
      let end = from + 1;
      while (end < line.length && (line[end] !== '"' || line[end + 1] === '"')) end += line[end] === '"' ? 2 : 1;
      columns.push(line.slice(from + 1, end).replaceAll('""', '"'));
      at = line.indexOf(delimiter, end);
    } else {
      const end = line.indexOf(delimiter, at);
      columns.push(line.slice(at, end < 0 ? line.length : end).trim());
      at = end;
    }
    if (at < 0) return columns;
    at += delimiter.length;
  }
  return columns;
}

const CANDIDATES: readonly (readonly [Mapping['format'], string])[] = [
  ['tsv', '\t'],
  ['csv', ','],
  ['pipe', '|'],
  ['csv', ';'],
  ['space', ' '],
];

/** A table has a time and two addresses at least. */
const LEAST_COLUMNS = 3;

function tableSample(text: string): TextSample | null {
  const lines = text.split(/\r?\n/);
  const end = lines.indexOf(NFDUMP.until);
  const given = (end < 0 ? lines : lines.slice(0, end))
    .flatMap((line, index) => (line.trim() === '' ? [] : [index]))
    .slice(0, SAMPLE_ROWS * 2);
  for (const [format, delimiter] of CANDIDATES) {
    const split = given.map((index) => columnsOfLine((lines[index] ?? '').replace(/^#:? ?/, ''), delimiter));
    const widths = new Map<number, number>();
    for (const { length } of split) widths.set(length, (widths.get(length) ?? 0) + 1);
    const [width, often] = [...widths].reduce((best, one) => (one[1] > best[1] ? one : best), [0, 0]);
    if (width < LEAST_COLUMNS || width > SAMPLE_COLUMNS || often < Math.max(1, given.length * 0.6)) continue;
    const first = split.findIndex(({ length }) => length === width);
    const names = split[first] ?? [];
    const records = split.filter((row, index) => index >= first && row.length === width);
    const hasHeader = !names.some(isValue);
    const trailing = names.at(-1) === '' && hasHeader;
    const header = hasHeader ? (trailing ? names.slice(0, -1) : names) : null;
    const look = {
      format,
      delimiter: delimiter === DELIMITERS[format === 'ndjson' ? 'csv' : format] ? undefined : delimiter,
      skipLines: hasHeader ? (given[first] ?? 0) : 0,
    };
    return { look, header, rows: records.slice(hasHeader ? 1 : 0, SAMPLE_ROWS), objects: [] };
  }
  return null;
}

/** The beginning of a file without its last line, which may be cut: but not of a file of a header and one record. */
function wholeLines(head: Uint8Array): Uint8Array {
  const end = head.lastIndexOf(0x0a);
  return end === head.indexOf(0x0a) ? head : head.subarray(0, end + 1);
}

/** Takes the beginning of a file apart; null when it is neither JSON objects nor a table of text. */
export function sampleText(head: Uint8Array): TextSample | null {
  if (!isText(head)) return null;
  const { buffer, byteOffset, byteLength } = wholeLines(head);
  const text = Buffer.from(buffer, byteOffset, byteLength)
    .toString('utf8')
    .replace(/^\ufeff/, '');
  if (/^\s*[[{]/.test(text)) return jsonSample(head);
  return tableSample(text);
}

/** A shipped mapping, written as the file at hand is. */
function adapted(mapping: Mapping, look: TableLook): Mapping {
  if (mapping.format === 'ndjson') return mapping;
  const { delimiter: _, ...rest } = mapping;
  return {
    ...rest,
    format: look.format,
    skipLines: look.skipLines ?? 0,
    ...(look.delimiter === undefined ? {} : { delimiter: look.delimiter }),
  };
}

/** What a mapping makes of the beginning of a file. */
export interface TextPreview {
  readonly flows: readonly ExportedFlow[];
  /** Problems, one entry a kind: how often, and the first line and message. */
  readonly problems: readonly { kind: string; count: number; line: number; message: string }[];
}

/** Reads the beginning of a file, to show what a mapping makes of it. At most `limit` flows are kept. */
export function previewText(head: Uint8Array, format: TextFormat, limit: number): TextPreview {
  const sink = new PreviewSink(limit);
  const reader = new TextExportReader(format, sink);
  reader.push(wholeLines(head));
  reader.end();
  return sink;
}

/** Kinds of problems that each cost a record. */
const LOSSES: ReadonlySet<string> = new Set([
  'bad-time',
  'bad-number',
  'bad-address',
  'unknown-transport',
  'missing-fields',
  'wrong-columns',
  'bad-quote',
  'bad-utf8',
  'bad-json',
  'line-too-long',
]);

/** Whether at least half of the records that a mapping asks for, at the beginning of a file, become flows. */
function fits(head: Uint8Array, mapping: Mapping): boolean {
  const { flows, problems } = previewText(head, { id: 'csv', mapping, origin: 'shipped' }, Infinity);
  const lost = problems.reduce((sum, { kind, count }) => (LOSSES.has(kind) ? sum + count : sum), 0);
  return flows.length >= lost && (flows.length > 0 || lost === 0);
}

/** Whether a mapping that was given finds the columns that every flow needs. */
function columnsAreThere(mapping: Mapping, sample: TextSample | null): boolean {
  if (sample === null) return false;
  const isJson = sample.look.format === 'ndjson';
  if (isJson !== (mapping.format === 'ndjson')) return false;
  if (!mapping.header || isJson) return true;
  const { start, initiator, responder } = mapping.fields;
  return [start, initiator, responder].every(({ from }) =>
    columnsOf(from).some((column) => typeof column === 'number' || sample.header?.includes(column) === true),
  );
}

/**
 * Tells a text export by its beginning: by a mapping that is given; as Suricata's EVE; by the columns or keys of a shipped
 * mapping; by a mapping that is proposed and sure (`SURE`). Null when it is none: `explainText` says why. Zeek logs
 * are not told here.
 */
export function detectText(head: Uint8Array, given: Mapping | null): TextFormat | null {
  const sample = sampleText(head);
  if (given !== null) {
    // Lines that the mapping passes by, and quotes over lines, can hide the header from the sample: let the reader look.
    const there =
      columnsAreThere(given, sample) ||
      previewText(head, { id: 'csv', mapping: given, origin: 'given' }, 1).flows.length > 0;
    return isText(head) && there ? { id: given.format, mapping: given, origin: 'given' } : null;
  }
  if (sample === null) return null;
  if (sample.objects.some((object) => eveEvent(object) !== null)) {
    return { id: 'suricata-eve', mapping: null, origin: 'shipped' };
  }
  for (const { id, mapping } of markedMappings(sample)) {
    if (fits(head, mapping)) return { id: id === 'csv' ? mapping.format : id, mapping, origin: 'shipped' };
  }
  const [first] = sample.rows;
  if (sample.look.format === 'space' && sample.header === null && first !== undefined) {
    const mapping = VPC_WITHOUT_HEADER.find((_, before) => sample.rows.some((row) => isVpcRecord(row, before)));
    if (mapping !== undefined) return { id: 'vpc-flow-log', mapping, origin: 'shipped' };
  }
  const { mapping, confidence } = proposalOf(sample);
  if (mapping === null || confidence < SURE || !fits(head, mapping)) return null;
  return { id: mapping.format, mapping, origin: 'proposed' };
}

/** The shipped mappings whose columns or keys are there, as the file is written. */
function markedMappings(sample: TextSample): KnownMapping[] {
  const isJson = sample.look.format === 'ndjson';
  return KNOWN_MAPPINGS.flatMap((known) => {
    if ((known.mapping.format === 'ndjson') !== isJson) return [];
    const marked = isJson
      ? sample.objects.some((object) => known.marks.every((key) => valueAt(object, key) !== undefined))
      : known.marks.every((name) => sample.header?.includes(name) === true);
    return marked ? [{ ...known, mapping: adapted(known.mapping, sample.look) }] : [];
  });
}

/** What keeps a file from being read as the export whose columns it has, and the remedy; '' when it has those of none. */
function misfit(head: Uint8Array, sample: TextSample): string {
  const tried = markedMappings(sample).map(({ mapping, hint = '' }) => {
    const { flows, problems } = previewText(head, { id: 'csv', mapping, origin: 'shipped' }, Infinity);
    const lost = problems.filter(({ kind }) => LOSSES.has(kind)).toSorted((x, y) => y.count - x.count)[0];
    return { name: mapping.name, hint, flows: flows.length, lost };
  });
  const [closest] = tried.toSorted((x, y) => y.flows - x.flows);
  if (closest?.lost === undefined) return '';
  const { name, hint, lost } = closest;
  return `the columns are those of ${name}, but most records at the beginning are not (line ${lost.line}: ${lost.message})${hint}`;
}

function proposalOf(sample: TextSample): Proposal {
  return proposeMapping(sample.header, sample.rows, sample.look);
}

/** Why a text file is not read, and what can be done. */
export interface TextRefusal {
  /** One sentence, with the columns found and the remedy. */
  readonly message: string;
  /** A mapping to begin with, to be corrected and given with `--mapping`; null when not even that can be guessed. */
  readonly proposal: Proposal | null;
}

/** Columns named in a refusal. */
const SHOWN_COLUMNS = 12;

/** Says why `detectText` refuses a file; null when the file is no table and no JSON, so that there is nothing to say. */
export function explainText(head: Uint8Array, given: Mapping | null): TextRefusal | null {
  if ((head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff)) {
    return { message: 'text in UTF-16, which is not read: convert it to UTF-8', proposal: null };
  }
  const sample = sampleText(head);
  if (sample === null) return null;
  const names = sample.header ?? sample.rows[0]?.map((_, column) => `column ${column + 1}`) ?? [];
  const shown = names.slice(0, SHOWN_COLUMNS).map((name) => visibleText(name.slice(0, 64)));
  const more = names.length > shown.length ? ` and ${names.length - shown.length} more` : '';
  const what = sample.look.format === 'ndjson' ? 'JSON with the keys' : 'a table with the columns';
  const found = `${what} ${shown.join(', ')}${more}`;
  if (given !== null) {
    const message = `${found}: not those that the mapping "${visibleText(given.name)}" names; correct the mapping`;
    return { message, proposal: null };
  }
  const proposal = proposalOf(sample);
  const misfitting = misfit(head, sample);
  const doubt = [
    ...(misfitting === '' ? [] : [misfitting]),
    ...(proposal.mapping === null ? [] : [`which of them make a flow is not sure enough (${proposal.confidence})`]),
    ...proposal.doubts,
  ].join('; ');
  return { message: `${found}: ${doubt}; say what they mean with --mapping FILE (docs/mappings.md)`, proposal };
}

/** A mapping in one line: which column was read as what. */
function describeMapping(mapping: Mapping): string {
  const fields = Object.entries(mapping.fields).flatMap(([field, spec]) => {
    if (spec === undefined) return [];
    if (!('from' in spec)) return [`${field} = ${spec.fixed}`];
    const type = 'type' in spec && spec.type !== undefined ? ` (${spec.type})` : '';
    return [`${field} = ${shownColumns(spec.from)}${type}`];
  });
  return `${fields.join(', ')}; ${mapping.direction}`;
}

/**
 * Reads a text export of any format, given in pieces of any size. Whatever is wrong with a record costs that record and is
 * counted under its line; kinds: those of EveReader, or of MappedRecords with `wrong-columns`, `bad-quote`, `missing-fields`, `bad-utf8`,
 * `line-too-long`, `bad-json` (each one record lost), `mapping-proposed`, `column-not-found` and `no-flows` (told once, none lost).
 */
export class TextExportReader {
  readonly #reader: EveReader | MappedReader;

  constructor(format: TextFormat, sink: EvidenceSink) {
    this.#reader =
      format.mapping === null ? new EveReader(sink) : new MappedReader(format.mapping, format.origin, sink);
  }

  /** Records read without fault so far, those that are no flows included. */
  get records(): number {
    return this.#reader.records;
  }

  /** Earliest and latest moment that a record tells of, microseconds since the epoch; null before the first. */
  get firstSeen(): number | null {
    return this.#reader.firstSeen;
  }

  get lastSeen(): number | null {
    return this.#reader.lastSeen;
  }

  push(chunk: Uint8Array): void {
    this.#reader.push(chunk);
  }

  end(): void {
    this.#reader.end();
  }
}

class MappedReader {
  readonly #sink: EvidenceSink;
  readonly #records: MappedRecords;
  readonly #text: DelimitedText | JsonObjects;

  constructor(mapping: Mapping, origin: TextFormat['origin'], sink: EvidenceSink) {
    this.#sink = sink;
    if (origin === 'proposed') {
      const message = `columns were read as their names and values suggest: ${describeMapping(mapping)}`;
      sink.problem('mapping-proposed', 1, message);
    }
    const fault = (kind: string, line: number, message: string): void => sink.problem(kind, line, message);
    if (mapping.format === 'ndjson') {
      const source = new JsonSource(mapping);
      const records = (this.#records = new MappedRecords(mapping, source, sink));
      this.#text = new JsonObjects({
        object: (object, line) => {
          source.setObject(object);
          records.read(line);
        },
        fault,
      });
      return;
    }
    const source = new TableSource(mapping);
    let lacking = '';
    const records = (this.#records = new MappedRecords(mapping, source, sink));
    const { header, skipLines, comment, until, format, delimiter = DELIMITERS[format] } = mapping;
    this.#text = new DelimitedText(
      { header, skipLines, comment, until, delimiter, columns: source.width },
      {
        header: (names) => {
          source.setHeader(names);
          lacking = records.lacking();
          if (source.missing.length > 0 && origin === 'given') this.#tellMissing(source.missing);
        },
        row: (row, line) => {
          source.setRow(row);
          if (lacking === '') records.read(line);
          else fault('missing-fields', line, `the columns that the mapping names for ${lacking} are not there`);
        },
        fault,
      },
    );
  }

  #tellMissing(columns: readonly string[]): void {
    const shown = columns.slice(0, SHOWN_COLUMNS).map((column) => visibleText(column.slice(0, 64)));
    this.#sink.problem('column-not-found', 1, `columns that the mapping names are not there: ${shown.join(', ')}`);
  }

  get records(): number {
    return this.#records.records;
  }

  get firstSeen(): number | null {
    return this.#records.flows > 0 ? this.#records.from : null;
  }

  get lastSeen(): number | null {
    return this.#records.flows > 0 ? this.#records.to : null;
  }

  push(chunk: Uint8Array): void {
    this.#text.push(chunk);
  }

  end(): void {
    this.#text.end();
    if (this.#records.flows === 0) this.#sink.problem('no-flows', 1, 'no record of the file became a flow');
  }
}
