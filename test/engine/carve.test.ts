import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PacketRecord, PacketSink } from '../../electron/capture/packet-sink.ts';
import { PcapReader } from '../../electron/capture/pcap.ts';
import { PcapngReader } from '../../electron/capture/pcapng.ts';
import { emptyRecord } from '../../electron/engine/carve.ts';
import { Engine } from '../../electron/engine/engine.ts';
import { readProfile } from '../../electron/cli/profile-file.ts';
import type { FlowRecord } from '../../shared/flow.ts';
import type { CarveResult, Custody } from '../../shared/jobs.ts';
import { EnclaveError } from '../../shared/problem.ts';
import { Bytes, block, writePcap, writePcapng, type WrittenPacket } from '../capture/capture-writer.ts';
import { flowLines } from '../cli/case-state.ts';
import { CORPUS, corpusFiles, corpusIsThere } from '../corpus.ts';
import { aggregate, bytes, ipv4, subframe, u16, UDP_PACKET } from '../decode/frames.ts';
import { conversations, FIRST_TIME, type Packet, pcap, pcapng } from '../fixtures/captures.ts';

/** What is carved is what the capture has: imported again it gives the flows that were asked for. */

const ROOT = mkdtempSync(join(tmpdir(), 'enclave-carve-'));
const engine = new Engine();
afterAll(async () => {
  await engine.close();
  rmSync(ROOT, { recursive: true });
});

let number = 0;
function newPath(ending: string): string {
  return join(ROOT, `${++number}${ending}`);
}

async function caseOf(paths: readonly string[], custody: Custody = {}): Promise<{ path: string; flows: FlowRecord[] }> {
  const path = newPath('.enclave');
  await engine.run('new', {
    case: path,
    profile: readProfile('default'),
    title: 'carving',
    examiner: '',
    authority: '',
  });
  await engine.run('import', { case: path, paths: [...paths], custody });
  return { path, flows: await flowsOf(path) };
}

async function flowsOf(casePath: string): Promise<FlowRecord[]> {
  return (await flowLines(engine, casePath)).map((line) => JSON.parse(line) as FlowRecord);
}

function evidenceFile(content: Uint8Array, name = 'evidence.cap'): string {
  const folder = newPath('');
  mkdirSync(folder);
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}

function carve(
  casePath: string,
  where: string,
  out = newPath('.pcapng'),
  evidenceDirectory: string | null = null,
): Promise<CarveResult> {
  return engine.run('carve', { case: casePath, where, out, evidenceDirectory });
}

/** What a flow is, whichever way round it is told, but its place. */
function substance(flow: FlowRecord): string {
  const { initiator, initiatorPort, responder, responderPort, transport, start, end } = flow;
  const ends = [`${initiator} ${initiatorPort}`, `${responder} ${responderPort}`].toSorted();
  const depth = flow.id.split(':')[2];
  return JSON.stringify([
    ends,
    transport,
    depth,
    start,
    end,
    flow.packetsOut + flow.packetsIn,
    flow.bytesOut + flow.bytesIn,
  ]);
}

const substances = (flows: readonly FlowRecord[]): string[] => flows.map(substance).toSorted();

interface Read {
  record: PacketRecord;
  linkType: number;
  time: number;
  data: string;
}

/** Packets of a capture with their records, as our reader has them. */
function packetsOf(path: string): Read[] {
  const file = readFileSync(path);
  const read: Read[] = [];
  const sink: PacketSink = {
    packet(from, start, _end, _original, time, linkType) {
      const record = emptyRecord();
      reader.record(from, start, record);
      const data = Buffer.from(from.subarray(start, start + record.captured)).toString('hex');
      read.push({ record, linkType, time, data });
    },
    problem(kind) {
      throw new Error(kind);
    },
  };
  const reader = file.readUInt32BE(0) === 0x0a0d0d0a ? new PcapngReader(sink) : new PcapReader(sink);
  reader.consume(file, file.length, 0, true);
  return read;
}

async function refusal(doing: Promise<unknown>): Promise<EnclaveError> {
  const error: unknown = await doing.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof EnclaveError)) throw new Error('it was not refused');
  return error;
}

const PACKETS = conversations(40).toSorted((a, b) => a.time - b.time);

