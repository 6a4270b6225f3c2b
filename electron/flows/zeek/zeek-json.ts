import { isUtf8 } from 'node:buffer';
import { type AddressWords, parseAddress } from '../../../shared/address.ts';
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
export function statedPath(object: JsonObject): string {
  const path = object._path ?? object['@stream'];
  return typeof path === 'string' ? path.toWellFormed() : '';
}

export type JsonLine = 'record' | 'bad-json' | 'bad-utf8';

/** Zeek's JSON logs, one object a line. Addresses stand as `id.orig_h`, `id_orig_h` or as an object `id`. */
export class JsonRecord implements ZeekRecord {
  fault: FieldFault | null = null;
  faultField: Field = FIELD.time;
  object: JsonObject = {};
  #tuple: JsonObject | null = null;

  /** Reads one line, `from` to `to` in `buffer`. The record is good until the next call. */
  read(buffer: Buffer, from: number, to: number): JsonLine {
    if (!isUtf8(buffer.subarray(from, to))) return 'bad-utf8';
    const object = parseJsonObject(buffer.toString('utf8', from, to));
    if (object === null) return 'bad-json';
    this.object = object;
    this.fault = null;
    this.#tuple = typeof object.id === 'object' && object.id !== null ? (object.id as JsonObject) : null;
    return 'record';
  }

  /** Value of a field; undefined when absent or null. */
  #value(field: Field): unknown {
    for (const name of FIELD_NAMES[field]) {
      const value = this.object[name];
      if (value !== undefined && value !== null) return value;
    }
    if (this.#tuple !== null && field >= FIELD.initiator && field <= FIELD.responderPort) {
      return this.#tuple[FIELD_NAMES[field][0].slice('id.'.length)] ?? undefined;
    }
    return undefined;
  }

  #fail(fault: FieldFault, field: Field): void {
    if (this.fault !== null) return;
    this.fault = fault;
    this.faultField = field;
  }

  text(field: Field): string {
    const value = this.#value(field);
    if (value === undefined) return '';
    if (typeof value === 'string') return value.toWellFormed();
    if (Array.isArray(value)) return this.list(field).join(',');
    this.#fail('bad-text', field);
    return '';
  }

  time(field: Field): number {
    const value = this.#value(field);
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
    const value = this.#value(field);
    if (value === undefined) return ABSENT;
    let interval = Number.NaN;
    if (typeof value === 'number') interval = secondsToMicroseconds(value);
    else if (typeof value === 'string') interval = decimalText(value);
    if (!Number.isNaN(interval)) return interval;
    this.#fail('bad-number', field);
    return ABSENT;
  }

  count(field: Field): number {
    const value = this.#value(field);
    if (value === undefined) return ABSENT;
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
    this.#fail('bad-number', field);
    return ABSENT;
  }

  address(field: Field): AddressWords | null {
    const value = this.#value(field);
    if (value === undefined) return null;
    const words = typeof value === 'string' && value.length <= 45 ? parseAddress(value) : null;
    if (words === null) this.#fail('bad-address', field);
    return words;
  }

  list(field: Field): string[] {
    const value = this.#value(field);
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

function decimalText(text: string): number {
  const bytes = Buffer.from(text, 'latin1');
  return decimalMicroseconds(bytes, 0, bytes.length);
}
