import { i32, u16 } from '../../decode/packet-header.ts';
import {
  AGGREGATED_KEY,
  ArgusRecord,
  BAD_COUNT,
  BAD_TIME,
  EVENT,
  FLOW_ACTIVITY,
  FLOW_METRIC,
  FLOW_READ,
  FROM_NETFLOW,
  MANAGEMENT,
  NO_COUNTS,
  NO_FLOW_KEY,
  NO_TIME,
  NOT_IP_FLOW,
} from './argus-record.ts';
import type { EvidenceSink } from '../flow-sink.ts';

const COOKIE_2 = 0xe5617acb;
const COOKIE_3 = 0xe5712dcb;
const COOKIE_5 = 0xe57150cb;

/** Words of a management record, which has 32 or a few more: a longer one is damage. */
const LONGEST_MANAGEMENT = 1024;
/** Grows to 512 KiB at most: a record's length is a number of words of four bytes in 16 bits. */
const FIRST_BUFFER = 65_536;

/** Places in a management record: its version once more, DLT of the interface, and packets that the probe dropped. */
const MAJOR_VERSION = 40;
const INTERFACE_TYPE = 42;
const DROPPED = 80;
const DLT_ETHERNET = 1;
/** High nibble of a management record's second byte from which on it is one of other content. */
const SUPPLEMENTAL = 0x90;

/** What a wrong record costs, by outcome of `ArgusRecord.read`: kind of the problem, and why. */
const LOSSES: Readonly<Record<number, readonly [kind: string, why: string]>> = {
  [NO_FLOW_KEY]: ['missing-fields', 'the record does not say which flow it is of'],
  [AGGREGATED_KEY]: ['missing-fields', 'the record is an aggregate of addresses without transport and ports'],
  [NO_TIME]: ['missing-fields', 'the record has no time'],
  [NO_COUNTS]: ['missing-fields', 'the record has no counts of packets and bytes'],
  [BAD_TIME]: ['bad-time', 'the time of the record is none'],
  [BAD_COUNT]: ['bad-number', 'a count is beyond 2^53'],
};

const LINK_BYTES = 'bytes include a link header, if there is one, whose length argus does not tell';

function cookie(head: Uint8Array): number {
  return head.length < 12 || (head[0] & 0xf0) !== MANAGEMENT ? 0 : i32(head, 8) >>> 0;
}

/** Tells an argus file by the management record that it begins with: of version 3 or 5, or of 2, which is refused. */
export function detectArgus(head: Uint8Array): boolean {
  const found = cookie(head);
  return found === COOKIE_3 || found === COOKIE_5 || found === COOKIE_2;
}

function isManagement(bytes: Uint8Array, at: number): boolean {
  return (bytes[at] & 0xf0) === MANAGEMENT;
}

function isHeader(bytes: Uint8Array, at: number): boolean {
  const version = bytes[at] & 15;
  const words = u16(bytes, at + 2);
  if (version < 3 || version > 5 || bytes[at + 1] >>> 4 > 0xa || words === 0) return false;
  switch (bytes[at] & 0xf0) {
    case FLOW_ACTIVITY:
    case FROM_NETFLOW:
    case EVENT:
    case FLOW_METRIC:
      return true;
    case MANAGEMENT:
      return words <= LONGEST_MANAGEMENT;
    default:
      return false;
  }
}

/**
 * Reads an argus file (versions 3 and 5), given in pieces of any size. Flow records go on as they are, one for each
 * status interval. Who began a flow is argus' own opinion, turned, as its client `ra` does, where the record says that it
 * began with an answer, or shows a TCP server as its source. Argus counts bytes of whole frames: the link headers that a
 * record names are taken off, the padding of short frames cannot be. After damage, reading goes on at the next record that
 * is sound in itself. Holds at most one record and one piece (512 KiB).
 *
 * The place of a problem is a byte offset. Kinds: `damaged-record`, `missing-fields`, `bad-time`, `bad-number`,
 * `argus-version` (each a record lost, the last one the file); `not-ip`, `unused-record`, `frame-bytes`, `link-bytes`,
 * `tunnel-bytes`, `masked-addresses`, `probe-dropped` (none lost).
 */
