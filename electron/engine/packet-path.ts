import type { CaptureReader, PacketSink } from '../capture/packet-sink.ts';
import { FragmentReassembler, type FragmentSink } from '../decode/fragment-reassembly.ts';
import { decodeSubframe, hasSubframe } from '../decode/ieee80211.ts';
import { decodePacket } from '../decode/link-layer.ts';
import { linkTypeName } from '../decode/link-type-names.ts';
import {
  AGGREGATE,
  CUT_SHORT,
  DECODED,
  DEPTH,
  type DecodeResult,
  ENCRYPTED,
  FRAGMENT,
  HEADER_WORDS,
  LINK_UNKNOWN,
  MALFORMED,
  NOT_IP,
  TRANSPORT,
  WHOLE,
} from '../decode/packet-header.ts';
import { decodeTunnel, MAX_TUNNEL_DEPTH } from '../decode/tunnel.ts';
import type { FlowTable } from '../flows/flow-table.ts';
import { furtherLocator, MOST_FURTHER, packetOf } from '../flows/locators.ts';
import { TCP } from '../../shared/flow.ts';
import type { ProblemCounter } from '../../shared/problem.ts';
import type { ExportDatagrams } from './export-datagrams.ts';

/** Problems of one kind, and the number of the packet where the first was met. */
class Count {
  count = 0;
  first = 0;

  add(number: number): void {
    if (this.count++ === 0) this.first = number;
  }
}

/** Learns which flow each packet is counted to. Numbers are those of packets, from 1, as in `electron/flows/locators.ts`. */
export interface FlowTap {
  /** @param locator number of the first packet of the flow, which lies in `depth` tunnels */
  counted(number: number, locator: number, depth: number): void;
  /** The fragments in the packets `pieces` make up the datagram that is whole with packet `number`. */
  putTogether(number: number, depth: number, pieces: readonly number[]): void;
}

/** Takes the packets of captures before they are decoded; no flow is made of them. */
export interface RecordTap extends Pick<PacketSink, 'packet'> {
  /** The packets that follow come from this reader. */
  reader(reader: CaptureReader): void;
}

/** Those who want to know of packets more than the flows that come out. */
export interface PacketTaps {
  readonly flows?: FlowTap;
  readonly records?: RecordTap;
}

/**
 * Packets into the flow table, with the packets that they carry in tunnels and the datagrams whose fragments they are;
 * what could not be decoded is counted.
 */
