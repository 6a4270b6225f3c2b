import { TCP, UDP } from '../../../shared/flow.ts';
import { NOT_RECOGNISED, type InspectionResult, type Payload, WANTS_MORE } from '../../../shared/payload.ts';
import { charactersOf, containsFolded, textLineEnd, u32LE, usesPort, verdict } from './payload-fields.ts';
import { latin1, type PayloadRule, startsWith, u16, u24, u32 } from './rule.ts';

/**
 * NTP (RFC 5905, RFC 9327; mode 7 as ntpd's ntpdc sends it), PTP (IEEE 1588), Roughtime (its drafts), DHCP and BOOTP (RFC 2131, 951), DHCPv6
 * (RFC 8415), NAT-PMP (RFC 6886) and PCP (RFC 6887), SSDP (UPnP Device Architecture, 1), WS-Discovery (OASIS, 1.1), SLP (RFC 2608, 2165),
 * whois (RFC 3912), Canon's BJNP (as CUPS and SANE speak it).
 */

const NTP_PORT = 123;
const NTP_HEADER = 48;
const MODE_CONTROL = 6;
const MODE_PRIVATE = 7;
const LARGEST_STRATUM = 16;

const signed = (byte: number): number => (byte << 24) >> 24;

/** Implementation 0, 2 (old ntpd) or 3, a request that exists, and items that fit, with the four bits that are always zero. */
function isPrivateNtp(bytes: Uint8Array, start: number, end: number): boolean {
  const implementation = bytes[start + 2];
  const items = u16(bytes, start + 4) & 0x0fff;
  const size = u16(bytes, start + 6);
  return (
    (implementation === 0 || implementation === 2 || implementation === 3) &&
    bytes[start + 3] <= 45 &&
    size <= 500 &&
    items * size <= end - start - 8
  );
}

/** A packet on NTP's port whose fields keep their ranges (RFC 5905, 7.3); extensions and MAC are of whole words. */
function ntp(payload: Payload): boolean {
  const { bytes, start, end } = payload;
  const length = end - start;
  const version = (bytes[start] >>> 3) & 7;
  const mode = bytes[start] & 7;
  if (!usesPort(payload, NTP_PORT) || length < 8 || version < 1 || version > 4 || mode === 0) return false;
  if (mode === MODE_CONTROL) {
    if (length < 12 || (bytes[start] & 0xc0) !== 0) return false;
    const count = u16(bytes, start + 10);
    return count <= length - 12 && length - 12 - count <= 24;
  }
  if (mode === MODE_PRIVATE) return isPrivateNtp(bytes, start, end);
  if (length < NTP_HEADER || (length & 3) !== 0 || bytes[start + 1] > LARGEST_STRATUM) return false;
  const poll = signed(bytes[start + 2]);
  const precision = signed(bytes[start + 3]);
  return (
    poll >= -6 &&
    poll <= 17 &&
    precision >= -50 &&
    precision <= 0 &&
    (length <= 72 || u16(bytes, start + 50) <= length - 48)
  );
}

/** The control field that belongs to each message type (IEEE 1588-2008, table 23). */
const PTP_CONTROL: readonly number[] = [0, 1, 5, 5, -1, -1, -1, -1, 2, 3, 5, 5, 5, 4, -1, -1];

/** Header of 34 bytes: type, version 2, the length of the whole, and the control field of that type (zero from 2.1 on). */
function ptp(payload: Payload): boolean {
  const { bytes, start, end } = payload;
  if (!usesPort(payload, 319) && !usesPort(payload, 320)) return false;
  if (end - start < 34 || (bytes[start + 1] & 15) !== 2) return false;
  const control = PTP_CONTROL[bytes[start] & 15];
  const spare = end - start - u16(bytes, start + 2);
  return control >= 0 && spare >= 0 && spare <= 2 && (bytes[start + 32] === control || bytes[start + 32] === 0);
}

/** PTP of 1588-2002: version 1, version of the network 1, and the subdomain's name. */
function ptpVersion1(payload: Payload): boolean {
  const { bytes, start, end } = payload;
  return (usesPort(payload, 319) || usesPort(payload, 320)) && end - start >= 40 && u32(bytes, start) === 0x00010001;
}

const ROUGHTIME_MAGIC = 'ROUGHTIM';
const ROUGHTIME_TAGS: ReadonlySet<number> = new Set([0x4e4f4e43, 0x53494700, 0x53524550, 0x56455200]); // NONC SIG SREP VER

