import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PcapReader } from '../../electron/capture/pcap.ts';
import { PcapngReader } from '../../electron/capture/pcapng.ts';
import { Collected, readInPieces, ticksOf, type WrittenPacket, writePcap, writePcapng } from './capture-writer.ts';

fc.configureGlobal({ seed: 20_170_517, numRuns: 200 });

const packet: fc.Arbitrary<WrittenPacket> = fc
  .record({
    data: fc.uint8Array({ maxLength: 120 }),
    cut: fc.nat(2000),
    time: fc.bigInt({ min: 0n, max: 4_000_000_000_000_000_000n }),
  })
  .map(({ data, cut, time }) => ({ data, original: data.length + cut, time }));

const sizes = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 6 });
const hex = (data: Uint8Array): string => Buffer.from(data).toString('hex');

const pcap = fc.record({
  packets: fc.array(packet, { maxLength: 12 }),
  options: fc.record({ bigEndian: fc.boolean(), nanoseconds: fc.boolean(), linkType: fc.constantFrom(0, 1, 101, 276) }),
});

const resolution = fc.constantFrom(undefined, 3, 6, 9, 0x80 | 20);
const section = fc
  .record({
    bigEndian: fc.boolean(),
    interfaces: fc.array(
      fc
        .record({
          linkType: fc.constantFrom(1, 101, 113),
          resolution,
          offset: fc.constantFrom(undefined, 0, -3600, 86_400),
        })
        .map(({ linkType, resolution: given, offset }) => ({
          linkType,
          ...(given === undefined ? {} : { resolution: given }),
          ...(offset === undefined ? {} : { offset }),
        })),
      { minLength: 1, maxLength: 4 },
    ),
    // Times that leave room for every offset, so that ticks stay positive and fit 64 bits.
    packets: fc.array(
      fc.tuple(packet, fc.nat(3), fc.bigInt({ min: 1_000_000_000_000_000n, max: 2_000_000_000_000_000_000n })),
      { maxLength: 6 },
    ),
  })
  .map(({ bigEndian, interfaces, packets }) => ({
    bigEndian,
    interfaces,
    packets: packets.map(([one, number, time]) => ({ ...one, time, interface: number % interfaces.length })),
  }));

describe('pcap', () => {
  it('gives back the packets that were written, whatever the pieces', () => {
    fc.assert(
      fc.property(pcap, sizes, ({ packets, options }, pieces) => {
        const got = new Collected();
        const reader = new PcapReader(got);
        readInPieces(writePcap(packets, options), reader, pieces);
        expect(got.problems).toEqual([]);
        expect(got.packets).toEqual(
          packets.map(({ data, original, time }, i) => ({
            data: hex(data),
            original,
            time: Number(time / 1000n),
            linkType: options.linkType,
            number: i + 1,
          })),
        );
        expect(reader.linkTypes).toEqual([options.linkType]);
      }),
    );
  });

  it('keeps packets whose fractions of a second are wrong, although the file ends inside a header', () => {
    fc.assert(
      fc.property(
        fc.array(packet, { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 0, max: 15 }),
        (packets, rest) => {
          // What a writer makes that promises microseconds and puts in nanoseconds.
          const file = writePcap(packets, { bigEndian: false, nanoseconds: true, linkType: 1 });
          file.set([0xd4, 0xc3, 0xb2, 0xa1]);
          const got = new Collected();
          readInPieces(Buffer.concat([file, new Uint8Array(rest)]), new PcapReader(got), [50]);
          expect(got.packets.map(({ data }) => data)).toEqual(packets.map(({ data }) => hex(data)));
          expect(got.problems.map((problem) => problem.kind)).toEqual(rest === 0 ? [] : ['truncated-packet']);
        },
      ),
    );
  });

  it('takes zeros behind or between the records for damage, not for packets', () => {
    const records = Array.from({ length: 6 }, (_, i) => ({
      data: Uint8Array.from({ length: 60 }, (__, place) => place + i + 1),
      original: 60,
      time: 1_494_201_600_000_000_000n + BigInt(i) * 1000n,
    }));
    for (const bigEndian of [false, true]) {
      const whole = Buffer.from(writePcap(records, { bigEndian, nanoseconds: false, linkType: 1 }));
      const behind = 24 + 3 * 76;
      const zeros = Buffer.alloc(4099);
      for (const [file, kept, kinds] of [
        [Buffer.concat([whole, zeros]), 6, ['damaged-record', 'damaged-end']],
        [Buffer.concat([whole.subarray(0, behind), zeros, whole.subarray(behind)]), 6, ['damaged-record']],
        [
          Buffer.concat([whole.subarray(0, behind), zeros.subarray(0, 76), whole.subarray(behind + 76)]),
          5,
          ['damaged-record'],
        ],
      ] as const) {
        const got = new Collected();
        readInPieces(file, new PcapReader(got), [50]);
        expect(got.packets.map(({ data }) => data)).toEqual(
          records.map(({ data }) => hex(data)).filter((_, i) => kept === 6 || i !== 3),
        );
        expect(got.problems.map(({ kind }) => kind)).toEqual(kinds);
      }
    }
  });

  it('tells a file that ends early, and keeps the packets before', () => {
    fc.assert(
      fc.property(pcap, fc.nat(), ({ packets, options }, cut) => {
        const whole = writePcap(packets, options);
        const length = 24 + (cut % (whole.length - 23));
        const got = new Collected();
        readInPieces(whole.subarray(0, length), new PcapReader(got), [50]);
        const ends = packets.map((_, i) => writePcap(packets.slice(0, i + 1), options).length);
        expect(got.packets.length).toBe(ends.filter((end) => end <= length).length);
        const isWhole = length === 24 || ends.includes(length);
        expect(got.problems.map((problem) => problem.kind)).toEqual(isWhole ? [] : ['truncated-packet']);
      }),
    );
  });
});

