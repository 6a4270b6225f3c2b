import type { AddressWords } from '../../shared/address.ts';
import { LAST_DATE_MS } from '../../shared/time.ts';
import { visibleText } from '../../shared/visible-text.ts';
import {
  type CaptureReader,
  MAX_PACKET_BYTES,
  type NameSink,
  type PacketRecord,
  type PacketSink,
} from './packet-sink.ts';

/** The pcapng capture file (draft-ietf-opsawg-pcapng): sections of either byte order, several interfaces each. */

const SECTION_HEADER = 0x0a0d0d0a;
const INTERFACE_DESCRIPTION = 1;
const OBSOLETE_PACKET = 2;
const SIMPLE_PACKET = 3;
const NAME_RESOLUTION = 4;
const INTERFACE_STATISTICS = 5;
const ENHANCED_PACKET = 6;
const DECRYPTION_SECRETS = 10;
/** Blocks that are passed by; others bear no name here and are told by their number. */
const PASSED_BY: Readonly<Record<number, string>> = {
  9: 'a systemd journal entry',
  0xbad: 'a custom block',
  0x40000bad: 'a custom block',
};

/** Options, by block. */
const IF_NAME = 2;
const IF_TSRESOL = 9;
const IF_FILTER = 11;
const IF_FCSLEN = 13;
const IF_TSOFFSET = 14;
const PACKET_FLAGS = 2;
const EPB_DROPCOUNT = 4;
const ISB_IFDROP = 5;
const ISB_OSDROP = 7;
const NAME_IPV4 = 1;
const NAME_IPV6 = 2;
/** Characters of an interface's name or filter that messages show. */
const SHOWN = 80;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
/** Longest block that is read. */
const MAX_BLOCK_BYTES = 1 << 20;
/** Names, secrets, journals and custom data may be longer, up to so many bytes, and are passed by then; all else is damage. */
const LONG_TYPES: ReadonlySet<number> = new Set([NAME_RESOLUTION, 9, DECRYPTION_SECRETS, 0xbad, 0x40000bad]);
const MAX_LONG_BLOCK_BYTES = 64 << 20;
const MAX_INTERFACES = 65_536;
/** Microseconds from the epoch that a date can hold. */
const LAST_TIME = LAST_DATE_MS * 1000;
/** Block types that may follow damage; a search for them must also see both of the block's equal lengths. */
const KNOWN_TYPES: ReadonlySet<number> = new Set([1, 2, 3, 4, 5, 6, 9, 10, SECTION_HEADER, 0xbad, 0x40000bad]);

interface CaptureInterface {
  readonly linkType: number;
  readonly snaplen: number;
  /** Ticks a second as a power: 10^n, or 2^n when `binary`. */
  readonly exponent: number;
  readonly binary: boolean;
  /** Seconds added to every time stamp. */
  readonly offset: number;
  /** Bytes of the frame check sequence at the end of every packet. */
  readonly fcsBytes: number;
  readonly name: string;
  /** Packets that the capturing machine dropped: as its packets say, added up, and as its statistics say, the last. */
  droppedBefore: number;
  droppedInAll: number;
}

/** Microseconds since the epoch of a 64-bit tick count, rounded down; exact for 10^6 and 10^9 ticks a second. */
export function ticksToMicroseconds(high: number, low: number, exponent: number, binary: boolean): number {
  if (!binary && exponent === 6) return high * 4294967296 + low;
  if (!binary && exponent === 9) return high * 4294967 + Math.floor((high * 296 + low) / 1000);
  const ticks = (BigInt(high) << 32n) | BigInt(low);
  const perSecond = binary ? 1n << BigInt(exponent) : 10n ** BigInt(exponent);
  return Number((ticks * 1_000_000n) / perSecond);
}

export class PcapngReader implements CaptureReader {
  readonly #sink: PacketSink;
  readonly #nameSink: NameSink;
  #bigEndian = false;
  #interfaces: CaptureInterface[] = [];
  readonly #linkTypes = new Set<number>();
  #inSection = false;
  /** Length of the long block that is passed by, 0 = none, and its bytes that still come before it is repeated. */
  #longBlock = 0;
  #skip = 0;
  #searching = false;
  /** Of the packet that the sink is being given; a simple packet has no time. */
  #interface = 0;
  #captured = 0;
  #fcsBytes = 0;
  #hasTime = false;
  packets = 0;

