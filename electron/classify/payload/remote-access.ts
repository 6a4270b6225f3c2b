import { TCP, UDP } from '../../../shared/flow.ts';
import {
  type InspectionResult,
  NOT_RECOGNISED,
  type Payload,
  RECOGNISED,
  RECOGNISED_LOOK_ON,
  WANTS_MORE,
} from '../../../shared/payload.ts';
import { charactersOf, beginsWith, isDigit, startsWithAny, u16LE, usesPort, verdict } from './payload-fields.ts';
import { isPrintable, type PayloadRule, startsWith, u16, u32 } from './rule.ts';
import { tlsRule } from './tls.ts';

/**
 * RDP (MS-RDPBCGR 2.2.1, MS-RDPEUDP 2.2), VNC (RFC 6143, 7.1.1), Telnet (RFC 854, 855), rsh (BSD rshd), Citrix ICA, NoMachine NX,
 * Radmin, TeamViewer and AnyDesk (no public specification: openings as seen and as scanners send them), XDMCP (X.Org, version 1).
 */

const RDP_PORT = 3389;
const CONNECTION_REQUEST = 0xe0;
const CONNECTION_CONFIRM = 0xd0;
const COOKIES = ['Cookie: mstshash=', 'Cookie: msts='];

/** An 8-byte negotiation structure ends the packet: its type, no reserved flag, length 8 (MS-RDPBCGR 2.2.1.1.1, 2.2.1.2.1). */
function endsInNegotiation(bytes: Uint8Array, at: number, end: number, isAnswer: boolean): boolean {
  const from = end - 8;
  const type = bytes[from];
  if (from < at || u16LE(bytes, from + 2) !== 8) return false;
  return isAnswer ? type === 2 || type === 3 : type === 1 && (bytes[from + 1] & 0xf4) === 0;
}

/** A connection request or confirm of X.224 inside TPKT, with what only RDP puts there, or on RDP's port. */
function rdpConnection(payload: Payload): boolean {
  const { bytes, start, end } = payload;
  if (end - start < 11 || bytes[start + 1] !== 0) return false;
  const length = u16(bytes, start + 2);
  const kind = bytes[start + 5];
  if ((kind !== CONNECTION_REQUEST && kind !== CONNECTION_CONFIRM) || length > end - start) return false;
  // The correlation data of newer clients (2.2.1.1.2) lies behind the negotiation.
  if (bytes[start + 4] !== length - 5 || length < 11) return false;
  if (kind === CONNECTION_REQUEST && startsWithAny(bytes, start + 11, end, COOKIES)) return true;
  if (endsInNegotiation(bytes, start + 11, start + length, kind === CONNECTION_CONFIRM)) return true;
  if (kind === CONNECTION_REQUEST && length === 55 && bytes[start + 11] === 1 && u16LE(bytes, start + 13) === 8)
    return true;
  return usesPort(payload, RDP_PORT) && length === 11;
}

const TLS_HANDSHAKE = 22;

/** The connection, then the TLS handshake that the ends may agree on (MS-RDPBCGR, 5.4.5.1): its name and fingerprints are the flow's. */
function rdp(payload: Payload): InspectionResult {
  if (payload.rule === 0) return rdpConnection(payload) ? RECOGNISED_LOOK_ON : NOT_RECOGNISED;
  return payload.bytes[payload.start] === TLS_HANDSHAKE ? tlsRule.recognise(payload) : RECOGNISED_LOOK_ON;
}

const SYN = 1;
const SMALLEST_MTU = 1132;
const LARGEST_MTU = 1232;

/** The SYN that opens RDP over UDP: nothing acknowledged yet, and two packet sizes within their bounds (MS-RDPEUDP 2.2.2.2). */
function rdpDatagram({ bytes, start, end }: Payload): boolean {
  if (end - start < 16 || u32(bytes, start) !== 0xffffffff || (bytes[start + 7] & SYN) === 0) return false;
  const up = u16(bytes, start + 12);
  const down = u16(bytes, start + 14);
  return up >= SMALLEST_MTU && up <= LARGEST_MTU && down >= SMALLEST_MTU && down <= LARGEST_MTU;
}

