import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PCAP_MAGICS, PcapReader } from '../../electron/capture/pcap.ts';
import { PcapngReader } from '../../electron/capture/pcapng.ts';
import { SNOOP_DATALINK, SnoopReader } from '../../electron/capture/snoop.ts';
import { formatAddress } from '../../shared/address.ts';
import { CORPUS, corpusIsThere } from '../corpus.ts';
import { block, Bytes, Collected, readInPieces, writeSnoop, type WrittenPacket } from './capture-writer.ts';

fc.configureGlobal({ seed: 20_170_517, numRuns: 100 });

const packet: fc.Arbitrary<WrittenPacket> = fc
  .record({
    data: fc.uint8Array({ minLength: 20, maxLength: 120, min: 1 }),
    cut: fc.nat(2000),
    // Layouts are told apart by what cannot be a length; so are times of our century.
    time: fc.bigInt({ min: 1_000_000_000_000_000_000n, max: 4_000_000_000_000_000_000n }),
  })
  .map(({ data, cut, time }) => ({ data, original: data.length + cut, time }));
const sizes = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 6 });
const hex = (data: Uint8Array): string => Buffer.from(data).toString('hex');

interface Variant {
  name: string;
  magic: number;
  version?: [number, number];
  link?: number;
  /** Bytes behind the file header, and behind the 16 of each record header. */
  fileExtra?: number;
  recordExtra?: number;
  isSwapped?: boolean;
  isNanoseconds?: boolean;
  linkType?: number;
}

const VARIANTS: readonly Variant[] = [
  { name: 'Kuznetzov, standard magic, 24 bytes', magic: 0xa1b2c3d4, recordExtra: 8 },
  { name: 'Kuznetzov, modified magic, 24 bytes', magic: 0xa1b2cd34, recordExtra: 8 },
  { name: 'Kuznetzov, modified magic, 28 bytes', magic: 0xa1b2cd34, recordExtra: 12 },
  { name: 'Nokia', magic: 0xa1b2c3d4, recordExtra: 4 },
  { name: 'Ixia hardware', magic: 0x1c0001ac, fileExtra: 4, isNanoseconds: true },
  { name: 'Ixia software', magic: 0x1c0001ab, fileExtra: 4 },
  { name: 'AIX', magic: 0xa1b2c3d4, version: [2, 2], link: 6, isSwapped: true, isNanoseconds: true, linkType: 1 },
  { name: 'libpcap before 0.4', magic: 0xa1b2c3d4, version: [2, 1], isSwapped: true },
  { name: 'version 2.3, lengths as before', magic: 0xa1b2c3d4, version: [2, 3], isSwapped: true },
  { name: 'version 2.3, lengths as after', magic: 0xa1b2c3d4, version: [2, 3] },
  { name: 'DG/UX', magic: 0xa1b2c3d4, version: [543, 0], isSwapped: true },
];

function writeVariant(packets: readonly WrittenPacket[], variant: Variant, bigEndian: boolean): Uint8Array {
  const { magic, version = [2, 4], link = 1, fileExtra = 0, recordExtra = 0 } = variant;
  const file = new Bytes(bigEndian).u32(magic).u16(version[0]).u16(version[1]).u32(0).u32(0).u32(65_535).u32(link);
  file.raw(new Uint8Array(fileExtra));
  for (const { data, original, time } of packets) {
    const fraction = time % 1_000_000_000n;
    file.u32(Number(time / 1_000_000_000n)).u32(Number(variant.isNanoseconds ? fraction : fraction / 1000n));
    const lengths = variant.isSwapped ? [original, data.length] : [data.length, original];
    file.u32(lengths[0]).u32(lengths[1]);
    // An interface, a protocol and a packet type, as these writers have them.
    file.raw(Uint8Array.from([2, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0]).subarray(0, recordExtra)).raw(data);
  }
  return file.done();
}

