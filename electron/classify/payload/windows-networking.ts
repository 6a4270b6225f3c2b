import { TCP, UDP } from '../../../shared/flow.ts';
import {
  type InspectionResult,
  NOT_RECOGNISED,
  type Payload,
  RECOGNISED,
  RECOGNISED_WANTS_MORE,
} from '../../../shared/payload.ts';
import { beginsWith, berContent, berLength, u16LE, u32LE, usesPort, verdict } from './payload-fields.ts';
import { CloserRule, type PayloadRule, startsWith, u16, u24, u32 } from './rule.ts';

/**
 * NetBIOS over TCP and UDP (RFC 1001, 1002), LDAP (RFC 4511) and its datagrams (MS-ADTS 6.3.3), Kerberos (RFC 4120; password change
 * RFC 3244), DCE RPC (The Open Group C706, chapter 12; MS-RPCE; over HTTP MS-RPCH). SMB is in file-transfer.ts.
 */

const ENCODED_NAME = 32;

/** A first-level encoded name: length 32, then letters A to P (RFC 1001, 14.1). */
function isNetbiosName(bytes: Uint8Array, at: number, end: number): boolean {
  if (at + 1 + ENCODED_NAME >= end || bytes[at] !== ENCODED_NAME) return false;
  for (let i = at + 1; i <= at + ENCODED_NAME; i++) if (bytes[i] < 0x41 || bytes[i] > 0x50) return false;
  return true;
}

const TYPE_NB = 0x20;
const TYPE_NBSTAT = 0x21;

/** Name service (RFC 1002, 4.2): one name of a NetBIOS type, in a question or in the first record. */
function netbiosNames({ bytes, start, end }: Payload): boolean {
  if (end - start < 48 || u16(bytes, start + 4) > 1 || u16(bytes, start + 6) > 1) return false;
  if (!isNetbiosName(bytes, start + 12, end)) return false;
  let at = start + 13 + ENCODED_NAME;
  // A scope follows as further labels (RFC 1001, 14.1).
  while (at < end && bytes[at] !== 0 && bytes[at] < 64) at += bytes[at] + 1;
  if (at + 5 > end) return false;
  const type = u16(bytes, at + 1);
  return type === TYPE_NB || type === TYPE_NBSTAT;
}

/** Datagram service (RFC 1002, 4.4): kind, the sender's port 138, the length, and the sender's name. */
function netbiosDatagram(payload: Payload): boolean {
  const { bytes, start, end } = payload;
  if (end - start < 14 || u16(bytes, start + 8) !== 138) return false;
  if (bytes[start] === 0x13) return usesPort(payload, 138) && end - start === 11;
  return isNetbiosName(bytes, start + 14, end);
}

const SESSION_REQUEST = 0x81;
const NEGATIVE_RESPONSE = 0x83;
/** What stands before `SMB` in version 2 and 3 (MS-SMB2, 2.2.1). */
const SMB2_MARK = 0xfe;

/**
 * Session service (RFC 1002, 4.3): a request with two names, as long as no SMB follows, or its refusal. What SMB is
 * carried is told by the rules of SMB.
 */
function netbiosSession(payload: Payload): InspectionResult {
  const { bytes, start, end, fromInitiator } = payload;
  if (bytes[start] === NEGATIVE_RESPONSE) {
    return verdict(!fromInitiator && end - start === 5 && u24(bytes, start + 1) === 1 && bytes[start + 4] >= 0x80);
  }
  if (end - start < 72 || u24(bytes, start + 1) !== 68) return NOT_RECOGNISED;
  if (!isNetbiosName(bytes, start + 4, end) || !isNetbiosName(bytes, start + 38, end)) return NOT_RECOGNISED;
  if (end - start < 81) return RECOGNISED_WANTS_MORE;
  if (!startsWith(bytes, start + 77, end, 'SMB')) return RECOGNISED;
  if (payload.rule === 0) return NOT_RECOGNISED;
  payload.memory = new CloserRule(bytes[start + 76] === SMB2_MARK ? 'smb2-message' : 'smb1-message');
  return RECOGNISED;
}

const SEQUENCE = 0x30;
const INTEGER = 0x02;
const ENUMERATED = 0x0a;
const OCTETS = 0x04;

