import { MAX_PACKET_BYTES, type PacketSink, type WindowReader } from './packet-sink.ts';

/** The classic libpcap capture file (draft-ietf-opsawg-pcap): microseconds or nanoseconds, either byte order. */

const FILE_HEADER = 24;
const RECORD_HEADER = 16;
/** While searching for the next record after damage, its time must lie this close to the last good one, seconds. */
const RESYNC_SECONDS = 86_400;
/** So many records must follow one another before one with an impossible time is taken for a record. */
const JOINTS = 5;

export const PCAP_MAGICS: ReadonlySet<number> = new Set([0xa1b2c3d4, 0xd4c3b2a1, 0xa1b23c4d, 0x4d3cb2a1]);

export class PcapReader implements WindowReader {
  readonly #sink: PacketSink;
  #headerRead = false;
  #bigEndian = false;
  #nanoseconds = false;
  #linkType = 0;
  #limit = MAX_PACKET_BYTES;
  #lastSeconds = 0;
  #searching = false;
  /** Fractions of a second from here on are wrong: a faulty clock, or a header that is none. */
  #fractionEnd = 0;
  packets = 0;

  constructor(sink: PacketSink) {
    this.#sink = sink;
  }

  get linkTypes(): number[] {
    return this.#headerRead ? [this.#linkType] : [];
  }

  #u32(bytes: Uint8Array, at: number): number {
    const a = bytes[at];
    const b = bytes[at + 1];
    const c = bytes[at + 2];
    const d = bytes[at + 3];
    return (this.#bigEndian ? (a << 24) | (b << 16) | (c << 8) | d : (d << 24) | (c << 16) | (b << 8) | a) >>> 0;
  }

  #readHeader(bytes: Uint8Array): void {
    this.#bigEndian = bytes[0] === 0xa1;
    const magic = this.#u32(bytes, 0);
    this.#nanoseconds = magic === 0xa1b23c4d;
    this.#fractionEnd = this.#nanoseconds ? 1e9 : 1e6;
    const snaplen = this.#u32(bytes, 16);
    // Some writers put more into a record than their own header allows, so a small snaplen binds nobody.
    this.#limit = Math.max(MAX_PACKET_BYTES, Math.min(snaplen, 1 << 20));
    // The upper half of the field holds the frame check sequence's length, not the link type.
    this.#linkType = this.#u32(bytes, 20) & 0xffff;
    this.#headerRead = true;
  }

  consume(bytes: Uint8Array, end: number, base: number, final: boolean): number {
    let at = 0;
    if (!this.#headerRead) {
      if (end < FILE_HEADER) {
        if (final) this.#sink.problem('truncated-header', base, 'the capture ends inside its file header');
        return final ? end : 0;
      }
      this.#readHeader(bytes);
      at = FILE_HEADER;
    }
    /** Where a record begins that is taken although its fraction of a second or its length on the wire is wrong. */
    let oddAt = -1;
    for (;;) {
      if (this.#searching) {
        at = this.#search(bytes, at, end, base, final);
        if (this.#searching) return at;
      }
      at = this.#records(bytes, at, end, oddAt);
      if (end - at < RECORD_HEADER) break;
      const captured = this.#u32(bytes, at + 8);
      const fraction = this.#u32(bytes, at + 4);
      if (captured <= this.#limit) {
        if (fraction < this.#fractionEnd && captured <= this.#u32(bytes, at + 12)) break;
        const joined = this.#joined(bytes, at, end, final);
        if (joined === null) break;
        if (joined) {
          // Only the time or the length on the wire is wrong: some writers put nanoseconds into a file that promises
          // microseconds, others more bytes than the packet had.
          oddAt = at;
          continue;
        }
      }
      const fault =
        captured > this.#limit ? `claims ${captured} bytes` : 'has no sound time or length, or the one before lies';
      this.#sink.problem(
        'damaged-record',
        base + at,
        `record ${this.packets + 1} ${fault}; searching for the next sound record`,
      );
      this.#searching = true;
      at++;
    }
    if (!final) return at;
    if (at < end) {
      this.#sink.problem('truncated-packet', base + at, `the capture ends inside record ${this.packets + 1}`);
    }
    return end;
  }

  /** Hands on whole records from `at`; stops before the first that is not whole or not sound. */
  #records(bytes: Uint8Array, from: number, end: number, oddAt: number): number {
    const sink = this.#sink;
    const bigEndian = this.#bigEndian;
    const nanoseconds = this.#nanoseconds;
    const limit = this.#limit;
    const fractionEnd = this.#fractionEnd;
    const linkType = this.#linkType;
    let at = from;
    let seconds = this.#lastSeconds;
    let packets = this.packets;
    while (end - at >= RECORD_HEADER) {
      let fraction: number;
      let captured: number;
      let original: number;
      if (bigEndian) {
        captured = this.#u32(bytes, at + 8);
        fraction = this.#u32(bytes, at + 4);
        original = this.#u32(bytes, at + 12);
        if (captured > limit || end - at - RECORD_HEADER < captured) break;
        if ((fraction >= fractionEnd || captured > original) && at !== oddAt) break;
        seconds = this.#u32(bytes, at);
      } else {
        captured = readLittle(bytes, at + 8);
        fraction = readLittle(bytes, at + 4);
        original = readLittle(bytes, at + 12);
        if (captured > limit || end - at - RECORD_HEADER < captured) break;
        if ((fraction >= fractionEnd || captured > original) && at !== oddAt) break;
        seconds = readLittle(bytes, at);
      }
      const start = at + RECORD_HEADER;
      at = start + captured;
      const time = seconds * 1e6 + (nanoseconds ? Math.floor(fraction / 1000) : fraction);
      sink.packet(bytes, start, at, original, time, linkType, ++packets);
    }
    this.#lastSeconds = seconds;
    this.packets = packets;
    return at;
  }

  /** Whether the records from `at` on join, by their lengths alone; null when more of the file must be seen to tell. */
  #joined(bytes: Uint8Array, from: number, end: number, final: boolean): boolean | null {
    let at = from;
    for (let joint = 0; joint < JOINTS; joint++) {
      if (at + RECORD_HEADER > end) return final ? at === end : null;
      const captured = this.#u32(bytes, at + 8);
      if (captured > this.#limit) return false;
      at += RECORD_HEADER + captured;
    }
    return true;
  }

  #plausible(bytes: Uint8Array, at: number): boolean {
    const captured = this.#u32(bytes, at + 8);
    const original = this.#u32(bytes, at + 12);
    if (captured === 0 || captured > this.#limit || captured > original || original > 1 << 24) return false;
    if (this.#u32(bytes, at + 4) >= this.#fractionEnd) return false;
    const seconds = this.#u32(bytes, at);
    return this.packets === 0 || Math.abs(seconds - this.#lastSeconds) <= RESYNC_SECONDS;
  }

  /** Looks for a record header that is followed by another one (or by the end of the file). */
  #search(bytes: Uint8Array, from: number, end: number, base: number, final: boolean): number {
    let at = from;
    for (; end - at >= RECORD_HEADER; at++) {
      if (!this.#plausible(bytes, at)) continue;
      const next = at + RECORD_HEADER + this.#u32(bytes, at + 8);
      if (next + RECORD_HEADER <= end ? this.#plausible(bytes, next) : final && next === end) {
        this.#searching = false;
        return at;
      }
      if (next + RECORD_HEADER > end && !final) return at;
    }
    if (final) {
      this.#sink.problem('damaged-end', base + from, 'no sound record was found after the damage');
      return end;
    }
    return at;
  }
}

function readLittle(bytes: Uint8Array, at: number): number {
  return (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0;
}
