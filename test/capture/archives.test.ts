import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_INNER_ZIP } from '../../electron/capture/container-limits.ts';
import { decodeEvidence } from '../../electron/engine/decode-evidence.ts';
import { DEFAULT_TIMEOUTS } from '../../electron/flows/flow-table.ts';
import { CORPUS, corpusFiles, corpusIsThere } from '../corpus.ts';
import { writeTar, writeZip } from './archive-writer.ts';
import { writePcap } from './capture-writer.ts';
import { isInstalled, pipeThrough, type Read, readBytes, withFile } from './evidence-reading.ts';

fc.configureGlobal({ seed: 20_170_517, numRuns: 40 });

/** UDP between two hosts, one packet a second from `second` on. */
function makePcap(packets: number, second: number, linkType = 1): Buffer {
  const frame = Buffer.alloc(60);
  Buffer.from('0800450000200001000040110000c0a80001c0a8000204d2162e000c0000', 'hex').copy(frame, 12);
  const ip = linkType === 1 ? frame : frame.subarray(14);
  const written = Array.from({ length: packets }, (_, i) => ({
    data: ip,
    original: ip.length,
    time: BigInt(1_495_000_000 + second + i) * 1_000_000_000n,
  }));
  return Buffer.from(writePcap(written, { bigEndian: false, nanoseconds: false, linkType }));
}

const a = makePcap(10, 0);
const b = makePcap(5, 10);
const c = makePcap(7, 0, 101);
const note = Buffer.from('hello');
const kinds = ({ problems }: Read): string[] => problems.map(({ kind }) => kind);
const counts = ({ contents }: Read): [string, number][] =>
  contents.map(({ member, packets }) => [member, packets.length]);

async function decode(bytes: Uint8Array) {
  const locators: number[] = [];
  const evidence = await withFile(bytes, (path) =>
    decodeEvidence(path, DEFAULT_TIMEOUTS, {
      segment: ({ columns, rows }) => locators.push(...(columns.locator ?? new Float64Array(rows))),
      names: () => undefined,
      progress: () => undefined,
    }),
  );
  return { ...evidence, locators: locators.toSorted((x, y) => x - y) };
}

describe('zip', () => {
  const members = [
    { name: 'a.pcap', content: a },
    { name: 'README.md', content: note },
    { name: 'b.pcap.gz', content: gzipSync(b) },
    { name: '__MACOSX/._a.pcap', content: a },
    { name: 'folder/', content: Buffer.alloc(0) },
  ];
  const expected: [string, number][] = [
    ['a.pcap', 10],
    ['b.pcap.gz', 5],
  ];

  it.each([
    { method: 0 as const },
    { method: 8 as const },
    { method: 8 as const, zip64: true },
    { method: 0 as const, zip64: true },
  ])('reads the members that are captures: %j', async (options) => {
    const file = writeZip(members, options);
    const read = await readBytes(file);
    expect(read.reading.format).toBe('zip(pcap,pcap.gz)');
    expect(counts(read)).toEqual(expected);
    expect(kinds(read)).toEqual(['member-not-evidence', 'member-skipped', 'member-skipped']);
    expect(read.reading.sha256).toBe(createHash('sha256').update(file).digest('hex'));
    expect(read.reading.bytes).toBe(file.length);
  });

  it('finds the members behind other bytes', async () => {
    const read = await readBytes(
      Buffer.concat([Buffer.from('PK\x03\x04 is how these begin'), writeZip(members, { method: 8 })]),
    );
    expect(counts(read)).toEqual(expected);
  });

  it('reads members one after another when the directory is cut off', async () => {
    for (const method of [0, 8] as const) {
      const read = await readBytes(writeZip(members, { method, isCut: true }));
      expect(counts(read)).toEqual(expected);
      expect(kinds(read)).toContain('damaged-archive');
    }
  });

  it('refuses encrypted members by name', async () => {
    const read = await readBytes(writeZip([{ name: 'se\u202ecret.pcap', content: a }], { method: 0, flags: 1 }));
    expect(read.problems).toEqual([
      { kind: 'member-encrypted', offset: 0, message: 'member "se\\u202ecret.pcap" is encrypted and was not read' },
    ]);
    expect(read.reading.format).toBeNull();
  });

  it('tells a wrong checksum', async () => {
    const file = writeZip([{ name: 'a.pcap', content: a }], { method: 0 });
    file[30 + 6 + 24 + 16 + 20] ^= 1;
    expect(kinds(await readBytes(file))).toEqual(['damaged-archive']);
  });

  it('opens archives in archives, four layers deep, and names their members by both', async () => {
    const inner = gzipSync(writeTar([{ name: 'a.gz', content: gzipSync(a) }]));
    const read = await readBytes(writeZip([{ name: 'x.tar.gz', content: inner }], { method: 8 }));
    expect(read.reading.format).toBe('zip(tar.gz(pcap.gz))');
    expect(counts(read)).toEqual([['x.tar.gz/a.gz', 10]]);
    expect(kinds(read)).toEqual([]);
    const fifth = writeZip([{ name: 'y', content: gzipSync(inner) }], { method: 0 });
    expect(kinds(await readBytes(fifth))).toEqual(['nested-too-deep']);
  });

  it('opens zip archives inside others, cut ones as far as they go, and none that is too long to keep', async () => {
    const within = await readBytes(writeTar([{ name: 'x.zip', content: writeZip(members, { method: 8 }) }]));
    expect(within.reading.format).toBe('tar(zip(pcap,pcap.gz))');
    expect(counts(within)).toEqual(expected.map(([name, packets]) => [`x.zip/${name}`, packets]));
    const cut = gzipSync(writeZip(members, { method: 8 }));
    const read = await readBytes(cut.subarray(0, cut.length - 12));
    expect(counts(read)).toEqual([
      ['a.pcap', 10],
      ['b.pcap.gz', 5],
    ]);
    expect(kinds(read)).toContain('damaged-compression');
    const long = Buffer.alloc(MAX_INNER_ZIP + 1);
    long.write('PK\x03\x04');
    expect(kinds(await readBytes(writeTar([{ name: 'x.zip', content: long }])))).toEqual(['nested-too-deep']);
  });

  it('stops overlapping members that expand the same bytes again and again', { timeout: 30_000 }, async () => {
    const record = Buffer.alloc(16 + 65_536);
    record.writeUInt32LE(65_536, 8);
    record.writeUInt32LE(65_536, 12);
    const content = Buffer.concat([a, ...Array.from({ length: 128 }, () => record)]);
    const one = writeZip([{ name: 'x', content }], { method: 8 });
    const at = one.lastIndexOf('PK\x01\x02', undefined, 'latin1');
    const end = one.length - 22;
    const entry = one.subarray(at, end);
    const tail = Buffer.from(one.subarray(end));
    tail.writeUInt32LE(entry.length * 40, 12);
    const bomb = Buffer.concat([one.subarray(0, at), ...Array.from({ length: 40 }, () => entry), tail]);
    const read = await readBytes(bomb);
    expect(kinds(read)).toContain('bomb');
    expect(read.contents.length).toBeLessThan(40);
  });

  it('of any bytes changed or cut never throws', async () => {
    const file = writeZip(members, { method: 8 });
    const flip = fc.tuple(fc.nat(file.length - 1), fc.integer({ min: 1, max: 255 }));
    await fc.assert(
      fc.asyncProperty(fc.array(flip, { maxLength: 4 }), fc.nat(file.length), async (flips, cut) => {
        const bad = Buffer.from(file.subarray(0, Math.max(4, file.length - (cut % 300))));
        for (const [place, mask] of flips) if (place < bad.length) bad[place] ^= mask;
        const read = await readBytes(bad);
        expect(read.reading.bytes).toBe(bad.length);
      }),
    );
  });
});

