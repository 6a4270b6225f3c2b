import { TCP, UDP } from '../../../shared/flow.ts';
import type { Payload } from '../../../shared/payload.ts';
import {
  behind,
  charactersOf,
  beginsWith,
  berContent,
  berLength,
  isDigit,
  isZero,
  startsWithAny,
  usesPort,
  verdict,
} from './payload-fields.ts';
import { isPrintable, type PayloadRule, startsWith, u16, u24, u32 } from './rule.ts';

/**
 * Routing: BGP (RFC 4271), LDP (RFC 5036), BFD (RFC 5880, 5881, 5883), HSRP (RFC 2281; version 2 as Cisco documents it), GLBP (Cisco), LISP (RFC 9300,
 * 9301), DLEP (RFC 8175), OpenFlow (ONF 1.0 to 1.5). Management: SNMP (RFC 1157, 3416, 3412), syslog (RFC 3164, 5424), RADIUS (RFC 2865, 2866,
 * 5176), Diameter (RFC 6733), RMCP (DMTF ASF 2.0, IPMI 2.0), CAPWAP (RFC 5415), NetFlow (RFC 3954; versions 1, 5, 7 as Cisco documents
 * them), IPFIX (RFC 7011), sFlow (sflow.org, version 5; RFC 3176), collectd (its binary protocol), Zabbix, Munin. Mobile networks: GTP
 * (3GPP TS 29.060, 29.281, 29.274, 32.295), PFCP (3GPP TS 29.244). RIPE Atlas by what its probes say of themselves.
 */

/** Sixteen bytes of ones, a length, a type (RFC 4271, 4.1). */
function bgp({ bytes, start, end }: Payload): boolean {
  if (end - start < 19) return false;
  for (let at = start; at < start + 16; at++) if (bytes[at] !== 0xff) return false;
  const length = u16(bytes, start + 16);
  const type = bytes[start + 18];
  return length >= 19 && type >= 1 && type <= 5;
}

/** A PDU of version 1 with its length, and the length of its first message (RFC 5036, 3.1 and 3.5). */
function ldp({ bytes, start, end }: Payload): boolean {
  if (end - start < 18 || bytes[start + 1] !== 1) return false;
  const length = u16(bytes, start + 2);
  const type = u16(bytes, start + 10) & 0x7fff;
  if (length < 14 || length > 4096 || length > end - start - 4 || type === 0 || type > 0x0404) return false;
  const message = u16(bytes, start + 12);
  return (
    message >= 4 &&
    message <= length - 10 &&
    (message === length - 10 || u16(bytes, start + 8) === 0) &&
    u16(bytes, start + 8) === 0
  );
}

const BFD_PORTS: ReadonlySet<number> = new Set([3784, 4784, 6784, 7784]);

/** Version 1, the length of the whole, a multiplier, the sender's number (RFC 5880, 4.1 and 6.8.6). */
function bfd({ bytes, start, end, destinationPort, sourcePort }: Payload): boolean {
  if (!BFD_PORTS.has(destinationPort) && !BFD_PORTS.has(sourcePort)) return false;
  if (end - start < 24 || bytes[start] >>> 5 !== 1 || bytes[start + 3] !== end - start) return false;
  const hasAuthentication = (bytes[start + 1] & 4) !== 0;
  return bytes[start + 2] > 0 && u32(bytes, start + 4) !== 0 && end - start > 24 === hasAuthentication;
}

/** Version 0: an operation, a state, reserved zero; version 2: a group state element of 40 bytes. */
function hsrp(payload: Payload): boolean {
  const { bytes, start, end } = payload;
  if (!usesPort(payload, 1985) && !usesPort(payload, 2029)) return false;
  if (bytes[start] === 1)
    return end - start >= 42 && bytes[start + 1] === 40 && bytes[start + 2] === 2 && bytes[start + 3] <= 3;
  // Advertisements (operation 3) have a form of their own.
  if (end - start >= 16 && bytes[start + 1] === 3) return u16(bytes, start + 2) === 1;
  const state = bytes[start + 2];
  return (
    end - start >= 20 && bytes[start + 1] <= 2 && state <= 16 && (state & (state - 1)) === 0 && bytes[start + 7] === 0
  );
}

