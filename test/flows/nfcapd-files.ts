import { zstdCompressSync } from 'node:zlib';
import { parseAddress } from '../../shared/address.ts';

/** Writes small files of nfcapd, layouts 1 and 2, byte by byte. */

export interface WrittenFlow {
  /** Milliseconds since the epoch. */
  first: number;
  last: number;
  received?: number;
  source: string;
  destination: string;
  sourcePort: number;
  destinationPort: number;
  transport: number;
  tcpFlags?: number;
  packets: number;
  bytes: number;
  packetsBack?: number;
  bytesBack?: number;
  aggregated?: number;
  inputInterface?: number;
  outputInterface?: number;
  nextHop?: string;
  bgpNextHop?: string;
  /** Address that the export came from. */
  sender?: string;
  /** Number of the exporter. */
  exporter?: number;
  isScaled?: boolean;
  isEvent?: boolean;
  isSflow?: boolean;
  biflowDirection?: number;
  firewallEvent?: number;
  samplerId?: number;
  /** Interval that the sampler's element brings itself, as of early nfdump 1.7. */
  ownRate?: number;
}

export const COMPRESSIONS = ['none', 'lzo', 'bz2', 'lz4', 'zstd'] as const;
export type Compression = (typeof COMPRESSIONS)[number];

function numbers(...fields: readonly (readonly [bits: 8 | 16 | 32 | 64, value: number])[]): Buffer {
  const bytes = Buffer.alloc(fields.reduce((sum, [bits]) => sum + bits / 8, 0));
  let at = 0;
  for (const [bits, value] of fields) {
    if (bits === 64) bytes.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)), at);
    else bytes.writeUIntLE(value, at, bits / 8);
    at += bits / 8;
  }
  return bytes;
}

const isIpv6 = (text: string): boolean => text.includes(':');

/** As numbers of the host's order: one of 32 bits, or two of 64. */
function address(text: string): Buffer {
  const [a, b, c, d] = parseAddress(text) ?? [0, 0, 0, 0];
  return isIpv6(text) ? numbers([32, b], [32, a], [32, d], [32, c]) : numbers([32, d]);
}

export function element(type: number, body: Uint8Array): Buffer {
  return Buffer.concat([numbers([16, type], [16, body.length + 4]), body]);
}

/** A record of layout 2. */
export function recordV2(flow: WrittenFlow, further: readonly Buffer[] = []): Buffer {
  const elements = [
    element(
      1,
      numbers(
        [64, flow.first],
        [64, flow.last],
        [64, flow.received ?? 0],
        [64, flow.packets],
        [64, flow.bytes],
        [16, flow.sourcePort],
        [16, flow.destinationPort],
        [8, flow.transport],
        [8, flow.tcpFlags ?? 0],
        [16, 0],
      ),
    ),
    element(isIpv6(flow.source) ? 3 : 2, Buffer.concat([address(flow.source), address(flow.destination)])),
  ];
  if (flow.inputInterface !== undefined || flow.outputInterface !== undefined || flow.biflowDirection !== undefined) {
    const interfaces = numbers([32, flow.inputInterface ?? 0], [32, flow.outputInterface ?? 0], [32, 0]);
    elements.push(element(4, Buffer.concat([interfaces, numbers([8, flow.biflowDirection ?? 0], [8, 0], [16, 0])])));
  }
  if (flow.packetsBack !== undefined || flow.bytesBack !== undefined || flow.aggregated !== undefined) {
    elements.push(
      element(5, numbers([64, flow.aggregated ?? 1], [64, flow.packetsBack ?? 0], [64, flow.bytesBack ?? 0])),
    );
  }
  if (flow.bgpNextHop !== undefined) elements.push(element(isIpv6(flow.bgpNextHop) ? 9 : 8, address(flow.bgpNextHop)));
  if (flow.nextHop !== undefined) elements.push(element(isIpv6(flow.nextHop) ? 11 : 10, address(flow.nextHop)));
  if (flow.sender !== undefined) elements.push(element(isIpv6(flow.sender) ? 13 : 12, address(flow.sender)));
  if (flow.ownRate !== undefined) {
    elements.push(element(18, numbers([32, flow.samplerId ?? 0], [32, flow.ownRate], [32, 0])));
  } else if (flow.samplerId !== undefined) elements.push(element(18, numbers([64, flow.samplerId], [64, 0])));
  if (flow.firewallEvent !== undefined) {
    elements.push(element(19, numbers([64, flow.first], [32, 1], [16, 0], [8, flow.firewallEvent], [8, 0])));
  }
  elements.push(...further);
  const body = Buffer.concat(elements);
  const flags = (flow.isEvent ? 1 : 0) | (flow.isScaled ? 2 : 0);
  const version = flow.isSflow ? 0x85 : 9;
  return Buffer.concat([
    numbers([16, 11], [16, body.length + 12], [16, elements.length], [16, 0]),
    numbers([16, flow.exporter ?? 0], [8, flags], [8, version]),
    body,
  ]);
}

