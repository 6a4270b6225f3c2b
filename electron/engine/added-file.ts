import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { basename } from 'node:path';
import { EnclaveError } from '../../shared/problem.ts';

/** A file that an examiner adds to a case as a whole: an overlay, indicators or events. */
export interface AddedFile {
  /** Its name without folders, at most 200 characters. */
  readonly name: string;
  readonly content: Buffer;
  /** In hex. */
  readonly sha256: string;
}

/** Reads a file of at most so many bytes. Throws an EnclaveError when it is larger or cannot be read. */
export function readAddedFile(path: string, largest: number): AddedFile {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    const why = error instanceof Error && 'code' in error && error.code === 'ENOENT' ? 'there is no such file' : null;
    throw new EnclaveError(
      'file-unreadable',
      why ?? `the file cannot be read (${error instanceof Error ? error.message : String(error)})`,
      path,
      'check its name and permissions',
    );
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw new EnclaveError('file-unreadable', 'this is no file', path, 'name a file');
    if (stat.size > largest) {
      throw new EnclaveError('file-too-large', `the file is larger than ${largest} bytes`, path, 'cut it into parts');
    }
    const content = Buffer.alloc(stat.size);
    let length = 0;
    while (length < content.length) {
      const got = readSync(fd, content, length, content.length - length, null);
      if (got === 0) break;
      length += got;
    }
    const read = content.subarray(0, length);
    return {
      name: basename(path).slice(0, 200),
      content: read,
      sha256: createHash('sha256').update(read).digest('hex'),
    };
  } catch (error) {
    if (error instanceof EnclaveError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new EnclaveError('file-unreadable', `the file cannot be read (${why})`, path, 'check its disk');
  } finally {
    closeSync(fd);
  }
}
