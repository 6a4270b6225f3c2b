import type { AddressWords } from './address.ts';

/** The flow: its record as people and programs read it, and its columns as the case stores it. */

/** Transport names by IP protocol number (IANA); others are printed as the number. */
export const TRANSPORT_NAMES: Readonly<Record<number, string>> = {
  1: 'icmp',
  2: 'igmp',
  4: 'ipip',
  6: 'tcp',
  17: 'udp',
  33: 'dccp',
  41: 'ipv6',
  46: 'rsvp',
  47: 'gre',
  50: 'esp',
  51: 'ah',
  58: 'icmp6',
  88: 'eigrp',
  89: 'ospf',
  103: 'pim',
  112: 'vrrp',
  115: 'l2tp',
  132: 'sctp',
  136: 'udplite',
};

export const TCP = 6;
export const UDP = 17;
export const ICMP = 1;
export const ICMP6 = 58;
export const SCTP = 132;

/** Transport name of an IP protocol number. */
export function transportName(number: number): string {
  return TRANSPORT_NAMES[number] ?? String(number);
}

/** IP protocol number of a transport name or decimal number; null when it is neither. */
export function transportNumber(name: string): number | null {
  for (const [number, known] of Object.entries(TRANSPORT_NAMES)) if (known === name) return Number(number);
  if (/^\d{1,3}$/.test(name) && Number(name) < 256) return Number(name);
  return null;
}

/** Zeek's `conn_state` letters; the stored number is the index, 0 = not known. */
export const CONN_STATES = [
  null,
  'S0',
  'S1',
  'SF',
  'REJ',
  'S2',
  'S3',
  'RSTO',
  'RSTR',
  'RSTOS0',
  'RSTRH',
  'SH',
  'SHR',
  'OTH',
] as const;
export type ConnState = (typeof CONN_STATES)[number];

/** Which end lies in the profile's ranges; the stored number is the index. */
export const SUBJECT_SIDES = ['none', 'initiator', 'responder', 'both'] as const;
export type SubjectSide = (typeof SUBJECT_SIDES)[number];

/** Seen from the profile's ranges; the stored number is the index. */
export const DIRECTIONS = ['transit', 'outbound', 'inbound', 'internal'] as const;
export type Direction = (typeof DIRECTIONS)[number];

/** What a label rests on; the stored number is the index. */
export const LABEL_EVIDENCE = ['none', 'payload', 'hostname', 'dns', 'address', 'port', 'behaviour'] as const;
export type LabelEvidence = (typeof LABEL_EVIDENCE)[number];

/** Where a flow's own name came from; the stored number is the index. */
export const NAME_ORIGINS = [
  'none',
  'tls-sni',
  'quic-sni',
  'http-host',
  'dns-question',
  'zeek-ssl',
  'zeek-http',
  'zeek-dns',
  'dns-answer-client',
  'dns-answer-other-client',
  'name-record',
  'tls-sni-ech',
  'quic-sni-ech',
  'tls-certificate',
  'http-authority',
  'http-connect',
  'dtls-sni',
  'dhcp-lease',
  'mdns-announcement',
  'netbios-name',
  'stun-realm',
] as const;
export type NameOrigin = (typeof NAME_ORIGINS)[number];

/**
 * Stand for the client where an address got a name that nobody asked for: a name record of the capture file; a lease (the
 * client has no address yet); what a host announces of itself to mDNS's group, or by NetBIOS broadcast.
 */
export const UNASKED_CLIENTS = {
  'name-record': [0, 0, 0, 0],
  'dhcp-lease': [0, 0, 0xffff, 0],
  'mdns-announcement': [0, 0, 0xffff, 0xe00000fb],
  'netbios-name': [0, 0, 0xffff, 0xffffffff],
} as const satisfies Partial<Record<NameOrigin, AddressWords>>;

/**
 * Whether evidence that comes before a flow's own (captures before exports, then by time) holds the flow too, as a whole or
 * in part; the stored number is the index.
 */
export const DUPLICATES = [null, 'same', 'part'] as const;
export type Duplicate = (typeof DUPLICATES)[number];

/** What was put together of the records of a flow export to make one flow. */
export const ASSEMBLY = {
  /** A record of each direction. */
  paired: 1,
  /** Records that follow each other: the exporter had cut the flow. */
  joined: 2,
  /** No record of the way back was met, in an export that has one for each direction. */
  oneWay: 4,
  /** Other records of the same packets, by another exporter or interface, were left out. */
  deduplicated: 8,
} as const;

/** The bits in words, `paired, joined`; null when there is none. */
export function formatAssembly(bits: number): string | null {
  const words = Object.entries(ASSEMBLY).flatMap(([word, bit]) =>
    bits & bit ? [word === 'oneWay' ? 'one way' : word] : [],
  );
  return words.length === 0 ? null : words.join(', ');
}

const FLAG_LETTERS = 'CEUAPRSF';

