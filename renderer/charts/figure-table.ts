import { csvLine } from '../../shared/csv.ts';

/** What a figure shows as a table: for those who cannot see it, and for other programs. Pure. */

export interface FigureTable {
  /** With units. */
  readonly heads: readonly string[];
  readonly rows: readonly (readonly (string | number | null)[])[];
}

/** CSV with a header row, CRLF. `facts` stand in every row, as columns of their own: what the numbers are of. */
export function csvOf(table: FigureTable, facts: Readonly<Record<string, string>>): string {
  const names = Object.keys(facts);
  const values = Object.values(facts);
  const lines = [[...table.heads, ...names], ...table.rows.map((row) => [...row, ...values])];
  return lines.map(csvLine).join('');
}