/** `RFB 003.008\n`; Apple writes 003.889, later servers 004 and 005. */
function vncVersion({ bytes, start, end }: Payload): InspectionResult {
  if (!startsWith(bytes, start, end, 'RFB 00') || end - start < 12) return NOT_RECOGNISED;
  const isVersion =
    isDigit(bytes[start + 6]) &&
    bytes[start + 7] === 0x2e &&
    isDigit(bytes[start + 8]) &&
    isDigit(bytes[start + 9]) &&
    isDigit(bytes[start + 10]) &&
    bytes[start + 11] === 0x0a;
  return verdict(isVersion);
}

const IAC = 0xff;
const SUBNEGOTIATION = 0xfa;
const WILL = 0xfb;
const DONT = 0xfe;
/** Options in use: up to FORWARD X (49), and those of MUDs and EXOPL (69–93, 200, 201, 255). */
const isTelnetOption = (option: number): boolean => option <= 49 || (option >= 69 && option <= 93) || option >= 200;

/** Negotiations in a row: two anywhere (each is worth 16 bits), one on the port. */
function telnetNegotiation(payload: Payload): boolean {
  const { bytes, start, end } = payload;
  let at = start;
  let negotiations = 0;
  while (at + 3 <= end && negotiations < 3) {
    if (bytes[at] !== IAC || bytes[at + 1] < WILL || bytes[at + 1] > DONT || !isTelnetOption(bytes[at + 2])) break;
    negotiations++;
    at += 3;
  }
  if (usesPort(payload, 23)) {
    return negotiations > 0 || (at + 6 <= end && bytes[at] === IAC && bytes[at + 1] === SUBNEGOTIATION);
  }
  if (negotiations === 2) return at === end || bytes[at] === IAC;
  return negotiations === 3;
}

const RSH_PORT = 514;

/** Port for errors in digits, then two users and a command, each ended by NUL: the client's first bytes. */
function rshRequest(payload: Payload): InspectionResult {
  const { bytes, start, end, destinationPort, fromInitiator, looks } = payload;
  if (destinationPort !== RSH_PORT || !fromInitiator || looks > 2) return NOT_RECOGNISED;
  let at = start;
  while (at < end && isDigit(bytes[at]) && at - start < 5) at++;
  if (at === end) return at - start < 5 ? WANTS_MORE : NOT_RECOGNISED;
  if (bytes[at] !== 0) return NOT_RECOGNISED;
  at++;
  for (let text = 0; text < 3; text++) {
    const from = at;
    while (at < end && bytes[at] !== 0) at++;
    if (!isPrintable(bytes, from, at)) return NOT_RECOGNISED;
    if (at === end) return WANTS_MORE;
    if (at === from) return NOT_RECOGNISED;
    at++;
  }
  return RECOGNISED;
}

const RADMIN_HELLO = '\x01\x00\x00\x00\x01\x00\x00\x00\x08\x08';

const TEAMVIEWER_PORT = 5938;

/** Magic 17 24, a command, and the length of the rest, little-endian; on the port the magic of either version with a command. */
function teamviewerMessage(payload: Payload): boolean {
  const { bytes, start, end } = payload;
  if (end - start < 5) return false;
  const magic = u16(bytes, start);
  if (magic === 0x1724 && bytes[start + 2] >= 0x0a && u16LE(bytes, start + 3) === end - start - 5) return true;
  return (
    usesPort(payload, TEAMVIEWER_PORT) &&
    (magic === 0x1724 || magic === 0x1130) &&
    bytes[start + 2] >= 4 &&
    bytes[start + 2] < 0x80
  );
}