describe('variants of pcap', () => {
  it.each(VARIANTS)('$name', (variant) => {
    fc.assert(
      fc.property(
        fc.array(packet, { minLength: 2, maxLength: 8 }),
        fc.boolean(),
        sizes,
        (packets, bigEndian, pieces) => {
          const got = new Collected();
          const file = writeVariant(packets, variant, bigEndian);
          expect(PCAP_MAGICS.has(new DataView(file.buffer, file.byteOffset).getUint32(0))).toBe(true);
          const reader = new PcapReader(got);
          readInPieces(file, reader, pieces);
          expect(got.problems).toEqual([]);
          expect(got.packets.map(({ data, original, time }) => ({ data, original, time }))).toEqual(
            packets.map(({ data, original, time }) => ({ data: hex(data), original, time: Number(time / 1000n) })),
          );
          expect(reader.linkTypes).toEqual([variant.linkType ?? 1]);
        },
      ),
    );
  });

  it('takes the frame check sequence off that the header announces', () => {
    const frame = { data: new Uint8Array(64).fill(7), original: 64, time: 0n };
    const cut = { data: new Uint8Array(50).fill(7), original: 64, time: 0n };
    const got = new Collected();
    readInPieces(
      writeVariant([frame, cut], { name: '', magic: 0xa1b2c3d4, link: 0x24000001 }, false),
      new PcapReader(got),
      [50],
    );
    expect(got.packets.map(({ data, original }) => [data.length / 2, original])).toEqual([
      [60, 60],
      [50, 60],
    ]);
  });

  it.skipIf(!corpusIsThere)('reads the modified pcap of the corpus (skipped: ../shared/corpus is not there)', () => {
    const got = new Collected();
    const reader = new PcapReader(got);
    readInPieces(readFileSync(`${CORPUS}wireshark-wiki/SampleCaptures/fritzbox-ip_02.09.09_2049.eth`), reader, [
      1 << 20,
    ]);
    expect([got.packets.length, got.problems, reader.linkTypes]).toEqual([54, [], [14]]);
  });
});

describe('snoop', () => {
  it('gives back the packets that were written, whatever the pieces', () => {
    fc.assert(
      fc.property(fc.array(packet, { maxLength: 12 }), sizes, (packets, pieces) => {
        const got = new Collected();
        readInPieces(writeSnoop(packets), new SnoopReader(got), pieces);
        expect(got.problems).toEqual([]);
        expect(got.packets).toEqual(
          packets.map(({ data, original, time }, i) => ({
            data: hex(data),
            original,
            time: Number(time / 1000n),
            linkType: 1,
            number: i + 1,
          })),
        );
      }),
    );
  });

  it('goes on behind damage, and tells drops once, with their number', () => {
    const packets = Array.from({ length: 20 }, (_, i) => ({
      data: new Uint8Array(40).fill(0x5a),
      original: 40,
      time: BigInt(1_495_000_000 + i) * 1_000_000_000n,
    }));
    const file = writeSnoop(
      packets,
      4,
      packets.map((_, i) => (i < 5 ? 0 : 10 + i)),
    );
    file[16 + 64 * 8 + 5] = 0xff;
    const got = new Collected();
    readInPieces(file, new SnoopReader(got), [33]);
    expect(got.packets.length).toBe(19);
    expect(got.problems).toEqual([
      { kind: 'damaged-record', offset: 16 + 64 * 8 },
      { kind: 'capture-dropped', offset: 16 + 64 * 5, count: 29 },
    ]);
  });

  it('refuses datalink types that are no link type, keeping their number', () => {
    const got = new Collected();
    readInPieces(writeSnoop([{ data: new Uint8Array(8), original: 8, time: 0n }], 5), new SnoopReader(got), [100]);
    expect(got.packets[0].linkType).toBe(SNOOP_DATALINK + 5);
  });

  it('of any bytes never throws', () => {
    fc.assert(
      fc.property(
        fc.array(packet, { maxLength: 8 }),
        fc.array(fc.tuple(fc.nat(), fc.nat(255))),
        sizes,
        (packets, flips, pieces) => {
          const file = writeSnoop(packets);
          for (const [place, byte] of flips) file[place % file.length] = byte;
          const got = new Collected();
          readInPieces(file, new SnoopReader(got), pieces);
          expect(got.packets.length + got.problems.length).toBeLessThanOrEqual(file.length);
        },
      ),
    );
  });

  it.skipIf(!corpusIsThere)('reads the snoop file of the corpus (skipped: ../shared/corpus is not there)', () => {
    const got = new Collected();
    readInPieces(readFileSync(`${CORPUS}wireshark-wiki/SampleCaptures/genbroad.snoop`), new SnoopReader(got), [
      1 << 20,
    ]);
    expect([got.packets.length, got.problems]).toEqual([250, []]);
  });
});

