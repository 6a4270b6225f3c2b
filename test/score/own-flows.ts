import { copyFileSync, readFileSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { CaseReader } from '../../electron/casefile/case-reader.ts';
import { CaseWriter } from '../../electron/casefile/case-writer.ts';
import { flowRecords } from '../../electron/casefile/flow-records.ts';
import { decodeEvidence } from '../../electron/engine/decode-evidence.ts';
import { labelCase, loadLabelTables } from '../../electron/engine/label-case.ts';
import { DEFAULT_TIMEOUTS } from '../../electron/flows/flow-table.ts';
import type { FlowRecord } from '../../shared/flow.ts';
import { checkProfile } from '../../shared/profile.ts';

const NO_CUSTODY = { hashes: {}, clockOffset: 0, clockReason: '' };

/** Our flows of one evidence file, or why there are none. */
export type FlowSource = (evidence: string) => Promise<{ flows: FlowRecord[] } | { failure: string }>;

const PROFILE = new URL('../../shared/profiles/default.json', import.meta.url);

/**
 * Imports each file into a case of its own (a fresh copy of an empty one in `folder`, removed afterwards), labels it, and
 * reads its flows: the engine's own steps in this thread, so that tables and code are loaded once for all files.
 */
export function ownFlowSource(folder: string): FlowSource {
  const profile = checkProfile(JSON.parse(readFileSync(PROFILE, 'utf8')));
  if (!profile.ok) throw new Error(`the default profile is wrong: ${profile.fault}`);
  const empty = path.join(folder, 'empty.enclave');
  CaseWriter.create(empty, {
    title: 'score',
    examiner: '',
    authority: '',
    profile: profile.profile,
    version: '0',
  }).close();
  const tables = loadLabelTables();
  let serial = 0;

  return async (evidence) => {
    const name = path.join(folder, `${++serial}.enclave`);
    try {
      copyFileSync(empty, name);
      const writer = CaseWriter.open(name);
      try {
        const number = writer.beginEvidence(evidence, statSync(evidence).size);
        const decoded = await decodeEvidence(evidence, DEFAULT_TIMEOUTS, {
          segment: (segment) => writer.addSegment(number, segment),
          names: (chunk) => writer.addNameChunk(number, chunk),
          progress: () => undefined,
        });
        if (decoded.format === null) return { failure: decoded.problems.at(-1)?.message ?? 'not recognised' };
        writer.finishEvidence(number, { ...decoded, format: decoded.format, status: 'imported', custody: NO_CUSTODY });
        labelCase(writer, tables, () => undefined);
      } finally {
        writer.close();
      }
      const reader = new CaseReader(name);
      try {
        return { flows: [...flowRecords(reader)] };
      } finally {
        reader.close();
      }
    } catch (error) {
      return { failure: error instanceof Error ? error.message : String(error) };
    } finally {
      for (const suffix of ['', '-wal', '-shm', '-lock']) rmSync(name + suffix, { force: true });
    }
  };
}
