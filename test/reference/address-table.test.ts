import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  AddressTable,
  AddressTableBuilder,
  packOverlay,
  unpackOverlay,
} from '../../electron/reference/address-table.ts';
import { isDelegatedFile, readDelegatedInto } from '../../electron/reference/delegated-file.ts';
import { LayeredTables } from '../../electron/reference/layered-tables.ts';
import { isMmdb, readMmdbInto } from '../../electron/reference/mmdb.ts';
import { ReferenceTables } from '../../electron/reference/reference-tables.ts';
import { blockContains, parseAddress, parseBlock, type AddressBlock } from '../../shared/address.ts';
import { ProblemCounter } from '../../shared/problem.ts';

const block = (text: string): AddressBlock => {
  const parsed = parseBlock(text);
  if (parsed === null) throw new Error(text);
  return parsed;
};
const NO_TIME = 0;
const country = (table: AddressTable, address: string, timeUs = NO_TIME): string | null => {
  const words = parseAddress(address);
  if (words === null) throw new Error(address);
  return table.find(...words, timeUs)?.country ?? null;
};
const inCountry = (code: string) => ({ country: code, asn: 0, organisation: null, fromUs: null });

describe('AddressTable', () => {
  it('says what the smallest block that holds an address says, the last one of equals', () => {
    const codes = ['KP', 'CN', 'IN', 'MY'];
    const anyBlock = fc.tuple(fc.nat(255), fc.integer({ min: 24, max: 32 }), fc.constantFrom(...codes), fc.boolean());
    fc.assert(
      fc.property(fc.array(anyBlock, { maxLength: 30 }), (blocks) => {
        const builder = new AddressTableBuilder();
        const given = blocks.map(([last, length, code, v6]) => {
          const text = v6 ? `2001:db8:0:${last.toString(16)}::/${length + 32}` : `10.0.0.${last}/${length}`;
          builder.add(block(text), builder.value(inCountry(code)));
          return { block: block(text), code };
        });
        const table = new AddressTable(unpackOverlay(packOverlay(builder.finish()), 'x') as never);
        for (let last = 0; last < 256; last++) {
          for (const address of [`10.0.0.${last}`, `2001:db8:0:${last.toString(16)}::7`]) {
            const words = parseAddress(address);
            if (words === null) throw new Error(address);
            const holding = given.filter((each) => blockContains(each.block, ...words));
            const best = holding.toReversed().toSorted((x, y) => y.block.bits - x.block.bits)[0];
            expect(country(table, address)).toBe(best?.code ?? null);
          }
        }
        expect(country(table, '9.255.255.255')).toBeNull();
        expect(country(table, '10.0.1.0')).toBeNull();
      }),
      { seed: 31, numRuns: 60 },
    );
  });

  it('tells the last address of all, and blocks of everything', () => {
    const builder = new AddressTableBuilder();
    builder.add(block('0.0.0.0/0'), builder.value(inCountry('KP')));
    builder.add(block('255.255.255.255'), builder.value(inCountry('CN')));
    builder.add(block('::/0'), builder.value(inCountry('IN')));
    const table = new AddressTable(builder.finish());
    expect([country(table, '0.0.0.0'), country(table, '255.255.255.254'), country(table, '255.255.255.255')]).toEqual([
      'KP',
      'KP',
      'CN',
    ]);
    expect(country(table, 'ffff::')).toBe('IN');
  });
});

