import { readFileSync } from 'node:fs';
import type { PacketSink } from '../../electron/capture/packet-sink.ts';
import { PcapReader } from '../../electron/capture/pcap.ts';
import { PcapngReader } from '../../electron/capture/pcapng.ts';
import { decodePacket } from '../../electron/decode/link-layer.ts';
import {
  DECODED,
  HEADER_WORDS,
  PAYLOAD,
  PAYLOAD_CAPTURED,
  SOURCE,
  SOURCE_PORT,
  TRANSPORT,
} from '../../electron/decode/packet-header.ts';
import { NetflowCollector, recogniseExport } from '../../electron/flows/netflow/netflow-collector.ts';
import type { EvidenceSink, ExportedFlow } from '../../electron/flows/flow-sink.ts';
import { type AddressWords, formatAddress } from '../../shared/address.ts';
import { UDP } from '../../shared/flow.ts';
import { ProblemCounter } from '../../shared/problem.ts';

/** Messages of NetFlow and IPFIX made byte by byte, and export datagrams taken out of captures, for the tests. */

export interface Datagram {
  bytes: Uint8Array;
  exporter: AddressWords;
  port: number;
  /** Microseconds since the epoch. */
  time: number;
  packet: number;
}

/** UDP payloads of a capture. */
export function datagrams(path: string): Datagram[] {
  const found: Datagram[] = [];
  const header = new Int32Array(HEADER_WORDS);
  const sink: PacketSink = {
    packet(bytes, start, end, originalLength, time, linkType, number) {
      if (decodePacket(bytes, start, end, originalLength, linkType, header) !== DECODED) return;
      if (header[TRANSPORT] !== UDP) return;
      const exporter = [0, 1, 2, 3].map((i) => header[SOURCE + i] >>> 0);
      found.push({
        bytes: Uint8Array.from(bytes.subarray(header[PAYLOAD], header[PAYLOAD] + header[PAYLOAD_CAPTURED])),
        exporter: [exporter[0], exporter[1], exporter[2], exporter[3]],
        port: header[SOURCE_PORT],
        time,
        packet: number,
      });
    },
    problem() {},
  };
  const bytes = readFileSync(path);
  const reader = bytes.readUInt32BE(0) === 0x0a0d0d0a ? new PcapngReader(sink, () => {}) : new PcapReader(sink);
  reader.consume(bytes, bytes.length, 0, true);
  return found;
}

/** Copies what a reader hands on, as the case does. */
export class CollectedFlows implements EvidenceSink {
  flows: ExportedFlow[] = [];
  problems = new ProblemCounter();
  flow(flow: ExportedFlow): void {
    const { exporter, nextHop } = flow;
    this.flows.push({
      ...flow,
      initiator: [...flow.initiator],
      responder: [...flow.responder],
      exporter: exporter && [...exporter],
      nextHop: nextHop && [...nextHop],
    });
  }
  answer(): void {}
  logName(): void {}
  problem(kind: string, offset: number, message: string, count?: number): void {
    this.problems.add(kind, offset, message, count);
  }
  get problemCounts(): Record<string, number> {
    return Object.fromEntries(this.problems.list().map(({ kind, count }) => [kind, count]));
  }
  get packets(): number {
    return this.flows.reduce((sum, flow) => sum + flow.packetsOut + flow.packetsIn, 0);
  }
  get bytes(): number {
    return this.flows.reduce((sum, flow) => sum + flow.bytesOut + flow.bytesIn, 0);
  }
}

/** `10.0.0.1:1234 > 10.0.0.2:80 6 packets/bytes` */
export function line(flow: ExportedFlow): string {
  const end = (address: AddressWords, port: number): string => `${formatAddress(...address)} ${port}`;
  const { packetsOut, bytesOut } = flow;
  return `${end(flow.initiator, flow.initiatorPort)} > ${end(flow.responder, flow.responderPort)} ${flow.transport} ${packetsOut}/${bytesOut}`;
}

/** Reads every recognised export of captures, one behind the other, as one evidence. */
export function collect(...paths: string[]): {
  found: CollectedFlows;
  kinds: Set<string>;
  collector: NetflowCollector;
} {
  const found = new CollectedFlows();
  const collector = new NetflowCollector(found, 'packets');
  const kinds = new Set<string>();
  for (const path of paths) {
    for (const { bytes, exporter, port, time, packet } of datagrams(path)) {
      const kind = recogniseExport(bytes, 0, bytes.length);
      if (kind === null) continue;
      kinds.add(kind);
      collector.message(bytes, 0, bytes.length, exporter, port, time, packet);
    }
  }
  collector.end();
  return { found, kinds, collector };
}

