import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ICMP, UDP } from '../../shared/flow.ts';
import {
  type Conversation,
  CONVERSATIONS,
  eachPacket,
  messageHead,
  type Opening,
  type PacketVisitor,
  SYN,
  SYN_OPTIONS,
  transportOf,
} from './conversation.ts';
import { EvidenceFile } from './evidence-file.ts';
import * as column from './flow-batch.ts';
import type { FlowWriter } from './flow-writer.ts';
import type { Openings } from './openings.ts';
import { DEVICES, type Population } from './population.ts';
import { SampleRandom } from './sample-random.ts';

/** Bytes kept of each packet, as `tcpdump -s 256` would. */
export const SNAP_LENGTH = 256;
const RECORD_HEADER = 16;
const ETHERNET = 14;
const IP_HEADER = 20;
const TCP_HEADER = 20;
const HOUR = 3600e6;
/** Hops between the vantage point and servers outside. */
const FAR_HOPS = 17;

/** Maximum segment size 1460, no-op, no-op, selective acknowledgement permitted (RFC 9293, RFC 2018). */
const OPTIONS: Buffer = Buffer.from([2, 4, 5, 0xb4, 1, 1, 4, 2]);

/** Hardware addresses of the routers on either side of the vantage point: target, then source, then type IPv4. */
const OUTWARD = Buffer.from('0200000000020200000000010800', 'hex');
const INWARD = Buffer.from('0200000000010200000000020800', 'hex');

/** Header of a pcap file: microseconds, Ethernet, little-endian (draft-ietf-opsawg-pcap). */
function pcapHeader(): Buffer {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(SNAP_LENGTH, 16);
  header.writeUInt32LE(1, 20);
  return header;
}

/** Packets of one clock hour that wait to be put in order. */
interface Bucket {
  times: Float64Array;
  records: Buffer[];
  count: number;
}

/**
 * One pcap file of the flows, headers and checksums complete, the beginning of conversations as their protocols have it, the
 * rest filler. Packets wait by the hour until no flow can add an earlier one.
 */
export class CaptureFile implements FlowWriter, PacketVisitor {
  readonly #population: Population;
  readonly #openings: Openings;
  readonly #file: EvidenceFile<Buffer>;
  readonly #clockOffset: number;
  readonly #filler: Buffer;
  readonly #buckets = new Map<number, Bucket>();
  packets = 0;
  // The flow that is being written.
  #kind: Conversation = 'ping';
  #opening: Opening = { turns: [], heads: [] };
  #values: Float64Array = new Float64Array(column.STRIDE);
  #at = 0;
  #start = 0;
  #clientNext = 0;
  #serverNext = 0;
  #number = 0;

  constructor(path: string, population: Population, openings: Openings) {
    if (population.world.sampling > 1) throw new RangeError('a capture is not sampled; write an export');
    this.#population = population;
    this.#openings = openings;
    this.#clockOffset = Math.round(population.world.clockOffsetSeconds * 1e6);
    this.#filler = new SampleRandom(population.seed).bytes(1500);
    mkdirSync(join(path, '..'), { recursive: true });
    this.#file = new EvidenceFile<Buffer>(path);
    this.#file.write(pcapHeader());
  }

