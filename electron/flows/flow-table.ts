import { CONN_STATES, ICMP, ICMP6, TCP, UDP } from '../../shared/flow.ts';
import {
  DEPTH,
  DESTINATION,
  DESTINATION_PORT,
  FRAGMENT,
  ICMP_ANSWER,
  IP_BYTES,
  LATER_FRAGMENT,
  PAYLOAD,
  PAYLOAD_CAPTURED,
  PAYLOAD_LENGTH,
  SOURCE,
  SOURCE_PORT,
  TCP_FLAGS,
  TCP_OPTIONS,
  TCP_SEQUENCE,
  TRANSPORT,
  TTL,
} from '../decode/packet-header.ts';
import { SynOptions } from '../decode/syn-options.ts';
import {
  Payload,
  type PayloadInspector,
  RECOGNISED,
  RECOGNISED_WANTS_MORE,
  WANTS_MORE,
  WATCH,
} from '../../shared/payload.ts';
import type { SegmentBuilder } from './segment-builder.ts';

/** When a flow of the same five-tuple ends and another begins, in seconds. */
export interface FlowTimeouts {
  /** Idle gap of UDP and others, and of TCP after its close. */
  idle: number;
  /** Idle gap of TCP that was not closed. */
  idleTcp: number;
  /** Longest record; a longer flow goes on in a new one. */
  active: number;
}

export const DEFAULT_TIMEOUTS: FlowTimeouts = { idle: 60, idleTcp: 300, active: 1800 };

/**
 * One record of 128 bytes a flow, as words of 32 bits (and, at even places, float64): measured 1.6 times as fast as one
 * array a field. A is the side that sent the first packet.
 */
const STRIDE = 32;
const A_ADDRESS = 0;
const B_ADDRESS = 4;
const A_PORT = 8;
const B_PORT = 9;
/** Transport in the low byte, tunnel depth in the next. */
const PROTOCOL = 10;
const STATE_BITS = 11;
const FIRST = 6; // float64 index: words 12, 13
const LAST = 7;
const A_BYTES = 8;
const B_BYTES = 9;
const LOCATOR = 10;
const A_PACKETS = 22;
const B_PACKETS = 23;
const HASH = 24;
const NEXT = 25;
/** TCP flags: A in the low byte, B in the next; then the TTL of the first packet of each. */
const FLAGS = 26;
/** Low 2 bits: inspection state; bits 8–15: payloads looked at. */
const INSPECTION = 27;
const RULE = 28;
/** Number of the packet by which RULE was recognised; 0 = not known. */
const PAYLOAD_AT = 29;
const A_SEQUENCE = 30;
const B_SEQUENCE = 31;
const FLOATS = STRIDE / 2;

/** Last packet number that PAYLOAD_AT and `nameAt` can hold. */
const LAST_NUMBER = 2 ** 32 - 1;

const UNDECIDED = 0;
const DECIDED = 1;
const WATCHED = 2;

const SYN_A = 1;
const SYN_B = 2;
const SYN_ACK_A = 4;
const SYN_ACK_B = 8;
const FIN_A = 16;
const FIN_B = 32;
const RST_A = 64;
const RST_B = 128;
/** A flow cut by the active timeout passes on which side began it. */
const BEGUN_BY_A = 256;
const BEGUN_BY_B = 512;
const SEQUENCE_A = 1024;
const SEQUENCE_B = 2048;
/** A slot that holds a flow. */
const LIVE = 4096;

const FIN = 1;
const SYN = 2;
const RST = 4;
const ACK = 16;

/** Payloads of one flow that are looked at before it counts as not recognised. */
const MAX_LOOKS = 8;
/** The same of one whose protocol is known and whose first message is being put together: a head of 16 KiB in segments. */
const MAX_LOOKS_RECOGNISED = 16;
/** Longest head of a stream that is put together, bytes, and how many at a time. */
const HEAD_LIMIT = 16_384;
const MAX_HEADS = 2048;
/** Segments of one direction that wait for the one before them. */
const MAX_AHEAD = 8;
/** Undecided flows of which the inspector may keep a memory (QUIC: up to 16 KiB each). */
const MAX_MEMORIES = 2048;
const INITIAL_SLOTS = 256;
/** Slots that the sweeper visits with each packet; a round through the table then outruns its growth. */
const SWEEP_STEP = 2;
/**
 * Packets of which the earliest and the latest time bound the sweeper's clock, so that neither one absurd time stamp nor
 * a jump ends flows that go on.
 */
const CLOCK_PACKETS = 64;

