import { decodeSubframe } from '../../decode/ieee80211.ts';
import { decodePacket } from '../../decode/link-layer.ts';
import {
  AGGREGATE,
  CUT_SHORT,
  DECODED,
  DESTINATION,
  DESTINATION_PORT,
  ENCRYPTED,
  HEADER_WORDS,
  ICMP_ANSWER,
  IP_BYTES,
  MALFORMED,
  NOT_IP,
  PAYLOAD,
  SOURCE,
  SOURCE_PORT,
  TCP_FLAGS,
  TRANSPORT,
} from '../../decode/packet-header.ts';
import type { AddressWords } from '../../../shared/address.ts';
import { TCP } from '../../../shared/flow.ts';
import type { EvidenceSink, ExportedFlow } from '../flow-sink.ts';
import { recordLocator } from '../locators.ts';
import { MOST_AGENTS, SflowAgents } from './sflow-agents.ts';
import {
  addressBytes,
  COMPACT,
  COUNTER_SAMPLE,
  DISCARDED_PACKET,
  EXPANDED,
  EXPANDED_COUNTER_SAMPLE,
  EXPANDED_FLOW_SAMPLE,
  EXTENDED_ROUTER,
  FLOW_SAMPLE,
  type FlowSampleLayout,
  RAW_HEADER,
  SAMPLED_IPV4,
  SAMPLED_IPV6,
  u32,
} from './sflow-datagram.ts';

export { isOlderSflow, isSflow5 } from './sflow-datagram.ts';

type Words = [number, number, number, number];

/** LINKTYPE_ value for sFlow's header protocols (1 Ethernet … 15 802.11); −1 where none is decoded. */
const LINK_TYPES = [-1, 1, -1, 6, 10, 107, -1, 9, -1, 100, 101, 228, 229, 219, 9, 105];

/** What the two upper bits of an interface say: 0 = an index; else discarded, or to several. */
const INDEX_BITS = 0x3fff_ffff;

/** Why a sampled packet makes no flow: kind of the problem, and what to say. */
type Loss = readonly [kind: string, why: string];
const WITHOUT_IP: Loss = ['not-ip', 'sampled packets without IP make no flow'];
const NOT_DECODED: Readonly<Record<number, Loss>> = {
  [NOT_IP]: WITHOUT_IP,
  [CUT_SHORT]: ['header-cut', 'sampled headers are cut short'],
  [MALFORMED]: ['header-malformed', 'sampled headers are malformed'],
  [ENCRYPTED]: ['encrypted-frame', 'sampled frames are encrypted on the link'],
};

const shareOf = (missing: number, received: number): string =>
  `${((missing / (missing + received)) * 100).toFixed(1)} %`;

/**
 * Reads the sFlow 5 datagrams of a capture. Each sampled packet becomes a flow of its own, one way, of one packet: whoever
 * joins records makes flows of them. Its bytes are the IP layer's by the sampled header, which may reach farther than what was
 * sampled; its rate is kept. A sample tells no time: it gets that of its datagram. Of a packet in a tunnel the outer one
 * counts. Samples of interface counters are passed by.
 *
 * The place of a problem is the number of the packet. Kinds: `sflow-version`, `sflow-malformed`, `header-cut`,
 * `header-malformed`, `link-type-unknown`, `encrypted-frame` (each a sample or a datagram lost); `not-ip`, `counter-samples`,
 * `unknown-samples`, `discarded-packets`, `no-sampling-rate`, `sflow-repeated`, `sflow-agents-over-budget` (none lost); of
 * what never came, told at the end and counted: `sflow-gap` (datagrams), `sflow-samples-missing`, `sflow-dropped` (samples).
 */
export class SflowCollector {
  readonly #sink: EvidenceSink;
  readonly #agents = new SflowAgents();
  readonly #header = new Int32Array(HEADER_WORDS);
  readonly #source: Words = [0, 0, 0, 0];
  readonly #destination: Words = [0, 0, 0, 0];
  readonly #agent: Words = [0, 0, 0, 0];
  readonly #nextHop: Words = [0, 0, 0, 0];
  readonly #flow: ExportedFlow = {
    start: 0,
    end: 0,
    initiator: this.#source,
    responder: this.#destination,
    initiatorPort: 0,
    responderPort: 0,
    transport: 0,
    packetsOut: 1,
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

