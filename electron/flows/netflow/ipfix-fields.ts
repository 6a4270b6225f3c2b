/**
 * The information elements that make a flow, by their numbers in IANA's registry "IP Flow Information Export (IPFIX)
 * Entities" (RFC 7012); NetFlow v9 uses the same numbers below 128 (RFC 3954, 8). Several elements can tell one thing:
 * they share a place, and the one of the lowest rank in a template is read.
 */

/** Places of numbers in a decoded record. Times and durations are microseconds. */
export const PLACE = {
  octets: 0,
  packets: 1,
  reverseOctets: 2,
  reversePackets: 3,
  tcpFlags: 4,
  reverseTcpFlags: 5,
  transport: 6,
  sourcePort: 7,
  destinationPort: 8,
  /** Type × 256 + code. */
  icmpTypeCode: 9,
  icmpType: 10,
  icmpCode: 11,
  /** Absolute times since the epoch. */
  start: 12,
  end: 13,
  reverseStart: 14,
  reverseEnd: 15,
  observed: 16,
  /** Milliseconds of the exporter's own clock, 32 bits that wrap. */
  startUptime: 17,
  endUptime: 18,
  /** How long before the export. */
  startBefore: 19,
  endBefore: 20,
  duration: 21,
  systemStart: 22,
  inputInterface: 23,
  outputInterface: 24,
  sampler: 25,
  samplingInterval: 26,
  samplingPackets: 27,
  samplingSpace: 28,
  samplingSize: 29,
  samplingPopulation: 30,
  samplingProbability: 31,
  biflowDirection: 32,
  firewallEvent: 33,
  natEvent: 34,
  /** NetFlow v9's outgoing counts, which are those of the way back when the record has incoming ones too. */
  outOctets: 35,
  outPackets: 36,
} as const;
export const PLACES = 37;

/** Places of addresses in a decoded record, behind those of numbers. */
export const ADDRESS_PLACE = {
  source4: 37,
  destination4: 38,
  source6: 39,
  destination6: 40,
  nextHop: 41,
  exporter: 42,
} as const;
export const ALL_PLACES = 43;

/** How an element is encoded. */
export const UNSIGNED = 0;
/** 64-bit fraction format of NTP (RFC 5905, 6), as RFC 7011, 6.1.9 and 6.1.10 want it. */
export const NTP_MICROSECONDS = 1;
export const NTP_NANOSECONDS = 2;
export const FLOAT = 3;
export const IPV4 = 4;
export const IPV6 = 5;
export type Encoding =
  typeof UNSIGNED | typeof NTP_MICROSECONDS | typeof NTP_NANOSECONDS | typeof FLOAT | typeof IPV4 | typeof IPV6;

export interface Element {
  readonly place: number;
  readonly rank: number;
  readonly encoding: Encoding;
  /** What an unsigned number is multiplied by. */
  readonly factor: number;
}

/** Enterprise number under which the way back of a biflow has the elements of the way out (RFC 5103, 6.1). */
export const REVERSE_ENTERPRISE = 29_305;

const MILLISECOND = 1e3;
const SECOND = 1e6;

type Row = readonly [element: number, place: number, factor?: number, encoding?: Encoding];

