import { basename } from 'node:path';
import type { CarveResult, JobName, Jobs } from '../../shared/jobs.ts';

/** Flows and packets that leave a case are entered into its audit chain, with the hash of the file. */

export interface Runs {
  run<Name extends JobName>(name: Name, request: Jobs[Name]['request']): Promise<Jobs[Name]['response']>;
}

export async function exportFlows(
  runs: Runs,
  request: Jobs['flows']['request'] & { out: string },
): Promise<Jobs['flows']['response']> {
  const result = await runs.run('flows', request);
  const { case: casePath, where, format } = request;
  const { flows, sha256 } = result;
  await runs.run('audit', {
    case: casePath,
    action: 'export',
    detail: { what: 'flows', where, format, flows, sha256 },
  });
  return result;
}

export async function carvePackets(runs: Runs, request: Jobs['carve']['request']): Promise<CarveResult> {
  const result = await runs.run('carve', request);
  const { path, packets, carved, flows, bytes, sha256 } = result;
  await runs.run('audit', {
    case: request.case,
    action: 'export',
    detail: {
      what: 'packets',
      where: request.where,
      file: basename(path),
      flows,
      carved,
      packets,
      bytes,
      sha256,
      evidence: result.evidence.map(({ id }) => id),
      refused: result.refused.map(({ id }) => id),
    },
  });
  return result;
}
