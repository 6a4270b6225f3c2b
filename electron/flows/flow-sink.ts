import type { AddressWords } from '../../shared/address.ts';
import type { ConnState, NameOrigin } from '../../shared/flow.ts';

/** What readers of evidence hand on: flows, names learnt beside them, and problems. */

/** One flow as a flow export tells it. Counts are as recorded (not scaled); times in microseconds since the epoch, UTC. */
export interface ExportedFlow {
  start: number;
  end: number;
  initiator: AddressWords;
  responder: AddressWords;
  initiatorPort: number;
  responderPort: number;
  /** IP protocol number. */
  transport: number;
  packetsOut: number;
  bytesOut: number;
  packetsIn: number;
  bytesIn: number;
  tcpFlags?: number;
  state?: ConnState;
  /** Line or record number, from 1; of a record in a captured datagram packet number + record of the packet / 10,000. */
  locator: number;
  /** 1 = unsampled, N = one packet in N was looked at. */
  sampling?: number;
  /** True when the record counts initiator to responder only, and the way back, if any, has a record of its own. */
  oneWay?: boolean;
  /** Who exported the record, as far as told; its next hop and interfaces as it numbers them (0 = not told). */
  exporter?: AddressWords | undefined;
  nextHop?: AddressWords | undefined;
  inputInterface?: number;
  outputInterface?: number;
  /** What was put together to make this flow, bits of ASSEMBLY. */
  assembly?: number;
  /** Fields that are a vendor's own, as in the flow record; undefined when there are none. */
  enterpriseFields?: string | undefined;
  /** Protocol id that the exporter's own analyser recognised (vocabulary), and who says so (e.g. `zeek-service`). */
  protocol?: string | undefined;
  rule?: string | undefined;
  name?: string | undefined;
  nameOrigin?: NameOrigin | undefined;
  userAgent?: string | undefined;
  ja3?: string | undefined;
  ja4?: string | undefined;
  /** The log's own id of the flow, by which other logs refer to it. */
  uid?: string | undefined;
}

/** A name that another log gives to a flow, joined by the log's own flow id. */
export interface LogName {
  uid: string;
  /** Start of the record, microseconds since the epoch. */
  time: number;
  /** Host name as asked (SNI, Host header, DNS question); absent when the record has none. */
  name?: string | undefined;
  origin: NameOrigin;
  protocol: string;
  userAgent?: string | undefined;
  /** Fingerprints of the client's TLS hello. */
  ja3?: string | undefined;
  ja4?: string | undefined;
  /** Id of the server's certificate where another log describes it: a name of the certificate's own stands under that id. */
  certificate?: string | undefined;
}

/** Receives what a reader finds. `answer`: a DNS answer that `client` got: `address` bears `name` from `from` until `until`. */
export interface EvidenceSink {
  flow(flow: ExportedFlow): void;
  answer(client: AddressWords, address: AddressWords, name: string, from: number, until: number): void;
  logName(name: LogName): void;
  /** @param count how often, default 1 */
  problem(kind: string, offset: number, message: string, count?: number): void;
}
