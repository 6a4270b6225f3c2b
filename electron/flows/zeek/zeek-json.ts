import { isUtf8 } from 'node:buffer';
import { type AddressWords, parseAddress } from '../../../shared/address.ts';
import { ABSENT_VALUE, JsonFields, type JsonKey, NULL, NUMBER, STRING } from '../json-fields.ts';
import { ShortTexts } from '../short-texts.ts';
import { ipv4Word } from '../text/text-values.ts';
import { logByFields, MARK_FIELDS } from './zeek-logs.ts';
import {
  ABSENT,
  decimalMicroseconds,
  type Field,
  FIELD,
  FIELD_NAMES,
  type FieldFault,
  isoMicroseconds,
  secondsToMicroseconds,
  type ZeekRecord,
} from './zeek-record.ts';

/** Numbers from here on are milliseconds (`JSON::TS_MILLIS`): as seconds they would be the year 5138. */
const MILLISECONDS_FROM = 1e11;
const DIGIT_0 = 0x30;

export type JsonObject = Readonly<Record<string, unknown>>;

/** The JSON object that a line holds; null when it is not one. */
export function parseJsonObject(text: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : null;
  } catch {
    return null;
  }
}

/** Name of the log that the object itself states: `_path`, or `@stream` of Zeek's Kafka writer. '' when it has none. */
function statedPath(object: JsonObject): string {
  const path = object._path ?? object['@stream'];
  return typeof path === 'string' ? path.toWellFormed() : '';
}

export type JsonLine = 'record' | 'bad-json' | 'bad-utf8';

const PATH = '_path';
const STREAM = '@stream';
/** Ends of a connection, where they stand in an object `id`. */
const TUPLE_KEYS = new Map<Field, string>(
  ([FIELD.initiator, FIELD.initiatorPort, FIELD.responder, FIELD.responderPort] as const).map((field) => [
    field,
    FIELD_NAMES[field][0].slice('id.'.length),
  ]),
);
const SPELLINGS: readonly string[] = [...new Set([PATH, STREAM, 'id', ...MARK_FIELDS, ...FIELD_NAMES.flat()])];
const KEYS: readonly JsonKey[] = [...SPELLINGS, ...[...TUPLE_KEYS.values()].map((key) => ['id', key] as const)];
/** Numbers in KEYS of each field's spellings, the first that has a value counts. */
const KEYS_OF_FIELD: readonly (readonly number[])[] = FIELD_NAMES.map((spellings, field) => {
  const tuple = [...TUPLE_KEYS.keys()].indexOf(field as Field);
  return [...spellings.map((name) => SPELLINGS.indexOf(name)), ...(tuple < 0 ? [] : [SPELLINGS.length + tuple])];
});
/** Whole seconds that float64 microseconds hold exactly for decimals of six places, see `secondsToMicroseconds`. */
const EXACT_SECONDS = 2 ** 32;
const DOT = 0x2e;

/**
 * Zeek's JSON logs, one object a line. Addresses stand as `id.orig_h`, `id_orig_h` or as an object `id`. Plain lines are
 * read from their bytes; the others are parsed, with the same result.
 */
export class JsonRecord implements ZeekRecord {
  fault: FieldFault | null = null;
  faultField: Field = FIELD.time;
  readonly #fields = new JsonFields(KEYS);
  readonly #texts = new ShortTexts();
  #line: Buffer = Buffer.alloc(0);
  /** The parsed object, null where the line is plain. */
  #object: JsonObject | null = null;
  #tuple: JsonObject | null = null;
  /** Keys of the plain line that told its log last, and that log. */
  readonly #presence = new Int32Array(this.#fields.presence.length);
  #log: string | null = null;

  /** Reads one line, `from` to `to` in `buffer`. The record is good until the next call. */
  read(buffer: Buffer, from: number, to: number): JsonLine {
    this.fault = null;
    this.#tuple = null;
    if (this.#fields.scan(buffer, from, to)) {
      this.#line = buffer;
      this.#object = null;
      return 'record';
    }
    if (!isUtf8(buffer.subarray(from, to))) return 'bad-utf8';
    const object = parseJsonObject(buffer.toString('utf8', from, to));
    if (object === null) return 'bad-json';
    this.#object = object;
    this.#tuple = typeof object.id === 'object' && object.id !== null ? (object.id as JsonObject) : null;
    return 'record';
  }

  /** The log that the record belongs to: as it states, else as its fields tell; '' when neither does. */
  get log(): string {
    if (this.#object !== null) return jsonLog(this.#object);
    const fields = this.#fields;
    const path = isGiven(fields.kind(PATH_KEY)) ? PATH_KEY : STREAM_KEY;
    const stated = fields.kind(path) === STRING ? this.#textAt(path) : '';
    if (stated !== '') return stated;
    const isSame = this.#log !== null && fields.presence.every((word, at) => word === this.#presence[at]);
    if (isSame && this.#log !== null) return this.#log;
    this.#presence.set(fields.presence);
    this.#log = logByFields((field) => fields.kind(SPELLINGS.indexOf(field)) !== ABSENT_VALUE);
    return this.#log;
  }

  /** Value of a field of a line that is not plain; undefined when absent or null. */
  #value(object: JsonObject, field: Field): unknown {
    for (const name of FIELD_NAMES[field]) {
      const value = object[name];
      if (value !== undefined && value !== null) return value;
    }
    const key = TUPLE_KEYS.get(field);
    return key === undefined ? undefined : (this.#tuple?.[key] ?? undefined);
  }

  /** Number of the key that holds a field of a plain line; -1 when it is absent or null. */
  #key(field: Field): number {
    for (const key of KEYS_OF_FIELD[field]) if (isGiven(this.#fields.kind(key))) return key;
    return -1;
  }

  #textAt(key: number): string {
    return this.#texts.of(this.#line, this.#fields.starts[key], this.#fields.ends[key]);
  }

  /** The value of a key of a plain line, as `JSON.parse` gives it. */
  #parsed(key: number): unknown {
    const text = this.#line.toString('latin1', this.#fields.starts[key], this.#fields.ends[key]);
    return this.#fields.kind(key) === STRING ? text : JSON.parse(text);
  }

  /** The value of a field in any line; undefined when absent or null. */
  #any(field: Field): unknown {
    if (this.#object !== null) return this.#value(this.#object, field);
    const key = this.#key(field);
    return key < 0 ? undefined : this.#parsed(key);
  }

  #fail(fault: FieldFault, field: Field): void {
    if (this.fault !== null) return;
    this.fault = fault;
    this.faultField = field;
  }

