import { describe, expect, it } from 'vitest';
import { decodeEvidence } from '../../electron/engine/decode-evidence.ts';
import { outcomeOf } from '../../electron/engine/import-evidence.ts';
import { DEFAULT_TIMEOUTS } from '../../electron/flows/flow-table.ts';
import { withFile } from '../capture/evidence-reading.ts';
import { conversations, pcap } from '../fixtures/captures.ts';

const output = { segment: () => undefined, names: () => undefined, progress: () => undefined };

function outcome(bytes: Uint8Array): Promise<ReturnType<typeof outcomeOf>> {
  return withFile(bytes, async (path) => outcomeOf(await decodeEvidence(path, DEFAULT_TIMEOUTS, output)));
}

const HEADER = 24;
const whole = pcap(conversations(3));

describe('what becomes of a file', () => {
  it('rejected with the reason when it is damaged and nothing could be read', async () => {
    const garbage = Buffer.concat([whole.subarray(0, HEADER), Buffer.alloc(200, 0xff)]);
    expect(await outcome(garbage)).toEqual({ status: 'rejected', why: expect.stringMatching(/record/) as string });
    expect(await outcome(whole.subarray(0, HEADER + 10))).toMatchObject({ status: 'rejected' });
    const log = Buffer.from('#separator \\x09\n#path\tconn\n#fields\tts\tuid\nonly one column\n');
    expect(await outcome(log)).toEqual({ status: 'rejected', why: expect.stringMatching(/column/) as string });
  });

  it('partial when one packet could be read', async () => {
    const damaged = Buffer.concat([whole.subarray(0, whole.length), Buffer.alloc(200, 0xff)]);
    expect(await outcome(damaged)).toEqual({ status: 'partial', why: null });
  });

  it('imported when it is sound, and when it is sound and empty', async () => {
    expect(await outcome(whole)).toEqual({ status: 'imported', why: null });
    expect(await outcome(whole.subarray(0, HEADER))).toEqual({ status: 'imported', why: null });
  });

  it('rejected when it is empty, unknown, or has a link of which nothing is decoded', async () => {
    expect(await outcome(new Uint8Array(0))).toEqual({ status: 'rejected', why: 'the file is empty' });
    expect(await outcome(Buffer.from('no evidence'))).toMatchObject({ status: 'rejected' });
    const sniffer = Buffer.from('TRSNIFF data    \u001a\u0001\u0000');
    expect(await outcome(sniffer)).toEqual({
      status: 'rejected',
      why: expect.stringMatching(/DOS Sniffer, which this version does not read: editcap/) as string,
    });
    const printed = Buffer.from('19:59:32.595590 IP 192.0.2.1.4000 > 198.51.100.2.80: Flags [S], length 0\n');
    expect(await outcome(printed)).toEqual({
      status: 'rejected',
      why: "tcpdump's printed packets, not the capture itself: import the capture",
    });
    const can = Buffer.from(whole);
    can.writeUInt32LE(227, 20);
    expect(await outcome(can)).toEqual({ status: 'rejected', why: 'packets of CAN_SOCKETCAN are not decoded' });
  });
});