export class PacketPath implements PacketSink, FragmentSink {
  readonly table: FlowTable;
  /** One for each depth, and one behind the deepest that only finds out whether there is more. */
  readonly #headers: readonly Int32Array[];
  readonly #header: Int32Array;
  readonly #fragments: FragmentReassembler;
  readonly #problems: Pick<ProblemCounter, 'add'>;
  readonly #linkUnknown = new Map<number, number>();
  readonly #clockOffset: number;
  readonly #exports: ExportDatagrams | null;
  readonly #flowTap: FlowTap | null;
  readonly #recordTap: RecordTap | null;
  readonly #cut = new Count();
  readonly #malformed = new Count();
  readonly #encrypted = new Count();
  readonly #aggregateRest = new Count();
  readonly #tunnelCut = new Count();
  readonly #tunnelMalformed = new Count();
  readonly #tunnelDeep = new Count();
  readonly #counts = [
    this.#cut,
    this.#malformed,
    this.#encrypted,
    this.#aggregateRest,
    this.#tunnelCut,
    this.#tunnelMalformed,
    this.#tunnelDeep,
  ];
  #notIp = 0;
  /** The frame whose aggregated packets were read last, and how many of them behind the first of their aggregate. */
  #aggregateFrame = 0;
  #further = 0;
  packets = 0;
  /** Microseconds since the epoch. */
  firstSeen = Infinity;
  lastSeen = -Infinity;

  /** @param clockOffset microseconds added to every time; `exports` reads the flow exports among the datagrams */
  constructor(
    table: FlowTable,
    problems: Pick<ProblemCounter, 'add'>,
    clockOffset = 0,
    exports: ExportDatagrams | null = null,
    taps: PacketTaps = {},
  ) {
    this.#exports = exports;
    this.#flowTap = taps.flows ?? null;
    this.#recordTap = taps.records ?? null;
    this.table = table;
    this.#clockOffset = clockOffset;
    this.#problems = problems;
    this.#header = new Int32Array(HEADER_WORDS);
    const inner = Array.from({ length: MAX_TUNNEL_DEPTH + 1 }, (_, depth) => {
      const header = new Int32Array(HEADER_WORDS);
      header[DEPTH] = depth + 1;
      return header;
    });
    this.#headers = [this.#header, ...inner];
    this.#fragments = new FragmentReassembler(this, this.#flowTap !== null);
  }

  packet(
    bytes: Uint8Array,
    start: number,
    end: number,
    originalLength: number,
    recorded: number,
    linkType: number,
    number: number,
  ): void {
    const time = recorded + this.#clockOffset;
    this.packets++;
    if (time < this.firstSeen) this.firstSeen = time;
    if (time > this.lastSeen) this.lastSeen = time;
    if (this.#recordTap !== null) {
      this.#recordTap.packet(bytes, start, end, originalLength, recorded, linkType, number);
      return;
    }
    const header = this.#header;
    const result = decodePacket(bytes, start, end, originalLength, linkType, header);
    if (result === DECODED && header[FRAGMENT] === WHOLE) {
      this.table.add(header, bytes, time, number, 0);
      if (this.#flowTap !== null) this.#flowTap.counted(number, this.table.locator, 0);
      if (header[TRANSPORT] !== TCP) this.#lookInside(header, bytes, time, number, this.table.locator);
    } else if (result === DECODED) this.#fragments.add(header, bytes, time, number, 0);
    else this.#notDecoded(result, bytes, time, linkType, number);
  }

  /** A packet that `#decoded` gave to be put together, or one that waited there: counted now. */
  fragment(header: Int32Array, bytes: Uint8Array, time: number, number: number, tunnel: number): void {
    this.table.add(header, bytes, time, number, tunnel);
    if (this.#flowTap !== null) {
      const isWhole = header[FRAGMENT] === WHOLE;
      if (isWhole) this.#flowTap.putTogether(number, header[DEPTH], this.#fragments.numbers);
      this.#flowTap.counted(number, this.table.locator, header[DEPTH]);
    }
    if (header[FRAGMENT] === WHOLE) this.#lookInside(header, bytes, time, number, this.table.locator);
  }

  problem(kind: string, offset: number, message: string, count = 1): void {
    this.#problems.add(kind, offset, message, count);
  }

  /** Hands every flow to the builder; what comes after makes new ones. */
  endFlows(): void {
    this.#fragments.end();
    this.table.endAll();
  }

  /**
   * Tells what was counted of the packets of a file, and counts anew.
   *
   * @param base packets of the files before, which the packets' numbers include
   */
  endFile(base = 0): void {
    this.#tellPackets(base);
    for (const count of this.#counts) count.count = 0;
    this.#linkUnknown.clear();
    this.#notIp = 0;
    this.packets = 0;
    this.firstSeen = Infinity;
    this.lastSeen = -Infinity;
  }

  /** Hands every flow to the builder and tells what was counted of them. */
  end(): void {
    this.endFlows();
    this.#tellFlows();
  }

  #decoded(header: Int32Array, bytes: Uint8Array, time: number, number: number, tunnel: number): void {
    if (header[FRAGMENT] !== WHOLE) {
      this.#fragments.add(header, bytes, time, number, tunnel);
      return;
    }
    this.table.add(header, bytes, time, number, tunnel);
    if (this.#flowTap !== null) this.#flowTap.counted(number, this.table.locator, header[DEPTH]);
    if (header[TRANSPORT] !== TCP) this.#lookInside(header, bytes, time, number, this.table.locator);
  }

  #lookInside(outer: Int32Array, bytes: Uint8Array, time: number, number: number, locator: number): void {
    const depth = outer[DEPTH];
    const inner = this.#headers[depth + 1];
    const result = decodeTunnel(bytes, outer, inner);
    if (result === NOT_IP) {
      this.#exports?.packet(outer, bytes, time - this.#clockOffset, packetOf(number));
      return;
    }
    if (depth === MAX_TUNNEL_DEPTH && (result === DECODED || result === AGGREGATE)) this.#tunnelDeep.add(number);
    else if (result === DECODED) this.#decoded(inner, bytes, time, number, locator);
    else if (result === AGGREGATE) this.#aggregate(inner, bytes, time, number, locator);
    else if (result === CUT_SHORT) this.#tunnelCut.add(number);
    else if (result === MALFORMED) this.#tunnelMalformed.add(number);
    else if (result === ENCRYPTED) this.#encrypted.add(number);
  }

  /** The packets of an 802.11 aggregate, each with a number of its own; false when none of them carries IP. */
  #aggregate(header: Int32Array, bytes: Uint8Array, time: number, number: number, tunnel: number): boolean {
    const frame = packetOf(number);
    if (frame !== this.#aggregateFrame) {
      this.#aggregateFrame = frame;
      this.#further = 0;
    }
    const isInner = header[DEPTH] > 0;
    let carriesIp = false;
    for (let own = number; hasSubframe(header); own = furtherLocator(frame, this.#further)) {
      const result = decodeSubframe(bytes, header);
      if (result !== NOT_IP) carriesIp = true;
      if (result === DECODED) this.#decoded(header, bytes, time, own, tunnel);
      else if (result === CUT_SHORT) (isInner ? this.#tunnelCut : this.#cut).add(frame);
      else if (result === MALFORMED) (isInner ? this.#tunnelMalformed : this.#malformed).add(frame);
      else if (result === ENCRYPTED) this.#encrypted.add(frame);
      if (this.#further === MOST_FURTHER) {
        if (hasSubframe(header)) this.#aggregateRest.add(frame);
        break;
      }
      this.#further++;
    }
    return carriesIp;
  }

  #notDecoded(result: DecodeResult, bytes: Uint8Array, time: number, linkType: number, number: number): void {
    switch (result) {
      case NOT_IP:
        this.#notIp++;
        break;
      case CUT_SHORT:
        this.#cut.add(number);
        break;
      case MALFORMED:
        this.#malformed.add(number);
        break;
      case LINK_UNKNOWN:
        this.#linkUnknown.set(linkType, (this.#linkUnknown.get(linkType) ?? 0) + 1);
        break;
      case ENCRYPTED:
        this.#encrypted.add(number);
        break;
      case AGGREGATE:
        if (!this.#aggregate(this.#header, bytes, time, number, 0)) this.#notIp++;
        break;
      case DECODED:
    }
  }

  /** Places are packet numbers here, since headers have no offset of their own. */
  #tellPackets(base: number): void {
    for (const [linkType, count] of this.#linkUnknown) {
      this.problem('link-type-unknown', 0, `packets of ${linkTypeName(linkType)} are not decoded`, count);
    }
    const tellFirst = (kind: string, { count, first }: Count, message: string): void => {
      const number = packetOf(first) - base;
      if (count > 0) this.problem(kind, number, `${message}, first in packet ${number}`, count);
    };
    tellFirst('header-cut', this.#cut, 'headers cut short');
    tellFirst('header-malformed', this.#malformed, 'malformed headers');
    tellFirst('encrypted-frame', this.#encrypted, 'frames whose content is encrypted on the link');
    const most = `aggregated wireless frames of more than ${MOST_FURTHER} packets, whose rest was not read`;
    tellFirst('aggregate-rest', this.#aggregateRest, most);
    tellFirst('tunnel-cut', this.#tunnelCut, 'packets in tunnels, headers cut short');
    tellFirst('tunnel-malformed', this.#tunnelMalformed, 'packets in tunnels, malformed headers');
    const depth = `packets in more than ${MAX_TUNNEL_DEPTH} tunnels, left in the innermost one read`;
    tellFirst('tunnel-too-deep', this.#tunnelDeep, depth);
    if (this.#notIp > 0 && this.#notIp === this.packets) {
      this.problem('no-ip', 0, 'packets, all there are, carry no IP and make no flow', this.#notIp);
    }
  }

  #tellFlows(): void {
    const tell = (kind: string, count: number, message: string): void => {
      if (count > 0) this.problem(kind, 0, message, count);
    };
    const { orphans, overlaps, malformed, incomplete, overBudget } = this.#fragments;
    tell('fragment-without-first', orphans, 'later fragments whose first one was not seen have no ports');
    tell('fragment-overlap', overlaps, 'fragments that contradict an earlier one, which stands');
    tell('fragment-malformed', malformed, 'fragments with an impossible place or length');
    tell('fragment-incomplete', incomplete, 'datagrams of which a fragment is missing, late (30 s), or cut');
    tell('fragment-over-budget', overBudget, 'datagrams not put together for want of room');
    const { headsOverBudget, synOptions } = this.table;
    tell('stream-head-dropped', headsOverBudget, 'streams whose head was not put together for want of room');
    tell(
      'syn-options-over-budget',
      synOptions.overBudget,
      'openings of TCP whose options were not kept: too many different ones',
    );
  }
}
