/**
 * The format of a compiled table, shared by the compiler and the reader.
 *
 * A table is one brotli stream (RFC 7932) of little-endian numbers:
 * - four u32: runs of IPv4 `n4`, runs of IPv6 `n6`, named networks `nn`, bytes of names `nb`;
 * - u32[n4]: start of each IPv4 run as the difference from the run before (compresses far better than the start);
 * - u32[n6], u32[n6]: start of each IPv6 run, top 64 bits of the address: high words as differences, then low words;
 * - u32[n4], u32[n6]: the value of each run: two ASCII letters (high byte first) of a country, or an AS number; 0 none;
 * - u32[nn], u32[nn + 1], u8[nb]: AS numbers ascending, where each name starts, the names in UTF-8.
 *
 * A run goes on to the next one's start; the first starts at 0. `tables.json` beside the tables describes them.
 */
export const TABLE_FORMAT = 1;

export type TableKind = 'country' | 'network';

/** One entry of `tables.json`. */
export interface TableDescription {
  readonly name: string;
  readonly kind: TableKind;
  /** Day the data describe (ISO 8601 date). */
  readonly dataDate: string;
  readonly source: string;
  /** Version of the source package. */
  readonly version: string;
  /** SPDX id. */
  readonly licence: string;
  readonly attribution: string;
  /** Bytes and SHA-256 (hex) of the decompressed table. */
  readonly bytes: number;
  readonly sha256: string;
}

/** What `tables.json` holds. */
export interface TableIndex {
  readonly format: number;
  readonly tables: readonly TableDescription[];
}

/** Bytes of a table with these counts. */
export function tableBytes(n4: number, n6: number, named: number, nameBytes: number): number {
  return 4 * (4 + 2 * n4 + 3 * n6 + named + (named > 0 ? named + 1 : 0)) + nameBytes;
}
