import { IPFIX_HEADER, NetflowCollector, setsEnd } from './netflow-collector.ts';
import { u16, u32 } from './exported-records.ts';
import type { EvidenceSink } from '../flow-sink.ts';

/**
 * IPFIX files (RFC 5655): messages one behind the other, without anything between. Nobody says who sent them; templates
 * hold for the whole file, by observation domain.
 */

const VERSION = 10;
/** Sets of a message that are followed while searching, so that a search costs no more than so many looks at each byte. */
const SETS_TRIED = 32;
const LONGEST_MESSAGE = 65_535;
const CAPACITY = 4 * LONGEST_MESSAGE;

/**
 * True when a file begins (the first bytes, 20 at least) as an IPFIX file does: with a sound message, or with a set of
 * templates behind a message header, whatever its lengths say.
 */
export function detectIpfixFile(head: Uint8Array): boolean {
  if (isMessage(head, 0, head.length)) return true;
  if (head.length < IPFIX_HEADER + 4 || u16(head, 0) !== VERSION || u32(head, 4) === 0) return false;
  const set = u16(head, IPFIX_HEADER);
  return u16(head, 2) > IPFIX_HEADER && (set === 2 || set === 3) && u16(head, IPFIX_HEADER + 2) > 4;
}

/** True when a sound message begins at `at`, as far as it lies before `end`. */
function isMessage(bytes: Uint8Array, at: number, end: number): boolean {
  if (end - at < IPFIX_HEADER + 4 || u16(bytes, at) !== VERSION) return false;
  const length = u16(bytes, at + 2);
  if (length < IPFIX_HEADER + 4 || u32(bytes, at + 4) === 0) return false;
  const next = at + length;
  const sets = at + IPFIX_HEADER;
  if (next > end) {
    const first = u16(bytes, sets);
    const setLength = u16(bytes, sets + 2);
    return (first === 2 || first === 3 || first >= 256) && setLength >= 4 && setLength <= length - IPFIX_HEADER;
  }
  const chainEnd = setsEnd(VERSION, bytes, sets, next, SETS_TRIED);
  return chainEnd === next || setsEnd(VERSION, bytes, chainEnd, next, 1) > chainEnd;
}

/**
 * Reads an IPFIX file, given in pieces of any size (bytes already decompressed). Holds at most 256 KiB of it. After
 * damage it goes on at the next sound message: `damaged-message`. Other problems as NetflowCollector tells them.
 */
export class IpfixFileReader {
  readonly #sink: EvidenceSink;
  readonly #collector: NetflowCollector;
  readonly #held = new Uint8Array(CAPACITY);
  #length = 0;
  /** Where `#held` begins in the file. */
  #base = 0;
  #isSearching = false;

  constructor(sink: EvidenceSink) {
    this.#sink = sink;
    this.#collector = new NetflowCollector(sink, 'records');
  }

  /** Data records read without fault so far. */
  get records(): number {
    return this.#collector.records;
  }

  /** Earliest start and latest end of a flow so far, microseconds since the epoch; null before the first. */
  get firstSeen(): number | null {
    return this.#collector.firstSeen;
  }

  get lastSeen(): number | null {
    return this.#collector.lastSeen;
  }

  push(chunk: Uint8Array): void {
    let from = 0;
    while (from < chunk.length) {
      const taken = Math.min(chunk.length - from, CAPACITY - this.#length);
      this.#held.set(chunk.subarray(from, from + taken), this.#length);
      this.#length += taken;
      from += taken;
      if (this.#length === CAPACITY) this.#consume(false);
    }
  }

  /** Ends the file: reads what is left, and tells what could not be. */
  end(): void {
    this.#consume(true);
    this.#collector.end();
  }

  #consume(isFinal: boolean): void {
    let at = 0;
    for (;;) {
      const available = this.#length - at;
      // One whole message and the beginning of the next are there to be judged, or all that ever will be.
      if (available === 0 || (!isFinal && available < LONGEST_MESSAGE + IPFIX_HEADER + 4)) break;
      const next = this.#message(at);
      if (next > at) {
        this.#isSearching = false;
        at = next;
        continue;
      }
      this.#lost(at);
      this.#isSearching = true;
      at++;
    }
    this.#held.copyWithin(0, at, this.#length);
    this.#length -= at;
    this.#base += at;
  }

  /** Reads the message at `at`; gives where the next begins, `at` itself when none does here. */
  #message(at: number): number {
    const held = this.#held;
    if (held[at] !== 0 || held[at + 1] !== VERSION) return at;
    const available = this.#length - at;
    const length = available < IPFIX_HEADER ? 0 : u16(held, at + 2);
    const isSound = isMessage(held, at, this.#length);
    if (isSound && length > available) {
      const behind = this.#wholeMessage(at + 1);
      if (behind >= 0) {
        this.#lost(at);
        return behind;
      }
    }
    // A message whose sets are damaged is read as far as it can be when it ends where another begins, or the file ends.
    const next = at + length;
    const isPlaced =
      length >= IPFIX_HEADER && (next === this.#length || (next < this.#length && isMessage(held, next, this.#length)));
    if (!isSound && (this.#isSearching || !isPlaced)) return at;
    const to = Math.min(next, this.#length);
    this.#collector.message(held, at, to, undefined, 0, 0, this.#base + at);
    return to;
  }

  #lost(at: number): void {
    if (this.#isSearching) return;
    const message = 'what stands here is no sound IPFIX message; searching for the next';
    this.#sink.problem('damaged-message', this.#base + at, message);
  }

  /** Where the first sound and whole message begins; -1 when there is none. */
  #wholeMessage(from: number): number {
    for (let at = from; at + IPFIX_HEADER + 4 <= this.#length; at++) {
      const isWhole = at + u16(this.#held, at + 2) <= this.#length;
      if (this.#held[at] === 0 && isWhole && isMessage(this.#held, at, this.#length)) return at;
    }
    return -1;
  }
}
