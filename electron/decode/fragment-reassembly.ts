import {
  DECODED,
  decodeReassembled,
  DEPTH,
  DESTINATION_PORT,
  FIRST_FRAGMENT,
  FRAGMENT,
  FRAGMENT_CAPTURED,
  FRAGMENT_DATA,
  FRAGMENT_ID,
  FRAGMENT_LENGTH,
  FRAGMENT_MORE,
  FRAGMENT_PLACE,
  FRAGMENT_PROTOCOL,
  HEADER_WORDS,
  ICMP_ANSWER,
  IP_BYTES,
  LATER_FRAGMENT,
  PAYLOAD_CAPTURED,
  SOURCE_PORT,
  TCP_FLAGS,
  TRANSPORT,
} from './packet-header.ts';

/** Datagrams put together from their fragments (RFC 791; RFC 8200, section 4.5), within a budget. */

/** Fragments that come later than this after the first seen of their datagram belong to another; microseconds. */
const REASSEMBLY_TIMEOUT = 30e6;
const MAX_DATAGRAMS = 1024;
/** Bytes of fragments that wait for the rest, over all datagrams. */
const MAX_BYTES = 16 * 1024 * 1024;
/** Fragments of one datagram that wait for the first one. */
const MAX_WAITING = 128;
const LONGEST_DATAGRAM = 65_535;
/** Places of fragments are multiples of this many bytes. */
const BLOCK = 8;

/** Takes packets as they are to be counted, each once. */
export interface FragmentSink {
  /**
   * @param header that of the fragment, with the ports of its datagram where they are known; for the fragment that makes
   * a datagram whole, that of the whole datagram (FRAGMENT is then WHOLE) with the bytes of the fragment alone
   * @param bytes what `header` points into
   */
  fragment(header: Int32Array, bytes: Uint8Array, time: number, number: number, tunnel: number): void;
}

/** A fragment that came before the ports are known and cannot be counted yet. */
interface Waiting {
  readonly bytes: number;
  readonly time: number;
  readonly number: number;
  readonly tunnel: number;
}

interface Datagram {
  /** Of the fragment that came first, with the ports once they are known. */
  readonly header: Int32Array;
  readonly time: number;
  /** The ports are known: by the first fragment, or by the whole when that holds too little. */
  hasFirst: boolean;
  /** Nothing more is put together: whole already, or never to be. */
  isClosed: boolean;
  data: Uint8Array;
  /** 1 for each block of `data` that is there. */
  blocks: Uint8Array;
  filled: number;
  /** Length by the last fragment, -1 before it; and how far the fragments so far reach. */
  length: number;
  reach: number;
  waiting: Waiting[];
  /** Numbers of the packets that brought its fragments, where they are asked for. */
  numbers: number[];
}

const NOTHING = new Uint8Array(0);

/**
 * Gives each fragment the ports of its datagram and shows the datagram whole. A fragment that comes before the first one
 * waits for it, so that it is counted in the right flow; one whose first fragment never comes is counted without ports.
 * Where fragments overlap, what came first stays.
 */
export class FragmentReassembler {
  readonly #sink: FragmentSink;
  readonly #datagrams = new Map<string, Datagram>();
  readonly #scratch = new Int32Array(HEADER_WORDS);
  readonly #keepsNumbers: boolean;
  #bytes = 0;
  /** Numbers of the packets whose fragments make up the datagram that the sink is being given whole. */
  numbers: readonly number[] = [];
  /** Later fragments whose first one was not seen. */
  orphans = 0;
  /** Fragments that say otherwise than an earlier one about the same bytes. */
  overlaps = 0;
  /** Fragments with impossible places or lengths. */
  malformed = 0;
  /** Datagrams given up because a part did not come in time or was not captured, and for want of room. */
  incomplete = 0;
  overBudget = 0;

  /** @param keepsNumbers whether `numbers` is asked for */
  constructor(sink: FragmentSink, keepsNumbers = false) {
    this.#sink = sink;
    this.#keepsNumbers = keepsNumbers;
  }

