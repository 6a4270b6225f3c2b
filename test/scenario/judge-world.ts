import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Engine } from '../../electron/engine/engine.ts';
import { type EvidenceForm, writeWorld } from '../../electron/sample/evidence.ts';
import { COUNTRY_BLOCKS } from '../../electron/sample/sites.ts';
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
  // The examiner knows by how much the recording clock was off, and says so.
  const { totals } = await engine.run('import', {
    case: casePath,
    paths: [join(folder, 'evidence')],
    ...(world.clockOffsetSeconds === 0
      ? {}
      : { custody: { clockOffset: -world.clockOffsetSeconds, clockReason: 'made up: compared with a radio clock' } }),
  });
  if (totals.rejected + totals.partial > 0) throw new Error(`evidence of ${world.name} was not read whole`);
  if (world.misplaced.length > 0) {
    const path = join(folder, 'countries.csv');
    const lines = world.misplaced.flatMap(({ country, as }) =>
      (COUNTRY_BLOCKS[country] ?? []).map((block) => `${block},${as}\n`),
    );
    writeFileSync(path, `network,country\n${lines.join('')}`);
    await engine.run('addOverlay', { case: casePath, path, kind: 'geo', date: null });
  }
  const findings = await engine.run('analyse', { case: casePath });
  const rows = Object.entries(JUDGES).flatMap(([kind, judge]) =>
    only === null || kind === only ? judge(findings, truth) : [],
  );
  return { truth, findings, rows };
}
