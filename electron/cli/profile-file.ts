import { existsSync, readFileSync } from 'node:fs';
import { EnclaveError } from '../../shared/problem.ts';
import { checkProfile, type Profile } from '../../shared/profile.ts';

const SHIPPED = new URL('../../shared/profiles/', import.meta.url);

/** A shipped profile by name (`default`, `dprk-2017`), or one in a JSON file. */
export function readProfile(nameOrFile: string): Profile {
  const isName = /^[\w-]+$/.test(nameOrFile) && !existsSync(nameOrFile);
  const file = isName ? new URL(`${nameOrFile}.json`, SHIPPED) : nameOrFile;
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    const what = missing
      ? isName
        ? 'no profile of this name comes with Enclave'
        : 'there is no such file'
      : `it is not JSON (${error instanceof Error ? error.message : String(error)})`;
    throw new EnclaveError('profile-wrong', what, nameOrFile, 'name a JSON file, or one of: default, dprk-2017');
  }
  const checked = checkProfile(value);
  if (!checked.ok)
    throw new EnclaveError('profile-wrong', `the profile is wrong at ${checked.fault}`, nameOrFile, 'mend it there');
  return checked.profile;
}
