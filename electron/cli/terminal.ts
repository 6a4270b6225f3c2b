import { visibleText } from '../../shared/visible-text.ts';

/** What the command line prints: results to stdout, everything else to stderr. */

export function out(text: string): void {
  process.stdout.write(text);
}

export function note(text: string): void {
  process.stderr.write(text);
}

/** Text from a case on a terminal: one line, in which controls and what is not seen as itself stand as `\uXXXX`. */
export function safe(text: string): string {
  return visibleText(text);
}

/** One line for what went wrong: what, where, what to do. */
export function faultLine(message: string, place: string, remedy: string): string {
  return `enclave: ${safe(message)}${place === '' ? '' : ` (${safe(place)})`}; ${safe(remedy)}\n`;
}

/** Rows under headings, columns as wide as their longest cell; numbers should come formatted. */
export function table(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly number[] = [],
): string {
  const cells = [headings, ...rows].map((row) => row.map(safe));
  const widths = headings.map((_, i) => Math.max(...cells.map((row) => row[i]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, i) => (right.includes(i) ? cell.padStart(widths[i]) : cell.padEnd(widths[i])))
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '─'.repeat(width)).join('  ');
  return `${[line(cells[0]), rule, ...cells.slice(1).map(line)].join('\n')}\n`;
}

const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

/** Bytes in decimal units. */
export function bytes(size: number): string {
  let value = size;
  let unit = 0;
  while (value >= 1000 && unit < BYTE_UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(value < 10 ? 2 : 1)} ${BYTE_UNITS[unit]}`;
}

export function count(value: number): string {
  return value.toLocaleString('en-GB');
}

/** Breaks text into lines of at most `width` characters, each after `indent`. */
export function wrap(text: string, width: number, indent: string): string {
  const lines: string[] = [];
  let line = '';
  for (const word of safe(text).split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = '';
    }
    line = line === '' ? word : `${line} ${word}`;
  }
  lines.push(line);
  return lines.map((each) => `${indent}${each}\n`).join('');
}