  text(field: Field): string {
    if (this.#object === null) {
      const key = this.#key(field);
      if (key < 0) return '';
      if (this.#fields.kind(key) === STRING) return this.#textAt(key);
    }
    const value = this.#any(field);
    if (value === undefined) return '';
    if (typeof value === 'string') return value.toWellFormed();
    if (typeof value === 'boolean') return value ? 'T' : 'F';
    if (Array.isArray(value)) return this.list(field).join(',');
    this.#fail('bad-text', field);
    return '';
  }

  /** Microseconds of a number of seconds in a plain line; NaN where it needs the long way. */
  #plainSeconds(field: Field): number {
    const key = this.#object === null ? this.#key(field) : -1;
    if (key < 0 || this.#fields.kind(key) !== NUMBER) return Number.NaN;
    const start = this.#fields.starts[key];
    const end = this.#fields.ends[key];
    let point = start;
    while (point < end && this.#line[point] !== DOT) point++;
    if (end - point > 7) return Number.NaN;
    const time = decimalMicroseconds(this.#line, start, end);
    return time < EXACT_SECONDS * 1e6 ? time : Number.NaN;
  }

  time(field: Field): number {
    const plain = this.#plainSeconds(field);
    if (!Number.isNaN(plain)) return plain;
    const value = this.#any(field);
    if (value === undefined) return ABSENT;
    let time = Number.NaN;
    if (typeof value === 'number') {
      time = secondsToMicroseconds(value >= MILLISECONDS_FROM ? value / 1000 : value);
    } else if (typeof value === 'string') {
      time = value.includes('T') ? isoMicroseconds(value) : decimalText(value);
    }
    if (!Number.isNaN(time)) return time;
    this.#fail('bad-time', field);
    return ABSENT;
  }

  interval(field: Field): number {
    const plain = this.#plainSeconds(field);
    if (!Number.isNaN(plain)) return plain;
    const value = this.#any(field);
    if (value === undefined) return ABSENT;
    let interval = Number.NaN;
    if (typeof value === 'number') interval = secondsToMicroseconds(value);
    else if (typeof value === 'string') interval = decimalText(value);
    if (!Number.isNaN(interval)) return interval;
    this.#fail('bad-number', field);
    return ABSENT;
  }

  count(field: Field): number {
    const plain = this.#plainCount(field);
    if (!Number.isNaN(plain)) return plain;
    const value = this.#any(field);
    if (value === undefined) return ABSENT;
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
    this.#fail('bad-number', field);
    return ABSENT;
  }

  /** A number of at most 15 digits and nothing else, in a plain line; NaN for others. */
  #plainCount(field: Field): number {
    const key = this.#object === null ? this.#key(field) : -1;
    if (key < 0 || this.#fields.kind(key) !== NUMBER) return Number.NaN;
    const end = this.#fields.ends[key];
    let at = this.#fields.starts[key];
    if (end - at > 15) return Number.NaN;
    let value = 0;
    for (; at < end; at++) {
      const digit = this.#line[at] - DIGIT_0;
      if (digit < 0 || digit > 9) return Number.NaN;
      value = value * 10 + digit;
    }
    return value;
  }

  address(field: Field): AddressWords | null {
    if (this.#object === null) {
      const key = this.#key(field);
      if (key < 0) return null;
      if (this.#fields.kind(key) === STRING) {
        const word = ipv4Word(this.#line, this.#fields.starts[key], this.#fields.ends[key]);
        if (word >= 0) return [0, 0, 0xffff, word];
      }
    }
    const value = this.#any(field);
    if (value === undefined) return null;
    const words = typeof value === 'string' && value.length <= 45 ? parseAddress(value) : null;
    if (words === null) this.#fail('bad-address', field);
    return words;
  }

  list(field: Field): string[] {
    const value = this.#any(field);
    if (value === undefined) return [];
    if (!Array.isArray(value)) {
      this.#fail('bad-text', field);
      return [];
    }
    return value.map((element: unknown) => {
      if (typeof element === 'string') return element.toWellFormed();
      return typeof element === 'number' ? String(element) : '';
    });
  }
}

const PATH_KEY = SPELLINGS.indexOf(PATH);
const STREAM_KEY = SPELLINGS.indexOf(STREAM);

function isGiven(kind: number): boolean {
  return kind !== ABSENT_VALUE && kind !== NULL;
}

/** Name of the log that an object belongs to: as it states, else as its fields tell; '' when neither does. */
export function jsonLog(object: JsonObject): string {
  const stated = statedPath(object);
  return stated === '' ? logByFields((field) => Object.hasOwn(object, field)) : stated;
}

function decimalText(text: string): number {
  const bytes = Buffer.from(text, 'latin1');
  return decimalMicroseconds(bytes, 0, bytes.length);
}
