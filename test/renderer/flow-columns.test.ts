import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { CaseReader } from '../../electron/casefile/case-reader.ts';
import { flowRecords } from '../../electron/casefile/flow-records.ts';
import { compileFilter } from '../../electron/casefile/flow-selection.ts';
import { summarise } from '../../electron/casefile/summary.ts';
import {
  cellTest,
  cellText,
  FIRST_COLUMNS,
  FLOW_COLUMNS,
  moveColumn,
  NARROWEST,
  parseColumns,
  resizeColumn,
  toggleColumn,
  WIDEST,
} from '../../renderer/state/flow-columns.ts';
import { flowGroups, GROUP_DIMENSIONS, GroupedRows } from '../../renderer/state/flow-groups.ts';
import { recordMatcher } from '../../renderer/state/highlight.ts';
import type { SummaryRowValue } from '../../shared/bridge.ts';
import { parseFilter } from '../../shared/filter/parse-filter.ts';
import { buildCase } from '../casefile/synthetic-case.ts';
import { VARIED_ORGANISATIONS, VARIED_PROFILE, variedFlows } from '../casefile/varied-flows.ts';

const folder = mkdtempSync(join(tmpdir(), 'enclave-columns-'));
const path = join(folder, 'varied.enclave');
buildCase(path, variedFlows(500), { profile: VARIED_PROFILE, organisations: VARIED_ORGANISATIONS, segmentRows: 64 });
const reader = new CaseReader(path);
afterAll(() => {
  reader.close();
  rmSync(folder, { recursive: true });
});

const records = [...flowRecords(reader)];

function matching(where: string): Set<string> {
  const selection = compileFilter(parseFilter(where), reader);
  return new Set([...flowRecords(reader, { selection })].map(({ id }) => id));
}

describe('columns of flows', () => {
  it.each(FLOW_COLUMNS.map((column) => [column.field, column] as const))(
    'a cell of %s filters to flows that read the same',
    (_field, column) => {
      const byValue = [...Map.groupBy(records, (flow) => column.value(flow)).values()].slice(0, 40);
      const tests = byValue.flatMap((flows) => {
        const [first] = flows;
        const test = first === undefined ? null : cellTest(column, first);
        return first === undefined || test === null ? [] : [{ test, first, ids: new Set(flows.map(({ id }) => id)) }];
      });
      expect(tests.length).toBeGreaterThan(0);
      for (const { test, first, ids } of tests) {
        expect({ test, ids: matching(test) }).toEqual({ test, ids });
        // What is highlighted by a cell is what the filter would leave, where a record alone can tell.
        const matcher = recordMatcher(test);
        const marked = matcher === null ? ids : new Set(records.filter(matcher).map(({ id }) => id));
        expect({ test, ids: marked }).toEqual({ test, ids });
        expect(cellText(column, first, 'Asia/Pyongyang')).not.toBe('');
      }
    },
  );

  it('are moved, widened and hidden, and never all gone', () => {
    const fields = FIRST_COLUMNS.map(({ field }) => field);
    const moved = moveColumn(FIRST_COLUMNS, 'service', 0);
    expect(moved.map(({ field }) => field)).toEqual(['service', ...fields.filter((field) => field !== 'service')]);
    expect(moveColumn(moved, 'service', 99).at(-1)?.field).toBe('service');
    expect(resizeColumn(FIRST_COLUMNS, 'start', 1)[0]?.width).toBe(NARROWEST);
    expect(resizeColumn(FIRST_COLUMNS, 'start', 9999)[0]?.width).toBe(WIDEST);
    expect(resizeColumn(FIRST_COLUMNS, 'start', Number.NaN)[0]).toEqual(FIRST_COLUMNS[0]);
    let left = FIRST_COLUMNS;
    for (const field of fields) left = toggleColumn(left, field);
    expect(left).toHaveLength(1);
    expect(toggleColumn(left, 'ja4').map(({ field }) => field)).toContain('ja4');
  });

  it('are read as they were kept, and whatever else is kept does no harm', () => {
    const kept = resizeColumn(moveColumn(toggleColumn(FIRST_COLUMNS, 'ja3'), 'ja3', 0), 'ja3', 333);
    expect(parseColumns(JSON.stringify(kept))).toEqual(kept);
    expect(parseColumns('[{"field":"start","width":null},{"field":"start"},{"field":"no"},7,null]')).toEqual([
      FIRST_COLUMNS[0],
    ]);
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), fc.constant(null)), (text) => {
        expect(parseColumns(text).length).toBeGreaterThan(0);
      }),
      { seed: 2, numRuns: 200 },
    );
  });
});

describe('groups of flows', () => {
  const rowsBy = (dimension: (typeof GROUP_DIMENSIONS)[number], metric: 'flows' | 'bytes' | 'packets') =>
    summarise(reader, { by: [dimension], metric }) as SummaryRowValue[];

  it.each(GROUP_DIMENSIONS)('by %s hold each flow once, and their tests select them', (dimension) => {
    const rows = {
      flows: rowsBy(dimension, 'flows'),
      bytes: rowsBy(dimension, 'bytes'),
      packets: rowsBy(dimension, 'packets'),
    };
    const groups = flowGroups(dimension, rows, null);
    const met = new Set<string>();
    for (const group of groups) {
      const flows = matching(group.test);
      expect({ test: group.test, flows: flows.size }).toEqual({ test: group.test, flows: group.flows });
      for (const id of flows) met.add(id);
      const ofGroup = records.filter(({ id }) => flows.has(id));
      const bytes = ofGroup.reduce((sum, flow) => sum + (flow.bytesOut + flow.bytesIn) * flow.sampling, 0);
      // Sums of numbers this large are exact to a few units in the last place.
      expect(group.bytes / Math.max(1, bytes)).toBeCloseTo(bytes === 0 ? 0 : 1, 9);
    }
    expect(met.size).toBe(records.length);
    const counts = groups.map(({ flows }) => flows);
    expect(counts).toEqual(counts.toSorted((a, b) => b - a));
    const byBytes = flowGroups(dimension, rows, { by: 'bytes', descending: false }).map(({ bytes }) => bytes);
    expect(byBytes).toEqual(byBytes.toSorted((a, b) => a - b));
    const names = flowGroups(dimension, rows, { by: dimension, descending: false }).map(({ key }) => key);
    expect(names.slice(0, -1)).not.toContain(null);
  });

  it('and their rows are found wherever they stand', () => {
    const group = fc.record({ flows: fc.integer({ min: 0, max: 6 }), isOpen: fc.boolean() });
    fc.assert(
      fc.property(fc.array(group, { maxLength: 30 }), (shapes) => {
        const groups = shapes.map(({ flows }, i) => ({
          key: String(i),
          flows,
          bytes: 0,
          packets: 0,
          scaled: false,
          test: '',
        }));
        const rows = new GroupedRows(groups, ({ key }) => shapes[Number(key)]?.isOpen === true);
        const expected = shapes.flatMap(({ flows, isOpen }, at) => [
          { group: at, flow: null },
          ...Array.from({ length: isOpen ? flows : 0 }, (_, flow) => ({ group: at, flow })),
        ]);
        expect(rows.total).toBe(expected.length);
        expect(expected.map((_, row) => rows.at(row))).toEqual(expected);
      }),
      { seed: 4, numRuns: 200 },
    );
  });
});
