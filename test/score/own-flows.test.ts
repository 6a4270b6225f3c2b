import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ownFlowSource } from './own-flows.ts';

/** A classic pcap (LINKTYPE_RAW, little-endian) with one IPv4 UDP packet of 28 bytes. */
function onePacket(): Buffer {
  const packet = Buffer.from('4500001c0000000040110000c0000201c63364020035100000080000', 'hex');
  const header = Buffer.alloc(24 + 16);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(65_535, 16);
  header.writeUInt32LE(101, 20);
  header.writeUInt32LE(1_500_000_000, 24);
  header.writeUInt32LE(packet.length, 32);
  header.writeUInt32LE(packet.length, 36);
  return Buffer.concat([header, packet]);
}

describe('our flows of a file', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'enclave-score-test-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const flowsOf = ownFlowSource(folder);

  it('come from a fresh case each, which is removed', async () => {
    const file = path.join(folder, 'one.pcap');
    writeFileSync(file, onePacket());
    for (let round = 0; round < 2; round++) {
      expect(await flowsOf(file)).toMatchObject({
        flows: [
          { initiator: '198.51.100.2', responder: '192.0.2.1', packetsOut: 0, packetsIn: 1, protocol: 'unknown' },
        ],
      });
    }
    expect(readdirSync(folder).toSorted()).toEqual(['empty.enclave', 'one.pcap']);
  });

  it('or a reason why there are none', async () => {
    const file = path.join(folder, 'text.pcap');
    writeFileSync(file, 'no capture');
    expect(await flowsOf(file)).toEqual({ failure: 'text that is no flow export known to this version' });
    expect(await flowsOf(path.join(folder, 'absent.pcap'))).toMatchObject({
      failure: expect.stringContaining('no such file'),
    });
  });
});
