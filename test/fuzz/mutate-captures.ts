import { clientHello, dnsMessage, quicInitial } from '../classify/payload-writer.ts';
import { FIRST_TIME, pcap, type Packet, tcpFrame, udpFrame } from '../fixtures/captures.ts';

import { anywhere, below, bend, edge, LONGEST, type Mutation, pick, putNumber, type Random, WHOLE } from './bend.ts';

/** Captures that are almost right: seeds, bent at random or where it hurts. */

/** Places of the packets of a little-endian pcap: record header, data, end. */
function pcapRecords(bytes: Buffer): { header: number; data: number; end: number }[] {
  const records = [];
  if (bytes.length < 24 || ![0xa1b2c3d4, 0xa1b23c4d].includes(bytes.readUInt32LE(0))) return [];
  for (let at = 24; at + 16 <= bytes.length && records.length < 5000;) {
    const end = at + 16 + bytes.readUInt32LE(at + 8);
    if (end > bytes.length) break;
    records.push({ header: at, data: at + 16, end });
    at = end;
  }
  return records;
}

/** One packet of a pcap: its headers, or its payload, so that the file itself stays whole. */
const insidePacket: Mutation = (seed, random) => {
  const bytes = Buffer.from(seed);
  const records = pcapRecords(bytes);
  const record = records[below(random, records.length)];
  if (record === undefined) return anywhere(seed, random, seed);
  const middle = Math.min(record.end, record.data + 54);
  if (random() < 0.3) bend(bytes, record.data, middle, random);
  else bend(bytes, middle, record.end, random);
  return bytes;
};

const recordHeader: Mutation = (seed, random) => {
  const bytes = Buffer.from(seed);
  const records = pcapRecords(bytes);
  const record = records[below(random, records.length)];
  if (record === undefined) return anywhere(seed, random, seed);
  const field = record.header + 4 * below(random, 4);
  putNumber(bytes, field, 4, edge(random, record.end - record.data), false);
  return bytes;
};

/** One block of a pcapng: its type, one of its lengths, or its body. */
const insideBlock: Mutation = (seed, random) => {
  const bytes = Buffer.from(seed);
  if (bytes.length < 12 || bytes.readUInt32BE(0) !== 0x0a0d0d0a) return anywhere(seed, random, seed);
  const bigEndian = bytes.readUInt32BE(8) === 0x1a2b3c4d;
  const read = (at: number): number => (bigEndian ? bytes.readUInt32BE(at) : bytes.readUInt32LE(at));
  const blocks: { at: number; length: number }[] = [];
  for (let at = 0; at + 12 <= bytes.length && blocks.length < 5000;) {
    const length = read(at + 4);
    if (length < 12 || at + length > bytes.length) break;
    blocks.push({ at, length });
    at += Math.ceil(length / 4) * 4;
  }
  const block = blocks[below(random, blocks.length)];
  if (block === undefined) return anywhere(seed, random, seed);
  const { at, length } = block;
  switch (below(random, 4)) {
    case 0:
      putNumber(bytes, at, 4, pick(random, [1, 2, 3, 4, 5, 6, 9, 10, 0xbad, 0x40000bad]), bigEndian);
      break;
    case 1:
      putNumber(bytes, at + 4, 4, edge(random, length), bigEndian);
      if (random() < 0.5) bytes.copy(bytes, at + length - 4, at + 4, at + 8);
      break;
    default:
      bend(bytes, at + 8, at + length - 4, random);
  }
  return bytes;
};

/** A capture of one conversation whose first payload is a bent message of a protocol, in its proper wrapping. */
const bentMessage: Mutation = (_seed, random) => {
  const host = `${'x'.repeat(below(random, 70))}.example`;
  const ends = {
    source: [10, 0, 0, 1 + below(random, 250)],
    destination: [192, 0, 2, 1 + below(random, 250)],
    sourcePort: 1024 + below(random, 60_000),
    destinationPort: 443,
  };
  const packets: Packet[] = [];
  const add = (frame: Buffer): void => void packets.push({ time: FIRST_TIME + packets.length * 1000, frame });
  const bent = (message: Buffer): Buffer => {
    const bytes = Buffer.from(message);
    bend(bytes, 0, bytes.length, random);
    return random() < 0.2 ? bytes.subarray(0, below(random, bytes.length)) : bytes;
  };
  switch (below(random, 3)) {
    case 0: {
      const hello = bent(clientHello(host, below(random, 3000)));
      const record = Buffer.concat([Buffer.from([22, 3, 1, hello.length >>> 8, hello.length & 255]), hello]);
      // In pieces, some of them out of order or twice.
      const pieces = Array.from({ length: 1 + below(random, 4) }, () => below(random, record.length)).toSorted(
        (a, b) => a - b,
      );
      add(tcpFrame(ends, 2, 1000, Buffer.alloc(0)));
      for (const [i, at] of [0, ...pieces].entries()) {
        const next = pieces[i] ?? record.length;
        add(tcpFrame(ends, 24, 1001 + at, record.subarray(at, next + below(random, 20))));
      }
      if (random() < 0.5) packets.reverse();
      break;
    }
    case 1: {
      const answers = Array.from({ length: below(random, 30) }, () => below(random, 2 ** 32));
      const message = bent(dnsMessage({ name: host, ...(random() < 0.7 ? { addresses: answers, ttl: 60 } : {}) }));
      add(udpFrame({ ...ends, sourcePort: 53, destinationPort: ends.sourcePort }, message));
      break;
    }
    default: {
      const hello = bent(clientHello(host, below(random, 2000)));
      const version = pick(random, [
        { version: 1, label: 'quic', type: 0 },
        { version: 0x6b3343cf, label: 'quicv2', type: 1 },
      ] as const);
      const destination = Buffer.alloc(1 + below(random, 20), below(random, 256));
      for (let number = 0; number < 1 + below(random, 4); number++) {
        const offset = random() < 0.7 ? Math.min(number * 900, 0x3fff) : below(random, 0x4000);
        const part = hello.subarray(Math.min(offset, hello.length), offset + 900);
        const { packet } = quicInitial({ ...version, destination, hello: part, offset, number });
        add(udpFrame(ends, random() < 0.2 ? bent(packet) : packet));
      }
    }
  }
  return pcap(packets);
};

const MUTATIONS: readonly [Mutation, ...Mutation[]] = [
  ...WHOLE,
  insidePacket,
  insidePacket,
  insidePacket,
  recordHeader,
  insideBlock,
  insideBlock,
  bentMessage,
];

/** A capture made of one of the seeds (not empty) by one to three mutations. */
export function captureMutant(seeds: readonly Buffer[], random: Random): Buffer {
  const seed = (): Buffer => seeds[below(random, seeds.length)] ?? Buffer.alloc(0);
  let bytes = seed();
  for (let times = 1 + below(random, 3); times > 0; times--) {
    bytes = pick(random, MUTATIONS)(bytes.length === 0 ? seed() : bytes, random, seed());
  }
  return bytes.subarray(0, LONGEST);
}
