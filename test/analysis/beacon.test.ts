import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { analyseCase } from '../../electron/analysis/analyse.ts';
import { regularityOf } from '../../electron/analysis/beacon.ts';
import { Random } from '../../electron/analysis/statistics/random.ts';
import { CaseReader } from '../../electron/casefile/case-reader.ts';
import { countMatches } from '../../electron/casefile/flow-page.ts';
import { compileFilter } from '../../electron/casefile/flow-selection.ts';
import { parseFilter } from '../../shared/filter/parse-filter.ts';
import type { BeaconFinding } from '../../shared/finding.ts';
import { FIRST_MONDAY, type PlantedFlow, plantCase } from './planted-case.ts';

const folder = mkdtempSync(join(tmpdir(), 'enclave-beacon-'));
afterAll(() => rmSync(folder, { recursive: true }));
let cases = 0;

const HOUR = 3_600_000_000;

function beaconsOf(flows: PlantedFlow[], rows?: number): { finding: BeaconFinding; selected: number }[] {
  const path = join(folder, `${cases++}.enclave`);
  plantCase(path, [{ path: 'one.pcap', flows }], rows === undefined ? {} : { rows });
  const reader = new CaseReader(path);
  try {
    return analyseCase(reader).flatMap((finding) => {
      if (finding.kind !== 'beacon') return [];
      return [{ finding, selected: countMatches(reader, compileFilter(parseFilter(finding.where), reader)).total }];
    });
  } finally {
    reader.close();
  }
}

/** Eight days of visits at random times, of several flows each, by four hosts to five sites. */
function visits(seed: number): PlantedFlow[] {
  const random = Random.seeded(seed);
  const uniform = (): number => random.next() / 2 ** 32;
  return Array.from({ length: 1500 }, (): PlantedFlow[] => {
    const start = FIRST_MONDAY + Math.floor(uniform() * 8 * 24) * HOUR + Math.floor(uniform() * HOUR);
    const ends = {
      initiator: `175.45.176.${10 + random.below(4)}`,
      responder: `203.0.113.${1 + random.below(5)}`,
      columns: { responderPort: 443 },
    };
    return Array.from({ length: 1 + random.below(4) }, (_, i) => ({ start: start + i * 400_000, ...ends }));
  }).flat();
}

/** Calls every `period` s with a relative jitter, while `awake` (hours of the case) says so. */
function calls(
  period: number,
  jitter: number,
  awake: (hour: number) => boolean,
  more: Partial<PlantedFlow> = {},
): PlantedFlow[] {
  const random = Random.seeded(5);
  const flows: PlantedFlow[] = [];
  for (let at = 0; at < 8 * 24 * 3600; at += period * (1 + jitter * (2 * (random.next() / 2 ** 32) - 1))) {
    if (!awake(Math.floor(at / 3600))) continue;
    flows.push({
      start: FIRST_MONDAY + Math.floor(at * 1e6),
      initiator: '175.45.177.9',
      responder: '198.51.100.66',
      ...more,
      columns: { responderPort: 8443, ...more.columns },
    });
  }
  return flows;
}

describe('beacons', () => {
  it('are found with period, jitter and count, through nights without calls', () => {
    const flows = calls(300, 0.1, (hour) => hour % 24 >= 8 && hour % 24 < 20);
    const found = beaconsOf([...visits(1), ...flows], 501);
    expect(found).toHaveLength(1);
    const [only] = found;
    expect(only?.finding).toMatchObject({
      verdict: 'supported',
      host: '175.45.177.9',
      peer: '198.51.100.66',
      count: flows.length,
    });
    expect(only?.finding.period).toBeGreaterThan(290);
    expect(only?.finding.period).toBeLessThan(310);
    expect(only?.finding.interval?.[0]).toBeLessThanOrEqual(300);
    expect(only?.finding.interval?.[1]).toBeGreaterThanOrEqual(300);
    expect(only?.finding.jitter).toBeLessThan(0.08);
    expect(only?.finding.adjustedPValue).toBeLessThan(0.001);
    expect(only?.selected).toBe(flows.length);
    expect(beaconsOf([...visits(1), ...flows], 77)).toEqual(found);
  });

  it('are not seen in visits at random times', () => {
    for (let seed = 1; seed <= 6; seed++) {
      const [only, ...rest] = beaconsOf(visits(seed));
      expect(rest).toEqual([]);
      expect(only?.finding).toMatchObject({ verdict: 'not-supported', host: null, count: 0 });
    }
  });

  it('of name and time service, updates and peers are counted, not told', () => {
    const [only] = beaconsOf([...visits(1), ...calls(64, 0.02, () => true, { category: 'infra', protocol: 'ntp' })]);
    expect(only?.finding.host).toBeNull();
    expect(only?.finding.caveats.find(({ id }) => id === 'regular-by-design')?.text).toMatch(/^1 further pairs/);
  });
});

describe('the regularity of calls', () => {
  it('needs enough calls over enough time', () => {
    expect(regularityOf(Array.from({ length: 19 }, (_, i) => i * 3600))).toBeNull();
    expect(regularityOf(Array.from({ length: 100 }, (_, i) => i * 60))).toBeNull();
    expect(regularityOf(Array.from({ length: 500 }, (_, i) => i))).toBeNull();
  });

  it('is exact for exact calls, and merges flows of one visit', () => {
    const exact = Array.from({ length: 50 }, (_, i) => [i * 1800, i * 1800 + 2]).flat();
    expect(regularityOf(exact)).toMatchObject({
      calls: 50,
      period: 1800,
      interval: [1800, 1800],
      jitter: 0,
      regular: 1,
    });
  });

  it('has a p-value that is uniform or above for calls at random times', () => {
    const random = Random.seeded(11);
    const worlds = 400;
    let hits = 0;
    for (let world = 0; world < worlds; world++) {
      let at = 0;
      const seconds = Array.from({ length: 60 }, () => (at += 10 - Math.log(1 - random.next() / 2 ** 32) * 3000));
      if ((regularityOf(seconds)?.pValue ?? 1) <= 0.05) hits++;
    }
    expect(hits / worlds).toBeLessThan(0.08);
  });
});
