import { isUtf8 } from 'node:buffer';
import { LINE_LIMIT } from '../line-splitter.ts';
import { type JsonObject, parseJsonObject } from '../zeek/zeek-json.ts';

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const COMMA = 0x2c;
const SPACE = 0x20;
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];
const TAB = 0x09;

/** An object over several lines that is longer is read byte by byte. */
const WHOLE_OBJECT = 16 * 1024;

/** After so many vain looks for the end of an object over several lines, all are read byte by byte. */
const MISSES = 64;

function nextOf(buffer: Buffer, what: number | Buffer, from: number): number {
  const at = buffer.indexOf(what, from);
  return at < 0 ? Infinity : at;
}

export type JsonFault = 'bad-json' | 'bad-utf8' | 'line-too-long';

export interface JsonHandlers {
  /** A line that is one object, before it is parsed: true when it was taken as it stands. */
  line?(buffer: Buffer, from: number, to: number, line: number): boolean;
  /** One object, and the line of its opening brace. */
  object(object: JsonObject, line: number): void;
  fault(kind: JsonFault, line: number, message: string): void;
}

/**
 * JSON objects out of pieces of any size: one a line (NDJSON), printed over several lines, or as elements of one array.
 * An object that is damaged costs itself: reading goes on at the next line that begins with a brace as far in as the object's
 * own, or behind a line that ends within a string. An object is at most 1 MiB; at most one is held.
 */
export class JsonObjects {
  readonly #handlers: JsonHandlers;
  #held: Buffer = Buffer.alloc(0);
  /** Of `#held`, the bytes looked at already; its first byte is the object's brace while `#depth` > 0. */
  #looked = 0;
  #depth = 0;
  #inString = false;
  #escaped = false;
  /** Line of the byte looked at, from 1; where it begins, counted from the object's brace or, outside, from the held bytes. */
  #line = 1;
  #lineStart = 0;
  #objectLine = 1;
  /** Bytes between line start and brace of the object. */
  #indent = 0;
  /** What ends an object printed over several lines: a line feed, the object's indent, a brace. */
  #closing: Buffer = Buffer.alloc(0);
  /** Where, in the piece in work, the next line feed and the next `#closing` are; Infinity = no more; before the place looked at = not known. */
  #nextFeed = -1;
  /** Line feed up to which the piece in work is known not to be one object: what follows the first on that line is not tried again. */
  #triedFeed = -1;
  #nextClosing = -1;
  /** Objects that did not end as `#closing` says. */
  #misses = 0;
  /** Passing over a line that is no JSON, or an object that is too long. */
  #skipping = false;
  /** Bytes of a byte order mark met at the very beginning. */
  #mark = 0;

  constructor(handlers: JsonHandlers) {
    this.#handlers = handlers;
  }

  push(chunk: Uint8Array): void {
    let piece = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    if (this.#held.length > 0 && this.#depth > 0) {
      // Most often only the line in work goes on in the next piece: then the piece need not be copied.
      const feed = piece.indexOf(LINE_FEED);
      if (feed >= 0 && feed + 1 < piece.length) {
        this.#scan(Buffer.concat([this.#held, piece.subarray(0, feed + 1)]));
        piece = piece.subarray(feed + 1);
      }
    }
    this.#scan(this.#held.length === 0 ? piece : Buffer.concat([this.#held, piece]));
  }

  /** Ends the text: an object that is not closed is lost. */
  end(): void {
    if (this.#depth > 0) {
      this.#handlers.fault('bad-json', this.#objectLine, 'the object is not closed at the end of the file');
    }
    this.#held = Buffer.alloc(0);
    this.#looked = 0;
    this.#depth = 0;
  }