  /**
   * Takes in one fragment; hands on what can be counted now.
   *
   * @param header filled by a decoder, FRAGMENT not WHOLE; @param bytes the buffer it points into
   * @param time microseconds since the epoch; @param number the packet's number in its file
   * @param tunnel number of the first packet of the flow around it; 0 = none
   */
  add(header: Int32Array, bytes: Uint8Array, time: number, number: number, tunnel: number): void {
    this.#dropOld(time);
    const key = keyOf(header);
    let datagram = this.#datagrams.get(key);
    const isFirst = header[FRAGMENT] === FIRST_FRAGMENT;
    // A first fragment behind a whole datagram begins another one: identifications come round again.
    const isOver = datagram !== undefined && ((datagram.isClosed && isFirst) || isLate(datagram, time));
    if (datagram !== undefined && isOver) {
      this.#drop(key, datagram);
      datagram = undefined;
    }
    if (datagram === undefined) {
      datagram = begun(header, time);
      this.#datagrams.set(key, datagram);
    }
    if (isFirst && !datagram.hasFirst) this.#portsKnown(datagram, header);
    const { numbers } = datagram;
    if (this.#keepsNumbers && !datagram.isClosed && numbers.length < LONGEST_DATAGRAM / BLOCK) numbers.push(number);
    const whole = datagram.isClosed ? null : this.#fill(datagram, header, bytes);
    this.#makeRoom();

    if (whole !== null) {
      if (decodeReassembled(whole, header) === DECODED) {
        if (!datagram.hasFirst) this.#portsKnown(datagram, header);
        this.numbers = numbers;
        this.#sink.fragment(header, whole, time, number, tunnel);
        return;
      }
      header[FRAGMENT] = LATER_FRAGMENT;
      header[PAYLOAD_CAPTURED] = 0;
    }
    if (datagram.hasFirst) {
      givePorts(datagram.header, header);
      this.#sink.fragment(header, bytes, time, number, tunnel);
      return;
    }
    datagram.waiting.push({ bytes: header[IP_BYTES], time, number, tunnel });
    if (datagram.waiting.length > MAX_WAITING) this.#release(datagram);
  }

  /** Hands on all that still waits. */
  end(): void {
    for (const [key, datagram] of this.#datagrams) this.#drop(key, datagram);
  }

  /** Ends datagrams that lie too far from now; the oldest come first. */
  #dropOld(time: number): void {
    for (const [key, datagram] of this.#datagrams) {
      if (!isLate(datagram, time)) return;
      this.#drop(key, datagram);
    }
  }

  #makeRoom(): void {
    if (this.#datagrams.size <= MAX_DATAGRAMS && this.#bytes <= MAX_BYTES) return;
    for (const [key, datagram] of this.#datagrams) {
      if (!datagram.isClosed) this.overBudget++;
      this.#close(datagram);
      this.#drop(key, datagram);
      if (this.#datagrams.size <= MAX_DATAGRAMS && this.#bytes <= MAX_BYTES) return;
    }
  }

  #drop(key: string, datagram: Datagram): void {
    this.#datagrams.delete(key);
    if (!datagram.isClosed) this.incomplete++;
    this.#close(datagram);
    this.#release(datagram);
  }

  #close(datagram: Datagram): void {
    this.#bytes -= datagram.data.length;
    datagram.data = NOTHING;
    datagram.blocks = NOTHING;
    datagram.isClosed = true;
  }

