import { createHash } from 'node:crypto';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_RATIO, RATIO_FROM } from '../../electron/capture/container-limits.ts';
import { xxHash32 } from '../../electron/capture/xxhash32.ts';
import { writePcap } from './capture-writer.ts';
import { isInstalled, pipeThrough, readBytes } from './evidence-reading.ts';

fc.configureGlobal({ seed: 20_170_517, numRuns: 30 });

/** Packets that compress: repeats, and a counter. */
function makePcap(packets: number): Uint8Array {
  const written = Array.from({ length: packets }, (_, i) => {
    const data = new Uint8Array(60 + ((i * 37) % 900)).fill(i % 7);
    new DataView(data.buffer).setUint32(20, Math.imul(i, 0x9e3779b1));
    return { data, original: data.length, time: 1_495_000_000_000_000_000n + BigInt(i) * 1_000_000n };
  });
  return writePcap(written, { bigEndian: false, nanoseconds: false, linkType: 1 });
}

const capture = makePcap(2000);
const plain = await readBytes(capture);

/** Contents in one short line, so that a difference does not print thousands of packets. */
const show = (contents: typeof plain.contents): string =>
  contents
    .map(({ packets }) => `${packets.length} ${createHash('sha256').update(JSON.stringify(packets)).digest('hex')}`)
    .join();

const MAKERS: readonly { format: string; program: string; args: readonly string[] }[] = [
  { format: 'gz', program: 'gzip', args: ['-c'] },
  { format: 'zst', program: 'zstd', args: ['-q', '-c', '--check'] },
  { format: 'lz4', program: 'lz4', args: ['-q', '-c'] },
  { format: 'lz4', program: 'lz4', args: ['-q', '-c', '-l'] },
  { format: 'lz4', program: 'lz4', args: ['-q', '-c', '-B4', '-BD', '-BX', '--content-size'] },
  { format: 'bz2', program: 'bzip2', args: ['-c', '-1'] },
  { format: 'bz2', program: 'bzip2', args: ['-c', '-9'] },
  { format: 'xz', program: 'xz', args: ['-c', '-0'] },
  { format: 'xz', program: 'xz', args: ['-c', '-6', '-C', 'sha256', '--block-size=300KiB'] },
  { format: 'xz', program: 'xz', args: ['-c', '-C', 'crc32', '--lzma2=preset=6,lc=0,lp=2,pb=0'] },
];

const made = MAKERS.map((maker) => ({ ...maker, bytes: pipeThrough(maker.program, maker.args, capture) }));

describe('compressed captures, made by the real programs', () => {
  for (const { format, program, args, bytes } of made) {
    it.skipIf(bytes === null)(`${program} ${args.join(' ')} (skipped where it is not installed)`, async () => {
      const { reading, contents, problems } = await readBytes(bytes ?? new Uint8Array());
      expect(problems).toEqual([]);
      expect(reading.format).toBe(`pcap.${format}`);
      expect(reading.container).toBe(format);
      expect(show(contents)).toBe(show(plain.contents));
    });

    it.skipIf(bytes === null)(`${program} ${args.join(' ')}: two files in one`, async () => {
      const [first, second] = [capture.subarray(0, 5000), capture.subarray(5000)].map(
        (half) => pipeThrough(program, args, half) ?? Buffer.alloc(0),
      );
      const { contents, problems } = await readBytes(Buffer.concat([first, second]));
      expect(problems).toEqual([]);
      expect(show(contents)).toBe(show(plain.contents));
    });

    it.skipIf(bytes === null)(`${program} ${args.join(' ')}: bytes behind the end are told`, async () => {
      const { contents, problems } = await readBytes(
        Buffer.concat([bytes ?? Buffer.alloc(0), Buffer.from('and more, behind')]),
      );
      expect(problems.map(({ kind }) => kind)).toEqual(['trailing-bytes']);
      expect(show(contents)).toBe(show(plain.contents));
    });
  }

  it('cut anywhere: the packets before are kept, and it is told', { timeout: 60_000 }, async () => {
    for (const { bytes } of made) {
      if (bytes === null) continue;
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 12, max: bytes.length - 1 }), async (length) => {
          const { contents, problems } = await readBytes(bytes.subarray(0, length));
          const got = contents.flatMap(({ packets }) => packets);
          expect(got).toEqual(plain.contents[0].packets.slice(0, got.length));
          // Legacy LZ4 has no end mark: a file cut between its blocks is whole.
          const isWhole = got.length === plain.contents[0].packets.length;
          expect(problems.length > 0 || isWhole).toBe(true);
        }),
        { numRuns: 12 },
      );
    }
  });

  it('of bzip2 with a byte changed: nothing of the block is taken for packets, and it is told', async () => {
    for (const { format, bytes } of made) {
      if (bytes === null || format !== 'bz2') continue;
      for (let place = 60; place < bytes.length - 12; place += Math.ceil(bytes.length / 9)) {
        const bad = Buffer.from(bytes);
        bad[place] ^= 0x10;
        const { contents, problems } = await readBytes(bad);
        const got = contents.flatMap(({ packets }) => packets);
        expect(got).toEqual(plain.contents[0].packets.slice(0, got.length));
        expect(problems.map(({ kind }) => kind)).toContain('damaged-compression');
      }
    }
  });

  it('with any bytes changed: never throws; what is not told is right', { timeout: 60_000 }, async () => {
    const flips = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 3 });
    for (const { args, bytes } of made) {
      if (bytes === null) continue;
      await fc.assert(
        fc.asyncProperty(flips, async (places) => {
          const bad = Buffer.from(bytes);
          for (const [place, mask] of places) bad[12 + (place % (bad.length - 12))] ^= mask;
          const { contents, problems, reading } = await readBytes(bad);
          // A content that no longer begins like evidence is not read on; legacy LZ4 has no checksum.
          const isSilent = problems.length === 0 && reading.format !== null && !args.includes('-l');
          expect(!isSilent || show(contents) === show(plain.contents)).toBe(true);
        }),
        { numRuns: 12 },
      );
    }
  });
});

