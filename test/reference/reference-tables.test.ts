import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { ReferenceTables } from '../../electron/reference/reference-tables.ts';
import { parseAddress } from '../../shared/address.ts';
import { EnclaveError } from '../../shared/problem.ts';

const TABLES = join(import.meta.dirname, '../../electron/reference/tables');
const tables = ReferenceTables.load();
const IN_2017 = Date.parse('2017-05-14T00:00:00Z') * 1000;
const IN_2026 = Date.parse('2026-06-01T00:00:00Z') * 1000;

function words(text: string): [number, number, number, number] {
  const parsed = parseAddress(text);
  if (parsed === null) throw new RangeError(text);
  return [...parsed];
}
function country(text: string, timeUs: number): string | null {
  const packed = tables.country(...words(text), timeUs);
  return packed === 0 ? null : String.fromCharCode(packed >> 8, packed & 255);
}
const network = (text: string, timeUs: number): number => tables.network(...words(text), timeUs);

const scratch = mkdtempSync(join(tmpdir(), 'enclave-reference-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe('country', () => {
  // The values that the source tables themselves were seen to give (MaxMind 2017-07, registries 2026-06).
  test.each([
    ['175.45.176.1', 'KP', 'KP'],
    ['175.45.178.9', 'KP', 'KP'],
    ['210.52.109.7', 'KP', 'CN'],
    ['77.94.35.10', 'LT', 'LT'],
    ['202.108.22.5', 'CN', 'CN'],
  ])('%s is %s in 2017 and %s in 2026', (address, in2017, in2026) => {
    expect(country(address, IN_2017)).toBe(in2017);
    expect(country(address, IN_2026)).toBe(in2026);
  });

  test('what would mislead in a 2017 capture: AOL in a table of today, KP in a table of 2017 outside the range', () => {
    expect(country('205.188.18.208', IN_2017)).toBe('US');
    expect(country('205.188.18.208', IN_2026)).not.toBe('US');
    expect(country('57.73.224.1', IN_2017)).toBe('KP');
  });

  test('the date chooses the table: the change falls half way between the two', () => {
    const middle = ((Date.parse('2017-07-04') + Date.parse('2026-06-17')) / 2) * 1000;
    expect(country('210.52.109.7', middle)).toBe('KP');
    expect(country('210.52.109.7', middle + 1)).toBe('CN');
    expect(country('210.52.109.7', 0)).toBe('KP');
    expect(country('210.52.109.7', IN_2026 * 2)).toBe('CN');
  });

  test.each([
    '10.1.2.3',
    '100.64.0.1',
    '127.0.0.1',
    '169.254.7.7',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.255.255',
    '192.0.2.1',
    '198.18.0.1',
    '203.0.113.9',
    '224.0.0.251',
    '255.255.255.255',
    '0.0.0.0',
    '::',
    '::1',
    'fe80::1',
    'fd00::1',
    'ff02::fb',
    '2001:db8::1',
  ])('%s has neither country nor network', (address) => {
    for (const time of [IN_2017, IN_2026]) {
      expect(country(address, time)).toBeNull();
      expect(network(address, time)).toBe(0);
    }
  });

  test('the edges of private blocks have a country', () => {
    for (const address of ['9.255.255.255', '11.0.0.0', '172.15.255.255', '172.32.0.0', '192.167.255.255']) {
      expect(country(address, IN_2026)).not.toBeNull();
    }
  });

  test('IPv6 by network; 6to4 and NAT64 by the IPv4 address inside', () => {
    expect(country('2001:4860:4860::8888', IN_2017)).toBe('US');
    expect(country('2001:200::1', IN_2017)).toBe('JP');
    expect(country('64:ff9b::175.45.176.1', IN_2017)).toBe('KP');
    expect(country('2002:af2d:b001::1', IN_2017)).toBe('KP');
    expect(network('64:ff9b::8.8.8.8', IN_2026)).toBe(15169);
    expect(network('2a03:2880:f12f:83:face:b00c::25de', IN_2026)).toBe(32934);
  });

  test('codes are countries only', () => {
    const seen = new Set<string>();
    for (let top = 0; top < 65_536; top++) {
      for (const time of [IN_2017, IN_2026]) {
        const packed = tables.country(0, 0, 0xffff, top * 65_536 + 12_345, time);
        if (packed !== 0) seen.add(String.fromCharCode(packed >> 8, packed & 255));
      }
    }
    expect(seen.size).toBeGreaterThan(150);
    for (const code of ['EU', 'AP', 'A1', 'A2', '??', 'ZZ']) expect(seen).not.toContain(code);
    for (const code of seen) expect(code).toMatch(/^[A-Z]{2}$/);
  });
});

