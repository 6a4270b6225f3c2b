import { type CaptureReader, MAX_PACKET_BYTES, type PacketRecord, type PacketSink } from './packet-sink.ts';

/** The snoop capture file of Solaris (RFC 1761), and of Shomiti and Finisar Surveyor, which widened it. */

const FILE_HEADER = 16;
const RECORD_HEADER = 24;
/** Longest padding behind a packet; Surveyor puts a trailer there. */
const MAX_PADDING = 512;
/** Bytes of Surveyor's trailer: so much padding in the first record means that the link types are Surveyor's. */
const SURVEYOR_TRAILER = 16;
const RESYNC_SECONDS = 86_400;

/** snoop datalink types (IANA registry, Solaris dlpi.h) to LINKTYPE_. */
const SNOOP_LINKS: Readonly<Record<number, number>> = {
  0: 1,
  2: 6,
  4: 1,
  8: 10,
  18: 123,
  24: 1,
  25: 1,
  26: 242,
  0x80000005: 226,
};
const SURVEYOR_LINKS: Readonly<Record<number, number>> = {
  0: 1,
  2: 6,
  4: 1,
  8: 10,
  10: 1,
  11: 6,
  12: 1,
  13: 6,
  14: 6,
  19: 1,
};
/** Datalink types without a LINKTYPE_ keep their number above all of those, so that packets are refused, not misread. */
export const SNOOP_DATALINK = 0x10000;

export class SnoopReader implements CaptureReader {
  readonly #sink: PacketSink;
  #linkType = -1;
  #lastSeconds = 0;
  #dropped = 0;
  #droppedAt = 0;
  #searching = false;
  packets = 0;

  constructor(sink: PacketSink) {
    this.#sink = sink;
  }

  get linkTypes(): number[] {
    return this.#linkType < 0 ? [] : [this.#linkType];
  }

  record(bytes: Uint8Array, start: number, into: PacketRecord): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset + start - RECORD_HEADER, RECORD_HEADER);
    const ticks = BigInt(view.getUint32(16)) * 1_000_000n + BigInt(Math.min(view.getUint32(20), 999_999));
    into.high = Number(ticks >> 32n);
    into.low = Number(ticks & 0xffffffffn);
    into.resolution = 6;
    into.offset = 0;
    into.captured = view.getUint32(4);
    into.original = view.getUint32(0);
    into.fcsBytes = 0;
    into.snaplen = 0;
    into.interface = 0;
  }

  consume(bytes: Uint8Array, end: number, base: number, final: boolean): number {
    const view = new DataView(bytes.buffer, bytes.byteOffset, end);
    let at = 0;
    if (this.#linkType < 0) {
      if (end < FILE_HEADER + RECORD_HEADER && !final) return 0;
      if (end < FILE_HEADER) {
        this.#sink.problem('truncated-header', base, 'the capture ends inside its file header');
        return end;
      }
      this.#readHeader(view, end, base);
      at = FILE_HEADER;
    }
    for (;;) {
      if (this.#searching) {
        at = this.#search(view, at, end, base, final);
        if (this.#searching) return at;
      }
      if (end - at < RECORD_HEADER) break;
      if (!this.#isRecord(view, at)) {
        const message = `record ${this.packets + 1} has no sound lengths; searching for the next sound record`;
        this.#sink.problem('damaged-record', base + at, message);
        this.#searching = true;
        at++;
        continue;
      }
      const length = view.getUint32(at + 8);
      if (end - at < length && !(final && end - at >= RECORD_HEADER + view.getUint32(at + 4))) break;
      this.#record(view, bytes, at, base);
      at = Math.min(end, at + length);
    }
    if (!final) return at;
    if (at < end) {
      this.#sink.problem('truncated-packet', base + at, `the capture ends inside record ${this.packets + 1}`);
    }
    if (this.#dropped > 0) {
      const message = 'packets that the capturing machine dropped, as the capture itself says';
      this.#sink.problem('capture-dropped', this.#droppedAt, message, this.#dropped);
    }
    return end;
  }

  #readHeader(view: DataView, end: number, base: number): void {
    const version = view.getUint32(8);
    if (version < 2 || version > 5) {
      this.#sink.problem('unknown-version', base + 8, `snoop of version ${version} is read as version 2`);
    }
    const datalink = view.getUint32(12);
    const padding =
      end >= FILE_HEADER + RECORD_HEADER
        ? view.getUint32(FILE_HEADER + 8) - RECORD_HEADER - view.getUint32(FILE_HEADER + 4)
        : 0;
    const links = padding >= SURVEYOR_TRAILER && padding <= MAX_PADDING ? SURVEYOR_LINKS : SNOOP_LINKS;
    this.#linkType = links[datalink] ?? SNOOP_DATALINK + (datalink & 0xffff);
  }

  #isRecord(view: DataView, at: number): boolean {
    const captured = view.getUint32(at + 4);
    const padding = view.getUint32(at + 8) - RECORD_HEADER - captured;
    return captured <= MAX_PACKET_BYTES && captured <= view.getUint32(at) && padding >= 0 && padding <= MAX_PADDING;
  }

  #record(view: DataView, bytes: Uint8Array, at: number, base: number): void {
    const start = at + RECORD_HEADER;
    const seconds = view.getUint32(at + 16);
    this.#lastSeconds = seconds;
    const dropped = view.getUint32(at + 12);
    // The count is cumulative; one of that size is damage.
    if (dropped > this.#dropped && dropped < 0x80000000) {
      if (this.#dropped === 0) this.#droppedAt = base + at;
      this.#dropped = dropped;
    }
    const time = seconds * 1e6 + Math.min(view.getUint32(at + 20), 999_999);
    const end = start + view.getUint32(at + 4);
    this.#sink.packet(bytes, start, end, view.getUint32(at), time, this.#linkType, ++this.packets);
  }

  #isPlausible(view: DataView, at: number): boolean {
    if (!this.#isRecord(view, at) || view.getUint32(at + 4) === 0 || view.getUint32(at) > 1 << 24) return false;
    if (view.getUint32(at + 20) > 999_999) return false;
    return this.packets === 0 || Math.abs(view.getUint32(at + 16) - this.#lastSeconds) <= RESYNC_SECONDS;
  }

  /** Looks for a record that is followed by another one, or by the end of the file. */
  #search(view: DataView, from: number, end: number, base: number, final: boolean): number {
    let at = from;
    for (; end - at >= RECORD_HEADER; at++) {
      if (!this.#isPlausible(view, at)) continue;
      const next = at + view.getUint32(at + 8);
      const isFollowed = next + RECORD_HEADER <= end ? this.#isPlausible(view, next) : final && next === end;
      if (isFollowed) {
        this.#searching = false;
        return at;
      }
      if (next + RECORD_HEADER > end && !final) return at;
    }
    if (!final) return at;
    this.#sink.problem('damaged-end', base + from, 'no sound record was found after the damage');
    return end;
  }
}