describe('tar', () => {
  const long = `${'deep/'.repeat(60)}a.pcap`;
  const members = [
    { name: long, content: a },
    { name: 'link', content: Buffer.alloc(0), type: '2' },
    { name: 'notes', content: note },
    { name: 'b.gz', content: gzipSync(b) },
  ];

  it('reads the members that are captures, compressed or not', async () => {
    const read = await readBytes(writeTar(members));
    expect(read.reading.format).toBe('tar(pcap,pcap.gz)');
    expect(counts(read).map(([, packets]) => packets)).toEqual([10, 5]);
    expect(read.contents[0].member).toBe(`${long.slice(0, 255)}…`);
    expect(kinds(read)).toEqual(['member-skipped', 'member-not-evidence']);
    const compressed = await readBytes(gzipSync(writeTar(members.slice(0, 3))));
    expect(compressed.reading.format).toBe('tar.gz(pcap)');
    expect(counts(compressed).map(([, packets]) => packets)).toEqual([10]);
  });

  it('finds the next member behind a damaged header', async () => {
    const file = writeTar([...members, { name: 'c.pcap', content: c }]);
    const at = 2 * 512 + 10;
    file[at] ^= 0x55;
    const read = await readBytes(file);
    expect(kinds(read)[0]).toBe('damaged-archive');
    expect(counts(read).map(([, packets]) => packets)).toEqual([5, 7]);
  });

  it('tells an archive that ends early, and keeps what is there', async () => {
    const file = writeTar([{ name: 'a.pcap', content: a }]);
    const read = await readBytes(file.subarray(0, 512 * 3 + 400));
    expect(kinds(read)).toEqual(['damaged-archive']);
    expect(read.contents[0].packets.length).toBe(4);
    expect(kinds(await readBytes(file.subarray(0, file.length - 1024)))).toEqual(['damaged-archive']);
  });

  it('of any bytes changed or cut never throws', async () => {
    const file = writeTar(members);
    const flip = fc.tuple(fc.nat(file.length - 1), fc.integer({ min: 1, max: 255 }));
    await fc.assert(
      fc.asyncProperty(
        fc.array(flip, { maxLength: 4 }),
        fc.integer({ min: 512, max: file.length }),
        async (flips, length) => {
          const bad = Buffer.from(file.subarray(0, length));
          for (const [place, mask] of flips) if (place < bad.length) bad[place] ^= mask;
          const read = await readBytes(bad);
          expect(read.reading.bytes).toBe(bad.length);
        },
      ),
    );
  });

  it.skipIf(!isInstalled('tar'))('reads what the program makes (skipped where tar is not installed)', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'enclave-tar-'));
    try {
      const name = `${'n'.repeat(180)}.pcap`;
      writeFileSync(join(folder, name), a);
      writeFileSync(join(folder, 'z.pcap'), b);
      symlinkSync('z.pcap', join(folder, 'link'));
      for (const format of ['gnu', 'pax', 'ustar', 'v7']) {
        const names = format === 'v7' || format === 'ustar' ? ['z.pcap', 'link'] : [name, 'z.pcap', 'link'];
        const { status } = spawnSync('tar', [`--format=${format}`, '-cf', 't.tar', ...names], { cwd: folder });
        expect(status).toBe(0);
        const read = await readBytes(readFileSync(join(folder, 't.tar')));
        expect(counts(read)).toEqual(
          [[name, 10] as [string, number], ['z.pcap', 5] as [string, number]].filter(([each]) => names.includes(each)),
        );
        expect(kinds(read)).toEqual(['member-skipped']);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('an archive as one evidence', () => {
  it('joins a capture that goes on in the next member, and numbers packets on', async () => {
    const joined = await decode(writeTar([a, b].map((content, i) => ({ name: `${i}.pcap`, content }))));
    expect(joined).toMatchObject({ packets: 15, flows: 1, locators: [1], format: 'tar(pcap)' });
    const turned = await decode(writeTar([b, a].map((content, i) => ({ name: `${i}.pcap`, content }))));
    expect(turned).toMatchObject({ packets: 15, flows: 2, locators: [1, 6] });
    const otherLink = await decode(
      writeZip(
        [a, c].map((content, i) => ({ name: `${i}.pcap`, content })),
        { method: 8 },
      ),
    );
    expect(otherLink).toMatchObject({ packets: 17, flows: 2, locators: [1, 11], linkTypes: ['EN10MB', 'RAW'] });
  });

  it('names the member in problems, its name made visible', async () => {
    const cut = await decode(writeTar([{ name: '<b>\u202e', content: a.subarray(0, a.length - 3) }]));
    expect(cut.problems).toEqual([
      expect.objectContaining({
        kind: 'truncated-packet',
        message: expect.stringMatching(/^member "<b>\\u202e": the capture ends/),
      }),
    ]);
  });

  it('numbers the lines of logs on', async () => {
    const log = (uid: string): Buffer =>
      Buffer.from(
        `{"_path":"conn","ts":1495000000.0,"uid":"${uid}","id.orig_h":"10.0.0.1","id.orig_p":1,` +
          `"id.resp_h":"10.0.0.2","id.resp_p":53,"proto":"udp"}\n`,
      );
    const got = await decode(writeTar(['C1', 'C2'].map((uid) => ({ name: `${uid}.log`, content: log(uid) }))));
    expect(got).toMatchObject({ format: 'tar(zeek-json)', records: 2, flows: 2 });
    expect(new Set(got.locators).size).toBe(2);
  });

  it('without any evidence in it is refused with a reason', async () => {
    const none = await decode(writeZip([{ name: 'README', content: note }], { method: 8 }));
    expect(none.format).toBeNull();
    expect(none.problems.map(({ kind }) => kind)).toEqual(['member-not-evidence', 'not-recognised']);
  });
});

describe.skipIf(!corpusIsThere)(
  'captures of the corpus, compressed anew (skipped: ../shared/corpus is not there)',
  () => {
    const files = corpusFiles().filter(
      ({ format, bytes }) => /^pcap(ng)?$/.test(format) && bytes > 20_000 && bytes < 200_000,
    );
    const picked = files.filter((_, i) => i % Math.ceil(files.length / 8) === 0);

    it('give the same packets, flows and problems', { timeout: 60_000 }, async () => {
      expect(picked.length).toBeGreaterThan(4);
      for (const { path } of picked) {
        const bytes = readFileSync(`${CORPUS}${path}`);
        const { sha256: _, bytes: __, format, ...plain } = await decode(bytes);
        const programs = [
          ['gz', 'gzip'],
          ['zst', 'zstd'],
          ['lz4', 'lz4'],
          ['bz2', 'bzip2'],
          ['xz', 'xz'],
        ];
        for (const [suffix, program] of programs) {
          const compressed = pipeThrough(program, ['-c'], bytes);
          if (compressed === null) continue;
          const again = await decode(compressed);
          expect(again).toMatchObject({ ...plain, format: `${format}.${suffix}` });
        }
        const zipped = await decode(writeZip([{ name: 'x', content: bytes }], { method: 8 }));
        expect([zipped.packets, zipped.flows, zipped.format]).toEqual([plain.packets, plain.flows, `zip(${format})`]);
      }
    });
  },
);