/** A message of tags: their number, their offsets, which rise, and their names, one of which every message has. */
function roughtime({ bytes, start, end }: Payload): boolean {
  if (startsWith(bytes, start, end, ROUGHTIME_MAGIC)) return true;
  const count = u32LE(bytes, start);
  const tags = start + 4 * count;
  if (end - start < 64 || count < 2 || count > 16 || tags + 4 * count > end) return false;
  let last = 0;
  for (let at = start + 4; at < tags; at += 4) {
    const offset = u32LE(bytes, at);
    if (offset < last || (offset & 3) !== 0 || offset > end - start) return false;
    last = offset;
  }
  for (let at = tags; at < tags + 4 * count; at += 4) if (ROUGHTIME_TAGS.has(u32(bytes, at))) return true;
  return false;
}

const DHCP_COOKIE = 0x63825363;

/** DHCP by its cookie; BOOTP and cut messages on the server's port. */
function dhcp(payload: Payload): boolean {
  const { bytes, start, end } = payload;
  if (end - start < 44 || bytes[start + 2] > 16) return false;
  if (end - start >= 240 && u32(bytes, start + 236) === DHCP_COOKIE) return true;
  // Cut by the capture, or without options: Ethernet, six bytes of address, few hops.
  return usesPort(payload, 67) && bytes[start + 1] === 1 && bytes[start + 2] === 6 && bytes[start + 3] <= 16;
}

const RELAY_FORWARD = 12;
const RELAY_REPLY = 13;
const LAST_DHCPV6_OPTION = 256;

/** On its ports: a message type, and options whose lengths end where the datagram ends. */
function dhcpv6(payload: Payload): boolean {
  const { bytes, start, end } = payload;
  if (!usesPort(payload, 546) && !usesPort(payload, 547)) return false;
  const isRelay = bytes[start] === RELAY_FORWARD || bytes[start] === RELAY_REPLY;
  let at = start + (isRelay ? 34 : 4);
  if (at + 4 > end) return false;
  while (at + 4 <= end) {
    const option = u16(bytes, at);
    if (option === 0 || option > LAST_DHCPV6_OPTION) return false;
    at += 4 + u16(bytes, at + 2);
  }
  return at === end;
}

const NAT_PMP_PORT = 5351;

/** On its port: version, operation, and the length that they make (RFC 6886, 3.2 and 3.3; RFC 6887, 7). */
function natPmp(payload: Payload): boolean {
  const { bytes, start, end, sourcePort, destinationPort } = payload;
  const length = end - start;
  const operation = bytes[start + 1];
  if (sourcePort !== NAT_PMP_PORT && destinationPort !== NAT_PMP_PORT) return false;
  if (bytes[start] === 2) return length >= 24 && length <= 1100 && (length & 3) === 0 && (operation & 0x7f) <= 3;
  if (destinationPort === NAT_PMP_PORT) {
    if (length === 2) return operation === 0;
    return length === 12 && (operation === 1 || operation === 2) && u16(bytes, start + 2) === 0;
  }
  if (length < 8 || u16(bytes, start + 2) > 5) return false;
  return operation === 128 ? length === 12 || length === 8 : (operation === 129 || operation === 130) && length === 16;
}

/** What the sender of an SSDP message says of its system (UPnP Device Architecture 1.1, 1.2.2 and 1.3.2). */
const SSDP_SYSTEM = /\r\n(?:USER-AGENT|SERVER):[ \t]*([\x20-\x7e]{1,255})\r\n/i;
const SSDP_LOOK = 2048;

function ssdpSystem({ bytes, start, end }: Payload): string {
  return SSDP_SYSTEM.exec(latin1(bytes, start, Math.min(end, start + SSDP_LOOK)))?.[1]?.trim() ?? '';
}

/** A search, an announcement, or an answer, which is HTTP's in a datagram with a search target or a unique name. */
function isSsdp({ bytes, start, end }: Payload): boolean {
  if (
    startsWith(bytes, start, end, 'M-SEARCH * HTTP/1.1\r\n') ||
    startsWith(bytes, start, end, 'NOTIFY * HTTP/1.1\r\n')
  ) {
    return true;
  }
  if (!startsWith(bytes, start, end, 'HTTP/1.1 200 OK\r\n')) return false;
  return containsFolded(bytes, start, end, '\nST:') || containsFolded(bytes, start, end, '\nUSN:');
}

/** SSDP, and what its initiator says of its system. */
function ssdp(payload: Payload): boolean {
  if (!isSsdp(payload)) return false;
  if (payload.fromInitiator) payload.userAgent = ssdpSystem(payload);
  return true;
}

const WSD_PORT = 3702;

/** A SOAP message of the discovery namespace. */
function wsDiscovery(payload: Payload): boolean {
  const { bytes, start, end } = payload;
  return usesPort(payload, WSD_PORT) && containsFolded(bytes, start, Math.min(end, start + 1024), '/DISCOVERY');
}

