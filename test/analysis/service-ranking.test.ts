import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { analyseCase } from '../../electron/analysis/analyse.ts';
import { CountryServices, leadOver } from '../../electron/analysis/service-ranking.ts';
import { studentTQuantile } from '../../electron/analysis/statistics/distributions.ts';
import { Random } from '../../electron/analysis/statistics/random.ts';
import { varianceInflation } from '../../electron/analysis/statistics/variance-inflation.ts';
import { CaseReader } from '../../electron/casefile/case-reader.ts';
import { compileFilter } from '../../electron/casefile/flow-selection.ts';
import { parseFilter } from '../../shared/filter/parse-filter.ts';
import type { ServiceRankingFinding } from '../../shared/finding.ts';
import { SEGMENT_ROWS } from '../../shared/flow.ts';
import { FIRST_MONDAY, type PlantedFile, type PlantedFlow, plantCase } from './planted-case.ts';

const folder = mkdtempSync(join(tmpdir(), 'enclave-ranking-'));
afterAll(() => rmSync(folder, { recursive: true }));
let cases = 0;

const HOUR = 3_600_000_000;
const DAY = 24 * HOUR;
const DAYS = 14;

const place = (country: string): number => country.charCodeAt(0) * 256 + country.charCodeAt(1);

function plant(files: readonly PlantedFile[], rows?: number): CaseReader {
  const path = join(folder, `${cases++}.enclave`);
  plantCase(path, files, rows === undefined ? {} : { rows });
  return new CaseReader(path);
}

/** Rankings by country, and how many flows the `where` of each selects. */
function rankingsOf(reader: CaseReader): { finding: ServiceRankingFinding; selected: number }[] {
  try {
    const mask = new Uint8Array(SEGMENT_ROWS);
    return analyseCase(reader).flatMap((finding) => {
      if (finding.kind !== 'service-ranking' || finding.country === null) return [];
      const selection = compileFilter(parseFilter(finding.where), reader);
      let selected = 0;
      for (const segment of reader.segments()) {
        selection.mark(segment, mask);
        for (let row = 0; row < segment.rows; row++) selected += mask[row];
      }
      return [{ finding, selected }];
    });
  } finally {
    reader.close();
  }
}

const of = (flows: PlantedFlow[], rows?: number): { finding: ServiceRankingFinding; selected: number }[] =>
  rankingsOf(plant([{ path: 'one.pcap', flows }], rows));

function flow(day: number, country: string, service: string | null, more: Partial<PlantedFlow> = {}): PlantedFlow {
  const start = FIRST_MONDAY + day * DAY + 9 * HOUR;
  return { start, service, category: 'streaming', ...more, columns: { country: place(country) } };
}

const daily = (days: number, count: number, make: (day: number) => PlantedFlow): PlantedFlow[] =>
  Array.from({ length: days * count }, (_, i) => make(Math.floor(i / count)));

/** Youku leads in China; two services of the United States are alike; in Germany there are too few flows. */
const FLOWS = [
  ...daily(DAYS, 10, (day) => flow(day, 'CN', 'youku')),
  ...daily(DAYS, 4, (day) => flow(day, 'CN', 'iqiyi')),
  ...daily(DAYS, 6, (day) => flow(day, 'CN', null)),
  ...daily(DAYS, 8, (day) => flow(day, 'US', day % 2 === 0 ? 'youtube' : 'netflix')),
  ...daily(DAYS, 1, (day) => flow(day, 'US', 'youku', { labelEvidence: 'address' })),
  ...daily(DAYS, 1, (day) => flow(day, 'DE', 'youtube')),
  ...daily(DAYS, 9, (day) => flow(day, 'FR', null)),
  ...daily(DAYS, 9, (day) => flow(day, 'JP', 'youku', { subjectSide: 'responder' })),
];