/** What the content of an LDAP operation begins with, by its application tag (RFC 4511, 4.2 to 4.12); 0 = not one. */
function ldapFirstTag(operation: number): number {
  switch (operation) {
    case 0x60: // bind request
      return INTEGER;
    case 0x63: // search request
    case 0x64: // search entry
    case 0x66: // modify
    case 0x68: // add
    case 0x6c: // modify name
    case 0x6e: // compare
      return OCTETS;
    case 0x61: // bind response
    case 0x65: // search done
    case 0x67:
    case 0x69:
    case 0x6b:
    case 0x6d:
    case 0x6f:
    case 0x78: // extended response
      return ENUMERATED;
    case 0x77: // extended request: its name
      return 0x80;
    default:
      return 0;
  }
}

const MAX_LDAP_MESSAGE = 16 << 20;

/** An LDAPMessage (RFC 4511, 4.1.1): the lengths of message and operation must fit each other, the operation's first field its tag. */
function isLdapMessage(bytes: Uint8Array, start: number, end: number, isWhole: boolean): boolean {
  const length = berLength(bytes, start, end);
  if (length < 5 || length > MAX_LDAP_MESSAGE) return false;
  const content = berContent(bytes, start);
  const messageEnd = content + length;
  if (isWhole && messageEnd > end) return false;
  if (bytes[content] !== INTEGER || bytes[content + 1] < 1 || bytes[content + 1] > 4) return false;
  const operation = content + 2 + bytes[content + 1];
  if (operation + 4 > end) return false;
  const first = ldapFirstTag(bytes[operation]);
  const operationLength = berLength(bytes, operation, end);
  if (first === 0 || operationLength < 3) return false;
  const inner = berContent(bytes, operation);
  // Controls may stand behind the operation: [0] (RFC 4511, 4.1.11).
  const after = inner + operationLength;
  if (after > messageEnd || (after < messageEnd && after < end && bytes[after] !== 0xa0)) return false;
  if (inner + 2 >= end || bytes[inner] !== first) return false;
  if (first === INTEGER) return bytes[inner + 1] === 1 && bytes[inner + 2] >= 2 && bytes[inner + 2] <= 3;
  if (first === ENUMERATED) return bytes[inner + 1] === 1 && bytes[inner + 2] <= 123;
  return inner + berLength(bytes, inner, end) < after;
}

/** Application tags of RFC 4120, 5.10, that begin a message of their own. */
const KERBEROS_TAGS = [0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f, 0x74, 0x75, 0x76, 0x7e];

/** A Kerberos message: its tag, a sequence, version 5, and the message type, which repeats the tag's number. */
function isKerberosMessage(bytes: Uint8Array, start: number, end: number): boolean {
  const tag = bytes[start];
  if (end - start < 14 || !KERBEROS_TAGS.includes(tag)) return false;
  const sequence = berContent(bytes, start);
  if (berLength(bytes, start, end) < 12 || sequence + 4 > end || bytes[sequence] !== SEQUENCE) return false;
  const at = berContent(bytes, sequence);
  if (at + 10 > end) return false;
  const context = bytes[at];
  return (
    (context === 0xa0 || context === 0xa1) &&
    u32(bytes, at + 1) === 0x03020105 &&
    bytes[at + 5] === context + 1 &&
    u24(bytes, at + 6) === 0x030201 &&
    bytes[at + 9] === (tag & 31)
  );
}

/** Password change (RFC 3244, 2): length of the whole, version 1 or 0xff80, length of the AP message that follows. */
function isPasswordChange(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < 20 || u16(bytes, start) !== end - start) return false;
  const version = u16(bytes, start + 2);
  return (version === 1 || version === 0xff80) && u16(bytes, start + 4) > 0 && isKerberosMessage(bytes, start + 6, end);
}

const isKerberos = (bytes: Uint8Array, start: number, end: number): boolean =>
  isKerberosMessage(bytes, start, end) || isPasswordChange(bytes, start, end);

const LARGEST_RPC_TYPE = 19;