describe('LayeredTables', () => {
  const tableOf = (rows: [string, string, number][]): AddressTable => {
    const builder = new AddressTableBuilder();
    for (const [cidr, code, asn] of rows) {
      builder.add(
        block(cidr),
        builder.value({ country: code || null, asn, organisation: asn === 0 ? null : `Net ${asn}`, fromUs: null }),
      );
    }
    return new AddressTable(builder.finish());
  };
  const shipped = ReferenceTables.load();
  const google = parseAddress('8.8.8.8') ?? [0, 0, 0, 0];
  const at = (day: string): number => Date.parse(day) * 1000;
  const letters = (packed: number): string => String.fromCharCode(packed >>> 8, packed & 0xff);

  it('asks undated overlays, then those nearest in time, then the shipped tables', () => {
    const dated = [
      { name: 'early', date: '2017-01-01', table: tableOf([['8.8.8.0/24', 'KP', 0]]) },
      {
        name: 'late',
        date: '2019-01-01',
        table: tableOf([
          ['8.8.8.0/24', 'CN', 64_496],
          ['9.9.9.0/24', 'IN', 0],
        ]),
      },
    ];
    const layered = new LayeredTables(shipped, dated);
    expect(letters(layered.country(...google, at('2017-05-17')))).toBe('KP');
    expect(letters(layered.country(...google, at('2018-05-17')))).toBe('CN');
    // The nearest one says nothing of the network: the next one does.
    expect(layered.network(...google, at('2017-05-17'))).toBe(64_496);
    expect(layered.organisation(64_496, 0)).toBe('Net 64496');
    expect(letters(layered.country(...(parseAddress('9.9.9.9') ?? google), at('2017-05-17')))).toBe('IN');
    const undated = new LayeredTables(shipped, [
      ...dated,
      { name: 'mine', date: null, table: tableOf([['8.8.8.8', 'NZ', 0]]) },
    ]);
    expect(letters(undated.country(...google, at('2017-05-17')))).toBe('NZ');
    expect(undated.countries(...google, at('2017-05-17')).map(({ table, says }) => [table, says])).toEqual([
      ['overlay mine', 'NZ'],
      ['overlay early', 'KP'],
      ['overlay late', 'CN'],
      ['country-2017-07', 'US'],
      ['country-2026-06', 'US'],
    ]);
    expect(new LayeredTables(shipped, []).country(...google, 0)).toBe(shipped.country(...google, 0));
  });
});

describe('delegated files', () => {
  const header = '2|apnic|20180126|6|19830613|20180125|+1000\napnic|*|ipv4|*|3|summary\n';
  const read = (lines: string) => {
    const builder = new AddressTableBuilder();
    const problems = new ProblemCounter();
    const date = readDelegatedInto(header + lines, builder, problems);
    return { table: new AddressTable(builder.finish()), date, problems: problems.list() };
  };

  it('gives countries of blocks from the day they were given out', () => {
    expect(isDelegatedFile(`# a comment\n${header}`)).toBe(true);
    expect(isDelegatedFile('10.0.0.0/8,KP')).toBe(false);
    const { table, date, problems } = read(
      [
        'apnic|KP|ipv4|175.45.176.0|1024|20091221|allocated',
        'apnic|CN|ipv4|203.0.113.0|768|20180101|assigned|A91C6F',
        'apnic|IN|ipv6|2001:db8::|32|20100101|allocated',
        'apnic|KP|asn|131279|1|20091221|allocated',
        'apnic||ipv4|198.51.100.0|256||available',
        'apnic|EU|ipv4|198.51.100.0|256|20100101|allocated',
        'apnic|KP|ipv4|255.255.255.0|512|20100101|allocated',
        'apnic|KP|ipv4|no|256|20100101|allocated',
      ].join('\n'),
    );
    const capture = Date.parse('2017-05-17') * 1000;
    expect(date).toBe('2018-01-26');
    expect([country(table, '175.45.179.255', capture), country(table, '175.45.180.0', capture)]).toEqual(['KP', null]);
    expect(country(table, '203.0.115.255', capture)).toBeNull();
    expect(country(table, '203.0.115.255', Date.parse('2018-06-01') * 1000)).toBe('CN');
    expect(country(table, '203.0.116.0', Date.parse('2018-06-01') * 1000)).toBeNull();
    expect(country(table, '2001:db8:ffff::1', capture)).toBe('IN');
    expect(problems.map(({ kind, count, firstOffset }) => [kind, count, firstOffset])).toEqual([
      ['as-number', 1, 6],
      ['not-given-out', 1, 7],
      ['no-country', 1, 8],
      ['bad-line', 2, 9],
    ]);
  });

  it('cuts any count of IPv4 addresses into blocks that hold exactly those', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 5000 }), fc.integer({ min: 1, max: 5000 }), (first, size) => {
        const start = 0x0a00_0000 + first;
        const text = (n: number): string => `${n >>> 24}.${(n >>> 16) & 255}.${(n >>> 8) & 255}.${n & 255}`;
        const { table } = read(`apnic|KP|ipv4|${text(start)}|${size}|20100101|allocated`);
        const late = Date.parse('2020-01-01') * 1000;
        const seen = [start - 1, start, start + size - 1, start + size].map((n) => country(table, text(n), late));
        expect(seen).toEqual([null, 'KP', 'KP', null]);
      }),
      { seed: 32, numRuns: 200 },
    );
  });
});

