import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type CaseKeys, headerOf, keyOf, newKey } from '../casefile/case-cipher.ts';
import { LEAST_PASSPHRASE } from '../../shared/passphrase.ts';
import { EnclaveError } from '../../shared/problem.ts';
import { bundleFolder, SEALED_CASE } from './bundle-manifest.ts';
import { CASE_IN_TAR, isBundleTar } from './bundle-tar.ts';

/** True when what lies at the path, a case or a sealed bundle, is encrypted. */
export function isEncrypted(path: string): boolean {
  return headerAt(path) !== null;
}

function headerAt(path: string): string | null {
  if (isBundleTar(path)) return headerOf(path, CASE_IN_TAR);
  const folder = bundleFolder(path);
  const inside = folder === null ? path : join(folder, SEALED_CASE);
  return existsSync(inside) ? headerOf(inside) : null;
}

/** The keys of the cases that an engine may open: in memory, shared with its threads, and wiped at its end. */
export class Keyring {
  readonly #keys = new Map<string, SharedArrayBuffer>();

  get keys(): CaseKeys {
    return this.#keys;
  }

  /** True when the case is encrypted and no passphrase was given yet. */
  isLocked(path: string): boolean {
    const header = headerAt(path);
    return header !== null && !this.#keys.has(header);
  }

  /**
   * Takes the passphrase of a case; nothing for one that is not encrypted.
   *
   * @throws EnclaveError `wrong-passphrase`
   */
  async unlock(path: string, passphrase: string): Promise<void> {
    const header = headerAt(path);
    if (header === null || this.#keys.has(header)) return;
    const key = await keyOf(passphrase, header);
    if (key === null) {
      throw new EnclaveError(
        'wrong-passphrase',
        'the passphrase does not fit this case',
        path,
        'try again; only damage to the first 16 bytes of the file would look the same',
      );
    }
    this.#keys.set(header, key);
  }

  /** Makes a key for a new case: the header (hex) under which the case is to be made. */
  async make(passphrase: string): Promise<string> {
    if (passphrase.length < LEAST_PASSPHRASE) {
      throw new EnclaveError(
        'passphrase-short',
        `a passphrase has ${LEAST_PASSPHRASE} characters or more`,
        '',
        'choose a longer one: several words are best',
        1,
      );
    }
    const [header, key] = await newKey(passphrase);
    this.#keys.set(header, key);
    return header;
  }

  wipe(): void {
    for (const key of this.#keys.values()) new Uint8Array(key).fill(0);
    this.#keys.clear();
  }
}
