import type { Profile } from '../../shared/profile.ts';
import type { CaseWriter } from './case-writer.ts';
import { sha256Of } from './record-tables.ts';

/** Names of the parts in which two profiles differ. */
export function changedParts(before: Profile, after: Profile): (keyof Profile)[] {
  const parts = [...new Set([...Object.keys(before), ...Object.keys(after)])] as (keyof Profile)[];
  return parts.filter((part) => JSON.stringify(before[part]) !== JSON.stringify(after[part]));
}

/**
 * Puts another profile in the place of the case's. The audit entry has the hashes of both and, of the parts that change, what they were.
 * Labels and findings rest on the profile: the caller makes them anew in the same transaction.
 */
export function replaceProfile(writer: CaseWriter, profile: Profile): void {
  writer.changeRecord(() => {
    const before = writer.profile;
    const changed = changedParts(before, profile);
    const stored = writer.meta('profile') ?? '';
    const text = JSON.stringify(profile);
    writer.setMeta('profile', text);
    writer.audit('profile', {
      profile: profile.name,
      profileSha256: sha256Of(text),
      changed,
      before: {
        profile: before.name,
        profileSha256: sha256Of(stored),
        parts: Object.fromEntries(changed.map((part) => [part, before[part]])),
      },
    });
  });
}
