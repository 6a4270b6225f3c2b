import { visibleText } from '../../shared/visible-text.ts';
import { say } from '../../shared/text/say.ts';

/** Ids in words, and paths shortened, for labels. */

/** The last part of a path, made visible. */
export function fileName(path: string): string {
  return visibleText(path.split(/[\\/]/).findLast((part) => part !== '') ?? path);
}

/** A profile's name in words for the list of profiles. */
export function profileLabel(name: string): string {
  return name === 'default' ? say('Private ranges (RFC 1918 and the like)') : name;
}
