import { i32, u16 } from '../../decode/packet-header.ts';
import type { AddressWords } from '../../../shared/address.ts';
import { type ConnState, ICMP, ICMP6, SCTP, TCP, UDP } from '../../../shared/flow.ts';
import type { ExportedFlow } from '../flow-sink.ts';

/**
 * One record of argus 3 to 5: a header of four bytes, then data-specific records (DSR) of type, subtype, qualifier and
 * length in words of four bytes. Layout after argus_def.h and argus_out.h of argus 3.0.8 and 5.0; all numbers are big-endian.
 */

/** What became of a record. */
export const FLOW_READ = 0;
export const NOT_IP_FLOW = 1;
export const NO_FLOW_KEY = 2;
export const NO_TIME = 3;
export const NO_COUNTS = 4;
export const BAD_TIME = 5;
export const BAD_COUNT = 6;
export const AGGREGATED_KEY = 7;
export type ArgusOutcome =
  | typeof FLOW_READ
  | typeof NOT_IP_FLOW
  | typeof NO_FLOW_KEY
  | typeof NO_TIME
  | typeof NO_COUNTS
  | typeof BAD_TIME
  | typeof BAD_COUNT
  | typeof AGGREGATED_KEY;

/** Types of records, high nibble of the first byte; the low one is the version. */
export const MANAGEMENT = 0x80;
export const FLOW_ACTIVITY = 0x10;
/** A NetFlow record that a collector of the argus clients turned into one of argus. */
export const FROM_NETFLOW = 0x30;
export const EVENT = 0x40;
/** Further flow records of argus 5. */
export const FLOW_METRIC = 0x50;

/** More data-specific records than any version defines are damage. */
const MAX_DSRS = 32;

const TRANSPORT_DSR = 0x01;
const FLOW_DSR = 0x02;
const TIME_DSR = 0x03;
const METER_DSR = 0x10;
const ENCAPSULATION_DSR = 0x20;
const NETWORK_DSR = 0x30;

const IMMEDIATE = 0x80;
const LONG_LENGTH = 0x80;

const FIVE_TUPLE = 1;
const LAYER_3_MATRIX = 3;
const TYPE_IPV4 = 1;
const TYPE_IPV6 = 2;
/** Subtype of a flow key: source and destination stand the other way round. */
const REVERSED = 0x40;
/** Qualifiers of a flow key: what began the record was an answer, addresses have masks, fragments. */
const ANSWER = 0x20;
const MASKED = 0x40;
const FRAGMENT = 0x80;

const NANOSECONDS = 0x19;
const RELATIVE_NANOSECONDS = 0x1b;
/** Subtype of a time: which of the four moments (source start, source end, destination start, …) are there. */
const SOURCE_START = 0x08;
const DESTINATION_START = 0x20;

const UNSET_SECONDS = 0xefffffff;

const TCP_INITIAL = 3;
const TCP_STATUS = 4;
const TCP_PERFORMANCE = 5;
const FIN = 1;

/** Bits of a TCP connection's status, which go on from record to record of the same flow. */
const SAW_SYN = 0x01;
const SAW_SYN_ACK = 0x02;
const SAW_FIN = 0x08;
const NORMAL_CLOSE = 0x20;
const SOURCE_RESET = 0x1000;
const DESTINATION_RESET = 0x2000;

/** Bits of what stood around the packets of one direction (argus_encapsulations.h). */
const IN_MPLS = 0x01;
const IN_ETHERNET = 0x02;
const IN_8021Q = 0x04;
const IN_LLC = 0x08;
const IN_PPP = 0x10;
const IN_CISCO_HDLC = 0x0800;
const IN_COOKED = 0x2000;
/** GRE, AH, IP in IP, IPv6 in IP, Teredo, UDT, IPsec, ERSPAN: of unknown length. */
const IN_TUNNEL = 0x40 | 0x80 | 0x100 | 0x200 | 0x40_0000 | 0x80_0000 | 0x100_0000 | 0x400_0000;
const LINKS_OF_KNOWN_LENGTH = IN_MPLS | IN_ETHERNET | IN_8021Q | IN_LLC | IN_PPP | IN_CISCO_HDLC | IN_COOKED;

