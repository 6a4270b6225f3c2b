import { ICMP, ICMP6 } from '../../../shared/flow.ts';
import type { EvidenceSink, ExportedFlow } from '../flow-sink.ts';
import type { Exporters, Sampler } from './nfcapd-exporters.ts';
import { type Words, wordsAreZero } from './nfcapd-values.ts';

/** A flow record of nfcapd on its way to the sink, whichever layout it came from. */

/** 2^53 - 1 µs: the year 2255. */
const LATEST = Number.MAX_SAFE_INTEGER;
/** Firewall event (IANA element 233) of a connection that was refused. */
const FLOW_DENIED = 3;
/** biflowDirection (RFC 5103): the record's destination opened the connection. */
const REVERSE_INITIATOR = 2;

/** What a packet or byte count was before the collector multiplied it; -1 when no whole number gives it. */
function unscaled(count: number, { interval, space }: Sampler): number {
  const raw = Math.ceil((count * interval) / (interval + space));
  return Math.floor((raw * (interval + space)) / interval) === count ? raw : -1;
}

/**
 * One record's fields, reused for each. `clear`, fill, `emit`. Times in milliseconds since the epoch, as the format has
 * them.
 */
export class NfcapdFlow {
  first = 0;
  last = 0;
  received = 0;
  packets = 0;
  bytes = 0;
  /** Counts of the way back, where the record has them. */
  packetsBack = 0;
  bytesBack = 0;
  sourcePort = 0;
  destinationPort = 0;
  transport = 0;
  tcpFlags = 0;
  hasCounts = false;
  hasAddresses = false;
  readonly source: Words = [0, 0, 0, 0];
  readonly destination: Words = [0, 0, 0, 0];
  readonly nextHop: Words = [0, 0, 0, 0];
  readonly bgpNextHop: Words = [0, 0, 0, 0];
  /** Who sent the export datagram. */
  readonly sender: Words = [0, 0, 0, 0];
  hasNextHop = false;
  hasBgpNextHop = false;
  hasSender = false;
  inputInterface = 0;
  outputInterface = 0;
  biflowDirection = 0;
  /** Flows that nfdump put together into this record. */
  aggregated = 0;
  isEvent = false;
  firewallEvent = 0;
  /** The collector multiplied the counts by the sampling rate. */
  isScaled = false;
  isSflow = false;
  exporter = 0;
  /** 0 = none named; null = the layout cannot name one. */
  samplerId: number | null = 0;
  /** Where the record brings its sampler itself: one packet in so many; 0 = it does not. */
  ownRate = 0;

  /** Some record stood for several flows. */
  hasAggregated = false;
  /** Records handed on. */
  records = 0;
  /** Microseconds since the epoch. */
  earliest = Infinity;
  latest = -Infinity;

