import { visibleText } from '../../shared/visible-text.ts';

/** Ids in words, and paths shortened, for labels. */

/** The last part of a path, made visible. */
export function fileName(path: string): string {
  return visibleText(path.split(/[\\/]/).findLast((part) => part !== '') ?? path);
}

/** A profile's name in words for the list of profiles. */
export function profileLabel(name: string): string {
  return name === 'default' ? 'Private ranges (RFC 1918 and the like)' : name;
}
