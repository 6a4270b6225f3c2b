import { language, perLanguage } from './text/language.ts';

const regions = perLanguage(() => new Intl.DisplayNames(language(), { type: 'region', fallback: 'none' }));

/** Name, in the language chosen, of an ISO 3166 alpha-2 code; null when there is none. */
export function countryName(code: string): string | null {
  try {
    return regions().of(code) ?? null;
  } catch {
    return null;
  }
}

/** `India (IN)`; the code alone when it has no name. */
export function countryInWords(code: string): string {
  const name = countryName(code);
  return name === null ? code : `${name} (${code})`;
}