describe('carving', () => {
  it.each(['.pcap', '.pcapng'])(
    'writes one flow of a capture to a %s: its packets, no others, in their order',
    async (ending) => {
      const original = evidenceFile(pcap(PACKETS));
      const { path, flows } = await caseOf([original]);
      const flow = flows.find(({ initiator }) => initiator === '175.45.176.7');
      expect(flow?.packetsOut).toBe(3);
      const out = newPath(ending);
      const told = await carve(path, 'initiator = 175.45.176.7', out);
      expect(told).toMatchObject({ packets: 6, flows: 1, carved: 1, withoutPackets: 0, otherwise: 0, refused: [] });
      expect(told.sha256).toBe(createHash('sha256').update(readFileSync(out)).digest('hex'));
      expect(told.bytes).toBe(readFileSync(out).length);
      const ofFlow = PACKETS.filter(({ frame }) => frame.includes(Buffer.from([175, 45, 176, 7])));
      expect(packetsOf(out).map(({ data, time }) => [data, time])).toEqual(
        ofFlow.map(({ frame, time }) => [frame.toString('hex'), time]),
      );
      expect(substances((await caseOf([out])).flows)).toEqual(flow === undefined ? [] : [substance(flow)]);
      expect(readdirSync(ROOT).filter((name) => name.includes('carving-'))).toEqual([]);
    },
  );

  it('with an empty filter gives a pcap back byte for byte', async () => {
    const original = evidenceFile(pcap(PACKETS));
    const { path } = await caseOf([original]);
    const out = newPath('.pcap');
    await carve(path, '', out);
    expect(readFileSync(out).equals(readFileSync(original))).toBe(true);
  });

  it('tells in comments of a pcapng where each packet comes from', async () => {
    const original = evidenceFile(gzipSync(pcap(PACKETS)), 'night\u202e.pcap.gz');
    const { path, flows } = await caseOf([original], { clockOffset: 2.5, clockReason: 'compared with NTP' });
    const out = newPath('.pcapng');
    const told = await carve(path, 'initiator = 175.45.176.7', out);
    const text = readFileSync(out).toString('utf8');
    const sha256 = createHash('sha256').update(readFileSync(original)).digest('hex');
    expect(text).toContain(`SHA-256 ${sha256}`);
    expect(text).toContain('initiator = 175.45.176.7');
    expect(text).toContain('The case adds 2.5 s to the times of this evidence (compared with NTP)');
    const [first] = flows.filter(({ initiator }) => initiator === '175.45.176.7');
    expect(text).toContain(`packet ${first.locator} of evidence ${first.evidence} (night\\u202e.pcap.gz)`);
    expect(text).not.toContain('\u202e');
    // The time stays that of the record, not of the case.
    expect(packetsOf(out)[0].time).toBe(Date.parse(first.start) * 1000 - 2.5e6);
    expect(told.evidence).toEqual([{ id: first.evidence, path: original, packets: 6 }]);
  });

  it('keeps nanoseconds, resolutions, offsets, lengths and link types', async () => {
    const time = 1_494_201_600_123_456_789n;
    const raw = ipv4(UDP_PACKET);
    const framed = Buffer.concat([
      Buffer.from('02000000000202000000000108000000', 'hex').subarray(0, 12),
      Buffer.from([8, 0]),
      raw,
    ]);
    const packet = (data: Uint8Array, at: bigint, more = 0): WrittenPacket => ({
      data,
      original: data.length + more,
      time: at,
    });
    const original = evidenceFile(
      writePcapng([
        {
          bigEndian: true,
          interfaces: [
            { linkType: 1, resolution: 9 },
            { linkType: 101, resolution: 0x80 | 20, offset: 1000 },
            { linkType: 101 },
          ],
          packets: [
            { ...packet(framed, time), interface: 0 },
            { ...packet(raw, time + 1_000_000n, 7), interface: 1 },
            { ...packet(raw, time + 2_000_000n), interface: 2 },
          ],
        },
      ]),
    );
    const { path, flows } = await caseOf([original]);
    expect(flows.map(({ packetsOut }) => packetsOut)).toEqual([3]);
    const out = newPath('.pcapng');
    await carve(path, '', out);
    expect(packetsOf(out)).toEqual(packetsOf(original));
    const needsPcapng = await refusal(carve(path, '', newPath('.pcap')));
    expect([needsPcapng.code, needsPcapng.remedy, needsPcapng.exitCode]).toEqual([
      'needs-pcapng',
      'name the file .pcapng',
      1,
    ]);

    const nanoseconds = evidenceFile(
      writePcap([packet(framed, time), packet(framed, time + 5n)], { bigEndian: true, nanoseconds: true, linkType: 1 }),
    );
    const fine = newPath('.pcap');
    await carve((await caseOf([nanoseconds])).path, '', fine);
    expect(packetsOf(fine)).toEqual(packetsOf(nanoseconds));
    expect(packetsOf(fine).map(({ record }) => record.resolution)).toEqual([9, 9]);
  });

  it('keeps frame check sequences, in both formats', async () => {
    const frame = Buffer.concat([PACKETS[0].frame, Buffer.from('deadbeef', 'hex')]);
    const file = pcap([{ time: FIRST_TIME, frame }]);
    file.writeUInt32LE((1 | 0x04000000 | (2 << 28)) >>> 0, 20);
    const original = evidenceFile(file);
    const { path, flows } = await caseOf([original]);
    for (const ending of ['.pcap', '.pcapng']) {
      const out = newPath(ending);
      await carve(path, '', out);
      const [{ record, data }] = packetsOf(out);
      expect([record.fcsBytes, data]).toEqual([4, frame.toString('hex')]);
      expect(substances((await caseOf([out])).flows)).toEqual(substances(flows));
    }
  });

  it('takes all fragments, also of the datagram around a tunnelled flow, and each packet once', async () => {
    const whole = bytes(
      '0000 0800',
      ipv4(bytes('3039 0035 0028 0000', Buffer.from('fragments of a packet in a tunnel'.slice(0, 32)))),
    );
    const piece = (from: number, to: number): Buffer =>
      ipv4(whole.subarray(from, to), { transport: 47, fragment: from / 8 + (to < whole.length ? 0x2000 : 0) });
    const frames = [ipv4(UDP_PACKET), piece(32, 64), ipv4(UDP_PACKET), piece(0, 32)];
    const original = evidenceFile(
      pcap(
        frames.map((frame, i) => ({ time: FIRST_TIME + i, frame })),
        101,
      ),
    );
    const { path, flows } = await caseOf([original]);
    const inner = flows.find(({ id }) => id.endsWith(':1'));
    const outer = flows.find(({ transport }) => transport === 'gre');
    expect([inner?.packetsOut, outer?.packetsOut]).toEqual([1, 2]);
    for (const where of [`id = "${inner?.id}"`, `id = "${outer?.id}"`, `id in ("${inner?.id}", "${outer?.id}")`]) {
      const out = newPath('.pcap');
      expect((await carve(path, where, out)).packets).toBe(2);
      expect(packetsOf(out).map(({ data }) => data)).toEqual(
        [frames[1], frames[3]].map((frame) => frame.toString('hex')),
      );
      const again = (await caseOf([out])).flows;
      expect(substances(again)).toEqual(substances(flows.filter(({ id }) => id === inner?.id || id === outer?.id)));
    }
  });

  it('tells flows of one five-tuple apart that a timeout divided', async () => {
    const [first] = PACKETS;
    const times = [0, 100, 400e6, 400e6 + 50, 900e6];
    const original = evidenceFile(pcap(times.map((after) => ({ time: FIRST_TIME + after, frame: first.frame }))));
    const { path, flows } = await caseOf([original]);
    expect(flows.map(({ packetsOut }) => packetsOut).toSorted()).toEqual([1, 2, 2]);
    for (const flow of flows) {
      const out = newPath('.pcap');
      await carve(path, `id = "${flow.id}"`, out);
      expect(substances((await caseOf([out])).flows)).toEqual([substance(flow)]);
    }
  });

  it('follows a flow through the pieces of a capture, and reads only those that it needs', async () => {
    const folder = newPath('');
    mkdirSync(folder);
    // The first conversation's six packets lie in three pieces; a fourth has none of them.
    const cuts = [0, 2, 4, 60, PACKETS.length];
    const paths = cuts.slice(1).map((to, i) => {
      const path = join(folder, `part-${i}.pcap`);
      writeFileSync(path, pcap(PACKETS.slice(cuts[i], to)));
      return path;
    });
    const { path, flows } = await caseOf([folder]);
    const flow = flows.find(({ initiator }) => initiator === '175.45.176.0');
    if (flow === undefined) throw new Error('the flow is missing');
    expect(flow.packetsOut + flow.packetsIn).toBe(6);
    rmSync(paths[3]);
    const out = newPath('.pcapng');
    const told = await carve(path, `id = "${flow.id}"`, out);
    expect(told).toMatchObject({ packets: 6, otherwise: 0, refused: [] });
    expect(told.evidence.map((each) => each.packets)).toEqual([2, 2, 2]);
    expect(substances((await caseOf([out])).flows)).toEqual([substance(flow)]);
    const shown = await engine.run('flowPackets', { case: path, flow: flow.id, limit: 500, evidenceDirectory: null });
    expect(shown.packets.map(({ bytes: hex }) => hex)).toEqual(packetsOf(out).map(({ data }) => data));
    // All flows, with a piece gone: the rest is carved and the loss told.
    const rest = await carve(path, '');
    expect(rest.refused.map((each) => [each.path, each.why])).toEqual([
      [paths[3], 'not found; name its folder with --evidence'],
    ]);
    expect(rest.packets).toBe(60);
    expect(rest.flows).toBe(rest.carved + rest.unread);
  });

  it('reads archives with several members, and says which flows have no packets', async () => {
    const zeek = [
      '{"_path":"conn","ts":1494201600.0,"uid":"C1","id.orig_h":"175.45.178.9","id.orig_p":40000,"id.resp_h":"93.184.216.34","id.resp_p":443,"proto":"tcp","duration":1.0,"orig_bytes":100,"resp_bytes":200,"conn_state":"SF","orig_pkts":5,"orig_ip_bytes":300,"resp_pkts":4,"resp_ip_bytes":400}',
    ].join('\n');
    const members = {
      'a.pcap': pcap(PACKETS.slice(0, 12)),
      'conn.log': Buffer.from(`${zeek}\n`),
      'b.pcap': pcapng(conversations(3, 100)),
    };
    const original = evidenceFile(gzipSync(tarOf(members)), 'evidence.tar.gz');
    const { path, flows } = await caseOf([original]);
    const ofCaptures = flows.filter(({ initiator }) => initiator !== '175.45.178.9');
    expect(flows.length).toBe(ofCaptures.length + 1);
    const out = newPath('.pcapng');
    const told = await carve(path, '', out);
    expect(told).toMatchObject({ packets: 12 + 18, carved: ofCaptures.length, withoutPackets: 1, otherwise: 0 });
    expect(substances((await caseOf([out])).flows)).toEqual(substances(ofCaptures));
    const log = await refusal(carve(path, 'initiator = 175.45.178.9'));
    expect([log.code, log.exitCode]).toEqual(['no-packets', 2]);
    expect(log.message).toMatch(/all 1 matching flows come from flow exports/);
  });

  it('finds originals that were moved and renamed by size and hash', async () => {
    const original = evidenceFile(pcap(PACKETS));
    const twin = pcap(PACKETS);
    twin[60] ^= 1;
    const { path } = await caseOf([original]);
    const folder = newPath('');
    mkdirSync(join(folder, 'deep/er'), { recursive: true });
    copyFileSync(original, join(folder, 'deep/er/renamed.bin'));
    writeFileSync(join(folder, 'evidence.cap'), twin);
    rmSync(original);
    expect((await refusal(carve(path, ''))).code).toBe('evidence-missing');
    expect(await carve(path, '', newPath('.pcap'), folder)).toMatchObject({ packets: PACKETS.length, refused: [] });
  });

  it('refuses evidence that was changed, by name, and carves the rest', async () => {
    const kept = evidenceFile(pcap(PACKETS.slice(0, 60)), 'kept.pcap');
    const changed = evidenceFile(pcap(PACKETS.slice(60)), 'changed.pcap');
    const { path, flows } = await caseOf([kept, changed]);
    const content = readFileSync(changed);
    content[content.length - 1] ^= 1;
    writeFileSync(changed, content);
    const told = await carve(path, '');
    expect(told).toMatchObject({ packets: 60, unread: flows.length - told.carved });
    expect(told.refused).toHaveLength(1);
    expect(told.refused[0]).toMatchObject({ path: changed });
    expect(told.refused[0].why).toMatch(/^refused: its SHA-256 is [0-9a-f]{64}, the case has [0-9a-f]{64}$/);
    const out = newPath('.pcapng');
    const none = await refusal(carve(path, 'initiator = 175.45.176.39', out));
    expect([none.code, none.exitCode, none.place]).toEqual(['evidence-missing', 2, changed]);
    expect(existsSync(out)).toBe(false);
    const shown = await refusal(
      engine.run('flowPackets', { case: path, flow: flows.at(-1)?.id ?? '', limit: 5, evidenceDirectory: null }),
    );
    expect(shown.code).toBe('evidence-changed');
  });

  it('reads damaged captures as the import did; lengths that lie cost their record', async () => {
    const file = pcap(PACKETS);
    // Record 100 claims 4 GB, record 150 more than the packet had; the end is cut.
    const at = (record: number): number =>
      PACKETS.slice(0, record - 1).reduce((sum, { frame }) => sum + 16 + frame.length, 24);
    file.writeUInt32LE(0xffffffff, at(100) + 8);
    file.writeUInt32LE(20, at(150) + 12);
    const original = evidenceFile(file.subarray(0, -10));
    const { path, flows } = await caseOf([original]);
    const out = newPath('.pcap');
    const told = await carve(path, '', out);
    expect(told).toMatchObject({
      flows: flows.length,
      carved: flows.length,
      otherwise: 0,
      packets: PACKETS.length - 2,
    });
    expect(substances((await caseOf([out])).flows)).toEqual(substances(flows));
  });

  it('gives the wireless frame that carried a packet among others, once for all that it carried', async () => {
    const packet = (port: number): Buffer => ipv4(bytes('3039', u16(port), '000c 0000 61626364'));
    const frames = [[53, 54], [54], [55, 54, 55]].map((ports) =>
      aggregate(...ports.map((port) => subframe(packet(port)))),
    );
    const original = evidenceFile(
      pcap(
        frames.map((frame, i) => ({ time: FIRST_TIME + i, frame })),
        105,
      ),
    );
    const { path, flows } = await caseOf([original]);
    expect(flows.map(({ responderPort, locator, packetsOut }) => [responderPort, locator, packetsOut])).toEqual([
      [53, 1, 1],
      [54, 1.9001, 3],
      [55, 3, 2],
    ]);
    for (const [flow, carved] of [
      [flows[0], [0]],
      [flows[1], [0, 1, 2]],
      [flows[2], [2]],
    ] as const) {
      const out = newPath('.pcap');
      expect(await carve(path, `id = "${flow.id}"`, out)).toMatchObject({
        packets: carved.length,
        carved: 1,
        otherwise: 0,
      });
      expect(packetsOf(out).map(({ data }) => data)).toEqual(carved.map((n) => frames[n].toString('hex')));
      const shown = await engine.run('flowPackets', { case: path, flow: flow.id, limit: 9, evidenceDirectory: null });
      expect(shown).toMatchObject({ isExport: false, all: flow.packetsOut });
      expect(shown.packets.map(({ number: place }) => place)).toEqual(carved.map((n) => n + 1));
    }
    const out = newPath('.pcap');
    await carve(path, '', out);
    expect(readFileSync(out).equals(readFileSync(original))).toBe(true);
  });

  it('gives the export datagram that carried a record', async () => {
    // NetFlow v5 with two records from an exporter, and a packet of something else.
    const record = (host: number): Buffer =>
      bytes(
        `0a0000${host.toString(16).padStart(2, '0')} 5db8d822 00000000 0001 0002`,
        '00000005 00000190 00000001 00000002',
        '9c40 0050 00 18 06 00 0000 0000 18 18 0000',
      );
    const datagram = bytes('0005 0002 00002710', '590fb000 00000000 00000000 00000000', record(1), record(2));
    const udp = bytes(`0807 0807 ${(8 + datagram.length).toString(16).padStart(4, '0')} 0000`, datagram);
    const frames = [ipv4(UDP_PACKET), ipv4(udp)];
    const original = evidenceFile(
      pcap(
        frames.map((frame, i) => ({ time: FIRST_TIME + i, frame })),
        101,
      ),
    );
    const { path, flows } = await caseOf([original]);
    const exported = flows.filter(({ id }) => id.includes('.'));
    expect(exported.map(({ locator }) => locator)).toEqual([2.0001, 2.0002]);
    const out = newPath('.pcap');
    expect(await carve(path, `id = "${exported[1].id}"`, out)).toMatchObject({ packets: 1, carved: 1 });
    expect(packetsOf(out).map(({ data }) => data)).toEqual([frames[1].toString('hex')]);
    const shown = await engine.run('flowPackets', {
      case: path,
      flow: exported[0].id,
      limit: 9,
      evidenceDirectory: null,
    });
    expect(shown).toMatchObject({ isExport: true, all: 1 });
    expect(shown.packets.map(({ number: place }) => place)).toEqual([2]);
  });

  it('never writes over the case or its evidence, and leaves nothing behind when it is stopped', async () => {
    const original = evidenceFile(pcap(PACKETS), 'evidence.pcap');
    const { path } = await caseOf([original]);
    expect((await refusal(carve(path, '', original))).code).toBe('not-writable');
    expect(readFileSync(original).equals(pcap(PACKETS))).toBe(true);
    const stop = new AbortController();
    stop.abort();
    const out = newPath('.pcap');
    const request = { case: path, where: '', out, evidenceDirectory: null };
    expect((await refusal(engine.run('carve', request, { signal: stop.signal }))).exitCode).toBe(130);
    expect(readdirSync(ROOT).filter((name) => name.includes('carving-'))).toEqual([]);
    expect(existsSync(out)).toBe(false);
    expect((await refusal(carve(path, 'host = 10.9.8.7'))).message).toBe('no flow matches');
    expect((await refusal(carve(path, '', newPath('.txt')))).code).toBe('usage');
  });

  it('takes a packet without a time as it is', async () => {
    const frame = PACKETS[0].frame;
    const file = Buffer.concat([
      block(false, 0x0a0d0d0a, new Bytes(false).u32(0x1a2b3c4d).u16(1).u16(0).u64(-1n).done()),
      block(false, 1, new Bytes(false).u16(1).u16(0).u32(0).done()),
      block(false, 3, new Bytes(false).u32(frame.length).raw(frame).done()),
    ]);
    const { path } = await caseOf([evidenceFile(file)]);
    const out = newPath('.pcapng');
    await carve(path, '', out);
    expect(packetsOf(out).map(({ time, data }) => [time, data])).toEqual([[0, frame.toString('hex')]]);
  });
});

