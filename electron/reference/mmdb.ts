import { type AddressFacts, type AddressTableBuilder, asnOf, countryOf } from './address-table.ts';

/**
 * Reads MaxMind DB files (MaxMind DB File Format Specification 2.0) of unknown origin: no node of the tree is walked twice,
 * and depth and number of fields of a record are bounded, so that neither loops of pointers nor of nodes hold it.
 */

const MARKER = Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1');
/** The metadata lies within the last 128 KiB. */
const METADATA_WITHIN = 128 * 1024;
const DEEPEST_RECORD = 12;
/** Stands for what a record says that cannot be read. */
const UNREADABLE = -1;
const MOST_FIELDS = 4096;
/** Keys that are kept at hand. */
const MOST_KEYS = 1024;
const LONGEST_KEY = 64;

/** Fields of metadata and records that are looked at; others are passed over. */
const WANTED = new Set([
  'node_count',
  'record_size',
  'ip_version',
  'build_epoch',
  'country',
  'iso_code',
  'country_code',
  'asn',
  'autonomous_system_number',
  'autonomous_system_organization',
  'as_name',
  'name',
]);

type Field = string | number | bigint | boolean | null | Field[] | { [key: string]: Field };

export interface MmdbSummary {
  /** ISO 8601 date of the build; null when it is out of range. */
  readonly date: string | null;
  /** Networks with a country or an AS number. */
  readonly networks: number;
  /** Networks whose record could not be read, and nodes that are not where they belong, with the first byte offset. */
  readonly damaged: number;
  readonly firstDamaged: number;
}

/** True when the bytes end as a MaxMind DB does. */
export function isMmdb(file: Buffer): boolean {
  return file.subarray(-METADATA_WITHIN).lastIndexOf(MARKER) >= 0;
}

/** What takes the networks: numbers facts, and is told the networks of each number in ascending order, IPv6 by its top 64 bits. */
export type MmdbSink = Pick<AddressTableBuilder, 'value' | 'addNext' | 'tooSmall'>;