/** Version 1, then elements whose lengths end where the datagram ends. */
function glbp(payload: Payload): boolean {
  const { bytes, start, end } = payload;
  if (!usesPort(payload, 3222) || end - start < 20 || bytes[start + 1] !== 0) return false;
  let at = start + 12;
  while (at + 2 <= end && bytes[at + 1] >= 2) at += bytes[at + 1];
  return at === end;
}

const LISP_CONTROL = 4342;
const LISP_DATA = 4341;
const LISP_END_MARKER = 0x9facade9;

const UDP_IN_IP = 17;

/** A UDP packet whose IP header tells the length that it has. */
function isLispEncapsulation(bytes: Uint8Array, at: number, end: number): boolean {
  if (end - at < 28) return false;
  if (bytes[at] === 0x45) return u16(bytes, at + 2) === end - at && bytes[at + 9] === UDP_IN_IP;
  return bytes[at] >>> 4 === 6 && u16(bytes, at + 4) === end - at - 40 && bytes[at + 6] === UDP_IN_IP;
}

/** Address families of LISP records: none, IPv4, IPv6, LCAF, MAC. */
const isLispFamily = (family: number): boolean => family <= 2 || family === 16_387 || family === 16_389;

/** On LISP's control port: what each message type puts at a fixed place (RFC 9301, 5). */
function lispControl(payload: Payload): boolean {
  const { bytes, start, end } = payload;
  if (!usesPort(payload, LISP_CONTROL) || end - start < 16) return false;
  const type = bytes[start] >>> 4;
  const records = bytes[start + 3];
  if (type === 8) return isLispEncapsulation(bytes, start + 4, end);
  if (records === 0) return false;
  if (type === 1) return isLispFamily(u16(bytes, start + 12));
  if (type === 2) return end - start >= 28 && isLispFamily(u16(bytes, start + 22));
  // Register and notify: key, algorithm, and the length of the proof: none, SHA-1, SHA-256.
  const proof = u16(bytes, start + 14);
  return (
    (type === 3 || type === 4) &&
    bytes[start + 12] <= 1 &&
    bytes[start + 13] <= 3 &&
    (proof === 0 || proof === 20 || proof === 32)
  );
}

/** A packet behind the 8-byte header that tells its own length (RFC 9300, 5.2). */
function lispData(payload: Payload): boolean {
  const { bytes, start, end } = payload;
  if (!usesPort(payload, LISP_DATA) || end - start < 28) return false;
  if (bytes[start + 8] === 0x45) return u16(bytes, start + 10) === end - start - 8;
  return bytes[start + 8] >>> 4 === 6 && u16(bytes, start + 12) === end - start - 48;
}

/** Reliable transport: a type, the length of the whole, and a marker at its end. */
function lispStream({ bytes, start, end }: Payload): boolean {
  if (end - start < 12 || bytes[start + 1] < 16 || bytes[start + 1] > 26) return false;
  const length = u16(bytes, start + 2);
  return length >= 12 && length <= end - start && u32(bytes, start + length - 4) === LISP_END_MARKER;
}

const DLEP_PORT = 854;

/** A message of the session on DLEP's port: its length, and data items that end where it ends. */
function dlepMessage(payload: Payload): boolean {
  const { bytes, start, end } = payload;
  if (!usesPort(payload, DLEP_PORT) || end - start < 8 || bytes[start + 1] === 0 || bytes[start + 1] > 16) return false;
  const last = start + 4 + u16(bytes, start + 2);
  if (last > end) return false;
  let at = start + 4;
  while (at + 4 <= last) at += 4 + u16(bytes, at + 2);
  return at === last;
}

const OPENFLOW_PORTS: ReadonlySet<number> = new Set([6633, 6653]);

/** A hello: alone on the port, or with the bitmap of versions (OpenFlow 1.3.1 and later). */
function openflow({ bytes, start, end, sourcePort, destinationPort }: Payload): boolean {
  if (end - start < 8) return false;
  const length = u16(bytes, start + 2);
  if (length < 8 || length > end - start) return false;
  if (bytes[start + 1] === 0 && length === 16 && u32(bytes, start + 8) === 0x00010008) return true;
  return (OPENFLOW_PORTS.has(sourcePort) || OPENFLOW_PORTS.has(destinationPort)) && bytes[start + 1] <= 35;
}

const SEQUENCE = 0x30;
const INTEGER = 2;
const OCTETS = 4;