  day(values: Float64Array, order: Uint32Array): void {
    for (const at of order) {
      this.#kind = CONVERSATIONS[values[at + column.KIND]];
      this.#opening = this.#openings.openingOf(values, at);
      this.#values = values;
      this.#at = at;
      this.#start = values[at + column.START] + this.#clockOffset;
      this.#flush(Math.floor(this.#start / HOUR));
      const seed = values[at + column.SEED];
      this.#clientNext = Math.imul(seed, 0x9e3779b1) >>> 0;
      this.#serverNext = Math.imul(seed, 0x85ebca6b) >>> 0;
      this.#number = 0;
      const course = {
        up: values[at + column.UP],
        down: values[at + column.DOWN],
        count: values[at + column.COUNT],
        pace: values[at + column.PACE],
        roundTrip: values[at + column.ROUND_TRIP],
      };
      eachPacket(this.#kind, this.#opening.turns, course, this);
    }
  }

  packet(
    offset: number,
    fromClient: boolean,
    tcpFlags: number,
    payloadLength: number,
    ipLength: number,
    turn: number,
    at: number,
  ): void {
    const transport = transportOf(this.#kind);
    const values = this.#values;
    const row = this.#at;
    const source = values[row + (fromClient ? column.CLIENT : column.SERVER)];
    const target = values[row + (fromClient ? column.SERVER : column.CLIENT)];
    const isOutward = this.#population.isInside(source);
    const frame = Buffer.allocUnsafe(ETHERNET + ipLength);
    (isOutward ? OUTWARD : INWARD).copy(frame);
    frame.writeUInt16BE(0x4500, ETHERNET);
    frame.writeUInt16BE(ipLength, ETHERNET + 2);
    frame.writeUInt16BE(this.packets & 0xffff, ETHERNET + 4);
    frame.writeUInt16BE(0x4000, ETHERNET + 6);
    const device = DEVICES[values[row + column.DEVICE]];
    frame[ETHERNET + 8] = fromClient === isOutward ? device.ttl - 1 : 64 - FAR_HOPS;
    frame[ETHERNET + 9] = transport;
    frame.writeUInt16BE(0, ETHERNET + 10);
    frame.writeUInt32BE(source, ETHERNET + 12);
    frame.writeUInt32BE(target, ETHERNET + 16);
    frame.writeUInt16BE(checksum(frame, ETHERNET, ETHERNET + IP_HEADER), ETHERNET + 10);
    this.#payload(frame, ETHERNET + ipLength - payloadLength, payloadLength, fromClient, turn, at);
    const from = ETHERNET + IP_HEADER;
    if (transport === ICMP) this.#echo(frame, from, fromClient);
    else {
      const pseudo = pseudoSum(frame, transport, ipLength - IP_HEADER);
      frame.writeUInt16BE(values[row + (fromClient ? column.CLIENT_PORT : column.SERVER_PORT)], from);
      frame.writeUInt16BE(values[row + (fromClient ? column.SERVER_PORT : column.CLIENT_PORT)], from + 2);
      if (transport === UDP) {
        frame.writeUInt16BE(ipLength - IP_HEADER, from + 4);
        frame.writeUInt16BE(0, from + 6);
        frame.writeUInt16BE(checksum(frame, from, frame.length, pseudo) || 0xffff, from + 6);
      } else this.#segment(frame, from, fromClient, tcpFlags, payloadLength, pseudo, device.window);
    }
    this.#keep(this.#start + offset, frame);
    this.packets++;
  }

  /** TCP header (RFC 9293, 3.1) over the payload that is there already. */
  #segment(
    frame: Buffer,
    from: number,
    fromClient: boolean,
    tcpFlags: number,
    payloadLength: number,
    pseudo: number,
    window: number,
  ): void {
    const own = fromClient ? this.#clientNext : this.#serverNext;
    const other = fromClient ? this.#serverNext : this.#clientNext;
    const options = tcpFlags & SYN ? SYN_OPTIONS : 0;
    frame.writeUInt32BE(own, from + 4);
    frame.writeUInt32BE(tcpFlags & 0x10 ? other : 0, from + 8);
    frame[from + 12] = ((TCP_HEADER + options) / 4) << 4;
    frame[from + 13] = tcpFlags;
    frame.writeUInt16BE(fromClient ? window : 29_200, from + 14);
    frame.writeUInt32BE(0, from + 16);
    if (options > 0) OPTIONS.copy(frame, from + TCP_HEADER);
    frame.writeUInt16BE(checksum(frame, from, frame.length, pseudo), from + 16);
    const next = (own + payloadLength + (tcpFlags & 3 ? 1 : 0)) >>> 0;
    if (fromClient) this.#clientNext = next;
    else this.#serverNext = next;
  }

  /** ICMP echo request or reply (RFC 792). */
  #echo(frame: Buffer, from: number, fromClient: boolean): void {
    frame[from] = fromClient ? 8 : 0;
    frame[from + 1] = 0;
    frame.writeUInt16BE(0, from + 2);
    frame.writeUInt16BE(1, from + 4);
    frame.writeUInt16BE(this.#number++ >> 1, from + 6);
    frame.writeUInt16BE(checksum(frame, from, frame.length), from + 2);
  }

  #payload(frame: Buffer, to: number, length: number, fromClient: boolean, turn: number, at: number): void {
    if (length === 0) return;
    this.#filler.copy(frame, to, 0, length);
    let written = 0;
    if (turn >= 0) {
      const head = this.#opening.heads[turn];
      if (at < head.length) written = head.copy(frame, to, at, Math.min(head.length, at + length));
    } else written = messageHead(this.#kind, fromClient)?.copy(frame, to) ?? 0;
    // What follows a TLS handshake is records of application data (RFC 5246, 6.2).
    const rest = length - written;
    if (this.#kind !== 'tls' || rest <= 5) return;
    frame[to + written] = 23;
    frame.writeUInt16BE(0x0303, to + written + 1);
    frame.writeUInt16BE(rest - 5, to + written + 3);
  }

  #keep(time: number, frame: Buffer): void {
    const kept = Math.min(frame.length, SNAP_LENGTH);
    const record = Buffer.allocUnsafe(RECORD_HEADER + kept);
    const seconds = Math.floor(time / 1e6);
    record.writeUInt32LE(seconds, 0);
    record.writeUInt32LE(time - seconds * 1e6, 4);
    record.writeUInt32LE(kept, 8);
    record.writeUInt32LE(frame.length, 12);
    frame.copy(record, RECORD_HEADER, 0, kept);
    const hour = Math.floor(time / HOUR);
    let bucket = this.#buckets.get(hour);
    if (bucket === undefined) {
      bucket = { times: new Float64Array(1024), records: [], count: 0 };
      this.#buckets.set(hour, bucket);
    }
    if (bucket.count === bucket.times.length) {
      const larger = new Float64Array(bucket.count * 2);
      larger.set(bucket.times);
      bucket.times = larger;
    }
    bucket.times[bucket.count++] = time;
    bucket.records.push(record);
  }

  /** Writes what lies in hours before `hour`. */
  #flush(hour: number): void {
    const ready = [...this.#buckets.keys()].filter((key) => key < hour).toSorted((x, y) => x - y);
    for (const key of ready) {
      const bucket = this.#buckets.get(key);
      this.#buckets.delete(key);
      if (bucket === undefined) continue;
      const { times, records } = bucket;
      const order = Uint32Array.from(records, (_, i) => i).toSorted((x, y) => times[x] - times[y] || x - y);
      for (const i of order) this.#file.write(records[i]);
    }
  }

  end(): EvidenceFile<Buffer>[] {
    this.#flush(Infinity);
    this.#file.close();
    return [this.#file];
  }
}

/** Internet checksum (RFC 1071) of the bytes from `from` on, beginning with `sum`. */
function checksum(bytes: Buffer, from: number, to: number, sum = 0): number {
  let total = sum;
  for (let at = from; at < to - 1; at += 2) total += (bytes[at] << 8) | bytes[at + 1];
  if ((to - from) % 2 === 1) total += bytes[to - 1] << 8;
  while (total > 0xffff) total = (total & 0xffff) + Math.floor(total / 0x1_0000);
  return ~total & 0xffff;
}

/** Sum over the pseudo header (RFC 9293, 3.1; RFC 768). */
function pseudoSum(frame: Buffer, transport: number, length: number): number {
  let sum = transport + length;
  for (let at = ETHERNET + 12; at < ETHERNET + IP_HEADER; at += 2) sum += frame.readUInt16BE(at);
  return sum;
}