/** Reads all networks into the table. Throws RangeError when the file as a whole cannot be read. */
export function readMmdbInto(file: Buffer, table: MmdbSink): MmdbSummary {
  const tail = Math.max(0, file.length - METADATA_WITHIN);
  const at = file.subarray(tail).lastIndexOf(MARKER);
  if (at < 0) throw new RangeError('it has no metadata');
  const metadataAt = tail + at + MARKER.length;
  const metadata = new RecordReader(file, metadataAt).read(0);
  const nodes = numberOf(metadata, 'node_count');
  const recordSize = numberOf(metadata, 'record_size');
  const ipVersion = numberOf(metadata, 'ip_version');
  if (![24, 28, 32].includes(recordSize)) throw new RangeError(`records of ${recordSize} bits are not known`);
  if (ipVersion !== 4 && ipVersion !== 6) throw new RangeError(`IP version ${ipVersion} is not known`);
  const nodeBytes = recordSize / 4;
  const treeBytes = nodes * nodeBytes;
  if (!Number.isSafeInteger(nodes) || nodes < 1 || treeBytes + 16 > metadataAt) {
    throw new RangeError('its tree is longer than the file');
  }
  const dataStart = treeBytes + 16;
  const records = new RecordReader(file.subarray(0, metadataAt - MARKER.length), dataStart);
  const walked = new Uint8Array(nodes);
  const values = new Map<number, number>();
  let [networks, damaged, firstDamaged] = [0, 0, -1];
  const noteDamage = (offset: number): void => {
    if (damaged++ === 0) firstDamaged = offset;
  };

  const child = (node: number, side: 0 | 1): number => {
    const offset = node * nodeBytes;
    if (recordSize === 24) return file.readUIntBE(offset + side * 3, 3);
    if (recordSize === 32) return file.readUInt32BE(offset + side * 4);
    const middle = file.readUInt8(offset + 3);
    return side === 0
      ? (middle >> 4) * 0x100_0000 + file.readUIntBE(offset, 3)
      : (middle & 15) * 0x100_0000 + file.readUIntBE(offset + 4, 3);
  };

  /** What a record says of its network; each network of which it cannot be read counts, at the record, or at the node where that lies outside. */
  const valueAt = (record: number, node: number): number => {
    const offset = record - nodes - 16;
    let value = values.get(offset);
    if (value === undefined) {
      try {
        value = table.value(factsOf(records.read(offset)));
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        value = UNREADABLE;
      }
      values.set(offset, value);
    }
    if (value !== UNREADABLE) return value;
    noteDamage(offset < 0 || dataStart + offset >= metadataAt - MARKER.length ? node * nodeBytes : dataStart + offset);
    return 0;
  };

  /** Walks a tree of addresses of `width` bits in ascending order; networks deeper than `kept` bits are not told. */
  const walk = (root: number, width: number, kept: number, skip: number, family: 4 | 6): void => {
    const open: { node: number; above: number; depth: number; prefix: bigint }[] = [
      { node: root, above: 0, depth: 0, prefix: 0n },
    ];
    for (let top = open.pop(); top !== undefined; top = open.pop()) {
      const { node, above, depth, prefix } = top;
      if (node === nodes || (node === skip && depth > 0)) continue;
      if (node > nodes) {
        const value = valueAt(node, above);
        if (value === 0) continue;
        networks++;
        if (depth > kept) {
          table.tooSmall++;
          continue;
        }
        const bits = BigInt(kept - depth);
        const first = prefix << bits;
        table.addNext(family, first, first + (1n << bits) - 1n, value);
      } else if (depth === width || walked[node] === 1) noteDamage(above * nodeBytes);
      else {
        walked[node] = 1;
        open.push({ node: child(node, 1), above: node, depth: depth + 1, prefix: (prefix << 1n) | 1n });
        open.push({ node: child(node, 0), above: node, depth: depth + 1, prefix: prefix << 1n });
      }
    }
  };

  if (ipVersion === 4) walk(0, 32, 32, -1, 4);
  else {
    // IPv4 lies at ::/96; other places of the tree may point there too (6to4, mapped addresses).
    let ipv4Root = 0;
    for (let i = 0; i < 96 && ipv4Root < nodes; i++) ipv4Root = child(ipv4Root, 0);
    if (ipv4Root !== 0) walk(ipv4Root, 32, 32, -1, 4);
    walk(0, 128, 64, ipv4Root, 6);
  }
  const epoch = numberOf(metadata, 'build_epoch');
  const date = epoch > 0 && epoch < 8e9 ? new Date(epoch * 1000).toISOString().slice(0, 10) : null;
  return { date, networks, damaged, firstDamaged };
}

/** Country and network as GeoLite2, GeoIP2, DB-IP, IPinfo and ip-location-db write them. */
function factsOf(record: Field): AddressFacts {
  const country = countryOf(
    fieldOf(record, 'country', 'iso_code') ?? fieldOf(record, 'country_code') ?? fieldOf(record, 'country'),
  );
  const asn = asnOf(fieldOf(record, 'autonomous_system_number') ?? fieldOf(record, 'asn'));
  const organisation =
    fieldOf(record, 'autonomous_system_organization') ?? fieldOf(record, 'as_name') ?? fieldOf(record, 'name');
  const named = typeof organisation === 'string' && asn !== 0 ? organisation.slice(0, 200) : null;
  return { country, asn, organisation: named, fromUs: null };
}

function fieldOf(value: Field, ...path: string[]): Field | undefined {
  let current: Field | undefined = value;
  for (const key of path) {
    if (typeof current !== 'object' || current === null || Array.isArray(current)) return undefined;
    current = Object.hasOwn(current, key) ? current[key] : undefined;
  }
  return current;
}

function numberOf(metadata: Field, name: string): number {
  const value = fieldOf(metadata, name);
  const number = typeof value === 'bigint' ? Number(value) : value;
  if (typeof number !== 'number') throw new RangeError(`its metadata lacks ${name}`);
  return number;
}

/** Decodes records of a data section; every read is bounded. Throws RangeError on what is wrong. */
class RecordReader {
  readonly #file: Buffer;
  readonly #base: number;
  #next = 0;
  #fields = 0;
  /** Keys by where they stand. */
  readonly #keys = new Map<number, string>();

  /** @param base where the data section begins; offsets and pointers count from there */
  constructor(file: Buffer, base: number) {
    this.#file = file;
    this.#base = base;
  }

