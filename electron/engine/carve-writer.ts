import { writeSync } from 'node:fs';
import type { PacketRecord } from '../capture/packet-sink.ts';
import { EnclaveError } from '../../shared/problem.ts';

/** Writes packets as captures: pcapng (draft-ietf-opsawg-pcapng) with comments of origin, or pcap (draft-ietf-opsawg-pcap). */

/** Where the packets that follow come from. */
export interface Origin {
  /** Tells two origins apart. */
  readonly key: string;
  /** One a line of the evidence's comment. */
  readonly comments: readonly string[];
  /** What the comment of packet `number` says. */
  packetComment(number: number): string;
}

/** Takes packets in the order in which they are to stand. */
export interface PacketWriter {
  /**
   * @param record the packet's record, its bytes from `bytes[start]` on
   * @param time of the packet in whole microseconds since the epoch, as the reader has it
   * @param number of the packet in its evidence, from 1
   */
  write(
    origin: Origin,
    record: Readonly<PacketRecord>,
    bytes: Uint8Array,
    start: number,
    time: number,
    linkType: number,
    number: number,
  ): void;
  /** Writes what is left; the file is whole then. */
  end(): void;
}

const BUFFER_BYTES = 1 << 20;
const SECTION_HEADER = 0x0a0d0d0a;
const INTERFACE_DESCRIPTION = 1;
const ENHANCED_PACKET = 6;
const COMMENT = 1;
const SECTION_APPLICATION = 4;
const IF_TSRESOL = 9;
const IF_FCSLEN = 13;
const IF_TSOFFSET = 14;
/** Longest value of an option, bytes. */
const MAX_OPTION = 65_535;
/** What programs write that keep whole packets (libpcap's bound). */
const NO_SNAPLEN = 262_144;
const PCAP_HEADER = 24;
/** Interfaces of a section that readers take, ours among them. */
const MAX_INTERFACES = 65_536;

/** A file that is written in large pieces. */
class BufferedFile {
  readonly #fd: number;
  readonly #buffer = Buffer.allocUnsafe(BUFFER_BYTES);
  #filled = 0;

  constructor(fd: number) {
    this.#fd = fd;
  }

  add(piece: Uint8Array): void {
    if (this.#filled + piece.length > BUFFER_BYTES) this.flush();
    if (piece.length > BUFFER_BYTES) this.#write(piece);
    else {
      this.#buffer.set(piece, this.#filled);
      this.#filled += piece.length;
    }
  }

  flush(): void {
    this.#write(this.#buffer.subarray(0, this.#filled));
    this.#filled = 0;
  }

  #write(piece: Uint8Array): void {
    for (let at = 0; at < piece.length;) at += writeSync(this.#fd, piece, at);
  }
}

function option(code: number, value: Uint8Array): Buffer {
  const padded = Buffer.alloc(4 + Math.ceil(value.length / 4) * 4);
  padded.writeUInt16LE(code, 0);
  padded.writeUInt16LE(value.length, 2);
  padded.set(value, 4);
  return padded;
}

function textOption(code: number, text: string): Buffer {
  const value = Buffer.from(text);
  if (value.length <= MAX_OPTION) return option(code, value);
  // Cut between characters: a byte that continues one is not left behind.
  let end = MAX_OPTION;
  while ((value[end] & 0xc0) === 0x80) end--;
  return option(code, value.subarray(0, end));
}

const END_OF_OPTIONS: Buffer = Buffer.alloc(4);

function block(type: number, ...parts: readonly Uint8Array[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 12);
  const head = Buffer.alloc(8);
  head.writeUInt32LE(type, 0);
  head.writeUInt32LE(length, 4);
  return Buffer.concat([head, ...parts, head.subarray(4, 8)]);
}

/** What makes two interfaces differ, besides their evidence. */
interface WrittenInterface {
  readonly origin: string;
  readonly linkType: number;
  readonly record: PacketRecord;
}

function isOfInterface(known: WrittenInterface, origin: Origin, linkType: number, record: PacketRecord): boolean {
  return (
    known.origin === origin.key &&
    known.linkType === linkType &&
    known.record.interface === record.interface &&
    known.record.resolution === record.resolution &&
    known.record.offset === record.offset &&
    known.record.fcsBytes === record.fcsBytes &&
    known.record.snaplen === record.snaplen
  );
}

/**
 * pcapng in one section: an interface for each of each evidence, with its link type, resolution and snap length, packets with
 * their time stamps tick for tick.
 */
export class PcapngWriter implements PacketWriter {
  readonly #file: BufferedFile;
  readonly #interfaces: WrittenInterface[] = [];
  #current = 0;

