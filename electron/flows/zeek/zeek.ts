import type { EvidenceSink } from '../flow-sink.ts';
import { LineSplitter } from '../line-splitter.ts';
import { jsonLog, JsonRecord, type JsonObject, parseJsonObject } from './zeek-json.ts';
import { describeUnusedLog, isUsedLog, logByFields, type UsedLog, ZeekLogs } from './zeek-logs.ts';
import { FAULT_WORDS, FIELD, FIELD_NAMES, type Field, type ZeekRecord } from './zeek-record.ts';
import { TsvRecord } from './zeek-tsv.ts';

/** How a Zeek log is written, and which one its beginning says it is ('' = not told). */
export interface ZeekFormat {
  readonly id: 'zeek-tsv' | 'zeek-json';
  readonly log: string;
}

/** Lines at the beginning that may be damaged before we stop looking for a JSON record. */
const LINES_TRIED = 8;

/**
 * Tells a Zeek log by its beginning (the first 64 KiB at most): a header of the ASCII writer, or JSON objects with `ts`
 * that name their log or bear its fields. Null when it is neither.
 */
export function detectZeek(head: Uint8Array): ZeekFormat | null {
  const text = Buffer.from(head.buffer, head.byteOffset, head.byteLength)
    .toString('utf8')
    .replace(/^\ufeff/, '');
  const lines = text.split('\n', 64).map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
  const first = lines.findIndex((line) => line !== '');
  const beginning = lines[first] ?? '';
  if (beginning.startsWith('#separator ') || /^#(path|fields)\t/.test(beginning)) {
    const record = new TsvRecord();
    for (const line of lines.slice(first)) {
      if (!line.startsWith('#')) break;
      const bytes = Buffer.from(line);
      record.read(bytes, 0, bytes.length);
      if (record.fieldNames.length > 0) break;
    }
    return { id: 'zeek-tsv', log: tsvLog(record) };
  }
  if (!beginning.startsWith('{')) return null;
  for (const line of lines.slice(first, first + LINES_TRIED)) {
    const object = parseJsonObject(line);
    if (object === null) continue;
    return isZeekObject(object) ? { id: 'zeek-json', log: jsonLog(object) } : null;
  }
  return null;
}

function isZeekObject(object: JsonObject): boolean {
  const { ts } = object;
  if (typeof ts !== 'number' && typeof ts !== 'string') return false;
  const named = typeof object.uid === 'string' && (Object.hasOwn(object, 'id.orig_h') || Object.hasOwn(object, 'id'));
  return named || jsonLog(object) !== '';
}

function tsvLog(record: TsvRecord): string {
  return record.path === '' ? logByFields((field) => record.fieldNames.includes(field)) : record.path;
}

/** A log's name as it may be kept and shown: it comes from the evidence, so only plain characters, and few. */
function plainLogName(path: string): string {
  return path.slice(0, 64).replaceAll(/[^\w.-]/g, '?');
}

/** Fields without which no record of the log can be read. */
function neededFields(log: UsedLog | null, record: TsvRecord): readonly Field[] {
  switch (log) {
    case null:
      return [];
    case 'conn':
      return [FIELD.time, FIELD.initiator, FIELD.responder, FIELD.transport];
    case 'x509':
      return [FIELD.time, record.names(FIELD.fingerprint) ? FIELD.fingerprint : FIELD.certificateFile];
    case 'dhcp':
    case 'files':
      return [FIELD.time, record.names(FIELD.uid) ? FIELD.uid : FIELD.uids];
    default:
      return [FIELD.time, FIELD.uid];
  }
}

/**
 * Reads one Zeek log of either encoding, given in pieces of any size (bytes already decompressed). conn records become
 * flows, those of the other used logs names, protocols and user agents of flows, names of certificates, DNS answers and
 * names of DHCP clients;
 * logs that are not used are told once (`unused-log`). Whatever is wrong with a record costs that record and is counted
 * as a problem under its line. Holds at most one line.
 *
 * Kinds of problems: `line-too-long`, `bad-utf8`, `bad-json`, `no-header`, `bad-header`, `wrong-columns`,
 * `missing-fields`, `bad-time`, `bad-number`, `bad-address`, `bad-text`, `no-uid`, `unknown-transport` (each one record
 * lost); `payload-bytes-only`, `unknown-conn-state`, `no-ttl`, `unused-log` (none lost).
 */