/** A message that fills the datagram: version, then community and PDU, or the header data of version 3. */
function snmp({ bytes, start, end }: Payload): boolean {
  const length = berLength(bytes, start, end);
  const at = berContent(bytes, start);
  if (length < 12 || at + length !== end || bytes[at] !== INTEGER || bytes[at + 1] !== 1 || bytes[at + 2] > 3)
    return false;
  const next = at + 3;
  const size = berLength(bytes, next, end);
  const after = berContent(bytes, next) + size;
  if (size < 0 || after + 2 > end) return false;
  if (bytes[at + 2] === 3) return bytes[next] === SEQUENCE && bytes[after] === OCTETS;
  const pdu = berLength(bytes, after, end);
  return (
    bytes[next] === OCTETS &&
    bytes[after] >= 0xa0 &&
    bytes[after] <= 0xa8 &&
    pdu >= 0 &&
    berContent(bytes, after) + pdu === end
  );
}

const SYSLOG_PORT = 514;
const MONTHS = ['Jan ', 'Feb ', 'Mar ', 'Apr ', 'May ', 'Jun ', 'Jul ', 'Aug ', 'Sep ', 'Oct ', 'Nov ', 'Dec '];

/** A priority of up to 191 in angle brackets; then a date or a version, or any text on the port. */
function syslog(payload: Payload): boolean {
  const { bytes, start, end } = payload;
  let at = start + 1;
  let priority = 0;
  while (at < end && isDigit(bytes[at]) && at - start <= 3) priority = priority * 10 + bytes[at++] - 0x30;
  if (at === start + 1 || priority > 191 || end - at < 8 || bytes[at] !== 0x3e) return false;
  at++;
  if (startsWithAny(bytes, at, end, MONTHS)) return true;
  if (startsWith(bytes, at, end, '1 ')) return isDigit(bytes[at + 2]) || bytes[at + 2] === 0x2d;
  return usesPort(payload, SYSLOG_PORT) && isPrintable(bytes, at, at + 7);
}

/** Over TCP each message may be counted in octets (RFC 6587, 3.4.1), or end in a line feed (3.4.2). */
function syslogStream(payload: Payload): boolean {
  const { bytes, start, end } = payload;
  if (bytes[start] === 0x3c) return syslog(payload);
  let at = start;
  let length = 0;
  while (at < end && isDigit(bytes[at]) && at - start < 5) length = length * 10 + bytes[at++] - 0x30;
  if (at === start || bytes[at] !== 0x20 || bytes[at + 1] !== 0x3c || length < 8) return false;
  // What else begins with a number and a message of its own has another length.
  if (at + 1 + length > end && end - start < 536) return false;
  return behind(payload, at + 1, syslog);
}

const RADIUS_PORTS: ReadonlySet<number> = new Set([1645, 1646, 1700, 1812, 1813, 3799]);
const RADIUS_CODES = [1, 2, 3, 4, 5, 11, 12, 13, 40, 41, 42, 43, 44, 45];

/** A code, the length of the whole, and attributes that end where it ends; on an odd port at least three of them. */
function radius({ bytes, start, end, sourcePort, destinationPort }: Payload): boolean {
  if (end - start < 20 || u16(bytes, start + 2) !== end - start) return false;
  let attributes = 0;
  let at = start + 20;
  while (at + 2 <= end) {
    if (bytes[at] === 0 || bytes[at + 1] < 2) return false;
    at += bytes[at + 1];
    attributes++;
  }
  if (at !== end) return false;
  return attributes >= 3 || RADIUS_PORTS.has(destinationPort) || RADIUS_PORTS.has(sourcePort);
}

/** Version 1, a length of whole words, reserved flags, and a first attribute that fits (RFC 6733, 3 and 4.1). */
function diameter({ bytes, start, end }: Payload): boolean {
  if (end - start < 28 || (bytes[start + 4] & 0x0f) !== 0) return false;
  const length = u24(bytes, start + 1);
  if (length < 28 || (length & 3) !== 0) return false;
  const code = u32(bytes, start + 20);
  const attribute = u24(bytes, start + 25);
  return (
    u24(bytes, start + 5) >= 256 &&
    code > 0 &&
    code < 10_000 &&
    (bytes[start + 24] & 0x1f) === 0 &&
    attribute >= 8 &&
    attribute <= length - 20
  );
}

