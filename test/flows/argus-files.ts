/** Writes argus files (argus_def.h, argus_out.h of argus 3 and 5) for tests: records out of data-specific records. */

export type Dsr = Uint8Array;

/** `words` are 32-bit; numbers of other widths are put together by the caller. */
export function dsr(type: number, subtype: number, qualifier: number, words: readonly number[]): Dsr {
  const bytes = Buffer.alloc(4 + 4 * words.length);
  bytes.set([type, subtype, qualifier, words.length + 1]);
  words.forEach((word, index) => bytes.writeUInt32BE(word >>> 0, 4 + 4 * index));
  return bytes;
}

export function record(type: number, cause: number, dsrs: readonly Dsr[], version = 3): Uint8Array {
  const body = Buffer.concat(dsrs);
  const head = Buffer.from([type | version, cause, 0, 0]);
  head.writeUInt16BE(1 + body.length / 4, 2);
  return Buffer.concat([head, body]);
}

export const COOKIES: Readonly<Record<number, number>> = { 2: 0xe5617acb, 3: 0xe5712dcb, 5: 0xe57150cb };

/** A management record; of version 2 only what tells it. */
export function management(
  options: { version?: number; dropped?: number; interfaceType?: number; cause?: number } = {},
) {
  const { version = 3, dropped = 0, interfaceType = 0, cause = 0x10 } = options;
  const bytes = Buffer.alloc(128);
  bytes.set([0x80 | version, cause, 0, 32]);
  bytes.writeUInt32BE(COOKIES[version], 8);
  bytes.set([version, 0, interfaceType], 40);
  bytes.writeUInt32BE(dropped, 80);
  return bytes;
}

const quad = (text: string): number => text.split('.').reduce((word, part) => word * 256 + Number(part), 0);

export interface Key {
  source?: string;
  destination?: string;
  transport?: number;
  /** Ports, or for ICMP type * 256 + code, and the identifier. */
  sourcePort?: number;
  destinationPort?: number;
  subtype?: number;
  qualifier?: number;
}

export function ipv4Key(key: Key = {}): Dsr {
  const { source = '10.0.0.1', destination = '192.0.2.7', transport = 17, subtype = 1, qualifier = 1 } = key;
  const { sourcePort = 40_000, destinationPort = 53 } = key;
  const words = [quad(source), quad(destination), transport * 2 ** 24 + sourcePort, destinationPort * 65_536];
  return dsr(2, subtype, qualifier, words);
}

/** Addresses are fd00::1 and fd00::2. */
export function ipv6Key(key: Key = {}): Dsr {
  const { transport = 17, sourcePort = 40_000, destinationPort = 53, subtype = 1, qualifier = 2 } = key;
  const ports = sourcePort * 65_536 + destinationPort;
  return dsr(2, subtype, qualifier, [0xfd00_0000, 0, 0, 1, 0xfd00_0000, 0, 0, 2, transport * 2 ** 24, ports]);
}

export const SECONDS = 1_700_000_000;

/** From the second 1,700,000,000.25 to `seconds` and a half later. */
export function timeRange(seconds = 2): Dsr {
  return dsr(3, 2, 0x18, [SECONDS, 250_000, SECONDS + seconds, 750_000]);
}

/** Counts in the form of a qualifier of 1 to 12, with the application's bytes, or without. */
export function counts(
  form: number,
  withApplication: boolean,
  packetsOut: number,
  bytesOut: number,
  packetsIn: number,
  bytesIn: number,
): Dsr {
  const width = 1 << ((form - 1) & 3);
  const sides = (form - 1) >> 2;
  const numbers: number[] = [];
  if (sides !== 2) numbers.push(packetsOut, bytesOut, ...(withApplication ? [1] : []));
  if (sides !== 1) numbers.push(packetsIn, bytesIn, ...(withApplication ? [2] : []));
  const body = Buffer.alloc(Math.ceil((numbers.length * width) / 4) * 4);
  numbers.forEach((number, index) => {
    if (width === 8) body.writeBigUInt64BE(BigInt(number), index * 8);
    else body.writeUIntBE(number, index * width, width);
  });
  return Buffer.concat([Buffer.from([0x10, withApplication ? 4 : 1, form, 1 + body.length / 4]), body]);
}

export function encapsulation(source = 2, destination = 2): Dsr {
  return dsr(0x20, 0, 0, [source, destination]);
}

export function probe(address: string): Dsr {
  return dsr(1, 3, 1, [quad(address), 1]);
}

/** TCP as `argus -J` tells it: status, and the flags of either side. */
export function tcpPerformance(status: number, sourceFlags: number, destinationFlags: number): Dsr {
  const bytes = Buffer.alloc(120);
  bytes.set([0x30, 5, 0, 30]);
  bytes.writeUInt32BE(status, 4);
  bytes[70] = sourceFlags;
  bytes[118] = destinationFlags;
  return bytes;
}

/** A flow record of UDP over Ethernet, one packet of 74 bytes out, one of 90 in. */
export function flowRecord(dsrs: readonly Dsr[] = [], version = 3): Uint8Array {
  const given = (type: number): boolean => dsrs.some((one) => one[0] === type);
  const parts = [...dsrs];
  if (!given(2)) parts.unshift(ipv4Key());
  if (!given(3)) parts.push(timeRange());
  if (!given(0x10)) parts.push(counts(1, false, 1, 74, 1, 90));
  if (!given(0x20)) parts.push(encapsulation());
  return record(0x10, 0x20, parts, version);
}
