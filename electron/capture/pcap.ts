import { type CaptureReader, MAX_PACKET_BYTES, type PacketRecord, type PacketSink, WithoutFcs } from './packet-sink.ts';

/**
 * The classic libpcap capture file (draft-ietf-opsawg-pcap): microseconds or nanoseconds, either byte order; and the
 * variants that were written with other record headers, of Alexey Kuznetzov's patches, Nokia, Ixia, AIX and the libpcap
 * before 0.4 (as Wireshark's wiretap/libpcap.c tells them apart).
 */

const FILE_HEADER = 24;
const RECORD_HEADER = 16;
/** While searching for the next record after damage, its time must lie this close to the last good one, seconds. */
const RESYNC_SECONDS = 86_400;
/** So many records must follow one another before one with an impossible time is taken for a record. */
const JOINTS = 5;

const MICROSECONDS = 0xa1b2c3d4;
const NANOSECONDS = 0xa1b23c4d;
const MODIFIED = 0xa1b2cd34;
const IXIA_HARDWARE = 0x1c0001ac;
const IXIA_SOFTWARE = 0x1c0001ab;

/** Magic numbers as they are read big-endian: each in both byte orders. */
export const PCAP_MAGICS: ReadonlySet<number> = new Set(
  [MICROSECONDS, NANOSECONDS, MODIFIED, IXIA_HARDWARE, IXIA_SOFTWARE].flatMap((magic) => [magic, swapped(magic)]),
);

/** A record header: the usual 16 bytes, to which variants add an interface, a protocol and a packet type. */
interface RecordLayout {
  readonly bytes: number;
  /** The length on the wire may come before the captured one; the shorter is the captured one. */
  readonly isSwapped: boolean;
}

const USUAL: RecordLayout = { bytes: RECORD_HEADER, isSwapped: false };
const SWAPPED: RecordLayout = { bytes: RECORD_HEADER, isSwapped: true };
/** Kuznetzov's patches of April and October 1999. */
const WITH_INTERFACE: RecordLayout = { bytes: 24, isSwapped: false };
/** Kuznetzov's patch of September 1999 (SuSE 6.3). */
const WITH_PROCESSORS: RecordLayout = { bytes: 28, isSwapped: false };
const NOKIA: RecordLayout = { bytes: 20, isSwapped: false };

/** Link types in files of AIX, which have interface types of RFC 1573 there. */
const AIX_LINKS: Readonly<Record<number, number>> = { 6: 1, 9: 6, 15: 10, 24: 0 };

/** Records at the start that are looked at to tell the layout. */
const DECIDING_RECORDS = 3;

function swapped(word: number): number {
  return ((word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)) >>> 0;
}

export class PcapReader implements CaptureReader {
  #sink: PacketSink;
  #layout = USUAL;
  /** Layouts to choose from by the first records, once the file header is read. */
  #candidates: readonly RecordLayout[] = [];
  #headerRead = false;
  #bigEndian = false;
  #nanoseconds = false;
  #linkType = 0;
  #limit = MAX_PACKET_BYTES;
  #snaplen = 0;
  #fcsBytes = 0;
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

