import { checkMapping, isTimePattern, type MappedField, type Mapping, TIME_TYPES } from '../../../shared/mapping.ts';
import { visibleText } from '../../../shared/visible-text.ts';
import {
  type AddressBuffer,
  decimalAsMicroseconds,
  IsoTimes,
  LocalTimes,
  PatternTimes,
  readAddress,
  readAddressAndPort,
  readTcpFlags,
  Transports,
  wholeNumber,
} from './text-values.ts';

/** A mapping for a text export that nobody has described: guessed from names of columns and from what stands in them. */

/** From here on a proposed mapping is used without being asked for. */
export const SURE = 0.9;

export interface Proposal {
  /** Null when no two columns hold addresses, or none a time. */
  readonly mapping: Mapping | null;
  /** 0..1: how sure the least sure of the fields is that no flow can do without. No probability. */
  readonly confidence: number;
  /** What spoke for it and against it, a line each. */
  readonly why: readonly string[];
  /** Of these, what has to be decided by who knows the export. */
  readonly doubts: readonly string[];
}

export interface TableLook {
  readonly format: Mapping['format'];
  readonly delimiter?: string | undefined;
  readonly skipLines?: number | undefined;
}

/** Names of columns, as letters and digits in lower case, for each field; the likeliest first. */
const NAMES: Readonly<Partial<Record<MappedField, readonly string[]>>> = {
  start:
    'start starttime stime starttimestamp ts firstseen first firstswitched flowstart flowstarttime flowstartmilliseconds flowstartseconds flowstartmicroseconds timestampstart eventstart begin begintime sessionstart timefirst firstpacket datefirstseen bidirectionalfirstseenms startdate timestamp time datetime date eventtime'.split(
      ' ',
    ),
  end: 'end endtime etime ltime te endtimestamp lastseen last lasttime lastswitched flowend flowendtime flowendmilliseconds flowendseconds flowendmicroseconds timestampend eventend stop stoptime finish sessionend timelast lastpacket bidirectionallastseenms enddate'.split(
    ' ',
  ),
  duration:
    'duration dur td flowduration durationms durationmsec durationmillis durationmilliseconds flowdurationmilliseconds flowdurationmicroseconds durationus durationns durationsec durationseconds durations elapsed elapsedtime elapsedtimesec sessionduration bidirectionaldurationms age'.split(
      ' ',
    ),
  initiator:
    'initiator initiatorip srcip sourceip srcaddr saddr sa src source sourceaddress srcaddress srcipaddr srcipaddress sourceipaddress ipv4srcaddr ipv6srcaddr ipsrc sourceipv4address sourceipv6address clientip client clientaddress sip orighost originatorip idorigh origh srch srchost sourcehost ipsource'.split(
      ' ',
    ),
  responder:
    'responder dstip destip destinationip dstaddr daddr da dst dest destination destinationaddress dstaddress dstipaddr dstipaddress destaddress destinationipaddress ipv4dstaddr ipv6dstaddr ipdst destinationipv4address destinationipv6address serverip server serveraddress dip resphost responderip idresph resph dsth dsthost destinationhost destip ipdestination'.split(
      ' ',
    ),
  initiatorPort:
    'initiatorport srcport sourceport sport sp srcpt l4srcport portsrc clientport sourcetransportport idorigp origp srcportnumber tcpsrcport udpsrcport'.split(
      ' ',
    ),
  responderPort:
    'responderport dstport destport destinationport dport dsport dp dstpt dpt l4dstport portdst serverport destinationtransportport idrespp respp dstportnumber tcpdstport udpdstport'.split(
      ' ',
    ),
  transport:
    'transport protocol proto prot pro pr ipprotocol ipproto protocolidentifier protocolnumber protocolid protonum l4proto l4protocol networktransport transportprotocol networkiananumber'.split(
      ' ',
    ),
  packetsOut:
    'packetsout ipkt srcpkts srcpackets spkts sentpkts sentpackets packetssent fwdpackets totfwdpkts totalfwdpackets totalfwdpacket origpkts initiatorpackets packetstoserver pktstoserver packetdeltacount packettotalcount packetsclienttoserver sourcepackets src2dstpackets inpkts inpackets packets pkts pkt packetcount numpackets'.split(
      ' ',
    ),
  bytesOut:
    'bytesout ibyt srcbytes sbytes sentbytes bytessent sentbyte fwdbytes totlenfwdpkts totallengthoffwdpackets totallengthoffwdpacket origipbytes origbytes initiatorbytes bytestoserver octetdeltacount octettotalcount bytesclienttoserver sourcebytes src2dstbytes inbytes inoctets bytes octets byt bytecount numbytes'.split(
      ' ',
    ),
  packetsIn:
    'packetsin dstpkts dstpackets dpkts rcvdpkts receivedpackets packetsreceived bwdpackets totbwdpkts totalbackwardpackets totalbwdpackets resppkts responderpackets packetstoclient pktstoclient opkt packetsservertoclient destinationpackets reversepacketdeltacount reversepackettotalcount dst2srcpackets outpkts outpackets'.split(
      ' ',
    ),
  bytesIn:
    'bytesin dstbytes dbytes rcvdbytes rcvdbyte receivedbytes bytesreceived bwdbytes totlenbwdpkts totallengthofbwdpackets totallengthofbwdpacket respipbytes respbytes responderbytes bytestoclient obyt bytesservertoclient destinationbytes reverseoctetdeltacount reverseoctettotalcount dst2srcbytes outbytes outoctets'.split(
      ' ',
    ),
  packetsTotal: ['packetstotal', 'totpkts', 'totalpackets', 'totalpkts', 'bidirectionalpackets'],
  bytesTotal: ['bytestotal', 'totbytes', 'totalbytes', 'bidirectionalbytes'],
  tcpFlags: ['tcpflags', 'flags', 'flg', 'tcpcontrolbits', 'tcpflag'],
  sampling: ['sampling', 'samplingrate', 'samplinginterval', 'samplerate'],
  exporter: [
    'exporter',
    'exporterip',
    'exporteraddress',
    'exporteripv4address',
    'router',
    'routerip',
    'ra',
    'peeripsrc',
  ],
  nextHop: ['nexthop', 'nexthopip', 'ipnexthop', 'ipnexthopipv4address', 'ipv4nexthop', 'nh'],
  inputInterface: ['inputinterface', 'input', 'inputsnmp', 'ingressinterface', 'inif', 'iif', 'ifacein', 'in'],
  outputInterface: ['outputinterface', 'output', 'outputsnmp', 'egressinterface', 'outif', 'oif', 'ifaceout', 'out'],
  protocol: [
    'appproto',
    'app',
    'application',
    'applicationname',
    'service',
    'l7proto',
    'l7protocol',
    'networkprotocol',
  ],
  userAgent: ['useragent', 'httpuseragent', 'useragentoriginal'],
  ja3: ['ja3', 'ja3hash', 'ja3md5', 'tlsclientja3'],
  ja4: ['ja4', 'tlsclientja4'],
};

