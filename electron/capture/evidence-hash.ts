import type { FurtherHash } from '../../shared/custody.ts';
import { createHash, type Hash } from 'node:crypto';

/** SHA-256 of the bytes as they are read, and further hashes on request. */

/** Hashes that examiners may ask for beside SHA-256: older records of evidence bear them. They prove nothing by themselves. */
export type { FurtherHash };

/** Digests in lower-case hex. */
export type Digests = { sha256: string } & Partial<Record<FurtherHash, string>>;

/** Several hashes of the same bytes. */
export class HashSet {
  readonly #hashes: readonly (readonly [FurtherHash, Hash])[];
  readonly #sha256 = createHash('sha256');

  constructor(also: readonly FurtherHash[]) {
    this.#hashes = [...new Set(also)].map((name) => [name, createHash(name)] as const);
  }

  update(bytes: Uint8Array): void {
    this.#sha256.update(bytes);
    for (const [, hash] of this.#hashes) hash.update(bytes);
  }

  digest(): Digests {
    const digests: Digests = { sha256: this.#sha256.digest('hex') };
    for (const [name, hash] of this.#hashes) digests[name] = hash.digest('hex');
    return digests;
  }
}
