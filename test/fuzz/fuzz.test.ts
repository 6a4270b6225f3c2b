import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { decodeEvidence } from '../../electron/engine/decode-evidence.ts';
import { DEFAULT_TIMEOUTS } from '../../electron/flows/flow-table.ts';
import type { Custody } from '../../shared/jobs.ts';
import { seededRandom } from './bend.ts';
import { exportSeeds, GIVEN_MAPPING } from './export-seeds.ts';
import { fuzz } from './fuzz.ts';
import { fuzzBatch } from './fuzz-worker.ts';
import { type ExportKind, mutantOf } from './mutate-exports.ts';

/** Bent evidence, with a fixed budget; `npm run fuzz` goes on. */

const INPUTS = { captures: 20_000, exports: 12_000 } as const;
const REGRESSIONS = fileURLToPath(new URL('./regressions/', import.meta.url));

async function decode(bytes: Uint8Array, custody: Custody = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'enclave-fuzz-test-'));
  try {
    const path = join(folder, 'evidence');
    writeFileSync(path, bytes);
    const ignore = (): undefined => undefined;
    return await decodeEvidence(path, DEFAULT_TIMEOUTS, { segment: ignore, names: ignore, progress: ignore }, custody);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

it('makes the same batch of the same number', () => {
  for (const only of [null, 'captures', 'exports'] as const) {
    expect(fuzzBatch(12_345, only)).toEqual(fuzzBatch(12_345, only));
    expect(fuzzBatch(12_345, only)).not.toEqual(fuzzBatch(12_346, only));
  }
});

it.each(['captures', 'exports'] as const)(
  'takes bent %s without crash, hang or memory above the budget',
  async (only) => {
    const { inputs, failures } = await fuzz({ only, from: 0, inputs: INPUTS[only], threads: 2 });
    expect(failures).toEqual([]);
    expect(inputs).toBeGreaterThanOrEqual(INPUTS[only]);
  },
  600_000,
);

/** Bent exports that the readers refuse at their first byte would test nothing. */
it.each(Object.keys(exportSeeds()) as ExportKind[])('bends %s so that many are still read', async (kind) => {
  const random = seededRandom(7);
  const mutants = Array.from({ length: 60 }, () => mutantOf(exportSeeds(), kind, random));
  let read = 0;
  let withRecords = 0;
  let withProblems = 0;
  for (const bytes of mutants) {
    const { format, records, problems } = await decode(bytes, kind === 'parquet' ? { mapping: GIVEN_MAPPING } : {});
    if (format !== null) read++;
    if (records > 0) withRecords++;
    if (problems.length > 0) withProblems++;
  }
  expect(read).toBeGreaterThan(20);
  expect(withRecords).toBeGreaterThan(15);
  expect(withProblems).toBeGreaterThan(15);
});

it('takes what once failed', async () => {
  for (const name of readdirSync(REGRESSIONS).filter((file) => file.endsWith('.bin'))) {
    const bytes = readFileSync(REGRESSIONS + name);
    const decoded = await decode(bytes);
    expect([name, decoded.bytes]).toEqual([name, bytes.length]);
  }
});