type Words = [number, number, number, number];

function u32(bytes: Uint8Array, at: number): number {
  return i32(bytes, at) >>> 0;
}

function hasPorts(transport: number): boolean {
  return transport === TCP || transport === UDP || transport === SCTP || transport === 33 || transport === 136;
}

/**
 * Bytes of link headers before IP in each packet of a direction, as the bits name them: Ethernet 14, tag 4, LLC/SNAP 8,
 * PPPoE 8, PPP alone 4, Cisco HDLC 4, Linux cooked 16, one MPLS label 4. A cooked link is called Ethernet besides.
 */
function linkBytes(around: number): number {
  let length = 0;
  if ((around & IN_COOKED) !== 0) length += 16;
  else if ((around & IN_ETHERNET) !== 0) length += 14;
  if ((around & IN_8021Q) !== 0) length += 4;
  if ((around & IN_LLC) !== 0) length += 8;
  // Inside GRE, PPP belongs to the tunnel.
  if ((around & IN_PPP) !== 0 && (around & IN_TUNNEL) === 0) length += (around & IN_ETHERNET) === 0 ? 4 : 8;
  if ((around & IN_CISCO_HDLC) !== 0) length += 4;
  if ((around & IN_MPLS) !== 0) length += 4;
  return length;
}

/**
 * Zeek's `conn_state` (see `flow-table.ts`) from argus' status of the connection so far and the flags of each side in
 * this record; null when a FIN was seen but not whose.
 */
function connState(status: number, sourceFlags: number, destinationFlags: number): ConnState {
  const syn = (status & SAW_SYN) !== 0;
  const synAck = (status & SAW_SYN_ACK) !== 0;
  const isClosed = (status & NORMAL_CLOSE) !== 0;
  const sourceFin = isClosed || (sourceFlags & FIN) !== 0;
  const destinationFin = isClosed || (destinationFlags & FIN) !== 0;
  const sourceReset = (status & SOURCE_RESET) !== 0;
  const destinationReset = (status & DESTINATION_RESET) !== 0;
  if ((status & SAW_FIN) !== 0 && !sourceFin && !destinationFin && !sourceReset && !destinationReset) return null;
  if (sourceFin && destinationFin && !sourceReset && !destinationReset) return 'SF';
  if (syn && synAck) {
    if (sourceReset) return 'RSTO';
    if (destinationReset) return 'RSTR';
    if (sourceFin) return 'S2';
    return destinationFin ? 'S3' : 'S1';
  }
  if (syn) {
    if (destinationReset) return 'REJ';
    if (sourceReset) return 'RSTOS0';
    return sourceFin ? 'SH' : 'S0';
  }
  if (synAck) {
    if (destinationReset) return 'RSTRH';
    if (destinationFin) return 'SHR';
  }
  return 'OTH';
}

/** The status with the sides' resets exchanged. */
function turnedStatus(status: number): number {
  const rest = status & ~(SOURCE_RESET | DESTINATION_RESET);
  return rest | ((status & SOURCE_RESET) << 1) | ((status & DESTINATION_RESET) >>> 1);
}

/** What a record tells of a flow. One object serves all records: every field is written anew, `flow` included. */
export class ArgusRecord {
  readonly #initiator: Words = [0, 0, 0xffff, 0];
  readonly #responder: Words = [0, 0, 0xffff, 0];
  readonly #exporter: Words = [0, 0, 0xffff, 0];
  readonly flow: ExportedFlow = {
    start: 0,
    end: 0,
    initiator: this.#initiator,
    responder: this.#responder,
    initiatorPort: 0,
    responderPort: 0,
    transport: 0,
    packetsOut: 0,
    bytesOut: 0,
    packetsIn: 0,
    bytesIn: 0,
    tcpFlags: 0,
    state: null,
    locator: 0,
    oneWay: false,
    exporter: undefined,
  };