export class ZeekReader {
  readonly #sink: EvidenceSink;
  readonly #logs: ZeekLogs;
  readonly #tsv: TsvRecord | null;
  readonly #json: JsonRecord | null;
  /** Log of the current header or record; null = one that we do not use. */
  #used: UsedLog | null = null;
  #missing = '';
  readonly #seenLogs = new Set<string>();
  /** Log of the record before; null at first. */
  #entered: string | null = null;
  readonly #lines = new LineSplitter(
    (buffer, from, to) => this.#lineIn(buffer, from, to),
    () => this.#lose('line-too-long', 'the line is longer than 1 MiB'),
  );
  #records = 0;
  #from = Infinity;
  #to = -Infinity;

  constructor(format: ZeekFormat, sink: EvidenceSink) {
    this.#sink = sink;
    this.#logs = new ZeekLogs(sink);
    this.#tsv = format.id === 'zeek-tsv' ? new TsvRecord() : null;
    this.#json = format.id === 'zeek-json' ? new JsonRecord() : null;
  }

  /** Records read without fault so far, those of unused logs included. */
  get records(): number {
    return this.#records;
  }

  /** Name of the log, or names with commas between when the file holds several (at most 64 are kept). */
  get log(): string {
    return [...this.#seenLogs].filter((name) => name !== '').join(',');
  }

  /** Earliest and latest moment that a used record tells of, microseconds since the epoch; null before the first. */
  get firstSeen(): number | null {
    return Number.isFinite(this.#from) ? this.#from : null;
  }

  get lastSeen(): number | null {
    return Number.isFinite(this.#to) ? this.#to : null;
  }

  push(chunk: Uint8Array): void {
    const piece = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    this.#tsv?.begin(piece);
    this.#lines.push(piece);
  }

  /** Ends the log: reads a last line that has no line feed. */
  end(): void {
    this.#lines.end();
  }

  #lose(kind: string, why: string): void {
    this.#sink.problem(kind, this.#lines.line, why);
  }

  #lineIn(buffer: Buffer, from: number, to: number): void {
    if (to <= from) return;
    if (this.#tsv !== null) this.#tsvLine(this.#tsv, buffer, from, to);
    else if (this.#json !== null) this.#jsonLine(this.#json, buffer, from, to);
  }

  #tsvLine(record: TsvRecord, buffer: Buffer, from: number, to: number): void {
    switch (record.read(buffer, from, to)) {
      case 'record':
        if (this.#missing !== '') this.#lose('missing-fields', `the log has no ${this.#missing}`);
        else this.#record(record);
        break;
      case 'header':
        if (record.fieldNames.length > 0) this.#fieldsGiven(record);
        break;
      case 'wrong-columns':
        this.#lose('wrong-columns', 'the line has more or fewer columns than its #fields');
        break;
      case 'bad-utf8':
        this.#lose('bad-utf8', 'the line is not UTF-8');
        break;
      case 'no-header':
        this.#lose('no-header', 'the line stands before any #fields');
        break;
      case 'bad-header':
        this.#lose('bad-header', 'the header line is not UTF-8, or its separator is not one ASCII character');
        break;
    }
  }

  #fieldsGiven(record: TsvRecord): void {
    this.#enter(tsvLog(record));
    this.#missing = neededFields(this.#used, record)
      .filter((field) => !record.names(field))
      .map((field) => FIELD_NAMES[field][0])
      .join(', ');
  }

  #jsonLine(record: JsonRecord, buffer: Buffer, from: number, to: number): void {
    const outcome = record.read(buffer, from, to);
    if (outcome !== 'record') {
      this.#lose(outcome, outcome === 'bad-utf8' ? 'the line is not UTF-8' : 'the line is not a JSON object');
      return;
    }
    this.#enter(record.log);
    this.#record(record);
  }

  /** Takes note of the log that the next records belong to, and says once when it is one that we do not use. */
  #enter(path: string): void {
    if (path === this.#entered) return;
    this.#entered = path;
    this.#used = isUsedLog(path) ? path : null;
    const name = plainLogName(path);
    if (this.#seenLogs.has(name) || this.#seenLogs.size >= 64) return;
    this.#seenLogs.add(name);
    if (this.#used !== null) return;
    this.#lose('unused-log', describeUnusedLog(name));
  }

  #record(record: ZeekRecord): void {
    if (this.#used === null) {
      this.#records++;
      return;
    }
    const outcome = this.#logs.read(this.#used, record, this.#lines.line);
    if (record.fault !== null) {
      this.#lose(record.fault, `${FIELD_NAMES[record.faultField][0]} ${FAULT_WORDS[record.fault]}`);
    } else if ('lost' in outcome) {
      this.#lose(outcome.lost, outcome.why);
    } else {
      this.#records++;
      if (outcome.from < this.#from) this.#from = outcome.from;
      if (outcome.to > this.#to) this.#to = outcome.to;
    }
  }
}
