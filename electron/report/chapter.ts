import { escapeHtml } from './markup.ts';

/** Chapters of the report: numbered, named in the contents, reached by links. */

export interface Chapter {
  readonly title: string;
  /** What stands under the title. */
  readonly markup: string;
  /** Begins on a page of its own. */
  readonly ownPage: boolean;
}

const anchor = (index: number): string => `chapter-${index + 1}`;

/** The chapters one after the other. */
export function chaptersMarkup(chapters: readonly Chapter[]): string {
  return chapters
    .map(
      ({ title, markup, ownPage }, index) =>
        `<section id="${anchor(index)}"${ownPage ? ' class="page"' : ''}><h2>${index + 1}  ${escapeHtml(title)}</h2>\n${markup}</section>`,
    )
    .join('\n');
}

/** The titles with their numbers, as links. */
export function contentsMarkup(chapters: readonly Chapter[]): string {
  const items = chapters.map(
    ({ title }, index) => `<li><a href="#${anchor(index)}">${index + 1}  ${escapeHtml(title)}</a></li>`,
  );
  return `<nav class="contents" aria-label="Contents"><ol>${items.join('')}</ol></nav>`;
}