  constructor(sink: PacketSink, nameSink: NameSink = () => undefined) {
    this.#sink = sink;
    this.#nameSink = nameSink;
  }

  get linkTypes(): number[] {
    return [...this.#linkTypes];
  }

  record(bytes: Uint8Array, start: number, into: PacketRecord): void {
    const from = this.#interfaces[this.#interface];
    into.high = this.#hasTime ? this.#u32(bytes, start - 16) : 0;
    into.low = this.#hasTime ? this.#u32(bytes, start - 12) : 0;
    into.resolution = this.#hasTime ? from.exponent | (from.binary ? 128 : 0) : 6;
    into.offset = this.#hasTime ? from.offset : 0;
    into.captured = this.#captured;
    into.original = this.#u32(bytes, start - 4);
    into.fcsBytes = this.#fcsBytes;
    into.snaplen = from.snaplen;
    into.interface = this.#interface;
  }

  #u16(bytes: Uint8Array, at: number): number {
    const a = bytes[at];
    const b = bytes[at + 1];
    return this.#bigEndian ? (a << 8) | b : (b << 8) | a;
  }

  #u32(bytes: Uint8Array, at: number): number {
    const a = bytes[at];
    const b = bytes[at + 1];
    const c = bytes[at + 2];
    const d = bytes[at + 3];
    return (this.#bigEndian ? (a << 24) | (b << 16) | (c << 8) | d : (d << 24) | (c << 16) | (b << 8) | a) >>> 0;
  }

  consume(bytes: Uint8Array, end: number, base: number, final: boolean): number {
    let at = 0;
    for (;;) {
      if (this.#skip > 0) {
        const step = Math.min(this.#skip, end - at);
        this.#skip -= step;
        at += step;
        if (this.#skip > 0) break;
      }
      if (this.#longBlock > 0) {
        if (end - at < 4) break;
        if (this.#u32(bytes, at) === this.#longBlock) at += 4;
        else this.#damage(base + at, 'the two lengths of a long block differ');
        this.#longBlock = 0;
      }
      if (this.#searching) {
        at = this.#search(bytes, at, end, base, final);
        if (this.#searching) return at;
      }
      if (end - at < 12) break;
      const type = this.#u32(bytes, at);
      if (type === SECTION_HEADER && !this.#adoptByteOrder(bytes, at)) {
        this.#damage(base + at, 'a section header without byte-order magic');
        at++;
        continue;
      }
      const length = this.#u32(bytes, at + 4);
      if (length < 12 || !this.#inSection) {
        this.#damage(base + at, `a block claims ${length} bytes`);
        at++;
        continue;
      }
      if (length > MAX_BLOCK_BYTES) {
        if (LONG_TYPES.has(type) && length <= MAX_LONG_BLOCK_BYTES) {
          this.#sink.problem('long-block', base + at, `a block of type ${type} with ${length} bytes was passed by`);
          this.#longBlock = length;
          this.#skip = paddedLength(length) - 4;
        } else {
          this.#damage(base + at, `a block claims ${length} bytes`);
          at++;
        }
        continue;
      }
      const padded = paddedLength(length);
      if (end - at < padded) break;
      if (this.#u32(bytes, at + padded - 4) !== length) {
        this.#damage(base + at, 'the two lengths of a block differ');
        at++;
        continue;
      }
      this.#block(type, bytes, at + 8, at + padded - 4, base);
      at += padded;
    }
    if (!final) return at;
    this.#tellDropped(base + at);
    if (at < end || this.#longBlock > 0) {
      this.#sink.problem('truncated-packet', base + at, 'the capture ends inside a block');
    }
    return end;
  }

  #adoptByteOrder(bytes: Uint8Array, at: number): boolean {
    this.#bigEndian = false;
    if (this.#u32(bytes, at + 8) !== BYTE_ORDER_MAGIC) {
      this.#bigEndian = true;
      if (this.#u32(bytes, at + 8) !== BYTE_ORDER_MAGIC) return false;
    }
    this.#inSection = true;
    return true;
  }

  #damage(offset: number, what: string): void {
    this.#sink.problem('damaged-block', offset, `${what}; searching for the next sound block`);
    this.#searching = true;
  }

  #block(type: number, bytes: Uint8Array, start: number, end: number, base: number): void {
    switch (type) {
      case ENHANCED_PACKET:
        this.#enhancedPacket(bytes, start, end, base);
        break;
      case SECTION_HEADER:
        this.#tellDropped(base + start);
        this.#interfaces = [];
        break;
      case INTERFACE_DESCRIPTION:
        this.#interfaceDescription(bytes, start, end, base);
        break;
      case SIMPLE_PACKET:
        this.#simplePacket(bytes, start, end, base);
        break;
      case OBSOLETE_PACKET:
        this.#obsoletePacket(bytes, start, end, base);
        break;
      case NAME_RESOLUTION:
        this.#names(bytes, start, end, base);
        break;
      case INTERFACE_STATISTICS:
        this.#statistics(bytes, start, end);
        break;
      case DECRYPTION_SECRETS:
        this.#sink.problem(
          'secrets-not-stored',
          base + start,
          'the capture holds decryption secrets; they were not used and are not in the case',
        );
        break;
      default:
        this.#sink.problem(
          'block-passed-by',
          base + start,
          `blocks without packets were passed by, first ${PASSED_BY[type] ?? `one of the unknown type ${type}`}`,
        );
    }
  }

