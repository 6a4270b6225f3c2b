import { NAME_ORIGINS, TCP } from '../../../shared/flow.ts';
import {
  type InspectionResult,
  NOT_RECOGNISED,
  type Payload,
  RECOGNISED,
  RECOGNISED_LOOK_ON,
  RECOGNISED_WANTS_MORE,
  WANTS_MORE,
} from '../../../shared/payload.ts';
import { type ClientHello, readClientHello, serverNameIn } from './client-hello.ts';
import { ownerOf } from './certificate-owners.ts';
import { certificateName, certificateOwner } from './tls-certificate.ts';
import { type PayloadRule, u16, u24 } from './rule.ts';

/** TLS records and handshakes (RFC 5246, RFC 8446): the client's hello, and the certificate of a server up to TLS 1.2. */

const CHANGE_CIPHER_SPEC = 20;
const ALERT = 21;
const HANDSHAKE = 22;
const APPLICATION_DATA = 23;
/** 2^14 bytes of content and what encryption may add to them (RFC 5246, 6.2.3). */
const MAX_RECORD = 16_384 + 2048;
const CLIENT_HELLO = 1;
/** Version, random, no session, one cipher, one compression method. */
const LEAST_HELLO = 35;
const SERVER_HELLO = 2;
const CERTIFICATE = 11;
const CERTIFICATE_STATUS = 22;
const SERVER_NAME_EXTENSION = 0;
const SUPPORTED_VERSIONS_EXTENSION = 43;
const TLS_1_3 = 0x0304;
const SNI_ORIGIN = NAME_ORIGINS.indexOf('tls-sni');
const SNI_ECH_ORIGIN = NAME_ORIGINS.indexOf('tls-sni-ech');
const CERTIFICATE_ORIGIN = NAME_ORIGINS.indexOf('tls-certificate');

/**
 * Server name of a ClientHello handshake message (type and length in front) in `bytes[start … end)`.
 * Returns '' when it has none, null when the bytes stop before it could be told or lie.
 */
export function serverNameOf(bytes: Uint8Array, start: number, end: number): string | null {
  if (end - start < 39 || bytes[start] !== CLIENT_HELLO) return null;
  let at = start + 38;
  const sessionId = bytes[at];
  at += 1 + sessionId;
  if (sessionId > 32 || at + 2 > end) return null;
  at += 2 + u16(bytes, at);
  if (at + 1 > end) return null;
  at += 1 + bytes[at];
  const helloEnd = start + 4 + u24(bytes, start + 1);
  if (at >= helloEnd) return '';
  if (at + 2 > end) return null;
  const extensionsEnd = at + 2 + u16(bytes, at);
  at += 2;
  while (at + 4 <= extensionsEnd) {
    if (at + 4 > end) return null;
    const type = u16(bytes, at);
    const length = u16(bytes, at + 2);
    at += 4;
    if (type === SERVER_NAME_EXTENSION) return at + length > end ? null : serverNameIn(bytes, at, at + length);
    at += length;
  }
  return at > end ? null : '';
}

/** Handshake messages of several records, put together; one at a time. */
const joined = new Uint8Array(16_384);

/**
 * Copies the content of the handshake records that follow one another from `start` into `joined`; returns its length.
 * `joinedAll` tells whether a record of another type, and so no more of them, comes behind.
 */
let joinedAll = false;
function joinHandshake(bytes: Uint8Array, start: number, end: number): number {
  let length = 0;
  let at = start;
  joinedAll = false;
  while (at < end && length < joined.length) {
    if (bytes[at] !== HANDSHAKE) {
      joinedAll = true;
      break;
    }
    if (end - at < 5) break;
    const record = Math.min(u16(bytes, at + 3), end - at - 5, joined.length - length);
    joined.set(bytes.subarray(at + 5, at + 5 + record), length);
    length += record;
    at += 5 + u16(bytes, at + 3);
  }
  return length;
}