const NAME_ORIGINS_BY_COLUMN: Readonly<Record<'tls-sni' | 'http-host' | 'dns-question', readonly string[]>> = {
  'tls-sni': ['sni', 'tlssni', 'servername', 'tlsservername', 'tlsclientservername', 'requestedservername'],
  'http-host': ['httphost', 'hostheader', 'httphostname'],
  'dns-question': ['dnsquery', 'dnsquestionname', 'qname', 'dnsrrname'],
};

/** Names that may as well be the time of writing, or count from the other end's or the device's point of view. */
const UNSURE_NAMES: Readonly<Record<string, number>> = {
  timestamp: 0.9,
  time: 0.9,
  datetime: 0.9,
  date: 0.9,
  eventtime: 0.9,
  inpkts: 0.9,
  inpackets: 0.8,
  inbytes: 0.9,
  inoctets: 0.8,
  packetsin: 0.8,
  bytesin: 0.8,
};

/** Names of counts that may be those of one direction or of both, where a column of the way back stands beside them. */
const OF_ONE_OR_BOTH = /^(packets|pkts|pkt|packetcount|numpackets|bytes|octets|byt|bytecount|numbytes)$/;
/** Sums of the lengths of payloads, as CICFlowMeter names them (its FlowFeature.java). */
const PAYLOAD_BYTES = /^tot(al)?len(gthof)?fwdp(ac)?ke?ts?$/;
/** Packets a second over a whole flow: with packets and duration it tells what unit the duration has. */
const PACKET_RATES = ['flowpktss', 'flowpacketss', 'flowpacketspersecond'];

