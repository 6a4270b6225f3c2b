import { type Language, languageFor, LANGUAGES, setLanguage } from '../../shared/text/language.ts';
import { ask } from '../bridge-access.ts';

/** The language of the window: as the system prefers at first, then as chosen; kept on this machine. */

const KEY = 'language';

export function storedLanguage(): Language {
  try {
    const stored = localStorage.getItem(KEY);
    return LANGUAGES.find((language) => language === stored) ?? languageFor(navigator.language);
  } catch {
    return languageFor(navigator.language);
  }
}

/** Puts the language on the page and the app's menus, and keeps it where the page may keep anything. */
export function applyLanguage(language: Language): void {
  setLanguage(language);
  document.documentElement.lang = language;
  void ask('tellLanguage', { language });
  try {
    localStorage.setItem(KEY, language);
  } catch {
    // Not kept: the page may store nothing here.
  }
}
