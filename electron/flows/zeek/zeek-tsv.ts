import { isAscii, isUtf8 } from 'node:buffer';
import { type AddressWords, parseAddress } from '../../../shared/address.ts';
import { ShortTexts } from '../short-texts.ts';
import { ipv4Word } from '../text/text-values.ts';
import {
  ABSENT,
  decimalMicroseconds,
  type Field,
  FIELD,
  FIELD_NAMES,
  type FieldFault,
  secondsToMicroseconds,
  type ZeekRecord,
} from './zeek-record.ts';

const BACKSLASH = 0x5c;
const LETTER_X = 0x78;
const DIGIT_0 = 0x30;

function hexDigit(byte: number | undefined): number {
  if (byte === undefined) return -1;
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/**
 * Undoes the escapes of Zeek's ASCII writer: `\xNN` is a byte, `\\` a backslash. Bytes that are not UTF-8 after that stay
 * escaped, as Zeek wrote them: they were in the traffic, not a fault of the log.
 */
export function unescapeZeek(raw: Buffer): string {
  const bytes = Buffer.alloc(raw.length);
  let length = 0;
  for (let at = 0; at < raw.length; at++) {
    const byte = raw[at] ?? 0;
    if (byte === BACKSLASH && raw[at + 1] === BACKSLASH) {
      at++;
    } else if (byte === BACKSLASH && raw[at + 1] === LETTER_X) {
      const high = hexDigit(raw[at + 2]);
      const low = hexDigit(raw[at + 3]);
      if (high >= 0 && low >= 0) {
        bytes[length++] = high * 16 + low;
        at += 3;
        continue;
      }
    }
    bytes[length++] = byte;
  }
  const used = bytes.subarray(0, length);
  return (isUtf8(used) ? used : raw).toString('utf8');
}

/** How one line went: `record` = fields are set and may be asked. */
export type TsvLine = 'record' | 'header' | 'wrong-columns' | 'bad-utf8' | 'no-header' | 'bad-header';

/**
 * Zeek's tab-separated logs (the ASCII writer, scripts/base/frameworks/logging/writers/ascii.zeek): follows the header
 * lines, which may come again at any place and change the fields, and gives the fields of the line read last.
 */
export class TsvRecord implements ZeekRecord {
  readonly #texts = new ShortTexts();
  /** `#path` of the current header; '' when it has none. */
  path = '';
  fieldNames: readonly string[] = [];
  fault: FieldFault | null = null;
  faultField: Field = FIELD.time;
  #separator = 0x09;
  #setSeparator = ',';
  #unset: Buffer = Buffer.from('-');
  #empty: Buffer = Buffer.from('(empty)');
  /** Column of each field; -1 = the log has none. */
  readonly #columns = new Int32Array(FIELD_NAMES.length).fill(-1);
  #count = 0;
  #line: Buffer = Buffer.alloc(0);
  /** Start of each column in the line; one more for the end. A column ends one byte before the next starts. */
  #starts = new Int32Array(64);
  /** End of the field asked for last. */
  #end = 0;
  /** The piece in work, where it is all ASCII; where it has no escapes either. */
  #ascii: Buffer | null = null;
  #plain: Buffer | null = null;

  /** Takes note of a piece whose lines come next: one without escapes and characters beyond ASCII is read faster. */
  begin(piece: Buffer): void {
    this.#ascii = isAscii(piece) ? piece : null;
    this.#plain = this.#ascii !== null && !piece.includes(BACKSLASH) ? piece : null;
  }

  /** Reads one line, `from` to `to` in `buffer`, without its line feed. The record is good until the next call. */
  read(buffer: Buffer, from: number, to: number): TsvLine {
    if (buffer[from] === 0x23) return this.#header(buffer.subarray(from, to));
    if (this.#count === 0) return 'no-header';
    const separator = this.#separator;
    const starts = this.#starts;
    const count = this.#count;
    let column = 1;
    starts[0] = from;
    for (let at = from; at < to; at++) {
      if (buffer[at] !== separator) continue;
      if (column < count) starts[column] = at + 1;
      column++;
    }
    if (column !== count) return 'wrong-columns';
    starts[count] = to + 1;
    if (buffer !== this.#ascii && !isUtf8(buffer.subarray(from, to))) return 'bad-utf8';
    this.#line = buffer;
    this.fault = null;
    return 'record';
  }

  /** True when the current header names the field. */
  names(field: Field): boolean {
    return (this.#columns[field] ?? -1) >= 0;
  }

  #header(line: Buffer): TsvLine {
    if (!isUtf8(line)) return 'bad-header';
    const mark = line.indexOf(line.subarray(0, 11).toString('latin1') === '#separator ' ? ' ' : this.#separator);
    const key = line.toString('utf8', 0, mark < 0 ? line.length : mark);
    const value = mark < 0 ? Buffer.alloc(0) : line.subarray(mark + 1);
    switch (key) {
      case '#separator': {
        const separator = unescapeZeek(value);
        this.#forget();
        if (separator.length !== 1 || separator > '\x7f') return 'bad-header';
        this.#separator = separator.charCodeAt(0);
        this.path = '';
        return 'header';
      }
      case '#set_separator':
        this.#setSeparator = unescapeZeek(value) || ',';
        return 'header';
      case '#empty_field':
        this.#empty = Buffer.from(value);
        return 'header';
      case '#unset_field':
        this.#unset = Buffer.from(value);
        return 'header';
      case '#path':
        this.path = unescapeZeek(value);
        this.#forget();
        return 'header';
      case '#fields':
        this.#setFields(value.toString('utf8').split(String.fromCharCode(this.#separator)));
        return 'header';
      default:
        return 'header';
    }
  }

  #forget(): void {
    this.#count = 0;
    this.fieldNames = [];
    this.#columns.fill(-1);
  }

  #setFields(names: readonly string[]): void {
    this.fieldNames = names;
    this.#count = names.length;
    if (this.#starts.length <= names.length) this.#starts = new Int32Array(names.length + 1);
    for (const [field, spellings] of FIELD_NAMES.entries()) {
      this.#columns[field] = names.findIndex((name) => spellings.some((spelling) => spelling === name));
    }
  }

  /** Start of a field in the line, and its end in `#end`; -1 when the log lacks it or it is unset. */
  #start(field: Field): number {
    const column = this.#columns[field];
    if (column < 0) return -1;
    const start = this.#starts[column];
    this.#end = this.#starts[column + 1] - 1;
    return this.#equals(start, this.#end, this.#unset) ? -1 : start;
  }

  #equals(start: number, end: number, marker: Buffer): boolean {
    if (end - start !== marker.length) return false;
    for (let at = 0; at < marker.length; at++) if (this.#line[start + at] !== marker[at]) return false;
    return true;
  }

  #fail(fault: FieldFault, field: Field): void {
    if (this.fault !== null) return;
    this.fault = fault;
    this.faultField = field;
  }

  text(field: Field): string {
    const start = this.#start(field);
    if (start < 0) return '';
    const line = this.#line;
    const end = this.#end;
    if (this.#equals(start, end, this.#empty)) return '';
    for (let at = line === this.#plain ? end : start; at < end; at++) {
      if (line[at] === BACKSLASH || line[at] > 0x7f) return unescapeZeek(line.subarray(start, end));
    }
    // Ids do not come again.
    return field === FIELD.uid ? line.toString('latin1', start, end) : this.#texts.of(line, start, end);
  }

  time(field: Field): number {
    return this.#microseconds(field, 'bad-time');
  }

  interval(field: Field): number {
    return this.#microseconds(field, 'bad-number');
  }

  #microseconds(field: Field, fault: 'bad-time' | 'bad-number'): number {
    const start = this.#start(field);
    if (start < 0) return ABSENT;
    const end = this.#end;
    let value = decimalMicroseconds(this.#line, start, end);
    if (Number.isNaN(value) && fault === 'bad-number') value = this.#exponential(start, end);
    if (!Number.isNaN(value)) return value;
    this.#fail(fault, field);
    return ABSENT;
  }

  /** Long intervals of older versions (`4.294967e+09`) in microseconds; NaN when it is none. */
  #exponential(start: number, end: number): number {
    const text = this.#line.toString('latin1', start, Math.min(end, start + 32));
    return /^\d(\.\d+)?e[+-]\d\d$/.test(text) ? secondsToMicroseconds(Number(text)) : Number.NaN;
  }

  count(field: Field): number {
    const start = this.#start(field);
    if (start < 0) return ABSENT;
    const line = this.#line;
    const end = this.#end;
    let value = 0;
    for (let at = start; at < end; at++) {
      const digit = line[at] - DIGIT_0;
      if (digit < 0 || digit > 9) value = Number.NaN;
      value = value * 10 + digit;
    }
    if (end > start && value <= Number.MAX_SAFE_INTEGER) return value;
    this.#fail('bad-number', field);
    return ABSENT;
  }

  address(field: Field): AddressWords | null {
    const start = this.#start(field);
    if (start < 0) return null;
    const end = this.#end;
    const word = ipv4Word(this.#line, start, end);
    if (word >= 0) return [0, 0, 0xffff, word];
    const words = end - start <= 45 ? parseAddress(this.#line.toString('latin1', start, end)) : null;
    if (words === null) this.#fail('bad-address', field);
    return words;
  }

  list(field: Field): string[] {
    const start = this.#start(field);
    if (start < 0) return [];
    const end = this.#end;
    if (start === end || this.#equals(start, end, this.#empty)) return [];
    const unset = this.#unset.toString('latin1');
    return this.#line
      .toString('latin1', start, end)
      .split(Buffer.from(this.#setSeparator).toString('latin1'))
      .map((element) => (element === unset ? '' : unescapeZeek(Buffer.from(element, 'latin1'))));
  }
}
