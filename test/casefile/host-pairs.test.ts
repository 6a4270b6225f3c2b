import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { CaseReader } from '../../electron/casefile/case-reader.ts';
import { flowRecords } from '../../electron/casefile/flow-records.ts';
import { compileFilter } from '../../electron/casefile/flow-selection.ts';
import { hostPairs } from '../../electron/casefile/host-pairs.ts';
import { parseFilter } from '../../shared/filter/parse-filter.ts';
import { buildCase } from './synthetic-case.ts';
import { VARIED_ORGANISATIONS, VARIED_PROFILE, variedFlows } from './varied-flows.ts';

const folder = mkdtempSync(join(tmpdir(), 'enclave-pairs-'));
const path = join(folder, 'varied.enclave');
buildCase(path, variedFlows(900), { profile: VARIED_PROFILE, organisations: VARIED_ORGANISATIONS, segmentRows: 64 });
const reader = new CaseReader(path);
afterAll(() => {
  reader.close();
  rmSync(folder, { recursive: true });
});

it.each(['flows', 'bytes', 'packets'] as const)('pairs of hosts add up as their flows do, in %s', (metric) => {
  for (const where of ['', 'transport = udp']) {
    const selection = compileFilter(parseFilter(where), reader);
    const expected = new Map<string, { value: number; flows: number }>();
    for (const flow of flowRecords(reader, { selection })) {
      if (flow.direction !== 'internal') continue;
      const key = `${flow.initiator} ${flow.responder}`;
      const sum = expected.get(key) ?? { value: 0, flows: 0 };
      const amount =
        metric === 'flows' ? 1 : metric === 'bytes' ? flow.bytesOut + flow.bytesIn : flow.packetsOut + flow.packetsIn;
      expected.set(key, { value: sum.value + amount * flow.sampling, flows: sum.flows + 1 });
    }
    expect(expected.size).toBeGreaterThan(10);
    const told = hostPairs(reader, selection, metric, 1000);
    const pairs = told.pairs.map(({ initiator, responder, ...sum }) => [`${initiator} ${responder}`, sum] as const);
    expect(new Map(pairs)).toEqual(expected);
    expect(told).toMatchObject({ all: expected.size, scaled: true });
    const values = told.pairs.map(({ value }) => value);
    expect(values).toEqual(values.toSorted((a, b) => b - a));
    expect(hostPairs(reader, selection, metric, 3)).toMatchObject({
      pairs: told.pairs.slice(0, 3),
      all: expected.size,
    });
  }
});