describe('network', () => {
  test.each([
    ['175.45.176.1', 131279, 131279],
    ['210.52.109.7', 9929, 9929],
    ['77.94.35.10', 30721, 51259],
    ['31.13.64.35', 32934, 32934],
    ['8.8.8.8', 15169, 15169],
    ['155.133.232.1', 32590, 32590],
    ['17.1.1.1', 714, 714],
  ])('%s is AS%i in 2025 and AS%i in 2026', (address, asn2025, asn2026) => {
    expect(network(address, Date.parse('2025-04-02') * 1000)).toBe(asn2025);
    expect(network(address, IN_2017)).toBe(asn2025);
    expect(network(address, IN_2026)).toBe(asn2026);
  });

  test('organisation names', () => {
    expect(tables.organisation(30721, IN_2017)).toMatch(/satgate/i);
    expect(tables.organisation(32934, IN_2026)).toMatch(/facebook/i);
    expect(tables.organisation(0, IN_2017)).toBeNull();
    expect(tables.organisation(4_294_967_294, IN_2017)).toBeNull();
  });

  test('a network of one table only is still named from the other', () => {
    const satgate = tables.organisation(30721, IN_2026);
    expect(satgate).toMatch(/satgate/i);
  });
});

test('every address and time has a sound answer', () => {
  const word = fc.integer({ min: 0, max: 0xffff_ffff });
  fc.assert(
    fc.property(word, word, word, word, fc.double(), fc.boolean(), (a, b, c, d, time, mapped) => {
      const address = mapped ? ([0, 0, 0xffff, d] as const) : ([a, b, c, d] as const);
      const packed = tables.country(...address, time);
      expect(packed === 0 ? 'AA' : String.fromCharCode(packed >> 8, packed & 255)).toMatch(/^[A-Z]{2}$/);
      const asn = tables.network(...address, time);
      expect(Number.isInteger(asn) && asn >= 0).toBe(true);
      expect(tables.organisation(asn, time)).not.toBe('');
    }),
    { seed: 2, numRuns: 2000 },
  );
});

describe('the shipped tables', () => {
  test('say where they come from', () => {
    expect(tables.basis.map(({ name, kind, date }) => [name, kind, date])).toEqual([
      ['country-2017-07', 'country', '2017-07-04'],
      ['country-2026-06', 'country', '2026-06-17'],
      ['network-2025-04', 'network', '2025-04-02'],
      ['network-2026-06', 'network', '2026-06-17'],
    ]);
    for (const { sha256, licence, source } of tables.basis) {
      expect(sha256).toMatch(/^[0-9a-f]{64}$/);
      expect(licence).toMatch(/^CC-BY(-SA)?-4\.0$/);
      expect(source).not.toBe('');
    }
  });

  test('have an attribution each, and stay within 12 MB', () => {
    const list = JSON.parse(readFileSync(join(TABLES, 'attributions.json'), 'utf8')) as {
      name: string;
      licence: string;
      attribution: string;
    }[];
    expect(list).toHaveLength(tables.basis.length);
    for (const [i, entry] of list.entries()) {
      expect(entry.name).toContain(tables.basis[i]?.name);
      expect(entry.licence).toBe(tables.basis[i]?.licence);
      expect(entry.attribution).not.toBe('');
    }
    const bytes = readdirSync(TABLES).reduce((sum, file) => sum + statSync(join(TABLES, file)).size, 0);
    expect(bytes).toBeLessThan(12e6);
  });

  test('match the pinned sources', () => {
    const pinned = JSON.parse(
      readFileSync(join(import.meta.dirname, '../../build/reference/sources.json'), 'utf8'),
    ) as { name: string; source: string; licence: string }[];
    expect(tables.basis.map(({ name, source, licence }) => [name, source, licence])).toEqual(
      pinned.map(({ name, source, licence }) => [name, source, licence]),
    );
  });
});

function copy(name: string): string {
  const directory = join(scratch, name);
  cpSync(TABLES, directory, { recursive: true });
  return directory;
}
function codeOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof EnclaveError) return error.code;
    throw error;
  }
  return 'none';
}

describe('missing and damaged tables', () => {
  test('a missing list or table', () => {
    expect(codeOf(() => ReferenceTables.load(join(scratch, 'absent')))).toBe('reference-table-missing');
    const directory = copy('missing');
    rmSync(join(directory, 'network-2026-06.bin.br'));
    expect(codeOf(() => ReferenceTables.load(directory))).toBe('reference-table-missing');
  });

  test.each([
    '{',
    'null',
    '{"format":1,"tables":[]}',
    '{"format":2,"tables":[]}',
    '{"format":1,"tables":[{"name":"../x"}]}',
  ])('a list that reads %s', (text) => {
    const directory = copy(`list-${text.length}`);
    writeFileSync(join(directory, 'tables.json'), text);
    expect(codeOf(() => ReferenceTables.load(directory))).toBe('reference-table-missing');
  });

  test('a cut, a flipped and an empty table', () => {
    const directory = copy('damaged');
    const file = join(directory, 'country-2017-07.bin.br');
    const whole = readFileSync(file);
    const flipped = Buffer.from(whole);
    flipped.writeUInt8(flipped.readUInt8(100_000) ^ 1, 100_000);
    for (const content of [whole.subarray(0, 50_000), flipped, Buffer.alloc(0)]) {
      writeFileSync(file, content);
      const damaged = ReferenceTables.load(directory);
      expect(codeOf(() => damaged.country(0, 0, 0xffff, 1, IN_2017))).toBe('reference-table-damaged');
      expect(damaged.country(0, 0, 0xffff, 0x0808_0808, IN_2026)).toBe(0x5553);
    }
  });
});