/** Takes name and fingerprints of a hello. */
export function takeHello(payload: Payload, hello: ClientHello, origin: number): void {
  payload.name = hello.serverName;
  payload.nameOrigin = origin;
  payload.ja3 = hello.ja3;
  payload.ja4 = hello.ja4;
}

/** The client's hello; one without a name leaves it to the server's certificate. */
function readHello(payload: Payload): InspectionResult {
  const { bytes, start, end } = payload;
  let [source, at, limit] = [bytes, start + 5, end];
  const length = u24(bytes, start + 6);
  if (length < LEAST_HELLO || length > joined.length - 4) return payload.rule !== 0 ? RECOGNISED : NOT_RECOGNISED;
  if (length + 4 > u16(bytes, start + 3)) {
    [source, at, limit] = [joined, 0, joinHandshake(bytes, start, end)];
  }
  if (at + 4 + length > limit) {
    // Cut by the capture or not yet there: the name may stand before what is missing.
    payload.name = serverNameOf(source, at, limit) ?? '';
    payload.nameOrigin = SNI_ORIGIN;
    return joinedAll && source === joined ? RECOGNISED : RECOGNISED_WANTS_MORE;
  }
  const hello = readClientHello(source, at + 4, at + 4 + length, 't');
  if (hello === null) {
    payload.name = serverNameOf(source, at, limit) ?? '';
    payload.nameOrigin = SNI_ORIGIN;
    return RECOGNISED;
  }
  takeHello(payload, hello, hello.hasHiddenName ? SNI_ECH_ORIGIN : SNI_ORIGIN);
  return hello.serverName === '' ? RECOGNISED_LOOK_ON : RECOGNISED;
}

/** Whether a ServerHello body chooses TLS 1.3, behind which the certificate is encrypted (RFC 8446, 4.1.3 and 4.2.1). */
function choosesTls13(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start + 35 + bytes[start + 34] + 3;
  const extensionsEnd = at + 2 <= end ? Math.min(end, at + 2 + u16(bytes, at)) : end;
  at += 2;
  while (at + 4 <= extensionsEnd) {
    if (u16(bytes, at) === SUPPORTED_VERSIONS_EXTENSION) return at + 6 <= end && u16(bytes, at + 4) === TLS_1_3;
    at += 4 + u16(bytes, at + 2);
  }
  return false;
}

/** Takes the name of the certificate that a server sends behind its hello (RFC 5246, 7.4.2). */
function readServerFlight(payload: Payload): InspectionResult {
  if (payload.bytes[payload.start] !== HANDSHAKE) return RECOGNISED;
  const end = joinHandshake(payload.bytes, payload.start, payload.end);
  const more = joinedAll || end === joined.length ? RECOGNISED : RECOGNISED_WANTS_MORE;
  let at = 0;
  while (at + 4 <= end) {
    const type = joined[at];
    const next = at + 4 + u24(joined, at + 1);
    if (type === CERTIFICATE) {
      if (at + 10 > end) return more;
      // Length of the list, length of the first certificate, which is the server's own.
      const certificateEnd = at + 10 + u24(joined, at + 7);
      if (certificateEnd > end) return more;
      payload.name = certificateName(joined, at + 10, certificateEnd);
      payload.nameOrigin = CERTIFICATE_ORIGIN;
      payload.memory = ownerOf(certificateOwner(joined, at + 10, certificateEnd)) ?? payload.memory;
      return RECOGNISED;
    }
    if (type !== SERVER_HELLO && type !== CERTIFICATE_STATUS) return RECOGNISED;
    if (next > end) return more;
    if (type === SERVER_HELLO && choosesTls13(joined, at + 4, next)) return RECOGNISED;
    at = next;
  }
  return more;
}

