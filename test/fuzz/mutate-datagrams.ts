import { FIRST_TIME, type Packet, pcap, udpFrame } from '../fixtures/captures.ts';
import { optionsTemplate, optionsTemplate9, set, template, uint } from '../flows/netflow-messages.ts';
import { datagram, expandedFlowSample, flowSample, opaque, rawHeader, sampledIpv4 } from '../flows/sflow-datagrams.ts';
import { below, bend, edge, howMany, oneOf, pick, putNumber, type Random, shuffled, WHOLE } from './bend.ts';

/** Messages of NetFlow, IPFIX and sFlow that are almost right, by themselves, in IPFIX files, or as datagrams of a capture. */

/** Longest payload of UDP over IPv4, bytes. */
const LONGEST_DATAGRAM = 65_507;
const NETFLOW_9 = 9;
const IPFIX = 10;
const headerBytes = (version: number): number => (version === NETFLOW_9 ? 20 : 16);

/** A set as it stands in a message, header included; the last may be cut. */
function setsOf(message: Buffer, version: number): Buffer[] {
  const sets: Buffer[] = [];
  for (let at = headerBytes(version); at < message.length;) {
    const length = at + 4 > message.length ? 0 : message.readUInt16BE(at + 2);
    const end = length < 4 ? message.length : at + length;
    sets.push(message.subarray(at, end));
    at = end;
  }
  return sets;
}

const isTemplates = (one: Buffer, version: number): boolean =>
  one.length >= 4 && (version === NETFLOW_9 ? one.readUInt16BE(0) <= 1 : [2, 3].includes(one.readUInt16BE(0)));

const FIELD_LENGTHS = [0, 1, 2, 3, 4, 8, 9, 16, 255, 65_534, 65_535] as const;
/** Elements that readers know, their neighbours, and none. */
const ELEMENTS = [
  0, 1, 2, 4, 7, 8, 11, 12, 21, 22, 27, 34, 48, 50, 82, 85, 130, 152, 156, 160, 231, 311, 32_767,
] as const;
const TEMPLATE_IDS = [0, 1, 2, 3, 255, 256, 257, 258, 259, 260, 65_535] as const;

/** Bends one template of a set, or several: id, count of fields, elements, lengths. Lengths of sets stay. */
function bentTemplates(one: Buffer, version: number, random: Random): Buffer {
  const isOptions = one.readUInt16BE(0) === 1 || one.readUInt16BE(0) === 3;
  const bytes = Buffer.from(one);
  const header = isOptions ? 6 : 4;
  if (bytes.length < 4 + header + 4) return bytes;
  switch (below(random, 6)) {
    case 0:
      putNumber(bytes, 4, 2, pick(random, TEMPLATE_IDS), true);
      return bytes;
    case 1:
      putNumber(bytes, 6, 2, random() < 0.5 ? below(random, 40) : edge(random, bytes.length), true);
      return bytes;
    case 2: {
      // Every field the same, of no length or of any.
      const length = pick(random, [0, 0, 1, 65_535] as const);
      for (let at = 4 + header; at + 4 <= bytes.length; at += 4) putNumber(bytes, at + 2, 2, length, true);
      return bytes;
    }
    case 3: {
      // More fields than there were, and the count that goes with them.
      const count = 1 + below(random, random() < 0.05 ? 1100 : 20);
      const field = (): number[] => [...uint(pick(random, ELEMENTS), 2), ...uint(pick(random, FIELD_LENGTHS), 2)];
      const fields = Buffer.from(Array.from({ length: count }, field).flat());
      putNumber(bytes, 6, 2, isOptions && version === NETFLOW_9 ? count * 4 : count, true);
      const grown = Buffer.concat([bytes.subarray(0, 4 + header), fields]);
      putNumber(grown, 2, 2, grown.length, true);
      return grown;
    }
    default: {
      const fields = Math.floor((bytes.length - 4 - header) / 4);
      for (let times = 1 + below(random, 3); times > 0; times--) {
        const at = 4 + header + 4 * below(random, fields);
        if (random() < 0.5) putNumber(bytes, at, 2, pick(random, ELEMENTS) | (random() < 0.2 ? 0x8000 : 0), true);
        else putNumber(bytes, at + 2, 2, pick(random, FIELD_LENGTHS), true);
      }
      return bytes;
    }
  }
}

