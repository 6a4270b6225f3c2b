import { NAME_ORIGINS, TCP } from '../../../shared/flow.ts';
import {
  NOT_RECOGNISED,
  type Payload,
  RECOGNISED,
  RECOGNISED_WANTS_MORE,
  WANTS_MORE,
} from '../../../shared/payload.ts';
import { latin1, type PayloadRule, startsWith, visibleText } from './rule.ts';

/**
 * HTTP/1 messages (RFC 9112), methods of RFC 9110 and of WebDAV (RFC 4918). The host of a request is that of an absolute target
 * or of CONNECT, else of the Host header (RFC 9112, 3.2.2 and 3.2.3).
 */

const METHODS = [
  'GET ', 'POST ', 'HEAD ', 'PUT ', 'DELETE ', 'OPTIONS ', 'PATCH ', 'TRACE ', 'CONNECT ',
  'PROPFIND ', 'PROPPATCH ', 'MKCOL ', 'COPY ', 'MOVE ', 'LOCK ', 'UNLOCK ', 'REPORT ',
]; // prettier-ignore
const LONGEST_METHOD = Math.max(...METHODS.map((method) => method.length));
const HOST_ORIGIN = NAME_ORIGINS.indexOf('http-host');
const CONNECT_ORIGIN = NAME_ORIGINS.indexOf('http-connect');
const SPACE = 0x20;
const SLASH = 0x2f;
const MAX_REQUEST_LINE = 8192;
const NEWLINE = 10;

/** Host of a Host header, of an absolute request target or of an HTTP/2 authority: without port, in lower case. */
export function hostOf(text: string): string {
  const trimmed = text.trim().toLowerCase();
  if (trimmed.startsWith('[')) return trimmed.slice(1, Math.max(trimmed.indexOf(']'), 1));
  const colon = trimmed.indexOf(':');
  return colon < 0 ? trimmed : trimmed.slice(0, colon);
}

/** True when a header line at `at` has the name `name` (lower case, with its colon). */
function isHeader(bytes: Uint8Array, at: number, end: number, name: string): boolean {
  if (end - at < name.length) return false;
  for (let i = 0; i < name.length; i++) {
    const byte = bytes[at + i];
    if ((byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte) !== name.charCodeAt(i)) return false;
  }
  return true;
}

/** Place of the next line end, or −1. The search must not run on into the rest of the buffer. */
function lineEndAt(bytes: Uint8Array, at: number, end: number): number {
  const found = bytes.subarray(at, end).indexOf(NEWLINE);
  return found < 0 ? -1 : at + found;
}

/** Takes the host that the request target names, if it names one. */
function readTarget(payload: Payload, end: number): void {
  const { bytes, start } = payload;
  let from = bytes.subarray(start, end).indexOf(SPACE) + start + 1;
  const isConnect = startsWith(bytes, start, end, 'CONNECT ');
  if (!isConnect) {
    if ((bytes[from] | 0x20) !== 0x68 || !isHeader(bytes, from, end, 'http://')) return;
    from += 7;
  }
  let to = from;
  while (to < end && bytes[to] !== SPACE && bytes[to] !== SLASH) to++;
  const user = bytes.subarray(from, to).lastIndexOf(0x40) + 1;
  payload.name = hostOf(visibleText(bytes, from + user, to));
  payload.nameOrigin = isConnect ? CONNECT_ORIGIN : HOST_ORIGIN;
}

/** First letters of the fields that are read. */
const READ_INITIALS = [...'fhuvx'].map((letter) => letter.charCodeAt(0));

/**
 * Takes host and User-Agent of a request, which way it came (Via: RFC 9110, 7.6.3) and whom it came for (X-Forwarded-For or
 * Forwarded (RFC 7239), whichever stands first), of each the first line; false when its header goes on beyond the bytes. */
function readHeader(payload: Payload): boolean {
  const { bytes, end } = payload;
  let at = payload.start;
  const requestEnd = lineEndAt(bytes, at, end);
  if (requestEnd >= 0) readTarget(payload, requestEnd);
  for (;;) {
    const newline = lineEndAt(bytes, at, end);
    if (newline < 0 || newline + 1 >= end) return false;
    at = newline + 1;
    if (bytes[at] === NEWLINE || (bytes[at] === 13 && bytes[at + 1] === NEWLINE)) return true;
    const initial = bytes[at] | 0x20;
    if (!READ_INITIALS.includes(initial)) continue;
    const lineEnd = lineEndAt(bytes, at, end);
    if (lineEnd < 0) return false;
    const textEnd = bytes[lineEnd - 1] === 13 ? lineEnd - 1 : lineEnd;
    if (initial === 0x68 && payload.name === '' && isHeader(bytes, at, textEnd, 'host:')) {
      payload.name = hostOf(visibleText(bytes, at + 5, textEnd));
      payload.nameOrigin = HOST_ORIGIN;
    } else if (initial === 0x75 && isHeader(bytes, at, textEnd, 'user-agent:')) {
      payload.userAgent = visibleText(bytes, at + 11, textEnd).trim();
    } else if (isHeader(bytes, at, textEnd, 'via:')) {
      payload.via ||= visibleText(bytes, at + 4, textEnd).trim();
    } else if (isHeader(bytes, at, textEnd, 'x-forwarded-for:')) {
      payload.forwardedFor ||= visibleText(bytes, at + 16, textEnd).trim();
    } else if (isHeader(bytes, at, textEnd, 'forwarded:')) {
      payload.forwardedFor ||= visibleText(bytes, at + 10, textEnd).trim();
    }
  }
}

/** Whether the request line ends in an HTTP/1 version, as far as it is there. */
function isRequestLine(bytes: Uint8Array, start: number, end: number): boolean {
  const newline = lineEndAt(bytes, start, end);
  if (newline < 0) return end - start < MAX_REQUEST_LINE;
  const lineEnd = bytes[newline - 1] === 13 ? newline - 1 : newline;
  return lineEnd - start >= 14 && startsWith(bytes, lineEnd - 8, lineEnd, 'HTTP/1.');
}

const requestInitials = [...new Set(METHODS.map((method) => method.charCodeAt(0)))];

export const httpRequestRule: PayloadRule = {
  id: 'http-request',
  protocol: 'http',
  transport: TCP,
  firstBytes: requestInitials,
  recognise(payload) {
    const { bytes, start, end } = payload;
    if (payload.rule !== 0 && !payload.fromInitiator) return RECOGNISED;
    if (payload.rule === 0) {
      if (!METHODS.some((method) => startsWith(bytes, start, end, method))) {
        const isBegun =
          end - start < LONGEST_METHOD && METHODS.some((each) => each.startsWith(latin1(bytes, start, end)));
        return isBegun ? WANTS_MORE : NOT_RECOGNISED;
      }
      if (!isRequestLine(bytes, start, end)) return NOT_RECOGNISED;
    }
    return readHeader(payload) ? RECOGNISED : RECOGNISED_WANTS_MORE;
  },
};

export const httpResponseRule: PayloadRule = {
  id: 'http-response',
  protocol: 'http',
  transport: TCP,
  firstBytes: [0x48],
  recognise: ({ bytes, start, end }) =>
    startsWith(bytes, start, end, 'HTTP/1.') && end - start >= 12 && bytes[start + 8] === 0x20
      ? RECOGNISED
      : NOT_RECOGNISED,
};
