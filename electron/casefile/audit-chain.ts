import { createHash } from 'node:crypto';
import type { AuditEntry } from './case-reader.ts';

/** The audit chain: each entry holds the hash of the one before, so that no entry can be changed or taken out unseen. */

/** `previous` of the first entry. */
export const CHAIN_START = '0'.repeat(64);

/** SHA-256 over the entry's fields as a JSON array: [seq, time, action, actor, detail, previous]. */
export function auditHash(entry: Omit<AuditEntry, 'hash'>): string {
  const { seq, time, action, actor, detail, previous } = entry;
  return createHash('sha256')
    .update(JSON.stringify([seq, time, action, actor, detail, previous]))
    .digest('hex');
}

/** Sequence number of the first entry that does not fit the chain; null when all do. */
export function firstBrokenEntry(entries: readonly AuditEntry[]): number | null {
  let previous = CHAIN_START;
  let seq = 1;
  for (const entry of entries) {
    if (entry.seq !== seq || entry.previous !== previous || auditHash(entry) !== entry.hash) return entry.seq;
    previous = entry.hash;
    seq++;
  }
  return null;
}