  read(offset: number): Field {
    this.#fields = 0;
    this.#next = this.#base + offset;
    return this.#field(0);
  }

  #field(depth: number): Field {
    if (depth > DEEPEST_RECORD) throw new RangeError('a record is nested too deep');
    if (++this.#fields > MOST_FIELDS) throw new RangeError('a record has too many fields');
    const file = this.#file;
    const control = file.readUInt8(this.#next++);
    let type = control >> 5;
    if (type === 1) {
      const target = this.#pointer(control);
      const after = this.#next;
      this.#next = this.#base + target;
      const value = this.#field(depth + 1);
      this.#next = after;
      return value;
    }
    if (type === 0) type = 7 + file.readUInt8(this.#next++);
    const size = this.#size(control & 31);
    if (type === 7) {
      const map: { [key: string]: Field } = Object.create(null) as { [key: string]: Field };
      for (let i = 0; i < size; i++) {
        const key = this.#key(depth + 1);
        if (typeof key !== 'string') throw new RangeError('a key is no text');
        if (WANTED.has(key)) map[key] = this.#field(depth + 1);
        else this.#pass(depth + 1);
      }
      return map;
    }
    if (type === 11) {
      const list: Field[] = [];
      for (let i = 0; i < size; i++) list.push(this.#field(depth + 1));
      return list;
    }
    if (type === 14) return size !== 0;
    const at = this.#next;
    if (at + size > file.length) throw new RangeError('a field goes beyond the file');
    this.#next += size;
    switch (type) {
      case 2:
        return file.toString('utf8', at, at + size);
      case 3:
        return size === 8 ? file.readDoubleBE(at) : null;
      case 5:
      case 6:
      case 8:
        if (size > 4) throw new RangeError('a number is too long');
        return size === 0 ? 0 : file.readUIntBE(at, size);
      case 9:
        if (size > 8) throw new RangeError('a number is too long');
        return BigInt(`0x0${file.toString('hex', at, at + size)}`);
      case 4:
      case 10:
      case 15:
        return null;
      default:
        throw new RangeError(`fields of type ${type} are not known`);
    }
  }

  /** A key of a map; keys are mostly pointers to few texts. */
  #key(depth: number): Field {
    const at = this.#next;
    const control = this.#file.readUInt8(at);
    if (control >> 5 !== 1) return this.#field(depth);
    this.#next++;
    const target = this.#pointer(control);
    const known = this.#keys.get(target);
    if (known !== undefined) return known;
    this.#next = at;
    const key = this.#field(depth);
    if (typeof key === 'string' && key.length <= LONGEST_KEY && this.#keys.size < MOST_KEYS)
      this.#keys.set(target, key);
    return key;
  }

  /** Passes over a field. */
  #pass(depth: number): void {
    if (depth > DEEPEST_RECORD) throw new RangeError('a record is nested too deep');
    if (++this.#fields > MOST_FIELDS) throw new RangeError('a record has too many fields');
    const control = this.#file.readUInt8(this.#next++);
    let type = control >> 5;
    if (type === 1) {
      this.#pointer(control);
      return;
    }
    if (type === 0) type = 7 + this.#file.readUInt8(this.#next++);
    const size = this.#size(control & 31);
    if (type === 7 || type === 11) {
      for (let i = type === 7 ? 2 * size : size; i > 0; i--) this.#pass(depth + 1);
    } else if (type !== 14) this.#next += size;
  }

  #pointer(control: number): number {
    const size = (control >> 3) & 3;
    const high = control & 7;
    const at = this.#next;
    this.#next += size + 1;
    if (size === 0) return high * 0x100 + this.#file.readUInt8(at);
    if (size === 1) return high * 0x1_0000 + this.#file.readUInt16BE(at) + 2048;
    if (size === 2) return high * 0x100_0000 + this.#file.readUIntBE(at, 3) + 526_336;
    return this.#file.readUInt32BE(at);
  }

  #size(bits: number): number {
    if (bits < 29) return bits;
    const bytes = bits - 28;
    const size = this.#file.readUIntBE(this.#next, bytes) + (bytes === 1 ? 29 : bytes === 2 ? 285 : 65_821);
    this.#next += bytes;
    return size;
  }
}