const RMCP_PORTS: ReadonlySet<number> = new Set([623, 664]);
const RMCP_CLASSES: ReadonlySet<number> = new Set([6, 7, 8]);

/** Version 6 (ASF 2.0), reserved zero, sequence, class. */
function rmcp({ bytes, start, end, sourcePort, destinationPort }: Payload): boolean {
  if (end - start < 4 || bytes[start + 1] !== 0 || !RMCP_CLASSES.has(bytes[start + 3] & 0x7f)) return false;
  return RMCP_PORTS.has(destinationPort) || RMCP_PORTS.has(sourcePort);
}

const CAPWAP_CONTROL = 5246;
const CAPWAP_DATA = 5247;

/** On its ports: DTLS behind the preamble, or a header, and for control the length of the elements (RFC 5415, 4.2, 4.3, 4.5). */
function capwap(payload: Payload): boolean {
  const { bytes, start, end } = payload;
  const isControl = usesPort(payload, CAPWAP_CONTROL);
  if (end - start < 8 || (!isControl && !usesPort(payload, CAPWAP_DATA))) return false;
  if (bytes[start] === 1)
    return (
      isZero(bytes, start + 1, start + 4) &&
      bytes[start + 4] >= 20 &&
      bytes[start + 4] <= 24 &&
      bytes[start + 5] === 0xfe
    );
  const header = (bytes[start + 1] >>> 3) * 4;
  const isFragment = (bytes[start + 3] & 0x80) !== 0;
  if (header < 8 || start + header + 8 > end || (bytes[start + 3] & 7) !== 0) return false;
  if ((!isFragment && u16(bytes, start + 6) !== 0) || ((bytes[start + 2] >>> 1) & 31) > 3) return false;
  if (!isControl) return true;
  const message = start + header;
  return isFragment || u16(bytes, message + 5) === end - message - 5;
}

const LARGEST_NETFLOW_PACKET = 64;

/** Versions 1, 5, 7: a number of records, and the length that it makes; 5 and 7 of 24 bytes before them, 1 of 16. */
function netflowFixed({ bytes, start, end }: Payload): boolean {
  const count = u16(bytes, start + 2);
  const length = end - start;
  if (count === 0 || count > LARGEST_NETFLOW_PACKET) return false;
  switch (bytes[start + 1]) {
    case 1:
      return length === 16 + 52 * count;
    case 5:
      return length === 24 + 48 * count;
    case 7:
      return length === 24 + 52 * count;
    default:
      return false;
  }
}

/** Sets whose lengths end where the datagram ends; ids below 256 are templates. */
function areSets(bytes: Uint8Array, from: number, end: number, first: number): boolean {
  let at = from;
  let sets = 0;
  while (at + 4 <= end) {
    const id = u16(bytes, at);
    const length = u16(bytes, at + 2);
    if ((id < 256 && id !== first && id !== first + 1) || length < 4) return false;
    at += length;
    sets++;
  }
  return sets > 0 && at === end;
}

/** NetFlow 9: header of 20 bytes, templates 0 and 1. IPFIX: the length of the whole, header of 16, templates 2 and 3. */
function netflowSets({ bytes, start, end }: Payload): boolean {
  if (end - start < 20) return false;
  if (bytes[start + 1] === 9) return u16(bytes, start + 2) > 0 && areSets(bytes, start + 20, end, 0);
  return bytes[start + 1] === 10 && u16(bytes, start + 2) === end - start && areSets(bytes, start + 16, end, 2);
}

const IPFIX_PORT = 4739;

/** IPFIX over TCP (RFC 7011, 10.4): messages one behind the other, on its port; the first must be whole. */
function ipfixStream(payload: Payload): boolean {
  const { bytes, start, end } = payload;
  if (end - start < 20 || bytes[start + 1] !== 10 || !usesPort(payload, IPFIX_PORT)) return false;
  const length = u16(bytes, start + 2);
  return length >= 20 && start + length <= end && areSets(bytes, start + 16, start + length, 2);
}

const MAX_SAMPLES = 512;

