import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { EnclaveError } from '../../shared/problem.ts';
import { evidencePaths } from './evidence-paths.ts';

/** Bytes that this user may still write where the file lies or will lie; null where that cannot be told. */
export function freeBytes(path: string): number | null {
  try {
    const { bavail, bsize } = statfsSync(dirname(path));
    return bavail * bsize;
  } catch {
    return null;
  }
}

/** Bytes as a person reads them. */
function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toLocaleString('en-GB', { maximumFractionDigits: 1 })} MB`;
}

/** Throws in one line when less is free than will be written. */
export function refuseWithoutRoom(path: string, needed: number): void {
  const free = freeBytes(path);
  if (free === null || free >= needed) return;
  throw new EnclaveError(
    'disk-full',
    `${megabytes(needed)} are needed and ${megabytes(free)} are free`,
    path,
    'free some space or choose another place',
  );
}

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