export class ArgusReader {
  readonly #sink: EvidenceSink;
  readonly #record = new ArgusRecord();
  #buffer = new Uint8Array(FIRST_BUFFER);
  #length = 0;
  /** Offset in the file of the buffer's first byte. */
  #base = 0;
  #number = 0;
  #records = 0;
  #isLost = false;
  #isRefused = false;
  #isEthernet = false;
  #isToldOfFrames = false;
  #from = Infinity;
  #to = -Infinity;

  constructor(sink: EvidenceSink) {
    this.#sink = sink;
  }

  /** Records read without fault so far, those that make no flow included. */
  get records(): number {
    return this.#records;
  }

  /** Earliest and latest moment that a flow record tells of, microseconds since the epoch; null before the first. */
  get firstSeen(): number | null {
    return Number.isFinite(this.#from) ? this.#from : null;
  }

  get lastSeen(): number | null {
    return Number.isFinite(this.#to) ? this.#to : null;
  }

  push(chunk: Uint8Array): void {
    let from = 0;
    while (from < chunk.length && !this.#isRefused) {
      if (this.#length === this.#buffer.length) this.#grow();
      const piece = Math.min(chunk.length - from, this.#buffer.length - this.#length);
      this.#buffer.set(chunk.subarray(from, from + piece), this.#length);
      this.#length += piece;
      from += piece;
      this.#consume(false);
    }
  }

  /** Ends the file: what is left is a record cut off. */
  end(): void {
    if (this.#length > 0 && !this.#isRefused) this.#consume(true);
  }

  /** When a record, and the header behind it, is longer than what is there. */
  #grow(): void {
    const larger = new Uint8Array(this.#buffer.length * 2);
    larger.set(this.#buffer);
    this.#buffer = larger;
  }

  #consume(isFinal: boolean): void {
    const bytes = this.#buffer;
    let at = 0;
    while (at < this.#length) {
      if (this.#isLost) {
        at = this.#findRecord(at, isFinal);
        if (this.#isLost) break;
      }
      if (this.#length - at < 4) {
        if (isFinal) this.#lose(at);
        break;
      }
      if (!isHeader(bytes, at)) {
        if (this.#number === 0 && this.#refuse(at, isFinal)) return;
        if (this.#number === 0 && this.#length - at < 12 && !isFinal) break;
        this.#lose(at);
        continue;
      }
      const end = at + 4 * u16(bytes, at + 2);
      if (end > this.#length) {
        if (!isFinal) break;
        // Cut off, or its length is wrong and there are others behind it.
        this.#lose(at);
        continue;
      }
      if (!isManagement(bytes, at) && !this.#record.split(bytes, at, end)) {
        // Its length holds when another record, or the end, follows.
        if (this.#length - end < 4 && !isFinal) break;
        const isFollowed = this.#length === end || (this.#length - end >= 4 && isHeader(bytes, end));
        this.#lose(at);
        if (!isFollowed) continue;
        this.#isLost = false;
      } else {
        this.#number++;
        this.#take(at, end);
      }
      at = end;
    }
    if (at > 0) bytes.copyWithin(0, at, this.#length);
    this.#base += at;
    this.#length -= at;
  }

  /** Version 2 has another layout. Its management record, too, has its mark at offset 8. */
  #refuse(at: number, isFinal: boolean): boolean {
    if (cookie(this.#buffer.subarray(at, this.#length)) !== COOKIE_2) return false;
    if (this.#length < 12 && !isFinal) return false;
    this.#isRefused = true;
    this.#length = 0;
    const message = 'an argus file of version 2: only versions 3 and 5 are read (ra of argus-clients 3 converts it)';
    this.#sink.problem('argus-version', 0, message);
    return true;
  }

  #lose(at: number): void {
    this.#isLost = true;
    this.#number++;
    const message = 'a record that is damaged or cut off; reading went on at the next sound one';
    this.#sink.problem('damaged-record', this.#base + at, message);
  }

  /**
   * The next place from `from` on (not itself, unless nothing was skipped there yet) where a record stands that is sound:
   * a flow record filled to the byte by its parts, or a management record that repeats its version. Stays lost, and gives
   * the place to go on from, when there is none, or more bytes are wanted to tell.
   */
  #findRecord(from: number, isFinal: boolean): number {
    const bytes = this.#buffer;
    for (let at = from; ; at++) {
      if (this.#length - at < 4) return isFinal ? this.#length : at;
      if (!isHeader(bytes, at)) continue;
      const end = at + 4 * u16(bytes, at + 2);
      if (end > this.#length) {
        if (isFinal) continue;
        return at;
      }
      const isSound = isManagement(bytes, at)
        ? end - at >= DROPPED + 4 && bytes[at + MAJOR_VERSION] === (bytes[at] & 15)
        : this.#record.split(bytes, at, end) && this.#record.hasFlow;
      if (!isSound) continue;
      this.#isLost = false;
      return at;
    }
  }

  /** A record that is whole, and taken apart if it is one of a flow. */
  #take(at: number, end: number): void {
    const bytes = this.#buffer;
    const place = this.#base + at;
    if (isManagement(bytes, at)) {
      this.#records++;
      this.#manage(at, end);
      return;
    }
    if ((bytes[at] & 0xf0) === EVENT) {
      this.#records++;
      this.#sink.problem('unused-record', place, 'records of events tell of no flow and were passed by');
      return;
    }
    const record = this.#record;
    const outcome = record.read(bytes, at, this.#isEthernet);
    if (outcome === NOT_IP_FLOW) {
      this.#records++;
      this.#sink.problem('not-ip', place, 'records of ARP, LLC and other frames without IP make no flow');
      return;
    }
    if (outcome !== FLOW_READ) {
      const [kind, why] = LOSSES[outcome];
      this.#sink.problem(kind, place, why);
      return;
    }
    this.#records++;
    const { flow } = record;
    flow.locator = this.#number;
    if (flow.start < this.#from) this.#from = flow.start;
    if (flow.end > this.#to) this.#to = flow.end;
    this.#tellBytes(place);
    this.#sink.flow(flow);
  }

  #tellBytes(place: number): void {
    const { hasLinkBytesOff, hasLinkBytesOn, hasTunnelBytes, isMasked } = this.#record;
    const sink = this.#sink;
    if (hasLinkBytesOff && !this.#isToldOfFrames) {
      this.#isToldOfFrames = true;
      const what = 'link headers (Ethernet 14 bytes, tag 4, …) were taken off, padding of short frames is still in';
      sink.problem('frame-bytes', place, `argus counts bytes of whole frames: ${what}`);
    }
    if (hasLinkBytesOn) sink.problem('link-bytes', place, LINK_BYTES);
    if (hasTunnelBytes)
      sink.problem('tunnel-bytes', place, 'bytes of a flow in a tunnel include the headers of the tunnel');
    if (isMasked)
      sink.problem('masked-addresses', place, 'addresses are beginnings of blocks: an aggregation cut them');
  }

  #manage(at: number, end: number): void {
    if ((this.#buffer[at + 1] & 0xf0) >= SUPPLEMENTAL || end - at < DROPPED + 4) return;
    this.#isEthernet = this.#buffer[at + INTERFACE_TYPE] === DLT_ETHERNET;
    const dropped = i32(this.#buffer, at + DROPPED) >>> 0;
    if (dropped === 0) return;
    const message = `the probe says that it dropped packets, ${dropped} in its first report of any`;
    this.#sink.problem('probe-dropped', this.#base + at, message);
  }
}