describe('pcapng', () => {
  it('gives back the packets of every section and interface, whatever the pieces', () => {
    fc.assert(
      fc.property(fc.array(section, { minLength: 1, maxLength: 3 }), sizes, (sections, pieces) => {
        const got = new Collected();
        readInPieces(writePcapng(sections), new PcapngReader(got), pieces);
        expect(got.problems).toEqual([]);
        const written = sections.flatMap(({ interfaces, packets }) =>
          packets.map((one) => {
            const from = interfaces[one.interface];
            const { resolution: given = 6, offset = 0 } = from;
            const perSecond = given & 0x80 ? 1n << BigInt(given & 0x7f) : 10n ** BigInt(given);
            const microseconds = (ticksOf(one.time, from) * 1_000_000n) / perSecond + BigInt(offset) * 1_000_000n;
            return { data: hex(one.data), original: one.original, time: Number(microseconds), linkType: from.linkType };
          }),
        );
        expect(got.packets).toEqual(written.map((one, i) => ({ ...one, number: i + 1 })));
      }),
    );
  });
});

describe('damage', () => {
  const flips = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 4 });

  function damaged(file: Uint8Array, places: readonly (readonly [number, number])[], from: number): Uint8Array {
    const copy = Uint8Array.from(file);
    for (const [place, mask] of places) copy[from + (place % (copy.length - from))] ^= mask;
    return copy;
  }

  it('of one byte of a pcap costs two records at most, and is told when it costs one', () => {
    const records = fc.array(fc.tuple(fc.integer({ min: 40, max: 60 }), fc.integer({ min: 0, max: 999_999 })), {
      minLength: 20,
      maxLength: 30,
    });
    const flip = fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 }));
    fc.assert(
      fc.property(records, fc.boolean(), flip, sizes, (written, bigEndian, [place, mask], pieces) => {
        const packets = written.map(([length, us], i) => ({
          data: new Uint8Array(length).fill(0x5a),
          original: length,
          time: (1_495_000_000n + BigInt(i)) * 1_000_000_000n + BigInt(us) * 1000n,
        }));
        const file = writePcap(packets, { bigEndian, nanoseconds: false, linkType: 1 });
        const got = new Collected();
        readInPieces(damaged(file, [[place, mask]], 24), new PcapReader(got), pieces);
        const sound = new Set(packets.map(({ data, time }) => `${Number(time / 1000n)} ${hex(data)}`));
        const kept = got.packets.filter((one) => sound.has(`${one.time} ${one.data}`)).length;
        expect(kept).toBeGreaterThanOrEqual(packets.length - 2);
        expect(got.packets.length).toBeLessThanOrEqual(packets.length + 1);
        expect(got.packets.length >= packets.length || got.problems.length > 0).toBe(true);
      }),
    );
  });

  it('of any bytes of either format never throws', () => {
    fc.assert(
      fc.property(
        pcap,
        fc.array(section, { minLength: 1, maxLength: 2 }),
        flips,
        sizes,
        (one, sections, places, pieces) => {
          for (const [file, reader] of [
            [writePcap(one.packets, one.options), (sink: Collected) => new PcapReader(sink)],
            [writePcapng(sections), (sink: Collected) => new PcapngReader(sink)],
          ] as const) {
            const got = new Collected();
            const bad = damaged(file, places, 0);
            readInPieces(bad, reader(got), pieces);
            expect(got.packets.length + got.problems.length).toBeLessThanOrEqual(bad.length);
          }
        },
      ),
    );
  });
});
