import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign as signBytes,
  verify as verifyBytes,
} from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import type { AuditEntry, SignatureFacts } from '../../shared/case-record.ts';
import type { VerifyResult } from '../../shared/jobs.ts';
import { EnclaveError } from '../../shared/problem.ts';

/**
 * Signatures over the head of the audit chain: Ed25519 (RFC 8032), keys that the examiner makes and keeps. What is signed is
 * the UTF-8 of the JSON array `["enclave-signature-1", case, seq, head, time]`, `case` being the hash of the first entry.
 */

const SIGNED_AS = 'enclave-signature-1';

/** SHA-256 of the public key (SubjectPublicKeyInfo, DER), hex: by this a key is known. */
function fingerprintOf(publicKey: KeyObject): string {
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex');
}

function message(facts: Omit<SignatureFacts, 'fingerprint'>): Buffer {
  return Buffer.from(JSON.stringify([SIGNED_AS, facts.case, facts.seq, facts.head, facts.time]), 'utf8');
}

/** Makes a key pair and writes its private half (PKCS #8, PEM, readable by its owner only) to a new file. */
export function makeKey(path: string): { fingerprint: string; publicKey: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  try {
    writeFileSync(path, privateKey.export({ type: 'pkcs8', format: 'pem' }), { flag: 'wx', mode: 0o600 });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new EnclaveError('not-writable', `the key cannot be written (${why})`, path, 'choose a new name');
  }
  return {
    fingerprint: fingerprintOf(publicKey),
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  };
}

/** Fingerprint and public half of the private key in a file. Throws when it holds no Ed25519 key. */
export function readKey(path: string): { key: KeyObject; fingerprint: string; publicKey: string } {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new EnclaveError('key-unreadable', `the key cannot be read (${why})`, path, 'name another file');
  }
  let key: KeyObject | null = null;
  try {
    key = createPrivateKey(text);
  } catch {
    // Told below, as what is no Ed25519 key is.
  }
  if (key?.asymmetricKeyType !== 'ed25519') {
    throw new EnclaveError(
      'key-wrong',
      'the file holds no private Ed25519 key (PKCS #8, PEM, without passphrase)',
      path,
      'make one with: enclave key new FILE',
    );
  }
  const publicKey = createPublicKey(key);
  return {
    key,
    fingerprint: fingerprintOf(publicKey),
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  };
}

/** What the audit entry `signature` holds. */
const Signature = z.object({
  algorithm: z.literal('Ed25519'),
  case: z.string(),
  seq: z.int(),
  head: z.string(),
  time: z.string(),
  /** SubjectPublicKeyInfo, DER, base64. */
  publicKey: z.string(),
  fingerprint: z.string(),
  /** Base64. */
  signature: z.string(),
});
export type Signature = z.infer<typeof Signature>;

/** Signs the last of these entries; the result is to become the detail of the next entry. */
export function signHead(entries: readonly AuditEntry[], keyFile: string, time: string): Signature {
  const [first] = entries;
  const last = entries.at(-1);
  if (first === undefined || last === undefined) {
    throw new EnclaveError('nothing-to-sign', 'the case has no audit entry', '', 'check the case: enclave verify CASE');
  }
  const { key, fingerprint } = readKey(keyFile);
  const facts = { case: first.hash, seq: last.seq, head: last.hash, time };
  return {
    algorithm: 'Ed25519',
    ...facts,
    publicKey: createPublicKey(key).export({ type: 'spki', format: 'der' }).toString('base64'),
    fingerprint,
    signature: signBytes(null, message(facts), key).toString('base64'),
  };
}

export type SignatureCheck =
  { holds: true; entry: number; facts: SignatureFacts } | { holds: false; entry: number; fault: string };

/** Checks every signature among the entries against the chain as it is. */
export function checkSignatures(entries: readonly AuditEntry[]): SignatureCheck[] {
  return entries.flatMap(({ seq: entry, action, detail, previous }): SignatureCheck[] => {
    if (action !== 'signature') return [];
    const fault = (text: string): SignatureCheck[] => [{ holds: false, entry, fault: text }];
    const read = Signature.safeParse(parsed(detail));
    if (!read.success) return fault('it cannot be read');
    const { publicKey, signature, algorithm: _, ...facts } = read.data;
    if (facts.head !== previous || facts.seq !== entry - 1) return fault('it is not about the entry before it');
    if (facts.case !== entries[0]?.hash) return fault('it is about another case');
    try {
      const key = createPublicKey({ key: Buffer.from(publicKey, 'base64'), type: 'spki', format: 'der' });
      if (fingerprintOf(key) !== facts.fingerprint) return fault('its key is not the one that it names');
      if (!verifyBytes(null, message(facts), key, Buffer.from(signature, 'base64'))) return fault('it does not hold');
    } catch {
      return fault('its key cannot be read');
    }
    return [{ holds: true, entry, facts }];
  });
}

/** What `verify` says of the signatures; nothing when there is none. */
export function signatureChecks(entries: readonly AuditEntry[]): VerifyResult['checks'] {
  const checks = checkSignatures(entries);
  const broken = checks.find((each) => !each.holds);
  if (broken !== undefined) {
    return [{ check: 'signatures', result: 'fails', detail: `that of entry ${broken.entry}: ${broken.fault}` }];
  }
  return checks.flatMap((each) => {
    if (!each.holds) return [];
    const { seq, head, time, fingerprint } = each.facts;
    const later = entries.length - each.entry;
    const rest =
      later === 0 ? 'nothing came after it' : `${later} later ${later === 1 ? 'entry is' : 'entries are'} not covered`;
    const detail = `entries 1 to ${seq}, head ${head}, signed ${time} by key ${fingerprint}; ${rest}`;
    return [{ check: `signature ${each.entry}`, result: 'holds' as const, detail }];
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