  /** The addresses are the beginnings of blocks: an aggregation cut them. */
  isMasked = false;
  /** Link headers were taken off the bytes, or are still in them because their length is not told. */
  hasLinkBytesOff = false;
  hasLinkBytesOn = false;
  /** The flow lay in a tunnel, whose headers are still in its bytes. */
  hasTunnelBytes = false;
  /** Places of the data-specific records in the buffer; 0 = not there. */
  #key = 0;
  #time = 0;
  #meter = 0;
  #network = 0;
  #encapsulation = 0;
  #transport = 0;

  /** True when the last record taken apart has what makes a flow. */
  get hasFlow(): boolean {
    return this.#key > 0 && this.#time > 0 && this.#meter > 0;
  }

  /** Takes the record apart; false when its data-specific records do not fill it to the byte. */
  split(bytes: Uint8Array, at: number, end: number): boolean {
    this.#key = 0;
    this.#time = 0;
    this.#meter = 0;
    this.#network = 0;
    this.#encapsulation = 0;
    this.#transport = 0;
    let cursor = at + 4;
    for (let count = 0; cursor < end; count++) {
      if (count === MAX_DSRS) return false;
      const type = bytes[cursor];
      const words = dsrWords(bytes, cursor);
      if (words === 0 || cursor + words * 4 > end) return false;
      switch (type) {
        case FLOW_DSR:
          this.#key = cursor;
          break;
        case TIME_DSR:
          this.#time = cursor;
          break;
        case METER_DSR:
          this.#meter = cursor;
          break;
        case NETWORK_DSR:
          this.#network = cursor;
          break;
        case ENCAPSULATION_DSR:
          this.#encapsulation = cursor;
          break;
        case TRANSPORT_DSR:
          this.#transport = cursor;
          break;
        default:
      }
      cursor += words * 4;
    }
    return true;
  }