describe('packets of a flow for the window', () => {
  it('come with number, time of the case, lengths and first bytes, as many as asked for', async () => {
    const long = Buffer.concat([PACKETS[0].frame, Buffer.alloc(600, 0x61)]);
    long.writeUInt16BE(long.length - 14, 16);
    const packets: Packet[] = Array.from({ length: 20 }, (_, i) => ({ time: FIRST_TIME + i * 1000, frame: long }));
    const { path, flows } = await caseOf([evidenceFile(pcap(packets))], { clockOffset: -1, clockReason: 'measured' });
    const [{ id }] = flows;
    const shown = await engine.run('flowPackets', { case: path, flow: id, limit: 7, evidenceDirectory: null });
    expect(shown).toMatchObject({ all: 20, isExport: false });
    expect(shown.packets.map(({ number: place }) => place)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(shown.packets[0]).toEqual({
      number: 1,
      time: flows[0].start,
      length: long.length,
      captured: long.length,
      bytes: long.subarray(0, 512).toString('hex'),
    });
  });

  it('are refused for what has none', async () => {
    const original = evidenceFile(pcap(PACKETS));
    const { path, flows } = await caseOf([original]);
    const ask = (flow: string): Promise<unknown> =>
      engine.run('flowPackets', { case: path, flow, limit: 5, evidenceDirectory: null });
    expect((await refusal(ask(`${flows[0].evidence}:99999:0`))).code).toBe('no-flow');
    expect((await refusal(ask('" or true'))).code).toBe('no-flow');
    rmSync(original);
    expect((await refusal(ask(flows[0].id))).code).toBe('evidence-missing');
  });
});

/** A tar archive (POSIX ustar) of a few small files. */
function tarOf(members: Readonly<Record<string, Buffer>>): Buffer {
  const parts = Object.entries(members).flatMap(([name, content]) => {
    const header = Buffer.alloc(512);
    header.write(name, 0);
    header.write('0000644\0', 100);
    header.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124);
    header.write('00000000000\0', 136);
    header.write('        0', 148);
    header.write('ustar\x0000', 257);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    return [header, content, Buffer.alloc(-content.length & 511)];
  });
  return Buffer.concat([...parts, Buffer.alloc(1024)]);
}

