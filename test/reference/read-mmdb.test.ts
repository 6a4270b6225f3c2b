import { describe, expect, test } from 'vitest';
import { mmdbField, readMmdb } from '../../build/reference/read-mmdb.ts';

const text = (value: string): Buffer => Buffer.concat([Buffer.from([0x40 | value.length]), Buffer.from(value)]);
const uint32 = (value: number): Buffer => Buffer.from([0xc4, value >>> 24, value >>> 16, value >>> 8, value]);
const map = (entries: [string, Buffer][]): Buffer =>
  Buffer.concat([Buffer.from([0xe0 | entries.length]), ...entries.flatMap(([key, value]) => [text(key), value])]);

/** A 24-bit IPv4 database: 128.0.0.0/2 is KP, 192.0.0.0/2 is NZ (its record a pointer to the same map), the rest empty. */
function smallDatabase(): Buffer {
  const nodes = Buffer.alloc(12);
  nodes.writeUIntBE(2, 0, 3);
  nodes.writeUIntBE(1, 3, 3);
  const records = [
    map([['country', map([['iso_code', text('KP')]])]]),
    map([['country', map([['iso_code', text('NZ')]])]]),
  ];
  nodes.writeUIntBE(2 + 16, 6, 3);
  nodes.writeUIntBE(2 + 16 + (records[0]?.length ?? 0), 9, 3);
  const metadata = map([
    ['node_count', uint32(2)],
    ['record_size', uint32(24)],
    ['ip_version', uint32(4)],
    ['build_epoch', uint32(1_499_126_400)],
  ]);
  return Buffer.concat([
    nodes,
    Buffer.alloc(16),
    ...records,
    Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1'),
    metadata,
  ]);
}

describe('readMmdb', () => {
  test('walks the tree to networks with values', () => {
    const codes: unknown[] = [];
    const database = readMmdb(smallDatabase(), (record) => codes.push(mmdbField(record, 'country', 'iso_code')));
    expect(database.buildDate).toBe('2017-07-04');
    expect(database.ipv6).toEqual([]);
    const found = database.ipv4.map(({ first, last, value }) => [first, last, codes[value - 1]]);
    expect(found.toSorted((x, y) => (Number(x[0]) < Number(y[0]) ? -1 : 1))).toEqual([
      [0x8000_0000n, 0xbfff_ffffn, 'KP'],
      [0xc000_0000n, 0xffff_ffffn, 'NZ'],
    ]);
  });

  test('refuses a file without metadata', () => {
    expect(() => readMmdb(Buffer.alloc(100), () => 0)).toThrow('not a MaxMind DB');
  });
});
