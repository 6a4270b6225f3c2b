import { isAscii, isUtf8 } from 'node:buffer';
import { LINE_LIMIT, LineSplitter } from '../line-splitter.ts';

/** Columns of delimited text (CSV by RFC 4180, TSV, columns between bars or blanks), out of pieces of any size. */

/** Most columns of a table. */
export const COLUMN_LIMIT = 4096;

/** Most lines that a quoted value may go on over. A quote that is not closed by then costs its first line only. */
const QUOTED_LINES = 16;

const LINE_FEED = 0x0a;
const QUOTE = 0x22;
const SPACE = 0x20;
const TAB = 0x09;

/** How a table is written. */
export interface TableShape {
  /** Character between columns; a blank stands for any run of blanks and tabs. */
  readonly delimiter: string;
  /** Whether the first line that is not passed by names the columns. */
  readonly header: boolean;
  readonly skipLines: number;
  readonly comment?: string | undefined;
  /** A line of just this ends the table until its header comes again. */
  readonly until?: string | undefined;
  /** Without a header: columns that a record has at least; more are passed by. */
  readonly columns: number;
}

/** The columns of one record: column n lies in `buffer` from `starts[n]` to `ends[n]`, without quotes; blanks may stand around it. */
export class TableRow {
  buffer: Buffer = Buffer.alloc(0);
  starts = new Int32Array(64);
  ends = new Int32Array(64);
  count = 0;
  /** Whether some value was quoted: then quotes in values may stand doubled. */
  quoted = false;

  /** Text of a column without blanks around it; '' when the record has none such. */
  text(column: number): string {
    if (column >= this.count) return '';
    const text = this.buffer.toString('utf8', this.starts[column] ?? 0, this.ends[column] ?? 0);
    return (this.quoted ? text.replaceAll('""', '"') : text).trim();
  }
}

/** What can be wrong with a line. */
export type LineFault = 'wrong-columns' | 'bad-utf8' | 'bad-quote' | 'line-too-long';

export const LINE_FAULT_WORDS: Readonly<Record<LineFault, string>> = {
  'wrong-columns': 'the line has more or fewer columns than the header',
  'bad-utf8': 'the line is not UTF-8',
  'bad-quote': 'a quote is not closed, or text follows a closing quote',
  'line-too-long': 'the line is longer than 1 MiB',
};

/** How the columns of a record were found. */
type Split = 'record' | 'wrong-columns' | 'bad-utf8';

export interface TableHandlers {
  /** The header, at its first coming. */
  header(names: readonly string[]): void;
  /** One record; `line` is its first. The row is good until this returns. */
  row(row: TableRow, line: number): void;
  fault(kind: LineFault, line: number, message: string): void;
}

/**
 * Reads delimited text. Values may be quoted, with doubled quotes inside and delimiters and up to 15 line feeds within
 * (RFC 4180); one empty column at the end of a record that the header lacks is passed by (SiLK ends each line with a bar).
 * A header that comes again (files put together) is passed by. Holds at most one record.
 */
export class DelimitedText {
  readonly #shape: TableShape;
  readonly #handlers: TableHandlers;
  readonly #lines: LineSplitter;
  readonly #delimiter: number;
  readonly #comment: Buffer | null;
  readonly #until: Buffer | null;
  readonly #row = new TableRow();
  /** Columns of each record; 0 = no header met yet. */
  #count = 0;
  #exact = true;
  #headerLine: Buffer | null = null;
  #ended = false;
  #begun = false;
  /** The piece in work, when it has neither quotes nor characters beyond ASCII: then columns are found faster. */
  #plain: Buffer | null = null;
  /** Lines of a record whose quote is open, a line feed after each; where each begins. */
  #open: Buffer = Buffer.alloc(0);
  #openStarts: number[] = [];
  #openLine = 0;

