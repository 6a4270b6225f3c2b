/** Bytes on their way through decompressors and archives: taken in pieces, looked at in any length. */

/** Pieces of a stream of bytes; each is valid until the next is asked for. */
export type Pieces = AsyncIterable<Uint8Array>;

const FIRST_CAPACITY = 1 << 17;

/** The front of a stream, as long as its user wants to see it. Errors of the source come out of `fill`, each time. */
export class ByteQueue {
  readonly #source: AsyncIterator<Uint8Array>;
  #buffer = Buffer.allocUnsafeSlow(FIRST_CAPACITY);
  #start = 0;
  #end = 0;
  #ended = false;
  #error: unknown = null;
  #offset = 0;

  constructor(pieces: Pieces) {
    this.#source = pieces[Symbol.asyncIterator]();
  }

  /** Bytes dropped so far: where `bytes` begins in the stream. */
  get offset(): number {
    return this.#offset;
  }

  /** All that is there; valid until the next `fill`. */
  get bytes(): Buffer {
    return this.#buffer.subarray(this.#start, this.#end);
  }

  get length(): number {
    return this.#end - this.#start;
  }

  /** Waits until `count` bytes are there; false when the stream ends before. */
  async fill(count: number): Promise<boolean> {
    while (this.length < count) {
      if (this.#error !== null) throw this.#error;
      if (this.#ended) return false;
      try {
        const next = await this.#source.next();
        if (next.done === true) this.#ended = true;
        else this.#append(next.value);
      } catch (error) {
        this.#error = error;
      }
    }
    return true;
  }

  #append(piece: Uint8Array): void {
    if (this.#end + piece.length > this.#buffer.length) {
      const needed = this.length + piece.length;
      const target = needed > this.#buffer.length / 2 ? Buffer.allocUnsafeSlow(needed * 2) : this.#buffer;
      this.#buffer.copy(target, 0, this.#start, this.#end);
      this.#end -= this.#start;
      this.#start = 0;
      this.#buffer = target;
    }
    this.#buffer.set(piece, this.#end);
    this.#end += piece.length;
  }

  /** Lets go of bytes that are there. */
  drop(count: number): void {
    this.#start += count;
    this.#offset += count;
    if (this.#start === this.#end) this.#start = this.#end = 0;
  }

  /** Passes by `count` bytes; false when the stream ends before. */
  async skip(count: number): Promise<boolean> {
    for (let left = count; left > 0;) {
      if (!(await this.fill(1))) return false;
      const step = Math.min(left, this.length);
      this.drop(step);
      left -= step;
    }
    return true;
  }

  /** The next `count` bytes (all that follow, by default) as pieces; ends early when the stream does. */
  async *pieces(count = Infinity): AsyncGenerator<Uint8Array> {
    for (let left = count; left > 0 && (await this.fill(1));) {
      const piece = this.bytes.subarray(0, Math.min(left, this.length));
      yield piece;
      this.drop(piece.length);
      left -= piece.length;
    }
  }

  /** Ends the source, when the rest is not wanted. */
  async close(): Promise<void> {
    this.#ended = true;
    await this.#source.return?.();
  }
}
