import { ICMP, TCP, UDP } from '../../shared/flow.ts';
import { applicationData } from './sample-payloads.ts';
import type { SampleRandom } from './sample-random.ts';
import type { SampleFlow, Turn } from './sample-traffic.ts';

/** One IP packet of a flow, before it is put on a wire. */
export interface SamplePacket {
  /** Microseconds since the epoch. */
  readonly time: number;
  readonly fromClient: boolean;
  readonly tcpFlags: number;
  readonly sequence: number;
  readonly acknowledgement: number;
  readonly payload: Buffer;
  /** Length of the IP packet with all headers, bytes. */
  readonly ipLength: number;
}

const FIN = 1;
const SYN = 2;
const RST = 4;
const PSH = 8;
const ACK = 16;

const SEGMENT = 1460;
const IP_HEADER = 20;
const TCP_HEADER = 20;
const UDP_HEADER = 8;
/** Maximum segment size 1460, no-op, no-op, selective acknowledgement permitted (RFC 9293, RFC 2018). */
const SYN_OPTIONS: Buffer = Buffer.from([2, 4, 5, 0xb4, 1, 1, 4, 2]);
/** Time that a client takes to react, and that a segment takes on the line, microseconds. */
const REACTION = 1500;
const PACE = 9000;

/** Bytes that stand for content nobody needs to read. */
export function fillerBytes(random: SampleRandom): Buffer {
  return random.bytes(SEGMENT);
}

function segmentsOf(turn: Turn, filler: Buffer): Buffer[] {
  const segments: Buffer[] = [];
  for (let at = 0; at < turn.length; at += SEGMENT) {
    const length = Math.min(SEGMENT, turn.length - at);
    if (turn.filler === 'records') segments.push(applicationData(filler, length));
    else if (at < turn.head.length) {
      const head = turn.head.subarray(at, at + length);
      segments.push(length > head.length ? Buffer.concat([head, filler.subarray(0, length - head.length)]) : head);
    } else segments.push(filler.subarray(0, length));
  }
  return segments;
}

/** The packets of a flow, in order of time: TCP with handshake, acknowledgements and FINs; UDP and ICMP one a turn. */
export function packetsOf(flow: SampleFlow, random: SampleRandom, filler: Buffer): SamplePacket[] {
  return flow.transport === TCP ? tcpPackets(flow, random, filler) : datagramPackets(flow, filler);
}

function datagramPackets(flow: SampleFlow, filler: Buffer): SamplePacket[] {
  let time = flow.start;
  let lastFromClient = true;
  return flow.turns.map((turn, at) => {
    if (at > 0) time += turn.pause + (lastFromClient && !turn.fromClient ? flow.roundTrip : REACTION);
    lastFromClient = turn.fromClient;
    const payload = segmentsOf(turn, filler)[0] ?? Buffer.alloc(0);
    return {
      time,
      fromClient: turn.fromClient,
      tcpFlags: 0,
      sequence: at >> 1,
      acknowledgement: 0,
      payload,
      ipLength: IP_HEADER + UDP_HEADER + payload.length,
    };
  });
}

function tcpPackets(flow: SampleFlow, random: SampleRandom, filler: Buffer): SamplePacket[] {
  const packets: SamplePacket[] = [];
  const next = { client: random.word(), server: random.word() };
  let time = flow.start;
  const send = (fromClient: boolean, tcpFlags: number, payload: Buffer = Buffer.alloc(0)): void => {
    const [own, other] = fromClient ? (['client', 'server'] as const) : (['server', 'client'] as const);
    const options = tcpFlags & SYN ? SYN_OPTIONS.length : 0;
    packets.push({
      time,
      fromClient,
      tcpFlags,
      sequence: next[own],
      acknowledgement: tcpFlags & ACK ? next[other] : 0,
      payload,
      ipLength: IP_HEADER + TCP_HEADER + options + payload.length,
    });
    next[own] = (next[own] + payload.length + (tcpFlags & (SYN | FIN) ? 1 : 0)) >>> 0;
  };
  send(true, SYN);
  if (flow.outcome === 'silent') return packets;
  time += flow.roundTrip;
  if (flow.outcome === 'refused') {
    send(false, RST | ACK);
    return packets;
  }
  send(false, SYN | ACK);
  time += REACTION;
  send(true, ACK);
  for (const turn of flow.turns) {
    time += turn.pause + (turn.fromClient ? REACTION : flow.roundTrip);
    const segments = segmentsOf(turn, filler);
    for (const [at, segment] of segments.entries()) {
      if (at > 0) time += PACE;
      const last = at === segments.length - 1;
      send(turn.fromClient, last ? ACK | PSH : ACK, segment);
      if (!turn.fromClient && (last || at % 2 === 1)) {
        time += REACTION;
        send(true, ACK);
      }
    }
  }
  time += REACTION;
  send(true, FIN | ACK);
  time += flow.roundTrip;
  send(false, FIN | ACK);
  time += REACTION;
  send(true, ACK);
  return packets;
}

