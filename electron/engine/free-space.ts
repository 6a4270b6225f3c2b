import { freeBytes, megabytes, refuseWithoutRoom } from '../casefile/disk-space.ts';
import { evidencePaths } from './evidence-paths.ts';

/** Whether an import fits on the disk. */

/** No import does with less, bytes: a page for each table that it writes to, in the log and in the file. */
const LEAST_IMPORT = 1 << 20;
/** Least growth of a case for a byte of evidence; that of captures of few, long flows. */
const LEAST_SHARE = 1 / 1000;

/** Throws when an import cannot fit, whatever the evidence holds. @param bytes of evidence */
export function refuseImportWithoutRoom(casePath: string, bytes: number): void {
  refuseWithoutRoom(casePath, LEAST_IMPORT + bytes * LEAST_SHARE);
}

/**
 * What to tell before an import that may not fit: null when more is free than the evidence has bytes. A case grows by a hundredth
 * of that for captures of long flows, and by as much or more for flow exports, compressed files and scans.
 */
export function importWarning(casePath: string, paths: readonly string[]): string | null {
  const free = freeBytes(casePath);
  const bytes = evidencePaths(paths).reduce((sum, file) => sum + file.bytes, 0);
  if (free === null || free >= bytes) return null;
  return `${megabytes(free)} are free for the case and ${megabytes(bytes)} of evidence are to be read: it may not fit; what does is kept`;
}

/** Less free than this is told while a case is open, bytes. */
const LOW_SPACE = 200e6;

/** What to tell when the disk of an open case is nearly full; null when it is not. */
export function lowSpaceWarning(casePath: string): string | null {
  const free = freeBytes(casePath);
  if (free === null || free >= LOW_SPACE) return null;
  return `only ${megabytes(free)} are free where the case lies: free some space before you add evidence; what is saved is kept`;
}
