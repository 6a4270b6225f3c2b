import type { AddressWords } from '../../shared/address.ts';

/** What readers of captures hand on, one call a packet. No allocation: `bytes` is the reader's buffer, valid in the call. */
export interface PacketSink {
  /**
   * @param bytes buffer that holds the packet at `start` … `end` (exclusive)
   * @param originalLength length on the wire, bytes
   * @param time microseconds since the epoch
   * @param linkType LINKTYPE_ value (tcpdump.org registry)
   * @param number packet number in the file, from 1
   */
  packet(
    bytes: Uint8Array,
    start: number,
    end: number,
    originalLength: number,
    time: number,
    linkType: number,
    number: number,
  ): void;
  /** @param count how many problems of the kind; 1 when absent */
  problem(kind: string, offset: number, message: string, count?: number): void;
}

/** Takes a name that the capture itself gives to an address (pcapng name resolution): nobody saw who asked, or when. */
export type NameSink = (address: AddressWords, name: string) => void;

/**
 * A reader that is fed a sliding window of its file. `bytes[0 … end)` lies at `base` in the (decompressed) stream. It
 * returns how many bytes it is done with; the rest comes again, with more behind it. With `final` no more will come, and
 * what is left is told as a problem.
 */
export interface WindowReader {
  consume(bytes: Uint8Array, end: number, base: number, final: boolean): number;
}

/** A packet's record as its capture has it: nothing converted, nothing taken off. Lengths are bytes. */
export interface PacketRecord {
  /** Time stamp in ticks, the two words of 64 bits. */
  high: number;
  low: number;
  /** What a tick is, as pcapng says it (if_tsresol): 10⁻ⁿ s, or 2⁻ⁿ s with 128 added. */
  resolution: number;
  /** Seconds to be added to the time stamp. */
  offset: number;
  /** With the frame check sequence, where the capture has it. */
  captured: number;
  original: number;
  fcsBytes: number;
  /** What the capture promises to keep of a packet; 0 = no bound stated. */
  snaplen: number;
  /** Number of the interface in its section; 0 where a format knows only one. */
  interface: number;
}

/** A reader of a capture format. */
export interface CaptureReader extends WindowReader {
  /**
   * Fills in the record of the packet that the sink is being given, and only as long as that call lasts.
   *
   * @param bytes as the sink was given it; @param start likewise
   */
  record(bytes: Uint8Array, start: number, into: PacketRecord): void;
  /** LINKTYPE_ values met, each once. */
  readonly linkTypes: number[];
  /** Packets handed on, and those whose record was met but could not be. */
  readonly packets: number;
}

/** Packets longer than this are taken for damage (libpcap's own bound for ordinary links is 262,144). */
export const MAX_PACKET_BYTES = 262_144;

/** Takes the frame check sequence off the end of each packet: it belongs to the link, not to what it carries. */
export class WithoutFcs implements PacketSink {
  readonly #sink: PacketSink;
  readonly #fcsBytes: number;

  constructor(sink: PacketSink, fcsBytes: number) {
    this.#sink = sink;
    this.#fcsBytes = fcsBytes;
  }

  packet(
    bytes: Uint8Array,
    start: number,
    end: number,
    originalLength: number,
    time: number,
    linkType: number,
    number: number,
  ): void {
    const length = Math.max(0, originalLength - this.#fcsBytes);
    this.#sink.packet(bytes, start, Math.min(end, start + length), length, time, linkType, number);
  }

  problem(kind: string, offset: number, message: string, count?: number): void {
    this.#sink.problem(kind, offset, message, count);
  }
}
