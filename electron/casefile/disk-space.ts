import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { EnclaveError } from '../../shared/problem.ts';

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
export function megabytes(bytes: number): string {
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
