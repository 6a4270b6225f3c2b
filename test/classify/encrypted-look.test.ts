import { createCipheriv } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { ENCRYPTED_UNCLASSIFIED } from '../../electron/classify/payload/circumvention.ts';
import { PayloadRecogniser } from '../../electron/classify/payload/recogniser.ts';
import { TCP, UDP } from '../../shared/flow.ts';
import { labelDetail } from '../../shared/label-detail.ts';
import { NOT_RECOGNISED, Payload } from '../../shared/payload.ts';

const noise = createCipheriv('aes-128-ctr', Buffer.alloc(16, 9), Buffer.alloc(16)).update(Buffer.alloc(8192));
const recogniser = new PayloadRecogniser(() => undefined);

/** A flow's payload on the recogniser's table; `rule` and `looks` go on from the one before. */
function show(payload: Payload, bytes: Uint8Array, fromInitiator: boolean, transport: number): number {
  Object.assign(payload, { bytes, start: 0, end: bytes.length, fromInitiator, transport });
  Object.assign(
    payload,
    fromInitiator ? { sourcePort: 40_000, destinationPort: 8388 } : { sourcePort: 8388, destinationPort: 40_000 },
  );
  const result = recogniser.inspect(payload);
  payload.looks++;
  return result;
}
const idOf = (payload: Payload): string | undefined => recogniser.rules[payload.rule]?.id;

describe('a first payload that is random throughout', () => {
  it.each([TCP, UDP])('is kept as a look, not as a protocol (transport %d)', (transport) => {
    const payload = new Payload();
    expect(show(payload, noise.subarray(100, 420), true, transport)).toBe(NOT_RECOGNISED);
    expect(idOf(payload)).toBe('encrypted-unclassified');
    expect(recogniser.rules[payload.rule]?.protocol).toBe('');
    expect(show(payload, noise.subarray(900, 1200), false, transport)).toBe(NOT_RECOGNISED);
    expect(idOf(payload)).toBe('encrypted-unclassified');
  });

  it('is not one byte again and again, nor a short pattern, though their bits are as many', () => {
    const counting = Buffer.from(Array.from({ length: 300 }, (_, at) => 0x80 + (at % 24)));
    for (const bytes of [Buffer.alloc(190, 0xaa), Buffer.alloc(300, noise.subarray(0, 16)), counting]) {
      const payload = new Payload();
      show(payload, bytes, true, UDP);
      expect(payload.rule).toBe(0);
    }
    for (let at = 0; at < 4096; at += 64) {
      const payload = new Payload();
      show(payload, noise.subarray(at, at + 64), true, UDP);
      // Of 64 random bytes some begin as text or have too few bits; none fails for want of variety.
      expect(new Set(noise.subarray(at, at + 64)).size).toBeGreaterThan(0.6 * 256 * (1 - Math.exp(-64 / 256)));
    }
  });

  it('gives way to a rule that recognises what follows', () => {
    const payload = new Payload();
    show(payload, noise.subarray(100, 420), true, TCP);
    expect(show(payload, Buffer.from('SSH-2.0-OpenSSH_9.6\r\n'), false, TCP)).not.toBe(NOT_RECOGNISED);
    expect(recogniser.rules[payload.rule]?.protocol).toBe('ssh');
  });

  it('is the client’s first one: neither an answer, nor what comes later, nor text', () => {
    const answer = new Payload();
    show(answer, noise.subarray(100, 420), false, TCP);
    expect(answer.rule).toBe(0);
    const later = new Payload();
    show(later, Buffer.from('GREETINGS to whom it may concern\r\n'), true, TCP);
    show(later, noise.subarray(100, 420), true, TCP);
    expect(later.rule).toBe(0);
  });

  it('is told in the detail of a flow without a label', () => {
    const basis = {
      labelEvidence: 'none',
      hostname: null,
      nameOrigin: 'none',
      match: null,
      payloadRule: ENCRYPTED_UNCLASSIFIED.id,
      protocol: 'unknown',
      service: null,
      category: 'unknown',
      transport: 'tcp',
      responderPort: 8388,
      seenIn: null,
      tables: null,
    } as const;
    expect(labelDetail(basis)).toMatch(/^encrypted, unclassified: .*Wu 2023.*; port hint 8388 \(tcp\)$/);
    expect(labelDetail({ ...basis, payloadRule: null })).toBe('no rule matched; port hint 8388 (tcp)');
  });
});
