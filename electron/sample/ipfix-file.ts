import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { CONVERSATIONS, eachPacket, type PacketVisitor, transportOf } from './conversation.ts';
import { EvidenceFile } from './evidence-file.ts';
import * as column from './flow-batch.ts';
import type { FlowWriter } from './flow-writer.ts';
import type { Openings } from './openings.ts';
import { type Population, wordOf } from './population.ts';
import { SampleRandom } from './sample-random.ts';
import { ICMP } from '../../shared/flow.ts';

/**
 * One IPFIX file (RFC 7011, RFC 5655) of the flows: one record a direction, as routers write them, no payload, no names. Where the
 * world samples packets at 1:N, each packet is seen with chance 1/N; a direction of which none was seen has no record.
 */

const VERSION = 10;
const DOMAIN = 1;
const TEMPLATE = 256;
const OPTIONS_TEMPLATE = 257;
/** Information elements (IANA) and their lengths. */
const FIELDS: readonly (readonly [element: number, length: number])[] = [
  [152, 8], // flowStartMilliseconds
  [153, 8], // flowEndMilliseconds
  [8, 4], // sourceIPv4Address
  [12, 4], // destinationIPv4Address
  [7, 2], // sourceTransportPort
  [11, 2], // destinationTransportPort
  [4, 1], // protocolIdentifier
  [6, 1], // tcpControlBits
  [139, 2], // icmpTypeCodeIPv4
  [1, 8], // octetDeltaCount
  [2, 4], // packetDeltaCount
  [10, 4], // ingressInterface
  [14, 4], // egressInterface
  [15, 4], // ipNextHopIPv4Address
];
const RECORD = FIELDS.reduce((sum, [, length]) => sum + length, 0);
const HEADER = 16;
const RECORDS_A_MESSAGE = 1000;
/** Interfaces of the border router: inwards and outwards. */
const INSIDE = 1;
const OUTSIDE = 2;
/** Routers next to it: the usual one outside, and the one inside (RFC 5737, documentation). */
export const FIRST_UPSTREAM = '192.0.2.1';
const OUTWARD_HOP = wordOf(FIRST_UPSTREAM);
const INWARD_HOP = wordOf('192.0.2.129');

export class IpfixFile implements FlowWriter {
  readonly #population: Population;
  readonly #openings: Openings;
  readonly #file: EvidenceFile<Buffer>;
  readonly #offset: number;
  readonly #sampler: PacketSampler | null;
  readonly #upstreams: readonly { from: number; nextHop: number; share: number }[];
  readonly #records = Buffer.alloc(RECORD * RECORDS_A_MESSAGE);
  #waiting = 0;
  #sequence = 0;
  #latest = 0;