/** Times that have no standard of their own, as people write them. */
const DATES = [
  '%d/%m/%Y',
  '%m/%d/%Y',
  '%d-%m-%Y',
  '%m-%d-%Y',
  '%d.%m.%Y',
  '%d/%m/%y',
  '%m/%d/%y',
  '%d %b %Y',
  '%b %d %Y',
  '%b %d, %Y',
  '%d-%b-%Y',
  '%d/%b/%Y',
];
const CLOCKS = ['%H:%M:%S', '%H:%M:%S.%f', '%H:%M', '%I:%M:%S %p', '%I:%M %p', '%I:%M:%S.%f %p'];
const PATTERNS: readonly string[] = [
  ...DATES.flatMap((date) =>
    CLOCKS.flatMap((clock) => [`${date} ${clock}`, `${date} ${clock} %z`, `${date}, ${clock}`]),
  ),
  '%d/%b/%Y:%H:%M:%S %z',
  '%Y%m%d%H%M%S',
  '%Y%m%dT%H%M%S%z',
].filter(isTimePattern);

const UTC = new LocalTimes('UTC');
const ISO_TIMES = new IsoTimes(UTC);
const PATTERN_TIMES = PATTERNS.map((pattern) => ({ pattern, times: new PatternTimes(pattern, UTC) }));

/** Values of one column, seen as bytes. */
class ColumnValues {
  readonly values: readonly Buffer[];

  constructor(texts: readonly string[]) {
    this.values = texts
      .map((text) => text.trim())
      .filter((text) => text !== '' && text !== '-' && text.length <= 128)
      .map((text) => Buffer.from(text));
  }

  /** Share of the given values that a test holds of; 0 when none is given. */
  share(test: (bytes: Buffer) => boolean): number {
    if (this.values.length === 0) return 0;
    return this.values.filter(test).length / this.values.length;
  }

  /** Whether a test holds of nearly all given values. */
  mostly(test: (bytes: Buffer) => boolean): boolean {
    // Most tests fail at once; only what may hold is worth the look at all.
    if (!this.values.slice(0, 3).some(test)) return false;
    return this.share(test) >= 0.9;
  }
}

const scratch: AddressBuffer = [0, 0, 0, 0];
const transports = new Transports();

const isAddress = (bytes: Buffer): boolean =>
  readAddress(bytes, 0, bytes.length, scratch) || readAddressAndPort(bytes, 0, bytes.length, scratch) >= 0;
const hasPortBehind = (bytes: Buffer): boolean =>
  !readAddress(bytes, 0, bytes.length, scratch) && readAddressAndPort(bytes, 0, bytes.length, scratch) >= 0;
const isUpTo =
  (most: number) =>
  (bytes: Buffer): boolean =>
    wholeNumber(bytes, 0, bytes.length) <= most;
const isCount = isUpTo(Number.MAX_SAFE_INTEGER);
const isPort = isUpTo(65_535);
const isTransport = (bytes: Buffer): boolean => !Number.isNaN(transports.read(bytes, 0, bytes.length));
const isNumber = (bytes: Buffer): boolean => !Number.isNaN(decimalAsMicroseconds(bytes, 0, bytes.length, 0));
const isFlags = (bytes: Buffer): boolean => !Number.isNaN(readTcpFlags(bytes, 0, bytes.length, undefined));

/** 1990 to 2100: what an unmarked number has to lie between to be taken for a time. */
const EARLY = 631_152_000_000_000;
const LATE = 4_102_444_800_000_000;

