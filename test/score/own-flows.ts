import { copyFileSync, readFileSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { CaseReader } from '../../electron/casefile/case-reader.ts';
import { CaseWriter } from '../../electron/casefile/case-writer.ts';
import { flowRecords } from '../../electron/casefile/flow-records.ts';
import { decodeEvidence } from '../../electron/engine/decode-evidence.ts';
import { labelCase, loadLabelTables } from '../../electron/engine/label-case.ts';
import { DEFAULT_TIMEOUTS } from '../../electron/flows/flow-table.ts';
import type { FilledSegment } from '../../electron/flows/segment-builder.ts';
import { FACT_COLUMNS, type FactColumn, type FlowRecord } from '../../shared/flow.ts';
import { checkProfile } from '../../shared/profile.ts';

const NO_CUSTODY = { hashes: {}, clockOffset: 0, clockReason: '' };

/** Our flows of one evidence file, or why there are none. */
export type FlowSource = (evidence: string) => Promise<{ flows: FlowRecord[] } | { failure: string }>;

/** Facts that come from payload, and those of the headers that no flow export tells. */
const FROM_PAYLOAD = [
  'payloadProtocol',
  'payloadRule',
  'name',
  'nameOrigin',
  'userAgent',
  'ja3',
  'ja4',
  'uid',
  'initiatorTtl',
  'responderTtl',
] as const satisfies readonly FactColumn[];
const DNS: ReadonlySet<string> = new Set(['dns', 'mdns', 'llmnr']);

/** Takes the payload's facts from all flows but those of DNS. */
function stripPayload({ rows, columns, terms }: FilledSegment): void {
  const protocol = columns.payloadProtocol;
  for (let row = 0; row < rows; row++) {
    if (DNS.has(terms[(protocol?.[row] ?? 0) - 1] ?? '')) continue;
    for (const name of FROM_PAYLOAD) {
      const { width } = FACT_COLUMNS[name];
      columns[name]?.fill(0, row * width, (row + 1) * width);
    }
  }
}

const PROFILE = new URL('../../shared/profiles/default.json', import.meta.url);

/**
 * Imports each file into a case of its own (a fresh copy of an empty one in `folder`, removed afterwards), labels it, and
 * reads its flows: the engine's own steps in this thread, so that tables and code are loaded once for all files.
 * @param withoutPayload takes away what payload told, but for DNS
 */
export function ownFlowSource(folder: string, withoutPayload = false): FlowSource {
  const profile = checkProfile(JSON.parse(readFileSync(PROFILE, 'utf8')));
  if (!profile.ok) throw new Error(`the default profile is wrong: ${profile.fault}`);
  const prefix = withoutPayload ? 'stripped' : 'whole';
  const empty = path.join(folder, withoutPayload ? 'empty-stripped.enclave' : 'empty.enclave');
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
    const name = path.join(folder, `${prefix}-${++serial}.enclave`);
    try {
      copyFileSync(empty, name);
      const writer = CaseWriter.open(name, 'test');
      try {
        const number = writer.beginEvidence(evidence, statSync(evidence).size);
        const decoded = await decodeEvidence(evidence, DEFAULT_TIMEOUTS, {
          segment: (segment) => {
            if (withoutPayload) stripPayload(segment);
            writer.addSegment(number, segment);
          },
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
