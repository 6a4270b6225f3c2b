import { filterText } from './filter.ts';
import { language } from './language.ts';

/** Each English sentence as a pattern whose groups are its values. */
const SENTENCES = Object.entries(filterText).map(([english, german]) => ({
  pattern: new RegExp(
    `^${english.replaceAll(/[.*+?^$()|[\]\\]/g, String.raw`\$&`).replaceAll(/\{(\w+)\}/g, '(?<$1>.+?)')}$`,
    's',
  ),
  german,
}));

/** What the filter's parser says, in the language chosen; in English what the catalogue does not have. */
export function sayFilterFault(english: string): string {
  if (language() === 'en') return english;
  for (const { pattern, german } of SENTENCES) {
    const values = pattern.exec(english)?.groups;
    if (values !== undefined)
      return german.replace(/\{(\w+)\}/g, (_place, name: string) => sayFilterFault(values[name] ?? ''));
    if (pattern.test(english)) return german;
  }
  return english;
}