  #packet = 0;
  #inPacket = 0;
  #records = 0;
  #samples = 0;
  #from = Infinity;
  #to = -Infinity;

  constructor(sink: EvidenceSink) {
    this.#sink = sink;
  }

  /** Sampled packets that became flows. */
  get records(): number {
    return this.#records;
  }

  /** Time of the earliest and of the latest datagram, microseconds since the epoch; null before the first. */
  get firstSeen(): number | null {
    return Number.isFinite(this.#from) ? this.#from : null;
  }

  get lastSeen(): number | null {
    return Number.isFinite(this.#to) ? this.#to : null;
  }

  /**
   * Reads one datagram.
   *
   * @param from where its UDP payload begins in `bytes`; `to` (exclusive) where the captured part of it stops
   * @param exporter who sent it; the agent's own address goes before
   * @param receivedAt microseconds since the epoch
   * @param packetNumber number of the packet in the capture, from 1
   * @returns flows handed on
   */
  message(
    bytes: Uint8Array,
    from: number,
    to: number,
    exporter: AddressWords | undefined,
    receivedAt: number,
    packetNumber: number,
  ): number {
    this.#packet = packetNumber;
    this.#inPacket = 0;
    const version = to - from < 4 ? 0 : u32(bytes, from);
    if (version === 2 || version === 4) {
      this.#problem('sflow-version', `datagrams of sFlow ${version} are not read, only those of version 5`);
      return 0;
    }
    const agent = to - from < 8 || version !== 5 ? -1 : addressBytes(u32(bytes, from + 4));
    const numbers = from + 8 + agent;
    if (agent < 0 || to - numbers < 16) {
      this.#malformed();
      return 0;
    }
    const isNamed = readAddress(bytes, from + 4, this.#agent);
    const who = isNamed ? this.#agent : exporter;
    const subAgent = u32(bytes, numbers);
    const sequence = u32(bytes, numbers + 4);
    const uptime = u32(bytes, numbers + 8);
    if (!this.#agents.datagram(who ?? this.#agent, subAgent, sequence, uptime, packetNumber)) {
      this.#problem('sflow-repeated', 'datagrams that repeat the one before, number and all, were left out');
      return 0;
    }
    if (receivedAt < this.#from) this.#from = receivedAt;
    if (receivedAt > this.#to) this.#to = receivedAt;
    this.#flow.start = receivedAt;
    this.#flow.end = receivedAt;
    this.#flow.exporter = who;
    const before = this.#records;
    this.#readSamples(bytes, numbers + 16, to, u32(bytes, numbers + 12));
    return this.#records - before;
  }

  /** Tells what the numbers in the datagrams say is missing. */
  end(): void {
    const { datagrams, samples, dropped, firstDrop, unwatched, count } = this.#agents;
    if (datagrams.missing > 0) {
      const { missing, received, firstGap } = datagrams;
      const what = `${missing} of ${missing + received} datagrams (${shareOf(missing, received)}) of ${count} agents`;
      const message = `${what} are missing by their numbers, the first before packet ${firstGap}`;
      this.#sink.problem('sflow-gap', firstGap, message, missing);
    }
    if (samples.missing > 0) {
      const { missing, received, firstGap } = samples;
      const what = `${missing} of ${missing + received} flow samples (${shareOf(missing, received)})`;
      const message = `${what} are missing by their numbers, the first before packet ${firstGap}`;
      this.#sink.problem('sflow-samples-missing', firstGap, message, missing);
    }
    if (dropped > 0) {
      const message = `agents say that they dropped ${dropped} of ${dropped + this.#samples} samples for want of resources`;
      this.#sink.problem('sflow-dropped', firstDrop, `${message}, the first before packet ${firstDrop}`, dropped);
    }
    if (unwatched > 0) {
      const message = `gaps were looked for in the datagrams of the first ${MOST_AGENTS} agents only`;
      this.#sink.problem('sflow-agents-over-budget', 0, `${message}, not in ${unwatched} datagrams of others`);
    }
  }

  #problem(kind: string, message: string): void {
    this.#sink.problem(kind, this.#packet, message);
  }

  #malformed(): void {
    this.#problem('sflow-malformed', 'sFlow datagrams that are cut short or whose lengths do not fit');
  }

  #readSamples(bytes: Uint8Array, from: number, to: number, count: number): void {
    let at = from;
    for (let sample = 0; sample < count; sample++) {
      const end = to - at < 8 ? Infinity : at + 8 + u32(bytes, at + 4);
      if (end > to) {
        this.#malformed();
        return;
      }
      switch (u32(bytes, at)) {
        case FLOW_SAMPLE:
          this.#readFlowSample(bytes, at + 8, end, COMPACT);
          break;
        case EXPANDED_FLOW_SAMPLE:
          this.#readFlowSample(bytes, at + 8, end, EXPANDED);
          break;
        case COUNTER_SAMPLE:
        case EXPANDED_COUNTER_SAMPLE:
          this.#problem('counter-samples', 'samples of interface counters tell of no flow and were passed by');
          break;
        case DISCARDED_PACKET:
          this.#problem('discarded-packets', 'notices of packets that a device dropped were passed by');
          break;
        default:
          this.#problem('unknown-samples', 'samples of formats that sFlow 5 does not define were passed by');
      }
      at = end;
    }
  }

  #readFlowSample(bytes: Uint8Array, from: number, end: number, layout: FlowSampleLayout): void {
    if (end - from < layout.records) {
      this.#malformed();
      return;
    }
    this.#samples++;
    const isExpanded = layout === EXPANDED;
    const source = u32(bytes, from + 4);
    const sourceId = isExpanded ? source * 2 ** 32 + u32(bytes, from + 8) : source;
    this.#agents.sample(sourceId, u32(bytes, from), u32(bytes, from + layout.drops), this.#packet);

    // The best of the records that tell of the packet: its header, else what the agent read out of it.
    let header = 0;
    let headerEnd = 0;
    let ip = 0;
    let router = 0;
    let at = from + layout.records;
    const count = u32(bytes, from + layout.count);
    for (let record = 0; record < count; record++) {
      const length = end - at < 8 ? Infinity : u32(bytes, at + 4);
      if (at + 8 + length > end) {
        this.#malformed();
        break;
      }
      const format = u32(bytes, at);
      if (format === RAW_HEADER && length >= 16) {
        header = at + 8;
        headerEnd = header + length;
      } else if ((format === SAMPLED_IPV4 && length >= 32) || (format === SAMPLED_IPV6 && length >= 56)) ip = at;
      else if (format === EXTENDED_ROUTER && length >= 12 && u32(bytes, at + 8) <= (length >= 24 ? 2 : 1)) {
        router = at + 8;
      }
      at += 8 + length + (-length & 3);
    }

    let loss = header > 0 ? this.#readHeader(bytes, header, headerEnd) : WITHOUT_IP;
    if (loss !== null && ip > 0) {
      this.#readSampledIp(bytes, ip);
      loss = null;
    }
    if (loss !== null) {
      this.#problem(loss[0], loss[1]);
      return;
    }
    this.#give(bytes, from, layout, router);
  }

  /** The sampled header; null when it gave a flow. */
  #readHeader(bytes: Uint8Array, at: number, end: number): Loss | null {
    const protocol = u32(bytes, at);
    const linkType = LINK_TYPES[protocol] ?? -1;
    if (linkType < 0) {
      return ['link-type-unknown', `sampled headers of sFlow's protocol ${protocol} are not decoded`];
    }
    const frame = at + 16;
    const frameEnd = Math.min(end, frame + u32(bytes, at + 12));
    // What was stripped off the frame counts in its length.
    const length = Math.max(frameEnd - frame, u32(bytes, at + 4) - u32(bytes, at + 8));
    const header = this.#header;
    let result = decodePacket(bytes, frame, frameEnd, length, linkType, header);
    // A sample stands for its frame, which is named by the first packet of several.
    if (result === AGGREGATE) result = decodeSubframe(bytes, header);
    if (result !== DECODED) return NOT_DECODED[result] ?? NOT_DECODED[MALFORMED];
    const flow = this.#flow;
    for (let word = 0; word < 4; word++) {
      this.#source[word] = header[SOURCE + word] >>> 0;
      this.#destination[word] = header[DESTINATION + word] >>> 0;
    }
    flow.transport = header[TRANSPORT];
    flow.tcpFlags = header[TCP_FLAGS];
    flow.bytesOut = header[IP_BYTES];
    flow.initiatorPort = header[SOURCE_PORT];
    flow.responderPort = header[DESTINATION_PORT];
    if (header[ICMP_ANSWER] === 1) {
      // The decoder gives an answer the type of its request, other way round; a record keeps its own.
      flow.initiatorPort = bytes[header[PAYLOAD] - 8];
      flow.responderPort = header[SOURCE_PORT];
    }
    return null;
  }

