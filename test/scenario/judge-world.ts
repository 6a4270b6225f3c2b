import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Engine } from '../../electron/engine/engine.ts';
import { type EvidenceForm, writeWorld } from '../../electron/sample/evidence.ts';
import type { WorldTruth } from '../../electron/sample/truth.ts';
import type { World } from '../../electron/sample/world.ts';
import type { Finding } from '../../shared/finding.ts';
import type { JudgedRow } from './judges/judged-row.ts';
import { JUDGES } from './judges/judges.ts';
import { profileOf } from './world-profile.ts';

export interface JudgedWorld {
  readonly truth: WorldTruth;
  readonly findings: readonly Finding[];
  readonly rows: readonly JudgedRow[];
}

/** Simulated runs behind each expected value: their error widens the error of an estimate by 1/60 of itself. */
export const TRUTH_RUNS = 30;

/** Writes a world's evidence below `folder`, imports and analyses it as a user would, and judges the findings. */
export async function judgeWorld(
  engine: Engine,
  folder: string,
  world: World,
  { seed, form, runs }: { seed: number; form: EvidenceForm; runs: number },
  only: string | null = null,
): Promise<JudgedWorld> {
  mkdirSync(folder, { recursive: true });
  const { truth } = writeWorld(folder, world, { seed, run: 1, form, runs });
  const casePath = join(folder, 'case.enclave');
  rmSync(casePath, { force: true });
  await engine.run('new', {
    case: casePath,
    profile: profileOf(world),
    title: world.name,
    examiner: '',
    authority: '',
  });
  const { totals } = await engine.run('import', { case: casePath, paths: [join(folder, 'evidence')] });
  if (totals.rejected + totals.partial > 0) throw new Error(`evidence of ${world.name} was not read whole`);
  const findings = await engine.run('analyse', { case: casePath });
  const rows = Object.entries(JUDGES).flatMap(([kind, judge]) =>
    only === null || kind === only ? judge(findings, truth) : [],
  );
  return { truth, findings, rows };
}
