import { zstdDecompressSync } from 'node:zlib';
import { decompressBzip2 } from '../../electron/capture/bzip2.ts';
import { decodeLz4Block } from '../../electron/capture/lz4.ts';
import { decompressLzo1x } from '../../electron/capture/lzo1x.ts';
import { block, COMPRESSIONS, compress, type Compression } from '../flows/nfcapd-files.ts';
import { below, bend, edge, pick, putNumber, type Random, shuffled } from './bend.ts';

/** Files of nfcapd that are almost right: blocks are unpacked, bent inside, and packed again. */

const HEADER_V1 = 276;
const HEADER_V2 = 40;
const BLOCK_HEADER = 12;
const RECORD_HEADER = 4;
const MOST_UNPACKED = 1 << 20;
/** bzip2 is only read here; the reader meets it in seeds that are bent as a whole. */
const WRITABLE = ['none', 'lzo', 'lz4', 'zstd'] as const;

interface Block {
  told: number;
  type: number;
  flags: number;
  /** Unpacked. */
  records: Buffer;
}

function unpacked(body: Buffer, compression: Compression): Buffer | null {
  const made = (bytes: Uint8Array | null): Buffer | null => (bytes === null ? null : Buffer.from(bytes));
  switch (compression) {
    case 'none':
      return Buffer.from(body);
    case 'lzo':
      return made(decompressLzo1x(body, MOST_UNPACKED));
    case 'bz2':
      return made(decompressBzip2(body, MOST_UNPACKED));
    case 'lz4': {
      const out = new Uint8Array(Math.min(MOST_UNPACKED, body.length * 255));
      return made(out.subarray(0, decodeLz4Block(body, out, 0, 0).end));
    }
    case 'zstd':
      return made(zstdDecompressSync(body, { maxOutputLength: MOST_UNPACKED }));
  }
}

function compressionOf(file: Buffer, version: number): Compression | undefined {
  if (version === 2) return COMPRESSIONS[file[16] ?? 0];
  const flags = file.readUInt32LE(4);
  return flags & 1 ? 'lzo' : flags & 8 ? 'bz2' : flags & 16 ? 'lz4' : 'none';
}

/** Record by record, by their own lengths; what does not add up is the last. */
function recordsOf(bytes: Buffer): Buffer[] {
  const records: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const size = at + RECORD_HEADER > bytes.length ? 0 : bytes.readUInt16LE(at + 2);
    const end = size < RECORD_HEADER ? bytes.length : at + size;
    records.push(Buffer.from(bytes.subarray(at, end)));
    at = end;
  }
  return records;
}

/** Type, length or content of an element of a record of layout 2; a field of layout 1. */
function bentRecord(record: Buffer, random: Random): void {
  const elements: number[] = [];
  for (let at = 12; at + 4 <= record.length;) {
    elements.push(at);
    at += Math.max(4, record.readUInt16LE(at + 2));
  }
  const element = elements[below(random, elements.length)] ?? 12;
  switch (below(random, 7)) {
    case 0:
      putNumber(record, 0, 2, random() < 0.7 ? below(random, 16) : edge(random, 16), false);
      break;
    case 1:
      putNumber(record, 2, 2, edge(random, record.length), false);
      break;
    case 2:
      putNumber(record, 4, 2, edge(random, elements.length), false);
      break;
    case 3:
      putNumber(record, element, 2, below(random, 50), false);
      break;
    case 4:
      putNumber(record, element + 2, 2, edge(random, 16), false);
      break;
    default:
      bend(record, RECORD_HEADER, record.length, random);
  }
}

function bentBlock(given: Block, random: Random): Block {
  let records = recordsOf(given.records);
  for (let times = 1 + below(random, 4); times > 0; times--) {
    const record = records[below(random, records.length)];
    if (random() < 0.15) records = shuffled(random, records);
    else if (record !== undefined) bentRecord(record, random);
  }
  // Empty records without end, or a record that is all there is, over and over.
  if (random() < 0.03) records.push(Buffer.alloc(4 * below(random, 50_000), Buffer.from([11, 0, 4, 0])));
  return { ...given, records: Buffer.concat(records), told: random() < 0.8 ? records.length : given.told };
}

/** Writes a block; one in five has a header that lies. */
function packed({ told, type, flags, records }: Block, compression: Compression, random: Random): Buffer {
  const isPlain = compression !== 'none' && random() < 0.1;
  const options = { compression: isPlain ? ('none' as const) : compression, told, type, flags: isPlain ? 1 : flags };
  const lie = random();
  if (lie < 0.05) return block([records], { ...options, told: edge(random, told) >>> 0 });
  if (lie < 0.1) return block([records], { ...options, size: edge(random, records.length) >>> 0 });
  if (lie < 0.15) return block([records], { ...options, type: below(random, 8), flags: below(random, 12) });
  if (lie >= 0.2) return block([records], options);
  // The packed stream itself.
  const body = compress(options.compression, records);
  bend(body, 0, body.length, random);
  return block([body], { ...options, compression: 'none' });
}

/** A file of nfcapd bent inside its blocks; null when it is none that can be unpacked. */
export function nfcapdMutant(file: Buffer, random: Random): Buffer | null {
  const version = file.length < HEADER_V2 ? 0 : file.readUInt16LE(2);
  const headerBytes = version === 1 ? HEADER_V1 : HEADER_V2;
  const former = version === 1 || version === 2 ? compressionOf(file, version) : undefined;
  if (former === undefined || file.length < headerBytes) return null;
  let blocks: Block[] = [];
  for (let at = headerBytes; at + BLOCK_HEADER <= file.length;) {
    const end = Math.min(file.length, at + BLOCK_HEADER + file.readUInt32LE(at + 4));
    const flags = file.readUInt16LE(at + 10);
    const records = unpacked(file.subarray(at + BLOCK_HEADER, end), (flags & 1) === 0 ? former : 'none');
    if (records === null) return null;
    blocks.push({ told: file.readUInt32LE(at), type: file.readUInt16LE(at + 8), flags: flags & ~1, records });
    at = end;
  }
  const compression: Compression = pick(random, WRITABLE);
  const header = Buffer.from(file.subarray(0, headerBytes));
  if (version === 2) header[16] = COMPRESSIONS.indexOf(compression);
  else header.writeUInt32LE(compression === 'lzo' ? 1 : compression === 'lz4' ? 16 : 0, 4);
  const inLayout = version === 1 && compression === 'zstd' ? 'none' : compression;
  if (random() < 0.1) bend(header, 4, headerBytes, random);
  if (random() < 0.1) blocks = shuffled(random, blocks);
  const target = below(random, blocks.length);
  const written = blocks.map((one, i) =>
    i === target || random() < 0.2 ? packed(bentBlock(one, random), inLayout, random) : packed(one, inLayout, () => 1),
  );
  if (random() < 0.02) {
    // Much out of little.
    const zeros = Buffer.alloc(1 << 20);
    written.push(block([zeros], { compression: inLayout === 'none' ? 'zstd' : inLayout, type: version === 1 ? 2 : 3 }));
  }
  return Buffer.concat([header, ...written]);
}