/** Extensions of layout 1 that hold what a flow has, in the order of their numbers. */
function extensionsOf(flow: WrittenFlow): [number, Buffer][] {
  const extensions: [number, Buffer][] = [];
  if (flow.inputInterface !== undefined || flow.outputInterface !== undefined) {
    extensions.push([5, numbers([32, flow.inputInterface ?? 0], [32, flow.outputInterface ?? 0])]);
  }
  if (flow.nextHop !== undefined) extensions.push([isIpv6(flow.nextHop) ? 10 : 9, address(flow.nextHop)]);
  if (flow.bgpNextHop !== undefined) extensions.push([isIpv6(flow.bgpNextHop) ? 12 : 11, address(flow.bgpNextHop)]);
  if (flow.packetsBack !== undefined) extensions.push([15, numbers([64, flow.packetsBack])]);
  if (flow.bytesBack !== undefined) extensions.push([16, numbers([32, flow.bytesBack])]);
  if (flow.aggregated !== undefined) extensions.push([18, numbers([32, flow.aggregated])]);
  if (flow.sender !== undefined) extensions.push([isIpv6(flow.sender) ? 24 : 23, address(flow.sender)]);
  if (flow.received !== undefined) extensions.push([27, numbers([64, flow.received])]);
  if (flow.firewallEvent !== undefined) {
    extensions.push([37, numbers([64, flow.first], [32, 1], [16, 0], [8, flow.firewallEvent], [8, 0], [32, 0])]);
  }
  return extensions;
}

/** A map of extensions for layout 1; `bytes`: length of all of them. */
export function extensionMap(id: number, extensions: readonly number[], bytes = 0): Buffer {
  const ids = [...extensions, 0, ...(extensions.length % 2 === 0 ? [0] : [])];
  return numbers([16, 2], [16, 8 + ids.length * 2], [16, id], [16, bytes], ...ids.map((n) => [16, n] as const));
}

/** The map that a flow needs, and its record of layout 1; counts of 64 bits where they are large. */
export function recordsV1(flow: WrittenFlow, map = 1): [Buffer, Buffer] {
  const extensions = extensionsOf(flow);
  const large = flow.packets > 0xffffffff;
  const flags =
    (isIpv6(flow.source) ? 1 : 0) |
    (large ? 2 : 0) |
    (flow.bytes > 0xffffffff ? 4 : 0) |
    (flow.isEvent ? 64 : 0) |
    (flow.isScaled ? 128 : 0);
  const body = Buffer.concat([
    numbers([16, flags], [16, map], [16, flow.first % 1000], [16, flow.last % 1000]),
    numbers([32, Math.floor(flow.first / 1000)], [32, Math.floor(flow.last / 1000)]),
    numbers([8, 0], [8, flow.tcpFlags ?? 0], [8, flow.transport], [8, 0]),
    numbers([16, flow.sourcePort], [16, flow.destinationPort], [16, flow.exporter ?? 0], [16, 0]),
    address(flow.source),
    address(flow.destination),
    numbers([large ? 64 : 32, flow.packets], [flow.bytes > 0xffffffff ? 64 : 32, flow.bytes]),
    ...extensions.map(([, bytes]) => bytes),
  ]);
  const record = Buffer.concat([numbers([16, 10], [16, body.length + 4]), body]);
  return [
    extensionMap(
      map,
      extensions.map(([id]) => id),
      extensions.reduce((sum, [, bytes]) => sum + bytes.length, 0),
    ),
    record,
  ];
}

/** An exporter; its address as nfdump wrote it first (`host`: numbers, and the family beside them) or later. */
export function exporterRecord(number: number, text: string, order: 'host' | 'network', version = 9): Buffer {
  const ip = Buffer.alloc(16);
  if (order === 'host') address(text).copy(ip, isIpv6(text) ? 0 : 8);
  else for (const [i, word] of (parseAddress(text) ?? [0, 0, 0, 0]).entries()) ip.writeUInt32BE(word, i * 4);
  const family = order === 'network' ? 0 : isIpv6(text) ? 10 : 2;
  return Buffer.concat([numbers([16, 7], [16, 32], [32, version]), ip, numbers([16, family], [16, number], [32, 0])]);
}