  readonly #sink: EvidenceSink;
  readonly #exporters: Exporters;
  readonly #flow: ExportedFlow = {
    start: 0,
    end: 0,
    initiator: this.source,
    responder: this.destination,
    initiatorPort: 0,
    responderPort: 0,
    transport: 0,
    packetsOut: 0,
    bytesOut: 0,
    packetsIn: 0,
    bytesIn: 0,
    tcpFlags: 0,
    locator: 0,
    sampling: 1,
    oneWay: true,
    exporter: undefined,
    nextHop: undefined,
    inputInterface: 0,
    outputInterface: 0,
  };

  constructor(sink: EvidenceSink, exporters: Exporters) {
    this.#sink = sink;
    this.#exporters = exporters;
  }

  clear(): void {
    this.first = 0;
    this.last = 0;
    this.received = 0;
    this.packetsBack = 0;
    this.bytesBack = 0;
    this.hasCounts = false;
    this.hasAddresses = false;
    this.hasNextHop = false;
    this.hasBgpNextHop = false;
    this.hasSender = false;
    this.inputInterface = 0;
    this.outputInterface = 0;
    this.biflowDirection = 0;
    this.aggregated = 0;
    this.isEvent = false;
    this.firewallEvent = 0;
    this.isScaled = false;
    this.isSflow = false;
    this.exporter = 0;
    this.samplerId = 0;
    this.ownRate = 0;
  }

  /** Hands the record on, or says why not. `offset`: its place in the file, bytes. */
  emit(locator: number, offset: number): void {
    const sink = this.#sink;
    if (!this.hasCounts || !this.hasAddresses) {
      sink.problem('missing-fields', offset, 'the record has no times and counts, or no addresses of IP');
      return;
    }
    const isCounted = this.packets > 0 || this.bytes > 0 || this.packetsBack > 0 || this.bytesBack > 0;
    if (this.isEvent && !isCounted && this.firewallEvent !== FLOW_DENIED) {
      const message = 'the record tells of an event (a connection opened, an address translated), not of traffic';
      sink.problem('event-not-flow', offset, message);
      return;
    }
    if (Math.max(this.packets, this.bytes, this.packetsBack, this.bytesBack) > Number.MAX_SAFE_INTEGER) {
      sink.problem('bad-number', offset, 'a packet or byte count of the record is beyond 2^53');
      return;
    }
    if (!this.#takeTimes(offset)) return;
    this.#takeCounts(offset);
    this.#takeEnds();
    const flow = this.#flow;
    flow.locator = locator;
    flow.transport = this.transport;
    flow.tcpFlags = this.tcpFlags;
    flow.inputInterface = this.inputInterface;
    flow.outputInterface = this.outputInterface;
    const nextHop = this.hasNextHop && !wordsAreZero(this.nextHop) ? this.nextHop : undefined;
    flow.nextHop = nextHop ?? (this.hasBgpNextHop && !wordsAreZero(this.bgpNextHop) ? this.bgpNextHop : undefined);
    flow.exporter = this.hasSender && !wordsAreZero(this.sender) ? this.sender : this.#exporters.address(this.exporter);
    if (this.aggregated > 1) {
      this.hasAggregated = true;
      sink.problem('aggregated-flows', offset, 'the record stands for several flows that nfdump put together');
    }
    sink.flow(flow);
    this.records++;
  }

  #takeTimes(offset: number): boolean {
    const flow = this.#flow;
    let start = this.first * 1000;
    let end = this.last * 1000;
    if (start === 0 && this.received > 0) {
      this.#sink.problem('no-time', offset, 'the record does not say when; the time of its receipt stands for it');
      start = end = this.received * 1000;
    }
    if (start > LATEST || end > LATEST || start === 0) {
      this.#sink.problem('bad-time', offset, 'the flow is not between 1970 and 2255');
      return false;
    }
    if (end < start && end > 0) {
      // nfcapd 1.7.1 was seen to write both the wrong way round, for IPFIX.
      this.#sink.problem('times-swapped', offset, 'the flow starts after its end, as recorded; the times were swapped');
      [start, end] = [end, start];
    } else if (end === 0) end = start;
    flow.start = start;
    flow.end = end;
    if (start < this.earliest) this.earliest = start;
    if (end > this.latest) this.latest = end;
    return true;
  }

  /** Undoes the multiplication by the sampling rate, where the rate is known and fits. */
  #takeCounts(offset: number): void {
    const flow = this.#flow;
    flow.packetsOut = this.packets;
    flow.bytesOut = this.bytes;
    flow.packetsIn = this.packetsBack;
    flow.bytesIn = this.bytesBack;
    flow.sampling = 1;
    if (this.isSflow) {
      const message = 'byte counts of sFlow records are of whole frames, link header included';
      this.#sink.problem('frame-bytes', offset, message);
    }
    if (!this.isScaled) return;
    const sampler = this.#sampler();
    if (sampler !== null) {
      const packets = unscaled(this.packets, sampler);
      const bytes = unscaled(this.bytes, sampler);
      const packetsBack = unscaled(this.packetsBack, sampler);
      const bytesBack = unscaled(this.bytesBack, sampler);
      if (packets >= 0 && bytes >= 0 && packetsBack >= 0 && bytesBack >= 0) {
        flow.packetsOut = packets;
        flow.bytesOut = bytes;
        flow.packetsIn = packetsBack;
        flow.bytesIn = bytesBack;
        flow.sampling = Math.round((sampler.interval + sampler.space) / sampler.interval);
        return;
      }
    }
    const message =
      'the collector multiplied the counts by a sampling rate that the file does not tell; they stand as recorded';
    this.#sink.problem('scaled-counts', offset, message);
  }

  #sampler(): Sampler | null {
    // A record of sfcapd is one packet, multiplied.
    const rate = this.isSflow ? this.packets : this.ownRate;
    if (rate > 0) return { interval: 1, space: rate - 1 };
    return this.#exporters.sampler(this.exporter, this.samplerId);
  }

  /** Who opened the flow, and ports; type and code of ICMP, which nfcapd keeps as type * 256 + code. */
  #takeEnds(): void {
    const flow = this.#flow;
    flow.oneWay = flow.packetsIn === 0 && flow.bytesIn === 0;
    flow.initiator = this.source;
    flow.responder = this.destination;
    if (this.transport === ICMP || this.transport === ICMP6) {
      flow.initiatorPort = this.destinationPort >>> 8;
      flow.responderPort = this.destinationPort & 255;
    } else {
      flow.initiatorPort = this.sourcePort;
      flow.responderPort = this.destinationPort;
    }
    if (flow.oneWay || this.biflowDirection !== REVERSE_INITIATOR) return;
    flow.initiator = this.destination;
    flow.responder = this.source;
    const { initiatorPort, packetsOut, bytesOut } = flow;
    if (this.transport !== ICMP && this.transport !== ICMP6) {
      flow.initiatorPort = flow.responderPort;
      flow.responderPort = initiatorPort;
    }
    flow.packetsOut = flow.packetsIn;
    flow.bytesOut = flow.bytesIn;
    flow.packetsIn = packetsOut;
    flow.bytesIn = bytesOut;
  }
}
