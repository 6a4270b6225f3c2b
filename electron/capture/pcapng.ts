import { MAX_PACKET_BYTES, type PacketSink, type WindowReader } from './packet-sink.ts';

/** The pcapng capture file (draft-ietf-opsawg-pcapng): sections of either byte order, several interfaces each. */

const SECTION_HEADER = 0x0a0d0d0a;
const INTERFACE_DESCRIPTION = 1;
const OBSOLETE_PACKET = 2;
const SIMPLE_PACKET = 3;
const ENHANCED_PACKET = 6;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
/** Longest block that is read; a longer one is skipped (secrets, custom data) or taken for damage (packets). */
const MAX_BLOCK_BYTES = 1 << 20;
const MAX_INTERFACES = 65_536;
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
}

/** Microseconds since the epoch of a 64-bit tick count, rounded down; exact for 10^6 and 10^9 ticks a second. */
export function ticksToMicroseconds(high: number, low: number, exponent: number, binary: boolean): number {
  if (!binary && exponent === 6) return high * 4294967296 + low;
  if (!binary && exponent === 9) return high * 4294967 + Math.floor((high * 296 + low) / 1000);
  const ticks = (BigInt(high) << 32n) | BigInt(low);
  const perSecond = binary ? 1n << BigInt(exponent) : 10n ** BigInt(exponent);
  return Number((ticks * 1_000_000n) / perSecond);
}

export class PcapngReader implements WindowReader {
  readonly #sink: PacketSink;
  #bigEndian = false;
  #interfaces: CaptureInterface[] = [];
  readonly #linkTypes = new Set<number>();
  #inSection = false;
  /** Bytes of an over-long block still to pass by. */
  #skip = 0;
  #searching = false;
  packets = 0;

  constructor(sink: PacketSink) {
    this.#sink = sink;
  }

  get linkTypes(): number[] {
    return [...this.#linkTypes];
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
        if (type === ENHANCED_PACKET || type === SIMPLE_PACKET || type === OBSOLETE_PACKET || !KNOWN_TYPES.has(type)) {
          this.#damage(base + at, `a block claims ${length} bytes`);
          at++;
        } else {
          this.#sink.problem('long-block', base + at, `a block of type ${type} with ${length} bytes was passed by`);
          this.#skip = paddedLength(length);
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
    if (at < end || this.#skip > 0) {
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
        this.#interfaces = [];
        break;
      case INTERFACE_DESCRIPTION:
        this.#interfaceDescription(bytes, start, end, base);
        break;
      case SIMPLE_PACKET:
        this.#simplePacket(bytes, start, end, base);
        break;
      case OBSOLETE_PACKET:
        this.#timedPacket(bytes, this.#u16(bytes, start), start + 4, end, base);
        break;
      default:
    }
  }

  #interfaceDescription(bytes: Uint8Array, start: number, end: number, base: number): void {
    if (end - start < 8 || this.#interfaces.length >= MAX_INTERFACES) {
      this.#sink.problem('damaged-interface', base + start, 'an interface description cannot be used');
      return;
    }
    let exponent = 6;
    let binary = false;
    let offset = 0;
    let at = start + 8;
    while (end - at >= 4) {
      const code = this.#u16(bytes, at);
      const length = this.#u16(bytes, at + 2);
      if (code === 0 || at + 4 + length > end) break;
      if (code === 9 && length >= 1) {
        const resolution = bytes[at + 4];
        binary = (resolution & 0x80) !== 0;
        exponent = resolution & 0x7f;
      } else if (code === 14 && length >= 8) {
        const first = this.#u32(bytes, at + 4);
        const second = this.#u32(bytes, at + 8);
        const [high, low] = this.#bigEndian ? [first, second] : [second, first];
        offset = (high | 0) * 4294967296 + low;
      }
      at += 4 + length + ((4 - (length % 4)) % 4);
    }
    const linkType = this.#u16(bytes, start);
    this.#linkTypes.add(linkType);
    this.#interfaces.push({ linkType, snaplen: this.#u32(bytes, start + 4), exponent, binary, offset });
  }

  #enhancedPacket(bytes: Uint8Array, start: number, end: number, base: number): void {
    this.#timedPacket(bytes, this.#u32(bytes, start), start + 4, end, base);
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
    const data = at + 16;
    this.#sink.packet(
      bytes,
      data,
      data + captured,
      this.#u32(bytes, at + 12),
      ticks + from.offset * 1e6,
      from.linkType,
      ++this.packets,
    );
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
    this.#sink.packet(bytes, start + 4, start + 4 + captured, original, 0, from.linkType, this.packets);
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
