import { resolve } from 'node:path';
import type { ProfileCorrection } from '../../shared/jobs.ts';
import { relabellingText } from './labels-text.ts';
import { readProfile } from './profile-file.ts';
import { EXAMINER_OPTION, inSession, JSON_OPTION, printJson } from './session.ts';
import { bytes, count, out, safe, table } from './terminal.ts';
import { readArguments } from './usage.ts';

/** `enclave profile`: the profile of a case, printed or corrected. */

export async function profileVerb(args: readonly string[]): Promise<number> {
  const { values, positionals } = readArguments(
    'profile',
    args,
    { set: { type: 'string' }, ...EXAMINER_OPTION, ...JSON_OPTION },
    { least: 1, most: 1 },
  );
  const path = resolve(positionals[0]);
  const profile = values.set === undefined ? null : readProfile(values.set);
  return inSession(values, async (session) => {
    if (profile === null) {
      const stored = await session.run('profile', { case: path });
      if (values.json) printJson(stored);
      else out(`${JSON.stringify(stored, null, 2).split('\n').map(safe).join('\n')}\n`);
      return 0;
    }
    const correction = await session.correctProfile({ case: path, profile });
    if (values.json) printJson(correction);
    else out(correctionText(correction));
    return 0;
  });
}

function correctionText({ profile, changed, relabelling, before, after }: ProfileCorrection): string {
  if (relabelling === null) return `${safe(profile.name)}: the case has this profile already\n`;
  const rows: [string, string, string][] = [
    ['Hosts in the ranges', count(before.hosts), count(after.hosts)],
    ['Flows opened from inside', count(before.outbound), count(after.outbound)],
    ['Host-hours', count(before.hostHours), count(after.hostHours)],
    ['Days with flows', count(before.days), count(after.days)],
    ['Flows', count(before.flows), count(after.flows)],
    ['Bytes both ways', bytes(before.bytes), bytes(after.bytes)],
  ];
  return (
    `${safe(profile.name)}: in force, changed: ${changed.join(', ')}\n${relabellingText(relabelling)}\n` +
    table(['Whole case', 'before', 'after'], rows, [1, 2])
  );
}
