import { PAYLOAD, PAYLOAD_CAPTURED, PAYLOAD_LENGTH, SOURCE, SOURCE_PORT, TRANSPORT } from '../decode/packet-header.ts';
import { NetflowCollector, recogniseExport } from '../flows/netflow/netflow-collector.ts';
import type { EvidenceSink } from '../flows/flow-sink.ts';
import { isOlderSflow, isSflow5, SflowCollector } from '../flows/sflow/sflow.ts';
import type { AddressWords } from '../../shared/address.ts';
import { UDP } from '../../shared/flow.ts';

/** Reads datagrams that are NetFlow, IPFIX or sFlow. */
export interface ExportReader {
  /** Records read so far. */
  readonly records: number;
  /** Earliest start of a recorded flow, microseconds since the epoch; Infinity before the first. */
  readonly firstSeen: number;
  readonly lastSeen: number;
  /** Reads the datagram in `bytes` from `from` up to `to`; parameters as of the collectors. */
  datagram(
    isNetflow: boolean,
    bytes: Uint8Array,
    from: number,
    to: number,
    exporter: AddressWords,
    exporterPort: number,
    receivedAt: number,
    packet: number,
  ): void;
  end(): void;
}

/** Reads them here and now. */
export class ExportCollectors implements ExportReader {
  readonly #netflow: NetflowCollector;
  readonly #sflow: SflowCollector;

  constructor(sink: EvidenceSink) {
    this.#netflow = new NetflowCollector(sink, 'packets');
    this.#sflow = new SflowCollector(sink);
  }

  get records(): number {
    return this.#netflow.records + this.#sflow.records;
  }

  get firstSeen(): number {
    return Math.min(this.#netflow.firstSeen ?? Infinity, this.#sflow.firstSeen ?? Infinity);
  }

  get lastSeen(): number {
    return Math.max(this.#netflow.lastSeen ?? -Infinity, this.#sflow.lastSeen ?? -Infinity);
  }

  datagram(
    isNetflow: boolean,
    bytes: Uint8Array,
    from: number,
    to: number,
    exporter: AddressWords,
    exporterPort: number,
    receivedAt: number,
    packet: number,
  ): void {
    if (isNetflow) this.#netflow.message(bytes, from, to, exporter, exporterPort, receivedAt, packet);
    else this.#sflow.message(bytes, from, to, exporter, receivedAt, packet);
  }

  end(): void {
    this.#netflow.end();
    this.#sflow.end();
  }
}

/** Flow exports on their way over the network: the UDP datagrams of a capture that are NetFlow, IPFIX or sFlow, on any port. */
export class ExportDatagrams {
  readonly #reader: ExportReader;
  readonly #exporter: [number, number, number, number] = [0, 0, 0, 0];
  readonly #sink: EvidenceSink;
  /** The packet that was read last. */
  #number = 0;

  constructor(sink: EvidenceSink, reader: ExportReader = new ExportCollectors(sink)) {
    this.#sink = sink;
    this.#reader = reader;
  }

  /** As of the reader. */
  get records(): number {
    return this.#reader.records;
  }

  get firstSeen(): number {
    return this.#reader.firstSeen;
  }

  get lastSeen(): number {
    return this.#reader.lastSeen;
  }

  /**
   * Reads the records of a datagram, if it is one.
   *
   * @param time of the packet, microseconds since the epoch
   * @param number of the packet, from 1
   */
  packet(header: Int32Array, bytes: Uint8Array, time: number, number: number): void {
    if (header[TRANSPORT] !== UDP || header[PAYLOAD_CAPTURED] < header[PAYLOAD_LENGTH]) return;
    const from = header[PAYLOAD];
    const to = from + header[PAYLOAD_CAPTURED];
    // Versions 1 to 10 of NetFlow and IPFIX in two bytes, 5 of sFlow in four.
    if (to - from < 16 || bytes[from] !== 0 || bytes[from + 1] > 10) return;
    const exporter = this.#exporter;
    for (let word = 0; word < 4; word++) exporter[word] = header[SOURCE + word] >>> 0;
    const isNetflow = recogniseExport(bytes, from, to) !== null;
    if (!isNetflow && !isSflow5(bytes, from, to) && !isOlderSflow(bytes, from, to)) return;
    if (number === this.#number) {
      const message =
        'a wireless frame holds several export datagrams: only the first is read, since records are known by the frame';
      this.#sink.problem('export-not-read', number, message);
      return;
    }
    this.#number = number;
    this.#reader.datagram(isNetflow, bytes, from, to, exporter, header[SOURCE_PORT], time, number);
  }

  end(): void {
    this.#reader.end();
  }
}