/** Internet checksum (RFC 1071) of the bytes from `from` on, beginning with `sum`. */
function checksum(bytes: Buffer, from: number, to: number, sum = 0): number {
  let total = sum;
  for (let at = from; at < to - 1; at += 2) total += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  if ((to - from) % 2 === 1) total += (bytes[to - 1] ?? 0) << 8;
  while (total > 0xffff) total = (total & 0xffff) + Math.floor(total / 0x1_0000);
  return ~total & 0xffff;
}

/** Hardware addresses of the routers on either side of the vantage point: target, then source, then type IPv4. */
const OUTWARD = Buffer.from('0200000000020200000000010800', 'hex');
const INWARD = Buffer.from('0200000000010200000000020800', 'hex');
const IP_AT = 14;
const TRANSPORT_AT = IP_AT + IP_HEADER;

/** True when the address lies inside the border at which the capture was taken. */
export type IsInside = (address: number) => boolean;

/** The Ethernet frame of a packet, headers and checksums complete. `id` becomes the IP identification. */
export function frameOf(flow: SampleFlow, packet: SamplePacket, id: number, isInside: IsInside): Buffer {
  const [source, target] = packet.fromClient ? [flow.client, flow.server] : [flow.server, flow.client];
  const outward = isInside(source);
  const frame = Buffer.alloc(IP_AT + packet.ipLength);
  (outward ? OUTWARD : INWARD).copy(frame);
  frame[IP_AT] = 0x45;
  frame.writeUInt16BE(packet.ipLength, IP_AT + 2);
  frame.writeUInt16BE(id & 0xffff, IP_AT + 4);
  frame[IP_AT + 6] = 0x40;
  frame[IP_AT + 8] = outward ? 63 : 47;
  frame[IP_AT + 9] = flow.transport;
  frame.writeUInt32BE(source, IP_AT + 12);
  frame.writeUInt32BE(target, IP_AT + 16);
  frame.writeUInt16BE(checksum(frame, IP_AT, TRANSPORT_AT), IP_AT + 10);
  packet.payload.copy(frame, frame.length - packet.payload.length);
  if (flow.transport === ICMP) writeEcho(frame, packet);
  else writePorts(frame, flow, packet);
  return frame;
}

/** ICMP echo request or reply (RFC 792). */
function writeEcho(frame: Buffer, packet: SamplePacket): void {
  frame[TRANSPORT_AT] = packet.fromClient ? 8 : 0;
  frame.writeUInt16BE(1, TRANSPORT_AT + 4);
  frame.writeUInt16BE(packet.sequence, TRANSPORT_AT + 6);
  frame.writeUInt16BE(checksum(frame, TRANSPORT_AT, frame.length), TRANSPORT_AT + 2);
}

/** TCP or UDP header over the payload that is there already. */
function writePorts(frame: Buffer, flow: SampleFlow, packet: SamplePacket): void {
  const length = packet.ipLength - IP_HEADER;
  let pseudo = flow.transport + length;
  for (let at = IP_AT + 12; at < TRANSPORT_AT; at += 2) pseudo += frame.readUInt16BE(at);
  frame.writeUInt16BE(packet.fromClient ? flow.clientPort : flow.serverPort, TRANSPORT_AT);
  frame.writeUInt16BE(packet.fromClient ? flow.serverPort : flow.clientPort, TRANSPORT_AT + 2);
  if (flow.transport === UDP) {
    frame.writeUInt16BE(length, TRANSPORT_AT + 4);
    frame.writeUInt16BE(checksum(frame, TRANSPORT_AT, frame.length, pseudo) || 0xffff, TRANSPORT_AT + 6);
    return;
  }
  const options = packet.tcpFlags & SYN ? SYN_OPTIONS.length : 0;
  frame.writeUInt32BE(packet.sequence, TRANSPORT_AT + 4);
  frame.writeUInt32BE(packet.acknowledgement, TRANSPORT_AT + 8);
  frame[TRANSPORT_AT + 12] = ((TCP_HEADER + options) / 4) << 4;
  frame[TRANSPORT_AT + 13] = packet.tcpFlags;
  frame.writeUInt16BE(29_200, TRANSPORT_AT + 14);
  if (options > 0) SYN_OPTIONS.copy(frame, TRANSPORT_AT + TCP_HEADER);
  frame.writeUInt16BE(checksum(frame, TRANSPORT_AT, frame.length, pseudo), TRANSPORT_AT + 16);
}

/** Bytes kept of each packet, as `tcpdump -s 256` would. */
export const SNAP_LENGTH = 256;

/** Header of a pcap file: microseconds, Ethernet, little-endian (draft-ietf-opsawg-pcap). */
export function pcapHeader(): Buffer {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(SNAP_LENGTH, 16);
  header.writeUInt32LE(1, 20);
  return header;
}

/** One pcap record, cut at SNAP_LENGTH. */
export function pcapRecord(time: number, frame: Buffer): Buffer {
  const kept = Math.min(frame.length, SNAP_LENGTH);
  const record = Buffer.alloc(16 + kept);
  record.writeUInt32LE(Math.floor(time / 1_000_000), 0);
  record.writeUInt32LE(time % 1_000_000, 4);
  record.writeUInt32LE(kept, 8);
  record.writeUInt32LE(frame.length, 12);
  frame.copy(record, 16, 0, kept);
  return record;
}