describe('MaxMind databases', () => {
  const text = (value: string): Buffer => {
    const size = value.length < 29 ? [0x40 | value.length] : [0x40 | 29, value.length - 29];
    return Buffer.concat([Buffer.from(size), Buffer.from(value)]);
  };
  const uint32 = (value: number): Buffer => Buffer.from([0xc4, value >>> 24, value >>> 16, value >>> 8, value]);
  const map = (entries: [string, Buffer][]): Buffer =>
    Buffer.concat([Buffer.from([0xe0 | entries.length]), ...entries.flatMap(([key, value]) => [text(key), value])]);
  const metadata = (nodes: number): Buffer =>
    Buffer.concat([
      Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1'),
      map([
        ['node_count', uint32(nodes)],
        ['record_size', uint32(24)],
        ['ip_version', uint32(4)],
        ['build_epoch', uint32(1_499_126_400)],
      ]),
    ]);
  /** A database of 24-bit records: children of each node, data records behind. */
  const database = (nodes: [number, number][], data: Buffer): Buffer => {
    const tree = Buffer.alloc(nodes.length * 6);
    for (const [i, [left, right]] of nodes.entries()) {
      tree.writeUIntBE(left, i * 6, 3);
      tree.writeUIntBE(right, i * 6 + 3, 3);
    }
    return Buffer.concat([tree, Buffer.alloc(16), data, metadata(nodes.length)]);
  };
  const kp = map([['country', map([['iso_code', text('KP')]])]]);
  const network = map([
    ['autonomous_system_number', uint32(64_496)],
    ['autonomous_system_organization', text('Test net')],
  ]);
  const good = database(
    [
      [2, 1],
      [2 + 16, 2 + 16 + kp.length],
    ],
    Buffer.concat([kp, network]),
  );

  it('gives countries and networks', () => {
    const builder = new AddressTableBuilder();
    expect(isMmdb(good)).toBe(true);
    expect(readMmdbInto(good, builder)).toEqual({ date: '2017-07-04', networks: 2, damaged: 0, firstDamaged: -1 });
    const table = new AddressTable(builder.finish());
    expect([country(table, '127.255.255.255'), country(table, '128.0.0.0'), country(table, '191.0.0.1')]).toEqual([
      null,
      'KP',
      'KP',
    ]);
    expect(table.find(0, 0, 0xffff, 0xffff_ffff, 0)).toMatchObject({
      asn: 64_496,
      organisation: 'Test net',
      country: null,
    });
  });

  it('ends on loops of nodes and of pointers, and tells them', () => {
    const looping = database(
      [
        [0, 1],
        [0, 1],
      ],
      kp,
    );
    expect(readMmdbInto(looping, new AddressTableBuilder()).damaged).toBe(3);
    const pointsToItself = database([[1 + 16, 1 + 16]], Buffer.from([0x20, 0x00]));
    // Both halves of the addresses point there: two networks are lost.
    expect(readMmdbInto(pointsToItself, new AddressTableBuilder())).toMatchObject({ networks: 0, damaged: 2 });
    const outside = database([[1 + 16, 0xff_ffff]], Buffer.of(0xa0));
    expect(readMmdbInto(outside, new AddressTableBuilder())).toMatchObject({ damaged: 1, firstDamaged: 0 });
    const nested = database([[1 + 16, 1]], Buffer.alloc(4000, 0xe1));
    expect(readMmdbInto(nested, new AddressTableBuilder())).toMatchObject({ networks: 0, damaged: 1 });
  });

  it('reads or refuses any damaged database, and throws nothing else', () => {
    let refused = 0;
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.nat(255), fc.nat(good.length), (at, byte, length) => {
        const bent = Buffer.from(good);
        bent[at] = byte;
        for (const file of [bent, good.subarray(0, length), bent.subarray(length)]) {
          try {
            readMmdbInto(Buffer.from(file), new AddressTableBuilder());
          } catch (error) {
            if (!(error instanceof RangeError)) throw error;
            refused++;
          }
        }
      }),
      { seed: 33, numRuns: 2000 },
    );
    expect(refused).toBeGreaterThan(1000);
  });
});
