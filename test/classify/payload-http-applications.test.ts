import { httpApplicationRules } from '../../electron/classify/payload/http-applications.ts';
import { TCP } from '../../shared/flow.ts';
import { ascii, describeCases, hex, join, type RuleCase } from './payload-trial.ts';

const flow = { transport: TCP, destinationPort: 8080 };
const request = (first: string, ...fields: string[]): Buffer =>
  ascii(`${first} HTTP/1.1\r\nHost: a.example\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n`);
const one = (rule: string, what: string, bytes: Buffer): RuleCase => ({ rule, what, said: [['>', bytes]], flow });

/** An OCSP request of RFC 6960, annex B, with SHA-1, in base64. */
const OCSP_PATH =
  '/MFEwTzBNMEswSTAJBgUrDgMCGgUABBTfqhLjKLEJQZPin0KCzkdAQpVYowQUsT7DaQP4v0cB1JgmGggC72NkK8MCEAx5qUSwjBGVIJJhX%2BJrHYM%3D';

describeCases(httpApplicationRules, [
  one('websocket-handshake', 'upgrade', request('GET /chat', 'upgrade: WebSocket', 'Connection: Upgrade')),
  one('', 'another upgrade', request('GET /chat', 'Upgrade: h2c')),
  one('ocsp-request', 'a body', request('POST /', 'Content-Type: application/ocsp-request')),
  one('ocsp-request', 'a path', request(`GET ${OCSP_PATH}`)),
  one('', 'a long path', request(`GET /M${'a'.repeat(80)}`)),
  one('soap-request', 'SOAP 1.1', request('POST /service', 'Content-Type: text/xml', 'SOAPAction: ""')),
  one('soap-request', 'SOAP 1.2', request('POST /service', 'Content-Type: application/soap+xml; charset=utf-8')),
  one('', 'XML', request('POST /service', 'Content-Type: text/xml')),
  one(
    'json-rpc-request',
    'a body',
    join(request('POST /rpc', 'Content-Type: application/json'), ascii('{"id":1,"jsonrpc":"2.0","method":"a"}')),
  ),
  one('', 'JSON', join(request('POST /rpc', 'Content-Type: application/json'), ascii('{"id":1,"method":"a"}'))),
  one('webdav-request', 'PROPFIND', request('PROPFIND /files', 'Depth: 1')),
  one('', 'PUT', request('PUT /files')),
  one('json-rpc-message', 'a call', ascii('{"jsonrpc": "2.0", "method": "echo", "id": 1}')),
  one('json-rpc-message', 'a list', ascii('[{"jsonrpc": "2.0", "method": "echo"}]')),
  one('', 'another version', ascii('{"jsonrpc": "1.0", "method": "echo", "id": 1}')),
  one('haproxy-header', 'version 1', ascii('PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n')),
  one('haproxy-header', 'version 2', join('0d0a0d0a000d0a515549540a', hex('21 11 000c'), '00'.repeat(12))),
  one('', 'a word', ascii('PROXY please\r\n')),
]);
