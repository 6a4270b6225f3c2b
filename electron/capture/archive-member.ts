import { MAX_NAME } from './container-limits.ts';

/** A file inside an archive. */
export interface ArchiveMember {
  /** As the archive has it, cut; hostile: print it through `visibleText`. */
  readonly name: string;
  /** Place in the archive among the members that are files, from 1. */
  readonly number: number;
}

/** A member's name, cut to what is kept. */
export function memberName(name: string): string {
  return name.length > MAX_NAME ? `${name.slice(0, MAX_NAME)}…` : name;
}

/** Files that macOS and Windows put beside others, never evidence. */
export function isSystemFile(name: string): boolean {
  return /(^|\/)(__MACOSX\/|\._[^/]*$|\.DS_Store$|Thumbs\.db$|desktop\.ini$)/.test(name);
}