/** Version, kind of the agent's address, and samples of which the first fits; versions 2 and 4 have no sub-agent. */
function sflow({ bytes, start, end }: Payload): boolean {
  if (end - start < 28 || u24(bytes, start) !== 0) return false;
  const version = bytes[start + 3];
  const kind = u32(bytes, start + 4);
  if ((version !== 2 && version !== 4 && version !== 5) || (kind !== 1 && kind !== 2)) return false;
  const samples = start + (kind === 1 ? 12 : 24) + (version === 5 ? 12 : 8);
  if (samples + 4 > end) return false;
  const count = u32(bytes, samples);
  if (count === 0 || count > MAX_SAMPLES) return count === 0 && samples + 4 === end;
  if (samples + 12 > end) return false;
  const length = u32(bytes, samples + 8);
  return version !== 5 || (length >= 8 && (length & 3) === 0);
}

const PART_HOST = 0;
const PART_TIME = 1;
const PART_TIME_HIGH_RESOLUTION = 8;

const PART_SIGNATURE = 0x0200;
const PART_ENCRYPTED = 0x0210;

/** Signed: 36 bytes and a user's name, then the first part. Encrypted: the length of the whole, and a name's that fits. */
function collectdProtected({ bytes, start, end }: Payload): boolean {
  if (end - start < 40) return false;
  const length = u16(bytes, start + 2);
  if (u16(bytes, start) === PART_ENCRYPTED) return length === end - start && u16(bytes, start + 4) + 42 <= length;
  if (u16(bytes, start) !== PART_SIGNATURE || length <= 36 || length > end - start - 6) return false;
  return isPrintable(bytes, start + 36, start + length) && u16(bytes, start + length) === PART_HOST;
}

/** A host part, which ends in NUL, then a time part of 12 bytes. */
function collectd({ bytes, start, end }: Payload): boolean {
  if (end - start < 18 || u16(bytes, start) !== PART_HOST) return false;
  const host = u16(bytes, start + 2);
  const time = start + host;
  if (host < 6 || host > 260 || time + 12 > end || bytes[time - 1] !== 0 || !isPrintable(bytes, start + 4, time - 1))
    return false;
  const part = u16(bytes, time);
  return (part === PART_TIME || part === PART_TIME_HIGH_RESOLUTION) && u16(bytes, time + 2) === 12;
}

/** Magic, protocol flag, and a length whose upper half is zero. */
function zabbix({ bytes, start, end }: Payload): boolean {
  return (
    startsWith(bytes, start, end, 'ZBXD') && end - start >= 5 && (bytes[start + 4] & 1) === 1 && bytes[start + 4] < 8
  );
}

const GTP_U = 2152;
const GTP_C = 2123;
const GTP_PRIME = 3386;
const G_PDU = 255;

/** GTP version 1 with protocol type 1: kind, the length behind the 8 bytes of header (TS 29.281, 5.1; 29.060, 6). */
function isGtp1({ bytes, start, end }: Payload): boolean {
  return end - start >= 8 && (bytes[start] & 0xf8) === 0x30 && u16(bytes, start + 2) === end - start - 8;
}

const GTP_U_KINDS: ReadonlySet<number> = new Set([1, 2, 26, 31, 253, 254]);

/** A packet of the user is IPv4, IPv6 or PPP; others are few kinds. */
function gtpU(payload: Payload): boolean {
  const { bytes, start, end } = payload;
  if (!usesPort(payload, GTP_U) || !isGtp1(payload)) return false;
  const kind = bytes[start + 1];
  return GTP_U_KINDS.has(kind) || (kind === G_PDU && (end - start === 8 || u32(bytes, start + 4) !== 0));
}

/**
 * Version 1, or version 2 with the length behind its first 4 bytes, its spare bits 0, a tunnel id in all kinds but the first
 * three, and a whole header in front of a message that rides along (TS 29.274, 5.1 and 5.3).
 */
function gtpC(payload: Payload): boolean {
  const { bytes, start, end } = payload;
  if (!usesPort(payload, GTP_C) || end - start < 8) return false;
  if (bytes[start] >>> 5 === 1) return isGtp1(payload);
  const flags = bytes[start];
  const hasTunnel = (flags & 0x08) !== 0;
  const header = hasTunnel ? 12 : 8;
  if ((flags & 0x03) !== 0 || hasTunnel === bytes[start + 1] <= 3 || end - start < header) return false;
  // The last byte is spare, but for a priority in its high half.
  if ((bytes[start + header - 1] & ((flags & 0x04) === 0 ? 0xff : 0x0f)) !== 0) return false;
  const next = start + u16(bytes, start + 2) + 4;
  if (next === end) return true;
  const isPiggybacked = (flags & 0x10) !== 0;
  return isPiggybacked && end - next >= 8 && bytes[next] >>> 5 === 2 && next + u16(bytes, next + 2) + 4 === end;
}

