import { formatCount } from '../number-format.ts';
import { CATALOGUE } from './catalogue.ts';
import { language, perLanguage } from './language.ts';

/**
 * The text of the window in the language chosen. An English sentence is its own key in the catalogue, which holds the
 * German beside it: a sentence that has none is an error of `tsc`. `{name}` stands for a value; `{name|flow|flows}` for
 * a count and the noun that its plural asks for (Intl.PluralRules).
 */

type Sentence = keyof typeof CATALOGUE;

type Names<S extends string> = S extends `${string}{${infer Inner}}${infer Rest}`
  ? (Inner extends `${infer Name}|${string}` ? Name : Inner) | Names<Rest>
  : never;

/** A text of the catalogue without values, as tables of names hold it. */
export type Text = { [S in Sentence]: S extends `${string}{${string}` ? never : S }[Sentence];

const PLACE = /\{(\w+)(?:\|([^|}]*)\|([^}]*))?\}/g;

const plurals = perLanguage((locale) => new Intl.PluralRules(locale));

/** A text of the catalogue, its values put in. A value without a noun stands as it is given: formatted, if it is a number. */
export function say(text: Text): string;
export function say<S extends Sentence>(text: S, values: Readonly<Record<Names<S>, string | number>>): string;
export function say(text: Sentence, values?: Readonly<Record<string, string | number>>): string {
  const sentence = language() === 'de' ? CATALOGUE[text] : text;
  if (values === undefined) return sentence;
  return sentence.replace(PLACE, (_place, name: string, one?: string, other?: string) => {
    const value = values[name] ?? '';
    if (one === undefined) return String(value);
    return `${formatCount(Number(value))} ${plurals().select(Number(value)) === 'one' ? one : other}`;
  });
}

/** A table of names, each in the language chosen when it is read. */
export function said<Table extends Readonly<Record<string, Text>>>(
  names: Table,
): { readonly [Key in keyof Table]: string } {
  const table = {} as { [Key in keyof Table]: string };
  for (const [key, name] of Object.entries(names)) {
    Object.defineProperty(table, key, { enumerable: true, get: () => say(name) });
  }
  return table;
}

/** A name as it stands within a sentence: German nouns keep their capital. */
export function withinSentence(name: string): string {
  return language() === 'en' ? name.toLowerCase() : name;
}