/** Sets that no exporter would send: floods, withdrawals, empty ones, samplers without end, values of variable length. */
function strangeSets(version: number, random: Random): Buffer[] {
  const templates = version === NETFLOW_9 ? 0 : 2;
  const many = (most: number, make: (i: number) => number[]): Buffer[] =>
    Array.from({ length: howMany(random, most) }, (_, i) => Buffer.from(make(i)));
  switch (below(random, 7)) {
    case 0:
      return many(3000, () => set(pick(random, TEMPLATE_IDS)));
    case 1: {
      const first = 256 + below(random, 60_000);
      const length = pick(random, FIELD_LENGTHS);
      return many(800, (i) =>
        set(
          templates,
          template((first + i) & 0xffff, [
            [8, 4],
            [12, 4],
            [pick(random, ELEMENTS), length],
          ]),
        ),
      );
    }
    case 2:
      return many(200, (i) => set(templates, uint(random() < 0.3 ? templates : 256 + (i % 8), 2), uint(0, 2)));
    case 3: {
      const fields = Array.from(
        { length: random() < 0.3 ? 900 + below(random, 300) : 40 },
        () => [pick(random, ELEMENTS), 1] as const,
      );
      return many(20, (i) => set(templates, template(256 + i, fields)));
    }
    case 4: {
      const id = 256 + below(random, 6);
      const options =
        version === NETFLOW_9
          ? set(
              1,
              optionsTemplate9(
                id,
                [[1, 4]],
                [
                  [48, 2],
                  [50, 4],
                ],
              ),
            )
          : set(
              3,
              optionsTemplate(id, 1, [
                [149, 4],
                [48, 2],
                [50, 4],
              ]),
            );
      const data = set(id, ...Array.from({ length: howMany(random, 3000) }, (_, i) => uint(i * 65_537 * 7, 10)));
      return random() < 0.5 ? [Buffer.from(options), Buffer.from(data)] : [Buffer.from(data), Buffer.from(options)];
    }
    case 5: {
      const id = 256 + below(random, 6);
      const fields = set(
        templates,
        template(id, [
          [8, 4],
          [12, 4],
          [82, 65_535],
          [1, 65_535],
          [2, 4],
        ]),
      );
      const value = (): number[] =>
        random() < 0.4
          ? [255, ...uint(edge(random, 10) & 0xffff, 2), ...uint(0, below(random, 12))]
          : [below(random, 20), ...uint(below(random, 1e9), below(random, 20))];
      const record = (): number[] => [
        ...uint(0x0a000001, 4),
        ...uint(0xc0000201, 4),
        ...value(),
        ...value(),
        ...uint(1, 4),
      ];
      return [Buffer.from(fields), Buffer.from(set(id, ...Array.from({ length: 1 + below(random, 40) }, record)))];
    }
    default:
      // Data of which every byte is one, or of a template that never came.
      return many(4, () =>
        set(256 + below(random, 8), uint(random() < 0.5 ? 0 : 2 ** 32 - 1, 4 + below(random, 1400))),
      );
  }
}

/** A message of NetFlow v9 or IPFIX with its sets bent. */
function bentSets(message: Buffer, version: number, random: Random): Buffer {
  const header = Buffer.from(message.subarray(0, headerBytes(version)));
  let sets: Buffer[] = setsOf(message, version).map((one) => Buffer.from(one));
  for (let times = 1 + below(random, 3); times > 0; times--) {
    const at = below(random, sets.length);
    const one = sets[at];
    switch (below(random, 6)) {
      case 0:
        sets = shuffled(random, sets);
        break;
      case 1:
        sets = sets.toSpliced(below(random, sets.length + 1), 0, ...strangeSets(version, random));
        break;
      case 2:
        if (one !== undefined) putNumber(one, random() < 0.5 ? 0 : 2, 2, edge(random, one.length), true);
        break;
      case 3:
        bend(header, 4, header.length, random);
        break;
      default:
        if (one === undefined) break;
        if (isTemplates(one, version)) sets[at] = bentTemplates(one, version, random);
        else bend(one, 4, one.length, random);
    }
  }
  const bytes = Buffer.concat([header, ...sets]).subarray(0, LONGEST_DATAGRAM);
  if (version === IPFIX && random() < 0.9) putNumber(bytes, 2, 2, bytes.length, true);
  return bytes;
}

/** NetFlow v1, v5 or v7. */
function bentFixed(message: Buffer, random: Random): Buffer {
  const bytes = Buffer.from(message);
  if (random() < 0.4) bend(bytes, 2, 24, random);
  else bend(bytes, 24, bytes.length, random);
  return bytes;
}