/** How the times of a column are written, the likeliest first; empty when they are none. */
function timeTypes(column: ColumnValues): string[] {
  if (column.mostly((bytes) => !Number.isNaN(ISO_TIMES.read(bytes, 0, bytes.length)))) return ['iso8601'];
  const unix = TIME_TYPES.flatMap((type) => {
    const shift = { 'unix-s': 6, 'unix-ms': 3, 'unix-us': 0, 'unix-ns': -3, iso8601: null }[type];
    if (shift === null) return [];
    const fits = (bytes: Buffer): boolean => {
      const time = decimalAsMicroseconds(bytes, 0, bytes.length, shift);
      return time >= EARLY && time <= LATE;
    };
    return column.mostly(fits) ? [type] : [];
  });
  if (unix.length > 0) return unix;
  return PATTERN_TIMES.filter(({ times }) =>
    column.mostly((bytes) => !Number.isNaN(times.read(bytes, 0, bytes.length))),
  ).map(({ pattern }) => pattern);
}

/** Whether a text is a number, an address or a time rather than a name. */
export function isValue(text: string): boolean {
  const column = new ColumnValues([text]);
  return column.mostly(isNumber) || column.mostly(isAddress) || timeTypes(column).length > 0;
}

function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
}

/** The ways in which a column may be known: its whole name, and of a path its last parts. */
function spellings(name: string): string[] {
  const parts = name.split('.');
  return [...new Set([plain(name), plain(parts.slice(-2).join('')), plain(parts.at(-1) ?? '')])];
}

const PER_SECOND = { s: 1, ms: 1e3, us: 1e6, ns: 1e9 } as const;
type Unit = keyof typeof PER_SECOND;

/** Unit that a column's name states, `durationMs` or `Duration (s)`; null when it states none. */
function statedUnit(name: string): Unit | null {
  const words = name
    .replaceAll(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z]+/);
  const has = (pattern: RegExp): boolean => words.some((word) => pattern.test(word));
  if (has(/^(ms|msecs?|millis|milliseconds?)$/)) return 'ms';
  if (has(/^(us|usecs?|micros|microseconds?)$/)) return 'us';
  if (has(/^(ns|nsecs?|nanos|nanoseconds?)$/)) return 'ns';
  return has(/^(s|secs?|seconds?)$/) ? 's' : null;
}

function shownName(name: string | number): string {
  return typeof name === 'number' ? `column ${name}` : `"${visibleText(name.slice(0, 64))}"`;
}

interface Found {
  readonly column: number;
  /** As which it is known; '' by its values alone. */
  readonly name: string;
  readonly score: number;
}

/**
 * Proposes a mapping.
 *
 * @param header names of the columns (of JSON: keys, with dots between those of nested objects); null when there are none
 * @param rows values of some records, as text; '' where a record has none
 */