describe('gzip and Zstandard', () => {
  it('reads skippable frames before and between', async () => {
    const skippable = Buffer.from('502a4d1803000000616263', 'hex');
    const [a, b] = [zstdCompressSync(capture.subarray(0, 999)), zstdCompressSync(capture.subarray(999))];
    const { contents, problems, reading } = await readBytes(Buffer.concat([skippable, a, skippable, b, skippable]));
    expect(problems).toEqual([]);
    expect(reading.format).toBe('pcap.zst');
    expect(show(contents)).toBe(show(plain.contents));
  });

  it('opens four layers and refuses the fifth', async () => {
    const fourTimes = gzipSync(gzipSync(gzipSync(zstdCompressSync(capture))));
    const read = await readBytes(fourTimes);
    expect(read.reading.format).toBe('pcap.zst.gz.gz.gz');
    expect(read.contents).toEqual(plain.contents);
    const deeper = await readBytes(gzipSync(fourTimes));
    expect(deeper.reading.format).toBeNull();
    expect(deeper.problems.map(({ kind }) => kind)).toEqual(['nested-too-deep']);
  });

  it('stops a bomb at the stated ratio, and keeps what came before', { timeout: 30_000 }, async () => {
    const bomb = zstdCompressSync(Buffer.concat([capture, Buffer.alloc(RATIO_FROM + (4 << 20), 0xff)]));
    expect(RATIO_FROM / bomb.length).toBeGreaterThan(MAX_RATIO);
    const { contents, problems, reading } = await readBytes(bomb);
    expect(problems.map(({ kind }) => kind)).toContain('bomb');
    expect(contents[0].packets.slice(0, 2000)).toEqual(plain.contents[0].packets);
    expect(reading.bytes).toBe(bomb.length);
    expect(reading.sha256).toBe(createHash('sha256').update(bomb).digest('hex'));
  });

  it('never takes honest zeros below the bound for a bomb', async () => {
    const { problems } = await readBytes(gzipSync(Buffer.concat([capture, Buffer.alloc(32 << 20)])));
    expect(problems.map(({ kind }) => kind)).not.toContain('bomb');
  });
});

describe('xxHash32', () => {
  it.each([
    ['', '02cc5d05'],
    ['a', '550d7456'],
    ['Nobody inspects the spammish repetition', 'e2293b2f'],
  ])('of %j', (text, hash) => {
    expect(xxHash32(Buffer.from(text)).toString(16).padStart(8, '0')).toBe(hash);
  });
});

describe('further hashes', () => {
  const digest = (name: string, bytes: Uint8Array): string => createHash(name).update(bytes).digest('hex');

  it('are made in the same pass, in the thread too', { timeout: 30_000 }, async () => {
    const large = Buffer.concat([capture, Buffer.alloc(33 << 20, 1)]);
    for (const bytes of [capture, gzipSync(capture), large]) {
      const { reading } = await readBytes(bytes, { alsoHash: ['sha1', 'md5'] });
      expect(reading.sha256).toBe(digest('sha256', bytes));
      expect(reading.hashes).toEqual({ sha1: digest('sha1', bytes), md5: digest('md5', bytes) });
    }
    expect((await readBytes(capture)).reading.hashes).toEqual({});
  });
});

it('the programs that make these files are installed, or their tests are skipped by name', () => {
  expect(['gzip', 'zstd', 'lz4', 'bzip2', 'xz'].filter(isInstalled).length).toBe(
    new Set(made.filter(({ bytes }) => bytes !== null).map(({ program }) => program)).size,
  );
});