/** A message with another sequence number. */
export function numbered(message: Uint8Array, sequence: number): Uint8Array {
  const copy = Buffer.from(message);
  const at = { 5: 16, 7: 16, 9: 12, 10: 8 }[copy.readUInt16BE(0)] ?? copy.length;
  copy.writeUInt32BE(sequence, at);
  return copy;
}

/** A number of so many bytes, big-endian. */
export function uint(value: number | bigint, length: number): number[] {
  return Array.from({ length }, (_, i) => Number((BigInt(value) >> BigInt(8 * (length - 1 - i))) & 0xffn));
}

export const ipv4 = (text: string): number[] => text.split('.').map(Number);

/** A set of NetFlow v9 or IPFIX around its content. */
export function set(id: number, ...content: number[][]): number[] {
  const body = content.flat();
  return [...uint(id, 2), ...uint(body.length + 4, 2), ...body];
}

export type Field = readonly [element: number, length: number, enterprise?: number];

const fieldBytes = ([element, length, enterprise]: Field): number[] =>
  enterprise === undefined
    ? [...uint(element, 2), ...uint(length, 2)]
    : [...uint(element + 0x8000, 2), ...uint(length, 2), ...uint(enterprise, 4)];

/** A template without the header of its set. */
export function template(id: number, fields: readonly Field[]): number[] {
  return [...uint(id, 2), ...uint(fields.length, 2), ...fields.flatMap(fieldBytes)];
}

/** An options template of IPFIX without the header of its set. */
export function optionsTemplate(id: number, scopes: number, fields: readonly Field[]): number[] {
  return [...uint(id, 2), ...uint(fields.length, 2), ...uint(scopes, 2), ...fields.flatMap(fieldBytes)];
}

/** An options template of NetFlow v9. */
export function optionsTemplate9(id: number, scopes: readonly Field[], fields: readonly Field[]): number[] {
  const lengths = [...uint(scopes.length * 4, 2), ...uint(fields.length * 4, 2)];
  return [...uint(id, 2), ...lengths, ...[...scopes, ...fields].flatMap(fieldBytes)];
}

export const EXPORT_SECONDS = 1_700_000_000;
export const UPTIME = 3_600_000;

export function netflow9(sets: readonly number[][], source = 0, uptime = UPTIME): Uint8Array {
  const header = [...uint(9, 2), ...uint(1, 2), ...uint(uptime, 4), ...uint(EXPORT_SECONDS, 4), ...uint(1, 4)];
  return Uint8Array.from([...header, ...uint(source, 4), ...sets.flat()]);
}

export function ipfix(sets: readonly number[][], domain = 0, seconds = EXPORT_SECONDS): Uint8Array {
  const body = sets.flat();
  const header = [...uint(10, 2), ...uint(body.length + 16, 2), ...uint(seconds, 4), ...uint(1, 4)];
  return Uint8Array.from([...header, ...uint(domain, 4), ...body]);
}

export interface FixedRecord {
  source: string;
  destination: string;
  nextHop?: string;
  input?: number;
  output?: number;
  packets?: number;
  bytes?: number;
  first?: number;
  last?: number;
  sourcePort?: number;
  destinationPort?: number;
  transport?: number;
  flags?: number;
}

/** A NetFlow v1, v5 or v7 message. `sampling` is the header field of v5, mode bits included; `padding` ends the records of v1. */
export function fixedNetflow(
  version: 1 | 5 | 7,
  records: readonly FixedRecord[],
  sampling = 0,
  uptime = UPTIME,
  padding = 7,
): Uint8Array {
  const tail = version === 1 ? [] : version === 5 ? [...uint(7, 4), 0, 0, ...uint(sampling, 2)] : uint(7, 8);
  const header = [...uint(version, 2), ...uint(records.length, 2), ...uint(uptime, 4), ...uint(EXPORT_SECONDS, 4)];
  const body = records.flatMap((record) => {
    const flags = record.flags ?? 0;
    const common = [
      ...ipv4(record.source),
      ...ipv4(record.destination),
      ...ipv4(record.nextHop ?? '0.0.0.0'),
      ...uint(record.input ?? 0, 2),
      ...uint(record.output ?? 0, 2),
      ...uint(record.packets ?? 1, 4),
      ...uint(record.bytes ?? 40, 4),
      ...uint(record.first ?? uptime - 2000, 4),
      ...uint(record.last ?? uptime - 1000, 4),
      ...uint(record.sourcePort ?? 0, 2),
      ...uint(record.destinationPort ?? 0, 2),
    ];
    const transport = record.transport ?? 6;
    if (version === 1) return [...common, 0, 0, transport, 0, flags, ...uint(0, padding)];
    return [...common, 0, flags, transport, 0, ...uint(0, version === 5 ? 8 : 12)];
  });
  return Uint8Array.from([...header, ...uint(500_000_000, 4), ...tail, ...body]);
}