/** TCP flags as nfdump prints them: `CEUAPRSF`, a dot where absent. */
export function formatTcpFlags(flags: number): string {
  let text = '';
  for (let bit = 7; bit >= 0; bit--) text += flags & (1 << bit) ? (FLAG_LETTERS[7 - bit] ?? '.') : '.';
  return text;
}

/** One flow, with the names that `contract` fixes for ndjson, csv and parquet. Absent values are null. */
export interface FlowRecord {
  /** `evidence:locator:depth`. */
  id: string;
  /** ISO 8601, UTC, microseconds. */
  start: string;
  end: string;
  initiator: string;
  initiatorPort: number;
  responder: string;
  responderPort: number;
  transport: string;
  /** Out = initiator to responder; bytes are IP-layer bytes, as recorded (not scaled by `sampling`). */
  packetsOut: number;
  bytesOut: number;
  packetsIn: number;
  bytesIn: number;
  tcpFlags: string | null;
  state: ConnState;
  subjectSide: SubjectSide;
  host: string | null;
  range: string | null;
  peer: string | null;
  direction: Direction;
  country: string | null;
  asn: number | null;
  organisation: string | null;
  hostname: string | null;
  protocol: string;
  service: string | null;
  category: string;
  labelEvidence: LabelEvidence;
  labelDetail: string | null;
  /** 0..1. */
  confidence: number;
  /**
   * Packet (line or record of a log) that the flow's own name was complete with, and by which its payload was recognised; null
   * when not known, as of a flow of several records.
   */
  nameAt: number | null;
  payloadAt: number | null;
  ja3: string | null;
  ja4: string | null;
  userAgent: string | null;
  /** HTTP fields of the initiator's first request: Via; X-Forwarded-For, else Forwarded. */
  via: string | null;
  forwardedFor: string | null;
  /** TCP options of the initiator's SYN in their order: `mss=1460,nop,ws=8,nop,nop,sok`; null when no SYN was captured whole. */
  synOptions: string | null;
  /** 1 = unsampled, N = one packet in N. */
  sampling: number;
  exporter: string | null;
  nextHop: string | null;
  inputInterface: number | null;
  outputInterface: number | null;
  /** What was put together to make the flow: of `paired`, `joined`, `one way`, `deduplicated`. */
  assembly: string | null;
  /** Fields of an export that are a vendor's own: enterprise.element=bytes in hex, by spaces. */
  enterpriseFields: string | null;
  /** `same` when other evidence of the case holds the flow too, `part` when it holds a part of it. */
  duplicate: Duplicate;
  /** Indicators of the case that the flow meets (`listed in FILE: …`); null when it meets none. */
  indicator: string | null;
  /** Id of the flow around this one; null when it is not in a tunnel. */
  tunnel: string | null;
  evidence: string;
  /** Packet number of the first packet (from 1), or line, or record number; of a record in a captured export datagram
   * packet number + number of the record in it / 10,000. */
  locator: number;
}

/** False for the address of a row of which every word is 0: not told. */
export function isGivenAddress(addresses: ColumnArray, row: number): boolean {
  const at = row * 4;
  return (addresses[at] | addresses[at + 1] | addresses[at + 2] | addresses[at + 3]) !== 0;
}

/** Id of the flow around one of this depth, by the columns of the inner one; null when there is none (`tunnel` 0). */
export function outerFlowId(evidence: string, tunnel: number, depth: number): string | null {
  return tunnel === 0 ? null : `${evidence}:${tunnel}:${depth - 1}`;
}

const CAPTURES: readonly string[] = ['pcap', 'pcapng', 'snoop'];
const BINARY_EXPORTS: readonly string[] = ['nfcapd', 'argus', 'ipfix', 'parquet'];
const CONTAINERS: readonly string[] = ['tar', 'zip', 'gz', 'bz2', 'xz', 'zst', 'lz4'];

/** What locators in evidence of a format (`tar.gz(pcap,zeek-tsv)`) count. */
export function locatorUnit(format: string): 'packet' | 'line' | 'record' | 'packet, line or record' {
  const units = (format.match(/[a-z\d-]+/g) ?? [])
    .filter((name) => !CONTAINERS.includes(name))
    .map((name) => (CAPTURES.includes(name) ? 'packet' : BINARY_EXPORTS.includes(name) ? 'record' : 'line'));
  const [unit = 'packet'] = units;
  return units.every((other) => other === unit) ? unit : 'packet, line or record';
}

/** Flows of one segment at most. */
export const SEGMENT_ROWS = 65_536;

export type ColumnArray = Uint8Array | Uint16Array | Uint32Array | Float64Array;
export type ColumnType = 'u8' | 'u16' | 'u32' | 'f64';