  /** Calls `visit` with each option from `at` on: its code, and where its value lies. */
  #options(
    bytes: Uint8Array,
    from: number,
    end: number,
    visit: (code: number, at: number, length: number) => void,
  ): void {
    for (let at = from; end - at >= 4;) {
      const code = this.#u16(bytes, at);
      const length = this.#u16(bytes, at + 2);
      if (code === 0 || at + 4 + length > end) return;
      visit(code, at + 4, length);
      at += 4 + Math.ceil(length / 4) * 4;
    }
  }

  /** A 64-bit number; above 2⁵³ not exact. */
  #u64(bytes: Uint8Array, at: number): number {
    const first = this.#u32(bytes, at);
    const second = this.#u32(bytes, at + 4);
    return this.#bigEndian ? first * 4294967296 + second : second * 4294967296 + first;
  }

  /** A signed 64-bit number; beyond 2⁵³ not exact. */
  #i64(bytes: Uint8Array, at: number): number {
    const first = this.#u32(bytes, at);
    const second = this.#u32(bytes, at + 4);
    const [high, low] = this.#bigEndian ? [first, second] : [second, first];
    return (high | 0) * 4294967296 + low;
  }

  #interfaceDescription(bytes: Uint8Array, start: number, end: number, base: number): void {
    if (end - start < 8 || this.#interfaces.length >= MAX_INTERFACES) {
      this.#sink.problem('damaged-interface', base + start, 'an interface description cannot be used');
      return;
    }
    const linkType = this.#u16(bytes, start);
    let exponent = 6;
    let binary = false;
    let offset = 0;
    let fcsBytes = 0;
    let name = `interface ${this.#interfaces.length}`;
    this.#options(bytes, start + 8, end, (code, at, length) => {
      if (code === IF_TSRESOL && length >= 1) {
        binary = (bytes[at] & 0x80) !== 0;
        exponent = bytes[at] & 0x7f;
      } else if (code === IF_TSOFFSET && length >= 8) {
        offset = this.#i64(bytes, at);
      } else if (code === IF_FCSLEN && length >= 1) fcsBytes = bytes[at];
      else if (code === IF_NAME) name = shownText(bytes, at, length);
      else if (code === IF_FILTER && length >= 2 && bytes[at] === 0) {
        const filter = shownText(bytes, at + 1, length - 1);
        const message = `${name} was captured with the filter "${filter}": other traffic is not in it`;
        this.#sink.problem('capture-filter', base + start, message);
      }
    });
    this.#linkTypes.add(linkType);
    this.#interfaces.push({
      linkType,
      snaplen: this.#u32(bytes, start + 4),
      exponent,
      binary,
      offset,
      fcsBytes,
      name,
      droppedBefore: 0,
      droppedInAll: 0,
    });
  }

  /** Tells what the machine dropped while it captured a section. */
  #tellDropped(offset: number): void {
    for (const from of this.#interfaces) {
      const dropped = Math.max(from.droppedBefore, from.droppedInAll);
      from.droppedBefore = from.droppedInAll = 0;
      if (dropped === 0) continue;
      const message = `packets that the capturing machine dropped, as the capture itself says, first on ${from.name}`;
      this.#sink.problem('capture-dropped', offset, message, dropped);
    }
  }

  /** Statistics count from the start of the capture; the last ones of an interface are all. */
  #statistics(bytes: Uint8Array, start: number, end: number): void {
    const from = end - start < 12 ? undefined : this.#interfaces[this.#u32(bytes, start)];
    if (from === undefined) return;
    let dropped = 0;
    this.#options(bytes, start + 12, end, (code, at, length) => {
      if ((code === ISB_IFDROP || code === ISB_OSDROP) && length >= 8) dropped += this.#u64(bytes, at);
    });
    // No machine drops 2⁵³ packets.
    if (dropped < Number.MAX_SAFE_INTEGER) from.droppedInAll = Math.max(from.droppedInAll, dropped);
  }

  #names(bytes: Uint8Array, start: number, end: number, base: number): void {
    for (let at = start; end - at >= 4;) {
      const type = this.#u16(bytes, at);
      const length = this.#u16(bytes, at + 2);
      if (type === 0) return;
      if (at + 4 + length > end) {
        this.#sink.problem('damaged-names', base + at, 'a record of names is longer than its block');
        return;
      }
      if (type === NAME_IPV4 || type === NAME_IPV6) this.#namesOf(bytes, at + 4, length, type === NAME_IPV6);
      at += 4 + Math.ceil(length / 4) * 4;
    }
  }

  /** One address and its names, each with a zero behind it. Addresses are in network byte order. */
  #namesOf(bytes: Uint8Array, at: number, length: number, isIpv6: boolean): void {
    const data = Buffer.from(bytes.buffer, bytes.byteOffset + at, length);
    const addressBytes = isIpv6 ? 16 : 4;
    if (length <= addressBytes) return;
    const address: AddressWords = isIpv6
      ? [data.readUInt32BE(0), data.readUInt32BE(4), data.readUInt32BE(8), data.readUInt32BE(12)]
      : [0, 0, 0xffff, data.readUInt32BE(0)];
    for (const name of data.toString('utf8', addressBytes).split('\0')) {
      if (name !== '') this.#nameSink(address, name);
    }
  }

  #enhancedPacket(bytes: Uint8Array, start: number, end: number, base: number): void {
    this.#timedPacket(bytes, this.#u32(bytes, start), start + 4, end, base);
  }

  #obsoletePacket(bytes: Uint8Array, start: number, end: number, base: number): void {
    const interfaceId = this.#u16(bytes, start);
    const dropped = this.#u16(bytes, start + 2);
    const from = this.#interfaces[interfaceId];
    // 0xffff stands for "not known".
    if (from !== undefined && dropped < 0xffff && end - start >= 20) from.droppedBefore += dropped;
    this.#timedPacket(bytes, interfaceId, start + 4, end, base);
  }

  /** The part that enhanced and obsolete packet blocks share: time stamp, two lengths, data. */
  #timedPacket(bytes: Uint8Array, interfaceId: number, at: number, end: number, base: number): void {
    const from = this.#interfaces[interfaceId];
    const captured = this.#u32(bytes, at + 8);
    if (from === undefined || end - at < 16 || captured > end - at - 16 || captured > MAX_PACKET_BYTES) {
      this.packets++;
      const why =
        from === undefined ? `names interface ${interfaceId}, which is not described` : 'lies about its length';
      this.#sink.problem('damaged-packet', base + at, `packet ${this.packets} ${why}`);
      return;
    }
    const ticks = ticksToMicroseconds(this.#u32(bytes, at), this.#u32(bytes, at + 4), from.exponent, from.binary);
    let time = ticks + from.offset * 1e6;
    if (Math.abs(time) > LAST_TIME) {
      const message = 'packets have a time that is in no calendar; 1970-01-01 stands for it';
      this.#sink.problem('impossible-time', base + at, message);
      time = 0;
    }
    const data = at + 16;
    const options = data + Math.ceil(captured / 4) * 4;
    const fcsBytes = end - options < 8 ? from.fcsBytes : this.#packetOptions(bytes, options, end, from);
    const original = Math.max(0, this.#u32(bytes, at + 12) - fcsBytes);
    this.#interface = interfaceId;
    this.#captured = captured;
    this.#fcsBytes = fcsBytes;
    this.#hasTime = true;
    this.#sink.packet(
      bytes,
      data,
      data + (fcsBytes > 0 ? Math.min(captured, original) : captured),
      original,
      time,
      from.linkType,
      ++this.packets,
    );
  }

  /** Notes dropped packets; gives the length of the frame check sequence, which a packet's flags may state. */
  #packetOptions(bytes: Uint8Array, start: number, end: number, from: CaptureInterface): number {
    let { fcsBytes } = from;
    this.#options(bytes, start, end, (code, at, length) => {
      if (code === PACKET_FLAGS && length >= 4) fcsBytes = (this.#u32(bytes, at) >>> 5) & 15 || fcsBytes;
      else if (code === EPB_DROPCOUNT && length >= 8) {
        const dropped = this.#u64(bytes, at);
        if (dropped < Number.MAX_SAFE_INTEGER) from.droppedBefore += dropped;
      }
    });
    return fcsBytes;
  }

  /** A simple packet has no time: it is told, and counted at the time 0 that stands for "not known". */
  #simplePacket(bytes: Uint8Array, start: number, end: number, base: number): void {
    const from = this.#interfaces[0];
    this.packets++;
    if (from === undefined || end - start < 4) {
      this.#sink.problem('damaged-packet', base + start, `packet ${this.packets} comes before any interface`);
      return;
    }
    const original = this.#u32(bytes, start);
    let captured = Math.min(original, end - start - 4);
    if (from.snaplen > 0) captured = Math.min(captured, from.snaplen);
    this.#sink.problem(
      'packet-without-time',
      base + start,
      'simple packet blocks carry no time; 1970-01-01 stands for it',
    );
    const length = Math.max(0, original - from.fcsBytes);
    const data = start + 4;
    this.#interface = 0;
    this.#captured = captured;
    this.#fcsBytes = from.fcsBytes;
    this.#hasTime = false;
    this.#sink.packet(bytes, data, data + Math.min(captured, length), length, 0, from.linkType, this.packets);
  }

  #search(bytes: Uint8Array, from: number, end: number, base: number, final: boolean): number {
    let at = from;
    for (; end - at >= 12; at++) {
      const type = this.#u32(bytes, at);
      if (!KNOWN_TYPES.has(type)) continue;
      if (type === SECTION_HEADER) {
        if (this.#u32(bytes, at + 8) === BYTE_ORDER_MAGIC || isSwappedMagic(bytes, at + 8)) {
          this.#searching = false;
          return at;
        }
        continue;
      }
      const length = this.#u32(bytes, at + 4);
      if (length < 12 || length % 4 !== 0 || length > MAX_BLOCK_BYTES) continue;
      if (at + length > end) {
        if (final) continue;
        return at;
      }
      if (this.#u32(bytes, at + length - 4) === length) {
        this.#searching = false;
        return at;
      }
    }
    if (final) {
      this.#sink.problem('damaged-end', base + from, 'no sound block was found after the damage');
      return end;
    }
    return at;
  }
}

/** Blocks are padded to 32 bits; early writers left the padding out of the length. */
function paddedLength(length: number): number {
  return Math.ceil(length / 4) * 4;
}

function isSwappedMagic(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0x1a && bytes[at + 1] === 0x2b && bytes[at + 2] === 0x3c && bytes[at + 3] === 0x4d;
}

/** Text of an option as messages show it. */
function shownText(bytes: Uint8Array, at: number, length: number): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + at, length)
    .toString('utf8')
    .replace(/\0.*$/s, '');
  return visibleText(text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text);
}