/** Of elements for one place the first has the lowest rank. */
const ROWS: readonly Row[] = [
  [231, PLACE.octets],
  [1, PLACE.octets],
  [85, PLACE.octets],
  [23, PLACE.octets],
  [171, PLACE.octets],
  [352, PLACE.octets],
  [353, PLACE.octets],
  [298, PLACE.packets],
  [2, PLACE.packets],
  [86, PLACE.packets],
  [24, PLACE.packets],
  [172, PLACE.packets],
  [232, PLACE.reverseOctets],
  [299, PLACE.reversePackets],
  [6, PLACE.tcpFlags],
  [4, PLACE.transport],
  [7, PLACE.sourcePort],
  [11, PLACE.destinationPort],
  [32, PLACE.icmpTypeCode],
  [139, PLACE.icmpTypeCode],
  [176, PLACE.icmpType],
  [178, PLACE.icmpType],
  [177, PLACE.icmpCode],
  [179, PLACE.icmpCode],
  [156, PLACE.start, 1, NTP_NANOSECONDS],
  [154, PLACE.start, 1, NTP_MICROSECONDS],
  [152, PLACE.start, MILLISECOND],
  [150, PLACE.start, SECOND],
  [157, PLACE.end, 1, NTP_NANOSECONDS],
  [155, PLACE.end, 1, NTP_MICROSECONDS],
  [153, PLACE.end, MILLISECOND],
  [151, PLACE.end, SECOND],
  [325, PLACE.observed, 1, NTP_NANOSECONDS],
  [324, PLACE.observed, 1, NTP_MICROSECONDS],
  [323, PLACE.observed, MILLISECOND],
  [322, PLACE.observed, SECOND],
  [22, PLACE.startUptime],
  [21, PLACE.endUptime],
  [158, PLACE.startBefore],
  [159, PLACE.endBefore],
  [162, PLACE.duration],
  [161, PLACE.duration, MILLISECOND],
  [160, PLACE.systemStart, MILLISECOND],
  [10, PLACE.inputInterface],
  [14, PLACE.outputInterface],
  [48, PLACE.sampler],
  [302, PLACE.sampler],
  [34, PLACE.samplingInterval],
  [50, PLACE.samplingInterval],
  [305, PLACE.samplingPackets],
  [306, PLACE.samplingSpace],
  [309, PLACE.samplingSize],
  [310, PLACE.samplingPopulation],
  [311, PLACE.samplingProbability, 1, FLOAT],
  [239, PLACE.biflowDirection],
  [233, PLACE.firewallEvent],
  [230, PLACE.natEvent],
  [8, ADDRESS_PLACE.source4, 1, IPV4],
  [12, ADDRESS_PLACE.destination4, 1, IPV4],
  [27, ADDRESS_PLACE.source6, 1, IPV6],
  [28, ADDRESS_PLACE.destination6, 1, IPV6],
  [15, ADDRESS_PLACE.nextHop, 1, IPV4],
  [62, ADDRESS_PLACE.nextHop, 1, IPV6],
  [18, ADDRESS_PLACE.nextHop, 1, IPV4],
  [63, ADDRESS_PLACE.nextHop, 1, IPV6],
  [130, ADDRESS_PLACE.exporter, 1, IPV4],
  [131, ADDRESS_PLACE.exporter, 1, IPV6],
];

/** Elements of the way back, by the number that they have for the way out. */
const REVERSE_ROWS: readonly Row[] = [
  [1, PLACE.reverseOctets],
  [85, PLACE.reverseOctets],
  [2, PLACE.reversePackets],
  [86, PLACE.reversePackets],
  [6, PLACE.reverseTcpFlags],
  [156, PLACE.reverseStart, 1, NTP_NANOSECONDS],
  [154, PLACE.reverseStart, 1, NTP_MICROSECONDS],
  [152, PLACE.reverseStart, MILLISECOND],
  [150, PLACE.reverseStart, SECOND],
  [157, PLACE.reverseEnd, 1, NTP_NANOSECONDS],
  [155, PLACE.reverseEnd, 1, NTP_MICROSECONDS],
  [153, PLACE.reverseEnd, MILLISECOND],
  [151, PLACE.reverseEnd, SECOND],
];

/** Types that only NetFlow v9 has: outgoing counts beside incoming ones, and the firewall event of older Cisco ASA. */
const V9_ROWS: readonly Row[] = [
  [23, PLACE.outOctets],
  [24, PLACE.outPackets],
  [40_005, PLACE.firewallEvent],
];

function table(rows: readonly Row[]): ReadonlyMap<number, Element> {
  return new Map(
    rows.map(([element, place, factor = 1, encoding = UNSIGNED], rank) => [element, { place, rank, encoding, factor }]),
  );
}

const ELEMENTS = table(ROWS);
const REVERSE_ELEMENTS = table(REVERSE_ROWS);
const V9_ELEMENTS = table(V9_ROWS);

/** Counts of frames, link header included. */
export const LAYER_2_OCTETS: ReadonlySet<number> = new Set([352, 353]);
/** Cisco ASA's count of both directions together, in NetFlow v9 records of its events. */
export const FLOW_BYTES = 85;
export const INITIATOR_OCTETS = 231;
export const INITIATOR_PACKETS = 298;

/** What the flow table uses of an element; undefined when nothing. `enterprise` 0 = IANA's own. */
export function usedElement(version: 9 | 10, element: number, enterprise: number): Element | undefined {
  if (enterprise === REVERSE_ENTERPRISE) return REVERSE_ELEMENTS.get(element);
  if (enterprise !== 0) return undefined;
  return (version === 9 ? V9_ELEMENTS.get(element) : undefined) ?? ELEMENTS.get(element);
}