const GTP_PRIME_KINDS: ReadonlySet<number> = new Set([1, 2, 3, 4, 5, 6, 7, 240, 241]);

/** GTP′: protocol type 0, few kinds, the length behind a header of 6 bytes, or of 20 as in version 0 (TS 32.295, 6.1). */
function gtpPrime(payload: Payload): boolean {
  const { bytes, start, end } = payload;
  if (!usesPort(payload, GTP_PRIME) || end - start < 6 || !GTP_PRIME_KINDS.has(bytes[start + 1])) return false;
  const body = end - start - u16(bytes, start + 2);
  return body === 6 || body === 20;
}

const PFCP_PORT = 8805;

/** Version 1, a kind, the length behind the first 4 bytes, and a spare byte (TS 29.244, 7.2.2). */
function pfcp(payload: Payload): boolean {
  const { bytes, start, end } = payload;
  if (!usesPort(payload, PFCP_PORT) || end - start < 8 || (bytes[start] & 0x18) !== 0) return false;
  const kind = bytes[start + 1];
  const isSession = (bytes[start] & 1) === 1;
  return kind >= 1 && kind <= 57 && u16(bytes, start + 2) === end - start - 4 && (!isSession || end - start >= 16);
}

/** `MGLNDD_address_port`, which measurements of RIPE Atlas send to open ports (no specification: as seen). */
function ripeAtlas({ bytes, start, end }: Payload): boolean {
  return end - start > 9 && startsWith(bytes, start, end, 'MGLNDD_') && isDigit(bytes[start + 7]);
}

