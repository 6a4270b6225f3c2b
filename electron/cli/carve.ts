import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { carveNotes } from '../../shared/carve-notes.ts';
import type { CarveResult } from '../../shared/jobs.ts';
import { formatCounted } from '../../shared/number-format.ts';
import { EnclaveError } from '../../shared/problem.ts';
import { carvePackets } from '../engine/audited-exports.ts';
import { EXAMINER_OPTION, inSession, JSON_OPTION, printJson } from './session.ts';
import { note, out, safe } from './terminal.ts';
import { readArguments, usageError } from './usage.ts';

/** `enclave carve`: the packets of flows, out of the original captures. */

/** 0 when every matching flow that has packets was carved with all of them. */
export function carveExitCode({ refused, unread, otherwise }: CarveResult): number {
  return refused.length + unread + otherwise === 0 ? 0 : 3;
}

export function carve(args: readonly string[]): Promise<number> {
  const { values, positionals } = readArguments(
    'carve',
    args,
    {
      ...EXAMINER_OPTION,
      ...JSON_OPTION,
      where: { type: 'string' },
      out: { type: 'string' },
      evidence: { type: 'string' },
    },
    { least: 1, most: 1 },
  );
  const { where } = values;
  if (where === undefined) throw usageError('carve', '--where is missing; --where "" takes every flow');
  if (values.out === undefined || !/\.pcap(ng)?$/i.test(values.out)) {
    throw usageError('carve', '--out FILE.pcap or FILE.pcapng is missing');
  }
  const request = {
    case: resolve(positionals[0]),
    where,
    out: resolve(values.out),
    evidenceDirectory: values.evidence === undefined ? null : resolve(values.evidence),
  };
  if (request.evidenceDirectory !== null && !existsSync(request.evidenceDirectory)) {
    const remedy = 'name the folder of the evidence';
    throw new EnclaveError('no-evidence', 'there is no such folder', request.evidenceDirectory, remedy);
  }
  return inSession(values, async (session) => {
    const result = await carvePackets(session, request);
    const { path, packets, carved, bytes, sha256 } = result;
    if (values.json) printJson(result);
    else {
      const counts = [formatCounted(packets, 'packet'), 'of', formatCounted(carved, 'flow')].join(' ');
      out(`${safe(path)}: ${counts}, ${formatCounted(bytes, 'byte')}, SHA-256 ${sha256}\n`);
    }
    for (const line of carveNotes(result)) note(`enclave: ${safe(line)}\n`);
    return carveExitCode(result);
  });
}
