/** Writes sFlow 5 datagrams (sflow_version_5.txt) for tests. */

function xdr(...words: readonly number[]): Buffer {
  const bytes = Buffer.alloc(words.length * 4);
  words.forEach((word, index) => bytes.writeUInt32BE(word >>> 0, index * 4));
  return bytes;
}

function padded(bytes: Uint8Array): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);
}

export const quad = (text: string): number => text.split('.').reduce((word, part) => word * 256 + Number(part), 0);

/** An address behind its type; hexadecimal digits are IPv6. */
export function sflowAddress(text: string): Buffer {
  return text.includes('.') ? xdr(1, quad(text)) : Buffer.concat([xdr(2), Buffer.from(text.padEnd(32, '0'), 'hex')]);
}

export interface DatagramOptions {
  agent?: string;
  subAgent?: number;
  sequence?: number;
  uptime?: number;
  version?: number;
}

export function datagram(samples: readonly Uint8Array[], options: DatagramOptions = {}): Uint8Array {
  const { agent = '10.0.0.254', subAgent = 0, sequence = 1, uptime = 1000, version = 5 } = options;
  const head = [xdr(version), sflowAddress(agent), xdr(subAgent, sequence, uptime, samples.length)];
  return Buffer.concat([...head, ...samples]);
}

/** A sample, or a record of one. */
export function opaque(format: number, body: Uint8Array): Uint8Array {
  return Buffer.concat([xdr(format, body.length), padded(body)]);
}

export interface SampleOptions {
  number?: number;
  rate?: number;
  drops?: number;
  source?: number;
  input?: number;
  output?: number;
}

export function flowSample(records: readonly Uint8Array[], options: SampleOptions = {}): Uint8Array {
  const { number = 1, rate = 512, drops = 0, source = 3, input = 7, output = 9 } = options;
  const head = xdr(number, source, rate, 1000, drops, input, output, records.length);
  return opaque(1, Buffer.concat([head, ...records]));
}

/** `input` and `output` are indices; an output of format 1 is a reason for which the packet was discarded. */
export function expandedFlowSample(
  records: readonly Uint8Array[],
  options: SampleOptions & { outputFormat?: number } = {},
): Uint8Array {
  const { rate = 512, drops = 0, source = 3, input = 7, output = 9, outputFormat = 0 } = options;
  const head = xdr(1, 0, source, rate, 1000, drops, 0, input, outputFormat, output, records.length);
  return opaque(3, Buffer.concat([head, ...records]));
}

/** Record 1: the first bytes of a sampled packet. */
export function rawHeader(protocol: number, frame: Uint8Array, options: { length?: number; stripped?: number } = {}) {
  const { length = frame.length, stripped = 0 } = options;
  return opaque(1, Buffer.concat([xdr(protocol, length, stripped, frame.length), padded(frame)]));
}

/** Record 3. */
export function sampledIpv4(
  source: string,
  destination: string,
  numbers: readonly [length: number, protocol: number, sourcePort: number, destinationPort: number, flags: number],
) {
  const [length, protocol, sourcePort, destinationPort, flags] = numbers;
  return opaque(3, xdr(length, protocol, quad(source), quad(destination), sourcePort, destinationPort, flags, 0));
}

/** Record 4, from fd00::1 to fd00::2. */
export function sampledIpv6(
  numbers: readonly [length: number, protocol: number, sourcePort: number, destinationPort: number, flags: number],
) {
  const [length, protocol, sourcePort, destinationPort, flags] = numbers;
  const ends = [0xfd00_0000, 0, 0, 1, 0xfd00_0000, 0, 0, 2];
  return opaque(4, xdr(length, protocol, ...ends, sourcePort, destinationPort, flags, 0));
}

/** Record 1002. */
export function router(nextHop: string): Uint8Array {
  return opaque(1002, Buffer.concat([sflowAddress(nextHop), xdr(24, 24)]));
}

/** An IPv4 packet from 10.1.0.1 to 192.0.2.9 whose header says `total` bytes, of which `behind` follow the header. */
export function ipv4Packet(transport: number, total: number, behind: readonly number[]): Uint8Array {
  const head = Buffer.from([0x45, 0, 0, 0, 0, 1, 0, 0, 64, transport, 0, 0, 10, 1, 0, 1, 192, 0, 2, 9]);
  head.writeUInt16BE(total, 2);
  return Buffer.concat([head, Buffer.from(behind)]);
}

/** TCP from port 443 to port 51,000 with flags. */
export function tcpBytes(flags: number): number[] {
  return [1, 187, 199, 56, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, flags, 0, 0, 0, 0, 0, 0];
}

export function ethernet(type: number, content: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.alloc(12, 2), Buffer.from([type >>> 8, type & 255]), content]);
}
