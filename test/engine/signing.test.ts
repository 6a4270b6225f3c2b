import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { auditHash, CHAIN_START } from '../../electron/casefile/audit-chain.ts';
import {
  checkSignatures,
  makeKey,
  readKey,
  type Signature,
  signatureChecks,
  signHead,
} from '../../electron/engine/signing.ts';
import type { AuditEntry } from '../../shared/case-record.ts';

const folder = mkdtempSync(join(tmpdir(), 'enclave-signing-'));
afterAll(() => rmSync(folder, { recursive: true }));

const TIME = '2026-11-22T12:00:00.000Z';
const keyFile = join(folder, 'examiner.pem');
const { fingerprint } = makeKey(keyFile);

/** A sound chain of these actions and details. */
function chain(...told: readonly (readonly [action: string, detail: object])[]): AuditEntry[] {
  let previous = CHAIN_START;
  return told.map(([action, detail], i) => {
    const entry = { seq: i + 1, time: TIME, action, actor: 'E', detail: JSON.stringify(detail), previous };
    const hash = auditHash(entry);
    previous = hash;
    return { ...entry, hash };
  });
}

const begun = [
  ['new', {}],
  ['note', { text: 'x' }],
] as const;
const signature = signHead(chain(...begun), keyFile, TIME);
const signed = (changed: Partial<Signature> = {}): AuditEntry[] =>
  chain(...begun, ['signature', { ...signature, ...changed }]);

describe('keys', () => {
  it('are readable by their owner only, known by the fingerprint, and never written over', () => {
    expect(statSync(keyFile).mode & 0o777).toBe(0o600);
    expect(readFileSync(keyFile, 'utf8')).toMatch(/^-----BEGIN PRIVATE KEY-----/);
    expect(readKey(keyFile).fingerprint).toBe(fingerprint);
    expect(() => makeKey(keyFile)).toThrow(/cannot be written/);
  });

  it('of another kind, and what is no key, are refused in one line', () => {
    const other = join(folder, 'other.pem');
    const { privateKey, publicKey } = generateKeyPairSync('x25519');
    for (const text of [
      privateKey.export({ type: 'pkcs8', format: 'pem' }),
      publicKey.export({ type: 'spki', format: 'pem' }),
      'x',
    ]) {
      writeFileSync(other, text);
      expect(() => readKey(other)).toThrow(/no private Ed25519 key/);
    }
    expect(() => readKey(join(folder, 'none.pem'))).toThrow(/cannot be read/);
  });
});

describe('signatures', () => {
  it('hold over the chain that they were made of, by the key that they name', () => {
    const facts = { case: signed()[0]?.hash, seq: 2, head: signed()[1]?.hash, time: TIME, fingerprint };
    expect(checkSignatures(signed())).toEqual([{ holds: true, entry: 3, facts }]);
    expect(signatureChecks(signed())).toEqual([
      { check: 'signature 3', result: 'holds', detail: expect.stringContaining(fingerprint) as string },
    ]);
    expect(signatureChecks(chain(...begun))).toEqual([]);
  });

  it('fail when what they cover was changed, though the chain was made anew', () => {
    const forged = chain(['new', {}], ['note', { text: 'y' }], ['signature', signature]);
    expect(checkSignatures(forged)).toEqual([{ holds: false, entry: 3, fault: 'it is not about the entry before it' }]);
    const told = chain(['new', {}], ['note', { text: 'y' }], ['signature', { ...signature, head: forged[1]?.hash }]);
    expect(checkSignatures(told)).toEqual([{ holds: false, entry: 3, fault: 'it does not hold' }]);
  });

  it.each([
    ['time', { time: '2026-11-22T12:00:01.000Z' }, 'it does not hold'],
    ['signature', { signature: signature.signature.replace(/^./, (c) => (c === 'A' ? 'B' : 'A')) }, 'it does not hold'],
    ['fingerprint', { fingerprint: 'ab'.repeat(32) }, 'its key is not the one that it names'],
    ['key', { publicKey: 'AAAA' }, 'its key cannot be read'],
    ['case', { case: 'ab'.repeat(32) }, 'it is about another case'],
    ['place', { seq: 1 }, 'it is not about the entry before it'],
  ])('fail when their %s was changed', (_what, changed, fault) => {
    expect(checkSignatures(signed(changed))).toEqual([{ holds: false, entry: 3, fault }]);
    expect(signatureChecks(signed(changed))[0]?.result).toBe('fails');
  });

  it('that cannot be read are told, not thrown', () => {
    const broken = chain(['new', {}]).concat({
      seq: 2,
      time: TIME,
      action: 'signature',
      actor: 'E',
      detail: 'x',
      previous: '',
      hash: '',
    });
    expect(checkSignatures(broken)).toEqual([{ holds: false, entry: 2, fault: 'it cannot be read' }]);
  });
});