  /**
   * Fills `flow` from the record taken apart last; `locator` stays as it is.
   *
   * @param isEthernet what the probe says of its interface, for records that do not tell what stood around the packets
   */
  read(bytes: Uint8Array, at: number, isEthernet: boolean): ArgusOutcome {
    if (this.#key === 0) return NO_FLOW_KEY;
    const key = this.#readKey(bytes, this.#key);
    if (key !== FLOW_READ) return key;
    if (this.#time === 0) return NO_TIME;
    if (!this.#readTime(bytes, this.#time)) return BAD_TIME;
    if (this.#meter === 0) return NO_COUNTS;
    const counts = this.#readCounts(bytes, this.#meter);
    if (counts !== FLOW_READ) return counts;
    const isNetflow = (bytes[at] & 0xf0) === FROM_NETFLOW;
    this.flow.oneWay = isNetflow;
    this.hasLinkBytesOff = false;
    this.hasLinkBytesOn = false;
    this.hasTunnelBytes = false;
    // NetFlow counts bytes of IP.
    if (!isNetflow) this.#takeOffLink(bytes, this.#encapsulation, isEthernet);
    const isAnswer = (bytes[this.#key + 2] & ANSWER) !== 0;
    if (this.#readTcp(bytes, this.#network) !== isAnswer) this.#turn();
    this.flow.exporter = this.#readProbe(bytes, this.#transport);
    return FLOW_READ;
  }

  #readKey(bytes: Uint8Array, at: number): ArgusOutcome {
    const subtype = bytes[at + 1];
    const qualifier = bytes[at + 2];
    const words = bytes[at + 3];
    const kind = subtype & 0x3f;
    const family = qualifier & 0x1f;
    if (kind !== FIVE_TUPLE && kind !== LAYER_3_MATRIX) return NOT_IP_FLOW;
    if (family !== TYPE_IPV4 && family !== TYPE_IPV6) return NOT_IP_FLOW;
    if (kind === LAYER_3_MATRIX) return AGGREGATED_KEY;
    const isIpv4 = family === TYPE_IPV4;
    if (words < (isIpv4 ? 5 : 10)) return NO_FLOW_KEY;
    const { flow } = this;
    const isReversed = (subtype & REVERSED) !== 0;
    const source = isReversed ? this.#responder : this.#initiator;
    const destination = isReversed ? this.#initiator : this.#responder;
    let protocol = at + 12;
    let ports = at + 14;
    if (isIpv4) {
      source[0] = source[1] = destination[0] = destination[1] = 0;
      source[2] = destination[2] = 0xffff;
      source[3] = u32(bytes, at + 4);
      destination[3] = u32(bytes, at + 8);
    } else {
      for (let word = 0; word < 4; word++) {
        source[word] = u32(bytes, at + 4 + 4 * word);
        destination[word] = u32(bytes, at + 20 + 4 * word);
      }
      protocol = at + 36;
      ports = at + 40;
    }
    const transport = bytes[protocol];
    flow.transport = transport;
    flow.initiatorPort = 0;
    flow.responderPort = 0;
    this.isMasked = (qualifier & MASKED) !== 0 && this.#isCut(bytes, at, words, isIpv4);
    if ((qualifier & FRAGMENT) !== 0 || (!isIpv4 && words < 11)) return FLOW_READ;
    if (hasPorts(transport)) {
      const first = u16(bytes, ports);
      const second = u16(bytes, ports + 2);
      flow.initiatorPort = isReversed ? second : first;
      flow.responderPort = isReversed ? first : second;
    } else if (transport === ICMP || transport === ICMP6) {
      flow.initiatorPort = bytes[ports];
      flow.responderPort = bytes[ports + 1];
    }
    return FLOW_READ;
  }

  /** Whether a mask of the key is shorter than its address; 0 stands for the whole. */
  #isCut(bytes: Uint8Array, at: number, words: number, isIpv4: boolean): boolean {
    if (isIpv4) return isShort(bytes[at + 18], 32) || isShort(bytes[at + 19], 32);
    return words >= 12 && (isShort(u16(bytes, at + 44), 128) || isShort(u16(bytes, at + 46), 128));
  }

  /**
   * Start and end. Up to version 3.0 one moment, two, or one and a distance; later any of the first and last packet of
   * each side, the first of them whole and the others, where the length says so, as signed distances in microseconds.
   */
  #readTime(bytes: Uint8Array, at: number): boolean {
    const { flow } = this;
    const subtype = bytes[at + 1];
    const qualifier = bytes[at + 2];
    const words = bytes[at + 3];
    const perMicrosecond = qualifier === NANOSECONDS || qualifier === RELATIVE_NANOSECONDS ? 1000 : 1;
    if (words < 3) return false;
    const first = moment(bytes, at + 4, perMicrosecond);
    flow.start = first;
    flow.end = first;
    if ((subtype & (SOURCE_START | DESTINATION_START)) === 0) {
      const form = subtype & 7;
      if (form === 3) {
        if (words < 4) return false;
        flow.end = first + Math.round(u32(bytes, at + 12) / perMicrosecond);
      } else if (form !== 1 && form !== 2) return false;
      else if (words >= 5) {
        const last = moment(bytes, at + 12, perMicrosecond);
        if (last !== 0) flow.end = last;
        if (first === 0) flow.start = last;
      }
    } else {
      // A last packet without a first one of its side is not stored.
      let moments = 0;
      if ((subtype & SOURCE_START) !== 0) moments += (subtype & 0x10) === 0 ? 1 : 2;
      if ((subtype & DESTINATION_START) !== 0) moments += (subtype & 0x40) === 0 ? 1 : 2;
      const isWhole = moments * 2 + 1 <= words;
      if (!isWhole && words < moments + 2) return false;
      for (let index = 1; index < moments; index++) {
        const other = isWhole
          ? moment(bytes, at + 4 + 8 * index, perMicrosecond)
          : first + i32(bytes, at + 8 + 4 * index);
        // 0 and NaN: not set, and impossible.
        if (other === 0) continue;
        if (!(other >= flow.start)) flow.start = other;
        if (!(other <= flow.end)) flow.end = other;
      }
    }
    if (flow.end < flow.start) {
      const last = flow.start;
      flow.start = flow.end;
      flow.end = last;
    }
    return !Number.isNaN(flow.start + flow.end) && flow.start >= 0;
  }

  /** Packets and bytes of both sides, or of one, in 1, 2, 4 or 8 bytes each; with the application's bytes behind, or not. */
  #readCounts(bytes: Uint8Array, at: number): ArgusOutcome {
    const { flow } = this;
    const subtype = bytes[at + 1];
    const form = (bytes[at + 2] & 15) - 1;
    const fields = (subtype & 1) === 0 ? 3 : 2;
    if ((subtype & 5) === 0 || form < 0 || form > 11) return NO_COUNTS;
    const width = 1 << (form & 3);
    const sides = form >> 2;
    if (4 + fields * width * (sides === 0 ? 2 : 1) > bytes[at + 3] * 4) return NO_COUNTS;
    const source = at + 4;
    const destination = sides === 0 ? source + fields * width : source;
    flow.packetsOut = sides === 2 ? 0 : counter(bytes, source, width);
    flow.bytesOut = sides === 2 ? 0 : counter(bytes, source + width, width);
    flow.packetsIn = sides === 1 ? 0 : counter(bytes, destination, width);
    flow.bytesIn = sides === 1 ? 0 : counter(bytes, destination + width, width);
    const sum = flow.packetsOut + flow.bytesOut + flow.packetsIn + flow.bytesIn;
    return sum <= Number.MAX_SAFE_INTEGER ? FLOW_READ : BAD_COUNT;
  }

  #takeOffLink(bytes: Uint8Array, at: number, isEthernet: boolean): void {
    const { flow } = this;
    const isTold = at > 0 && bytes[at + 3] >= 3;
    const untold = isEthernet ? IN_ETHERNET : 0;
    const source = isTold ? i32(bytes, at + 4) : untold;
    const destination = isTold ? i32(bytes, at + 8) : untold;
    // A side that tells nothing stands behind the same link as the other.
    const off = linkBytes(source === 0 ? destination : source);
    const offBack = linkBytes(destination === 0 ? source : destination);
    flow.bytesOut = Math.max(0, flow.bytesOut - flow.packetsOut * off);
    flow.bytesIn = Math.max(0, flow.bytesIn - flow.packetsIn * offBack);
    const around = source | destination;
    this.hasLinkBytesOff = off > 0 || offBack > 0;
    this.hasTunnelBytes = (around & IN_TUNNEL) !== 0;
    this.hasLinkBytesOn = (around & ~(LINKS_OF_KNOWN_LENGTH | IN_TUNNEL)) !== 0 || (!isTold && !isEthernet);
  }

  /** Flags and state; true when the source is the server, by what was seen or, failing that, by its port. */
  #readTcp(bytes: Uint8Array, at: number): boolean {
    const { flow } = this;
    flow.tcpFlags = 0;
    flow.state = null;
    if (at === 0 || flow.transport !== TCP) return false;
    const words = bytes[at + 3];
    let source = 0;
    let destination = 0;
    switch (bytes[at + 1]) {
      case TCP_INITIAL:
        if (words < 5) return false;
        source = bytes[at + 18];
        break;
      case TCP_STATUS:
        if (words < 3) return false;
        source = bytes[at + 8];
        destination = bytes[at + 9];
        break;
      case TCP_PERFORMANCE: {
        // Six words, then either side's share, which has grown by a word in argus 3.0.
        if (words < 30) return false;
        const side = (words * 4 - 24) >> 1;
        source = bytes[at + 70];
        destination = bytes[at + 70 + side];
        break;
      }
      default:
        return false;
    }
    flow.tcpFlags = source | destination;
    const status = i32(bytes, at + 4);
    const isServer =
      (status & (SAW_SYN | SAW_SYN_ACK)) === 0
        ? flow.initiatorPort < 1024 && flow.responderPort >= 1024
        : (status & SAW_SYN) === 0;
    flow.state = isServer
      ? connState(turnedStatus(status), destination, source)
      : connState(status, source, destination);
    return isServer;
  }

  /** Lets initiator and responder change sides. ICMP type and code are those of the request in any case. */
  #turn(): void {
    const { flow } = this;
    const isIcmp = flow.transport === ICMP || flow.transport === ICMP6;
    for (let word = 0; word < 4; word++) {
      const other = this.#initiator[word];
      this.#initiator[word] = this.#responder[word];
      this.#responder[word] = other;
    }
    const { initiatorPort, packetsOut, bytesOut } = flow;
    if (!isIcmp) {
      flow.initiatorPort = flow.responderPort;
      flow.responderPort = initiatorPort;
    }
    flow.packetsOut = flow.packetsIn;
    flow.packetsIn = packetsOut;
    flow.bytesOut = flow.bytesIn;
    flow.bytesIn = bytesOut;
  }