export function proposeMapping(
  header: readonly string[] | null,
  rows: readonly (readonly string[])[],
  look: TableLook = { format: 'csv' },
): Proposal {
  const width = header?.length ?? Math.max(0, ...rows.map((row) => row.length));
  const columns = Array.from({ length: width }, (_, column) => new ColumnValues(rows.map((row) => row[column] ?? '')));
  const names = Array.from({ length: width }, (_, column) => spellings(header?.[column] ?? ''));
  const taken = new Set<number>();
  const why: string[] = [];
  const doubts: string[] = [];
  let doubt = 1;
  const doubted = (factor: number, reason: string): void => {
    doubt *= factor;
    why.push(reason);
    doubts.push(reason);
  };
  const from = (column: number): string | number => header?.[column] ?? column + 1;

  /** The column with one of the names of a field whose values fit. */
  const byName = (known: readonly string[], fits: (column: ColumnValues) => boolean): Found | null => {
    for (const name of known) {
      for (let depth = 0; depth < 3; depth++) {
        const column = names.findIndex((ways, at) => ways[depth] === name && !taken.has(at));
        const values = columns[column];
        if (values === undefined || !fits(values)) continue;
        taken.add(column);
        return { column, name, score: UNSURE_NAMES[name] ?? 1 };
      }
    }
    return null;
  };
  const find = (field: MappedField, fits: (bytes: Buffer) => boolean): Found | null =>
    byName(NAMES[field] ?? [], (column) => column.mostly(fits));
  const byContent = (fits: (column: ColumnValues) => boolean): Found | null => {
    const column = columns.findIndex((values, at) => !taken.has(at) && values.values.length > 0 && fits(values));
    if (column < 0) return null;
    taken.add(column);
    return { column, name: '', score: 0.5 };
  };
  const told = (field: string, found: Found, what: string): void => {
    const line = `${field}: ${shownName(from(found.column))}, ${found.name === '' ? 'by its values only' : 'by name and values'}: ${what}`;
    why.push(line);
    if (found.name === '') doubts.push(line);
  };

  const isTime = (column: ColumnValues): boolean => timeTypes(column).length > 0;
  const start = byName(NAMES.start ?? [], isTime) ?? byContent(isTime);
  const initiator = find('initiator', isAddress) ?? byContent((column) => column.mostly(isAddress));
  const responder = find('responder', isAddress) ?? byContent((column) => column.mostly(isAddress));
  if (start === null || initiator === null || responder === null) {
    if (start === null) why.push('no column holds times with a date');
    if (initiator === null || responder === null) why.push('no two columns hold IP addresses');
    return { mapping: null, confidence: 0, why, doubts: why };
  }
  const time = (found: Found): { from: string | number; type: string } => {
    const types = timeTypes(columns[found.column] ?? new ColumnValues([]));
    const [type = 'iso8601'] = types;
    if (types.length > 1) {
      const others = types.slice(1, 3).join(' or ');
      doubted(0.5, `${shownName(from(found.column))} may as well be written as ${others}`);
    }
    return { from: from(found.column), type };
  };
  const fields: Partial<Record<MappedField, unknown>> = { start: time(start) };
  told('start', start, String((fields.start as { type: string }).type));
  fields.initiator = { from: from(initiator.column) };
  told('initiator', initiator, 'IP addresses');
  fields.responder = { from: from(responder.column) };
  told('responder', responder, 'IP addresses');
  let confidence = Math.min(start.score, initiator.score, responder.score);

  const portsBehind = columns[initiator.column]?.mostly(hasPortBehind) ?? false;
  for (const field of portsBehind ? [] : (['initiatorPort', 'responderPort'] as const)) {
    const found = find(field, isPort);
    if (found !== null) fields[field] = { from: from(found.column) };
    else {
      doubted(0.85, `no column looks like ${field}`);
    }
  }
  const transport = find('transport', isTransport);
  if (transport === null) {
    fields.transport = { fixed: 'tcp' };
    confidence = Math.min(confidence, 0.3);
    doubted(1, 'no column looks like the transport: the proposal takes every flow for TCP, correct it');
  } else {
    fields.transport = { from: from(transport.column) };
    told('transport', transport, 'names or numbers of transports');
  }
  const countOf: Partial<Record<MappedField, Found>> = {};
  const counts = ['packetsOut', 'bytesOut', 'packetsIn', 'bytesIn', 'packetsTotal', 'bytesTotal'] as const;
  for (const field of counts) {
    const found = find(field, isCount);
    if (found === null) continue;
    fields[field] = { from: from(found.column) };
    countOf[field] = found;
    if (found.score < SURE) doubted(1, `from whose point of view ${shownName(from(found.column))} counts is not told`);
    confidence = Math.min(confidence, found.score);
  }
  for (const [out, back] of [
    ['packetsOut', 'packetsIn'],
    ['bytesOut', 'bytesIn'],
  ] as const) {
    if (fields[out] === undefined && fields[back] !== undefined) {
      fields[out] = fields[back];
      delete fields[back];
      doubted(0.8, `only one count is there for ${out}: which direction it counts is not told`);
    }
    const found = countOf[out];
    if (found !== undefined && OF_ONE_OR_BOTH.test(found.name) && fields[back] !== undefined) {
      doubted(0.8, `whether ${shownName(from(found.column))} counts one direction or both is not told`);
    }
  }
  /** The one unit of the duration with which packets, duration and packets a second agree in most rows; null when none does. */
  const unitByRate = (rate: Found | null, duration: Found): Unit | null => {
    const { packetsOut, packetsIn } = countOf;
    if (rate === null || packetsOut === undefined) return null;
    const numbers = (found: Found | undefined): number[] => rows.map((row) => (found ? Number(row[found.column]) : 0));
    const [out, back, rates, durations] = [packetsOut, packetsIn, rate, duration].map(numbers);
    const fits = (perSecond: number): boolean => {
      const ratios = rows.map((_, row) => ((rates[row] / perSecond) * durations[row]) / (out[row] + back[row]));
      const usable = ratios.filter((ratio) => Number.isFinite(ratio) && ratio > 0);
      return usable.length > 0 && usable.filter((ratio) => ratio > 0.9 && ratio < 1.1).length > usable.length / 2;
    };
    return (['s', 'ms', 'us', 'ns'] as const).find((unit) => fits(PER_SECOND[unit])) ?? null;
  };
  const end = byName(NAMES.end ?? [], isTime);
  if (end !== null) fields.end = time(end);
  else {
    const duration = find('duration', isNumber);
    if (duration !== null) {
      const stated = statedUnit(String(from(duration.column)));
      const unit =
        stated ??
        unitByRate(
          byName(PACKET_RATES, (column) => column.values.length > 0),
          duration,
        );
      const decimal = columns[duration.column]?.values.some((bytes) => bytes.includes(0x2e)) ?? false;
      if (unit === null && !decimal)
        doubted(0.8, `whether ${shownName(from(duration.column))} counts seconds is not told`);
      fields.duration = { from: from(duration.column), type: unit ?? 's' };
      told('duration', duration, stated === null && unit !== null ? `${unit}, by the packets a second` : (unit ?? 's'));
    }
  }
  if (!counts.some((field) => fields[field] !== undefined)) {
    doubted(0.8, 'no column looks like packets or bytes');
  }
  const further: readonly (readonly [MappedField, (bytes: Buffer) => boolean])[] = [
    ['tcpFlags', isFlags],
    ['sampling', isCount],
    ['exporter', isAddress],
    ['nextHop', isAddress],
    ['inputInterface', isCount],
    ['outputInterface', isCount],
    ['protocol', () => true],
    ['userAgent', () => true],
    ['ja3', () => true],
    ['ja4', () => true],
  ];
  for (const [field, fits] of further) {
    const found = find(field, fits);
    if (found !== null) fields[field] = { from: from(found.column) };
  }
  for (const [origin, known] of Object.entries(NAME_ORIGINS_BY_COLUMN)) {
    if (fields.name !== undefined) break;
    const found = byName(known, (column) => column.values.length > 0);
    if (found !== null) fields.name = { from: from(found.column), origin };
  }
  const twoWay = fields.packetsIn !== undefined || fields.bytesIn !== undefined || fields.bytesTotal !== undefined;
  const checked = checkMapping({
    name: 'proposed',
    format: look.format,
    ...(look.delimiter === undefined ? {} : { delimiter: look.delimiter }),
    header: look.format === 'ndjson' || header !== null,
    skipLines: look.skipLines ?? 0,
    fields,
    direction: twoWay ? 'two-way' : 'one-way',
    bytes: PAYLOAD_BYTES.test(countOf.bytesOut?.name ?? '') ? 'payload' : 'unknown',
    icmp: twoWay ? 'ports' : 'responder-port',
  });
  why.push(
    `direction: ${twoWay ? 'two-way, since counts of both directions are there' : 'one-way, since counts of one direction are there'}`,
  );
  if (rows.length === 0) doubt = 0;
  return checked.ok
    ? { mapping: checked.mapping, confidence: Math.round(confidence * doubt * 100) / 100, why, doubts }
    : { mapping: null, confidence: 0, why: [...why, checked.fault], doubts: [checked.fault] };
}