  /** @param comments of the section; @param application what writes it */
  constructor(fd: number, comments: readonly string[], application: string) {
    this.#file = new BufferedFile(fd);
    const fixed = Buffer.alloc(16);
    fixed.writeUInt32LE(0x1a2b3c4d, 0);
    fixed.writeUInt16LE(1, 4);
    // The section's length is not stated.
    fixed.writeBigInt64LE(-1n, 8);
    this.#file.add(
      block(
        SECTION_HEADER,
        fixed,
        ...comments.map((comment) => textOption(COMMENT, comment)),
        textOption(SECTION_APPLICATION, application),
        END_OF_OPTIONS,
      ),
    );
  }

  write(
    origin: Origin,
    record: Readonly<PacketRecord>,
    bytes: Uint8Array,
    start: number,
    _time: number,
    linkType: number,
    number: number,
  ): void {
    const { captured } = record;
    const fixed = Buffer.alloc(20);
    fixed.writeUInt32LE(this.#interfaceOf(origin, record, linkType), 0);
    fixed.writeUInt32LE(record.high, 4);
    fixed.writeUInt32LE(record.low, 8);
    fixed.writeUInt32LE(captured, 12);
    fixed.writeUInt32LE(record.original, 16);
    const padding = Buffer.alloc(-captured & 3);
    const comment = textOption(COMMENT, origin.packetComment(number));
    const data = bytes.subarray(start, start + captured);
    this.#file.add(block(ENHANCED_PACKET, fixed, data, padding, comment, END_OF_OPTIONS));
  }

  end(): void {
    this.#file.flush();
  }

  #interfaceOf(origin: Origin, record: Readonly<PacketRecord>, linkType: number): number {
    const current = this.#interfaces[this.#current];
    if (current !== undefined && isOfInterface(current, origin, linkType, record)) return this.#current;
    const known = this.#interfaces.findIndex((each) => isOfInterface(each, origin, linkType, record));
    if (known >= 0) {
      this.#current = known;
      return known;
    }
    if (this.#interfaces.length === MAX_INTERFACES) {
      throw new EnclaveError('too-many', 'the packets come from too many interfaces', '', 'carve fewer flows');
    }
    const fixed = Buffer.alloc(8);
    fixed.writeUInt16LE(linkType, 0);
    fixed.writeUInt32LE(record.snaplen, 4);
    const offset = Buffer.alloc(8);
    offset.writeBigInt64LE(BigInt.asIntN(64, BigInt(record.offset)), 0);
    this.#file.add(
      block(
        INTERFACE_DESCRIPTION,
        fixed,
        ...origin.comments.map((comment) => textOption(COMMENT, comment)),
        option(IF_TSRESOL, Uint8Array.of(record.resolution)),
        ...(record.fcsBytes === 0 ? [] : [option(IF_FCSLEN, Uint8Array.of(record.fcsBytes))]),
        ...(record.offset === 0 ? [] : [option(IF_TSOFFSET, offset)]),
        END_OF_OPTIONS,
      ),
    );
    this.#interfaces.push({ origin: origin.key, linkType, record: { ...record } });
    this.#current = this.#interfaces.length - 1;
    return this.#current;
  }
}

