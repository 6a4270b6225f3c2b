import { PAYLOAD, PAYLOAD_CAPTURED, PAYLOAD_LENGTH, SOURCE, SOURCE_PORT, TRANSPORT } from '../decode/packet-header.ts';
import { NetflowCollector, recogniseExport } from '../flows/netflow/netflow-collector.ts';
import type { EvidenceSink } from '../flows/flow-sink.ts';
import { isOlderSflow, isSflow5, SflowCollector } from '../flows/sflow/sflow.ts';
import { UDP } from '../../shared/flow.ts';

/** A datagram that is NetFlow, IPFIX or sFlow. The object and its exporter are filled anew for the next. */
export interface ExportDatagram {
  isNetflow: boolean;
  /** The buffer that it lies in, from `from` up to `to`. */
  bytes: Uint8Array;
  from: number;
  to: number;
  exporter: [number, number, number, number];
  exporterPort: number;
  /** Microseconds since the epoch. */
  receivedAt: number;
  /** Number of its packet, from 1. */
  packet: number;
}

export function emptyDatagram(): ExportDatagram {
  const exporter: ExportDatagram['exporter'] = [0, 0, 0, 0];
  return {
    isNetflow: false,
    bytes: new Uint8Array(0),
    from: 0,
    to: 0,
    exporter,
    exporterPort: 0,
    receivedAt: 0,
    packet: 0,
  };
}

/** Reads such datagrams. */
export interface DatagramReader {
  /** Records read so far. */
  readonly records: number;
  /** Earliest start of a recorded flow, microseconds since the epoch; Infinity before the first. */
  readonly firstSeen: number;
  readonly lastSeen: number;
  datagram(datagram: ExportDatagram): void;
  end(): void;
}

/** Reads them here and now. */
export class ExportCollectors implements DatagramReader {
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

  datagram({ isNetflow, bytes, from, to, exporter, exporterPort, receivedAt, packet }: ExportDatagram): void {
    if (isNetflow) this.#netflow.message(bytes, from, to, exporter, exporterPort, receivedAt, packet);
    else this.#sflow.message(bytes, from, to, exporter, receivedAt, packet);
  }

  end(): void {
    this.#netflow.end();
    this.#sflow.end();
  }
}

/** Finds the flow exports on their way over the network: the UDP datagrams of a capture that are NetFlow, IPFIX or sFlow, on any port. */
export class ExportDatagrams {
  readonly #reader: Pick<DatagramReader, 'datagram'>;
  readonly #sink: Pick<EvidenceSink, 'problem'>;
  readonly #datagram = emptyDatagram();

  /** @param sink gets problems of frames */
  constructor(sink: Pick<EvidenceSink, 'problem'>, reader: Pick<DatagramReader, 'datagram'>) {
    this.#sink = sink;
    this.#reader = reader;
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
    const isNetflow = recogniseExport(bytes, from, to) !== null;
    if (!isNetflow && !isSflow5(bytes, from, to) && !isOlderSflow(bytes, from, to)) return;
    const datagram = this.#datagram;
    if (number === datagram.packet) {
      const message =
        'a wireless frame holds several export datagrams: only the first is read, since records are known by the frame';
      this.#sink.problem('export-not-read', number, message);
      return;
    }
    datagram.isNetflow = isNetflow;
    datagram.bytes = bytes;
    datagram.from = from;
    datagram.to = to;
    for (let word = 0; word < 4; word++) datagram.exporter[word] = header[SOURCE + word] >>> 0;
    datagram.exporterPort = header[SOURCE_PORT];
    datagram.receivedAt = time;
    datagram.packet = number;
    this.#reader.datagram(datagram);
  }
}
