import { describe, expect, it } from 'vitest';
import { PacketPath } from '../../electron/engine/packet-path.ts';
import { FlowTable } from '../../electron/flows/flow-table.ts';
import { type FilledSegment, SegmentBuilder } from '../../electron/flows/segment-builder.ts';
import { allocateColumn, FACT_COLUMNS, type FactColumn } from '../../shared/flow.ts';
import { NOT_RECOGNISED, type PayloadInspector } from '../../shared/payload.ts';
import { ProblemCounter } from '../../shared/problem.ts';
import { aggregate, bytes, ETHERNET, ipv4, subframe, u16, UDP_PACKET } from '../decode/frames.ts';

/** Packets with their link type, through the whole path; payloads as the inspector saw them. */
function run(frames: readonly Buffer[], linkType = 101) {
  const flows: { depth: number; tunnel: number; locator: number; transport: number; bytes: number; packets: number }[] =
    [];
  const builder = new SegmentBuilder((segment: FilledSegment) => {
    const column = (name: FactColumn) => segment.columns[name] ?? allocateColumn(FACT_COLUMNS[name], segment.rows);
    const value = (name: FactColumn, row: number): number => column(name)[row] ?? 0;
    for (let row = 0; row < segment.rows; row++) {
      flows.push({
        depth: value('depth', row),
        tunnel: value('tunnel', row),
        locator: value('locator', row),
        transport: value('transport', row),
        bytes: value('bytesOut', row) + value('bytesIn', row),
        packets: value('packetsOut', row) + value('packetsIn', row),
      });
    }
  });
  const payloads: string[] = [];
  const inspector: PayloadInspector = {
    rules: [{ protocol: '', id: '' }],
    inspect: (payload) => {
      if (payload.transport === 17)
        payloads.push(Buffer.from(payload.bytes.subarray(payload.start, payload.end)).toString());
      return NOT_RECOGNISED;
    },
  };
  const problems = new ProblemCounter();
  const path = new PacketPath(new FlowTable(builder, inspector), problems);
  frames.forEach((frame, i) => path.packet(frame, 0, frame.length, frame.length, 1e15 + i, linkType, i + 1));
  const { packets } = path;
  path.endFile();
  path.end();
  builder.flush();
  const told = problems.list().map(({ kind, count, firstOffset }) => [kind, count, firstOffset]);
  return { flows: flows.toSorted((x, y) => x.locator - y.locator || x.depth - y.depth), payloads, told, packets };
}

const inGre = (packet: Buffer): Buffer => ipv4(bytes('0000 0800', packet), { transport: 47 });

describe('packets in packets', () => {
  it('make a flow each, linked outwards; the payload is seen inside', () => {
    const packet = inGre(inGre(ipv4(UDP_PACKET)));
    const { flows, payloads, told, packets } = run([packet, packet]);
    expect(flows).toEqual([
      { depth: 0, tunnel: 0, locator: 1, transport: 47, bytes: 160, packets: 2 },
      { depth: 1, tunnel: 1, locator: 1, transport: 47, bytes: 112, packets: 2 },
      { depth: 2, tunnel: 1, locator: 1, transport: 17, bytes: 64, packets: 2 },
    ]);
    expect([payloads, told, packets]).toEqual([['abcd', 'abcd'], [], 2]);
  });

  it('deeper than four stay in the innermost flow that was read, and are told', () => {
    let packet = ipv4(UDP_PACKET);
    for (let depth = 0; depth < 1000; depth++) packet = inGre(packet);
    const { flows, told } = run([ipv4(UDP_PACKET), packet]);
    expect(flows.map(({ depth }) => depth)).toEqual([0, 0, 1, 2, 3, 4]);
    expect(told).toEqual([['tunnel-too-deep', 1, 2]]);
  });

  it('are seen in a datagram put together from fragments, which count as they came', () => {
    const whole = bytes(
      '0000 0800',
      ipv4(bytes('3039 0035 0028 0000', Buffer.from('fragments of a packet in a tunnel'.slice(0, 32)))),
    );
    const piece = (from: number, to: number): Buffer =>
      ipv4(whole.subarray(from, to), { transport: 47, fragment: from / 8 + (to < whole.length ? 0x2000 : 0) });
    const { flows, payloads, told } = run([piece(32, 64), piece(0, 32)]);
    expect(flows).toEqual([
      { depth: 0, tunnel: 0, locator: 1, transport: 47, bytes: 104, packets: 2 },
      { depth: 1, tunnel: 1, locator: 2, transport: 17, bytes: 60, packets: 1 },
    ]);
    expect([payloads, told]).toEqual([['fragments of a packet in a tunne'], []]);
  });

  it('that are damaged or cut short cost the inner flow only', () => {
    const lying = inGre(ipv4(UDP_PACKET, { total: 500 }));
    const { flows, told } = run([lying]);
    expect(flows.map(({ depth, packets }) => [depth, packets])).toEqual([[0, 1]]);
    expect(told).toEqual([['tunnel-malformed', 1, 1]]);
  });
});

