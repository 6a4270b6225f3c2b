import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { brushedSelection, withoutBrush } from '../../electron/casefile/brushed-selection.ts';
import { CaseReader } from '../../electron/casefile/case-reader.ts';
import { CaseSample, estimate, estimateHosts, estimatePairs } from '../../electron/casefile/case-sample.ts';
import { compileFilter } from '../../electron/casefile/flow-selection.ts';
import { hostList } from '../../electron/casefile/host-list.ts';
import { hostPairs } from '../../electron/casefile/host-pairs.ts';
import { type Dimension, summarise, type SummaryRow } from '../../electron/casefile/summary.ts';
import { totalsOf } from '../../electron/casefile/totals.ts';
import { parseFilter } from '../../shared/filter/parse-filter.ts';
import { METRICS } from '../../shared/finding.ts';
import { inventedFlows } from '../bench/queries.ts';
import { buildCase, type SyntheticFlow } from './synthetic-case.ts';

/** What large cases are answered from: samples, and totals kept of segments. */

const folder = mkdtempSync(join(tmpdir(), 'enclave-sample-'));
const path = join(folder, 'invented.enclave');
const FLOWS = 24_000;
/** Few hosts, so that what is kept of a segment is small beside it; some flows go from one to another. */
function* fewHosts(): Generator<SyntheticFlow> {
  let i = 0;
  for (const flow of inventedFlows(FLOWS)) {
    const initiator = `175.45.176.${Number(flow.initiator.split('.')[3]) % 8}`;
    const responder = `175.45.176.${8 + ((i / 10) % 5)}`;
    yield i++ % 10 === 0 ? { ...flow, initiator, responder, direction: 'internal' } : { ...flow, initiator };
  }
}
buildCase(path, fewHosts(), { segmentRows: 3000 });
const reader = new CaseReader(path);
afterAll(() => {
  reader.close();
  rmSync(folder, { recursive: true, force: true });
});

const BY: readonly Dimension[][] = [
  ['category'],
  ['service', 'country'],
  ['weekday', 'hour'],
  ['host'],
  ['direction', 'day'],
  [],
];
const FILTER = 'category in (gaming, streaming)';

function estimated(
  sample: CaseSample,
  by: readonly Dimension[],
  metric: 'flows' | 'bytes',
  where: string,
): SummaryRow[] {
  return estimate(sample, { by, metric, selection: compileFilter(parseFilter(where), sample) });
}

function keyed(rows: readonly SummaryRow[], by: readonly Dimension[]): Map<string, number> {
  return new Map(rows.map((row) => [JSON.stringify(by.map((name) => row[name])), row.value]));
}

describe('a sample of a case', () => {
  it('of every flow tells what the case tells', () => {
    const all = new CaseSample(reader, 1);
    for (const by of BY) {
      for (const where of ['', FILTER]) {
        const selection = compileFilter(parseFilter(where), reader);
        expect(estimated(all, by, 'bytes', where)).toEqual(summarise(reader, { by, metric: 'bytes', selection }));
      }
    }
    for (const where of ['', FILTER]) {
      const selection = compileFilter(parseFilter(where), reader);
      const drawn = compileFilter(parseFilter(where), all);
      const { hosts, ...others } = hostList(reader, selection, 5);
      const unseen = hosts.map((host) => ({ ...host, firstSeen: null, lastSeen: null }));
      expect(estimateHosts(all, drawn, 5)).toEqual({ ...others, hosts: unseen });
      const pairs = hostPairs(reader, selection, 'bytes', 30);
      expect(pairs.all).toBeGreaterThan(30);
      expect(estimatePairs(all, drawn, 'bytes', 30)).toEqual(pairs);
    }
    all.close();
  });

  it('holds every flow once, over all places where it may begin', () => {
    const by: Dimension[] = ['category', 'country'];
    const sums = new Map<string, number>();
    for (let offset = 0; offset < 7; offset++) {
      const sample = new CaseSample(reader, 7, offset);
      for (const [key, value] of keyed(estimated(sample, by, 'flows', FILTER), by)) {
        sums.set(key, (sums.get(key) ?? 0) + value / 7);
      }
      sample.close();
    }
    const selection = compileFilter(parseFilter(FILTER), reader);
    expect(sums).toEqual(keyed(summarise(reader, { by, metric: 'flows', selection }), by));
  });

  it('comes nearer to the case the more flows it holds', () => {
    const exact = keyed(summarise(reader, { by: ['category'], metric: 'flows' }), ['category']);
    const errors = [97, 31, 7, 1].map((step) => {
      const sample = new CaseSample(reader, step);
      const told = keyed(estimated(sample, ['category'], 'flows', ''), ['category']);
      sample.close();
      const off = [...exact].map(([key, value]) => Math.abs((told.get(key) ?? 0) - value) / value);
      return { step, worst: Math.max(...off) };
    });
    for (const { step, worst } of errors) {
      // Four standard deviations of the least category, a tenth of the flows; none of a sample of all.
      expect(worst).toBeLessThanOrEqual(step === 1 ? 0 : 4 / Math.sqrt(FLOWS / 10 / step));
    }
  });
});

describe('totals kept of segments', () => {
  const days = ['2017-04-02', '2017-05-30'];
  const filters = ['', FILTER, 'country = CN', 'bytes > 40000 and transport = udp'];

  it('tell of a brush that moves what all flows tell, whatever was asked before', () => {
    const fresh = (): CaseReader => new CaseReader(path, 1024 * 1024);
    for (const filter of filters) {
      for (const [i, day] of days.entries()) {
        const brush = `start >= ${day}T05:00:00Z and start < 2017-06-${10 + i}`;
        const where = filter === '' ? brush : `${filter} and ${brush}`;
        expect(withoutBrush(where)).toBe(filter);
        const plain = fresh();
        const asked = { kept: brushedSelection(reader, where), plain: compileFilter(parseFilter(where), plain) };
        for (const by of BY) {
          for (const metric of METRICS) {
            expect(summarise(reader, { by, metric, selection: asked.kept })).toEqual(
              summarise(plain, { by, metric, selection: asked.plain }),
            );
          }
        }
        expect(totalsOf(reader, asked.kept)).toEqual(totalsOf(plain, asked.plain));
        expect(hostList(reader, asked.kept, 50)).toEqual(hostList(plain, asked.plain, 50));
        expect(hostPairs(reader, asked.kept, 'bytes', 50)).toEqual(hostPairs(plain, asked.plain, 'bytes', 50));
        plain.close();
      }
    }
  });
});
