import { visibleText } from '../../shared/visible-text.ts';

/** Ids in words, and paths shortened, for labels. */

const REGIONS = new Intl.DisplayNames('en', { type: 'region', fallback: 'none' });

/** English name of an ISO 3166 alpha-2 code; null when there is none. */
export function countryName(code: string): string | null {
  try {
    return REGIONS.of(code) ?? null;
  } catch {
    return null;
  }
}

/** The last part of a path, made visible. */
export function fileName(path: string): string {
  return visibleText(path.split(/[\\/]/).findLast((part) => part !== '') ?? path);
}

/** A profile's name in words for the list of profiles. */
export function profileLabel(name: string): string {
  return name === 'default' ? 'Private ranges (RFC 1918 and the like)' : name;
}