describe('services by country', () => {
  const found = of(FLOWS);

  it('are ranked for each country with a named service, by activity with peers placed there', () => {
    expect(found.map(({ finding }) => [finding.country, finding.verdict])).toEqual([
      ['CN', 'supported'],
      ['US', 'not-supported'],
      ['DE', 'insufficient-data'],
    ]);
    const china = found[0]?.finding;
    expect(china).toMatchObject({ category: null, numerator: 140, denominator: 280, value: 0.5 });
    expect(china?.ranking.map(({ service, value, daysActive }) => [service, value, daysActive])).toEqual([
      ['youku', 0.5, 14],
      ['iqiyi', 0.2, 14],
    ]);
    expect(china?.statement).toMatch(
      /^Of the activity flows with peers placed in China \(CN\) \(opened from inside the ranges; 280\), the most used named service was youku/,
    );
  });

  it('select exactly the flows that they count', () => {
    for (const { finding, selected } of found) expect(selected).toBe(finding.numerator);
  });

  it('say where places come from, and what labels rest on', () => {
    const ids = found.map(({ finding }) => finding.caveats.map(({ id }) => id));
    for (const each of ids) expect(each).toEqual(expect.arrayContaining(['places-by-table', 'served-from-there']));
    expect(ids[1]).toContain('first-place-open');
    expect(ids[2]).toContain('too-little-data');
    const weak = of(FLOWS.map((each) => ({ ...each, labelEvidence: 'port' as const })))[0]?.finding;
    expect(weak?.caveats.map(({ id }) => id)).toContain('labels-by-address-or-port');
    expect(ids[0]).not.toContain('labels-by-address-or-port');
  });

  it('do not depend on the cut and order of segments', () => {
    const middle = Math.floor(FLOWS.length / 2);
    const halves = [
      { path: 'b.pcap', flows: FLOWS.slice(middle) },
      { path: 'a.pcap', flows: FLOWS.slice(0, middle).toReversed() },
    ];
    const cut = rankingsOf(plant(halves, 37));
    expect(cut).toEqual(found);
  });

  it('count sampled flows as many as they stand for', () => {
    const sampled = of(FLOWS.map((each) => ({ ...each, sampling: 100 })))[0]?.finding;
    expect(sampled).toMatchObject({ numerator: 14_000, denominator: 28_000, value: 0.5, scaled: true });
    // The order of recorded flows is not that of flows: no first place is told.
    expect(sampled?.verdict).toBe('insufficient-data');
    expect(sampled?.caveats.map(({ id }) => id)).toContain('sampled-flows');
  });

  it('are told of twenty countries', () => {
    const many = Array.from({ length: 25 }, (_, i) =>
      daily(DAYS, 25 - i, (day) => flow(day, `A${String.fromCharCode(65 + i)}`, 'youku')),
    ).flat();
    const told = of(many).map(({ finding }) => finding.country);
    expect(told).toHaveLength(20);
    expect(told[0]).toBe('AA');
    expect(told).not.toContain('AY');
  });

  it('are left out as a whole when there is more than can be kept', () => {
    const reader = plant([{ path: 'one.pcap', flows: FLOWS }]);
    const everything = new Uint8Array(SEGMENT_ROWS).fill(1);
    const [small, large] = [new CountryServices(10), new CountryServices()];
    for (const segment of reader.segments()) {
      small.addSegment(reader, segment, everything);
      large.addSegment(reader, segment, everything);
    }
    reader.close();
    expect([small.isTooMuch, large.isTooMuch]).toEqual([true, false]);
  });
});

describe('the lead of one series over another', () => {
  it('is the paired t of Student (1908), widened where neighbours are alike', () => {
    // Additional hours of sleep of ten patients: t = 4.0621.
    const second = Float64Array.of(1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4);
    const first = Float64Array.of(0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0);
    const residuals = second.map((value, i) => value - first[i] - 1.58);
    expect(leadOver(second, first) * Math.sqrt(varianceInflation(residuals))).toBeCloseTo(4.0621, 4);
    expect(leadOver(first, second)).toBeCloseTo(-leadOver(second, first), 9);
    expect(leadOver(Float64Array.of(3, 3, 3), Float64Array.of(1, 1, 1))).toBe(Infinity);
    expect(leadOver(first, first)).toBe(0);
  });

  it('seldom passes for certain between two that are alike, though days resemble their neighbours', () => {
    const random = Random.seeded(3);
    const noise = (): number => random.below(1000) + random.below(1000) + random.below(1000) - 1498.5;
    const days = 28;
    const needed = studentTQuantile(0.999, days - 1);
    let told = 0;
    for (let world = 0; world < 2000; world++) {
      const difference = new Float64Array(days);
      for (let day = 0; day < days; day++)
        difference[day] = noise() + 0.5 * (day === 0 ? noise() : difference[day - 1]);
      if (Math.abs(leadOver(difference, new Float64Array(days))) >= needed) told++;
    }
    expect(told / 2000).toBeLessThan(0.02);
    const apart = Float64Array.from({ length: days }, () => noise() + 1500);
    expect(leadOver(apart, new Float64Array(days))).toBeGreaterThan(needed);
  });
});
