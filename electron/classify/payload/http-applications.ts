import { TCP } from '../../../shared/flow.ts';
import { type InspectionResult, NOT_RECOGNISED, type Payload } from '../../../shared/payload.ts';
import { httpRequestRule } from './http.ts';
import { charactersOf, startsWithAny, startsWithFolded, verdict } from './payload-fields.ts';
import { latin1, type PayloadRule, startsWith, u32 } from './rule.ts';

/** What is done over HTTP, where the head of a request tells it; and what stands before or in place of HTTP on its ports. */

const NEWLINE = 10;
const RETURN = 13;
const SPACE = 0x20;
const LONGEST_VALUE = 128;

/** The value of a header field (`name` upper case, with its colon), lower case, at most 128 characters; null when it is not there. */
function headerValue(bytes: Uint8Array, start: number, end: number, name: string): string | null {
  let at = start;
  for (;;) {
    const newline = bytes.subarray(at, end).indexOf(NEWLINE);
    if (newline < 0) return null;
    at += newline + 1;
    if (at >= end || bytes[at] === NEWLINE || bytes[at] === RETURN) return null;
    if (!startsWithFolded(bytes, at, end, name)) continue;
    let from = at + name.length;
    while (from < end && bytes[from] === SPACE) from++;
    let to = from;
    while (to < end && to - from < LONGEST_VALUE && bytes[to] !== RETURN && bytes[to] !== NEWLINE) to++;
    return latin1(bytes, from, to).toLowerCase();
  }
}

/** Where the body begins; -1 when the head goes on beyond the bytes. */
function bodyStart(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start; at + 4 <= end; at++) {
    if (bytes[at] === RETURN && u32(bytes, at) === 0x0d0a0d0a) return at + 4;
  }
  return -1;
}

/** The opening handshake of a WebSocket (RFC 6455, 4.1). */
function isWebSocket({ bytes, start, end }: Payload): boolean {
  return startsWith(bytes, start, end, 'GET ') && headerValue(bytes, start, end, 'UPGRADE:') === 'websocket';
}

/** SHA-1's identifier and its NULL as they stand in base64 at each of the three places that a byte can have. */
const SHA1_IN_BASE64 = ['BSsOAwIaBQA', 'AUrDgMCGgUA', 'YFKw4DAhoFAA', 'GBSsOAwIaBQA', 'BgUrDgMCGgUA'];
const LONGEST_PATH = 512;

/** A question for a certificate's status (RFC 6960, annex A.1): as a body, or as base64 of a DER sequence in the path. */
function isOcsp({ bytes, start, end }: Payload): boolean {
  if (startsWith(bytes, start, end, 'POST ')) {
    return headerValue(bytes, start, end, 'CONTENT-TYPE:')?.startsWith('application/ocsp-request') ?? false;
  }
  if (!startsWith(bytes, start, end, 'GET /')) return false;
  const reach = Math.min(end, start + LONGEST_PATH);
  const to = bytes.subarray(start + 4, reach).indexOf(SPACE);
  if (to < 60) return false;
  const path = latin1(bytes, start + 4, start + 4 + to);
  return path.includes('/M') && SHA1_IN_BASE64.some((text) => path.includes(text));
}

/** SOAP (SOAP 1.1, 6.1.1: the field SOAPAction; SOAP 1.2, part 2, 7.1.4: its media type). */
function isSoap({ bytes, start, end }: Payload): boolean {
  if (!startsWith(bytes, start, end, 'POST ')) return false;
  if (headerValue(bytes, start, end, 'SOAPACTION:') !== null) return true;
  return headerValue(bytes, start, end, 'CONTENT-TYPE:')?.startsWith('application/soap+xml') ?? false;
}

const JSON_RPC_LOOK = 256;

/** Whether a JSON object or list of objects with the member "jsonrpc" (JSON-RPC 2.0, 4) begins here. */
function isJsonRpcText(bytes: Uint8Array, start: number, end: number): boolean {
  if (bytes[start] !== 0x7b && bytes[start] !== 0x5b) return false;
  return /^\[?\s*\{[^{}]{0,200}"jsonrpc"\s*:\s*"2\.0"/.test(latin1(bytes, start, Math.min(end, start + JSON_RPC_LOOK)));
}

/** JSON-RPC over HTTP (JSON-RPC 2.0; "JSON-RPC over HTTP", 2). */
function isJsonRpcRequest({ bytes, start, end }: Payload): boolean {
  if (!startsWith(bytes, start, end, 'POST ')) return false;
  const body = bodyStart(bytes, start, end);
  if (body >= 0 && body < end) return isJsonRpcText(bytes, body, end);
  return headerValue(bytes, start, end, 'CONTENT-TYPE:')?.startsWith('application/json-rpc') ?? false;
}

/** Methods of WebDAV (RFC 4918, 9) that no other use of HTTP has, and of CalDAV's reports (RFC 3253, 3.6). */
const WEBDAV_METHODS = ['PROPFIND ', 'PROPPATCH ', 'MKCOL ', 'COPY ', 'MOVE ', 'LOCK ', 'UNLOCK ', 'REPORT '];

/** Version 2 of the PROXY protocol begins with what no other protocol has (haproxy.org, "The PROXY protocol", 2.2). */
const PROXY_SIGNATURE = '\r\n\r\n\0\r\nQUIT\n';

/** A rule for requests that say what they are in their head, read on as HTTP. */
function requestRule(
  id: string,
  protocol: string,
  firstBytes: readonly number[],
  isKind: (payload: Payload) => boolean,
): PayloadRule {
  return {
    id,
    protocol,
    transport: TCP,
    firstBytes,
    recognise: (payload): InspectionResult =>
      payload.rule !== 0 || isKind(payload) ? httpRequestRule.recognise(payload) : NOT_RECOGNISED,
  };
}

export const httpApplicationRules: readonly PayloadRule[] = [
  requestRule('websocket-handshake', 'websocket', charactersOf('G'), isWebSocket),
  requestRule('ocsp-request', 'ocsp', charactersOf('GP'), isOcsp),
  requestRule('soap-request', 'soap', charactersOf('P'), isSoap),
  requestRule('json-rpc-request', 'json-rpc', charactersOf('P'), isJsonRpcRequest),
  requestRule('webdav-request', 'webdav', charactersOf('PMCLUR'), ({ bytes, start, end }) =>
    startsWithAny(bytes, start, end, WEBDAV_METHODS),
  ),
  {
    id: 'json-rpc-message',
    protocol: 'json-rpc',
    transport: TCP,
    firstBytes: charactersOf('{['),
    recognise: ({ bytes, start, end }) => verdict(isJsonRpcText(bytes, start, end)),
  },
  {
    id: 'haproxy-header',
    protocol: 'haproxy',
    transport: TCP,
    firstBytes: charactersOf('P\r'),
    recognise: ({ bytes, start, end }) =>
      verdict(
        startsWith(bytes, start, end, PROXY_SIGNATURE) ||
          startsWithAny(bytes, start, end, ['PROXY TCP4 ', 'PROXY TCP6 ', 'PROXY UNKNOWN']),
      ),
  },
];
