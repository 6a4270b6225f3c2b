import { NAME_ORIGINS, TCP } from '../../../shared/flow.ts';
import {
  NOT_RECOGNISED,
  type Payload,
  RECOGNISED,
  RECOGNISED_WANTS_MORE,
  WANTS_MORE,
} from '../../../shared/payload.ts';
import { type PayloadRule, u16, u24, visibleText } from './rule.ts';

/** TLS records and the ClientHello (RFC 5246, RFC 8446); server name extension RFC 6066. */

const CHANGE_CIPHER_SPEC = 20;
const ALERT = 21;
const HANDSHAKE = 22;
const APPLICATION_DATA = 23;
/** 2^14 bytes of content and what encryption may add to them (RFC 5246, 6.2.3). */
const MAX_RECORD = 16_384 + 2048;
const CLIENT_HELLO = 1;
const SERVER_HELLO = 2;
const SERVER_NAME_EXTENSION = 0;
const SNI_ORIGIN = NAME_ORIGINS.indexOf('tls-sni');

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
    if (type === SERVER_NAME_EXTENSION) {
      // server_name_list: length, then name_type 0 (host_name), length, name
      if (at + 5 > end) return null;
      const nameLength = u16(bytes, at + 3);
      if (length < 5 || bytes[at + 2] !== 0 || nameLength > length - 5) return '';
      if (at + 5 + nameLength > end) return null;
      return visibleText(bytes, at + 5, at + 5 + nameLength).toLowerCase();
    }
    at += length;
  }
  return at > end ? null : '';
}

export const tlsRule: PayloadRule = {
  id: 'tls-handshake',
  protocol: 'tls',
  transport: TCP,
  firstBytes: [HANDSHAKE],
  recognise(payload: Payload) {
    const { bytes, start, end } = payload;
    if (payload.rule !== 0 && !payload.fromInitiator) return RECOGNISED;
    if (
      bytes[start] !== HANDSHAKE ||
      (end - start > 1 && bytes[start + 1] !== 3) ||
      (end - start > 2 && bytes[start + 2] > 4)
    ) {
      return payload.rule !== 0 ? RECOGNISED : NOT_RECOGNISED;
    }
    if (end - start < 9) return WANTS_MORE;
    const recordLength = u16(bytes, start + 3);
    const type = bytes[start + 5];
    if (type === SERVER_HELLO) return recordLength >= 38 ? RECOGNISED : NOT_RECOGNISED;
    if (type !== CLIENT_HELLO || recordLength < 39) return NOT_RECOGNISED;
    const name = serverNameOf(bytes, start + 5, end);
    if (name === null) return end - start >= recordLength + 5 ? RECOGNISED : RECOGNISED_WANTS_MORE;
    payload.name = name;
    payload.nameOrigin = SNI_ORIGIN;
    return RECOGNISED;
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