/** Ports of well-known servers above 1023, used only to tell which side of a flow seen midway was the server. */
const SERVER_PORTS: ReadonlySet<number> = new Set([
  1080, 1194, 1433, 1521, 1701, 1723, 1883, 1900, 1935, 2049, 2404, 3128, 3306, 3389, 3478, 3544, 4500, 5060, 5061,
  5072, 5222, 5223, 5228, 5353, 5355, 5432, 5900, 6379, 6667, 8000, 8080, 8443, 8883, 9001, 9092, 9200, 11211, 25565,
  27015, 27017, 44818, 47808, 51820,
]);
/** Ports where peers listen. In UDP they also send from there, so that only TCP tells who was asked. */
const PEER_PORTS: ReadonlySet<number> = new Set([6881, 8333, 18080, 30303]);

/** Whether a port is one that servers listen at, so that the other end of a flow seen midway was its initiator. */
export function isServerPort(port: number, transport: number): boolean {
  return port < 1024 || SERVER_PORTS.has(port) || (transport === TCP && PEER_PORTS.has(port));
}

const stateNumber = (name: NonNullable<(typeof CONN_STATES)[number]>): number => CONN_STATES.indexOf(name);
const S0 = stateNumber('S0');
const S1 = stateNumber('S1');
const SF = stateNumber('SF');
const REJ = stateNumber('REJ');
const S2 = stateNumber('S2');
const S3 = stateNumber('S3');
const RSTO = stateNumber('RSTO');
const RSTR = stateNumber('RSTR');
const RSTOS0 = stateNumber('RSTOS0');
const RSTRH = stateNumber('RSTRH');
const SH = stateNumber('SH');
const SHR = stateNumber('SHR');
const OTH = stateNumber('OTH');

/**
 * Zeek's `conn_state` (Zeek documentation, base/protocols/conn/main.zeek) from what each side did. I = initiator,
 * R = responder.
 */
function tcpState(synI: boolean, synAckR: boolean, finI: boolean, finR: boolean, rstI: boolean, rstR: boolean): number {
  // Finished by both sides, whether its beginning was seen or not.
  if (finI && finR && !rstI && !rstR) return SF;
  if (synI && synAckR) {
    if (rstI) return RSTO;
    if (rstR) return RSTR;
    if (finI) return S2;
    return finR ? S3 : S1;
  }
  if (synI) {
    if (rstR) return REJ;
    if (rstI) return RSTOS0;
    return finI ? SH : S0;
  }
  if (synAckR) {
    if (rstR) return RSTRH;
    if (finR) return SHR;
  }
  return OTH;
}

/** What the inspector reads of a flow; '' where nothing. */
interface FlowTexts {
  name: string;
  nameOrigin: number;
  /** Number of the packet that the name was complete with; 0 = not known. */
  nameAt: number;
  userAgent: string;
  via: string;
  forwardedFor: string;
  ja3: string;
  ja4: string;
}

/** The first bytes of one direction: `length` of them without a gap, and pieces that came ahead of what is missing. */
interface StreamHead {
  bytes: Uint8Array;
  length: number;
  ahead: { from: number; to: number }[];
}

/**
 * The live flows: finds the flow of each packet, counts, looks at first payloads through the inspector, and hands ended
 * flows to the segment builder. Memory is bounded by the flows that are active at one time.
 */
export class FlowTable {
  #words = new Int32Array(INITIAL_SLOTS * STRIDE);
  #floats = new Float64Array(this.#words.buffer);
  #capacity = INITIAL_SLOTS;
  #heads = new Int32Array(INITIAL_SLOTS * 2).fill(-1);
  #mask = INITIAL_SLOTS * 2 - 1;
  #used = 0;
  #free = -1;
  #active = 0;
  /** Where the packet added last went; its words stay, even if its flow has ended since, until the next one comes. */
  #lastSlot = 0;
  #hand = 0;
  /** Earliest and latest time of the last whole round of packets, and of the round in work. */
  #earliest = Infinity;
  #latest = -Infinity;
  #earliestNow = Infinity;
  #latestNow = -Infinity;
  #clockLeft = CLOCK_PACKETS;
  readonly #idle: number;
  readonly #idleTcp: number;
  readonly #activeTimeout: number;
  readonly #builder: SegmentBuilder;
  readonly #inspector: PayloadInspector;
  readonly #protocolTerms: number[];
  readonly #ruleTerms: number[];
  readonly #payload = new Payload();
  /** Of flows inside tunnels: number of the first packet of the flow around them. */
  readonly #tunnels = new Map<number, number>();
  /** What the inspector read of each flow, by slot. */
  readonly #texts: (FlowTexts | undefined)[] = [];
  /** Numbers of the options of each flow's first SYN, by slot; 0 = none. */
  #synOptions = new Uint16Array(INITIAL_SLOTS);
  readonly synOptions = new SynOptions();
  readonly #memories = new Map<number, unknown>();
  readonly #streamHeads = new Map<number, StreamHead>();
  /** Buffers of heads that are done with. */
  readonly #spareHeads: Uint8Array[] = [];
  /** Streams whose head was given up because the budget for heads was spent. */
  headsOverBudget = 0;
  packets = 0;

