import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { CaseReader } from '../../electron/casefile/case-reader.ts';
import { countMatches, flowPage } from '../../electron/casefile/flow-page.ts';
import { flowRecords } from '../../electron/casefile/flow-records.ts';
import { compileFilter } from '../../electron/casefile/flow-selection.ts';
import { KeptSelection } from '../../electron/casefile/selected-rows.ts';
import { parseFilter } from '../../shared/filter/parse-filter.ts';
import { buildCase } from './synthetic-case.ts';
import { VARIED_ORGANISATIONS, VARIED_PROFILE, variedFlows } from './varied-flows.ts';

const folder = mkdtempSync(join(tmpdir(), 'enclave-page-'));
const path = join(folder, 'varied.enclave');
buildCase(path, variedFlows(400), {
  profile: VARIED_PROFILE,
  organisations: VARIED_ORGANISATIONS,
  segmentRows: 32,
});
const reader = new CaseReader(path);
afterAll(() => {
  reader.close();
  rmSync(folder, { recursive: true });
});

const FILTERS = ['', 'transport = tcp', 'transport = udp', 'responderPort = 443', 'bytes < 0'];

describe('flowPage', () => {
  it('is the slice of all matching flows, wherever the page lies', () => {
    const all = FILTERS.flatMap((where) => {
      const compiled = compileFilter(parseFilter(where), reader);
      return [compiled, new KeptSelection(compiled)].map((selection) => ({
        where,
        selection,
        flows: [...flowRecords(reader, { selection })],
        counts: countMatches(reader, selection),
      }));
    });
    expect(all.filter(({ flows }) => flows.length === 0).map(({ where }) => where)).toEqual(['bytes < 0', 'bytes < 0']);
    for (const { flows, counts } of all) expect(counts.total).toBe(flows.length);
    fc.assert(
      fc.property(
        fc.constantFrom(...all),
        fc.integer({ min: 0, max: 420 }),
        fc.integer({ min: 1, max: 100 }),
        ({ selection, counts, flows }, offset, limit) => {
          expect(flowPage(reader, selection, counts, { offset, limit })).toEqual(flows.slice(offset, offset + limit));
        },
      ),
      { seed: 3, numRuns: 200 },
    );
  });
});
