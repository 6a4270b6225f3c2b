import type { PacketSink, WindowReader } from '../../electron/capture/packet-sink.ts';

/** Writes small capture files for tests, and reads them in pieces of any size. */

export interface WrittenPacket {
  data: Uint8Array;
  /** Bytes on the wire; at least the data. */
  original: number;
  /** Nanoseconds since the epoch. */
  time: bigint;
}

/** Numbers of 2, 4 and 8 bytes in one byte order, one after the other. */
export class Bytes {
  readonly #parts: Uint8Array[] = [];
  readonly #bigEndian: boolean;

  constructor(bigEndian: boolean) {
    this.#bigEndian = bigEndian;
  }

  #number(size: number, value: bigint): this {
    const part = new Uint8Array(size);
    for (let i = 0; i < size; i++) {
      part[this.#bigEndian ? size - 1 - i : i] = Number((BigInt.asUintN(64, value) >> BigInt(8 * i)) & 255n);
    }
    this.#parts.push(part);
    return this;
  }

  u16(value: number): this {
    return this.#number(2, BigInt(value));
  }

  u32(value: number): this {
    return this.#number(4, BigInt(value));
  }

  u64(value: bigint): this {
    return this.#number(8, value);
  }

  /** As it is, padded to a multiple of `to` bytes. */
  raw(data: Uint8Array, to = 1): this {
    const padded = new Uint8Array(Math.ceil(data.length / to) * to);
    padded.set(data);
    this.#parts.push(padded);
    return this;
  }

  done(): Uint8Array {
    return Buffer.concat(this.#parts);
  }
}

export interface PcapOptions {
  bigEndian: boolean;
  nanoseconds: boolean;
  linkType: number;
}

/** A classic capture (draft-ietf-opsawg-pcap). */
export function writePcap(
  packets: readonly WrittenPacket[],
  { bigEndian, nanoseconds, linkType }: PcapOptions,
): Uint8Array {
  const file = new Bytes(bigEndian)
    .u32(nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4)
    .u16(2)
    .u16(4)
    .u32(0)
    .u32(0)
    .u32(65_535);
  file.u32(linkType);
  for (const { data, original, time } of packets) {
    const fraction = time % 1_000_000_000n;
    file.u32(Number(time / 1_000_000_000n)).u32(Number(nanoseconds ? fraction : fraction / 1000n));
    file.u32(data.length).u32(original).raw(data);
  }
  return file.done();
}

export interface WrittenInterface {
  linkType: number;
  /** if_tsresol as it lies in the option; absent: microseconds. */
  resolution?: number;
  /** if_tsoffset, seconds. */
  offset?: number;
}

export interface WrittenSection {
  bigEndian: boolean;
  interfaces: readonly WrittenInterface[];
  packets: readonly (WrittenPacket & { interface: number })[];
}

/** A pcapng block; the body is padded. */
export function block(bigEndian: boolean, type: number, body: Uint8Array): Uint8Array {
  const length = 12 + Math.ceil(body.length / 4) * 4;
  return new Bytes(bigEndian).u32(type).u32(length).raw(body, 4).u32(length).done();
}

/** Ticks of an interface that stand for a time; rounded down. */
export function ticksOf(time: bigint, { resolution = 6, offset = 0 }: WrittenInterface): bigint {
  const perSecond = resolution & 0x80 ? 1n << BigInt(resolution & 0x7f) : 10n ** BigInt(resolution);
  return ((time - BigInt(offset) * 1_000_000_000n) * perSecond) / 1_000_000_000n;
}

/** A pcapng file (draft-ietf-opsawg-pcapng) of enhanced packet blocks. */
export function writePcapng(sections: readonly WrittenSection[]): Uint8Array {
  return Buffer.concat(
    sections.flatMap(({ bigEndian, interfaces, packets }) => [
      block(bigEndian, 0x0a0d0d0a, new Bytes(bigEndian).u32(0x1a2b3c4d).u16(1).u16(0).u64(-1n).done()),
      ...interfaces.map(({ linkType, resolution, offset }) => {
        const body = new Bytes(bigEndian).u16(linkType).u16(0).u32(262_144);
        if (resolution !== undefined) body.u16(9).u16(1).raw(Uint8Array.of(resolution), 4);
        if (offset !== undefined) body.u16(14).u16(8).u64(BigInt(offset));
        return block(bigEndian, 1, body.u16(0).u16(0).done());
      }),
      ...packets.map((packet) => {
        const ticks = ticksOf(packet.time, interfaces[packet.interface]);
        const body = new Bytes(bigEndian)
          .u32(packet.interface)
          .u32(Number(ticks >> 32n))
          .u32(Number(ticks & 0xffffffffn));
        return block(bigEndian, 6, body.u32(packet.data.length).u32(packet.original).raw(packet.data).done());
      }),
    ]),
  );
}

export interface ReadPacket {
  data: string;
  original: number;
  /** Microseconds since the epoch. */
  time: number;
  linkType: number;
  number: number;
}

/** Collects what a reader hands on; throws when a packet does not lie in its buffer. */
export class Collected implements PacketSink {
  readonly packets: ReadPacket[] = [];
  readonly problems: { kind: string; offset: number; count?: number }[] = [];

  packet(
    bytes: Uint8Array,
    start: number,
    end: number,
    original: number,
    time: number,
    linkType: number,
    number: number,
  ): void {
    if (!(start >= 0 && start <= end && end <= bytes.length)) throw new Error(`packet at ${start} … ${end}`);
    const data = Buffer.from(bytes.subarray(start, end)).toString('hex');
    this.packets.push({ data, original, time, linkType, number });
  }

  problem(kind: string, offset: number, _message = '', count = 1): void {
    this.problems.push({ kind, offset, ...(count === 1 ? {} : { count }) });
  }
}

/** Feeds a file in pieces, keeping what the reader leaves over, as the evidence reader does. */
export function readInPieces(file: Uint8Array, reader: WindowReader, sizes: readonly number[]): void {
  let window = new Uint8Array(0);
  let base = 0;
  let at = 0;
  for (let turn = 0; at < file.length; turn++) {
    const size = Math.max(1, sizes[turn % sizes.length] ?? file.length);
    window = Buffer.concat([window, file.subarray(at, at + size)]);
    at = Math.min(file.length, at + size);
    const done = reader.consume(window, window.length, base, false);
    if (!(done >= 0 && done <= window.length)) throw new Error(`done with ${done} of ${window.length} bytes`);
    window = window.subarray(done);
    base += done;
  }
  reader.consume(window, window.length, base, true);
}

/** A snoop file (RFC 1761) with Ethernet, unless another datalink type is given; `drops` counts up from packet to packet. */
export function writeSnoop(packets: readonly WrittenPacket[], datalink = 4, drops: readonly number[] = []): Uint8Array {
  const file = new Bytes(true).raw(Buffer.from('snoop\0\0\0')).u32(2).u32(datalink);
  for (const [i, { data, original, time }] of packets.entries()) {
    const padded = Math.ceil(data.length / 4) * 4;
    file
      .u32(original)
      .u32(data.length)
      .u32(24 + padded)
      .u32(drops[i] ?? 0);
    file
      .u32(Number(time / 1_000_000_000n))
      .u32(Number((time % 1_000_000_000n) / 1000n))
      .raw(data, 4);
  }
  return file.done();
}