  #scan(buffer: Buffer): void {
    const { length } = buffer;
    this.#nextFeed = this.#triedFeed = this.#nextClosing = -1;
    /** Where the object in work begins, or the first byte not yet done with. */
    let start = 0;
    let at = this.#looked;
    let depth = this.#depth;
    let inString = this.#inString;
    let escaped = this.#escaped;
    while (at < length) {
      const byte = buffer[at] ?? 0;
      if (depth === 0) {
        if (this.#skipping) {
          const feed = buffer.indexOf(LINE_FEED, at);
          if (feed < 0) {
            at = length;
            break;
          }
          this.#skipping = false;
          at = feed;
          continue;
        }
        if (byte === LINE_FEED) {
          this.#line++;
          this.#lineStart = at + 1;
          at++;
          continue;
        }
        if (byte === BYTE_ORDER_MARK[this.#mark]) {
          this.#mark++;
          this.#lineStart = ++at;
          continue;
        }
        this.#mark = BYTE_ORDER_MARK.length;
        if (byte === OPEN) {
          const behind = this.#wholeLine(buffer, at) || this.#wholeObject(buffer, at);
          if (behind > 0) {
            at = behind;
            continue;
          }
          start = at;
          depth = 1;
          inString = false;
          escaped = false;
          this.#objectLine = this.#line;
          this.#indent = at - this.#lineStart;
        } else if (byte > SPACE && byte !== COMMA && byte !== 0x5b && byte !== 0x5d) {
          this.#handlers.fault('bad-json', this.#line, 'the line is not a JSON object');
          this.#skipping = true;
        }
        at++;
        continue;
      }
      if (at - start > LINE_LIMIT) {
        this.#handlers.fault('line-too-long', this.#objectLine, 'the object is longer than 1 MiB');
        depth = 0;
        this.#skipping = true;
        continue;
      }
      if (inString) {
        if (byte === LINE_FEED) {
          this.#handlers.fault('bad-json', this.#objectLine, 'the line ends within a string');
          inString = escaped = false;
          depth = 0;
          continue;
        }
        if (escaped) escaped = false;
        else if (byte === BACKSLASH) escaped = true;
        else if (byte === QUOTE) inString = false;
        at++;
        continue;
      }
      if (byte === QUOTE) inString = true;
      else if (byte === OPEN) {
        if (at - this.#lineStart === this.#indent && this.#onlyBlanks(buffer, this.#lineStart, at)) {
          this.#handlers.fault('bad-json', this.#objectLine, 'another object begins before this one is closed');
          depth = 0;
          continue;
        }
        depth++;
      } else if (byte === CLOSE && --depth === 0) {
        this.#emit(buffer, start, at + 1, this.#objectLine);
        start = at + 1;
      } else if (byte === LINE_FEED) {
        this.#line++;
        this.#lineStart = at + 1;
      }
      at++;
    }
    const keep = depth > 0 ? start : length;
    this.#held = keep < length ? Buffer.from(buffer.subarray(keep)) : Buffer.alloc(0);
    this.#looked = length - keep;
    this.#lineStart -= keep;
    this.#depth = depth;
    this.#inString = inString;
    this.#escaped = escaped;
  }

  /** The common case: the whole of an object on one line. Returns where to go on, or 0 when it is not so. */
  #wholeLine(buffer: Buffer, from: number): number {
    if (this.#nextFeed < from) this.#nextFeed = nextOf(buffer, LINE_FEED, from);
    const feed = this.#nextFeed;
    if (feed === Infinity || feed === this.#triedFeed || feed - from > LINE_LIMIT) return 0;
    this.#triedFeed = feed;
    let end = feed;
    while (end > from) {
      const byte = buffer[end - 1];
      if (byte !== CARRIAGE_RETURN && byte !== SPACE && byte !== TAB && byte !== COMMA) break;
      end--;
    }
    if (buffer[end - 1] !== CLOSE || end - from < 2) return 0;
    if (this.#handlers.line?.(buffer, from, end, this.#line) === true) return feed;
    if (!isUtf8(buffer.subarray(from, end))) {
      this.#handlers.fault('bad-utf8', this.#line, 'the line is not UTF-8');
      return feed;
    }
    const object = parseJsonObject(buffer.toString('utf8', from, end));
    if (object === null) return 0;
    this.#handlers.object(object, this.#line);
    return feed;
  }

  /**
   * The other common case: an object printed over several lines, its last brace as far in as its first. Whatever else ends so
   * is no JSON, and is left to the scan byte by byte. Returns where to go on, or 0 when it is not so.
   */
  #wholeObject(buffer: Buffer, from: number): number {
    if (this.#nextFeed === Infinity || this.#misses >= MISSES || this.#lineStart < 0) return 0;
    if (!this.#onlyBlanks(buffer, this.#lineStart, from)) return 0;
    const indent = from - this.#lineStart;
    if (this.#closing.length !== indent + 2) {
      this.#closing = Buffer.concat([Buffer.of(LINE_FEED), buffer.subarray(this.#lineStart, from), Buffer.of(CLOSE)]);
      this.#nextClosing = -1;
      this.#misses++;
    }
    if (this.#nextClosing < from) this.#nextClosing = nextOf(buffer, this.#closing, from);
    const end = this.#nextClosing + this.#closing.length;
    if (end - from > WHOLE_OBJECT) return 0;
    const text = buffer.subarray(from, end);
    const object = isUtf8(text) ? parseJsonObject(text.toString('utf8')) : null;
    if (object === null) {
      this.#misses++;
      return 0;
    }
    this.#handlers.object(object, this.#line);
    for (let at = from; at < end; at++) {
      if (buffer[at] !== LINE_FEED) continue;
      this.#line++;
      this.#lineStart = at + 1;
    }
    return end;
  }

  #emit(buffer: Buffer, from: number, to: number, line: number): void {
    const utf8 = isUtf8(buffer.subarray(from, to));
    const object = utf8 ? parseJsonObject(buffer.toString('utf8', from, to)) : null;
    if (object !== null) this.#handlers.object(object, line);
    else if (utf8) this.#handlers.fault('bad-json', line, 'the braces hold no JSON object');
    else this.#handlers.fault('bad-utf8', line, 'the object is not UTF-8');
  }

  #onlyBlanks(buffer: Buffer, from: number, to: number): boolean {
    for (let at = Math.max(0, from); at < to; at++) if (buffer[at] !== SPACE && buffer[at] !== TAB) return false;
    return from >= 0;
  }
}
