/** What a figure shows as a table: for those who cannot see it, and for other programs. Pure. */

export interface FigureTable {
  /** With units. */
  readonly heads: readonly string[];
  readonly rows: readonly (readonly (string | number | null)[])[];
}

/** A text as a cell by RFC 4180; what a spreadsheet would take for a formula gets a leading apostrophe (OWASP, CSV injection). */
function cell(value: string | number | null): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const disarmed = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(disarmed) ? `"${disarmed.replaceAll('"', '""')}"` : disarmed;
}

/** CSV with a header row, CRLF. `facts` stand in every row, as columns of their own: what the numbers are of. */
export function csvOf(table: FigureTable, facts: Readonly<Record<string, string>>): string {
  const names = Object.keys(facts);
  const values = Object.values(facts);
  const lines = [[...table.heads, ...names], ...table.rows.map((row) => [...row, ...values])];
  return lines.map((line) => `${line.map(cell).join(',')}\r\n`).join('');
}