/** An sFlow 5 datagram of samples that are bent inside, so that its own lengths mostly hold. */
function bentSflow(message: Buffer, random: Random): Buffer {
  let samples: Buffer[] = [];
  const agent = message.length < 8 ? 0 : message.readUInt32BE(4) === 2 ? 16 : 4;
  const head = Buffer.from(message.subarray(0, 8 + agent + 16));
  for (let at = head.length; at + 8 <= message.length;) {
    const end = Math.min(message.length, at + 8 + message.readUInt32BE(at + 4));
    samples.push(Buffer.from(message.subarray(at, end)));
    at = end;
  }
  for (let times = 1 + below(random, 3); times > 0; times--) {
    const at = below(random, samples.length);
    const sample = samples[at];
    switch (below(random, 7)) {
      case 0:
        samples = shuffled(random, samples, 200);
        break;
      case 1:
        bend(head, 4, head.length, random);
        break;
      case 2:
        if (sample !== undefined) putNumber(sample, 4 * below(random, 16), 4, edge(random, sample.length), true);
        break;
      case 3:
        samples.push(madeSample(random));
        break;
      case 4: {
        // What was sampled, cut short or of another kind of link, and every length that goes with it.
        const frame = sample?.subarray(60 + below(random, 80)) ?? Buffer.alloc(0);
        const record = rawHeader(below(random, 18), frame, { length: edge(random, frame.length) >>> 0 });
        samples.push(Buffer.from(flowSample([record], { rate: edge(random, 512) >>> 0 })));
        break;
      }
      default:
        if (sample !== undefined) bend(sample, 8, sample.length, random);
    }
  }
  if (random() < 0.9) putNumber(head, head.length - 4, 4, samples.length, true);
  return Buffer.concat([head, ...samples]).subarray(0, LONGEST_DATAGRAM);
}

function madeSample(random: Random): Buffer {
  const number = (): number => edge(random, 1000) >>> 0;
  const options = { rate: number(), drops: number(), source: number(), input: number(), output: number() };
  const record = (): Uint8Array =>
    random() < 0.5
      ? sampledIpv4('10.0.0.9', '192.0.2.9', [number(), below(random, 300), number(), number(), number()])
      : opaque(
          pick(random, [1, 2, 3, 4, 1001, 1002, 1003, 0x1000] as const),
          Buffer.alloc(4 * below(random, 40), below(random, 256)),
        );
  const records = Array.from({ length: below(random, 30) }, record);
  return Buffer.from(random() < 0.5 ? flowSample(records, options) : expandedFlowSample(records, options));
}

/** One export message, bent where its version has its numbers. */
export function bentExport(message: Buffer, random: Random): Buffer {
  const version = message.length < 4 ? 0 : message.readUInt16BE(0);
  if (version === NETFLOW_9 || version === IPFIX) return bentSets(message, version, random);
  return version === 0 ? bentSflow(message, random) : bentFixed(message, random);
}

/** Some of a list of messages bent, most left as they are, so that templates meet the data of others. */
function bentList(messages: readonly Buffer[], random: Random, other: readonly Buffer[]): Buffer[] {
  let bent = [...messages];
  if (random() < 0.3) bent = shuffled(random, bent);
  if (random() < 0.3) bent.splice(below(random, bent.length + 1), 0, oneOf(random, other) ?? Buffer.from(datagram([])));
  for (let times = 1 + below(random, 3); times > 0 && bent.length > 0; times--) {
    const at = below(random, bent.length);
    const one = bent[at] ?? Buffer.alloc(0);
    bent[at] = random() < 0.1 && one.length > 0 ? pick(random, WHOLE)(one, random, one) : bentExport(one, random);
  }
  return bent;
}

const TIMES = [0, 1e6, 2 ** 31 * 1e6, (2 ** 32 - 1) * 1e6] as const;

/** A capture of export datagrams of one or several exporters, bent; every length of the packets around them is right. */
export function datagramMutant(messages: readonly Buffer[], random: Random, other: readonly Buffer[]): Buffer {
  const exporters = random() < 0.7 ? 1 : 1 + below(random, 8);
  const port = 2000 + below(random, 4);
  const packets = bentList(messages, random, other).map((message, i): Packet => {
    const ends = {
      source: [10, 0, 1, 1 + (i % exporters)],
      destination: [192, 0, 2, 1],
      sourcePort: random() < 0.9 ? port : below(random, 65_536),
      destinationPort: 2055,
    };
    const time = random() < 0.97 ? FIRST_TIME + i * 1e6 : pick(random, TIMES);
    return { time, frame: udpFrame(ends, message.subarray(0, LONGEST_DATAGRAM)) };
  });
  return pcap(packets);
}

/** An IPFIX file whose messages are bent. */
export function ipfixFileMutant(file: Buffer, random: Random, other: Buffer): Buffer {
  return Buffer.concat(bentList(messagesOf(file), random, messagesOf(other)));
}

function messagesOf(file: Buffer): Buffer[] {
  const messages: Buffer[] = [];
  for (let at = 0; at + 16 <= file.length;) {
    const length = file.readUInt16BE(at + 2);
    const end = length < 16 ? file.length : Math.min(file.length, at + length);
    messages.push(file.subarray(at, end));
    at = end;
  }
  return messages;
}
