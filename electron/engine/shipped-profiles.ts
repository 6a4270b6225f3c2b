import { readdirSync, readFileSync } from 'node:fs';
import { EnclaveError } from '../../shared/problem.ts';
import { checkProfile, type Profile } from '../../shared/profile.ts';

const SHIPPED = new URL('../../shared/profiles/', import.meta.url);

/** The profiles that come with Enclave, `default` first, then by name. */
export function shippedProfiles(): Profile[] {
  return readdirSync(SHIPPED)
    .filter((file) => file.endsWith('.json'))
    .map((file) => {
      const checked = checkProfile(JSON.parse(readFileSync(new URL(file, SHIPPED), 'utf8')));
      if (!checked.ok) {
        throw new EnclaveError(
          'profile-wrong',
          `the profile is wrong: ${checked.fault}`,
          file,
          'install Enclave again',
        );
      }
      return checked.profile;
    })
    .toSorted((one, other) => rank(one) - rank(other) || (one.name < other.name ? -1 : 1));
}

function rank({ name }: Profile): number {
  return name === 'default' ? 0 : 1;
}

/** A shipped profile by its name. Throws EnclaveError `profile-wrong` when none has it. */
export function shippedProfile(name: string): Profile {
  const profiles = shippedProfiles();
  const found = profiles.find((profile) => profile.name === name);
  if (found === undefined) {
    const names = profiles.map((profile) => profile.name).join(', ');
    throw new EnclaveError(
      'profile-wrong',
      'no profile of this name comes with Enclave',
      name,
      `choose one of: ${names}`,
    );
  }
  return found;
}