export function samplerRecord(exporter: number, id: number, interval: number, space: number): Buffer {
  return numbers([16, 15], [16, 24], [16, exporter], [16, 0], [64, id], [32, interval], [32, space]);
}

/** A sampler as nfdump 1.6 writes it: one packet in `rate`. */
export function legacySamplerRecord(exporter: number, id: number, rate: number): Buffer {
  return numbers([16, 9], [16, 16], [32, id >>> 0], [32, rate], [16, 0], [16, exporter]);
}

/** LZO1X of literals only. */
function lzoLiterals(bytes: Uint8Array): Buffer {
  const end = Buffer.from([0x11, 0, 0]);
  if (bytes.length === 0) return end;
  if (bytes.length <= 238) return Buffer.concat([Buffer.from([17 + bytes.length]), bytes, end]);
  const rest = bytes.length - 18;
  const zeros = Math.floor((rest - 1) / 255);
  return Buffer.concat([Buffer.alloc(zeros + 1), Buffer.from([rest - zeros * 255]), bytes, end]);
}

function lz4Literals(bytes: Uint8Array): Buffer {
  if (bytes.length < 15) return Buffer.concat([Buffer.from([bytes.length << 4]), bytes]);
  const rest = bytes.length - 15;
  const full = Math.floor(rest / 255);
  return Buffer.concat([Buffer.from([0xf0]), Buffer.alloc(full, 255), Buffer.from([rest % 255]), bytes]);
}

/** Stands for bzip2, which nothing here can write: the bytes turned over. `test/flows/nfcapd.test.ts` turns them back. */
export function turnedOver(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.map((byte) => byte ^ 0xff));
}

export function compress(compression: Compression, bytes: Uint8Array): Buffer {
  switch (compression) {
    case 'none':
      return Buffer.from(bytes);
    case 'lzo':
      return lzoLiterals(bytes);
    case 'lz4':
      return lz4Literals(bytes);
    case 'zstd':
      return zstdCompressSync(bytes);
    case 'bz2':
      return turnedOver(bytes);
  }
}

export interface BlockOptions {
  compression?: Compression;
  type?: number;
  flags?: number;
  /** What the header says, where it is not true. */
  told?: number;
  size?: number;
}

export function block(records: readonly Buffer[], options: BlockOptions = {}): Buffer {
  const body = compress(options.compression ?? 'none', Buffer.concat(records));
  const head = numbers(
    [32, options.told ?? records.length],
    [32, options.size ?? body.length],
    [16, options.type ?? 3],
    [16, options.flags ?? 0],
  );
  return Buffer.concat([head, body]);
}

export interface FileOptions {
  compression?: Compression | number;
  encryption?: number;
  /** Blocks that the header tells of, where it is not true. */
  blocks?: number;
  version?: number;
}

/** Statistics of layout 2, as the appendix has them: the number of flows and of sequence failures, the rest 0. */
export function statisticsRecord(flows: number, failures = 0): Buffer {
  return Buffer.concat([numbers([16, 0x8002], [16, 148], [64, flows]), Buffer.alloc(128), numbers([64, failures])]);
}

/** A file of layout 2 around blocks, without appendix. */
export function fileV2(blocks: readonly Buffer[], options: FileOptions = {}): Buffer {
  const { compression = 'none' } = options;
  const number = typeof compression === 'number' ? compression : COMPRESSIONS.indexOf(compression);
  return Buffer.concat([
    numbers([16, 0xa50c], [16, options.version ?? 2], [32, 0x01070100], [64, 1_700_000_000]),
    numbers([8, number], [8, options.encryption ?? 0], [16, 0], [32, 1], [64, 0], [32, 0]),
    numbers([32, options.blocks ?? blocks.length]),
    ...blocks,
  ]);
}

/** A file of layout 1 around blocks of type 2. */
export function fileV1(
  blocks: readonly Buffer[],
  compression: 'none' | 'lzo' | 'bz2' | 'lz4' = 'none',
  statedFlows = 0,
  statedFailures = 0,
): Buffer {
  const flags = { none: 0, lzo: 1, bz2: 8, lz4: 16 }[compression];
  const ident = Buffer.alloc(128);
  ident.write('test');
  const head = numbers([16, 0xa50c], [16, 1], [32, flags], [32, blocks.length]);
  const statistics = [numbers([64, statedFlows]), Buffer.alloc(124), numbers([32, statedFailures])];
  return Buffer.concat([head, ident, ...statistics, ...blocks]);
}