  /** The probe's name, where it is an address. */
  #readProbe(bytes: Uint8Array, at: number): AddressWords | undefined {
    if (at === 0 || (bytes[at + 1] & 1) === 0) return undefined;
    // Bit 0x10 says that the interface's name follows.
    const kind = bytes[at + 2] & ~0x10;
    const words = bytes[at + 3];
    const exporter = this.#exporter;
    if (kind === TYPE_IPV4 && words >= 2) {
      exporter[0] = exporter[1] = 0;
      exporter[2] = 0xffff;
      exporter[3] = u32(bytes, at + 4);
      return exporter[3] === 0 ? undefined : exporter;
    }
    if (kind !== TYPE_IPV6 || words < 5) return undefined;
    for (let word = 0; word < 4; word++) exporter[word] = u32(bytes, at + 4 + 4 * word);
    return exporter;
  }
}

/** Length of a data-specific record, its header included, in words of four bytes. */
function dsrWords(bytes: Uint8Array, at: number): number {
  if ((bytes[at] & IMMEDIATE) !== 0) return 1;
  return (bytes[at + 1] & LONG_LENGTH) === 0 ? bytes[at + 3] : u16(bytes, at + 2);
}

function isShort(mask: number, whole: number): boolean {
  return mask > 0 && mask < whole;
}

/**
 * Seconds and their fraction as microseconds since the epoch; NaN when the fraction is more than a second, or the seconds
 * are what argus has there before it saw a packet.
 */
function moment(bytes: Uint8Array, at: number, perMicrosecond: number): number {
  if (u32(bytes, at) === UNSET_SECONDS) return Number.NaN;
  const fraction = u32(bytes, at + 4) / perMicrosecond;
  return fraction > 1e6 ? Number.NaN : u32(bytes, at) * 1e6 + Math.round(fraction);
}

/** An unsigned number of 1, 2, 4 or 8 bytes; beyond 2⁵³ no longer exact. */
function counter(bytes: Uint8Array, at: number, width: number): number {
  switch (width) {
    case 1:
      return bytes[at];
    case 2:
      return u16(bytes, at);
    case 4:
      return u32(bytes, at);
    default:
      return u32(bytes, at) * 2 ** 32 + u32(bytes, at + 4);
  }
}