  /** Reads the file header; gives its length. */
  #readHeader(bytes: Uint8Array): number {
    this.#bigEndian = bytes[0] === 0xa1 || bytes[0] === 0x1c;
    const magic = this.#u32(bytes, 0);
    const version = this.#u32(bytes, 4);
    const [major, minor] = this.#bigEndian ? [version >>> 16, version & 0xffff] : [version & 0xffff, version >>> 16];
    const link = this.#u32(bytes, 20);
    // The upper half of the field holds the frame check sequence's length, not the link type.
    this.#linkType = link & 0xffff;
    const isAix = magic === MICROSECONDS && major === 2 && minor === 2 && link in AIX_LINKS;
    if (isAix) this.#linkType = AIX_LINKS[link];
    else if (link & 0x04000000 && link >>> 28 > 0) {
      this.#fcsBytes = 2 * (link >>> 28);
      this.#sink = new WithoutFcs(this.#sink, this.#fcsBytes);
    }
    this.#nanoseconds = magic === NANOSECONDS || magic === IXIA_HARDWARE || isAix;
    this.#fractionEnd = this.#nanoseconds ? 1e9 : 1e6;
    this.#snaplen = this.#u32(bytes, 16);
    // Some writers put more into a record than their own header allows, so a small snaplen binds nobody.
    this.#limit = Math.max(MAX_PACKET_BYTES, Math.min(this.#snaplen, 1 << 20));
    if (magic === MODIFIED) this.#candidates = [WITH_INTERFACE, WITH_PROCESSORS];
    // The lengths changed places with version 2.3, not at once everywhere; DG/UX calls its version 543.
    else if ((major === 2 && minor < 4) || major === 543) this.#layout = SWAPPED;
    else if (magic === MICROSECONDS) this.#candidates = [USUAL, WITH_INTERFACE, NOKIA];
    this.#headerRead = true;
    return magic === IXIA_HARDWARE || magic === IXIA_SOFTWARE ? FILE_HEADER + 4 : FILE_HEADER;
  }

  /**
   * Chooses the layout in which most of the first records are sound. The likeliest stays when its records join by their
   * lengths, and unless two are sound in another. False when more of the file must be seen.
   */
  #chooseLayout(bytes: Uint8Array, at: number, end: number, final: boolean): boolean {
    const [likeliest] = this.#candidates;
    let chosen = likeliest;
    let most = 1;
    for (const layout of this.#candidates) {
      const sound = this.#soundRecords(layout, bytes, at, end, final);
      if (sound === null) return false;
      if (sound > most) {
        chosen = layout;
        most = sound;
      }
      if (most === DECIDING_RECORDS) break;
    }
    this.#layout = likeliest;
    if (chosen !== likeliest) {
      const joined = this.#joined(bytes, at, end, final);
      if (joined === null) return false;
      if (!joined) this.#layout = chosen;
    }
    this.#candidates = [];
    return true;
  }

  /** Sound ones among the first records; null when more must be seen to tell. */
  #soundRecords(layout: RecordLayout, bytes: Uint8Array, from: number, end: number, final: boolean): number | null {
    this.#layout = layout;
    let at = from;
    for (let sound = 0; sound < DECIDING_RECORDS; sound++) {
      if (final && at === end) return sound;
      if (at + layout.bytes > end) return final ? sound : null;
      const captured = this.#captured(bytes, at);
      const original = this.#original(bytes, at);
      // Zeros would be sound anywhere.
      if (captured === 0 && layout !== USUAL) return sound;
      if (captured > this.#limit || captured > original || original > 1 << 24) return sound;
      if (this.#u32(bytes, at + 4) >= this.#fractionEnd) return sound;
      at += layout.bytes + captured;
    }
    return DECIDING_RECORDS;
  }

  /**
   * Whether time and lengths are all 0: no packet, but what a file system leaves of a file that was being written when the power
   * went, or a copier where it could not read.
   */
  #isBlank(bytes: Uint8Array, at: number): boolean {
    return (
      (this.#u32(bytes, at) | this.#u32(bytes, at + 4) | this.#u32(bytes, at + 8) | this.#u32(bytes, at + 12)) === 0
    );
  }

  #captured(bytes: Uint8Array, at: number): number {
    const captured = this.#u32(bytes, at + 8);
    return this.#layout.isSwapped ? Math.min(captured, this.#u32(bytes, at + 12)) : captured;
  }

  #original(bytes: Uint8Array, at: number): number {
    const original = this.#u32(bytes, at + 12);
    return this.#layout.isSwapped ? Math.max(original, this.#u32(bytes, at + 8)) : original;
  }

  record(bytes: Uint8Array, start: number, into: PacketRecord): void {
    const at = start - this.#layout.bytes;
    const perSecond = this.#nanoseconds ? 1e9 : 1e6;
    // Exact in two words: a product of 2³² seconds and 10⁹ ticks has 62 bits.
    const ticks = BigInt(this.#u32(bytes, at)) * BigInt(perSecond) + BigInt(this.#u32(bytes, at + 4));
    into.high = Number(ticks >> 32n);
    into.low = Number(ticks & 0xffffffffn);
    into.resolution = this.#nanoseconds ? 9 : 6;
    into.offset = 0;
    into.captured = this.#captured(bytes, at);
    into.original = this.#original(bytes, at);
    into.fcsBytes = this.#fcsBytes;
    into.snaplen = this.#snaplen;
    into.interface = 0;
  }

  consume(bytes: Uint8Array, end: number, base: number, final: boolean): number {
    let at = 0;
    if (!this.#headerRead) {
      if (end < FILE_HEADER + 4 && !(final && end >= FILE_HEADER)) {
        if (final) this.#sink.problem('truncated-header', base, 'the capture ends inside its file header');
        return final ? end : 0;
      }
      at = this.#readHeader(bytes);
    }
    if (this.#candidates.length > 0 && !this.#chooseLayout(bytes, at, end, final)) return at;
    const { bytes: header, isSwapped } = this.#layout;
    /** Where a record begins that is taken although its fraction of a second or its length on the wire is wrong. */
    let oddAt = -1;
    for (;;) {
      if (this.#searching) {
        at = this.#search(bytes, at, end, base, final);
        if (this.#searching) return at;
      }
      at =
        header === RECORD_HEADER && !isSwapped
          ? this.#records(bytes, at, end, oddAt)
          : this.#variantRecords(bytes, at, end, oddAt);
      if (end - at < header) break;
      const captured = this.#captured(bytes, at);
      const fraction = this.#u32(bytes, at + 4);
      const isBlank = this.#isBlank(bytes, at);
      if (captured <= this.#limit && !isBlank) {
        if (fraction < this.#fractionEnd && captured <= this.#original(bytes, at)) break;
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
        captured > this.#limit
          ? `claims ${captured} bytes`
          : isBlank
            ? 'is all zeros'
            : 'has no sound time or length, or the one before lies';
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
        if (original === 0 && this.#isBlank(bytes, at)) break;
        seconds = this.#u32(bytes, at);
      } else {
        captured = readLittle(bytes, at + 8);
        fraction = readLittle(bytes, at + 4);
        original = readLittle(bytes, at + 12);
        if (captured > limit || end - at - RECORD_HEADER < captured) break;
        if ((fraction >= fractionEnd || captured > original) && at !== oddAt) break;
        if (original === 0 && this.#isBlank(bytes, at)) break;
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

  /** As `#records`, for the layouts of the variants. */
  #variantRecords(bytes: Uint8Array, from: number, end: number, oddAt: number): number {
    const header = this.#layout.bytes;
    let at = from;
    while (end - at >= header) {
      const captured = this.#captured(bytes, at);
      const fraction = this.#u32(bytes, at + 4);
      const original = this.#original(bytes, at);
      if (captured > this.#limit || end - at - header < captured) break;
      if ((fraction >= this.#fractionEnd || captured > original) && at !== oddAt) break;
      if (original === 0 && this.#isBlank(bytes, at)) break;
      this.#lastSeconds = this.#u32(bytes, at);
      const time = this.#lastSeconds * 1e6 + (this.#nanoseconds ? Math.floor(fraction / 1000) : fraction);
      const start = at + header;
      at = start + captured;
      this.#sink.packet(bytes, start, at, original, time, this.#linkType, ++this.packets);
    }
    return at;
  }

  /**
   * Whether the records from `from` on join, by their lengths alone, the last of them perhaps to a header that is cut off;
   * null when more of the file must be seen to tell.
   */
  #joined(bytes: Uint8Array, from: number, end: number, final: boolean): boolean | null {
    let at = from;
    for (let joint = 0; joint < JOINTS; joint++) {
      if (at + this.#layout.bytes > end) return final ? at <= end : null;
      const captured = this.#captured(bytes, at);
      if (captured > this.#limit) return false;
      at += this.#layout.bytes + captured;
    }
    return true;
  }

  #plausible(bytes: Uint8Array, at: number): boolean {
    const captured = this.#captured(bytes, at);
    const original = this.#original(bytes, at);
    if (captured === 0 || captured > this.#limit || captured > original || original > 1 << 24) return false;
    if (this.#u32(bytes, at + 4) >= this.#fractionEnd) return false;
    const seconds = this.#u32(bytes, at);
    return this.packets === 0 || Math.abs(seconds - this.#lastSeconds) <= RESYNC_SECONDS;
  }

  /** Looks for a record header that is followed by another one (or by the end of the file). */
  #search(bytes: Uint8Array, from: number, end: number, base: number, final: boolean): number {
    let at = from;
    for (; end - at >= this.#layout.bytes; at++) {
      if (!this.#plausible(bytes, at)) continue;
      const next = at + this.#layout.bytes + this.#captured(bytes, at);
      if (next + this.#layout.bytes <= end ? this.#plausible(bytes, next) : final && next === end) {
        this.#searching = false;
        return at;
      }
      if (next + this.#layout.bytes > end && !final) return at;
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