/** Connection-oriented header (C706, 12.6.3.1): version 5.0 or 5.1, ASCII and IEEE, lengths that fit. */
function isRpcConnection({ bytes, start, end }: Payload): boolean {
  if (end - start < 16 || bytes[start + 1] > 1 || bytes[start + 2] > LARGEST_RPC_TYPE) return false;
  const order = u32(bytes, start + 4);
  if (order !== 0x10000000 && order !== 0) return false;
  const isLittle = order !== 0;
  const length = isLittle ? u16LE(bytes, start + 8) : u16(bytes, start + 8);
  const authentication = isLittle ? u16LE(bytes, start + 10) : u16(bytes, start + 10);
  const type = bytes[start + 2];
  // Longer than what is there only when it is the beginning of a request or response.
  if (length < 16 || authentication > length - 16) return false;
  const isBind = type >= 11 && type <= 15;
  return (
    length === end - start ||
    (length < end - start && bytes[start + length] === 5) ||
    (isBind && isLittle && length <= 16_384)
  );
}

/** Half of an interface or object of PROFINET IO: dea0000x-6c97-11d1-8271-…, which another rule names. */
const isProfinet = (bytes: Uint8Array, at: number): boolean =>
  (u32LE(bytes, at) & 0xfffffff0) >>> 0 === 0xdea00000 || (u32(bytes, at) & 0xfffffff0) >>> 0 === 0xdea00000;

/** Connectionless header (C706, 12.5.2.1): version 4, ASCII and IEEE, the length of the body. */
function isRpcDatagram({ bytes, start, end }: Payload): boolean {
  if (end - start < 80 || bytes[start + 1] > LARGEST_RPC_TYPE) return false;
  const order = bytes[start + 4];
  if ((order !== 0x10 && order !== 0) || bytes[start + 5] !== 0 || bytes[start + 6] !== 0) return false;
  const length = order === 0x10 ? u16LE(bytes, start + 74) : u16(bytes, start + 74);
  if (length !== end - start - 80) return false;
  return !isProfinet(bytes, start + 8) && !isProfinet(bytes, start + 24);
}

export const windowsNetworkingRules: readonly PayloadRule[] = [
  {
    id: 'netbios-name',
    protocol: 'netbios',
    transport: UDP,
    recognise: (payload) => verdict(payload.bytes[payload.start + 12] === ENCODED_NAME && netbiosNames(payload)),
  },
  {
    id: 'netbios-datagram',
    protocol: 'netbios',
    transport: UDP,
    firstBytes: [0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16],
    recognise: (payload) => verdict(netbiosDatagram(payload)),
  },
  {
    id: 'netbios-session',
    protocol: 'netbios',
    transport: TCP,
    firstBytes: [SESSION_REQUEST, NEGATIVE_RESPONSE],
    recognise: netbiosSession,
  },
  {
    id: 'ldap-message',
    protocol: 'ldap',
    transport: TCP,
    firstBytes: [SEQUENCE],
    recognise: ({ bytes, start, end }) => verdict(isLdapMessage(bytes, start, end, false)),
  },
  {
    id: 'ldap-datagram',
    protocol: 'ldap',
    transport: UDP,
    firstBytes: [SEQUENCE],
    recognise: ({ bytes, start, end }) => verdict(isLdapMessage(bytes, start, end, true)),
  },
  {
    id: 'kerberos-datagram',
    protocol: 'kerberos',
    transport: UDP,
    firstBytes: [...KERBEROS_TAGS, 0, 1, 2, 3, 4, 5],
    recognise: ({ bytes, start, end }) => verdict(isKerberos(bytes, start, end)),
  },
  {
    id: 'kerberos-stream',
    protocol: 'kerberos',
    transport: TCP,
    firstBytes: [0],
    recognise: ({ bytes, start, end }) =>
      verdict(end - start > 18 && u32(bytes, start) >= 14 && isKerberos(bytes, start + 4, end)),
  },
  {
    id: 'dcerpc-connection',
    protocol: 'dcerpc',
    transport: TCP,
    firstBytes: [5],
    recognise: (payload) => verdict(isRpcConnection(payload)),
  },
  {
    id: 'dcerpc-over-http',
    protocol: 'dcerpc',
    transport: TCP,
    firstBytes: [0x6e],
    recognise: (payload) => beginsWith(payload, 'ncacn_http/1.'),
  },
  {
    id: 'dcerpc-datagram',
    protocol: 'dcerpc',
    transport: UDP,
    firstBytes: [4],
    recognise: (payload) => verdict(isRpcDatagram(payload)),
  },
];
