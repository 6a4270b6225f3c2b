/** The language of the window and of the app's menus. Engine and command line never set it: what they make stays English. */

export const LANGUAGES = ['en', 'de'] as const;
export type Language = (typeof LANGUAGES)[number];

/** Each language by its own name. */
export const LANGUAGE_NAMES: Readonly<Record<Language, string>> = { en: 'English', de: 'Deutsch' };

/** BCP 47 tags that numbers, names of countries and plurals are formatted by. */
const LOCALES: Readonly<Record<Language, string>> = { en: 'en-GB', de: 'de-DE' };

let current: Language = 'en';

export function language(): Language {
  return current;
}

export function locale(): string {
  return LOCALES[current];
}

/** What is formatted or told from now on is in this language. */
export function setLanguage(next: Language): void {
  current = next;
}

/** The language for what a system prefers (`de-AT`): its own where we speak it, else English. */
export function languageFor(tag: string): Language {
  return LANGUAGES.find((each) => tag.toLowerCase().split('-')[0] === each) ?? 'en';
}

/** A value made once for each language, when it is first asked for. */
export function perLanguage<Value>(make: (locale: string) => Value): () => Value {
  const made = new Map<Language, Value>();
  return () => {
    let value = made.get(current);
    if (value === undefined) made.set(current, (value = make(LOCALES[current])));
    return value;
  };
}
