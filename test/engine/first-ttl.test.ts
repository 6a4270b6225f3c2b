import { expect, it } from 'vitest';
import { PacketPath } from '../../electron/engine/packet-path.ts';
import { FlowTable } from '../../electron/flows/flow-table.ts';
import { SegmentBuilder } from '../../electron/flows/segment-builder.ts';
import { NOT_RECOGNISED, type PayloadInspector } from '../../shared/payload.ts';
import { ProblemCounter } from '../../shared/problem.ts';
import { bytes, ipv4, ipv6, u16, UDP_PACKET } from '../decode/frames.ts';

/** The packet with another TTL; turned round when it is the answer. */
function withTtl(packet: Buffer, ttl: number, isAnswer = false): Buffer {
  const copy = Buffer.from(packet);
  const isIpv4 = copy[0] === 0x45;
  copy[isIpv4 ? 8 : 7] = ttl;
  if (!isAnswer) return copy;
  const [at, length] = isIpv4 ? [12, 4] : [8, 16];
  const transport = isIpv4 ? 20 : 40;
  packet.copy(copy, at, at + length, at + 2 * length);
  packet.copy(copy, at + length, at, at + length);
  packet.copy(copy, transport, transport + 2, transport + 4);
  packet.copy(copy, transport + 2, transport, transport + 2);
  return copy;
}

/** TTLs of initiator and responder of the flows, the outer one first. */
function ttlsOf(...packets: Buffer[]): (number | undefined)[][] {
  const found: (number | undefined)[][] = [];
  const builder = new SegmentBuilder(({ rows, columns: { initiatorTtl, responderTtl, depth } }) => {
    for (let row = 0; row < rows; row++)
      found.push([depth?.[row] ?? 0, initiatorTtl?.[row] ?? 0, responderTtl?.[row] ?? 0]);
  });
  const inspector: PayloadInspector = { rules: [{ protocol: '', id: '' }], inspect: () => NOT_RECOGNISED };
  const path = new PacketPath(new FlowTable(builder, inspector), new ProblemCounter());
  packets.forEach((packet, i) => path.packet(packet, 0, packet.length, packet.length, 1e15 + i, 101, i + 1));
  path.endFile();
  path.end();
  builder.flush();
  return found.toSorted((one, other) => Number(one[0]) - Number(other[0])).map(([, ...ttls]) => ttls);
}

it('keeps the TTL of the first packet of each end, whoever was seen first', () => {
  for (const packet of [ipv4(UDP_PACKET), ipv6(UDP_PACKET, 17)]) {
    const there = withTtl(packet, 128);
    const back = withTtl(packet, 255, true);
    expect(ttlsOf(there, back, withTtl(packet, 64), withTtl(packet, 57, true))).toEqual([[128, 255]]);
    // The server's port tells who asked.
    expect(ttlsOf(back, there)).toEqual([[128, 255]]);
    expect(ttlsOf(there)).toEqual([[128, 0]]);
  }
});

it('keeps flags apart from it', () => {
  const syn = ipv4(bytes(u16(40_000), u16(443), '00000001 00000000 5002 ffff 0000 0000'), { transport: 6 });
  const answer = withTtl(syn, 200, true);
  answer[33] = 0x12;
  expect(ttlsOf(withTtl(syn, 255), answer)).toEqual([[255, 200]]);
});

it('is of the inner packet inside a tunnel', () => {
  const inside = withTtl(ipv4(UDP_PACKET), 31);
  expect(ttlsOf(withTtl(ipv4(bytes('0000 0800', inside), { transport: 47 }), 61))).toEqual([
    [61, 0],
    [31, 0],
  ]);
});
