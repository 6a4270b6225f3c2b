import type { AddressSpan } from './flatten-ranges.ts';

/** Rows of a range table in CSV (RFC 4180 quoting): first and last address as decimal numbers, then the values. */
export interface RangeRow {
  readonly first: bigint;
  readonly last: bigint;
  readonly fields: readonly string[];
}

/** Reads `first,last,value…` lines. Throws RangeError, with the line, on a malformed one: the sources are pinned. */
export function readRangeCsv(text: string): RangeRow[] {
  const rows: RangeRow[] = [];
  let line = 0;
  for (const source of text.split('\n')) {
    line++;
    const trimmed = source.replace(/\r$/, '');
    if (trimmed === '') continue;
    const [first, last, ...fields] = splitCsv(trimmed);
    if (first === undefined || last === undefined || !/^\d+$/.test(first) || !/^\d+$/.test(last) || fields.length < 1) {
      throw new RangeError(`line ${line}: not first,last,value`);
    }
    const row = { first: BigInt(first), last: BigInt(last), fields };
    if (row.last < row.first) throw new RangeError(`line ${line}: the range ends before it starts`);
    rows.push(row);
  }
  return rows;
}

function splitCsv(line: string): string[] {
  if (!line.includes('"')) return line.split(',');
  const fields: string[] = [];
  for (const match of line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)) {
    fields.push(match[1] === undefined ? (match[2] ?? '') : match[1].replaceAll('""', '"'));
  }
  return fields;
}

/**
 * Cuts 128-bit spans down to whole /64 networks, numbered by their top 64 bits. Spans inside one /64 are dropped and
 * counted.
 */
export function wholeNetworks64(spans: readonly AddressSpan[]): { spans: AddressSpan[]; dropped: number } {
  const low = (1n << 64n) - 1n;
  const kept: AddressSpan[] = [];
  let dropped = 0;
  for (const span of spans) {
    const first = (span.first >> 64n) + ((span.first & low) === 0n ? 0n : 1n);
    const last = (span.last >> 64n) - ((span.last & low) === low ? 0n : 1n);
    if (first <= last) kept.push({ ...span, first, last });
    else dropped++;
  }
  return { spans: kept, dropped };
}
