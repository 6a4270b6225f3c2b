/** Longest line, and longest record of several lines, in bytes; longer ones are dropped and counted. */
export const LINE_LIMIT = 1024 * 1024;

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** Cuts text into lines. Holds at most one line. Lines come without line feed and carriage return, the first without a byte order mark. */
export class LineSplitter {
  /** Lines begun so far; of the line that is handed on, its number from 1. */
  line = 0;
  readonly #onLine: (buffer: Buffer, from: number, to: number) => void;
  readonly #onTooLong: () => void;
  #partial: Buffer = Buffer.alloc(4096);
  #partialLength = 0;
  #tooLong = false;

  constructor(onLine: (buffer: Buffer, from: number, to: number) => void, onTooLong: () => void) {
    this.#onLine = onLine;
    this.#onTooLong = onTooLong;
  }

  push(buffer: Buffer): void {
    let from = 0;
    for (;;) {
      const feed = buffer.indexOf(LINE_FEED, from);
      if (feed < 0) break;
      if (this.#partialLength > 0 || this.#tooLong) {
        this.#keep(buffer, from, feed);
        this.#endPartial();
      } else this.#lineIn(buffer, from, feed);
      from = feed + 1;
    }
    this.#keep(buffer, from, buffer.length);
  }

  /** Hands on a last line that has no line feed. */
  end(): void {
    if (this.#partialLength > 0 || this.#tooLong) this.#endPartial();
  }

  #keep(buffer: Buffer, from: number, to: number): void {
    if (this.#tooLong) return;
    const length = this.#partialLength + to - from;
    if (length > LINE_LIMIT) {
      this.#tooLong = true;
      return;
    }
    if (length > this.#partial.length) {
      const larger = Buffer.alloc(Math.min(LINE_LIMIT, 2 ** Math.ceil(Math.log2(length))));
      this.#partial.copy(larger, 0, 0, this.#partialLength);
      this.#partial = larger;
    }
    buffer.copy(this.#partial, this.#partialLength, from, to);
    this.#partialLength = length;
  }

  #endPartial(): void {
    const length = this.#partialLength;
    const tooLong = this.#tooLong;
    this.#partialLength = 0;
    this.#tooLong = false;
    if (tooLong) {
      this.line++;
      this.#onTooLong();
    } else this.#lineIn(this.#partial, 0, length);
  }

  #lineIn(buffer: Buffer, from: number, feed: number): void {
    this.line++;
    if (feed - from > LINE_LIMIT) {
      this.#onTooLong();
      return;
    }
    let start = from;
    if (this.line === 1 && buffer[from] === 0xef && buffer[from + 1] === 0xbb && buffer[from + 2] === 0xbf) start += 3;
    this.#onLine(buffer, start, feed > start && buffer[feed - 1] === CARRIAGE_RETURN ? feed - 1 : feed);
  }
}
