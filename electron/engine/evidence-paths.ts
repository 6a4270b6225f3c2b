import { readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { EnclaveError } from '../../shared/problem.ts';

export interface EvidencePath {
  path: string;
  bytes: number;
  /** True when the user named this very file; false when it was found in a folder. */
  named: boolean;
}

const MAX_DEPTH = 32;

/** Files behind the given paths: folders are walked (links to folders are not), in the order of their names. */
export function evidencePaths(paths: readonly string[]): EvidencePath[] {
  const found: EvidencePath[] = [];
  const seen = new Set<string>();
  const add = (path: string, named: boolean, depth: number): void => {
    let stat: ReturnType<typeof statSync>;
    try {
      stat = statSync(path);
    } catch (error) {
      if (!named) return;
      const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
      const what = code === 'ENOENT' ? 'there is no such file or folder' : `it cannot be looked at (${code})`;
      throw new EnclaveError('evidence-unreadable', what, path, 'check the path and its permissions');
    }
    if (stat.isDirectory()) {
      if (depth > MAX_DEPTH) return;
      const entries = readdirSync(path, { withFileTypes: true }).toSorted((x, y) => (x.name < y.name ? -1 : 1));
      for (const entry of entries) {
        if (!entry.isSymbolicLink()) add(join(path, entry.name), false, depth + 1);
      }
      return;
    }
    const absolute = resolve(path);
    if (!stat.isFile() || seen.has(absolute)) return;
    seen.add(absolute);
    found.push({ path: absolute, bytes: stat.size, named });
  };
  for (const path of paths) add(path, true, 0);
  return found;
}
