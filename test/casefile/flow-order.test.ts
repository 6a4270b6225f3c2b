import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { CaseReader } from '../../electron/casefile/case-reader.ts';
import { ascendingPlaces, orderedPage, topPlaces } from '../../electron/casefile/flow-order.ts';
import { countMatches } from '../../electron/casefile/flow-page.ts';
import { flowRecords } from '../../electron/casefile/flow-records.ts';
import { compileFilter } from '../../electron/casefile/flow-selection.ts';
import { isIpv4, parseAddress } from '../../shared/address.ts';
import { parseFilter } from '../../shared/filter/parse-filter.ts';
import type { FlowRecord } from '../../shared/flow.ts';
import { ORDER_FIELDS, type OrderField } from '../../shared/flow-order.ts';
import { parseInstant } from '../../shared/time.ts';
import { buildCase } from './synthetic-case.ts';
import { VARIED_ORGANISATIONS, VARIED_PROFILE, variedFlows } from './varied-flows.ts';

const folder = mkdtempSync(join(tmpdir(), 'enclave-order-'));
const path = join(folder, 'varied.enclave');
buildCase(path, variedFlows(1500), { profile: VARIED_PROFILE, organisations: VARIED_ORGANISATIONS, segmentRows: 64 });
const reader = new CaseReader(path);
afterAll(() => {
  reader.close();
  rmSync(folder, { recursive: true });
});

type Comparable = readonly (string | number)[] | null;

/** What a record has of a field, such that arrays compare element by element. */
function valueOf(record: FlowRecord, field: OrderField): Comparable {
  switch (field) {
    case 'duration':
      return [(parseInstant(record.end, 'UTC') ?? 0) - (parseInstant(record.start, 'UTC') ?? 0)];
    case 'bytes':
      return [record.bytesOut + record.bytesIn];
    case 'packets':
      return [record.packetsOut + record.packetsIn];
    case 'initiator':
    case 'responder':
    case 'host':
    case 'peer':
    case 'exporter':
    case 'nextHop': {
      const text = record[field];
      const words = text === null ? null : parseAddress(text);
      if (words === null) return null;
      const port = field === 'initiator' ? record.initiatorPort : field === 'responder' ? record.responderPort : 0;
      return [isIpv4(words[0], words[1], words[2]) ? 0 : 1, ...words, port];
    }
    default: {
      const value = record[field];
      return value === null ? null : [value];
    }
  }
}

function compare(a: Comparable, b: Comparable): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  for (const [i, value] of a.entries()) {
    const other = b[i] ?? value;
    if (value !== other) return value < other ? -1 : 1;
  }
  return 0;
}

describe('flows in order', () => {
  const selection = compileFilter(parseFilter('bytes >= 0'), reader);
  const records = [...flowRecords(reader, { selection })];

  it.each(ORDER_FIELDS)('by %s, both ways, from the top and anywhere', (by) => {
    for (const descending of [false, true]) {
      const inOrder = records.toSorted((a, b) => {
        const [x, y] = [valueOf(a, by), valueOf(b, by)];
        return compare(x, y) * (descending && x !== null && y !== null ? -1 : 1);
      });
      const ids = inOrder.map(({ id }) => id);
      // New counts: nothing is kept of the order before.
      const page = (offset: number, limit: number): string[] =>
        orderedPage(reader, selection, countMatches(reader, selection), { by, descending }, { offset, limit }).map(
          ({ id }) => id,
        );
      expect(page(0, 50)).toEqual(ids.slice(0, 50));
      expect(page(1100, 60)).toEqual(ids.slice(1100, 1160));
    }
  });

  it('differ in most fields, else this proves nothing', () => {
    const varied = ORDER_FIELDS.filter((by) => {
      const texts = new Set(records.map((record) => JSON.stringify(valueOf(record, by))));
      return texts.size > 1;
    });
    expect(varied.length).toBeGreaterThan(30);
  });

  it('gives what there is at the end, and nothing behind it', () => {
    const counts = countMatches(reader, selection);
    const order = { by: 'bytes', descending: true } as const;
    const at = (offset: number): number => orderedPage(reader, selection, counts, order, { offset, limit: 200 }).length;
    expect([at(1400), at(1500), at(9000)]).toEqual([100, 0, 0]);
  });
});

it('any numbers go in ascending order, alike ones as they stood, from the top as in whole', () => {
  const number = fc.oneof(fc.double(), fc.integer({ min: -3, max: 3 }), fc.constant(Number.NaN), fc.constant(-0));
  fc.assert(
    fc.property(fc.array(number, { maxLength: 300 }), fc.integer({ min: 1, max: 40 }), (keys, count) => {
      const expected = keys
        .map((key, place) => ({ key, place }))
        .toSorted((a, b) =>
          Number.isNaN(a.key) || Number.isNaN(b.key)
            ? Number(Number.isNaN(a.key)) - Number(Number.isNaN(b.key))
            : a.key - b.key,
        )
        .map(({ place }) => place);
      expect([...ascendingPlaces(Float64Array.from(keys))]).toEqual(expected);
      expect([...topPlaces([keys.slice(0, 100), keys.slice(100)], count)]).toEqual(expected.slice(0, count));
    }),
    { seed: 5, numRuns: 300 },
  );
});
