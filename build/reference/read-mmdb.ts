import type { AddressSpan } from './flatten-ranges.ts';

/**
 * A minimal reader of MaxMind DB files (MaxMind DB File Format Specification 2.0,
 * https://maxmind.github.io/MaxMind-DB/), enough to walk a country database of a pinned source.
 */

type MmdbValue = string | number | bigint | boolean | Buffer | MmdbValue[] | { [key: string]: MmdbValue };

const METADATA_MARKER = Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1');

/** The networks of a database: IPv4 as 32-bit, IPv6 as 128-bit address numbers. */
export interface MmdbNetworks {
  /** ISO 8601 date of the build. */
  readonly buildDate: string;
  readonly ipv4: AddressSpan[];
  readonly ipv6: AddressSpan[];
}

/**
 * Walks the search tree. `valueOf` turns a data record into the number kept (0 = none).
 * Aliases of the IPv4 tree inside the IPv6 one (6to4, Teredo, mapped) are left out. Throws RangeError on a broken file.
 */
export function readMmdb(file: Buffer, valueOf: (record: MmdbValue) => number): MmdbNetworks {
  const marker = file.lastIndexOf(METADATA_MARKER);
  if (marker < 0) throw new RangeError('not a MaxMind DB file');
  const metadata = decode(file, marker + METADATA_MARKER.length, marker + METADATA_MARKER.length).value;
  const nodeCount = numberField(metadata, 'node_count');
  const recordSize = numberField(metadata, 'record_size');
  const ipVersion = numberField(metadata, 'ip_version');
  const buildEpoch = numberField(metadata, 'build_epoch');
  const dataStart = (nodeCount * recordSize * 2) / 8 + 16;

  const child = (node: number, side: 0 | 1): number => {
    const at = (node * recordSize * 2) / 8;
    if (recordSize === 24) return file.readUIntBE(at + side * 3, 3);
    if (recordSize === 32) return file.readUInt32BE(at + side * 4);
    if (recordSize !== 28) throw new RangeError(`unknown record size ${recordSize}`);
    const middle = file.readUInt8(at + 3);
    return side === 0
      ? ((middle >> 4) << 24) | file.readUIntBE(at, 3)
      : ((middle & 15) << 24) | file.readUIntBE(at + 4, 3);
  };
  const cache = new Map<number, number>();
  const valueAt = (record: number): number => {
    let value = cache.get(record);
    if (value === undefined) {
      value = valueOf(decode(file, dataStart - 16 + record - nodeCount, dataStart).value);
      cache.set(record, value);
    }
    return value;
  };

  const walk = (root: number, width: number, skip: number): AddressSpan[] => {
    const spans: AddressSpan[] = [];
    const stack: { node: number; depth: number; prefix: bigint }[] = [{ node: root, depth: 0, prefix: 0n }];
    for (let top = stack.pop(); top; top = stack.pop()) {
      const { node, depth, prefix } = top;
      if (node === skip || node === nodeCount) continue;
      const bits = BigInt(width - depth);
      if (node > nodeCount) {
        const first = prefix << bits;
        spans.push({ first, last: first + (1n << bits) - 1n, value: valueAt(node) });
      } else if (depth === width) {
        throw new RangeError('the search tree is deeper than an address');
      } else {
        stack.push({ node: child(node, 0), depth: depth + 1, prefix: prefix << 1n });
        stack.push({ node: child(node, 1), depth: depth + 1, prefix: (prefix << 1n) | 1n });
      }
    }
    return spans;
  };

  let ipv4Root = 0;
  if (ipVersion === 6) for (let i = 0; i < 96 && ipv4Root < nodeCount; i++) ipv4Root = child(ipv4Root, 0);
  return {
    buildDate: new Date(buildEpoch * 1000).toISOString().slice(0, 10),
    ipv4: walk(ipv4Root, 32, -1),
    ipv6: ipVersion === 6 ? walk(0, 128, ipv4Root) : [],
  };
}

/** The value under a path of map keys; undefined when absent. */
export function mmdbField(value: MmdbValue, ...path: string[]): MmdbValue | undefined {
  let current: MmdbValue | undefined = value;
  for (const key of path) {
    if (typeof current !== 'object' || Array.isArray(current) || Buffer.isBuffer(current)) return undefined;
    current = current[key];
  }
  return current;
}

function numberField(metadata: MmdbValue, name: string): number {
  const value = mmdbField(metadata, name);
  if (typeof value === 'bigint') return Number(value);
  if (typeof value !== 'number') throw new RangeError(`the metadata lacks ${name}`);
  return value;
}

/** Decodes one field at `at`; pointers count from `base`. */
function decode(file: Buffer, at: number, base: number): { value: MmdbValue; next: number } {
  const control = file.readUInt8(at);
  let next = at + 1;
  let type = control >> 5;
  if (type === 1) {
    const size = (control >> 3) & 3;
    const high = control & 7;
    const pointer =
      size === 0
        ? (high << 8) + file.readUInt8(next)
        : size === 1
          ? (high << 16) + file.readUInt16BE(next) + 2048
          : size === 2
            ? (high << 24) + file.readUIntBE(next, 3) + 526_336
            : file.readUInt32BE(next);
    return { value: decode(file, base + pointer, base).value, next: next + size + 1 };
  }
  if (type === 0) type = 7 + file.readUInt8(next++);
  let size = control & 31;
  if (size >= 29) {
    const bytes = size - 28;
    size = file.readUIntBE(next, bytes) + (bytes === 1 ? 29 : bytes === 2 ? 285 : 65_821);
    next += bytes;
  }
  switch (type) {
    case 2:
      return { value: file.toString('utf8', next, next + size), next: next + size };
    case 3:
      return { value: file.readDoubleBE(next), next: next + size };
    case 4:
      return { value: file.subarray(next, next + size), next: next + size };
    case 5:
    case 6:
    case 8:
      return { value: size === 0 ? 0 : file.readUIntBE(next, size), next: next + size };
    case 9:
    case 10:
      return { value: BigInt(`0x0${file.toString('hex', next, next + size)}`), next: next + size };
    case 7: {
      const map: { [key: string]: MmdbValue } = {};
      for (let i = 0; i < size; i++) {
        const key = decode(file, next, base);
        const entry = decode(file, key.next, base);
        map[String(key.value)] = entry.value;
        next = entry.next;
      }
      return { value: map, next };
    }
    case 11: {
      const list: MmdbValue[] = [];
      for (let i = 0; i < size; i++) {
        const entry = decode(file, next, base);
        list.push(entry.value);
        next = entry.next;
      }
      return { value: list, next };
    }
    case 14:
      return { value: size !== 0, next };
    case 15:
      return { value: file.readFloatBE(next), next: next + size };
    default:
      throw new RangeError(`unknown field type ${type}`);
  }
}