function teamviewerDatagram(payload: Payload): boolean {
  const { bytes, start, end } = payload;
  return usesPort(payload, TEAMVIEWER_PORT) && end - start > 13 && u16(bytes, start + 11) === 0x1724;
}

/** Discovery in the local network, to 239.255.102.18, ports 50001 to 50003. */
function anydeskDiscovery({ bytes, start, end, destinationPort }: Payload): boolean {
  return (
    destinationPort >= 50_001 &&
    destinationPort <= 50_003 &&
    end - start > 8 &&
    u16(bytes, start) === 0x3ed1 &&
    bytes[start + 2] === 1
  );
}

const XDMCP_PORT = 177;

/** Version 1, an operation, and the length of the rest. */
function xdmcp(payload: Payload): boolean {
  const { bytes, start, end } = payload;
  if (!usesPort(payload, XDMCP_PORT) || end - start < 7 || u16(bytes, start) !== 1) return false;
  const operation = u16(bytes, start + 2);
  return operation >= 1 && operation <= 14 && u16(bytes, start + 4) === end - start - 6;
}

export const remoteAccessRules: readonly PayloadRule[] = [
  {
    id: 'rdp-connection',
    protocol: 'rdp',
    transport: TCP,
    firstBytes: [0x03],
    recognise: rdp,
  },
  {
    id: 'rdp-datagram',
    protocol: 'rdp',
    transport: UDP,
    firstBytes: [0xff],
    recognise: (payload) => verdict(rdpDatagram(payload)),
  },
  { id: 'vnc-version', protocol: 'vnc', transport: TCP, firstBytes: charactersOf('R'), recognise: vncVersion },
  {
    id: 'telnet-negotiation',
    protocol: 'telnet',
    transport: TCP,
    firstBytes: [IAC],
    recognise: (payload) => verdict(telnetNegotiation(payload)),
  },
  {
    id: 'rsh-request',
    protocol: 'rsh',
    transport: TCP,
    firstBytes: [0, ...charactersOf('0123456789')],
    recognise: rshRequest,
  },
  {
    id: 'citrix-ica',
    protocol: 'citrix',
    transport: TCP,
    firstBytes: [0x7f],
    recognise: (payload) => beginsWith(payload, '\x7f\x7fICA\0'),
  },
  {
    id: 'citrix-common-gateway',
    protocol: 'citrix',
    transport: TCP,
    firstBytes: [0x1a],
    recognise: (payload) => beginsWith(payload, '\x1aCGP/01'),
  },
  {
    id: 'nomachine-version',
    protocol: 'nomachine',
    transport: TCP,
    firstBytes: charactersOf('N'),
    recognise: ({ bytes, start, end }) =>
      verdict(end - start > 5 && startsWith(bytes, start, end, 'NXSH-') && isDigit(bytes[start + 5])),
  },
  {
    id: 'radmin-hello',
    protocol: 'radmin',
    transport: TCP,
    firstBytes: [0x01],
    recognise: ({ bytes, start, end, fromInitiator, looks }) =>
      verdict(looks === 0 && fromInitiator && end - start === 10 && startsWith(bytes, start, end, RADMIN_HELLO)),
  },
  {
    id: 'teamviewer-message',
    protocol: 'teamviewer',
    transport: TCP,
    firstBytes: [0x17, 0x11],
    recognise: (payload) => verdict(teamviewerMessage(payload)),
  },
  {
    id: 'teamviewer-datagram',
    protocol: 'teamviewer',
    transport: UDP,
    firstBytes: [0x00],
    recognise: (payload) => verdict(teamviewerDatagram(payload)),
  },
  {
    id: 'anydesk-discovery',
    protocol: 'anydesk',
    transport: UDP,
    firstBytes: [0x3e],
    recognise: (payload) => verdict(anydeskDiscovery(payload)),
  },
  {
    id: 'xdmcp-message',
    protocol: 'xdmcp',
    transport: UDP,
    firstBytes: [0],
    recognise: (payload) => verdict(xdmcp(payload)),
  },
];