/** How one column is stored: little-endian typed array of `rows * width` elements. */
export interface ColumnSpec {
  readonly type: ColumnType;
  /** Elements a row: 4 for an address (big-endian order of words), 2 for a 64-bit id, else 1. */
  readonly width: 1 | 2 | 4;
  /**
   * `term`: number in the case's table `term` (0 = absent). `dictionary`: index in the column's own dictionary of the
   * segment (0 = absent, n = entry n - 1). `enum`: index in the list of that name in this file.
   */
  readonly coding: 'number' | 'address' | 'term' | 'dictionary' | 'enum';
}

const number = (type: ColumnType): ColumnSpec => ({ type, width: 1, coding: 'number' });
const address: ColumnSpec = { type: 'u32', width: 4, coding: 'address' };
const term: ColumnSpec = { type: 'u16', width: 1, coding: 'term' };
const dictionary: ColumnSpec = { type: 'u32', width: 1, coding: 'dictionary' };
const enumeration: ColumnSpec = { type: 'u8', width: 1, coding: 'enum' };

/**
 * Facts of a flow: written once at import, never changed. Times are microseconds since the epoch (UTC). A column that is
 * 0 in every row is not stored. `sampling` 0 means unsampled (1). `uid` is a 64-bit hash of a log's own flow id.
 */
export const FACT_COLUMNS = {
  start: number('f64'),
  end: number('f64'),
  initiator: address,
  responder: address,
  initiatorPort: number('u16'),
  responderPort: number('u16'),
  transport: number('u8'),
  packetsOut: number('f64'),
  bytesOut: number('f64'),
  packetsIn: number('f64'),
  bytesIn: number('f64'),
  tcpFlags: number('u8'),
  state: enumeration,
  locator: number('f64'),
  /** Tunnels around the flow; and locator of the flow around it, of depth - 1 (0 = none). */
  depth: number('u8'),
  tunnel: number('f64'),
  sampling: number('u32'),
  /** Protocol that a payload rule (or the log's own analyser) recognised, and the rule's id. */
  payloadProtocol: term,
  payloadRule: term,
  /** Packet by which it was recognised, captures only; 0 = not known. */
  payloadAt: number('u32'),
  name: dictionary,
  nameOrigin: enumeration,
  /** Packet that `name` was complete with, captures only; 0 = not known. */
  nameAt: number('u32'),
  userAgent: dictionary,
  /** Of the initiator's first request: its HTTP fields Via, and X-Forwarded-For or Forwarded. */
  via: dictionary,
  forwardedFor: dictionary,
  /** TCP options of the initiator's SYN in their order, captures only (`synOptionsText`). */
  synOptions: dictionary,
  ja3: dictionary,
  ja4: dictionary,
  uid: { type: 'u32', width: 2, coding: 'number' },
  exporter: address,
  nextHop: address,
  inputInterface: number('u32'),
  outputInterface: number('u32'),
  /** Bits of ASSEMBLY. */
  assembly: number('u8'),
  /** Fields of the record that are a vendor's own: `29305.12=0a00ff`, enterprise, element and bytes in hex, by spaces. */
  enterpriseFields: dictionary,
  /** TTL or hop limit of the first packet of each end, captures only; 0 = not told. */
  initiatorTtl: number('u8'),
  responderTtl: number('u8'),
} as const satisfies Record<string, ColumnSpec>;

/**
 * Labels of a flow: made from the facts by the final labelling pass and remade by `reclassify`. `confidence` is in
 * percent, `match` the catalogue pattern or block that named the service, `conflict` what speaks against it
 * (`address block 31.13.64.0/18 → facebook`), `linkedName` the name that another log (joined
 * by uid) or the DNS memory gave (`linkedOrigin` tells which), `country` two ASCII letters (high byte first).
 */
export const LABEL_COLUMNS = {
  protocol: term,
  service: term,
  category: term,
  labelEvidence: enumeration,
  confidence: number('u8'),
  match: dictionary,
  conflict: dictionary,
  linkedName: dictionary,
  linkedOrigin: enumeration,
  linkedUserAgent: dictionary,
  linkedJa3: dictionary,
  linkedJa4: dictionary,
  country: number('u16'),
  asn: number('u32'),
  subjectSide: enumeration,
  /** Index + 1 in the profile's ranges; 0 = in none. */
  range: number('u16'),
  direction: enumeration,
  duplicate: enumeration,
} as const satisfies Record<string, ColumnSpec>;

export type FactColumn = keyof typeof FACT_COLUMNS;
export type LabelColumn = keyof typeof LABEL_COLUMNS;
export type FlowColumn = FactColumn | LabelColumn;

export const FLOW_COLUMNS: Readonly<Record<FlowColumn, ColumnSpec>> = { ...FACT_COLUMNS, ...LABEL_COLUMNS };

/** A zero-filled array for `rows` rows of a column. */
export function allocateColumn(spec: ColumnSpec, rows: number): ColumnArray {
  const length = rows * spec.width;
  switch (spec.type) {
    case 'u8':
      return new Uint8Array(length);
    case 'u16':
      return new Uint16Array(length);
    case 'u32':
      return new Uint32Array(length);
    case 'f64':
      return new Float64Array(length);
  }
}
