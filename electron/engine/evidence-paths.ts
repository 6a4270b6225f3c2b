import { readdirSync, realpathSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';

export interface EvidencePath {
  path: string;
  /** 0 when it could not be looked at. */
  bytes: number;
  /** True when the user named this very path; false when it was found in a folder. */
  named: boolean;
  /** Why it cannot be read as evidence, kind and words; null when nothing speaks against it so far. */
  fault: { kind: 'evidence-unreadable' | 'no-evidence'; message: string } | null;
}

const MAX_DEPTH = 32;

const UNREADABLE: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  ENOTDIR: 'there is no such file or folder',
  EACCES: 'it may not be read',
  EPERM: 'it may not be read',
  ELOOP: 'the link leads back to itself',
  ENAMETOOLONG: 'the name is too long',
};

function unreadable(error: unknown): EvidencePath['fault'] {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  return { kind: 'evidence-unreadable', message: UNREADABLE[code] ?? `it cannot be looked at (${code})` };
}

function leadsToFolder(link: string): boolean {
  try {
    return statSync(link).isDirectory();
  } catch {
    // A link that leads nowhere is told when it is looked at as a file.
    return false;
  }
}

/** The walk over what the user named. */
class EvidenceWalk {
  readonly found: EvidencePath[] = [];
  readonly #seen = new Set<string>();
  /** Entries met that are no folders, those met before included. */
  #met = 0;

  add(path: string, named: boolean, depth: number): void {
    try {
      const stat = statSync(path);
      if (stat.isDirectory()) {
        this.#addFolder(path, named, depth);
        return;
      }
      this.#met++;
      const real = realpathSync(path);
      if (!stat.isFile()) {
        this.#refuse(path, named, { kind: 'evidence-unreadable', message: 'it is not a regular file' });
      } else if (!this.#seen.has(real)) {
        this.#seen.add(real);
        this.found.push({ path: resolve(path), bytes: stat.size, named, fault: null });
      }
    } catch (error) {
      this.#met++;
      this.#refuse(path, named, unreadable(error));
    }
  }

  #addFolder(path: string, named: boolean, depth: number): void {
    if (depth > MAX_DEPTH) {
      const message = `it lies more than ${MAX_DEPTH} folders deep`;
      this.#refuse(path, named, { kind: 'evidence-unreadable', message });
      return;
    }
    const met = this.#met;
    const entries = readdirSync(path, { withFileTypes: true }).toSorted((x, y) => (x.name < y.name ? -1 : 1));
    for (const entry of entries) {
      const inside = join(path, entry.name);
      if (!(entry.isSymbolicLink() && leadsToFolder(inside))) this.add(inside, false, depth + 1);
    }
    if (named && this.#met === met)
      this.#refuse(path, named, { kind: 'no-evidence', message: 'there is no file in it' });
  }

  #refuse(path: string, named: boolean, fault: EvidencePath['fault']): void {
    this.found.push({ path: resolve(path), bytes: 0, named, fault });
  }
}

/**
 * Files behind the given paths, each once. Folders are walked in the order of their names, 32 deep; links in them are
 * followed to files, not to folders. What cannot be read comes with its fault, so that it is told and costs only itself.
 */
export function evidencePaths(paths: readonly string[]): EvidencePath[] {
  const walk = new EvidenceWalk();
  for (const path of paths) walk.add(path, true, 0);
  return walk.found;
}