/** A packet whose time has more than microseconds is to go into a file of microseconds. */
export class NanosecondsNeeded extends Error {}

/** Nanoseconds of a record's time beyond whole microseconds, rounded down, 0 to 999. */
export function nanosecondsBeyond({ high, low, resolution }: Readonly<PacketRecord>): number {
  if (resolution === 6) return 0;
  const ticks = (BigInt(high) << 32n) | BigInt(low);
  const exponent = BigInt(resolution & 127);
  const perSecond = (resolution & 128) === 0 ? 10n ** exponent : 1n << exponent;
  return Number(((ticks * 1_000_000_000n) / perSecond) % 1000n);
}

/** pcap: one link type, no comments. */
export class PcapWriter implements PacketWriter {
  readonly #file: BufferedFile;
  readonly #fd: number;
  readonly #isNanoseconds: boolean;
  /** The largest that a capture states or a packet has. */
  #snaplen = 0;
  #linkType = -1;
  #fcsBytes = 0;

  /** @param isNanoseconds whether times are written in nanoseconds */
  constructor(fd: number, isNanoseconds: boolean) {
    this.#fd = fd;
    this.#file = new BufferedFile(fd);
    this.#isNanoseconds = isNanoseconds;
    this.#file.add(Buffer.alloc(PCAP_HEADER));
  }

  /** @throws NanosecondsNeeded */
  write(
    _origin: Origin,
    record: Readonly<PacketRecord>,
    bytes: Uint8Array,
    start: number,
    time: number,
    linkType: number,
  ): void {
    if (this.#linkType < 0) this.#begin(linkType, record.fcsBytes);
    if (linkType !== this.#linkType || record.fcsBytes !== this.#fcsBytes) {
      throw usePcapng('the packets are of several link types, and a .pcap holds one');
    }
    this.#snaplen = Math.max(this.#snaplen, record.snaplen === 0 ? NO_SNAPLEN : record.snaplen, record.captured);
    const seconds = Math.floor(time / 1e6);
    if (seconds < 0 || seconds > 0xffffffff) throw usePcapng('a packet’s time does not fit into a .pcap');
    const nanoseconds = nanosecondsBeyond(record);
    if (nanoseconds > 0 && !this.#isNanoseconds) throw new NanosecondsNeeded();
    const microseconds = time - seconds * 1e6;
    const head = Buffer.alloc(16);
    head.writeUInt32LE(seconds, 0);
    head.writeUInt32LE(this.#isNanoseconds ? microseconds * 1000 + nanoseconds : microseconds, 4);
    head.writeUInt32LE(record.captured, 8);
    head.writeUInt32LE(record.original, 12);
    this.#file.add(head);
    this.#file.add(bytes.subarray(start, start + record.captured));
  }

  end(): void {
    this.#file.flush();
    writeSync(this.#fd, this.#header(), 0, PCAP_HEADER, 0);
  }

  #begin(linkType: number, fcsBytes: number): void {
    if (linkType > 0xffff || fcsBytes % 2 === 1 || fcsBytes > 30) {
      throw usePcapng('a .pcap cannot tell how these packets lie on their link');
    }
    this.#linkType = linkType;
    this.#fcsBytes = fcsBytes;
  }

  #header(): Buffer {
    const fcs = this.#fcsBytes === 0 ? 0 : 0x04000000 | ((this.#fcsBytes / 2) << 28);
    const header = Buffer.alloc(PCAP_HEADER);
    header.writeUInt32LE(this.#isNanoseconds ? 0xa1b23c4d : 0xa1b2c3d4, 0);
    header.writeUInt16LE(2, 4);
    header.writeUInt16LE(4, 6);
    header.writeUInt32LE(this.#snaplen, 16);
    header.writeUInt32LE((this.#linkType | fcs) >>> 0, 20);
    return header;
  }
}

function usePcapng(why: string): EnclaveError {
  return new EnclaveError('needs-pcapng', why, '', 'name the file .pcapng', 1);
}