export const tlsRule: PayloadRule = {
  id: 'tls-handshake',
  protocol: 'tls',
  transport: TCP,
  firstBytes: [HANDSHAKE],
  recognise(payload: Payload) {
    const { bytes, start, end } = payload;
    if (payload.rule !== 0 && !payload.fromInitiator) return readServerFlight(payload);
    const other = payload.rule !== 0 ? RECOGNISED : NOT_RECOGNISED;
    if (
      bytes[start] !== HANDSHAKE ||
      (end - start > 1 && bytes[start + 1] !== 3) ||
      (end - start > 2 && bytes[start + 2] > 4)
    ) {
      return other;
    }
    if (end - start < 9) return WANTS_MORE;
    const recordLength = u16(bytes, start + 3);
    const type = bytes[start + 5];
    if (type === SERVER_HELLO) return recordLength >= 38 ? readServerFlight(payload) : other;
    return type === CLIENT_HELLO && recordLength >= 4 ? readHello(payload) : other;
  },
};

/** The least and the longest challenge of a version 2 hello. */
const LEAST_CHALLENGE = 16;
const LONGEST_CHALLENGE = 32;

/**
 * The hello in the form of SSL version 2, by which clients of before 2011 reached servers of any version (RFC 5246, E.2): a length of two bytes
 * that fills the segment, ciphers of three bytes, no session or one of 16 bytes, a challenge. It has no name; the server's certificate may.
 */
export const compatibleHelloRule: PayloadRule = {
  id: 'tls-compatible-hello',
  protocol: 'tls',
  transport: TCP,
  firstBytes: [0x80, 0x81],
  recognise(payload: Payload) {
    const { bytes, start, end } = payload;
    if (payload.rule !== 0) return tlsRule.recognise(payload);
    if (end - start < 11 || (u16(bytes, start) & 0x7fff) !== end - start - 2 || bytes[start + 2] !== CLIENT_HELLO) {
      return NOT_RECOGNISED;
    }
    const version = u16(bytes, start + 3);
    const [ciphers, session, challenge] = [u16(bytes, start + 5), u16(bytes, start + 7), u16(bytes, start + 9)];
    const fits =
      (version === 2 || (version >= 0x0300 && version <= 0x0303)) &&
      ciphers > 0 &&
      ciphers % 3 === 0 &&
      (session === 0 || session === 16) &&
      challenge >= LEAST_CHALLENGE &&
      challenge <= LONGEST_CHALLENGE &&
      11 + ciphers + session + challenge === end - start;
    return fits && payload.fromInitiator ? RECOGNISED_LOOK_ON : NOT_RECOGNISED;
  },
};

/** Whether a record of this type may have this length (RFC 5246, 6.2); an encrypted alert is longer than its two bytes. */
function isRecordLength(type: number, length: number): boolean {
  switch (type) {
    case CHANGE_CIPHER_SPEC:
      return length === 1;
    case ALERT:
      return length >= 2 && length <= 256;
    case HANDSHAKE:
    case APPLICATION_DATA:
      return length > 0 && length <= MAX_RECORD;
    default:
      return false;
  }
}

/** Whether records follow one another to the end of the bytes; the last one may be cut. */
function isRecordChain(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  while (end - at >= 5) {
    const length = u16(bytes, at + 3);
    if (bytes[at + 1] !== 3 || bytes[at + 2] > 3 || !isRecordLength(bytes[at], length)) return false;
    at += 5 + length;
  }
  return at > start;
}

/** A connection seen midway: records of any type but a ClientHello, so that there is no name to wait for. */
export const tlsRecordRule: PayloadRule = {
  id: 'tls-record',
  protocol: 'tls',
  transport: TCP,
  firstBytes: [CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE, APPLICATION_DATA],
  recognise({ bytes, start, end }) {
    if (bytes[start] === HANDSHAKE && (end - start < 9 || bytes[start + 5] === CLIENT_HELLO)) return NOT_RECOGNISED;
    return isRecordChain(bytes, start, end) ? RECOGNISED : NOT_RECOGNISED;
  },
};