  constructor(directory: string, population: Population, openings: Openings, seed: number) {
    const { sampling, clockOffsetSeconds } = population.world;
    this.#population = population;
    this.#openings = openings;
    this.#offset = Math.round(clockOffsetSeconds * 1e6);
    this.#sampler = sampling > 1 ? new PacketSampler(sampling, new SampleRandom(seed ^ 0x2545f491)) : null;
    this.#upstreams = population.world.effects.flatMap((effect) =>
      effect.effect === 'upstream'
        ? [{ ...effect, from: population.instantOf(`${effect.date}T00:00`), nextHop: wordOf(effect.nextHop) }]
        : [],
    );
    mkdirSync(directory, { recursive: true });
    this.#file = new EvidenceFile<Buffer>(join(directory, 'flows.ipfix'));
    this.#latest = population.clock.startOfLocalHour(population.firstDay * 24) + this.#offset;
    this.#message([templateSet(), ...(sampling > 1 ? samplingSets(sampling) : [])], sampling > 1 ? 1 : 0);
  }

  day(values: Float64Array, order: Uint32Array): void {
    for (const at of order) {
      const kind = CONVERSATIONS[values[at + column.KIND]];
      const turns = this.#openings.turnsOf(values, at);
      const seen = this.#sampler?.see(values, at, (sampler) => {
        const course = {
          up: values[at + column.UP],
          down: values[at + column.DOWN],
          count: values[at + column.COUNT],
          pace: values[at + column.PACE],
          roundTrip: values[at + column.ROUND_TRIP],
        };
        eachPacket(kind, turns, course, sampler);
      });
      const out = seen?.out ?? wholeSide(values, at, true, flagsOf(kind, true));
      const into = seen?.into ?? wholeSide(values, at, false, flagsOf(kind, false));
      if (out.packets > 0) this.#record(values, at, out, true);
      if (into.packets > 0) this.#record(values, at, into, false);
    }
  }

  #record(values: Float64Array, at: number, side: Side, fromClient: boolean): void {
    const records = this.#records;
    const kind = CONVERSATIONS[values[at + column.KIND]];
    const transport = transportOf(kind);
    const start = values[at + column.START] + this.#offset;
    const [source, target] = fromClient ? [column.CLIENT, column.SERVER] : [column.SERVER, column.CLIENT];
    const [sourcePort, targetPort] = fromClient
      ? [column.CLIENT_PORT, column.SERVER_PORT]
      : [column.SERVER_PORT, column.CLIENT_PORT];
    let to = this.#waiting * RECORD;
    to = writeMilliseconds(records, to, start + side.first);
    to = writeMilliseconds(records, to, start + side.last);
    to = records.writeUInt32BE(values[at + source], to);
    to = records.writeUInt32BE(values[at + target], to);
    to = records.writeUInt16BE(transport === ICMP ? 0 : values[at + sourcePort], to);
    to = records.writeUInt16BE(transport === ICMP ? 0 : values[at + targetPort], to);
    to = records.writeUInt8(transport, to);
    to = records.writeUInt8(side.flags, to);
    to = records.writeUInt16BE(transport === ICMP ? (fromClient ? 8 : 0) << 8 : 0, to);
    to = records.writeUInt32BE(Math.floor(side.bytes / 0x1_0000_0000), to);
    to = records.writeUInt32BE(side.bytes >>> 0, to);
    to = records.writeUInt32BE(side.packets, to);
    const isOutward = this.#population.isInside(values[at + source]);
    to = records.writeUInt32BE(isOutward ? INSIDE : OUTSIDE, to);
    to = records.writeUInt32BE(isOutward ? OUTSIDE : INSIDE, to);
    records.writeUInt32BE(isOutward ? this.#upstreamOf(values, at) : INWARD_HOP, to);
    this.#latest = Math.max(this.#latest, start + side.last);
    if (++this.#waiting === RECORDS_A_MESSAGE) this.#flush();
  }

  /** Router outside that a flow is handed to. */
  #upstreamOf(values: Float64Array, at: number): number {
    const start = values[at + column.START];
    const chance = values[at + column.SEED] / 0x1_0000_0000;
    for (const { from, nextHop, share } of this.#upstreams) if (start >= from && chance < share) return nextHop;
    return OUTWARD_HOP;
  }

  #flush(): void {
    if (this.#waiting === 0) return;
    this.#message([set(TEMPLATE, this.#records.subarray(0, this.#waiting * RECORD))], this.#waiting);
    this.#waiting = 0;
  }

  /** One message (RFC 7011, 3.1); the sequence number counts data records before it. */
  #message(sets: readonly Buffer[], records: number): void {
    const header = Buffer.alloc(HEADER);
    header.writeUInt16BE(VERSION, 0);
    header.writeUInt16BE(HEADER + sets.reduce((sum, { length }) => sum + length, 0), 2);
    header.writeUInt32BE(Math.floor(this.#latest / 1e6), 4);
    header.writeUInt32BE(this.#sequence >>> 0, 8);
    header.writeUInt32BE(DOMAIN, 12);
    this.#file.write(Buffer.concat([header, ...sets]));
    this.#sequence += records;
  }

  end(): EvidenceFile<Buffer>[] {
    this.#flush();
    this.#file.close();
    return [this.#file];
  }
}

function writeMilliseconds(bytes: Buffer, at: number, time: number): number {
  const ms = Math.floor(time / 1000);
  bytes.writeUInt32BE(Math.floor(ms / 0x1_0000_0000), at);
  return bytes.writeUInt32BE(ms >>> 0, at + 4);
}

function set(id: number, body: Buffer): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16BE(id, 0);
  head.writeUInt16BE(4 + body.length, 2);
  return Buffer.concat([head, body]);
}

const words16 = (...values: number[]): Buffer => Buffer.from(values.flatMap((value) => [value >> 8, value & 255]));

function templateSet(): Buffer {
  return set(2, words16(TEMPLATE, FIELDS.length, ...FIELDS.flat()));
}

/** How the domain samples: one packet, then N − 1 that are passed by (RFC 5477, 8.2: elements 305 and 306). */
function samplingSets(rate: number): Buffer[] {
  const template = set(3, words16(OPTIONS_TEMPLATE, 3, 1, 149, 4, 305, 4, 306, 4));
  const record = Buffer.alloc(12);
  record.writeUInt32BE(DOMAIN, 0);
  record.writeUInt32BE(1, 4);
  record.writeUInt32BE(rate - 1, 8);
  return [template, set(OPTIONS_TEMPLATE, record)];
}

/** What was seen of one direction; offsets from the flow's start, microseconds. */
interface Side {
  packets: number;
  bytes: number;
  first: number;
  last: number;
  flags: number;
}

/** TCP flags of a direction, united. */
function flagsOf(kind: (typeof CONVERSATIONS)[number], fromClient: boolean): number {
  if (transportOf(kind) !== 6) return 0;
  switch (kind) {
    case 'probe':
      return 0x02;
    case 'refused-probe':
      return fromClient ? 0x02 : 0x14;
    case 'backscatter':
      return 0x12;
    default:
      return 0x1b;
  }
}

function wholeSide(values: Float64Array, at: number, fromClient: boolean, flags: number): Side {
  return {
    packets: values[at + (fromClient ? column.PACKETS_OUT : column.PACKETS_IN)],
    bytes: values[at + (fromClient ? column.BYTES_OUT : column.BYTES_IN)],
    first: fromClient ? 0 : values[at + column.FIRST_IN],
    last: values[at + (fromClient ? column.LAST_OUT : column.LAST_IN)],
    flags,
  };
}

/** Sees each packet with chance 1/N, in leaps, so that what is passed by costs nothing to draw. */
class PacketSampler implements PacketVisitor {
  readonly #random: SampleRandom;
  readonly #scale: number;
  readonly #sides: { out: Side; into: Side } = { out: emptySide(), into: emptySide() };
  /** Packets to pass by before the next that is seen. */
  #left: number;

  constructor(rate: number, random: SampleRandom) {
    this.#random = random;
    this.#scale = -1 / Math.log1p(-1 / rate);
    this.#left = this.#leap();
  }

  #leap(): number {
    return Math.floor(-Math.log(1 - this.#random.unit()) * this.#scale);
  }

  /** What is seen of a flow whose packets `walk` shows. */
  see(values: Float64Array, at: number, walk: (visitor: PacketVisitor) => void): { out: Side; into: Side } {
    Object.assign(this.#sides.out, emptySide());
    Object.assign(this.#sides.into, emptySide());
    const packets = values[at + column.PACKETS_OUT] + values[at + column.PACKETS_IN];
    if (this.#left >= packets) this.#left -= packets;
    else walk(this);
    return this.#sides;
  }

  packet(offset: number, fromClient: boolean, tcpFlags: number, _payload: number, ipLength: number): void {
    if (this.#left > 0) {
      this.#left--;
      return;
    }
    this.#left = this.#leap();
    const side = fromClient ? this.#sides.out : this.#sides.into;
    if (side.packets === 0) side.first = offset;
    side.packets++;
    side.bytes += ipLength;
    side.last = offset;
    side.flags |= tcpFlags;
  }
}

function emptySide(): Side {
  return { packets: 0, bytes: 0, first: 0, last: 0, flags: 0 };
}
