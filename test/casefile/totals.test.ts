import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { CaseReader } from '../../electron/casefile/case-reader.ts';
import { compileFilter } from '../../electron/casefile/flow-selection.ts';
import { KeptSelection } from '../../electron/casefile/selected-rows.ts';
import { type Dimension, summarise } from '../../electron/casefile/summary.ts';
import { totalsOf } from '../../electron/casefile/totals.ts';
import { parseFilter } from '../../shared/filter/parse-filter.ts';
import type { Metric } from '../../shared/finding.ts';
import { buildCase } from './synthetic-case.ts';
import { VARIED_PROFILE, variedFlows } from './varied-flows.ts';

const folder = mkdtempSync(join(tmpdir(), 'enclave-totals-'));
const path = join(folder, 'varied.enclave');
// Counts so small that their sums are exact.
const flows = variedFlows(400).map((flow) => ({ ...flow, packetsOut: 3, bytesOut: 400, packetsIn: 2, bytesIn: 150 }));
buildCase(path, flows, { profile: VARIED_PROFILE, segmentRows: 64 });
const reader = new CaseReader(path);
afterAll(() => {
  reader.close();
  rmSync(folder, { recursive: true });
});

it.each(['', 'transport = tcp', 'country = CN', 'bytes < 0'])('are what the summaries add up to: %s', (where) => {
  const selection = compileFilter(parseFilter(where), reader);
  const rows = (by: Dimension, metric: Metric) => summarise(reader, { by: [by], metric, selection });
  const sum = (by: Dimension, metric: Metric): number => rows(by, metric).reduce((total, row) => total + row.value, 0);
  const totals = totalsOf(reader, new KeptSelection(selection));
  const inside = rows('host', 'flows').filter((row) => row.host !== null);
  const outbound = rows('direction', 'flows').find((row) => row.direction === 'outbound');
  expect(totals).toEqual({
    flows: rows('direction', 'flows').reduce((total, row) => total + row.flows, 0),
    outbound: outbound?.flows ?? 0,
    bytes: sum('direction', 'bytes'),
    packets: sum('direction', 'packets'),
    hostHours: sum('day', 'host-hours'),
    hosts: inside.length,
    days: rows('day', 'flows').length,
  });
  expect(totals.flows > 0).toBe(where !== 'bytes < 0');
});
