import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { decodeEvidence } from '../../electron/engine/decode-evidence.ts';
import { DEFAULT_TIMEOUTS } from '../../electron/flows/flow-table.ts';
import { fuzz } from './fuzz.ts';
import { fuzzBatch } from './fuzz-worker.ts';
import { regressions } from './seeds.ts';

/** Bent evidence, with a fixed budget; `npm run fuzz` goes on. */

const INPUTS = 20_000;

it('makes the same batch of the same number', () => {
  expect(fuzzBatch(12_345)).toEqual(fuzzBatch(12_345));
  expect(fuzzBatch(12_345)).not.toEqual(fuzzBatch(12_346));
});

it(`takes ${INPUTS} bent inputs without crash, hang or memory above the budget`, async () => {
  const { inputs, failures } = await fuzz({ from: 0, inputs: INPUTS, threads: 2 });
  expect(failures).toEqual([]);
  expect(inputs).toBeGreaterThanOrEqual(INPUTS);
}, 600_000);

it('takes what once failed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'enclave-regressions-'));
  for (const { name, bytes } of regressions()) {
    const path = join(folder, name);
    writeFileSync(path, bytes);
    const ignore = (): undefined => undefined;
    const decoded = await decodeEvidence(path, DEFAULT_TIMEOUTS, { segment: ignore, names: ignore, progress: ignore });
    expect([name, decoded.bytes]).toEqual([name, bytes.length]);
  }
  rmSync(folder, { recursive: true });
});
