/**
 * What a printed report needs besides printing: its letters, and page numbers in its contents. Chromium lays pages out only when it prints and knows no `target-counter` (CSS
 * GCPM 3): so a report is printed, asked on which pages its chapters begin, and printed again with the numbers in its contents.
 */

/** One object of a PDF as Chromium writes it: `12 0 obj … endobj`, dictionaries in plain text. */
const OBJECT = /(?:^|\n)(\d+) 0 obj\n([^]*?)\nendobj/g;

/**
 * The page, from 1, on which each named destination of a PDF lies (ISO 32000-1, 7.7.3 and 12.3.2.3). Empty when its objects are
 * compressed or it has none: nothing is guessed.
 *
 * @param pdf the file, a byte a character (latin1)
 */
export function pagesOfDestinations(pdf: string): Map<string, number> {
  const objects = new Map<string, string>();
  // What stands inside a stream is no object of its own, but may look like one: the first of a number counts.
  for (const [, number = '', body = ''] of pdf.matchAll(OBJECT)) if (!objects.has(number)) objects.set(number, body);
  const catalogue = [...objects.values()].find((body) => body.startsWith('<</Type /Catalog')) ?? '';
  const pages = new Map<string, number>();
  const visited = new Set<string>();
  const visit = (number: string): void => {
    const body = objects.get(number) ?? '';
    if (visited.has(number)) return;
    visited.add(number);
    const kids = /\/Kids \[([^\]]*)\]/.exec(body)?.[1];
    if (kids === undefined) pages.set(number, pages.size + 1);
    else for (const [, kid = ''] of kids.matchAll(/(\d+) 0 R/g)) visit(kid);
  };
  visit(/\/Pages (\d+) 0 R/.exec(catalogue)?.[1] ?? '');
  const names = objects.get(/\/Dests (\d+) 0 R/.exec(catalogue)?.[1] ?? '') ?? '';
  const found = new Map<string, number>();
  for (const [, name = '', page = ''] of names.matchAll(/\/([\w-]+) \[(\d+) 0 R/g)) {
    const at = pages.get(page);
    if (at !== undefined) found.set(name, at);
  }
  return found;
}

/** Families of the report's letters, as its style names them: Latin in fixed weights, other scripts in variable ones (letters.ts). */
export const LATIN_LETTERS = 'Enclave Noto Sans';
export const OTHER_LETTERS = 'Enclave Noto Sans Others';

/**
 * Whether the letters that a page brings with it were there when it was printed. A browser under load may print before they are
 * decoded, and then leaves their text out: the page looks empty.
 *
 * @param pdf the file, a byte a character (latin1)
 */
export function hasItsLetters(html: string, pdf: string): boolean {
  const brings = (family: string): boolean => html.includes(`@font-face { font-family: "${family}";`);
  return (
    (!brings(LATIN_LETTERS) || /\+NotoSans-Regular\b/.test(pdf)) &&
    // Letters of variable weight are drawings in a PDF.
    (!brings(OTHER_LETTERS) || /\/Subtype \/Type3\b/.test(pdf))
  );
}

/** A report with the pages of its chapters in its contents; unchanged where a page is not known. */
export function withContentsPages(html: string, pages: ReadonlyMap<string, number>): string {
  return html.replace(/<a href="#(chapter-\d+)">/g, (link, chapter: string) => {
    const page = pages.get(chapter);
    return page === undefined ? link : `<a href="#${chapter}" data-page="${page}">`;
  });
}

/**
 * Prints a report with the pages of its chapters in its contents.
 *
 * @param print prints HTML to a PDF, both as text, a byte of the PDF a character
 * @returns what was printed last: without the numbers when they could not be told, or would have moved a chapter
 */
export async function printedWithPages(html: string, print: (html: string) => Promise<string>): Promise<string> {
  const first = await print(html);
  const pages = pagesOfDestinations(first);
  const numbered = withContentsPages(html, pages);
  if (numbered === html) return first;
  const second = await print(numbered);
  const moved = pagesOfDestinations(second);
  return [...pages].every(([chapter, page]) => moved.get(chapter) === page) ? second : first;
}
