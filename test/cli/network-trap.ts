import { appendFileSync } from 'node:fs';
import { createRequire, syncBuiltinESMExports } from 'node:module';

/**
 * Preloaded into every thread of a process under test: any use of the network throws and leaves a line in the file that
 * ENCLAVE_TRAP names.
 */

const marker = process.env.ENCLAVE_TRAP;
if (marker === undefined) throw new Error('ENCLAVE_TRAP names no file');

const require = createRequire(import.meta.url);

/** Functions through which everything of these modules goes that could reach another machine. */
const GUARDED: Readonly<Record<string, readonly string[]>> = {
  net: ['connect', 'createConnection', 'createServer'],
  tls: ['connect', 'createServer'],
  dns: ['lookup', 'resolve', 'resolve4', 'resolve6', 'reverse', 'lookupService'],
  'dns/promises': ['lookup', 'resolve', 'resolve4', 'resolve6', 'reverse', 'lookupService'],
  http: ['request', 'get', 'createServer'],
  https: ['request', 'get', 'createServer'],
  http2: ['connect', 'createServer', 'createSecureServer'],
  dgram: ['createSocket'],
};

function spring(what: string): never {
  appendFileSync(String(marker), `${what}\n`);
  throw new Error(`the network was used: ${what}`);
}

for (const [name, functions] of Object.entries(GUARDED)) {
  const module = require(`node:${name}`) as Record<string, unknown>;
  for (const each of functions) module[each] = () => spring(`${name}.${each}`);
}
const { Socket } = require('node:net') as { Socket: { prototype: Record<string, unknown> } };
Socket.prototype['connect'] = () => spring('net.Socket.connect');
syncBuiltinESMExports();
for (const name of ['fetch', 'WebSocket', 'EventSource']) {
  Object.defineProperty(globalThis, name, { configurable: true, value: () => spring(name) });
}
