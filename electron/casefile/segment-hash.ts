import { createHash } from 'node:crypto';

/** A stored column or dictionary of a segment: its name and its bytes as they lie in the case. */
export interface StoredColumn {
  column: string;
  data: Uint8Array;
}

/** SHA-256 over the facts of a segment: each column's name, length and bytes, in the order of their names. */
export function segmentHash(columns: readonly StoredColumn[]): string {
  const hash = createHash('sha256');
  for (const { column, data } of columns.toSorted((x, y) => (x.column < y.column ? -1 : 1))) {
    hash.update(`${column}\0${data.byteLength}\0`);
    hash.update(data);
  }
  return hash.digest('hex');
}