describe.each([false, true])('blocks of pcapng, big-endian %s', (bigEndian) => {
  const bytes = (): Bytes => new Bytes(bigEndian);
  const section = block(bigEndian, 0x0a0d0d0a, bytes().u32(0x1a2b3c4d).u16(1).u16(0).u64(-1n).done());
  const option = (code: number, value: Uint8Array): Uint8Array =>
    bytes().u16(code).u16(value.length).raw(value, 4).done();
  const interfaceOf = (...options: Uint8Array[]): Uint8Array =>
    block(bigEndian, 1, bytes().u16(1).u16(0).u32(0).raw(Buffer.concat(options)).u32(0).done());
  const enhanced = (length: number, ...options: Uint8Array[]): Uint8Array =>
    block(
      bigEndian,
      6,
      bytes()
        .u32(0)
        .u32(0)
        .u32(5)
        .u32(length)
        .u32(length)
        .raw(new Uint8Array(length), 4)
        .raw(Buffer.concat(options))
        .done(),
    );
  const read = (...blocks: Uint8Array[]): { got: Collected; names: string[] } => {
    const got = new Collected();
    const names: string[] = [];
    const reader = new PcapngReader(got, ([a, b, c, d], name) => names.push(`${formatAddress(a, b, c, d)} ${name}`));
    readInPieces(Buffer.concat([section, ...blocks]), reader, [37]);
    return { got, names };
  };

  it('puts 1970 for times that no date can hold, and tells them', () => {
    const timeWith = (code: number, value: Uint8Array): unknown[] => {
      const { got } = read(interfaceOf(option(code, value)), enhanced(60));
      return [got.packets[0].time, ...got.problems.map(({ kind }) => kind)];
    };
    expect(timeWith(9, Uint8Array.of(0))).toEqual([5e6]);
    expect(
      timeWith(
        14,
        bytes()
          .u64(2n ** 42n)
          .done(),
      ),
    ).toEqual([2 ** 42 * 1e6 + 5]);
    for (const offset of [2n ** 62n, -(2n ** 62n), 8_640_000_000_001n]) {
      expect(timeWith(14, bytes().u64(offset).done())).toEqual([0, 'impossible-time']);
    }
  });

  it('strips the frame check sequence that the interface or the packet states', () => {
    const flags = option(
      2,
      bytes()
        .u32(2 << 5)
        .done(),
    );
    const { got } = read(interfaceOf(option(13, Uint8Array.of(4))), enhanced(64), enhanced(64, flags));
    expect(got.packets.map(({ data, original }) => [data.length / 2, original])).toEqual([
      [60, 60],
      [62, 62],
    ]);
  });

  it('tells dropped packets of each interface once: the larger of packets and statistics', () => {
    const dropped = (count: bigint): Uint8Array => option(4, bytes().u64(count).done());
    const statistics = (count: bigint): Uint8Array =>
      block(
        bigEndian,
        5,
        bytes()
          .u32(0)
          .u64(0n)
          .raw(option(5, bytes().u64(count).done()))
          .raw(option(7, bytes().u64(1n).done()))
          .done(),
      );
    const { got } = read(
      interfaceOf(),
      enhanced(60, dropped(2n)),
      statistics(3n),
      enhanced(60, dropped(5n)),
      statistics(8n),
    );
    expect(got.packets.length).toBe(2);
    expect(got.problems).toEqual([expect.objectContaining({ kind: 'capture-dropped', count: 9 })]);
  });

  it('counts the drops that obsolete packets state', () => {
    const obsolete = (drops: number): Uint8Array =>
      block(bigEndian, 2, bytes().u16(0).u16(drops).u32(0).u32(5).u32(8).u32(8).raw(new Uint8Array(8)).done());
    const { got } = read(interfaceOf(), obsolete(3), obsolete(0xffff), obsolete(4));
    expect(got.packets.map(({ time }) => time)).toEqual([5, 5, 5]);
    expect(got.problems).toEqual([expect.objectContaining({ kind: 'capture-dropped', count: 7 })]);
  });

  it('hands on names of addresses, and none of damaged records', () => {
    const record = (type: number, data: Buffer): Uint8Array => bytes().u16(type).u16(data.length).raw(data, 4).done();
    const names = block(
      bigEndian,
      4,
      Buffer.concat([
        record(1, Buffer.from('c0a80001612e6578616d706c6500622e6578616d706c6500', 'hex')),
        record(
          2,
          Buffer.concat([Buffer.from('20010db8000000000000000000000001', 'hex'), Buffer.from('six.example\0')]),
        ),
        record(1, Buffer.from([1, 2])),
        bytes().u16(1).u16(900).done(),
      ]),
    );
    const { got, names: taken } = read(names, interfaceOf(), enhanced(60));
    expect(taken).toEqual(['192.168.0.1 a.example', '192.168.0.1 b.example', '2001:db8::1 six.example']);
    expect(got.problems.map(({ kind }) => kind)).toEqual(['damaged-names']);
    expect(got.packets.length).toBe(1);
  });

  it('passes long blocks by, and goes on behind lengths that lie', () => {
    const long = block(bigEndian, 0xbad, Buffer.alloc(3 << 19));
    const statistics = Buffer.from(block(bigEndian, 5, bytes().u32(0).u64(0n).done()));
    statistics[bigEndian ? 4 : 7] = 0x7f;
    const turned = Buffer.from(long);
    turned[turned.length - 2] ^= 0x10;
    const kinds = (...blocks: Uint8Array[]): string[] => {
      const got = new Collected();
      readInPieces(Buffer.concat([section, interfaceOf(), ...blocks, enhanced(60)]), new PcapngReader(got), [1 << 18]);
      expect(got.packets.length).toBe(1);
      return got.problems.map(({ kind }) => kind);
    };
    expect(kinds(long)).toEqual(['long-block']);
    expect(kinds(statistics)).toEqual(['damaged-block']);
    expect(kinds(turned)).toEqual(['long-block', 'damaged-block']);
  });

  it('keeps secrets out, passes other blocks by, tells both, and the filter', () => {
    const secrets = block(bigEndian, 10, bytes().u32(0x544c534b).u32(8).raw(Buffer.from('CLIENT_R')).done());
    const custom = block(bigEndian, 0xbad, bytes().u32(32_473).u32(7).done());
    const journal = block(bigEndian, 9, Buffer.from('MESSAGE=hello'));
    const filter = option(11, Buffer.from('\0tcp port 80'));
    const { got } = read(secrets, interfaceOf(filter), custom, enhanced(60), journal);
    expect(got.packets.length).toBe(1);
    expect(got.problems.map(({ kind }) => kind)).toEqual([
      'secrets-not-stored',
      'capture-filter',
      'block-passed-by',
      'block-passed-by',
    ]);
  });
});