const whySkipped = corpusIsThere ? '' : ' (skipped: ../shared/corpus is not there)';

describe.skipIf(!corpusIsThere)(`captures of the corpus${whySkipped}`, () => {
  /** Every 23rd capture of up to 200 kB: all families, 70 files. */
  const files = corpusFiles()
    .filter(({ format, bytes: size }) => /pcap|snoop/.test(format) && size <= 200_000)
    .filter((_, i) => i % 23 === 0);
  let all: { path: string; flows: FlowRecord[] };

  beforeAll(async () => {
    // One folder a file, so that no two are taken for pieces of one capture.
    all = await caseOf(
      files.map(({ path }, i) => {
        const folder = join(ROOT, `corpus-${i}`);
        mkdirSync(folder);
        copyFileSync(join(CORPUS, path), join(folder, 'evidence.cap'));
        return join(folder, 'evidence.cap');
      }),
    );
  }, 120_000);

  it('give each flow back with its ends, packets, bytes and times', { timeout: 300_000 }, async () => {
    const byEvidence = Map.groupBy(
      all.flows.filter(({ locator }) => Number.isInteger(locator)),
      ({ evidence }) => evidence,
    );
    expect(byEvidence.size).toBeGreaterThan(50);
    const outs = new Map<string, FlowRecord>();
    for (const flows of byEvidence.values()) {
      for (const flow of [flows[0], flows[Math.floor(flows.length / 2)]]) {
        const out = join(ROOT, `flow-${outs.size}.pcapng`);
        expect(await carve(all.path, `id = "${flow.id}"`, out)).toMatchObject({ flows: 1, carved: 1, otherwise: 0 });
        const folder = join(ROOT, `again-${outs.size}`);
        mkdirSync(folder);
        copyFileSync(out, join(folder, 'flow.pcapng'));
        outs.set(join(folder, 'flow.pcapng'), flow);
      }
    }
    const again = await caseOf([...outs.keys()]);
    const { evidence } = await engine.run('overview', { case: again.path });
    const missing = evidence.flatMap(({ id, path }) => {
      const flow = outs.get(path);
      const found = again.flows.filter((each) => each.evidence === id).map(substance);
      return flow === undefined || found.includes(substance(flow)) ? [] : [`${flow.id}: ${substance(flow)}`];
    });
    expect(evidence.length).toBeGreaterThan(60);
    expect(missing).toEqual([]);
  });

  it('carved as a whole give the same flows again', { timeout: 120_000 }, async () => {
    const out = newPath('.pcapng');
    const told = await carve(all.path, '', out);
    expect(told).toMatchObject({ otherwise: 0, withoutPackets: 0, refused: [], flows: all.flows.length });
    expect(told.evidence.length).toBeGreaterThan(50);
    const whole = (flows: readonly FlowRecord[]): string[] =>
      substances(flows.filter(({ locator }) => Number.isInteger(locator)));
    const ones = new Map<string, string>();
    for (const { id, packets } of told.evidence) {
      const folder = join(ROOT, `whole-${ones.size}`);
      mkdirSync(folder);
      const one = join(folder, 'all.pcapng');
      ones.set(one, id);
      expect((await carve(all.path, `evidence = ${id}`, one)).packets).toBe(packets);
    }
    const again = await caseOf([...ones.keys()]);
    const { evidence } = await engine.run('overview', { case: again.path });
    expect(evidence.length).toBe(ones.size);
    for (const { id, path } of evidence) {
      const before = all.flows.filter((flow) => flow.evidence === ones.get(path));
      expect(whole(again.flows.filter((flow) => flow.evidence === id))).toEqual(whole(before));
    }
  });
});