  /** Addresses, ports and flags as the agent read them: length, protocol, addresses, ports, flags in four bytes each. */
  #readSampledIp(bytes: Uint8Array, at: number): void {
    const flow = this.#flow;
    const data = at + 8;
    let behind: number;
    if (u32(bytes, at) === SAMPLED_IPV4) {
      setIpv4(this.#source, u32(bytes, data + 8));
      setIpv4(this.#destination, u32(bytes, data + 12));
      behind = data + 16;
    } else {
      for (let word = 0; word < 4; word++) {
        this.#source[word] = u32(bytes, data + 8 + 4 * word);
        this.#destination[word] = u32(bytes, data + 24 + 4 * word);
      }
      behind = data + 40;
    }
    flow.bytesOut = u32(bytes, data);
    flow.transport = u32(bytes, data + 4) & 0xff;
    flow.initiatorPort = u32(bytes, behind) & 0xffff;
    flow.responderPort = u32(bytes, behind + 4) & 0xffff;
    flow.tcpFlags = flow.transport === TCP ? u32(bytes, behind + 8) & 0xff : 0;
  }

  #give(bytes: Uint8Array, sample: number, layout: FlowSampleLayout, router: number): void {
    const flow = this.#flow;
    const rate = u32(bytes, sample + layout.rate);
    if (rate === 0) this.#problem('no-sampling-rate', 'samples whose rate is not told count as if unsampled');
    flow.sampling = Math.max(1, rate);
    flow.inputInterface = interfaceIndex(bytes, sample + layout.input, layout);
    flow.outputInterface = interfaceIndex(bytes, sample + layout.output, layout);
    flow.nextHop = router > 0 && readAddress(bytes, router, this.#nextHop) ? this.#nextHop : undefined;
    this.#inPacket++;
    flow.locator = recordLocator(this.#packet, this.#inPacket);
    this.#records++;
    this.#sink.flow(flow);
  }
}

/** An interface's index; 0 when it is none: not known, the device itself, several, or where the packet was discarded. */
function interfaceIndex(bytes: Uint8Array, at: number, layout: FlowSampleLayout): number {
  if (layout === EXPANDED) {
    const index = u32(bytes, at + 4);
    return u32(bytes, at) !== 0 || index === INDEX_BITS || index === 0xffff_ffff ? 0 : index;
  }
  const index = u32(bytes, at);
  return index >= INDEX_BITS ? 0 : index;
}

function setIpv4(words: Words, address: number): void {
  words[0] = 0;
  words[1] = 0;
  words[2] = 0xffff;
  words[3] = address;
}

/** An address behind its type; false when there is none, or it is unspecified. */
function readAddress(bytes: Uint8Array, at: number, words: Words): boolean {
  const length = addressBytes(u32(bytes, at));
  if (length === 16) for (let word = 0; word < 4; word++) words[word] = u32(bytes, at + 4 + 4 * word);
  else setIpv4(words, length === 4 ? u32(bytes, at + 4) : 0);
  return words[3] !== 0 || (length === 16 && (words[0] | words[1] | words[2]) !== 0);
}