  constructor(shape: TableShape, handlers: TableHandlers) {
    this.#shape = shape;
    this.#handlers = handlers;
    this.#delimiter = shape.delimiter.charCodeAt(0);
    this.#comment = shape.comment === undefined ? null : Buffer.from(shape.comment);
    this.#until = shape.until === undefined ? null : Buffer.from(shape.until);
    if (!shape.header) {
      this.#setCount(Math.min(shape.columns, COLUMN_LIMIT));
      this.#exact = false;
    }
    this.#lines = new LineSplitter(
      (buffer, from, to) => this.#line(buffer, from, to),
      () => {
        this.#giveUpOpen();
        this.#fault('line-too-long', this.#lines.line);
      },
    );
  }

  push(chunk: Uint8Array): void {
    const buffer = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    this.#plain = isAscii(buffer) && buffer.indexOf(QUOTE) < 0 ? buffer : null;
    this.#lines.push(buffer);
  }

  end(): void {
    this.#lines.end();
    this.#giveUpOpen();
  }

  #fault(kind: LineFault, line: number): void {
    this.#handlers.fault(kind, line, LINE_FAULT_WORDS[kind]);
  }

  #setCount(count: number): void {
    this.#count = count;
    if (this.#row.starts.length <= count) {
      this.#row.starts = new Int32Array(count + 1);
      this.#row.ends = new Int32Array(count + 1);
    }
  }

  #line(buffer: Buffer, from: number, to: number): void {
    if (this.#openStarts.length === 0) {
      this.#read(buffer, from, to, this.#lines.line);
      return;
    }
    this.#hold(buffer, from, to);
    if (this.#openStarts.length <= QUOTED_LINES && this.#open.length <= LINE_LIMIT) this.#tryOpen();
    else this.#giveUpFirst();
  }

  #hold(buffer: Buffer, from: number, to: number): void {
    const feed = this.#openStarts.length > 0 ? [this.#open, Buffer.of(LINE_FEED)] : [];
    const start = feed.length > 0 ? this.#open.length + 1 : 0;
    this.#open = Buffer.concat([...feed, buffer.subarray(from, to)]);
    this.#openStarts.push(start);
  }

  /** Reads the lines held as one record, if its quotes are closed by now. */
  #tryOpen(): void {
    const outcome = this.#split(this.#open, 0, this.#open.length);
    if (outcome === 'open') return;
    if (outcome !== 'record') {
      this.#giveUpFirst();
      return;
    }
    const line = this.#openLine;
    this.#openStarts = [];
    this.#handlers.row(this.#row, line);
  }

  /** Loses the first line held and reads the others anew: a stray quote shall not take the lines behind it along. */
  #giveUpFirst(): void {
    const held = this.#open;
    const starts = this.#openStarts;
    const line = this.#openLine;
    this.#openStarts = [];
    this.#fault('bad-quote', line);
    for (const [index, start] of starts.entries()) {
      if (index === 0) continue;
      const end = (starts[index + 1] ?? held.length + 1) - 1;
      if (this.#openStarts.length === 0) this.#read(held, start, end, line + index);
      else {
        this.#hold(held, start, end);
        this.#tryOpen();
      }
    }
  }

  #giveUpOpen(): void {
    while (this.#openStarts.length > 0) this.#giveUpFirst();
  }

  #read(buffer: Buffer, from: number, to: number, line: number): void {
    if (line <= this.#shape.skipLines) return;
    if (to <= from || (this.#comment !== null && startsWith(buffer, from, to, this.#comment))) return;
    if (this.#headerLine !== null && equals(buffer, from, to, this.#headerLine)) {
      this.#ended = false;
      return;
    }
    if (this.#ended) return;
    if (this.#until !== null && equals(buffer, from, to, this.#until)) {
      this.#ended = this.#shape.header;
      return;
    }
    if (this.#count === 0) {
      this.#readHeader(buffer, from, to, line);
      return;
    }
    const outcome = this.#split(buffer, from, to);
    if (outcome === 'record') this.#handlers.row(this.#row, line);
    else if (outcome === 'open') {
      this.#openLine = line;
      this.#hold(buffer, from, to);
    } else if (outcome !== 'blank') this.#fault(outcome, line);
  }

  #readHeader(buffer: Buffer, from: number, to: number, line: number): void {
    // Whatever stands before the header would be taken for it; a table has at least two columns.
    this.#setCount(COLUMN_LIMIT);
    this.#exact = false;
    let start = from;
    if (!this.#begun && buffer[start] === 0x23) {
      start++;
      while (start < to && (buffer[start] === 0x3a || buffer[start] === SPACE)) start++;
    }
    const outcome = this.#split(buffer, start, to);
    const row = this.#row;
    const names = outcome === 'record' ? Array.from({ length: row.count }, (_, column) => row.text(column)) : [];
    if (names.length > 1 && names.at(-1) === '') names.pop();
    this.#count = 0;
    this.#exact = true;
    this.#begun = true;
    if (outcome === 'blank') return;
    if (outcome === 'record') {
      this.#setCount(names.length);
      this.#headerLine = Buffer.from(buffer.subarray(from, to));
      this.#handlers.header(names);
    } else this.#fault(outcome === 'open' ? 'bad-quote' : outcome, line);
  }

  /** Finds the columns of a record; `open`: it ends within quotes. */
  #split(buffer: Buffer, from: number, to: number): Split | 'open' | 'blank' | 'bad-quote' {
    const row = this.#row;
    row.buffer = buffer;
    row.quoted = false;
    const delimiter = this.#delimiter;
    if (delimiter === SPACE) return this.#splitBlanks(buffer, from, to);
    const { starts, ends } = row;
    const count = this.#count;
    if (buffer === this.#plain) return this.#splitPlain(buffer, from, to);
    let column = 0;
    let bits = 0;
    let start = from;
    for (let at = from; at < to; at++) {
      const byte = buffer[at] ?? 0;
      bits |= byte;
      if (byte === delimiter) {
        if (column < count) {
          starts[column] = start;
          ends[column] = at;
        }
        column++;
        start = at + 1;
      } else if (byte === QUOTE && this.#onlyBlanks(buffer, start, at)) {
        return this.#splitQuoted(buffer, from, to);
      }
    }
    if (column < count) {
      starts[column] = start;
      ends[column] = to;
    }
    return this.#checked(buffer, from, to, column + 1, bits);
  }

  #splitPlain(buffer: Buffer, from: number, to: number): Split {
    const { starts, ends } = this.#row;
    const delimiter = this.#delimiter;
    const count = this.#count;
    let column = 0;
    starts[0] = from;
    for (let at = from; at < to; at++) {
      if (buffer[at] !== delimiter) continue;
      if (column < count) {
        ends[column] = at;
        starts[column + 1] = at + 1;
      }
      column++;
    }
    if (column < count) ends[column] = to;
    return this.#checked(buffer, from, to, column + 1, 0);
  }

  #onlyBlanks(buffer: Buffer, from: number, to: number): boolean {
    for (let at = from; at < to; at++) if (buffer[at] !== SPACE) return false;
    return true;
  }

  #splitQuoted(buffer: Buffer, from: number, to: number): Split | 'open' | 'bad-quote' {
    const row = this.#row;
    const { starts, ends } = row;
    const count = this.#count;
    row.quoted = true;
    let column = 0;
    let at = from;
    for (;;) {
      while (at < to && buffer[at] === SPACE) at++;
      let start = at;
      let end = at;
      if (at < to && buffer[at] === QUOTE) {
        start = ++at;
        for (;;) {
          const quote = buffer.indexOf(QUOTE, at);
          if (quote < 0 || quote >= to) return 'open';
          if (quote + 1 < to && buffer[quote + 1] === QUOTE) {
            at = quote + 2;
            continue;
          }
          end = quote;
          at = quote + 1;
          break;
        }
        while (at < to && buffer[at] === SPACE) at++;
        if (at < to && buffer[at] !== this.#delimiter) return 'bad-quote';
      } else {
        while (at < to && buffer[at] !== this.#delimiter) at++;
        end = at;
      }
      if (column < count) {
        starts[column] = start;
        ends[column] = end;
      }
      column++;
      if (at >= to) break;
      at++;
    }
    return this.#checked(buffer, from, to, column, 0xff);
  }

  #splitBlanks(buffer: Buffer, from: number, to: number): Split | 'blank' {
    const { starts, ends } = this.#row;
    const count = this.#count;
    let column = 0;
    let bits = 0;
    let at = from;
    for (;;) {
      while (at < to && (buffer[at] === SPACE || buffer[at] === TAB)) at++;
      if (at >= to) break;
      const start = at;
      while (at < to && buffer[at] !== SPACE && buffer[at] !== TAB) bits |= buffer[at++] ?? 0;
      if (column < count) {
        starts[column] = start;
        ends[column] = at;
      }
      column++;
    }
    return column === 0 ? 'blank' : this.#checked(buffer, from, to, column, bits);
  }

  #checked(buffer: Buffer, from: number, to: number, columns: number, bits: number): Split {
    const row = this.#row;
    const count = this.#count;
    if (this.#exact) {
      const trailing = columns === count + 1 && this.#delimiter !== SPACE && buffer[to - 1] === this.#delimiter;
      if (columns !== count && !trailing) return 'wrong-columns';
    } else if (columns > COLUMN_LIMIT || (this.#shape.header ? columns < 2 : columns < count)) return 'wrong-columns';
    row.count = Math.min(columns, count);
    return bits > 0x7f && !isUtf8(buffer.subarray(from, to)) ? 'bad-utf8' : 'record';
  }
}

function equals(buffer: Buffer, from: number, to: number, other: Buffer): boolean {
  return to - from === other.length && startsWith(buffer, from, to, other);
}

function startsWith(buffer: Buffer, from: number, to: number, other: Buffer): boolean {
  if (to - from < other.length) return false;
  for (let at = 0; at < other.length; at++) if (buffer[from + at] !== other[at]) return false;
  return true;
}