  #portsKnown(datagram: Datagram, header: Int32Array): void {
    givePorts(header, datagram.header);
    datagram.hasFirst = true;
    this.#release(datagram);
  }

  /** Hands on the fragments that waited for the ports, with them if they are known by now. */
  #release(datagram: Datagram): void {
    const { waiting } = datagram;
    if (waiting.length === 0) return;
    datagram.waiting = [];
    if (!datagram.hasFirst) this.orphans += waiting.length;
    const header = this.#scratch;
    for (const one of waiting) {
      header.set(datagram.header);
      header[FRAGMENT] = LATER_FRAGMENT;
      header[IP_BYTES] = one.bytes;
      header[PAYLOAD_CAPTURED] = 0;
      header[TCP_FLAGS] = 0;
      this.#sink.fragment(header, NOTHING, one.time, one.number, one.tunnel);
    }
  }

  /** Puts a fragment's bytes into its datagram; gives the datagram when that was the last that was missing. */
  #fill(datagram: Datagram, header: Int32Array, bytes: Uint8Array): Uint8Array | null {
    const place = header[FRAGMENT_PLACE];
    const length = header[FRAGMENT_LENGTH];
    const isLast = header[FRAGMENT_MORE] === 0;
    const to = place + length;
    if (to > LONGEST_DATAGRAM || length === 0 || (!isLast && length % BLOCK !== 0)) {
      this.malformed++;
      this.#close(datagram);
      return null;
    }
    if (header[FRAGMENT_CAPTURED] < length) {
      this.incomplete++;
      this.#close(datagram);
      return null;
    }
    const isKnown = datagram.length >= 0;
    if (isKnown ? to > datagram.length || (isLast && to < datagram.length) : isLast && to < datagram.reach) {
      this.overlaps++;
      return null;
    }
    if (isLast) datagram.length = to;
    datagram.reach = Math.max(datagram.reach, to);
    this.#reserve(datagram, to);
    this.#copy(datagram, bytes, header[FRAGMENT_DATA], length, place);
    const { length: total } = datagram;
    if (total < 0 || datagram.filled < Math.ceil(total / BLOCK)) return null;
    const whole = datagram.data.slice(0, total);
    this.#close(datagram);
    return whole;
  }

  #reserve(datagram: Datagram, needed: number): void {
    if (datagram.data.length >= needed) return;
    const size = 2 ** Math.ceil(Math.log2(Math.max(needed, 2048)));
    const data = new Uint8Array(size);
    data.set(datagram.data);
    const blocks = new Uint8Array(size / BLOCK);
    blocks.set(datagram.blocks);
    this.#bytes += size - datagram.data.length;
    datagram.data = data;
    datagram.blocks = blocks;
  }

  #copy(datagram: Datagram, bytes: Uint8Array, from: number, length: number, place: number): void {
    const { data, blocks } = datagram;
    const first = place / BLOCK;
    const end = Math.ceil((place + length) / BLOCK);
    let known = 0;
    for (let block = first; block < end; block++) known += blocks[block];
    datagram.filled += end - first - known;
    if (known === 0) {
      data.set(bytes.subarray(from, from + length), place);
      blocks.fill(1, first, end);
      return;
    }
    let differs = false;
    for (let i = 0; i < length; i++) {
      const to = place + i;
      if (blocks[Math.floor(to / BLOCK)] === 0) data[to] = bytes[from + i];
      else if (data[to] !== bytes[from + i]) differs = true;
    }
    blocks.fill(1, first, end);
    // The same fragment once more is no overlap.
    if (differs || known < end - first) this.overlaps++;
  }
}

function begun(header: Int32Array, time: number): Datagram {
  return {
    header: header.slice(),
    time,
    hasFirst: false,
    isClosed: false,
    data: NOTHING,
    blocks: NOTHING,
    filled: 0,
    length: -1,
    reach: 0,
    waiting: [],
    numbers: [],
  };
}

function isLate(datagram: Datagram, time: number): boolean {
  return Math.abs(time - datagram.time) > REASSEMBLY_TIMEOUT;
}

/** What names a datagram: its addresses and identification, of IPv4 the protocol too; and its tunnel depth. */
function keyOf(header: Int32Array): string {
  const isIpv4 = (header[0] | header[1] | header[4] | header[5]) === 0 && header[2] === 0xffff && header[6] === 0xffff;
  const rest = `${header[3]},${header[7]},${header[FRAGMENT_ID]},${header[DEPTH]}`;
  if (isIpv4) return `${rest},${header[FRAGMENT_PROTOCOL]}`;
  return `${rest},${header[0]},${header[1]},${header[2]},${header[4]},${header[5]},${header[6]}`;
}

function givePorts(from: Int32Array, to: Int32Array): void {
  to[TRANSPORT] = from[TRANSPORT];
  to[SOURCE_PORT] = from[SOURCE_PORT];
  to[DESTINATION_PORT] = from[DESTINATION_PORT];
  to[ICMP_ANSWER] = from[ICMP_ANSWER];
}
