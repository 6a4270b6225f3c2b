import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { BundleResult, ImportSummary, Jobs } from '../../shared/jobs.ts';
import { EnclaveError } from '../../shared/problem.ts';
import type { Engine, JobOptions } from './engine.ts';
import { shippedProfile } from './shipped-profiles.ts';

/** What is several jobs to the engine and one to a user. */

/** Imports files and folders (absolute paths), then makes and saves the findings if the case changed or has none. */
export async function importAndAnalyse(
  engine: Engine,
  request: Jobs['import']['request'],
  options: JobOptions = {},
): Promise<ImportSummary> {
  engine.prepareQueries();
  const summary = await engine.run('import', request, options);
  const changed = summary.totals.imported + summary.totals.partial > 0;
  if (changed || (await engine.run('findings', { case: request.case })).length === 0) {
    const findings = await engine.run('analyse', { case: request.case }, options);
    await engine.run('saveFindings', { case: request.case, findings });
  }
  return summary;
}

/** Makes a sealed bundle and enters it, with its manifest's hash, into the audit chain; one that cannot be entered is removed. */
export async function sealCase(
  engine: Engine,
  request: Jobs['bundle']['request'],
  options: JobOptions = {},
): Promise<BundleResult> {
  const result = await engine.run('bundle', request, options);
  try {
    const { manifestSha256, evidence, chainHead } = result;
    const included = evidence.filter((each) => each.included).map(({ id }) => id);
    const detail = { folder: basename(request.out), manifestSha256, chainHead, evidence: included };
    await engine.run('audit', { case: request.case, action: 'bundle', detail });
  } catch (error) {
    rmSync(request.out, { recursive: true, force: true });
    throw error;
  }
  return result;
}

/**
 * The sample case in `directory` (made when absent): its path. Makes synthetic evidence, case and findings unless the case is
 * there already. A case that could not be finished is removed.
 */
export async function makeSampleCase(engine: Engine, directory: string, options: JobOptions = {}): Promise<string> {
  const casePath = join(directory, 'sample.enclave');
  if (existsSync(casePath)) return casePath;
  const evidence = join(directory, 'evidence');
  try {
    mkdirSync(evidence, { recursive: true });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new EnclaveError('not-writable', `the folder cannot be made (${why})`, evidence, 'check its permissions');
  }
  try {
    await engine.run('sample', { directory: evidence }, options);
    await engine.run('new', {
      case: casePath,
      profile: shippedProfile('dprk-2017'),
      title: 'Sample: synthetic traffic of a small closed network',
      examiner: '',
      authority: '',
    });
    await importAndAnalyse(engine, { case: casePath, paths: [evidence] }, options);
  } catch (error) {
    for (const rest of ['', '-wal', '-shm', '-lock', '.backups']) {
      rmSync(casePath + rest, { recursive: true, force: true });
    }
    throw error;
  }
  return casePath;
}
