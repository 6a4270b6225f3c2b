import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { CaseReader } from '../../electron/casefile/case-reader.ts';
import { compileFilter } from '../../electron/casefile/flow-selection.ts';
import { minuteAmounts } from '../../electron/casefile/minute-amounts.ts';
import { summarise } from '../../electron/casefile/summary.ts';
import { parseFilter } from '../../shared/filter/parse-filter.ts';
import { parseInstant } from '../../shared/time.ts';
import { buildCase, type SyntheticFlow } from './synthetic-case.ts';
import { VARIED_PROFILE, anyFlow } from './varied-flows.ts';

/** Amounts by minutes: beside those by hours, and by hand. */

const folder = mkdtempSync(join(tmpdir(), 'enclave-minutes-'));
let made = 0;
const opened: CaseReader[] = [];
afterAll(() => {
  for (const reader of opened) reader.close();
  rmSync(folder, { recursive: true });
});

function open(flows: Iterable<SyntheticFlow>): CaseReader {
  const path = join(folder, `${made++}.enclave`);
  buildCase(path, flows, { profile: VARIED_PROFILE });
  const reader = new CaseReader(path);
  opened.push(reader);
  return reader;
}

const us = (text: string): number => parseInstant(text, 'UTC') ?? Number.NaN;
const all = (reader: CaseReader) => compileFilter(parseFilter(''), reader);
const flow = { initiator: '175.45.176.1', responder: '8.8.8.8', subjectSide: 'initiator' as const };

describe('amounts by minutes', () => {
  it('are the flows of each hour, whatever divides them', () => {
    fc.assert(
      fc.property(fc.array(anyFlow, { minLength: 1, maxLength: 60 }), (flows) => {
        const reader = open(flows);
        const from = us('2017-05-15T00:00:00Z');
        for (const by of ['category', 'host', null] as const) {
          const rows = minuteAmounts(reader, {
            by,
            metric: 'flows',
            selection: all(reader),
            from,
            minutes: 60,
            steps: 24 * 5,
          });
          const inside = `start >= 2017-05-15T00:00:00Z and start < 2017-05-20T00:00:00Z`;
          const selection = compileFilter(parseFilter(inside), reader);
          const whole = summarise(reader, { by: by === null ? [] : [by], metric: 'flows', selection });
          for (const row of whole) {
            const mine = rows.filter((each) => by === null || each[by] === row[by]);
            expect(mine.reduce((sum, each) => sum + each.value, 0)).toBe(row.value);
            expect(mine.reduce((sum, each) => sum + each.flows, 0)).toBe(row.flows);
          }
        }
      }),
      { seed: 4, numRuns: 25 },
    );
  });

  it('spread bytes evenly over the minutes of a flow, and leave out what lies outside', () => {
    const reader = open([
      { ...flow, start: us('2017-05-17T11:55:30Z'), end: us('2017-05-17T12:04:10Z'), bytesOut: 800, bytesIn: 200 },
      { ...flow, start: us('2017-05-17T12:09:59Z'), bytesOut: 7, sampling: 10 },
      // It claims to last longer than any flow does, and counts at its start.
      { ...flow, start: us('2017-05-17T12:01:00Z'), end: us('2017-09-17T12:00:00Z'), bytesOut: 50 },
    ]);
    const rows = minuteAmounts(reader, {
      by: null,
      metric: 'bytes',
      selection: all(reader),
      from: us('2017-05-17T12:00:00Z'),
      minutes: 5,
      steps: 3,
    });
    // Ten minutes are touched, five of them from noon on.
    expect(rows).toEqual([
      { step: 0, value: 500 + 50, flows: 1, scaled: true },
      { step: 1, value: 70, flows: 1, scaled: true },
    ]);
  });
});