  constructor(builder: SegmentBuilder, inspector: PayloadInspector, timeouts: FlowTimeouts = DEFAULT_TIMEOUTS) {
    this.#builder = builder;
    this.#inspector = inspector;
    this.#idle = timeouts.idle * 1e6;
    this.#idleTcp = timeouts.idleTcp * 1e6;
    this.#activeTimeout = timeouts.active * 1e6;
    this.#protocolTerms = inspector.rules.map((rule) => builder.term(rule.protocol));
    this.#ruleTerms = inspector.rules.map((rule) => builder.term(rule.id));
    // Arrays that nobody replaced yet are compiled in as constants, and all that code is thrown away at the first growth.
    this.#grow();
  }

  /** Number of the first packet of the flow that took the packet added last. */
  get locator(): number {
    return this.#floats[this.#lastSlot * FLOATS + LOCATOR];
  }

  /** Flows alive now. */
  get active(): number {
    return this.#active;
  }

  /**
   * Adds one packet, or one of those nested in it: flows of different depth are kept apart.
   *
   * @param header filled by a decoder; @param bytes the buffer it points into
   * @param time microseconds since the epoch; @param number the packet's number in its file, from 1
   * @param tunnel `locator` as it was for the packet around this one; 0 = none
   */
  add(header: Int32Array, bytes: Uint8Array, time: number, number: number, tunnel: number): void {
    this.packets++;
    const s0 = header[SOURCE];
    const s1 = header[SOURCE + 1];
    const s2 = header[SOURCE + 2];
    const s3 = header[SOURCE + 3];
    const d0 = header[DESTINATION];
    const d1 = header[DESTINATION + 1];
    const d2 = header[DESTINATION + 2];
    const d3 = header[DESTINATION + 3];
    const sourcePort = header[SOURCE_PORT];
    const destinationPort = header[DESTINATION_PORT];
    const transport = header[TRANSPORT];
    const protocol = transport | (header[DEPTH] << 8);
    const flags = header[TCP_FLAGS];
    let hash = s0 ^ d0 ^ Math.imul(s1 ^ d1, 0x9e3779b1) ^ Math.imul(s2 ^ d2, 0x85ebca6b);
    hash =
      Math.imul(hash ^ s3 ^ d3, 0xcc9e2d51) ^ Math.imul((sourcePort ^ destinationPort) + protocol * 65_537, 0x1b873593);
    // Symmetric so far; the sums keep apart what the exclusive ors make equal.
    hash = Math.imul(hash ^ (s3 + d3) ^ Math.imul(sourcePort + destinationPort, 0x27d4eb2f), 0x165667b1);
    hash ^= hash >>> 15;

    const words = this.#words;
    let slot = this.#heads[hash & this.#mask];
    let fromA = true;
    while (slot >= 0) {
      const at = slot * STRIDE;
      if (words[at + HASH] === hash && words[at + PROTOCOL] === protocol) {
        if (
          words[at + 3] === s3 &&
          words[at + 7] === d3 &&
          words[at + A_PORT] === sourcePort &&
          words[at + B_PORT] === destinationPort &&
          words[at + 2] === s2 &&
          words[at + 6] === d2 &&
          words[at] === s0 &&
          words[at + 4] === d0 &&
          words[at + 1] === s1 &&
          words[at + 5] === d1
        ) {
          fromA = true;
          break;
        }
        if (
          words[at + 3] === d3 &&
          words[at + 7] === s3 &&
          words[at + A_PORT] === destinationPort &&
          words[at + B_PORT] === sourcePort &&
          words[at + 2] === d2 &&
          words[at + 6] === s2 &&
          words[at] === d0 &&
          words[at + 4] === s0 &&
          words[at + 1] === d1 &&
          words[at + 5] === s1
        ) {
          fromA = false;
          break;
        }
      }
      slot = words[at + NEXT];
    }

    if (slot >= 0) {
      const at = slot * STRIDE;
      const bits = words[at + STATE_BITS];
      const closed = isClosed(bits);
      const gap = Math.abs(time - this.#floats[slot * FLOATS + LAST]);
      const reopened = closed && (flags & (SYN | ACK)) === SYN;
      if (reopened || gap > (transport === TCP && !closed ? this.#idleTcp : this.#idle)) {
        this.#end(slot);
        slot = -1;
      } else if (Math.abs(time - this.#floats[slot * FLOATS + FIRST]) > this.#activeTimeout) {
        slot = this.#goOn(slot, fromA, hash, header, time, number, tunnel);
        fromA = true;
      }
    }
    if (slot < 0) {
      slot = this.#begin(hash, header, time, number, tunnel);
      fromA = true;
    }
    this.#count(slot, fromA, header, flags, time);
    if ((flags & (SYN | ACK)) === SYN) this.#keepOptions(slot, header, bytes);
    if (header[PAYLOAD_CAPTURED] > 0 && header[FRAGMENT] !== LATER_FRAGMENT) {
      if ((this.#words[slot * STRIDE + INSPECTION] & 3) !== DECIDED)
        this.#look(slot, fromA, header, bytes, time, number);
    }
    this.#lastSlot = slot;
    this.#sweep(time);
  }

  /** Hands over every live flow, in the order of their records. */
  endAll(): void {
    for (let slot = 0; slot < this.#used; slot++) {
      if ((this.#words[slot * STRIDE + STATE_BITS] & LIVE) !== 0) this.#end(slot);
    }
  }

  #count(slot: number, fromA: boolean, header: Int32Array, flags: number, time: number): void {
    const words = this.#words;
    const floats = this.#floats;
    const at = slot * STRIDE;
    const float = slot * FLOATS;
    if (time > floats[float + LAST]) floats[float + LAST] = time;
    if (time < floats[float + FIRST]) floats[float + FIRST] = time;
    if (fromA) {
      words[at + A_PACKETS]++;
      floats[float + A_BYTES] += header[IP_BYTES];
    } else {
      if (words[at + B_PACKETS]++ === 0) words[at + FLAGS] |= header[TTL] << 24;
      floats[float + B_BYTES] += header[IP_BYTES];
    }
    if (flags === 0) return;
    words[at + FLAGS] |= fromA ? flags : flags << 8;
    if ((flags & (SYN | FIN | RST)) === 0) return;
    let bits = 0;
    if ((flags & SYN) !== 0) {
      if ((flags & ACK) !== 0) bits |= fromA ? SYN_ACK_A : SYN_ACK_B;
      else bits |= fromA ? SYN_A : SYN_B;
      words[at + (fromA ? A_SEQUENCE : B_SEQUENCE)] = (header[TCP_SEQUENCE] + 1) | 0;
      bits |= fromA ? SEQUENCE_A : SEQUENCE_B;
    }
    if ((flags & FIN) !== 0) bits |= fromA ? FIN_A : FIN_B;
    if ((flags & RST) !== 0) bits |= fromA ? RST_A : RST_B;
    words[at + STATE_BITS] |= bits;
  }

  /** Of a flow's first SYN; what came before it, or with an answer, is no opening. */
  #keepOptions(slot: number, header: Int32Array, bytes: Uint8Array): void {
    if (header[TCP_OPTIONS] < 0 || this.#synOptions[slot] !== 0) return;
    this.#synOptions[slot] = this.synOptions.number(bytes, header[TCP_OPTIONS], header[PAYLOAD]);
  }

  #allocate(): number {
    if (this.#free >= 0) {
      const slot = this.#free;
      this.#free = this.#words[slot * STRIDE + NEXT];
      return slot;
    }
    if (this.#used === this.#capacity) this.#grow();
    return this.#used++;
  }

  #grow(): void {
    this.#capacity *= 2;
    const words = new Int32Array(this.#capacity * STRIDE);
    words.set(this.#words);
    this.#words = words;
    this.#floats = new Float64Array(words.buffer);
    const synOptions = new Uint16Array(this.#capacity);
    synOptions.set(this.#synOptions);
    this.#synOptions = synOptions;
    this.#heads = new Int32Array(this.#capacity * 2).fill(-1);
    this.#mask = this.#capacity * 2 - 1;
    for (let slot = 0; slot < this.#used; slot++) {
      const at = slot * STRIDE;
      if ((words[at + STATE_BITS] & LIVE) === 0) continue;
      const bucket = words[at + HASH] & this.#mask;
      words[at + NEXT] = this.#heads[bucket];
      this.#heads[bucket] = slot;
    }
  }

  #begin(hash: number, header: Int32Array, time: number, number: number, tunnel: number): number {
    const slot = this.#allocate();
    const words = this.#words;
    const at = slot * STRIDE;
    words.fill(0, at, at + STRIDE);
    for (let i = 0; i < 8; i++) words[at + i] = header[i];
    words[at + A_PORT] = header[SOURCE_PORT];
    words[at + B_PORT] = header[DESTINATION_PORT];
    words[at + PROTOCOL] = header[TRANSPORT] | (header[DEPTH] << 8);
    words[at + STATE_BITS] = LIVE | (header[ICMP_ANSWER] === 1 ? BEGUN_BY_B : 0);
    words[at + FLAGS] = header[TTL] << 16;
    this.#synOptions[slot] = 0;
    const float = slot * FLOATS;
    this.#floats[float + FIRST] = time;
    this.#floats[float + LAST] = time;
    this.#floats[float + LOCATOR] = number;
    if (tunnel !== 0) this.#tunnels.set(slot, tunnel);
    words[at + HASH] = hash;
    const bucket = hash & this.#mask;
    words[at + NEXT] = this.#heads[bucket];
    this.#heads[bucket] = slot;
    this.#active++;
    return slot;
  }

  /** Ends a flow at the active timeout and begins its next record, which keeps what was recognised and who began. */
  #goOn(
    slot: number,
    fromA: boolean,
    hash: number,
    header: Int32Array,
    time: number,
    number: number,
    tunnel: number,
  ): number {
    const at = slot * STRIDE;
    const bySource = this.#begunByA(at) === fromA;
    const inspection = this.#words[at + INSPECTION];
    const rule = this.#words[at + RULE];
    const payloadAt = this.#words[at + PAYLOAD_AT];
    const texts = this.#texts[slot];
    const synOptions = this.#synOptions[slot];
    this.#end(slot);
    const next = this.#begin(hash, header, time, number, tunnel);
    const to = next * STRIDE;
    this.#words[to + STATE_BITS] = LIVE | (bySource ? BEGUN_BY_A : BEGUN_BY_B);
    this.#words[to + INSPECTION] = rule === 0 ? 0 : inspection;
    this.#words[to + RULE] = rule;
    this.#words[to + PAYLOAD_AT] = payloadAt;
    this.#texts[next] = texts;
    this.#synOptions[next] = synOptions;
    return next;
  }

  /** Whether A is the initiator: by the handshake, else by a server's port on one side only, else by the first packet. */
  #begunByA(at: number): boolean {
    const words = this.#words;
    const bits = words[at + STATE_BITS];
    if ((bits & (BEGUN_BY_A | BEGUN_BY_B)) !== 0) return (bits & BEGUN_BY_A) !== 0;
    if ((bits & SYN_A) !== 0) return true;
    if ((bits & (SYN_B | SYN_ACK_A)) !== 0) return false;
    if ((bits & SYN_ACK_B) !== 0) return true;
    const transport = words[at + PROTOCOL] & 255;
    if (transport === ICMP || transport === ICMP6) return true;
    return !(isServerPort(words[at + A_PORT], transport) && !isServerPort(words[at + B_PORT], transport));
  }

  /** Hands an ended flow to the builder and frees its record. */
  #end(slot: number): void {
    const words = this.#words;
    const floats = this.#floats;
    const at = slot * STRIDE;
    const float = slot * FLOATS;
    const builder = this.#builder;
    const { arrays, rows: row } = builder;
    const byA = this.#begunByA(at);
    arrays.start[row] = floats[float + FIRST];
    arrays.end[row] = floats[float + LAST];
    const initiator = byA ? A_ADDRESS : B_ADDRESS;
    const responder = byA ? B_ADDRESS : A_ADDRESS;
    for (let i = 0; i < 4; i++) {
      arrays.initiator[row * 4 + i] = words[at + initiator + i];
      arrays.responder[row * 4 + i] = words[at + responder + i];
    }
    const transport = words[at + PROTOCOL] & 255;
    arrays.initiatorPort[row] = words[at + (byA ? A_PORT : B_PORT)];
    arrays.responderPort[row] = words[at + (byA ? B_PORT : A_PORT)];
    arrays.transport[row] = transport;
    const packetsOut = words[at + (byA ? A_PACKETS : B_PACKETS)];
    const packetsIn = words[at + (byA ? B_PACKETS : A_PACKETS)];
    arrays.packetsOut[row] = packetsOut;
    arrays.packetsIn[row] = packetsIn;
    arrays.bytesOut[row] = floats[float + (byA ? A_BYTES : B_BYTES)];
    arrays.bytesIn[row] = floats[float + (byA ? B_BYTES : A_BYTES)];
    const flags = words[at + FLAGS];
    const bits = words[at + STATE_BITS];
    arrays.initiatorTtl[row] = (byA ? flags >>> 16 : flags >>> 24) & 255;
    arrays.responderTtl[row] = (byA ? flags >>> 24 : flags >>> 16) & 255;
    if (transport === TCP) {
      arrays.tcpFlags[row] = (flags | (flags >>> 8)) & 255;
      arrays.state[row] = byA
        ? tcpState(
            (bits & SYN_A) !== 0,
            (bits & SYN_ACK_B) !== 0,
            (bits & FIN_A) !== 0,
            (bits & FIN_B) !== 0,
            (bits & RST_A) !== 0,
            (bits & RST_B) !== 0,
          )
        : tcpState(
            (bits & SYN_B) !== 0,
            (bits & SYN_ACK_A) !== 0,
            (bits & FIN_B) !== 0,
            (bits & FIN_A) !== 0,
            (bits & RST_B) !== 0,
            (bits & RST_A) !== 0,
          );
    } else if (transport === UDP || transport === ICMP || transport === ICMP6) {
      // Zeek's reading of exchanges without a handshake.
      arrays.state[row] = packetsOut === 0 ? SHR : packetsIn === 0 ? S0 : SF;
    }
    arrays.locator[row] = floats[float + LOCATOR];
    const depth = words[at + PROTOCOL] >>> 8;
    if (depth > 0) {
      arrays.depth[row] = depth;
      arrays.tunnel[row] = this.#tunnels.get(slot) ?? 0;
      this.#tunnels.delete(slot);
    }
    const rule = words[at + RULE];
    if (rule !== 0) {
      arrays.payloadProtocol[row] = this.#protocolTerms[rule];
      arrays.payloadRule[row] = this.#ruleTerms[rule];
      arrays.payloadAt[row] = words[at + PAYLOAD_AT];
    }
    const texts = this.#texts[slot];
    if (texts !== undefined) {
      const { name, userAgent, via, forwardedFor, ja3, ja4 } = builder.dictionaries;
      arrays.name[row] = name.number(texts.name);
      arrays.nameOrigin[row] = texts.nameOrigin;
      arrays.nameAt[row] = texts.nameAt;
      arrays.userAgent[row] = userAgent.number(texts.userAgent);
      arrays.via[row] = via.number(texts.via);
      arrays.forwardedFor[row] = forwardedFor.number(texts.forwardedFor);
      arrays.ja3[row] = ja3.number(texts.ja3);
      arrays.ja4[row] = ja4.number(texts.ja4);
      this.#texts[slot] = undefined;
    }
    const options = this.#synOptions[slot];
    if (options !== 0)
      arrays.synOptions[row] = builder.dictionaries.synOptions.number(this.synOptions.texts[options - 1]);
    if ((words[at + INSPECTION] & 3) !== DECIDED) this.#forget(slot);
    this.#unlink(slot, at);
    builder.commitRow();
  }

  #unlink(slot: number, at: number): void {
    const words = this.#words;
    const bucket = words[at + HASH] & this.#mask;
    let previous = -1;
    let current = this.#heads[bucket];
    while (current !== slot) {
      previous = current;
      current = words[current * STRIDE + NEXT];
    }
    if (previous < 0) this.#heads[bucket] = words[at + NEXT];
    else words[previous * STRIDE + NEXT] = words[at + NEXT];
    words[at + STATE_BITS] = 0;
    words[at + NEXT] = this.#free;
    this.#free = slot;
    this.#active--;
  }

  /** Of each kind of text the first one stands. */
  #keepTexts(slot: number, payload: Payload, number: number): void {
    let texts = this.#texts[slot];
    if (texts === undefined) {
      texts = { name: '', nameOrigin: 0, nameAt: 0, userAgent: '', via: '', forwardedFor: '', ja3: '', ja4: '' };
      this.#texts[slot] = texts;
    }
    if (texts.name === '' && payload.name !== '') {
      texts.name = payload.name;
      texts.nameOrigin = payload.nameOrigin;
      texts.nameAt = number > LAST_NUMBER ? 0 : number;
    }
    if (texts.userAgent === '') texts.userAgent = payload.userAgent;
    if (texts.via === '') texts.via = payload.via;
    if (texts.forwardedFor === '') texts.forwardedFor = payload.forwardedFor;
    if (texts.ja3 === '') {
      texts.ja3 = payload.ja3;
      texts.ja4 = payload.ja4;
    }
  }

  /** Keeps the inspector's memory of a flow; beyond the bound the oldest one is dropped and counted. */
  #remember(slot: number, memory: unknown): void {
    this.#memories.set(slot, memory);
    if (this.#memories.size <= MAX_MEMORIES) return;
    const oldest = this.#memories.keys().next().value;
    if (oldest !== undefined) this.#memories.delete(oldest);
    this.headsOverBudget++;
  }

  /** Drops the inspector's memory and the stream heads of a flow. */
  #forget(slot: number): void {
    this.#memories.delete(slot);
    this.#dropHead(slot * 2);
    this.#dropHead(slot * 2 + 1);
  }

  #dropHead(key: number): void {
    const head = this.#streamHeads.get(key);
    if (head === undefined) return;
    this.#spareHeads.push(head.bytes);
    this.#streamHeads.delete(key);
  }

  /** Shows a payload to the inspector: a datagram as it is, a TCP segment as the head of its stream, in order. */
  #look(slot: number, fromA: boolean, header: Int32Array, bytes: Uint8Array, time: number, number: number): void {
    const words = this.#words;
    const at = slot * STRIDE;
    const transport = header[TRANSPORT];
    const payload = this.#payload;
    payload.bytes = bytes;
    payload.start = header[PAYLOAD];
    payload.end = payload.start + header[PAYLOAD_CAPTURED];
    if (transport === TCP && !this.#inOrder(slot, at, fromA, header, payload)) return;
    payload.transport = transport;
    payload.fromInitiator = this.#begunByA(at) === fromA;
    payload.sourcePort = header[SOURCE_PORT];
    payload.destinationPort = header[DESTINATION_PORT];
    payload.time = time;
    for (let i = 0; i < 4; i++) {
      payload.source[i] = header[SOURCE + i];
      payload.destination[i] = header[DESTINATION + i];
    }
    payload.looks = words[at + INSPECTION] >>> 8;
    payload.memory = this.#memories.get(slot) ?? null;
    payload.rule = words[at + RULE];
    payload.name = '';
    payload.nameOrigin = 0;
    payload.userAgent = '';
    payload.via = '';
    payload.forwardedFor = '';
    payload.ja3 = '';
    payload.ja4 = '';
    const result = this.#inspector.inspect(payload);

    if (payload.rule !== words[at + RULE]) {
      words[at + RULE] = payload.rule;
      words[at + PAYLOAD_AT] = number > LAST_NUMBER ? 0 : number;
    }
    const { name, userAgent, via, forwardedFor, ja3 } = payload;
    if ((name || userAgent || via || forwardedFor || ja3) !== '') this.#keepTexts(slot, payload, number);
    if (payload.memory !== null) this.#remember(slot, payload.memory);

    const looks = (words[at + INSPECTION] >>> 8) + 1;
    let state = UNDECIDED;
    if (result === RECOGNISED) state = DECIDED;
    else if (result === WATCH) {
      state = WATCHED;
      // What was put together has been read; the next message begins with the next segment.
      if (this.#streamHeads.size > 0) this.#dropHead(slot * 2 + (fromA ? 0 : 1));
    } else if (looks >= (result === RECOGNISED_WANTS_MORE ? MAX_LOOKS_RECOGNISED : MAX_LOOKS)) state = DECIDED;
    else if ((result === WANTS_MORE || result === RECOGNISED_WANTS_MORE) && transport === TCP) {
      const isCut = header[PAYLOAD_CAPTURED] < header[PAYLOAD_LENGTH];
      if (isCut || !this.#keepHead(slot * 2 + (fromA ? 0 : 1), payload)) state = DECIDED;
    }
    words[at + INSPECTION] = state | (Math.min(looks, MAX_LOOKS_RECOGNISED) << 8);
    if (state === DECIDED && (this.#memories.size > 0 || this.#streamHeads.size > 0)) this.#forget(slot);
  }

  /**
   * Whether a TCP segment brings its direction's stream further; joins it to the head kept so far. What was seen before is
   * passed over, a segment that comes too early waits in the head, and after a gap longer than a head the stream is taken
   * up anew.
   */
  #inOrder(slot: number, at: number, fromA: boolean, header: Int32Array, payload: Payload): boolean {
    const words = this.#words;
    const key = slot * 2 + (fromA ? 0 : 1);
    const sequenceWord = at + (fromA ? A_SEQUENCE : B_SEQUENCE);
    const known = fromA ? SEQUENCE_A : SEQUENCE_B;
    // A SYN takes one number of its own; data may come with it (RFC 7413).
    const sequence = header[TCP_SEQUENCE] + ((header[TCP_FLAGS] & SYN) >>> 1);
    if ((words[at + STATE_BITS] & known) !== 0) {
      const distance = (sequence - words[sequenceWord]) | 0;
      if (distance > 0 && distance < HEAD_LIMIT) {
        this.#holdAhead(key, distance, payload);
        return false;
      }
      if (distance >= HEAD_LIMIT) this.#dropHead(key);
      else {
        payload.start -= distance;
        if (payload.start >= payload.end) return false;
      }
    }
    words[at + STATE_BITS] |= known;
    words[sequenceWord] = (sequence + header[PAYLOAD_LENGTH]) | 0;
    const head = this.#streamHeads.get(key);
    if (head !== undefined) {
      this.#join(head, payload, header[PAYLOAD_CAPTURED] < header[PAYLOAD_LENGTH]);
      for (let piece = takeNext(head); piece !== undefined; piece = takeNext(head)) {
        words[sequenceWord] = (words[sequenceWord] + piece.to - head.length) | 0;
        head.length = piece.to;
      }
      payload.bytes = head.bytes;
      payload.start = 0;
      payload.end = head.length;
    }
    return true;
  }

  /** Adds the segment to the head; behind a cut one nothing fits any more. */
  #join(head: StreamHead, payload: Payload, isCut: boolean): void {
    const more = Math.min(payload.end - payload.start, HEAD_LIMIT - head.length);
    head.bytes.set(payload.bytes.subarray(payload.start, payload.start + more), head.length);
    head.length += more;
    if (isCut || head.length === HEAD_LIMIT) head.ahead = [];
  }

  /** Keeps a segment that begins `distance` bytes behind what the stream has so far. */
  #holdAhead(key: number, distance: number, payload: Payload): void {
    const known = this.#streamHeads.get(key);
    const from = (known?.length ?? 0) + distance;
    const to = from + payload.end - payload.start;
    if (to > HEAD_LIMIT || (known !== undefined && known.ahead.length >= MAX_AHEAD)) return;
    const head = known ?? this.#newHead(key);
    if (head === null) return;
    head.bytes.set(payload.bytes.subarray(payload.start, payload.end), from);
    head.ahead.push({ from, to });
  }

  #newHead(key: number): StreamHead | null {
    if (this.#streamHeads.size >= MAX_HEADS) {
      this.headsOverBudget++;
      return null;
    }
    const head = { bytes: this.#spareHeads.pop() ?? new Uint8Array(HEAD_LIMIT), length: 0, ahead: [] };
    this.#streamHeads.set(key, head);
    return head;
  }

  /** Keeps what the inspector saw, so that the next segment can be joined to it; false when there is no room. */
  #keepHead(key: number, payload: Payload): boolean {
    const length = payload.end - payload.start;
    if (length >= HEAD_LIMIT) return false;
    if (this.#streamHeads.has(key)) return true;
    const head = this.#newHead(key);
    if (head === null) return false;
    head.bytes.set(payload.bytes.subarray(payload.start, payload.end));
    head.length = length;
    return true;
  }

  /** Ends flows that lie further than their idle gap before or behind all recent packets, a few slots at a time. */
  #sweep(time: number): void {
    if (time < this.#earliestNow) this.#earliestNow = time;
    if (time > this.#latestNow) this.#latestNow = time;
    if (--this.#clockLeft === 0) {
      this.#earliest = this.#earliestNow;
      this.#latest = this.#latestNow;
      this.#earliestNow = Infinity;
      this.#latestNow = -Infinity;
      this.#clockLeft = CLOCK_PACKETS;
    }
    const earliest = Math.min(this.#earliest, this.#earliestNow);
    const latest = Math.max(this.#latest, this.#latestNow);
    for (let i = 0; i < SWEEP_STEP; i++) {
      if (this.#hand >= this.#used) this.#hand = 0;
      const slot = this.#hand++;
      const bits = this.#words[slot * STRIDE + STATE_BITS];
      if ((bits & LIVE) === 0) continue;
      const last = this.#floats[slot * FLOATS + LAST];
      const limit =
        (this.#words[slot * STRIDE + PROTOCOL] & 255) === TCP && !isClosed(bits) ? this.#idleTcp : this.#idle;
      if (last < earliest - limit || last > latest + limit) this.#end(slot);
    }
  }
}

/** Takes a piece out of the head that continues it, if there is one; pieces that bring nothing new go too. */
function takeNext(head: StreamHead): { to: number } | undefined {
  if (head.ahead.length === 0) return undefined;
  head.ahead = head.ahead.filter((piece) => piece.to > head.length);
  return head.ahead.find((piece) => piece.from <= head.length);
}

function isClosed(bits: number): boolean {
  return (bits & (RST_A | RST_B)) !== 0 || (bits & (FIN_A | FIN_B)) === (FIN_A | FIN_B);
}