describe('what makes no flow', () => {
  it('is told by kind, the link by its name', () => {
    expect(run([Buffer.alloc(60)], 227).told).toEqual([['link-type-unknown', 1, 0]]);
    const arp = bytes(ETHERNET, '0806', Buffer.alloc(28));
    expect(run([arp, arp], 1).told).toEqual([['no-ip', 2, 0]]);
    expect(run([arp, bytes(ETHERNET, '0800', ipv4(UDP_PACKET))], 1).told).toEqual([]);
    const wireless = bytes('0841 0000', '020000000001'.repeat(3), '1000', Buffer.alloc(40));
    expect(run([wireless], 105).told).toEqual([['encrypted-frame', 1, 1]]);
    expect(run([aggregate(arpSubframe, arpSubframe)], 105).told).toEqual([['no-ip', 1, 0]]);
  });
});

const arpSubframe = subframe(Buffer.alloc(28), '0806');
const udpTo = (port: number): Buffer => ipv4(bytes('3039', u16(port), '000c 0000 61626364'));

describe('packets of a wireless aggregate', () => {
  it('count for their flows; each flow that begins in one frame has an id of its own', () => {
    const frame = aggregate(subframe(udpTo(53)), arpSubframe, subframe(udpTo(54)), subframe(udpTo(53)));
    const { flows, payloads, told, packets } = run([frame, aggregate(subframe(udpTo(54)))], 105);
    expect(flows).toEqual([
      { depth: 0, tunnel: 0, locator: 1, transport: 17, bytes: 64, packets: 2 },
      { depth: 0, tunnel: 0, locator: 1.9002, transport: 17, bytes: 64, packets: 2 },
    ]);
    expect([payloads.length, told, packets]).toEqual([4, [], 2]);
  });

  it('may be tunnels, in which packets are aggregated again', () => {
    const inner = aggregate(subframe(udpTo(53)), subframe(udpTo(54)));
    const capwap = (port: number): Buffer => {
      const datagram = bytes('0010 0300 00000000', inner);
      return ipv4(bytes(u16(port), '147f', u16(datagram.length + 8), '0000', datagram));
    };
    const { flows, told } = run([aggregate(subframe(capwap(5000)), subframe(capwap(5001)))], 105);
    // The second inner aggregate counts for the flows that began in the first: an inner flow is the same in either tunnel.
    expect(flows.map(({ depth, locator, tunnel, packets }) => [depth, locator, tunnel, packets])).toEqual([
      [0, 1, 0, 1],
      [1, 1, 1, 2],
      [1, 1.9001, 1, 2],
      [0, 1.9003, 0, 1],
    ]);
    expect(told).toEqual([]);
  });

  it('that come in thousands are read as far as there are numbers for them; damage costs the rest of the frame', () => {
    const many = aggregate(...Array.from({ length: 1005 }, () => subframe(udpTo(53))));
    expect(run([many], 105).told).toEqual([['aggregate-rest', 1, 1]]);
    expect(run([many], 105).flows.map(({ packets }) => packets)).toEqual([1000]);
    const lying = aggregate(subframe(udpTo(53)), bytes('020000000001 020000000002 ffff', udpTo(54)));
    const { flows, told } = run([lying, lying], 105);
    expect([flows.map(({ packets }) => packets), told]).toEqual([[2], [['header-malformed', 2, 1]]]);
  });
});
