import type { CaseWriter } from '../casefile/case-writer.ts';
import { changedParts } from '../casefile/profile-writer.ts';
import type { Jobs, ProfileCorrection, Relabelling } from '../../shared/jobs.ts';
import { EnclaveError } from '../../shared/problem.ts';
import { profileFaults, profileSchema, type Profile } from '../../shared/profile.ts';
import type { Engine, JobOptions } from './engine.ts';

/** Correcting the profile of a case: one transaction puts it in the old one's place and labels every flow anew. */

/** The profile as its schema has it; throws the first fault. */
function checked(value: unknown): Profile {
  const [fault] = profileFaults(value);
  if (fault !== undefined) {
    const where = fault.path.join('.') || 'profile';
    throw new EnclaveError('profile-wrong', `the profile is wrong at ${where}: ${fault.message}`, '', 'mend it there');
  }
  return profileSchema.parse(value);
}

/** @param relabel labels every flow anew by the given profile and stores it with the labels; throws to stop, and all is as before */
export function changeProfile(
  writer: CaseWriter,
  value: unknown,
  relabel: (profile: Profile) => Relabelling,
): Jobs['changeProfile']['response'] {
  const profile = checked(value);
  const changed = changedParts(writer.profile, profile);
  return { profile, changed, relabelling: changed.length === 0 ? null : relabel(profile) };
}

/**
 * Replaces the case's profile, labels anew and makes the findings anew. Cancelled while it labels, the case is as it was; cancelled
 * later, profile and labels are in force and the case has no findings until it is analysed.
 */
export async function correctProfile(
  engine: Engine,
  request: Jobs['changeProfile']['request'],
  options: JobOptions = {},
): Promise<ProfileCorrection> {
  const whole = { case: request.case, where: '' };
  const before = await engine.run('totals', whole);
  const { profile, changed, relabelling } = await toldWhenCancelled(
    engine.run('changeProfile', request, options),
    'The profile is as it was, and so are labels and findings',
  );
  // The same profile again makes up for an analysis that was cancelled.
  if (relabelling === null && (await engine.run('findings', { case: request.case })).length > 0) {
    return { profile, changed, relabelling, before, after: before };
  }
  await toldWhenCancelled(
    analyseAndSave(engine, request.case, options),
    'The new profile and its labels are in force; the findings are yet to be made anew',
  );
  return { profile, changed, relabelling, before, after: await engine.run('totals', whole) };
}

async function toldWhenCancelled<T>(work: Promise<T>, message: string): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof EnclaveError) || error.code !== 'cancelled') throw error;
    throw new EnclaveError('cancelled', message, '', 'save the profile again to go on', error.exitCode);
  }
}

/** Makes the findings anew and stores them; the number of them. */
export async function analyseAndSave(engine: Engine, casePath: string, options: JobOptions = {}): Promise<number> {
  const findings = await engine.run('analyse', { case: casePath }, options);
  await engine.run('saveFindings', { case: casePath, findings });
  return findings.length;
}
