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
  problem(kind: string, offset: number, message: string): void;
}

/**
 * A reader that is fed a sliding window of its file. `bytes[0 … end)` lies at `base` in the (decompressed) stream. It
 * returns how many bytes it is done with; the rest comes again, with more behind it. With `final` no more will come, and
 * what is left is told as a problem.
 */
export interface WindowReader {
  consume(bytes: Uint8Array, end: number, base: number, final: boolean): number;
}

/** Packets longer than this are taken for damage (libpcap's own bound for ordinary links is 262,144). */
export const MAX_PACKET_BYTES = 262_144;
