import { readFileSync } from 'node:fs';

/** Version of this Enclave, as in package.json. */
export const ENCLAVE_VERSION = String(
  (JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: unknown }).version,
);