export const networkManagementRules: readonly PayloadRule[] = [
  {
    id: 'bgp-message',
    protocol: 'bgp',
    transport: TCP,
    firstBytes: [0xff],
    recognise: (payload) => verdict(bgp(payload)),
  },
  { id: 'ldp-hello', protocol: 'ldp', transport: UDP, firstBytes: [0], recognise: (payload) => verdict(ldp(payload)) },
  {
    id: 'ldp-session',
    protocol: 'ldp',
    transport: TCP,
    firstBytes: [0],
    recognise: (payload) => verdict(ldp(payload)),
  },
  {
    id: 'bfd-control',
    protocol: 'bfd',
    transport: UDP,
    firstBytes: Array.from({ length: 32 }, (_, index) => 0x20 + index),
    recognise: (payload) => verdict(bfd(payload)),
  },
  {
    id: 'hsrp-message',
    protocol: 'hsrp',
    transport: UDP,
    firstBytes: [0, 1],
    recognise: (payload) => verdict(hsrp(payload)),
  },
  {
    id: 'glbp-message',
    protocol: 'glbp',
    transport: UDP,
    firstBytes: [1],
    recognise: (payload) => verdict(glbp(payload)),
  },
  { id: 'lisp-control', protocol: 'lisp', transport: UDP, recognise: (payload) => verdict(lispControl(payload)) },
  { id: 'lisp-data', protocol: 'lisp', transport: UDP, recognise: (payload) => verdict(lispData(payload)) },
  {
    id: 'lisp-stream',
    protocol: 'lisp',
    transport: TCP,
    firstBytes: [0],
    recognise: (payload) => verdict(lispStream(payload)),
  },
  {
    id: 'dlep-signal',
    protocol: 'dlep',
    transport: UDP,
    firstBytes: charactersOf('D'),
    recognise: ({ bytes, start, end }) =>
      verdict(end - start >= 8 && startsWith(bytes, start, end, 'DLEP') && u16(bytes, start + 6) === end - start - 8),
  },
  {
    id: 'dlep-message',
    protocol: 'dlep',
    transport: TCP,
    firstBytes: [0],
    recognise: (payload) => verdict(dlepMessage(payload)),
  },
  {
    id: 'openflow-message',
    protocol: 'openflow',
    transport: TCP,
    firstBytes: [1, 2, 3, 4, 5, 6],
    recognise: (payload) => verdict(openflow(payload)),
  },
  {
    id: 'snmp-message',
    protocol: 'snmp',
    transport: UDP,
    firstBytes: [SEQUENCE],
    recognise: (payload) => verdict(snmp(payload)),
  },
  {
    id: 'syslog-datagram',
    protocol: 'syslog',
    transport: UDP,
    firstBytes: charactersOf('<'),
    recognise: (payload) => verdict(syslog(payload)),
  },
  {
    id: 'syslog-stream',
    protocol: 'syslog',
    transport: TCP,
    firstBytes: charactersOf('<123456789'),
    recognise: (payload) => verdict(syslogStream(payload)),
  },
  {
    id: 'radius-packet',
    protocol: 'radius',
    transport: UDP,
    firstBytes: RADIUS_CODES,
    recognise: (payload) => verdict(radius(payload)),
  },
  {
    id: 'diameter-message',
    protocol: 'diameter',
    transport: TCP,
    firstBytes: [1],
    recognise: (payload) => verdict(diameter(payload)),
  },
  {
    id: 'rmcp-message',
    protocol: 'rmcp',
    transport: UDP,
    firstBytes: [6],
    recognise: (payload) => verdict(rmcp(payload)),
  },
  {
    id: 'capwap-packet',
    protocol: 'capwap',
    transport: UDP,
    firstBytes: [0, 1],
    recognise: (payload) => verdict(capwap(payload)),
  },
  {
    id: 'netflow-records',
    protocol: 'netflow',
    transport: UDP,
    firstBytes: [0],
    recognise: (payload) => verdict(netflowFixed(payload)),
  },
  {
    id: 'netflow-sets',
    protocol: 'netflow',
    transport: UDP,
    firstBytes: [0],
    recognise: (payload) => verdict(netflowSets(payload)),
  },
  {
    id: 'ipfix-stream',
    protocol: 'netflow',
    transport: TCP,
    firstBytes: [0],
    recognise: (payload) => verdict(ipfixStream(payload)),
  },
  {
    id: 'sflow-datagram',
    protocol: 'sflow',
    transport: UDP,
    firstBytes: [0],
    recognise: (payload) => verdict(sflow(payload)),
  },
  {
    id: 'collectd-packet',
    protocol: 'collectd',
    transport: UDP,
    firstBytes: [0],
    recognise: (payload) => verdict(collectd(payload)),
  },
  {
    id: 'collectd-protected',
    protocol: 'collectd',
    transport: UDP,
    firstBytes: [2],
    recognise: (payload) => verdict(collectdProtected(payload)),
  },
  {
    id: 'zabbix-message',
    protocol: 'zabbix',
    transport: TCP,
    firstBytes: charactersOf('Z'),
    recognise: (payload) => verdict(zabbix(payload)),
  },
  {
    id: 'munin-greeting',
    protocol: 'munin',
    transport: TCP,
    firstBytes: charactersOf('#'),
    recognise: (payload) => beginsWith(payload, '# munin node at '),
  },
  {
    id: 'gtp-user-plane',
    protocol: 'gtp-u',
    transport: UDP,
    firstBytes: Array.from({ length: 8 }, (_, index) => 0x30 + index),
    recognise: (payload) => verdict(gtpU(payload)),
  },
  {
    id: 'gtp-control-plane',
    protocol: 'gtp-c',
    transport: UDP,
    firstBytes: Array.from({ length: 64 }, (_, index) => 0x20 + index),
    recognise: (payload) => verdict(gtpC(payload)),
  },
  {
    id: 'gtp-prime-message',
    protocol: 'gtp-prime',
    transport: UDP,
    firstBytes: [0x0e, 0x0f, 0x2e, 0x2f, 0x4e, 0x4f],
    recognise: (payload) => verdict(gtpPrime(payload)),
  },
  {
    id: 'pfcp-message',
    protocol: 'pfcp',
    transport: UDP,
    firstBytes: Array.from({ length: 8 }, (_, index) => 0x20 + index),
    recognise: (payload) => verdict(pfcp(payload)),
  },
  {
    id: 'ripe-atlas-datagram',
    protocol: 'ripe-atlas',
    transport: UDP,
    firstBytes: charactersOf('M'),
    recognise: (payload) => verdict(ripeAtlas(payload)),
  },
  {
    id: 'ripe-atlas-stream',
    protocol: 'ripe-atlas',
    transport: TCP,
    firstBytes: charactersOf('M'),
    recognise: (payload) => verdict(ripeAtlas(payload)),
  },
];
