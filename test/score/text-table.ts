function printable(cell: string | number | undefined): string {
  return String(cell ?? '').replaceAll(/[\p{Cc}\p{Cf}]/gu, '?');
}

/** Columns padded to their widest cell; text cells left, numbers right. */
export function textTable(heads: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const widths = heads.map((head, i) => Math.max(head.length, ...rows.map((row) => printable(row[i]).length)));
  const line = (cells: readonly (string | number)[]): string =>
    widths
      .map((width, i) =>
        typeof cells[i] === 'number' ? printable(cells[i]).padStart(width) : printable(cells[i]).padEnd(width),
      )
      .join('  ')
      .trimEnd();
  return [line(heads), widths.map((width) => '-'.repeat(width)).join('  '), ...rows.map(line)].join('\n');
}
