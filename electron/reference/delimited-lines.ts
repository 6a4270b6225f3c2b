/** Text tables that an examiner brings: one record a line, cells by RFC 4180 but without line feeds in quotes. */

/** Longest line in UTF-16 units; longer ones are not used. */
export const LONGEST_LINE = 65_536;
/** Most cells of a line that are looked at. */
const MOST_CELLS = 64;

/** Bytes in which text shows itself to be none. */
const LOOKED_AT = 65_536;

/** Why the bytes are no text that can be read (UTF-8 and what it holds, ASCII); null when they are. */
export function textFault(file: Buffer): string | null {
  if ((file[0] === 0xff && file[1] === 0xfe) || (file[0] === 0xfe && file[1] === 0xff)) {
    return 'text in UTF-16, which is not read: convert it to UTF-8';
  }
  // Text has no zero bytes; text in UTF-16 without a mark at its beginning has one beside every ASCII letter.
  return file.subarray(0, LOOKED_AT).includes(0)
    ? 'it is no text in UTF-8 (it holds zero bytes), nor a whole file of another kind that is read'
    : null;
}

export interface DelimitedLine {
  /** From 1. */
  readonly line: number;
  /** Without blanks around them; null when the line cannot be cut into cells. */
  readonly cells: readonly string[] | null;
  /** What is wrong with it where `cells` is null. */
  readonly fault: 'line-too-long' | 'bad-quote' | null;
}

/**
 * The lines of a text that are neither empty nor comments (`#`, `//`). Cells stand between commas, semicolons, tabs or bars,
 * whichever the first such line has first; a line without any is one cell. Never throws.
 */
export function* delimitedLines(text: string): Generator<DelimitedLine, void, undefined> {
  let delimiter: string | null = null;
  let line = 0;
  for (let from = text.codePointAt(0) === 0xfeff ? 1 : 0; from < text.length;) {
    const feed = text.indexOf('\n', from);
    const to = feed < 0 ? text.length : feed;
    line++;
    const [start, length] = [from, to - from];
    from = to + 1;
    if (length > LONGEST_LINE) {
      yield { line, cells: null, fault: 'line-too-long' };
      continue;
    }
    const content = text.slice(start, to).trim();
    if (content === '' || content.startsWith('#') || content.startsWith('//')) continue;
    delimiter ??= /[,;\t|]/.exec(content.replaceAll(/"[^"]*"/g, ''))?.[0] ?? null;
    const cells = cellsOf(content, delimiter);
    yield { line, cells, fault: cells === null ? 'bad-quote' : null };
  }
}

function cellsOf(line: string, delimiter: string | null): string[] | null {
  if (!line.includes('"')) {
    return (delimiter === null ? [line] : line.split(delimiter, MOST_CELLS)).map((cell) => cell.trim());
  }
  const cells: string[] = [];
  for (let at = 0; cells.length < MOST_CELLS;) {
    while (line[at] === ' ') at++;
    let cell = '';
    if (line[at] === '"') {
      for (at++; ;) {
        const quote = line.indexOf('"', at);
        if (quote < 0) return null;
        cell += line.slice(at, quote);
        at = quote + 1;
        if (line[at] !== '"') break;
        cell += '"';
        at++;
      }
      while (line[at] === ' ') at++;
      if (at < line.length && line[at] !== delimiter) return null;
    } else {
      const next = delimiter === null ? -1 : line.indexOf(delimiter, at);
      cell = line.slice(at, next < 0 ? line.length : next);
      at = next < 0 ? line.length : next;
    }
    cells.push(cell.trim());
    if (at >= line.length) return cells;
    at++;
  }
  return cells;
}

/**
 * Where the columns of a table are, from its first line: a header when one of its cells is a known name, else `otherwise`.
 * `names` maps each column to the names that it goes by, of which the one that stands first counts.
 */
export function columnsOf<Column extends string>(
  first: readonly string[],
  names: Readonly<Record<Column, readonly string[]>>,
  otherwise: readonly NoInfer<Column>[],
): { readonly header: boolean; readonly at: Readonly<Partial<Record<Column, number>>> } {
  const at: Partial<Record<Column, number>> = {};
  const words = first.map((cell) => cell.toLowerCase().replaceAll(/[\s-]+/g, '_'));
  for (const column of Object.keys(names) as Column[]) {
    const name = names[column].find((each) => words.includes(each));
    if (name !== undefined) at[column] = words.indexOf(name);
  }
  if (Object.keys(at).length > 0) return { header: true, at };
  for (const [place, column] of otherwise.entries()) at[column] = place;
  return { header: false, at };
}