const SLP_PORT = 427;

/** Version 2: function, 24-bit length of the whole, reserved flags, language; version 1 on its port. */
function isSlp(payload: Payload): boolean {
  const { bytes, start, end } = payload;
  if (end - start < 16 || bytes[start + 1] < 1 || bytes[start + 1] > 11) return false;
  if (bytes[start] === 1) return usesPort(payload, SLP_PORT) && u16(bytes, start + 2) === end - start;
  if (u24(bytes, start + 2) !== end - start || (u16(bytes, start + 5) & 0x1fff) !== 0) return false;
  const language = u16(bytes, start + 12);
  return language >= 1 && language <= 17 && start + 14 + language <= end && (bytes[start + 14] | 0x20) >= 0x61;
}

const WHOIS_PORT = 43;

/** A query on whois's port is one line of printable text that ends the packet. */
function whoisQuery({ bytes, start, end, destinationPort, fromInitiator, looks }: Payload): InspectionResult {
  if (destinationPort !== WHOIS_PORT || !fromInitiator || looks > 0 || end - start < 4) return NOT_RECOGNISED;
  const lineEnd = textLineEnd(bytes, start, end);
  if (lineEnd < 0)
    return textLineEnd(bytes, start, Math.min(end, start + 255)) < 0 && isOneLine(bytes, start, end)
      ? WANTS_MORE
      : NOT_RECOGNISED;
  return verdict(lineEnd + (bytes[lineEnd] === 13 ? 2 : 1) === end);
}

function isOneLine(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start > 255) return false;
  for (let at = start; at < end; at++) if (bytes[at] < 0x20) return false;
  return true;
}

/** `BJNP` or a sister's magic, kind of device, command, and the length of the rest. */
function bjnp({ bytes, start, end }: Payload): boolean {
  if (end - start < 16) return false;
  const isMagic = startsWith(bytes, start, end, 'BJN') || startsWith(bytes, start, end, 'MFN');
  return isMagic && (bytes[start + 4] & 0x7f) <= 2 && u32(bytes, start + 12) === end - start - 16;
}

export const namingAndTimeRules: readonly PayloadRule[] = [
  { id: 'ntp-packet', protocol: 'ntp', transport: UDP, recognise: (payload) => verdict(ntp(payload)) },
  { id: 'ptp-message', protocol: 'ptp', transport: UDP, recognise: (payload) => verdict(ptp(payload)) },
  {
    id: 'ptp-version-1',
    protocol: 'ptp',
    transport: UDP,
    firstBytes: [0],
    recognise: (payload) => verdict(ptpVersion1(payload)),
  },
  {
    id: 'roughtime-message',
    protocol: 'roughtime',
    transport: UDP,
    firstBytes: [...charactersOf('R'), 2, 3, 4, 5, 6, 7, 8],
    recognise: (payload) => verdict(roughtime(payload)),
  },
  {
    id: 'dhcp-message',
    protocol: 'dhcp',
    transport: UDP,
    firstBytes: [1, 2],
    recognise: (payload) => verdict(dhcp(payload)),
  },
  {
    id: 'dhcpv6-message',
    protocol: 'dhcpv6',
    transport: UDP,
    firstBytes: Array.from({ length: 36 }, (_, index) => index + 1),
    recognise: (payload) => verdict(dhcpv6(payload)),
  },
  {
    id: 'nat-pmp-message',
    protocol: 'nat-pmp',
    transport: UDP,
    firstBytes: [0, 2],
    recognise: (payload) => verdict(natPmp(payload)),
  },
  {
    id: 'ssdp-message',
    protocol: 'ssdp',
    transport: UDP,
    firstBytes: charactersOf('MNH'),
    recognise: (payload) => verdict(ssdp(payload)),
  },
  {
    id: 'ws-discovery-message',
    protocol: 'wsd',
    transport: UDP,
    firstBytes: charactersOf('<'),
    recognise: (payload) => verdict(wsDiscovery(payload)),
  },
  {
    id: 'slp-message',
    protocol: 'slp',
    transport: UDP,
    firstBytes: [1, 2],
    recognise: (payload) => verdict(isSlp(payload)),
  },
  {
    id: 'slp-stream',
    protocol: 'slp',
    transport: TCP,
    firstBytes: [1, 2],
    recognise: (payload) => verdict(isSlp(payload)),
  },
  { id: 'whois-query', protocol: 'whois', transport: TCP, recognise: whoisQuery },
  {
    id: 'bjnp-message',
    protocol: 'bjnp',
    transport: UDP,
    firstBytes: charactersOf('BM'),
    recognise: (payload) => verdict(bjnp(payload)),
  },
];
