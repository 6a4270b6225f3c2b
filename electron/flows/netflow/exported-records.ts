import type { AddressWords } from '../../../shared/address.ts';
import type { EvidenceSink, ExportedFlow } from '../flow-sink.ts';
import { recordLocator } from '../locators.ts';

/** Latest time that is told apart to the microsecond, 2255-06-05. */
const LATEST_TIME = 2 ** 53;

export type MutableAddress = [number, number, number, number];

/** An exported flow of which nothing is optional, so that one can be written anew for each record. */
export interface RecordedFlow extends ExportedFlow {
  initiator: MutableAddress;
  responder: MutableAddress;
  tcpFlags: number;
  /** 0 = not told. */
  sampling: number;
  oneWay: boolean;
  exporter: AddressWords | undefined;
  nextHop: AddressWords | undefined;
  inputInterface: number;
  outputInterface: number;
  enterpriseFields: string | undefined;
}

/**
 * The records of one evidence file on their way to its sink: numbers them and keeps count. In a capture (`packets`) a
 * record is found by its packet and its place in the datagram; in a file of exports (`records`) it is numbered on.
 */
export class ExportedRecords {
  readonly sink: EvidenceSink;
  readonly numbering: 'packets' | 'records';
  /** The flow that the decoders write to. */
  readonly flow: RecordedFlow = {
    start: 0,
    end: 0,
    initiator: [0, 0, 0, 0],
    responder: [0, 0, 0, 0],
    initiatorPort: 0,
    responderPort: 0,
    transport: 0,
    packetsOut: 0,
    bytesOut: 0,
    packetsIn: 0,
    bytesIn: 0,
    tcpFlags: 0,
    locator: 0,
    sampling: 0,
    oneWay: true,
    exporter: undefined,
    nextHop: undefined,
    inputInterface: 0,
    outputInterface: 0,
    enterpriseFields: undefined,
  };
  /** Data records read without fault. */
  count = 0;
  #numbered = 0;
  firstSeen = Infinity;
  lastSeen = -Infinity;

  constructor(sink: EvidenceSink, numbering: 'packets' | 'records') {
    this.sink = sink;
    this.numbering = numbering;
  }

  /** Locator of the next flow record, which is the `record`th (from 1) of its message. */
  locator(place: number, record: number): number {
    if (this.numbering === 'records') return ++this.#numbered;
    return recordLocator(place, record);
  }

  /**
   * Hands `flow` on, with times that can be.
   *
   * @param exportTime microseconds since the epoch
   * @param offset of the record in its message, bytes
   */
  hand(exportTime: number, place: number, offset: number): void {
    const { flow } = this;
    if (!(flow.start >= 0 && flow.start <= LATEST_TIME && flow.end >= 0 && flow.end <= LATEST_TIME)) {
      const message = 'a record has a time before 1970 or after 2255; that of its export stands for it';
      this.problem('impossible-time', place, offset, message);
      flow.start = exportTime;
      flow.end = exportTime;
    }
    if (flow.end < flow.start) {
      const message = 'a record ends before it starts; its start stands for both';
      this.problem('end-before-start', place, offset, message);
      flow.end = flow.start;
    }
    this.count++;
    if (flow.start < this.firstSeen) this.firstSeen = flow.start;
    if (flow.end > this.lastSeen) this.lastSeen = flow.end;
    this.sink.flow(flow);
    // Only some decoders tell them.
    flow.enterpriseFields = undefined;
  }

  /** @param offset of the fault in its message, bytes */
  problem(kind: string, place: number, offset: number, message: string): void {
    this.sink.problem(kind, this.numbering === 'packets' ? place : place + offset, message);
  }
}

export function u16(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 8) | bytes[at + 1];
}

export function u32(bytes: Uint8Array, at: number): number {
  return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;
}

/** An exporter's clock may run so far behind the end of a flow that it tells of, milliseconds. */
const AHEAD = 3_600_000;

/**
 * When the exporter's own clock, milliseconds since it started in 32 bits that wrap after 49.7 days, stood at `uptime`.
 *
 * @param exportTime microseconds since the epoch, when the clock stood at `exportUptime`
 */
export function uptimeTime(uptime: number, exportUptime: number, exportTime: number): number {
  const before = (exportUptime - uptime) >>> 0;
  return exportTime - (before > 2 ** 32 - AHEAD ? before - 2 ** 32 : before) * 1e3;
}
